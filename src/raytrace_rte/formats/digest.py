"""The hash of what a field was read from."""

from __future__ import annotations

import _thread
import hashlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path

from ..errors import InputError

PIECE = 1 << 20
"""Bytes that are hashed in one go."""
SETTLED = 2_000_000_000
"""[ns] since its last change after which a file that changes again has another time of change, on any file system."""
State = tuple[str, int, int]
"""Path, size and time of change [ns] of a file."""
_last: list[tuple[list[State], str]] = []


class Digest:
    """The SHA-256 of the bytes of files, one after the other, taken on a thread; calling it waits for that.

    The first file is open from now on, so that it may be replaced or removed while its hash is still to come.
    """

    def __init__(self, paths: Sequence[Path], states: list[State]) -> None:
        self.paths, self.states = paths, states
        self._waiting = [open(paths[0], "rb", buffering=0)]  # noqa: SIM115  who hashes it closes it
        self._process, self._found, self._ended = os.getpid(), Future[str](), threading.Event()
        self.end = weakref.finalize(self, _end, self._ended, self._waiting)
        """Makes the thread end, as letting go of the digest does."""

    def start(self) -> None:
        """Begin, unless it was begun."""
        if self._waiting:
            first = self._waiting.pop()
            # Not by threading, whose threads hold up the end of the interpreter, or their own start.
            _thread.start_new_thread(_work, (self.paths, self.states, first, self._ended, self._found))

    def __call__(self) -> str:
        """Return the hash; raise InputError when a file changed meanwhile, or cannot be read."""
        if os.getpid() != self._process:  # forked, and threads stay behind
            return _sha256(self.paths, self.states, None, threading.Event())
        self.start()
        return self._found.result()


@contextmanager
def hashing(*paths: Path) -> Iterator[Callable[[], str]]:
    """Yield what gives the SHA-256 of the bytes of files that the block reads.

    Several are hashed on a thread meanwhile; a single one from the end of the block on, so that the block has the
    processor to itself; who asks for the hash later often finds it done. A block that fails ends the hashing. Files
    that were hashed last and have not changed since are not read again: moments of one file are read in turn.
    Raises InputError when a file is changed while the block reads it.
    """
    try:
        states = [_state(path, path.stat()) for path in paths]
    except OSError:  # whoever opens it says so
        yield str
        return
    known = [digest for of, digest in _last if of == states]
    digest = None if known else Digest(paths, states)
    try:
        if digest is not None and len(paths) > 1:
            digest.start()
        yield (lambda: known[0]) if digest is None else digest
        for path, state in zip(paths, states, strict=True):
            _unchanged(path, path.stat() if path.exists() else None, state)
    except BaseException:
        if digest is not None:
            digest.end()
        raise
    if digest is not None:
        digest.start()


def lasting(digest: Callable[[], str]) -> Callable[[], str] | str:
    """Return what gives the hash later; of several files, which may be gone by then, the hash itself."""
    return digest if isinstance(digest, Digest) and len(digest.paths) == 1 else digest()


def forget() -> None:
    """Forget the hash of the last files, so that they are read again."""
    _last.clear()


def _end(ended: threading.Event, waiting: list[FileIO]) -> None:
    ended.set()
    for file in waiting:
        file.close()


def _work(
    paths: Sequence[Path], states: list[State], first: FileIO, ended: threading.Event, found: Future[str]
) -> None:
    try:
        found.set_result(_sha256(paths, states, first, ended))
    except BaseException as error:  # whoever asks for it meets it
        found.set_exception(error)


def _sha256(paths: Sequence[Path], states: list[State], first: FileIO | None, ended: threading.Event) -> str:
    """Return the hash of files in the state that they had; of anything, once `ended` is set."""
    found, piece = hashlib.sha256(), memoryview(bytearray(PIECE))
    with ExitStack() as stack:
        opened = None if first is None else stack.enter_context(first)
        for path, state in zip(paths, states, strict=True):
            try:
                with opened or open(path, "rb", buffering=0) as file:
                    while not ended.is_set() and (n := file.readinto(piece)):
                        found.update(piece[:n])
                    if not ended.is_set():
                        _unchanged(path, os.fstat(file.fileno()), state)
            except OSError as error:
                raise InputError(f"{path}: cannot be read for its hash: {error.strerror or error}") from None
            opened = None
    if not ended.is_set() and all(time.time_ns() - changed > SETTLED for *_, changed in states):
        _last[:] = [(states, found.hexdigest())]
    return found.hexdigest()


def _state(path: Path, found: os.stat_result) -> State:
    return str(path), found.st_size, found.st_mtime_ns


def _unchanged(path: Path, found: os.stat_result | None, state: State) -> None:
    """Raise InputError when a file, which may be gone, is no longer in the state that it had."""
    if found is None or _state(path, found) != state:
        raise InputError(
            f"{path}: was changed while it was read; read it again when the program that writes it is done"
        )
