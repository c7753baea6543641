"""Which part of blackbody radiation lies between two wavelengths.

Series of S.-L. Chang and K. T. Rhee, Int. Commun. Heat Mass Transfer 11 (1984) 451, as in M. F. Modest, Radiative
Heat Transfer (3rd ed.), ch. 1.
"""

from __future__ import annotations

import math

import numpy as np

from ..grid import FloatArray

C2 = 0.01438776877503933
"""Second radiation constant h c / k [m K], exact in the SI of 2019."""
NOT_METRES = 0.05
"""A wavelength beyond this one [m], where there is no thermal radiation, is one in another unit."""
NEAR = 1.5
"""Where h c / (lambda k T) is below this, the fraction is summed as a power series, else as exponentials: 13
and 25 terms leave there less than 1e-16."""
NOTHING = 37.0
"""e^-37 is less than 1e-16 of 1, so that NOTHING / x exponentials e^-nx do."""
BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330,
    854513 / 138, -236364091 / 2730, 8553103 / 6,
)  # fmt: skip
"""B_2, B_4, ... B_26."""
FAR = 700.0
"""e^-700 is nothing."""


def band_fraction(edges: FloatArray, temperature: FloatArray) -> FloatArray:
    """Return which part of blackbody radiation lies between wavelengths, (n, n_band).

    edges: (n_band, 2) [m]; temperature: (n,) [K], at 0 K the fraction is not defined and returned as 0.
    """
    wavelengths, at = np.unique(edges, return_inverse=True)
    short, long = at.reshape(edges.shape).T
    below, beyond = (np.empty((wavelengths.size, temperature.size)) for _ in range(2))
    for n, wavelength in enumerate(wavelengths):
        below[n], beyond[n] = _both(wavelength, temperature)
    near = below[short] >= 0.0  # there the integral from 0 keeps its digits, elsewhere the one to infinity
    return np.where(near, below[short] - below[long], beyond[long] - beyond[short]).T


def _both(wavelength: float, temperature: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the parts of longer and of shorter waves, -1 for the first where its digits are lost."""
    with np.errstate(divide="ignore", invalid="ignore"):
        x = C2 / (wavelength * temperature)  # inf at wavelength 0
    x = np.where(np.isnan(x) | (x > FAR), FAR, x)
    near = x < NEAR
    below, beyond = np.full_like(x, -1.0), np.empty_like(x)
    if near.any():
        below[near] = _below(x[near])
        beyond[near] = 1.0 - below[near]
    if not near.all():
        beyond[~near] = _beyond(x[~near])
    return below, beyond


def _below(x: FloatArray) -> FloatArray:
    """Return 15/pi^4 times the integral of t^3 / (e^t - 1) from 0 to x, for x up to NEAR."""
    square, series = x * x, np.zeros_like(x)
    for k in range(len(BERNOULLI), 0, -1):
        series = square * (series + BERNOULLI[k - 1] / (math.factorial(2 * k) * (2 * k + 3)))
    return np.asarray(15.0 / np.pi**4 * x**3 * (1 / 3 - x / 8 + series))


def _beyond(x: FloatArray) -> FloatArray:
    """Return 15/pi^4 times the integral of t^3 / (e^t - 1) from x to infinity, for x from NEAR on.

    It is x^3 Li_1 + 3 x^2 Li_2 + 6 x Li_3 + 6 Li_4 of q = e^-x, polylogarithms Li_s = sum of q^n / n^s, by Horner's
    scheme: one exponential where their sum takes 25.
    """
    q, terms = np.exp(-x), int(NOTHING / float(x.min())) + 1
    two, three, four = np.zeros((3, *x.shape))
    for n in range(terms, 0, -1):
        for total, power in ((two, 2), (three, 3), (four, 4)):
            total += 1.0 / n**power
            total *= q
    return np.asarray(15.0 / np.pi**4 * (x * (x * (3.0 * two - x * np.log1p(-q)) + 6.0 * three) + 6.0 * four))
