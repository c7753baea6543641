"""The exponential integrals E3 and E4 of vectors, which say how a wall's light dies away in thick gas.

Both follow from E1 by recurrence (Abramowitz & Stegun 5.1.14). Up to SPLIT that is its power series (5.1.11), beyond
it e^t E1(t) as a polynomial of (t - MIDDLE) / (t + MIDDLE), fitted to its continued fraction (5.1.22).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial import chebyshev

from .intrinsics import bits, fma, where
from .jit import inlined
from .transfer import absorb
from .vector import ALL

SPLIT, FAR = 2.0, 12.0
"""Depth from which on the polynomial is taken, and beyond which both count as 0: they are below 5e-7 there."""
LEAST = 1e-9
"""Depth below which E1 is that of this one: it is multiplied by the square of the depth."""
MIDDLE = math.sqrt(SPLIT * FAR)
_EULER = 0.57721566490153286061
_POWER_TERMS, _FIT_DEGREE, _LOG_DEGREE = 24, 23, 17
POWERS = tuple(-((-1.0) ** n) / (n * math.factorial(n)) for n in range(_POWER_TERMS, 0, -1))
"""Of t^n in E1 + ln t + Euler's constant, the highest power first."""
LOGARITHM = tuple(2.0 / (2 * n + 1) for n in range(_LOG_DEGREE, -1, -1))
"""Of f^2n in ln((1 + f) / (1 - f)) / f, the highest power first."""
HALVINGS = (16.0, 8.0, 4.0, 2.0, 1.0)
"""Powers of two by which small numbers are raised before their logarithm is taken."""


def _fraction(t: np.ndarray) -> np.ndarray:
    """e^t E1(t) by its continued fraction, t at least SPLIT."""
    out = np.zeros_like(t)
    for n in range(200, 0, -1):
        out = n * n / (t + (2 * n + 1) - out)
    return 1.0 / (t + 1.0 - out)


def _fitted() -> tuple[float, ...]:
    """Coefficients of the polynomial, the highest power first."""
    reach = (FAR - MIDDLE) / (FAR + MIDDLE)

    def of(x: np.ndarray) -> np.ndarray:
        w = reach * x
        return _fraction(MIDDLE * (1.0 + w) / (1.0 - w))

    fit = chebyshev.cheb2poly(chebyshev.chebinterpolate(of, _FIT_DEGREE))
    return tuple(float(c) for c in (fit / reach ** np.arange(fit.size))[::-1])


FIT = _fitted()


@inlined
def _polynomial(x, coefficients):
    """A polynomial of odd degree, its even and its odd powers by Horner's scheme: twice as quick."""
    square = x * x
    odd, even = square * 0.0 + coefficients[0], square * 0.0 + coefficients[1]
    for n in range(2, len(coefficients), 2):
        odd, even = fma(odd, square, coefficients[n]), fma(even, square, coefficients[n + 1])
    return fma(odd, x, even)


@inlined
def _logarithm(x):
    """ln x of LEAST <= x <= SPLIT."""
    halved = x * 0.0
    for n in HALVINGS:
        small = x < 0.5**n
        x, halved = where(small, x * 2.0**n, x), where(small, halved + n, halved)
    f = (x - 1.0) / (x + 1.0)
    return fma(f, _polynomial(f * f, LOGARITHM), halved * -math.log(2.0))


@inlined
def e3_e4(t):
    """Return E3 and E4 of a vector of depths >= 0; 0 beyond FAR. Within 2e-12 of exact, relatively."""
    _, passed, _ = absorb(t)
    near, e1 = t < SPLIT, t
    if bits(near) != 0:
        low = where(t < LEAST, LEAST, where(near, t, SPLIT))
        e1 = low * _polynomial(low, POWERS) - _logarithm(low) - _EULER
    if bits(near) != ALL:
        high = where(near, SPLIT, where(t > FAR, FAR, t))
        e1 = where(near, e1, passed * _polynomial((high - MIDDLE) / (high + MIDDLE), FIT))
    e3 = 0.5 * (passed - t * (passed - t * e1))
    e4 = (passed - t * e3) * (1.0 / 3.0)
    inside = t <= FAR
    return where(inside, e3, 0.0), where(inside, e4, 0.0)
