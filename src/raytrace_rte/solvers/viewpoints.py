"""Points that look around: directions about each, and how their radiances add up to fluxes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..grid import FloatArray
from ..vectors import unit
from .quadrature import Directions, cone, lebedev, rotated

GOLDEN = np.pi * (3.0 - np.sqrt(5.0))
"""[rad], turns the directions of each point against its neighbours', so that ray effects do not align."""


class Looks(NamedTuple):
    """Rays of some points, all directions of a point in turn: (n_point * n_direction, 3) each."""

    origin: FloatArray
    direction: FloatArray


@dataclass(frozen=True, eq=False)
class Viewpoints:
    """Points with directions around each.

    points (n, 3) [m]; normals (n, 3), or None for the whole sphere; half_angle_deg of the view about the normal

    Two sets of directions are used, of 5 and 4 ninths of the rays: their mean is the answer, half their
    difference the estimate of its angular error.
    """

    points: FloatArray
    normals: FloatArray | None
    half_angle_deg: float
    directions: int

    @cached_property
    def sets(self) -> tuple[Directions, Directions]:
        """The two sets of directions, around the z axis."""
        first = self.directions * 5 // 9
        if self.normals is None:
            return rotated(lebedev(first), 1), rotated(lebedev(self.directions - first), 2)
        up = np.array([0.0, 0.0, 1.0])
        return cone(up, self.half_angle_deg, first), cone(up, self.half_angle_deg, self.directions - first)

    @property
    def each(self) -> int:
        """Rays of a point."""
        return sum(len(s.weight) for s in self.sets)

    def take(self, index: NDArray[np.int64] | slice) -> Looks:
        """Return the rays of some points."""
        numbers = np.arange(len(self.points))[index]
        vector = np.concatenate([s.vector for s in self.sets])
        turn = GOLDEN * numbers
        c, s = np.cos(turn)[:, None], np.sin(turn)[:, None]
        x, y, z = vector.T
        local = np.stack([c * x - s * y, s * x + c * y, np.broadcast_to(z, (len(numbers), z.size))], axis=-1)
        if self.normals is not None:
            local = np.einsum("pnk,pkx->pnx", local, _frames(self.normals[numbers]))
        direction = np.require(unit(local.reshape(-1, 3)), requirements=["C", "W"])
        return Looks(np.repeat(self.points[numbers], z.size, axis=0), direction)

    def weights(self) -> tuple[FloatArray, FloatArray]:
        """Weights of both sets (n_direction,) [sr], times the cosine if there is a normal."""
        first, second = self.sets
        if self.normals is None:
            return first.weight, second.weight
        return first.weight * first.vector[:, 2], second.weight * second.vector[:, 2]

    @property
    def view(self) -> float:
        """Flux of constant radiance 1 through the view, pi sin^2 of its half angle; 4 pi for the sphere."""
        if self.normals is None:
            return 4.0 * np.pi
        return float(np.pi * np.sin(np.radians(self.half_angle_deg)) ** 2)

    def fold(self, values: FloatArray, points: int) -> tuple[FloatArray, FloatArray]:
        """Return (flux, estimate of its angular error) (n_point, n_band) of radiances (n_ray, n_band)."""
        values = values.reshape(points, self.each, -1)
        first, second = self.weights()
        a = np.einsum("n,pnb->pb", first, values[:, : first.size])
        b = np.einsum("n,pnb->pb", second, values[:, first.size :])
        return 0.5 * (a + b), 0.5 * np.abs(a - b)


def _frames(normals: FloatArray) -> FloatArray:
    """For each normal the rows of a frame: two unit vectors across it, and the normal."""
    across = unit(np.cross(normals, np.eye(3)[np.abs(normals).argmin(axis=1)]))
    return np.stack([across, np.cross(normals, across), normals], axis=1)
