"""Bands: spectral soot and tables of the user's own, against quadrature, closed forms and a naive look-up."""

from __future__ import annotations

import shutil
import sys
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.interpolate import RegularGridInterpolator
from scipy.special import zeta

import raytrace_rte as rte
from raytrace_rte.kernels.bands import add_species
from raytrace_rte.media.absorption.soot_bands import FITS, mean_absorption, mean_inverse_wavelength
from raytrace_rte.media.fractions import C2

EXAMPLE = Path(__file__).parent / "reference/band_table.h5"
EDGES = np.array([0.0, 0.6e-6, 1e-6, 2.7e-6, 3e-6, 4.2e-6, 4.21e-6, 10e-6, 60e-6, np.inf])
PAIRS = np.stack([EDGES[:-1], EDGES[1:]], axis=1)
FIT = "chang_charalampopoulos"


def planck_mean_of(function, low, high, T):
    """The mean of a function of wavelength with the weight of Planck's function, by adaptive quadrature in x."""
    a = 0.0 if high == np.inf else C2 / (high * T)
    b = min(C2 / (low * T) if low > 0 else np.inf, a + 80.0)

    def integral(weighted):
        nodes = [x for x in (a + 0.1, a + 1, a + 4, a + 10, a + 30) if a < x < b]
        ends = [a, *nodes, b]
        parts = [quad(weighted, *pair, epsabs=0, epsrel=1e-13) for pair in pairwise(ends)]
        return sum(part for part, _ in parts)

    def weight(x):
        return x**3 * np.exp(a - x) / -np.expm1(-x) if x > 0 else 0.0

    return integral(lambda x: weight(x) * function(C2 / (max(x, 1e-300) * T))) / integral(weight)


@pytest.mark.parametrize("T", [250.0, 1000.0, 2600.0])
def test_means_over_bands_against_quadrature(T):
    found = mean_inverse_wavelength(PAIRS, np.array([T]))[0]
    expected = [planck_mean_of(lambda w: 1.0 / w, *pair, T) for pair in PAIRS]
    np.testing.assert_allclose(found, expected, rtol=1e-11)
    found = mean_absorption(PAIRS, np.array([T]), FIT)[0]
    expected = [6 * np.pi * planck_mean_of(lambda w: float(FITS[FIT](np.array(w))) / w, *p, T) for p in PAIRS]
    np.testing.assert_allclose(found, expected, rtol=1e-5)  # E(m) has kinks at the ends of the fit
    inside = (PAIRS[:, 0] >= 0.4e-6) & (PAIRS[:, 1] <= 30e-6)
    np.testing.assert_allclose(found[inside], np.array(expected)[inside], rtol=1e-11)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.floats(-7.5, -3.5), st.floats(1e-7, 4.0), st.floats(100.0, 4000.0))
def test_a_mean_lies_between_the_ends_of_its_band(low, width, T):
    edges = 10.0**low * np.array([[1.0, 1.0 + width]])
    found = mean_inverse_wavelength(edges, np.array([T]))[0, 0]
    assert (1 - 1e-12) / edges[0, 1] <= found <= (1 + 1e-12) / edges[0, 0]


def sooty(dtype=np.float64, **more):
    rng = np.random.default_rng(3)
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (9, 8, 7))
    T = rng.uniform(280.0, 2500.0, grid.shape).astype(dtype)
    f = (1e-7 * rng.random(grid.shape) * (rng.random(grid.shape) > 0.3)).astype(dtype)
    return rte.Field(grid, T, soot_volume_fraction=f, **more)


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-6), (np.float64, 1e-10)])
def test_all_bands_of_soot_together_emit_its_planck_mean(dtype, rtol):
    gas = sooty(dtype)
    medium = rte.absorption.soot_bands(gas, EDGES, 0.26)
    assert medium.kappa.dtype == medium.source.dtype == dtype
    mean = 6 * np.pi * 0.26 * gas.soot_volume_fraction * gas.temperature * 4 * zeta(5) / zeta(4) / C2
    emitted = (medium.kappa.astype(float) * medium.source).sum(axis=-1)
    np.testing.assert_allclose(emitted, mean * rte.blackbody(gas.temperature.astype(float)), rtol=rtol)
    expected = medium.wall_emission(gas.temperature.astype(float).ravel()).reshape(medium.source.shape)
    np.testing.assert_allclose(medium.source, expected, rtol=rtol, atol=1e-37)


