"""Nanoseconds a cell that records and bounds of a medium take, and the pyramid after them.

usage: python -m benchmarks.records [--cells 64 128 256] [--rounds 5]

Wall and processor time, the least of some rounds; memory is fresh each time, as it is for a user, and takes
about 0.1 ns a byte of its own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np

import raytrace_rte as rte

from .tables import table

HEADER = ["cells", "grid", "numbers", "threads", "records: wall", "processor", "pyramid: wall", "processor"]


def medium(cells: int, stretched: bool, dtype: type) -> rte.Medium:
    """A rough medium, its arrays read once already."""
    rng = np.random.default_rng(1)
    grid = rte.Cartesian(*[np.linspace(0, 1, cells + 1) ** (1.3 if stretched else 1.0)] * 3)
    values: np.ndarray = rng.lognormal(0.0, 0.3, grid.shape).astype(dtype)
    found = rte.Medium(grid, values, values)
    found.lean_cells  # noqa: B018  hashes the arrays
    return found


def taken(work: Callable[[], None]) -> np.ndarray:
    """Return (wall, processor) seconds of a call."""
    start = time.perf_counter(), time.process_time()
    work()
    return np.array([time.perf_counter() - start[0], time.process_time() - start[1]])


def row(cells: int, stretched: bool, dtype: type, threads: int, rounds: int) -> list[str]:
    """Return a row of the table."""
    best = np.full((2, 2), np.inf)
    for _ in range(rounds):
        fresh = medium(cells, stretched, dtype)
        for n, bricks in enumerate((False, True)):
            best[n] = np.minimum(best[n], taken(partial(fresh.prepare, threads, bricks=bricks)))
    name = ("uniform", "stretched")[stretched]
    return [
        f"{cells}³",
        name,
        dtype.__name__,
        str(threads),
        *(f"{t * 1e9 / cells**3:.1f}" for t in best.flat),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    for dtype in (np.float32, np.float64):
        row(8, False, dtype, 1, 1)  # compiles
    rows = [
        row(cells, stretched, dtype, threads, given.rounds)
        for cells in given.cells
        for stretched in (False, True)
        for dtype in (np.float32, np.float64)
        for threads in (1, 2)
    ]
    print(table(HEADER, rows))


if __name__ == "__main__":
    main()
