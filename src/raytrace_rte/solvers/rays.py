"""Rays to answers: batches of rays through the compiled driver, in an order that keeps caches warm."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..media.medium import Medium
from ..method import ATOL, Auto, March, Method, Thick, Thin, Threshold
from ..sensors.images import Sensor

if TYPE_CHECKING:
    from ..kernels.trace import Answers, Plan

SECONDS = 0.4
"""Aimed length of one compiled call: Ctrl-C, progress and checkpoints wait for it."""
FIRST = 4096
"""Rays in the first call, before their speed is known."""

Progress = Callable[[int, int], None]


class Store(Protocol):
    """Keeps finished rays, so that an interrupted job can go on: see run/checkpoint.py."""

    def load(self) -> Iterator[tuple[int, int, Answers]]: ...
    def save(self, start: int, stop: int, answers: Answers) -> None: ...


def trace_all(
    medium: Medium,
    sensor: Sensor,
    method: Method,
    walls: NDArray[np.float64],
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    store: Store | None = None,
    first: int = FIRST,
    ends: NDArray[np.float64] | None = None,
    lean: bool = False,
) -> Answers:
    """Return the answers of all rays in the sensor's own numbering, traced in its best order.

    walls: radiance (7, n_band) behind the faces, as of Walls.radiance; ends: distance at which something
    opaque ends each ray [m] (n_ray,), for the march only; lean: without the medium's records
    """
    from ..kernels import pyramid
    from ..kernels.trace import empty_answers, trace

    total = int(np.prod(sensor.shape))
    count = workers(threads)
    order = sensor.order()
    answers = empty_answers(total, medium.n_band)
    done = np.zeros(total, dtype=bool)
    for start, stop, kept in store.load() if store else ():
        _put(answers, _rows(order, start, stop), kept)
        done[start:stop] = True
    if progress:
        progress(int(done.sum()), total)
    plan = plan_of(method, medium, walls)
    bricks = medium.pyramid if needs_bricks(method) else pyramid.empty()
    low, high = range_of(medium, walls)
    cells = medium.lean_cells if lean else medium.cells
    batch, compiled = first, False
    for start, limit in _gaps(done):
        while start < limit:
            stop = min(start + batch, limit)
            rows = _rows(order, start, stop)
            rays = sensor.take(rows)
            in_place = isinstance(rows, slice)
            part = _part(answers, rows) if in_place else empty_answers(stop - start, medium.n_band)
            clock = time.perf_counter()
            end = np.full(stop - start, np.inf) if ends is None else ends[rows]
            trace(cells, bricks, rays.origin, rays.direction, end, plan, walls, low, high, count, part)
            if compiled:
                batch = _next_batch(stop - start, time.perf_counter() - clock)
            compiled = True
            if not in_place:
                _put(answers, rows, part)
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
    padded = np.concatenate(([True], done, [True]))
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _rows(order: NDArray[np.int64] | None, start: int, stop: int) -> NDArray[np.int64] | slice:
    """Numbers of the rays that come from `start` to `stop` in an order; None is that of the sensor."""
    return slice(start, stop) if order is None else order[start:stop]


def _part(answers: Answers, rows: NDArray[np.int64] | slice) -> Answers:
    """Answers of neighbouring rays, in place."""
    return type(answers)(*(whole[rows] for whole in answers))


def _put(answers: Answers, index: NDArray[np.int64] | slice, part: Answers) -> None:
    for whole, piece in zip(answers, part, strict=True):
        whole[index] = piece


def plan_of(method: Method, medium: Medium, walls: NDArray[np.float64]) -> Plan:
    """A method as the kernels see it."""
    from ..kernels.trace import AUTO, CONSTANT, LINEAR, THICK, THIN, THRESHOLD, Plan

    match method:
        case March(order=order, stop=stop):
            return Plan(CONSTANT if order == 1 else LINEAR, stop=-1.0 if stop is None else stop)
        case Thick(terms=terms):
            return Plan(THICK, terms=terms)
        case Thin():
            return Plan(THIN)
        case Threshold(delta=delta, terms=terms):
            return Plan(THRESHOLD, terms=terms, delta=delta)
        case Auto(rtol=0.0, atol=0.0):
            return Plan(LINEAR)
        case Auto(rtol=rtol, atol=atol):
            absolute = ATOL * float(range_of(medium, walls)[1].sum()) if atol is None else atol
            return Plan(AUTO, relative=rtol, absolute=absolute / medium.n_band)
    raise InputError(f"method: {method!r} is none of March, Thick, Thin, Threshold and Auto")


def needs_bricks(method: Method) -> bool:
    """Whether a method needs the pyramid."""
    return isinstance(method, Auto) and (method.rtol, method.atol) != (0.0, 0.0)


def range_of(medium: Medium, walls: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest radiance (n_band,) that any source, as reconstructed, or wall can send."""
    low, high = medium.source_range
    return np.minimum(low, walls.min(axis=0)), np.maximum(high, walls.max(axis=0))


def workers(threads: int | None) -> int:
    """Return how many threads to use; InputError unless the number asked for is positive."""
    from numba import config, get_num_threads

    if threads is None:
        return int(get_num_threads())
    if threads < 1:
        raise InputError(f"threads: found {threads}; expected at least 1")
    return min(threads, int(config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]
