"""From a source to a field: by a map, or by what the source says itself."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import checks
from ..errors import InputError, nearest
from ..media.field import Field
from ..units import KINDS
from .fieldmap import load
from .guess import Guess
from .mapped import field_of
from .masks import Masks
from .moments import EXPECTED, TEXT, Moment, moment, several
from .source import Source
from .stated import restated


def field_from(
    source: Source,
    field_map: str | Path | Mapping[str, Any] | None = None,
    time: Moment = None,
    units: Mapping[str, str] | None = None,
    location: str | None = None,
    allow_cold: bool = False,
    asked: Masks = Masks(),  # noqa: B008  a tuple
) -> Field:
    """Return the field in a source; arguments are those of `formats.read`.

    Raises InputError that lists all that is unclear, each with how to say it.
    """
    check_moment(source, time)
    source = restated(source, units, location)
    asks = [several(source.times)] if time is None and len(source.times) > 1 else []
    if field_map is not None:
        plan, named = load(field_map)
        if asks and source.time is not None:
            raise InputError(f"{source.path}: leaves open {asks[0]}")
        return field_of(source, plan, named, time, allow_cold, asked)
    found = Guess(source)
    if asks or found.unclear:
        raise InputError(unclear(source, [*asks, *found.unclear]))
    plan, named = load(tomllib.loads(found.text), "map that follows from the file")
    source = replace(source, notes=(*source.notes, *found.left_out))
    return field_of(source, plan, named, time, allow_cold, asked)


def check_moment(source: Source, time: Moment) -> None:
    """Raise InputError when a source has no moment that is asked for."""
    if time is not None and not source.times:
        raise InputError(f"{source.path}: time is {time!r}, but the file has no times; drop it")
    if time is not None:
        moment(source.times, time, str(source.path), source.names)


def check(field_map: Any, time: Any, units: Any, location: Any, allow_cold: Any) -> None:
    """Raise InputError on arguments of field_from that are wrong in themselves, whatever the source."""
    if isinstance(time, str) and not TEXT.fullmatch(time):
        raise checks.wrong("time", time, EXPECTED)
    if time is not None and not isinstance(time, str):
        checks.number("time", time, unit="s")
    if units is not None:
        checks.instance("units", units, Mapping, 'a dict, as {"length": "m", "T": "K"}')
        for name, unit in units.items():
            checks.text("units", name, "names of arrays, as text")
            _check_unit(f"units of {name}", unit)
    if location is not None:
        checks.choice("location", location, ("cell", "point"))
    checks.instance("allow_cold", allow_cold, bool, "True or False")
    if field_map is not None:
        load(field_map if isinstance(field_map, Mapping) else checks.path("map", field_map))


def _check_unit(name: str, unit: Any) -> None:
    """Raise InputError on a unit that no quantity has, with the one that differs in case or in a letter."""
    expected, known = (
        "a unit that docs/formats.md lists",
        list(dict.fromkeys(u for k in KINDS.values() for u in k)),
    )
    if checks.text(name, unit, expected) not in known:
        same = [u for u in known if u.lower() == unit.lower()]
        raise checks.wrong(
            name, unit, expected + (f" (did you mean '{same[0]}'?)" if same else nearest(unit, known))
        )


def unclear(source: Source, questions: list[str]) -> str:
    """Return the message that asks for what a source does not say."""
    head = f"{source.path}: is {source.format} but not a native field, and it leaves open {'; '.join(questions)}. "
    if source.path.exists():
        return head + (
            "Say it as an argument of read, as a key of [field], as an option of convert (--time, --unit, "
            f"--location), or in the field map that `raytrace-rte inspect {source.path}` writes"
        )
    return head + "Say it as an argument of from_xarray, or in a field map (docs/formats.md)"
