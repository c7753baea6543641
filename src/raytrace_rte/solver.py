"""The one action: solve(medium, sensor, walls, method) -> Result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .medium import Medium
from .method import March, Method, Thick, Thin
from .result import Result, provenance
from .sensors import LineOfSight, Sensor
from .walls import Walls, open_

if TYPE_CHECKING:
    from .kernels.trace import Answers

TILE = 32
"""Pixels along the side of the square tiles in which an image is visited."""
SECONDS = 0.4
"""Aimed length of one compiled call: Ctrl-C, progress and checkpoints wait for it."""
FIRST = 4096
"""Rays in the first call, before their speed is known."""

Progress = Callable[[int, int], None]


class Store(Protocol):
    """Keeps finished rays, so that an interrupted job can go on: see run/checkpoint.py."""

    def load(self) -> Iterator[tuple[int, int, Answers]]: ...
    def save(self, start: int, stop: int, answers: Answers) -> None: ...


def solve(
    medium: Medium,
    sensor: Sensor,
    walls: Walls | None = None,
    method: Method | None = None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    store: Store | None = None,
) -> Result:
    """Trace the sensor's rays through the medium and return the Result.

    walls: what enters the rays' far ends; None is open, cold surroundings
    method: None is March(order=2)
    threads: None is as many as Numba has; the answer's bits do not depend on it
    progress: called with (rays done, rays in all) after each compiled call of about 0.4 s
    store: keeps finished rays

    Raises InputError when walls and medium do not fit together or threads is not a positive number.
    """
    walls = open_() if walls is None else walls
    method = March(order=2) if method is None else method
    wall_radiance = walls.radiance(medium)
    started = time.perf_counter()
    medium.cells  # noqa: B018  built here, so that its time is told apart
    prepared = time.perf_counter()
    answers = trace_all(medium, sensor, method, threads=threads, progress=progress, store=store)
    finished = time.perf_counter()
    stats = _statistics(medium, answers) | {
        "seconds_prepare": prepared - started,
        "seconds_trace": finished - prepared,
        "threads": _workers(threads),
    }
    config = {
        "method": {"kind": type(method).__name__.lower(), **asdict(method)},
        "sensor": sensor.settings(),
        "walls": walls.settings(),
        "medium": dict(medium.provenance),
    }
    value, estimate = _close(answers, wall_radiance, method)
    bands = (medium.n_band,) if medium.kappa.ndim == 4 else ()
    shape = (*sensor.shape, *bands)
    return Result(
        value=value.reshape(shape),
        error=np.full(shape, 0.0 if isinstance(method, March) else np.nan),
        estimate=None if estimate is None else estimate.reshape(shape),
        transmittance=answers.transmittance.reshape(shape),
        optical_depth=answers.optical_depth.reshape(shape),
        stats=stats,
        config=config | provenance(),
        sensor=sensor,
        profile=_profile(medium, sensor, method) if isinstance(sensor, LineOfSight) else None,
    )


def trace_all(
    medium: Medium,
    sensor: Sensor,
    method: Method,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    store: Store | None = None,
    tile: int = TILE,
    first: int = FIRST,
) -> Answers:
    """Return the answers of all rays in the sensor's own order, traced tile by tile in timed batches."""
    from .kernels.trace import empty_answers, trace

    total = int(np.prod(sensor.shape))
    workers = _workers(threads)
    order = sensor.order(tile)
    order = np.arange(total) if order is None else order
    answers = empty_answers(total, medium.n_band)
    done = np.zeros(total, dtype=bool)
    for start, stop, kept in store.load() if store else ():
        _put(answers, order[start:stop], kept)
        done[start:stop] = True
    if progress:
        progress(int(done.sum()), total)
    code, terms = _code(method)
    batch, compiled = first, False
    for start, limit in _gaps(done):
        while start < limit:
            stop = min(start + batch, limit)
            rays = sensor.take(order[start:stop])
            part = empty_answers(stop - start, medium.n_band)
            clock = time.perf_counter()
            trace(medium.cells, rays.origin, rays.direction, code, terms, workers, part)
            if compiled:
                batch = _next_batch(stop - start, time.perf_counter() - clock)
            compiled = True
            _put(answers, order[start:stop], part)
            if store:
                store.save(start, stop, part)
            done[start:stop] = True
            start = stop
            if progress:
                progress(int(done.sum()), total)
    return answers


