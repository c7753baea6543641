"""Heat sources again and again, and temperatures in radiative equilibrium."""

from __future__ import annotations

import gc
import importlib.util
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import raytrace_rte as rte

ROOT = Path(__file__).parents[1]
GRID = rte.Cartesian(np.linspace(0, 1, 9) ** 1.5, np.linspace(0, 1, 8), np.linspace(0, 2, 7))
WALLS = rte.grey(500.0, 0.6, x_min=rte.mirror())


def fields(seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(0.0, 3.0, GRID.shape), rng.uniform(400.0, 1800.0, GRID.shape)


def test_a_call_is_a_solve_and_the_signs_are_opposite():
    solver = rte.HeatSolver(GRID, WALLS, 50)
    for seed in range(3):
        kappa, T = fields(seed)
        out = np.empty(GRID.shape)
        heat = solver(kappa, temperature=T, out=out)
        once = rte.solve(rte.Medium(GRID, kappa, rte.blackbody(T)), rte.heat_source(50), WALLS)
        # The light of grey walls starts from that of the last call, and ends within the same tolerance.
        assert_allclose(heat.div_q, once.div_q, atol=1e-4 * once.emission.max())
        np.testing.assert_array_equal(out, -heat.div_q)
        np.testing.assert_array_equal(heat.energy_source, out)
        assert abs(heat.budget["residual_relative"]) < 1e-12
    black = rte.HeatSolver(GRID, rte.black(500.0), 50)
    for seed in (1, 2):
        kappa, T = fields(seed)
        heat = black(kappa, rte.blackbody(T))
        once = rte.solve(rte.Medium(GRID, kappa, rte.blackbody(T)), rte.heat_source(50), rte.black(500.0))
        np.testing.assert_array_equal(heat.div_q, once.div_q)
        np.testing.assert_array_equal(heat.G, once.G)


def test_a_result_is_kept_and_the_arrays_of_a_call_are_not():
    solver = rte.HeatSolver(GRID, rte.black(300.0), 50)
    first = solver(*fields(1))
    kept, shown = first.result(), first.div_q
    before = shown.copy()
    solver(*fields(2))
    np.testing.assert_array_equal(kept.div_q, before)
    assert not np.array_equal(shown, before)  # canary: that is what the docstring warns of


def test_calls_need_no_more_memory():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (40, 40, 40))
    solver, kappa = rte.HeatSolver(grid, WALLS, 50, threads=2), np.full(grid.shape, 0.5)
    source = np.full(grid.shape, 1.0)
    for _ in range(10):
        solver(kappa, source)
    gc.collect()
    gc.disable()  # what waits for the collector of cycles would grow
    tracemalloc.start()
    sizes = []
    for _ in range(4):
        for _ in range(10):
            solver(kappa, source)
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    gc.enable()
    assert sizes[-1] - sizes[0] < kappa.nbytes


def test_thick_calls_give_back_what_they_took():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (12, 12, 12))
    x = grid.centres[0][:, None, None] + np.zeros(grid.shape)
    kappa, source = 200.0 / (1.0 + np.exp(30.0 * (x - 0.6))) + 0.5, 1.0 + x
    solver = rte.HeatSolver(grid, rte.black(300.0), 50)
    for _ in range(3):
        heat = solver(kappa, source)
    once = rte.solve(rte.Medium(grid, kappa, source), rte.heat_source(50), rte.black(300.0))
    assert once.limited.any()
    np.testing.assert_array_equal(heat.div_q, once.div_q)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "source and temperature is 'neither'"),
        ({"source": 1.0, "temperature": 300.0}, "is 'both'"),
        ({"source": np.ones((2, 2, 2))}, r"source: found shape \(2, 2, 2\)"),
        ({"source": np.ones(GRID.shape), "out": np.ones(3)}, "out"),
    ],
)
def test_bad_calls(arguments, text):
    with pytest.raises(rte.InputError, match=text):
        rte.HeatSolver(GRID)(np.ones(GRID.shape), **arguments)


