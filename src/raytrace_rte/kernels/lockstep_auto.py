"""The certified switch with exact cells in lockstep: decisions are those of `auto.decide`, ray by ray.

A lane crosses exact cells until its ray has to decide again; while all lanes do, so do most of their rays. A
ray whose transmittance is only bounded (behind a thick step) finishes alone.
"""

from __future__ import annotations

import numpy as np

from .auto import Course, certain, cross_exactly, decide, set_out
from .cartesian import STOPPED, aim, begin, enter, face_left, joined
from .intrinsics import load, record_bytes
from .jit import inlined, kernel
from .lanes import (
    BAND,
    CHECKED,
    COUNT,
    END,
    ERROR,
    EXIT,
    FAILED,
    FAR,
    FROM,
    IDLE,
    LANES,
    PLAIN,
    RAY,
    READ,
    STOPPABLE,
    TAU,
    THICK_STEPS,
    THIN_STEPS,
    TIME,
    VAIN,
    E,
    T,
    cross,
    crossed,
    stand,
    standing,
    vectors,
)
from .lockstep import missed
from .placing import clear, place, put, ray_in, shine, walk_in
from .vector import WIDTH

PATIENCE = 2
"""Steps between two looks for lanes whose rays have to decide."""


@inlined
def _course(s, n, low):
    """The course of a lane's ray."""
    return Course(
        walk_in(s, n), s[TIME + n], s[T + n], s[E + n], s[TAU + n], s[ERROR + n], 0.0, low,
        s[FROM + n], s[FAR + n], s[STOPPABLE + n], s[CHECKED + n], np.int64(s[VAIN + n]),
        np.int64(s[IDLE + n]), np.int64(s[FAILED + n]), np.int64(s[READ + n]),
        np.int64(s[COUNT + n] + crossed(s, n)), np.int64(s[THIN_STEPS + n]), np.int64(s[THICK_STEPS + n]), -1,
    )  # fmt: skip


@inlined
def _resume(s, n, cells, b, ray, way):
    """Let a lane cross the exact cells that lie ahead of its ray."""
    if way.thin + way.thick > s[THIN_STEPS + n] + s[THICK_STEPS + n]:
        put(s, n, cells, b, ray, way.walk, way.t, np.inf, 1.0)
    s[END + n] = s[EXIT + n]
    s[T + n], s[E + n], s[TAU + n], s[ERROR + n] = way.T, way.E, way.tau, way.error
    s[COUNT + n] = way.exact - crossed(s, n)
    s[STOPPABLE + n], s[CHECKED + n] = way.stoppable, way.checked
    s[VAIN + n], s[IDLE + n], s[FAILED + n] = way.vain, way.idle, way.failed
    s[READ + n], s[THIN_STEPS + n], s[THICK_STEPS + n] = way.nodes, way.thin, way.thick


@inlined
def _answer(s, n, b, way, error, answers):
    """Write what the ray of a lane has brought back in band b."""
    T_, E_, tau, neglected, visits, steps, face = answers
    r = np.int64(s[RAY + n])
    T_[r, b], E_[r, b], tau[r, b], neglected[r, b] = way.T, way.E, way.tau, error
    visits[r] += way.nodes + way.exact
    steps[r, 0] += way.exact
    steps[r, 1] += way.thin
    steps[r, 2] += way.thick
    face[r] = joined(face[r], way.face)
    s[RAY + n] = -1.0


@inlined
def _start_plainly(s, n, cells, b, ray, read):
    """March a lane's ray again without any shortcut: its bound would have been beyond the tolerance."""
    t = s[FROM + n]
    put(s, n, cells, b, ray, begin(cells, ray, t), t, np.inf, 1.0)
    shine(s, n)
    s[COUNT + n] = 0.0
    s[STOPPABLE + n], s[CHECKED + n], s[PLAIN + n], s[READ + n] = -1.0, np.inf, 1.0, read
    s[ERROR + n], s[THIN_STEPS + n], s[THICK_STEPS + n] = 0.0, 0.0, 0.0


