"""The certified switch: its bound holds for every ray, and never exceeds the tolerance."""

from __future__ import annotations

from contextlib import contextmanager
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fields
import raytrace_rte as rte
from raytrace_rte.kernels.trace import AUTO
from raytrace_rte.solvers import lines as lines_module
from raytrace_rte.solvers import rays as rays_module
from raytrace_rte.solvers.shortcuts import worth_bounding

ROUNDING = 1e-12
"""Of the greatest source: the stated allowance between two ways of summing the same ray."""


@contextmanager
def shortcuts():
    """Let every ray of Auto take shortcuts over bricks of cells, whether that pays or not."""

    def follow(scene, lines, plan=None):
        plan = scene.plan._replace(method=AUTO) if scene.switches else plan
        return lines_module.follow(scene, lines, plan)

    with mock.patch.object(rays_module, "follow", follow):
        yield


def check(medium, sensor, walls, rtol, atol=None):
    """Assert the guarantee for every ray, with shortcuts over bricks and as Auto decides itself.

    Return (value of the march, result of Auto with shortcuts).
    """
    march = rte.solve(medium, sensor, walls, rte.March(2))
    within_bound(medium, march, rte.solve(medium, sensor, walls, rte.Auto(rtol, atol)), walls, rtol)
    with shortcuts():
        auto = rte.solve(medium, sensor, walls, rte.Auto(rtol, atol))
    within_bound(medium, march, auto, walls, rtol)
    return march, auto


def within_bound(medium, march, auto, walls, rtol):
    greatest = max(
        float(np.max(medium.source)), *(float(light.max()) for light in walls.light(medium)), 1e-300
    )
    off = np.abs(auto.value - march.value)
    beyond = off > auto.error_bound + ROUNDING * greatest
    assert not beyond.any(), (
        f"{beyond.sum()} of {beyond.size} rays beyond their bound, worst {off[beyond].max()}"
    )
    allowed = rtol * auto.value + auto.stats["budget"]["absolute"]
    assert (auto.error_bound <= allowed * (1 + 1e-12)).all()


