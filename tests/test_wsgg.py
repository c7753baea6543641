"""Weighted sums of grey gases, and soot: against pins that were computed apart, closed forms, and bad input."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import raytrace_rte as rte
from fields import sooting_flame
from raytrace_rte.media import weighted_sum as sets
from raytrace_rte.media.absorption import shared
from raytrace_rte.media.weighted_sum import mole_ratio, weighted_sum
from raytrace_rte.planck import SIGMA

ATM = 101325.0
REFERENCE = Path(__file__).parent / "reference"
NAMES = sorted(sets._sets())


def rows(name):
    with (REFERENCE / name).open() as file:
        return list(csv.DictReader(file))


PINS = rows("wsgg_emissivity_pins.csv")


def gas(T, H2O, CO2, x=None, **more):
    """A slab of cells, from arrays or numbers."""
    T, H2O, CO2 = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, np.float64)) for v in (T, H2O, CO2)))
    grid = rte.Cartesian(np.arange(len(T) + 1.0) if x is None else x)
    fractions = {"H2O": H2O.reshape(-1, 1, 1), "CO2": CO2.reshape(-1, 1, 1)}
    pressure = more.pop("pressure", np.asarray(ATM))
    return rte.Field(grid, T.reshape(-1, 1, 1), pressure, {**fractions, **more.pop("other", {})}, **more)


def weights_as_published(name, T, r):
    """Coefficients [1/(m atm)] and weights of one component, term by term."""
    data = sets._sets()[name]
    component = data["components"][0]
    a, k = np.array(component["a"]), np.array(component["k"])
    t = T / component["reference_temperature"]
    weight = [
        sum(a[g, j, e] * r**e * t**j for j in range(a.shape[1]) for e in range(a.shape[2]))
        for g in range(len(a))
    ]
    return np.array([sum(k[g, e] * r**e for e in range(k.shape[1])) for g in range(len(k))]), np.array(weight)


@pytest.mark.parametrize("name", sorted({row["set"] for row in PINS}))
def test_emissivities_are_the_pins(name):
    """To 1e-8 from coefficients and weights, and to 1e-6 through a slab of the whole product."""
    pins = [row for row in PINS if row["set"] == name]
    assert len(pins) >= 9
    for number, row in enumerate(pins):
        r, T, path, known = (float(row[key]) for key in list(row)[1:])
        (k,), a, _ = weighted_sum(name).evaluate(np.array([T]), np.array([r]))
        assert float((a * -np.expm1(-k * ATM * path)).sum()) == pytest.approx(known, abs=1e-8)
        if number % 4:
            continue
        x = 0.3
        field = gas([T] * 3, x * r / (1 + r), x / (1 + r), np.linspace(0.0, path / x, 4))
        result = rte.solve(
            rte.absorption.wsgg(field, name), rte.line_of_sight((-1, 0, 0), (1, 0, 0)), method=rte.March()
        )
        assert float(result.total.sum()) == pytest.approx(known * rte.blackbody(T), rel=1e-6)


def test_the_slab_of_bordbars_gases_has_its_fluxes_and_div_q():
    """Hot, with a mole ratio from 1e-4 to 1e8: two other programs agree to 1e-5 (reference/README.md).

    Cells crowd where H2O is alone: the coefficients change over 1e-4 m there.
    """
    reference = np.array([[float(v) for v in row.values()] for row in rows("slab_B3_bordbar_wsgg.csv")])
    u = np.linspace(-1.0, 1.0, 3201)
    x = 0.5 + 0.15 * np.sinh(12.0 * u) / np.sinh(12.0) + 0.35 * u**3
    x[[0, -1]] = 0.0, 1.0
    middle = 0.5 * (x[1:] + x[:-1])
    hot = np.sin(np.pi * middle) ** 2
    H2O = 1e-4 + (1.0 - 1e-4) * hot
    medium = rte.absorption.wsgg(gas(400.0 + 1400.0 * hot, H2O, 1.0 - H2O, x))
    heat = rte.solve(medium, rte.heat_source(64), rte.black(400.0), rte.March())
    flux = reference[-1, 1] * 1e3
    for wall in ("x_min", "x_max"):
        assert float(heat.wall_net_flux[wall].sum()) == pytest.approx(flux, rel=1e-4)
    inside = (np.abs(reference[:, 0] - 0.5) < 0.49) & (np.abs(reference[:, 0] - 0.5) > 0.01)
    found = np.interp(reference[inside, 0], middle, heat.div_q.sum(axis=-1).ravel())
    known = -1e3 * reference[inside, 2]
    assert np.linalg.norm(found - known) < 1e-4 * np.linalg.norm(known)


@pytest.mark.parametrize(
    ("ratio", "alone", "share"), [(0.004, "dry", 0.6), (5e7, "wet", (5e7 - 4) / (1e8 - 4))]
)
def test_beyond_its_ratios_bordbar_mixes_in_one_gas_alone(ratio, alone, share):
    component = sets._sets()["bordbar2014"]["components"][0]
    edge = 0.01 if alone == "dry" else 4.0
    k, a = weights_as_published("bordbar2014", 1500.0, edge)
    t = 1500.0 / 1200.0
    k = (1 - share) * k + share * np.array(component[alone]["k"])
    a = (1 - share) * a + share * np.array(
        [np.polynomial.polynomial.polyval(t, b) for b in component[alone]["a"]]
    )
    (found_k,), found_a, _ = weighted_sum("bordbar2014").evaluate(np.array([1500.0]), np.array([ratio]))
    np.testing.assert_allclose(found_k[0, 1:] * ATM, k, rtol=1e-12)
    np.testing.assert_allclose(found_a[0, 1:], a, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    T=st.floats(250.0, 3500.0),
    ratio=st.one_of(st.floats(0.0, 1e10), st.floats(0.0, 5.0)),
)
def test_weights_are_shares_and_coefficients_at_least_0(name, T, ratio):
    gases = weighted_sum(name)
    coefficients, weights, _ = gases.evaluate(np.array([T]), np.array([ratio]))
    assert (weights >= 0.0).all()
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert all((k >= 0.0).all() and (k[:, 0] == 0.0).all() for k in coefficients)
    assert weights.shape[1] == len(gases.names)


def test_weights_below_0_are_counted():
    """A gas of CO2 in Cassol's set has a negative weight above 2050 K."""
    field = gas([1000.0, 2400.0, 2450.0], 0.2, 0.1)
    medium = rte.absorption.wsgg(field, "cassol2014")
    assert medium.provenance["clipped_weights"] == 2
    assert medium.n_band == 25
    np.testing.assert_allclose(medium.source.sum(axis=-1), rte.blackbody(field.temperature), rtol=1e-12)


