"""Estimated errors of volumes beside true ones, and what a call of HeatSolver costs beside a solve.

True errors are those against some 8000 of our own directions on the same cells: what the grid costs is not in either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import raytrace_rte as rte

from .processes import THREADS
from .tables import table
from .timing import in_turn
from .volume_cost import noise, smooth
from .volume_peers import hot_spot, pool_fire

MANY = 8000
"""Directions of the reference."""
CASES: dict[str, tuple[Callable[[int], rte.Medium], rte.Walls]] = {
    "smooth cube": (smooth, rte.black(0.0)),
    "smooth cube, a mirror": (smooth, rte.black(0.0, x_min=rte.mirror())),
    "hot spot": (hot_spot, rte.black(0.0)),
    "pool fire": (lambda cells: pool_fire()[0], rte.black(300.0)),
    "pool fire, grey walls": (lambda cells: pool_fire()[0], rte.grey(300.0, 0.8)),
    "white noise": (noise, rte.black(0.0)),
}
"""Media, of so many cells along an edge, and walls."""


def estimates(
    cells: int = 40, counts: tuple[int, ...] = (64, 256, 1024), many: int = MANY
) -> list[dict[str, Any]]:
    """Ratios of true to estimated errors (root mean squares) of div q, G, and the least and greatest of walls."""
    rows = []
    for name, (made, walls) in CASES.items():
        medium = made(cells)
        known = _solved(medium, walls, many)
        for count in counts:
            found = _solved(medium, walls, count)
            of_walls = [
                _ratio(flux, known.wall_incident_flux[face], found.wall_error_estimate[face])
                for face, flux in found.wall_incident_flux.items()
            ]
            rows.append({
                "case": name, "directions": found.stats["directions"],
                "div_q": _ratio(found.div_q, known.div_q, found["error_estimate"]),
                "G": _ratio(found.G, known.G, found["G_error_estimate"]),
                "walls": [min(of_walls), max(of_walls)],
            })  # fmt: skip
    return rows


def _solved(medium: rte.Medium, walls: rte.Walls, count: int) -> Any:
    return rte.solve(medium, rte.heat_source(count), walls, rte.March())


def _ratio(found: Any, known: Any, estimate: Any) -> float:
    """True error over its estimate."""
    return float(np.sqrt(np.mean((found - known) ** 2) / np.mean(estimate**2)))


def coupling(cells: int, count: int, rounds: int) -> dict[str, Any]:
    """Seconds of a solve of new fields, and of a call of HeatSolver with them."""
    field, walls = rte.sample("smooth-plume", cells), rte.black(300.0)
    kappa = np.array(rte.absorption.given(field).kappa)
    solver = rte.HeatSolver(field.grid, walls, count, threads=THREADS)
    sensor = rte.heat_source(count)

    def anew() -> Any:
        medium = rte.Medium(field.grid, kappa, rte.blackbody(field.temperature))
        return rte.solve(medium, sensor, walls, threads=THREADS)

    works = {"solve": anew, "HeatSolver": lambda: solver(kappa, temperature=field.temperature)}
    times = {name: seconds for name, (seconds, _) in in_turn(works, rounds, 4.0).items()}
    return {"cells": cells, "directions": anew().stats["directions"], "seconds": times}


def tables(rows: list[dict[str, Any]], coupled: dict[str, Any]) -> dict[str, str]:
    """Return the Markdown tables by name."""
    head = ["case", "directions", "div q", "G", "walls, least", "walls, greatest"]
    times = coupled["seconds"]
    return {
        "estimates": table(
            head,
            [
                [
                    r["case"], str(r["directions"]),
                    *(f"{value:.2f}" for value in (r["div_q"], r["G"], *r["walls"])),
                ]
                for r in rows
            ],
        ),
        "coupling": table(
            ["cells", "directions", "`solve` of a new medium [ms]", "call of `HeatSolver` [ms]", "ratio"],
            [
                [
                    f"{coupled['cells']}³", str(coupled["directions"]),
                    *(f"{1e3 * times[name]:.0f}" for name in ("solve", "HeatSolver")),
                    f"{times['HeatSolver'] / times['solve']:.2f}",
                ]
            ],
        ),
    }  # fmt: skip
