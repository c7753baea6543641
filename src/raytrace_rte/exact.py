"""Closed-form solutions, to test and measure against. Lengths, kappa and intensities in any consistent units.

Sources: M. F. Modest, Radiative Heat Transfer (3rd ed.), ch. 10 and 14, for slab and sphere; C. M. Bender and
S. A. Orszag, Advanced Mathematical Methods, ch. 6, for the integral of the thick limit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks


def isothermal_ray(tau: ArrayLike, source: float, behind: float = 0.0) -> NDArray[np.float64]:
    """Return I = S (1 - e^-tau) + I_wall e^-tau for a ray of optical depth tau."""
    t = checks.array("tau", tau, low=0.0)
    source, behind = checks.number("source", source), checks.number("behind", behind)
    return -source * np.expm1(-t) + behind * np.exp(-t)


def linear_ray(tau: float, near: float, far: float, behind: float = 0.0) -> float:
    """Return I of a ray along which S is linear in optical depth, from near (observer) to far."""
    tau = checks.number("tau", tau, above=0.0)
    near, far = checks.number("near", near), checks.number("far", far)
    behind = checks.number("behind", behind)
    e = math.exp(-tau)
    slope = (far - near) / tau
    return near + slope - (far + slope) * e + behind * e


def exponential_ray(kappa: float, length: float, source: float, rate: float) -> float:
    """Return I of a ray of constant kappa along which S = source * exp(rate * s), s from the observer."""
    kappa, length = checks.number("kappa", kappa, low=0.0), checks.number("length", length, low=0.0)
    source, rate = checks.number("source", source), checks.number("rate", rate)
    if rate == kappa:
        return source * kappa * length
    return source * kappa * math.expm1((rate - kappa) * length) / (rate - kappa)


def sphere_chord(radius: float, impact: ArrayLike) -> NDArray[np.float64]:
    """Return the length of a ray inside a sphere that it passes at distance `impact` from the centre."""
    radius, b = checks.number("radius", radius, low=0.0), checks.array("impact", impact)
    return 2.0 * np.sqrt(np.maximum(radius**2 - b**2, 0.0))


def slab_flux(tau: float) -> float:
    """Return the flux out of an isothermal slab between cold walls, over sigma T^4: 1 - 2 E3(tau)."""
    from scipy.special import expn

    return float(1.0 - 2.0 * expn(3, checks.number("tau", tau, low=0.0)))


def bender_orszag(delta: float, length: float = 10.0) -> float:
    """Return delta * integral of exp(-delta t) / (1 + t) over 0..length, by quadrature to 1e-13.

    It is the intensity from S = 1/(1 + t), kappa = delta, with nothing behind.
    """
    from scipy.integrate import quad

    delta, length = checks.number("delta", delta, above=0.0), checks.number("length", length, low=0.0)
    cut = min(length, 45.0 / delta)  # e^-45 < 3e-20 of the answer lies beyond
    value, _ = quad(lambda t: delta * math.exp(-delta * t) / (1 + t), 0.0, cut, epsabs=0.0, epsrel=1e-13)
    return float(value)


def bender_orszag_series(delta: float, terms: int) -> float:
    """Return the first terms of its asymptotic series, sum of (-1)^k k! / delta^k."""
    delta, terms = checks.number("delta", delta, above=0.0), checks.whole("terms", terms, low=0)
    return sum((-1.0) ** k * math.factorial(k) / delta**k for k in range(terms))
