"""Where compiled kernels are kept between processes. When that fails they are compiled anew, with a warning.

Numba keeps an index file (.nbi) of each driver and a data file (.nbc) for each of its signatures: beside the
source, else in the user's cache folder. Here a temporary folder of the user's own comes last. Each file ends
with a digest, so that a damaged one is told from a good one, and each entry says what it is: of two processes
that fill the index at the same time one may name a file that the other one writes.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import stat
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any

from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    InTreeCacheLocator,
    NullCache,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)
from numba.core.runtime import rtsys

DIGEST = hashlib.sha256().digest_size
"""Bytes of the digest at the end of a file."""
REMEDY = "Set NUMBA_CACHE_DIR to a folder that can be written, with some free space, to compile only once."


COMPILED: list[str] = []
"""Drivers that this process compiles, once for each signature: what its cache did not have."""
FOLDERS: list[str] = []
"""Where the drivers of this process are kept."""


def announce(driver: str) -> None:
    """Say, before the first of them, what the user is about to wait for: on stderr, unless logging is set up."""
    if not COMPILED:
        logging.getLogger("raytrace_rte").warning(
            "raytrace-rte: compiling kernels, once: some 10 to 20 s (`raytrace-rte warmup` does it beforehand)"
        )
    COMPILED.append(driver)


@cache
def say(what: str) -> None:
    """Warn of a failure of the cache, once."""
    warnings.warn(f"{what}. {REMEDY}", RuntimeWarning, stacklevel=2)


class TemporaryCacheLocator(UserWideCacheLocator):
    """In the system's folder for temporary files, where only its owner can write."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        super().__init__(function, file)
        user = os.getuid() if hasattr(os, "getuid") else "user"
        self._folder = Path(tempfile.gettempdir()) / f"raytrace-rte-{user}"
        self._cache_path = str(self._folder / self.get_suitable_cache_subpath(file))

    def ensure_cache_path(self) -> None:
        """Make the folder; an OSError if it cannot be made or others could put their machine code into it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        found = self._folder.lstat()
        if hasattr(os, "getuid") and not (
            stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
        ):
            raise PermissionError(f"{self._folder} belongs to someone else, or others can write to it")
        super().ensure_cache_path()
        say(f"Neither the package nor HOME can be written: compiled kernels are kept in {self._folder}")


class _Implementation(CompileResultCacheImpl):
    _locator_classes = (
        UserProvidedCacheLocator,
        InTreeCacheLocator,
        UserWideCacheLocator,
        TemporaryCacheLocator,
    )

    def get_filename_base(self, fullname: str, abiflags: str) -> str:
        """Return how the names of both files start: not as those that Numba writes, which have no digest."""
        return f"checked-{super().get_filename_base(fullname, abiflags)}"


class _CheckedFiles(IndexDataCacheFile):
    """Index and data of a driver, each file with its digest, each entry with its stamp and key."""

    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[IO[bytes]]:
        with super()._open_for_write(filepath) as file:
            content = io.BytesIO()
            yield content
            file.write(content.getvalue() + hashlib.sha256(content.getvalue()).digest())

    def _load_index(self) -> dict[Any, str]:
        return super()._load_index() if _sound(self._index_path) else {}

    def save(self, key: Any, data: Any) -> None:
        super().save(key, (self._source_stamp, key, data))

    def load(self, key: Any) -> Any:
        name = self._load_index().get(key)
        if name is None or not _sound(self._data_path(name)):
            return None
        stamp, of, data = self._load_data(name)
        return data if (stamp, of) == (self._source_stamp, key) else None


def _sound(path: str) -> bool:
    """Whether a file is there and as it was written."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        return False
    if hashlib.sha256(content[:-DIGEST]).digest() == content[-DIGEST:]:
        return True
    say(f"Files of compiled kernels in {Path(path).parent} are damaged, so these are compiled anew")
    return False


class KernelCache(FunctionCache):
    """The cache of one driver; no failure of it ends a run."""

    _impl_class = _Implementation

    def __init__(self, function: Callable[..., Any], stamp: str) -> None:
        super().__init__(function)
        both = stamp, self._impl.locator.get_source_stamp()
        self._cache_file = _CheckedFiles(self._cache_path, self._impl.filename_base, both)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what is kept of a signature, or None: it will be compiled."""
        kept = None
        try:
            # Numba would first load all that it compiles with, SciPy among it: a quarter of a second.
            rtsys.initialize(target_context)
            with self._guard_against_spurious_io_errors():
                kept = self._load_overload(sig, target_context)
        except Exception as error:  # whatever it is, compiling helps
            say(f"Compiled kernels cannot be read ({error!r}) in {self._cache_path}")
        if kept is None:
            announce(self._py_func.__name__)
        return kept

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a signature, if that can be done."""
        try:
            super().save_overload(sig, data)
        except Exception as error:  # the kernel is compiled: the run can go on
            say(f"Compiled kernels cannot be kept ({error!r}) in {self._cache_path}")


class NoCache(NullCache):
    """The cache of a driver where no folder can be written."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._py_func = function

    def load_overload(self, sig: Any, target_context: Any) -> None:
        """Return None: it will be compiled."""
        announce(self._py_func.__name__)


def keep(dispatcher: Any, stamp: str) -> Any:
    """Let a driver's machine code be kept between processes, and return the driver.

    stamp: of the files that it depends on besides its own; machine code with another stamp is not used.
    """
    try:
        dispatcher._cache = KernelCache(dispatcher.py_func, stamp)
        FOLDERS.append(dispatcher._cache.cache_path)
    except RuntimeError:  # Numba has found no folder
        say("No folder can be written, so kernels are compiled anew in every process")
        dispatcher._cache = NoCache(dispatcher.py_func)
    return dispatcher
