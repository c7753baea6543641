"""What it takes to read a field, beside the library of its format reading the same numbers.

Each file holds T and kappa of one plume. The library alone opens the file and gives the arrays (those stored as z,
y, x, NumPy turns); ours opens it, finds out what it is, brings the arrays into the order x, y, z, checks
them, and hashes the file. The three take turns, and the least time of each counts. Works whose packages are missing
are left out.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

import raytrace_rte as rte
from raytrace_rte.formats.digest import forget

from .fire256 import noisy
from .tables import table
from .timing import in_turn

NAMES = ("T", "kappa")
UNITS = {"T": "K", "kappa": "1/m"}
Arrays = dict[str, NDArray[np.float32]]


class Case(NamedTuple):
    """A format: what writes its file, what its library reads from it, and what it has to be told."""

    write: Callable[[Path, rte.Cartesian, Arrays], object]
    library: Callable[[Path], object]
    packages: tuple[str, ...] = ()
    told: Mapping[str, Any] = MappingProxyType({})


def gas(cells: int) -> tuple[rte.Cartesian, Arrays]:
    """The plume with noise, which compresses as a CFD result does, in single precision."""
    plume, rng = rte.sample("smooth-plume", cells), np.random.default_rng(0)
    given = zip(NAMES, (plume.temperature, plume.absorption_coefficient), strict=True)
    return plume.grid, {name: noisy(np.asarray(a, np.float32), rng) for name, a in given}


def native(path: Path, grid: rte.Cartesian, arrays: Arrays, compression: bool) -> None:
    """Our own file."""
    field = rte.Field(grid, arrays["T"], absorption_coefficient=arrays["kappa"])
    rte.write(field, path, compression=compression)


def dataset(grid: rte.Cartesian, arrays: Arrays, dims: tuple[str, ...]) -> Any:
    """A Dataset of xarray with bounds of cells, stored in some order of the axes."""
    import xarray

    data: dict[str, Any] = {
        name: (dims, a.transpose(["xyz".index(dim) for dim in dims]), {"units": UNITS[name]})
        for name, a in arrays.items()
    }
    for axis, faces in zip("xyz", grid, strict=True):
        data[f"{axis}_bnds"] = ((axis, "nv"), np.stack([faces[:-1], faces[1:]], axis=1))
    places: dict[str, Any] = {
        axis: (axis, at, {"units": "m", "bounds": f"{axis}_bnds"})
        for axis, at in zip("xyz", grid.centres, strict=True)
    }
    return xarray.Dataset(data, places)


def netcdf(
    path: Path, grid: rte.Cartesian, arrays: Arrays, dims: str, format_: Any, zlib: bool = False
) -> None:
    """By the netCDF library."""
    packed = {name: {"zlib": True, "complevel": 1, "shuffle": True} for name in NAMES} if zlib else {}
    dataset(grid, arrays, tuple(dims)).to_netcdf(path, engine="netcdf4", format=format_, encoding=packed)


def zarr(path: Path, grid: rte.Cartesian, arrays: Arrays, version: Any) -> None:
    """A store as xarray makes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that metadata of groups of version 3 may change
        dataset(grid, arrays, ("x", "y", "z")).to_zarr(path, zarr_format=version)


