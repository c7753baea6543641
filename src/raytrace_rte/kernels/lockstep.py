"""The march of many rays in lockstep: the same light as `march.march`, several times as fast."""

from __future__ import annotations

import numpy as np

from .cartesian import MISSED, STOPPED, STRUCK, aim, begin, enter
from .intrinsics import fetch, greatest, load, places, record_bytes, store, where
from .jit import inlined, kernel
from .lanes import (
    CELL,
    LANES,
    LIGHT,
    RAY,
    SEEN,
    TAU,
    TIME,
    E,
    T,
    cross,
    crossed,
    crossed_all,
    stand,
    standing,
    vectors,
)
from .placing import clear, face_through, place, shine
from .vector import WIDTH

PATIENCE = 4
"""Steps between two looks for lanes that have come to an end: they stand for two steps in the mean."""


@inlined
def _stop(s, dark):
    """Let lanes stand in which no band counts any more, and note how many cells each band has seen."""
    for n in range(0, LANES, WIDTH):
        lit = load(s, T + n) > dark[0]
        count = crossed_all(s, n)
        for b in range(dark.size):
            m = b * LIGHT + n
            counts = load(s, T + m) > dark[b]
            store(s, SEEN + m, greatest(load(s, SEEN + m), where(counts, count, 0.0)))
            lit = lit | counts
        stand(s, n, lit)


@inlined
def _answer(s, n, end, dark, brightest, answers):
    """Write what the ray of a lane has brought back."""
    T_, E_, tau, neglected, visits, steps, face = answers
    r = np.int64(s[RAY + n])
    visits[r], out = 0, False
    for b in range(dark.size):
        m = b * LIGHT + n
        left = s[T + m]
        stopped = not left > dark[b]
        T_[r, b] = 0.0 if stopped else left
        E_[r, b] = s[E + m]
        tau[r, b] = np.nan if stopped else s[TAU + m]
        neglected[r, b] = left * brightest[b] if stopped else 0.0
        visits[r] += np.int64(s[SEEN + m]) + (dark[b] < 1.0) if stopped else np.int64(crossed(s, n))
        out |= not stopped
    face[r] = STOPPED if not out else (STRUCK if s[TIME + n] >= end[r] else face_through(s, n))
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
def refill(s, n, cells, rays, r, bands, linear, answers):
    """Put the next ray that meets the grid into a lane, if there is one, and return the number after it."""
    origin, direction, end = rays
    while r < origin.shape[0]:
        ray = aim(origin, direction, r)
        t, t_out = enter(cells, ray)
        this, last = r, end[r]
        r += 1
        if t < min(t_out, last):
            place(s, n, cells, 0, ray, begin(cells, ray, t), t, last, linear)
            s[RAY + n] = this
            for b in range(bands):
                shine(s, n + b * LIGHT)
            return r
        missed(this, last < np.inf and not t_out < last, answers)
    clear(s, n, bands * record_bytes(cells.record))
    return r


@kernel
def march_together(cells, rays, linear, stop, brightest, dark, workspace, answers):
    """Follow rays; dark: transmittance of each band at which its light stops counting."""
    s, g, series = workspace
    series = vectors(series)
    bands, busy, r = dark.size, 0, 0
    for n in range(LANES):
        clear(s, n, bands * record_bytes(cells.record))
        r = refill(s, n, cells, rays, r, bands, linear, answers)
        busy += s[RAY + n] >= 0.0
    while busy > 0:
        for _ in range(PATIENCE):
            cross(s, g, cells, dark, series)
            if stop >= 0.0:
                _stop(s, dark)
        for first in range(0, LANES, WIDTH):
            over = standing(s, first)
            for n in range(first, first + WIDTH):
                if over >> (n - first) & 1 and s[RAY + n] >= 0.0:
                    _answer(s, n, rays[2], dark, brightest, answers)
                    r = refill(s, n, cells, rays, r, bands, linear, answers)
                    busy -= s[RAY + n] < 0.0
            if over > 0:
                fetch(cells.record, places(s, CELL + first))