def test_a_fit_is_near_a_number_and_says_where_it_ends():
    gas = sooty(mole_fraction={"N2": np.full((9, 8, 7), 0.7), "CO2": np.full((9, 8, 7), 0.1)})
    medium = rte.absorption.soot_bands(gas, EDGES)
    notes = medium.provenance
    assert f"E(m) by {FIT}" in notes["soot"]
    assert "1990" in notes["soot"]
    assert notes["extended"] == ["0-0.6 um", "10-60 um", "60-inf um"]
    assert notes["ignored"] == ["CO2"]
    ratio = (
        medium.kappa[gas.soot_volume_fraction > 0]
        / rte.absorption.soot_bands(gas, EDGES, 0.26).kappa[gas.soot_volume_fraction > 0]
    )
    assert (ratio > 0.3).all()
    assert (ratio < 1.3).all()
    ray = rte.solve(medium, rte.line_of_sight((-1.0, 0.5, 0.5), (1, 0, 0)))
    assert "held beyond its fit in the bands 0-0.6 um" in ray.summary()
    m2 = (1.811 - 0.5821j) ** 2  # of the fit at 1 um
    assert FITS[FIT](np.array(1e-6)) == pytest.approx(-((m2 - 1) / (m2 + 2)).imag, rel=1e-14)


def test_cells_without_data_hold_no_soot():
    valid = np.ones((9, 8, 7), bool)
    valid[4] = False
    medium = rte.absorption.soot_bands(sooty(valid=valid), EDGES)
    assert (medium.kappa[4] == 0).all()
    assert medium.provenance["cells_without_data"] == 56


def test_what_soot_needs_is_said():
    bare = rte.Field(rte.Cartesian([0, 1]), [[[900.0]]])
    with pytest.raises(rte.InputError, match=r"no soot_volume_fraction; add one \(with its unit\)"):
        rte.absorption.soot_bands(bare, EDGES)
    with pytest.raises(
        rte.InputError, match=r"E_m is 'chang'.* expected a number, or one of chang_charalampopoulos"
    ):
        rte.absorption.soot_bands(sooty(), EDGES, "chang")
    with pytest.raises(rte.InputError, match=r"E_m is -0\.1; expected a number > 0"):
        rte.absorption.soot_bands(sooty(), EDGES, -0.1)
    with pytest.raises(rte.InputError, match="bands overlap"):
        rte.absorption.soot_bands(sooty(), [[1e-6, 3e-6], [2e-6, 4e-6]])
    with pytest.raises(rte.InputError, match="ascending"):
        rte.absorption.soot_bands(sooty(), [3e-6, 1e-6])


def table(seed=0, pressures=3):
    """A random table: CO2 depends on its own mole fraction, H2O does not."""
    rng = np.random.default_rng(seed)
    T, p = np.linspace(300.0, 2300.0, 6), np.geomspace(0.5e5, 2e5, pressures)
    return rte.absorption.BandTable(
        EDGES[2:6], T, p,
        {"H2O": rng.random((6, pressures, 3)) * 1e-5, "CO2": rng.random((6, pressures, 4, 3)) * 1e-5},
        {"CO2": np.array([0.0, 0.1, 0.2, 1.0])},
        source="made up",
    )  # fmt: skip


