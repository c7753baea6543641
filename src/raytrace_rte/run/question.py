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
Refused = dict[Method, InputError]
"""Methods that a sensor does not take with a model, and why."""


@dataclass(frozen=True)
class Plan:
    """What is solved.

    makers: label of a model -> what makes its medium; left_out: what is not compared, and why
    """

    makers: Mapping[str, Maker]
    methods: Sequence[Method]
    left_out: Sequence[str]
    reference: str

    @property
    def count(self) -> int:
        """How many answers there are."""
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
        fed, left_out = self._fed(makers, strict, asked)
        taken = _taken(asked, methods is None, fed, left_out)
        return Plan(
            {name: makers[name] for name in fed}, taken, left_out,
            next(iter(fed)) if reference is None else reference,
        )  # fmt: skip

    def _usual(self) -> list[Method]:
        """The usual methods, the job's own among them."""
        if self.own is None:
            return list(USUAL)
        own = type(self.own)
        out = [self.own if type(method) is own else method for method in USUAL]
        return out if self.own in out else [*out, self.own]

    def _fed(
        self, makers: Mapping[str, Maker], strict: Sequence[str], methods: Sequence[Method]
    ) -> tuple[dict[str, Refused], list[str]]:
        """Return the models that the field feeds and the sensor takes, and why others are left out.

        Raises InputError for a model in strict, and where no model is left.
        """
        fed: dict[str, Refused] = {}
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
            fed[name] = self._refused(medium, methods)
        if not fed:
            raise InputError(f"the field feeds no absorption model: {'; '.join(left_out)}")
        without = {name: refused[methods[0]] for name, refused in fed.items() if methods[0] in refused}
        if len(without) == len(fed):
            raise next(iter(without.values()))
        for name, why in without.items():  # a detector beyond the bands, for instance
            if name in strict:
                raise InputError(f"model {name}: {why}")
            left_out.append(f"{name} is left out: {why}")
            del fed[name]
        return fed, left_out

    def _refused(self, medium: Medium, methods: Sequence[Method]) -> Refused:
        """Return the methods that the sensor does not take with a medium, and why."""
        out: Refused = {}
        for method in methods:
            try:
                task_of(self.sensor, self.scene(medium, method)).describe()
            except InputError as error:
                out[method] = error
        return out


def _taken(
    methods: Sequence[Method], optional: bool, fed: Mapping[str, Refused], left_out: list[str]
) -> list[Method]:
    """Return the methods that are taken with all models; add others to what is left out.

    Raises InputError where one is not taken that must be.
    """
    out = []
    for method in methods:
        why = next((refused[method] for refused in fed.values() if method in refused), None)
        if why is None:
            out.append(method)
        elif optional and isinstance(method, OPTIONAL):
            left_out.append(f"{method!r} is left out: {why}")
        else:
            raise why
    return out


def released(field: Field) -> dict[str, Any]:
    """What scenes record of the heat that a field releases."""
    power = field.released_power
    return {} if power is None else {"heat_release": power}
