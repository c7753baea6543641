"""Whole volumes: G, div q and wall fluxes of every cell, as a task; a round is a sweep of each of some bands."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from threading import Lock
from typing import Any, TypeVar

import numpy as np

from ...errors import InputError
from ...execution import memory
from ...execution.executors import ordered, thread_count
from ...execution.task import Arrays, Batch, Recipe, Task, below, named
from ...grid import FloatArray
from ...method import Auto, March
from ..scene import Scene, Sensor, recipe
from .answers import Answers
from .band import BandSolve
from .box import Box, none
from .course import Course
from .families import ordinates_of
from .slab import slab_count

R = TypeVar("R")
OPEN = 8
"""Bands under way at a time: their sweeps fill the threads, and more would only take memory."""
USUAL = 8
"""Sweeps that grey surfaces are expected to take, for progress only."""
BYTES = 200
"""Of a cell and band: the answer, and of those under way the record and the sums of a sweep."""


class VolumeTask(Task[R]):
    """All cells of a scene; a round is a sweep of each of some bands.

    finish: makes the answer
    box: of an earlier task with the same grid, walls and objects; start, left: radiance that leaves all surfaces, for
        each band, from an earlier task and after this one
    Raises InputError for limits, for meshes, in lean mode, and where no face ends a ray.
    """

    unit = "directions"

    def __init__(
        self,
        scene: Scene,
        sensor: Sensor[R],
        directions: int,
        finish: Callable[[VolumeTask[R]], R],
        box: Box | None = None,
        start: Sequence[FloatArray] = (),
    ) -> None:
        method = scene.method
        if not (isinstance(method, Auto) or method == March()):
            raise InputError(f"heat_source: method is {method!r}; expected Auto(...) or March(order=2)")
        if scene.lean:
            raise InputError("lean: found the sensor heat_source; it is for rays: leave it out")
        cells = int(np.prod(scene.medium.grid.shape))
        memory.require(cells * scene.medium.n_band * BYTES, f"a volume solve on {cells} cells")
        self.scene, self.sensor, self._finish = scene, sensor, finish
        self.box = Box(scene) if box is None else box.of(scene)
        self.directions, self.start = directions, list(start)
        self.answers = Answers(self.box)
        self._light: dict[int, FloatArray] = {}
        self._courses: dict[int, Course] = {}
        self._solves: dict[int, BandSolve] = {}
        self._kept: dict[int, Arrays] = {}
        self._lock = Lock()
        self._started = time.perf_counter()

    @cached_property
    def count(self) -> int:
        """Directions of a sweep."""
        if self.box.ends.slab:
            return slab_count(self.directions)
        return ordinates_of(self.box, self.directions).count

    @property
    def total(self) -> int:  # type: ignore[override]
        """Directions in all; with grey surfaces an estimate."""
        usual = self.count * (USUAL if self._reflects else 1)
        begun = [*(course.directions for course in self._courses.values()), *self._kept_directions]
        ahead = sum(max(usual, self.count * (n // self.count + 1)) for n in begun)
        return self.count * self._swept + ahead + usual * (len(self._ahead) - len(self._kept))

    @property
    def done(self) -> int:  # type: ignore[override]
        """Directions swept."""
        under_way = sum(course.directions for course in self._courses.values())
        return self.count * self._swept + under_way + sum(self._kept_directions)

    @property
    def _kept_directions(self) -> list[int]:
        """Directions swept by an earlier run of bands that are not begun again yet."""
        return [int(state["directions"]) for state in self._kept.values()]

    @property
    def _swept(self) -> int:
        """Sweeps of the bands that are solved."""
        return sum(int(band.counts["sweeps"]) for band in self.answers.bands)

    @cached_property
    def _reflects(self) -> bool:
        return bool((self.box.surfaces(0)[1] < 1.0).any())

    def prepare(self, workers: int) -> None:
        """Build what kernels read: records of cells only when it is not likely that nothing has to be swept, and then
        those of all cells only where they have one band."""
        from ...kernels.sizes import THICK_CELL

        self.box.workers = workers
        medium, limits = self.scene.medium, isinstance(self.scene.method, Auto)
        medium.lean_cells  # noqa: B018  from now on a change of its arrays is an error
        thick = limits and medium.optical_depth["cell_mean"] > 2.0 * THICK_CELL
        if medium.n_band == 1 and not thick:
            self.scene.prepare(workers, self.box.spare.take("records", none))
        elif limits and medium.optical_depth["cell_max"] > THICK_CELL:
            medium.prepare(workers, lean=True)

    def leave(self) -> dict[str, Any]:
        """The records of cells, and large arrays for another task on such a box."""
        self.answers.release()
        built = self.scene.medium.records
        records = self.box.spare.take("records", none) if built is None else built
        return {"records": records, "box": (self.box.form, self.box.spare)}

    def take_over(self, left: Mapping[str, Any]) -> None:
        """Use the memory of an earlier task of volumes."""
        form, spare = left.get("box", (None, None))
        if form == self.box.form:
            self.box.spare = spare
        if left.get("records") is not None:
            self.box.spare.put("records", left["records"])

    def batches(self) -> Sequence[Batch]:
        """What is left of the sweeps of the bands under way; empty when all bands are solved."""
        while self._ahead and len(self._courses) < OPEN:
            self._open()
        return [batch for course in self._courses.values() for batch in course.batches()]

    @property
    def _ahead(self) -> list[int]:
        """Bands that are not begun."""
        every = range(self.scene.medium.n_band)
        return [b for b in every if b not in self.answers and b not in self._courses]

    def _open(self) -> None:
        """Begin as many bands as may be under way; those that follow the limit everywhere are solved at once."""
        chosen = self._ahead[: OPEN - len(self._courses)]
        self.box.workers = max(1, self._threads // len(chosen))
        begun = ordered(self._begin, chosen, min(self._threads, len(chosen)))
        for b, course in zip(chosen, begun, strict=True):
            self._courses[b] = course
            self._kept.pop(b, None)
            self._close(b)
        self.box.workers = self._threads if self.scene.medium.n_band == 1 else 1

    @property
    def _threads(self) -> int:
        """Threads of this process: batches may run elsewhere."""
        return min(self.workers, thread_count(None))

    def _begin(self, b: int) -> Course:
        """Begin a band, and go through its rounds as far as they are known from an earlier run."""
        return Course(self._solve(b), self.answers.place(b), self._kept.get(b, {}))

    def _close(self, b: int) -> None:
        """Take the answer of a band if it is there."""
        course = self._courses[b]
        if course.answer is not None:
            self.answers.take(b, course.answer)
            self._light[b] = course.solve.left
            del self._courses[b]

    def run(self, batch: Batch) -> Arrays:
        """Sweep one group of directions."""
        course = self._courses.get(batch.stage)
        solve = self._made(batch.stage) if course is None else course.solve
        return solve.sweeper.sweep(batch.given["leaving"], batch.start, self.pause)

    def add(self, batch: Batch, part: Arrays) -> None:
        """Add the sums of a group; after the last one, see whether another sweep is needed."""
        self._courses[batch.stage].add(part)
        self._close(batch.stage)

    def _solve(self, b: int) -> BandSolve:
        start = self.start[b] if b < len(self.start) else None
        return BandSolve(self.box, b, self.directions, start)

    def _made(self, b: int) -> BandSolve:
        """The solve of a band that is under way elsewhere; of many the one that was wanted last is kept longest, and
        one that is dropped lasts as long as somebody sweeps it."""
        with self._lock:
            solve = self._solves.pop(b, None) or self._solve(b)
            self._solves[b] = solve
            if len(self._solves) > OPEN:
                del self._solves[next(iter(self._solves))]
            return solve

    @property
    def left(self) -> list[FloatArray]:
        """Radiance that left all surfaces in the last sweep of each band, once all are solved; of a band that an
        earlier run solved, none."""
        return [self._light.get(b, np.empty(0)) for b in range(self.scene.medium.n_band)]

    def result(self) -> R:
        """Make the answer."""
        return self._finish(self)

    def stats(self) -> dict[str, Any]:
        """Counts and seconds."""
        bands = self.answers.bands
        counts = {key: sum(float(band.counts[key]) for band in bands) for key in bands[0].counts}
        limited = [band.limited for band in bands]
        return {
            "directions": self.count,
            "seconds_trace": time.perf_counter() - self._started,
            "threads": self.workers,
            "optical_depth": dict(self.scene.medium.optical_depth),
            "cells_limit": sum(int(cells.sum()) for cells in limited),
            "cells": sum(cells.size for cells in limited),
            "crossings": int(counts["crossings"]),
            "sweeps": int(counts["sweeps"]),
            "lacks": counts["lacks"],
        }

    def state(self) -> Arrays:
        """Solved bands, and how far those under way are."""
        out = self.answers.state()
        under_way = self._kept | {b: course.state() for b, course in self._courses.items()}
        for b, state in under_way.items():
            out |= named(f"under way {b}/", state)
        return out

    def restore(self, state: Arrays) -> None:
        """Go on from a state."""
        self.answers.restore(state)
        for b in self._ahead:
            if kept := below(state, f"under way {b}/"):
                self._kept[b] = kept

    def recipe(self, folder: str | None) -> AbstractContextManager[Recipe[R]]:
        """Write the scene and the sensor for other processes."""
        return recipe(self.scene, self.sensor, folder)

    def describe(self) -> str:
        """What is about to be computed."""
        return f"all cells and walls, {self.count} directions"
