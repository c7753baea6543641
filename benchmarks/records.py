"""Nanoseconds a cell that is spent on a field before rays: Planck means, records with bounds, the pyramid.

usage: python -m benchmarks.records [--cells 64 128 256] [--rounds 5]

Wall and processor time, the least of some rounds; memory is fresh each time, as it is for a user, and takes
about 0.1 ns a byte of its own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np

import raytrace_rte as rte
from raytrace_rte.media.absorption import shared

from .tables import table

GRIDS = ("uniform", "stretched")
NUMBERS = {"float32": np.float32, "float64": np.float64}
SPECIES = ("H2O", "CO2", "CO", "CH4")


def faces(cells: int, grid: str) -> rte.Cartesian:
    """A box of so many cells along each axis."""
    return rte.Cartesian(*[np.linspace(0, 1, cells + 1) ** (1.3 if grid == "stretched" else 1.0)] * 3)


def rough(cells: int, grid: str, numbers: str) -> rte.Medium:
    """A rough medium."""
    rng, box = np.random.default_rng(1), faces(cells, grid)
    kappa, source = (rng.lognormal(0.0, 0.3, box.shape).astype(NUMBERS[numbers]) for _ in range(2))
    return rte.Medium(box, kappa, source)


def taken(work: Callable[[], object]) -> np.ndarray:
    """Return (wall, processor) seconds of a call."""
    start = time.perf_counter(), time.process_time()
    work()
    return np.array([time.perf_counter() - start[0], time.process_time() - start[1]])


def built(cells: int, grid: str, numbers: str, threads: int, rounds: int) -> dict[str, Any]:
    """Nanoseconds a cell, (wall, processor), of records with bounds, and of the pyramid after them."""
    best, given = np.full((2, 2), np.inf), rough(cells, grid, numbers)
    for _ in range(rounds):
        fresh = rte.Medium(given.grid, given.kappa, given.source)
        fresh.lean_cells  # noqa: B018  hashes the arrays, which is not of the records
        for n, bricks in enumerate((False, True)):
            best[n] = np.minimum(best[n], taken(partial(fresh.prepare, threads, bricks=bricks)))
    records, pyramid = (best * 1e9 / cells**3).tolist()
    return {"cells": cells, "grid": grid, "numbers": numbers, "threads": threads,
            "records": records, "pyramid": pyramid}  # fmt: skip


def planck(cells: int, numbers: str, threads: int, rounds: int) -> dict[str, Any]:
    """Nanoseconds a cell, (wall, processor), of Planck means of four species, the source included."""
    rng, box = np.random.default_rng(1), faces(cells, "uniform")
    fractions = {name: rng.random(box.shape).astype(NUMBERS[numbers]) * 0.1 for name in SPECIES}
    T = (300 + 1700 * rng.random(box.shape)).astype(NUMBERS[numbers])
    field = rte.Field(box, T, pressure=np.full(box.shape, 1e5, T.dtype), mole_fraction=fractions)
    with patch.object(shared, "thread_count", lambda _: threads):
        best = np.min([taken(lambda: rte.absorption.planck_mean(field)) for _ in range(rounds)], axis=0)
    return {"cells": cells, "numbers": numbers, "threads": threads,
            "planck": (best * 1e9 / cells**3).tolist()}  # fmt: skip


def measure(sizes: tuple[int, ...], rounds: int) -> dict[str, Any]:
    """Return all rows, after a small field of each type that compiles."""
    for numbers in NUMBERS:
        built(8, "uniform", numbers, 1, 1)
        planck(8, numbers, 1, 1)
    return {
        "built": [built(n, grid, numbers, threads, rounds)
                  for n in sizes for grid in GRIDS for numbers in NUMBERS for threads in (1, 2)],
        "planck": [planck(n, numbers, threads, rounds)
                   for n in sizes for numbers in NUMBERS for threads in (1, 2)],
    }  # fmt: skip


def tables(found: dict[str, Any]) -> dict[str, str]:
    """Return the Markdown tables by name."""

    def texts(*times: list[float]) -> list[str]:
        return [f"{t:.1f}" for pair in times for t in pair]

    built_rows = [
        [f"{r['cells']}³", r["grid"], r["numbers"], str(r["threads"]), *texts(r["records"], r["pyramid"])]
        for r in found["built"]
    ]
    planck_rows = [
        [f"{r['cells']}³", r["numbers"], str(r["threads"]), *texts(r["planck"])] for r in found["planck"]
    ]
    head = ["cells", "grid", "numbers", "threads", "records: wall", "processor", "pyramid: wall", "processor"]
    return {
        "records": table(head, built_rows),
        "planck": table(["cells", "numbers", "threads", "wall", "processor"], planck_rows),
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print("\n\n".join(tables(measure(tuple(given.cells), given.rounds)).values()))


if __name__ == "__main__":
    main()
