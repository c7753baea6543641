"""The flame of large activation energy: its eigenvalue, Laplace's formula, and its light, thin and thick."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import cumulative_simpson, quad, simpson, solve_bvp

import raytrace_rte as rte
from orders import assert_order
from raytrace_rte.formats.samples import CONDUCTIVITY, FLAME_ENDS, PREHEAT, PRODUCTS
from raytrace_rte.premixed import ALPHA, BUSH_FENDELL, T_B, T_U

K = np.array([10.0, 20.0, 40.0, 80.0, 160.0, 320.0])


def by_collocation(k):
    """The eigenvalue as an unknown of a boundary value problem over xi: none of the package's own method."""

    def equation(_, y, p):
        return np.vstack([y[1], y[1] - p[0] * (1 - y[0]) * np.exp(k - k * T_B / (T_U + (T_B - T_U) * y[0]))])

    def ends(cold, hot, p):
        decay = (np.sqrt(1 + 4 * p[0]) - 1) / 2
        return np.array([cold[0] - np.exp(-10.0), cold[1] - cold[0], hot[1] - decay * (1 - hot[0])])

    xi = np.linspace(-10.0, 4.0, 400)
    theta = np.minimum(np.exp(xi), 1 - 1e-3 * np.exp(-np.maximum(xi, 0)))
    start = np.vstack([theta, np.where(xi < 0, theta, 1e-3)])
    return solve_bvp(equation, ends, xi, start, p=[rte.premixed.laplace(k, 2)], tol=1e-8, max_nodes=20_000)


def test_the_eigenvalue_and_the_profile_are_those_of_a_boundary_value_problem():
    for k in (8.0, 20.0):
        other = by_collocation(k)
        assert other.success
        assert rte.premixed.eigenvalue(k) == pytest.approx(other.p[0], rel=1e-7)
        xi = np.linspace(-9.0, 3.0, 41)
        np.testing.assert_allclose(rte.premixed.burnt_fraction(k, xi), other.sol(xi)[0], atol=1e-7)


@pytest.mark.parametrize("k", [5.0, 10.0, 40.0])
def test_the_profile_obeys_its_equation(k):
    """By differences of fourth order; the origin is that of the fresh gas."""
    h = 2e-3
    xi = np.arange(-8.0, 4.0, h)
    theta = rte.premixed.burnt_fraction(k, xi)
    first = (theta[:-4] - 8 * theta[1:-3] + 8 * theta[3:-1] - theta[4:]) / (12 * h)
    second = (-theta[:-4] + 16 * theta[1:-3] - 30 * theta[2:-2] + 16 * theta[3:-1] - theta[4:]) / (12 * h * h)
    burning = rte.premixed.eigenvalue(k) * rte.premixed.rate(k, theta)[2:-2]
    assert np.abs(first - second - burning).max() < 1e-4 * burning.max()
    np.testing.assert_allclose(theta[:500], np.exp(xi[:500]), rtol=1e-12)
    assert (np.diff(theta) >= 0).all()
    assert rte.premixed.burnt_fraction(k, [-700.0, 700.0]).tolist() == pytest.approx([0.0, 1.0], abs=1e-300)


def errors(formula):
    return [abs(rte.premixed.eigenvalue(k) / formula(k) - 1) for k in K]


def test_the_burning_rate_tends_to_the_formula_of_laplace_as_1_over_k():
    one, two = errors(rte.premixed.laplace), errors(lambda k: rte.premixed.laplace(k, 2))
    assert_order(1 / K, one, 0.95, 1.05)
    assert_order(1 / K, two, 1.8, 2.05)
    limit = (6 * ALPHA - 2 * BUSH_FENDELL) / ALPHA
    scaled = one * K  # to a constant, which the second term knows
    assert np.all(np.diff(np.abs(scaled - limit)) < 0)
    assert scaled[-1] == pytest.approx(limit, rel=0.01)


def test_a_wrong_formula_is_seen():
    """Canaries: k for the Zeldovich number never comes near, and one term is not of second order."""
    with pytest.raises(AssertionError):
        assert_order(1 / K, errors(lambda k: k**2 / 2), 0.95, 1.05)
    with pytest.raises(AssertionError):
        assert_order(1 / K, errors(rte.premixed.laplace), 1.8, 2.05)


