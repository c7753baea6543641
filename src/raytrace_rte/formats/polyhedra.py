"""Cells of meshes as tetrahedra, or as triangles in a plane.

Each face is split into triangles from its point with the least number, so that both of its cells split it alike; each
cell into tetrahedra from its point with the least number (J. Dompierre et al., How to subdivide pyramids, prisms and
hexahedra into tetrahedra, 1999). Where a cell is concave, tetrahedra of the other orientation are taken off, so that
the whole is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
SOLIDS: dict[int, tuple[tuple[int, ...], ...]] = {
    10: ((0, 2, 1), (0, 1, 3), (1, 2, 3), (2, 0, 3)),
    12: ((0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)),
    13: ((0, 1, 2), (3, 5, 4), (0, 3, 4, 1), (1, 4, 5, 2), (2, 5, 3, 0)),
    14: ((0, 3, 2, 1), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)),
}
"""Faces of VTK's tetrahedron, hexahedron, wedge and pyramid, all outwards or all inwards, by number of the type."""
VOXEL, PIXEL, POLYHEDRON = 11, 8, 42
SWAPPED = {VOXEL: (0, 1, 3, 2, 4, 5, 7, 6), PIXEL: (0, 1, 3, 2)}
"""Corners of these types in the order of a hexahedron and of a quadrilateral."""
CORNERS = {
    10: 4, 12: 8, 13: 6, 14: 5, 24: 4, 25: 8, 26: 6, 27: 5, 29: 8, 32: 6, 33: 8, 37: 5,
    5: 3, 9: 4, 22: 3, 23: 4, 28: 4, 34: 3,
}  # fmt: skip
"""Corners that stand first in cells of a type; what follows bends edges and is left out."""
LIKE = {
    VOXEL: 12, 24: 10, 25: 12, 26: 13, 27: 14, 29: 12, 32: 13, 33: 12, 37: 14, PIXEL: 9, 22: 5, 23: 9, 28: 9, 34: 5,
}  # fmt: skip
"""Type -> the type with straight edges."""
BENT = (22, 23, 24, 25, 26, 27, 28, 29, 32, 33, 34, 37)
FLAT = (5, 7, 8, 9, 22, 23, 28, 34)


def fan(faces: Ints) -> Ints:
    """Return faces (n, k) as triangles (n, k - 2, 3), from the point with the least number, turning as they do."""
    k = faces.shape[1]
    turned = (np.argmin(faces, axis=1)[:, None] + np.arange(k)) % k
    f = np.take_along_axis(faces, turned, axis=1)
    return np.stack([f[:, [0, i, i + 1]] for i in range(1, k - 1)], axis=1)


def from_least(triangles: Ints, cell: Ints, least: Ints) -> tuple[Ints, Ints]:
    """Return tetrahedra (n, 4) from a point of each cell to the triangles of its faces, and their cells (n,).

    triangles: (n, 3), outwards; cell: (n,); least: (n_cell,) the point of each cell
    """
    apex = least[cell]
    apart = (triangles != apex[:, None]).all(axis=1)
    return np.column_stack((apex, triangles))[apart], cell[apart]


def solids(kind: int, corners: Ints, cell: Ints) -> tuple[Ints, Ints]:
    """Return the tetrahedra of cells of one of VTK's types, corners (n, k), and their cells."""
    corners = corners[:, SWAPPED[kind]] if kind in SWAPPED else corners
    triangles, owner = [], []
    for face in SOLIDS[LIKE.get(kind, kind)]:
        split = fan(corners[:, face])
        triangles.append(split.reshape(-1, 3))
        owner.append(np.repeat(np.arange(len(corners)), split.shape[1]))
    tetrahedra, row = from_least(np.concatenate(triangles), np.concatenate(owner), corners.min(axis=1))
    return tetrahedra, cell[row]


def by_size(start: Ints, ids: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield lists of unequal length, all of one length at a time: which they are (n,), and their items (n, k).

    start: (n + 1,) where each begins in ids
    """
    length = np.diff(start)
    for k in np.unique(length):
        which = np.flatnonzero(length == k)
        yield which, ids[start[which][:, None] + np.arange(k)]


def polyhedra(start: Ints, ids: Ints, owner: Ints, n_cell: int) -> tuple[Ints, Ints]:
    """Return the tetrahedra of cells that are given by their faces, and their cells.

    start, ids: faces, as `by_size` takes them, each outwards of its owner (n_face,); a face of two cells stands there
    twice, the second time the other way round
    """
    least = np.full(n_cell, np.iinfo(np.int64).max)
    np.minimum.at(least, np.repeat(owner, np.diff(start)), ids)
    triangles, of = [np.empty((0, 3), np.int64)], [np.empty(0, np.int64)]
    for which, faces in by_size(start, ids):
        if faces.shape[1] > 2:
            split = fan(faces)
            triangles.append(split.reshape(-1, 3))
            of.append(np.repeat(owner[which], split.shape[1]))
    return from_least(np.concatenate(triangles), np.concatenate(of), least)


def mixed(
    kinds: NDArray[Any], start: Ints, ids: Ints, some: Sequence[int]
) -> Iterator[tuple[int, Ints, Ints]]:
    """Yield the cells of those of VTK's types that are among some: the type, corners (n, k) and numbers (n,).

    kinds: (n_cell,) types; start: (n_cell + 1,), ids: points of cells
    """
    for kind in (int(k) for k in np.unique(kinds) if k in some):
        cell = np.flatnonzero(kinds == kind)
        k = CORNERS.get(LIKE.get(kind, kind), 0)
        yield kind, ids[start[cell][:, None] + np.arange(k)], cell
