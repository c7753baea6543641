"""Which absorption models are compared, those that are named or all that a field may feed, and their labels."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import checks
from ..config.sections import Section
from ..media.absorption import MODELS
from ..media.field import Field
from ..media.medium import Medium

Maker = Callable[[], Medium]


def offered(field: Field) -> list[dict[str, Any]]:
    """Return the absorption models that need nothing but a field, with and without soot where the field has some.

    Each is given by the keys of a section [absorption]; whether the field feeds it is seen when it is made.
    """
    out: list[dict[str, Any]] = []
    for name, function in MODELS.items():
        _, *others = inspect.signature(function).parameters.values()
        if any(p.default is p.empty for p in others):
            continue
        out.append({"model": name})
        soot = next((p for p in others if p.name == "soot"), None)
        if soot is not None and field.soot_volume_fraction is not None:
            out.append({"model": name, "soot": soot.default is False})
    return out


def chosen_models(field: Field, models: Sequence[str] | None) -> list[dict[str, Any]]:
    """The models that are named, or those that are offered."""
    if models is None:
        return offered(field)
    names = checks.sequence("models", models, "names of absorption models, or a dict: label -> Medium")
    return [{"model": checks.choice("models", name, MODELS)} for name in names]


def modelled(field: Field, keys: Mapping[str, Any]) -> Medium:
    return MODELS[keys["model"]](field, **{k: v for k, v in keys.items() if k != "model"})


def itself(medium: Medium) -> Medium:
    return checks.instance("models", medium, Medium, "a Medium for each label")


def section_label(section: Section) -> str:
    return label(section.model_dump(exclude_defaults=True))


def label(keys: Mapping[str, Any]) -> str:
    """A model and the arguments that are not usual: "wsgg(smith1982_MR2, soot=False)", "planck_mean(H2O+CO2)"."""
    rest = ", ".join(_said(key, value) for key, value in keys.items() if key != "model")
    return f"{keys['model']}({rest})" if rest else str(keys["model"])


def _said(key: str, value: Any) -> str:
    """An argument: text by itself, a list of text with plus signs, anything else with its key."""
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "+".join(value)
    return value if isinstance(value, str) else f"{key}={value}"
