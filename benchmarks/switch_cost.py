"""What `Auto` costs where its shortcuts do not pay, and what it saves where they do.

Auto(1e-3) on a medium of which only the records are built, and the bounds that come with them in one pass; what
else Auto builds counts. Beside it March(2), and March(2) that stops at 1e-3 of the median radiance, on the same
records: whole calls of `solve`, in turn, the least of some rounds. On rays darker than the median Auto promises more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

import raytrace_rte as rte

from .exact_versus_thick import RTOL, Scene, boxed_fire, fire, inside, plume, scaled, slab, smoke
from .processes import THREADS
from .tables import table

FACTORS = tuple(10.0**p for p in range(-2, 6))
FEW = (1e-2, 1.0, 1e2, 1e5)
PATIENCE = 3.0
"""Seconds that each case takes at least: quick images are made more often, so that the least are quiet ones."""
METHODS = ("March(2)", "March(2, stop)", "Auto")
Make = Callable[[int], Scene]


def cases(quick: bool) -> dict[str, tuple[Make, int, tuple[float, ...]]]:
    """Case -> what makes it, its pixels, and what kappa is multiplied by."""
    n, pixels = (16, 16) if quick else (256, 512)
    few, many = ((1.0,), (1.0, 100.0)) if quick else (FEW, FACTORS)
    return {
        "pool fire": (fire, pixels, many),
        "plume 128³": (plume(n // 2), pixels, few),
        "plume 256³": (plume(n), pixels, few),
        "flame behind smoke": (smoke, pixels, few),
        "slab": (slab, pixels**2 // 4, few),
        "inside": (inside(n), pixels, tuple(n * kh for kh in (0.1, 1.0, 10.0))),
        "boxed fire": (boxed_fire, pixels, (1.0,)),
    }


def measure(quick: bool, rounds: int) -> list[dict[str, Any]]:
    """Return a row for each case and factor, of so many rounds at least."""
    rows, patience = [], 0.0 if quick else PATIENCE
    for name, (make, pixels, factors) in cases(quick).items():
        medium, sensor, walls = make(pixels)
        for factor in factors:
            rows.append(
                {"case": name, "factor": factor}
                | _row((scaled(medium, factor), sensor, walls), rounds, patience)
            )
    return rows


def _row(scene: Scene, rounds: int, patience: float) -> dict[str, Any]:
    """Least seconds of each method and of Auto's next image, cells crossed, and how far off Auto is."""
    medium, sensor, walls = scene
    reference = rte.solve(medium, sensor, walls, rte.March(2), threads=THREADS)
    stop = RTOL * float(np.median(reference.value))
    methods: dict[str, rte.March | rte.Auto] = {
        "March(2)": rte.March(2), "March(2, stop)": rte.March(2, stop=stop), "Auto": rte.Auto(RTOL)
    }  # fmt: skip
    best = dict.fromkeys((*METHODS, "Auto again"), float("inf"))
    crossings = {}
    began = time.perf_counter()
    for turn in count():
        if turn > rounds and time.perf_counter() - began > patience:
            break
        fresh = rte.Medium(medium.grid, medium.kappa, medium.source)
        fresh.prepare(THREADS)
        order = METHODS[turn % 3 :] + METHODS[: turn % 3]
        for name in (*order, "Auto again"):
            start = time.perf_counter()
            result = rte.solve(fresh, sensor, walls, methods[name.removesuffix(" again")], threads=THREADS)
            seconds = time.perf_counter() - start
            if turn > 0:  # the first round may compile
                best[name] = min(best[name], seconds)
            crossings[name] = int(result.stats["crossings"])
    off = np.abs(result.value - reference.value)
    return {
        "seconds": best,
        "crossings": crossings,
        "inside its bound": bool((off <= result.error_bound).all()),
    }


def over_faster(row: dict[str, Any], auto: str = "Auto") -> float:
    """Time of Auto over that of the faster march."""
    seconds = row["seconds"]
    return float(seconds[auto] / min(seconds["March(2)"], seconds["March(2, stop)"]))


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return the Markdown table by name."""
    lines = []
    for r in rows:
        seconds, crossings = r["seconds"], r["crossings"]
        lines.append(
            [r["case"], f"{r['factor']:g}", *(f"{seconds[m]:.3f}" for m in (*METHODS, "Auto again")),
             f"{over_faster(r):.2f}", f"{over_faster(r, 'Auto again'):.2f}",
             *(f"{crossings['Auto'] / crossings[m]:.2f}" for m in METHODS[:2])]
        )  # fmt: skip
    head = ["case", "κ times", "March(2) [s]", "that stops [s]", "Auto, first [s]", "next [s]",
            "first / faster march", "next / faster march", "cells / March(2)", "cells / that stops"]  # fmt: skip
    return {"switch cost": table(head, lines)}
