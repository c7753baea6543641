"""Meshes whose cells are the boxes of a Cartesian grid, in any order, perhaps with gaps: read as what they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..grid import FloatArray

SAME = 1e-6
"""Of the extent: positions closer than this are one face; files with six digits round so."""
SPARSEST = 0.1
"""With fewer of the boxes than this, a mesh is no grid with gaps."""


@dataclass(frozen=True, eq=False)
class Boxes:
    """A Cartesian grid that a mesh is.

    faces: along x, y and z, in the unit of the points; cell: (nx, ny, nz) the cell of each box, -1 in gaps
    """

    faces: tuple[FloatArray, FloatArray, FloatArray]
    cell: NDArray[np.int64]

    @property
    def gaps(self) -> bool:
        """Whether some boxes have no cell."""
        return bool((self.cell < 0).any())

    def ordered(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values of cells (n_cell, ...) on the grid (nx, ny, nz, ...), NaN in gaps."""
        if not self.gaps:
            return values[self.cell]
        out = values[np.maximum(self.cell, 0)].astype(np.result_type(values.dtype, np.float32))
        out[self.cell < 0] = np.nan
        return out


def boxes(points: FloatArray, corners: NDArray[np.int64]) -> Boxes | None:
    """Return the Cartesian grid that cells are; None where they are none.

    points: (n_point, 3); corners: (n_cell, 8) points of each cell, in any order
    """
    if not len(corners) or not np.isfinite(points).all():
        return None
    faces, where = [], []
    for axis in range(3):
        along = points[corners, axis]
        low, high = along.min(axis=1), along.max(axis=1)
        tolerance = SAME * float(high.max() - low.min())
        upper = along > 0.5 * (low + high)[:, None]
        off = np.minimum(along - low[:, None], high[:, None] - along)
        if (off > tolerance).any() or not (upper.sum(axis=1) == 4).all():
            return None
        positions = _merged(np.concatenate((low, high)), tolerance)
        i = np.searchsorted(positions, low - tolerance)
        if not (np.searchsorted(positions, high - tolerance) == i + 1).all():
            return None  # a cell that others divide
        faces.append(positions)
        where.append((i, upper))
    code = sum(upper.astype(np.int64) << axis for axis, (_, upper) in enumerate(where))
    if not (np.sort(code, axis=1) == np.arange(8)).all():
        return None
    shape = tuple(f.size - 1 for f in faces)
    if len(corners) < SPARSEST * np.prod(shape, dtype=float):
        return None
    flat = np.ravel_multi_index(tuple(i for i, _ in where), shape)
    if np.unique(flat).size < flat.size:
        return None
    cell = np.full(int(np.prod(shape)), -1, np.int64)
    cell[flat] = np.arange(len(corners))
    return Boxes((faces[0], faces[1], faces[2]), cell.reshape(shape))


def _merged(values: FloatArray, tolerance: float) -> FloatArray:
    """Return the different ones of positions, ascending; those within the tolerance as one."""
    found = np.unique(values)
    first = np.flatnonzero(np.diff(found, prepend=-np.inf) > tolerance)
    last = np.append(first[1:], found.size) - 1
    return 0.5 * (found[first] + found[last])
