"""Another grid: layers between tilted planes. It brings its verbs; march, switch and series take it as it is."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from typing import NamedTuple

import numba
import numpy as np
import pytest

from raytrace_rte.kernels import grids
from raytrace_rte.kernels.auto import Tolerance, auto
from raytrace_rte.kernels.grids import implements, ray_of
from raytrace_rte.kernels.jit import kernel
from raytrace_rte.kernels.march import march
from raytrace_rte.kernels.pyramid import K_JUMP, K_MAX, K_MIN, K_SLOPE, S_BEND, S_JUMP, S_MAX, S_MIN, Pyramid
from raytrace_rte.kernels.rounding import Rounding
from raytrace_rte.kernels.series import thick
from raytrace_rte.kernels.stencil import SUM, WORK
from raytrace_rte.kernels.stopping import never
from raytrace_rte.kernels.trace import empty_answers, write

SIDE = 3
"""log2 of the layers in the smallest brick."""


class Layers(NamedTuple):
    """Layers between planes across a unit normal (3,): positions of planes (n + 1,) and of middles (n,) [m].

    record (n, n_band, 8): kappa, its gradient, S and its gradient, which both point along the normal.
    """

    normal: np.ndarray
    planes: np.ndarray
    middle: np.ndarray
    record: np.ndarray


class Place(NamedTuple):
    """The current layer, and the distance at which the ray leaves it [m]."""

    i: int
    exit: float


@kernel
def along(cells, ray):
    """Position of the ray's origin along the normal, and how fast it goes."""
    a, b, c = cells.normal[0], cells.normal[1], cells.normal[2]
    return a * ray.x + b * ray.y + c * ray.z, a * ray.u + b * ray.v + c * ray.w


@kernel
def place(cells, ray, i):
    """The place of a ray in layer i, which may lie outside."""
    if i < 0 or i >= cells.middle.size:
        return Place(i, np.inf)
    o, d = along(cells, ray)
    return Place(i, (cells.planes[i + (d > 0.0)] - o) / d)


@implements(grids.enter, Layers)
def enter(cells, ray):
    o, d = along(cells, ray)
    a, b = (cells.planes[0] - o) / d, (cells.planes[cells.planes.size - 1] - o) / d
    return max(min(a, b), 0.0), max(a, b)


@implements(grids.begin, Layers)
def begin(cells, ray, t):
    o, d = along(cells, ray)
    i = 0
    while i + 1 < cells.middle.size and cells.planes[i + 1] <= o + t * d:
        i += 1
    return place(cells, ray, i)


@implements(grids.exit_at, Layers)
def exit_at(cells, walk):
    return walk.exit


@implements(grids.step, Layers)
def step(cells, ray, walk):
    return place(cells, ray, walk.i + 1 if along(cells, ray)[1] > 0.0 else walk.i - 1)


@implements(grids.inside, Layers)
def inside(cells, walk):
    return 0 <= walk.i < cells.middle.size


@implements(grids.cell_of, Layers)
def cell_of(cells, walk):
    return walk.i


@implements(grids.face_left, Layers)
def face_left(cells, walk):
    return 0 if walk.i < 0 else 1


@implements(grids.record_of, Layers)
def record_of(cells, c, b):
    r = cells.record
    return r[c, b, 0], r[c, b, 1], r[c, b, 2], r[c, b, 3], r[c, b, 4], r[c, b, 5], r[c, b, 6], r[c, b, 7]


@implements(grids.kappa_of, Layers)
def kappa_of(cells, c, b):
    return cells.record[c, b, 0]


@implements(grids.offset, Layers)
def offset(cells, ray, walk, t):
    m, n = cells.middle[walk.i], cells.normal
    return ray.x + t * ray.u - m * n[0], ray.y + t * ray.v - m * n[1], ray.z + t * ray.w - m * n[2]


@implements(grids.smooth_taylor, Layers)
def smooth_taylor(cells, b, walk, ray, t, work):
    work[SUM] = 0.0  # these layers know no more than the linear cell


@implements(grids.brick_exit, Layers)
def brick_exit(cells, ray, walk, level):
    o, d = along(cells, ray)
    first = walk.i >> (SIDE + level) << (SIDE + level)
    last = min(first + (1 << (SIDE + level)), cells.middle.size)
    return (cells.planes[last if d > 0.0 else first] - o) / d


@implements(grids.jump, Layers)
def jump(cells, ray, walk, level, t):
    first = walk.i >> (SIDE + level) << (SIDE + level)
    last = min(first + (1 << (SIDE + level)), cells.middle.size)
    return place(cells, ray, last if along(cells, ray)[1] > 0.0 else first - 1)


