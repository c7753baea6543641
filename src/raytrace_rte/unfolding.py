"""Mirrors, periods and endless axes: the box that is swept for the box that is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .grid import FACES, Cartesian, FloatArray
from .lattice import Domain, domain
from .walls import Walls


@dataclass(frozen=True, eq=False)
class Unfolded:
    """The box that is swept: mirrors double an axis, which then is periodic if both its faces were mirrors.

    doubled: for each axis 0, or -1 or 1 for the side at which the image lies
    """

    box: Domain
    doubled: tuple[int, int, int]

    def cells(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return cell values (nx, ny, nz, ...) with their images."""
        for axis, side in enumerate(self.doubled):
            if side:
                parts = (values, np.flip(values, axis))
                values = np.concatenate(parts if side > 0 else parts[::-1], axis)
        return np.ascontiguousarray(values)

    def folded(self, values: FloatArray, skip: int = -1) -> FloatArray:
        """Return the mean of cell values and their images; one axis of a face is skipped."""
        for axis, side in enumerate(a for i, a in enumerate(self.doubled) if i != skip):
            if side:
                first, second = np.split(values, 2, axis)
                own, image = (first, second) if side > 0 else (second, first)
                values = 0.5 * (own + np.flip(image, axis))
        return values


def unfold(grid: Cartesian, walls: Walls) -> Unfolded:
    """Return the box to sweep for these walls. Raises InputError when no face is a wall."""
    axes, doubled, periodic = [], [], list(walls.periodic)
    for axis in range(3):
        low, high = (walls.face(FACES[2 * axis + side]).kind == "mirror" for side in (0, 1))
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
