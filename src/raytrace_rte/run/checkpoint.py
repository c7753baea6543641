"""Finished rays kept on disk, so that an interrupted job goes on where it stopped, to the same bits.

One .npz per batch, written to a temporary name, synced and renamed: a kill at any moment leaves whole files.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..formats.atomic import replacing

if TYPE_CHECKING:
    from ..kernels.trace import Answers

FOLDER = ".partial"


def job_key(settings: Mapping[str, Any], order: NDArray[np.int64] | None) -> str:
    """Return the hash of everything the answer's bits depend on, and of where kept rays belong.

    settings: the whole job; order: in which its rays are visited (None: as they are counted). Compiled code
    counts as well.
    """
    from ..kernels.jit import STAMP

    text = json.dumps(settings, sort_keys=True, default=str)
    digest = hashlib.sha256((text + STAMP).encode())
    digest.update(b"" if order is None else order.data)
    return digest.hexdigest()


class Checkpoint:
    """The kept rays of one job in a folder (a `solver.Store`).

    resume: go on with what is there; otherwise it is dropped.
    Raises InputError when resuming a job that is not this one, or when files cannot be read or written.
    """

    def __init__(self, output: Path, key: str, resume: bool) -> None:
        self.folder = output / FOLDER
        self.rays = 0
        stamp = self.folder / "job"
        if not resume:
            shutil.rmtree(self.folder, ignore_errors=True)
        elif stamp.exists() and stamp.read_text(encoding="utf-8") != key:
            raise InputError(
                f"--resume: the rays kept in {self.folder} belong to another job (config, field or version "
                "differ); run without --resume to start anew, or give this job another output directory"
            )
        if not stamp.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(stamp) as temporary:
                temporary.write_text(key, encoding="utf-8")

    def load(self) -> Iterator[tuple[int, int, Answers]]:
        """Yield (start, stop, answers) of each kept batch."""
        from ..kernels.trace import Answers

        for path in sorted(self.folder.glob("*.npz")):
            start, stop = (int(n) for n in path.stem.split("-"))
            with np.load(path) as arrays:
                kept = Answers(**{name: arrays[name] for name in Answers._fields})
            self.rays += stop - start
            yield start, stop, kept

    def save(self, start: int, stop: int, answers: Answers) -> None:
        """Keep the answers of rays start to stop - 1, in visiting order."""
        path = self.folder / f"{start:012d}-{stop:012d}.npz"
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, **answers._asdict())
        self.rays += stop - start

    def clear(self) -> None:
        """Drop everything: the job is done."""
        shutil.rmtree(self.folder, ignore_errors=True)
