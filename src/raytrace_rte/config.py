"""TOML <-> the objects of a job. Section = concept, key = argument of the Python function of that name.

Nothing here imports Numba: a mistake in a config is reported at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import InputError, nearest
from .grid import FACES
from .method import Auto, March, Method, Thick, Thin, Threshold
from .radiometers import PointSensor, incident, radiometer, wall_flux
from .rays import Rays
from .sensors import HeatSource, Sensor, camera, camera_orthographic, heat_source, line_of_sight
from .walls import Walls, black, grey, mirror, open_, periodic

Vector = Annotated[list[float], Field(min_length=3, max_length=3)]
Shape = Annotated[list[int], Field(min_length=2, max_length=2)]


class Section(BaseModel):
    """One table of a config; its fields are the keys allowed there."""

    model_config = ConfigDict(extra="forbid", strict=True)

    def arguments(self) -> dict[str, Any]:
        """The keys given, without those that only choose the function."""
        return self.model_dump(exclude={"kind", "model"}, exclude_none=True)


class FieldSection(Section):
    """Which field: a file (native, or through a map), or one of the samples."""

    file: str | None = None
    map: str | None = None
    allow_cold: bool = False
    sample: str | None = None
    cells: int | None = None


class GivenSection(Section):
    """absorption.given."""

    model: Literal["given"]


class PlanckMeanSection(Section):
    """absorption.planck_mean."""

    model: Literal["planck_mean"]
    species: list[str] | None = None


class CameraSection(Section):
    """sensors.camera."""

    kind: Literal["camera"]
    position: Vector
    look_at: Vector
    shape: Shape = [512, 512]
    field_of_view_deg: float = 30.0
    up: Vector = [0.0, 0.0, 1.0]


class OrthographicSection(Section):
    """sensors.camera_orthographic."""

    kind: Literal["camera_orthographic"]
    position: Vector
    look_at: Vector
    shape: Shape = [512, 512]
    width: float = 1.0
    up: Vector = [0.0, 0.0, 1.0]


class LineOfSightSection(Section):
    """sensors.line_of_sight."""

    kind: Literal["line_of_sight"]
    origin: Vector
    direction: Vector


class RaysSection(Section):
    """rays.Rays."""

    kind: Literal["rays"]
    origin: list[Vector]
    direction: list[Vector]


class RadiometerSection(Section):
    """radiometers.radiometer."""

    kind: Literal["radiometer"]
    position: Vector | list[Vector]
    normal: Vector | list[Vector]
    view_angle_deg: float = 180.0
    directions: int = 400


class WallFluxSection(Section):
    """radiometers.wall_flux."""

    kind: Literal["wall_flux"]
    face: str
    directions: int = 400


class IncidentSection(Section):
    """radiometers.incident."""

    kind: Literal["incident"]
    points: list[Vector] | None = None
    directions: int = 400
    seed: int = 0


class HeatSourceSection(Section):
    """sensors.heat_source."""

    kind: Literal["heat_source"]
    directions: int = 100
    seed: int = 0
    lines: int = 1


class FaceSection(Section):
    """What is at one face, when it is not black: kind and, for grey, temperature and emissivity."""

    kind: Literal["black", "open", "grey", "mirror", "periodic"]
    temperature: float | None = None
    emissivity: float | None = None

    def made(self) -> Walls:
        """Return these walls."""
        keys = {k: v for k, v in self.arguments().items() if v is not None}
        maker = {"black": black, "open": open_, "grey": grey, "mirror": mirror, "periodic": periodic}[
            self.kind
        ]
        try:
            return maker(**keys)  # type: ignore[operator]
        except TypeError:
            takes = {
                "black": "temperature",
                "open": "an optional temperature",
                "grey": "temperature and emissivity",
            }
            raise InputError(
                f"a face of kind '{self.kind}' takes {takes.get(self.kind, 'no other key')}; "
                f"found {', '.join(keys) if keys else 'none'}"
            ) from None


class FacesSection(Section):
    """Keys of all walls whose faces may differ: a temperature of a black face, or a table."""

    x_min: float | FaceSection | None = None
    x_max: float | FaceSection | None = None
    y_min: float | FaceSection | None = None
    y_max: float | FaceSection | None = None
    z_min: float | FaceSection | None = None
    z_max: float | FaceSection | None = None

    def arguments(self) -> dict[str, Any]:
        """The keys given, faces made."""
        given = {k: getattr(self, k) for k in type(self).model_fields if k != "kind"}
        return {k: v.made() if isinstance(v, FaceSection) else v for k, v in given.items() if v is not None}


class BlackSection(FacesSection):
    """walls.black."""

    kind: Literal["black"]
    temperature: float


class GreySection(FacesSection):
    """walls.grey."""

    kind: Literal["grey"]
    temperature: float
    emissivity: float


class OpenSection(FacesSection):
    """walls.open_."""

    kind: Literal["open"] = "open"
    temperature: float | None = None
    intensity: float | list[float] | None = None


class MarchSection(Section):
    """method.March."""

    kind: Literal["march"]
    order: int = 2
    stop: float | None = None


class AutoSection(Section):
    """method.Auto."""

    kind: Literal["auto"]
    rtol: float = 1e-3
    atol: float | None = None


class ThresholdSection(Section):
    """method.Threshold."""

    kind: Literal["threshold"]
    delta: float = 30.0
    terms: int = 2


class ThickSection(Section):
    """method.Thick."""

    kind: Literal["thick"]
    terms: int = 2


class ThinSection(Section):
    """method.Thin."""

    kind: Literal["thin"]


class BoxSection(Section):
    """opaque.solids, for the cells whose centres are inside a box."""

    kind: Literal["box"]
    lower: Vector
    upper: Vector
    temperature: float
    emissivity: float = 1.0


class MeshSection(Section):
    """meshes.mesh."""

    kind: Literal["mesh"]
    file: str
    temperature: float
    emissivity: float = 1.0
    scale: float = 1.0


class OutputSection(Section):
    """Where results go, and which quantity the picture shows."""

    directory: str = "out"
    quantity: Literal["radiance", "brightness_temperature", "transmittance", "optical_depth"] = "radiance"


SENSORS = {
    "camera": (CameraSection, camera),
    "camera_orthographic": (OrthographicSection, camera_orthographic),
    "line_of_sight": (LineOfSightSection, line_of_sight),
    "rays": (RaysSection, Rays),
    "radiometer": (RadiometerSection, radiometer),
    "wall_flux": (WallFluxSection, wall_flux),
    "incident": (IncidentSection, incident),
    "heat_source": (HeatSourceSection, heat_source),
}
WALLS = {"black": (BlackSection, black), "grey": (GreySection, grey), "open": (OpenSection, open_)}
METHODS = {
    "auto": (AutoSection, Auto),
    "march": (MarchSection, March),
    "threshold": (ThresholdSection, Threshold),
    "thick": (ThickSection, Thick),
    "thin": (ThinSection, Thin),
}
OBJECTS = {"box": BoxSection, "mesh": MeshSection}
ABSORPTION = {"given": GivenSection, "planck_mean": PlanckMeanSection}
SECTIONS = ("field", "absorption", "sensor", "walls", "objects", "method", "output")
CHOICE = {"absorption": "model", "sensor": "kind", "walls": "kind", "objects": "kind", "method": "kind"}
"""The key that chooses the function in each section where there is a choice."""


@dataclass(frozen=True)
class Job:
    """A checked config: the objects of a solve, except for the medium, which takes reading the field."""

    path: Path
    field: FieldSection
    absorption: GivenSection | PlanckMeanSection | None
    sensor: Sensor | PointSensor | HeatSource
    walls: Walls
    objects: tuple[BoxSection | MeshSection, ...]
    method: Method
    output: OutputSection

    def resolve(self, name: str) -> Path:
        """Return a path of the config, relative to the config file."""
        return self.path.parent / name

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
            "walls": self.walls.settings(),
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
        expected = list if name == "objects" else dict
        if not isinstance(section, expected):
            kind = "a list of tables: [[objects]]" if name == "objects" else f"a table: [{name}]"
            raise InputError(f"'{name}' is {section!r}; expected {kind}")
    if "sensor" not in table:
        raise InputError(f"section [sensor] is missing; add one with kind = one of {', '.join(SENSORS)}")
    absorption = table.get("absorption")
    return Job(
        path=path,
        field=_field(_checked("field", FieldSection, table.get("field", {}))),
        absorption=_chosen("absorption", ABSORPTION, absorption) if absorption is not None else None,
        sensor=_made("sensor", SENSORS, table["sensor"]),
        walls=_made("walls", WALLS, {"kind": "open"} | table.get("walls", {})),
        objects=tuple(_chosen("objects", OBJECTS, thing) for thing in table.get("objects", [])),
        method=_made("method", METHODS, {"kind": "auto"} | table.get("method", {})),
        output=_checked("output", OutputSection, table.get("output", {})),
    )


def _field(section: FieldSection) -> FieldSection:
    if section.file is not None and section.sample is not None:
        raise InputError("[field]: found file and sample; expected one of the two")
    if section.file is None and section.map is not None:
        raise InputError('[field]: map is given without a file; add file = "..." or drop the map')
    if section.file is not None and section.cells is not None:
        raise InputError("[field]: cells belongs to a sample; a file has its own grid; drop cells")
    if section.file is None and section.sample is None:
        return section.model_copy(update={"sample": "pool-fire"})
    return section


def _made(name: str, choices: Mapping[str, tuple[Any, Any]], table: dict[str, Any]) -> Any:
    """Check a section and call the function that its kind names."""
    section = _chosen(name, {kind: model for kind, (model, _) in choices.items()}, table)
    _, function = choices[table["kind"]]
    try:
        return function(**section.arguments())
    except InputError as error:
        plain = str(error).removeprefix(f"{name}: ").removeprefix(f"{table['kind']}: ")
        raise InputError(f"[{name}]: {plain}") from None


def _chosen(name: str, choices: Mapping[str, Any], table: dict[str, Any]) -> Any:
    key = CHOICE[name]
    kind = table.get(key)
    if not isinstance(kind, str) or kind not in choices:
        found = f"{key} is {kind!r}" if key in table else f"{key} is missing"
        hint = nearest(kind, choices) if isinstance(kind, str) else ""
        raise InputError(f"[{name}]: {found}; expected one of {', '.join(choices)}{hint}")
    return _checked(name, choices[kind], table)


def _checked(name: str, model: type[Section], table: dict[str, Any]) -> Any:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise InputError(f"[{name}]: {_sentence(error.errors(), model)}") from None


def _sentence(problems: list[Any], model: type[Section]) -> str:
    """One clear sentence from pydantic's problems; a misspelt key first, as it explains others."""
    problem = min(problems, key=lambda p: p["type"] != "extra_forbidden")
    place = [part for part in problem["loc"] if isinstance(part, str | int)]
    key = str(place[0])
    known = list(model.model_fields)
    if problem["type"] == "extra_forbidden":
        return f"unknown key '{key}'{nearest(key, known)}; keys here are {', '.join(known)}"
    if problem["type"] == "missing":
        return f"key '{key}' is missing; expected {_annotation(model, key)}"
    where = key + "".join(f"[{part}]" for part in place[1:] if isinstance(part, int))
    return f"'{where}' is {problem['input']!r}; expected {_annotation(model, key)}"


def _annotation(model: type[Section], key: str) -> str:
    text = {
        "position": "three numbers [m], or a list of them for radiometers",
        "lower": "three numbers [m]",
        "upper": "three numbers [m]",
        "normal": "three numbers, or a list of them",
        "points": "a list of points, three numbers [m] each",
        "face": "x_min, x_max, y_min, y_max, z_min or z_max",
        **dict.fromkeys(
            FACES, "a temperature [K], or a table with kind = black, grey, open, mirror or periodic"
        ),
        "look_at": "three numbers [m]",
        "up": "three numbers",
        "origin": "three numbers [m], or a list of them for rays",
        "direction": "three numbers, or a list of them for rays",
        "shape": "two whole numbers, [rows, columns]",
        "quantity": "radiance, brightness_temperature, transmittance or optical_depth",
        "species": "a list of names",
        "intensity": "a number, or a list with one for each band [W m-2 sr-1]",
    }
    plain = {"float": "a number", "int": "a whole number", "str": "text in quotes", "bool": "true or false"}
    annotation = str(model.model_fields[key].annotation)
    named = next((words for name, words in plain.items() if name in annotation), annotation)
    return text.get(key, named)


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
