"""One segment of a ray: how it attenuates and emits (docs/theory.md, equations 4 to 6).

Without a branch, so that it runs for one segment or, in lockstep, for many, to the same bits. exp is our own:
-d = n ln 2 + r, |r| <= ln 2 / 2; expm1(r) = r + r^2 q(r), q the Taylor series economised by Chebyshev
polynomials: its error, 4e-17 of expm1, is below rounding. All three weights keep their digits as d -> 0.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial import chebyshev

from .intrinsics import fma, minimum, two_to, where
from .jit import inlined

PER_LN2 = 1.0 / math.log(2.0)
LN2_HIGH, LN2_LOW = float.fromhex("0x1.62e42fefa39efp-1"), float.fromhex("0x1.abc9e3b39803fp-56")
"""ln 2 in two parts."""
ROUNDING_BIAS = 1.5 * 2.0**52
"""Adding it rounds to a whole number, kept in the last bits."""
UNDERFLOW_DEPTH = 708.0
"""Optical depth above which exp(-d), less than 1e-307, is 0."""
TERMS = 10
_HALF = 0.5 * math.log(2.0)
_TAYLOR = np.array([_HALF**n / math.factorial(n + 2) for n in range(2 * TERMS)])
_ECONOMISED = chebyshev.cheb2poly(chebyshev.poly2cheb(_TAYLOR)[:TERMS]) / _HALF ** np.arange(TERMS)
SERIES = tuple(float(c) for c in _ECONOMISED)
"""Coefficients of q."""
UNREDUCED_DEPTH = 0.999 * _HALF
"""Optical depth up to which n = 0, for certain."""


@inlined
def _expm1(r, c):
    """Return (expm1(r), q) of |r| <= ln 2 / 2."""
    r2 = r * r  # Estrin's scheme: a third of the latency of Horner's
    low = fma(r2, fma(r, c[3], c[2]), fma(r, c[1], c[0]))
    high = fma(r2, fma(r, c[9], c[8]), fma(r, c[7], c[6]))
    q = fma(r2 * r2, fma(r2, high, fma(r, c[5], c[4])), low)
    return fma(r2, q, r), q


@inlined
def absorb(d, series=SERIES):
    """Return (1 - e, e, w) of an optical depth d >= 0, a number or a vector: e = exp(-d); w = (1 - e)/d - e
    is the weight of the source at the segment's far end (eq. 5). series: SERIES, of the same type as d.

    Within 4 ulp of exact each; w within 6 ulp where d > ln 2 / 2.
    """
    x = minimum(d, UNDERFLOW_DEPTH)
    k = fma(x, -PER_LN2, ROUNDING_BIAS)
    n = k - ROUNDING_BIAS
    r = fma(n, -LN2_LOW, fma(n, -LN2_HIGH, -x))
    p, q = _expm1(r, series)
    power = two_to(k)
    a = fma(-power, p, 1.0 - power)
    e = where(d < UNDERFLOW_DEPTH, fma(power, p, power), 0.0)
    return a, e, where(n == 0.0, fma(-(q * x), 1.0 + x, x), a / d - e)


@inlined
def absorb_unreduced(d, series=SERIES):
    """The same, to the same bits, where d <= UNREDUCED_DEPTH: neither range nor division, half the time."""
    p, q = _expm1(-d, series)
    return 0.0 - p, 1.0 + p, fma(-(q * d), 1.0 + d, d)
