"""The image that methods and peers compute: parallel rays, oblique to the grid, through an analytic plume."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

import raytrace_rte as rte
from raytrace_rte.execution.executors import each
from raytrace_rte.sensors.images import z_order

from .processes import THREADS

DIRECTION = np.array([0.5, 0.8, 0.33]) / np.linalg.norm([0.5, 0.8, 0.33])
LOWER, UPPER = np.array([-0.5, -0.5, 0.0]), np.array([0.5, 0.5, 1.0])
RAYS = 256
"""Rays of the reference that are followed in one call."""
SIDE = 0.9
"""Width of the image [m]."""


@dataclass(frozen=True)
class Scene:
    """kappa and source (n, n, n) in the unit box; rays (rows, columns, 3) with one direction."""

    medium: rte.Medium
    origin: NDArray[np.float64]
    direction: NDArray[np.float64]

    @property
    def n(self) -> int:
        """Cells along an axis."""
        return self.medium.grid.shape[0]

    @property
    def h(self) -> float:
        """Width of a cell [m]."""
        return 1.0 / self.n

    @property
    def rays(self) -> rte.Rays:
        """The rays in the order in which a camera visits its pixels."""
        return rte.Rays(self.origin.reshape(-1, 3)[self.order], DIRECTION)

    @property
    def order(self) -> NDArray[np.int64]:
        """Numbers of the pixels in the order of the rays."""
        return z_order(*self.origin.shape[:2])


def scene(cells: int, pixels: int, dtype: type = np.float32, means: bool = False) -> Scene:
    """Return the plume on cells^3 cells and pixels^2 rays.

    means: cells hold means over their volumes, as those of finite volume codes; else what is at their centres
    """
    given = rte.absorption.given(rte.sample("smooth-plume", cells))
    kappa, source = given.kappa, given.source
    if means:
        kappa, source = np.empty((2, *given.grid.shape))
        per_t4 = float(rte.blackbody(1.0))
        each(THREADS)(lambda i: _means(kappa, source, per_t4, i), range(cells))
    medium = rte.Medium(given.grid, kappa.astype(dtype), source.astype(dtype))
    right = np.cross(DIRECTION, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    up = np.cross(right, DIRECTION)
    s = SIDE * ((np.arange(pixels) + 0.5) / pixels - 0.5)
    middle = 0.5 * (LOWER + UPPER) - 2.0 * DIRECTION
    origin = middle + s[::-1, None, None] * up + s[None, :, None] * right
    return Scene(medium, np.ascontiguousarray(origin), np.broadcast_to(DIRECTION, origin.shape).copy())


@njit(cache=True)
def _plume(x, y, z):
    """(kappa, temperature) of samples.smooth-plume at a point."""
    sway = 0.06 * math.sin(7.0 * z) * z
    radius = 0.07 + 0.09 * z
    r2 = ((x - sway) ** 2 + (y - 0.5 * sway) ** 2) / radius**2
    flicker = 1.0 + 0.25 * math.sin(19.0 * z - 3.0) * math.cos(9.0 * x + 5.0 * y)
    shape = math.exp(-r2) * flicker * math.exp(-((z - 0.35) ** 2) / 0.18)
    return 0.02 + 6.0 * math.exp(-0.7 * r2) * flicker, 300.0 + 1300.0 * shape


@njit(cache=True, nogil=True)
def _means(kappa, source, per_t4, i):
    """Fill in means over the cells of plane i, by two Gauss points an axis."""
    n, at = kappa.shape[0], (0.5 - 0.5 / math.sqrt(3.0), 0.5 + 0.5 / math.sqrt(3.0))
    for j in range(n):
        for k in range(n):
            a, s = 0.0, 0.0
            for p in at:
                for q in at:
                    for r in at:
                        one, T = _plume((i + p) / n - 0.5, (j + q) / n - 0.5, (k + r) / n)
                        a, s = a + one / 8.0, s + per_t4 * T**4 / 8.0
            kappa[i, j, k], source[i, j, k] = a, s


@njit(cache=True, nogil=True, error_model="numpy")
def _converged(origin, direction, steps, per_t4, first, out):
    for r in range(first, min(first + RAYS, out.size)):
        t0, t1 = 0.0, np.inf
        for a in range(3):
            p, q = (LOWER[a] - origin[r, a]) / direction[a], (UPPER[a] - origin[r, a]) / direction[a]
            t0, t1 = max(t0, min(p, q)), min(t1, max(p, q))
        E, tau = 0.0, 0.0
        step = max(t1 - t0, 0.0) / steps
        for i in range(steps):
            t = t0 + (i + 0.5) * step
            x, y, z = (origin[r, 0] + t * direction[0], origin[r, 1] + t * direction[1],
                       origin[r, 2] + t * direction[2])  # fmt: skip
            kappa, T = _plume(x, y, z)
            d = kappa * step
            E += math.exp(-tau) * -math.expm1(-d) * per_t4 * T**4
            tau += d
        out[r] = E


EVERY = 4
"""Errors are taken over every fourth pixel of every fourth row."""


def reference(view: Scene, steps: int = 3000) -> NDArray[np.float64]:
    """Return the radiance of the continuous plume on every fourth pixel, by the midpoint rule."""
    origin = np.ascontiguousarray(view.origin[::EVERY, ::EVERY])
    out = np.empty(origin.shape[0] * origin.shape[1])
    rays, per_t4 = origin.reshape(-1, 3), float(rte.blackbody(1.0))
    each(THREADS)(lambda r: _converged(rays, DIRECTION, steps, per_t4, r, out), range(0, out.size, RAYS))
    return out.reshape(origin.shape[:2])


def error(image: NDArray[np.float64], exact: NDArray[np.float64]) -> float:
    """Relative L2 error of an image."""
    return float(np.linalg.norm(image[::EVERY, ::EVERY] - exact) / np.linalg.norm(exact))
