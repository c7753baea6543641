"""Zarr stores in a folder, versions 2 and 3, through zarr.

Names of dims are those of xarray: `_ARRAY_DIMENSIONS` in version 2, `dimension_names` in version 3.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...units import plain
from .. import dims
from ..cf import unpacked
from ..digest import hashing
from ..moments import Moment
from ..source import Array, Source, printable
from .probe import head, package

FORMAT = "Zarr"
MARKS = ("zarr.json", ".zgroup", ".zarray")
DEEPEST = 16
"""Groups within each other that are looked at."""


def recognises(path: Path) -> bool:
    """Whether it is a folder with the metadata of a Zarr group or array."""
    return any(b"zarr_format" in head(path / mark, 4096) for mark in MARKS)


@contextmanager
def opened(path: Path, time: Moment = None) -> Iterator[Source]:
    """Yield all arrays of the store; those whose codecs run code (pickles) cannot be loaded."""
    zarr = package("zarr", "zarr", "a Zarr store")
    files = sorted(file for file in path.rglob("*") if file.is_file())
    with hashing(*files) as digest:
        try:
            store = zarr.open(str(path), mode="r")
            members = [("", store)] if hasattr(store, "shape") else list(store.members(max_depth=DEEPEST))
            found = {
                name: _array(path, name or path.stem, item)
                for name, item in members
                if hasattr(item, "shape")
            }
            about = dict(store.attrs)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, json.JSONDecodeError) as error:
            raise InputError(
                f"{path}: is damaged: {' '.join(str(error).split())}; copy or write it again"
            ) from None
        arrays = dims.labelled({array.name: array for array in found.values()})
        yield Source(path, FORMAT, arrays, about, times=dims.times(arrays), digest=digest)


def _array(path: Path, name: str, item: Any) -> Array:
    about, meta = dict(item.attrs), json.dumps(item.metadata.to_dict(), default=str)
    names = (
        getattr(item.metadata, "dimension_names", None) or about.get("_ARRAY_DIMENSIONS") or [""] * item.ndim
    )
    about |= _fill(item, about)
    where = f"{path}: dataset '{printable(name)}'"

    def load(index: tuple[Any, ...]) -> NDArray[Any]:
        if "pickle" in meta or item.dtype.kind == "O":
            raise InputError(f"{where} holds Python objects, which are not read; store plain numbers")
        try:
            return np.asarray(item[index or ...])
        except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
            raise InputError(
                f"{where} cannot be decoded: {' '.join(str(error).split())}; write it again"
            ) from None

    labels = tuple(str(label or "") for label in names)
    array = Array(name, item.shape, item.dtype, load, plain(about.get("units")), labels,
                  attributes=about, chunks=tuple(item.chunks))  # fmt: skip
    return unpacked(array)


def _fill(item: Any, about: dict[str, Any]) -> dict[str, Any]:
    """The fill value as a number: xarray keeps it in version 3 as base64, and in version 2 as Zarr's own."""
    said = about.get("_FillValue")
    if isinstance(said, str):
        try:
            return {"_FillValue": np.frombuffer(base64.b64decode(said, validate=True), "<f8")[0]}
        except (binascii.Error, ValueError, IndexError):
            return {}
    if said is None and item.metadata.zarr_format == 2 and item.metadata.fill_value is not None:
        return {"_FillValue": item.metadata.fill_value} if "_ARRAY_DIMENSIONS" in about else {}
    return {}
