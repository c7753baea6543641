"""Speed: throughput against floors and peers, threads, growth, latency.

All times are the least of several runs; what counts are ratios within one run. Peers are optional:
`pip install -r benchmarks/peers/requirements.txt`.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import raytrace_rte as rte
from raytrace_rte.execution.executors import each

from . import scene as scenes
from .tables import table
from .timing import in_turn, timed

LARGEST = 512
"""Cells along an axis up to which throughput is measured."""
PICTURE = Path(__file__).parent.parent / "docs/images/speed.png"
GOAL = 1e-3
"""Relative L2 error of the image to which times are compared."""
PEERS = {
    "scalar DDA (Numba)": ("dda", "prepare", "numba"),
    "Dr.Jit texture march": ("dr_jit", "trilinear", "drjit"),
    "VTK volume (CPU)": ("v_t_k", "volume", "pyvista"),
    "NumPy sampling": ("sampling", "nearest", "numpy"),
    "scipy map_coordinates": ("sampling", "linear", "scipy"),
    "yt projection": ("y_t", "projection", "yt"),
    "yt volume rendering": ("y_t", "rendering", "yt"),
    "Raysect emission": ("ray_sect", "emission", "raysect"),
}
LIMITS = {
    "VTK volume (CPU)": "8 bits a pixel",
    "yt projection": "no absorption",
    "yt volume rendering": "not radiometric",
    "Raysect emission": "no absorption; one ray in 64, scaled",
}
METHODS = {"March(order=1)": rte.March(1), "March(order=2)": rte.March(2), "Auto(1e-3)": rte.Auto(1e-3)}
ALONE = "March(order=2), rays alone"
"""The compiled call without what `solve` does around it, as the fast peers are measured."""
RIVALS = "scalar DDA (Numba)", "Dr.Jit texture march"


def measure(quick: bool = False) -> dict[str, Any]:
    """Return all figures of the suite, and draw the picture."""
    sizes = (8, 16) if quick else (64, 128, 256)
    pixels = 32 if quick else 512
    data: dict[str, Any] = {
        "throughput": [
            row for n in (*sizes, *(() if quick else (LARGEST,))) for row in _throughput(n, pixels)
        ],
        "threads": [_threads(n, pixels) for n in (sizes[0], sizes[-1])],
        "peers": _peers(sizes, pixels, quick),
        "growth": _growth(quick),
        "latency": _latency(quick),
        "machine code": _machine_code(quick),
    }
    if not quick:
        _draw(data)
    return data


def _kernel(
    view: scenes.Scene, method: Any, threads: int = 2
) -> tuple[Callable[[], None], Any, tuple[Any, ...]]:
    """Compiled calls that follow all rays of a scene, their answers, and what they are called with.

    Each thread follows batches of rays, which are those of `solve`.
    """
    from raytrace_rte.kernels import pyramid
    from raytrace_rte.kernels.trace import Answers, empty_answers, trace
    from raytrace_rte.solvers.scene import scene

    sensor, place = view.rays, scene(view.medium, method=method)
    rays = sensor.take(slice(None))
    place.prepare(threads)
    answers = empty_answers(rays.shape[0], view.medium.n_band)
    given = place.cells, rays.origin, rays.direction, np.full(rays.shape[0], np.inf)

    def follow(some: slice) -> None:
        lines, part = [a[some] for a in given[1:]], Answers(*(a[some] for a in answers))
        trace(given[0], pyramid.empty(), *lines, place.plan, place.ends, *place.range, part, place.clip)

    batches = [slice(batch.start, batch.stop) for batch in sensor.task(place).batches()]
    return lambda: each(threads)(follow, batches), answers, given


def _throughput(n: int, pixels: int) -> list[dict[str, Any]]:
    """Crossings a second of each method, and how much of the floor that is."""
    from raytrace_rte.kernels.trace import empty_answers

    from . import floors

    rows = []
    for name in ("float32",) if n == LARGEST else ("float32", "float64"):  # else 9 GB of records
        view = scenes.scene(n, pixels, np.dtype(name).type)
        march, answers, given = _kernel(view, rte.March(2))
        march()
        crossings = int(answers.visits.sum())
        other = empty_answers(len(given[1]), 1)
        data = given[0].record.reshape(-1)
        works = {
            "March(order=2)": march,
            "floor": lambda g=given, o=other: floors.walk(*g, o, 2),
            "read": lambda d=data: floors.read(d, 2),
        }
        if name == "float32":
            works["exp"] = lambda c=crossings, d=6.0 / n: floors.absorb_many(c, d, 2)
            works |= {m: _kernel(view, METHODS[m])[0] for m in ("March(order=1)", "Auto(1e-3)")}
        seconds = {work: best for work, (best, _) in in_turn(works).items()}
        rows.append(
            {
                "cells": n,
                "records": name,
                "crossings": crossings,
                "read_GB_s": data.nbytes / seconds["read"] / 1e9,
            }
            | seconds
        )
    return rows


def _threads(n: int, pixels: int) -> dict[str, Any]:
    """Gain of a second thread, for the march and for plain reading."""
    from . import floors

    view = scenes.scene(n, pixels)
    works = [_kernel(view, rte.March(2), threads)[0] for threads in (1, 2)]
    data = view.medium.cells.record.reshape(-1)
    reads = [partial(floors.read, data, threads) for threads in (1, 2)]
    times = in_turn(dict(zip(("one", "two", "read one", "read two"), works + reads, strict=True)))
    seconds = {name: best for name, (best, _) in times.items()}
    return {"cells": n, "march": seconds["one"] / seconds["two"],
            "read": seconds["read one"] / seconds["read two"]}  # fmt: skip


def _peers(sizes: tuple[int, ...], pixels: int, quick: bool) -> list[dict[str, Any]]:
    """Time and error of our methods and of every peer that is installed, same field and same rays."""
    rows, absent = [], {}
    for n in sizes:
        view = scenes.scene(n, pixels)
        exact = scenes.reference(view, 100 if quick else 3000)
        images: dict[str, Any] = {name: _solved(view, method) for name, method in METHODS.items()}
        images[ALONE] = _alone(view)
        for name, (module, function, package) in PEERS.items():
            try:
                prepare = getattr(importlib.import_module(f"benchmarks.peers.{module}"), function)
            except ImportError:
                absent[name] = package
                continue
            images[name] = prepare(view)
        for name, (seconds, shot) in in_turn(images).items():
            error = scenes.error(shot, exact)
            share = getattr(images[name], "share", 1.0)
            rows.append({"name": name, "cells": n, "seconds": seconds / share, "error": error})
    for name, package in absent.items():
        print(
            f"skipped: {name}: {package} is not installed (pip install -r benchmarks/peers/requirements.txt)"
        )
    return rows


def _solved(view: scenes.Scene, method: Any) -> Callable[[], Any]:
    """Our image, as `solve` gives it."""
    rays, order = view.rays, view.order

    def image() -> Any:
        value = rte.solve(view.medium, rays, method=method).value
        flat = np.empty_like(value)
        flat[order] = value
        return flat.reshape(view.origin.shape[:2])

    return image


def _alone(view: scenes.Scene) -> Callable[[], Any]:
    """The image that the compiled call gives."""
    work, answers, _ = _kernel(view, rte.March(2))
    order = view.order

    def image() -> Any:
        work()
        flat = np.empty(len(order))
        flat[order] = answers.emission[:, 0]
        return flat.reshape(view.origin.shape[:2])

    return image


def _growth(quick: bool) -> list[dict[str, Any]]:
    """How cost grows with rays, bands and directions: (what, how many, seconds, cells crossed)."""
    works: dict[tuple[str, int], Callable[[], int]] = {}
    for pixels in (16, 32) if quick else (128, 256, 512, 1024):
        works["rays", pixels**2] = _counted(scenes.scene(8 if quick else 128, pixels))
    view = scenes.scene(8 if quick else 64, 32 if quick else 256)
    for bands in (1, 2, 4, 8):
        medium = _repeated(view.medium, bands)
        works["bands", bands] = _counted(scenes.Scene(medium, view.origin, view.direction))
    cube = rte.absorption.given(rte.sample("burns-christon", 8 if quick else 41))

    def sweep(count: int) -> int:
        return int(rte.solve(cube, rte.heat_source(count), method=rte.March()).stats["crossings"])

    for count in (14, 26) if quick else (50, 100, 200, 400):
        works["directions", count] = partial(sweep, count)
    times = in_turn(works, rounds=1 if quick else 8)
    return [
        {"what": what, "count": count, "seconds": seconds, "work": crossings}
        for (what, count), (seconds, crossings) in times.items()
    ]


def _repeated(medium: rte.Medium, bands: int) -> rte.Medium:
    """The medium with so many equal bands."""
    kappa, source = (np.repeat(f[..., None], bands, 3) for f in (medium.kappa, medium.source))
    return rte.Medium(medium.grid, kappa, source, lambda T: np.full(bands, rte.blackbody(T)))


def _counted(view: scenes.Scene) -> Callable[[], int]:
    """The compiled march of a scene, which returns how many cells it has crossed."""
    work, answers, _ = _kernel(view, rte.March(2))

    def march() -> int:
        work()
        return int(answers.visits.sum())

    return march


def _machine_code(quick: bool) -> dict[str, Any]:
    """What the compiler has made of the lanes; quick: of the exponential alone."""
    from . import floors

    if quick:
        return floors.code_of_transfer()
    view = scenes.scene(8, 32)
    _, _, given = _kernel(view, rte.March(2))
    return floors.code_of_march(given[0], given[1:])


SOLVE = """
import time
start = time.perf_counter()
import raytrace_rte as rte
imported = time.perf_counter()
medium = rte.absorption.given(rte.sample("smooth-plume", 8))
rte.solve(medium, rte.Rays([-1, 0.1, 0.3], [1, 0, 0]))
print(imported - start, time.perf_counter() - imported)
"""


def _latency(quick: bool) -> dict[str, float]:
    """Seconds until something happens: import, help, the first image with and without compiled code."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ} if quick else {**os.environ, "NUMBA_CACHE_DIR": folder}
        runs = [
            [float(v) for v in subprocess.run(
                [sys.executable, "-c", SOLVE], capture_output=True, text=True, check=True, env=env
            ).stdout.split()]
            for _ in range(4)
        ]  # fmt: skip
    tool = [sys.executable, "-c", "from raytrace_rte.cli import main; main()", "--help"]
    helped, _ = timed(lambda: subprocess.run(tool, capture_output=True, check=False))
    return {
        "import": min(r[0] for r in runs),
        "help": helped,
        "cold": runs[0][1],
        "warm": min(r[1] for r in runs[1:]),
    }


