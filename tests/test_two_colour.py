"""Two-colour pyrometry: soot at one temperature, and which way the answer is wrong elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

import raytrace_rte as rte
import sooty

RED, NEAR = (
    rte.Response.top_hat(0.65e-6, 0.7e-6, "red"),
    rte.Response.top_hat(0.85e-6, 0.9e-6, "near infrared"),
)
EDGES = np.array([[0.65, 0.7], [0.7, 0.85], [0.85, 0.9], [0.9, 3.0]]) * 1e-6
LINE = rte.line_of_sight((-1.0, 0.5, 0.5), (1.0, 0.0, 0.0))
SLAB = rte.Cartesian(np.linspace(0.0, 1.0, 21))


def soot(hot=1600.0, fraction=1e-9, cold=None, cold_fraction=0.0, front=True):
    """A slab of soot at one temperature, or half of it colder: in front of the hot half or behind it."""
    x = SLAB.centres[0].reshape(SLAB.shape)
    half = (x < 0.5) == front if cold is not None else np.zeros(SLAB.shape, dtype=bool)
    T = np.where(half, hot if cold is None else cold, hot)
    coefficients = sooty.kappa(EDGES, T, np.where(half, cold_fraction, fraction))
    return sooty.medium(SLAB, EDGES, T, coefficients)


def seen(medium, assumption, sensor=LINE, method=None):
    return rte.two_colour(rte.solve(medium, sensor, method=method or rte.March()), RED, NEAR, assumption)


@pytest.mark.parametrize("emissivity", [1e-3, 0.3, 0.999])
@pytest.mark.parametrize("order", [(RED, NEAR), (NEAR, RED)])
def test_a_grey_body_has_its_temperature(emissivity, order):
    """Whatever its emissivity, which the apparent one is."""
    kappa = np.full((*SLAB.shape, 4), -np.log1p(-emissivity))
    result = rte.solve(
        sooty.medium(SLAB, EDGES, np.full(SLAB.shape, 1600.0), kappa), LINE, method=rte.March()
    )
    found = rte.two_colour(result, *order)
    assert found.value[0] == pytest.approx(1600.0, abs=1e-6)
    assert found.apparent_emissivity[0] == pytest.approx(emissivity, rel=1e-7)
    assert found.notes() == []


@pytest.mark.parametrize("T", [900.0, 1600.0, 2400.0])
def test_thin_soot_of_one_temperature_has_it(T):
    """Thin, so that the emissivity is in proportion to 1 / lambda; the error is that of being thin."""
    errors = [seen(soot(T, f), "soot").value[0] - T for f in (1e-11, 1e-12)]
    assert abs(errors[1]) < 1e-3
    assert errors[0] / errors[1] == pytest.approx(10.0, rel=0.1)


def said(result):
    return "\n".join(result.notes())


def test_soot_taken_as_grey_seems_too_hot():
    """By Wien's law 1 / T_ratio = 1 / T - ln(lambda_b / lambda_a) / (C2 (1 / lambda_a - 1 / lambda_b))."""
    found = seen(soot(), "grey")
    a, b = 0.675e-6, 0.875e-6
    wien = 1.0 / (1.0 / 1600.0 - np.log(b / a) / (sooty.H * sooty.C / sooty.K * (1.0 / a - 1.0 / b)))
    assert found.value[0] == pytest.approx(wien, rel=2e-3)
    assert "too high at this entry by 149 K" in said(found)
    assert "too high by 149 K against where the light of both colours comes from: 1600 K" in said(found)
    assert "too low" not in said(found)


def test_thick_soot_taken_as_thin_seems_too_cold_for_certain():
    found = seen(soot(fraction=1e-5), "soot")
    assert found.value[0] < 1500.0
    assert found["brightness_temperature_a"][0] == pytest.approx(1600.0, abs=0.1)
    assert "too low for certain at this entry, by 126 K or more" in said(found)
    assert "too high" not in said(found)
    assert seen(soot(fraction=1e-5), "grey").value[0] == pytest.approx(1600.0, abs=0.1)


def test_behind_cold_soot_the_temperature_is_too_low_and_the_summary_says_so():
    """By Wien's law cold soot of kappa s = K / lambda shifts 1 / T_ratio by K / C2."""
    found = seen(soot(cold=700.0, cold_fraction=3e-7), "soot")
    K = 6.0 * np.pi * sooty.E_M * 3e-7 * 0.5
    expected = 1.0 / (1.0 / 1600.0 + K / (sooty.H * sooty.C / sooty.K))
    assert found.value[0] == pytest.approx(expected, rel=5e-3)
    assert "too low by 119 K against where the light of both colours comes from: 1599" in found.summary()
    assert "where the colder part lies in front" in found.summary()
    assert "too high" not in said(found)
    behind = seen(soot(cold=700.0, cold_fraction=3e-7, front=False), "soot")
    assert behind.value[0] == pytest.approx(1600.0, abs=1.0)
    assert "against where the light" not in said(behind)
    assert "too low at" not in said(behind)


