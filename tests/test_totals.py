"""What all bands have together, and the quantities of emission that have names of their own."""

from __future__ import annotations

import csv
import dataclasses

import h5py
import numpy as np
import pytest
import xarray
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expn
from scipy.stats import qmc

import built
import raytrace_rte as rte
from raytrace_rte.config.config import load
from raytrace_rte.planck import SIGMA
from raytrace_rte.run import job as jobs
from raytrace_rte.table import BAND, Variable

BANDED = {
    "image": lambda: built.image(built.BANDS), "rays": lambda: built.rays(built.BANDS),
    "points": lambda: built.fluxes(spectrum=built.BANDS), "face": lambda: built.face(built.BANDS),
    "heat": lambda: built.heat(built.BANDS),
}  # fmt: skip


@pytest.mark.parametrize("make", BANDED.values(), ids=BANDED)
def test_totals_stand_beside_bands_and_are_their_sums(make, tmp_path):
    result = make()
    powers = [v for v in result.variables() if BAND in v.dims and "W" in v.unit]
    assert powers
    with xarray.open_dataset(result.save(tmp_path / "a.h5"), engine="h5netcdf") as data:
        for v in powers:
            total = result.table[f"total_{v.name}"]
            assert_allclose(total.values, v.values.sum(axis=-1), rtol=1e-15)
            assert (total.dims, total.unit, total.trust) == (v.dims[:-1], v.unit, v.trust)
            assert_array_equal(data[total.name], total.values)
    assert_allclose(result.total, result.value.sum(axis=-1), rtol=1e-15)
    assert f"{result.total.max():.6g}" in result.summary()
    assert "(2 bands together)" in result.summary()
    assert "total_transmittance" not in result  # shares do not add up


def test_without_bands_there_are_no_totals():
    for make in (built.image, built.fluxes, built.heat):
        assert not [v.name for v in make().variables() if v.name.startswith("total_")]
        assert make().total.shape == make().value.shape
        assert "together" not in make().summary()


def test_powers_per_wavelength_do_not_add_up():
    values = np.array([[1.0, 3.0]])
    assert Variable("a", ("x", BAND), values, "W m-2 sr-1 um-1", "").without_bands().values[0] == 2.0
    assert Variable("a", ("x", BAND), values, "W m-2 sr-1", "").without_bands().values[0] == 4.0


