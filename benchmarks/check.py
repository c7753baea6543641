"""Measure again what has a target, and say what falls short.

usage: python -m benchmarks check [--quick]

Times are ratios within one run, or of the processor, and the least of several runs; what falls short is measured
once more, and the better figure counts. Works whose optional packages or memory are missing are not judged.
--quick measures tiny versions, whose figures mean nothing, and judges none.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

import raytrace_rte as rte
from raytrace_rte.results.result import Result
from raytrace_rte.solvers.scene import Sensor

from . import (
    compile_times,
    first_image,
    reading,
    records,
    series,
    switch_cost,
    volume_cost,
    volume_peers,
    whole_job,
)
from .processes import THREADS
from .tables import table
from .targets import TARGETS
from .works import digest

Figures = dict[str, float]
Piece = Callable[[], Figures]


def pieces(folder: Path, quick: bool) -> dict[str, Piece]:
    """Name of a piece -> what measures its figures; fields are kept in a folder."""
    jobs = {"256³": 8} if quick else {"64³": 64, "256³": 256}
    memory = {"256³": 8} if quick else {"256³": 256, "512³": 512}
    return {
        "bits": partial(bits, quick),
        "cells": partial(cells, quick),
        "volumes": partial(volumes, quick),
        "first answer": lambda: {"kept": compile_times.first_answer(quick)},
        "job": partial(job, folder, jobs, quick),
        **{f"memory {name}": partial(memory_of, folder, n, quick) for name, n in memory.items()},
        "first image": partial(images, quick),
        "switch": partial(switch, quick),
        "series": partial(snapshots, quick),
        "reading": partial(files, quick),
        "compile": partial(compiling, quick),
    }


def job(folder: Path, sizes: dict[str, int], quick: bool) -> Figures:
    """The whole job over `bare`; of the small one, importing Numba does not count."""
    rounds, kinds = 1 if quick else 8, {"64³": "least ratio without numba", "256³": "least ratio"}
    return {
        name: whole_job.against_bare(whole_job.written(folder, n, _pixels(quick)), rounds)["wall"][
            kinds[name]
        ]
        for name, n in sizes.items()
    }


def memory_of(folder: Path, n: int, quick: bool) -> Figures:
    """Growth of memory with records and without, and what the latter costs in time."""
    if not whole_job.fits(n):
        return {}
    small, config = whole_job.written(folder, 8, 8), whole_job.written(folder, n, _pixels(quick))
    rounds = 1 if quick or n > 256 else 3
    full, lean = (whole_job.staged(small, config, how, rounds) for how in ("full", "lean"))
    return {
        "full": full["memory"], "lean": lean["memory"], "time": lean["after imports"] / full["after imports"]
    }  # fmt: skip


def cells(quick: bool) -> Figures:
    """Nanoseconds a cell of two threads: their processor time, halved, which other work lengthens least."""
    n, rounds = (8, 1) if quick else (192, 6)
    records.measure((8,), 1)  # compiles
    uniform, stretched = (records.built(n, grid, "float32", THREADS, rounds) for grid in records.GRIDS)
    return {
        "records": uniform["records"][1] / THREADS,
        "stretched": stretched["records"][1] / uniform["records"][1],
        "pyramid": uniform["pyramid"][1] / THREADS,
        "planck": records.planck(n, "float32", THREADS, rounds)["planck"][1] / THREADS,
    }


def volumes(quick: bool) -> Figures:
    """Errors of div q, and nanoseconds a cell and ordinate of two threads: their processor time, halved."""
    (cube, line), (fire, *_) = volume_peers.burns_christon(11 if quick else 41), volume_peers.pool_fire()
    few, many = (64, 64) if quick else (512, 8000)
    out: Figures = {}
    for n in (128, 256):
        out[f"cube, {n}"] = volume_peers.on_line(volume_peers.solved(cube, n), line)["error"]
    out["fire, 512"] = volume_peers.l2(volume_peers.solved(fire, few), volume_peers.solved(fire, many))
    for n, (field, words) in product((64, 128), (("smooth", ""), ("white noise", ", noise"))):
        row = volume_cost.costs(field, 8 if quick else n, few, 1 if quick else 6, schemes=())
        out[f"{n}³{words}"] = row["ours"][1]
    return out


def images(quick: bool) -> Figures:
    """First images of Dr.Jit over ours."""
    rival, ours = "Dr.Jit texture march", "March(order=2)"
    sizes = {"64³": 8, "128³": 12, "256³": 16} if quick else {"64³": 64, "128³": 128, "256³": 256}
    out: Figures = {}
    for means in (False, True):
        rows = first_image.measure(
            tuple(sizes.values()), 32 if quick else 512, 1 if quick else 6, (rival,), means
        )
        first = {(r["name"], r["cells"]): r["first"] for r in rows}
        if (rival, sizes["64³"]) not in first:
            return {}
        if not means:
            out = {name: first[rival, n] / first[ours, n] for name, n in sizes.items()}
        theirs, own = (first_image.to_goal(rows, name, "first") for name in (rival, ours))
        if theirs is not None and own is not None:
            out["equal error, means" if means else "equal error"] = theirs / own
    return out


def switch(quick: bool) -> Figures:
    """The worst of Auto over the faster march, for each case."""
    rows = switch_cost.measure(quick, 1 if quick else 6)
    out: Figures = {}
    for row in rows:
        out[row["case"]] = max(out.get(row["case"], 0.0), switch_cost.over_faster(row))
    inside, boxed = ([r for r in rows if r["case"] == name] for name in ("inside", "boxed fire"))
    out["inside again"] = switch_cost.over_faster(inside[1], "Auto again")
    out["boxed fire, trace"] = boxed[0]["seconds"]["Auto again"] / boxed[0]["seconds"]["March(2)"]
    out["outside its bound"] = sum(not r["inside its bound"] for r in rows)
    return out


def snapshots(quick: bool) -> Figures:
    """Snapshots as a series over the same one by one."""
    rows = series.measure(quick)["rows"]
    return {name: row["ratio"] for name, row in zip(("camera", "radiometers", "volume"), rows, strict=True)}


def files(quick: bool) -> Figures:
    """Reading a field over what the library of its format takes."""
    return {row["format"]: row["field"] / row["library"] for row in reading.measure(quick)["rows"]}


def compiling(quick: bool) -> Figures:
    """Seconds of the processor, and of all kernels those by the wall; quick compiles nothing."""
    if quick:
        return {}
    found = compile_times.measure()
    short = ("march", "auto", "switch", "everything")
    seconds = {name: row["compiling"] for name, row in zip(short, found.values(), strict=True)}
    return seconds | {"warmup": found["everything"]["wall"]}


def bits(quick: bool) -> Figures:
    """How many different answers the executors give to the same question."""
    medium = rte.absorption.given(rte.sample("smooth-plume", 8 if quick else 48))
    n = 16 if quick else 128
    sensors: dict[str, Sensor[Result]] = {
        "camera": rte.camera((0.9, -1.8, 0.6), (0, 0, 0.5), (n, n), 32),
        "radiometer": rte.radiometer((0.45, 0.0, 0.5), (-1, 0, 0)),
        "volume": rte.heat_source(14 if quick else 50),
    }
    engines = (rte.Serial(), rte.Threads(1), rte.Threads(2))
    walls = rte.black(300.0)
    out = {}
    for name, sensor in sensors.items():
        answers = [rte.solve(medium, sensor, walls, executor=engine) for engine in engines]
        out[name] = float(len({"".join(map(_hash, answer.variables())) for answer in answers}))
    return out


def _hash(variable: rte.table.Variable) -> str:
    """Hash of what a variable holds; text, as names of faces, says nothing of the work."""
    return "" if variable.values.dtype.kind == "U" else digest(variable.values)


def _pixels(quick: bool) -> int:
    return 16 if quick else 512


def measure(quick: bool) -> Figures:
    """Return all figures by name, PIECE/FIGURE; a piece with a figure that falls short is measured twice."""
    found: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, piece in pieces(Path(folder), quick).items():
            print(f"measuring {name}", flush=True)
            figures = _named(name, piece())
            targets = [t for t in TARGETS if t.name in figures]
            if not quick and not all(t.met(figures[t.name]) for t in targets):
                again = _named(name, piece())
                figures |= {t.name: t.better(figures[t.name], again[t.name]) for t in targets}
            print("  " + ", ".join(f"{key} {value:.3g}" for key, value in figures.items()), flush=True)
            found |= figures
    return found


def _named(piece: str, figures: Figures) -> Figures:
    return {f"{piece}/{name}": value for name, value in figures.items()}


def judged(found: Figures) -> tuple[str, bool]:
    """Return the table of measured figures and targets, and whether all that was measured is good enough."""
    rows, good = [], True
    for target in TARGETS:
        if target.name not in found:
            rows.append([target.what, "", target.text(), "not measured"])
            continue
        met = target.met(found[target.name])
        good &= met
        rows.append([target.what, f"{found[target.name]:.3g}", target.text(), "met" if met else "fell short"])
    return table(["figure", "measured", "target", ""], rows), good


def main(quick: bool) -> int:
    """Measure and print; the exit status is 1 when something falls short."""
    text, good = judged(measure(quick))
    print(text)
    if quick:
        print("tiny versions: only that these figures can be measured means anything")
    return 0 if good or quick else 1