def test_superposed_gases_absorb_together():
    field = gas([900.0, 1500.0], [0.2, 0.1], [0.1, 0.05], soot_volume_fraction=np.full((2, 1, 1), 2e-7))
    medium = rte.absorption.wsgg(field, "cassol2014")
    assert medium.n_band == 5 * 5 * 3
    assert medium.provenance["soot"] == "gases of cassol2014"
    names = medium.spectrum.names
    band = names.index("H2O 2, CO2 3, soot 1")
    kappa = ATM * (0.2 * 1.551 + 0.1 * 13.301) / ATM + 2e-7 * 22313.49
    assert medium.kappa[0, 0, 0, band] == pytest.approx(kappa, rel=1e-12)
    assert medium.kappa[0, 0, 0, names.index("H2O: clear, CO2: clear, soot: clear")] == 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_gas_of_weight_1_is_grey_bit_for_bit(monkeypatch, dtype):
    """The clear gas has no weight, so that images, fluxes and heat are those of the grey medium."""
    one = {
        "source": "none", "temperature": [1, 1e4], "mole_ratio": [0, 1e9], "pressure_length": [0, 1e9],
        "components": [{"of": "H2O+CO2", "reference_temperature": 1, "k": [[3.0]], "a": [[[1.0]]]}],
    }  # fmt: skip
    monkeypatch.setattr(sets, "_sets", lambda: {"one": one})
    rng = np.random.default_rng(3)
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (6, 7, 8))
    T, H2O = (rng.uniform(*ends, grid.shape).astype(dtype) for ends in ((300, 1800), (0, 0.5)))
    field = rte.Field(grid, T, np.asarray(ATM), {"H2O": H2O, "CO2": H2O})
    gases = rte.absorption.wsgg(field, "one")
    assert not gases.spectrum.depends_on_mixture
    grey = rte.Medium(
        grid, np.ascontiguousarray(gases.kappa[..., 1]), np.ascontiguousarray(gases.source[..., 1])
    )
    camera = rte.camera((0.4, -2.0, 0.6), (0.5, 0.5, 0.5), (9, 9), 35.0)
    for sensor, name in ((camera, "radiance"), (rte.heat_source(24), "div_q")):
        several, single = (rte.solve(medium, sensor, rte.black(400.0)) for medium in (gases, grey))
        np.testing.assert_array_equal(several[name][..., 1], single[name])
        np.testing.assert_array_equal(several[name][..., 0], 0.0)


