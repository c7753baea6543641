"""The public names, their signatures and their types, as they were when somebody last looked at them.

After a change that is meant, read the difference and keep it:
`.venv/bin/python tests/test_api.py > tests/reference/api.txt`
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType

import raytrace_rte as rte

ROOT = Path(__file__).parent.parent
SNAPSHOT = Path(__file__).parent / "reference" / "api.txt"
TYPES = """
from dataclasses import dataclass
from typing import Any

import raytrace_rte as rte


@dataclass
class Own:
    def settings(self) -> dict[str, Any]:
        return {}

    def task(self, scene: rte.Scene) -> rte.Task[complex]:
        raise NotImplementedError


medium = rte.absorption.planck_mean(rte.read("flame.h5"))
point = (0.0, 0.0, 0.0)
reveal_type(rte.solve(medium, rte.camera((0, -2, 0), point, (8, 8), 30.0)))
reveal_type(rte.solve(medium, rte.camera_orthographic((0, -2, 0), point, (8, 8), 1.0)))
reveal_type(rte.solve(medium, rte.Rays(point, (1, 0, 0))))
reveal_type(rte.solve(medium, rte.line_of_sight(point, (1, 0, 0))))
reveal_type(rte.solve(medium, rte.radiometer(point, (1, 0, 0)), executor=rte.Serial()))
reveal_type(rte.solve(medium, rte.wall_flux("x_min")))
reveal_type(rte.solve(medium, rte.mesh_flux(rte.mesh("part.stl", 300.0))))
reveal_type(rte.solve(medium, rte.incident([point])))
reveal_type(rte.solve(medium, rte.incident()))
reveal_type(rte.solve(medium, rte.heat_source(), walls=rte.grey(300.0, 0.8), method=rte.Auto()))
reveal_type(rte.solve(medium, Own()))
reveal_type(rte.load("result.h5"))
reveal_type(rte.compare(rte.read("flame.h5"), rte.heat_source(), models=["wsgg"], methods=[rte.March()]))
image = rte.solve(medium, rte.camera((0, -2, 0), point, (8, 8), 30.0))
red, infrared = rte.Response.top_hat(0.6e-6, 0.7e-6), rte.read_response("infrared.csv")
reveal_type(image.through(red))
reveal_type(rte.two_colour(image, red, infrared))
reveal_type(rte.solve(medium, rte.Rays(point, (1, 0, 0))).spectral_radiance())
"""
REVEALED = [
    *["RadianceResult"] * 4,
    *["FluxResult"] * 4,
    *["HeatResult"] * 2,
    "complex",
    "Result",
    "Comparison",
    "DetectorResult",
    "TwoColourResult",
    "SpectralResult",
]
"""What the lines of TYPES are, in their order."""


def signature(thing: object) -> str:
    """Arguments and annotations of a callable."""
    return plain(str(inspect.signature(thing)))  # type: ignore[arg-type]


def plain(text: object) -> str:
    """Annotations without the quotes of strings, functions without their addresses."""
    text = re.sub(r"ForwardRef\('([^']*)'\)", r"\1", str(text))
    text = re.sub(r"<function (\w+) at \w+>", r"\1", text)
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)


def own(cls: type) -> list[type]:
    """The class and what else of the package it is made of, without bases that are public themselves."""
    inside = [c for c in cls.__mro__ if c.__module__.startswith("raytrace_rte")]
    return [c for c in inside if c is cls or c.__name__ not in rte.__all__]


def members(cls: type) -> Iterator[str]:
    """One line for each public attribute, property and method of a class."""
    types = {name: text for c in reversed(own(cls)) for name, text in inspect.get_annotations(c).items()}
    names = {name for c in own(cls) for name in vars(c)} | set(types)
    for name in sorted(n for n in names if not n.startswith("_")):
        static = inspect.getattr_static(cls, name, None)
        if name in types:
            yield f"    {name}: {plain(types[name])}"
        elif isinstance(static, classmethod):
            yield f"    classmethod {name}{signature(getattr(cls, name))}"
        elif inspect.isfunction(static):
            yield f"    {name}{signature(static)}"
        elif isinstance(static, property | cached_property):
            yield f"    {name}: {property_of(static)}"
        else:
            yield f"    {name}"


def property_of(attribute: property | cached_property[object]) -> str:
    """What a property gives, and whether it is kept for scripts of earlier versions only."""
    getter = attribute.fget if isinstance(attribute, property) else attribute.func
    old = (attribute.__doc__ or "").startswith("Deprecated")
    return f"{inspect.get_annotations(getter).get('return', '')}, {'deprecated' if old else 'property'}"


def describe(name: str, thing: object) -> Iterator[str]:
    """The lines of a public name."""
    if isinstance(thing, ModuleType):
        yield f"module {name}"
        inside = getattr(thing, "__all__", None) or [
            n for n, f in vars(thing).items() if inspect.isfunction(f) and f.__module__ == thing.__name__
        ]
        for n in sorted(n for n in inside if not n.startswith("_")):
            value = getattr(thing, n)
            yield f"    {n}{signature(value) if callable(value) else ''}"
    elif isinstance(thing, type):
        made = not getattr(thing, "_is_protocol", False) and not issubclass(thing, Exception)
        bases = [base.__name__ for base in thing.__mro__[1:] if base.__name__ in rte.__all__]
        yield f"class {name}{signature(thing) if made else ''}{', from ' if bases else ''}{', '.join(bases)}"
        yield from members(thing)
    else:
        yield f"{name}{signature(thing)}"


def api() -> str:
    """The public API as text."""
    return "\n".join(line for name in rte.__all__ for line in describe(name, getattr(rte, name)))


def test_public_names_and_signatures_are_those_of_the_snapshot():
    assert api().splitlines() == SNAPSHOT.read_text(encoding="utf-8").splitlines()


def test_types_of_answers_are_known_to_mypy(tmp_path):
    from mypy import api as mypy

    snippet = tmp_path / "snippet.py"
    snippet.write_text(TYPES, encoding="utf-8")
    # What mypy knows of the package since scripts/test.sh ran it; without that this takes a quarter of a minute.
    options = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".mypy_cache")]
    said, errors, status = mypy.run([*options, "--no-error-summary", str(snippet)])
    assert status == 0, said + errors
    revealed = re.findall(r'Revealed type is "(?:\w+\.)*(\w+)"', said)
    assert revealed == REVEALED, said


if __name__ == "__main__":
    print(api())
