"""What VTK's readers return, as a Source: imported only with the package vtk."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import (
    VTK_BIT,
    vtkDataArray,
    vtkIdList,
    vtkLogger,
    vtkOutputWindow,
    vtkStringOutputWindow,
)
from vtkmodules.vtkIOLegacy import vtkGenericDataObjectReader
from vtkmodules.vtkIOXML import vtkXMLGenericDataObjectReader

from ...errors import InputError
from ...grid import FloatArray
from ..meshes import POLYGON, Cells, of_cells, of_grid, structured, unstructured
from ..names import unit_in
from ..source import Array, Source, printable

GHOSTS = "vtkGhostType"
HIDDEN = 1 | 32
"""Bits of vtkGhostType: a cell that another piece has too, or that is not there."""
_one_at_a_time = threading.Lock()
"""VTK has one window for its messages."""


@contextmanager
def _heard() -> Iterator[Callable[[], str]]:
    """Keep what VTK would write to stderr; yield what returns it."""
    with _one_at_a_time:
        before, window = vtkOutputWindow.GetInstance(), vtkStringOutputWindow()
        loud = vtkLogger.GetCurrentVerbosityCutoff()
        vtkOutputWindow.SetInstance(window)
        vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
        try:
            yield window.GetOutput
        finally:
            vtkOutputWindow.SetInstance(before)
            vtkLogger.SetStderrVerbosity(loud)


def _read(path: Path, kind: str) -> Any:
    """Return the data object of a file; InputError with VTK's own words when it cannot be read."""
    reader = vtkGenericDataObjectReader() if kind == "legacy" else vtkXMLGenericDataObjectReader()
    with _heard() as words:
        reader.SetFileName(str(path))
        if kind == "legacy":
            for every in ("Scalars", "Vectors", "Fields", "Tensors", "Normals", "TCoords"):
                getattr(reader, f"ReadAll{every}On")()
        reader.Update()
        data, said = reader.GetOutput(), words()
    if data is None or said.strip() or reader.GetErrorCode():
        reason = re.sub(
            r"\s+", " ", re.sub(r"(?m)^.*?(ERROR|Warning): In .*$|^\S+ \(0x\w+\): ", "", said)
        ).strip()
        raise InputError(
            f"{path}: VTK cannot read it: {printable(reason)[:300] or 'it gives no reason'}; write or copy it again"
        )
    return data


def source(
    path: Path, file: Path, kind: str, times: Sequence[float], time: float | None, digest: Callable[[], str]
) -> Source:
    """Return what a file holds. path: of the source; file, kind: what VTK reads, and its type; see `Source`."""
    data, where = _read(file, kind), str(file)
    name = data.GetClassName()
    if name not in (*GRIDS, *MESHES):
        raise InputError(f"{where}: holds {name}; expected a grid or a mesh of cells")
    fields = dict(_attributes(data.GetFieldData()))
    if time is None and np.size(fields.get("TimeValue", ())):
        time = float(np.ravel(fields["TimeValue"])[0])
    arrays = [
        *_arrays(data.GetCellData(), "CellData", "cell"),
        *_arrays(data.GetPointData(), "PointData", "point"),
    ]
    ghosts = data.GetCellData().GetArray(GHOSTS)
    absent = None if ghosts is None else (vtk_to_numpy(ghosts) & HIDDEN) != 0
    if name in GRIDS:
        parts = of_grid(GRIDS[name](data, where), arrays, absent)
    else:
        parts = of_cells(MESHES[name](data, where), arrays, absent)
    return Source(
        path, f"VTK {name.removeprefix('vtk')}", parts.arrays, fields, parts.grid, parts.mesh,
        times or [t for t in (time,) if t is not None], time, parts.notes, digest,
    )  # fmt: skip


