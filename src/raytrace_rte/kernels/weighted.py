"""Weights and coefficients of grey gases: polynomials of temperature and mole ratio, cell by cell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .jit import driver, kernel

ALONE = 1e8
"""Mole ratio H2O/CO2 at which a mixture is taken as H2O alone."""


class Polynomials(NamedTuple):
    """A weighted sum of n grey gases.

    k: (n, p) [1/(m Pa)], or [1/m] for soot: k_i = sum over l of k[i, l] r^l, with r the mole ratio
    a: (n, m, q): weight a_i = sum over j and l of a[i, j, l] t^j r^l, with t = T / reference
    k_alone, a_alone: (2, n) and (2, n, m) of CO2 and of H2O alone, of shape (0, ...) where there are none
    coldest, hottest [K], least, most: the ranges of T and r, to which both are limited
    """

    k: NDArray[np.float64]
    a: NDArray[np.float64]
    k_alone: NDArray[np.float64]
    a_alone: NDArray[np.float64]
    reference: float
    coldest: float
    hottest: float
    least: float
    most: float


LANES = 64
"""Cells that are worked on side by side: one at a time, a polynomial waits for each of its products."""
T_, R_, C_, K_, A_, PURE_, DRY_, WET_, TOTAL_, BELOW_ = range(10)
"""Rows of work arrays: temperature and ratio, polynomials under way, shares of CO2 and H2O alone, sums of weights."""


@driver
def evaluate(gases, T, ratio, coefficient, weight):
    """Fill in the coefficients and weights (n, 1 + gases) of cells, the clear gas first.

    T [K], ratio (H2O/CO2): (n,). A weight below 0 is taken as 0, and where the weights sum to more than 1 they are
    divided by the sum: the fits leave up to a hundredth more. Returns in how many cells a weight was below 0.
    """
    w = np.empty((10, LANES))
    clipped = 0
    for first in range(0, T.size, LANES):
        count = min(LANES, T.size - first)
        alone = _begin(gases, T[first : first + count], ratio[first : first + count], w)
        for g in range(gases.a.shape[0]):
            _gas(gases, g, alone, w)
            for i in range(count):
                coefficient[first + i, g + 1] = max(w[K_, i], 0.0)
                weight[first + i, g + 1] = max(w[A_, i], 0.0)
            for i in range(LANES):
                w[TOTAL_, i] += max(w[A_, i], 0.0)
                w[BELOW_, i] = max(w[BELOW_, i], -w[A_, i])
        for i in range(count):
            clipped += w[BELOW_, i] > 0.0
            coefficient[first + i, 0], weight[first + i, 0] = 0.0, max(1.0 - w[TOTAL_, i], 0.0)
            if w[TOTAL_, i] > 1.0:
                for g in range(gases.a.shape[0]):
                    weight[first + i, g + 1] /= w[TOTAL_, i]
    return clipped


@kernel
def _begin(gases, T, ratio, w):
    """Set temperatures, ratios and shares of up to LANES cells; return whether a share of one gas alone is not 0."""
    alone = False
    for i in range(LANES):
        j = min(i, T.size - 1)
        w[T_, i] = min(max(T[j], gases.coldest), gases.hottest) / gases.reference
        w[R_, i] = min(max(ratio[j], gases.least), gases.most)
        w[DRY_, i], w[WET_, i], w[TOTAL_, i], w[BELOW_, i] = 0.0, 0.0, 0.0, 0.0
        if gases.k_alone.shape[0]:
            w[DRY_, i] = max((gases.least - ratio[j]) / gases.least, 0.0)
            w[WET_, i] = max(1.0 - (ALONE - min(ratio[j], ALONE)) / (ALONE - gases.most), 0.0)
            alone |= w[DRY_, i] > 0.0 or w[WET_, i] > 0.0
    return alone


@kernel
def _gas(gases, g, alone, w):
    """Evaluate coefficient and weight of one gas in LANES cells."""
    k, a = gases.k, gases.a
    for i in range(LANES):
        w[K_, i], w[A_, i] = k[g, k.shape[1] - 1], 0.0
    for e in range(k.shape[1] - 2, -1, -1):
        for i in range(LANES):
            w[K_, i] = w[K_, i] * w[R_, i] + k[g, e]
    for j in range(a.shape[1] - 1, -1, -1):
        for i in range(LANES):
            w[C_, i] = a[g, j, a.shape[2] - 1]
        for e in range(a.shape[2] - 2, -1, -1):
            for i in range(LANES):
                w[C_, i] = w[C_, i] * w[R_, i] + a[g, j, e]
        for i in range(LANES):
            w[A_, i] = w[A_, i] * w[T_, i] + w[C_, i]
    if alone:
        _mix(gases, g, 0, w, DRY_)
        _mix(gases, g, 1, w, WET_)


@kernel
def _mix(gases, g, which, w, share):
    """Mix in one gas alone: CO2 (0) or H2O (1)."""
    a = gases.a_alone
    for i in range(LANES):
        w[PURE_, i] = 0.0
    for j in range(a.shape[2] - 1, -1, -1):
        for i in range(LANES):
            w[PURE_, i] = w[PURE_, i] * w[T_, i] + a[which, g, j]
    for i in range(LANES):
        w[K_, i] = (1.0 - w[share, i]) * w[K_, i] + w[share, i] * gases.k_alone[which, g]
        w[A_, i] = (1.0 - w[share, i]) * w[A_, i] + w[share, i] * w[PURE_, i]
