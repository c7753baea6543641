"""The tables of a config: which sections there are, and which keys each may have.

A section is a concept, and its keys are the arguments of the public function that its kind names.
Nothing here needs NumPy: a misspelt key is told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import InputError, nearest

if TYPE_CHECKING:
    from ..media.field import Field as CellField

Vector = Annotated[list[float], Field(min_length=3, max_length=3)]
Shape = Annotated[list[int], Field(min_length=2, max_length=2)]
Cells = Annotated[list[int], Field(min_length=3, max_length=3)]


class Section(BaseModel):
    """One table of a config; its fields are the keys allowed there."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)

    def arguments(self) -> dict[str, Any]:
        """The keys given, without those that only choose the function."""
        return self.model_dump(exclude={"kind", "model"}, exclude_none=True)

    def build(self) -> Any:
        """Call the public function that the kind names with these keys."""
        import raytrace_rte

        kind = self.kind  # type: ignore[attr-defined]
        return getattr(raytrace_rte, PUBLIC.get(kind, kind))(**self.arguments())


class FieldSection(Section):
    """Which field: a file or folder of any format, with what it does not say itself, or one of the samples; one or
    several moments of it."""

    file: str | None = None
    files: str | list[str] | None = None
    times: Literal["all"] | list[float] | None = None
    map: str | None = None
    time: float | str | None = None
    units: dict[str, str] | None = None
    location: Literal["cell", "point"] | None = None
    options: dict[str, str | float] | None = None
    no_data: float | list[float] | None = None
    valid: str | None = None
    lower: Vector | None = None
    upper: Vector | None = None
    shape: Cells | None = None
    outside: Literal["empty", "error"] | None = None
    radius: Literal["x", "y", "z"] | None = None
    allow_cold: bool = False
    sample: str | None = None
    cells: int | None = None
    activation: float | None = None


class AbsorptionSection(Section):
    """An absorption model by its name in `rte.absorption`."""

    model: str

    def inputs(self, resolve: Callable[[str], Path]) -> dict[str, Any]:
        """The keys given, with the files that they name read. resolve: makes a path of a name in the config."""
        return self.arguments()


class GivenSection(AbsorptionSection):
    """rte.absorption.given."""

    model: Literal["given"]


class PlanckMeanSection(AbsorptionSection):
    """rte.absorption.planck_mean."""

    model: Literal["planck_mean"]
    species: list[str] | None = None
    soot: bool = True
    soot_constant: float = 1817.0


class SootSection(AbsorptionSection):
    """rte.absorption.soot."""

    model: Literal["soot"]
    soot_constant: float = 1817.0


class WsggSection(AbsorptionSection):
    """rte.absorption.wsgg."""

    model: Literal["wsgg"]
    coefficients: str = "bordbar2014"
    soot: bool = True
    soot_constant: float = 1817.0


class SootBandsSection(AbsorptionSection):
    """rte.absorption.soot_bands."""

    model: Literal["soot_bands"]
    edges: list[float] | list[list[float]]
    E_m: float | str = "chang_charalampopoulos"


class BandsSection(AbsorptionSection):
    """rte.absorption.bands; the table is a file."""

    model: Literal["bands"]
    table: str
    species: list[str] | None = None
    soot: bool = True
    E_m: float | str = "chang_charalampopoulos"

    def inputs(self, resolve: Callable[[str], Path]) -> dict[str, Any]:
        """The keys given, with the table read."""
        from ..formats.bandtable import read_band_table

        return self.arguments() | {"table": read_band_table(resolve(self.table))}


class CameraSection(Section):
    """rte.camera."""

    kind: Literal["camera"]
    position: Vector
    look_at: Vector
    shape: Shape = [512, 512]
    field_of_view_deg: float = 30.0
    up: Vector = [0.0, 0.0, 1.0]


