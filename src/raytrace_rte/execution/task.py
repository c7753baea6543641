"""Work as executors see it: rounds of batches whose parts are added in order.

A task is made by a sensor for a scene. `batches` gives the next round, from what is known so far; an image is one
round, a fixed point takes many. `run` is pure: it depends on the batch and on what the task was made from, so it
may run on any thread or machine. `add` always comes in the order of the batches, so the answer has the same bits
whoever runs them. The partition depends on scene and sensor, never on clocks or on the number of workers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

R = TypeVar("R", covariant=True)
Arrays = Mapping[str, NDArray[Any]]
"""Named arrays: what batches bring along, parts are made of, and stores keep."""


class Batch(NamedTuple):
    """Units start to stop - 1 of one stage of a task, and the arrays of earlier rounds that they need."""

    stage: int
    start: int
    stop: int
    given: Arrays = {}  # noqa: RUF012  never changed


class Task(ABC, Generic[R]):
    """Work that gives an answer of type R.

    unit: what progress counts, in the plural; done, total: how many of them, total may be an estimate
    workers: batches that run at a time, set by the executor: for the record only
    ended: whether the run ends early, set by the executor: long batches look at it now and then (`pause`)
    """

    unit: str
    done: int
    total: int
    workers: int = 1
    ended: bool = False

    @abstractmethod
    def batches(self) -> Sequence[Batch]:
        """The next round; empty when all is done."""

    @abstractmethod
    def run(self, batch: Batch) -> Arrays:
        """The part of the answer that a batch brings."""

    @abstractmethod
    def add(self, batch: Batch, part: Arrays) -> None:
        """Take a part, in the order of the batches."""

    @abstractmethod
    def result(self) -> R:
        """The answer, once no batch is left."""

    @abstractmethod
    def state(self) -> Arrays:
        """Everything that `add` has gathered, for a store; the next round can be the rest of an interrupted one."""

    @abstractmethod
    def restore(self, state: Arrays) -> None:
        """Go on from a state, before the first round."""

    @abstractmethod
    def recipe(self, folder: str | None) -> AbstractContextManager[Recipe[R]]:
        """What another process needs to make the same task, while the context lasts.

        Arrays over cells go into a folder; None is a temporary one, which ends with the context.
        """

    def prepare(self, workers: int) -> None:
        """Build what all batches read, with so many threads; called where batches run, before the first one."""

    def leave(self) -> dict[str, Any]:
        """What a later task may write over (`take_over`), once this one is done and not looked at again."""
        return {}

    def take_over(self, left: Mapping[str, Any]) -> None:
        """Use what an earlier task left, where it fits; the answer's bits do not change."""

    def pause(self) -> None:
        """Give a batch up when the run has ended early: raises Ended."""
        if self.ended:
            raise Ended

    def describe(self) -> str:
        """What is about to be computed, in a few words."""
        return f"{self.total} {self.unit}"


class Ended(Exception):
    """A batch is given up, as the run has ended early."""


class Recipe(ABC, Generic[R]):
    """How another process makes a task: small, and it can be pickled. `key` tells recipes apart."""

    key: str

    @abstractmethod
    def task(self) -> Task[R]:
        """Make the task."""


def below(state: Arrays, prefix: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of a state whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): a for name, a in state.items() if name.startswith(prefix)}


def named(prefix: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Return arrays under names that begin with a prefix: the inverse of `below`."""
    return {prefix + name: np.asarray(a) for name, a in arrays.items()}
