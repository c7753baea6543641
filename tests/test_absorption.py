"""Absorption models and samples."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import raytrace_rte as rte
from raytrace_rte.formats.samples import SAMPLES
from raytrace_rte.media.absorption import shared
from raytrace_rte.media.absorption.planck_mean import ATM, planck_coefficient, planck_mean

# TNF workshop fits at 300, 1000, 2000 K [1/(m atm)]
VALUES = {
    "H2O": (52.997393, 5.575471, 1.218208),
    "CO2": (24.292029, 27.374100, 5.542347),
    "CO": (0.696327, 2.422757, 0.428184),
    "CH4": (5.571021, 3.311034, 1.186880),
}


@pytest.mark.parametrize("species", VALUES)
def test_fits_have_their_published_values(species):
    found = planck_coefficient(species, [300.0, 1000.0, 2000.0]) * ATM
    np.testing.assert_allclose(found, VALUES[species], rtol=2e-6, atol=5e-7)


def field(T, dtype=np.float64, **mole_fraction):
    shape = (len(T), 1, 1)
    species = {k: np.full(shape, v, dtype) for k, v in mole_fraction.items()}
    T = np.asarray(T, dtype).reshape(shape)
    return rte.Field(rte.Cartesian(np.arange(len(T) + 1.0)), T, np.asarray(ATM), species)


def test_kappa_is_the_sum_over_partial_pressures():
    medium = rte.absorption.planck_mean(field([1000.0, 2000.0], H2O=0.2, CO2=0.1, N2=0.7))
    expected = [0.2 * 5.575471 + 0.1 * 27.3741, 0.2 * 1.218208 + 0.1 * 5.542347]
    np.testing.assert_allclose(medium.kappa[:, 0, 0], expected, rtol=1e-6)
    np.testing.assert_array_equal(medium.source[:, 0, 0], rte.blackbody(np.array([1000.0, 2000.0])))
    assert medium.provenance["species"] == ["H2O", "CO2"]


def test_negative_fits_are_clipped_and_counted():
    medium = rte.absorption.planck_mean(field([230.0, 260.0, 300.0, 2600.0], CO2=0.5))
    assert planck_coefficient("CO2", 230.0) < 0
    assert medium.kappa[0, 0, 0] == 0.0
    assert medium.provenance["clipped"] == {
        "CO2": int((planck_coefficient("CO2", [230, 260, 300, 2600]) < 0).sum())
    }
    assert medium.provenance["outside_fit"] == 3


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-6), (np.float64, 1e-14)])
@pytest.mark.parametrize("pressure", ["number", "array"])
def test_all_blocks_have_the_sum_of_the_fits(dtype, rtol, pressure, monkeypatch):
    monkeypatch.setattr(shared, "BLOCK", 100)
    rng = np.random.default_rng(5)
    grid = rte.Cartesian(*(np.arange(n + 1.0) for n in (7, 11, 13)))
    T = rng.uniform(240.0, 2600.0, grid.shape).astype(dtype)
    T[0, 0, :3] = 749.9, 750.0, 750.1  # the fit of CO has two pieces
    X = {name: rng.uniform(0.0, 0.2, grid.shape).astype(dtype) for name in VALUES}
    p = (
        np.asarray(ATM, dtype)
        if pressure == "number"
        else rng.uniform(0.5, 2.0, grid.shape).astype(dtype) * ATM
    )
    medium = planck_mean(rte.Field(grid, T, p, X))
    a = {name: planck_coefficient(name, T) for name in VALUES}
    expected = sum(p.astype(float) * X[name] * np.maximum(a[name], 0.0) for name in VALUES)
    np.testing.assert_allclose(medium.kappa, expected, rtol=rtol)
    np.testing.assert_array_equal(medium.source, rte.blackbody(T))
    assert medium.provenance["clipped"] == {name: int((a[name] < 0).sum()) for name in VALUES}
    assert medium.provenance["outside_fit"] == int(((T < 300.0) | (T > 2500.0)).sum())


def test_planck_means_take_no_work_arrays_of_the_fields_size(monkeypatch):
    monkeypatch.setattr(shared, "BLOCK", 4096)
    n = 64
    T, X = (np.full((n, n, n), value, np.float32) for value in (900.0, 0.1))
    gas = rte.Field(rte.uniform((0, 0, 0), (1, 1, 1), (n, n, n)), T, np.asarray(ATM), {"H2O": X, "CO": X})
    planck_mean(gas)  # the kernel is loaded before
    tracemalloc.start()
    planck_mean(gas)
    peak = tracemalloc.get_traced_memory()[1] / n**3
    tracemalloc.stop()
    assert peak < 4 + 4 + 4  # bytes: kappa, source, and pieces


def test_single_precision_stays():
    medium = rte.absorption.planck_mean(field([1000.0], np.float32, H2O=0.2))
    assert medium.kappa.dtype == medium.source.dtype == np.float32


def test_missing_parts_are_named():
    with pytest.raises(rte.InputError, match="no mole fraction of 'CO'"):
        rte.absorption.planck_mean(field([900.0], H2O=0.1), species=["CO"])
    with pytest.raises(rte.InputError, match="no fit for 'N2O'"):
        rte.absorption.planck_mean(field([900.0], H2O=0.1), species=["N2O"])
    with pytest.raises(rte.InputError, match="the field has N2"):
        rte.absorption.planck_mean(field([900.0], N2=0.1))
    with pytest.raises(rte.InputError, match="no absorption_coefficient"):
        rte.absorption.given(field([900.0], H2O=0.1))
    no_pressure = rte.Field(rte.Cartesian([0, 1]), [[[900.0]]], mole_fraction={"H2O": [[[0.1]]]})
    with pytest.raises(rte.InputError, match="no pressure"):
        rte.absorption.planck_mean(no_pressure)


def test_the_pool_fire():
    fire = rte.sample("pool-fire")
    assert fire.grid.shape == (64, 64, 64)
    assert fire.temperature.dtype == np.float32
    assert list(fire.mole_fraction) == ["CH4", "CO2", "H2O"]
    assert "OpenFOAM v1912" in fire.provenance
    medium = rte.absorption.planck_mean(fire)
    assert medium.kappa.max() == pytest.approx(4.3, abs=0.1)


def test_the_pool_fire_is_written_out_byte_for_byte(tmp_path):
    from importlib.resources import files

    from raytrace_rte.formats.samples import write_sample

    write_sample("pool-fire", tmp_path / "fire.h5")
    shipped = (files("raytrace_rte") / "data" / "pool_fire.h5").read_bytes()
    assert (tmp_path / "fire.h5").read_bytes() == shipped


def test_the_embedded_file_is_small():
    from importlib.resources import files

    assert len((files("raytrace_rte") / "data" / "pool_fire.h5").read_bytes()) < 2.5e6


@pytest.mark.parametrize("name", [name for name in SAMPLES if not name.startswith("pool-fire")])
def test_analytic_samples_of_any_size(name, tmp_path):
    for cells in (1, 7, 20):
        made = rte.sample(name, cells)
        assert cells in made.grid.shape
        rte.write(made, tmp_path / "s.h5")
        assert rte.read(tmp_path / "s.h5").grid.shape == made.grid.shape
        model = (
            rte.absorption.given if made.absorption_coefficient is not None else rte.absorption.planck_mean
        )
        assert model(made).kappa.max() > 0


def test_burns_and_christon_centre():
    made = rte.sample("burns-christon", 41)
    assert made.absorption_coefficient[20, 20, 20] == pytest.approx(1.0)
    assert made.absorption_coefficient[0, 0, 0] == pytest.approx(0.9 * (1 / 41) ** 3 + 0.1)


def test_bad_samples():
    with pytest.raises(rte.InputError, match=r"did you mean 'pool-fire'\?"):
        rte.sample("poolfire")
    with pytest.raises(rte.InputError, match="drop cells"):
        rte.sample("pool-fire", 10)
    with pytest.raises(rte.InputError, match="cells is 0; expected a whole number >= 1"):
        rte.sample("smooth-plume", 0)


def test_species_may_be_one_name_and_none_counts_twice():
    gas = field([1000.0], H2O=0.2, CO2=0.1)
    one = rte.absorption.planck_mean(gas, species="CO2")
    twice = rte.absorption.planck_mean(gas, species=["CO2", "CO2"])
    assert one.kappa == twice.kappa == pytest.approx(2.7374100)
    with pytest.raises(rte.InputError, match="species is empty"):
        rte.absorption.planck_mean(gas, species=[])


def test_what_the_model_leaves_out_is_noted():
    gas = field([1000.0], H2O=0.2, N2=0.5, AR=0.1, C2H2=0.05, OH=0.01)
    sooty = rte.Field(gas.grid, gas.temperature, gas.pressure, gas.mole_fraction, 1e-6 * gas.temperature)
    medium = rte.absorption.planck_mean(sooty, soot=False)
    assert medium.provenance["ignored"] == ["C2H2", "OH", "soot_volume_fraction"]
    assert "ignored" not in rte.absorption.planck_mean(field([1000.0], H2O=0.2, N2=0.7, CO=0.1)).provenance
    assert medium.kappa == rte.absorption.planck_mean(gas).kappa


def gap(**changes):
    """Six cells in a row, of which the third and fourth hold no data."""
    valid = np.array([1, 1, 0, 0, 1, 1], bool).reshape(6, 1, 1)
    T = np.array([800.0, 900.0, np.nan, 0.0, 1500.0, 1600.0]).reshape(6, 1, 1)
    return rte.Field(rte.Cartesian(np.arange(7.0)), T, valid=valid, **changes)


def test_cells_without_data_are_empty_gas_without_a_gradient():
    bad = np.array([1.0, 1.0, np.nan, -3.0, 1.0, 1.0]).reshape(6, 1, 1)
    fill = np.array([0.2, 0.2, 9.97e36, np.nan, 0.2, 0.2]).reshape(6, 1, 1)
    for medium in (
        rte.absorption.given(gap(absorption_coefficient=bad)),
        rte.absorption.planck_mean(gap(pressure=np.asarray(ATM), mole_fraction={"H2O": fill})),
    ):
        assert medium.provenance["cells_without_data"] == 2
        np.testing.assert_array_equal(medium.kappa.ravel() > 0, [1, 1, 0, 0, 1, 1])
        T = np.array([800.0, 900.0, 900.0, 1500.0, 1500.0, 1600.0])
        np.testing.assert_array_equal(medium.source.ravel(), rte.blackbody(T))


def test_a_banded_coefficient_has_the_source_of_its_bands():
    bands = rte.Spectrum.bands([0.0, 2.7e-6, 4.3e-6, np.inf])
    gas = field([1000.0, 2000.0])
    kappa = np.ones((2, 1, 1, 3)) * [1.0, 2.0, 3.0]
    medium = rte.absorption.given(
        rte.Field(gas.grid, gas.temperature, absorption_coefficient=kappa, spectrum=bands)
    )
    assert medium.spectrum is bands
    np.testing.assert_allclose(medium.source[1, 0, 0], bands.wall_emission(2000.0), rtol=1e-15)
    np.testing.assert_allclose(bands.total(medium.source)[:, 0, 0], rte.blackbody(np.array([1000.0, 2000.0])))
    with pytest.raises(rte.InputError, match="bands need a spectrum"):
        rte.Field(gas.grid, gas.temperature, absorption_coefficient=kappa)
    with pytest.raises(rte.InputError, match=r"spectrum is .*grey.*expected rte.Spectrum.bands"):
        rte.Field(gas.grid, gas.temperature, absorption_coefficient=kappa, spectrum=rte.Spectrum.grey())
