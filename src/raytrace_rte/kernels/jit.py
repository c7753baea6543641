"""How kernels are compiled: flags, and freshness of all kernel files together.

Numba's cache sees a change of the file that holds a function, not of the functions it calls in other files:
it would run stale machine code. Here every cache entry is stamped with one hash over all kernel files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import config

from .cache import keep


def stamp() -> str:
    """Return the hash of what compiled code depends on: kernel files, grid.py, whether indices are checked.

    The width of vectors follows from the processor, which Numba's own keys name.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256(f"boundscheck={config.BOUNDSCHECK}".encode())
    for file in (*sorted(here.glob("*.py")), here.parent / "grid.py"):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


STAMP = stamp()

INNER = {
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
    return numba.njit(**INNER)(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel into each of its callers: for small ones, where a call costs more than the work."""
    return numba.njit(**INNER, forceinline=True)(function)


def merged(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel as a part of its only caller: a kernel of its own would be optimised once more."""
    return numba.njit(**INNER, inline="always")(function)


def driver(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile an entry point that Python threads call side by side; its machine code is cached."""
    if config.DISABLE_JIT:  # NumPy stands in, and is as quiet about x / 0 as compiled kernels are
        return np.errstate(divide="ignore", invalid="ignore", over="ignore")(function)
    return keep(numba.njit(error_model="numpy", nogil=True)(function), STAMP)