def test_only_the_neighbourhood_of_the_hottest_point_counts():
    """Laplace's integral of the rate is 1/beta^2 up to 1/k, and 95 % of it comes from 7/beta beside theta = 1."""
    off = []
    for k in K:
        beta = rte.premixed.zeldovich_number(k)
        whole, near = (
            quad(lambda t, k=k: rte.premixed.rate(k, t), low, 1.0, epsrel=1e-12, points=[1 - 2 / beta])[0]
            for low in (0.0, 1 - min(7 / beta, 1.0))
        )
        off.append(abs(whole * 2 * rte.premixed.laplace(k) - 1) / 2)
        assert near > 0.95 * whole
    assert_order(1 / K[2:], off[2:], 0.9, 1.1)
    second = quad(
        lambda y: 1 - np.sqrt(1 - (1 + y) * np.exp(-y)), 0, 60, epsabs=1e-14, epsrel=1e-13, limit=500
    )
    assert second[0] == pytest.approx(BUSH_FENDELL, rel=1e-12)


def test_the_sample_is_that_flame_in_si_units():
    field = rte.sample("activation-flame", 200, activation=12.0)
    burnt = (field.temperature - T_U) / (T_B - T_U)
    x = field.grid.centres[0]
    assert (field.grid.x[0], field.grid.x[-1]) == pytest.approx([PREHEAT * end for end in FLAME_ENDS])
    np.testing.assert_allclose(burnt.ravel(), rte.premixed.burnt_fraction(12.0, x / PREHEAT), rtol=1e-12)
    for name, share in PRODUCTS.items():
        np.testing.assert_allclose(field.mole_fraction[name], share * burnt)
    assert np.isinf(field.grid.y).all()
    assert rte.sample("activation-flame", 8).provenance == rte.sample("activation-flame", 9, 10.0).provenance


def test_the_heat_that_the_sample_releases_warms_the_gas():
    """All of it is m c_p (T_B - T_U); cells see that up to the square of their size."""
    whole, cells = CONDUCTIVITY / PREHEAT * (T_B - T_U), np.array([50, 100, 200, 400])
    off = []
    for n in cells:
        field = rte.sample("activation-flame", n)
        off.append(abs((field.heat_release.ravel() * field.grid.widths[0]).sum() / whole - 1))
    assert_order(1 / cells, off, 1.8)
    assert off[-1] < 1e-4


def test_bad_input_is_one_message():
    for call, words in (
        (lambda: rte.sample("activation-flame", activation=4.0), "activation is 4.0; expected"),
        (lambda: rte.sample("smooth-plume", 4, activation=9.0), "has no activation"),
        (lambda: rte.sample("pool-fire", activation=9.0), "has no activation"),
        (lambda: rte.premixed.eigenvalue(1.0), "k is 1.0; expected"),
        (lambda: rte.premixed.laplace(10.0, 3), "terms is 3; expected"),
        (lambda: rte.premixed.rate(10.0, 1.5), "theta"),
    ):
        with pytest.raises(rte.InputError, match=words):
            call()


X0 = -1e-3
"""Where the observer stands in the fresh gas, looking at the sheet [m]."""


@pytest.fixture(scope="module")
def gas():
    return rte.absorption.planck_mean(rte.sample("activation-flame", 800))


def seen(gas, factor, method):
    """Radiance at X0 where the gas absorbs so many times as much."""
    medium = rte.Medium(gas.grid, factor * gas.kappa, gas.source)
    return rte.solve(medium, rte.Rays((X0, 0, 0), (1, 0, 0)), method=method).total[0]


@cache
def continuous(factor):
    """(radiance at X0, optical depth) of the flame without cells, by Simpson's rule."""
    kappa_here = float(absorption(factor, np.array([X0]))[0][0])
    end = min(FLAME_ENDS[1] * PREHEAT, X0 + 40.0 / kappa_here)
    x = np.linspace(X0, end, 8001)
    kappa, source = absorption(factor, x)
    tau = cumulative_simpson(kappa, x=x, initial=0.0)
    return simpson(kappa * source * np.exp(-tau), x=x), tau[-1]


