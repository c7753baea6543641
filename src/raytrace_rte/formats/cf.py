"""Attributes of the CF and netCDF conventions: packed numbers, fill values, valid ranges, times.

CF Conventions 1.11, sections 2.5.1 (missing data, valid and actual range) and 8.1 (packed data).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..units import KINDS, plain
from .source import Array

FILLS = ("_FillValue", "missing_value")
VALID = ("valid_range", "valid_min", "valid_max")
UNWRITTEN = 9.969209968386869e36
"""What the netCDF library leaves in floating numbers that nobody wrote."""


def unpacked(array: Array, unwritten: bool = False) -> Array:
    """Return an array of real numbers with its attributes honoured: scaled, NaN where it has no data.

    unwritten: whether the netCDF library's own fill value counts, too
    """
    about = array.attributes
    packed = any(_number(about, key) is not None for key in ("scale_factor", "add_offset"))
    gaps = any(key in about for key in (*FILLS, *VALID)) or (unwritten and array.dtype.kind == "f")
    if array.dtype.kind not in "fiu" or not (packed or gaps):
        return array
    dtype = _dtype(array, packed)

    def load(index: tuple[Any, ...]) -> NDArray[Any]:
        raw = array.load(index)
        missing = _missing(raw, about, unwritten)
        numbers = _scaled(raw, about, dtype) if packed else raw.astype(dtype, copy=False)
        beyond = _beyond(numbers, about) if packed else None
        missing = beyond if missing is None else missing if beyond is None else missing | beyond
        if missing is None or not missing.any():
            return numbers
        return np.where(missing, dtype.type(np.nan), numbers)

    return replace(array, dtype=dtype, load=load, gaps=array.gaps or gaps)


def _number(about: Mapping[str, Any], key: str) -> Any:
    """Return an attribute that is one number, None where it is not."""
    value = np.ravel(np.asarray(about.get(key, ())))
    return value[0] if value.size == 1 and value.dtype.kind in "fiu" else None


def _dtype(array: Array, packed: bool) -> np.dtype[Any]:
    """The type of unpacked numbers: that of scale_factor and add_offset, as CF has it; float64 for wide integers."""
    small = array.dtype.itemsize <= 2
    if packed:
        given = [v for k in ("scale_factor", "add_offset") if (v := _number(array.attributes, k)) is not None]
        single = all(value.dtype == np.float32 for value in given)
        return np.dtype(np.float32 if single and (small or array.dtype.kind == "f") else np.float64)
    if array.dtype.kind == "f":
        return array.dtype.newbyteorder("=")
    return np.dtype(np.float32 if small else np.float64)


def _scaled(raw: NDArray[Any], about: Mapping[str, Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    scale, offset = _number(about, "scale_factor"), _number(about, "add_offset")
    numbers = raw.astype(dtype)
    if scale is not None:
        numbers *= dtype.type(scale)
    if offset is not None:
        numbers += dtype.type(offset)
    return numbers


def _missing(raw: NDArray[Any], about: Mapping[str, Any], unwritten: bool) -> NDArray[np.bool_] | None:
    """Where numbers, as they are stored, are fill values or not valid; None: nowhere."""
    out: NDArray[np.bool_] | None = None
    fills = [value for key in FILLS for value in np.ravel(np.asarray(about.get(key, ())))]
    fills += [UNWRITTEN] if unwritten and raw.dtype.kind == "f" else []
    for fill in fills:
        if np.asarray(fill).dtype.kind in "fiu" and fill == fill:  # NaN marks itself
            same = raw == raw.dtype.type(fill)
            out = same if out is None else out | same
    wide = _outside(raw, about) if _as_stored(raw.dtype, about) else None
    return wide if out is None else out if wide is None else out | wide


def _beyond(numbers: NDArray[Any], about: Mapping[str, Any]) -> NDArray[np.bool_] | None:
    """Where unpacked numbers are outside a valid range that is given for these."""
    return None if _as_stored(np.dtype(np.int64), about) else _outside(numbers, about)


def _as_stored(dtype: np.dtype[Any], about: Mapping[str, Any]) -> bool:
    """Whether the valid range is one of stored numbers: of whole ones where these are whole."""
    kinds = {np.asarray(about[key]).dtype.kind for key in VALID if key in about}
    return dtype.kind == "f" or "f" not in kinds


def _outside(numbers: NDArray[Any], about: Mapping[str, Any]) -> NDArray[np.bool_] | None:
    low, high = _number(about, "valid_min"), _number(about, "valid_max")
    span = np.ravel(np.asarray(about.get("valid_range", ())))
    if span.size == 2 and span.dtype.kind in "fiu":
        low, high = span
    if low is None and high is None:
        return None
    return ~((numbers >= (-np.inf if low is None else low)) & (numbers <= (np.inf if high is None else high)))


def seconds(values: NDArray[Any], units: object) -> list[float] | None:
    """Return times in seconds, of units as "s" or "hours since 2026-01-01"; None where the unit is not known."""
    scale = KINDS["time"].get(plain(units).partition(" since ")[0].strip())
    return None if scale is None else [float(t) * scale for t in np.ravel(values)]