@implements(grids.node_of, Layers)
def node_of(cells, pyramid, level, walk):
    return pyramid.first[level] + (walk.i >> (SIDE + level))


@implements(grids.faces_per_metre, Layers)
def faces_per_metre(cells, pyramid, ray):
    return abs(along(cells, ray)[1]) / pyramid.width_min[0]


@implements(grids.crossings, Layers)
def crossings(cells, pyramid, ray, walk, t, k):
    rate = abs(along(cells, ray)[1]) / pyramid.width_min[0]
    return (1.0 + rate / k) / (1.0 + k * max(walk.exit - t, 0.0))


@implements(grids.longest_path, Layers)
def longest_path(cells, pyramid, ray):
    return pyramid.width_max[0] / abs(along(cells, ray)[1])


def layers(planes, kappa, source):
    """Layers with kappa and S (n,) at their middles, linear with the slopes of their neighbours."""
    planes = np.asarray(planes, float)
    normal = np.array([2.0, -1.0, 2.0]) / 3.0
    middle = 0.5 * (planes[1:] + planes[:-1])
    record = np.zeros((middle.size, 1, 8))
    for column, field in ((0, kappa), (4, source)):
        record[:, 0, column] = field
        steepest = 2.0 * field / np.diff(planes)  # both stay >= 0
        slope = np.clip(np.gradient(field, middle), -steepest, steepest)
        record[:, 0, column + 1 : column + 4] = slope[:, None] * normal
    return Layers(normal, planes, middle, record)


def ends_of(cells, column):
    """Field and slope (n,) along the normal, and the field at both ends of each layer."""
    field, slope = cells.record[:, 0, column], cells.record[:, 0, column + 1 : column + 4] @ cells.normal
    rise = 0.5 * np.diff(cells.planes) * slope
    return field, slope, field - rise, field + rise


def bounds(cells):
    """The pyramid over layers: bricks of 8, 16, ... of them."""
    width = np.diff(cells.planes)
    nodes, first = [], [0]
    side = 1 << SIDE
    while True:
        for a in range(0, cells.middle.size, side):
            here, node = slice(a, a + side), np.zeros(8)
            after = slice(a, min(a + side, cells.middle.size - 1))
            for column, low, high in ((0, K_MIN, K_MAX), (4, S_MIN, S_MAX)):
                _, _, below, above = (v[here] for v in ends_of(cells, column))
                node[low] = max(min(below.min(), above.min()), 0.0)
                node[high] = max(below.max(), above.max())
            for column, greatest in ((0, K_JUMP), (4, S_JUMP)):
                _, _, below, above = ends_of(cells, column)
                node[greatest] = np.abs(below[1:] - above[:-1])[after].max(initial=0.0)
            node[K_SLOPE] = np.abs(ends_of(cells, 0)[1][here]).max()
            node[S_BEND] = np.abs(np.diff(ends_of(cells, 4)[1]))[after].max(initial=0.0)
            nodes.append(node)
        if side >= cells.middle.size:
            break
        first.append(len(nodes))
        side *= 2
    widths = np.full(3, width.min()), np.full(3, width.max())
    return Pyramid(np.array(nodes)[:, None], np.array(first), np.zeros((len(first), 3), np.int64), *widths)


def naive(cells, origin, direction):
    """(T, E) of one ray, segment by segment."""
    o, d = cells.normal @ origin, cells.normal @ direction
    kappa, slope, _, _ = ends_of(cells, 0)
    source, rise, _, _ = ends_of(cells, 4)
    T, E = 1.0, 0.0
    order = range(cells.middle.size) if d > 0 else range(cells.middle.size - 1, -1, -1)
    for i in order:
        near, far = cells.planes[i : i + 2] if d > 0 else cells.planes[i + 1 : None if i == 0 else i - 1 : -1]
        t, t_next = max((near - o) / d, 0.0), (far - o) / d
        if t_next <= t:
            continue
        at = [o + d * s - cells.middle[i] for s in (t, 0.5 * (t + t_next), t_next)]
        tau = (kappa[i] + slope[i] * at[1]) * (t_next - t)
        start, end = source[i] + rise[i] * at[0], source[i] + rise[i] * at[2]
        e = math.exp(-tau)
        w = (1.0 - e) / tau - e if tau > 1e-6 else tau / 2
        E += T * (start * (1.0 - e) + (end - start) * w)
        T *= e
    return T, E


@numba.njit(error_model="numpy")
def march_rays(cells, origin, direction, stop, answers):
    for r in range(origin.shape[0]):
        write(answers, r, 0, march(cells, 0, ray_of(origin, direction, r), True, stop, np.inf))


@numba.njit(error_model="numpy")
def auto_rays(cells, pyramid, origin, direction, walls, tolerance, answers):
    for r in range(origin.shape[0]):
        write(answers, r, 0, auto(cells, pyramid, 0, ray_of(origin, direction, r), walls, tolerance))