@pytest.mark.parametrize(
    ("tau", "flux"), [(0.1, 0.9157), (0.5, 0.7040), (1.0, 0.5532), (2.0, 0.3900), (10.0, 0.1167)]
)
def test_equilibrium_between_black_plates(tau, flux):
    """Heaslet & Warming (1965), the flux over the difference of what the plates emit."""
    grid = rte.Cartesian(np.linspace(0, 1, 101))
    walls = rte.black(0.0, x_min=1000.0, x_max=500.0)
    found = rte.radiative_equilibrium(grid, np.full(grid.shape, tau), walls)
    ends = np.pi * (rte.blackbody(1000.0) - rte.blackbody(500.0))
    assert_allclose(found.heat.wall_net_flux["x_max"] / ends, flux, rtol=1e-3)
    assert found.residual <= 1e-6
    T = found.temperature.ravel()
    assert (np.diff(T) < 0.0).all()


def test_equilibrium_with_heat_release_in_a_cube():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (10, 10, 10))
    kappa = np.full(grid.shape, 2.0)
    kappa[0, 0, 0] = 0.0
    release = np.where(kappa > 0.0, 1e5, 0.0)
    found = rte.radiative_equilibrium(grid, kappa, rte.black(300.0), release, 50)
    assert_allclose(found.heat.div_q[kappa > 0.0], 1e5, rtol=1e-4)
    assert_allclose(sum(f.mean() for f in found.heat.wall_net_flux.values()), release.mean(), rtol=1e-5)
    assert np.isnan(found.temperature[0, 0, 0])
    assert np.nanmax(found.temperature) < 1.001 * found.temperature[5, 5, 5]


def test_heat_that_nothing_can_give_off():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (3, 3, 3))
    with pytest.raises(rte.InputError, match="kappa is 0 where heat is released"):
        rte.radiative_equilibrium(grid, np.zeros(grid.shape), rte.black(300.0), 1.0)


SLAB = rte.Cartesian(np.linspace(0, 1, 22))
PLATES = rte.black(0.0, x_min=1000.0, x_max=500.0)
THREE = rte.Spectrum.bands([0.0, 2e-6, 5e-6, np.inf])


def shared(*shares):
    """Bands that have constant shares of blackbody radiation."""
    return rte.Spectrum.from_callable(lambda T: np.array(shares) * rte.blackbody(T), len(shares))


def test_equilibrium_of_one_gas_of_weight_1_has_the_bits_of_grey():
    kappa = np.full(SLAB.shape, 2.0)
    grey = rte.radiative_equilibrium(SLAB, kappa, PLATES, rtol=1e-10)
    one = rte.radiative_equilibrium(SLAB, kappa[..., None], PLATES, spectrum=shared(1.0), rtol=1e-10)
    assert one.steps == grey.steps
    np.testing.assert_array_equal(one.temperature, grey.temperature)
    whole = rte.Spectrum.bands([0.0, np.inf])
    band = rte.radiative_equilibrium(SLAB, kappa[..., None], PLATES, spectrum=whole, rtol=1e-10)
    assert_allclose(band.temperature, grey.temperature, rtol=1e-12)


def test_equilibrium_of_a_grey_gas_beside_a_clear_one():
    """The clear gas carries its share from plate to plate; the other does what it did alone, at the same T."""
    grey = rte.radiative_equilibrium(SLAB, np.full(SLAB.shape, 2.0), PLATES, rtol=1e-10)
    kappa = np.broadcast_to([0.0, 2.0], (*SLAB.shape, 2))
    both = rte.radiative_equilibrium(SLAB, kappa, PLATES, spectrum=shared(0.4, 0.6), rtol=1e-10)
    assert_allclose(both.temperature, grey.temperature, rtol=1e-9)
    ends = np.pi * (rte.blackbody(1000.0) - rte.blackbody(500.0))
    clear, gas = both.heat.wall_net_flux["x_max"].ravel() / ends
    assert clear == pytest.approx(0.4, rel=1e-9)
    assert gas == pytest.approx(0.6 * float(grey.heat.wall_net_flux["x_max"].ravel()[0]) / ends, rel=1e-8)


