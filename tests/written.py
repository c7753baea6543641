"""Files of many formats, each made by the library of its format, with the same arrays in them."""

from __future__ import annotations

import warnings
from pathlib import Path

import h5py
import numpy as np
import xarray

import raytrace_rte as rte
from raytrace_rte.formats.vtkhdf import write_vtkhdf

UNITS = {"T": "K", "kappa": "1/m", "length": "m"}
"""What formats without units are told."""


def dataset(faces, arrays, order="zyx", down="", bounds=True, **about):
    """A Dataset of arrays (nx, ny, nz) with dims in this order; axes in `down` are stored descending.

    bounds: whether faces are given; about: array -> further attributes
    """
    flip = tuple(slice(None, None, -1 if axis in down else 1) for axis in "xyz")
    turned = {axis: f[::-1] if axis in down else f for axis, f in zip("xyz", faces, strict=True)}
    coords = {}
    for axis, f in turned.items():
        coords[axis] = (axis, 0.5 * (f[1:] + f[:-1]), {"units": "m"})
        if bounds:
            coords[axis][2]["bounds"] = f"{axis}_bnds"
            coords[f"{axis}_bnds"] = ((axis, "nv"), np.stack([f[:-1], f[1:]], axis=1))
    axes = ["xyz".index(axis) for axis in order]
    data = {
        name: (tuple(order), a[flip].transpose(axes), {"units": UNITS[name]} | about.get(name, {}))
        for name, a in arrays.items()
    }
    return xarray.Dataset(data, coords)


def netcdf3(path, faces, arrays, **how):
    """By SciPy, big-endian."""
    dataset(faces, arrays, **how).to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")


def netcdf4(path, faces, arrays, **how):
    """By the netCDF library."""
    dataset(faces, arrays, **how).to_netcdf(path, engine="netcdf4")


def zarr2(path, faces, arrays, **how):
    dataset(faces, arrays, **how).to_zarr(path, zarr_format=2)


def zarr3(path, faces, arrays, **how):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that metadata of groups of version 3 may change
        dataset(faces, arrays, **how).to_zarr(path, zarr_format=3)


def hdf5(path, faces, arrays, order="zyx", down=""):
    """By h5py: dimension scales that name the axes, faces beside them."""
    with h5py.File(path, "w") as file:
        for axis, f in zip("xyz", faces, strict=True):
            file[f"{axis}f"] = f[::-1] if axis in down else f
            file[f"{axis}f"].attrs["units"] = "m"
        flip = tuple(slice(None, None, -1 if axis in down else 1) for axis in "xyz")
        for name, a in arrays.items():
            file[name] = a[flip].transpose(["xyz".index(axis) for axis in order])
            file[name].attrs["units"] = UNITS[name]
            for i, axis in enumerate(order):
                file[name].dims[i].label = axis


def vtkhdf(path, faces, arrays, **_):
    """Image data, by h5py as this package writes them; VTK has one order only."""
    write_vtkhdf(
        path, rte.Cartesian(*faces), {f"{name} [{UNITS[name]}]": a for name, a in arrays.items()}, {}
    )


def xdmf(path, faces, arrays, order="zyx", **_):
    """By hand to the layout of XDMF 3: positions in the XML, arrays in HDF5, slowest axis z."""
    numbers = "".join(
        f'<DataItem Dimensions="{f.size}" Format="XML">{" ".join(map(repr, f.tolist()))}</DataItem>'
        for f in faces
    )
    sizes = " ".join(str(f.size) for f in faces[::-1])
    attributes = ""
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        for name, a in arrays.items():
            file[f"fields/{name}"] = a.transpose(2, 1, 0)
            cells = " ".join(map(str, a.shape[::-1]))
            attributes += (
                f'<Attribute Name="{name} [{UNITS[name]}]" AttributeType="Scalar" Center="Cell"><DataItem '
                f'Dimensions="{cells}" Format="HDF">{path.stem}.h5:/fields/{name}</DataItem></Attribute>'
            )
    path.write_text(
        f'<?xml version="1.0"?>\n<Xdmf Version="3.0"><Domain><Grid Name="gas" GridType="Uniform"><Topology '
        f'TopologyType="3DRectMesh" Dimensions="{sizes}"/><Geometry GeometryType="VXVYVZ">{numbers}</Geometry>'
        f"{attributes}</Grid></Domain></Xdmf>",
        encoding="utf-8",
    )


WRITERS = {f.__name__: f for f in (netcdf3, netcdf4, zarr2, zarr3, hdf5, vtkhdf, xdmf)}
ONE_ORDER = ("vtkhdf", "xdmf")
"""Formats in which arrays have one order, and axes ascend."""


def made(kind: str, folder: Path, faces, arrays, **how) -> Path:
    """Write a file of a kind and return its path; its name says nothing of the format."""
    path = folder / f"{kind}.data"
    WRITERS[kind](path, [np.asarray(f, dtype=np.float64) for f in faces], arrays, **how)
    return path


def same(field: rte.Field, other: rte.Field, exact_grid: bool = True) -> None:
    """Assert that two fields have the same bits; of faces, where they are not made of origin and spacing."""
    for mine, its in zip(field.grid, other.grid, strict=True):
        if exact_grid:
            np.testing.assert_array_equal(mine, its)
        else:
            np.testing.assert_allclose(mine, its, rtol=1e-14, atol=1e-15)
    for name in ("temperature", "absorption_coefficient", "pressure", "density", "valid"):
        mine, its = getattr(field, name), getattr(other, name)
        assert (mine is None) == (its is None), name
        if mine is not None:
            np.testing.assert_array_equal(mine, its)
            assert mine.dtype == its.dtype
    assert field.mole_fraction.keys() == other.mole_fraction.keys()
    for name, mine in field.mole_fraction.items():
        np.testing.assert_array_equal(mine, other.mole_fraction[name])


def assert_converts(field, path):
    """A field that is written as a native file is read back bit for bit."""
    rte.write(field, path)
    again = rte.read(path)
    assert again.time == field.time
    for name in ("temperature", "pressure"):
        np.testing.assert_array_equal(getattr(again, name), getattr(field, name))
    for species, values in field.mole_fraction.items():
        np.testing.assert_array_equal(again.mole_fraction[species], values)
