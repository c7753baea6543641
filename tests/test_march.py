"""The exact march against the naive oracle and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

import fields
import raytrace_rte as rte
from oracle import Oracle
from raytrace_rte import exact

EXACT = rte.March(2)


def random_medium(rng, grid, dtype=np.float64, bands=()):
    """Rough data: jumps, zeros, thin and thick cells."""
    shape = grid.shape + bands
    kappa = rng.uniform(0, 1, shape) * 10.0 ** rng.uniform(-3, 2, shape)
    kappa[rng.random(shape) < 0.2] = 0.0
    source = rng.uniform(0, 2, shape).astype(dtype)
    return rte.Medium(
        grid, kappa.astype(dtype), source, spectrum=(lambda T: [T] * bands[0]) if bands else None
    )


def rays_at(rng, grid, count):
    """Rays from inside and outside a grid."""
    lower = np.where(np.isfinite(grid.lower), grid.lower, -1)
    upper = np.where(np.isfinite(grid.upper), grid.upper, 1)
    target = rng.uniform(lower, upper, (count, 3))
    direction = rng.normal(size=(count, 3))
    origin = np.where(rng.random((count, 1)) < 0.5, target, target - 5 * direction)
    return rte.Rays(origin, direction)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("seed", range(4), ids=lambda s: f"seed{s}")
def test_march_agrees_with_the_oracle(seed, dtype, order):
    rng = np.random.default_rng(seed)
    grid = fields.random_grid(rng)
    medium = random_medium(rng, grid, dtype)
    rays = rays_at(rng, grid, 20)
    result = rte.solve(medium, rays, method=rte.March(order))
    oracle = Oracle(grid, medium.kappa, medium.source, order)
    tolerance = 1e-11 if dtype is np.float64 else 2e-5  # float32 gradients of rough data
    for r in range(20):
        T, E, tau = oracle(rays.origin[r], rays.direction[r])
        assert result.transmittance[r] == pytest.approx(T, rel=tolerance, abs=tolerance)
        assert result.value[r] == pytest.approx(E, rel=tolerance, abs=tolerance)
        assert result.optical_depth[r] == pytest.approx(tau, rel=tolerance, abs=tolerance)


def test_each_band_is_solved_as_if_alone(rng):
    grid = fields.random_grid(rng)
    medium = random_medium(rng, grid, bands=(3,))
    rays = rays_at(rng, grid, 30)
    together = rte.solve(medium, rays, rte.open_(intensity=[1.0, 2.0, 3.0]), EXACT)
    assert together.value.shape == (30, 3)
    for b in range(3):
        one = rte.Medium(grid, medium.kappa[..., b], medium.source[..., b])
        alone = rte.solve(one, rays, rte.open_(intensity=b + 1.0), EXACT)
        np.testing.assert_array_equal(together.value[:, b], alone.value)


GRIDS = {
    "uniform": rte.uniform((0, 0, 0), (1, 1, 1), (13, 9, 11)),
    "stretched": fields.grid(12, "stretched"),
    "slab": rte.Cartesian(fields.stretched(40)),
    "two axes": rte.Cartesian(fields.stretched(17), np.linspace(0, 1, 9)),
    "one cell": rte.Cartesian([0, 1], [0, 1], [0, 1]),
}


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", GRIDS)
def test_isothermal_enclosure_gives_blackbody_from_anywhere(rng, name, order):
    grid = GRIDS[name]
    black = float(rte.blackbody(1234.5))
    for thickness in (0.0, 1e-12, 1e-3, 1.0, 50.0, 1e4, 1e8):
        kappa = thickness * rng.uniform(0, 1, grid.shape)
        medium = rte.Medium(grid, kappa, np.full(grid.shape, black))
        rays = rte.Rays(rng.uniform(0, 1, (1000, 3)), rng.normal(size=(1000, 3)))
        value = rte.solve(medium, rays, walls=rte.black(1234.5), method=rte.March(order)).value
        np.testing.assert_allclose(value, black, rtol=1e-13)


@pytest.mark.parametrize(
    "method", [rte.March(2, stop=1e-3), rte.Auto(1e-3), rte.Thick(1), rte.Threshold(5.0)], ids=str
)
@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["clear first", "thick first"])
def test_each_band_is_closed_by_the_wall_that_it_sees(method, order, rng):
    """One band stops in the medium, the other goes through to the only hot wall."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (20, 20, 20))
    kappa = np.stack([np.zeros(grid.shape), np.full(grid.shape, 5e3)], axis=-1)[..., order]
    medium = rte.Medium(grid, kappa, np.ones_like(kappa), spectrum=lambda T: np.array([T, T]))
    target = rng.uniform(0.2, 0.8, (700, 3))
    rays = rte.Rays(target - [1, 0, 0], np.array([1, 0, 0]) + rng.uniform(-0.1, 0.1, (700, 3)))
    result = rte.solve(medium, rays, rte.black(0.0, x_max=1000.0), method)
    np.testing.assert_allclose(result.value, np.broadcast_to([1000.0, 1.0][order], (700, 2)), rtol=2e-3)


