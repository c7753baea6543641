"""Detectors: response curves, what they make of bands, and what they refuse."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.integrate import quad

import raytrace_rte as rte
from fields import random_rays
from raytrace_rte.media.passage import Passage
from sooty import integral, planck

MICRON = 1e-6
EDGES = np.array([0.3, 0.6, 1.0, 2.0, 3.0, 3.6, 4.2, 5.0, 8.0, 20.0]) * MICRON
BANDS = rte.Spectrum.bands(EDGES)
CURVE = rte.Response([1e-6, 3e-6, 4e-6, 7e-6], [0.0, 0.3, 1.0, 0.0], "a curve")
NARROW = rte.Response.top_hat(3.8e-6, 4.0e-6)
WHOLE = rte.Response.top_hat(3.0e-6, 4.2e-6)
RESPONSES = {"curve": CURVE, "cuts a band": NARROW, "whole bands": WHOLE}


def box(spectrum, T=1500.0, kappa=(3.0, 0.5), n=6):
    """A unit cube at one temperature, kappa between two values over the bands."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (n, n, n))
    coefficients = np.broadcast_to(np.linspace(*kappa, spectrum.n_band), (n, n, n, spectrum.n_band))
    field = rte.Field(
        grid, np.full(grid.shape, T), absorption_coefficient=coefficients.copy(), spectrum=spectrum
    )
    return rte.absorption.given(field)


@pytest.mark.parametrize("name", RESPONSES)
@pytest.mark.parametrize("T", [250.0, 800.0, 3000.0])
def test_detector_radiance_of_a_blackbody_is_that_of_quadrature(name, T):
    response = RESPONSES[name]
    low, high = response.ends
    expected, _ = quad(
        lambda at: float(response.at(at) * planck(at, T)),
        low,
        high,
        epsrel=1e-12,
        limit=400,
        points=[3e-6, 4e-6],
    )
    assert response.blackbody(T) == pytest.approx(expected, rel=1e-9)  # sigma has ten digits


@st.composite
def responses(draw):
    """Any response within the bands."""
    n = draw(st.integers(2, 6))
    at = draw(st.lists(st.floats(0.3, 20.0), min_size=n, max_size=n, unique=True))
    values = draw(st.lists(st.floats(0.0, 1.0), min_size=n, max_size=n))
    values[draw(st.integers(0, n - 1))] = 1.0
    return rte.Response(np.sort(np.array(at)) * MICRON, values)


@settings(deadline=None, derandomize=True, max_examples=15)
@given(responses(), st.floats(200.0, 4000.0))
def test_a_blackbody_through_any_response_has_its_temperature(response, T):
    passage = Passage(BANDS, response)
    seen = response.brightness_temperature(passage.radiance(BANDS.wall_emission(T)))
    if response.blackbody(T) > 0:
        assert seen == pytest.approx(T, abs=1e-6)


@pytest.mark.parametrize("name", RESPONSES)
def test_an_enclosure_of_one_temperature_is_seen_as_that(name):
    """End to end: cameras, lines of sight and radiometers, in every direction."""
    medium, walls = box(BANDS, 1234.5), rte.black(1234.5)
    sensors = [
        rte.camera((-2.0, 0.5, 0.5), (0.5, 0.5, 0.5), (8, 8)),
        rte.line_of_sight((0.5, 0.5, 0.5), (1, 2, 3)),
        rte.radiometer((0.5, 0.5, 0.5), (1, 0, 0), view_angle_deg=60.0, directions=50),
        rte.incident([(0.5, 0.5, 0.5)], directions=50),
    ]
    for sensor in sensors:
        seen = rte.solve(medium, sensor, walls, rte.March()).through(RESPONSES[name])
        np.testing.assert_allclose(seen.brightness_temperature, 1234.5, rtol=0, atol=1e-6)
        view = seen.value / RESPONSES[name].blackbody(1234.5)
        np.testing.assert_allclose(view, view.flat[0], rtol=1e-12)


def test_over_whole_bands_the_detector_adds_up(rng):
    bands = rng.uniform(0.0, 100.0, (50, BANDS.n_band))
    passage = Passage(BANDS, WHOLE)
    assert not passage.cut
    np.testing.assert_array_equal(passage.radiance(bands), bands[:, 4] + bands[:, 5])
    half = Passage(BANDS, rte.Response([3.0e-6, 4.2e-6], [0.5, 0.5]))
    np.testing.assert_allclose(half.radiance(bands), 0.5 * passage.radiance(bands), rtol=1e-15)
    assert (passage.shape_error(bands) == 0).all()


