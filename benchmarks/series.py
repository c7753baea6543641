"""A series of snapshots beside as many single solves of them, from file to file.

A single solve is read, absorption, records, trace and write (result.h5), in the same process as the series, which
keeps what is done of each snapshot, as a job does. Before the series reads a snapshot, the same is solved singly, and
that time is taken off the series: both meet the same other work on the machine.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import raytrace_rte as rte

from .fire256 import fire
from .processes import THREADS
from .tables import table

WALLS = rte.black(300.0)


def sensors(pixels: int, directions: int) -> dict[str, Any]:
    """What looks at the fire: name -> sensor."""
    places = np.array([[1.5, 0.5, 0.0], [0.0, 0.5, 1.5], [-1.5, 0.5, 0.0], [0.0, 0.5, -1.5]])
    towards = [0.0, 0.5, 0.0] - places
    return {
        f"camera, {pixels}²": rte.camera(
            (1.25, 0.75, -1.9), (0.02, 0.5, -0.02), (pixels, pixels), 27.0, (0.0, 1.0, 0.0)
        ),
        "4 radiometers": rte.radiometer(places, towards, 150.0),
        f"heat source, {directions} directions": rte.heat_source(directions),
    }


def written(folder: Path, cells: int, count: int) -> list[Path]:
    """Write snapshots of the fire, its temperature up and down by a tenth; return their paths."""
    one, paths = fire(cells), []
    for n in range(count):
        share = np.float32(1.0 + 0.1 * np.sin(0.4 * n))
        warm = np.float32(300.0) + share * (one.temperature - np.float32(300.0))
        paths.append(folder / f"fire{n}.h5")
        rte.write(replace(one, temperature=np.maximum(warm, np.float32(250.0)), time=0.01 * n), paths[-1])
    return paths


def singly(path: Path, sensor: Any, folder: Path) -> None:
    """Read, solve and write one snapshot by itself."""
    medium = rte.absorption.planck_mean(rte.read(path))
    rte.solve(medium, sensor, WALLS, threads=THREADS).save(folder / "single.h5")


def clocks() -> NDArray[np.float64]:
    """Seconds of the wall and of the processor."""
    return np.array([time.perf_counter(), time.process_time()])


def together(paths: list[Path], sensor: Any, folder: Path) -> NDArray[np.float64]:
    """Solve snapshots as a series and write it; return seconds (wall, processor), of it and of single solves."""
    single = np.zeros(2)

    def given() -> Iterator[Path]:
        for path in paths:
            before = clocks()
            singly(path, sensor, folder)
            single[:] += clocks() - before
            yield path

    start, keep = clocks(), rte.Store(folder / "kept", resume=False)
    series = rte.solve_series(given(), sensor, WALLS, threads=THREADS, store=keep)
    for name in ("series.h5", "series.csv"):
        series.save(folder / name)
    series.plot(folder / "series.png", "summary")
    keep.clear()
    return np.array([clocks() - start - single, single])


def measure(quick: bool = False) -> dict[str, Any]:
    """Return a row for each sensor."""
    cells, count, pixels, directions = (8, 3, 8, 26) if quick else (64, 50, 256, 100)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = written(folder, cells, count)
        for what, sensor in sensors(pixels, directions).items():
            together(paths[:2], sensor, folder)  # loads kernels
            (wall, processor), (one, one_processor) = together(paths, sensor, folder).tolist()
            rows.append(
                {"what": what, "series": wall, "single": one, "ratio": wall / one,
                 "processor": processor / one_processor}
            )  # fmt: skip
    return {"cells": cells, "snapshots": count, "rows": rows}


def tables(data: dict[str, Any]) -> dict[str, str]:
    """Return the Markdown table."""
    head = [
        f"{data['snapshots']} snapshots of {data['cells']}³", "one by one [s]", "series [s]", "series / one by one",
        "processor time",
    ]  # fmt: skip
    rows = [
        [r["what"], f"{r['single']:.3g}", f"{r['series']:.3g}", f"{r['ratio']:.2f}", f"{r['processor']:.2f}"]
        for r in data["rows"]
    ]
    return {"series": table(head, rows)}
