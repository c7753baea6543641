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
from ..grid import FACES, Cartesian, FloatArray, across
from ..table import BAND, Table
from .hdf5 import written
from .tables import header

HEXAHEDRON, QUAD = 12, 9
"""VTK's numbers of these cell types."""
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


def write_walls(table: Table, path: Path) -> None:
    """Write quantities of wall cells as surfaces for ParaView, one for each band, units in their names; NaN where a
    face has none. Raises InputError when the table has no walls.
    """
    names = [name for name in FACES if f"wall_net_flux_{name}" in table]
    if not names:
        raise InputError(f"{path.name}: holds walls, but this result has none; save it as .h5")
    grid = [np.array([0.0, 1.0]) if np.isinf(f[0]) else f for f in (table[f"{a}_face"].values for a in AXES)]
    quads, cells = [], {}
    for name in names:
        n = FACES.index(name)
        quads.append(_quads(grid, n))
        for v in table.variables:
            if v.name.endswith(f"_{name}") and v.dims[:2] == across(AXES, n):
                flat = v.values.reshape(len(quads[-1]), -1)
                for b in range(flat.shape[1]):
                    band = f"_{b}" if BAND in v.dims else ""
                    cells[f"{v.name.removesuffix(f'_{name}')}{band} [{v.unit}]", name] = flat[:, b]
    size = {name: len(q) for name, q in zip(names, quads, strict=True)}
    quantities = dict.fromkeys(quantity for quantity, _ in cells)
    with written(path) as file:
        root = _root(file, b"UnstructuredGrid", header(table))
        points = np.concatenate(quads).reshape(-1, 3)
        _mesh(root, points, np.arange(len(points)).reshape(-1, 4), QUAD)
        data = root.create_group("CellData")
        for quantity in quantities:
            parts = [cells.get((quantity, name), np.full(size[name], np.nan)) for name in names]
            _write(data, quantity, np.concatenate(parts))


def _quads(faces: list[FloatArray], n: int) -> FloatArray:
    """Corners of the cells of a face, (n_cell, 4, 3), in the order in which maps hold them."""
    a, b = across(range(3), n)
    at = faces[n // 2][0 if n % 2 == 0 else -1]
    u, v = np.meshgrid(faces[a], faces[b], indexing="ij")
    points = np.empty((*u.shape, 3))
    points[..., n // 2], points[..., a], points[..., b] = at, u, v
    corners = points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:]
    return np.stack(corners, axis=2).reshape(-1, 4, 3)


def write_vtkhdf(
    path: Path, grid: Cartesian, cells: Mapping[str, NDArray[Any]], attributes: Mapping[str, Any]
) -> None:
    """Write cell arrays (nx, ny, nz), or (nx, ny, nz, 3) vectors, with names of any text.

    An infinite axis is drawn from 0 to 1 m.
    """
    faces = [np.array([0.0, 1.0]) if np.isinf(f[0]) else f for f in grid]
    uniform = all(np.ptp(np.diff(f)) <= UNIFORM * (f[-1] - f[0]) for f in faces)
    with written(path) as file:
        root = _root(file, b"ImageData" if uniform else b"UnstructuredGrid", attributes)
        (_image if uniform else _hexahedra)(root, faces)
        data = root.create_group("CellData")
        for name, values in cells.items():
            _write(data, name, _ordered(values) if uniform else values.reshape(-1, *values.shape[3:]))


def _root(file: Any, kind: bytes, attributes: Mapping[str, Any]) -> Any:
    """The group that VTK reads, in a file with attributes."""
    root = file.create_group("VTKHDF")
    root.attrs["Version"] = np.array([1, 0], dtype=np.int64)
    root.attrs.create("Type", kind, dtype=f"S{len(kind)}")
    root.attrs["LengthUnit"] = "m"  # which VTK does not know, and does not mind
    for name, text in attributes.items():
        file.attrs[name] = text
    return root


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
    _mesh(root, np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1), corners, HEXAHEDRON)


def _mesh(root: Any, points: FloatArray, corners: NDArray[np.int64], kind: int) -> None:
    """Points, and cells of one kind as numbers of their corners (n, corners of a cell)."""
    for name, count in (
        ("NumberOfPoints", len(points)),
        ("NumberOfCells", len(corners)),
        ("NumberOfConnectivityIds", corners.size),
    ):
        root.create_dataset(name, data=np.array([count], dtype=np.int64), track_times=False)
    _write(root, "Points", points)
    _write(root, "Types", np.full(len(corners), kind, dtype=np.uint8))
    _write(root, "Connectivity", corners.ravel().astype(np.int64))
    _write(root, "Offsets", np.arange(0, corners.size + 1, corners.shape[1], dtype=np.int64))
