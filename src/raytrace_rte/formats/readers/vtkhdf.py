"""VTKHDF image data and rectilinear grids, with h5py alone.

Format: "VTKHDF file format" in the VTK documentation, versions 1.0 to 2.3. Arrays are stored with x fastest,
[z, y, x]; positions of the grid's points are Origin + i Spacing, or the arrays XCoordinates, ... Cells lie
between points. VTK knows no units; those that stand in brackets at the end of a name, as in "T [K]", are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...grid import FloatArray
from ...units import plain
from .. import hdf5
from ..digest import hashing
from ..moments import Moment, moment
from ..names import unit_in
from ..source import Array, Axes, Source
from . import hdf5 as any_hdf5

FORMAT = "VTKHDF"
TYPES = ("ImageData", "RectilinearGrid")
LOCATIONS = {"CellData": "cell", "PointData": "point"}


def recognises(path: Path) -> bool:
    """Whether it is HDF5 with a group VTKHDF of image data or of a rectilinear grid."""
    return of_type(path, TYPES)


def of_type(path: Path, types: tuple[str, ...]) -> bool:
    """Whether it is HDF5 with a group VTKHDF of one of some types."""
    if not any_hdf5.recognises(path):
        return False
    try:
        with h5py.File(path, "r") as file:
            root = file.get("VTKHDF")
            return isinstance(root, h5py.Group) and plain(root.attrs.get("Type")) in types
    except (*hdf5.DAMAGE, TypeError, ValueError):
        return False


@contextmanager
def opened(path: Path, time: Moment = None) -> Iterator[Source]:
    """Yield arrays of cells and points, and the grid; raise InputError on a grid that is turned or cut."""
    with hashing(path) as digest, hdf5.opened(path) as file:
        root = file["VTKHDF"]
        times = times_of(root)
        step = moment(times, time, str(path)) if times else None
        points = _points(path, root)
        arrays = dict(_arrays(path, root, points, step))
        shown = None if step is None else times[step]
        x, y, z = (None if p.size == 1 else p for p in points)
        grid = Axes(x, y, z, plain(root.attrs.get("LengthUnit")))
        yield Source(path, FORMAT, arrays, any_hdf5.about(file), grid, times=times, time=shown, digest=digest)


def times_of(root: h5py.Group) -> list[float]:
    """Return the moments of a group VTKHDF [s], none where it has no Steps."""
    steps = root.get("Steps")
    found = steps.get("Values") if isinstance(steps, h5py.Group) else None
    return [float(t) for t in np.ravel(hdf5.values(found))] if isinstance(found, h5py.Dataset) else []


def _points(path: Path, root: h5py.Group) -> list[FloatArray]:
    """Positions of the grid's points along x, y and z."""
    if plain(root.attrs.get("Type")) == "RectilinearGrid":
        names = ("XCoordinates", "YCoordinates", "ZCoordinates")
        return [
            np.ravel(hdf5.values(hdf5.get(root.file, f"VTKHDF/{name}"))).astype(np.float64) for name in names
        ]
    keys = ("WholeExtent", 6), ("Origin", 3), ("Spacing", 3)
    extent, origin, spacing = (_numbers(path, root, *of) for of in keys)
    turned = np.ravel(root.attrs.get("Direction", np.eye(3)))
    if not np.array_equal(turned, np.eye(3).ravel()):
        raise InputError(
            f"{path}: image data are turned (Direction is {turned.tolist()}); resample them along x, y, z"
        )
    ends = extent.astype(np.int64).reshape(3, 2)
    return [o + s * np.arange(a, b + 1.0) for o, s, (a, b) in zip(origin, spacing, ends, strict=True)]


def _numbers(path: Path, root: h5py.Group, key: str, count: int) -> FloatArray:
    found = np.ravel(root.attrs.get(key, ()))
    if found.size != count or found.dtype.kind not in "fiu":
        raise InputError(f"{path}: attribute '{key}' of VTKHDF is {found.tolist()}; expected {count} numbers")
    return found.astype(np.float64)


def _arrays(
    path: Path, root: h5py.Group, points: list[FloatArray], step: int | None
) -> Iterator[tuple[str, Array]]:
    for group, location in LOCATIONS.items():
        less = 1 if location == "cell" else 0
        wanted = tuple(max(1, p.size - less) for p in reversed(points))
        for name, item in hdf5.walk(root.file):
            if not (isinstance(item, h5py.Dataset) and name.startswith(f"VTKHDF/{group}/")):
                continue
            array = any_hdf5.array_of(name, item)
            if step is not None:
                array = _at_step(array, root, group, step)
            if array.shape[:3] != wanted:
                raise InputError(
                    f"{path}: dataset '{name}' has shape {array.shape}; expected {wanted} along z, y, x, "
                    "as the extent says"
                )
            dims = ("z", "y", "x", *[""] * (len(array.shape) - 3))
            units = array.units or unit_in(name)
            yield name, replace(array, dims=dims, location=location, units=units)


def _at_step(array: Array, root: h5py.Group, group: str, step: int) -> Array:
    """The array at one of several times: where it starts along the first axis stands in Steps."""
    offsets = root.get(f"Steps/{group}Offsets/{array.name.rpartition('/')[2]}")
    first = int(offsets[step]) if isinstance(offsets, h5py.Dataset) else step

    def load(index: tuple[Any, ...]) -> NDArray[Any]:
        return array.load((first, *index))

    return replace(array, shape=array.shape[1:], load=load)
