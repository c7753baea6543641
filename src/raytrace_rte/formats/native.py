"""The native field: one HDF5 file, described in docs/formats.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .. import checks
from ..errors import InputError
from ..grid import Cartesian
from ..media.field import Field
from ..media.spectrum import Spectrum
from ..units import plain, to_si
from . import chunks
from .digest import hashing, lasting
from .hdf5 import attribute, get, opened, values, written
from .masks import Masks, both, truth

SCHEMA, VERSION = "raytrace_rte field", 2
"""Version 2 added heat_release, density, time, valid and band_edges; what version 1 has did not change."""
OPTIONAL = {
    "pressure": ("pressure", "Pa"),
    "soot_volume_fraction": ("volume fraction", "1"),
    "absorption_coefficient": ("absorption", "1/m"),
    "heat_release": ("heat release", "W/m3"),
    "density": ("density", "kg/m3"),
    "time": ("time", "s"),
}
"""Dataset -> (kind of unit, unit written)."""


def is_native(file: h5py.File) -> bool:
    """Whether the file says that it is a native field."""
    return plain(attribute(file, "schema")) == SCHEMA


def is_native_file(path: Path) -> bool:
    """Whether a path is a file that says that it is a native field; False where it cannot be opened."""
    try:
        with opened(path) as file:
            return is_native(file)
    except InputError:
        return False


def read_native(path: Path, allow_cold: bool = False, asked: Masks = Masks()) -> Field:  # noqa: B008  a tuple
    """Read a native field; asked: cells without data, and markers, beside those of the file.

    Raises InputError that names file and dataset, on anything missing, without a unit, or out of range.
    """
    with hashing(path) as digest, opened(path) as file:
        _check_version(path, attribute(file, "schema_version"))
        grid = Cartesian(*(_quantity(file, f"grid/{axis}", "length") for axis in "xyz"))
        state: dict[str, Any] = {"temperature": _quantity(file, "temperature", "temperature")}
        for name, (kind, _) in OPTIONAL.items():
            if name in file:
                state[name] = _quantity(file, name, kind)
        if "time" in state:
            state["time"] = _one(path, state["time"])
        state["valid"] = _valid(file, asked)
        state["markers"] = _markers(file, asked)
        if "band_edges" in file:
            state["spectrum"] = _bands(file)
        species = {name: _quantity(file, f"mole_fraction/{name}", "mole fraction") for name in _species(file)}
        provenance = plain(attribute(file, "provenance"))
        notes = tuple(map(plain, np.ravel(attribute(file, "notes")))) if "notes" in file.attrs else ()
        return Field(
            grid,
            **state,
            mole_fraction=species,
            provenance=provenance,
            notes=notes,
            source_sha256=lasting(digest),
            allow_cold=allow_cold,
        )


def _check_version(path: Path, version: Any) -> None:
    whole = isinstance(version, int | np.integer)
    if whole and 1 <= version <= VERSION:
        return
    newer = whole and version > VERSION
    remedy = "update the package" if newer else f"write the attribute schema_version = {VERSION}"
    raise InputError(
        f"{path}: schema_version is {version}; this version of raytrace-rte reads 1 to {VERSION}; {remedy}"
    )


def _species(file: h5py.File) -> list[str]:
    group = file.get("mole_fraction")
    return list(group) if isinstance(group, h5py.Group) else []


def _quantity(file: h5py.File, name: str, kind: str) -> Any:
    dataset = get(file, name)
    return to_si(values(dataset), attribute(dataset, "units"), kind, f"{file.filename}: dataset '{name}'")


def _one(path: Path, value: Any) -> float:
    if np.size(value) != 1:
        raise InputError(f"{path}: dataset 'time' has shape {np.shape(value)}; expected one number")
    return float(np.ravel(value)[0])


def _valid(file: h5py.File, asked: Masks) -> Any:
    """Where the file has data, and all that was asked is true; None: everywhere."""
    names = {
        name for name in ("valid", asked.valid) if name is not None and (name in file or name == asked.valid)
    }
    found = asked.known(values(get(file, "temperature"))) if asked.no_data else None
    for name in sorted(names):
        found = both(found, truth(values(get(file, name)), f"{file.filename}: dataset '{name}'"))
    return found


def _markers(file: h5py.File, asked: Masks) -> dict[str, Any]:
    """All datasets of the group `marker`, and others that were asked for by their path."""
    group = file.get("marker")
    own = list(group) if isinstance(group, h5py.Group) else []
    paths = {name: f"marker/{name}" for name in own} | {n: n for n in asked.markers if n not in own}
    return {name: values(get(file, path)) for name, path in paths.items()}


def _bands(file: h5py.File) -> Spectrum:
    """Return the wavelength bands of an absorption coefficient."""
    names = attribute(get(file, "band_edges"), "names")
    return Spectrum.bands(
        _quantity(file, "band_edges", "length"), None if names is None else [plain(name) for name in names]
    )


def write(field: Field, path: str | Path, compression: bool = True) -> None:
    """Write a field as a native file, whole or not at all; float32 and float64 stay what they are.

    compression: gzip 1 with shuffle. Raises InputError when the file cannot be written.
    """
    checks.instance("field", field, Field, "a Field")
    checks.path("path", path)
    checks.instance("compression", compression, bool, "True or False")
    with written(path) as file:
        file.attrs.update({"schema": SCHEMA, "schema_version": VERSION, "provenance": field.provenance})
        if field.notes:
            file.attrs["notes"] = list(field.notes)
        for name, faces in zip("xyz", field.grid, strict=True):
            _put(file, f"grid/{name}", faces, "m", False)
        _put(file, "temperature", field.temperature, "K", compression)
        for name, (_, unit) in OPTIONAL.items():
            if getattr(field, name) is not None:
                _put(file, name, getattr(field, name), unit, compression)
        if field.valid is not None:
            _put(file, "valid", field.valid.astype(np.uint8), "1", compression)
        for name, marker in field.markers.items():
            _put(
                file,
                f"marker/{name}",
                marker.astype(np.uint8) if marker.dtype == bool else marker,
                "1",
                compression,
            )
        if field.spectrum is not None:
            _put(file, "band_edges", field.spectrum.edges, "m", False)
            file["band_edges"].attrs["names"] = list(field.spectrum.names)
        for name, fraction in field.mole_fraction.items():
            _put(file, f"mole_fraction/{name}", fraction, "1", compression)


def _put(file: h5py.File, name: str, data: Any, unit: str, compression: bool) -> None:
    if compression and np.ndim(data):
        dataset = chunks.write(file, name, data)
    else:
        dataset = file.create_dataset(name, data=data, track_times=False)
    dataset.attrs["units"] = unit
