"""Cells as readers find them, made into what a Source holds: a Cartesian grid where they are one, else a mesh."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import FloatArray
from ..media.shares import FAR
from .boxes import Boxes, boxes
from .polyhedra import CORNERS, FLAT, LIKE, POLYHEDRON, SWAPPED, Ints, by_size, fan, mixed, polyhedra, solids
from .source import Array, Axes, Mesh

VOLUMES = tuple(kind for kind in (*CORNERS, *LIKE) if kind not in FLAT)
POLYGON = 7
LINES = (0, 1, 2, 3, 4, 21, 35)
"""Types without an area: empty cells, points and lines."""
HEXAHEDRA = 12
Load = Callable[[NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells in space, or in a plane where none has volume.

    points: (n_point, 3); n_cell: number of cells, those that fill nothing among them
    simplices: (n, 4) tetrahedra or (n, 3) triangles that fill the cells; cell: (n,) the cell of each
    hexahedra: (n, 8) corners where all cells in space have eight; hexahedron: (n,) the cell of each
    notes: whole sentences that the user should read
    """

    points: FloatArray
    n_cell: int
    simplices: Ints
    cell: Ints
    hexahedra: Ints | None = None
    hexahedron: Ints | None = None
    notes: tuple[str, ...] = ()


class Parts(NamedTuple):
    """What a Source takes from a grid or mesh; at most one of grid and mesh."""

    arrays: dict[str, Array]
    grid: Axes | None
    mesh: Mesh | None
    notes: list[str]


def unstructured(
    points: FloatArray,
    kinds: NDArray[Any],
    start: Ints,
    ids: Ints,
    faces: Callable[[int], Sequence[Ints]],
    where: str,
) -> Cells:
    """Return cells that are given as VTK gives them.

    points: (n_point, 3); kinds: (n_cell,) VTK's types; start: (n_cell + 1,), ids: points of cells
    faces: the faces of a polyhedron, by the number of its cell, all outwards or all inwards
    where: the file, for messages

    Raises InputError on points that are not there, types that are not known, and when no cell has an area.
    """
    known = (*VOLUMES, *FLAT, POLYHEDRON, *LINES)
    if not np.isin(kinds, known).all():
        kind = int(kinds[~np.isin(kinds, known)][0])
        raise InputError(
            f"{where}: holds cells of VTK's type {kind}, which are not read; write cells with straight edges"
        )
    _check(start, ids, len(points), len(kinds), where)
    found = [
        (kind, *solids(kind, corners, cell)) for kind, corners, cell in mixed(kinds, start, ids, VOLUMES)
    ]
    many = np.flatnonzero(kinds == POLYHEDRON)
    if many.size:
        found.append((POLYHEDRON, *_of_faces(many, faces, len(kinds), len(points), where)))
    if not found:
        return _plane(points, kinds, start, ids, where)
    solid = np.isin(kinds, (*VOLUMES, POLYHEDRON))
    notes = []
    if not solid.all():
        notes.append(
            f"{np.count_nonzero(~solid)} cells of the mesh are surfaces, lines or points, and are left out"
        )
    if np.isin(kinds, [k for k in LIKE if k not in (*SWAPPED, 7)]).any():
        notes.append("cells with bent edges are taken as straight ones between their corners")
    hexahedra = hexahedron = None
    if np.isin(kinds[solid], (12, 11, 25, 29, 33)).all():
        hexahedron = np.flatnonzero(solid)
        hexahedra = ids[start[hexahedron][:, None] + np.arange(8)]
    simplices, cell = (np.concatenate([part[i] for part in found]) for i in (1, 2))
    return Cells(points, len(kinds), simplices, cell, hexahedra, hexahedron, tuple(notes))


