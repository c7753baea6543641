"""The certified switch with exact cells in lockstep: decisions are those of `auto.decide`, ray by ray.

A lane crosses exact cells until its ray has to decide again; while all lanes do, so do most of their rays. A
ray whose transmittance is only bounded (behind a thick step) finishes alone.
"""

from __future__ import annotations

import numpy as np

from . import rows
from .auto import RayState, certifiable, certify, cross_exactly, decide, ended_at, start_state
from .grids import STOPPED, begin, common_face, enter, face_left, ray_of
from .intrinsics import load, record_bytes
from .jit import inlined, kernel, merged
from .lanes import cross, crossed, halt, halted, vectors
from .lockstep import write_missed
from .placing import clear, lane_ray, lane_walk, place, relocate, reset
from .rows import LANES
from .vector import WIDTH

STEPS_BETWEEN_DECISIONS = 2
"""Steps between two looks for lanes whose rays have to decide."""


@inlined
def _state_of(s, n, low):
    """The state of the ray in a lane."""
    return RayState(
        lane_walk(s, n), s[rows.DISTANCE + n],
        s[rows.T + n], s[rows.E + n], s[rows.TAU + n], s[rows.ERROR + n], 0.0, low,
        s[rows.START + n], s[rows.FAR_END + n], s[rows.STOP_BELOW + n], s[rows.LOOKED_UNTIL + n],
        np.int64(s[rows.FAILED_LOOKS + n]), np.int64(s[rows.SKIP + n]), np.int64(s[rows.FAILED_TRIES + n]),
        np.int64(s[rows.NODES + n]), np.int64(s[rows.COUNT + n] + crossed(s, n)),
        np.int64(s[rows.THIN_STEPS + n]), np.int64(s[rows.THICK_STEPS + n]), -1,
    )  # fmt: skip


@inlined
def _resume(s, n, cells, b, ray, state):
    """Let a lane cross the exact cells that lie ahead of its ray."""
    if state.thin + state.thick > s[rows.THIN_STEPS + n] + s[rows.THICK_STEPS + n]:
        relocate(s, n, cells, b, ray, state.walk, state.t, np.inf, 1.0)
    s[rows.END + n] = s[rows.EXIT + n]
    s[rows.T + n], s[rows.E + n] = state.T, state.E
    s[rows.TAU + n], s[rows.ERROR + n] = state.tau, state.error
    s[rows.COUNT + n] = state.exact - crossed(s, n)
    s[rows.STOP_BELOW + n], s[rows.LOOKED_UNTIL + n] = state.stop_below, state.looked_until
    s[rows.FAILED_LOOKS + n], s[rows.SKIP + n] = state.failed_looks, state.skip
    s[rows.FAILED_TRIES + n] = state.failed_tries
    s[rows.NODES + n], s[rows.THIN_STEPS + n], s[rows.THICK_STEPS + n] = state.nodes, state.thin, state.thick


@inlined
def _write_answer(s, n, b, state, error, answers):
    """Write the answer of the ray in a lane for band b."""
    T, E, tau, neglected, visits, steps, face = answers
    r = np.int64(s[rows.RAY + n])
    T[r, b], E[r, b], tau[r, b], neglected[r, b] = state.T, state.E, state.tau, error
    visits[r] += state.nodes + state.exact
    steps[r, 0] += state.exact
    steps[r, 1] += state.thin
    steps[r, 2] += state.thick
    face[r] = common_face(face[r], state.face)
    s[rows.RAY + n] = -1.0


@inlined
def _start_plainly(s, n, cells, b, ray, read):
    """March the ray of a lane again without any shortcut: its bound would exceed the tolerance."""
    t = s[rows.START + n]
    relocate(s, n, cells, b, ray, begin(cells, ray, t), t, np.inf, 1.0)
    reset(s, n)
    s[rows.COUNT + n] = 0.0
    s[rows.STOP_BELOW + n], s[rows.LOOKED_UNTIL + n] = -1.0, np.inf
    s[rows.PLAIN + n], s[rows.NODES + n] = 1.0, read
    s[rows.ERROR + n], s[rows.THIN_STEPS + n], s[rows.THICK_STEPS + n] = 0.0, 0.0, 0.0


