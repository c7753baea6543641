"""XDMF with numbers in HDF5 or in the XML itself: regular and rectilinear grids, and series of these in time.

Format: "XDMF Model and Format" (xdmf.org), versions 2 and 3. Sizes, origin and spacing stand slowest first, z, y,
x; arrays of positions (VXVYVZ) in the order x, y, z. XDMF knows no units, except for an attribute Unit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import h5py
import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...grid import FloatArray
from .. import hdf5
from ..digest import hashing
from ..moments import Moment, moment
from ..names import unit_in
from ..source import Array, Axes, Source, printable
from ..xml import document
from .probe import head

FORMAT = "XDMF"
REGULAR = ("2dcorectmesh", "3dcorectmesh")
RECTILINEAR = ("2drectmesh", "3drectmesh")
"""Types of a topology, which programs spell with small and capital letters."""
MOST = 10**8
"""Points along an axis that are believed."""


def recognises(path: Path) -> bool:
    """Whether it is XML whose first element is Xdmf."""
    start = head(path, 4096)
    return re.search(rb"<\s*Xdmf\b", start.replace(b"\0", b""), re.IGNORECASE) is not None


@contextmanager
def opened(path: Path, time: Moment = None) -> Iterator[Source]:
    """Yield the arrays of one grid, of the moment that is asked for."""
    domain = document(path, "Xdmf.dtd").find("Domain")
    grids = [] if domain is None else domain.findall("Grid")
    if len(grids) != 1:
        raise InputError(f"{path}: has {len(grids)} grids side by side; expected one, or a series in time")
    grid, times, shown = _at(path, grids[0], time)
    points = _points(path, grid)
    with ExitStack() as stack:
        files = _Files(path, stack)
        axes = [p.read(files) for p in points]
        arrays = {a.name: a for a in _arrays(path, grid, axes, files)}
        digest = stack.enter_context(hashing(path, *files.names))
        x, y, z = (None if p.size == 1 else p for p in axes)
        yield Source(path, FORMAT, arrays, {}, Axes(x, y, z), times=times, time=shown, digest=digest)


def _at(path: Path, grid: Element, time: Moment) -> tuple[Element, list[float], float | None]:
    """The grid of one moment, all moments, and the one shown."""
    if grid.get("GridType", "Uniform") == "Uniform":
        return grid, [], None
    steps = grid.findall("Grid")
    if grid.get("CollectionType", "Spatial") != "Temporal" or not steps:
        raise InputError(f"{path}: is a collection of grids in space; expected one grid, or a series in time")
    times = [float(_attribute(path, step, "Time", "Value")) for step in steps]
    i = moment(times, time, str(path))
    if steps[i].get("GridType", "Uniform") != "Uniform":
        raise InputError(
            f"{path}: its series in time is of collections of grids; expected one grid at each time"
        )
    return steps[i], times, times[i]


def _points(path: Path, grid: Element) -> list[_Points]:
    """What gives the positions of the grid's points along x, y and z."""
    kind = _attribute(path, grid, "Topology", "TopologyType", "Type").lower()
    geometry = grid.find("Geometry")
    items = [] if geometry is None else geometry.findall("DataItem")
    if kind in REGULAR and len(items) == 2:
        sizes = [int(n) for n in _attribute(path, grid, "Topology", "Dimensions", "NumberOfElements").split()]
        return [_Points(items, sizes[::-1], axis) for axis in range(len(sizes))] + [_Points()] * (
            3 - len(sizes)
        )
    if kind in RECTILINEAR and len(items) in (2, 3):
        return [_Points([item]) for item in items] + [_Points()] * (3 - len(items))
    raise InputError(
        f"{path}: its topology is {printable(kind)} with {len(items)} arrays of positions; expected one of "
        f"{', '.join((*REGULAR, *RECTILINEAR))}: write unstructured meshes as VTK"
    )


class _Points:
    """Where positions along an axis come from: one array, or origin and spacing (slowest axis first), or nowhere."""

    def __init__(
        self, items: list[Element] | None = None, sizes: list[int] | None = None, axis: int = 0
    ) -> None:
        self.items, self.sizes, self.axis = items or [], sizes or [], axis

    def read(self, files: _Files) -> FloatArray:
        if not self.items:
            return np.zeros(1)
        found = [np.ravel(files.array("positions", item).load(())).astype(np.float64) for item in self.items]
        if not self.sizes:
            return found[0]
        n = self.sizes[self.axis]
        if n > MOST or any(f.size != len(self.sizes) for f in found):
            raise InputError(f"{files.path}: its grid of {self.sizes} points has origin and spacing {found}")
        origin, spacing = (f[::-1][self.axis] for f in found)
        return origin + spacing * np.arange(float(n))


