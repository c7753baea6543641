"""Tables out and in: HDF5 that xarray opens and `load` reads back, xarray in memory, CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..table import Table, Variable
from ..units import plain
from . import chunks
from .atomic import replacing
from .hdf5 import attribute, opened, values, written

if TYPE_CHECKING:
    from xarray import Dataset

SCHEMA, VERSION = "raytrace_rte result", 1
PLAIN = ("kind", "title", "main", "created")
"""Attributes of a table that are written as they are; all others become JSON."""
OF_FILE = ("schema", "schema_version", "variables")
"""Attributes of a file that are not of its table."""
BIG = 1024
"""Numbers above which an array is compressed."""


def to_json(settings: Any) -> str:
    """Settings as JSON text, NumPy numbers included."""
    return json.dumps(settings, indent=2, default=_plain)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def header(table: Table) -> dict[str, Any]:
    """What is written beside the variables: schema, when, and the table's attributes."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    attributes = {"created": now, **table.attributes}
    return {
        "schema": SCHEMA,
        "schema_version": VERSION,
        "variables": to_json([v.name for v in table.variables]),
        **{key: value if key in PLAIN else to_json(value) for key, value in attributes.items()},
    }


def write_hdf5(table: Table, path: Path) -> None:
    """Write all variables with dimension scales, units, long names and trust, and all attributes.

    Raises InputError when the file cannot be written.
    """
    table = table.with_coordinates()
    with written(path) as file:
        file.attrs.update(header(table))
        for v in table.variables:
            data = _dataset(file, v)
            data.attrs.update(_about(v))
            if v.is_coordinate:
                data.make_scale(v.name)
            else:
                for axis, dim in enumerate(v.dims):
                    data.dims[axis].attach_scale(file[dim])


def _dataset(file: h5py.File, v: Variable) -> h5py.Dataset:
    """Text as UTF-8, truth values as bytes that are marked in the way of xarray, numbers as they are."""
    if v.values.dtype.kind == "U":
        text = h5py.string_dtype()
        return file.create_dataset(v.name, data=v.values.astype(object), dtype=text, track_times=False)
    truth = v.values.dtype.kind == "b"
    numbers = v.values.astype(np.uint8) if truth else v.values
    if numbers.size > BIG:
        data = chunks.write(file, v.name, numbers)
    else:
        data = file.create_dataset(v.name, data=numbers, track_times=False)
    if truth:
        data.attrs["dtype"] = "bool"
    return data


def _about(v: Variable) -> dict[str, str]:
    about = {"units": v.unit, "long_name": v.long_name}
    return about | {"trust": v.trust} if v.trust else about


def read_hdf5(path: str | Path) -> Table:
    """Return the table that `write_hdf5` wrote: names, dims, values and attributes as they were.

    Raises InputError when the file is missing, damaged, not a result, or of a newer version.
    """
    path = Path(path)
    with opened(path) as file:
        _check(file, path)
        try:
            names = json.loads(file.attrs["variables"])
            attributes = {
                key: text if key in PLAIN else json.loads(text)
                for key, text in file.attrs.items()
                if key not in OF_FILE
            }
            return Table(tuple(_variable(file[name]) for name in names), attributes)
        except (TypeError, ValueError) as error:
            raise InputError(f"{path}: is not whole: {error}; copy or write it again") from None


def _check(file: h5py.File, path: Path) -> None:
    """Raise InputError unless the file is a result of a version that is known here."""
    if plain(attribute(file, "schema")) != SCHEMA:
        raise InputError(
            f"{path}: is HDF5 but not a result (attribute 'schema' is not '{SCHEMA}'); expected a file that "
            "result.save wrote; fields are read with `read`"
        )
    found = attribute(file, "schema_version")
    if not (np.ndim(found) == 0 and np.asarray(found).dtype.kind in "iu"):
        raise InputError(f"{path}: attribute 'schema_version' is {found!r}; expected a whole number")
    if int(found) > VERSION:
        raise InputError(
            f"{path}: is a result of schema_version {int(found)}; this raytrace-rte "
            f"{version('raytrace-rte')} reads up to {VERSION}; update the package"
        )


def _variable(data: h5py.Dataset) -> Variable:
    name = data.name.lstrip("/")
    dims = (name,) if data.is_scale else tuple(dim[0].name.lstrip("/") for dim in data.dims)
    about = {key: plain(attribute(data, key)) for key in ("units", "long_name", "trust", "dtype")}
    array: NDArray[Any]
    if h5py.check_string_dtype(data.dtype):
        array = np.asarray(data.asstr()[()], dtype=str)
    else:
        array = values(data).astype(bool) if about["dtype"] == "bool" else values(data)
    return Variable(name, dims, array, about["units"], about["long_name"], about["trust"])


def to_xarray(table: Table) -> Dataset:
    """Return the same as an xarray Dataset, as xarray would open the file."""
    try:
        import xarray
    except ImportError:
        raise InputError("to_xarray needs xarray: pip install 'raytrace-rte[xarray]'") from None
    table = table.with_coordinates()
    data = {v.name: (v.dims, v.values, _about(v)) for v in table.variables}
    coordinates = {v.name: data.pop(v.name) for v in table.variables if v.is_coordinate}
    return xarray.Dataset(data, coords=coordinates, attrs=header(table))


def write_csv(table: Table, path: Path) -> None:
    """Write a row for each entry of the main variable, bands side by side, units in the header.

    Raises InputError when the file cannot be written.
    """
    columns = _columns(table.with_coordinates())
    versions: Mapping[str, str] = table.attributes["config"].get("versions", {})
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        file.write(f"# raytrace_rte {versions.get('raytrace-rte', version('raytrace-rte'))}\n")
        if "comment" in table.attributes:
            file.write(f"# {table.attributes['comment']}\n")
        rows = csv.writer(file)
        rows.writerow([f"{name} [{unit}]" for name, unit, _ in columns])
        rows.writerows(zip(*(_cells(column) for *_, column in columns), strict=True))


def _columns(table: Table) -> list[tuple[str, str, NDArray[Any]]]:
    """(name, unit, an entry a row) of coordinates, single values, and what the rows hold.

    A variable with one more dimension than the rows (bands, the three axes) becomes a column for each entry.
    """
    dims = table.main.without_bands().dims
    shape = tuple(table.dims[dim] for dim in dims)
    out = []
    for v in table.variables:
        if v.dims == () or (v.is_coordinate and v.name in dims):
            place = [n if dim in v.dims else 1 for dim, n in zip(dims, shape, strict=True)]
            out.append((v.name, v.unit, np.broadcast_to(v.values.reshape(place), shape).ravel()))
        elif v.dims == dims:
            out.append((v.name, v.unit, v.values.ravel()))
        elif v.dims[:-1] == dims and not v.is_coordinate:
            labels = table[v.dims[-1]].values.tolist()
            parts = v.values.reshape(-1, len(labels)).T
            out += [(f"{v.name}_{label}", v.unit, part) for label, part in zip(labels, parts, strict=True)]
    return out


def _cells(column: NDArray[Any]) -> list[Any]:
    """Numbers in full precision, truth values as 0 and 1, text as it is."""
    return list((column.astype(np.uint8) if column.dtype.kind == "b" else column).tolist())