def test_isothermal_slab_and_wall_behind():
    grid = rte.Cartesian(np.linspace(0, 2, 31))
    medium = rte.Medium(grid, np.full(grid.shape, 0.7), np.full(grid.shape, 5.0))
    cosine = np.array([1.0, 0.5, 0.1, 0.01])
    rays = rte.Rays([-1, 0, 0], np.stack([cosine, np.sqrt(1 - cosine**2), 0 * cosine], axis=1))
    value = rte.solve(medium, rays, rte.open_(intensity=2.0), EXACT).value
    np.testing.assert_allclose(value, exact.isothermal_ray(1.4 / cosine, 5.0, 2.0), rtol=1e-13)


def test_rays_along_an_endless_slab():
    grid = rte.Cartesian(np.linspace(0, 1, 5))
    kappa = np.array([1.0, 0.0, 2.0, 0.0]).reshape(grid.shape)
    medium = rte.Medium(grid, kappa, np.full(grid.shape, 3.0))
    rays = rte.Rays([[0.1, 0, 0], [0.4, 0, 0], [0.6, 5, 1]], [[0, 1, 0], [0, 0.6, 0.8], [0, 0, -1]])
    result = rte.solve(medium, rays, walls=rte.open_(intensity=7.0), method=rte.March(1))
    np.testing.assert_array_equal(result.value, [3.0, 7.0, 3.0])


@pytest.mark.parametrize("tau", [1e-6, 0.3, 4.0, 300.0])
def test_linear_source_is_exact_in_linear_cells(tau):
    grid = rte.Cartesian(fields.stretched(25))
    x = grid.centres[0].reshape(grid.shape)
    medium = rte.Medium(grid, np.full(grid.shape, tau), 1.0 + 2.0 * x)
    value = rte.solve(medium, rte.Rays([0, 0, 0], [1, 0, 0]), rte.open_(intensity=0.5), EXACT).value[0]
    assert value == pytest.approx(exact.linear_ray(tau, 1.0, 3.0, 0.5), rel=2e-10 if tau < 1e-3 else 1e-12)


def test_exponential_source_converges_to_its_closed_form():
    errors = []
    for n in (40, 80, 160):
        grid = rte.Cartesian(np.linspace(0, 1, n + 1))
        x = grid.centres[0].reshape(grid.shape)
        medium = rte.Medium(grid, np.full(grid.shape, 5.0), np.exp(1.5 * x))
        value = rte.solve(medium, rte.Rays([0, 0, 0], [1, 0, 0]), method=EXACT).value[0]
        errors.append(abs(value - exact.exponential_ray(5.0, 1.0, 1.0, 1.5)))
    assert errors[2] < 2e-5
    assert errors[0] / errors[2] > 13  # second order: 16


