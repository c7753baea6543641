"""Spectra along rays."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import raytrace_rte as rte

EDGES = np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0], [3.5, 5.0], [5.0, np.inf]]) * 1e-6
BANDS = rte.Spectrum.bands(EDGES)
GRID = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4))
LINE = rte.line_of_sight((-1.0, 0.5, 0.5), (1.0, 0.0, 0.0))


def medium(kappa=(2.0, 1.0, 0.5, 3.0, 1.0), spectrum=BANDS):
    coefficients = np.broadcast_to(kappa, (*GRID.shape, len(kappa))).copy()
    field = rte.Field(
        GRID, np.full(GRID.shape, 1500.0), absorption_coefficient=coefficients, spectrum=spectrum
    )
    return rte.absorption.given(field)


def test_spectral_radiance_is_radiance_over_width():
    result = rte.solve(medium(), LINE, method=rte.March())
    found = result.spectral_radiance()
    np.testing.assert_allclose(found["wavelength"], [0.5, 1.5, 2.5, 4.25])
    np.testing.assert_allclose(found["lower"], [0.0, 1.0, 2.0, 3.5])
    np.testing.assert_allclose(found["upper"], [1.0, 2.0, 3.0, 5.0])
    np.testing.assert_allclose(found.value, result.value[0, :4] / [1.0, 1.0, 1.0, 1.5], rtol=1e-14)
    np.testing.assert_array_equal(found["transmittance"], result.transmittance[0, :4])
    assert found.table.main.unit == "W m-2 sr-1 um-1"
    assert found.table.main.dims == ("wavelength",)
    assert "left out 5-inf um: without an end, a band has no spectral radiance" in found.summary()


def test_the_blackbody_beside_it_is_as_bright_as_the_brightest_band():
    result = rte.solve(medium(kappa=(0.1, 0.1, 0.1, 1e3, 1.0)), LINE, method=rte.March())
    found = result.spectral_radiance()
    emitted = BANDS.wall_emission(1500.0)[:4] / [1.0, 1.0, 1.0, 1.5]
    np.testing.assert_allclose(found["blackbody"], emitted, rtol=1e-7)
    np.testing.assert_allclose(found["brightness_temperature"][3], 1500.0, rtol=1e-8)
    assert (found.value[:3] < emitted[:3]).all()


def test_contributions_of_bands_along_the_line_add_up():
    result = rte.solve(medium(), LINE, method=rte.March())
    bands = result["profile_contribution_band"]
    np.testing.assert_allclose(bands.sum(axis=0), result.value[0], rtol=1e-14)
    np.testing.assert_allclose(bands.sum(axis=1), result["profile_contribution"], rtol=1e-14)


def test_several_rays_have_a_spectrum_each(tmp_path):
    rays = rte.Rays([[-1, 0.5, 0.5], [-1, 0.5, 7.0]], [1, 0, 0])
    found = rte.solve(medium(), rays).spectral_radiance()
    assert found.table.main.dims == ("ray", "wavelength")
    assert (found.value[1] == 0).all()
    figure = found.plot(tmp_path / "spectra.png")
    assert [t.get_text() for t in figure.axes[0].get_legend().get_texts()][:2] == ["ray 0", "ray 1"]


def test_a_spectrum_is_saved_read_and_drawn(tmp_path):
    found = rte.solve(medium(), LINE).spectral_radiance()
    found.save(tmp_path / "spectrum.h5")
    again = rte.load(tmp_path / "spectrum.h5")
    assert isinstance(again, rte.SpectralResult)
    assert again.summary() == found.summary()
    found.save(tmp_path / "spectrum.csv")
    with open(tmp_path / "spectrum.csv", encoding="utf-8") as file:
        header, *rows = csv.reader(line for line in file if not line.startswith("#"))
    assert header[:4] == [
        "wavelength [um]",
        "lower [um]",
        "upper [um]",
        "spectral_radiance [W m-2 sr-1 um-1]",
    ]
    np.testing.assert_array_equal([float(row[3]) for row in rows], found.value)
    above, below = found.plot(tmp_path / "spectrum.png").axes
    assert below.get_xlabel() == "wavelength [um]"
    x, y = above.lines[0].get_data()
    assert np.isnan(y).sum() == 1  # the gap between 3 and 3.5 um
    np.testing.assert_allclose(np.nanmax(x), 5.0)


def test_what_has_no_spectrum_says_so():
    camera = rte.camera((-2, 0.5, 0.5), (0.5, 0.5, 0.5), (3, 2))
    with pytest.raises(
        rte.InputError, match=r"found an answer over \(elevation, azimuth, band\); expected rays"
    ):
        rte.solve(medium(), camera).spectral_radiance()
    grey = rte.Medium(GRID, np.ones(GRID.shape), np.ones(GRID.shape))
    line = rte.solve(grey, LINE)
    with pytest.raises(rte.InputError, match="the medium has no wavelength bands"):
        line.spectral_radiance()
    assert "spectrum.csv" not in line.files()
    endless = rte.solve(medium((1.0,), rte.Spectrum.bands([1e-6, np.inf])), LINE)
    assert "spectrum.csv" not in endless.files()
