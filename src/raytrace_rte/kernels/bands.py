"""Absorption and emission in bands, from curves over temperature and tables of species, cell by cell."""

from __future__ import annotations

import math

import numpy as np

from .jit import driver, kernel


@driver
def add_curves(T, amount, first, per_step, c, out):
    """Add amount exp(f(ln T)) to each band, f piecewise cubic.

    T: temperature [K] (n,); amount: (n,); out: (n, n_band); each float32 or float64
    first, per_step: least ln T of the curves, and the reciprocal of the step between their nodes
    c: coefficients of the pieces, of powers of the part of a step (n_piece, 4, n_band)
    """
    last = c.shape[0] - 1
    for i in range(T.size):
        u = (math.log(np.float64(T[i])) - first) * per_step
        j = min(max(int(u), 0), last)
        w = u - j
        if amount[i] == 0.0:
            continue
        for b in range(out.shape[1]):
            f = c[j, 0, b] + w * (c[j, 1, b] + w * (c[j, 2, b] + w * c[j, 3, b]))
            out[i, b] += amount[i] * math.exp(f)


@kernel
def _bracket(axis, value, j):
    """The interval of an ascending axis with a value, sought from interval j on, and the part of it that lies below
    the value; beyond its ends those of the ends. One node is an interval of its own."""
    n = axis.size
    if n == 1 or value <= axis[0]:
        return 0, 0.0
    if value >= axis[n - 1]:
        return n - 2, 1.0
    while value < axis[j]:
        j -= 1
    while value >= axis[j + 1]:
        j += 1
    return j, (value - axis[j]) / (axis[j + 1] - axis[j])


@driver
def add_species(T, p, X, axes, table, out):
    """Add p X a(T, p, X) to each band, a linear in T, ln p and X; return in how many cells each is beyond the table.

    T [K], p [Pa], X: (n,) each, float32 or float64
    axes: temperatures [K], ln of pressures, mole fractions, ascending
    table: a [1/(m Pa)] (n_T, n_p, n_X, n_band); out: [1/m] (n, n_band)
    """
    t, q, x = axes
    i = j = k = 0
    hot, dense, rich = 0, 0, 0
    last, log_last = -1.0, 0.0
    for n in range(T.size):
        temperature, pressure, fraction = np.float64(T[n]), np.float64(p[n]), np.float64(X[n])
        if pressure != last:
            last, log_last = pressure, math.log(pressure)
        hot += temperature < t[0] or temperature > t[t.size - 1]
        dense += q.size > 1 and (log_last < q[0] or log_last > q[q.size - 1])
        rich += x.size > 1 and (fraction < x[0] or fraction > x[x.size - 1])
        if fraction == 0.0:
            continue
        i, u = _bracket(t, temperature, i)
        j, v = _bracket(q, log_last, j)
        k, w = _bracket(x, fraction, k)
        partial = pressure * fraction
        for di in range(1 + (u > 0.0)):
            for dj in range(1 + (v > 0.0)):
                for dk in range(1 + (w > 0.0)):
                    weight = (
                        partial * (u if di else 1.0 - u) * (v if dj else 1.0 - v) * (w if dk else 1.0 - w)
                    )
                    for b in range(out.shape[1]):
                        out[n, b] += weight * table[i + di, j + dj, k + dk, b]
    return np.array([hot, dense, rich])