def test_the_quantities_of_a_detector_are_what_they_are_called():
    result = rte.solve(box(BANDS), rte.line_of_sight((-1, 0.4, 0.5), (1, 0, 0)), method=rte.March())
    seen = result.through(CURVE)
    width = 0.5 * (2.0 * 0.3 + 1.0 * 1.3 + 3.0 * 1.0)  # um
    np.testing.assert_allclose(CURVE.width, width * MICRON, rtol=1e-14)
    np.testing.assert_allclose(seen["mean_spectral_radiance"], seen.value / width, rtol=1e-14)
    inside = result.value[0, 2:7].sum()  # 1 to 5 um, whole
    assert inside < seen["in_band_radiance"][0] < inside + result.value[0, 7]
    units = {v.name: v.unit for v in seen.variables()}
    assert units["detector_radiance"] == units["in_band_radiance"] == "W m-2 sr-1"
    assert units["mean_spectral_radiance"] == "W m-2 sr-1 um-1"
    flux = rte.solve(box(BANDS), rte.radiometer((-1, 0.5, 0.5), (1, 0, 0), directions=50)).through(WHOLE)
    assert {"detector_flux", "in_band_flux", "mean_spectral_flux"} <= {v.name for v in flux.variables()}


SMOOTH = {
    "grey, thin": lambda at: 0.01 + 0.0 * at,
    "soot": lambda at: -np.expm1(-2e-7 / at),
    "falling": lambda at: np.exp(-at / 3e-6),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("T", [900.0, 1600.0, 2200.0])
def test_the_error_of_the_shape_inside_bands_is_estimated(name, T):
    """Of emissivities that vary smoothly, the estimate is of the size of the error."""

    def spectral(at):
        return SMOOTH[name](at) * planck(at, T)

    bands = np.array([integral(spectral, *ends, 60) for ends in BANDS.edges])
    for response in (CURVE, NARROW, rte.Response.top_hat(3.9e-6, 4.6e-6)):

        def counted(at, response=response):
            return response.at(at) * spectral(at)

        pieces = itertools.pairwise(response.wavelength)
        true = sum(float(integral(counted, low, high, 60)) for low, high in pieces)
        passage = Passage(BANDS, response)
        off, estimate = abs(passage.radiance(bands) - true), passage.shape_error(bands)
        assert 0.5 * off < estimate < 0.3 * true
        assert off < 0.15 * true


def test_the_estimate_is_unknown_for_a_single_band_and_never_absurd():
    one = Passage(rte.Spectrum.bands([3e-6, 5e-6]), NARROW)
    assert np.isnan(one.shape_error(np.array([[1.0], [2.0]]))).all()
    dark = np.zeros(BANDS.n_band)
    dark[5] = 100.0  # neighbours are dark: the brightness temperature falls to 0 within a band
    passage = Passage(BANDS, NARROW)
    assert 0.0 < passage.shape_error(dark) <= 100.0
    medium = box(rte.Spectrum.bands([3e-6, 5e-6]))
    seen = rte.solve(medium, rte.Rays([-1, 0.5, 0.5], [1, 0, 0])).through(NARROW)
    assert "the response cuts the only band" in seen.summary()


@pytest.fixture(scope="module")
def certified():
    """Random smooth kappa and temperatures in bands: results of Auto and of the march along the same rays."""
    rng = np.random.default_rng(5)
    n, spectrum = 12, rte.Spectrum.bands(np.array([2.0, 3.0, 3.6, 4.2, 5.0, 7.5]) * MICRON)
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (n, n, n))
    T = rng.uniform(300.0, 2200.0, grid.shape)
    kappa = rng.lognormal(1.0, 2.0, (*grid.shape, spectrum.n_band))
    field = rte.Field(grid, T, absorption_coefficient=kappa, spectrum=spectrum)
    medium, rays = rte.absorption.given(field), random_rays(rng, 3000)
    return [rte.solve(medium, rays, rte.black(300.0), m) for m in (rte.Auto(rtol=1e-2), rte.March())]


