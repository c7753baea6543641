"""How kernels are compiled: flags, cache, and freshness of all kernel files together.

Numba's cache sees a change of the file that holds a function, not of the functions it calls in other files:
it would run stale machine code. Here every cache entry is stamped with one hash over all kernel files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
from numba import config
from numba.core.caching import InTreeCacheLocator, UserProvidedCacheLocator, UserWideCacheLocator


def stamp() -> str:
    """Return the hash of what compiled code depends on: all kernel files, grid.py, checking flags."""
    here = Path(__file__).parent
    digest = hashlib.sha256(f"boundscheck={config.BOUNDSCHECK}".encode())
    for file in (*sorted(here.glob("*.py")), here.parent / "grid.py"):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


STAMP = stamp()


class _Stamped:
    def get_source_stamp(self) -> str:
        return STAMP


class ProvidedCache(_Stamped, UserProvidedCacheLocator):
    """In NUMBA_CACHE_DIR."""


class InTreeCache(_Stamped, InTreeCacheLocator):
    """Beside the source, where that can be written."""


class UserCache(_Stamped, UserWideCacheLocator):
    """In the user's cache folder, for read-only installations."""


@contextmanager
def _our_cache() -> Iterator[None]:
    before = config.CACHE_LOCATOR_CLASSES
    locators = (ProvidedCache, InTreeCache, UserCache)
    config.CACHE_LOCATOR_CLASSES = ",".join(f"{c.__module__}.{c.__name__}" for c in locators)
    try:
        yield
    finally:
        config.CACHE_LOCATOR_CLASSES = before


_INNER = {
    "error_model": "numpy",
    "nogil": True,
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a scalar body, to be called from kernels; cached with the driver that calls it.

    error_model "numpy": x / 0 is inf, as geometry wants. Never fastmath, which asserts that no inf exists.
    Without reference counting, so kernels allocate nothing and get their work arrays from the driver:
    counting the arrays of a NamedTuple argument, atomically, made a crossing cost 93 ns instead of 28.
    Without wrappers for Python, which does not call kernels: they took a fifth of the compiler's time.
    """
    return numba.njit(**_INNER)(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel into each of its callers: for small ones, where a call costs more than the work."""
    return numba.njit(**_INNER, forceinline=True)(function)


def driver(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile an entry point that Python threads call side by side; its machine code is cached."""
    with _our_cache():
        return numba.njit(error_model="numpy", nogil=True, cache=True)(function)
