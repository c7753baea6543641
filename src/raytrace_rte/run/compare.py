"""One field and one sensor with several absorption models and methods, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from .. import checks
from ..boundaries.bodies import Object
from ..boundaries.walls import Walls
from ..config.config import Job
from ..config.sections import chosen
from ..errors import InputError
from ..execution.executors import Executor, Progress
from ..media.field import Field
from ..media.medium import Medium
from ..method import Auto, March, Method, Thick, Thin, Threshold
from ..results.building import power_unit
from ..results.comparison import Answer, Column, Comparison
from ..results.words import method_text
from ..solvers.scene import RADIOSITY_DIRECTIONS, Scene, Sensor, scene, usual
from ..solving import executor_of, task_of
from . import job as jobs
from .models import Maker, chosen_models, itself, label, modelled, offered, section_label

USUAL: tuple[Method, ...] = (March(), Auto(), Thick(), Thin())
OPTIONAL = (Thick, Thin)
"""Of the usual methods those that not every sensor takes."""
QUICK = 1.0
"""Seconds below which a solve is done twice, and the lesser time counts: the first one also loads kernels."""
PARTS = 100
"""Progress is counted in so many parts of the whole."""


def compare(
    field: Field,
    sensor: Sensor[Any],
    walls: Walls | None = None,
    models: Sequence[str] | Mapping[str, Medium] | None = None,
    methods: Sequence[Method] | None = None,
    *,
    reference: str | None = None,
    objects: Sequence[Object] = (),
    threads: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    radiosity_directions: int = RADIOSITY_DIRECTIONS,
) -> Comparison:
    """Answer what a sensor asks with several absorption models and methods, and lay the answers side by side.

    models: names of absorption models, or label -> medium, for models with arguments of their own; None is every
        model that the field can feed, with and without soot where it has some
    methods: None is March(), Auto(), Thick() and Thin(), as far as the sensor takes them
    reference: the model from which differences are taken; None is the first one. The method is always the first one
    walls, objects, threads, executor, radiosity_directions: as of solve
    progress: called with (done, total), over all answers

    Raises InputError when a model that is named cannot be fed by the field, when a method is named that the sensor
    does not take, and as solve does.
    """
    checks.instance("field", field, Field, "a Field, as rte.read returns")
    if isinstance(models, Mapping):
        makers = {checks.text("models: label", k): partial(itself, m) for k, m in models.items()}
    else:
        makers = {label(one): partial(modelled, field, one) for one in chosen_models(field, models)}
    if methods is not None:
        kinds = "a list of methods, as March() or Auto(rtol=1e-3)"
        for one in checks.sequence("methods", methods, kinds):
            checks.instance("methods", one, (March, Auto, Thick, Thin, Threshold), kinds)
    if progress is not None and not callable(progress):
        raise checks.wrong("progress", progress, "a function of (done, total)")
    asked = _Asked(
        sensor, usual(walls, None)[0], lambda medium: objects, radiosity_directions,
        executor_of(executor, threads), progress, _record(field),
    )  # fmt: skip
    strict = () if models is None else tuple(makers)
    return asked.answers(makers, strict, methods, reference)


def compare_job(job: Job, field: Field, executor: Executor, progress: Progress) -> Comparison:
    """Compare what the table [compare] of a job names, or what is usual. Raises InputError as `compare` does."""
    own, wanted = job.absorption, job.compare
    if wanted.models is not None:
        sections = list(wanted.models)
    else:
        sections = [chosen("absorption", one) for one in offered(field)]
        if own is not None:
            sections = [own, *(one for one in sections if section_label(one) != section_label(own))]
    makers: dict[str, Maker] = {}
    for section in sections:
        name = section_label(section)
        if name in makers:
            raise InputError(f"{job.path}: [compare]: models names {name} twice; drop one")
        makers[name] = partial(jobs.medium_of, replace(job, absorption=section), field)
    strict = makers if wanted.models is not None else () if own is None else (section_label(own),)
    asked = _Asked(
        job.sensor, job.walls, lambda medium: jobs.objects_of(job, field), job.radiosity_directions,
        executor, progress, _record(field), job.method,
    )  # fmt: skip
    try:
        found = asked.answers(makers, tuple(strict), wanted.methods, wanted.reference)
    except InputError as error:
        raise InputError(f"{job.path}: {error}") from None
    return found.with_config(job=job.settings() | {"field_sha256": field.source_sha256})


def prepare(job: Job) -> Field:
    """Return the field of a job. Raises InputError, also when the output folder cannot be written."""
    jobs.check_writable(job.directory)
    return jobs.read_field(job, job.field)


@dataclass(frozen=True)
class _Asked:
    """A question: everything but models and methods.

    record: what scenes record beside; own: a method that stands for the usual one of its kind
    """

    sensor: Sensor[Any]
    walls: Walls
    objects: Callable[[Medium], Sequence[Object]]
    radiosity_directions: int
    executor: Executor
    progress: Progress | None
    record: Mapping[str, Any]
    own: Method | None = None

    def answers(
        self,
        makers: Mapping[str, Maker],
        strict: Sequence[str],
        methods: Sequence[Method] | None,
        reference: str | None,
    ) -> Comparison:
        """Solve with all models and methods. strict: labels of the models that must not be left out."""
        for name, some in (("models", makers), ("methods", methods)):
            if some is not None and not len(some):
                raise InputError(f"{name} is empty; name some, or leave it out")
        if reference is not None:
            checks.choice("reference", reference, makers)
            strict = (*strict, reference)
        asked = self._usual() if methods is None else list(methods)
        makers, refused, left_out = self._fed(makers, strict, asked)
        chosen = self._taken(asked, methods is None, refused, left_out)
        count = len(chosen)
        columns = {
            name: self._column(make, chosen, refused.get(name, {}), (n * count, len(makers) * count))
            for n, (name, make) in enumerate(makers.items())
        }
        return Comparison.build(
            columns, reference=next(iter(columns)) if reference is None else reference, left_out=left_out,
            sensor=self.sensor.settings(),
        )  # fmt: skip

    def _column(
        self,
        make: Maker,
        methods: Sequence[Method],
        refused: Mapping[Method, InputError],
        part: tuple[int, int],
    ) -> Column:
        """Solve with one model and all methods. part: number of the first of these solves, and of all solves."""
        medium = make()
        medium.prepare(self.executor.workers)
        settings = {method: self._scene(medium, method).settings() for method in methods}
        answers: list[Answer] = []
        for i, method in enumerate(methods):
            if method in refused:
                answers.append(Answer.missing(answers[0], method_text(settings[method])))
            else:
                answers.append(self._answer(medium, method, (part[0] + i, part[1])))
        solids = self._scene(medium, methods[0]).bodies.solids
        density = medium.emission_density()
        emitted = medium.grid.integral(density if solids is None else np.where(solids.mask, 0.0, density))
        return Column(answers, emitted, power_unit(medium.grid), settings[methods[0]])

    def _fed(
        self, makers: Mapping[str, Maker], strict: Sequence[str], methods: Sequence[Method]
    ) -> tuple[dict[str, Maker], dict[str, dict[Method, InputError]], list[str]]:
        """Return the models that the field feeds, which methods their sensor does not take, and what is left out.

        All is looked at before anything is traced; raises InputError for a model in strict that cannot be fed.
        """
        fed: dict[str, Maker] = {}
        refused: dict[str, dict[Method, InputError]] = {}
        left_out: list[str] = []
        for name, make in makers.items():
            try:
                medium = make()
                self._scene(medium, methods[0])  # whether its spectrum and the walls fit together
            except InputError as error:
                if name in strict:
                    raise InputError(f"model {name}: {error}") from None
                left_out.append(f"{name} is left out: {error}")
                continue
            fed[name], refused[name] = make, {}
            for method in methods:
                try:
                    task_of(self.sensor, self._scene(medium, method)).describe()
                except InputError as error:
                    refused[name][method] = error
        if not fed:
            raise InputError(f"the field feeds no absorption model: {'; '.join(left_out)}")
        return fed, refused, left_out

    def _taken(
        self,
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
                left_out.append(
                    f"{method!r} is left out{'' if never else ' with ' + ', '.join(without)}: {why}"
                )
            if not never:
                out.append(method)
        return out

    def _usual(self) -> list[Method]:
        """The usual methods, the job's own among them."""
        if self.own is None:
            return list(USUAL)
        own = type(self.own)
        out = [self.own if type(method) is own else method for method in USUAL]
        return out if self.own in out else [*out, self.own]

    def _scene(self, medium: Medium, method: Method) -> Scene:
        return scene(
            medium, self.walls, method, self.objects(medium), record=self.record,
            radiosity_directions=self.radiosity_directions,
        )  # fmt: skip

    def _answer(self, medium: Medium, method: Method, part: tuple[int, int]) -> Answer:
        """Solve once; twice where that is quick, or compiled kernels, and keep the lesser time.

        part: number of this solve, and of all
        """
        from ..kernels.cache import COMPILED

        def say(done: int, total: int) -> None:
            if self.progress is not None:
                self.progress(int(PARTS * (part[0] + done / max(total, 1)) / part[1]), PARTS)

        def solved(progress: Progress) -> Any:
            return self.executor.run(task_of(self.sensor, self._scene(medium, method)), progress)

        compiled, first = len(COMPILED), Answer.of(solved(say))
        if len(COMPILED) == compiled and not first.seconds < QUICK:
            return first
        again = Answer.of(solved(lambda done, total: say(1, 1)))
        return again if again.seconds < first.seconds else first


def _record(field: Field) -> dict[str, Any]:
    """What scenes record of a field."""
    released = field.released_power
    return {} if released is None else {"heat_release": released}