def absorption(factor, x):
    """(kappa [1/m], source) of the flame at x [m], straight from its burnt fraction."""
    burnt = rte.premixed.burnt_fraction(10.0, x / PREHEAT)
    T = T_U + (T_B - T_U) * burnt
    per_pascal = sum(
        X * burnt * rte.absorption.planck_coefficient(name, T).clip(0) for name, X in PRODUCTS.items()
    )
    return factor * 101_325.0 * per_pascal, rte.blackbody(T)


def test_the_march_sees_the_continuous_flame(gas):
    for factor in (1.0, 1e3, 1e5):
        assert seen(gas, factor, rte.March()) == pytest.approx(continuous(factor)[0], rel=3e-5)


@pytest.mark.parametrize("terms", [1, 2, 3])
def test_the_thick_limit_of_its_light_errs_by_a_power_for_each_term(gas, terms):
    factors = np.array([1e5, 3e5, 1e6, 3e6])
    off = [abs(seen(gas, f, rte.Thick(terms)) / continuous(f)[0] - 1) for f in factors]
    assert_order(1 / factors, off, terms - 0.1, terms + 0.3)
    with pytest.raises(AssertionError):  # canary: the neighbouring order
        assert_order(1 / factors, off, terms + 0.9, terms + 1.3)


def test_the_thin_limit_of_its_light_errs_by_its_optical_depth(gas):
    factors = np.array([0.1, 1.0, 10.0])
    exact, depth = zip(*(continuous(f) for f in factors), strict=True)
    off = [abs(seen(gas, f, rte.Thin()) / one - 1) for f, one in zip(factors, exact, strict=True)]
    assert_order(depth, off, 0.95, 1.05)
    assert np.all(np.array(off) < depth)


def test_a_thick_flame_heats_itself_as_rosseland_says():
    """div q in the sheet tends to the divergence of -(4 pi/(3 kappa)) grad I_b, as the square of 1/kappa."""
    gas = rte.absorption.planck_mean(rte.sample("activation-flame", 400))
    faces, h = gas.grid.x, 1e-7
    sheet = np.abs(gas.grid.centres[0] + 0.5e-3) < 1.5e-3
    slope = (absorption(1.0, faces + h)[1] - absorption(1.0, faces - h)[1]) / (2 * h)
    factors, off = np.array([3e4, 1e5, 3e5, 1e6]), []
    for factor in factors:
        limit = np.diff(-4 * np.pi / 3 / absorption(factor, faces)[0] * slope) / np.diff(faces)
        heat = rte.solve(rte.Medium(gas.grid, factor * gas.kappa, gas.source), rte.heat_source())
        off.append(np.linalg.norm((heat.div_q.ravel() - limit)[sheet]) / np.linalg.norm(limit[sheet]))
    assert_order(1 / factors, off, 1.6, 2.3)


def test_a_thin_slab_takes_back_its_depth_times_the_logarithm_of_it(gas):
    """Grazing rays are never thin, so the share absorbed again is not of order tau."""
    shares = []
    for factor in (0.01, 0.1, 1.0):
        medium = rte.Medium(gas.grid, factor * gas.kappa, gas.source)
        heat, depth = rte.solve(medium, rte.heat_source()), (medium.kappa[:, 0, 0] * gas.grid.widths[0]).sum()
        shares.append(heat.budget["absorbed"] / heat.budget["emitted"] / (-depth * np.log(depth)))
    assert shares == pytest.approx([shares[0]] * 3, rel=0.1)


@given(k=st.floats(5.0, 300.0))
@settings(max_examples=6, deadline=None, derandomize=True)
def test_any_flame_is_a_steady_one(k):
    """Burnt fractions rise from 0 to 1, and the eigenvalue lies above Laplace's by less than its second term."""
    theta = rte.premixed.burnt_fraction(k, np.linspace(-30.0, 30.0, 301))
    assert ((theta >= 0) & (theta <= 1)).all()
    assert (np.diff(theta) >= -1e-12).all()
    assert rte.premixed.eigenvalue(k) / rte.premixed.laplace(k) > 1
    assert rte.premixed.eigenvalue(k) < rte.premixed.laplace(k, 2)