@pytest.mark.parametrize("name", RESPONSES)
def test_bounds_hold_through_a_response(certified, name):
    response = RESPONSES[name] if name != "curve" else rte.Response([2.1e-6, 4e-6, 7e-6], [0.0, 1.0, 0.0])
    switch, march = (result.through(response) for result in certified)
    assert (march.error_bound == 0.0).all()
    off = np.abs(switch.value - march.value)
    assert (off <= switch.error_bound).all()
    assert off.max() > 1e-6 * march.value.max()  # there is something to bound
    assert np.median(switch.error_bound / switch.value) < 2e-2
    assert not (off <= 0.05 * switch.error_bound).all()  # the bound is of the size of what it bounds
    assert switch.table.main.trust == "error_bound"
    assert "certified within" in switch.summary()


def test_without_a_bound_there_is_none_through_a_response():
    rays = rte.Rays([-1, 0.5, 0.5], [1, 0, 0])
    limit = rte.solve(box(BANDS, kappa=(0.1, 0.01)), rays, method=rte.Thin()).through(CURVE)
    assert np.isnan(limit.error_bound).all()
    assert 0 < limit.error_estimate[0] < limit.value[0]
    assert "an estimate" in limit.summary()
    assert "certified" not in limit.summary()


def test_what_a_detector_shows_is_saved_and_read_again(tmp_path):
    camera = rte.camera_orthographic((-2, 0.5, 0.5), (0.5, 0.5, 0.5), (6, 5), 1.2)
    result = rte.solve(box(BANDS), camera)
    seen = result.through(CURVE)
    seen.save(tmp_path / "seen.h5")
    again = rte.load(tmp_path / "seen.h5")
    assert isinstance(again, rte.DetectorResult)
    assert again.summary() == seen.summary()
    assert "a curve, 1-7 um" in seen.summary()
    np.testing.assert_array_equal(again.value, seen.value)
    np.testing.assert_array_equal(again.response.value, CURVE.value)
    with xarray.open_dataset(tmp_path / "seen.h5", engine="h5netcdf") as data:
        assert data.detector_radiance.dims == ("y", "x")
        assert data.brightness_temperature.attrs["units"] == "K"
    result.save(tmp_path / "bands.h5")  # a response may come later
    np.testing.assert_array_equal(rte.load(tmp_path / "bands.h5").through(CURVE).value, seen.value)
    seen.showing("brightness_temperature").save(tmp_path / "seen.tif")
    image = np.asarray(Image.open(tmp_path / "seen.tif"))
    np.testing.assert_array_equal(image, seen.brightness_temperature.astype(np.float32))
    figure = seen.plot(tmp_path / "seen.png", "mean_spectral_radiance")
    assert "um⁻¹" in figure.axes[0].child_axes[0].get_ylabel()
    with pytest.raises(rte.InputError, match="no variable 'brightness'"):
        seen.showing("brightness")


GOOD = "wavelength [um], response [1]\n3.0, 0\n3.9, 1 # peak\n\n5.0, 0.5\n"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "# a comment\nlambda (nm);R (%)\n3000;0\n3900;100\n5000;50\n",
        "wavelength [m]\tresponse [1]\n3e-6\t0\n3.9e-6\t1\n5e-6\t0.5\n",
        "\ufeff" + GOOD.replace("\n", "\r\n"),
    ],
)
def test_responses_are_read_from_csv(text, tmp_path):
    path = tmp_path / "mid wave.csv"
    path.write_text(text, encoding="utf-8")
    response = rte.read_response(path)
    np.testing.assert_allclose(response.wavelength, [3e-6, 3.9e-6, 5e-6], rtol=1e-15)
    np.testing.assert_array_equal(response.value, [0.0, 1.0, 0.5])
    assert response.name == "mid wave"
    assert rte.read_response(path, "mine").name == "mine"