def many_rays(rng, count, lower=(0, 0, 0), upper=(1, 1, 1)):
    """Rays from inside and outside a box, some along axes."""
    target = rng.uniform(lower, upper, (count, 3))
    direction = rng.normal(size=(count, 3))
    direction[:: count // 20 or 1] = np.eye(3)[rng.integers(0, 3, len(direction[:: count // 20 or 1]))]
    origin = np.where(rng.random((count, 1)) < 0.5, target, target - 4 * direction)
    return rte.Rays(origin, direction)


def smoke_and_flame(n=48, tau=10.0, flame=2000.0, behind=0.7):
    """A hot flame behind cold smoke of a given optical depth, seen along x."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (n, n, n))
    x, y, z = np.meshgrid(*grid.centres, indexing="ij")
    hot = (x > behind) & (x < behind + 0.15) & ((y - 0.5) ** 2 + (z - 0.5) ** 2 < 0.08)
    T = np.where(hot, flame, 300.0)
    kappa = np.where(x < behind, tau / behind, np.where(hot, 20.0, 0.01))
    return rte.Medium(grid, kappa, rte.blackbody(T))


def sheet():
    """A thin hot sheet inside a thick medium."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (64, 32, 32))
    T = np.full(grid.shape, 400.0)
    T[40] = 1900.0
    return rte.Medium(grid, np.full(grid.shape, 25.0), rte.blackbody(T))


def jumps():
    """kappa = 0 beside 1e6, a clear gap in thick smoke, jumps of kappa."""
    grid = rte.Cartesian(fields.stretched(40), np.linspace(0, 1, 33), fields.stretched(30, 0.5))
    rng = np.random.default_rng(4)
    kappa = np.full(grid.shape, 12.0)
    kappa[15:22] = 0.0
    kappa[25:, 20:] = 1e6
    kappa[:, :, 25:] *= 1e-3
    T = 300 + 1500 * rng.random(grid.shape) * (rng.random(grid.shape) < 0.05)
    return rte.Medium(grid, kappa, rte.blackbody(T))


def boxed_fire():
    """The pool fire in a box of clear air twice its size."""
    inner = rte.absorption.planck_mean(rte.sample("pool-fire"))
    n = inner.grid.shape[0]
    grid = rte.uniform((-1.0, -0.5, -1.0), (1.0, 1.5, 1.0), (2 * n, 2 * n, 2 * n))
    kappa = np.zeros(grid.shape, np.float32)
    source = np.full(grid.shape, rte.blackbody(300.0), np.float32)
    middle = (slice(n // 2, 3 * n // 2),) * 3
    kappa[middle], source[middle] = inner.kappa, inner.source
    return rte.Medium(grid, kappa, source)


def extremum(kh=1.0, n=64):
    """A smooth thick medium, over-resolved, with extrema of the source."""
    return fields.medium(fields.grid(n, "uniform"), kh * n)


CASES = {
    **{f"flame behind smoke {tau}": lambda tau=tau: smoke_and_flame(tau=tau) for tau in (2, 5, 10, 20)},
    "thin hot sheet": sheet,
    "jumps and gaps": jumps,
    **{f"smooth, kappa h {kh}": lambda kh=kh: extremum(kh) for kh in (0.01, 0.3, 1.0, 3.0, 30.0)},
    "single precision": lambda: rte.absorption.planck_mean(rte.sample("pool-fire")),
    "stretched": lambda: fields.medium(fields.grid(40, "stretched"), 60.0),
}
WALLS = {"cold": rte.open_(), "hot face": rte.black(300.0, x_max=2200.0), "warm": rte.black(600.0)}


@pytest.mark.parametrize("case", CASES)
def test_the_guarantee_on_adversarial_media(case, rng):
    medium = CASES[case]()
    box = medium.grid.lower, medium.grid.upper
    for walls in WALLS.values():
        for rtol in (1e-1, 1e-2, 1e-3, 1e-4, 1e-6):
            check(medium, many_rays(rng, 4000, *box), walls, rtol)


def random_medium(rng, kind):
    grid = fields.random_grid(rng) if kind == "rough" else None
    if kind == "rough":
        shape = grid.shape
        kappa = 10.0 ** rng.uniform(-4, 5, shape) * (rng.random(shape) < 0.7)
        return rte.Medium(grid, kappa, rte.blackbody(rng.uniform(300, 2200, shape)))
    n = int(rng.integers(12, 40))
    faces = [fields.stretched(n, float(rng.uniform(0.3, 3))) for _ in range(3)]
    grid = rte.Cartesian(*faces) if rng.random() < 0.7 else rte.Cartesian(faces[0])
    x, y, z = np.meshgrid(*grid.centres, indexing="ij")
    scale = 10.0 ** rng.uniform(-2, 4)
    a, b, c, d = rng.uniform(0.5, 9, 4)
    wave = np.sin(a * x + d) * np.cos(b * y - c * z)
    kappa = scale * (1 + rng.uniform(0, 0.99) * wave)
    T = 1100 + 800 * np.sin(d * x - a * y) * np.cos(c * z + b * x)
    if kind == "noisy":
        T = T * (1 + 0.02 * rng.normal(size=grid.shape)).clip(0.5, 1.5)
    if kind == "layered":
        kappa = kappa * np.where(np.sin(30 * x) > 0, 1.0, 10.0 ** rng.uniform(-8, 0))
        T = np.where(np.sin(20 * x + 1) > 0.7, 2000.0, T)
    dtype = np.float32 if rng.random() < 0.3 else np.float64
    return rte.Medium(grid, kappa.astype(dtype), rte.blackbody(T).astype(dtype))


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**31),
    st.sampled_from(["smooth", "noisy", "layered", "rough"]),
    st.sampled_from([1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6]),
    st.sampled_from(list(WALLS)),
    st.sampled_from([None, 0.0, 1e-3]),
)
def test_the_guarantee_on_random_media(seed, kind, rtol, walls, atol):
    rng = np.random.default_rng(seed)
    medium = random_medium(rng, kind)
    lower = np.where(np.isfinite(medium.grid.lower), medium.grid.lower, -1)
    upper = np.where(np.isfinite(medium.grid.upper), medium.grid.upper, 1)
    check(medium, many_rays(rng, 3000, lower, upper), WALLS[walls], rtol, atol)


@pytest.mark.slow
def test_the_guarantee_for_ten_million_rays():
    """Random media as above, until ten million rays have been checked."""
    rng = np.random.default_rng(99)
    for _ in range(1000):
        medium = random_medium(rng, rng.choice(["smooth", "noisy", "layered", "rough"]))
        lower = np.where(np.isfinite(medium.grid.lower), medium.grid.lower, -1)
        upper = np.where(np.isfinite(medium.grid.upper), medium.grid.upper, 1)
        walls = WALLS[rng.choice(list(WALLS))]
        check(medium, many_rays(rng, 10_000, lower, upper), walls, 10.0 ** rng.uniform(-6, -1))


@pytest.mark.parametrize("column", ["K_MAX", "S_BEND", "S_MAX"])
def test_a_broken_bound_is_caught(column, rng):
    """Canary: with one entry of the nodes wrong, the same check fails."""
    from raytrace_rte.kernels import pyramid

    medium = {"K_MAX": jumps, "S_BEND": lambda: extremum(0.7), "S_MAX": jumps}[column]()
    nodes = medium.pyramid.node
    if column == "K_MAX":
        nodes[..., pyramid.K_MAX] *= 1e-6
    elif column == "S_BEND":
        nodes[..., [pyramid.S_BEND, pyramid.S_JUMP, pyramid.K_JUMP, pyramid.K_SLOPE]] *= 1e-3
        nodes[..., pyramid.K_MAX] = nodes[..., pyramid.K_MIN]
    else:
        medium.source_range[1][:] *= 0.3
    rays = many_rays(rng, 20_000)

    def check_all():
        for rtol in (1e-1, 1e-2, 1e-3):
            check(medium, rays, rte.black(300.0), rtol)

    with pytest.raises(AssertionError, match="beyond their bound"):
        check_all()


def test_zero_tolerance_is_the_march_bit_for_bit(rng):
    for case in ("jumps and gaps", "smooth, kappa h 1.0", "single precision"):
        medium = CASES[case]()
        rays = many_rays(rng, 5000, medium.grid.lower, medium.grid.upper)
        march = rte.solve(medium, rays, rte.black(300.0), rte.March(2))
        auto = rte.solve(medium, rays, rte.black(300.0), rte.Auto(0.0, 0.0))
        np.testing.assert_array_equal(auto.value, march.value)
        assert (auto.error_bound == 0).all()


def test_each_band_keeps_its_tolerance(rng):
    grid = fields.grid(32, "uniform")
    x, y, z = np.meshgrid(*grid.centres, indexing="ij")
    kappa = np.stack([s * fields.kappa(x, y, z) for s in (0.1, 30.0, 1000.0)], axis=-1)
    source = np.stack([s * fields.source(x, y, z) for s in (1.0, 5.0, 0.01)], axis=-1)
    medium = rte.Medium(grid, kappa, source, lambda T: [T, T, T])
    rays, walls = many_rays(rng, 3000), rte.open_(intensity=[1.0, 2.0, 0.5])
    march, auto = rte.solve(medium, rays, walls, rte.March(2)), rte.solve(medium, rays, walls, rte.Auto(1e-3))
    assert (np.abs(auto.value - march.value) <= auto.error_bound + 5e-12).all()
    assert (auto.error_bound <= 1e-3 * auto.value + auto.stats["budget"]["absolute"]).all()
    total = 1e-3 * auto.value.sum(axis=1) + 3 * auto.stats["budget"]["absolute"]
    assert (auto.error_bound.sum(axis=1) <= total).all()


def test_a_flame_behind_smoke_fools_the_plain_switch_but_not_auto():
    medium = smoke_and_flame(tau=8.0)
    ray = rte.Rays([-1, 0.5, 0.5], [1, 0, 0])
    march = rte.solve(medium, ray, method=rte.March(2)).value[0]
    auto = rte.solve(medium, ray, method=rte.Auto(1e-3)).value[0]
    plain = rte.solve(medium, ray, method=rte.Threshold(30.0, 2)).value[0]
    assert abs(plain / march - 1) > 0.25
    assert abs(auto / march - 1) < 1e-3


def test_the_threshold_lies_between_march_and_series():
    medium = extremum(3.0)
    rays = rte.Rays([0.5, 0.5, 0.5], [[1, 0.2, 0.1], [0.3, 1, -0.4]])
    never = rte.solve(medium, rays, method=rte.Threshold(1e9, 2))
    np.testing.assert_array_equal(never.value, rte.solve(medium, rays, method=rte.March(2)).value)
    at_once = rte.solve(medium, rays, method=rte.Threshold(1e-9, 2))
    np.testing.assert_array_equal(at_once.value, rte.solve(medium, rays, method=rte.Thick(2)).value)
    assert np.isnan(at_once.error_bound).all()


def test_a_stopped_march_says_what_it_left(rng):
    medium = extremum(1.0)
    rays, walls = many_rays(rng, 2000), rte.open_(intensity=1.5)
    march = rte.solve(medium, rays, walls, rte.March(2))
    stopped = rte.solve(medium, rays, walls, rte.March(2, stop=1e-3))
    assert (np.abs(stopped.value - march.value) <= stopped.error_bound).all()
    assert (stopped.error_bound <= 1e-3).all()
    assert stopped.stats["crossings"] < 0.5 * march.stats["crossings"]


def test_over_resolved_thick_media_cost_almost_nothing():
    """Deterministic counts: cells and nodes read, at source scale L = 100 cells and kappa h = 1."""
    n = 96
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (n, n, n))
    x, y, z = np.meshgrid(*(c * n / 100 for c in grid.centres), indexing="ij")
    source = 1 + 0.3 * np.sin(x + 0.3 * y) * np.cos(y - 0.2 * z) * np.cos(z + 0.3)
    medium = rte.Medium(grid, n * np.exp(0.2 * np.sin(x - y + 0.5 * z)), source)
    camera = rte.camera((0.43, 0.52, 0.47), (1, 0.6, 0.55), (64, 64), 60)
    walls = rte.open_(intensity=0.5)
    march, auto = check(medium, camera, walls, 1e-3)
    stopped = rte.solve(medium, camera, walls, rte.March(2, stop=1e-3 * float(march.value.min())))
    assert auto.stats["crossings"] * 3 < stopped.stats["crossings"]
    assert auto.stats["crossings"] * 20 < march.stats["crossings"]