def tables(data: dict[str, Any]) -> dict[str, str]:
    """Return the Markdown tables by name."""
    wide = {r["cells"]: r for r in data["throughput"] if r["records"] == "float64"}
    throughput = []
    for r in data["throughput"]:
        if r["records"] == "float32":
            per = 1e-9 * r["crossings"]
            throughput.append(
                [f"{r['cells']}³", f"{r['crossings'] / 1e6:.0f}",
                 *(f"{r[m] / per:.2f}" for m in ("March(order=1)", "March(order=2)")),
                 f"{wide[r['cells']]['March(order=2)'] / per:.2f}" if r["cells"] in wide else "",
                 f"{r['Auto(1e-3)'] / per:.2f}",
                 f"{r['floor'] / per:.2f}", f"{r['exp'] / per:.2f}", f"{r['read'] / per:.2f}",
                 f"{100 * r['floor'] / r['March(order=2)']:.0f} %"]
            )  # fmt: skip
    threads = [[f"{r['cells']}³", f"{r['march']:.2f}", f"{r['read']:.2f}"] for r in data["threads"]]
    growth = [
        [r["what"], str(r["count"]), f"{r['work'] / 1e6:.1f}", f"{1e9 * r['seconds'] / r['work']:.2f}"]
        for r in data["growth"]
    ]
    latency = data["latency"]
    return {
        "throughput": table(
            ["cells", "crossings [10⁶]", "March(1)", "March(2)", "March(2), float64", "Auto(1e-3)",
             "walk and read", "exp alone", "read all once", "floor reached"],
            throughput,
        ),
        "threads": table(["cells", "March(2), 2 threads / 1", "reading, 2 threads / 1"], threads),
        "speed peers": _peer_table(data["peers"]),
        "speed rivals": _rival_table(data["peers"]),
        "growth": table(["with", "count", "crossings [10⁶]", "ns a crossing"], growth),
        "machine code": table(
            ["registers", "packed multiply-adds", "packed divisions", "scalar multiply-adds"],
            [[str(data["machine code"][k]) for k in ("registers", "packed", "divisions", "scalar")]],
        ),
        "latency": table(
            ["import [s]", "--help [s]", "first answer, compiling [s]", "first answer, compiled [s]"],
            [[f"{latency[k]:.2f}" for k in ("import", "help", "cold", "warm")]],
        ),
    }  # fmt: skip


