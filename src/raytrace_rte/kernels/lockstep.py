"""The march of many rays in lockstep: the same light as `march.march`, several times as fast."""

from __future__ import annotations

import numpy as np

from .cartesian import MISSED, STRUCK, aim, begin, enter, face_left
from .jit import inlined, kernel
from .lanes import (
    END,
    LANES,
    MOVES,
    RAY,
    TIME,
    announce,
    clear,
    cross,
    cross_bands,
    gather,
    keep,
    place,
    restore,
    walk_in,
)

RUN = 64
"""Neighbouring rays that one thread follows in turn, so that their cells stay in its cache."""
PATIENCE = 4
"""Steps between two looks for lanes that have come to an end: they stand for two steps in the mean."""


@inlined
def following(r, workers):
    """Number of the ray after r in the runs of the same worker."""
    r += 1
    return r if r % RUN else r + (workers - 1) * RUN


@inlined
def _ended(s, lights, n):
    """Whether a lane's ray has met its end, or no band of it counts any more."""
    counts = 0.0
    for b in range(lights.shape[0]):
        counts += lights[b, 4 * LANES + n]
    return s[MOVES + n] == 0.0 or counts == 0.0


@inlined
def _answer(s, lights, n, cells, greatest, stop, answers):
    """Write what the ray of a lane has brought back."""
    T_, E_, tau, neglected, visits, steps, face = answers
    r = np.int64(s[RAY + n])
    struck = s[TIME + n] >= s[END + n]
    face[r] = STRUCK if struck else face_left(cells, walk_in(s, n, cells))
    visits[r] = 0
    for b in range(lights.shape[0]):
        left = lights[b, n]
        stopped = left * greatest[b] <= stop
        T_[r, b] = 0.0 if stopped else left
        E_[r, b] = lights[b, LANES + n]
        tau[r, b] = lights[b, 2 * LANES + n]
        neglected[r, b] = left * greatest[b] if stopped else 0.0
        visits[r] += np.int64(lights[b, 3 * LANES + n])
        if stopped:
            face[r] = MISSED
    steps[r, 0], steps[r, 1], steps[r, 2] = visits[r], 0, 0


@inlined
def missed(r, struck, answers):
    """Write the answer of a ray that meets no cell."""
    T_, E_, tau, neglected, visits, steps, face = answers
    T_[r, :] = 1.0
    E_[r, :] = 0.0
    tau[r, :] = 0.0
    neglected[r, :] = 0.0
    visits[r] = 0
    steps[r, :] = 0
    face[r] = STRUCK if struck else MISSED


@inlined
def refill(s, lights, n, cells, rays, r, workers, answers):
    """Put the next ray that meets the grid into a lane, if there is one, and return the number after it."""
    origin, direction, end = rays
    while r < origin.shape[0]:
        ray = aim(origin, direction, r)
        t, t_out = enter(cells, ray)
        this, last = r, end[r]
        r = following(r, workers)
        if t < min(t_out, last):
            place(s, n, cells, 0, ray, begin(cells, ray, t), t, last)
            s[RAY + n] = this
            for b in range(lights.shape[0]):
                lights[b, n], lights[b, LANES + n], lights[b, 2 * LANES + n] = 1.0, 0.0, 0.0
                lights[b, 3 * LANES + n], lights[b, 4 * LANES + n] = 0.0, 1.0
            return r
        missed(this, last < np.inf and not t_out < last, answers)
    clear(s, n)
    return r


@kernel
def march_together(cells, rays, worker, workers, linear, stop, greatest, room, answers):
    """Follow this worker's rays; room: state of the lanes, lights (n_band, LIGHT), their records."""
    s, lights, g = room
    linear = 1.0 if linear else 0.0
    bands = lights.shape[0]
    r = worker * RUN
    for n in range(LANES):
        clear(s, n)
    while True:
        if bands == 1:
            keep(s, lights, 0)
        busy = 0
        for n in range(LANES):
            if _ended(s, lights, n):
                if s[RAY + n] >= 0.0:
                    _answer(s, lights, n, cells, greatest, stop, answers)
                r = refill(s, lights, n, cells, rays, r, workers, answers)
            busy += s[RAY + n] >= 0.0
        if busy == 0:
            return
        if bands == 1:
            restore(s, lights, 0)
        for _ in range(PATIENCE):
            if bands == 1:
                gather(s, g, cells, 0)
                cross(s, g, cells, linear, stop, greatest[0])
            else:
                cross_bands(s, g, cells, linear, stop, greatest, lights)
            announce(s, cells)
