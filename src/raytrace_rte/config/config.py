"""TOML -> a job: read the file, apply the overrides, check every section, then make its objects."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, nearest
from . import detectors
from .sections import (
    CHOICE,
    KINDS,
    SECTIONS,
    AbsorptionSection,
    CompareSection,
    FieldSection,
    ObjectSection,
    OutputSection,
    checked,
    chosen,
)

if TYPE_CHECKING:
    from ..boundaries.walls import Walls
    from ..method import Method
    from ..results.result import Result
    from ..solvers.scene import Sensor


@dataclass(frozen=True)
class Comparing:
    """What is compared: sections of absorption models, methods, and the label of a model; None is what is usual."""

    models: tuple[Any, ...] | None = None
    methods: tuple[Method, ...] | None = None
    reference: str | None = None


RADIOSITY = "radiosity_directions"
"""Key of [walls]; without it solve decides."""


@dataclass(frozen=True)
class Job:
    """A checked config: the objects of a solve, except for the medium, which takes reading the field."""

    path: Path
    field: FieldSection
    absorption: AbsorptionSection | None
    sensor: Sensor[Result]
    walls: Walls
    radiosity_directions: int
    objects: tuple[ObjectSection, ...]
    method: Method
    output: OutputSection
    compare: Comparing

    def resolve(self, name: str) -> Path:
        """Return a path of the config, relative to the config file."""
        return self.path.parent / name

    def of(self, field: FieldSection, into: str | None = None) -> Job:
        """The same job on one field of several, with another output folder if given."""
        output = self.output if into is None else self.output.model_copy(update={"directory": into})
        return replace(self, field=field, output=output)

    @property
    def directory(self) -> Path:
        """The output folder."""
        return self.resolve(self.output.directory).resolve()

    def settings(self) -> dict[str, Any]:
        """Everything that decides the answer, for the record and for --resume."""
        return {
            "field": self.field.arguments(),
            "absorption": self.absorption.model_dump(exclude_none=True) if self.absorption else {},
            "sensor": self.sensor.settings(),
            "walls": self.walls.settings() | {"radiosity_directions": self.radiosity_directions},
            "objects": [thing.model_dump() for thing in self.objects],
            "method": repr(self.method),
        }


def load(path: str | Path, overrides: Iterable[str] = ()) -> Job:
    """Read and check a config; overrides are ``section.key=value`` with TOML values.

    Overriding a section's kind (or model) drops that section's other keys, which belong to the old kind.
    Raises InputError that names file, section and key, what was found and what was expected.
    """
    path = Path(path)
    table = _apply(_read(path), overrides)
    try:
        return _job(path, table)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _job(path: Path, table: dict[str, Any]) -> Job:
    for name, section in table.items():
        if name not in SECTIONS:
            raise InputError(
                f"unknown section [{name}]{nearest(name, SECTIONS)}; sections are {', '.join(SECTIONS)}"
            )
        tables = section if name == "objects" else [section]
        if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
            kind = "a list of tables: [[objects]]" if name == "objects" else f"a table: [{name}]"
            raise InputError(f"'{name}' is {section!r}; expected {kind}")
    if "sensor" not in table:
        raise InputError(
            f"section [sensor] is missing; add one with kind = one of {', '.join(KINDS['sensor'])}"
        )
    field = _field(checked("field", FieldSection, table.get("field", {})))
    absorption = chosen("absorption", table["absorption"]) if "absorption" in table else None
    sensor = chosen("sensor", table["sensor"])
    detector = chosen("detector", table["detector"], detectors.KINDS) if "detector" in table else None
    walls, count = _walls(table.get("walls", {}))
    objects = tuple(chosen("objects", thing) for thing in table.get("objects", []))
    method = chosen("method", {"kind": "auto"} | table.get("method", {}))
    output = checked("output", OutputSection, table.get("output", {}))
    compare = checked("compare", CompareSection, table.get("compare", {}))
    models = _listed("models", "absorption", compare.models, absorption)
    methods = _listed("methods", "method", compare.methods, method)
    detectors.check_quantity(output.quantity, detector)
    return Job(  # built only now: a misspelt key is told without NumPy
        path=path,
        field=field,
        absorption=absorption,
        sensor=_sensor(path, sensor, detector),
        walls=_built("walls", walls),
        radiosity_directions=_usual_directions() if count is None else count,
        objects=objects,
        method=_built("method", method),
        output=output,
        compare=Comparing(
            models, methods and tuple(_built("compare", one) for one in methods), compare.reference
        ),
    )


def _listed(key: str, name: str, entries: list[Any] | None, own: Any) -> tuple[Any, ...] | None:
    """The sections of a list under [compare]; a name alone is the job's own section where that is of this kind."""
    if entries is None:
        return None
    out = []
    for n, entry in enumerate(entries):
        if isinstance(entry, str) and own is not None and getattr(own, CHOICE[name]) == entry:
            out.append(own)
            continue
        try:
            out.append(chosen(name, {CHOICE[name]: entry} if isinstance(entry, str) else entry))
        except InputError as error:
            plain = str(error).removeprefix(f"[{name}]: ")
            raise InputError(f"[compare]: {key}[{n}]: {plain}") from None
    if not out:
        raise InputError(f"[compare]: {key} is empty; name some, or leave it out")
    return tuple(out)


