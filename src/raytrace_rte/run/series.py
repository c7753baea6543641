"""Snapshots of a flow, one after the other: one sensor, one answer with an axis of time.

Snapshots are solved in turn, each with all workers, so that one field is in memory at a time. Records of cells and
large arrays of one are written over by the next. What is done of each is kept, so that a series that was interrupted,
or met a file that cannot be read, goes on to the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .. import checks
from ..boundaries.bodies import Object
from ..boundaries.walls import Walls
from ..errors import InputError
from ..execution import memory
from ..execution.executors import Executor, Progress
from ..execution.stores import Store
from ..execution.task import Task
from ..media.field import Field
from ..media.medium import Medium
from ..method import Method
from ..results.packing import packed, unpacked
from ..results.result import Result
from ..results.series import SeriesResult, moment, stacked
from ..solvers.scene import RADIOSITY_DIRECTIONS, Sensor, fingerprint, scene
from ..solving import executor_of, task_of
from .job import usual_medium

Objects = Sequence[Object] | Callable[[Field], Sequence[Object]]


@dataclass(frozen=True)
class Snapshot:
    """One moment of a series.

    name: for messages and tables
    task: reads the field and lays the work out; gives the work and the field's time [s]
    key: tells its work from that of others, for a store
    answered: called with the answer, to write it for instance
    """

    name: str
    task: Callable[[], tuple[Task[Any], float | None]]
    key: Callable[[], str]
    answered: Callable[[Result], object] = lambda result: None


def solve_all(
    snapshots: Iterable[Snapshot],
    count: int | None,
    executor: Executor,
    progress: Progress | None = None,
    store: Store | None = None,
) -> SeriesResult:
    """Return the answers of all snapshots with an axis of time.

    count: of the snapshots, None where it is not known; progress: as of solve, over all of them; store: keeps what is
    done, in a folder for each snapshot
    Raises InputError that names the snapshot when it cannot be read, or does not go with the others.
    """
    started, share = time.perf_counter(), _Share(progress, count)
    kept: list[Result] = []
    left: dict[str, Any] = {}
    if store is not None and not store.resume:
        store.clear()
    for number, snapshot in enumerate(snapshots):
        try:
            own = None if store is None else store.part(number).of(snapshot.key())
            table = None if own is None else unpacked(own.load() or {})
            if table is not None:
                answer = Result(table)
                share.finished(None)
            else:
                answer, left = _solved(snapshot, executor, share, own, left, kept)
        except InputError as error:
            raise _of(snapshot, number, error, store) from None
        kept.append(answer)
        if number == 0 and count is not None:
            size = sum(v.values.nbytes for v in answer.variables())
            memory.require(2.0 * count * size, f"one table with the answers of {count} snapshots")
    if not kept:
        raise InputError("series: found no snapshot; expected one at least")
    return stacked(kept, time.perf_counter() - started)


def _solved(
    snapshot: Snapshot,
    executor: Executor,
    share: _Share,
    store: Store | None,
    left: dict[str, Any],
    kept: Sequence[Result],
) -> tuple[Result, dict[str, Any]]:
    """Solve one snapshot in the memory that the one before has left; return what is kept of it, and its memory."""
    task, when = snapshot.task()
    task.take_over(left)
    result = executor.run(task, share.of(task), store)
    answer = moment(result, snapshot.name, when, kept[0] if kept else None)
    snapshot.answered(result)
    if store is not None:
        store.save(packed(answer.complete()))
    share.finished(task)
    return answer, task.leave()


def _of(snapshot: Snapshot, number: int, error: InputError, store: Store | None) -> InputError:
    """The error that names the snapshot, and says what is kept."""
    text = str(error)
    said = text if snapshot.name in text else f"{snapshot.name}: {text}"
    if number and store is not None:
        said += f"; the answers of the {number} before it are kept, and resuming goes on with this one"
    return InputError(f"snapshot {number}: {said}")


class _Share:
    """Progress over all snapshots, from that of each: those to come are taken to be like the one at hand."""

    def __init__(self, progress: Progress | None, count: int | None) -> None:
        self.progress, self.count = progress, count
        self.before, self.kept, self.number = 0, 0, 0

    def of(self, task: Task[Any]) -> Progress | None:
        """What an executor calls while it works on a snapshot."""
        if self.progress is None:
            return None
        say, rest = self.progress, 1 if self.count is None else self.count - self.number

        def told(done: int, total: int) -> None:
            before = self.before + self.kept * total
            say(before + done, before + rest * total)

        return told

    def finished(self, task: Task[Any] | None) -> None:
        """Go on to the next snapshot, after the work of this one, or none where its answer was kept."""
        self.number += 1
        if task is None:
            self.kept += 1
        else:
            self.before += task.total


def solve_series(
    fields: Iterable[Field | str | Path],
    sensor: Sensor[Any],
    walls: Walls | None = None,
    method: Method | None = None,
    *,
    absorption: Callable[[Field], Medium] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    store: Store | str | Path | None = None,
    objects: Objects = (),
    lean: bool = False,
    executor: Executor | None = None,
    radiosity_directions: int = RADIOSITY_DIRECTIONS,
) -> SeriesResult:
    """Solve snapshots of a flow, one after the other; return their answers as one result with an axis of time.

    fields: Fields, or paths that `read` reads; a generator holds one field in memory at a time
    absorption: makes the medium of a field, as rte.absorption.planck_mean does; None takes the field's own absorption
        coefficient if it has one, else Planck means
    objects: as of solve, or a function of the field that gives them
    store: keeps what is done in a folder, from which the same call goes on; a folder that is given by its path is
        removed at the end

    The other arguments are those of `solve`. Times come from the fields (`Field.time`). Each answer has the bits that
    `solve` gives. Raises InputError as `read` and `solve` do, and when two answers have no common axes.
    """
    if isinstance(fields, Field | str | Path) or not isinstance(fields, Iterable):
        raise checks.wrong("fields", fields, "a list (or another iterable) of Fields and paths")
    for name, given in (("progress", progress), ("absorption", absorption)):
        if given is not None and not callable(given):
            raise checks.wrong(name, given, "a function")
    engine = executor_of(executor, threads)

    def laid_out(given: Field | str | Path) -> tuple[Task[Any], float | None, str]:
        field = _field(given)
        place = scene(
            usual_medium(field) if absorption is None else absorption(field), walls, method,
            objects(field) if callable(objects) else objects, lean,
            workers=engine.workers, radiosity_directions=radiosity_directions,
        )  # fmt: skip
        key = "" if store is None else f"{fingerprint(place, sensor)} {field.time}"
        return task_of(sensor, place), field.time, key

    def snapshots() -> Iterator[Snapshot]:
        for number, given in enumerate(fields):
            name = f"field {number}" if isinstance(given, Field) else str(given)
            yield _lazy(name, partial(laid_out, given))

    count = len(fields) if isinstance(fields, Sequence) else None
    keep = store if store is None or isinstance(store, Store) else Store(checks.path("store", store))
    result = solve_all(snapshots(), count, engine, progress, keep)
    if keep is not None and keep is not store:
        keep.clear()
    return result


def _lazy(name: str, laid_out: Callable[[], tuple[Task[Any], float | None, str]]) -> Snapshot:
    """A snapshot whose work is laid out when first asked for, and once."""
    made: list[tuple[Task[Any], float | None, str]] = []

    def once() -> tuple[Task[Any], float | None, str]:
        if not made:
            made.append(laid_out())
        return made[0]

    def task() -> tuple[Task[Any], float | None]:
        work, when, _ = once()
        made.clear()
        return work, when

    return Snapshot(name, task, lambda: once()[2])


def _field(given: object) -> Field:
    """A field, read if it is a path."""
    if isinstance(given, Field):
        return given
    from ..formats import read

    return read(checks.path("fields", given))