@pytest.mark.parametrize("name", ["bordbar2014", "kangwanpongpan2012"])
def test_walls_emit_with_the_weights_of_the_gas_beside_them(name):
    """An isothermal box of gas of two mixtures, between walls of its temperature, is in equilibrium, band by band."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4))
    H2O = np.full(grid.shape, 0.2)
    field = rte.Field(grid, np.full(grid.shape, 1200.0), np.asarray(ATM), {"H2O": H2O, "CO2": 0.5 * H2O})
    heat = rte.solve(rte.absorption.wsgg(field, name), rte.heat_source(24), rte.black(1200.0))
    assert np.abs(heat.div_q).max() < 1e-9 * heat.emission.max()
    H2O[2:] = 0.02  # now the walls of the two halves have other weights
    mixed = rte.absorption.wsgg(
        rte.Field(grid, field.temperature, np.asarray(ATM), {"H2O": H2O, "CO2": 0.2 - H2O / 2}), name
    )
    for face, beside in (("x_min", (0, 0, 0)), ("x_max", (3, 0, 0))):
        n = rte.solve(mixed, rte.heat_source(24), rte.black(900.0)).leaving_radiance[face]
        ratio = float(mole_ratio(H2O[beside], 0.2 - H2O[beside] / 2))
        expected = rte.blackbody(900.0) * weighted_sum(name).weights(np.array([900.0]), np.array([ratio]))[0]
        np.testing.assert_allclose(n[0, 0], expected, rtol=1e-6)
        np.testing.assert_allclose(n.sum(axis=-1), rte.blackbody(900.0), rtol=1e-12)


def test_a_ray_meets_the_wall_of_the_gas_where_it_ends():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (2, 2, 2))
    H2O = np.full(grid.shape, 1e-6)
    H2O[:, 1] = 2e-6
    field = rte.Field(
        grid, np.full(grid.shape, 1e3), np.asarray(ATM), {"H2O": H2O, "CO2": np.full(grid.shape, 1e-6)}
    )
    medium = rte.absorption.wsgg(field)
    rays = rte.Rays(np.array([[-1, 0.25, 0.25], [-1, 0.75, 0.25], [-1, 5.0, 0.25]]), (1, 0, 0))
    found = rte.solve(medium, rays, rte.black(800.0)).value
    expected = rte.blackbody(800.0) * weighted_sum("bordbar2014").weights(
        np.full(3, 800.0), np.array([1.0, 2.0, 1.5])
    )
    np.testing.assert_allclose(found, expected, rtol=5e-4)  # the last one misses: the mean mixture
    solid = np.zeros(grid.shape, bool)
    solid[1] = True
    ended = rte.solve(medium, rays, rte.black(300.0), objects=[rte.solids(solid, 800.0)]).value
    np.testing.assert_allclose(ended[:2], expected[:2], rtol=5e-4)


def test_a_mesh_emits_with_the_weights_of_the_gas_around_it():
    pytest.importorskip("trimesh")
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (2, 2, 2))
    H2O = np.full(grid.shape, 1e-6)
    H2O[:, 1] = 3e-6
    field = rte.Field(
        grid, np.full(grid.shape, 1e3), np.asarray(ATM), {"H2O": H2O, "CO2": np.full(grid.shape, 1e-6)}
    )
    medium = rte.absorption.wsgg(field)
    one = np.array([[0.0, 0.0, 0.0], [0.3, 0.0, 0.0], [0.0, 0.3, 0.0], [0.0, 0.0, 0.3]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    two = rte.mesh((np.concatenate((one + 0.1, one + 0.6)), np.concatenate((faces, faces + 4))), 800.0)
    rays = rte.Rays(np.array([[-1, 0.2, 0.2], [-1, 0.7, 0.7]]), (1, 0, 0))
    found = rte.solve(medium, rays, rte.open_(), objects=[two]).value
    expected = rte.blackbody(800.0) * weighted_sum("bordbar2014").weights(
        np.full(2, 800.0), np.array([1.0, 3.0])
    )
    np.testing.assert_allclose(found, expected, rtol=5e-4)


def test_a_medium_is_written_and_sent_with_its_mixture(tmp_path):
    medium = rte.absorption.wsgg(gas([900.0, 1500.0], [0.2, 0.1], [0.1, 0.2]))
    medium.write(tmp_path / "m")
    again = rte.Medium.open(tmp_path / "m")
    assert again.digest() == medium.digest()
    np.testing.assert_array_equal(again.mole_ratio, medium.mole_ratio)
    assert rte.Spectrum.from_dict(medium.spectrum.to_dict()).names == medium.spectrum.names
    other = rte.absorption.wsgg(gas([900.0, 1500.0], [0.2, 0.1], [0.1, 0.25]))
    assert other.digest() != medium.digest()
    result = rte.solve(medium, rte.line_of_sight((-1, 0, 0), (1, 0, 0)), rte.black(700.0))
    result.save(tmp_path / "r.h5")
    loaded = rte.load(tmp_path / "r.h5")
    assert loaded.brightness_temperature == result.brightness_temperature
    assert loaded.spectrum.gases.name == "bordbar2014"


def test_a_wall_alone_shows_its_temperature_whatever_the_gases():
    medium = rte.absorption.wsgg(gas([900.0, 1500.0], 0.0, 0.0))
    result = rte.solve(medium, rte.line_of_sight((-1, 0, 0), (1, 0, 0)), rte.black(731.0))
    assert float(result.brightness_temperature.max()) == pytest.approx(731.0, rel=1e-12)


def test_ranges_are_checked_and_said_once():
    field = gas(
        [200.0, 1000.0, 2600.0, 200.0], [0.2, 0.2, 0.2, 0.0], [0.1, 0.02, 0.1, 0.0], np.arange(5.0) * 100.0
    )
    medium = rte.absorption.wsgg(field)
    assert medium.provenance["outside_temperature"] == 2  # the air does not count
    assert medium.provenance["outside_mole_ratio"] == 1
    said = rte.solve(medium, rte.line_of_sight((-1, 0, 0), (1, 0, 0))).summary()
    assert said.count("outside 300 to 2400 K") == 1
    assert said.count("another ratio of H2O to CO2") == 1
    assert "atm m" in said


def test_what_is_left_out_is_said():
    more = {name: np.full((2, 1, 1), 0.01) for name in ("CO", "CH4", "N2")}
    medium = rte.absorption.wsgg(gas([1000.0, 1100.0], 0.1, 0.1, other=more))
    assert medium.provenance["ignored"] == ["CO", "CH4"]
    assert "left out CO, CH4" in rte.solve(medium, rte.line_of_sight((-1, 0, 0), (1, 0, 0))).summary()


def test_all_blocks_are_those_of_one(monkeypatch):
    rng = np.random.default_rng(7)
    n = 1000
    field = gas(rng.uniform(200, 2600, n), rng.uniform(0, 0.5, n), rng.uniform(0, 0.5, n))
    whole = rte.absorption.wsgg(field)
    monkeypatch.setattr(shared, "BLOCK", 97)
    pieces = rte.absorption.wsgg(field)
    np.testing.assert_array_equal(whole.kappa, pieces.kappa)
    np.testing.assert_array_equal(whole.source, pieces.source)
    counts = ("outside_temperature", "outside_mole_ratio", "clipped_weights")
    assert [whole.provenance[c] for c in counts] == [pieces.provenance[c] for c in counts]


def test_cells_without_data_are_clear():
    valid = np.array([True, False, True]).reshape(3, 1, 1)
    T = [1000.0, np.nan, 1200.0]
    field = gas(
        T, [0.1, np.nan, 0.1], [0.1, 9e36, 0.1], valid=valid, soot_volume_fraction=1e-7 * np.ones((3, 1, 1))
    )
    for name in ("bordbar2014", "cassol2014"):
        medium = rte.absorption.wsgg(field, name)
        assert (medium.kappa[1] == 0.0).all()
        assert medium.kappa[0].max() > 0.0
        assert np.isfinite(medium.source).all()
        assert medium.provenance["cells_without_data"] == 1


# soot


def test_thin_soot_emits_its_closed_form():
    """kappa = C f_v T, and a thin layer sends kappa L sigma T^4 / pi."""
    f, L = np.full((4, 1, 1), 1e-9), 0.01
    field = rte.Field(rte.Cartesian(np.linspace(0, L, 5)), np.full((4, 1, 1), 1600.0), soot_volume_fraction=f)
    medium = rte.absorption.soot(field)
    np.testing.assert_allclose(medium.kappa, 1817.0 * 1e-9 * 1600.0, rtol=1e-14)
    seen = rte.solve(medium, rte.line_of_sight((-1, 0, 0), (1, 0, 0)), method=rte.March())
    tau = 1817.0 * 1e-9 * 1600.0 * L
    assert float(seen.value.sum()) == pytest.approx(-np.expm1(-tau) * SIGMA * 1600.0**4 / np.pi, rel=1e-12)
    assert rte.absorption.soot(field, soot_constant=1470.0).kappa.max() == pytest.approx(1470.0 * 1.6e-6)
    assert "1470" in rte.absorption.soot(field, soot_constant=1470.0).provenance["soot"]


@pytest.mark.parametrize("model", ["planck_mean", "wsgg"])
def test_soot_is_added_to_gases(model):
    field = gas([1200.0, 1500.0], 0.1, 0.1, soot_volume_fraction=np.full((2, 1, 1), 3e-7))
    function = getattr(rte.absorption, model)
    both, clean = function(field), function(field, soot=False)
    alone = rte.absorption.soot(field).kappa.reshape(2, 1, 1, 1)
    for kappa in np.moveaxis((both.kappa - clean.kappa).reshape(2, 1, 1, -1), -1, 0):
        np.testing.assert_allclose(kappa, alone[..., 0], rtol=1e-10)
    assert clean.provenance["ignored"] == ["soot_volume_fraction"]
    assert "ignored" not in both.provenance
    assert "1817" in both.provenance["soot"]


METHODS = [rte.March(), rte.March(1), rte.Thick(), rte.Thin(), rte.Threshold(3.0)]


@pytest.fixture(scope="module")
def mixed():
    """A box in which every cell has a mixture of its own, and rays through it from all sides."""
    rng = np.random.default_rng(5)
    grid = rte.uniform((0, 0, 0), (1, 1.5, 2), (3, 4, 5))
    H2O, CO2 = rng.uniform(0.01, 0.2, (2, *grid.shape))
    medium = rte.absorption.wsgg(
        rte.Field(grid, rng.uniform(600.0, 1500.0, grid.shape), ATM, {"H2O": H2O, "CO2": CO2})
    )
    d = rng.normal(size=(300, 3))
    inside = grid.lower + rng.uniform(size=(300, 3)) * (grid.upper - grid.lower)
    return medium, rte.Rays(inside - np.where(np.arange(300) % 3, 9.0, 0.0)[:, None] * d, d)


def gas_at_the_end(medium, rays):
    """The mole ratio of the cell from which each ray leaves, by the slab method."""
    grid = medium.grid
    with np.errstate(divide="ignore"):
        far = np.maximum(
            (grid.lower - rays.origin) / rays.direction, (grid.upper - rays.origin) / rays.direction
        )
    out = rays.origin + (far.min(axis=1, keepdims=True) - 1e-9) * rays.direction
    at = tuple(np.searchsorted(faces, out[:, n]) - 1 for n, faces in enumerate(grid))
    return medium.mole_ratio[at]


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_rays_see_walls_that_emit_as_the_gas_beside_them(method, mixed):
    """Every method, and without records: light of the walls is that of the gas in the last cell of each ray."""
    medium, rays = mixed
    cold, warm = (rte.solve(medium, rays, walls, method) for walls in (rte.open_(), rte.black(900.0)))
    light = medium.spectrum.wall_emission(np.full(300, 900.0), gas_at_the_end(medium, rays))
    np.testing.assert_allclose(warm.value, cold.value + cold.transmittance * light, rtol=1e-12)
    mean = medium.wall_emission(900.0)
    assert np.abs(light - mean).max() > 0.1 * mean.max()  # canary: the gas matters
    lean = rte.solve(medium, rays, rte.black(900.0), method, lean=True)
    np.testing.assert_array_equal(lean.value, warm.value)


def test_net_fluxes_in_bands_are_less_what_a_wall_beside_that_gas_emits(mixed):
    medium, _ = mixed
    flux = rte.solve(medium, rte.wall_flux("z_max", directions=20), rte.black(900.0))
    emitted = medium.spectrum.wall_emission(np.full(12, 800.0), medium.mole_ratio[:, :, -1].ravel())
    np.testing.assert_allclose(flux.value - flux.net_flux(800.0), np.pi * emitted.reshape(3, 4, 5), rtol=1e-9)
    points = rte.solve(medium, rte.radiometer([(0.1, 0.1, 0.1), (0.5, 0.5, 9.0)], (0, 0, 1), directions=20))
    ratio = medium.mole_ratio[[0, 1], [0, 1], [0, 4]]
    wanted = np.pi * medium.spectrum.wall_emission(np.full(2, 800.0), ratio)
    np.testing.assert_allclose(points.value - points.net_flux(800.0), wanted, rtol=1e-9)


@pytest.mark.parametrize("rtol", [1e-1, 1e-3])
def test_the_switch_keeps_its_bound_between_such_walls(rtol, mixed):
    medium, rays = mixed
    march, auto = (
        rte.solve(medium, rays, rte.black(900.0, z_min=1400.0), method)
        for method in (rte.March(), rte.Auto(rtol))
    )
    off = np.abs(auto.value - march.value)
    assert (off <= auto.error_bound + 1e-12 * march.value.max()).all()
    assert off.max() > 0.0 or rtol < 1e-2


def test_limits_see_maps_of_temperatures():
    """Through nothing every ray shows the cell of the wall where it ends."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (2, 3, 4))
    nothing = rte.Medium(grid, np.zeros(grid.shape), np.zeros(grid.shape))
    T = np.linspace(300.0, 900.0, 12).reshape(3, 4)
    y, z = (c.ravel() for c in np.meshgrid(*grid.centres[1:], indexing="ij"))
    rays = rte.Rays(np.stack([0 * y - 1.0, y, z], axis=1), [1, 0, 0])
    for method in (*METHODS, rte.Auto()):
        seen = rte.solve(nothing, rays, rte.black(300.0, x_max=T), method)
        np.testing.assert_allclose(seen.value.ravel(), rte.blackbody(T.ravel()), rtol=1e-14)