def test_clear_air_is_crossed_in_great_steps():
    medium = boxed_fire()
    camera = rte.camera((2.6, 1.0, -3.9), (0.02, 0.5, -0.02), (96, 96), 30, up=(0, 1, 0))
    march, auto = check(medium, camera, rte.black(300.0), 1e-3)
    assert auto.stats["crossings"] * 2 < march.stats["crossings"]


def test_the_pyramid_bounds_what_it_holds(rng):
    """Each node against a plain loop over its cells."""
    from raytrace_rte.kernels.pyramid import BASE, K_MAX, K_MIN, S_MAX, S_MIN

    medium = random_medium(rng, "layered")
    record = medium.cells.record.reshape(*medium.grid.shape, 8).astype(float)
    half = [np.where(np.isfinite(w), w, 0) / 2 for w in medium.grid.widths]
    pyramid = medium.pyramid
    for level, (first, shape) in enumerate(zip(pyramid.first, pyramid.shape, strict=True)):
        side = 1 << (BASE + level)
        nodes = pyramid.node[first : first + shape.prod(), 0].reshape(*shape, 8)
        for index in np.ndindex(*shape):
            brick = tuple(slice(i * side, (i + 1) * side) for i in index)
            for at, low, high in ((0, K_MIN, K_MAX), (4, S_MIN, S_MAX)):
                r = record[brick]
                fall = sum(
                    np.abs(r[..., at + 1 + a])
                    * half[a][brick[a]].reshape([-1 if b == a else 1 for b in range(3)])
                    for a in range(3)
                )
                assert nodes[index][low] == pytest.approx(max((r[..., at] - fall).min(), 0), abs=1e-12)
                assert nodes[index][high] == pytest.approx((r[..., at] + fall).max(), rel=1e-14)