def gas(dtype=np.float64, low=0.5e5, high=2e5, **more):
    rng = np.random.default_rng(5)
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (9, 8, 7))
    T, p = rng.uniform(300.0, 2300.0, grid.shape), rng.uniform(low, high, grid.shape)
    X = {name: (0.3 * rng.random(grid.shape)).astype(dtype) for name in ("H2O", "CO2", "N2")}
    return rte.Field(grid, T.astype(dtype), p.astype(dtype), X, **more)


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-5), (np.float64, 1e-12)])
@pytest.mark.parametrize("pressures", [1, 3])
def test_a_table_is_interpolated_linearly_in_T_ln_p_and_mole_fraction(dtype, rtol, pressures):
    made = table(pressures=pressures)
    field = gas(dtype) if pressures > 1 else gas(dtype, 0.5e5, 0.5e5)
    medium = rte.absorption.bands(field, made)
    T, p = (a.astype(float) for a in (field.temperature, field.pressure))
    q = np.log(made.pressure) if pressures > 1 else np.log([0.5e5, 0.6e5])

    def twice(a):  # the peer wants two pressures
        return a if pressures > 1 else np.repeat(a, 2, axis=1)

    beyond = {"bounds_error": False, "fill_value": None}
    axes = made.temperature, q
    water = RegularGridInterpolator(axes, twice(made.absorption["H2O"]), **beyond)
    carbon = RegularGridInterpolator(
        (*axes, made.mole_fraction["CO2"]), twice(made.absorption["CO2"]), **beyond
    )
    x = {name: a.astype(float) for name, a in field.mole_fraction.items()}
    at = np.stack([T, np.log(p)], axis=-1)
    expected = p[..., None] * (
        x["H2O"][..., None] * water(at)
        + x["CO2"][..., None] * carbon(np.concatenate([at, x["CO2"][..., None]], axis=-1))
    )
    np.testing.assert_allclose(medium.kappa, expected, rtol=rtol)
    assert medium.provenance["outside_table"] == {"temperature": 0, "pressure": 0, "mole_fraction": 0}
    assert "ignored" not in medium.provenance
    assert medium.spectrum.edges.tolist() == PAIRS[2:5].tolist()


def test_beyond_a_table_are_its_ends_and_counts():
    made, grid = table(), rte.Cartesian(np.arange(4.0))
    shape = (3, 1, 1)
    T = np.array([200.0, 900.0, 2900.0]).reshape(shape)
    X = {"H2O": np.full(shape, 0.1), "CO2": np.full(shape, 0.1), "OH": np.full(shape, 0.01)}
    field = rte.Field(grid, T, np.asarray(2.1e5), X, soot_volume_fraction=np.full(shape, 1e-8))
    medium = rte.absorption.bands(field, made, soot=False)
    ends = rte.Field(grid, np.clip(T, 300.0, 2300.0), np.asarray(2e5), X)
    np.testing.assert_allclose(medium.kappa, rte.absorption.bands(ends, made).kappa * 1.05, rtol=1e-12)
    assert medium.provenance["outside_table"] == {"temperature": 2, "pressure": 3, "mole_fraction": 0}
    assert medium.provenance["ignored"] == ["OH", "soot_volume_fraction"]
    both = rte.absorption.bands(field, made, E_m=0.3)
    soot = rte.absorption.soot_bands(field, EDGES[2:6], 0.3)
    np.testing.assert_allclose(both.kappa, medium.kappa + soot.kappa, rtol=1e-12)
    assert both.provenance["soot"] == "kappa = 6 pi E(m) f_v / lambda, E(m) = 0.3"
    shown = rte.solve(both, rte.line_of_sight((-1.0, 0.5, 0.5), (1, 0, 0))).summary()
    assert "2 values of temperature lie beyond the band table" in shown


