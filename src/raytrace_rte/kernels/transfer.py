"""One segment of a ray: how it attenuates and emits (docs/theory.md, equations 4 to 6)."""

from __future__ import annotations

import math

import numpy as np

from .jit import kernel

# w(d) = (1 - e)/d - e loses digits like eps * 2/d as d -> 0. Its Taylor series, sum (-1)^(n+1) n/(n+1)! d^n,
# cut after TERMS terms, is off by 2 (N+1)/(N+2)! d^N, relative. The two curves cross at SMALL.
TERMS = 8
SMALL = float((np.finfo(np.float64).eps * math.factorial(TERMS + 2) / (TERMS + 1)) ** (1.0 / (TERMS + 1)))
_C1, _C2, _C3, _C4, _C5, _C6, _C7, _C8 = (
    (-1.0) ** (n + 1) * n / math.factorial(n + 1) for n in range(1, TERMS + 1)
)
HALF = 0.5
"""Above this optical depth 1 - exp(-d) keeps its digits; below, exp(-d) = 1 - expm1 does."""


@kernel
def absorb(d):
    """Return (1 - exp(-d), exp(-d)) for an optical depth d >= 0, both to rounding, with one exponential."""
    if d < HALF:
        a = -math.expm1(-d)
        return a, 1.0 - a
    e = math.exp(-d)
    return 1.0 - e, e


@kernel
def far_weight(d, a, e):
    """Return w = (1 - e)/d - e: the weight of the source at the segment's far end (eq. 5)."""
    if d < SMALL:
        # Horner, d/2 - d^2/3 + ...
        series = _C5 + d * (_C6 + d * (_C7 + d * _C8))
        return d * (_C1 + d * (_C2 + d * (_C3 + d * (_C4 + d * series))))
    return a / d - e