def changed(field, **changes):
    state = {
        "temperature": field.temperature,
        "pressure": field.pressure,
        "mole_fraction": field.mole_fraction,
    }
    return rte.Field(field.grid, **(state | changes))


BANDS = np.ones((2, 1, 1, 5))
BAD = [
    (lambda f: rte.absorption.wsgg(f, "bordbar"), "no set 'bordbar'"),
    (lambda f: rte.absorption.wsgg(f, soot="yes"), "soot is 'yes'"),
    (lambda f: rte.absorption.wsgg(f, soot_constant=0.0), "soot_constant is 0"),
    (
        lambda f: rte.absorption.wsgg(changed(f, mole_fraction={"H2O": 0.1 + 0 * f.temperature})),
        "needs the mole fraction of CO2; the field has H2O",
    ),
    (lambda f: rte.absorption.wsgg(changed(f, pressure=None)), "no pressure"),
    (lambda f: rte.absorption.wsgg(changed(f, pressure=np.asarray(2e6))), "2e+06"),
    (lambda f: rte.absorption.wsgg(changed(f, pressure=np.asarray(1e4))), "expected 50662.5 to 202650 Pa"),
    (lambda f: rte.absorption.soot(f), "no soot_volume_fraction"),
    (lambda f: rte.Medium(f.grid, BANDS, BANDS, rte.Spectrum.weighted("bordbar2014")), "needs one"),
    (
        lambda f: rte.Medium(f.grid, f.temperature, f.temperature, mole_ratio=f.temperature),
        "does not take one",
    ),
    (lambda f: rte.Spectrum.weighted("bordbar2014", -1.0), "mole_ratio is -1"),
]


