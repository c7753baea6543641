"""The march of many rays in lockstep: the same answers as `march.march`, several times as fast."""

from __future__ import annotations

import numpy as np

from . import rows
from .cartesian import faces_crossed
from .clipping import cut
from .grids import MISSED, STOPPED, STRUCK, begin, enter, ray_of
from .intrinsics import addresses, fma, prefetch, record_bytes
from .jit import inlined, kernel
from .lanes import cross, crossed, halted, vectors
from .march import leave
from .placing import clear, exit_face, place, reset
from .rows import LANES
from .vector import WIDTH

STEPS_BETWEEN_REFILLS = 4
"""Steps between two looks for lanes that have come to an end: they wait for two steps in the mean."""


@inlined
def _write_answer(s, n, end, stop, clip, answers):
    """Write the answer of the ray in a lane."""
    T, E, tau, neglected, visits, steps, face = answers
    r = np.int64(s[rows.RAY + n])
    visits[r], left, clipped = 0, 0, s[rows.CLIPPED_FACE + n] >= 0.0
    for b in range(stop.cutoff.size):
        m = b * rows.BAND_ROWS + n
        if s[rows.T + m] > fma(s[rows.E + m], stop.slope[b], stop.cutoff[b]):
            T[r, b], E[r, b], neglected[r, b] = s[rows.T + m], s[rows.E + m], 0.0
            tau[r, b] = np.nan if clipped and not clip.clear else s[rows.TAU + m]
            visits[r] += np.int64(crossed(s, n))
        else:
            T[r, b], tau[r, b] = 0.0, np.nan
            E[r, b], neglected[r, b] = leave(stop, b, s[rows.T + m], s[rows.E + m])
            visits[r] += np.int64(s[rows.COUNTED + m] if s[rows.COUNTED + m] >= 0.0 else crossed(s, n))
            left += 1
        neglected[r, b] += s[rows.CLIPPED + n]
    if left == stop.cutoff.size:
        face[r] = STOPPED
    elif s[rows.DISTANCE + n] >= end[r]:
        face[r] = STRUCK
    elif clipped:
        face[r] = np.int64(s[rows.CLIPPED_FACE + n])
    else:
        face[r] = exit_face(s, n)
    steps[r, 0], steps[r, 1], steps[r, 2], steps[r, 3] = visits[r], clipped, left, 0
    if clipped or left > 0:
        whole = stop.cutoff.size * s[rows.FACES_PER_METRE + n] * (s[rows.FAR_END + n] - s[rows.START + n])
        steps[r, 3] = max(np.int64(whole) - visits[r], 0)


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
def _write_passed(r, face, error, faces, clip, answers):
    """Write the answer of a ray that passes the box that matters by."""
    write_missed(r, np.bool_(False), answers)
    answers.face[r] = face
    answers.steps[r, 1], answers.steps[r, 3] = 1, np.int64(faces)
    answers.neglected[r, :] = error
    answers.optical_depth[r, :] = 0.0 if clip.clear else np.nan


@inlined
def refill(s, n, cells, rays, r, bands, linear, clip, answers):
    """Put the next ray that meets the grid into a lane, if there is one, and return the number after it."""
    origin, direction, end = rays
    while r < origin.shape[0]:
        ray = ray_of(origin, direction, r)
        t, t_out = enter(cells, ray)
        this, last = r, end[r]
        r += 1
        if t < min(t_out, last):
            face, error = -1, 0.0
            s[rows.START + n], s[rows.FAR_END + n] = t, min(t_out, last)
            s[rows.FACES_PER_METRE + n] = faces_crossed(cells, ray)
            if clip.clips:
                t, far, error, face = cut(clip, cells, ray, t, min(t_out, last))
                if face >= 0 and not t < far:
                    faces = s[rows.FACES_PER_METRE + n] * (s[rows.FAR_END + n] - s[rows.START + n])
                    _write_passed(this, face, error, bands * faces, clip, answers)
                    continue
                last = min(last, far) if face >= 0 else last
            place(s, n, cells, np.int64(0), ray, begin(cells, ray, t), t, last, linear)
            s[rows.RAY + n], s[rows.CLIPPED + n], s[rows.CLIPPED_FACE + n] = this, error, face
            for b in range(bands):
                reset(s, n + b * rows.BAND_ROWS)
            return r
        write_missed(this, last < np.inf and not t_out < last, answers)
    clear(s, n, bands * record_bytes(cells.record))
    return r


@kernel
def march_together(cells, rays, linear, stop, clip, workspace, answers):
    """Follow rays. stop: stopping.Stop, when they are left before their end; clip: clipping.Clip."""
    s, built, series = workspace
    series = vectors(series)
    bands, busy, r = stop.cutoff.size, 0, np.int64(0)
    for n in range(LANES):
        clear(s, n, bands * record_bytes(cells.record))
        r = refill(s, n, cells, rays, r, bands, linear, clip, answers)
        busy += s[rows.RAY + n] >= 0.0
    while busy > 0:
        for _ in range(STEPS_BETWEEN_REFILLS):
            cross(s, built, cells, stop, series)
        for first in range(0, LANES, WIDTH):
            over = halted(s, first)
            for n in range(first, first + WIDTH):
                if over >> (n - first) & 1 and s[rows.RAY + n] >= 0.0:
                    _write_answer(s, n, rays[2], stop, clip, answers)
                    r = refill(s, n, cells, rays, r, bands, linear, clip, answers)
                    busy -= s[rows.RAY + n] < 0.0
            if over > 0:
                prefetch(cells.record, addresses(s, rows.ADDRESS + first))
