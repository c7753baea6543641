"""Mirrors, periods and endless axes: the box that is swept for the box that is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...boundaries.walls import Walls
from ...grid import FACES, Cartesian, FloatArray, across
from .tracks import Domain, domain, surfaces


@dataclass(frozen=True, eq=False)
class Unfolded:
    """The box that is swept: mirrors double an axis, which then is periodic if both its faces were mirrors.

    doubled: for each axis 0, or -1 or 1 for the side at which the image lies
    """

    box: Domain
    doubled: tuple[int, int, int]

    @property
    def images(self) -> int:
        """How many times the given box is in the box that is swept."""
        return 2 ** sum(side != 0 for side in self.doubled)

    def cells(self, values: NDArray[Any], skip: int = -1) -> NDArray[Any]:
        """Return cell values (nx, ny, nz, ...) with their images; the axis across a face is skipped."""
        for axis, side in self._sides(skip):
            if side:
                parts = (values, np.flip(values, axis))
                values = np.concatenate(parts if side > 0 else parts[::-1], axis)
        return np.ascontiguousarray(values)

    def gradient(self, values: FloatArray) -> FloatArray:
        """Return a gradient (nx, ny, nz, 3) with its images; across a mirror its component changes sign."""
        out = self.cells(values)
        for axis, side in self._sides():
            if side:
                half = np.split(out, 2, axis)[1 if side > 0 else 0]  # a view: the images
                half[..., axis] *= -1.0
        return out

    def own(self, values: FloatArray, skip: int = -1) -> FloatArray:
        """Return the part of cell values that is no image."""
        for axis, side in self._sides(skip):
            if side:
                values = np.split(values, 2, axis)[0 if side > 0 else 1]
        return values

    def folded(self, values: FloatArray, skip: int = -1) -> FloatArray:
        """Return the mean of cell values and their images."""
        for axis, side in self._sides(skip):
            if side:
                first, second = np.split(values, 2, axis)
                own, image = (first, second) if side > 0 else (second, first)
                values = 0.5 * (own + np.flip(image, axis))
        return values

    def folded_face(self, maps: tuple[FloatArray, ...], number: int) -> FloatArray:
        """Return the map of a given face: the mean with its images, the opposite face behind a mirror too."""
        axis = number // 2
        both = 0.5 * (maps[number] + maps[number ^ 1]) if self.doubled[axis] else maps[number]
        return self.folded(both, axis)

    def given_face(self, number: int) -> str:
        """Name of the given face that a face of the swept box is: behind a mirror, the opposite one."""
        side = self.doubled[number // 2]
        return FACES[number if side == 0 else 2 * (number // 2) + (0 if side > 0 else 1)]

    def by_face(self, values: FloatArray) -> tuple[FloatArray, ...]:
        """Split values of surfaces into maps of the six faces of the swept box."""
        first = surfaces(self.box.shape)
        return tuple(values[first[f] : first[f + 1]].reshape(across(self.box.shape, f)) for f in range(6))

    def _sides(self, skip: int = -1) -> list[tuple[int, int]]:
        """Axes of an array, without the skipped one of the box, and the side of the image on each."""
        return list(enumerate(side for axis, side in enumerate(self.doubled) if axis != skip))


def unfold(grid: Cartesian, walls: Walls) -> Unfolded:
    """Return the box to sweep for these walls. Raises InputError when no face is a wall."""
    axes, doubled, periodic = [], [], list(walls.periodic)
    for axis in range(3):
        low, high = (walls.face(FACES[2 * axis + side]).mirrors for side in (0, 1))
        faces = grid[axis]
        side = 0 if np.isinf(faces[0]) or not (low or high) else 1 if high else -1
        if side > 0:
            faces = np.concatenate((faces, 2.0 * faces[-1] - faces[-2::-1]))
        elif side < 0:
            faces = np.concatenate((2.0 * faces[0] - faces[:0:-1], faces))
        periodic[axis] = periodic[axis] or (low and high)
        axes.append(faces)
        doubled.append(side)
    return Unfolded(
        domain(Cartesian(*axes), (periodic[0], periodic[1], periodic[2])),
        (doubled[0], doubled[1], doubled[2]),
    )
