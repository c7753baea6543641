"""Datasets of xarray in memory (or opened lazily by it), as a source: dims by name, units by attribute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..media.field import Field
from ..units import plain
from . import dims
from .cf import FILLS, unpacked
from .masks import masks
from .reading import check, field_from
from .source import Array, Source

if TYPE_CHECKING:
    from xarray import DataArray, Dataset, Variable


def is_xarray(thing: object) -> bool:
    """Whether it is a Dataset or DataArray of xarray, asked without importing it."""
    return (
        type(thing).__module__.startswith("xarray.") and hasattr(thing, "dims") and hasattr(thing, "coords")
    )


def from_xarray(
    ds: Dataset | DataArray,
    map: str | Path | Mapping[str, Any] | None = None,
    allow_cold: bool = False,
    *,
    time: float | str | None = None,
    units: Mapping[str, str] | None = None,
    location: str | None = None,
    no_data: float | Sequence[float] | None = None,
    valid: str | None = None,
    markers: Sequence[str] = (),
) -> Field:
    """Return the field in a Dataset (or DataArray) of xarray; arrays in the order x, y, z are not copied.

    Which dim is x, y or z follows from its name or its coordinate's attribute `axis`, units from the attributes
    `units`, faces of cells from a coordinate's `bounds`; where these are missing, arguments say it, as those of
    `read`: ds is what path is there.

    Raises InputError that lists what the dataset leaves open, and as `read` does.
    """
    if not is_xarray(ds):
        raise checks.wrong("from_xarray: ds", ds, "a Dataset or DataArray of xarray")
    check(map, time, units, location, allow_cold)
    asked = masks(no_data, valid, markers)
    return field_from(source_of(ds), map, time, units, location, allow_cold, asked)


def source_of(ds: Dataset | DataArray) -> Source:
    """Return a Dataset or DataArray as a source."""
    named = f"xarray {type(ds).__name__}"
    if hasattr(ds, "to_dataset"):
        ds = ds.to_dataset(name=plain(ds.name) or "unnamed")
    arrays = dims.labelled({str(name): _array(str(name), ds.variables[name]) for name in ds.variables})
    about = {str(key): value for key, value in ds.attrs.items()}
    return Source(Path(named), named, arrays, about, times=dims.times(arrays))


def _array(name: str, variable: Variable) -> Array:
    about = {str(key): value for key, value in variable.attrs.items()}
    filled = any(variable.encoding.get(key) is not None for key in FILLS)  # xarray has made NaN of these
    units = plain(about.get("units"))

    def load(index: tuple[Any, ...]) -> NDArray[Any]:
        found = np.asarray((variable[index] if index else variable).values)
        return _seconds(found) if found.dtype.kind in "mM" else found

    dtype = variable.dtype
    if dtype.kind in "mM":
        dtype, units = np.dtype(np.float64), "s"
    names = tuple(str(dim) for dim in variable.dims)
    array = unpacked(Array(name, variable.shape, dtype, load, units, names, attributes=about))
    return replace(array, gaps=array.gaps or filled)


def _seconds(times: NDArray[Any]) -> NDArray[np.float64]:
    """Durations in seconds; moments in seconds after the first."""
    spans = times - times.min() if times.dtype.kind == "M" and times.size else times
    return np.asarray(spans / np.timedelta64(1, "s"), dtype=np.float64)
