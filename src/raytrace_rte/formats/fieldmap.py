"""The field map: which array of a file is which quantity (docs/formats.md has an example).

A map says what a file does not: each key may be left out where the file states it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic import Field as Key

from ..errors import InputError, nearest
from .names import AXES

SCALARS = {
    "temperature": "temperature",
    "pressure": "pressure",
    "soot_volume_fraction": "volume fraction",
    "absorption_coefficient": "absorption",
    "heat_release": "heat release",
    "density": "density",
}
"""Table of the map -> kind of its unit."""


class Table(BaseModel):
    """One table of a map; its fields are the keys allowed there."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Coordinate(Table):
    """Positions along an axis: a dataset, or the faces of the cells as numbers."""

    dataset: str | None = None
    faces: Annotated[list[float], Key(min_length=2)] | None = None
    units: str | None = None


def _coordinate(value: Any) -> Any:
    """A list of numbers is short for a table of faces."""
    return {"faces": value} if isinstance(value, list) else value


Positions = Annotated[Coordinate | None, BeforeValidator(_coordinate)]


class GridTable(Table):
    """Meaning of the arrays' axes (slowest first), and where the cells or points are."""

    axis_order: Annotated[list[Literal["x", "y", "z"]], Key(min_length=1, max_length=3)] | None = None
    location: Literal["cell", "point"] | None = None
    x: Positions = None
    y: Positions = None
    z: Positions = None
    origin: list[float] | None = None
    spacing: list[float] | None = None
    units: str | None = None


class Quantity(Table):
    """One array: a dataset, or one value for all cells."""

    dataset: str | None = None
    value: float | None = None
    units: str | None = None
    select: str | None = None


class Map(Table):
    """The whole map."""

    grid: GridTable = GridTable()
    temperature: Quantity
    pressure: Quantity | None = None
    mole_fraction: dict[str, Quantity] = {}
    mass_fraction: dict[str, Quantity] = {}
    balance: str | None = None
    soot_volume_fraction: Quantity | None = None
    absorption_coefficient: Quantity | None = None
    heat_release: Quantity | None = None
    density: Quantity | None = None
    valid: Quantity | None = None
    marker: dict[str, Quantity] = {}


def load(field_map: str | Path | Mapping[str, Any], named: str = "field map") -> tuple[Map, str]:
    """Return a map (TOML file or the same tables in a dict), and what messages call it.

    named: what they call tables
    Raises InputError that names the key, what was found and what was expected.
    """
    if isinstance(field_map, Mapping):
        table = field_map
    else:
        named = f"field map {field_map}"
        try:
            table = tomllib.loads(Path(field_map).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(f"{named}: no such file; `raytrace-rte inspect FILE` writes one") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(f"{named}: not a readable TOML file: {error}") from None
    try:
        plan = Map.model_validate(dict(table))
    except ValidationError as error:
        raise InputError(f"{named}: {_sentence(error)}") from None
    _check_sense(plan, named)
    return plan, named


def _check_sense(plan: Map, named: str) -> None:
    order = plan.grid.axis_order or []
    if len(set(order)) != len(order):
        raise InputError(f"{named}: [grid] axis_order is {order}; each axis may stand once")
    if plan.mole_fraction and plan.mass_fraction:
        raise InputError(f"{named}: found mole_fraction and mass_fraction; expected one of the two")
    if plan.balance is not None and not plan.mass_fraction:
        raise InputError(f"{named}: balance is the rest of mass fractions, and there are none; remove it")
    quantities = {name: getattr(plan, name) for name in SCALARS}
    for kind in ("mole_fraction", "mass_fraction"):
        quantities |= {f"{kind}.{name}": quantity for name, quantity in getattr(plan, kind).items()}
    for axis in AXES:
        given: Coordinate | None = getattr(plan.grid, axis)
        if given is not None and (given.dataset is None) == (given.faces is None):
            raise InputError(f"{named}: [grid] {axis} needs either a dataset or faces, a list of numbers")
    for name, quantity in quantities.items():
        if quantity is not None and (quantity.dataset is None) == (quantity.value is None):
            raise InputError(f"{named}: [{name}] needs either a dataset or a value")
    marks = {f"marker.{name}": mark for name, mark in plan.marker.items()} | {"valid": plan.valid}
    for name, mark in marks.items():
        if mark is not None and (mark.dataset is None or mark.units is not None):
            raise InputError(f"{named}: [{name}] takes a dataset and select, no value and no units")
    if not any(q is not None and q.dataset is not None for q in quantities.values()):
        raise InputError(f"{named}: no quantity names a dataset; expected one at least, as [temperature]")


def _sentence(error: ValidationError) -> str:
    problem = min(error.errors(), key=lambda p: p["type"] != "extra_forbidden")
    *tables, key = (str(part) for part in problem["loc"])
    if key == "balance":
        return 'balance is the name of a species, at the top of the map, above all tables: balance = "N2"'
    where = f"[{'.'.join(tables)}]" if tables else "top level"
    if problem["type"] == "extra_forbidden":
        model: Any = Map
        if tables:
            model = {"grid": GridTable}.get(tables[0], Quantity)
            model = Coordinate if tables[0] == "grid" and len(tables) > 1 else model
        known = list(model.model_fields)
        return f"{where} has an unknown key '{key}'{nearest(key, known)}; keys there are {', '.join(known)}"
    if problem["type"] == "missing":
        return f"{where} lacks the key '{key}'; add it"
    if problem["type"] == "model_type":
        return f"{where} {key} is {problem['input']!r}; expected a table with dataset and units"
    return f"{where} {key} is {problem['input']!r}: {problem['msg'].lower()}"