class _Files:
    """The HDF5 files that a document names: of its own folder only."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.path, self.stack = path, stack
        self.open: dict[Path, h5py.File] = {}

    @property
    def names(self) -> list[Path]:
        return list(self.open)

    def array(self, name: str, item: Element) -> Array:
        """A DataItem as an array; raises InputError on one of a kind that is not read."""
        where, form = f"{self.path}: '{printable(name)}'", item.get("Format", "XML")
        if item.get("ItemType") == "HyperSlab":
            return self._slab(name, item, where)
        if (
            item.get("ItemType", "Uniform") != "Uniform"
            or item.get("Reference")
            or form not in ("HDF", "XML")
        ):
            raise InputError(
                f"{where}: its DataItem is a {printable(item.get('ItemType', form))}; expected numbers in HDF5 or XML"
            )
        shape = tuple(int(n) for n in item.get("Dimensions", "").split())
        text = (item.text or "").strip()
        if form == "XML":
            numbers = np.array(text.split(), dtype=np.float64)
            if numbers.size != math.prod(shape):
                raise InputError(
                    f"{where}: has {numbers.size} numbers; expected {shape}, as its Dimensions say"
                )
            return Array(name, shape, numbers.dtype, lambda index: numbers.reshape(shape)[index])
        file, _, inside = text.rpartition(":")
        dataset = hdf5.get(self._opened(file, where), inside)
        if math.prod(dataset.shape or (0,)) != math.prod(shape):
            raise InputError(f"{where}: '{printable(text)}' has shape {dataset.shape}; expected {shape}")

        def load(index: tuple[Any, ...]) -> NDArray[Any]:
            if dataset.shape == shape:
                return hdf5.values(dataset, index)
            return hdf5.values(dataset).reshape(shape)[index]

        return Array(name, shape, dataset.dtype, load, chunks=dataset.chunks or ())

    def _slab(self, name: str, item: Element, where: str) -> Array:
        """A part of another array: numbers that say where it starts, its steps and its counts, and that array."""
        inside = item.findall("DataItem")
        if len(inside) != 2:
            raise InputError(f"{where}: its HyperSlab holds {len(inside)} DataItems; expected two")
        said, whole = (self.array(name, part) for part in inside)
        numbers = np.ravel(said.load(())).tolist()
        shape = tuple(int(n) for n in item.get("Dimensions", "").split())
        part = _slices(numbers, whole.shape)
        counts = [len(range(s.start, s.stop, s.step)) for s in part or ()]
        if part is None or math.prod(counts) != math.prod(shape):
            raise InputError(
                f"{where}: its HyperSlab says {numbers[:12]} of {whole.shape} for {shape}; expected start, step and "
                "count along each axis, within the array"
            )
        return Array(name, shape, whole.dtype, lambda index: whole.load(part).reshape(shape)[index])

    def _opened(self, name: str, where: str) -> h5py.File:
        folder = self.path.parent.resolve()
        place = (folder / name).resolve()
        if not place.is_relative_to(folder):
            raise InputError(
                f"{where}: '{printable(name)}' lies outside the folder of the XDMF file; move it there"
            )
        if place not in self.open:
            self.open[place] = self.stack.enter_context(hdf5.opened(place))
        return self.open[place]


def _slices(numbers: list[float], shape: tuple[int, ...]) -> tuple[slice, ...] | None:
    """Starts, steps and counts along all axes of an array as slices; None where they are not within it."""
    found, rank = [], len(shape)
    for axis, size in enumerate(shape if len(numbers) == 3 * rank else ()):
        start, step, count = numbers[axis::rank]
        if start >= 0 and step > 0 and count > 0 and start + step * (count - 1) < size:
            found.append(slice(int(start), int(start + step * (count - 1)) + 1, int(step)))
    return tuple(found) if rank and len(found) == rank else None


def _arrays(path: Path, grid: Element, axes: list[FloatArray], files: _Files) -> Iterator[Array]:
    flat = _attribute(path, grid, "Topology", "TopologyType", "Type").lower().startswith("2d")
    dims = ("y", "x") if flat else ("z", "y", "x")
    for attribute in grid.findall("Attribute"):
        name, item = attribute.get("Name", ""), attribute.find("DataItem")
        location = {"Cell": "cell", "Node": "point"}.get(attribute.get("Center", "Node"))
        if item is None or location is None:
            continue
        array = files.array(name, item)
        less = 1 if location == "cell" else 0
        wanted = tuple(max(1, axes["xyz".index(dim)].size - less) for dim in dims)
        if array.shape[: len(dims)] != wanted:
            raise InputError(
                f"{path}: '{printable(name)}' has shape {array.shape}; expected {wanted} along {', '.join(dims)}, as "
                "the topology says"
            )
        every = dims + ("",) * (len(array.shape) - len(dims))
        yield replace(array, dims=every, location=location, units=attribute.get("Unit", "") or unit_in(name))


def _attribute(path: Path, element: Element, child: str, *keys: str) -> str:
    """An attribute of a child, by the first of several names that it has."""
    found = element.find(child)
    for key in keys:
        if found is not None and key in found.attrib:
            return found.attrib[key]
    raise InputError(f"{path}: a Grid lacks {child} with {keys[0]}; write the file again")