def _next_batch(rays: int, seconds: float) -> int:
    return max(1024, min(4 * rays, int(rays * SECONDS / max(seconds, 1e-6))))


def _gaps(done: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Ranges of rays not yet done."""
    edges = np.flatnonzero(np.diff(np.concatenate(([True], done, [True])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _put(answers: Answers, index: NDArray[np.int64], part: Answers) -> None:
    for whole, piece in zip(answers, part, strict=True):
        whole[index] = piece


def _code(method: Method) -> tuple[int, int]:
    """The kernel's number for a method, and its terms."""
    from .kernels.trace import MARCH_CONSTANT, MARCH_LINEAR, THICK, THIN

    match method:
        case March(order=order):
            return (MARCH_CONSTANT if order == 1 else MARCH_LINEAR), 0
        case Thick(terms=terms):
            return THICK, terms
        case Thin():
            return THIN, 0
    raise InputError(f"method: {method!r} is none of March, Thick and Thin")


def _workers(threads: int | None) -> int:
    from numba import config, get_num_threads

    if threads is None:
        return int(get_num_threads())
    if threads < 1:
        raise InputError(f"threads: found {threads}; expected at least 1")
    return min(threads, int(config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]


def _close(
    answers: Answers, wall: NDArray[np.float64], method: Method
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """I = E + T I_wall, and the size of the first term that a limit neglects (None for the march)."""
    behind = wall[answers.face]
    value = answers.emission + answers.transmittance * behind
    match method:
        case Thick():
            return value, np.abs(answers.neglected)
        case Thin():
            return value, np.abs(0.5 * answers.optical_depth**2 * behind - answers.neglected)
        case _:
            return value, None


def _statistics(medium: Medium, answers: Answers) -> dict[str, Any]:
    from .kernels.cartesian import MISSED

    missed = (answers.face == MISSED) & (answers.crossings == 0)
    tau = answers.optical_depth.max(axis=1)
    known = np.sort(tau[np.isfinite(tau) & ~missed])
    ray = {"min": known[0], "median": known[known.size // 2], "max": known[-1]} if known.size else {}
    return {
        "rays": len(tau),
        "rays_missed": int(missed.sum()),
        "crossings": int(answers.crossings.sum()),
        "optical_depth": medium.optical_depth | {f"ray_{k}": float(v) for k, v in ray.items()},
    }


def _profile(medium: Medium, sensor: LineOfSight, method: Method) -> NDArray[np.void]:
    """The march of the one ray, segment by segment, seen from the observer (first band)."""
    from .kernels.cartesian import aim
    from .kernels.march import segments
    from .planck import brightness_temperature

    rays = sensor.take(np.zeros(1, dtype=np.int64))
    linear = method != March(order=1)
    ray = aim(rays.origin, rays.direction, 0)
    count = segments(medium.cells, 0, ray, linear, np.empty((0, 7)))
    rows = np.empty((count, 7))
    segments(medium.cells, 0, ray, linear, rows)
    near, length, kappa, source_near, source_far, tau, emitted = rows.T
    source = 0.5 * (source_near + source_far)
    columns = {
        "s": near + 0.5 * length,
        "length": length,
        "optical_depth": np.cumsum(tau) - 0.5 * tau,
        "temperature": brightness_temperature(source),
        "kappa": kappa,
        "source": source,
        "contribution": emitted,
    }
    table = np.empty(count, dtype=[(name, np.float64) for name in columns])
    for name, column in columns.items():
        table[name] = column
    return table