class OrthographicSection(Section):
    """rte.camera_orthographic."""

    kind: Literal["camera_orthographic"]
    position: Vector
    look_at: Vector
    shape: Shape = [512, 512]
    width: float = 1.0
    up: Vector = [0.0, 0.0, 1.0]


class LineOfSightSection(Section):
    """rte.line_of_sight."""

    kind: Literal["line_of_sight"]
    origin: Vector
    direction: Vector


class RaysSection(Section):
    """rte.Rays."""

    kind: Literal["rays"]
    origin: list[Vector]
    direction: list[Vector]


class RadiometerSection(Section):
    """rte.radiometer."""

    kind: Literal["radiometer"]
    position: Vector | list[Vector]
    normal: Vector | list[Vector]
    view_angle_deg: float = 180.0
    directions: int | None = None
    rtol: float | None = None
    max_rays: int = 500_000


class WallFluxSection(Section):
    """rte.wall_flux."""

    kind: Literal["wall_flux"]
    face: str
    directions: int | None = None
    rtol: float | None = None
    max_rays: int = 500_000


class IncidentSection(Section):
    """rte.incident."""

    kind: Literal["incident"]
    points: list[Vector] | None = None
    directions: int | None = None
    rtol: float | None = None
    max_rays: int = 500_000


class HeatSourceSection(Section):
    """rte.heat_source."""

    kind: Literal["heat_source"]
    directions: int = 100
    heat_release: float | None = None