@merged
def _attend(s, n, cells, pyramid, walls, tolerance, answers):
    """Decide for the ray of a lane: it goes on, or has ended and its answer is written."""
    b, ray = np.int64(s[rows.BAND + n]), lane_ray(s, n)
    state = _state_of(s, n, tolerance.low[b])
    if s[rows.PLAIN + n] > 0.0 and s[rows.DISTANCE + n] < s[rows.EXIT + n]:
        return  # it is on its way
    if s[rows.PLAIN + n] > 0.0:
        plain = ended_at(state, face_left(cells, state.walk))
        _write_answer(s, n, b, plain, 0.0, answers)
        return
    while True:
        state = decide(cells, pyramid, b, ray, walls, tolerance, state)
        if state.face >= 0 or state.looseness == 0.0:
            break
        state = cross_exactly(cells, b, ray, state)
    if state.face < 0:
        _resume(s, n, cells, b, ray, state)
        return
    error, within = certify(state, b, ray, walls, tolerance)
    if within:
        _write_answer(s, n, b, state, error, answers)
    else:
        _start_plainly(s, n, cells, b, ray, state.nodes + state.exact)


@merged
def _refill(s, n, cells, rays, following, bands, tolerance, answers):
    """Put the next (ray, band) that meets the grid into a lane, and return the pair after it."""
    origin, direction = rays
    r, b = following
    while r < origin.shape[0]:
        this, band = r, b
        b = b + 1 if b + 1 < bands else 0
        r = r + 1 if b == 0 else r
        ray = ray_of(origin, direction, this)
        t, t_out = enter(cells, ray)
        if not t < t_out:
            write_missed(this, np.bool_(False), answers)
            continue
        if band == 0:
            answers.visits[this] = 0
            answers.steps[this, :] = 0
            answers.face[this] = STOPPED
        state = start_state(cells, ray, t, t_out, tolerance.low[band])
        place(s, n, cells, band, ray, state.walk, t, np.inf, 1.0)
        reset(s, n)
        s[rows.RAY + n], s[rows.BAND + n], s[rows.PLAIN + n] = this, band, 0.0
        s[rows.START + n], s[rows.FAR_END + n] = t, t_out
        if certifiable(tolerance, band, ray, t_out - t):
            _resume(s, n, cells, band, ray, state)
        else:
            _start_plainly(s, n, cells, band, ray, np.int64(0))
        break
    return r, b


@merged
def _serve(s, n, cells, pyramid, rays, following, bands, walls, tolerance, answers):
    """Attend to a halted lane until a ray moves in it, or none is left; return the pair after it."""
    while True:
        if s[rows.RAY + n] >= 0.0:
            _attend(s, n, cells, pyramid, walls, tolerance, answers)
        if s[rows.RAY + n] >= 0.0 or following[0] >= rays[0].shape[0]:
            return following
        following = _refill(s, n, cells, rays, following, bands, tolerance, answers)


@inlined
def _pause(s):
    """Halt lanes whose rays have to decide."""
    for n in range(0, LANES, WIDTH):
        on = load(s, rows.DISTANCE + n) < load(s, rows.LOOKED_UNTIL + n)
        halt(s, n, on & (load(s, rows.T + n) > load(s, rows.STOP_BELOW + n)))


@kernel
def switch_together(cells, pyramid, origin, direction, walls, tolerance, never, workspace, answers):
    """Follow rays, each band of each in a lane of its own. never: stopping.never of one band."""
    s, built, series = workspace
    series = vectors(series)
    bands, busy = cells.record.shape[1], 0
    following = np.int64(0), np.int64(0)
    for n in range(LANES):
        clear(s, n, record_bytes(cells.record))
    while True:
        for first in range(0, LANES, WIDTH):
            over, n = halted(s, first), first
            while over > 0:
                if over & 1:
                    busy -= s[rows.RAY + n] >= 0.0
                    following = _serve(
                        s, n, cells, pyramid, (origin, direction), following, bands, walls, tolerance, answers
                    )
                    busy += s[rows.RAY + n] >= 0.0
                over, n = over >> 1, n + 1
        if busy == 0:
            return
        for _ in range(STEPS_BETWEEN_DECISIONS):
            cross(s, built, cells, never, series)
            _pause(s)
