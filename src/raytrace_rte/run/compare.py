"""One field and one sensor with several absorption models and methods, side by side."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .. import checks
from ..boundaries.bodies import Object
from ..boundaries.walls import Walls
from ..config.config import Job
from ..config.sections import Section, chosen
from ..errors import InputError
from ..execution.executors import Executor, Progress
from ..media.absorption import MODELS
from ..media.field import Field
from ..media.medium import Medium
from ..method import Auto, March, Method, Thick, Thin, Threshold
from ..results.building import power_unit
from ..results.comparison import Answer, Comparison
from ..solvers.scene import RADIOSITY_DIRECTIONS, Scene, Sensor, scene, usual
from ..solving import executor_of, task_of
from . import job as jobs

Maker = Callable[[], Medium]
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
        makers = {checks.text("models: label", k): partial(_itself, m) for k, m in models.items()}
    else:
        makers = {_label(one): partial(_modelled, field, one) for one in _chosen(field, models)}
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
            sections = [own, *(one for one in sections if _section_label(one) != _section_label(own))]
    makers: dict[str, Maker] = {}
    for section in sections:
        label = _section_label(section)
        if label in makers:
            raise InputError(f"{job.path}: [compare]: models names {label} twice; drop one")
        makers[label] = partial(jobs.medium_of, replace(job, absorption=section), field)
    strict = makers if wanted.models is not None else () if own is None else (_section_label(own),)
    asked = _Asked(
        job.sensor, job.walls, partial(jobs.objects_of, job), job.radiosity_directions, executor, progress,
        _record(field), job.method,
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
        makers, chosen, left_out = self._fed(makers, strict, methods)
        found: dict[str, list[Answer]] = {}
        power: dict[str, float] = {}
        provenance: dict[str, Any] = {}
        for n, (name, make) in enumerate(makers.items()):
            medium = make()
            medium.prepare(self.executor.workers)
            shares = [((n * len(chosen) + i), len(makers) * len(chosen)) for i in range(len(chosen))]
            found[name] = [self._answer(medium, m, part) for m, part in zip(chosen, shares, strict=True)]
            power[name], provenance[name] = medium.emission_power, dict(medium.provenance)
        place = self._scene(medium, chosen[0]).settings()
        config = {k: v for k, v in place.items() if k not in ("method", "medium")} | {
            "sensor": self.sensor.settings(), "models": provenance, "methods": [repr(m) for m in chosen],
        }  # fmt: skip
        return Comparison.build(
            found, emission_power=power, power_unit=power_unit(medium.grid),
            reference=next(iter(found)) if reference is None else reference, left_out=left_out, config=config,
        )  # fmt: skip

    def _fed(
        self, makers: Mapping[str, Maker], strict: Sequence[str], methods: Sequence[Method] | None
    ) -> tuple[dict[str, Maker], list[Method], list[str]]:
        """Return the models that the field feeds, the methods that the sensor takes, and what is left out and why.

        All is looked at before anything is traced: raises InputError where something that was named cannot be.
        """
        chosen = self._usual() if methods is None else list(methods)
        fed: dict[str, Maker] = {}
        left_out: list[str] = []
        for name, make in makers.items():
            try:
                medium = make()
                self._scene(medium, chosen[0])  # whether its spectrum and the walls fit together
            except InputError as error:
                if name in strict:
                    raise InputError(f"model {name}: {error}") from None
                left_out.append(f"{name} is left out: {error}")
                continue
            if not fed:
                chosen = self._taken(medium, chosen, methods is None, left_out)
            fed[name] = make
        if not fed:
            raise InputError(f"the field feeds no absorption model: {'; '.join(left_out)}")
        return fed, chosen, left_out

    def _taken(
        self, medium: Medium, methods: list[Method], optional: bool, left_out: list[str]
    ) -> list[Method]:
        """Return the methods that the sensor takes; others are added to what is left out, or an InputError."""
        out = []
        for method in methods:
            try:
                task_of(self.sensor, self._scene(medium, method)).describe()
                out.append(method)
            except InputError as error:
                if not (optional and isinstance(method, OPTIONAL)):
                    raise
                left_out.append(f"{method!r} is left out: {error}")
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


def _chosen(field: Field, models: Sequence[str] | None) -> list[dict[str, Any]]:
    """The models that are named, or those that are offered."""
    if models is None:
        return offered(field)
    names = checks.sequence("models", models, "names of absorption models, or a dict: label -> Medium")
    return [{"model": checks.choice("models", name, MODELS)} for name in names]


def _modelled(field: Field, keys: Mapping[str, Any]) -> Medium:
    return MODELS[keys["model"]](field, **{k: v for k, v in keys.items() if k != "model"})


def _itself(medium: Medium) -> Medium:
    return checks.instance("models", medium, Medium, "a Medium for each label")


def _section_label(section: Section) -> str:
    return _label(section.model_dump(exclude_unset=True))


def _label(keys: Mapping[str, Any]) -> str:
    """A model as it is written in Python: planck_mean(soot=False)."""
    rest = ", ".join(f"{k}={v}" for k, v in keys.items() if k != "model")
    return f"{keys['model']}({rest})" if rest else str(keys["model"])
