"""Which sections there are, the kinds of each, and how a table of a config becomes the section that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ...errors import InputError, nearest
from .absorption import (
    BandsSection,
    GivenSection,
    PlanckMeanSection,
    SootBandsSection,
    SootSection,
    WsggSection,
)
from .field import FieldSection
from .method import AutoSection, MarchSection, ThickSection, ThinSection, ThresholdSection
from .objects import BoxSection, MaskSection, MeshSection, NoDataSection
from .output import OutputSection
from .section import Section
from .sensor import (
    CameraSection,
    HeatSourceSection,
    IncidentSection,
    LineOfSightSection,
    OrthographicSection,
    RadiometerSection,
    RaysSection,
    WallFluxSection,
)
from .walls import BlackSection, FacesSection, GreySection, OpenSection

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
        "time": 'a number [s], "first", "last" or "index 3"',
        "units": 'a table of units, as { length = "m", T = "K" }'
        if model is FieldSection
        else 'the unit of the wavelengths, as "um" (those without a unit were in metres: "m")',
        "location": '"cell" or "point"',
        "no_data": "a number, or a list of numbers: temperatures, as the file has them, that stand for no data",
        "files": 'a pattern, as "plt*.h5", or a list of paths and patterns',
        "times": '"all", or a list of times [s] (or of "index 3")',
        "models": 'a list of names, or of tables as { model = "planck_mean", species = ["H2O"] }',
        "methods": 'a list of names, or of tables as { kind = "thick", terms = 1 }',
        "edges": "a list of wavelengths, or of pairs of them",
        "E_m": "a number, or the name of a fit",
        "options": 'a table of options of the format, as { part = "level 1" }',
        "intensity": "a number, or a list with one for each band [W m-2 sr-1]",
    }
    plain = {"float": "a number", "int": "a whole number", "str": "text in quotes", "bool": "true or false"}
    annotation = str(model.model_fields[key].annotation)
    named = next((words for name, words in plain.items() if name in annotation), annotation)
    return text.get(key, named)
