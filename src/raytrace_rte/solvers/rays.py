"""Rays as a task: batches of them, followed to their ends and folded into an answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..execution import memory
from ..execution.task import Arrays, Batch, Recipe, Task, below, named
from ..grid import FloatArray
from ..vectors import meets
from . import trial
from .lines import Lines, Traced, follow
from .scene import Scene, Sensor, recipe
from .shortcuts import SAMPLED
from .surfaces import Surfaces
from .trial import STAGE as TRIAL
from .trial import Trial

R = TypeVar("R")
Q = TypeVar("Q")
BATCHES, FEWEST, MOST = 32, 1024, 8192
"""Batches that a task should have, and rays in one at least and at most: some milliseconds to some hundred."""
FOLLOW = -1
"""Stage of the rays themselves; those of their surroundings' light are others."""
LOOKED_AT = 1 << 14
"""Rays whose geometry is looked at in one go."""
SPENT = 1 << 18
"""Numbers of an answer that are looked at in one go, when the tolerance that was spent is summed."""
ALONE = ("value",)
"""Rows that have memory of their own: an answer of which only these are kept takes no more."""
BYTES = 48
"""Of a ray and band in an answer."""

Take = Callable[[NDArray[np.int64] | slice], Lines]
"""Numbers of entries -> their rays, those of an entry in turn."""
Measure = Callable[[NDArray[np.int64], Callable[[Lines], Traced]], Mapping[str, NDArray[Any]]]
Fold = Callable[[Traced, int], Mapping[str, NDArray[Any]]]
"""(traced rays, number of entries) -> arrays with a row for each entry."""


class Gathered(NamedTuple):
    """What a finished task has: rows of the entries by name, and statistics of its rays."""

    rows: Mapping[str, NDArray[Any]]
    stats: dict[str, Any]


def by_ray(traced: Traced, entries: int) -> dict[str, NDArray[Any]]:
    """Keep everything of each ray."""
    return {k: a for k, a in traced._asdict().items() if k != "visits" and a is not None}