def structured(points: FloatArray, shape: Sequence[int], where: str) -> Cells:
    """Return the cells of a curvilinear grid. points: (n_point, 3), x fastest; shape: points along x, y, z."""
    number = np.arange(len(points)).reshape(tuple(reversed(tuple(shape)))).transpose(2, 1, 0)
    flat = [axis for axis in range(3) if shape[axis] == 1]
    if len(flat) > 1 or number.size < 4:
        raise InputError(
            f"{where}: has {' x '.join(map(str, shape))} points, so no cells; expected a grid of cells"
        )
    near, far = slice(None, -1), slice(1, None)
    around = ((0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1))
    if flat:
        number = number.squeeze(flat[0])
        around = ((0, 0), (1, 0), (1, 1), (0, 1))  # type: ignore[assignment]
    corners = np.stack(
        [number[tuple(far if up else near for up in corner)].ravel(order="F") for corner in around], axis=1
    )
    kinds = np.full(len(corners), 9 if flat else HEXAHEDRA)
    start = np.arange(0, corners.size + 1, corners.shape[1])
    return unstructured(points, kinds, start, corners.ravel(), lambda _: (), where)


def _check(start: Ints, ids: Ints, n_point: int, n_cell: int, where: str) -> None:
    sound = (
        start.size == n_cell + 1 and (np.diff(start) >= 0).all() and start[0] >= 0 and start[-1] <= ids.size
    )
    if not sound or (ids.size and not (ids.min() >= 0 and ids.max() < n_point)):
        raise InputError(f"{where}: is damaged: cells name points that are not there; write or copy it again")


def _of_faces(
    many: Ints, faces: Callable[[int], Sequence[Ints]], n_cell: int, n_point: int, where: str
) -> tuple[Ints, Ints]:
    lists = [(cell, face) for cell in many for face in faces(int(cell))]
    start = np.concatenate(([0], np.cumsum([len(face) for _, face in lists])))
    ids = np.concatenate([face for _, face in lists])
    _check(start, ids, n_point, len(lists), where)
    return polyhedra(start, ids, np.array([cell for cell, _ in lists]), n_cell)


def _plane(points: FloatArray, kinds: NDArray[Any], start: Ints, ids: Ints, where: str) -> Cells:
    """Polygons; InputError where there are none."""
    found = [
        (fan(corners[:, SWAPPED.get(kind, tuple(range(corners.shape[1])))]), cell)
        for kind, corners, cell in mixed(kinds, start, ids, [kind for kind in FLAT if kind != POLYGON])
    ]
    polygon = np.flatnonzero(kinds == POLYGON)
    if polygon.size:
        length = np.diff(start)[polygon]
        own = np.concatenate([ids[a : a + n] for a, n in zip(start[polygon], length, strict=True)])
        parts = by_size(np.concatenate(([0], np.cumsum(length))), own)
        found += [(fan(corners), polygon[which]) for which, corners in parts if corners.shape[1] > 2]
    if not found:
        raise InputError(
            f"{where}: holds no cell with a volume or an area; expected a grid or a mesh of cells"
        )
    triangles = np.concatenate([split.reshape(-1, 3) for split, _ in found])
    cell = np.concatenate([np.repeat(which, split.shape[1]) for split, which in found])
    return Cells(points, len(kinds), triangles, cell)


def of_cells(
    cells: Cells, arrays: Iterable[Array], absent: NDArray[np.bool_] | None = None, units: str = ""
) -> Parts:
    """Return a Source's parts: arrays of cells on a Cartesian grid where the cells are one, else on a mesh.

    arrays: (n_cell, ...), or (n_point, ...) where their location is "point", which become means over cells
    absent: cells that are not there; units: of the points

    Raises InputError on points that are not finite.
    """
    far = np.flatnonzero(~(np.abs(cells.points) < FAR).all(axis=1))
    if far.size:
        raise InputError(
            f"point {far[0]} of the mesh is at {cells.points[far[0]].tolist()}; expected finite positions"
        )
    notes = list(cells.notes)
    there = np.ones(cells.n_cell, dtype=bool) if absent is None else ~absent
    made = _boxes(cells, there)
    kept = there[cells.cell]
    simplices, cell = cells.simplices[kept], cells.cell[kept]
    mesh = Mesh(cells.points, simplices, cell, cells.n_cell, units)
    out: dict[str, Array] = {}
    for array in arrays:
        a = array
        if a.location == "point":
            a = _averaged(a, mesh)
        elif a.shape[:1] != (cells.n_cell,):
            continue
        out[a.name] = _on_boxes(a, made) if made else replace(a, dims=("cell", *_rest(a)))
    if any(a.location == "point" for a in arrays if a.name in out):
        notes.append("values at points were averaged over each cell")
    if made is None:
        return Parts(out, None, mesh, notes)
    if made.gaps:
        notes.append(f"{np.count_nonzero(made.cell < 0)} boxes of the grid hold no cell of the mesh")
    return Parts(out, Axes(*made.faces, units), None, notes)