def test_sphere_in_a_clear_box():
    """A staircase sphere: the mean over the disc converges with the cells, like the volume does."""
    n = 96
    grid = rte.uniform((-1, -1, -1), (1, 1, 1), (n, n, n))
    x, y, z = np.meshgrid(*grid.centres, indexing="ij", sparse=True)
    inside = x * x + y * y + z * z < 0.8**2
    medium = rte.Medium(grid, np.where(inside, 2.0, 0.0), np.where(inside, 1.0, 0.0))
    u = (np.arange(200) + 0.5) / 100 - 1
    a, b = (g.ravel() for g in np.meshgrid(u, u))
    rays = rte.Rays(np.stack([a, b, np.full_like(a, -3.0)], axis=1), [0, 0, 1])
    value = rte.solve(medium, rays, method=rte.March(1)).value
    closed = exact.isothermal_ray(2.0 * exact.sphere_chord(0.8, np.hypot(a, b)), 1.0)
    assert abs(value.sum() / closed.sum() - 1) < 2e-3
    assert np.abs(value - closed).mean() < 0.02


@pytest.mark.parametrize("order", [1, 2])
def test_reversed_rays_have_equal_transmittance(rng, order):
    for _ in range(5):
        grid = fields.random_grid(rng)
        medium = random_medium(rng, grid)
        rays = rays_at(rng, grid, 200)
        start = rte.Rays(rays.origin - 30 * rays.direction, rays.direction)
        back = rte.Rays(start.origin + 60 * start.direction, -start.direction)
        there = rte.solve(medium, start, method=rte.March(order)).transmittance
        again = rte.solve(medium, back, method=rte.March(order)).transmittance
        finite = np.isfinite(grid.upper).all()
        np.testing.assert_allclose(there[: 200 if finite else 0], again[: 200 if finite else 0], atol=1e-13)


def test_bender_orszag_by_marching():
    grid = rte.Cartesian(10 * np.linspace(0, 1, 2001) ** 3)
    x = grid.centres[0].reshape(grid.shape)
    for delta in (1.0, 10.0, 100.0, 1000.0):
        medium = rte.Medium(grid, np.full(grid.shape, delta), 1 / (1 + x))
        value = rte.solve(medium, rte.Rays([0, 0, 0], [1, 0, 0]), method=EXACT).value[0]
        assert value == pytest.approx(exact.bender_orszag(delta), rel=1e-6)


def test_same_bits_for_threads_and_batches(monkeypatch):
    from raytrace_rte.sensors import images
    from raytrace_rte.solvers import rays

    medium = fields.medium(fields.grid(20, "stretched"), 3.0)
    camera = rte.camera((0.4, -2, 0.6), (0.5, 0.5, 0.5), (70, 90), 35)
    methods = (rte.Auto(1e-3), rte.March(2), rte.March(1), rte.Thick(3), rte.Thin(), rte.Threshold(5.0, 2))
    for method in methods:
        base = rte.solve(medium, camera, rte.black(300.0), method, threads=1)
        for threads, bits, most in ((2, 6, 4096), (2, 0, 100), (1, 3, 1000), (2, 5, 10000)):
            monkeypatch.setattr(images, "TILE_BITS", bits)
            monkeypatch.setattr(rays, "MOST", most)
            other = rte.solve(medium, camera, rte.black(300.0), method, threads=threads)
            for name in ("value", "transmittance", "optical_depth", "error_bound"):
                np.testing.assert_array_equal(getattr(base, name), getattr(other, name))


def test_thin_limit_is_second_order_in_optical_depth():
    errors = []
    rays = fields.random_rays(np.random.default_rng(1), 50)
    depths = [0.1, 0.01, 0.001]
    for depth in depths:
        medium = fields.medium(fields.grid(8, "uniform"), depth)
        kw = {"walls": rte.open_(intensity=2.0)}
        thin = rte.solve(medium, rays, method=rte.Thin(), **kw)
        march = rte.solve(medium, rays, method=rte.March(2), **kw)
        errors.append(np.abs(thin.value - march.value).max())
        # the estimate is the first neglected term
        np.testing.assert_allclose(
            thin.error_estimate, np.abs(thin.value - march.value), rtol=2 * depth, atol=1e-13
        )
    assert np.polyfit(np.log(depths), np.log(errors), 1)[0] == pytest.approx(2.0, abs=0.1)