@pytest.mark.parametrize(("call", "expected"), BAD)
def test_bad_input_is_one_message(call, expected):
    with pytest.raises(rte.InputError) as found:
        call(gas([1000.0, 1200.0], 0.1, 0.1))
    assert expected in str(found.value)
    assert "\n" not in str(found.value)


# a flame in closed form: grid and directions


@pytest.mark.parametrize("model", ["planck_mean", "wsgg"])
def test_images_of_a_sooting_flame_converge_with_the_grid(model):
    """At least second order: halving the cells takes three quarters of the difference, or more."""
    camera = rte.camera_orthographic((0.5, -2.0, 0.3), (0.0, 0.0, 0.2), (12, 12), 0.3)
    images = [
        rte.solve(getattr(rte.absorption, model)(sooting_flame(n)), camera, rte.black(300.0)).total
        for n in (24, 48, 96)
    ]
    first, second = (np.linalg.norm(b - a) for a, b in pairwise(images))
    assert first > 3.0 * second
    assert second < 0.01 * np.linalg.norm(images[-1])


def test_heat_of_a_sooting_flame_converges_with_the_directions():
    medium = rte.absorption.wsgg(sooting_flame(12))
    found = [
        rte.solve(medium, rte.heat_source(n), rte.black(300.0), rte.March()).div_q.sum(axis=-1)
        for n in (32, 128, 512, 2048)
    ]
    errors = [np.linalg.norm(f - found[-1]) / np.linalg.norm(found[-1]) for f in found[:-1]]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 2e-3