class RayTask(Task[R]):
    """Rays, one or some for each entry of an answer, and how the answer is made of them.

    entries: of the answer, in all; take: entries -> their rays; finish: rows and statistics -> the answer
    fold: what is kept of an entry's rays; each: rays of an entry, roughly where `measure` finds them
    measure: gives the rows of entries instead of take and fold, with as many rays as it likes; `look` follows them
    order: gives the order in which entries are visited (None: as they are numbered), neighbours close to each
        other; called when the answer is known to fit into memory
    aimed: it is a mistake when no ray meets the grid; where: the keys to check then
    Raises InputError when the answer does not fit into memory.
    """

    def __init__(
        self,
        scene: Scene,
        sensor: Sensor[R],
        entries: int,
        take: Take,
        finish: Callable[[RayTask[R], Gathered], R],
        *,
        fold: Fold = by_ray,
        each: int = 1,
        order: Callable[[], NDArray[np.int64]] | None = None,
        aimed: str = "",
        measure: Measure | None = None,
    ) -> None:
        answer = f"the answer for {entries} entries in {scene.medium.n_band} band(s)"
        memory.require(entries * scene.medium.n_band * BYTES, answer)
        self.scene, self.sensor, self.entries, self.each, self.aimed = scene, sensor, entries, each, aimed
        self.take, self._finish, self._fold, self._measure = take, finish, fold, measure
        self._order = None if order is None else order()
        self.surfaces = None if scene.plain else Surfaces(scene)
        self.rows: dict[str, NDArray[Any]] = {}
        self.sums = np.zeros(4, dtype=np.int64)
        self.visited = 0
        self._size = max(1, min(MOST, max(FEWEST, each * entries // BATCHES)) // each)
        self.trial = self._trial() if self.surfaces is None else None
        self._spare: NDArray[np.floating] | None = None
        self._clock = {"made": time.perf_counter(), "prepared": time.perf_counter()}

    @property
    def unit(self) -> str:  # type: ignore[override]
        """Rays; points that take as many as they need; where surfaces reflect there is other work too: batches."""
        if self.surfaces is not None:
            return "batches"
        return "rays" if self._measure is None else "points"

    @property
    def total(self) -> int:  # type: ignore[override]
        """Rays in all, or batches."""
        if self.surfaces is None:
            return self.entries * (self.each if self._measure is None else 1)
        return self.surfaces.total + -(-self.entries // self._size)

    @property
    def done(self) -> int:  # type: ignore[override]
        """How many of them are added."""
        if self.surfaces is None:
            return self.visited * (self.each if self._measure is None else 1)
        return self.surfaces.done + -(-self.visited // self._size)

    def prepare(self, workers: int) -> None:
        """Build the records, and the bounds over bricks if the method needs them."""
        self.scene.prepare(workers, self._spare)
        if self.trial is not None:
            self.trial.workers = workers
        self._clock["prepared"] = time.perf_counter()

    def leave(self) -> dict[str, Any]:
        """The records of cells."""
        return {"records": self.scene.medium.records}

    def take_over(self, left: Mapping[str, Any]) -> None:
        """Write records over those of an earlier task."""
        self._spare = left.get("records")

    def batches(self) -> Sequence[Batch]:
        """First what has to be known of surfaces and shortcuts, round by round, then all rays in one round."""
        if self.surfaces is not None and (light := self.surfaces.batches()):
            return light
        if self.trial is not None and (sample := self.trial.batches()):
            return sample
        starts, given = range(self.visited, self.entries, self._size), self._given()
        return [Batch(FOLLOW, a, min(a + self._size, self.entries), given) for a in starts]

    def run(self, batch: Batch) -> Arrays:
        """Follow the rays of some entries."""
        if batch.stage == TRIAL:
            assert self.trial is not None
            return self.trial.run(batch)
        if batch.stage != FOLLOW:
            assert self.surfaces is not None
            return self.surfaces.run(batch)
        sums = np.zeros(4, dtype=np.int64)

        def look(lines: Lines) -> Traced:
            traced = self._traced(lines, batch)
            sums[0] += traced.visits.sum()
            sums[1:] += np.einsum("ij->j", traced.steps)  # a third of the time of sum(axis=0)
            return traced

        numbers = self._numbers(batch.start, batch.stop)
        if self._measure is None:
            rows = self._fold(look(self.take(numbers)), batch.stop - batch.start)
        else:
            rows = self._measure(np.arange(self.entries)[numbers], look)
        return {"sums": sums, **named("rows/", rows)}

    def _traced(self, lines: Lines, batch: Batch) -> Traced:
        """Follow rays among surfaces, with shortcuts, or plainly."""
        if self.surfaces is not None:
            return self.surfaces.follow(lines, batch.given)
        if self._measure is None and batch.given["tiles"][batch.start // self._size]:
            return follow(self.scene, lines, self.scene.shortcuts)
        return follow(self.scene, lines)

    def add(self, batch: Batch, part: Arrays) -> None:
        """Put the rows of some entries into their places."""
        if batch.stage == TRIAL:
            assert self.trial is not None
            self.trial.add(batch, part)
            return
        if batch.stage != FOLLOW:
            assert self.surfaces is not None
            self.surfaces.add(batch, part)
            return
        numbers, part_rows = self._numbers(batch.start, batch.stop), below(part, "rows/")
        if not self.rows:
            alone = {k: part_rows[k] for k in ALONE if k in part_rows}
            others = {k: a for k, a in part_rows.items() if k not in alone}
            self.rows = memory.together(self.entries, alone) | memory.together(self.entries, others)
        for name, rows in part_rows.items():
            self.rows[name][numbers] = rows
        self.sums += part["sums"]
        self.visited = batch.stop

    def result(self) -> R:
        """Make the answer."""
        if not self.entries:
            self._add_nothing()
        names = ("crossings", "exact", "thin", "thick")
        sums = dict(zip(names, (int(n) for n in self.sums), strict=True))
        stats = {
            "rays": self.entries * self.each,
            "crossings": sums.pop("crossings"),
            "steps": sums,
            "optical_depth": dict(self.scene.medium.optical_depth),
            "seconds_prepare": self._clock["prepared"] - self._clock["made"],
            "seconds_trace": time.perf_counter() - self._clock["prepared"],
            "threads": self.workers,
        }
        if self.scene.switches and self.trial is not None:
            taken = int(self.trial.tiles.sum())
            stats["tiles"] = {"march": self.trial.tiles.size - taken, "shortcuts": taken}
        if self.surfaces is not None and self.surfaces.estimated:
            stats["light_estimate"] = True
        return self._finish(self, Gathered(self.rows, stats))

    def then(self, answer: Callable[[R], Q]) -> RayTask[Q]:
        """Turn into the task whose answer is made of this one's answer, by the same rays."""
        finish, task = self._finish, cast("RayTask[Any]", self)
        task._finish = lambda task, gathered: answer(finish(task, gathered))
        return task

    def state(self) -> Arrays:
        """The rows of the entries visited, in the order of visits."""
        numbers = self._numbers(0, self.visited)
        light = {} if self.surfaces is None else named("light/", self.surfaces.state())
        light |= {} if self.trial is None else named("trial/", self.trial.state())
        rows = named("rows/", {k: a[numbers] for k, a in self.rows.items()})
        return {"sums": self.sums, "visited": np.array(self.visited), **rows, **light}

    def restore(self, state: Arrays) -> None:
        """Put kept rows into their places."""
        if self.surfaces is not None:
            self.surfaces.restore(below(state, "light/"))
        if self.trial is not None:
            self.trial.restore(below(state, "trial/"))
        if state["visited"]:
            self.add(Batch(FOLLOW, 0, int(state["visited"])), state)

    def recipe(self, folder: str | None) -> AbstractContextManager[Recipe[R]]:
        """Write the scene and the sensor for other processes."""
        return recipe(self.scene, self.sensor, folder)

    def describe(self) -> str:
        """How many rays there are; for rays that are aimed, how many meet the field, and InputError if none."""
        rays = self.entries * self.each
        if self._measure is not None:
            return f"{self.entries} points, each with the rays that its tolerance takes"
        if not self.aimed:
            return f"{rays} rays"
        grid, count = self.scene.medium.grid, 0
        for first in range(0, self.entries, LOOKED_AT):
            lines = self.take(np.arange(first, min(first + LOOKED_AT, self.entries)))
            count += int(meets(grid, lines.origin, lines.direction).sum())
        if count == 0 and rays:
            lower, upper = grid.lower, grid.upper
            centre = [round(float(c), 6) for c in np.where(np.isfinite(lower), 0.5 * (lower + upper), 0.0)]
            raise InputError(
                f"[sensor]: no ray meets the field, which spans {lower.tolist()} to {upper.tolist()} m; "
                f"check {self.aimed}; the centre of the field is {centre}"
            )
        return f"{rays} rays, {count} meet the field"

    def _numbers(self, start: int, stop: int) -> NDArray[np.int64] | slice:
        """Numbers of the entries that are visited from `start` to `stop`."""
        return slice(start, stop) if self._order is None else self._order[start:stop]

    def _add_nothing(self) -> None:
        """Give the answer the names of its rows, where it has no entry."""
        self.prepare(1)
        self.add(Batch(FOLLOW, 0, 0), self.run(Batch(FOLLOW, 0, 0, self._given())))

    def _given(self) -> Arrays:
        """What batches of rays need of earlier rounds."""
        if self.trial is not None:
            return {"tiles": self.trial.tiles}
        assert self.surfaces is not None
        return self.surfaces.leaving

    def _trial(self) -> Trial:
        """The sample of rays that tells which batches take shortcuts."""
        many = self.entries >= trial.FEWEST and self._measure is None
        visits = np.arange(0, self.entries if many else 0, SAMPLED)
        numbers = visits if self._order is None else self._order[visits]
        tile = np.repeat(visits // self._size, self.each)
        return Trial(self.scene, numbers, self.take, tile, -(-max(self.entries, 1) // self._size))


def budget(scene: Scene, value: FloatArray, error_bound: FloatArray) -> dict[str, float]:
    """Return how much of the tolerance of a scene that switches was spent, over rays."""
    plan, total, most = scene.plan, 0.0, 0.0
    rows = max(1, SPENT // scene.medium.n_band)
    for first in range(0, len(value), rows):  # of many bands a work array would be as long to make as to read
        some, bound = value[first : first + rows], error_bound[first : first + rows]
        allowed = plan.relative * some
        allowed += plan.absolute
        everywhere = plan.absolute > 0.0 or allowed > 0.0
        spent = np.divide(bound, allowed, out=allowed, where=everywhere)
        total, most = total + float(spent.sum()), max(most, float(spent.max(initial=0.0)))
    mean = total / value.size if value.size else 0.0
    return {"absolute": plan.absolute, "mean": mean, "max": most}
