"""The peer for volumes: discrete-ordinates sweeps in Numba, step and diamond, as a user would write them."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from raytrace_rte.solvers.quadrature import fibonacci


@njit(cache=True, error_model="numpy")
def _sweep(kappa, source, mu, h, faces, total, weight, diamond):
    """One ordinate: each cell's intensity, and what goes to its downwind neighbours.

    faces: intensity on the faces behind the front, across x (ny, nz), y (nz,) and z.
    """
    nx, ny, nz = kappa.shape
    a, b, c = abs(mu[0]) / h, abs(mu[1]) / h, abs(mu[2]) / h
    gain = 2.0 if diamond else 1.0
    across_x, across_y = faces
    across_x[:] = 0.0
    for p in range(nx):
        i = p if mu[0] > 0 else nx - 1 - p
        across_y[:] = 0.0
        for q in range(ny):
            j = q if mu[1] > 0 else ny - 1 - q
            z = 0.0
            for r in range(nz):
                k = r if mu[2] > 0 else nz - 1 - r
                x, y = across_x[j, k], across_y[k]
                value = (gain * (a * x + b * y + c * z) + kappa[i, j, k] * source[i, j, k]) / (
                    gain * (a + b + c) + kappa[i, j, k]
                )
                total[i, j, k] += weight * value
                across_x[j, k] = max(2.0 * value - x, 0.0) if diamond else value
                across_y[k] = max(2.0 * value - y, 0.0) if diamond else value
                z = max(2.0 * value - z, 0.0) if diamond else value


@njit(cache=True, parallel=True, error_model="numpy")
def _all(kappa, source, directions, weights, h, diamond, groups, total):
    for g in prange(groups):
        faces = np.empty(kappa.shape[1:]), np.empty(kappa.shape[2])
        for n in range(g, len(weights), groups):
            _sweep(kappa, source, directions[n], h, faces, total[g], weights[n], diamond)


def div_q(
    kappa: NDArray[np.float64], source: NDArray[np.float64], h: float, count: int, diamond: bool = False
) -> NDArray[np.float64]:
    """Return div q [W m-3] of cubic cells of width h between cold black walls, with `count` ordinates."""
    ways = fibonacci(count)
    total = np.zeros((2, *kappa.shape))
    _all(kappa, source, ways.vector, ways.weight, h, diamond, 2, total)
    return kappa * (4 * np.pi * source - total.sum(axis=0))