@pytest.mark.parametrize("name", ["uniform", "stretched"])
def test_rays_that_creep_across_a_face_behind_a_jump(name):
    """Beyond clear gas, x < 1/4; y, on a face, changes by less than rounding on the way, so that no shortcut can be
    certified but for the ray along the face."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (64, 64, 64))
    if name == "stretched":
        grid = rte.Cartesian(grid.x, grid.y, np.append(grid.z[:-1], 1.01))
    x = np.broadcast_to(grid.centres[0][:, None, None], grid.shape)
    medium = rte.Medium(grid, np.where(x > 0.25, 5.0, 0.0), np.where(x > 0.25, 1.0 + x, 1.0))
    slopes = [0.0, 1e-17, -1e-17, 1e-16, -1e-16, -6e-17, -1e-13]
    rays = rte.Rays([0.0, 29 / 64, 0.51], [[1.0, slope, 0.0] for slope in slopes])
    march, auto = check(medium, rays, rte.open_(), 1e-3)
    assert auto.stats["crossings"] <= march.stats["crossings"]
    known = np.isfinite(auto.optical_depth)
    assert auto.stats["rays_not_followed"] == np.count_nonzero(~known)
    np.testing.assert_allclose(auto.optical_depth[known], 3.75, rtol=1e-12)
    followed = rte.solve(medium, rays, method=rte.Auto(1e-3, transmittance=True))
    np.testing.assert_allclose(followed.optical_depth, 3.75, rtol=1e-12)


def test_rays_along_faces_keep_the_guarantee(rng):
    for number in range(6):
        grid = rte.Cartesian(*(np.cumsum(rng.uniform(0.01, 0.03, 40)) for _ in range(3)))
        if number % 2:
            grid = rte.uniform((0, 0, 0), (1, 1, 1), (37, 37, 37))
        x, y, z = np.meshgrid(*(c / c[-1] for c in grid.centres), indexing="ij")
        kappa = np.where(x + 0.2 * y > 0.5, 20.0, 0.0) * (1 + 0.3 * np.sin(3 * z))
        origin = np.stack([rng.choice(faces, 1000) for faces in grid], axis=1)
        direction = rng.choice([1e-17, -1e-17, -6e-17, -1e-16, -1e-13, 1e-10, 0.0, 1e-16], (1000, 3))
        axis = rng.integers(0, 3, 1000)
        direction[np.arange(1000), axis] = rng.choice([-1.0, 1.0], 1000)
        direction[::3][np.arange(334), (axis[::3] + 1) % 3] = rng.choice([-1.0, 0.5], 334)
        check(rte.Medium(grid, kappa, 1 + x * y), rte.Rays(origin, direction), rte.black(300.0), 1e-3)


def test_a_far_origin_ends():
    """So far away that cells are no wider than rounding: what is seen is coarse, but it ends at its wall."""
    grid = rte.uniform((0, 0, 0), (101, 1, 1), (101, 1, 1))
    medium = rte.Medium(grid, np.full(grid.shape, 0.001), np.ones(grid.shape), lambda T: T)
    rays = rte.Rays([[-1e16, 0.5, 0.5], [-3e16, 0.5, 0.5]], [1, 0, 0])
    for method in (rte.March(2), rte.Auto(1e-3)):
        result = rte.solve(medium, rays, rte.black(0.0, x_max=1000.0), method)
        assert (result.value > 500.0).all()


def two_flames(cells):
    """Two flames in opposite corners, and between them gas that is almost clear."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (cells,) * 3)
    x, y, z = np.meshgrid(*grid.centres, indexing="ij", sparse=True)
    flames = sum(
        np.exp(-((x - at) ** 2 + (y - at) ** 2 + (z - 0.2) ** 2) / 0.05**2) for at in (0.1, 0.9)
    )  # fmt: skip
    flames = np.where(flames > 1e-3, flames, 0.0)
    return rte.Medium(grid, 1e-8 + 5.0 * flames, rte.blackbody(300.0) + rte.blackbody(1500.0) * flames)


def test_tiles_take_shortcuts_where_these_save():
    medium, walls = two_flames(96), rte.black(300.0)
    camera = rte.camera((-1.5, -1.5, 0.3), (0.5, 0.5, 0.3), (256, 256), 30.0)
    march = rte.solve(medium, camera, walls, rte.March(2))
    assert "pyramid" not in vars(medium)
    auto = rte.solve(medium, camera, walls, rte.Auto(1e-3))
    assert auto.stats["tiles"]["shortcuts"] > 0
    assert auto.stats["tiles"]["march"] > 0
    assert auto.stats["crossings"] < 0.8 * march.stats["crossings"]
    assert (np.abs(auto.value - march.value) <= auto.error_bound).all()


def test_bricks_are_bounded_only_where_shortcuts_can_save_a_quarter_of_the_march():
    medium = two_flames(16)
    few, many = np.full(100, 20), np.full(100, 100)
    assert not worth_bounding(few, medium)
    assert worth_bounding(many, medium)
    assert not worth_bounding(many[:1], two_flames(48))  # one ray in 256: less than the pyramid costs
