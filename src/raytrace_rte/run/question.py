"""What a comparison asks, and which of the models and methods can answer it: looked at before anything is traced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import checks
from ..boundaries.bodies import Object
from ..boundaries.walls import Walls
from ..errors import InputError
from ..media.field import Field
from ..media.medium import Medium
from ..method import Auto, March, Method, Thick, Thin
from ..solvers.scene import Scene, Sensor, scene
from ..solving import task_of
from .models import Maker

USUAL: tuple[Method, ...] = (March(), Auto(), Thick(), Thin())
OPTIONAL = (Thick, Thin)
"""Of the usual methods those that not every sensor takes."""


@dataclass(frozen=True)
class Plan:
    """What is solved.

    makers: label of a model -> what makes its medium; methods: the first one goes with all models
    refused: label -> methods that the sensor does not take with this model; left_out: what is not compared, and why
    """

    makers: Mapping[str, Maker]
    methods: Sequence[Method]
    refused: Mapping[str, Mapping[Method, InputError]]
    left_out: Sequence[str]
    reference: str

    @property
    def count(self) -> int:
        """How many answers there are, those that are not taken among them."""
        return len(self.makers) * len(self.methods)


@dataclass(frozen=True)
class Question:
    """Everything but models and methods.

    record: what scenes record beside; own: a method that stands for the usual one of its kind
    """

    sensor: Sensor[Any]
    walls: Walls
    objects: Callable[[Medium], Sequence[Object]]
    radiosity_directions: int
    record: Mapping[str, Any]
    own: Method | None = None

    def scene(self, medium: Medium, method: Method) -> Scene:
        """Return what the sensor is asked in."""
        return scene(
            medium, self.walls, method, self.objects(medium), record=self.record,
            radiosity_directions=self.radiosity_directions,
        )  # fmt: skip

    def plan(
        self,
        makers: Mapping[str, Maker],
        strict: Sequence[str],
        methods: Sequence[Method] | None,
        reference: str | None,
    ) -> Plan:
        """Return which models and methods are compared; strict: labels of the models that must not be left out.

        Raises InputError where one of those cannot be fed, or a method is not taken that must be.
        """
        for name, some in (("models", makers), ("methods", methods)):
            if some is not None and not len(some):
                raise InputError(f"{name} is empty; name some, or leave it out")
        if reference is not None:
            checks.choice("reference", reference, makers)
            strict = (*strict, reference)
        asked = self._usual() if methods is None else list(methods)
        fed, refused, left_out = self._fed(makers, strict, asked)
        taken = _taken(asked, methods is None, refused, left_out)
        return Plan(fed, taken, refused, left_out, next(iter(fed)) if reference is None else reference)

    def _usual(self) -> list[Method]:
        """The usual methods, the job's own among them."""
        if self.own is None:
            return list(USUAL)
        own = type(self.own)
        out = [self.own if type(method) is own else method for method in USUAL]
        return out if self.own in out else [*out, self.own]

    def _fed(
        self, makers: Mapping[str, Maker], strict: Sequence[str], methods: Sequence[Method]
    ) -> tuple[dict[str, Maker], dict[str, dict[Method, InputError]], list[str]]:
        """Return the models that the field feeds, which methods their sensor does not take, and what is left out.

        Raises InputError for a model in strict that cannot be fed.
        """
        fed: dict[str, Maker] = {}
        refused: dict[str, dict[Method, InputError]] = {}
        left_out: list[str] = []
        for name, make in makers.items():
            try:
                medium = make()
                self.scene(medium, methods[0])  # whether its spectrum and the walls fit together
            except InputError as error:
                if name in strict:
                    raise InputError(f"model {name}: {error}") from None
                left_out.append(f"{name} is left out: {error}")
                continue
            fed[name], refused[name] = make, {}
            for method in methods:
                try:
                    task_of(self.sensor, self.scene(medium, method)).describe()
                except InputError as error:
                    refused[name][method] = error
        if not fed:
            raise InputError(f"the field feeds no absorption model: {'; '.join(left_out)}")
        return fed, refused, left_out


def _taken(
    methods: Sequence[Method],
    optional: bool,
    refused: Mapping[str, Mapping[Method, InputError]],
    left_out: list[str],
) -> list[Method]:
    """Return the methods that are taken with some model, the first one with all; add others to what is left out.

    Raises InputError where one is not taken that must be.
    """
    out = []
    for method in methods:
        without = {name: why[method] for name, why in refused.items() if method in why}
        never = len(without) == len(refused)
        may_lack = never and optional and isinstance(method, OPTIONAL)
        if without:
            why = next(iter(without.values()))
            if method is methods[0] or (never and not may_lack):
                raise why
            left_out.append(f"{method!r} is left out{'' if never else ' with ' + ', '.join(without)}: {why}")
        if not never:
            out.append(method)
    return out


def released(field: Field) -> dict[str, Any]:
    """What scenes record of the heat that a field releases."""
    power = field.released_power
    return {} if power is None else {"heat_release": power}
