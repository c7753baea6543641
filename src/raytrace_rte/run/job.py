"""A config made ready, solved and written: what the command line does between its words."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..boundaries.bodies import Object
from ..config.config import Job
from ..config.sections import FieldSection, MaskSection
from ..errors import InputError
from ..execution.executors import Executor, Progress
from ..execution.stores import Store
from ..execution.task import Task
from ..media.field import Field
from ..media.medium import Medium
from ..method import Method, Thick, Thin
from ..results.result import Result
from ..solvers.scene import Scene, job_key, scene
from ..solving import solve, task_of

KEPT = ".partial"
"""Folder of unfinished work in the output folder."""


@dataclass(frozen=True)
class Prepared:
    """A job with its field read, its medium made and its work laid out; description: what will be computed."""

    job: Job
    field: Field
    scene: Scene
    task: Task[Result]
    description: str

    @property
    def unit(self) -> str:
        """What progress counts."""
        return self.task.unit

    @property
    def kept(self) -> str:
        """How much is kept of work that was interrupted."""
        return f"{self.task.done} of {self.task.total} {self.task.unit} are kept"

    def run(self, executor: Executor, progress: Progress, resume: bool) -> Result:
        """Do the work, or what is left of it."""
        return executor.run(self.task, progress, self.store(resume))

    def store(self, resume: bool) -> Store:
        """The folder of unfinished work of this job."""
        settings = self.scene.settings() | {"sensor": self.job.sensor.settings(), "lean": self.scene.lean}
        return Store(self.job.directory / KEPT, job_key(settings, self.field.source_sha256), resume)


def prepare(job: Job, lean: bool = False) -> Prepared:
    """Read the field and check everything that can be checked before the work.

    Raises InputError, also when the output folder cannot be written or the camera looks past the field.
    """
    check_writable(job.directory)
    field = read_field(job, job.field)
    try:
        medium = medium_of(job, field)
        record = job.settings() | {
            "field_sha256": field.source_sha256, "field_provenance": field.provenance,
            "medium": dict(medium.provenance),
        }  # fmt: skip
        released = {} if field.released_power is None else {"heat_release": field.released_power}
        place = scene(
            medium,
            job.walls,
            job.method,
            objects_of(job, field),
            lean,
            {"job": record, **released},
            radiosity_directions=job.radiosity_directions,
        )
        task = task_of(job.sensor, place)
        return Prepared(job, field, place, task, _described(job, field, medium, task))
    except InputError as error:
        raise InputError(f"{job.path}: {error}") from None


def _described(job: Job, field: Field, medium: Medium, task: Task[Result]) -> str:
    """What is about to be computed; InputError when no ray of a camera meets the field."""
    tau, kappa = medium.optical_depth, medium.kappa
    return "\n".join(
        [
            *field_lines(job, field),
            f"absorption     {_absorbing(medium.provenance)}: kappa {kappa.min():.4g} .. "
            f"{kappa.max():.4g} 1/m; optical depth of a cell up to {tau['cell_max']:.3g}, "
            f"of the domain {tau['domain']:.3g}",
            f"sensor         {job.sensor.settings()['kind']}: {task.describe()}",
        ]
    )


def _absorbing(model: Mapping[str, Any]) -> str:
    """An absorption model, its set of coefficients, and what counts: "wsgg, bordbar2014, of H2O, CO2, soot"."""
    name = ", ".join(str(model[key]) for key in ("model", "coefficients") if key in model) or "given"
    counts = [*model.get("species", []), *(["soot"] if "soot" in model else [])]
    return f"{name}{',' if 'coefficients' in model else ''} of {', '.join(counts)}" if counts else name


def field_lines(job: Job, field: Field) -> list[str]:
    """Say which field was read."""
    grid, T = field.grid, field.temperature if field.valid is None else field.temperature[field.valid]
    corners = zip(grid.lower.tolist(), grid.upper.tolist(), strict=True)
    box = " x ".join(f"[{a:.4g}, {b:.4g}]" for a, b in corners)
    source = job.field.file or f"sample {job.field.sample}"
    source += "" if field.time is None else f" at {field.time:.6g} s"
    return [
        f"field          {source}: {' x '.join(map(str, grid.shape))} cells, {box} m",
        f"temperature    {T.min():.5g} .. {T.max():.5g} K",
    ]


def write(job: Job, result: Result) -> list[Path]:
    """Write all files of a result into the output folder: all of them, or none. Return their paths."""
    names = result.files()
    job.directory.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".writing-", dir=job.directory))
    try:
        for name, quantity in names.items():
            if name.endswith(".png"):
                result.plot(staging / name, quantity or job.output.quantity, job.output.up)
            else:
                (result.showing(quantity) if quantity else result).save(staging / name)
        for name in names:
            os.replace(staging / name, job.directory / name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return [job.directory / name for name in names]


def limits(prepared: Prepared, result: Result, executor: Executor, progress: Progress) -> str:
    """Say what the pure limits would have cost in accuracy here.

    Raises InputError where the sensor does not take them.
    """
    value = result.value
    scale = np.maximum(value, 1e-9 * float(value.max(initial=0.0)))
    said = []
    for name, method in (("Thick(2)", Thick(2)), ("Thin()", Thin())):
        said.append(f"{name} by {_worst(prepared, method, value, scale, executor, progress)}")
    return f"alone would be off: {' and '.join(said)}"


def _worst(
    prepared: Prepared, method: Method, value: Any, scale: Any, executor: Executor, progress: Progress
) -> str:
    """The greatest relative difference that a method makes, in words."""
    place, sensor = prepared.scene, prepared.job.sensor
    pure = solve(
        place.medium, sensor, place.walls, method, objects=place.objects, lean=place.lean,
        radiosity_directions=place.radiosity_directions,
        executor=executor, progress=progress,
    )  # fmt: skip
    off = np.abs(pure.value - value)
    worst = float(np.max(np.divide(off, scale, out=np.zeros_like(off), where=scale > 0.0), initial=0.0))
    if not np.isfinite(worst) or worst >= 1e6:
        return "more than a million times"
    return f"up to {100 * worst:.2g} %" if worst < 10 else f"up to {worst:.2g} times"


def read_field(job: Job, section: FieldSection) -> Field:
    """Read the field that a job names; InputError when there are several."""
    if section.files is not None or section.times is not None:
        raise InputError(f"{job.path}: [field]: files and times are for run and check; name one field here")
    if section.file is not None:
        from ..formats import read

        field_map = None if section.map is None else job.resolve(section.map)
        return read(
            job.resolve(section.file), field_map, section.allow_cold,
            time=section.time, units=section.units, location=section.location, options=section.options,
            no_data=section.no_data, valid=section.valid, markers=_markers(job), **_onto(job, section),
        )  # fmt: skip
    from ..formats.samples import sample

    assert section.sample is not None
    assert not isinstance(section.time, str)
    return sample(section.sample, section.cells, section.activation, section.time)


def _markers(job: Job) -> list[str]:
    """Arrays of the file that objects are made of."""
    return list(dict.fromkeys(thing.dataset for thing in job.objects if isinstance(thing, MaskSection)))


def usual_medium(field: Field) -> Medium:
    """Return the medium of the field's own absorption coefficient if it has one, else of Planck means."""
    from ..media import absorption

    return absorption.MODELS["planck_mean" if field.absorption_coefficient is None else "given"](field)


def _onto(job: Job, section: FieldSection) -> dict[str, Any]:
    """The grid that the cells of a mesh go onto, as `formats.read` takes it."""
    from ..formats.onto import between

    try:
        grid = between(section.lower, section.upper, section.shape)
    except InputError as error:
        raise InputError(f"{job.path}: [field]: {error}") from None
    return grid | {"outside": section.outside, "radius": section.radius}


def medium_of(job: Job, field: Field) -> Medium:
    """Return the medium that the absorption model of a job makes of a field."""
    from ..media import absorption

    if job.absorption is None:
        return usual_medium(field)
    return absorption.MODELS[job.absorption.model](field, **job.absorption.inputs(job.resolve))


def objects_of(job: Job, field: Field) -> list[Object]:
    """Build the objects of a config; InputError when a box holds no cell, or a mesh or mask cannot be used."""
    return [section.object(job.resolve, field) for section in job.objects]


def check_writable(directory: Path) -> None:
    """Raise InputError when the output folder, which is made when there is something to write, cannot be written."""
    there = next(folder for folder in (directory, *directory.parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise InputError(
            f"output directory {directory} cannot be written ({error.strerror}); choose another with "
            "[output] directory, or --set output.directory=..."
        ) from None
