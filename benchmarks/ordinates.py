"""The peer for volumes: a discrete-ordinates step sweep in Numba, as a user would write it."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from raytrace_rte.quadrature import fibonacci


@njit(cache=True, error_model="numpy")
def _sweep(kappa, source, mu, h, intensity, total, weight):
    """Step scheme for one ordinate: each cell's intensity goes to its downwind neighbours."""
    nx, ny, nz = kappa.shape
    a, b, c = abs(mu[0]) / h, abs(mu[1]) / h, abs(mu[2]) / h
    for p in range(nx):
        i = p if mu[0] > 0 else nx - 1 - p
        ui = i - 1 if mu[0] > 0 else i + 1
        for q in range(ny):
            j = q if mu[1] > 0 else ny - 1 - q
            uj = j - 1 if mu[1] > 0 else j + 1
            for r in range(nz):
                k = r if mu[2] > 0 else nz - 1 - r
                uk = k - 1 if mu[2] > 0 else k + 1
                x = intensity[ui, j, k] if p > 0 else 0.0
                y = intensity[i, uj, k] if q > 0 else 0.0
                z = intensity[i, j, uk] if r > 0 else 0.0
                value = (a * x + b * y + c * z + kappa[i, j, k] * source[i, j, k]) / (
                    a + b + c + kappa[i, j, k]
                )
                intensity[i, j, k] = value
                total[i, j, k] += weight * value


@njit(cache=True, parallel=True, error_model="numpy")
def _all(kappa, source, directions, weights, h, groups, total):
    for g in prange(groups):
        intensity = np.empty_like(kappa)
        for n in range(g, len(weights), groups):
            _sweep(kappa, source, directions[n], h, intensity, total[g], weights[n])


def div_q(
    kappa: NDArray[np.float64], source: NDArray[np.float64], h: float, count: int
) -> NDArray[np.float64]:
    """Return div q [W m-3] of cubic cells of width h between cold black walls, with `count` ordinates."""
    ways = fibonacci(count)
    total = np.zeros((2, *kappa.shape))
    _all(kappa, source, ways.vector, ways.weight, h, 2, total)
    return kappa * (4 * np.pi * source - total.sum(axis=0))