def _peer_table(rows: list[dict[str, Any]]) -> str:
    """Seconds and errors by size, and the time to the goal."""
    sizes = sorted({r["cells"] for r in rows})
    names = list(dict.fromkeys(r["name"] for r in rows))
    ours = time_to_goal([r for r in rows if r["name"] == "March(order=2)"])
    lines = []
    for name in names:
        own = [r for r in rows if r["name"] == name]
        goal = None if name in LIMITS else time_to_goal(own)
        lines.append(
            [name, *(f"{r['seconds']:.3f} ({r['error']:.1e})" for r in own),
             *([""] * (len(sizes) - len(own))),
             LIMITS.get(name, "never") if goal is None else f"{goal:.2f} ({goal / (ours or goal):.1f})"]
        )  # fmt: skip
    head = ["", *(f"{n}³: s (error)" for n in sizes), f"to {GOAL:g}: s (/ March(2))"]
    return table(head, lines)


def _rival_table(rows: list[dict[str, Any]]) -> str:
    """Time of the fastest peers over ours, by size."""
    times = {(r["name"], r["cells"]): r["seconds"] for r in rows}
    sizes = sorted({r["cells"] for r in rows})
    lines = []
    for rival in RIVALS:
        for ours in ("March(order=2)", ALONE):
            ratios = [f"{times[rival, n] / times[ours, n]:.2f}" for n in sizes if (rival, n) in times]
            lines.append([f"{rival} / {ours}", *(ratios or ["not installed"] * len(sizes))])
    return table(["", *(f"{n}³" for n in sizes)], lines)


