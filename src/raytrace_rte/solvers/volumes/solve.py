"""Whole volumes: G, div q and wall fluxes of every cell, as a task; a round is one sweep of one band."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from threading import Lock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...execution import memory
from ...execution.task import Arrays, Batch, Recipe, Task, below, named
from ...grid import FloatArray
from ...method import Auto, March
from ..scene import Scene, Sensor, recipe
from .band import Band, BandSolve, Rounds
from .box import Box, none
from .slab import SlabSweeper
from .sweeper import Sweeper, Swept

R = TypeVar("R")
USUAL = 8
"""Sweeps that grey surfaces are expected to take, for progress only."""
BYTES = 200
"""Of a cell and band: the record, the answer, and the sums of a sweep."""


class VolumeTask(Task[R]):
    """All cells of a scene, band after band; a round is one sweep of one band.

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
        self.left: list[FloatArray] = []
        self._totals: list[tuple[Sweeper | SlabSweeper, dict[str, NDArray[Any]]]] = []
        self.bands: list[Band] = []
        self._solve: BandSolve | None = None
        self._rounds: Rounds | None = None
        self._leaving: FloatArray = np.empty(0)
        self._log: list[FloatArray] = []
        self._sums: dict[str, NDArray[Any]] = {}
        self._added, self._swept = 0, 0
        self._kept: Arrays | None = None
        self._lock = Lock()
        self._started = time.perf_counter()

    @property
    def count(self) -> int:
        """Directions of a sweep, once it has begun; before that those that were asked for."""
        return self.directions if self._solve is None else self._solve.sweeper.count

    @property
    def total(self) -> int:  # type: ignore[override]
        """Directions in all; with grey surfaces an estimate."""
        n_band, grey = self.scene.medium.n_band, self._reflects
        rest = n_band - len(self.bands)
        ahead = (rest * USUAL if grey else rest) if rest else 0
        return self.count * max(self._swept + (rest > 0), ahead + self._swept - len(self._log))

    @property
    def done(self) -> int:  # type: ignore[override]
        """Directions swept."""
        return self.count * self._swept + (self.count * self._added // self._groups if self._added else 0)

    @cached_property
    def _reflects(self) -> bool:
        return bool((self.box.surfaces(0)[1] < 1.0).any())

    @property
    def _groups(self) -> int:
        return 1 if self._solve is None else self._solve.sweeper.groups

    def prepare(self, workers: int) -> None:
        """Build what kernels read: records of cells only when it is not likely that nothing has to be swept."""
        from ...kernels.sizes import THICK_CELL

        self.box.workers = workers
        medium = self.scene.medium
        if isinstance(self.scene.method, Auto) and medium.optical_depth["cell_mean"] > 2.0 * THICK_CELL:
            medium.prepare(workers, lean=True)
        else:
            self.scene.prepare(workers, self.box.spare.take("records", none))

    def leave(self) -> dict[str, Any]:
        """The records of cells, and large arrays for another task on such a box."""
        self.release()
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
        """What is left of this sweep; empty when all bands are solved."""
        while self._rounds is None and len(self.bands) < self.scene.medium.n_band:
            self._begin()  # a band that follows the limit everywhere needs no round
        if len(self.bands) == self.scene.medium.n_band:
            return []
        given = {"leaving": self._leaving}
        return [Batch(len(self.bands), g, g + 1, given) for g in range(self._added, self._groups)]

    def run(self, batch: Batch) -> Arrays:
        """Sweep one group of directions."""
        solve = self._band(batch.stage)
        return solve.sweeper.sweep(batch.given["leaving"], batch.start, self.pause)

    def add(self, batch: Batch, part: Arrays) -> None:
        """Add the sums of a group; after the last one, see whether another sweep is needed."""
        assert self._solve is not None
        for name, total in self._sums.items():
            if name == "remainder":
                np.maximum(total, part[name], out=total)
            else:
                total += part[name]
        self._solve.sweeper.give_back(part)
        self._added += 1
        if self._added == self._groups:
            swept = self._solve.sweeper.swept(self._sums)
            self._swept += 1
            self._log.append(swept.arrived)
            self._advance(swept)

    def _band(self, b: int) -> BandSolve:
        """The solve of a band, made when first asked for."""
        with self._lock:
            if self._solve is None or self._solve.b != b:
                start = self.start[b] if b < len(self.start) else None
                self._solve = BandSolve(self.box, b, self.directions, start)
            return self._solve

    def _begin(self) -> None:
        """Start the next band, and go through its rounds as far as they are known from an earlier run."""
        self._rounds, self._log = self._band(len(self.bands)).solve(), []
        self._advance(None)
        kept, self._kept = self._kept, None
        if kept is None or self._rounds is None:
            return
        assert self._solve is not None
        nothing = self._solve.sweeper.swept(self._solve.sweeper.nothing())
        for arrived in kept["arrived"]:
            self._log.append(arrived)
            self._advance(nothing._replace(arrived=arrived))
        self._sums = {name: np.array(a) for name, a in below(kept, "sums/").items()}
        self._added = int(kept["added"])

    def _advance(self, swept: Swept | None) -> None:
        """Tell the rounds of a band what a sweep gave; they ask for another one, or the band is solved."""
        assert self._rounds is not None
        assert self._solve is not None
        self._added = 0
        try:
            self._leaving = next(self._rounds) if swept is None else self._rounds.send(swept)
            self._sums = self._solve.sweeper.nothing()
        except StopIteration as end:
            self.bands.append(end.value)
            self.left.append(self._solve.left)
            self._solve.fields.release()
            self._totals.append((self._solve.sweeper, dict(self._solve.taken._asdict())))
            self._rounds = None

    def leaving(self) -> dict[str, FloatArray]:
        """Radiance that leaves faces and "solids" [W m-2 sr-1], bands last, once all bands are solved."""
        return self.walls("leaving")

    def cells(self, name: str) -> NDArray[Any]:
        """A field of all bands, bands last if the medium has any."""
        arrays = [getattr(band, name) for band in self.bands]
        if self.scene.medium.kappa.ndim == 3:
            return arrays[0]
        return np.moveaxis(np.stack(arrays), 0, -1)  # in memory band by band, as they are copied and summed

    def walls(self, name: str) -> dict[str, FloatArray]:
        """Maps of all bands by face, bands last if the medium has any."""
        maps = [getattr(band, name) for band in self.bands]
        spectral = self.scene.medium.kappa.ndim == 4
        return {f: np.stack([m[f] for m in maps], axis=-1) if spectral else maps[0][f] for f in maps[0]}

    def result(self) -> R:
        """Make the answer."""
        return self._finish(self)

    def release(self) -> None:
        """Let a later task with the same box write over the arrays of this one, which is done."""
        solved = self.bands[len(self.bands) - len(self._totals) :]  # the first ones may come from a store
        for band, (sweeper, sums) in zip(solved, self._totals, strict=True):
            own = [f for f, n in ((band.G, "incident"), (band.div_q, "div_q")) if not sums[n].size]
            self.box.give_back(band.emission, band.G_error, band.error, *own)
            sweeper.give_back(sums)
        self._totals = []

    def stats(self) -> dict[str, Any]:
        """Counts and seconds."""
        counts = {key: sum(float(band.counts[key]) for band in self.bands) for key in self.bands[0].counts}
        limited = [band.limited for band in self.bands]
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

    def budget(self) -> dict[str, float]:
        """Emitted, absorbed again, lost to each wall, and what does not balance [W] (per m or m2 of a slab)."""
        bands = self.budgets()
        out = {name: sum(band[name] for band in bands) for name in bands[0]}
        lost = [power for name, power in out.items() if name.startswith("to_")]
        residual = out["emitted"] - out["absorbed"] - sum(lost)
        scale = max(out["emitted"], *map(abs, lost), 1e-300)
        return out | {"residual": residual, "residual_relative": residual / scale}

    def budgets(self) -> list[dict[str, float]]:
        """The parts of the budget of each band [W]: emitted, absorbed again, lost to each wall and to solids."""
        return [self._budget(band) for band in self.bands]

    def _budget(self, band: Band) -> dict[str, float]:
        areas = self.box.by_face(self.box.area)
        # a layer at a time, which stays in the cache
        emitted, gained = (
            sum(float((f * w).sum()) for f, w in zip(a, self.box.volume, strict=True))
            for a in (band.emission, band.div_q)
        )
        lost = {f"to_{name}": float((flux * areas[name]).sum()) for name, flux in band.wall_net.items()}
        if self.box.solids is not None:
            lost["to_solids"] = float(band.solid_heat.sum())
        return {"emitted": emitted, "absorbed": emitted - gained, **lost}

    def state(self) -> Arrays:
        """Solved bands, what surfaces received in the sweeps of this one, and the sums of the sweep under way."""
        out: dict[str, NDArray[Any]] = {"added": np.array(self._added), "swept": np.array(self._swept)}
        for n, band in enumerate(self.bands):
            out |= named(f"band {n}/", _flat(band))
        if self._kept is not None:  # not gone on with yet
            out |= {k: a for k, a in self._kept.items() if k in ("added", "arrived") or k.startswith("sums/")}
        elif self._rounds is not None:
            out["arrived"] = np.array(self._log)
            out |= named("sums/", self._sums)
        return out

    def restore(self, state: Arrays) -> None:
        """Go on from a state."""
        while flat := below(state, f"band {len(self.bands)}/"):
            self.bands.append(_raised(flat))
        self._swept = int(state["swept"])
        if "arrived" in state:
            self._kept = state

    def recipe(self, folder: str | None) -> AbstractContextManager[Recipe[R]]:
        """Write the scene and the sensor for other processes."""
        return recipe(self.scene, self.sensor, folder)

    def describe(self) -> str:
        """What is about to be computed."""
        return f"all cells and walls, {self.count} directions"


def _flat(band: Band) -> dict[str, NDArray[Any]]:
    """A band as named arrays."""
    out: dict[str, NDArray[Any]] = {}
    for name, value in band._asdict().items():
        if isinstance(value, Mapping):
            out |= named(f"{name}/", value)
        else:
            out[name] = np.asarray(value)
    return out


def _raised(flat: Arrays) -> Band:
    """The band of named arrays."""
    parts: dict[str, Any] = {n: flat[n] if n in flat else below(flat, f"{n}/") for n in Band._fields}
    return Band(**parts)
