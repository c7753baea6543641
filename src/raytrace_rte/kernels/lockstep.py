"""The march of many rays in lockstep: the same answers as `march.march`, several times as fast."""

from __future__ import annotations

import numpy as np

from . import rows
from .grids import MISSED, STOPPED, STRUCK, begin, enter, ray_of
from .intrinsics import addresses, load, maximum, prefetch, record_bytes, store, where
from .jit import inlined, kernel
from .lanes import cross, crossed, crossed_all, halt, halted, vectors
from .placing import clear, exit_face, place, reset
from .rows import LANES
from .vector import WIDTH

STEPS_BETWEEN_REFILLS = 4
"""Steps between two looks for lanes that have come to an end: they wait for two steps in the mean."""


@inlined
def _stop(s, cutoff):
    """Halt lanes in which no band is above its cut-off, and note how many cells each band has crossed."""
    for n in range(0, LANES, WIDTH):
        counts_any = load(s, rows.T + n) > cutoff[0]
        count = crossed_all(s, n)
        for b in range(cutoff.size):
            m = b * rows.BAND_ROWS + n
            counts = load(s, rows.T + m) > cutoff[b]
            store(s, rows.COUNTED + m, maximum(load(s, rows.COUNTED + m), where(counts, count, 0.0)))
            counts_any = counts_any | counts
        halt(s, n, counts_any)


@inlined
def _write_answer(s, n, end, cutoff, strongest, answers):
    """Write the answer of the ray in a lane."""
    T, E, tau, neglected, visits, steps, face = answers
    r = np.int64(s[rows.RAY + n])
    visits[r], leaves = 0, False
    for b in range(cutoff.size):
        m = b * rows.BAND_ROWS + n
        left = s[rows.T + m]
        stopped = not left > cutoff[b]
        T[r, b] = 0.0 if stopped else left
        E[r, b] = s[rows.E + m]
        tau[r, b] = np.nan if stopped else s[rows.TAU + m]
        neglected[r, b] = left * strongest[b] if stopped else 0.0
        visits[r] += np.int64(s[rows.COUNTED + m]) + (cutoff[b] < 1.0) if stopped else np.int64(crossed(s, n))
        leaves |= not stopped
    face[r] = STOPPED if not leaves else (STRUCK if s[rows.DISTANCE + n] >= end[r] else exit_face(s, n))
    steps[r, 0], steps[r, 1], steps[r, 2] = visits[r], 0, 0


@inlined
def write_missed(r, struck, answers):
    """Write the answer of a ray that meets no cell."""
    T, E, tau, neglected, visits, steps, face = answers
    T[r, :] = 1.0
    E[r, :] = 0.0
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
        ray = ray_of(origin, direction, r)
        t, t_out = enter(cells, ray)
        this, last = r, end[r]
        r += 1
        if t < min(t_out, last):
            place(s, n, cells, 0, ray, begin(cells, ray, t), t, last, linear)
            s[rows.RAY + n] = this
            for b in range(bands):
                reset(s, n + b * rows.BAND_ROWS)
            return r
        write_missed(this, last < np.inf and not t_out < last, answers)
    clear(s, n, bands * record_bytes(cells.record))
    return r


@kernel
def march_together(cells, rays, linear, stop, strongest, cutoff, workspace, answers):
    """Follow rays. cutoff: transmittance of each band (n_band,) at or below which it stops counting."""
    s, built, series = workspace
    series = vectors(series)
    bands, busy, r = cutoff.size, 0, 0
    for n in range(LANES):
        clear(s, n, bands * record_bytes(cells.record))
        r = refill(s, n, cells, rays, r, bands, linear, answers)
        busy += s[rows.RAY + n] >= 0.0
    while busy > 0:
        for _ in range(STEPS_BETWEEN_REFILLS):
            cross(s, built, cells, cutoff, series)
            if stop >= 0.0:
                _stop(s, cutoff)
        for first in range(0, LANES, WIDTH):
            over = halted(s, first)
            for n in range(first, first + WIDTH):
                if over >> (n - first) & 1 and s[rows.RAY + n] >= 0.0:
                    _write_answer(s, n, rays[2], cutoff, strongest, answers)
                    r = refill(s, n, cells, rays, r, bands, linear, answers)
                    busy -= s[rows.RAY + n] < 0.0
            if over > 0:
                prefetch(cells.record, addresses(s, rows.ADDRESS + first))