@numba.njit(error_model="numpy")
def thick_rays(cells, origin, direction, terms, work, answers):
    for r in range(origin.shape[0]):
        write(answers, r, 0, thick(cells, 0, ray_of(origin, direction, r), terms, work))


def rays(rng, count):
    """Rays from before, behind and within the layers."""
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    direction = direction[np.abs(direction @ (np.array([2.0, -1.0, 2.0]) / 3.0)) > 0.05]
    inside = rng.random((len(direction), 3)) * 0.3
    return inside - direction * rng.choice([0.0, 30.0], (len(direction), 1)), direction


def flame(rng, depth=400.0):
    """Clear, thick, and rough layers of different widths, about one metre in all."""
    planes = np.concatenate(([0.0], np.cumsum(rng.uniform(0.5, 1.5, 200)))) / 200
    x = 0.5 * (planes[1:] + planes[:-1])
    kappa = (
        depth * np.where(x < 0.3, 1e-7, 1.0 + 0.3 * np.sin(7 * x)) * np.where(x > 0.9, rng.random(200), 1.0)
    )
    return layers(planes, kappa, 2.0 + np.sin(5 * x))


def marched(cells, origin, direction):
    answers = empty_answers(len(origin), 1)
    march_rays(cells, origin, direction, never(1), answers)
    return answers


@pytest.mark.parametrize("depth", [1e-3, 3.0, 400.0])
def test_the_march_is_the_naive_one(depth, rng):
    cells = flame(rng, depth)
    origin, direction = rays(rng, 40)
    answers = marched(cells, origin, direction)
    for r in range(len(origin)):
        T, E = naive(cells, origin[r], direction[r])
        assert answers.transmittance[r, 0] == pytest.approx(
            T, rel=1e-12 * max(1.0, -math.log(max(T, 1e-300)))
        )
        assert answers.emission[r, 0] == pytest.approx(E, rel=1e-8 if depth < 1 else 1e-12)
    assert set(answers.face) <= {0, 1, grids.MISSED}


def test_the_switch_takes_shortcuts_within_its_bound(rng):
    cells = flame(rng)
    origin, direction = rays(rng, 400)
    walls = np.zeros((grids.ENDS, 1))
    walls[:2, 0] = 0.5, 1.5
    sources = np.concatenate(ends_of(cells, 4)[2:])
    low, high = np.array([min(0.5, sources.min())]), np.array([sources.max()])
    exact, quick = marched(cells, origin, direction), empty_answers(len(origin), 1)
    rounding = Rounding(np.full(1, 1e-12), 1.0, np.ones(3))
    tolerance = Tolerance(1e-3, 1e-6, low, high, never(1), rounding, 1e-13)
    auto_rays(
        cells,
        bounds(cells),
        origin,
        direction,
        walls,
        tolerance,
        quick,
    )
    value = [(a.emission + a.transmittance * walls[a.face])[:, 0] for a in (exact, quick)]
    off = np.abs(value[1] - value[0])
    assert (off <= quick.neglected[:, 0]).all()
    assert (quick.neglected[:, 0] <= 1e-3 * value[1] + 1e-6).all()
    assert off.max() > 0.0
    assert (quick.steps[:, 1] > 0).mean() > 0.2
    assert (quick.steps[:, 2] > 0).mean() > 0.2
    assert quick.visits.sum() < 0.5 * exact.visits.sum()


@pytest.mark.parametrize("terms", [1, 2, 3])
def test_the_series_is_that_of_a_linear_layer(terms, rng):
    """S + S'/kappa - kappa' S'/kappa^3 where the ray enters, the derivatives taken along it."""
    cells = flame(rng)
    origin, direction = rays(rng, 40)
    direction *= np.sign(direction @ cells.normal)[:, None]
    origin -= 60.0 * direction
    answers = empty_answers(len(origin), 1)
    thick_rays(cells, origin, direction, terms, np.empty(WORK), answers)
    k, dk = (v[0] for v in ends_of(cells, 0)[:2])
    s, ds = (v[0] for v in ends_of(cells, 4)[:2])
    back = 0.5 * (cells.planes[1] - cells.planes[0])
    d = direction @ cells.normal
    kappa, source = k - dk * back, s - ds * back
    parts = source + 0 * d, ds * d / kappa, -(dk * d) * (ds * d) / kappa**3
    np.testing.assert_allclose(answers.emission[:, 0], sum(parts[:terms]), rtol=1e-8)


def test_verbs_are_plain_python_too():
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", __file__]
    done = subprocess.run(
        [*command, "-k", "march and 3.0 or series"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