def time_to_goal(rows: list[dict[str, Any]]) -> float | None:
    """Seconds at which the error reaches the goal, by the power law of the two sizes nearest to it."""
    errors, seconds = (np.log([r[k] for r in rows]) for k in ("error", "seconds"))
    if len(rows) < 2 or not (np.diff(errors) < -0.3).all():
        return None
    at = int(np.clip(np.searchsorted(-errors, -np.log(GOAL)), 1, len(rows) - 1))
    slope = (seconds[at] - seconds[at - 1]) / (errors[at] - errors[at - 1])
    return float(np.exp(seconds[at] + slope * (np.log(GOAL) - errors[at])))


def _draw(data: dict[str, Any]) -> None:
    """Error over time of all peers."""
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for name in dict.fromkeys(r["name"] for r in data["peers"]):
        own = [r for r in data["peers"] if r["name"] == name]
        ours = name in (*METHODS, ALONE)
        axes.loglog(
            [r["seconds"] for r in own], [r["error"] for r in own], "o-" if ours else "s:", label=name,
            lw=2 if ours else 1, ms=5, alpha=1.0 if ours else 0.8,
        )  # fmt: skip
    axes.axhline(GOAL, color="0.7", lw=0.8, zorder=0)
    axes.set_xlabel("time of a 512² image [s]; 64³, 128³ and 256³ cells")
    axes.set_ylabel("relative L2 error of the image")
    figure.legend(fontsize=7, ncol=4, loc="outside lower center")
    axes.grid(which="both", alpha=0.2)
    figure.savefig(PICTURE, dpi=160)