def test_equilibrium_of_a_thin_slab_in_bands():
    """Half of the light of each plate comes from either side, whatever the band: a closed equation for T."""
    from scipy.optimize import brentq

    kappa = np.array([3.0, 0.5, 0.0])
    found = rte.radiative_equilibrium(
        SLAB, np.broadcast_to(1e-7 * kappa, (*SLAB.shape, 3)), PLATES, spectrum=THREE, rtol=1e-10
    )
    light = kappa @ (THREE.wall_emission(1000.0) + THREE.wall_emission(500.0)) / 2.0
    T = brentq(lambda T: kappa @ THREE.wall_emission(T) - light, 500.0, 1000.0)
    assert_allclose(found.temperature, T, rtol=1e-6)
    assert abs(T - ((1000.0**4 + 500.0**4) / 2.0) ** 0.25) > 30.0  # canary: bands matter


def test_equilibrium_of_bands_with_heat_release_gives_it_off():
    """A band at short waves, in which cold gas emits nothing; all that is released leaves through the walls."""
    grid, ultraviolet = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4)), rte.Spectrum.bands([0.5e-6, 0.6e-6])
    kappa = np.full((*grid.shape, 1), 2.0)
    found = rte.radiative_equilibrium(grid, kappa, rte.black(300.0), 1e-3, spectrum=ultraviolet, rtol=1e-10)
    assert_allclose(found.heat.div_q, 1e-3, rtol=1e-9)
    assert_allclose(sum(f.mean() for f in found.heat.wall_net_flux.values()), 1e-3, rtol=1e-10)
    assert 600.0 < found.temperature.min() < found.temperature.max() < 1000.0


def test_equilibrium_of_a_weighted_sum_whose_mixture_varies():
    grid, rng = rte.uniform((0, 0, 0), (1, 1, 1), (5, 5, 5)), np.random.default_rng(5)
    H2O, CO2 = rng.uniform(0.05, 0.2, (2, *grid.shape))
    gas = rte.absorption.wsgg(
        rte.Field(grid, np.full(grid.shape, 1200.0), 101325.0, {"H2O": H2O, "CO2": CO2})
    )
    asked = {"spectrum": gas.spectrum, "mole_ratio": gas.mole_ratio, "rtol": 1e-10}
    walls, release = rte.black(300.0, x_min=900.0), rng.uniform(0.0, 5e4, grid.shape)
    found = rte.radiative_equilibrium(grid, gas.kappa, walls, release, 24, **asked)
    assert np.abs(found.heat.div_q.sum(axis=-1) - release).max() <= 1e-10 * release.max()
    leaves = sum(f.sum(axis=-1).mean() for f in found.heat.wall_net_flux.values())
    assert leaves == pytest.approx(release.mean(), rel=1e-9)
    T = found.temperature.ravel()
    source = gas.spectrum.wall_emission(T, gas.mole_ratio.ravel()).reshape(gas.kappa.shape)
    heat = rte.HeatSolver(grid, walls, 24, method=rte.March(), spectrum=gas.spectrum)
    again = heat(gas.kappa, source, mole_ratio=gas.mole_ratio)
    assert_allclose(again.div_q.sum(axis=-1), release, atol=1e-8 * release.max())


@pytest.mark.parametrize(("changed", "text"), [
    ({"spectrum": None}, r"radiative_equilibrium: kappa is an array of shape \(21, 1, 1, 3\).*shape \(21, 1, 1\)"),
    ({"kappa": np.ones(SLAB.shape)}, r"kappa is an array of shape \(21, 1, 1\).*shape \(21, 1, 1, 3\)"),
    ({"spectrum": "bands"}, "spectrum is 'bands' .*expected a Spectrum, or None for grey"),
    ({"spectrum": rte.Spectrum.weighted("bordbar2014"), "kappa": np.ones((*SLAB.shape, 5))}, "mole_ratio is None"),
    ({"mole_ratio": np.ones(SLAB.shape)}, "mole_ratio is .*does not take one"),
    ({"heat_release": np.ones(3)}, "heat_release is an array of shape"),
])  # fmt: skip
def test_equilibrium_says_what_does_not_fit(changed, text):
    given = {"kappa": np.ones((*SLAB.shape, 3)), "walls": PLATES, "spectrum": THREE} | changed
    with pytest.raises(rte.InputError, match=text):
        rte.radiative_equilibrium(SLAB, **given)


