"""Cell data as VTKHDF, which ParaView and VTK 9.2 or later open; written with h5py alone.

Format: "VTKHDF file format" in the VTK documentation, version 1.0: image data for uniform grids, hexahedra of
an unstructured grid for stretched ones. Text that describes the result lies beside the group VTK reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import Cartesian, FloatArray
from ..table import BAND, Table
from .hdf5 import written
from .tables import header

HEXAHEDRON = 12
"""VTK's number of that cell type."""
UNIFORM = 1e-9
"""Relative difference of widths up to which an axis counts as uniform."""
BIG = 1024
AXES = ("x", "y", "z")


def write_cells(table: Table, path: Path) -> None:
    """Write the variables of cells for ParaView, one for each band, units in their names.

    Raises InputError when the table has no cells.
    """
    faces = [f"{axis}_face" for axis in AXES]
    if not all(name in table for name in faces):
        raise InputError(f"{path.name}: VTKHDF holds cells, but this result has none; save it as .h5 or .csv")
    cells: dict[str, NDArray[Any]] = {}
    for v in table.variables:
        values = v.values.astype(np.uint8) if v.values.dtype.kind == "b" else v.values
        if v.dims == AXES:
            cells[f"{v.name} [{v.unit}]"] = values
        elif v.dims == (*AXES, BAND):
            cells |= {f"{v.name}_{b} [{v.unit}]": values[..., b] for b in range(values.shape[-1])}
    write_vtkhdf(path, Cartesian(*(table[name].values for name in faces)), cells, header(table))


def write_vtkhdf(
    path: Path, grid: Cartesian, cells: Mapping[str, NDArray[Any]], attributes: Mapping[str, Any]
) -> None:
    """Write cell arrays (nx, ny, nz), or (nx, ny, nz, 3) vectors, with names of any text.

    An infinite axis is drawn from 0 to 1 m.
    """
    faces = [np.array([0.0, 1.0]) if np.isinf(f[0]) else f for f in grid]
    uniform = all(np.ptp(np.diff(f)) <= UNIFORM * (f[-1] - f[0]) for f in faces)
    with written(path) as file:
        root = file.create_group("VTKHDF")
        root.attrs["Version"] = np.array([1, 0], dtype=np.int64)
        kind = b"ImageData" if uniform else b"UnstructuredGrid"
        root.attrs.create("Type", kind, dtype=f"S{len(kind)}")
        for name, text in attributes.items():
            file.attrs[name] = text
        (_image if uniform else _hexahedra)(root, faces)
        data = root.create_group("CellData")
        for name, values in cells.items():
            _write(data, name, _ordered(values) if uniform else values.reshape(-1, *values.shape[3:]))


def _write(group: Any, name: str, values: NDArray[Any]) -> None:
    filters = {"compression": "gzip", "compression_opts": 1, "shuffle": True} if values.size > BIG else {}
    group.create_dataset(name, data=np.ascontiguousarray(values), track_times=False, **filters)


def _ordered(values: NDArray[Any]) -> NDArray[Any]:
    """Cells with x fastest, as image data are kept."""
    return values.transpose(2, 1, 0, *range(3, values.ndim))


def _image(root: Any, faces: list[FloatArray]) -> None:
    """Extent, origin and spacing of a uniform grid."""
    root.attrs["WholeExtent"] = np.array([[0, f.size - 1] for f in faces], dtype=np.int64).ravel()
    root.attrs["Origin"] = np.array([f[0] for f in faces])
    root.attrs["Spacing"] = np.array([(f[-1] - f[0]) / (f.size - 1) for f in faces])
    root.attrs["Direction"] = np.eye(3).ravel()


def _hexahedra(root: Any, faces: list[FloatArray]) -> None:
    """Points and connectivity of all cells, z fastest as in our arrays."""
    x, y, z = np.meshgrid(*faces, indexing="ij")
    number = np.arange(x.size).reshape(x.shape)
    i, j, k = (
        (slice(None, -1), slice(1, None)),
        (slice(None, -1), slice(1, None)),
        (slice(None, -1), slice(1, None)),
    )
    around = ((0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1))
    corners = np.stack([number[i[a], j[b], k[c]].ravel() for a, b, c in around], axis=1)
    for name, count in (
        ("NumberOfPoints", x.size),
        ("NumberOfCells", len(corners)),
        ("NumberOfConnectivityIds", corners.size),
    ):
        root.create_dataset(name, data=np.array([count], dtype=np.int64), track_times=False)
    _write(root, "Points", np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1))
    _write(root, "Types", np.full(len(corners), HEXAHEDRON, dtype=np.uint8))
    _write(root, "Connectivity", corners.ravel().astype(np.int64))
    _write(root, "Offsets", np.arange(0, corners.size + 1, 8, dtype=np.int64))
