"""Compile all kernels beforehand, by tiny jobs, two processes at a time.

The processes share two pipes: from one each takes the number of the next job, a byte, when it is free; into the
other it writes a line when a job is done. Numba keeps what they compile in its cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from . import checks
from .boundaries.bodies import Object
from .boundaries.solids import solids
from .boundaries.walls import black
from .execution.executors import Progress, Serial, thread_count
from .grid import Cartesian
from .media.absorption.planck_mean import planck_mean
from .media.field import Field
from .media.medium import Medium
from .method import Auto, March, Method, Thick, Thin, Threshold
from .sensors.images import camera, line_of_sight
from .sensors.volumes import heat_source
from .solving import solve

PROCESSES = 2
"""At most: the longest job takes as long as half of all jobs do, so more would not end sooner."""
CELLS = 9
"""Cells along each axis: more than one brick."""
START = "from raytrace_rte.warming import work; work()"


class Warmed(NamedTuple):
    """What `warmup` did: kernels that were compiled, seconds, and the folder where they are kept (or None)."""

    compiled: int
    seconds: float
    folder: str | None


def warmup(progress: Progress | None = None) -> Warmed:
    """Compile all kernels that this package has, for float32 and float64 fields, as far as they are not kept.

    It takes half a minute once, and some seconds when there is nothing to do. progress: called with (jobs done, all
    jobs). Raises InputError when progress cannot be called, RuntimeError when a process ends early.
    """
    if progress is not None and not callable(progress):
        raise checks.wrong("progress", progress, "a function of (done, total)")
    start, compiled, folder, total = time.perf_counter(), 0, "", len(JOBS)
    with _workers(min(PROCESSES, thread_count(None))) as lines:
        for done, line in enumerate(lines, 1):
            count, folder = line.rstrip("\n").split(" ", 1)
            compiled += int(count)
            if progress is not None:
                progress(done, total)
    return Warmed(compiled, time.perf_counter() - start, folder or None)


@contextmanager
def _workers(count: int) -> Iterator[Iterator[str]]:
    """Start so many processes, and yield the lines that they write; RuntimeError if one of them failed."""
    jobs, give = os.pipe()
    answers, answer = os.pipe()
    os.write(give, bytes(range(len(JOBS))))
    os.close(give)
    path = os.pathsep.join(p for p in sys.path if p)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", START], stdin=jobs, stdout=answer, env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for this process, which ends the others
        )
        for _ in range(count)
    ]  # fmt: skip
    os.close(jobs)
    os.close(answer)
    try:
        with open(answers, encoding="utf-8") as lines:
            yield lines
        if failed := [p.returncode for p in processes if p.wait()]:
            raise RuntimeError(f"warmup: a process ended with code {failed[0]}; what it said is on stderr")
    finally:
        for process in processes:
            process.kill()
            process.wait()


def work() -> None:
    """Do jobs until none is left: what each of the processes runs."""
    import logging

    from .kernels.cache import COMPILED, FOLDERS

    logging.getLogger("raytrace_rte").setLevel(logging.ERROR)  # what takes so long is known
    before = 0
    while number := os.read(0, 1):
        JOBS[number[0]]()
        folder = FOLDERS[0] if FOLDERS else ""
        os.write(1, f"{len(COMPILED) - before} {folder}\n".encode())
        before = len(COMPILED)


def _grid(stretched: bool = False) -> Cartesian:
    faces = np.linspace(0.0, 1.0, CELLS + 1) ** (1.5 if stretched else 1.0)
    return Cartesian(faces, faces, faces)


def _medium(kind: str) -> Medium:
    """A hot ball of steam in cold air, thick enough for every branch of the certified switch."""
    grid = _grid()
    x, y, z = np.meshgrid(*grid.centres, indexing="ij")
    T = 300.0 + 1500.0 * np.exp(-8.0 * ((x - 0.5) ** 2 + (y - 0.5) ** 2 + (z - 0.5) ** 2))
    steam = np.full(grid.shape, 0.2)
    return planck_mean(Field(grid, T.astype(kind), 1e6, {"H2O": steam.astype(kind)}))


def _image(kind: str, method: Method) -> Callable[[], None]:
    def job() -> None:
        view = camera((0.4, -2.0, 0.6), (0.5, 0.5, 0.5), (8, 8), 35.0)
        solve(_medium(kind), view, black(300.0), method, executor=Serial())

    return job


def _line(kind: str) -> Callable[[], None]:
    def job() -> None:
        sensor = line_of_sight((0.4, -2.0, 0.6), (0.0, 1.0, 0.0))
        solve(_medium(kind), sensor, black(300.0), March(), executor=Serial())

    return job


def _volume(stretched: bool, objects: bool) -> Callable[[], None]:
    def job() -> None:
        ones = np.ones(_grid().shape)
        mask = np.zeros(ones.shape, dtype=bool)
        mask[4, 4, 4] = True
        bodies: list[Object] = [solids(mask, 400.0)] if objects else []
        medium = Medium(_grid(stretched), ones, ones)
        solve(medium, heat_source(6), black(300.0), objects=bodies, executor=Serial())

    return job


KINDS = ("float64", "float32")
JOBS: list[Callable[[], None]] = [
    *(_image(kind, Auto()) for kind in KINDS),
    _volume(stretched=False, objects=False),
    *(_image(kind, March()) for kind in KINDS),
    _volume(stretched=True, objects=True),
    *(_image(kind, method) for method in (Threshold(), Thick(), Thin()) for kind in KINDS),
    *(_line(kind) for kind in KINDS),
]
"""The longest first, so that both processes end at about the same time."""
