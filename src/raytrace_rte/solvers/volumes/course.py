"""A band under way: the sweep that it is in, and what that has gathered so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...execution.task import Arrays, Batch, below, named
from ...grid import FloatArray
from .band import Band, BandSolve
from .sweeper import Swept

if TYPE_CHECKING:
    from ...kernels.settle import Cells


class Course:
    """The rounds of one band, each a sweep whose groups of directions are added in order.

    solve: of the band; out: arrays for the answer's cells; kept: the state that an earlier run left, if any
    answer: once there is nothing left to sweep; sweeps: so far, this run's and those of earlier ones
    """

    answer: Band | None = None

    def __init__(self, solve: BandSolve, out: Cells, kept: Arrays) -> None:
        self.solve, self._rounds = solve, solve.solve(out)
        self._arrived: list[FloatArray] = []
        self._sums: dict[str, NDArray[Any]] = {}
        self._added = 0
        self._advance(None)
        if kept and self.answer is None:
            self._go_on(kept)

    @property
    def sweeps(self) -> int:
        """Whole sweeps so far."""
        return len(self._arrived)

    @property
    def directions(self) -> int:
        """Directions swept so far."""
        sweeper = self.solve.sweeper
        return sweeper.count * self.sweeps + sweeper.count * self._added // sweeper.groups

    def batches(self) -> list[Batch]:
        """What is left of this sweep."""
        if self.answer is not None:
            return []
        given = {"leaving": self._leaving}
        return [Batch(self.solve.b, g, g + 1, given) for g in range(self._added, self.solve.sweeper.groups)]

    def add(self, part: Arrays) -> None:
        """Add the sums of a group, in order; after the last one, see whether another sweep is needed."""
        if self._added == 0:
            self._sums = {name: np.require(a, requirements="W") for name, a in part.items()}
        else:
            for name, total in self._sums.items():
                if name == "remainder":
                    np.maximum(total, part[name], out=total)
                else:
                    total += part[name]
            self.solve.sweeper.give_back(part)
        self._added += 1
        if self._added == self.solve.sweeper.groups:
            self._arrived.append(self._sums["arrived"].copy())
            self._advance(self.solve.sweeper.swept(self._sums))

    def _advance(self, swept: Swept | None) -> None:
        """Tell the rounds what a sweep gave; they ask for another one, or the band is solved."""
        try:
            self._leaving = next(self._rounds) if swept is None else self._rounds.send(swept)
        except StopIteration as end:
            self.answer = end.value
            self.solve.fields.release()
        if self._sums:
            self.solve.sweeper.give_back(self._sums)
        self._added, self._sums = 0, {}

    def _go_on(self, kept: Arrays) -> None:
        """Go through the rounds of an earlier run, and on with the sweep that it was in."""
        blank = self.solve.sweeper.blank()
        nothing = self.solve.sweeper.swept(blank)
        for arrived in kept["arrived"]:
            self._arrived.append(arrived)
            self._advance(nothing._replace(arrived=arrived))
        self.solve.sweeper.give_back(blank)
        self._sums = {name: np.array(a) for name, a in below(kept, "sums/").items()}
        self._added = int(kept["added"])

    def state(self) -> dict[str, NDArray[Any]]:
        """What surfaces received in its sweeps, the sums of the sweep under way, and directions swept."""
        numbers = {"added": np.array(self._added), "directions": np.array(self.directions)}
        return {**numbers, "arrived": np.array(self._arrived), **named("sums/", self._sums)}