@inlined
def _attend(s, n, cells, pyramid, walls, tolerance, answers):
    """Decide for a lane's ray: it goes on, or has ended and its answer is written."""
    b, ray = np.int64(s[BAND + n]), ray_in(s, n)
    way = _course(s, n, tolerance.low[b])
    if s[PLAIN + n] > 0.0:
        T_, E_, tau, exact = s[T + n], s[E + n], s[TAU + n], way.exact
        face = face_left(cells, way.walk)
        plain = Course(way.walk, way.t, T_, E_, tau, 0.0, 0.0, 0.0, way.start, way.far, -1.0, np.inf, 0, 0, 0,
                       way.nodes, exact, 0, 0, face)  # fmt: skip
        _answer(s, n, b, plain, 0.0, answers)
        return
    while True:
        way = decide(cells, pyramid, b, ray, walls, tolerance, way)
        if way.face >= 0 or way.slack == 0.0:
            break
        way = cross_exactly(cells, b, ray, way)
    if way.face < 0:
        _resume(s, n, cells, b, ray, way)
        return
    error, within = certain(way, b, walls, tolerance)
    if within:
        _answer(s, n, b, way, error, answers)
    else:
        _start_plainly(s, n, cells, b, ray, way.nodes + way.exact)


@inlined
def _refill(s, n, cells, origin, direction, task, bands, low, answers):
    """Put the next (ray, band) that meets the grid into a lane, and return the task after it."""
    r, b = task
    while r < origin.shape[0]:
        this, band = r, b
        b = b + 1 if b + 1 < bands else 0
        r = r + 1 if b == 0 else r
        ray = aim(origin, direction, this)
        t, t_out = enter(cells, ray)
        if not t < t_out:
            missed(this, False, answers)
            continue
        if band == 0:
            answers[4][this] = 0
            answers[5][this, :] = 0
            answers[6][this] = STOPPED
        way = set_out(cells, ray, t, t_out, low[band])
        place(s, n, cells, band, ray, way.walk, t, np.inf, 1.0)
        shine(s, n)
        s[RAY + n], s[BAND + n], s[FROM + n], s[FAR + n], s[PLAIN + n] = this, band, t, t_out, 0.0
        _resume(s, n, cells, band, ray, way)
        break
    return r, b


@inlined
def _serve(s, n, cells, pyramid, rays, task, bands, walls, tolerance, answers):
    """Attend to a standing lane until a ray moves in it, or none is left; return the task after it."""
    while True:
        if s[RAY + n] >= 0.0:
            _attend(s, n, cells, pyramid, walls, tolerance, answers)
        if s[RAY + n] >= 0.0 or task[0] >= rays[0].shape[0]:
            return task
        task = _refill(s, n, cells, *rays, task, bands, tolerance.low, answers)


@inlined
def _pause(s):
    """Let lanes stand whose rays have to decide."""
    for n in range(0, LANES, WIDTH):
        on = load(s, TIME + n) < load(s, CHECKED + n)
        stand(s, n, on & (load(s, T + n) > load(s, STOPPABLE + n)))


@kernel
def switch_together(cells, pyramid, origin, direction, walls, tolerance, never, workspace, answers):
    """Follow rays, each band of each in a lane of its own; never: a transmittance that none falls below."""
    s, g, series = workspace
    series = vectors(series)
    bands, busy = cells.record.shape[1], 0
    task = 0, 0
    for n in range(LANES):
        clear(s, n, record_bytes(cells.record))
    while True:
        for first in range(0, LANES, WIDTH):
            over, n = standing(s, first), first
            while over > 0:
                if over & 1:
                    busy -= s[RAY + n] >= 0.0
                    task = _serve(s, n, cells, pyramid, (origin, direction), task, bands, walls, tolerance,
                                  answers)  # fmt: skip
                    busy += s[RAY + n] >= 0.0
                over, n = over >> 1, n + 1
        if busy == 0:
            return
        for _ in range(PATIENCE):
            cross(s, g, cells, never, series)
            _pause(s)
