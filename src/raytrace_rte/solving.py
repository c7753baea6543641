"""The one action: solve(medium, sensor, walls, method) -> the sensor's answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from . import checks
from .boundaries.bodies import Object
from .boundaries.walls import Walls
from .errors import InputError
from .execution.executors import Executor, Progress, Threads
from .execution.stores import Store
from .execution.task import Task
from .media.medium import Medium
from .method import Method
from .solvers.scene import RADIOSITY_DIRECTIONS, Scene, Sensor, fingerprint, scene

R = TypeVar("R")


def solve(
    medium: Medium,
    sensor: Sensor[R],
    walls: Walls | None = None,
    method: Method | None = None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    store: Store | str | Path | None = None,
    objects: Sequence[Object] = (),
    lean: bool = False,
    executor: Executor | None = None,
    radiosity_directions: int = RADIOSITY_DIRECTIONS,
) -> R:
    """Answer what the sensor asks: a RadianceResult for rays and images, a FluxResult at points, a HeatResult
    for all cells, or whatever a sensor of your own makes.

    walls: what enters the rays' far ends; None is open, cold surroundings
    method: None is Auto(rtol=1e-3)
    threads: short for executor=Threads(threads); the answer's bits do not depend on it
    progress: called with (done, total) after each batch of some milliseconds to a second
    store: keeps unfinished work in a folder, from which the same call goes on; a folder that is given by its
        path is removed at the end
    objects: what ends rays inside: solid cells (`solids`), triangle meshes (`mesh`)
    lean: rebuild cells' records wherever a ray comes instead of keeping them: half the memory, half as much time
        again for a job of one image, more for further ones, the same bits; for rays that end at plain walls
        (docs/speed.md)
    executor: who does the work: Serial(), Threads(n), Dask(client); None is Threads()
    radiosity_directions: rays from each cell of a grey wall, solid cell or triangle that find what it reflects, for
        sensors of rays; four times as many halve the estimated error of that light, about

    Raises InputError when an argument is of a wrong type, or the arguments do not fit together.
    """
    executor = executor_of(executor, threads)
    place = scene(
        medium,
        walls,
        method,
        objects,
        lean,
        workers=executor.workers,
        radiosity_directions=radiosity_directions,
    )
    task = task_of(sensor, place)
    if progress is not None and not callable(progress):
        raise checks.wrong("progress", progress, "a function of (done, total)")
    if store is None:
        return executor.run(task, progress)
    folder = store if isinstance(store, Store) else Store(checks.path("store", store))
    keep = folder.of(fingerprint(place, sensor))
    result = executor.run(task, progress, keep)
    if folder is not store:
        keep.clear()
    return result


def task_of(sensor: Sensor[R], place: Scene) -> Task[R]:
    """Return the work that answers a sensor in a scene; InputError when it is not one."""
    if isinstance(sensor, type) or not isinstance(sensor, Sensor):
        expected = "a sensor, as of rte.camera(...), rte.Rays(...), rte.radiometer(...), rte.heat_source(...)"
        raise checks.wrong("sensor", sensor, expected)
    return sensor.task(place)


def executor_of(executor: Executor | None, threads: int | None) -> Executor:
    """Return the executor, or as many threads; InputError when both are given."""
    if executor is None:
        return Threads(threads)
    if threads is not None:
        raise InputError(
            "threads: found threads and an executor; threads=n is short for Threads(n), drop one"
        )
    checks.instance("executor", executor, Executor, "Serial(), Threads(n) or Dask(client)")
    return executor
