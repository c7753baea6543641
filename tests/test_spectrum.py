"""Bands as data: fractions against quadrature, totals and their inverse, saving, and what is refused."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

import raytrace_rte as rte
from raytrace_rte.media.fractions import C2, NEAR, band_fraction
from raytrace_rte.planck import SIGMA

EDGES = [0.0, 1e-6, 2.7e-6, 4.3e-6, 10e-6, 94e-6, np.inf]


def by_quadrature(low: float, high: float, T: float) -> float:
    """The fraction of blackbody radiation between two wavelengths, by adaptive quadrature."""
    near, far = (C2 / (high * T) if high < np.inf else 0.0), (C2 / (low * T) if low else 700.0)
    value, _ = quad(
        lambda x: x**3 / np.expm1(x) if x else 0.0, near, min(far, 700.0), epsabs=0, epsrel=1e-12, limit=500
    )
    return 15 / np.pi**4 * value


@pytest.mark.parametrize("T", [200.0, 300.0, 1000.0, 2500.0, 20000.0])
def test_fractions_are_those_of_quadrature(T):
    found = rte.Spectrum.bands(EDGES).wall_emission(T) / rte.blackbody(T)
    expected = [by_quadrature(low, high, T) for low, high in itertools.pairwise(EDGES)]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    assert found.sum() == pytest.approx(1.0, abs=1e-14)


def test_fractions_below_a_wavelength_are_those_of_quadrature():
    """To 1e-10 of themselves, over lambda T of 100 to 1e6 um K, and likewise what lies beyond."""
    for product in np.geomspace(100e-6, 1.0, 41):
        below, beyond = band_fraction(
            np.array([[0.0, product / 1e3], [product / 1e3, np.inf]]), np.array([1e3])
        )[0]
        assert below == pytest.approx(by_quadrature(0.0, product / 1e3, 1e3), rel=1e-10, abs=0)
        assert beyond == pytest.approx(by_quadrature(product / 1e3, np.inf, 1e3), rel=1e-10, abs=0)
        assert below + beyond == pytest.approx(1.0, abs=1e-15)


def test_the_two_sums_meet_and_narrow_bands_keep_their_digits():
    edge = C2 / (NEAR * 1000.0)
    for width in (1e-3, 1e-6):
        for at in (edge, 0.5 * edge, 30 * edge):
            low, high = at * (1 - width), at * (1 + width)
            fraction = band_fraction(np.array([[low, high]]), np.array([1000.0]))[0, 0]
            assert fraction == pytest.approx(by_quadrature(low, high, 1000.0), rel=1e-14 / width)


def test_grey_walls_emit_sigma_t4_bit_for_bit(rng):
    T = rng.uniform(0, 3000, 1000)
    grey = rte.Spectrum.grey()
    np.testing.assert_array_equal(grey.wall_emission(T)[:, 0], [rte.blackbody(t) for t in T.tolist()])
    assert grey.wall_emission(300.0).shape == (1,)
    assert grey.brightness_temperature(SIGMA / np.pi * 1e12) == pytest.approx(1000.0, rel=1e-15)


def half_blackbody(T: float) -> list[float]:
    return [0.5 * float(rte.blackbody(T))] * 2


SPECTRA = {
    "wavelengths": rte.Spectrum.bands(EDGES),
    "one narrow band": rte.Spectrum.bands([2e-6, 2.1e-6]),
    "table": rte.Spectrum.tabulated([30.0, 500.0, 1000.0, 3000.0], [[1, 2], [3, 9], [40, 50], [60, 900.0]]),
    "function": rte.Spectrum.from_callable(half_blackbody, 2),
}


def test_two_bands_of_half_a_blackbody_at_1000_k_are_as_bright_as_1000_k():
    """Case 6: it was 840.9 K, by sigma T^4 of one of them."""
    halves = SPECTRA["function"]
    assert halves.brightness_temperature(halves.total(halves.wall_emission(1000.0))) == pytest.approx(1000.0)
    eight = rte.Spectrum.bands(np.linspace(1e-6, 9e-6, 9))
    assert eight.brightness_temperature(eight.total(eight.wall_emission(1500.0))) == pytest.approx(1500.0)


@pytest.mark.parametrize("name", SPECTRA)
def test_totals_are_inverted(name, rng):
    spectrum = SPECTRA[name]
    T = np.append(rng.uniform(100, 2900, (20, 10)), [[50.0] * 5 + [2999.0] * 5], axis=0)
    total = spectrum.total(spectrum.wall_emission(T.ravel())).reshape(T.shape)
    np.testing.assert_allclose(spectrum.brightness_temperature(total), T, rtol=1e-8)
    beside = spectrum.brightness_temperature([0.0, -1.0, np.nan, np.inf])
    np.testing.assert_array_equal(beside, [0.0, np.nan, np.nan, np.nan])


def test_totals_that_do_not_rise_have_no_temperature():
    constant = rte.Spectrum.from_callable(lambda T: [1.0, 2.0], 2)
    assert np.isnan(constant.brightness_temperature(3.0))

    def partly(T: float) -> float:
        if not 300 <= T <= 2000:
            raise ValueError("outside my table")
        return float(T)

    limited = rte.Spectrum.from_callable(partly, 1)
    np.testing.assert_allclose(limited.brightness_temperature([50.0, 1234.5]), [np.nan, 1234.5])


def test_nothing_is_emitted_at_0_k():
    for spectrum in SPECTRA.values():
        assert (spectrum.wall_emission([0.0, 600.0])[0] == 0).all()
        assert (spectrum.wall_emission(0.0) == 0).all()
    rte.Spectrum.from_callable(lambda T: 1 / T, 1).wall_emission(0.0)


def test_a_table_is_met_at_its_rows_and_a_power_law_between():
    table = rte.Spectrum.tabulated([100.0, 200.0, 800.0], [[1.0, 0.0], [16.0, 2.0], [4096.0, 8.0]])
    np.testing.assert_allclose(table.wall_emission([100.0, 200.0, 800.0]), [[1, 0], [16, 2], [4096, 8]])
    np.testing.assert_allclose(table.wall_emission(150.0), [1.5**4, 1.0])
    with pytest.raises(rte.InputError, match="a wall has 900 K; expected 100 to 800 K"):
        table.wall_emission(900.0)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.lists(st.floats(1e-7, 1e-3), min_size=2, max_size=6, unique=True))
def test_saved_and_made_again_it_is_the_same(edges):
    spectra = [
        rte.Spectrum.bands(sorted(edges)),
        SPECTRA["table"],
        rte.Spectrum.grey(),
        rte.Spectrum.bands(EDGES),
    ]
    for spectrum in spectra:
        again = rte.Spectrum.from_dict(json.loads(json.dumps(spectrum.to_dict())))
        assert again.digest() == spectrum.digest()
        np.testing.assert_array_equal(again.wall_emission(777.0), spectrum.wall_emission(777.0))
        assert again.names == spectrum.names
    assert len({s.digest() for s in spectra}) == len(spectra)


def test_a_function_cannot_be_saved():
    for action in (SPECTRA["function"].to_dict, SPECTRA["function"].digest):
        with pytest.raises(rte.InputError, match="cannot be saved or sent: give Medium a Spectrum"):
            action()


BAD = {
    "edges is 'word'": lambda: rte.Spectrum.bands("word"),
    "wavelengths [m] of shape": lambda: rte.Spectrum.bands([1e-6]),
    "ascending in each band": lambda: rte.Spectrum.bands([2e-6, 1e-6]),
    "edges are [-1.0, 1.0]; expected wavelengths >= 0": lambda: rte.Spectrum.bands([-1.0, 1.0]),
    "bands overlap": lambda: rte.Spectrum.bands([[1e-6, 3e-6], [2e-6, 4e-6]]),
    "2 names, one a band": lambda: rte.Spectrum.bands([1e-6, 2e-6, 3e-6], ["one"]),
    "at least 2 temperatures": lambda: rte.Spectrum.tabulated([300.0], [[1.0]]),
    "radiance is an array of shape (3, 1)": lambda: rte.Spectrum.tabulated([300.0, 400.0], np.ones((3, 1))),
    "radiance[0, 0] is -1.0": lambda: rte.Spectrum.tabulated([300.0, 400.0], [[-1.0], [1.0]]),
    "function is 3; expected a function": lambda: rte.Spectrum.from_callable(3, 1),
    "2 number(s), one a band": lambda: rte.Spectrum.from_callable(lambda T: [1, 2, 3], 2).wall_emission(
        300.0
    ),
    "temperature[1] is -5.0": lambda: rte.Spectrum.grey().wall_emission([300.0, -5.0]),
    "lacks 'kind'": lambda: rte.Spectrum.from_dict({}),
    "one of grey, weighted, bands, given": lambda: rte.Spectrum.from_dict({"kind": "lines"}),
}


@pytest.mark.parametrize("message", BAD)
def test_what_makes_no_sense_is_refused(message):
    with pytest.raises(rte.InputError) as caught:
        BAD[message]()
    assert message in str(caught.value)


@pytest.mark.parametrize("edges", [[0.7, 2.0, 5.0], [[3.8, 4.0]], [0.0, 1.0, np.inf]])
def test_edges_in_microns_are_not_metres(edges):
    with pytest.raises(rte.InputError, match="as 4e-6 for 4 um"):
        rte.Spectrum.bands(edges)