def test_totals_are_in_every_kind_of_file(tmp_path):
    flux, heat = built.fluxes(spectrum=built.BANDS), built.heat(built.BANDS)
    with open(flux.save(tmp_path / "a.csv"), newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(line for line in file if not line.startswith("#"))
    at = names.index("total_incident_flux [W m-2]")
    assert_array_equal([float(row[at]) for row in rows], flux.total)
    with h5py.File(heat.save(tmp_path / "b.vtkhdf")) as file:
        assert_array_equal(file["VTKHDF/CellData/total_div_q [W m-3]"], heat.total.ravel())
    with h5py.File(heat.save(tmp_path / "c.walls.vtkhdf")) as file:
        walls = [heat[f"total_wall_net_flux_{face}"].ravel() for face in rte.grid.FACES]
        assert_array_equal(file["VTKHDF/CellData/total_wall_net_flux [W m-2]"], np.concatenate(walls))
    assert set(heat.wall_net_flux) == set(rte.grid.FACES)


def test_a_gauge_reads_all_bands():
    flux = built.fluxes(spectrum=built.BANDS)
    assert_allclose(flux.gauge_flux(400.0), flux.total - SIGMA * 400.0**4, rtol=1e-9)


def gases(grid, T, kappas, weights):
    """Grey gases with constant weights at one temperature: kappa and source, bands last."""
    spectrum = rte.Spectrum.from_callable(lambda T: np.array(weights) * rte.blackbody(T), len(weights))
    kappa, source = (np.empty((*grid.shape, len(weights))) for _ in range(2))
    kappa[:], source[:] = kappas, np.array(weights) * rte.blackbody(T)
    return rte.Medium(grid, kappa, source, spectrum)


BOX = rte.uniform((0, 0, 0), (1, 1, 1), (6, 6, 6))


def test_emission_and_planck_mean_of_grey_gases():
    """4 sigma kappa_P T^4, kappa_P the mean of kappa weighted by what a black wall emits in each band."""
    medium = gases(BOX, 1200.0, [0.0, 1e-3, 2.0], [0.5, 0.3, 0.2])
    mean = 0.3e-3 + 0.4
    assert_allclose(medium.planck_mean_kappa(), mean, rtol=1e-14)
    assert_allclose(medium.emission_density(), 4.0 * SIGMA * mean * 1200.0**4, rtol=1e-13)
    assert medium.emission_power == pytest.approx(4.0 * SIGMA * mean * 1200.0**4, rel=1e-13)
    grey = rte.Medium(BOX, np.full(BOX.shape, mean, np.float32), np.zeros(BOX.shape))
    assert_allclose(grey.planck_mean_kappa(), np.float32(mean))
    assert grey.emission_power == 0.0
    assert_array_equal(gases(BOX, 0.0, [1.0], [1.0]).planck_mean_kappa(), 0.0)
    slab = rte.Cartesian([0.0, 0.5, 2.0])
    assert gases(slab, 1000.0, [3.0], [1.0]).emission_power == pytest.approx(24.0 * SIGMA * 1e12)  # per m2


def test_a_thin_medium_loses_what_it_emits():
    medium = gases(BOX, 1500.0, [1e-7, 3e-7], [0.6, 0.4])
    heat = rte.solve(medium, rte.heat_source(30))
    assert_allclose(heat["total_emission"], medium.emission_density(), rtol=1e-13)
    assert_allclose(heat.total, medium.emission_density(), rtol=1e-6)
    assert heat.emission_power == pytest.approx(medium.emission_power, rel=1e-13)
    assert heat.radiant_power == pytest.approx(heat.emission_power, rel=1e-6)


def test_budgets_of_bands_add_up_and_close():
    medium = gases(BOX, 1000.0, [0.1, 4.0], [0.7, 0.3])
    heat = rte.solve(medium, rte.heat_source(60), rte.black(500.0))
    parts, bands = heat["part"].tolist(), heat["band_budget"]
    assert {"emitted", "absorbed", "to_x_min", "to_z_max"} <= set(parts)
    for name, row, total in zip(parts, bands, heat["total_band_budget"], strict=True):
        assert row.sum() == pytest.approx(heat.budget[name], rel=1e-12) == total
    lost = bands[[name.startswith("to_") for name in parts]].sum(axis=0)
    emitted, absorbed = bands[parts.index("emitted")], bands[parts.index("absorbed")]
    assert_allclose(emitted - absorbed, lost, atol=1e-10 * emitted.max())
    assert emitted[1] == pytest.approx(4.0 * np.pi * 4.0 * 0.3 * rte.blackbody(1000.0), rel=1e-12)


# Radiant fraction


def test_the_radiant_fraction_of_a_slab_is_the_closed_form():
    tau, T, released = 1.3, 1400.0, 5e5
    grid = rte.Cartesian(np.linspace(0.0, 0.4, 41))
    medium = rte.Medium(grid, np.full(grid.shape, tau / 0.4), np.full(grid.shape, rte.blackbody(T)))
    heat = rte.solve(medium, rte.heat_source(60, heat_release=released))
    leaves = 2.0 * SIGMA * T**4 * (1.0 - 2.0 * expn(3, tau))
    assert heat.power_unit == "W/m2"
    assert heat.radiant_fraction == pytest.approx(leaves / released, rel=1e-5)
    thin = 4.0 * tau * SIGMA * T**4 / released
    assert f"W/m2 released; optically thin {thin:.4g}" in heat.summary()


def cube_transmittance(tau):
    """Mean of exp(-tau l) over the chords l of a unit cube that enter diffusely: what one wall sees of the others."""
    y, z, a, b = qmc.Sobol(4, seed=1).random_base2(15).T
    sine, phi = np.sqrt(a), 2.0 * np.pi * b
    with np.errstate(divide="ignore"):
        along = [
            1.0 / np.sqrt(1.0 - a),
            *(
                np.where(d > 0.0, 1.0 - x, -x) / d
                for x, d in ((y, sine * np.cos(phi)), (z, sine * np.sin(phi)))
            ),
        ]
    return float(np.exp(-tau * np.min(along, axis=0)).mean())


@pytest.mark.parametrize("tau", [0.1, 1.0, 5.0])
def test_the_radiant_fraction_of_a_uniform_hot_box(tau):
    """sigma T^4 A (1 - mean transmittance of the chords of a cube) leaves it."""
    T, released = 1300.0, 7e5
    medium = rte.Medium(BOX, np.full(BOX.shape, tau), np.full(BOX.shape, rte.blackbody(T)))
    heat = rte.solve(medium, rte.heat_source(200, heat_release=released))
    wanted = 6.0 * SIGMA * T**4 * (1.0 - cube_transmittance(tau)) / released
    assert heat.radiant_fraction == pytest.approx(wanted, rel=4e-3)
    assert abs(heat.radiant_fraction - wanted) <= 2.0 * heat.radiant_power_estimate / released + 1e-4 * wanted
    figures = {v.name: float(v.values) for v in heat.figures()}
    assert figures == {"radiant_power": heat.radiant_power, "radiant_fraction": heat.radiant_fraction}
    assert f"radiant {heat.radiant_fraction:.4g} ±" in heat.summary()


def test_without_a_heat_release_there_is_no_fraction():
    heat = rte.solve(rte.Medium(BOX, np.ones(BOX.shape), np.ones(BOX.shape)), rte.heat_source(6))
    assert heat.heat_release is None
    assert heat.radiant_fraction is None
    assert "fraction" not in heat.summary()
    assert f"leaves         {heat.radiant_power:.6g} ±" in heat.summary()
    for wrong in (0.0, -1.0, "much", np.inf):
        with pytest.raises(rte.InputError, match=r"heat_source: heat_release is .*> 0 \[W\]"):
            rte.heat_source(6, heat_release=wrong)


JOB = """
[field]
file = "flame.h5"
[sensor]
kind = "heat_source"
directions = 6
"""


def test_a_job_takes_the_heat_release_of_its_field_or_the_number_it_is_told(tmp_path):
    field = rte.sample("smooth-plume", 6)
    valid = np.ones(field.grid.shape, dtype=bool)
    valid[0] = False
    release = np.full(field.grid.shape, 3e4)
    release[0] = np.nan  # no data there
    field = dataclasses.replace(field, heat_release=release, valid=valid)
    volume = float(np.prod([faces[-1] - faces[0] for faces in field.grid]))
    assert field.released_power == pytest.approx(3e4 * volume * 5 / 6)
    assert rte.sample("smooth-plume", 6).released_power is None
    release[~valid] = 0.0
    rte.write(dataclasses.replace(field, heat_release=release), tmp_path / "flame.h5")
    config = tmp_path / "job.toml"
    for text, wanted in ((JOB, field.released_power), (f"{JOB}heat_release = 1e3", 1e3)):
        config.write_text(text, encoding="utf-8")
        prepared = jobs.prepare(load(config))
        heat = rte.Serial().run(prepared.task)
        assert heat.heat_release == pytest.approx(wanted)
        assert heat.radiant_fraction == pytest.approx(heat.radiant_power / wanted)
        assert rte.load(heat.save(tmp_path / "a.h5")).summary() == heat.summary()
    rte.write(dataclasses.replace(field, heat_release=-release), tmp_path / "flame.h5")
    config.write_text(JOB, encoding="utf-8")
    heat = rte.Serial().run(jobs.prepare(load(config)).task)
    assert heat.radiant_fraction is None
    assert "there is no radiant fraction" in heat.summary()


# Averages along a line of sight


def test_averages_along_a_line_are_weighted_by_emission_and_by_what_arrives():
    """A cold absorbing layer in front of a hot one: the gas is hotter than what is seen of it."""
    kappa, T = np.array([4.0, 1.0, 1.0, 0.0]), np.array([900.0, 1800.0, 1800.0, 300.0])
    grid = rte.Cartesian(np.linspace(0.0, 2.0, 5))
    medium = rte.Medium(grid, kappa.reshape(grid.shape), rte.blackbody(T).reshape(grid.shape))
    line = rte.solve(medium, rte.line_of_sight((-1, 0, 0), (1, 0, 0)), method=rte.March(1))
    emitted = kappa * rte.blackbody(T)
    passed = np.exp(-0.5 * np.concatenate([[0.0], np.cumsum(kappa)[:-1]]))
    arrives = rte.blackbody(T) * -np.expm1(-0.5 * kappa) * passed
    for kind, weight in (("emission", emitted), ("contribution", arrives)):
        for name, values in (("temperature", T), ("kappa", kappa), ("s", 1.25 + 0.5 * np.arange(4))):
            assert line.averages()[kind][name] == pytest.approx(weight @ values / weight.sum(), rel=1e-12)
    assert line.averages()["contribution"]["temperature"] < line.averages()["emission"]["temperature"] - 100.0
    figures = {v.name: float(v.values) for v in line.figures()}
    assert figures["emission_mean_temperature"] == line.averages()["emission"]["temperature"]
    words = f"weighted by emission: temperature {figures['emission_mean_temperature']:.6g} K"
    assert words in line.summary()
    assert words in line.rows().attributes["comment"]
    assert rte.solve(medium, rte.Rays([-1, 0, 0], [1, 0, 0])).averages() == {}


def test_averages_are_written_above_the_profile(tmp_path):
    lines = built.line_of_sight().save(tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert "; weighted by emission: temperature" in lines[1]
    assert "; weighted by what of it arrives: temperature" in lines[1]
    assert lines[2].startswith("s [m],")


def test_the_kappa_of_a_profile_is_not_that_of_a_clear_band():
    medium = gases(BOX, 1500.0, [0.0, 2.0], [0.75, 0.25])
    line = rte.solve(medium, rte.line_of_sight((-1, 0.4, 0.4), (1, 0, 0)))
    assert_allclose(line.profile["kappa"], 0.5, rtol=1e-13)
    assert_allclose(line.profile["optical_depth"][-1], 0.5 * 11 / 12, rtol=1e-12)
    assert_allclose(line.profile["emission"], 0.5 * rte.blackbody(1500.0), rtol=1e-13)
    assert_allclose(line.averages()["emission"]["temperature"], 1500.0, rtol=1e-7)


def test_nothing_emitted_has_no_averages():
    medium = rte.Medium(BOX, np.ones(BOX.shape), np.zeros(BOX.shape))
    line = rte.solve(medium, rte.line_of_sight((-1, 0.4, 0.4), (1, 0, 0)))
    assert np.isnan(line.averages()["emission"]["temperature"])
    assert "averages       nothing is emitted along the line" in line.summary()