def _usual_directions() -> int:
    """What solve takes where a job says nothing."""
    from ..solvers.scene import RADIOSITY_DIRECTIONS

    return RADIOSITY_DIRECTIONS


def _walls(table: dict[str, Any]) -> tuple[Any, int | None]:
    """The section of the walls, and rays from each reflecting surface element, which is for objects too."""
    given = {"kind": "open"} | table
    if RADIOSITY not in given:
        return chosen("walls", given), None
    from .. import checks

    count = checks.whole(f"[walls]: {RADIOSITY}", given.pop(RADIOSITY), low=18)
    return chosen("walls", given), count


def _field(section: FieldSection) -> FieldSection:
    given = [name for name in ("file", "files", "sample") if getattr(section, name) is not None]
    if len(given) > 1:
        raise InputError(f"[field]: found {' and '.join(given)}; expected one of the two")
    if section.files is not None and section.times is not None:
        raise InputError(
            "[field]: found files and times; times are those in one file: give file instead of files"
        )
    from_files = section.file is not None or section.files is not None
    if section.times == []:
        raise InputError('[field]: times is an empty list; expected times [s], or "all"')
    if isinstance(section.times, list) and len(set(section.times)) < len(section.times):
        raise InputError("[field]: times names a moment twice; expected each moment once")
    if not from_files and any(isinstance(t, str) for t in section.times or ()):
        raise InputError("[field]: a sample has no times of its own; expected a list of times [s]")
    if not from_files and isinstance(section.time, str):
        raise InputError(
            f"[field]: time is '{section.time}', and a sample has no first or last; expected a time [s]"
        )
    for key in ("map", "units", "location", "options", "lower", "upper", "shape", "outside", "radius"):
        if not from_files and getattr(section, key) is not None:
            raise InputError(f'[field]: {key} is given without a file; add file = "..." or drop the {key}')
    if from_files and section.cells is not None:
        raise InputError("[field]: cells belongs to a sample; a file has its own grid; drop cells")
    if from_files and section.activation is not None:
        raise InputError("[field]: activation belongs to a sample; a file has its own flame; drop activation")
    for name in ("no_data", "valid"):
        if not from_files and getattr(section, name) is not None:
            raise InputError(
                f"[field]: {name} belongs to a file; a sample has data in all cells; drop {name}"
            )
    if section.time is not None and section.times is not None:
        raise InputError("[field]: found time and times; expected one of the two")
    if not given:
        return section.model_copy(update={"sample": "pool-fire"})
    return section


def _sensor(path: Path, section: Any, detector: Any) -> Any:
    """The sensor, with a detector behind it if there is one."""
    sensor = _built("sensor", section)
    return sensor if detector is None else detectors.built(detector, sensor, lambda name: path.parent / name)


def _built(name: str, section: Any) -> Any:
    """Call the function that the section's kind names."""
    try:
        return section.build()
    except InputError as error:
        plain = str(error).removeprefix(f"{name}: ").removeprefix(f"{section.kind}: ")
        raise InputError(f"[{name}]: {plain}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such config file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a TOML text file ({error})") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not valid TOML: {error}") from None


def _apply(table: dict[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    parsed = [_override(text) for text in overrides]
    parsed.sort(key=lambda item: item[1] != CHOICE.get(item[0]))  # kinds first: they clear the section
    for section, key, value in parsed:
        old = table.setdefault(section, {})
        if not isinstance(old, dict):
            raise InputError(f"--set {section}.{key}: '{section}' is not a section")
        if key == CHOICE.get(section) and old.get(key) != value:
            old.clear()
        old[key] = value
    return table


def _override(text: str) -> tuple[str, str, Any]:
    name, equals, value = text.partition("=")
    section, dot, key = name.strip().partition(".")
    if not (equals and dot and section and key):
        raise InputError(f"--set {text}: expected section.key=value, as in method.kind=march")
    try:
        return section, key, tomllib.loads(f"v = {value}")["v"]
    except tomllib.TOMLDecodeError:
        return section, key, value.strip()
