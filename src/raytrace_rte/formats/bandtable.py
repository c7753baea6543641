"""Band tables: one HDF5 file, described in docs/formats.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .. import checks
from ..errors import InputError
from ..media.absorption.bands import BandTable
from ..units import plain, to_si
from .digest import hashing
from .hdf5 import attribute, get, opened, values, written

SCHEMA, VERSION = "raytrace_rte band table", 1


def read_band_table(path: str | Path) -> BandTable:
    """Read a band table, for absorption.bands.

    Raises InputError that names file and dataset, on another or a newer schema, on anything missing, without a unit,
    negative, or in the wrong order.
    """
    path = checks.path("path", path)
    with hashing(path) as digest, opened(path) as file:
        _check_schema(path, file)
        edges = _quantity(file, "band_edges", "length")
        names = attribute(file["band_edges"], "names")
        T, p = _quantity(file, "temperature", "temperature"), _quantity(file, "pressure", "pressure")
        absorption = {name: _quantity(file, f"absorption/{name}", "absorption per pressure")
                      for name in _members(file, "absorption")}  # fmt: skip
        fractions = {name: _quantity(file, f"mole_fraction/{name}", "mole fraction")
                     for name in _members(file, "mole_fraction")}  # fmt: skip
        source, sha = plain(attribute(file, "provenance")), digest()
    named = None if names is None else [plain(name) for name in names]
    try:
        return BandTable(edges, T, p, absorption, fractions, named, source, sha)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def write_band_table(table: BandTable, path: str | Path) -> None:
    """Write a band table, whole or not at all. Raises InputError when the file cannot be written."""
    checks.instance("table", table, BandTable, "a BandTable")
    path = checks.path("path", path)
    with written(path) as file:
        file.attrs.update({"schema": SCHEMA, "schema_version": VERSION, "provenance": table.source})
        _put(file, "band_edges", table.edges, "m")
        file["band_edges"].attrs["names"] = list(table.names or ())
        _put(file, "temperature", table.temperature, "K")
        _put(file, "pressure", table.pressure, "Pa")
        for name, a in table.absorption.items():
            _put(file, f"absorption/{name}", a, "1/(m Pa)")
        for name, x in table.mole_fraction.items():
            _put(file, f"mole_fraction/{name}", x, "1")


def _check_schema(path: Path, file: h5py.File) -> None:
    """Raise InputError when a file is no band table, or a newer one."""
    schema, version = plain(attribute(file, "schema")), attribute(file, "schema_version")
    if schema != SCHEMA:
        raise InputError(f"{path}: schema is '{schema}'; expected '{SCHEMA}', an attribute of the file")
    if not isinstance(version, int | np.integer) or not 1 <= version <= VERSION:
        newer = isinstance(version, int | np.integer) and version > VERSION
        remedy = "update the package" if newer else f"write the attribute schema_version = {VERSION}"
        raise InputError(f"{path}: schema_version is {version}; expected {VERSION}; {remedy}")


def _members(file: h5py.File, name: str) -> list[str]:
    group = file.get(name)
    return list(group) if isinstance(group, h5py.Group) else []


def _quantity(file: h5py.File, name: str, kind: str) -> Any:
    dataset = get(file, name)
    where = f"{file.filename}: dataset '{name}'"
    return to_si(values(dataset), attribute(dataset, "units"), kind, where).astype(np.float64, copy=False)


def _put(file: h5py.File, name: str, data: Any, unit: str) -> None:
    file.create_dataset(name, data=data, track_times=False).attrs["units"] = unit
