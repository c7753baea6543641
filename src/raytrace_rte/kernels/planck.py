"""Planck-mean absorption coefficients of species, added up cell by cell."""

from __future__ import annotations

from .jit import driver


@driver
def add_piece(T, X, per_temperature, above, up_to, c, kappa):
    """Add X max(a(T), 0) to kappa in cells with above < T <= up_to; return in how many a is below 0.

    T, X: temperature [K] and mole fraction, (n,), float32 or float64; kappa: (n,), float64
    a: polynomial of coefficients c, (6,), in T, or where per_temperature in 1000 K / T
    """
    c0, c1, c2, c3, c4, c5 = c[0], c[1], c[2], c[3], c[4], c[5]
    clipped = 0
    for i in range(T.size):
        t = float(T[i])
        u = 1000.0 / t if per_temperature else t
        a = c0 + u * (c1 + u * (c2 + u * (c3 + u * (c4 + u * c5))))
        a = a if above < t and t <= up_to else 0.0
        clipped += a < 0.0
        kappa[i] += float(X[i]) * max(a, 0.0)
    return clipped
