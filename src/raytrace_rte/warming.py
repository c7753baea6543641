"""Compile all kernels beforehand, by tiny jobs, two processes at a time.

One process does the jobs of float64 fields, the other those of float32 ones, since what several drivers call is
compiled once in a process. Both write a line into one pipe after each job. Numba keeps what they compile.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import NamedTuple

import numpy as np

from . import checks
from .boundaries.walls import black
from .execution.executors import Progress, Serial, thread_count
from .grid import Cartesian
from .media.absorption.bands import BandTable, bands
from .media.absorption.planck_mean import planck_mean
from .media.absorption.wsgg import wsgg
from .media.field import Field
from .media.medium import Medium
from .media.revolve import revolve
from .method import Auto, March, Method, Thick, Thin, Threshold
from .sensors.images import Camera, camera, line_of_sight
from .sensors.volumes import heat_source
from .solvers.lines import follow
from .solvers.scene import scene
from .solving import solve

PROCESSES = 2
"""At most: more would compile more twice."""
CELLS = 9
"""Cells along each axis: more than one brick."""
START = "from raytrace_rte.warming import work; work({}, {})"


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
    answers, answer = os.pipe()
    path = os.pathsep.join(p for p in sys.path if p)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", START.format(first, count)], stdin=subprocess.DEVNULL, stdout=answer,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for this process, which ends the others
        )
        for first in range(count)
    ]  # fmt: skip
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


def work(first: int, step: int) -> None:
    """Do every job of number first + n step, and write a line after each: what one of the processes runs."""
    import logging

    from .kernels.cache import COMPILED, FOLDERS

    logging.getLogger("raytrace_rte").setLevel(logging.ERROR)  # what takes so long is known
    before = 0
    for job in JOBS[first::step]:
        job()
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
    return planck_mean(Field(grid, T.astype(kind), np.array(1e6), {"H2O": steam.astype(kind)}))


def _bands(kind: str) -> None:
    """Bands of a table, and soot."""
    grid = _grid()
    cold, some = (np.full(grid.shape, value, kind) for value in (300.0, 1e-3))
    edges, T, p = (np.array(a) for a in ([1e-6, 2e-6], [300.0, 900.0], [1e5]))
    table = BandTable(edges, T, p, {"H2O": np.ones((2, 1, 1))})
    bands(Field(grid, cold, np.array(1e5), {"H2O": some}, some), table)


def _camera() -> Camera:
    return camera((0.4, -2.0, 0.6), (0.5, 0.5, 0.5), (8, 8), 35.0)


def _switch(kind: str) -> None:
    """The switch over bricks, which a solve takes only where it saves enough."""
    from .kernels.trace import AUTO

    place = scene(_medium(kind), black(300.0), Auto())
    place.prepare(1)
    follow(place, _camera().take(slice(None)), place.plan._replace(method=AUTO))


def _image(kind: str, method: Method) -> None:
    solve(_medium(kind), _camera(), black(300.0), method, executor=Serial())


def _line(kind: str) -> None:
    solve(_medium(kind), line_of_sight((0.4, -2.0, 0.6), (0.0, 1.0, 0.0)), black(300.0), executor=Serial())


def _volume(kind: str) -> None:
    solve(_medium(kind), heat_source(6), black(300.0), executor=Serial())


def _thick(beside: float) -> None:
    """The diffusion limit: everywhere, or beside cells that are swept."""
    grid = _grid()
    kappa = np.full(grid.shape, 2000.0)
    kappa[: CELLS // 3] = beside
    solve(Medium(grid, kappa, np.ones(grid.shape)), heat_source(6), black(300.0), executor=Serial())


def _slab() -> None:
    ones = np.ones((CELLS, 1, 1))
    solve(Medium(Cartesian(_grid().x), ones, ones), heat_source(6), black(300.0), executor=Serial())


def _gases() -> None:
    ones = np.ones((CELLS, 1, 1))
    wsgg(Field(Cartesian(_grid().x), 1000.0 * ones, np.array(1e5), {"H2O": 0.1 * ones, "CO2": 0.1 * ones}))


def _mesh() -> None:
    """A field in a plane, turned around its axis: what puts the cells of any mesh onto a grid."""
    ones = np.ones((2, 1, 2))
    flat = Field(Cartesian([0.0, 0.5, 1.0], z=[0.0, 0.5, 1.0]), 1000.0 * ones, absorption_coefficient=ones)
    revolve(flat, Cartesian([-1.0, 1.0], [-1.0, 1.0], [0.0, 1.0]))


def _jobs_of(kind: str) -> list[Callable[[], None]]:
    methods = Auto(), March(), Threshold(), Thick(), Thin()
    return [
        partial(_switch, kind),
        *(partial(_image, kind, method) for method in methods),
        partial(_line, kind),
        partial(_volume, kind),
        partial(_bands, kind),
    ]


JOBS: list[Callable[[], None]] = [
    *chain.from_iterable(zip(_jobs_of("float64"), _jobs_of("float32"), strict=True)),
    partial(_thick, 2000.0),
    partial(_thick, 2.0),
    _slab,
    _gases,
    _mesh,
]
"""Of float64 and float32 fields in turn; slabs, and the limit of any field, are float64."""
