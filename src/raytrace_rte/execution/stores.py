"""What is kept of unfinished work, so that it can go on where it stopped, to the same bits.

One file holds the state of a task. It is written to a temporary name, synced and renamed, so that a kill at any
moment leaves a whole file, and as often as costs a twentieth of the time at most.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from .. import checks
from ..errors import InputError
from .task import Arrays

SHARE = 20.0
"""The work goes on for so many times as long as writing the state took, before it is written again."""
LEAST = 1.0
"""[s] between two writes, at least."""


class Store:
    """The state of one job in a folder of its own.

    folder: made when there is something to keep; key: tells jobs apart (None: set by `solve`); resume: go on with
    what is there. Without resume, what is there is dropped when the job begins.
    Raises InputError when resuming a job that is not this one, or when files cannot be read or written.
    """

    def __init__(self, folder: str | Path, key: str | None = None, resume: bool = True) -> None:
        self.folder = checks.path("Store: folder", folder)
        self.key = key if key is None else checks.text("Store: key", key)
        self.resume = checks.instance("Store: resume", resume, bool, "True or False")
        self._again = time.monotonic() + LEAST

    def of(self, job: str) -> Store:
        """Return the store of one job in this folder; job: its fingerprint, beside the key."""
        return Store(self.folder, job if self.key is None else f"{self.key} {job}", self.resume)

    def part(self, number: int) -> Store:
        """Return the store of one of several jobs, in a folder below this one."""
        return Store(self.folder / f"{number:05d}", self.key, self.resume)

    def load(self) -> Arrays | None:
        """Return the kept state of this job, None when there is none."""
        if not self.resume:
            self.clear()
            return None
        try:
            stamp = (self.folder / "job").read_text(encoding="utf-8")
            if stamp != self.key:
                raise InputError(
                    f"the work kept in {self.folder} belongs to another job (config, field or version differ); "
                    "run without --resume to start anew, or give this job another folder"
                )
            with open(self.folder / "state.npz", "rb") as file, np.load(file) as arrays:
                return dict(arrays)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError, BadZipFile) as error:
            raise InputError(f"{self.folder}: cannot be read: {error}; run without --resume") from None

    def offer(self, state: Callable[[], Arrays]) -> None:
        """Keep a state if the last one is old enough."""
        if time.monotonic() >= self._again:
            self.save(state())

    def save(self, state: Arrays) -> None:
        """Keep a state now."""
        started = time.monotonic()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._replace("job", lambda path: path.write_text(str(self.key), encoding="utf-8"))
            self._replace("state.npz", lambda path: _write(path, state))
        except OSError as error:
            raise InputError(
                f"{self.folder}: cannot be written: {error.strerror or error}; nothing was kept"
            ) from error
        ended = time.monotonic()
        self._again = ended + max(LEAST, SHARE * (ended - started))

    def clear(self) -> None:
        """Drop everything: the job is done, or starts anew."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _replace(self, name: str, write: Callable[[Path], object]) -> None:
        temporary = self.folder / f".{name}.{os.getpid()}.tmp"
        try:
            write(temporary)
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(temporary, self.folder / name)
        finally:
            temporary.unlink(missing_ok=True)


def _write(path: Path, state: Arrays) -> None:
    with open(path, "wb") as file:
        np.savez(file, **dict(state))  # type: ignore[arg-type]
