"""Unit vectors, and which half-lines meet a box."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .grid import Cartesian, FloatArray

NEGLIGIBLE = 1e-150
"""Direction components below this are zero: their reciprocals would overflow in the traversal."""


def unit(d: FloatArray) -> FloatArray:
    """Return vectors (n, 3) scaled to length 1; InputError when one has none."""
    # Scaled by the greatest component first, so that neither tiny nor huge vectors lose digits.
    scale = np.abs(d).max(axis=1, keepdims=True)
    bad = np.flatnonzero(scale == 0.0)
    if bad.size:
        raise InputError(f"rays: direction {bad[0]} has zero length; give a vector that points somewhere")
    d = d / scale
    d = d / np.sqrt(d[:, :1] * d[:, :1] + d[:, 1:2] * d[:, 1:2] + d[:, 2:] * d[:, 2:])
    return np.where(np.abs(d) < NEGLIGIBLE, 0.0, d)


def own(vectors: FloatArray) -> FloatArray:
    """Return vectors (n, 3) contiguous and writable: kernels would be compiled anew for others."""
    return np.require(vectors, requirements=["C", "W"])


def meets(grid: Cartesian, origin: FloatArray, direction: FloatArray) -> NDArray[np.bool_]:
    """Return, shape (n_ray,), which half-lines meet the grid (Kay & Kajiya's slab test)."""
    near, far = np.zeros(len(direction)), np.full(len(direction), np.inf)
    for axis, (lower, upper) in enumerate(zip(grid.lower, grid.upper, strict=True)):
        at, along = origin[:, axis], direction[:, axis]
        with np.errstate(divide="ignore", invalid="ignore"):
            a, b = (lower - at) / along, (upper - at) / along
        inside, parallel = (lower <= at) & (at <= upper), along == 0.0
        near = np.maximum(near, np.where(parallel, np.where(inside, -np.inf, np.inf), np.minimum(a, b)))
        far = np.minimum(far, np.where(parallel, np.where(inside, np.inf, -np.inf), np.maximum(a, b)))
    return near < far
