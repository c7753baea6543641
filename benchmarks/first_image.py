"""The first image from arrays in memory, and the next one, for us and for the fastest other programs.

Everybody starts from the same arrays and the same rays; what each one builds of them counts for its first image.
Kernels are compiled before; memory is fresh, as it is in a new process.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import raytrace_rte as rte

from . import scene as scenes
from .processes import THREADS
from .speed import GOAL, LIMITS, PEERS, time_to_goal
from .tables import table

METHODS = {"March(order=2)": rte.March(2), "Auto(1e-3)": rte.Auto(1e-3)}
RIVALS = ("scalar DDA (Numba)", "Dr.Jit texture march", "VTK volume (CPU)")
Image = Callable[[], Any]
Maker = Callable[[scenes.Scene], Image]
"""Builds what a program needs of a scene, and returns what makes an image."""


class Program(NamedTuple):
    """make: the image of a scene; forget: gives back memory that the program would use again."""

    make: Maker
    forget: Callable[[], None]


def ours(method: Any, view: scenes.Scene) -> Image:
    """A medium of which nothing has been built, and our rays."""
    given = view.medium
    medium, rays, order = rte.Medium(given.grid, given.kappa, given.source), view.rays, view.order

    def image() -> Any:
        value = rte.solve(medium, rays, method=method, threads=THREADS).value
        flat = np.empty_like(value)
        flat[order] = value
        return flat.reshape(view.origin.shape[:2])

    return image


def _nothing() -> None:
    """What is freed goes back to the system at once."""


def programs(rivals: Sequence[str]) -> dict[str, Program]:
    """Ours, and those of the rivals that are installed."""
    found = {name: Program(partial(ours, method), _nothing) for name, method in METHODS.items()}
    for name in rivals:
        file, function, package = PEERS[name]
        try:
            module = importlib.import_module(f"benchmarks.peers.{file}")
        except ImportError:
            print(f"skipped: {name}: {package} is not installed")
            continue
        found[name] = Program(getattr(module, function), getattr(module, "forget", _nothing))
    return found


def measure(
    sizes: tuple[int, ...], pixels: int, rounds: int, rivals: Sequence[str] = RIVALS, means: bool = False
) -> list[dict[str, Any]]:
    """Return a row for each program and size: the least seconds of several first and next images in turn.

    means: of what the cells hold, as of `scene.scene`
    """
    rows = []
    every = programs(rivals)
    for cells in sizes:
        view = scenes.scene(cells, pixels, means=means)
        exact = scenes.reference(view)
        best = {name: np.full(2, np.inf) for name in every}
        shots = {name: program.make(view)() for name, program in every.items()}  # compiles
        for turn in range(rounds):
            # There and back: on a virtual machine memory that somebody has just left is quicker to get.
            for name in list(every)[:: -1 if turn % 2 else 1]:
                every[name].forget()
                best[name] = np.minimum(best[name], first_and_next(every[name].make, view))
        for name, (first, following) in best.items():
            error = scenes.error(shots[name], exact)
            rows.append(
                {
                    "name": name,
                    "cells": cells,
                    "first": float(first),
                    "next": float(following),
                    "error": error,
                }
            )
    return rows


def first_and_next(make: Maker, view: scenes.Scene) -> tuple[float, float]:
    """Seconds of the first image, and of the one after it."""
    start = time.perf_counter()
    image = make(view)
    image()
    middle = time.perf_counter()
    image()
    return middle - start, time.perf_counter() - middle


def to_goal(rows: list[dict[str, Any]], name: str, which: str) -> float | None:
    """Seconds of a program's image with an error of GOAL, None where it never comes so near."""
    own = [{"error": r["error"], "seconds": r[which]} for r in rows if r["name"] == name]
    return time_to_goal(own)


def tables(rows: list[dict[str, Any]], name: str = "first image") -> dict[str, str]:
    """Return the Markdown table by its name."""
    sizes = sorted({r["cells"] for r in rows})
    lines = []
    for program in dict.fromkeys(r["name"] for r in rows):
        own = {r["cells"]: r for r in rows if r["name"] == program}
        goals = [to_goal(rows, program, which) for which in ("first", "next")]
        lines.append(
            [program, *(f"{r['first']:.3f} / {r['next']:.3f} ({r['error']:.1e})" for r in own.values()),
             LIMITS.get(program) or ("never" if None in goals else " / ".join(f"{g:.2f}" for g in goals))]
        )  # fmt: skip
    head = ["", *(f"{n}³: first / next [s] (error)" for n in sizes), f"to {GOAL:g} [s]"]
    return {name: table(head, lines)}
