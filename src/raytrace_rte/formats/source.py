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

from ..grid import FloatArray


@dataclass(frozen=True, eq=False)
class Array:
    """An array of a file, read when it is asked for.

    name: its path in the file, as a map names it
    shape, dtype: of what `load` returns, so after packed numbers are unpacked
    load: index, a tuple of whole numbers and slices -> that part of the array
    units: as the file states them, "" where it does not
    dims: a name for each axis, "" where the file gives none; "x", "y", "z" for those in space, "cell" for the
        cells of a mesh
    location: "cell" or "point", "" where the file does not say
    quantity: what the format itself says that it is: "temperature", "pressure", "density", "heat_release",
        "soot_volume_fraction", "absorption_coefficient", "mole_fraction/CO2", "mass_fraction/CO2"; "" where the
        name alone has to tell
    attributes: what else the file says about it
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


@dataclass(frozen=True, eq=False)
class Axes:
    """Faces of the cells along x, y and z as the format gives them; None is an axis without end.

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
    times: moments in the file [s]; time: the one that the arrays show, None where there is none
    notes: whole sentences that the user should read
    digest: SHA-256 of all bytes that arrays come from
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
