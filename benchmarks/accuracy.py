"""Accuracy and cost of the methods on smooth fields and on the pool fire, in one run.

Errors are against March(order=2), on a far finer grid (plume) or on the same grid (pool fire), or against a
closed form (thick slab).
Time is that of whole calls, the least of several taken in turn; what counts are ratios.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import raytrace_rte as rte
from raytrace_rte import exact

from .tables import percent, table
from .timing import in_turn

METHODS = {
    "March(order=1)": rte.March(1),
    "March(order=2)": rte.March(2),
    "Thick(terms=1)": rte.Thick(1),
    "Thick(terms=2)": rte.Thick(2),
    "Thin()": rte.Thin(),
    "Auto(1e-3)": rte.Auto(1e-3),
}


def measure(quick: bool = False) -> dict[str, Any]:
    """Return all figures of the suite."""
    return {
        "plume": _plume((8, 16) if quick else (16, 32, 64, 128), 24 if quick else 256, 32 if quick else 512),
        "fire": _fire(16 if quick else 512),
        "thick": _thick(),
    }


def tables(data: dict[str, Any]) -> dict[str, str]:
    """Return the Markdown tables by name."""
    plume = [
        [
            f"{r['cells']}³",
            r["method"],
            f"{r['error']:.1e}",
            f"{r['crossings'] / 1e6:.1f}",
            f"{r['ratio']:.2f}",
        ]
        for r in data["plume"]
    ]
    fire = [
        [r["method"], percent(r["mean"]), percent(r["worst"]), f"{r['crossings'] / 1e6:.2f}",
         f"{r['ns']:.1f}", f"{r['ratio']:.2f}"]
        for r in data["fire"]
    ]  # fmt: skip
    thick = [
        [f"{r['delta']:g}", *(f"{e:.1e}" for e in r["errors"]), f"{r['march']:.1e}"] for r in data["thick"]
    ]
    return {
        "plume": table(
            ["cells", "method", "relative L2 error", "crossings [10⁶]", "time / March(2) at the finest"],
            plume,
        ),
        "fire": table(
            ["method", "mean error", "worst error", "crossings [10⁶]", "ns a crossing", "time / March(2)"],
            fire,
        ),
        "thick": table(["δ", "Thick(1)", "Thick(2)", "Thick(3)", "Thick(4)", "March(2)"], thick),
    }


def _plume(sizes: tuple[int, ...], fine: int, pixels: int) -> list[dict[str, Any]]:
    camera = rte.camera((0.9, -1.8, 0.6), (0, 0, 0.5), (pixels, pixels), 32)
    finest = rte.absorption.given(rte.sample("smooth-plume", fine))
    reference = rte.solve(finest, camera, method=rte.March(2)).value
    works = {}
    for n in sizes:
        medium = rte.absorption.given(rte.sample("smooth-plume", n))
        for name in ("March(order=1)", "March(order=2)"):
            works[n, name] = lambda m=medium, how=METHODS[name]: rte.solve(m, camera, method=how)
    times = in_turn(works)
    base = times[sizes[-1], "March(order=2)"][0]
    return [
        {"cells": n, "method": name, "crossings": result.stats["crossings"], "ratio": seconds / base,
         "error": float(np.linalg.norm(result.value - reference) / np.linalg.norm(reference))}
        for (n, name), (seconds, result) in times.items()
    ]  # fmt: skip


def _fire(pixels: int) -> list[dict[str, Any]]:
    medium = rte.absorption.planck_mean(rte.sample("pool-fire"))
    camera = rte.camera((1.25, 0.75, -1.9), (0.02, 0.5, -0.02), (pixels, pixels), 27, up=(0, 1, 0))
    walls = rte.black(300.0)
    times = in_turn({
        name: lambda how=method: rte.solve(medium, camera, walls, how) for name, method in METHODS.items()
    })  # fmt: skip
    base, march = times["March(order=2)"]
    rows = []
    for name, (seconds, result) in times.items():
        error = np.abs(result.value - march.value) / march.value
        crossings = result.stats["crossings"]
        rows.append(
            {"method": name, "mean": float(error.mean()), "worst": float(error.max()), "crossings": crossings,
             "ns": 1e9 * seconds * result.stats["threads"] / crossings, "ratio": seconds / base}
        )  # fmt: skip
    return rows


def _thick() -> list[dict[str, Any]]:
    grid = rte.Cartesian(10 * np.linspace(0, 1, 401) ** 2.5)
    source = 1 / (1 + grid.centres[0].reshape(grid.shape))
    ray = rte.Rays([0, 0, 0], [1, 0, 0])
    rows = []
    for delta in (1.0, 10.0, 100.0, 1000.0, 10000.0):
        medium = rte.Medium(grid, np.full(grid.shape, delta), source)
        closed = exact.bender_orszag(delta)
        values = [rte.solve(medium, ray, method=m).value[0] for m in map(rte.Thick, (1, 2, 3, 4))]
        march = rte.solve(medium, ray, method=rte.March(2)).value[0]
        rows.append(
            {
                "delta": delta,
                "errors": [abs(v / closed - 1) for v in values],
                "march": abs(march / closed - 1),
            }
        )
    return rows
