"""The drivers over rays: threads, runs of rays, and one method for all of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange

from .auto import Tolerance, auto
from .cartesian import MISSED, aim, joined
from .jit import driver
from .lanes import space
from .lockstep import RUN, march_together
from .lockstep_auto import switch_together
from .march import march, thin
from .series import WORK, thick, threshold

CONSTANT, LINEAR, THICK, THIN, THRESHOLD, AUTO = range(6)


class Plan(NamedTuple):
    """A method as kernels see it: its number, and its settings (those of other methods are not read)."""

    method: int
    terms: int = 0
    delta: float = 0.0
    stop: float = -1.0
    relative: float = 0.0
    absolute: float = 0.0


class Answers(NamedTuple):
    """Arrays of march.Traced: the first four (n_ray, n_band), visits and face (n_ray,), steps (n_ray, 3).

    visits and steps (exact, thin, thick) are sums over bands; face is where bands leave that are not stopped.
    """

    transmittance: np.ndarray
    emission: np.ndarray
    optical_depth: np.ndarray
    neglected: np.ndarray
    visits: np.ndarray
    steps: np.ndarray
    face: np.ndarray


def trace(cells, pyramid, origin, direction, end, plan, walls, low, high, workers, answers):
    """Follow rays (n_ray, 3) and write their answers; each ray writes only its own row.

    end: distance at which something opaque ends each ray (n_ray,), inf where nothing does; seen by the march.
    walls: radiance (7, n_band) of the faces; low, high: range of all sources and walls (n_band,).
    Runs of rays are dealt to workers in turn: even load, and the same bits for any number of them.
    """
    if plan.method == AUTO:
        room = space(workers, 1, cells.record.dtype)
        tolerance = Tolerance(plan.relative, plan.absolute, low, high)
        switch_all(cells, pyramid, origin, direction, walls, tolerance, workers, room, answers)
    elif plan.method in (CONSTANT, LINEAR):
        room = space(workers, cells.record.shape[1], cells.record.dtype)
        march_all(cells, origin, direction, end, plan, high, workers, room, answers)
    else:
        trace_singly(cells, pyramid, origin, direction, end, plan, walls, low, high, workers, answers)


# Arrays are unpacked, because Numba drops writes to a NamedTuple's arrays inside prange without a word.


@driver
def switch_all(cells, pyramid, origin, direction, walls, tolerance, workers, room, answers):
    """Follow rays in lockstep with the certified switch."""
    T, E, tau, neglected, visits, steps, face = answers
    state, records, series = room
    never = np.full(1, -1.0)
    for worker in prange(workers):
        own = state[worker], records[worker], series, never
        out = T, E, tau, neglected, visits, steps, face
        switch_together(
            cells, pyramid, origin, direction, np.int64(worker), workers, walls, tolerance, own, out
        )


@driver
def march_all(cells, origin, direction, end, plan, greatest, workers, room, answers):
    """March rays in lockstep."""
    T, E, tau, neglected, visits, steps, face = answers
    state, records, series = room
    dark = plan.stop / greatest
    linear = 1.0 if plan.method == LINEAR else 0.0
    for worker in prange(workers):
        own = state[worker], records[worker], series, dark
        out = T, E, tau, neglected, visits, steps, face
        rays = origin, direction, end
        march_together(cells, rays, np.int64(worker), workers, linear, plan.stop, greatest, own, out)


@driver
def trace_singly(cells, pyramid, origin, direction, end, plan, walls, low, high, workers, answers):
    """Follow rays one by one, by the readable kernels: any method."""
    T, E, tau, neglected, visits, steps, face = answers
    method, terms, delta, stop, relative, absolute = plan
    rays, bands = E.shape
    for worker in prange(workers):
        work = np.empty(WORK)
        tolerance = Tolerance(relative, absolute, low, high)
        for start in range(worker * RUN, rays, workers * RUN):
            for r in range(start, min(start + RUN, rays)):
                ray = aim(origin, direction, r)
                visits[r] = 0
                steps[r, :] = 0
                face[r] = MISSED
                for b in range(bands):
                    if method == AUTO:
                        one = auto(cells, pyramid, b, ray, walls, tolerance)
                    elif method == THIN:
                        one = thin(cells, b, ray)
                    elif method == THICK:
                        one = thick(cells, b, ray, terms, work)
                    elif method == THRESHOLD:
                        one = threshold(cells, b, ray, delta, terms, work)
                    else:
                        one = march(cells, b, ray, method == LINEAR, stop, high[b], end[r])
                    T[r, b] = one.transmittance
                    E[r, b] = one.emission
                    tau[r, b] = one.optical_depth
                    neglected[r, b] = one.neglected
                    visits[r] += one.visits
                    steps[r, 0] += one.exact
                    steps[r, 1] += one.thin
                    steps[r, 2] += one.thick
                    face[r] = joined(face[r], one.face)


def empty_answers(rays: int, bands: int) -> Answers:
    """Return arrays for so many rays and bands."""
    counts = np.empty(4 * rays, dtype=np.int64)  # few large arrays: the system hands out large pages
    return Answers(
        *np.empty((4, rays, bands)),
        counts[:rays],
        counts[rays:].reshape(rays, 3),
        np.empty(rays, dtype=np.int8),
    )
