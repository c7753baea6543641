"""One field and one sensor with several absorption models and methods, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .. import checks
from ..boundaries.bodies import Object
from ..boundaries.walls import Walls
from ..config.config import Job
from ..config.sections import chosen
from ..errors import InputError
from ..execution.executors import Executor, Progress
from ..execution.stores import Store
from ..media.field import Field
from ..media.medium import Medium
from ..method import Auto, March, Method, Thick, Thin, Threshold
from ..results.building import power_unit
from ..results.comparison import Answer, Column, Comparison
from ..results.packing import packed, unpacked
from ..solvers.scene import RADIOSITY_DIRECTIONS, Sensor, fingerprint, usual
from ..solving import executor_of, task_of
from . import job as jobs
from .models import Maker, chosen_models, itself, label, modelled, offered, section_label
from .question import Plan, Question, released

QUICK = 1.0
"""Seconds below which a solve is done twice, and the lesser time counts: the first one also loads kernels."""
PARTS = 100
"""Progress is counted in so many parts of the whole."""
KEPT = ".partial-compare"
"""Folder of unfinished comparisons in the output folder."""


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
    store: Store | str | Path | None = None,
    radiosity_directions: int = RADIOSITY_DIRECTIONS,
) -> Comparison:
    """Answer what a sensor asks with several absorption models and methods, and lay the answers side by side.

    models: names of absorption models, or label -> medium, for models with arguments of their own; None is every
        model that the field can feed, with and without soot where it has some
    methods: None is March(), Auto(), Thick() and Thin(), as far as the sensor takes them
    reference: the model from which differences are taken; None is the first one. The method is always the first one
    walls, objects, threads, executor, radiosity_directions: as of solve
    progress: called with (done, total), over all answers
    store: keeps what is done in a folder, from which the same call goes on to the same answers; a folder that is
        given by its path is removed at the end. The time of an answer that was interrupted is not known: nan

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
    engine, keep = executor_of(executor, threads), store
    if keep is not None and not isinstance(keep, Store):
        keep = Store(checks.path("store", keep))
    asked = Question(
        sensor, usual(walls, None)[0], lambda medium: objects, radiosity_directions, released(field)
    )
    plan = asked.plan(makers, () if models is None else tuple(makers), methods, reference)
    made = _Answering(asked, plan, engine, progress, keep).run()
    if keep is not None and keep is not store:
        keep.clear()
    return made


@dataclass(eq=False)
class PreparedComparison:
    """A job whose models and methods are chosen; description: what will be compared."""

    job: Job
    field: Field
    asked: Question
    plan: Plan
    description: str
    unit: str = "percent"
    done: int = 0

    @property
    def kept(self) -> str:
        """How much is kept of work that was interrupted."""
        return f"{self.done} of {self.plan.count} answers, and what is done of the next one, are kept"

    def run(self, executor: Executor, progress: Progress, resume: bool) -> Comparison:
        """Find all answers, or those that are left."""
        answering = _Answering(self.asked, self.plan, executor, progress, self.store(resume))
        try:
            made = answering.run()
        finally:
            self.done = answering.done
        return made.with_config(job=self.job.settings() | {"field_sha256": self.field.source_sha256})

    def store(self, resume: bool) -> Store:
        """The folder of unfinished work of this job."""
        return Store(self.job.directory / KEPT, "compare", resume)


def prepare(job: Job) -> PreparedComparison:
    """Read the field of a job, and choose what the table [compare] names, or what is usual.

    Raises InputError as `compare` does, also when the output folder cannot be written.
    """
    jobs.check_writable(job.directory)
    field, own, wanted = jobs.read_field(job, job.field), job.absorption, job.compare
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
    asked = Question(
        job.sensor, job.walls, lambda medium: jobs.objects_of(job, field), job.radiosity_directions,
        released(field), job.method,
    )  # fmt: skip
    try:
        plan = asked.plan(makers, tuple(strict), wanted.methods, wanted.reference)
    except InputError as error:
        raise InputError(f"{job.path}: {error}") from None
    methods = ", ".join(type(method).__name__ for method in plan.methods)
    compared = f"compare        {', '.join(plan.makers)}; each by {methods}"
    described = "\n".join([*jobs.field_lines(job, field), compared])
    return PreparedComparison(job, field, asked, plan, described)


@dataclass(eq=False)
class _Answering:
    """The answers of a plan, one after the other; done: how many there are."""

    asked: Question
    plan: Plan
    executor: Executor
    progress: Progress | None
    store: Store | None
    done: int = 0

    def run(self) -> Comparison:
        """Solve with all models and methods, but for what the store keeps."""
        if self.store is not None and not self.store.resume:
            self.store.clear()
        columns = {name: self._column(make()) for name, make in self.plan.makers.items()}
        return Comparison.build(
            columns, reference=self.plan.reference, left_out=self.plan.left_out,
            sensor=self.asked.sensor.settings(),
        )  # fmt: skip

    def _column(self, medium: Medium) -> Column:
        """Solve with one model and all methods."""
        answers: list[Answer] = []
        for method in self.plan.methods:
            answers.append(self._kept_or_found(medium, method))
            self.done += 1
        place = self.asked.scene(medium, self.plan.methods[0])
        density, solids = medium.emission_density(), place.bodies.solids
        emitted = medium.grid.integral(density if solids is None else np.where(solids.mask, 0.0, density))
        return Column(answers, emitted, power_unit(medium.grid), place.settings())

    def _kept_or_found(self, medium: Medium, method: Method) -> Answer:
        """Return an answer that is kept; else find it, or what is left of it, and keep it."""
        if self.store is None:
            return self._found(medium, method, None)
        own = self.store.part(self.done).of(fingerprint(self.asked.scene(medium, method), self.asked.sensor))
        state = own.load()
        table = None if state is None else unpacked(state)
        if table is not None:
            self._say(1, 1)
            return Answer.from_table(table)
        answer = self._found(medium, method, own)
        if state is not None:
            answer = answer._replace(seconds=float("nan"), interrupted=True)
        own.save(packed(answer.table()))
        return answer

    def _found(self, medium: Medium, method: Method, store: Store | None) -> Answer:
        """Solve once; twice where that is quick, or compiled kernels, and keep the lesser time."""
        from ..kernels.cache import COMPILED

        def solved(progress: Progress, keep: Store | None) -> Answer:
            task = task_of(self.asked.sensor, self.asked.scene(medium, method))
            return Answer.of(self.executor.run(task, progress, keep))

        medium.prepare(self.executor.workers)
        compiled, first = len(COMPILED), solved(self._say, store)
        if len(COMPILED) == compiled and not first.seconds < QUICK:
            return first
        again = solved(lambda done, total: self._say(1, 1), None)
        return again if again.seconds < first.seconds else first

    def _say(self, done: int, total: int) -> None:
        """Say how much of all answers is done, of which this part of the one at hand."""
        if self.progress is not None:
            self.progress(int(PARTS * (self.done + done / max(total, 1)) / self.plan.count), PARTS)