def _boxes(cells: Cells, there: NDArray[np.bool_]) -> Boxes | None:
    if cells.hexahedra is None or cells.hexahedron is None:
        return None
    kept = there[cells.hexahedron]
    made = boxes(cells.points, cells.hexahedra[kept])
    if made is None:
        return None
    number = np.append(cells.hexahedron[kept], -1)
    return Boxes(made.faces, number[made.cell])


def _rest(array: Array) -> tuple[str, ...]:
    return ("",) * (len(array.shape) - 1)


def _on_boxes(array: Array, made: Boxes) -> Array:
    def load(index: tuple[Any, ...]) -> NDArray[Any]:
        return made.ordered(array.load(()))[index]

    gaps = made.gaps and array.dtype.kind == "f"
    shape = (*made.cell.shape, *array.shape[1:])
    dtype = np.result_type(array.dtype, np.float32) if made.gaps else array.dtype
    return replace(array, shape=shape, dtype=dtype, load=load, dims=("x", "y", "z", *_rest(array)), gaps=gaps)


def _averaged(array: Array, mesh: Mesh) -> Array:
    """Values at points as means over cells: those of a linear variation in each simplex."""

    def load(index: tuple[Any, ...]) -> NDArray[Any]:
        corners = mesh.points[mesh.tetrahedra]
        edges = np.abs(_measure(corners))
        values = array.load(()).astype(np.float64)[mesh.tetrahedra].mean(axis=1)
        weight = edges.reshape(-1, *[1] * (values.ndim - 1))
        total = np.zeros((mesh.n_cell, *values.shape[1:]))
        np.add.at(total, mesh.cell, weight * values)
        size = np.bincount(mesh.cell, edges, mesh.n_cell).reshape(-1, *[1] * (values.ndim - 1))
        means = np.divide(total, size, out=np.zeros_like(total), where=size > 0.0)
        return means.astype(np.result_type(array.dtype, np.float32))[index]

    dtype = np.result_type(array.dtype, np.float32)
    return replace(array, shape=(mesh.n_cell, *array.shape[1:]), dtype=dtype, load=load, location="cell")


def _measure(corners: FloatArray) -> FloatArray:
    """Signed volumes of tetrahedra, or areas of triangles, (n, 4 or 3, 3), up to a common factor."""
    edges = corners[:, 1:] - corners[:, :1]
    if edges.shape[1] == 3:
        return np.asarray(np.linalg.det(edges))
    return np.asarray(np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1))


def of_grid(
    points: Sequence[FloatArray],
    arrays: Iterable[Array],
    absent: NDArray[np.bool_] | None = None,
    units: str = "",
) -> Parts:
    """Return a Source's parts of a grid: arrays (n, ...) with x fastest as (nz, ny, nx, ...).

    points: positions along x, y and z of the corners of cells; absent: (n_cell,) cells that are not there
    """
    x, y, z = (None if p.size == 1 else p for p in points)
    out = {}
    for array in arrays:
        less = 1 if array.location == "cell" else 0
        shape = tuple(max(1, p.size - less) for p in reversed(points))
        if array.shape[0] == np.prod(shape):
            hidden = absent if array.location == "cell" and array.dtype.kind == "f" else None
            out[array.name] = _on_grid(array, shape, hidden)
    return Parts(out, Axes(x, y, z, units), None, [])


def _on_grid(array: Array, shape: tuple[int, ...], absent: NDArray[np.bool_] | None) -> Array:
    def load(index: tuple[Any, ...]) -> NDArray[Any]:
        values = array.load(()).reshape(*shape, *array.shape[1:])
        if absent is not None:
            values = np.where(absent.reshape(*shape, *[1] * (len(array.shape) - 1)), np.nan, values)
            values = values.astype(array.dtype)
        return values[index]

    gaps = absent is not None and bool(absent.any())
    return replace(
        array, shape=(*shape, *array.shape[1:]), dims=("z", "y", "x", *_rest(array)), load=load, gaps=gaps
    )
