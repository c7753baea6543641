"""The border: fields come in here, native or through a map of any HDF5."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import checks
from ..errors import InputError
from ..media.field import Field


def read(
    path: str | Path, map: str | Path | Mapping[str, Any] | None = None, allow_cold: bool = False
) -> Field:
    """Read a field from HDF5.

    path: a native file, or any other together with a map
    map: field map, as TOML file or as the same tables in a dict (docs/formats.md); `raytrace-rte inspect`
        writes one to edit
    allow_cold: accept a field that is below 250 K everywhere

    Raises InputError that names file and dataset and says what to do.
    """
    from .hdf5 import opened
    from .native import is_native, read_native

    path = checks.path("path", path)
    if map is not None and not isinstance(map, Mapping):
        map = checks.path("map", map)
    checks.instance("allow_cold", allow_cold, bool, "True or False")
    try:
        if map is not None:
            from .fieldmap import read_mapped

            return read_mapped(path, map, allow_cold)
        with opened(path) as file:
            native = is_native(file)
        if native:
            return read_native(path, allow_cold)
    except InputError as error:
        text = str(error)
        raise InputError(text if str(path) in text else f"{path}: {text}") from None
    raise InputError(
        f"{path}: is HDF5 but not a native field; run `raytrace-rte inspect {path}`, edit the field map that "
        "it writes, and read the file with that map"
    )
