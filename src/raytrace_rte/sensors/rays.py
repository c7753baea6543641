"""Which lines are followed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..grid import Cartesian, FloatArray

NEGLIGIBLE = 1e-150
"""Direction components below this are zero: their reciprocals would overflow in the traversal."""


@dataclass(frozen=True, eq=False)
class Rays:
    """Half-lines from an origin [m] into a direction; the plainest sensor, one radiance per ray.

    Both arguments have shape (n_ray, 3), or (3,) for one of the two shared by all rays or for a single
    ray. Directions point from the observer into the medium and are normalised here. The arrays are the
    object's own, and not to be changed.

    Raises InputError on other shapes, non-finite numbers or directions of zero length.
    """

    origin: FloatArray
    direction: FloatArray

    def __init__(self, origin: ArrayLike, direction: ArrayLike) -> None:
        o = _vectors("origin", origin)
        d = _vectors("direction", direction)
        if len(o) != len(d) and 1 not in (len(o), len(d)):
            raise InputError(f"rays: {len(o)} origins but {len(d)} directions; give as many, or one to share")
        count = len(d) if len(o) == 1 else len(o)
        d = unit(d)
        # A copy, so that what is hashed stays what is traced; directions are fresh numbers anyway.
        object.__setattr__(self, "origin", np.array(np.broadcast_to(o, (count, 3)), order="C"))
        object.__setattr__(self, "direction", _own(np.broadcast_to(d, (count, 3))))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the answer: one value per ray."""
        return (len(self.origin),)

    def order(self) -> None:
        """Rays are visited as given."""

    def take(self, index: NDArray[np.int64] | slice) -> Rays:
        """Return the rays with these numbers."""
        return trusted(self.origin[index], self.direction[index])

    def settings(self) -> dict[str, object]:
        """What a Result records of this sensor."""
        return {"kind": "rays", "count": len(self.origin), "sha256": self._sha256}

    @cached_property
    def _sha256(self) -> str:
        """Hash of the numbers, taken once: it costs as much as a tenth of a small image."""
        digest = hashlib.sha256(self.origin.data)
        digest.update(self.direction.data)
        return digest.hexdigest()


def _own(vectors: FloatArray) -> FloatArray:
    """The array, contiguous and writable: kernels are compiled anew for any that is not."""
    return np.require(vectors, requirements=["C", "W"])


def hits(grid: Cartesian, rays: Rays) -> NDArray[np.bool_]:
    """Return, shape (n_ray,), which rays meet the grid (Kay & Kajiya's slab test)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        a = (grid.lower - rays.origin) / rays.direction
        b = (grid.upper - rays.origin) / rays.direction
    inside = (grid.lower <= rays.origin) & (rays.origin <= grid.upper)
    parallel = rays.direction == 0.0
    near = np.where(parallel, np.where(inside, -np.inf, np.inf), np.minimum(a, b))
    far = np.where(parallel, np.where(inside, np.inf, -np.inf), np.maximum(a, b))
    return np.maximum(near.max(axis=1), 0.0) < far.min(axis=1)


def _vectors(name: str, values: ArrayLike) -> FloatArray:
    v = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if v.ndim != 2 or v.shape[1] != 3:
        raise InputError(f"rays: {name} has shape {np.shape(values)}; expected (n_ray, 3) or (3,)")
    bad = np.flatnonzero(~np.isfinite(v).all(axis=1))
    if bad.size:
        raise InputError(f"rays: {name} {bad[0]} is {v[bad[0]].tolist()}; expected finite numbers")
    return v


def unit(d: FloatArray) -> FloatArray:
    """Return vectors (n, 3) scaled to length 1; InputError when one has none."""
    # Scaled by the greatest component first, so that neither tiny nor huge vectors lose digits.
    greatest = np.abs(d).max(axis=1, keepdims=True)
    bad = np.flatnonzero(greatest == 0.0)
    if bad.size:
        raise InputError(f"rays: direction {bad[0]} has zero length; give a vector that points somewhere")
    d = d / greatest
    d = d / np.sqrt(d[:, :1] * d[:, :1] + d[:, 1:2] * d[:, 1:2] + d[:, 2:] * d[:, 2:])
    return np.where(np.abs(d) < NEGLIGIBLE, 0.0, d)


def trusted(origin: FloatArray, direction: FloatArray) -> Rays:
    """Rays whose directions are already unit vectors, bit for bit as given."""
    rays = object.__new__(Rays)
    object.__setattr__(rays, "origin", _own(origin))
    object.__setattr__(rays, "direction", _own(direction))
    return rays
