"""How the suites take time: the least of several runs, one work after the other or in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Key = TypeVar("Key", bound=Hashable)


def timed(work: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    """Return the least seconds of a few runs, and the answer; the first run compiles and does not count."""
    ((seconds, answer),) = in_turn({"work": work}, repeats, float("inf")).values()
    return seconds, answer


def in_turn(
    works: dict[Key, Callable[[], Any]], rounds: int = 16, patience: float = 6.0
) -> dict[Key, tuple[float, Any]]:
    """Return the least seconds of each work and what it gave, all in turn, so that noise hits everybody.

    Each takes about `patience` [s] at most, but is run at least once more than to compile.
    """
    results = {name: work() for name, work in works.items()}
    best = dict.fromkeys(works, float("inf"))
    for turn in range(rounds):
        for name, work in works.items():
            if turn == 0 or turn * best[name] < patience:
                start = time.perf_counter()
                work()
                best[name] = min(best[name], time.perf_counter() - start)
    return {name: (best[name], results[name]) for name in works}
