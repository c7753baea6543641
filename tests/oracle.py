"""A slow, obvious solver of the same discrete problem, which shares no code with the kernels.

All planes that a ray meets are sorted; each interval lies in the cell of its mid-point; the field there is
rebuilt from the documented rule; the segment integral is a Gauss-Legendre quadrature of S exp(-tau).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from raytrace_rte import Cartesian

NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)


def gradients(values: np.ndarray, grid: Cartesian) -> np.ndarray:
    """Limited gradients, shape (nx, ny, nz, 3), cell by cell with plain loops."""
    out = np.zeros((*values.shape, 3))
    for index in np.ndindex(values.shape):
        for axis in range(3):
            line = values[tuple(slice(None) if a == axis else index[a] for a in range(3))].astype(float)
            out[*index, axis] = line_gradient(line, index[axis], grid.centres[axis], grid.widths[axis])
        half = [0.5 * w[i] if np.isfinite(w[i]) else 0.0 for w, i in zip(grid.widths, index, strict=True)]
        fall = np.abs(out[index]) @ half
        if fall > values[index]:
            out[index] *= values[index] / fall
    return out


def line_gradient(f: np.ndarray, i: int, x: np.ndarray, width: np.ndarray) -> float:
    n = len(f)
    if n == 1:
        return 0.0
    if n == 2:
        return (f[1] - f[0]) / (x[1] - x[0])

    def second(m):
        return np.polyfit(x[m - 1 : m + 2] - x[m], f[m - 1 : m + 2], 2)[0] * 2

    m = min(max(i, 1), n - 2)
    _, b, _ = np.polyfit(x[m - 1 : m + 2] - x[i], f[m - 1 : m + 2], 2)
    rise = b * width[i] / 2
    curvatures = [second(k) for k in (m - 1, m, m + 1) if 1 <= k <= n - 2]
    same_sign = all(c > 0 for c in curvatures) or all(c < 0 for c in curvatures)
    least = min(abs(c) for c in curvatures) if same_sign else 0.0
    room = 1.25 * least * width[i] * max(x[m] - x[m - 1], x[m + 1] - x[m]) / 4
    for j in (i - 1, i + 1):
        if 0 <= j < n:
            step = (f[j] - f[i]) * (1 if j > i else -1)
            rise = np.clip(rise, min(step, 0) - room, max(step, 0) + room)
    return 2 * rise / width[i]


class Oracle:
    """March of order 1 or 2 of one band."""

    def __init__(self, grid: Cartesian, kappa: np.ndarray, source: np.ndarray, order: int) -> None:
        self.grid = grid
        self.values = (np.asarray(kappa, float), np.asarray(source, float))
        self.slopes = [gradients(v, grid) if order == 2 else np.zeros((*v.shape, 3)) for v in self.values]

    def __call__(self, origin: np.ndarray, direction: np.ndarray) -> tuple[float, float, float]:
        """Return (transmittance, emission, optical depth)."""
        T, E, tau = 1.0, 0.0, 0.0
        for a, b in self.intervals(origin, direction):
            middle = origin + 0.5 * (a + b) * direction
            cell = tuple(
                int(np.clip(np.searchsorted(faces, p, side="right") - 1, 0, len(faces) - 2))
                for faces, p in zip(self.grid, middle, strict=True)
            )
            centre = np.array([c[i] for c, i in zip(self.grid.centres, cell, strict=True)])
            k = self.values[0][cell] + self.slopes[0][cell] @ (middle - centre)
            slope = self.slopes[1][cell] @ direction
            S = self.values[1][cell] + self.slopes[1][cell] @ (middle - centre)
            d = max(k, 0.0) * (b - a)
            E += T * self.segment(d, S - 0.5 * slope * (b - a), S + 0.5 * slope * (b - a))
            T *= np.exp(-d)
            tau += d
        return T, E, tau

    @staticmethod
    def segment(d: float, near: float, far: float) -> float:
        """Integral of S exp(-t) over 0..d, S linear in t; cut where nothing is left."""
        if d == 0.0:
            return 0.0
        end = min(d, 60.0)
        pieces = np.linspace(0.0, end, 9)
        total = 0.0
        for a, b in pairwise(pieces):
            t = 0.5 * (b - a) * NODES + 0.5 * (a + b)
            total += 0.5 * (b - a) * float(WEIGHTS @ ((near + (far - near) * t / d) * np.exp(-t)))
        return total

    def intervals(self, origin: np.ndarray, direction: np.ndarray) -> list[tuple[float, float]]:
        cuts = [0.0]
        for faces, o, d in zip(self.grid, origin, direction, strict=True):
            if d != 0.0:
                cuts += [t for t in (faces[np.isfinite(faces)] - o) / d if t > 0]
        cuts.sort()
        inside = []
        for a, b in pairwise(cuts):
            p = origin + 0.5 * (a + b) * direction
            if all(f[0] <= v <= f[-1] for f, v in zip(self.grid, p, strict=True)):
                inside.append((a, b))
        return inside