def test_the_example_keeps_its_energy():
    spec = importlib.util.spec_from_file_location("couple_energy", ROOT / "scripts/couple_energy.py")
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    assert example.main(cells=12, steps=12) < 1e-12


def test_a_call_that_fails_does_no_harm():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4))
    solver, ones = rte.HeatSolver(grid, rte.periodic(), 20), np.ones(grid.shape)
    before = solver(ones, ones).result()
    with pytest.raises(rte.InputError, match="no wall ends a ray"):
        solver(0.0 * ones, ones)
    np.testing.assert_array_equal(solver(ones, ones).G, before.G)
    corners = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    mesh = rte.mesh((corners, [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]), 300.0)
    with pytest.raises(rte.InputError, match="sees solid cells, not meshes"):
        rte.HeatSolver(grid, objects=[mesh])


def test_heat_without_a_way_out():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (3, 3, 3))
    with pytest.raises(rte.InputError, match="no wall lets heat in or out"):
        rte.radiative_equilibrium(grid, np.ones(grid.shape), rte.mirror(), 1.0)


@pytest.mark.parametrize("tau", [30.0, 100.0])
def test_equilibrium_of_a_thick_slab(tau):
    grid = rte.Cartesian(np.linspace(0, 1, 51))
    walls = rte.black(0.0, x_min=1000.0, x_max=500.0)
    found = rte.radiative_equilibrium(grid, np.full(grid.shape, tau), walls)
    ends = np.pi * (rte.blackbody(1000.0) - rte.blackbody(500.0))
    # Milne's law: 4/3 over tau + 2 times 0.7104.
    assert_allclose(found.heat.wall_net_flux["x_max"] / ends, 4.0 / 3.0 / (tau + 1.4209), rtol=2e-2)


def test_a_weighted_sum_of_grey_gases_in_a_coupled_program():
    """The default set has walls that emit with the shares of the gas beside them: the solver takes the mixture."""
    T = fields(4)[1]
    rng = np.random.default_rng(5)
    field = rte.Field(
        GRID,
        T,
        np.asarray(101325.0),
        {"H2O": 0.2 * rng.random(GRID.shape), "CO2": 0.1 * rng.random(GRID.shape)},
    )
    medium = rte.absorption.wsgg(field)
    solver = rte.HeatSolver(GRID, rte.black(700.0), 50, spectrum=medium.spectrum)
    heat = solver(medium.kappa, medium.source, mole_ratio=medium.mole_ratio)
    once = rte.solve(medium, rte.heat_source(50), rte.black(700.0))
    np.testing.assert_array_equal(heat.div_q, once.div_q)
    np.testing.assert_array_equal(heat.energy_source, -once.div_q.sum(axis=-1))
    with pytest.raises(rte.InputError, match="needs one"):
        solver(medium.kappa, medium.source)


def test_what_stands_in_arrays_of_earlier_calls_does_not_matter():
    """The first ordinates begin the sums: cells that are thin, solid or swept by none must not keep old numbers."""
    rng, grid = np.random.default_rng(3), rte.uniform((0, 0, 0), (1, 1, 1), (7, 6, 9))
    mask = rng.random(grid.shape) < 0.2
    walls, objects = rte.black(500.0, z_min=rte.mirror()), [rte.solids(mask, 900.0)]
    solver = rte.HeatSolver(grid, walls, 100, objects=objects)
    first, second = (10.0 ** rng.uniform(-1.0, most, grid.shape) for most in (2.5, 0.5))
    source = 1.0 + rng.random(grid.shape)
    alone = rte.HeatSolver(grid, walls, 100, objects=objects)(second, source)
    expected = alone.div_q.copy(), alone.G.copy(), alone.error_estimate.copy()
    solver(first, source)
    for array in (a for kept in solver._task.leave()["box"][1]._kept.values() for a in kept):
        for values in array.values() if isinstance(array, dict) else [array]:
            values[...] = np.nan
    again = solver(second, source)
    for values, known in zip((again.div_q, again.G, again.error_estimate), expected, strict=True):
        np.testing.assert_array_equal(values, known)