def _arrays(data: Any, group: str, location: str) -> Iterator[Array]:
    """The numeric arrays of cells or points, in VTK's order: (n,) or (n, components)."""
    for i in range(data.GetNumberOfArrays()):
        array = data.GetArray(i)
        if array is None or array.GetName() in (None, GHOSTS) or array.GetDataType() == VTK_BIT:
            continue
        values, name = vtk_to_numpy(array), array.GetName()
        yield Array(
            f"{group}/{name}", values.shape, values.dtype, values.__getitem__,
            unit_in(name), location=location,
        )  # fmt: skip


def _attributes(data: Any) -> Iterator[tuple[str, Any]]:
    """What a file says as a whole: its field data, text and numbers."""
    for i in range(data.GetNumberOfArrays()):
        array = data.GetAbstractArray(i)
        name = array.GetName() or ""
        if array.GetNumberOfValues() and array.GetClassName() == "vtkStringArray":
            yield name, array.GetValue(0)
        elif isinstance(array, vtkDataArray) and array.GetDataType() != VTK_BIT:
            yield name, vtk_to_numpy(array)


def _image(data: Any, where: str) -> list[FloatArray]:
    turned = np.array([[data.GetDirectionMatrix().GetElement(i, j) for j in range(3)] for i in range(3)])
    if not np.array_equal(turned, np.eye(3)):
        raise InputError(f"{where}: image data are turned (Direction is {turned.ravel().tolist()}); resample them "
                         "along x, y and z")  # fmt: skip
    ends = np.array(data.GetExtent()).reshape(3, 2)
    of_axes = zip(data.GetOrigin(), data.GetSpacing(), ends, strict=True)
    return [o + s * np.arange(a, b + 1.0) for o, s, (a, b) in of_axes]


def _rectilinear(data: Any, where: str) -> list[FloatArray]:
    return [vtk_to_numpy(getattr(data, f"Get{axis}Coordinates")()).astype(np.float64) for axis in "XYZ"]


def _points(data: Any) -> FloatArray:
    points = data.GetPoints()
    return (
        np.empty((0, 3)) if points is None else vtk_to_numpy(points.GetData()).astype(np.float64, copy=False)
    )


def _structured(data: Any, where: str) -> Cells:
    ends = np.array(data.GetExtent()).reshape(3, 2)
    return structured(_points(data), (ends[:, 1] - ends[:, 0] + 1).tolist(), where)


def _unstructured(data: Any, where: str) -> Cells:
    kinds, cells = _types(data), data.GetCells()
    if kinds is None or not cells.GetNumberOfCells():
        raise InputError(f"{where}: holds no cells; expected a grid or a mesh of cells")

    def faces(cell: int) -> list[NDArray[np.int64]]:
        stream = vtkIdList()
        data.GetFaceStream(cell, stream)
        numbers = [stream.GetId(i) for i in range(stream.GetNumberOfIds())]
        out, at = [], 1
        for _ in range(numbers[0]):
            out.append(np.array(numbers[at + 1 : at + 1 + numbers[at]]))
            at += 1 + numbers[at]
        return out

    return unstructured(_points(data), vtk_to_numpy(kinds), *_lists(cells), faces, where)


def _types(data: Any) -> Any:
    try:
        return data.GetCellTypes()
    except TypeError:  # before VTK 9.6, where that took an argument
        return data.GetCellTypesArray()


def _surface(data: Any, where: str) -> Cells:
    """Polygons in a plane, for axisymmetric data."""
    start, ids = _lists(data.GetPolys())
    if data.GetNumberOfCells() != start.size - 1:
        raise InputError(
            f"{where}: is a surface with lines, points or strips; expected polygons, or cells with volume"
        )
    return unstructured(_points(data), np.full(start.size - 1, POLYGON), start, ids, lambda _: (), where)


def _lists(cells: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    offsets, ids = cells.GetOffsetsArray(), cells.GetConnectivityArray()
    return vtk_to_numpy(offsets).astype(np.int64), vtk_to_numpy(ids).astype(np.int64)


GRIDS = {"vtkImageData": _image, "vtkStructuredPoints": _image, "vtkRectilinearGrid": _rectilinear}
MESHES = {"vtkStructuredGrid": _structured, "vtkUnstructuredGrid": _unstructured, "vtkPolyData": _surface}
