"""VTKHDF unstructured grids, with h5py alone.

Format: "VTKHDF file format" in the VTK documentation, versions 1.0 to 2.3. A file has parts, one after the other in
each dataset; a part numbers its own points. Of several times, Steps says where the parts of each begin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...units import plain
from .. import hdf5
from ..digest import hashing
from ..meshes import Cells, of_cells, unstructured
from ..moments import Moment, moment
from ..names import unit_in
from ..source import Array, Source
from . import hdf5 as any_hdf5
from .vtkhdf import LOCATIONS, of_type, times_of

FORMAT = "VTKHDF mesh"


def recognises(path: Path) -> bool:
    """Whether it is HDF5 with a group VTKHDF of an unstructured grid."""
    return of_type(path, ("UnstructuredGrid",))


@contextmanager
def opened(path: Path, time: Moment = None) -> Iterator[Source]:
    """Yield arrays of cells, and the mesh or the Cartesian grid that it is; those of points become means over cells.

    Raises InputError on datasets that are missing or do not fit together, and on polyhedra.
    """
    with hashing(path) as digest, hdf5.opened(path) as file:
        parts = _Parts(path, file["VTKHDF"], time)
        cells, units = parts.cells(), plain(file["VTKHDF"].attrs.get("LengthUnit"))
        made = of_cells(cells, parts.arrays(cells), units=units)
        about = any_hdf5.about(file)
        yield Source(
            path,
            FORMAT,
            made.arrays,
            about,
            made.grid,
            made.mesh,
            parts.times,
            parts.time,
            made.notes,
            digest,
        )


class _Parts:
    """The parts of the moment that is shown, and where they begin."""

    def __init__(self, path: Path, root: h5py.Group, time: Moment) -> None:
        self.path, self.root = path, root
        self.times = times_of(root)
        self.step = moment(self.times, time, str(path)) if self.times else None
        self.time = None if self.step is None else self.times[self.step]
        first = self._at("PartOffsets", 0)
        some = slice(
            first, first + self._at("NumberOfParts", len(self._numbers("NumberOfPoints", slice(None))))
        )
        self.n_point, self.n_cell, self.n_id = (
            self._numbers(name, some)
            for name in ("NumberOfPoints", "NumberOfCells", "NumberOfConnectivityIds")
        )
        self.first = first

    def _at(self, name: str, otherwise: int) -> int:
        """What Steps says of the moment; where it says nothing, or there are no steps, the given number."""
        found = self.root.get(f"Steps/{name}") if self.step is not None else None
        return int(np.ravel(found[self.step])[0]) if isinstance(found, h5py.Dataset) else otherwise

    def _numbers(self, name: str, some: slice) -> NDArray[np.int64]:
        found = np.ravel(hdf5.values(hdf5.get(self.root.file, f"VTKHDF/{name}"))).astype(np.int64)[some]
        if found.size == 0 or found.min() < 0:
            raise InputError(
                f"{self.path}: dataset 'VTKHDF/{name}' does not count the parts; the file is damaged"
            )
        return found

    def _taken(self, name: str, start: int, count: int) -> NDArray[Any]:
        dataset = hdf5.get(self.root.file, f"VTKHDF/{name}")
        if start < 0 or start + count > dataset.shape[0]:
            raise InputError(
                f"{self.path}: dataset 'VTKHDF/{name}' has {dataset.shape[0]} rows; expected {count} from {start} on"
            )
        return hdf5.values(dataset, slice(start, start + count))

    def cells(self) -> Cells:
        """The cells of all parts, with points numbered through."""
        cell0, n_cell = self._at("CellOffsets", 0), int(self.n_cell.sum())
        points = self._taken("Points", self._at("PointOffsets", 0), int(self.n_point.sum()))
        kinds = self._taken("Types", cell0, n_cell)
        ids = self._taken("Connectivity", self._at("ConnectivityIdOffsets", 0), int(self.n_id.sum()))
        offsets = self._taken("Offsets", cell0 + self.first, n_cell + len(self.n_cell)).astype(np.int64)
        points, ids = points.astype(np.float64), ids.astype(np.int64)
        starts, at, id0 = [np.zeros(1, np.int64)], 0, 0
        point0 = np.concatenate(([0], np.cumsum(self.n_point)))
        for n, n_id, first in zip(self.n_cell, self.n_id, point0[:-1], strict=True):
            starts.append(offsets[at + 1 : at + n + 1] + id0)
            ids[id0 : id0 + n_id] += first
            at, id0 = at + n + 1, id0 + n_id
        return unstructured(points, kinds, np.concatenate(starts), ids, self._no_faces, str(self.path))

    def _no_faces(self, cell: int) -> Sequence[NDArray[np.int64]]:
        raise InputError(
            f"{self.path}: cell {cell} is a polyhedron, which is not read from VTKHDF; write .vtu"
        )

    def arrays(self, cells: Cells) -> Iterator[Array]:
        """All numeric arrays of cells and points."""
        count = {"cell": cells.n_cell, "point": len(cells.points)}
        for group, location in LOCATIONS.items():
            for name, item in hdf5.walk(self.root.file):
                if isinstance(item, h5py.Dataset) and name.startswith(f"VTKHDF/{group}/"):
                    start = self._at(f"{group}Offsets/{name.rpartition('/')[2]}", 0)
                    yield self._part(any_hdf5.array_of(name, item), start, count[location], location)

    def _part(self, array: Array, start: int, count: int, location: str) -> Array:
        if array.dtype.kind in "fiu" and not (array.shape and start >= 0 and start + count <= array.shape[0]):
            raise InputError(
                f"{self.path}: dataset '{array.name}' has shape {array.shape}; expected {count} rows from {start} "
                f"on, one for each {location}"
            )

        def load(index: tuple[Any, ...]) -> NDArray[Any]:
            return array.load((slice(start, start + count),))[index]

        units, shape = array.units or unit_in(array.name), (count, *array.shape[1:])
        return replace(array, shape=shape, load=load, location=location, units=units)
