"""The certified switch: exact cells, and every shortcut that one error budget allows (docs/theory.md).

A ray carries T, an upper bound of its transmittance so far, the true one being in [T (1 - looseness), T]; E;
and `error`, which bounds what all shortcuts so far can have changed. The radiance B that is still to come is
a weighted mean of sources and walls beyond, so low <= B <= high; `rest`, a guess of B, is what it would be if
nothing changed any more (S at the last point), and looseness only matters for how far B is from it:

    |I - (E + T B)| <= error + T looseness |B - rest|                                        (10)
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .grids import (
    MISSED,
    STOPPED,
    begin,
    brick_exit,
    cell_of,
    crossings,
    enter,
    exit_at,
    face_left,
    faces_per_metre,
    inside,
    jump,
    kappa_of,
    longest_path,
    node_of,
    step,
)
from .intrinsics import fma
from .jit import inlined, kernel
from .march import Traced, cell_between, march, slope_along
from .pyramid import K_JUMP, K_MAX, K_MIN, K_SLOPE, S_BEND, S_JUMP, S_MAX, S_MIN
from .rounding import Rounding, displaced
from .stopping import ROUNDED, Stop
from .transfer import absorb

THIN_SHARE, THICK_SHARE = 0.3, 0.6
"""Shares of the tolerance that transparent bricks (in proportion to the path) and thick steps (in proportion
to what is absorbed) may spend; what is left, and whatever they do not use, is for the final stop."""
MIN_CELLS_SAVED = 8.0
"""Cells that a thick step should save before a node is looked at: it takes about as long as eight. After each
failure one more small brick is crossed before the next try, so that rough fields cost little."""
MAX_LOOK_LEVEL = 2
"""Largest level of the brick that is crossed before the next look; each look that fails raises it by one:
8, 16, 32 cells."""
MIN_DEPTH_AHEAD = 2.0
"""Mean free paths to the far end, as the current cell has it, below which no thick step is tried."""
OPAQUE_CELL_DEPTH = 12.0
"""Mean free paths to the end of the current cell from which on it is just crossed: little is left behind."""
MIN_THICK_LEVEL = np.int64(1)
"""Thick steps cross bricks of 16 cells, or larger ones that hold all the mean free paths that count."""


class Tolerance(NamedTuple):
    """|I - I_march| <= relative I + absolute, and the range of all sources and walls (n_band,).

    never: `stopping.never` of as many bands, for rays whose shortcuts turn out to be too many; rounding: how
    skipping cells rounds; summed: eps for each cell that a ray can cross (stopping.py)
    """

    relative: float
    absolute: float
    low: np.ndarray
    high: np.ndarray
    never: Stop
    rounding: Rounding
    summed: float


@kernel
def _level_for(cells, pyramid, ray, walk, t, path):
    """The lowest level, from MIN_THICK_LEVEL on, whose brick the ray leaves only after so long a path."""
    level = MIN_THICK_LEVEL
    while level + 1 < pyramid.first.size and brick_exit(cells, ray, walk, level) - t < path:
        level += 1
    return level


class ThickStep(NamedTuple):
    """A step across a smooth brick.

    level: of the brick (-1: none is smooth enough)
    error: what the step adds to the error [W m-2 sr-1]
    rest_near, rest_far: radiance that the tangent of S lets arrive at the near and at the far end
    transmittance, looseness: upper bound of the brick's transmittance, and its looseness
    """

    level: int
    error: float
    rest_near: float
    rest_far: float
    transmittance: float
    looseness: float


@kernel
def _thick_error(cells, pyramid, n, b, ray, walk, t, g):
    """Error of the tangent in a smooth brick: bound of |R - (a + g Q0 + T1 (B - rest))| (eqs. 12 to 14)."""
    k = pyramid.node[n, b, K_MIN]
    faces = crossings(cells, pyramid, ray, walk, t, k)
    bend = faces * (pyramid.node[n, b, S_JUMP] + pyramid.node[n, b, S_BEND] / k)
    per_metre = faces_per_metre(cells, pyramid, ray)
    steep = pyramid.node[n, b, K_SLOPE] + pyramid.node[n, b, K_JUMP] * per_metre
    longest = longest_path(cells, pyramid, ray)
    within = pyramid.node[n, b, K_SLOPE] * longest * longest / 8.0
    local = (within + (3.0 * pyramid.node[n, b, K_JUMP] + steep / k) / k) / k
    ranged = 1.0 / k - 1.0 / pyramid.node[n, b, K_MAX]
    return bend + abs(g) * min(local, ranged)


@inlined
def _smooth(cells, pyramid, b, ray, walk, t, depth, T, error, budget):
    """Return the thick step from here, the tangent of S across a smooth brick, and the records read.

    depth: mean free paths after which nothing counts; budget: what may be spent if all were absorbed.
    """
    none = ThickStep(-1, 0.0, 0.0, 0.0, 1.0, 0.0)
    kappa, a, _ = cell_between(cells, b, walk, ray, t, t, True)
    per_metre = faces_per_metre(cells, pyramid, ray)
    if not (kappa > 0.0 and depth * per_metre > MIN_CELLS_SAVED * kappa):
        return none, 0
    g = slope_along(cells, b, walk, ray)
    level = min(_level_for(cells, pyramid, ray, walk, t, depth / kappa), pyramid.first.size - 1)
    nodes = 0
    while True:
        path = max(brick_exit(cells, ray, walk, level) - t, 0.0)
        if path * per_metre < MIN_CELLS_SAVED:
            return none, nodes
        n = node_of(cells, pyramid, level, walk)
        nodes += 1
        kappa_min, kappa_max = pyramid.node[n, b, K_MIN], pyramid.node[n, b, K_MAX]
        if kappa_min > 0.0:
            spent = T * _thick_error(cells, pyramid, n, b, ray, walk, t, g)
            transmittance = math.exp(-kappa_min * path)
            if error + spent <= budget * (1.0 - T * transmittance):
                rest_near = a + g * absorb(kappa * path)[0] / kappa
                looseness = 1.0 - math.exp((kappa_min - kappa_max) * path)
                return ThickStep(level, spent, rest_near, a + g * path, transmittance, looseness), nodes + 1
        if level <= MIN_THICK_LEVEL:
            return none, nodes
        level = MIN_THICK_LEVEL


@inlined
def _transparent(cells, pyramid, b, walk, T, low, high, share):
    """Return (level of the largest transparent brick here, or -1; its error per metre and kappa; nodes read).

    B passes a brick but for the integral of kappa |S - B| (eq. 11).
    """
    level, density, kappa, nodes = -1, 0.0, 0.0, 0
    while level + 1 < pyramid.first.size:
        n = node_of(cells, pyramid, level + 1, walk)
        nodes += 1
        far = max(pyramid.node[n, b, S_MAX] - low, high - pyramid.node[n, b, S_MIN], 0.0)
        spent = T * pyramid.node[n, b, K_MAX] * far
        if not spent <= share:
            break
        level += 1
        density, kappa = spent, pyramid.node[n, b, K_MAX]
    return level, density, kappa, nodes


class RayState(NamedTuple):
    """How far a ray has come.

    walk, t: the current cell, and the distance from the origin [m]
    T, E, tau: transmittance (upper bound), emission [W m-2 sr-1], optical depth (nan once it is not known)
    error, looseness, rest: of equation (10)
    start, far: distances at which the ray enters and leaves the grid [m]
    stop_below: transmittance at which the ray may stop
    looked_until: distance until which bricks have been looked at [m]
    failed_looks: looks in turn that have found no shortcut
    skip, failed_tries: thick steps not to be tried, and those tried and not taken
    nodes, exact, thin, thick: nodes read, exact cells, transparent bricks, thick steps and stops
    face: where the ray has ended, or -1
    """

    walk: Any
    t: float
    T: float
    E: float
    tau: float
    error: float
    looseness: float
    rest: float
    start: float
    far: float
    stop_below: float
    looked_until: float
    failed_looks: int
    skip: int
    failed_tries: int
    nodes: int
    exact: int
    thin: int
    thick: int
    face: int


@inlined
def start_state(cells, ray, t, t_out, low):
    """Return the state of a ray that enters the grid at distance t."""
    walk = begin(cells, ray, t)
    return RayState(
        walk, t, 1.0, 0.0, 0.0, 0.0, 0.0, low, t, t_out, np.inf, -1.0, 0, 0, 0, 0, 0, 0, 0, -1
    )  # fmt: skip


@inlined
def ended_at(state, face):
    """Return the state of a ray without shortcuts that has ended at a face."""
    return RayState(state.walk, state.t, state.T, state.E, state.tau, 0.0, 0.0, 0.0, state.start, state.far,
                    -1.0, np.inf, 0, 0, 0, state.nodes, state.exact, 0, 0, face)  # fmt: skip


@inlined
def decide(cells, pyramid, b, ray, walls, tolerance, state):
    """Take all shortcuts that are allowed here, until exact cells are to be crossed or the ray has ended."""
    (walk, t, T, E, tau, error, looseness, rest, start, far, stop_below, looked_until, failed_looks, skip,
     failed_tries, nodes, exact, transparent, thick, face) = state  # fmt: skip
    low, high = tolerance.low[b], tolerance.high[b]
    span, length = high - low, far - start
    while inside(cells, walk):
        entered = t >= looked_until
        if not (entered or stop_below >= T):
            break
        uncertainty = T * looseness * max(high - rest, rest - low)
        allowed = tolerance.relative * max(E - error + T * low - uncertainty, 0.0) + tolerance.absolute
        if error + 0.5 * T * span + uncertainty <= allowed:
            E += 0.5 * T * (low + high)
            error += 0.5 * T * span + uncertainty
            T, tau, face = 0.0, np.nan, STOPPED
            thick += 1
            break
        # To stop takes 0.5 T span <= relative I + absolute, and I <= E + T high.
        per_span = 2.0 / span if span > 0.0 else np.inf
        stop_below = per_span * (tolerance.relative * (E + T * high) + tolerance.absolute)
        if not entered:
            break
        mean = kappa_of(cells, cell_of(cells, walk), b)
        if mean * (exit_at(cells, walk) - t) >= OPAQUE_CELL_DEPTH:
            break
        share = THIN_SHARE * allowed / length
        if mean * span * T <= share:
            level, density, kappa_max, read = _transparent(cells, pyramid, b, walk, T, low, high, share)
            nodes += read
            if level >= 0:
                transparent += 1
                t_next = max(t, brick_exit(cells, ray, walk, level))
                error += density * (t_next - t)
                tau = tau if kappa_max == 0.0 else np.nan
                t, walk = t_next, jump(cells, ray, walk, level, t_next)
                looked_until, failed_looks = t, 0
                continue
        if skip > 0:
            skip -= 1
        elif mean * (far - t) > MIN_DEPTH_AHEAD:
            depth = math.log(T * span / allowed) + 1.0
            smooth, read = _smooth(cells, pyramid, b, ray, walk, t, depth, T, error, THICK_SHARE * allowed)
            nodes += read
            if smooth.level >= 0:
                thick += 1
                error += smooth.error + T * looseness * abs(smooth.rest_near - rest)
                rest = smooth.rest_far
                E += T * (smooth.rest_near - smooth.transmittance * rest)
                looseness += smooth.looseness - looseness * smooth.looseness
                T *= smooth.transmittance
                tau = np.nan
                t = max(t, brick_exit(cells, ray, walk, smooth.level))
                walk = jump(cells, ray, walk, smooth.level, t)
                looked_until, failed_looks = t, 0
                continue
            failed_tries += read > 0
            skip = failed_tries if read > 0 else 0
        looked_until = brick_exit(cells, ray, walk, min(failed_looks, MAX_LOOK_LEVEL, pyramid.first.size - 1))
        failed_looks += 1
        break
    if face < 0 and not inside(cells, walk):
        face = face_left(cells, walk)
        error += T * looseness * abs(walls[face, b] - rest)
    return RayState(walk, t, T, E, tau, error, looseness, rest, start, far, stop_below, looked_until,
                    failed_looks, skip, failed_tries, nodes, exact, transparent, thick, face)  # fmt: skip


@kernel
def cross_exactly(cells, b, ray, state):
    """March exact cells until the distance that has been looked at, or until T is low enough to stop.

    No check of indices: a step out of the brick, and so out of the arrays, ends at t >= looked_until.
    """
    (walk, t, T, E, tau, error, looseness, rest, start, far, stop_below, looked_until, failed_looks, skip,
     failed_tries, nodes, exact, transparent, thick, face) = state  # fmt: skip
    while True:
        t_next = max(t, exit_at(cells, walk))
        kappa, near, end = cell_between(cells, b, walk, ray, t, t_next, True)
        d = kappa * (t_next - t)
        a, e, w = absorb(d)
        E = fma(T, fma(end - near, w, near * a), E)
        if looseness > 0.0 and d > 0.0:
            error += T * looseness * abs(near - rest + (end - near) * a / d)
            rest = end
        T *= e
        tau += d
        exact += 1
        t, walk = t_next, step(cells, ray, walk)
        if t >= looked_until or stop_below >= T:
            break
    return RayState(walk, t, T, E, tau, error, looseness, rest, start, far, stop_below, looked_until,
                    failed_looks, skip, failed_tries, nodes, exact, transparent, thick, face)  # fmt: skip


@inlined
def certify(state, b, ray, walls, tolerance):
    """Return (bound of the error, whether it is within the tolerance) of a ray that has ended.

    Without any shortcut the answer is that of the march, and the bound is 0.
    """
    if state.thin + state.thick == 0:
        return state.error, True
    value = state.E + state.T * walls[state.face, b]
    error = state.error + tolerance.summed * (ROUNDED * tolerance.high[b] + value)
    error += displaced(tolerance.rounding, b, ray, state.far - state.start)
    return error, error <= tolerance.relative * value + tolerance.absolute


@inlined
def certifiable(tolerance, b, ray, length):
    """Return whether rounding leaves shortcuts of a ray their tolerance: not where it creeps along a face."""
    least = tolerance.relative * tolerance.low[b] + tolerance.absolute
    return displaced(tolerance.rounding, b, ray, length) <= 0.5 * least


@kernel
def auto(cells, pyramid, b, ray, walls, tolerance):
    """March with shortcuts; Traced.neglected is the bound of |I - I_march|, at most the tolerance."""
    t, t_out = enter(cells, ray)
    if not t < t_out:
        return Traced(1.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, MISSED)
    read = 0
    if certifiable(tolerance, b, ray, t_out - t):
        state = start_state(cells, ray, t, t_out, tolerance.low[b])
        while True:
            state = decide(cells, pyramid, b, ray, walls, tolerance, state)
            if state.face >= 0:
                break
            state = cross_exactly(cells, b, ray, state)
        error, within = certify(state, b, ray, walls, tolerance)
        read = state.nodes + state.exact
        if within:
            return Traced(
                state.T, state.E, state.tau, error, read, state.exact, state.thin, state.thick, state.face
            )
    one = march(cells, b, ray, True, tolerance.never, np.inf)  # never a bound beyond the tolerance
    read += one.visits
    return Traced(one.transmittance, one.emission, one.optical_depth, 0.0, read, one.exact, 0, 0, one.face)
