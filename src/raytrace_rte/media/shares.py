"""What share of each cell of a mesh lies in each voxel of a Cartesian grid.

Cells are handed over as a whole: the shares of a cell in the grid sum to 1, and nothing is scaled afterwards, so that
integrals over the grid, and over each part of it, are those over the mesh up to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..execution import memory
from ..execution.executors import ordered, thread_count
from ..grid import Cartesian, FloatArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

CHUNK = 1 << 20
"""Voxels in the boxes around the tetrahedra that are cut in one go: 8 MiB of doubles."""
NOTHING = 1e-13
"""Of a cell's volume: less than this in a voxel is rounding where parts of a concave cell cancel."""
FAR = 1e90
"""Positions [m] beyond this are none: volumes would overflow."""
OVERLAP = 1e-3
"""Voxels may be covered by so much more than once: cells with bent faces do that."""


@dataclass(frozen=True, eq=False)
class Shares:
    """Volumes of cells in the voxels of a grid.

    grid: Cartesian, all axes finite
    volume: of each cell, (n_cell,), [m3]
    inside: volumes, sparse, of cells in voxels (n_voxel, n_cell), or of rings in (annulus, height) (n, n_cell)
    annuli: parts of annuli in squares of the grid, sparse, (nx * ny, n_annulus); None where cells are no rings
    """

    grid: Cartesian
    volume: FloatArray
    inside: csr_array
    annuli: csr_array | None = None

    def integrals(self, density: ArrayLike) -> FloatArray:
        """Return the integrals over the voxels, (nx, ny, nz, ...), of what has a value per volume in each cell.

        density: (n_cell, ...)
        """
        values = np.asarray(density, dtype=np.float64)
        found = self.inside @ values.reshape(len(values), -1)
        if self.annuli is not None:
            found = self.annuli @ found.reshape(self.annuli.shape[1], -1)
        return np.asarray(found).reshape(*self.grid.shape, *values.shape[1:])

    @property
    def voxel_volume(self) -> FloatArray:
        """Volume of each voxel [m3]."""
        wx, wy, wz = self.grid.widths
        return wx[:, None, None] * wy[:, None] * wz


def of_tetrahedra(
    points: FloatArray, tetrahedra: NDArray[np.int64], cell: NDArray[np.int64], n_cell: int, grid: Cartesian
) -> Shares:
    """Return the shares of cells that tetrahedra fill.

    points: (n_point, 3) [m]; tetrahedra: (n, 4) points of each; cell: (n,) the cell of each. All of a cell have the
    same orientation, but for parts that are to be taken off where a cell is concave.

    Raises InputError on points that are not finite, cells that overlap, a grid without end, and what does not fit
    into memory.
    """
    if not np.isfinite(np.concatenate(grid)).all():
        raise InputError("grid: cells of a mesh go onto a grid that is finite along x, y and z")
    _check_points(points, tetrahedra)
    corners = points[tetrahedra]
    volume = np.bincount(cell, _volumes(corners), n_cell).astype(np.float64)
    inside = _inside(points, tetrahedra, cell, n_cell, grid, volume)
    shares = Shares(grid, np.abs(volume), inside)
    _check_overlap(shares)
    return shares


def _check_points(points: FloatArray, corners: NDArray[np.int64]) -> None:
    bad = np.flatnonzero(~(np.abs(points) < FAR).all(axis=1))
    if bad.size:
        raise InputError(f"mesh: point {bad[0]} is at {points[bad[0]].tolist()}; expected finite positions")
    if corners.size and not (corners.min() >= 0 and corners.max() < len(points)):
        raise InputError(f"mesh: a cell names point {corners.max()}, but there are {len(points)} points")


def _volumes(corners: FloatArray) -> FloatArray:
    """Signed volumes of tetrahedra, corners (n, 4, 3)."""
    a, b, c = np.moveaxis(corners[:, 1:] - corners[:, :1], 1, 0)
    return np.einsum("ij,ij->i", a, np.cross(b, c)) / 6.0


