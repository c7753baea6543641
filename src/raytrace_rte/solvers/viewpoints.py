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


@dataclass(frozen=True)
class Tolerance:
    """rtol: error over the flux that is aimed at; max_rays: of a point; seed: of the jitter of rays."""

    rtol: float = 1e-2
    max_rays: int = 500_000
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Viewpoints:
    """Points with directions around each.

    points (n, 3) [m]; normals (n, 3), or None for the whole sphere; half_angle_deg of the view about the normal
    directions: rays of a point; tolerance: None for a fixed set, else as many as that takes (adaptive.py)

    Two sets of directions are used, of 5 and 4 ninths of the rays: their mean is the answer, half their
    difference the estimate of its angular error.
    """

    points: FloatArray
    normals: FloatArray | None
    half_angle_deg: float
    directions: int
    tolerance: Tolerance | None = None

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
        """Rays of a point; with a tolerance about so many."""
        if self.tolerance is not None:
            return self.directions
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

    # The square whose areas carry equal fluxes: of the disk onto which the cosine law projects a hemisphere, by the
    # concentric map of Shirley & Chiu (1997); of the sphere, by its height and azimuth.

    def directions_at(self, number: int, u: FloatArray, v: FloatArray) -> FloatArray:
        """Unit directions (n, 3) of places in the square, from 0 to 1 each."""
        if self.normals is None:
            mu, phi = 1.0 - 2.0 * u, 2.0 * np.pi * v
            r = np.sqrt(np.maximum(1.0 - mu * mu, 0.0))
            return unit(np.stack([r * np.cos(phi), r * np.sin(phi), mu], axis=1))
        a, b = 2.0 * u - 1.0, 2.0 * v - 1.0
        wide = np.abs(a) > np.abs(b)
        r = np.where(wide, a, b)
        with np.errstate(divide="ignore", invalid="ignore"):
            phi = np.where(wide, 0.25 * np.pi * b / a, 0.5 * np.pi - 0.25 * np.pi * a / b)
        phi = np.where(r == 0.0, 0.0, phi)
        sine = np.sin(np.radians(self.half_angle_deg)) * r
        local = np.stack(
            [sine * np.cos(phi), sine * np.sin(phi), np.sqrt(np.maximum(1.0 - sine**2, 0.0))], axis=1
        )
        return np.require(unit(local @ _frames(self.normals[[number]])[0]), requirements=["C", "W"])

    def seen(
        self, number: int, centre: FloatArray, radius: FloatArray, grazing: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Places in the square (n,) of spots that are in view, and the share of it that each covers.

        centre, radius: of the spots [m]; grazing: least cosine that is taken
        """
        away = centre - self.points[number]
        distance = np.sqrt((away**2).sum(axis=1))
        far = distance > radius
        direction = away[far] / distance[far][:, None]
        size = np.pi * (radius[far] / distance[far]) ** 2
        if self.normals is None:
            u, v = (
                0.5 * (1.0 - direction[:, 2]),
                np.arctan2(direction[:, 1], direction[:, 0]) / (2.0 * np.pi) % 1.0,
            )
            return u, v, size / self.view
        x, y, z = (direction @ _frames(self.normals[[number]])[0].T).T
        sine = np.sin(np.radians(self.half_angle_deg))
        inside = (z > 0.0) & (x * x + y * y < sine * sine)
        x, y, z = x[inside] / sine, y[inside] / sine, z[inside]
        r, phi = np.sqrt(x * x + y * y), np.arctan2(y, x)
        phi = np.where(phi < -0.25 * np.pi, phi + 2.0 * np.pi, phi)  # from -pi/4: quarters in turn
        quarter = np.floor((phi + 0.25 * np.pi) / (0.5 * np.pi)).astype(int) % 4
        turn = (phi - 0.5 * np.pi * quarter) / (0.25 * np.pi)
        a = np.choose(quarter, [r, -r * turn, -r, r * turn])
        b = np.choose(quarter, [r * turn, r, -r * turn, -r])
        return 0.5 * (a + 1.0), 0.5 * (b + 1.0), size[inside] * np.maximum(z, grazing) / self.view

    def beside(
        self, i: NDArray[np.int64], j: NDArray[np.int64], whole: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places just beyond the square's rim as what they are: of a sphere's azimuth those at the other end."""
        clipped = np.clip(i, 0, whole - 1)
        return (clipped, j % whole) if self.normals is None else (clipped, np.clip(j, 0, whole - 1))


def _frames(normals: FloatArray) -> FloatArray:
    """For each normal the rows of a frame: two unit vectors across it, and the normal."""
    across = unit(np.cross(normals, np.eye(3)[np.abs(normals).argmin(axis=1)]))
    return np.stack([across, np.cross(normals, across), normals], axis=1)
