"""Which lines are followed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import InputError
from ..grid import FloatArray
from ..results.radiance import RadianceResult
from ..solvers.rays import RayTask
from ..solvers.scene import Scene
from ..table import Variable
from ..vectors import own, unit
from .radiance import radiances


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
        # Their own numbers, so that what is hashed stays what is traced; one that all share is kept once.
        object.__setattr__(self, "origin", _spread(o, count))
        object.__setattr__(self, "direction", _spread(unit(d), count))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the answer: one value per ray."""
        return (len(self.origin),)

    def coordinates(self) -> tuple[tuple[str, ...], list[Variable]]:
        """Return the dimension of the answer, and where its entries are."""
        axes = np.array(["x", "y", "z"])
        return ("ray",), [
            Variable("ray", ("ray",), np.arange(len(self.origin)), "1", "number of the ray"),
            Variable("axis", ("axis",), axes, "1", "axis of a vector"),
            Variable("origin", ("ray", "axis"), self.origin, "m", "origin of the ray"),
            Variable("direction", ("ray", "axis"), self.direction, "1", "unit direction into the medium"),
        ]

    def task(self, scene: Scene) -> RayTask[RadianceResult]:
        """Follow the rays; the answer has one radiance for each, and the rays themselves instead of their hash."""
        return radiances(scene, self, record=self._in_short())

    def take(self, index: NDArray[np.int64] | slice) -> Rays:
        """Return the rays with these numbers."""
        return from_unit_vectors(self.origin[index], self.direction[index])

    def settings(self) -> dict[str, object]:
        """What tells these rays from others."""
        return self._in_short() | {"sha256": self._sha256}

    def _in_short(self) -> dict[str, object]:
        return {"kind": "rays", "count": len(self.origin)}

    @cached_property
    def _sha256(self) -> str:
        """Hash of the numbers, taken once: it costs as much as a tenth of a small image."""
        digest = hashlib.sha256(np.ascontiguousarray(self.origin).data)
        digest.update(np.ascontiguousarray(self.direction).data)
        return digest.hexdigest()


def _spread(vectors: FloatArray, count: int) -> FloatArray:
    """So many vectors, of as many or of one."""
    return vectors if len(vectors) == count else np.broadcast_to(vectors, (count, 3))


def _vectors(name: str, values: ArrayLike) -> FloatArray:
    given = checks.real(f"rays: {name}", values, "numbers of shape (n_ray, 3) or (3,)")
    v = np.atleast_2d(np.array(given, dtype=np.float64, order="C"))
    if v.ndim != 2 or v.shape[1] != 3:
        raise InputError(f"rays: {name} has shape {np.shape(values)}; expected (n_ray, 3) or (3,)")
    if not np.isfinite(v).all():
        bad = np.flatnonzero(~np.isfinite(v).all(axis=1))
        raise InputError(f"rays: {name} {bad[0]} is {v[bad[0]].tolist()}; expected finite numbers")
    return v


def from_unit_vectors(origin: FloatArray, direction: FloatArray) -> Rays:
    """Rays whose directions are already unit vectors, bit for bit as given."""
    rays = object.__new__(Rays)
    object.__setattr__(rays, "origin", own(origin))
    object.__setattr__(rays, "direction", own(direction))
    return rays
