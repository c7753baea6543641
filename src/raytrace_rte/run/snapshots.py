"""A config whose field comes in several moments: which they are, and the job on all of them."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..config.config import Job
from ..config.sections import FieldSection
from ..errors import InputError
from ..execution.executors import Executor, Progress
from ..execution.stores import Store
from ..execution.task import Task
from ..results.result import Result
from ..results.series import SeriesResult
from ..solvers.scene import job_key
from . import job as jobs
from .job import KEPT, Prepared
from .series import Snapshot, solve_all


@dataclass(eq=False)
class PreparedSeries:
    """A job on several moments, the first of which is read and laid out; moments: a name and a job for each."""

    job: Job
    lean: bool
    moments: list[tuple[str, Job]]
    first: Prepared | None
    description: str
    unit: str
    done: int = 0

    @property
    def kept(self) -> str:
        """How much is kept of work that was interrupted."""
        return f"{self.done} of {len(self.moments)} snapshots, and what is done of the next one, are kept"

    def run(self, executor: Executor, progress: Progress, resume: bool) -> Result:
        """Solve all snapshots, or those that are left."""
        count = len(self.moments)
        result = solve_all(self._snapshots(), count, executor, progress, self.store(resume))
        config = {**result.config, "job": {**result.config["job"], **self.job.settings()}}
        return SeriesResult(result.table.with_attributes(config=config), result.spectrum)

    def store(self, resume: bool) -> Store:
        """The folder of unfinished work of this job."""
        return Store(self.job.directory / KEPT, "series", resume)

    def _snapshots(self) -> Iterator[Snapshot]:
        for number, (name, job) in enumerate(self.moments):
            self.done = number
            key, written = partial(_key, job, self.lean), partial(self._write, job)
            yield Snapshot(name, partial(self._laid_out, number), key, written)

    def _laid_out(self, number: int) -> tuple[Task[Any], float | None]:
        """Read a snapshot, unless it is the first one, which was read to look at it."""
        first, self.first = self.first, None
        ready = (
            first if first is not None and number == 0 else jobs.prepare(self.moments[number][1], self.lean)
        )
        return ready.task, ready.field.time

    def _write(self, job: Job, result: Result) -> None:
        """Write the files of one snapshot, if they were asked for."""
        if job.output.each:
            jobs.write(job, result)


def prepare(job: Job, lean: bool = False) -> Prepared | PreparedSeries:
    """Read the field, of several the first one, and check what can be checked before the work.

    Raises InputError as `job.prepare` does, and when there is no such file or no such time.
    """
    if job.field.files is None and job.field.times is None:
        return jobs.prepare(job, lean)
    try:
        sections = list(_by_time(job) if job.field.files is None else _by_file(job))
    except InputError as error:
        raise InputError(f"{job.path}: [field]: {error}") from None
    folder = Path(job.output.directory)
    moments = [
        (name, job.of(section, str(folder / f"{number:05d}-{_file_name(name)}") if job.output.each else None))
        for number, (name, section) in enumerate(sections)
    ]
    first = jobs.prepare(job.of(moments[0][1].field), lean)
    description = (
        f"series         {len(moments)} snapshots, {moments[0][0]} to {moments[-1][0]}; of the first:"
    )
    return PreparedSeries(job, lean, moments, first, f"{description}\n{first.description}", first.task.unit)


def _by_file(job: Job) -> Iterator[tuple[str, FieldSection]]:
    """Each file, by its path as the config has it, patterns in natural order; InputError where there is none."""
    given = job.field.files
    assert given is not None
    seen = set()
    for pattern in [given] if isinstance(given, str) else given:
        found = sorted(glob.glob(pattern, root_dir=job.path.parent), key=natural)
        if not found:
            what = "matches nothing" if glob.has_magic(pattern) else "is not there"
            raise InputError(f"files: '{pattern}' {what} in {job.path.parent.resolve()}; check the name")
        for name in found:
            if name not in seen:
                seen.add(name)
                yield name, job.field.model_copy(update={"file": name, "files": None})
    if not seen:
        raise InputError("files is an empty list; expected a pattern, or a list of paths")


def _by_time(job: Job) -> Iterator[tuple[str, FieldSection]]:
    """Each moment of one file or sample; InputError when the file has no such times."""
    field, times = job.field, job.field.times
    assert times is not None
    what = field.file or f"sample {field.sample}"
    for when, time in _of_sample(times) if field.file is None else _of_file(job.resolve(field.file), field):
        yield f"{what} {when}", field.model_copy(update={"time": time, "times": None})


def _of_sample(times: Any) -> Iterator[tuple[str, float]]:
    """The moments of a sample [s], each with its words."""
    for time in times:
        yield f"at {time:.6g} s", time


def _of_file(path: Path, field: FieldSection) -> Iterator[tuple[str, str]]:
    """The moments of a file that are asked for, by their index, as two may have one time; each with its words."""
    from ..formats.moments import moment
    from ..formats.readers import opened

    with opened(path, None, field.options) as source:
        times, names = [float(t) for t in source.times], source.names
    if not times:
        raise InputError(f"times: {path} has no times; drop times, or give several files")
    assert field.times is not None
    every = field.times == "all"
    chosen = range(len(times)) if every else [moment(times, t, str(path), names) for t in field.times]
    if len(set(chosen)) < len(chosen):
        raise InputError(f"times: {field.times} names a moment of {path} twice; expected each moment once")
    for i in chosen:
        known = not np.isnan(times[i])
        yield f"at {times[i]:.6g} s" if known else f"index {i}", f"index {i}"


def natural(name: str) -> list[Any]:
    """What sorts names as a reader would: plt9.h5 before plt10.h5."""
    parts = re.split(r"([0-9]+)", name)
    return [int(part) if number % 2 else part for number, part in enumerate(parts)]


def _file_name(name: str) -> str:
    """A name for a folder: the last part of a path, without its suffix; letters, digits and a few signs."""
    stem = name if " at " in name else Path(name).stem
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", Path(stem).name)


def _key(job: Job, lean: bool) -> str:
    """What tells the work of a snapshot from other work: the job, and the files that it reads as they are now."""
    names = [job.field.file, job.field.map, *(getattr(thing, "file", None) for thing in job.objects)]
    names.append(getattr(job.absorption, "table", None))  # of bands
    files = [_state(job.resolve(name)) for name in names if name is not None]
    return job_key(job.settings() | {"lean": lean}, str(files))


def _state(path: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of change of a file, or of all files in a folder: quick, where a hash would read them."""
    files = (
        [path] if not path.is_dir() else sorted(Path(p, n) for p, _, names in os.walk(path) for n in names)
    )
    found = [(str(file), file.stat()) for file in files if file.exists()]
    return [(name, state.st_size, state.st_mtime_ns) for name, state in found]
