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

from .cartesian import (
    ENDLESS,
    MISSED,
    Walk,
    begin,
    cell_of,
    enter,
    exit_at,
    face_left,
    inside,
    leave,
    run_into,
    search,
    step,
)
from .intrinsics import fma
from .jit import inlined, kernel
from .march import Traced, cell_between, march, slope_along
from .pyramid import (
    BASE,
    K_JUMP,
    K_MAX,
    K_MIN,
    K_SLOPE,
    S_BEND,
    S_JUMP,
    S_MAX,
    S_MIN,
    node_of,
)
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
def _exit_brick(faces, i, level, o, d, inverse):
    """Distance at which the ray leaves, along one axis, the brick that holds index i."""
    if d == 0.0:
        return np.inf
    s = BASE + level
    first = (i >> s) << s
    last = min(first + (1 << s), faces.size - 1)
    return min((faces[last if d > 0.0 else first] - o) * inverse, ENDLESS)


@kernel
def brick_exit(cells, ray, walk, level):
    """Distance at which the ray leaves the brick of a level that holds its cell."""
    return min(
        _exit_brick(cells.x, walk.i, level, ray.x, ray.u, ray.iu),
        _exit_brick(cells.y, walk.j, level, ray.y, ray.v, ray.iv),
        _exit_brick(cells.z, walk.k, level, ray.z, ray.w, ray.iw),
    )


@kernel
def _land(faces, i, level, t, o, d, inverse):
    """Index along one axis after the ray has left the brick of a level at distance t."""
    s = BASE + level
    first = (i >> s) << s
    last = min(first + (1 << s), faces.size - 1)
    if _exit_brick(faces, i, level, o, d, inverse) <= t:
        return last if d > 0.0 else first - 1
    p = o + t * d
    return run_into(faces, first, search(faces, first, last, p), p, d)


@kernel
def jump(cells, ray, walk, level, t):
    """Return the walk just behind the brick of a level, which the ray leaves at distance t."""
    i = _land(cells.x, walk.i, level, t, ray.x, ray.u, ray.iu)
    j = _land(cells.y, walk.j, level, t, ray.y, ray.v, ray.iv)
    k = _land(cells.z, walk.k, level, t, ray.z, ray.w, ray.iw)
    return Walk(
        i,
        j,
        k,
        leave(cells.x, i, ray.x, ray.u, ray.iu),
        leave(cells.y, j, ray.y, ray.v, ray.iv),
        leave(cells.z, k, ray.z, ray.w, ray.iw),
    )


@kernel
def _crossings(d, width, first, k):
    """Bound of the sum over faces of exp(-k s), width/|d| apart or more, the first at `first` (eq. 13)."""
    if d == 0.0 or not width < np.inf:
        return 0.0
    return (1.0 + abs(d) / (k * width)) / (1.0 + k * max(first, 0.0))


@kernel
def _per_metre(d, width):
    """Most faces of one axis crossed in a metre."""
    return abs(d) / width if width < np.inf else 0.0


@kernel
def _faces_per_metre(pyramid, ray):
    """Most faces crossed in a metre."""
    return (
        _per_metre(ray.u, pyramid.least[0])
        + _per_metre(ray.v, pyramid.least[1])
        + _per_metre(ray.w, pyramid.least[2])
    )


@kernel
def _longest(d, width):
    """Longest way through a cell as one axis allows it."""
    return width / abs(d) if d != 0.0 else np.inf


@kernel
def _thick_error(pyramid, n, b, ray, walk, t, g):
    """Error of the tangent in a smooth brick: bound of |R - (a + g Q0 + T1 (B - mark))| (eqs. 12 to 14)."""
    k = pyramid.node[n, b, K_MIN]
    faces = (
        _crossings(ray.u, pyramid.least[0], walk.tx - t, k)
        + _crossings(ray.v, pyramid.least[1], walk.ty - t, k)
        + _crossings(ray.w, pyramid.least[2], walk.tz - t, k)
    )
    bend = faces * (pyramid.node[n, b, S_JUMP] + pyramid.node[n, b, S_BEND] / k)
    steep = pyramid.node[n, b, K_SLOPE] + pyramid.node[n, b, K_JUMP] * _faces_per_metre(pyramid, ray)
    longest = min(
        _longest(ray.u, pyramid.most[0]), _longest(ray.v, pyramid.most[1]), _longest(ray.w, pyramid.most[2])
    )
    within = pyramid.node[n, b, K_SLOPE] * longest * longest / 8.0
    local = (within + (3.0 * pyramid.node[n, b, K_JUMP] + steep / k) / k) / k
    ranged = 1.0 / k - 1.0 / pyramid.node[n, b, K_MAX]
    return bend + abs(g) * min(local, ranged)


@kernel
def _level_for(cells, pyramid, ray, walk, t, path):
    """The least level, from SMOOTH_LEVEL on, whose brick the ray leaves only after so long a path."""
    level = SMOOTH_LEVEL
    while level + 1 < pyramid.first.size and brick_exit(cells, ray, walk, level) - t < path:
        level += 1
    return level


class Stretch(NamedTuple):
    """A thick step: level of its brick (-1: none is smooth enough), the error it adds, the source that shows
    at its near and at its far end, the transmittance (upper bound, and how loose it is), optical depth."""

    level: int
    error: float
    ahead: float
    mark: float
    passed: float
    loose: float
    tau: float


@inlined
def _smooth(cells, pyramid, b, ray, walk, t, need, T, error, budget):
    """Return the thick step from here, the tangent of S across a smooth brick, and the records read.

    need: mean free paths after which nothing counts; budget: what may be spent if all light were absorbed.
    """
    none = Stretch(-1, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    kappa, a, _ = cell_between(cells, b, walk, ray, t, t, True)
    per_metre = _faces_per_metre(pyramid, ray)
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
            spent = T * _thick_error(pyramid, n, b, ray, walk, t, g)
            passed = math.exp(-least * path)
            if error + spent <= budget * (1.0 - T * passed):
                ahead = a + g * absorb(kappa * path)[0] / kappa
                loose = 1.0 - math.exp((least - most) * path)
                return Stretch(level, spent, ahead, a + g * path, passed, loose, least * path), nodes + 1
        if level <= SMOOTH_LEVEL:
            return none, nodes
        level = SMOOTH_LEVEL


@inlined
def _transparent(pyramid, b, walk, T, low, high, share):
    """Return (level of the largest transparent brick here, or -1; its error per metre; nodes read).

    B passes a brick but for the integral of kappa |S - B| (eq. 11).
    """
    level, density, nodes = -1, 0.0, 0
    while level + 1 < pyramid.first.size:
        n = node_of(pyramid, level + 1, walk.i, walk.j, walk.k)
        nodes += 1
        far = max(pyramid.node[n, b, S_MAX] - low, high - pyramid.node[n, b, S_MIN], 0.0)
        spent = T * pyramid.node[n, b, K_MAX] * far
        if not spent <= share:
            break
        level += 1
        density = spent
    return level, density, nodes


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
            T, face = 0.0, MISSED
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
            level, density, read = _transparent(pyramid, b, walk, T, low, high, share)
            nodes += read
            if level >= 0:
                transparent += 1
                t_next = max(t, brick_exit(cells, ray, walk, level))
                error += density * (t_next - t)
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
                tau += way.tau
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
