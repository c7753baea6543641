"""Which axis of an array is which in space and time, by the names of its dims and the positions along them.

As netCDF, Zarr and xarray have it: a dim's positions are the array of its name, and the attributes `axis`,
`standard_name`, `bounds` and `cell_methods` of the CF Conventions say what these and the values mean.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from ..units import plain
from .cf import seconds
from .moments import Moment, moment
from .names import AXES, axis_of
from .source import Array

TIME = "time"
Shown = tuple[dict[str, Array], list[float], float | None]
MEANS = ("mean", "sum", "minimum", "maximum", "mid_range")
"""Cell methods of values that belong to a cell as a whole."""


def labelled(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays with dims in space called x, y and z, that of times "time", and positions known as such.

    Dims of one array that would get the same name keep theirs.
    """
    out = {name: replace(a, dims=_renamed(a, arrays)) for name, a in arrays.items()}
    for name, a in arrays.items():
        axis = _axis(name, arrays) if len(a.dims) == 1 and a.dims[0] == _leaf(name) else ""
        if axis not in AXES:
            continue
        bounds = _beside(name, plain(a.attributes.get("bounds")), arrays)
        inside = "cell" if bounds is not None and bounds.shape == (*a.shape, 2) else ""
        out[name] = replace(out[name], quantity=axis, location=inside)
        if bounds is not None and inside:
            units = bounds.units or a.units
            out[bounds.name] = replace(out[bounds.name], quantity=axis, location=inside, units=units)
    return {name: replace(a, location=a.location or _location(a)) for name, a in out.items()}


def times(arrays: Mapping[str, Array]) -> list[float]:
    """Return the moments along the dim "time" of labelled arrays [s]; nan where their unit is not known."""
    lengths = [n for a in arrays.values() for dim, n in zip(a.dims, a.shape, strict=True) if dim == TIME]
    for a in arrays.values():
        if a.dims == (TIME,) and a.dtype.kind in "fiu" and (_leaf(a.name).lower() in ("time", "t")):
            found = seconds(a.load(()), a.units)
            if found is not None and len(found) in lengths:
                return found
    return [math.nan] * max(lengths, default=0)


def shown(array: Array, i: int) -> Array:
    """Return what an array with a dim "time" holds at moment i; others as they are."""
    if TIME not in array.dims:
        return array
    at = array.dims.index(TIME)

    def load(index: tuple[Any, ...]) -> NDArray[Any]:
        index = (*index, *[slice(None)] * (len(array.shape) - 1 - len(index)))
        return array.load((*index[:at], i, *index[at:]))

    rest = lambda items: (*items[:at], *items[at + 1 :])  # noqa: E731
    return replace(array, shape=rest(array.shape), dims=rest(array.dims), load=load)


def at_moment(arrays: Mapping[str, Array], time: Moment, where: str) -> Shown:
    """Return labelled arrays at one moment, all moments [s], and the one that they show; None without moments.

    Raises InputError when the time is none of them.
    """
    moments = times(arrays)
    if not moments:
        return dict(arrays), [], None
    i = moment(moments, time, where)
    return {name: shown(a, i) for name, a in arrays.items()}, moments, moments[i]


def _leaf(name: str) -> str:
    return name.rpartition("/")[2]


def _beside(name: str, other: str, arrays: Mapping[str, Array]) -> Array | None:
    """The array of another name in the same group."""
    return arrays.get(f"{name.rpartition('/')[0]}/{other}".lstrip("/")) if other else None


def _axis(name: str, arrays: Mapping[str, Array]) -> str:
    """What a dim is, named as the array of its positions is or would be: x, y, z, time or ""."""
    about = arrays[name].attributes if name in arrays else {}
    said = plain(about.get("axis")).lower()
    if said in ("x", "y", "z", "t"):
        return TIME if said == "t" else said
    if plain(about.get("standard_name")) == "time" or _leaf(name).lower() in ("time", "t"):
        return TIME
    return axis_of(name)


def _renamed(array: Array, arrays: Mapping[str, Array]) -> tuple[str, ...]:
    group = array.name.rpartition("/")[0]
    new = [_axis(f"{group}/{dim}".lstrip("/"), arrays) if dim else "" for dim in array.dims]
    known = [name for name in new if name]
    clear = len(set(known)) == len(known)
    return tuple(name or dim if clear else dim for name, dim in zip(new, array.dims, strict=True))


def _location(array: Array) -> str:
    """What the attribute cell_methods says of axes in space: "cell", "point" or ""."""
    said = plain(array.attributes.get("cell_methods"))
    for names, method in re.findall(r"((?:\w+: )+)(\w+)", said):
        if any(axis_of(n) or n in ("area", "volume") for n in names.replace(":", "").split()):
            return "cell" if method in MEANS else "point" if method == "point" else ""
    return ""
