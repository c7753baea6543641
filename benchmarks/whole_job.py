"""`raytrace-rte run` on the fire, beside a script that only reads the field and saves a picture of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import raytrace_rte as rte

from .fire256 import fire
from .processes import Run, in_turn, python
from .tables import table

HERE = Path(__file__).parent
CONFIG = """
[field]
file = "fire{cells}.h5"
[absorption]
model = "planck_mean"
[sensor]
kind = "camera"
position = [1.25, 0.75, -1.9]
look_at = [0.02, 0.5, -0.02]
up = [0.0, 1.0, 0.0]
shape = [{pixels}, {pixels}]
field_of_view_deg = 27.0
[walls]
kind = "black"
temperature = 300.0
[method]
kind = "auto"
rtol = 1e-3
[output]
directory = "out{cells}"
"""
BYTES_A_CELL = 100.0
"""Memory that making the field and doing the job takes, roughly."""


def written(folder: Path, cells: int, pixels: int) -> Path:
    """Write the fire and a job that looks at it, unless they are there; return the job's path."""
    config = folder / f"fire{cells}.toml"
    if not config.exists():
        rte.write(fire(cells), folder / f"fire{cells}.h5")
        config.write_text(CONFIG.format(cells=cells, pixels=pixels), encoding="utf-8")
    return config


def fits(cells: int) -> bool:
    """Whether so many cells along an axis fit into the memory that is free."""
    from raytrace_rte.execution.memory import available

    return available() > BYTES_A_CELL * cells**3


def against_bare(config: Path, rounds: int) -> dict[str, Any]:
    """Seconds of the job, of `bare`, and of importing Numba, all in turn, and their ratios.

    Ratios are medians over the rounds of wall and processor time; "least" those of the least times.
    """
    field = config.with_suffix(".h5")
    runs = in_turn(
        {
            "job": ("-c", "from raytrace_rte.cli import main; main()", "run", str(config), "--quiet"),
            "bare": (str(HERE / "bare.py"), str(field), str(config.parent / "bare.png")),
            "Numba": ("-c", "import numba"),
            "NumPy": ("-c", "import numpy"),
        },
        rounds,
    )
    out: dict[str, Any] = {"megabytes": field.stat().st_size / 1e6}
    for clock in ("wall", "processor"):
        taken = {name: np.array([getattr(run, clock) for run in of]) for name, of in runs.items()}
        numba = taken["Numba"] - taken["NumPy"]
        least = {name: float(times.min()) for name, times in taken.items()}
        out[clock] = {
            "job": float(np.median(taken["job"])),
            "bare": float(np.median(taken["bare"])),
            "numba": float(np.median(numba)),
            "ratio": float(np.median(taken["job"] / taken["bare"])),
            "ratio without numba": float(np.median((taken["job"] - numba) / taken["bare"])),
            "least ratio": least["job"] / least["bare"],
            "least ratio without numba": (least["job"] - least["Numba"] + least["NumPy"]) / least["bare"],
        }
    return out


def staged(small: Path, config: Path, how: str, rounds: int) -> dict[str, Any]:
    """The least seconds of each stage and of its floor, and the least growth of memory; how: full or lean."""
    runs: list[Run] = [python("-m", "benchmarks.stages", str(small), str(config), how) for _ in range(rounds)]
    found = [json.loads(run.output.splitlines()[-1]) for run in runs]
    out: dict[str, Any] = {
        part: {name: min(f[part][name] for f in found) for name in found[0][part]}
        for part in ("seconds", "floors")
    }
    spent = [sum(s for name, s in f["seconds"].items() if name in f["floors"]) for f in found]
    imports = [f["seconds"]["import"] for f in found]
    out["after imports"] = min(a - b for a, b in zip(spent, imports, strict=True))
    out["memory"] = min(f["growth"] / f["read"] for f in found)
    return out


def measure(folder: Path, sizes: tuple[int, ...], pixels: int, rounds: int) -> list[dict[str, Any]]:
    """Return a row for each size that fits into memory."""
    rows = []
    small = written(folder, 8, 8)
    for cells in sizes:
        if not fits(cells):
            print(f"skipped: the job on {cells}³ cells: too little memory is free")
            continue
        config = written(folder, cells, pixels)
        few = max(1, rounds // 2) if cells > 256 else rounds
        row: dict[str, Any] = {"cells": cells, "whole": against_bare(config, few)}
        row |= {how: staged(small, config, how, max(1, few // 2)) for how in ("full", "lean")}
        rows.append(row)
    return rows


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return the Markdown tables by name."""
    whole = [
        [f"{r['cells']}³", f"{r['whole']['megabytes']:.3g}", *(
            text for clock in ("wall", "processor") for w in (r["whole"][clock],) for text in (
                f"{w['job']:.2f}", f"{w['bare']:.2f}", f"{w['ratio']:.2f}", f"{w['ratio without numba']:.2f}"
            )
        )]
        for r in rows
    ]  # fmt: skip
    stages = rows[0]["full"]["seconds"]
    lines = [[stage, *(_beside_floor(r["full"], stage) for r in rows)] for stage in stages]
    memory = [
        [f"{r['cells']}³", how, f"{r[how]['memory']:.2f}", f"{r[how]['after imports']:.2f}",
         f"{r[how]['after imports'] / r['full']['after imports']:.2f}"]
        for r in rows for how in ("full", "lean")
    ]  # fmt: skip
    return {
        "whole job": table(
            ["cells", "file [MB]", "job [s]", "bare [s]", "job / bare", "without Numba",
             "job, processor [s]", "bare, processor [s]", "job / bare", "without Numba"],
            whole,
        ),
        "stages": table(["stage", *(f"{r['cells']}³: s (floor)" for r in rows)], lines),
        "memory": table(["cells", "records", "growth / arrays read", "time [s]", "of full"], memory),
    }  # fmt: skip


def _beside_floor(found: dict[str, Any], stage: str) -> str:
    seconds = f"{found['seconds'][stage]:.3f}"
    return f"{seconds} ({found['floors'][stage]:.3f})" if stage in found["floors"] else seconds