def vti(path: Path, grid: rte.Cartesian, arrays: Arrays, compressed: bool) -> None:
    """Image data by VTK, appended as bytes."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkIOXML import vtkXMLImageDataWriter

    image = vtkImageData()
    image.SetDimensions(*(faces.size for faces in grid))
    image.SetOrigin(*grid.lower)
    image.SetSpacing(*(faces[1] - faces[0] for faces in grid))
    for name, a in arrays.items():
        numbers = numpy_to_vtk(a.ravel(order="F"), deep=True)
        numbers.SetName(f"{name} [{UNITS[name]}]")
        image.GetCellData().AddArray(numbers)
    writer = vtkXMLImageDataWriter()
    writer.SetFileName(str(path))
    writer.SetInputData(image)
    writer.EncodeAppendedDataOff()
    if not compressed:
        writer.SetCompressorTypeToNone()
    writer.Write()


def by_h5py(path: Path, names: tuple[str, ...]) -> list[Any]:
    with h5py.File(path, "r") as file:
        return [file[name][()] for name in names]


def by_netcdf4(path: Path, turned: bool = False) -> list[Any]:
    import netCDF4

    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        found = [file[name][:] for name in NAMES]
    return [np.ascontiguousarray(a.transpose()) for a in found] if turned else found


def by_zarr(path: Path) -> list[Any]:
    import zarr as library

    store = library.open_group(str(path), mode="r")
    return [store[name][:] for name in NAMES]  # type: ignore[index]


def by_vtk(path: Path) -> list[Any]:
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkIOXML import vtkXMLImageDataReader

    reader = vtkXMLImageDataReader()
    reader.SetFileName(str(path))
    reader.Update()
    cells = reader.GetOutput().GetCellData()
    shape = [n - 1 for n in reader.GetOutput().GetDimensions()]
    found = [vtk_to_numpy(cells.GetArray(i)).reshape(shape, order="F") for i in range(len(NAMES))]
    return [np.ascontiguousarray(a) for a in found]


OWN = partial(by_h5py, names=("temperature", "absorption_coefficient"))
METRES = {"units": {"length": "m"}}
NETCDF = ("xarray", "netCDF4")
CASES = {
    "native": Case(partial(native, compression=False), OWN),
    "native, gzip": Case(partial(native, compression=True), OWN),
    "netCDF-4": Case(partial(netcdf, dims="xyz", format_="NETCDF4"), by_netcdf4, NETCDF),
    "netCDF-4, z y x": Case(
        partial(netcdf, dims="zyx", format_="NETCDF4"), partial(by_netcdf4, turned=True), NETCDF
    ),
    "netCDF-4, gzip": Case(partial(netcdf, dims="xyz", format_="NETCDF4", zlib=True), by_netcdf4, NETCDF),
    "netCDF-3": Case(partial(netcdf, dims="xyz", format_="NETCDF3_64BIT"), by_netcdf4, NETCDF),
    "Zarr 2": Case(partial(zarr, version=2), by_zarr, ("xarray", "zarr")),
    "Zarr 3": Case(partial(zarr, version=3), by_zarr, ("xarray", "zarr")),
    ".vti, bytes": Case(partial(vti, compressed=False), by_vtk, ("vtkmodules",), METRES),
    ".vti, zlib": Case(partial(vti, compressed=True), by_vtk, ("vtkmodules",), METRES),
}


def measured(path: Path, case: Case, rounds: int) -> dict[str, float]:
    """Seconds of the library, of ours until there is a field, and until there is its hash, too."""

    def read() -> rte.Field:
        forget()
        return rte.read(path, **case.told)

    works: dict[str, Callable[[], object]] = {
        "library": lambda: case.library(path),
        "field": lambda: read().grid.shape,
        "hash": lambda: read().source_sha256,
    }
    return {name: seconds for name, (seconds, _) in in_turn(works, rounds).items()}


def measure(quick: bool = False) -> dict[str, Any]:
    """Return a row for each format."""
    cells, rounds = (12, 1) if quick else (256, 12)
    grid, arrays = gas(cells)
    rows = []
    for name, case in CASES.items():
        if not all(find_spec(package) for package in case.packages):
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "gas"
            case.write(path, grid, arrays)
            seconds = measured(path, case, rounds)
        rows.append({"format": name, **seconds})
    return {"cells": cells, "megabytes": sum(a.nbytes for a in arrays.values()) / 1e6, "rows": rows}


def tables(data: dict[str, Any]) -> dict[str, str]:
    """Return the Markdown table."""
    head = ["format", "library [ms]", "field / library", "with its hash / library"]
    rows = [
        [
            r["format"],
            f"{1e3 * r['library']:.3g}",
            f"{r['field'] / r['library']:.2f}",
            f"{r['hash'] / r['library']:.2f}",
        ]
        for r in data["rows"]
    ]
    return {"reading": table(head, rows)}
