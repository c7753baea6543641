"""A competent scalar march in Numba: constant cells, accumulated exit planes, one exp a cell."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from ..scene import LOWER, Scene


@njit(parallel=True, error_model="numpy", cache=True)
def image(kappa, source, lower, h, origin, direction, out):
    """Write the radiance of rays (rows, columns, 3) through cubic cells of width h, observer first."""
    nx, ny, nz = kappa.shape
    upper = lower + h * np.array([nx, ny, nz])
    for row in prange(out.shape[0]):
        for column in range(out.shape[1]):
            t_in, t_out = 0.0, np.inf
            for a in range(3):
                o, d = origin[row, column, a], direction[row, column, a]
                if d != 0.0:
                    t0, t1 = (lower[a] - o) / d, (upper[a] - o) / d
                    t_in, t_out = max(t_in, min(t0, t1)), min(t_out, max(t0, t1))
                elif o < lower[a] or o > upper[a]:
                    t_in = np.inf
            out[row, column] = 0.0
            if not t_in < t_out:
                continue
            x, y, z = origin[row, column]
            u, v, w = direction[row, column]
            i = min(max(int((x + t_in * u - lower[0]) / h), 0), nx - 1)
            j = min(max(int((y + t_in * v - lower[1]) / h), 0), ny - 1)
            k = min(max(int((z + t_in * w - lower[2]) / h), 0), nz - 1)
            si, sj, sk = 1 if u > 0 else -1, 1 if v > 0 else -1, 1 if w > 0 else -1
            tx = (lower[0] + h * (i + (u > 0)) - x) / u if u != 0.0 else np.inf
            ty = (lower[1] + h * (j + (v > 0)) - y) / v if v != 0.0 else np.inf
            tz = (lower[2] + h * (k + (w > 0)) - z) / w if w != 0.0 else np.inf
            dx = abs(h / u) if u != 0.0 else np.inf
            dy = abs(h / v) if v != 0.0 else np.inf
            dz = abs(h / w) if w != 0.0 else np.inf
            t, T, E = t_in, 1.0, 0.0
            while 0 <= i < nx and 0 <= j < ny and 0 <= k < nz:
                t_next = min(tx, ty, tz)
                e = math.exp(-kappa[i, j, k] * (t_next - t))
                E += T * (1.0 - e) * source[i, j, k]
                T *= e
                t = t_next
                if tx <= ty and tx <= tz:
                    tx += dx
                    i += si
                elif ty <= tz:
                    ty += dy
                    j += sj
                else:
                    tz += dz
                    k += sk
            out[row, column] = E


def render(
    kappa: NDArray[np.float64],
    source: NDArray[np.float64],
    lower: NDArray[np.float64],
    h: float,
    origin: NDArray[np.float64],
    direction: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the radiance of rays (rows, columns, 3)."""
    out = np.empty(origin.shape[:2])
    image(kappa, source, lower, h, origin, direction, out)
    return out


def prepare(scene: Scene):
    """Return the march through a scene's field in double precision."""
    kappa, source = (np.ascontiguousarray(f, np.float64) for f in (scene.medium.kappa, scene.medium.source))
    return lambda: render(kappa, source, LOWER, scene.h, scene.origin, scene.direction)