BAD_FILES = {
    "is empty; expected two columns under a header with units": "",
    "line 1: wavelength ('wavelength' in the header; write the unit in brackets): the unit of length is missing":
        GOOD.replace(" [um]", ""),
    "line 1: response ('response' in the header; write the unit in brackets): the unit of fraction is missing":
        GOOD.replace(" [1]", ""),
    "unknown unit 'cm-1' of length": GOOD.replace("um", "cm-1"),
    "line 3: found 'high'; expected a number": GOOD.replace("3.9", "high"),
    "line 5: found 3 column(s)": GOOD.replace("0.5", "0.5, 7"),
    "wavelength[2] is 3.5e-06 m after 3.9e-06 m; expected wavelengths that ascend": GOOD.replace("5.0", "3.5"),
    "response: value[2] is -0.5; expected numbers >= 0 and <= 1 [1]": GOOD.replace("0.5", "-0.5"),
    "response: value[2] is 50.0; expected numbers >= 0 and <= 1 [1]": GOOD.replace("0.5", "50"),
    "response: value[1] is nan": GOOD.replace("1 #", "nan #"),
    "response: wavelengths are 3 to 5 m; expected wavelengths [m], as 4e-6 for 4 um": GOOD.replace("um", "m"),
    "found 1 point(s); expected at least two": GOOD[: GOOD.index("3.9")],
    "found 0 point(s); expected at least two": GOOD[: GOOD.index("3.0")],
    "all values are 0": "wavelength [um], response [1]\n3.0, 0\n4.0, 0\n",
    "wavelength[0] is 0.0; expected numbers > 0 [m]": GOOD.replace("3.0, ", "0.0, "),
}  # fmt: skip


@pytest.mark.parametrize("message", BAD_FILES)
def test_bad_files_are_refused_with_their_name(message, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(BAD_FILES[message], encoding="utf-8")
    with pytest.raises(rte.InputError) as caught:
        rte.read_response(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def grey_result():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (2, 2, 2))
    return rte.solve(
        rte.Medium(grid, np.ones(grid.shape), np.ones(grid.shape)), rte.Rays([-1, 0.5, 0.5], [1, 0, 0])
    )


GAP = rte.Spectrum.bands(np.array([[1.0, 2.0], [3.0, 4.0]]) * MICRON)
BAD = {
    "response 0.2-0.4 um reaches outside the bands of the medium, which cover 0.3-20 um": lambda: Passage(
        BANDS, rte.Response.top_hat(0.2e-6, 0.4e-6)
    ),
    "response far, 15-30 um reaches outside the bands of the medium, which cover 0.3-20 um": lambda: Passage(
        BANDS, rte.Response.top_hat(15e-6, 30e-6, "far")
    ),
    "which cover 1-2 um, 3-4 um": lambda: Passage(GAP, rte.Response.top_hat(1.5e-6, 3.5e-6)),
    "the medium has no wavelength bands, it is Spectrum(grey: grey)": lambda: grey_result().through(NARROW),
    "response is 3; expected a Response": lambda: grey_result().through(3),
    "response: wavelength is [[1e-06, 2e-06]] (list); expected numbers > 0 [m] of shape (n)": lambda: (
        rte.Response([[1e-6, 2e-6]], [1.0, 1.0])
    ),
    "response: value is [1.0] (list); expected numbers": lambda: rte.Response([1e-6, 2e-6], [1.0]),
    "found 0 point(s)": lambda: rte.Response([], []),
    "wavelength[1] is 1e-06 m after 1e-06 m": lambda: rte.Response.top_hat(1e-6, 1e-6),
    "response: name is 3": lambda: rte.Response.top_hat(1e-6, 2e-6, 3),
    "no such file; expected the CSV of a response": lambda: rte.read_response("none.csv"),
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_no_response_or_does_not_fit_is_refused(message):
    with pytest.raises(rte.InputError) as caught:
        BAD[message]()
    assert message in str(caught.value)


def test_zeros_beyond_the_bands_do_not_count():
    padded = rte.Response(np.array([0.1, 3.7, 3.8, 4.0, 4.1, 99.0]) * MICRON, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    assert padded.ends == (3.7e-6, 4.1e-6)
    Passage(BANDS, padded)
    assert Passage(GAP, rte.Response.top_hat(3e-6, 4e-6 * (1 + 2e-16))).whole.tolist() == [0.0, 1.0]


def test_bands_without_an_end_are_cut_too():
    """From 0 and to infinity, and beyond what is usual: a blackbody keeps its temperature, estimates stay finite."""
    spectrum = rte.Spectrum.bands([0.0, 1e-6, 5e-3, 2e-2, np.inf])
    for response in (rte.Response.top_hat(5e-7, 2e-2), rte.Response.top_hat(1e-2, 5e-2)):
        passage = Passage(spectrum, response)
        bands = spectrum.wall_emission(1234.5)
        assert response.brightness_temperature(passage.radiance(bands)) == pytest.approx(1234.5, abs=1e-6)
        assert 0.0 <= passage.shape_error(bands) < 1e-4 * passage.radiance(bands)
        assert np.isfinite(passage.shape_error(bands[::-1]))
