"""Sampling along rays with array operations, a step for every cell width: NumPy and scipy.ndimage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from ..scene import DIRECTION, LOWER, UPPER, Scene


def _march(scene: Scene, look) -> NDArray[np.float64]:
    """Add up emission at the middles of steps; look(coordinates (3, n)) returns kappa and source there."""
    origin = scene.origin.reshape(-1, 3)
    a, b = (LOWER - origin) / DIRECTION, (UPPER - origin) / DIRECTION
    near, far = np.minimum(a, b).max(axis=1), np.maximum(a, b).min(axis=1)
    E, T = np.zeros(len(origin)), np.ones(len(origin))
    for k in range(int(np.ceil((far - near).max() / scene.h))):
        t = near + (k + 0.5) * scene.h
        inside = np.flatnonzero(t < far)
        points = (origin[inside] + t[inside, None] * DIRECTION - LOWER) / scene.h
        kappa, source = look(points.T)
        d = kappa * np.minimum(scene.h, far[inside] - t[inside] + 0.5 * scene.h)
        e = np.exp(-d)
        E[inside] += T[inside] * (1.0 - e) * source
        T[inside] *= e
    return E.reshape(scene.origin.shape[:2])


def nearest(scene: Scene):
    """NumPy: the value of the cell."""
    kappa, source = scene.medium.kappa.ravel(), scene.medium.source.ravel()
    n = scene.n

    def look(p):
        i, j, k = np.clip(p.astype(np.int64), 0, n - 1)
        c = (i * n + j) * n + k
        return kappa[c], source[c]

    return lambda: _march(scene, look)


def linear(scene: Scene):
    """scipy.ndimage: trilinear between cell centres."""
    kappa, source = scene.medium.kappa, scene.medium.source

    def look(p):
        return tuple(map_coordinates(f, p - 0.5, order=1, mode="nearest") for f in (kappa, source))

    return lambda: _march(scene, look)
