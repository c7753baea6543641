"""Nanoseconds a cell and ordinate of whole volumes, ours and the peers', on a smooth field and on white noise.

usage: python -m benchmarks.volume_cost [--cells 64 128 256] [--directions 256] [--rounds 4]

Wall time, and that of the processor halved, of two threads, the least of some rounds in turn; records of cells are
there. Lanes without an ordinate count as ordinates. Ours are calls of `solve`, with estimates and balances, which the
peers do without.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np

import raytrace_rte as rte

from .ordinates import SCHEMES, directions, div_q, lanes
from .processes import THREADS
from .records import taken
from .tables import table


def smooth(cells: int) -> rte.Medium:
    """The cube of Burns & Christon, sigma T^4 = 1."""
    grid = rte.uniform((-0.5,) * 3, (0.5,) * 3, (cells,) * 3)
    kappa = 0.9 * np.einsum("i,j,k->ijk", *(1 - 2 * np.abs(c) for c in grid.centres)) + 0.1
    return rte.Medium(grid, kappa, np.full(grid.shape, 1 / np.pi))


def noise(cells: int) -> rte.Medium:
    """Cells that know nothing of each other, 1 deep on average: fluxes would become negative everywhere."""
    rng, grid = np.random.default_rng(0), rte.uniform((0, 0, 0), (1, 1, 1), (cells,) * 3)
    return rte.Medium(grid, 2.0 * cells * rng.random(grid.shape), rng.random(grid.shape))


FIELDS: dict[str, Callable[[int], rte.Medium]] = {"smooth": smooth, "white noise": noise}


def costs(
    field: str, cells: int, count: int, rounds: int, schemes: tuple[str, ...] = SCHEMES
) -> dict[str, Any]:
    """Nanoseconds a cell and ordinate, (wall, processor / 2), of ours and of peers with the same set."""
    medium, ways = FIELDS[field](cells), directions("ours", count)
    works: dict[str, Callable[[], Any]] = {
        "ours": lambda: rte.solve(medium, rte.heat_source(count), method=rte.March(), threads=THREADS)
    }
    for scheme in schemes:
        works[scheme] = partial(div_q, medium.kappa, medium.source, 1.0 / cells, ways, scheme, THREADS)
    first = {name: work() for name, work in works.items()}  # compiles, and builds records
    crossings = dict.fromkeys(works, lanes(ways) * cells**3) | {"ours": first["ours"].stats["crossings"]}
    best = {name: np.full(2, np.inf) for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            best[name] = np.minimum(best[name], taken(work))
    times = {name: (1e9 * best[name] / crossings[name] / (1, THREADS)).tolist() for name in works}
    return {"field": field, "cells": cells, "directions": len(ways.weight)} | times


def shown(rows: list[dict[str, Any]]) -> str:
    """Return the Markdown table."""
    names = ("ours", *SCHEMES)
    return table(
        ["field", "cells", "directions", *(f"{n}: {c}" for n in names for c in ("wall", "processor / 2"))],
        [
            [
                r["field"],
                f"{r['cells']}³",
                str(r["directions"]),
                *(f"{t:.2f}" for n in names for t in r[n]),
            ]
            for r in rows
        ],
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--directions", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=4)
    given = parser.parse_args()
    cases = product(FIELDS, given.cells)
    print(shown([costs(field, n, given.directions, given.rounds) for field, n in cases]))


if __name__ == "__main__":
    main()