def test_pressures_far_from_a_table_and_species_that_are_missing_are_refused():
    with pytest.raises(rte.InputError, match=r"pressure is .* Pa; expected 50000 to 200000 Pa"):
        rte.absorption.bands(gas(low=4e5, high=5e5), table())
    grid = rte.Cartesian([0, 1])
    one = rte.Field(grid, [[[900.0]]], 1e5, {"H2O": [[[0.1]]]})
    with pytest.raises(rte.InputError, match="no mole fraction of 'CO2', it has H2O; name those"):
        rte.absorption.bands(one, table())
    assert rte.absorption.bands(one, table(), species="H2O").kappa.shape == (1, 1, 1, 3)
    with pytest.raises(rte.InputError, match="the table has no 'CH4', it has H2O, CO2"):
        rte.absorption.bands(one, table(), species=["CH4"])
    with pytest.raises(rte.InputError, match="species is empty"):
        rte.absorption.bands(one, table(), species=[])
    one = rte.Field(grid, [[[900.0]]], mole_fraction={"H2O": [[[0.1]]], "CO2": [[[0.1]]]})
    with pytest.raises(rte.InputError, match="no pressure"):
        rte.absorption.bands(one, table())


def test_cells_without_data_are_empty_gas_in_bands_too():
    valid = np.ones((9, 8, 7), bool)
    valid[2] = False
    medium = rte.absorption.bands(gas(valid=valid), table())
    assert (medium.kappa[2] == 0).all()
    assert (medium.kappa[3] > 0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edges": [3e-6, 2e-6]}, "ascending"),
        ({"edges": [[1e-6, 3e-6], [2e-6, 4e-6]]}, "bands overlap"),
        ({"temperature": [900.0, 300.0]}, r"temperature is .*that ascend"),
        ({"pressure": [0.0]}, r"pressure\[0\] is 0.0; expected numbers > 0"),
        ({"absorption": {"CO2": [[[-1e-6]], [[0.0]]]}}, r"absorption/CO2\[0, 0, 0\] is -1e-06; expected numbers >="),
        ({"absorption": {"CO2": [[[1e-6]]]}}, r"absorption/CO2 .*shape \(2, 1, 1\)"),
        ({"absorption": {}}, "absorption is empty"),
        ({"mole_fraction": {"CO": [0.0, 1.0]}}, "'CO' has no absorption"),
    ],
)  # fmt: skip
def test_a_bad_table_is_refused(change, message):
    good = {"edges": [1e-6, 2e-6], "temperature": [300.0, 900.0], "pressure": [1e5],
            "absorption": {"CO2": [[[1e-6]], [[2e-6]]]}}  # fmt: skip
    rte.absorption.BandTable(**good)
    with pytest.raises(rte.InputError, match=message):
        rte.absorption.BandTable(**(good | change))


def test_the_frozen_table_reads_as_it_was_written(tmp_path):
    """Written by version 1 of the schema; later versions have to read it."""
    read = rte.read_band_table(EXAMPLE)
    assert read.source == "made up, for tests: no gas absorbs like this"
    assert list(read.absorption) == ["CO2", "H2O"]
    np.testing.assert_allclose(read.edges, [[2.5e-6, 3.1e-6], [4.1e-6, 4.8e-6]], rtol=1e-15)
    assert read.names == ("2.7 um", "4.3 um")
    np.testing.assert_allclose(read.temperature, [300.0, 1000.0, 2000.0])
    np.testing.assert_allclose(read.pressure, [101325.0])  # written in atm
    np.testing.assert_allclose(read.absorption["H2O"][:, 0], np.array([[30, 1], [10, 2], [4, 3]]) / 101325.0)
    np.testing.assert_allclose(read.absorption["CO2"][1, 0, :, 1], np.array([120.0, 90.0]) / 101325.0)
    rte.write_band_table(read, tmp_path / "again.h5")
    again = rte.read_band_table(tmp_path / "again.h5")
    for name in read.absorption:
        np.testing.assert_array_equal(again.absorption[name], read.absorption[name])
    assert again.names == read.names


def changed(tmp_path, change):
    path = tmp_path / "table.h5"
    shutil.copy(EXAMPLE, path)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def _negative(file):
    file["absorption/H2O"][1, 0, 1] = -1.0


def _descending(file):
    file["band_edges"][0] = file["band_edges"][0][::-1]


def _overlapping(file):
    file["band_edges"][0, 1] = 5e3


def _without_unit(file):
    del file["absorption/H2O"].attrs["units"]


def _wrong_unit(file):
    file["absorption/H2O"].attrs["units"] = "1/m"


