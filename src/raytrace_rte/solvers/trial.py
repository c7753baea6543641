"""A sample of rays that is followed first, with and without shortcuts over bricks, to know what each tile takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..execution.task import Arrays, Batch
from .lines import Lines, follow
from .scene import Scene
from .shortcuts import SAMPLED, cheaper, worth_bounding

STAGE = -3
"""Stage of the sample; its batch 0 is the march, its batch 1 takes shortcuts."""
FEWEST = 4 * SAMPLED
"""Entries below which nothing is tried."""


class Trial:
    """The rounds before a task's own. tiles: which of its batches take shortcuts, in their order.

    workers: threads that build the bounds over bricks, where the sample is followed
    sample: numbers of the entries that are tried; take: their rays; tile: the batch of each ray of the sample
    """

    def __init__(
        self, scene: Scene, sample: NDArray[np.int64], take: Callable[[NDArray[np.int64]], Lines],
        tile: NDArray[np.int64], tiles: int,
    ) -> None:  # fmt: skip
        self.scene, self._sample, self._take, self._tile = scene, sample, take, tile
        self.tiles = np.zeros(tiles, dtype=bool)
        self._marched: NDArray[np.int64] | None = None
        self._over, self.workers = False, 1

    def batches(self) -> Sequence[Batch]:
        """The next round; empty when `tiles` is known."""
        if self._over or self._sample.size == 0 or self.scene.shortcuts is None:
            return []
        if self._marched is None:
            return [Batch(STAGE, 0, 1)]
        return [Batch(STAGE, 1, 2)]

    def run(self, batch: Batch) -> Arrays:
        """Count what the rays of the sample cost, in one of the two ways."""
        lines = self._take(self._sample)
        if batch.start == 0:
            return {"cells": follow(self.scene, lines).visits}
        self.scene.medium.prepare(self.workers, lean=self.scene.lean, bricks=True)
        traced = follow(self.scene, lines, self.scene.shortcuts)
        exact, steps = traced.steps[:, 0], traced.steps[:, 1:].sum(axis=1)
        return {"cells": np.stack((exact, traced.visits - exact, steps), axis=1)}

    def add(self, batch: Batch, part: Arrays) -> None:
        """Take the counts; decide once both are there, or the first says that nothing can be saved."""
        if batch.start == 0:
            self._marched = part["cells"]
            self._over = not worth_bounding(part["cells"], self.scene.medium)
            return
        assert self._marched is not None
        self.tiles = cheaper(self._marched, part["cells"], self._tile, self.tiles.size)
        self._over = True

    def state(self) -> Arrays:
        """What is decided."""
        return {"tiles": self.tiles, "over": np.array(self._over)}

    def restore(self, state: Arrays) -> None:
        """Go on from a state; a trial that was interrupted begins anew."""
        self.tiles, self._over = state["tiles"], bool(state["over"])
