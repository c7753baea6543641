"""The certified switch: exact cells, and every shortcut that one error budget allows (docs/theory.md).

A ray carries T, an upper bound of the transmittance so far, with the true one in [T (1 - slack), T]; E; and
`error`, which bounds what all shortcuts so far can have changed. The radiance B that is still to come is a
weighted mean of sources and walls beyond, so low <= B <= high; `mark` is what B would be if nothing changed
any more (S at the last point), and slack only matters for how far B is from it:

    |I - (E + T B)| <= error + T slack |B - mark|                                        (10)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .bricks import brick_exit, faces_per_metre, jump, thick_error
from .cartesian import MISSED, STOPPED, Walk, begin, cell_of, enter, exit_at, face_left, inside, step
from .intrinsics import fma
from .jit import inlined, kernel
from .march import Traced, cell_between, march, slope_along
from .pyramid import K_MAX, K_MIN, S_MAX, S_MIN, node_of
from .reconstruct import kappa_of
from .transfer import absorb

THIN_SHARE, THICK_SHARE = 0.3, 0.6
"""Shares of the tolerance that transparent bricks (in proportion to the path) and thick steps (in proportion
to the light absorbed) may spend; what is left, and whatever they do not use, is for the final stop."""
WORTH = 8.0
"""Cells that a thick step should save before a node is looked at: it takes about as long as eight. After each
failure one more small brick is crossed before the next try, so that rough fields cost little."""
PATIENCE = 2
"""Levels by which looking in vain widens the brick that is crossed before the next look: 8, 16, 32 cells."""
DEEP = 2.0
"""Mean free paths to the far end, as the current cell has it, below which no thick step is tried."""
OPAQUE = 12.0
"""Mean free paths to the end of the current cell from which on it is just crossed: little is left behind."""
SMOOTH_LEVEL = 1
"""Thick steps cross bricks of 16 cells, or larger ones that hold all the mean free paths that count."""
ROUNDING = 2e-13
"""Rounding allowance of rays that took a shortcut, of the greatest source: part of their error."""


class Tolerance(NamedTuple):
    """|I - I_march| <= relative I + absolute, and the range of all sources and walls (n_band,)."""

    relative: float
    absolute: float
    low: np.ndarray
    high: np.ndarray


@kernel
def _level_for(cells, pyramid, ray, walk, t, path):
    """The least level, from SMOOTH_LEVEL on, whose brick the ray leaves only after so long a path."""
    level = SMOOTH_LEVEL
    while level + 1 < pyramid.first.size and brick_exit(cells, ray, walk, level) - t < path:
        level += 1
    return level


class Stretch(NamedTuple):
    """A thick step: level of its brick (-1: none is smooth enough), the error it adds, the source that shows
    at its near and at its far end, the transmittance (upper bound, and how loose it is)."""

    level: int
    error: float
    ahead: float
    mark: float
    passed: float
    loose: float


@inlined
def _smooth(cells, pyramid, b, ray, walk, t, need, T, error, budget):
    """Return the thick step from here, the tangent of S across a smooth brick, and the records read.

    need: mean free paths after which nothing counts; budget: what may be spent if all light were absorbed.
    """
    none = Stretch(-1, 0.0, 0.0, 0.0, 1.0, 0.0)
    kappa, a, _ = cell_between(cells, b, walk, ray, t, t, True)
    per_metre = faces_per_metre(pyramid, ray)
    if not (kappa > 0.0 and need * per_metre > WORTH * kappa):
        return none, 0
    g = slope_along(cells, b, walk, ray)
    level = min(_level_for(cells, pyramid, ray, walk, t, need / kappa), pyramid.first.size - 1)
    nodes = 0
    while True:
        path = max(brick_exit(cells, ray, walk, level) - t, 0.0)
        if path * per_metre < WORTH:
            return none, nodes
        n = node_of(pyramid, level, walk.i, walk.j, walk.k)
        nodes += 1
        least, most = pyramid.node[n, b, K_MIN], pyramid.node[n, b, K_MAX]
        if least > 0.0:
            spent = T * thick_error(pyramid, n, b, ray, walk, t, g)
            passed = math.exp(-least * path)
            if error + spent <= budget * (1.0 - T * passed):
                ahead = a + g * absorb(kappa * path)[0] / kappa
                loose = 1.0 - math.exp((least - most) * path)
                return Stretch(level, spent, ahead, a + g * path, passed, loose), nodes + 1
        if level <= SMOOTH_LEVEL:
            return none, nodes
        level = SMOOTH_LEVEL


@inlined
def _transparent(pyramid, b, walk, T, low, high, share):
    """Return (level of the largest transparent brick here, or -1; its error per metre and kappa; nodes read).

    B passes a brick but for the integral of kappa |S - B| (eq. 11).
    """
    level, density, kappa, nodes = -1, 0.0, 0.0, 0
    while level + 1 < pyramid.first.size:
        n = node_of(pyramid, level + 1, walk.i, walk.j, walk.k)
        nodes += 1
        far = max(pyramid.node[n, b, S_MAX] - low, high - pyramid.node[n, b, S_MIN], 0.0)
        spent = T * pyramid.node[n, b, K_MAX] * far
        if not spent <= share:
            break
        level += 1
        density, kappa = spent, pyramid.node[n, b, K_MAX]
    return level, density, kappa, nodes


class Course(NamedTuple):
    """How far a ray has come: where it is (walk, t), what it carries (T, E, tau, error, slack, mark), how far
    it goes (from, far), what it has looked at: T at which it may stop, distance until which bricks have been
    looked at, how often in vain, looks to skip, failures; nodes read, exact cells, thin and thick steps; face
    where it has ended, or -1."""

    walk: Walk
    t: float
    T: float
    E: float
    tau: float
    error: float
    slack: float
    mark: float
    start: float
    far: float
    stoppable: float
    checked: float
    vain: int
    idle: int
    failed: int
    nodes: int
    exact: int
    thin: int
    thick: int
    face: int


@inlined
def set_out(cells, ray, t, t_out, low):
    """Return the course of a ray that enters the grid at distance t."""
    walk = begin(cells, ray, t)
    return Course(
        walk, t, 1.0, 0.0, 0.0, 0.0, 0.0, low, t, t_out, np.inf, -1.0, 0, 0, 0, 0, 0, 0, 0, -1
    )  # fmt: skip


@inlined
def decide(cells, pyramid, b, ray, walls, tolerance, course):
    """Take all shortcuts that are allowed here, until exact cells are to be crossed or the ray has ended."""
    (walk, t, T, E, tau, error, slack, mark, start, far, stoppable, checked, vain, idle, failed, nodes, exact,
     transparent, thick, face) = course  # fmt: skip
    low, high = tolerance.low[b], tolerance.high[b]
    span, length = high - low, far - start
    while inside(cells, walk):
        entered = t >= checked
        if not (entered or stoppable >= T):
            break
        doubt = T * slack * max(high - mark, mark - low)
        allowed = tolerance.relative * max(E - error + T * low - doubt, 0.0) + tolerance.absolute
        if error + 0.5 * T * span + doubt <= allowed:
            E += 0.5 * T * (low + high)
            error += 0.5 * T * span + doubt
            T, tau, face = 0.0, np.nan, STOPPED
            thick += 1
            break
        # To stop takes 0.5 T span <= relative I + absolute, and I <= E + T high.
        per_span = 2.0 / span if span > 0.0 else np.inf
        stoppable = per_span * (tolerance.relative * (E + T * high) + tolerance.absolute)
        if not entered:
            break
        mean = kappa_of(cells, cell_of(cells, walk), b)
        if mean * (exit_at(walk) - t) >= OPAQUE:
            break
        share = THIN_SHARE * allowed / length
        if mean * span * T <= share:
            level, density, most, read = _transparent(pyramid, b, walk, T, low, high, share)
            nodes += read
            if level >= 0:
                transparent += 1
                t_next = max(t, brick_exit(cells, ray, walk, level))
                error += density * (t_next - t)
                tau = tau if most == 0.0 else np.nan
                t, walk = t_next, jump(cells, ray, walk, level, t_next)
                checked, vain = t, 0
                continue
        if idle > 0:
            idle -= 1
        elif mean * (far - t) > DEEP:
            need = math.log(T * span / allowed) + 1.0
            way, read = _smooth(cells, pyramid, b, ray, walk, t, need, T, error, THICK_SHARE * allowed)
            nodes += read
            if way.level >= 0:
                thick += 1
                error += way.error + T * slack * abs(way.ahead - mark)
                mark = way.mark
                E += T * (way.ahead - way.passed * mark)
                slack += way.loose - slack * way.loose
                T *= way.passed
                tau = np.nan
                t = max(t, brick_exit(cells, ray, walk, way.level))
                walk = jump(cells, ray, walk, way.level, t)
                checked, vain = t, 0
                continue
            failed += read > 0
            idle = failed if read > 0 else 0
        checked = brick_exit(cells, ray, walk, min(vain, PATIENCE, pyramid.first.size - 1))
        vain += 1
        break
    if face < 0 and not inside(cells, walk):
        face = face_left(cells, walk)
        error += T * slack * abs(walls[face, b] - mark)
    return Course(walk, t, T, E, tau, error, slack, mark, start, far, stoppable, checked, vain, idle, failed,
                  nodes, exact, transparent, thick, face)  # fmt: skip


@kernel
def cross_exactly(cells, b, ray, course):
    """March exact cells until the distance that has been looked at, or until T allows to think of stopping.

    No check of indices: a step out of the brick, and so out of the arrays, ends at t >= checked.
    """
    (walk, t, T, E, tau, error, slack, mark, start, far, stoppable, checked, vain, idle, failed, nodes, exact,
     transparent, thick, face) = course  # fmt: skip
    while True:
        t_next = max(t, exit_at(walk))
        kappa, near, end = cell_between(cells, b, walk, ray, t, t_next, True)
        d = kappa * (t_next - t)
        a, e, w = absorb(d)
        E = fma(T, fma(end - near, w, near * a), E)
        if slack > 0.0 and d > 0.0:
            error += T * slack * abs(near - mark + (end - near) * a / d)
            mark = end
        T *= e
        tau += d
        exact += 1
        t, walk = t_next, step(cells, ray, walk)
        if t >= checked or stoppable >= T:
            break
    return Course(walk, t, T, E, tau, error, slack, mark, start, far, stoppable, checked, vain, idle, failed,
                  nodes, exact, transparent, thick, face)  # fmt: skip


@inlined
def certain(course, b, walls, tolerance):
    """Return (bound of the error, whether it is within the tolerance) of a ray that has ended.

    Without any shortcut the light is that of the march, and the bound is 0.
    """
    if course.thin + course.thick == 0:
        return course.error, True
    error = course.error + ROUNDING * tolerance.high[b]
    value = course.E + course.T * walls[course.face, b]
    return error, error <= tolerance.relative * value + tolerance.absolute


@kernel
def auto(cells, pyramid, b, ray, walls, tolerance):
    """March with shortcuts; Traced.neglected is the bound of |I - I_march|, at most the tolerance."""
    t, t_out = enter(cells, ray)
    if not t < t_out:
        return Traced(1.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, MISSED)
    way = set_out(cells, ray, t, t_out, tolerance.low[b])
    while True:
        way = decide(cells, pyramid, b, ray, walls, tolerance, way)
        if way.face >= 0:
            break
        way = cross_exactly(cells, b, ray, way)
    error, within = certain(way, b, walls, tolerance)
    read = way.nodes + way.exact
    if within:
        return Traced(way.T, way.E, way.tau, error, read, way.exact, way.thin, way.thick, way.face)
    one = march(cells, b, ray, True, -1.0, tolerance.high[b], np.inf)  # never a bound beyond the tolerance
    read += one.visits
    return Traced(one.transmittance, one.emission, one.optical_depth, 0.0, read, one.exact, 0, 0, one.face)
