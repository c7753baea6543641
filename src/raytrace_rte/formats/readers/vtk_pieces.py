"""Pieces of VTK XML files put together: grids and meshes with their arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...grid import FloatArray
from ..meshes import POLYGON, Cells, Parts, of_cells, of_grid, structured, unstructured
from ..names import unit_in
from ..source import Array, printable
from .vtk_decode import Decoder, dtype_of
from .vtk_xml import Document, Piece, Stored

GHOSTS = "vtkGhostType"
HIDDEN = 1 | 32
"""Bits of vtkGhostType: a cell that another piece has too, or that is not there."""
LOCATIONS = {"CellData": "cell", "PointData": "point"}
GRIDS = ("ImageData", "RectilinearGrid", "StructuredGrid")
MESHES = ("UnstructuredGrid", "PolyData")


@dataclass(frozen=True, eq=False)
class Part:
    """A piece, where its numbers are, and its place.

    extent: first and last point along x, y, z of a grid, else (); n_cell, n_point: its numbers of cells and points
    """

    piece: Piece
    decoder: Decoder
    extent: tuple[int, ...]
    n_cell: int
    n_point: int

    def find(self, section: str, name: str | int) -> Stored:
        """Return an array by its section and its name or number; InputError where there is none."""
        inside = [a for a in self.piece.arrays if a.section == section]
        found = inside[name : name + 1] if isinstance(name, int) else [a for a in inside if a.name == name]
        if not found:
            raise self.decoder.document.fail(
                f"{section} has no array '{printable(str(name))}'; write or copy it again"
            )
        return found[0]

    def values(self, section: str, name: str | int, tuples: int | None) -> NDArray[Any]:
        """Return the numbers of an array."""
        return self.decoder.values(self.find(section, name), tuples)

    def size(self, section: str) -> int:
        """Return how many rows arrays of a section have."""
        return self.n_cell if section == "CellData" else self.n_point


def part_of(document: Document, piece: Piece) -> Part:
    """Return a piece with its size; InputError where it states none."""
    decoder = Decoder(document)
    if document.type in GRIDS:
        ends = document.extent({**document.grid, **piece.about})
        counts = [b - a for a, b in zip(ends[::2], ends[1::2], strict=True)]
        return Part(
            piece, decoder, ends, math.prod(max(1, n) for n in counts), math.prod(n + 1 for n in counts)
        )
    n_cell = document.count(piece.about, "NumberOfPolys" if document.type == "PolyData" else "NumberOfCells")
    others = ("NumberOfVerts", "NumberOfLines", "NumberOfStrips")
    if any(document.count(piece.about, name) for name in others):
        raise document.fail(
            "is a surface with lines, points or strips; expected polygons, or cells with volume"
        )
    return Part(piece, decoder, (), n_cell, document.count(piece.about, "NumberOfPoints"))


def parts_of(document: Document, pieces: Sequence[Part]) -> Parts:
    """Return what a Source holds of a grid or mesh in pieces; document: the file that says what it is."""
    kind = document.type.removeprefix("P") if document.type != "PolyData" else document.type
    filled = [part for part in pieces if part.n_point and part.n_cell]
    if not filled:
        raise document.fail("holds no cells; expected a grid or a mesh of cells")
    if kind in GRIDS:
        return _grid(document, kind, filled)
    cells = _mesh(kind, filled)
    ghosts = _loading(filled, "CellData", GHOSTS)() if _everywhere(filled, "CellData", GHOSTS) else None
    return of_cells(cells, list(_arrays(filled)), None if ghosts is None else (ghosts & HIDDEN) != 0)


def _everywhere(parts: Sequence[Part], section: str, name: str) -> bool:
    return all(any(a.section == section and a.name == name for a in part.piece.arrays) for part in parts)


def _arrays(parts: Sequence[Part]) -> Iterator[Array]:
    """Numeric arrays that all pieces have, (n, ...) of cells or points, piece by piece."""
    for stored in parts[0].piece.arrays:
        section, dtype = stored.section, dtype_of(stored)
        if section not in LOCATIONS or dtype is None or stored.name in ("", GHOSTS):
            continue
        if _everywhere(parts, section, stored.name):
            columns = max(1, parts[0].decoder.document.count(stored.about, "NumberOfComponents"))
            shape = (sum(part.size(section) for part in parts), *((columns,) if columns > 1 else ()))
            load = _taking(_loading(parts, section, stored.name))
            units, location = unit_in(stored.name), LOCATIONS[section]
            yield Array(f"{section}/{stored.name}", shape, dtype, load, units, location=location)


def _taking(load: Callable[[], NDArray[Any]]) -> Callable[[tuple[Any, ...]], NDArray[Any]]:
    return lambda index: load()[index]


def _loading(parts: Sequence[Part], section: str, name: str) -> Callable[[], NDArray[Any]]:
    def load() -> NDArray[Any]:
        found = [part.values(section, name, part.size(section)) for part in parts]
        return found[0] if len(found) == 1 else np.concatenate(found)

    return load


def _mesh(kind: str, parts: Sequence[Part]) -> Cells:
    """The cells of all pieces, with points numbered through."""
    section = "Polys" if kind == "PolyData" else "Cells"
    points, kinds, starts, ids = [], [], [np.zeros(1, np.int64)], []
    faces: dict[int, Sequence[NDArray[np.int64]]] = {}
    first = taken = cells = 0
    for part in parts:
        points.append(part.values("Points", 0, part.n_point).reshape(-1, 3).astype(np.float64))
        ends = part.values(section, "offsets", part.n_cell).astype(np.int64)
        ids.append(part.values(section, "connectivity", None).astype(np.int64) + first)
        starts.append(ends + taken)
        own = (
            np.full(part.n_cell, POLYGON)
            if kind == "PolyData"
            else part.values(section, "types", part.n_cell)
        )
        kinds.append(own.astype(np.int64))
        if (own == 42).any():
            faces |= _faces(part, first, cells)
        first, taken, cells = first + part.n_point, taken + ids[-1].size, cells + part.n_cell
    where = str(parts[0].decoder.document.where)
    return unstructured(
        np.concatenate(points), np.concatenate(kinds), np.concatenate(starts), np.concatenate(ids),
        lambda cell: faces.get(cell, ()), where,
    )  # fmt: skip


def _faces(part: Part, first: int, before: int) -> dict[int, Sequence[NDArray[np.int64]]]:
    """Faces of polyhedra by the number of the cell, as VTK wrote them before 9.4 (streams), or since (lists)."""
    names = {a.name for a in part.piece.arrays if a.section == "Cells"}
    get = lambda name: part.values("Cells", name, None).astype(np.int64)  # noqa: E731
    try:
        if "faceoffsets" in names:
            numbers, begin, found = get("faces"), 0, {}
            for cell, end in enumerate(get("faceoffsets").tolist()):
                if end >= 0:
                    found[before + cell] = _stream(numbers[begin:end], first)
                    begin = end
            return found
        split = np.split(get("face_connectivity") + first, get("face_offsets")[:-1])
        own = np.split(get("polyhedron_to_faces"), get("polyhedron_offsets")[:-1])
        return {before + cell: [split[f] for f in faces] for cell, faces in enumerate(own) if faces.size}
    except (IndexError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise part.decoder.document.fail("is damaged: faces of polyhedra do not fit; copy it again") from None


def _stream(numbers: NDArray[np.int64], first: int) -> Sequence[NDArray[np.int64]]:
    """The faces of a cell: how many, and for each the number of its points and these."""
    found, at = [], 1
    for _ in range(min(int(numbers[0]), numbers.size)):
        found.append(numbers[at + 1 : at + 1 + int(numbers[at])] + first)
        at += 1 + max(0, int(numbers[at]))
    if at != numbers.size:
        raise IndexError
    return found


def _grid(document: Document, kind: str, parts: Sequence[Part]) -> Parts:
    whole = document.extent(document.grid)
    shape = [b - a + 1 for a, b in zip(whole[::2], whole[1::2], strict=True)]
    place = _Place(whole, parts)
    arrays = [
        Array(
            a.name,
            (place.size(a.location), *a.shape[1:]),
            a.dtype,
            place.loading(a),
            a.units,
            location=a.location,
        )
        for a in _arrays(parts)
    ]
    absent = None
    if _everywhere(parts, "CellData", GHOSTS):
        absent = (place.put("CellData", GHOSTS) & HIDDEN) != 0
    if kind == "StructuredGrid":
        points = place.put("Points", 0).reshape(-1, 3).astype(np.float64)
        return of_cells(structured(points, shape, str(document.where)), arrays, absent)
    return of_grid(
        _image(document, whole) if kind == "ImageData" else _positions(parts, whole), arrays, absent
    )


class _Place:
    """Where the pieces of a grid lie in the whole.

    Raises InputError when they leave a part of it out, or reach beyond.
    """

    def __init__(self, whole: Sequence[int], parts: Sequence[Part]) -> None:
        self.whole, self.parts = whole, parts
        covered = np.zeros(self._shape("cell"), dtype=bool)
        for part in parts:
            covered[self._where(part, "cell")] = True
        if not covered.all():
            raise parts[0].decoder.document.fail(
                "has pieces that do not cover its grid; write or copy it again"
            )

    def _shape(self, location: str) -> tuple[int, ...]:
        """Numbers of cells or points along z, y, x."""
        ends = zip(self.whole[::2], self.whole[1::2], strict=True)
        counts = [max(1, b - a) if location == "cell" else b - a + 1 for a, b in ends]
        return tuple(reversed(counts))

    def size(self, location: str) -> int:
        """Return the number of cells or points."""
        return math.prod(self._shape(location))

    def _where(self, part: Part, location: str) -> tuple[slice, ...]:
        found = []
        for axis in (2, 1, 0):
            (low, high), (first, last) = (
                self.whole[2 * axis : 2 * axis + 2],
                part.extent[2 * axis : 2 * axis + 2],
            )
            if first < low or last > high:
                raise part.decoder.document.fail(
                    f"has a piece from {first} to {last} beyond its grid of {low} to {high}"
                )
            more = 1 if location == "point" or low == high else 0
            found.append(slice(first - low, last - low + more))
        return tuple(found)

    def put(self, section: str, name: str | int) -> NDArray[Any]:
        """Return an array of the whole, (n, ...) with x fastest."""
        location = LOCATIONS.get(section, "point")
        found = [part.values(section, name, part.size(section)) for part in self.parts]
        if len(found) == 1:
            return found[0]
        out = np.empty((*self._shape(location), *found[0].shape[1:]), found[0].dtype)
        for part, values in zip(self.parts, found, strict=True):
            where = self._where(part, location)
            out[where] = values.reshape(*(s.stop - s.start for s in where), *values.shape[1:])
        return out.reshape(-1, *found[0].shape[1:])

    def loading(self, array: Array) -> Callable[[tuple[Any, ...]], NDArray[Any]]:
        """Return what loads an array of the whole."""
        section, _, name = array.name.partition("/")
        return lambda index: self.put(section, name)[index]


def _image(document: Document, whole: Sequence[int]) -> list[FloatArray]:
    origin, spacing = _numbers(document, "Origin", 3, "0 0 0"), _numbers(document, "Spacing", 3, "1 1 1")
    turned = _numbers(document, "Direction", 9, "1 0 0 0 1 0 0 0 1")
    if turned != np.eye(3).ravel().tolist():
        raise document.fail(f"image data are turned (Direction is {turned}); resample them along x, y and z")
    ends = zip(whole[::2], whole[1::2], strict=True)
    return [o + s * np.arange(a, b + 1.0) for o, s, (a, b) in zip(origin, spacing, ends, strict=True)]


def _numbers(document: Document, key: str, count: int, otherwise: str) -> list[float]:
    text = document.grid.get(key, otherwise)
    try:
        found = [float(word) for word in text.split()]
    except ValueError:
        found = []
    if len(found) != count or not np.isfinite(found).all():
        raise document.fail(f"{key} is '{printable(text)[:60]}'; expected {count} numbers")
    return found


def _positions(parts: Sequence[Part], whole: Sequence[int]) -> list[FloatArray]:
    out = []
    for axis in range(3):
        low, high = whole[2 * axis : 2 * axis + 2]
        found = np.full(high - low + 1, np.nan)
        for part in parts:
            first, last = part.extent[2 * axis : 2 * axis + 2]
            found[first - low : last - low + 1] = part.values("Coordinates", axis, last - first + 1)
        out.append(found)
    return out
