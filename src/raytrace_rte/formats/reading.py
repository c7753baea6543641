"""From a source to a field: by a map, or by what the source says itself."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import checks
from ..errors import InputError
from ..media.field import Field
from .fieldmap import load
from .guess import Guess
from .mapped import field_of, several
from .source import Moment, Source
from .stated import restated


def field_from(
    source: Source,
    field_map: str | Path | Mapping[str, Any] | None = None,
    time: Moment = None,
    units: Mapping[str, str] | None = None,
    location: str | None = None,
    allow_cold: bool = False,
) -> Field:
    """Return the field in a source; arguments are those of `formats.read`.

    Raises InputError that lists all that is unclear, each with how to say it.
    """
    if time is not None:
        if not isinstance(time, str):
            time = checks.number(f"{source.path}: time", time, unit="s")
        if not source.times:
            raise InputError(f"{source.path}: time is {time!r}, but the file has no times; drop it")
    source = restated(source, units, location)
    asks = [several(source.times)] if time is None and len(source.times) > 1 else []
    if field_map is not None:
        plan, named = load(field_map)
        if asks and source.time is not None:
            raise InputError(f"{source.path}: leaves open {asks[0]}")
        return field_of(source, plan, named, time, allow_cold)
    found = Guess(source)
    if asks or found.unclear:
        raise InputError(unclear(source, [*asks, *found.unclear]))
    plan, named = load(tomllib.loads(found.text), "map that follows from the file")
    return field_of(source, plan, named, time, allow_cold)


def unclear(source: Source, questions: list[str]) -> str:
    """Return the message that asks for what a source does not say."""
    return (
        f"{source.path}: is {source.format} but not a native field, and it leaves open {'; '.join(questions)}. "
        f"Say it as an argument of read, as a key of [field], or in the field map that `raytrace-rte inspect "
        f"{source.path}` writes"
    )
