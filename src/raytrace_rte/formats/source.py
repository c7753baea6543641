"""What a file holds before it is a field: named arrays, and what the file itself says of their axes and units.

Each reader makes a Source of its format. A field map says which array is which quantity; where the file states
units and axes, the map follows from the Source, and nobody has to write one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, nearest
from ..grid import FloatArray

UNREADABLE = np.dtype("V1")
"""Type of arrays that say why they cannot be read when they are loaded."""
LISTED = 12
"""Names or times that a message lists."""


@dataclass(frozen=True, eq=False)
class Array:
    """An array of a file, read when it is asked for.

    name: its path in the file, as a map names it
    shape, dtype: of what `load` returns, so after packed numbers are unpacked
    load: index, a tuple of whole numbers and slices -> that part of the array
    units: as the file states them, "" where it does not
    dims: a name for each axis, "" where the file gives none; "x", "y", "z" for those in space, "time" for the
        one along `Source.times`, "cell" for the cells of a mesh
    location: "cell" or "point", "" where the file does not say; of positions along an axis: what lies there
    quantity: what the format itself says that it is: "temperature", "pressure", "density", "heat_release",
        "soot_volume_fraction", "absorption_coefficient", "mole_fraction/CO2", "mass_fraction/CO2"; "x", "y", "z"
        for positions along an axis: n of n cells or points, n + 1 faces, or (n, 2) bounds of cells; "" where the
        name alone has to tell
    attributes: what else the file says about it
    chunks: numbers along each axis that the file keeps together, () where it does not say
    gaps: whether NaN in it marks cells without data, as the file states a fill value
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    load: Callable[[tuple[Any, ...]], NDArray[Any]]
    units: str = ""
    dims: tuple[str, ...] = ()
    location: str = ""
    quantity: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    gaps: bool = False
    chunks: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Axes:
    """Faces of the cells along x, y and z as the format gives them; None is an axis without end.

    Arrays whose location is "point" have a value where faces cross, so one more along each axis than cells.

    units: of the faces, "" where the file does not say
    """

    x: FloatArray | None
    y: FloatArray | None
    z: FloatArray | None
    units: str = ""


@dataclass(frozen=True, eq=False)
class Mesh:
    """Cells that are not a Cartesian grid: polyhedra in space, or polygons in the plane (r, z).

    points: (n_point, 3), in `units`, "" where the file does not say
    tetrahedra: (n, 4) points of tetrahedra (triangles: (n, 3)) that fill the cells; cell: (n,) the cell of each
    n_cell: number of cells, the length of arrays whose dim is "cell"
    """

    points: FloatArray
    tetrahedra: NDArray[np.int64]
    cell: NDArray[np.int64]
    n_cell: int
    units: str = ""


@dataclass(frozen=True, eq=False)
class Source:
    """What a file, a folder or a dataset in memory holds.

    path: file or folder, or what stands for it in messages
    format: as messages name it, e.g. "netCDF-3"
    arrays: name -> Array, coordinates included
    attributes: what the file says as a whole
    grid: faces of the cells, where the format gives them for all arrays
    mesh: cells that are not a Cartesian grid; at most one of grid and mesh
    times: moments in the file [s], ascending, nan where their unit is not known
    time: the one that the arrays show, None where there is none, or where arrays have a dim "time" and so hold all
    notes: whole sentences that the user should read
    digest: SHA-256 of all bytes that arrays come from
    names: what the file calls each of its moments, () where it has no names for them
    """

    path: Path
    format: str
    arrays: Mapping[str, Array]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    grid: Axes | None = None
    mesh: Mesh | None = None
    times: Sequence[float] = ()
    time: float | None = None
    notes: Sequence[str] = ()
    digest: Callable[[], str] = lambda: ""
    names: Sequence[str] = ()


def find(source: Source, name: str) -> Array:
    """Return an array by its name; raise InputError that lists what there is."""
    found = source.arrays.get(name.strip("/"), source.arrays.get(name))
    if found is None:
        names = [printable(known) for known in source.arrays]
        raise InputError(
            f"{source.path}: dataset '{printable(name)}' is missing{nearest(name, names)}; "
            f"there are {listed(names) or 'no datasets'}"
        )
    return found


def listed(words: Sequence[str]) -> str:
    """Return words as a list for a message, cut where they are many."""
    return ", ".join(words) if len(words) <= LISTED else ", ".join((*words[: LISTED - 1], "...", words[-1]))


class SeveralParts(InputError):
    """A file holds several parts, of which one makes a field; parts: their names, as the option `part` takes them.

    what: the sentence that says so, without the names
    """

    def __init__(self, what: str, parts: Sequence[str]) -> None:
        first, *others = (f'"{printable(part)}"' for part in parts)
        super().__init__(
            f"{what}: options = {{ part = {first} }} (--option part={first}), or {listed(others)}"
        )
        self.parts = parts


def printable(text: str) -> str:
    """Return text of a file for a message or a listing: control characters written out, on one line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