def _inside(
    points: FloatArray,
    tetrahedra: NDArray[np.int64],
    cell: NDArray[np.int64],
    n_cell: int,
    grid: Cartesian,
    volume: FloatArray,
) -> csr_array:
    """Volumes of cells in voxels; those of a cell that lies in the grid sum to its volume."""
    from scipy.sparse import coo_array

    boxes = _Boxes(points, tetrahedra, grid)
    parts = list(ordered(boxes.cut, boxes.chunks(), thread_count(None)))
    number, voxel, part = (np.concatenate(column) for column in zip(*parts, strict=True))
    shape = (int(np.prod(grid.shape)), n_cell)
    found = coo_array((part, (voxel, cell[number])), shape).tocsc()
    of_cell = np.repeat(np.arange(n_cell), np.diff(found.indptr))
    found.data *= np.sign(volume)[of_cell]
    found.data[np.abs(found.data) < NOTHING * np.abs(volume)[of_cell]] = 0.0
    found.eliminate_zeros()
    whole = np.bincount(cell, ~boxes.within, n_cell) == 0
    total = np.asarray(found.sum(axis=0))
    right = np.divide(np.abs(volume), total, out=np.ones(n_cell), where=whole & (total > 0.0))
    found.data *= np.repeat(right, np.diff(found.indptr))  # away from 1 by rounding only
    return found.tocsr()


class _Boxes:
    """The boxes of voxels around tetrahedra.

    low, high: (n, 3) first and last voxel, 0 and n + 1 beyond the grid; within: (n,) whether they lie in the grid;
    start: (n + 1,) where the voxels of each begin in a list of all
    """

    def __init__(self, points: FloatArray, tetrahedra: NDArray[np.int64], grid: Cartesian) -> None:
        self.points, self.tetrahedra, self.shape = points, tetrahedra, np.array(grid.shape)
        self.faces = np.full((3, max(f.size for f in grid) + 2), np.inf)
        self.low, self.high = np.empty((2, len(tetrahedra), 3), np.int64)
        for axis, faces in enumerate(grid):
            self.faces[axis, 0], self.faces[axis, 1 : faces.size + 1] = -np.inf, faces
            along = points[tetrahedra, axis]
            self.low[:, axis] = np.searchsorted(faces, along.min(axis=1), side="right")
            self.high[:, axis] = np.searchsorted(faces, along.max(axis=1), side="left")
        self.low = np.minimum(self.low, self.shape + 1)
        self.high = np.maximum(self.high, self.low)  # flat ones, on a face
        self.within = ((self.low >= 1) & (self.high <= self.shape)).all(axis=1)
        self.first = np.maximum(self.low, 1)
        self.size = np.maximum(np.minimum(self.high, self.shape) - self.first + 1, 0)
        self.start = np.concatenate(([0], np.cumsum(self.size.prod(axis=1))))
        memory.require(
            48.0 * self.start[-1], f"a mesh of {len(tetrahedra)} tetrahedra on {grid.shape} voxels"
        )

    def chunks(self) -> Iterator[slice]:
        """Yield ranges of tetrahedra with about CHUNK voxels in their boxes."""
        first = 0
        while first < len(self.tetrahedra):
            last = int(np.searchsorted(self.start, self.start[first] + CHUNK, side="right")) - 1
            yield slice(first, max(last, first + 1))
            first = max(last, first + 1)

    def cut(self, some: slice) -> tuple[NDArray[Any], ...]:
        """Return which tetrahedra have volume in which voxels, and how much."""
        from ..kernels.voxels import voxels

        start = self.start[some.start : some.stop + 1] - self.start[some.start]
        out = np.zeros(start[-1])
        low, high = self.low[some], self.high[some]
        voxels(self.points, self.tetrahedra[some], self.faces, self.shape, low, high, start, out)
        at = np.flatnonzero(out)
        number = np.searchsorted(start, at, side="right") - 1
        first, size = self.first[some][number], self.size[some][number]
        rest = at - start[number]
        i, j, k = rest // (size[:, 1] * size[:, 2]), rest // size[:, 2] % size[:, 1], rest % size[:, 2]
        ijk = np.stack((i, j, k)) + first.T - 1
        return number + some.start, np.ravel_multi_index(tuple(ijk), tuple(self.shape)), out[at]


def _check_overlap(shares: Shares) -> None:
    covered = shares.integrals(np.ones(len(shares.volume))) / shares.voxel_volume
    most = float(covered.max(initial=0.0))
    if most > 1.0 + OVERLAP:
        where = tuple(int(i) for i in np.unravel_index(int(np.argmax(covered)), covered.shape))
        raise InputError(
            f"mesh: cells overlap: voxel {where} is covered {most:.4g} times; expected cells side by side; read one "
            "block or zone, or repair the mesh"
        )
