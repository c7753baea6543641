"""Accuracy and cost of the methods on smooth fields and on the pool fire, in one run.

Errors are against March(order=2), on a far finer grid (plume) or on the same grid (pool fire), or against a
closed form (thick slab).
Time is the best of several; what counts are ratios.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import raytrace_rte as rte
from raytrace_rte import exact

from .tables import percent, table

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
        "fire": _fire(16 if quick else 512, 1 if quick else 5),
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


def _timed(medium: rte.Medium, sensor: Any, method: Any, repeats: int, **kwargs: Any) -> tuple[Any, float]:
    """Result and the least time spent tracing [s]."""
    results = [rte.solve(medium, sensor, method=method, **kwargs) for _ in range(repeats + 1)]
    return results[-1], min(r.stats["seconds_trace"] for r in results[1:] or results)


def _plume(sizes: tuple[int, ...], fine: int, pixels: int) -> list[dict[str, Any]]:
    camera = rte.camera((0.9, -1.8, 0.6), (0, 0, 0.5), (pixels, pixels), 32)
    finest = rte.absorption.given(rte.sample("smooth-plume", fine))
    reference = rte.solve(finest, camera, method=rte.March(2)).value
    rows = []
    for n in sizes:
        medium = rte.absorption.given(rte.sample("smooth-plume", n))
        for name in ("March(order=1)", "March(order=2)"):
            result, seconds = _timed(medium, camera, METHODS[name], 3)
            error = np.linalg.norm(result.value - reference) / np.linalg.norm(reference)
            rows.append(
                {"cells": n, "method": name, "error": float(error), "seconds": seconds,
                 "crossings": result.stats["crossings"]}
            )  # fmt: skip
    for row in rows:
        row["ratio"] = row["seconds"] / rows[-1]["seconds"]
    return rows


def _fire(pixels: int, repeats: int) -> list[dict[str, Any]]:
    medium = rte.absorption.planck_mean(rte.sample("pool-fire"))
    camera = rte.camera((1.25, 0.75, -1.9), (0.02, 0.5, -0.02), (pixels, pixels), 27, up=(0, 1, 0))
    walls = rte.black(300.0)
    reference, base = _timed(medium, camera, rte.March(2), repeats, walls=walls)
    rows = []
    for name, method in METHODS.items():
        result, seconds = _timed(medium, camera, method, repeats, walls=walls)
        error = np.abs(result.value - reference.value) / reference.value
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
