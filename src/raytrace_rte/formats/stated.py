"""What the user states of a source, before all that the file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..errors import InputError, nearest
from ..units import plain
from .names import ALONG_ONE_AXIS, AXES, axis_of, bare, leaf
from .source import Array, Source, listed, printable

LENGTH = "length"


def restated(source: Source, units: Mapping[str, str] | None = None, location: str | None = None) -> Source:
    """Return the source with units and location as the user states them.

    units: name of an array, or "length" for all positions -> unit; location: "cell" or "point" of values and
    positions; arrays that the file itself has elsewhere are left out.
    Raises InputError on a name that there is not, and on a location at which the file has nothing.
    """
    for name, unit in (units or {}).items():
        source = _with_unit(source, name, unit)
    return source if location is None else _at(source, location)


def _with_unit(source: Source, name: str, unit: str) -> Source:
    if name == LENGTH:
        arrays = {n: replace(a, units=unit) if _is_position(a) else a for n, a in source.arrays.items()}
        note = ", ".join(filter(None, (f"length {unit}", plain(source.attributes.get("units")))))
        return replace(
            source,
            arrays=arrays,
            attributes={**source.attributes, "units": note},
            grid=None if source.grid is None else replace(source.grid, units=unit),
            mesh=None if source.mesh is None else replace(source.mesh, units=unit),
        )
    found = [n for n in source.arrays if name in (n, leaf(n), bare(n))]
    exact = [n for n in found if n == name]
    if not found:
        known = [LENGTH, *map(printable, source.arrays)]
        raise InputError(
            f"{source.path}: units: there is no array '{name}'{nearest(name, known)}; names are {listed(known)}"
        )
    changed = {n: replace(source.arrays[n], units=unit) for n in exact or found}
    return replace(source, arrays={**source.arrays, **changed})


def _is_position(array: Array) -> bool:
    """Whether an array holds positions along an axis, by what the format says or by its name."""
    if array.quantity:
        return array.quantity in AXES
    alone = len(array.shape) == 1
    return alone and (bool(axis_of(array.name)) or leaf(array.name).lower() in ALONG_ONE_AXIS)


def _at(source: Source, location: str) -> Source:
    other = {a.location for a in source.arrays.values()} - {""}
    kept = {
        n: replace(a, location=location) for n, a in source.arrays.items() if a.location in ("", location)
    }
    if other and location not in other and not any(not a.location for a in source.arrays.values()):
        raise InputError(f"{source.path}: location is '{location}', but all its values are at {other.pop()}s")
    return replace(source, arrays=kept)