def test_images_say_where_and_what_is_not_known(tmp_path):
    """A cube of soot, thick in its middle, before a background that shows nothing."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (6, 6, 6))
    T = np.full(grid.shape, 1600.0)
    fraction = np.full(grid.shape, 1e-9)
    fraction[2:4, 2:4, 2:4] = 1e-5
    medium = sooty.medium(grid, EDGES, T, sooty.kappa(EDGES, T, fraction))
    camera = rte.camera_orthographic((-2.0, 0.5, 0.5), (0.5, 0.5, 0.5), (9, 9), 1.35)
    found = seen(medium, "soot", camera)
    unknown = int(np.isnan(found.value).sum())
    assert unknown == 81 - 49
    assert f"{unknown} of 81 entries show less than 1e-06 of the greatest signal, or nothing: nan" in said(
        found
    )
    assert "too low for certain at 9 of 81 entries" in said(found)
    edge = found.value[1:8, 1:8][0]  # beside the thick part
    np.testing.assert_allclose(edge, 1600.0, atol=1.0)
    found.save(tmp_path / "found.h5")
    again = rte.load(tmp_path / "found.h5")
    assert isinstance(again, rte.TwoColourResult)
    assert again.summary() == found.summary()
    assert found.files() == {
        "result.h5": "", "image.png": "", "image.tif": "",
        "apparent_emissivity.png": "apparent_emissivity", "apparent_emissivity.tif": "apparent_emissivity",
    }  # fmt: skip
    for name, quantity in found.files().items():
        (found.showing(quantity) if quantity else found).save(tmp_path / name)


def test_ratios_of_no_temperature_are_not_known_and_counted():
    """Hardly any infrared beside red light: no blackbody is like that."""
    kappa = np.full((*SLAB.shape, 4), 1e-3)
    kappa[..., 0] = 10.0
    medium = sooty.medium(SLAB, EDGES, np.full(SLAB.shape, 1e4), kappa)
    found = rte.two_colour(rte.solve(medium, LINE, method=rte.March()), RED, NEAR)
    assert np.isnan(found.value).all()
    assert "1 of 1 ratios are such as no temperature gives: nan" in said(found)


def test_what_auto_did_not_follow_is_not_judged():
    found = seen(soot(fraction=1e-5), "soot", rte.Rays([-1, 0.5, 0.5], [1, 0, 0]), rte.Auto())
    assert "Auto(transmittance=True) gives it" in said(found)
    known = seen(
        soot(fraction=1e-5), "soot", rte.Rays([-1, 0.5, 0.5], [1, 0, 0]), rte.Auto(transmittance=True)
    )
    assert "emissivities (1 - transmittance) are not in the ratio" in said(known)


def test_bounds_of_the_temperature_hold(rng):
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (8, 8, 8))
    T = rng.choice([500.0, 1200.0, 1500.0, 1900.0], grid.shape)
    medium = sooty.medium(grid, EDGES, T, sooty.kappa(EDGES, T, rng.lognormal(-16.0, 2.0, grid.shape)))
    direction = rng.normal(size=(1000, 3))
    rays = rte.Rays(rng.uniform(0.1, 0.9, (1000, 3)), direction)
    switch, march = (seen(medium, "soot", rays, m) for m in (rte.Auto(rtol=1e-2, atol=1e-6), rte.March()))
    off = np.abs(switch.value - march.value)
    known = np.isfinite(switch.error_bound)
    assert known.mean() > 0.9
    assert (off[known] <= switch.error_bound[known]).all()
    assert np.nanmax(off) > 0.1
    assert (march.error_bound[known] == 0).all()


def test_fluxes_have_colours_too():
    grey = sooty.medium(SLAB, EDGES, np.full(SLAB.shape, 1600.0), np.full((*SLAB.shape, 4), 0.5))
    found = seen(grey, "grey", rte.radiometer((-0.5, 0.0, 0.0), (1, 0, 0), directions=40))
    assert found.value[0] == pytest.approx(1600.0, abs=1e-3)
    assert "detector_flux_a" in found


BAD = {
    "assumption is 'black' (str); expected one of grey, soot": (RED, NEAR, "black"),
    "least is 2; expected a number >= 0 and <= 1": (RED, NEAR, "grey", 2),
    "response_b is None; expected a Response": (RED, None, "grey"),
    "the ratio of red to red does not rise or fall throughout": (RED, RED, "grey"),
    "reaches outside the bands of the medium": (RED, rte.Response.top_hat(2.9e-6, 3.1e-6), "grey"),
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_no_pyrometer_is_refused(message):
    result = rte.solve(soot(), LINE)
    with pytest.raises(rte.InputError) as caught:
        rte.two_colour(result, *BAD[message])
    assert message in str(caught.value)


def test_only_results_in_bands_have_colours():
    with pytest.raises(rte.InputError, match="result is 3; expected a result of rays"):
        rte.two_colour(3, RED, NEAR)