class FaceSection(Section):
    """What is at one face, when it is not black: kind and, for grey, temperature and emissivity."""

    kind: Literal["black", "open", "grey", "mirror", "periodic"]
    temperature: float | None = None
    emissivity: float | None = None

    def build(self) -> Any:
        """Return these walls."""
        try:
            return super().build()
        except TypeError:
            takes = {
                "black": "temperature",
                "open": "an optional temperature",
                "grey": "temperature and emissivity",
            }
            raise InputError(
                f"a face of kind '{self.kind}' takes {takes.get(self.kind, 'no other key')}; "
                f"found {', '.join(self.arguments()) or 'none'}"
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
        """The keys given, faces built."""
        given = {k: getattr(self, k) for k in type(self).model_fields if k != "kind"}
        return {k: v.build() if isinstance(v, FaceSection) else v for k, v in given.items() if v is not None}


class BlackSection(FacesSection):
    """rte.black."""

    kind: Literal["black"]
    temperature: float


class GreySection(FacesSection):
    """rte.grey."""

    kind: Literal["grey"]
    temperature: float
    emissivity: float


class OpenSection(FacesSection):
    """rte.open_."""

    kind: Literal["open"] = "open"
    temperature: float | None = None
    intensity: float | list[float] | None = None


class MarchSection(Section):
    """rte.March."""

    kind: Literal["march"]
    order: int = 2
    stop: float | None = None


class AutoSection(Section):
    """rte.Auto."""

    kind: Literal["auto"]
    rtol: float = 1e-3
    atol: float | None = None
    transmittance: bool = False


class ThresholdSection(Section):
    """rte.Threshold."""

    kind: Literal["threshold"]
    delta: float = 30.0
    terms: int = 2


class ThickSection(Section):
    """rte.Thick."""

    kind: Literal["thick"]
    terms: int = 2


class ThinSection(Section):
    """rte.Thin."""

    kind: Literal["thin"]


class BoxSection(Section):
    """rte.solids, for the cells whose centres are inside a box."""

    kind: Literal["box"]
    lower: Vector
    upper: Vector
    temperature: float
    emissivity: float = 1.0

    def object(self, resolve: Callable[[str], Path], field: CellField) -> Any:
        """Return the solid cells; InputError when the box holds no cell centre."""
        from ..boundaries.solids import solids

        grid = field.grid
        x, y, z = ((a <= c) & (c <= b) for a, b, c in zip(self.lower, self.upper, grid.centres, strict=True))
        mask = x[:, None, None] & y[None, :, None] & z[None, None, :]
        if not mask.any():
            raise InputError(
                f"[[objects]]: no cell centre lies in the box {self.lower} to {self.upper}; the grid "
                f"spans {grid.lower.tolist()} to {grid.upper.tolist()} m"
            )
        return solids(mask, self.temperature, self.emissivity)


class NoDataSection(Section):
    """rte.solids, for the cells of the field that have no data."""

    kind: Literal["no_data"]
    temperature: float
    emissivity: float = 1.0

    def object(self, resolve: Callable[[str], Path], field: CellField) -> Any:
        """Return the solid cells; InputError when all cells have data."""
        from ..boundaries.solids import solids

        if field.valid is None or field.valid.all():
            raise InputError(
                "[[objects]]: kind is 'no_data', but all cells of the field have data; drop the object, or say with "
                "no_data or valid under [field] which have none"
            )
        return solids(~field.valid, self.temperature, self.emissivity)


class MaskSection(Section):
    """rte.solids, for the cells that an array of the file marks: those where it is `value`, or else 1 and not 0."""

    kind: Literal["mask"]
    dataset: str
    value: float | None = None
    temperature: float | None = None
    emissivity: float = 1.0

    def object(self, resolve: Callable[[str], Path], field: CellField) -> Any:
        """Return the solid cells, at the field's own temperature where none is; InputError when none is marked."""
        import numpy as np

        from ..boundaries.solids import solids

        where = f"[[objects]]: dataset '{self.dataset}'"
        if self.dataset not in field.markers:
            raise InputError(f"{where} is one of a file, and a sample has none; take kind = 'box'")
        marker = field.markers[self.dataset]
        if self.value is None and not np.isin(marker, (0, 1)).all():
            raise InputError(
                f"{where} holds other numbers than 1 and 0; say which cells are meant with value"
            )
        mask = marker == (1 if self.value is None else self.value)
        if not mask.any():
            raise InputError(
                f"{where} is nowhere {1 if self.value is None else self.value:g}; drop the object"
            )
        if self.temperature is None and field.valid is not None and not field.valid[mask].all():
            raise InputError(f"{where} marks cells without data; give their temperature")
        return solids(
            mask, field.temperature if self.temperature is None else self.temperature, self.emissivity
        )


class MeshSection(Section):
    """rte.mesh."""

    kind: Literal["mesh"]
    file: str
    temperature: float
    emissivity: float = 1.0
    scale: float = 1.0

    def object(self, resolve: Callable[[str], Path], field: CellField) -> Any:
        """Return the mesh; its path is relative to the config."""
        from ..boundaries.mesh import mesh

        return mesh(resolve(self.file), self.temperature, self.emissivity, self.scale)


ObjectSection = BoxSection | NoDataSection | MaskSection | MeshSection


class OutputSection(Section):
    """Where results go, which quantity the picture shows, which axis maps and slices draw upwards, and whether each
    snapshot of a series has files of its own."""

    directory: str = "out"
    up: Literal["x", "y", "z"] = "z"
    each: bool = False
    quantity: str | None = None


class CompareSection(Section):
    """What `raytrace-rte compare` lays side by side: names, or tables as [absorption] and [method] have them."""

    models: list[str | dict[str, Any]] | None = None
    methods: list[str | dict[str, Any]] | None = None
    reference: str | None = None


SECTIONS = ("field", "absorption", "sensor", "detector", "walls", "objects", "method", "output", "compare")
KINDS: dict[str, dict[str, type[Section]]] = {
    "absorption": {
        "given": GivenSection,
        "planck_mean": PlanckMeanSection,
        "soot": SootSection,
        "wsgg": WsggSection,
        "soot_bands": SootBandsSection,
        "bands": BandsSection,
    },
    "sensor": {
        "camera": CameraSection,
        "camera_orthographic": OrthographicSection,
        "line_of_sight": LineOfSightSection,
        "rays": RaysSection,
        "radiometer": RadiometerSection,
        "wall_flux": WallFluxSection,
        "incident": IncidentSection,
        "heat_source": HeatSourceSection,
    },
    "walls": {"black": BlackSection, "grey": GreySection, "open": OpenSection},
    "objects": {"box": BoxSection, "no_data": NoDataSection, "mask": MaskSection, "mesh": MeshSection},
    "method": {
        "auto": AutoSection,
        "march": MarchSection,
        "threshold": ThresholdSection,
        "thick": ThickSection,
        "thin": ThinSection,
    },
}
CHOICE = dict.fromkeys((*KINDS, "detector"), "kind") | {"absorption": "model"}
"""The key that chooses the kind in each section where there is a choice."""
PUBLIC = {
    "rays": "Rays",
    "open": "open_",
    "auto": "Auto",
    "march": "March",
    "threshold": "Threshold",
    "thick": "Thick",
    "thin": "Thin",
}
"""The public name that a kind stands for, where it is not the kind itself."""


def chosen(name: str, table: dict[str, Any], kinds: Mapping[str, type[Section]] | None = None) -> Any:
    """Return the section of the kind (or model) that the table names; raises InputError as `checked` does.

    kinds: to choose from; None are those of KINDS
    """
    key, choices = CHOICE[name], KINDS[name] if kinds is None else kinds
    kind = table.get(key)
    if not isinstance(kind, str) or kind not in choices:
        found = f"{key} is {kind!r}" if key in table else f"{key} is missing"
        hint = nearest(kind, choices) if isinstance(kind, str) else ""
        raise InputError(f"[{name}]: {found}; expected one of {', '.join(choices)}{hint}")
    return checked(name, choices[kind], table)


def checked(name: str, model: type[Section], table: dict[str, Any]) -> Any:
    """Return the section; raises InputError with the key, what was found and what was expected."""
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
    if problem["type"] == "extra_forbidden" and len(place) > 1:
        return f"unknown key '{place[-1]}' in {key}; expected {_annotation(model, key)}"
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
            FacesSection.model_fields,
            "a temperature [K], or a table with kind = black, grey, open, mirror or periodic",
        ),
        "look_at": "three numbers [m]",
        "up": "x, y or z" if model is OutputSection else "three numbers",
        "origin": "three numbers [m], or a list of them for rays",
        "direction": "three numbers, or a list of them for rays",
        "shape": "two whole numbers, [rows, columns]",
        "quantity": "the name of a quantity, in quotes",
        **dict.fromkeys(("response_a", "response_b"), "a table with file, top_hat, or wavelength and value"),
        "top_hat": "two wavelengths",
        "wavelength": "a list of wavelengths",
        "value": "a list of numbers",
        "assumption": "grey or soot",
        "species": "a list of names",
        "time": 'a number [s], "first" or "last"',
        "units": 'a table of units, as { length = "m", T = "K" }',
        "location": '"cell" or "point"',
        "no_data": "a number, or a list of numbers: temperatures, as the file has them, that stand for no data",
        "files": 'a pattern, as "plt*.h5", or a list of paths and patterns',
        "times": '"all", or a list of times [s]',
        "models": 'a list of names, or of tables as { model = "planck_mean", species = ["H2O"] }',
        "methods": 'a list of names, or of tables as { kind = "thick", terms = 1 }',
        "edges": "a list of wavelengths [m]",
        "E_m": "a number, or the name of a fit",
        "options": 'a table of options of the format, as { part = "level 1" }',
        "intensity": "a number, or a list with one for each band [W m-2 sr-1]",
    }
    plain = {"float": "a number", "int": "a whole number", "str": "text in quotes", "bool": "true or false"}
    annotation = str(model.model_fields[key].annotation)
    named = next((words for name, words in plain.items() if name in annotation), annotation)
    return text.get(key, named)
