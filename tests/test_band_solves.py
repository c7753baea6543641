"""Solves in bands: bounds of each band and of the sums, volumes band by band, and clear bands."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

import raytrace_rte as rte
from raytrace_rte.solvers.scene import scene

EDGES = np.array([0.0, 1.2e-6, 2.5e-6, 5e-6, np.inf])


def banded(rng, shape=(12, 11, 10), dtype=np.float64):
    """A random medium in four bands, one of them clear, one thick, on a stretched grid."""
    axes = [np.concatenate(([0.0], np.cumsum(rng.lognormal(0.0, 0.5, n)))) for n in shape]
    grid = rte.Cartesian(*(a / a[-1] for a in axes))
    spectrum = rte.Spectrum.bands(EDGES)
    T = 300.0 + rng.random(grid.shape) * rng.choice([0.0, 1700.0])
    kappa = rng.lognormal(0.0, 2.0, grid.shape)[..., None] * np.array([0.05, 0.0, 1.0, 300.0])
    kappa *= 10.0 ** rng.uniform(-2, 2)
    source = spectrum.wall_emission(T.ravel()).reshape(kappa.shape)
    return rte.Medium(grid, kappa.astype(dtype), source.astype(dtype), spectrum)


def beyond(seed, rays):
    """How many bands of rays are beyond their bounds or the tolerance, and how many sums over bands."""
    rng = np.random.default_rng(seed)
    medium = banded(rng, dtype=rng.choice([np.float32, np.float64]))
    inside = rng.random((rays, 3))
    direction = rng.normal(size=(rays, 3))
    far = 3.0 * direction / np.linalg.norm(direction, axis=1, keepdims=True)
    sensor = rte.Rays(np.where(rng.random((rays, 1)) < 0.5, inside, inside - far), direction)
    walls = rte.black(300.0, x_max=900.0) if rng.random() < 0.5 else rte.open_()
    march = rte.solve(medium, sensor, walls, rte.March(2))
    rtol = 10.0 ** rng.uniform(-6, -1)
    auto = rte.solve(medium, sensor, walls, rte.Auto(rtol))
    bound, off = auto["error_bound"], np.abs(auto.value - march.value)
    allowed = rtol * auto.value + auto.stats["budget"]["absolute"]
    total = medium.spectrum.total
    rounded = 8 * np.finfo(float).eps * total(march.value)  # by forming the sums
    sums = np.abs(total(auto.value) - total(march.value)) > total(bound) + rounded
    return int(((off > bound) | (bound > allowed * (1 + 1e-12))).sum()), int(sums.sum()), float(bound.max())


def test_bounds_hold_for_each_band_and_for_the_sums():
    found = [beyond(seed, 1000) for seed in range(6)]
    assert [(bands, sums) for bands, sums, _ in found] == [(0, 0)] * 6
    assert max(bound for *_, bound in found) > 0.0  # something was left out


@pytest.mark.slow
def test_bounds_hold_for_a_million_rays():
    assert [beyond(seed, 50_000)[:2] for seed in range(100, 120)] == [(0, 0)] * 20


@pytest.mark.parametrize("walls", ["black", "grey", "some"])
@pytest.mark.parametrize("slab", [False, True])
def test_a_band_of_a_volume_is_what_it_would_be_alone(walls, slab):
    rng = np.random.default_rng(2)
    medium = banded(rng, (7, 1, 1) if slab else (7, 6, 5))
    if slab:
        grid = rte.Cartesian(medium.grid.x)
        medium = rte.Medium(grid, medium.kappa, medium.source, medium.spectrum)
    walls = {
        "black": rte.black(500.0), "grey": rte.grey(500.0, 0.6), "some": rte.black(0.0, x_min=800.0)
    }[walls]  # fmt: skip
    method = rte.March()
    both = rte.solve(medium, rte.heat_source(24), walls, method)
    for b in (0, 2, 3):
        one = rte.Medium(
            medium.grid,
            medium.kappa[..., b : b + 1],
            medium.source[..., b : b + 1],
            rte.Spectrum.bands(EDGES[b : b + 2]),
        )
        alone = rte.solve(one, rte.heat_source(24), walls, method)
        np.testing.assert_array_equal(both.div_q[..., b], alone.div_q[..., 0])
        np.testing.assert_array_equal(both.G[..., b], alone.G[..., 0])
        np.testing.assert_array_equal(
            both.wall_net_flux["x_min"][..., b], alone.wall_net_flux["x_min"][..., 0]
        )


@pytest.mark.parametrize(
    ("walls", "T"), [(rte.black(700.0), 700.0), (rte.grey(700.0, 0.4), 700.0), (rte.open_(), 0.0)]
)
@pytest.mark.parametrize("solid", [False, True])
def test_a_clear_band_between_equal_surfaces_holds_their_light_and_takes_no_sweep(walls, T, solid):
    medium = banded(np.random.default_rng(4), (7, 6, 5))
    mask = np.zeros(medium.grid.shape, bool)
    mask[2:4, 2:4, 1:3] = solid
    objects = [rte.solids(mask, T)] if solid else []
    result = rte.solve(medium, rte.heat_source(24), walls, rte.March(), objects=objects)
    light = rte.Spectrum.bands(EDGES).wall_emission(T)[1]
    gas = ~mask
    np.testing.assert_allclose(result.G[gas][:, 1], 4 * np.pi * light, rtol=1e-14)
    assert (result.div_q[..., 1] == 0).all()
    np.testing.assert_allclose(result.wall_incident_flux["x_min"][..., 1], np.pi * light, rtol=1e-14)
    assert (np.abs(result.wall_net_flux["y_max"][..., 1]) <= 1e-14 * light).all()
    assert abs(result.budget["residual_relative"]) < 1e-11
    clear = rte.Medium(
        medium.grid, medium.kappa[..., 1:2], medium.source[..., 1:2], rte.Spectrum.bands(EDGES[1:3])
    )
    assert rte.solve(clear, rte.heat_source(24), walls, rte.March(), objects=objects).stats["sweeps"] == 0


def test_a_clear_band_between_unequal_surfaces_is_swept():
    """Canary: the exchange between surfaces is not uniform, and is that of a nearly clear gas."""
    medium = banded(np.random.default_rng(4), (7, 6, 5))
    walls = rte.black(0.0, x_min=800.0)
    result = rte.solve(medium, rte.heat_source(24), walls, rte.March())
    G = result.G[..., 1]
    assert G.max() > 1.5 * G.min() > 0.0
    thin = np.where(medium.kappa == 0.0, 1e-9, medium.kappa)
    nearly = rte.solve(
        rte.Medium(medium.grid, thin, medium.source, medium.spectrum), rte.heat_source(24), walls, rte.March()
    )
    np.testing.assert_allclose(G, nearly.G[..., 1], rtol=1e-6)


def weighted(seed, count):
    """How many bands of rays through a random weighted sum of grey gases, with soot, are beyond their bounds or the
    tolerance, how many sums are, and the greatest bound."""
    rng = np.random.default_rng(seed)
    axes = [np.concatenate(([0.0], np.cumsum(rng.lognormal(0.0, 0.5, n)))) for n in rng.integers(4, 13, 3)]
    grid = rte.Cartesian(*(3.0 * a / a[-1] for a in axes))
    fractions = {name: most * rng.random(grid.shape) for name, most in (("H2O", 0.5), ("CO2", 0.4))}
    T = rng.choice([300.0, 1000.0]) + rng.choice([50.0, 1300.0]) * rng.random(grid.shape)
    soot = 10.0 ** rng.uniform(-8, -5) * rng.random(grid.shape) * (rng.random(grid.shape) < 0.5)
    field = rte.Field(grid, T, np.asarray(101325.0), fractions, soot_volume_fraction=soot)
    medium = rte.absorption.wsgg(
        field, ("bordbar2014", "johansson2011", "smith1982_MR1", "cassol2014")[seed % 4]
    )
    rays = count // medium.n_band
    inside = grid.lower + (grid.upper - grid.lower) * rng.random((rays, 3))
    sensor = rte.Rays(inside, rng.normal(size=(rays, 3)))
    walls = rte.open_() if medium.mole_ratio is not None else rte.black(500.0, x_max=1200.0)
    rtol = 10.0 ** rng.uniform(-5, -1)
    march, auto = (rte.solve(medium, sensor, walls, method) for method in (rte.March(2), rte.Auto(rtol)))
    bound, off = auto["error_bound"], np.abs(auto.value - march.value)
    allowed = rtol * auto.value + auto.stats["budget"]["absolute"]
    rounded = 8 * np.finfo(float).eps * march.total  # by forming the sums
    sums = np.abs(auto.total - march.total) > bound.sum(axis=-1) + rounded
    return int(((off > bound) | (bound > allowed * (1 + 1e-12))).sum()), int(sums.sum()), float(bound.max())


def test_bounds_hold_for_each_grey_gas_and_for_the_sums():
    found = [weighted(seed, 5000) for seed in range(4)]
    assert [(bands, sums) for bands, sums, _ in found] == [(0, 0)] * 4
    assert max(bound for *_, bound in found) > 0.0  # something was left out


@pytest.mark.slow
def test_bounds_hold_for_a_million_rays_in_grey_gases():
    assert [weighted(seed, 250_000)[:2] for seed in range(100, 120)] == [(0, 0)] * 20


def many(bands=10, shape=(6, 5, 4), thick=1.0):
    """A medium in many bands."""
    rng, grid = np.random.default_rng(6), rte.uniform((0, 0, 0), (1, 1, 1), shape)
    spectrum = rte.Spectrum.bands(np.concatenate(([0.0], np.geomspace(1e-6, 9e-6, bands - 1), [np.inf])))
    kappa = thick * rng.uniform(0.5, 1.5, (*shape, bands))
    source = spectrum.wall_emission(rng.uniform(500.0, 1500.0, kappa[..., 0].size)).reshape(kappa.shape)
    return grid, kappa, source, spectrum


def test_a_change_of_a_medium_in_bands_after_its_first_use_is_an_error():
    grid, kappa, source, spectrum = many(3)
    medium = rte.Medium(grid, kappa, source, spectrum)
    rte.solve(medium, rte.heat_source(24))
    kappa *= 3.0
    with pytest.raises(rte.InputError, match="kappa was changed"):
        rte.solve(medium, rte.heat_source(24))


def test_bands_that_are_under_way_elsewhere_keep_their_records():
    """More of them than are kept: nobody writes over what another thread may still be sweeping."""
    medium = rte.Medium(*many())
    task = rte.heat_source(24).task(scene(medium, rte.black(500.0), rte.March()))
    first = task._made(0).fields
    record = first.record.copy()
    for b in range(1, medium.n_band):
        assert not np.array_equal(task._made(b).fields.record, record)
    np.testing.assert_array_equal(first.record, record)


@pytest.mark.parametrize(("thick", "walls"), [(1.0, rte.grey(500.0, 0.1)), (1e4, rte.black(500.0))])
def test_progress_in_bands_ends_at_the_total_and_never_passes_it(tmp_path, thick, walls):
    """Many rounds, interrupted and gone on with; bands that need no sweep at all."""
    medium, seen = rte.Medium(*many(thick=thick)), []

    def stop(done, total):
        seen.append((done, total))
        if len(seen) == 30:
            raise KeyboardInterrupt

    def again(done, total):
        seen.append((done, total))

    with pytest.raises(KeyboardInterrupt) if thick == 1.0 else nullcontext():
        rte.solve(medium, rte.heat_source(24), walls, progress=stop, store=tmp_path)
    if thick == 1.0:
        rte.solve(medium, rte.heat_source(24), walls, progress=again, store=tmp_path)
    assert all(done <= total for done, total in seen)
    assert seen[-1][0] == seen[-1][1]