def _without_pressure(file):
    del file["pressure"]


def _newer(file):
    file.attrs["schema_version"] = 2


def _another(file):
    file.attrs["schema"] = "raytrace_rte field"


BAD = [
    (_negative, r"absorption/H2O\[1, 0, 1\] is .*expected numbers >= 0"),
    (_descending, "ascending in each band"),
    (_overlapping, "bands overlap"),
    (_without_unit, "dataset 'absorption/H2O': the unit of absorption per pressure is missing"),
    (_wrong_unit, "unknown unit '1/m' of absorption per pressure"),
    (_without_pressure, "dataset 'pressure' is missing"),
    (_newer, "schema_version is 2; expected 1; update the package"),
    (_another, "schema is 'raytrace_rte field'; expected 'raytrace_rte band table'"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=[change.__name__ for change, _ in BAD])
def test_a_bad_file_is_one_message_with_its_name(change, message, tmp_path):
    with pytest.raises(rte.InputError, match=message) as error:
        rte.read_band_table(changed(tmp_path, change))
    assert "table.h5" in str(error.value)
    assert "\n" not in str(error.value)


CONFIG = """
[field]
file = "gas.h5"
[absorption]
model = "bands"
table = "table.h5"
[sensor]
kind = "line_of_sight"
origin = [-1.0, 0.5, 0.5]
direction = [1.0, 0.0, 0.0]
"""


def test_a_job_reads_the_table_beside_its_config(tmp_path, monkeypatch, capsys):
    from raytrace_rte.cli import main

    rte.write(gas(), tmp_path / "gas.h5")
    rte.write_band_table(table(), tmp_path / "table.h5")
    (tmp_path / "job.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["raytrace-rte", "run", str(tmp_path / "job.toml"), "--quiet"])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 0
    (result,) = tmp_path.rglob("result.h5")
    assert rte.load(result).config["medium"]["model"] == "bands"
    with h5py.File(tmp_path / "table.h5", "r+") as file:
        file["absorption/H2O"][0, 0, 0] = -1.0
    shutil.rmtree(result.parent)
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 2
    assert "absorption/H2O[0, 0, 0] is -1.0" in capsys.readouterr().err
    assert not result.exists()


def test_threads_and_blocks_leave_the_bits_alone(monkeypatch):
    whole = rte.absorption.bands(gas(), table())
    monkeypatch.setattr(sys.modules["raytrace_rte.media.absorption.shared"], "BLOCK", 37)
    parts = rte.absorption.bands(gas(), table())
    np.testing.assert_array_equal(whole.kappa, parts.kappa)
    np.testing.assert_array_equal(whole.source, parts.source)


def test_a_canary_without_clamping_would_be_seen():
    """The kernel at an end of the table: what lies beyond counts, and is what the end has."""
    axes = np.array([300.0, 600.0]), np.log([1e5]), np.zeros(1)
    a = np.array([1.0, 3.0]).reshape(2, 1, 1, 1)
    out = np.zeros((3, 1))
    T, one = np.array([200.0, 450.0, 700.0]), np.ones(3)
    assert add_species(T, 2e5 * one, 0.5 * one, axes, a, out).tolist() == [2, 0, 0]
    np.testing.assert_allclose(out[:, 0], [1e5, 2e5, 3e5])


def test_what_bands_leave_out_of_the_spectrum_is_said():
    """Fractions of blackbody radiation from tables: 0.6337 below 5000 um K, 0.0667 below 2000 um K."""
    grid, ones = rte.Cartesian([0.0, 1.0]), np.ones((1, 1, 1))
    field = rte.Field(grid, 1000.0 * ones, soot_volume_fraction=1e-7 * ones)
    (note,) = rte.absorption.soot_bands(field, [2e-6, 5e-6], 0.26).provenance["notes"]
    assert note.startswith("the bands hold 56.7 % of the blackbody radiation of the hottest cell (1000 K)")
    assert "notes" not in rte.absorption.soot_bands(field, [0.0, 2e-6, np.inf], 0.26).provenance
