"""Error and cost of exact march, limits, plain and certified switch, as the optical thickness is scaled.

The real pool fire, smooth plumes, a hot flame behind cold smoke, the slab of Bender & Orszag, and a thick
medium seen from inside. kappa is multiplied so that the thickest ray has the optical depth given. Errors are
relative to March(order=2) on the same grid; work is counted in cells and nodes read, time in ratios.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import raytrace_rte as rte
from raytrace_rte.execution.executors import thread_count
from raytrace_rte.method import ATOL

from .tables import percent, table

RTOL = 1e-3
DEPTHS = tuple(10.0**p for p in range(-2, 6))
PICTURE = Path(__file__).parent.parent / "docs/images/exact_versus_thick.png"
COSTS = (
    "cells: March(2) / Auto", "cells: stopped / Auto", "time: March(2) / Auto", "time: stopped / Auto",
    "pyramid / March(2)", "worst error", "worst bound",
)  # fmt: skip
SHOWN = ("Auto", "Thick(2)", "Thin", "Threshold(30)")
Scene = tuple[rte.Medium, Any, Any]


def fire(pixels: int) -> Scene:
    """(a) The real pool fire."""
    medium = rte.absorption.planck_mean(rte.sample("pool-fire"))
    camera = rte.camera((1.25, 0.75, -1.9), (0.02, 0.5, -0.02), (pixels, pixels), 27, up=(0, 1, 0))
    return medium, camera, rte.black(300.0)


def boxed_fire(pixels: int) -> Scene:
    """(a') The pool fire in a box of clear air twice its size."""
    inner = rte.absorption.planck_mean(rte.sample("pool-fire"))
    n = inner.grid.shape[0]
    grid = rte.uniform((-1.0, -0.5, -1.0), (1.0, 1.5, 1.0), (2 * n, 2 * n, 2 * n))
    kappa = np.zeros(grid.shape, np.float32)
    source = np.full(grid.shape, rte.blackbody(300.0), np.float32)
    middle = (slice(n // 2, 3 * n // 2),) * 3
    kappa[middle], source[middle] = inner.kappa, inner.source
    camera = rte.camera((2.6, 1.0, -3.9), (0.02, 0.5, -0.02), (pixels, pixels), 30, up=(0, 1, 0))
    return rte.Medium(grid, kappa, source), camera, rte.black(300.0)


def plume(cells: int) -> Callable[[int], Scene]:
    """(b) A smooth plume."""

    def scene(pixels: int) -> Scene:
        camera = rte.camera((0.9, -1.8, 0.6), (0, 0, 0.5), (pixels, pixels), 32)
        return rte.absorption.given(rte.sample("smooth-plume", cells)), camera, rte.black(300.0)

    return scene


def smoke(pixels: int) -> Scene:
    """(c) A hot flame behind cold smoke."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (96, 96, 96))
    x, y, z = np.meshgrid(*grid.centres, indexing="ij", sparse=True)
    flame = np.exp(-(((x - 0.8) / 0.08) ** 2) - ((y - 0.5) ** 2 + (z - 0.5) ** 2) / 0.04)
    front = 0.5 * (1 - np.tanh((x - 0.6) / 0.03)) * (1 + 0.2 * np.sin(9 * y) * np.cos(7 * z))
    camera = rte.camera((-1.2, 0.5, 0.5), (1, 0.5, 0.5), (pixels, pixels), 40)
    return rte.Medium(grid, front + 0.3 * flame, rte.blackbody(300 + 1700 * flame)), camera, rte.black(300.0)


def slab(pixels: int) -> Scene:
    """(d) Bender & Orszag: S = 1/(1 + s), constant kappa, path 10."""
    grid = rte.Cartesian(10 * np.linspace(0, 1, 401) ** 2.5)
    source = 1 / (1 + grid.centres[0].reshape(grid.shape))
    cosines = np.linspace(0.2, 1.0, pixels)
    rays = rte.Rays([0, 0, 0], np.stack([cosines, np.sqrt(1 - cosines**2), 0 * cosines], axis=1))
    return rte.Medium(grid, np.ones(grid.shape), source), rays, rte.open_()


def inside(cells: int) -> Callable[[int], Scene]:
    """(e) A thick medium seen from inside; the source's scale is 100 cells."""

    def scene(pixels: int) -> Scene:
        grid = rte.uniform((0, 0, 0), (1, 1, 1), (cells, cells, cells))
        x, y, z = np.meshgrid(*(c * cells / 100 for c in grid.centres), indexing="ij", sparse=True)
        source = 1 + 0.3 * np.sin(x + 0.3 * y) * np.cos(y - 0.2 * z) * np.cos(z + 0.3)
        camera = rte.camera((0.43, 0.52, 0.47), (1, 0.6, 0.55), (pixels, pixels), 60)
        kappa = np.exp(0.2 * np.sin(x - y + 0.5 * z))
        return rte.Medium(grid, kappa, source), camera, rte.open_(intensity=0.5)

    return scene


def measure(quick: bool = False) -> dict[str, Any]:
    """Return all figures of the suite, and draw the picture."""
    pixels = 16 if quick else 256
    scenes = {
        "pool fire": fire,
        "plume 128³": plume(16 if quick else 128),
        "plume 256³": plume(24 if quick else 256),
        "flame behind smoke": smoke,
        "slab": slab,
        "inside": inside(24 if quick else 256),
    }
    depths = (1.0, 100.0) if quick else DEPTHS
    data: dict[str, Any] = {
        "scaled": {name: _scaled(scene(pixels), depths) for name, scene in scenes.items()},
        "inside": [_costs(inside(24 if quick else 256)(32 if quick else 512), kh, 24 if quick else 256)
                   for kh in ((1.0,) if quick else (0.1, 0.3, 1.0, 3.0, 10.0, 30.0))],
        "boxed": _costs(boxed_fire(32 if quick else 512), 1.0, 1),
    }  # fmt: skip
    if not quick:
        _draw(data["scaled"])
    return data


def methods(stop: float) -> dict[str, Any]:
    """The methods compared; stop is the tolerance as a radiance."""
    return {
        "March(1)": rte.March(1),
        "March(2)": rte.March(2),
        "March(2, stop)": rte.March(2, stop=stop),
        "Auto": rte.Auto(RTOL),
        "Thick(1)": rte.Thick(1),
        "Thick(2)": rte.Thick(2),
        "Thick(3)": rte.Thick(3),
        "Thick(4)": rte.Thick(4),
        "Thin": rte.Thin(),
        "Threshold(10)": rte.Threshold(10.0, 2),
        "Threshold(30)": rte.Threshold(30.0, 2),
        "Threshold(100)": rte.Threshold(100.0, 2),
    }


def scaled(medium: rte.Medium, factor: float) -> rte.Medium:
    """The medium with kappa multiplied."""
    kappa = medium.kappa * medium.kappa.dtype.type(factor)
    return rte.Medium(medium.grid, kappa, medium.source)


def _scaled(scene: Scene, depths: tuple[float, ...]) -> list[dict[str, Any]]:
    medium, sensor, walls = scene
    thickest = float(rte.solve(medium, sensor, walls, rte.March(2)).optical_depth.max())
    rows = []
    for depth in depths:
        thick = scaled(medium, depth / thickest)
        reference = rte.solve(thick, sensor, walls, rte.March(2))
        greatest = max(float(medium.source.max()), *(float(light.max()) for light in walls.light(medium)))
        floor = reference.value + ATOL * greatest / RTOL  # an error of RTOL is the tolerance, exactly
        for name, method in methods(RTOL * float(np.median(reference.value))).items():
            repeats = 4 if name in ("March(2)", "March(2, stop)", "Auto") else 1  # whose times are compared
            runs = [rte.solve(thick, sensor, walls, method) for _ in range(repeats)]
            error = np.abs(runs[0].value - reference.value) / floor
            row = {"depth": depth, "method": name, "error": float(np.percentile(error, 99)),
                   "worst": float(error.max()), "crossings": runs[0].stats["crossings"],
                   "seconds": min(r.stats["seconds_trace"] for r in runs)}  # fmt: skip
            if name == "Auto":
                true = np.maximum(np.abs(runs[0].value - reference.value), 1e-16)
                bound = runs[0].error_bound
                loose = (bound / true)[bound > 0]
                if loose.size:
                    row["bound over error"] = [float(p) for p in np.percentile(loose, (5, 50, 95))]
            rows.append(row)
    return rows


def _costs(scene: Scene, kappa_h: float, cells: int) -> dict[str, Any]:
    medium, sensor, walls = scene
    medium = scaled(medium, kappa_h * cells)
    march = rte.solve(medium, sensor, walls, rte.March(2))
    out: dict[str, Any] = {"kappa_h": kappa_h}
    stop = RTOL * float(march.value.min())
    chosen = {"March(2)": rte.March(2), "March(2, stop)": rte.March(2, stop=stop), "Auto": rte.Auto(RTOL)}
    for name, method in chosen.items():
        runs = [rte.solve(medium, sensor, walls, method) for _ in range(4)]
        out[name] = {
            "crossings": runs[0].stats["crossings"],
            "seconds": min(r.stats["seconds_trace"] for r in runs),
            "worst": float((np.abs(runs[0].value - march.value) / march.value).max()),
            "bound": float((runs[0].error_bound / march.value).max()),
        }
    out["pyramid"] = _seconds_of_bounds(medium)
    return out


def _seconds_of_bounds(medium: rte.Medium) -> float:
    """Seconds that the bounds over bricks of cells take, once the records are there."""
    again, threads = rte.Medium(medium.grid, medium.kappa, medium.source), thread_count(None)
    again.prepare(threads)
    start = time.perf_counter()
    again.prepare(threads, bricks=True)
    return time.perf_counter() - start


def tables(data: dict[str, Any]) -> dict[str, str]:
    """Return the Markdown tables by name."""
    return {
        "inside": table(
            ["κh", *COSTS],
            [[f"{r['kappa_h']:g}", *_ratios(r)] for r in data["inside"]],
        ),
        "boxed": table(
            COSTS,
            [_ratios(data["boxed"])],
        ),
        "cheapest": table(
            ["case", *(f"τ = {d:g}" for d in sorted({r["depth"] for r in data["scaled"]["slab"]}))],
            [[name, *_cheapest(rows)] for name, rows in data["scaled"].items()],
        ),
        "errors": table(
            ["case", "method", *(f"τ = {d:g}" for d in sorted({r["depth"] for r in data["scaled"]["slab"]}))],
            [[case, method, *(percent(r["error"]) for r in rows if r["method"] == method)]
             for case, rows in data["scaled"].items() for method in SHOWN],
        ),
        "auto cost": table(
            ["case", *(f"τ = {d:g}" for d in sorted({r["depth"] for r in data["scaled"]["slab"]}))],
            [[name, *_against_stop(rows)] for name, rows in data["scaled"].items()],
        ),
        "bound": table(
            ["case", *(f"τ = {d:g}" for d in sorted({r["depth"] for r in data["scaled"]["slab"]}))],
            [[name, *_looseness(rows)] for name, rows in data["scaled"].items()],
        ),
    }  # fmt: skip


def _ratios(r: dict[str, Any]) -> list[str]:
    march, stopped, auto = r["March(2)"], r["March(2, stop)"], r["Auto"]
    return [
        *(f"{a[key] / auto[key]:.3g}" for key in ("crossings", "seconds") for a in (march, stopped)),
        f"{r['pyramid'] / march['seconds']:.2f}",
        f"{auto['worst']:.1e}",
        f"{auto['bound']:.1e}",
    ]


def _by_depth(rows: list[dict[str, Any]]) -> list[dict[str, dict[str, Any]]]:
    depths = sorted({r["depth"] for r in rows})
    return [{r["method"]: r for r in rows if r["depth"] == depth} for depth in depths]


def _cheapest(rows: list[dict[str, Any]]) -> list[str]:
    """The method with the fewest cells among those within the tolerance on every ray."""
    best = []
    for by_method in _by_depth(rows):
        fit = [r for r in by_method.values() if r["worst"] <= 1.001 * RTOL]
        best.append(min(fit, key=lambda r: r["crossings"])["method"])
    return best


def _against_stop(rows: list[dict[str, Any]]) -> list[str]:
    """Cells and time of Auto over those of the stopped march."""
    return [
        f"{m['Auto']['crossings'] / m['March(2, stop)']['crossings']:.2f} / "
        f"{m['Auto']['seconds'] / m['March(2, stop)']['seconds']:.2f}"
        for m in _by_depth(rows)
    ]


def _looseness(rows: list[dict[str, Any]]) -> list[str]:
    """5, 50 and 95 % points of bound over true error."""
    found = [m["Auto"].get("bound over error") for m in _by_depth(rows)]
    return [" / ".join(f"{v:.2g}" for v in f) if f else "exact" for f in found]


def _draw(cases: dict[str, list[dict[str, Any]]]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.1 * len(cases), 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, len(cases), sharex=True, sharey="row")
    styles = {
        "March(1)": ("tab:gray", "-"), "March(2)": ("black", "-"), "March(2, stop)": ("black", "--"),
        "Auto": ("tab:red", "-"), "Thick(1)": ("#9ecae1", "-"), "Thick(2)": ("#4292c6", "-"),
        "Thick(3)": ("#2171b5", "-"), "Thick(4)": ("#08306b", "-"), "Thin": ("tab:green", "-"),
        "Threshold(30)": ("tab:orange", ":"),
    }  # fmt: skip
    for column, (case, rows) in enumerate(cases.items()):
        march = {r["depth"]: r["crossings"] for r in rows if r["method"] == "March(2)"}
        for method, (colour, line) in styles.items():
            chosen = [r for r in rows if r["method"] == method]
            depth = [r["depth"] for r in chosen]
            width = 2.4 if method == "Auto" else 1.3
            error = [max(r["error"], 1e-12) for r in chosen]
            work = [r["crossings"] / march[r["depth"]] for r in chosen]
            if method != "March(2)":
                axes[0, column].loglog(depth, error, line, color=colour, lw=width, label=method)
            axes[1, column].loglog(depth, work, line, color=colour, lw=width, label=method)
        axes[0, column].axhline(RTOL, color="tab:red", lw=0.7, ls="--")
        axes[0, column].set_title(case)
        axes[0, column].set_ylim(1e-12, 1e2)
        axes[1, column].set_xlabel("optical depth of the thickest ray")
        for row in (0, 1):
            axes[row, column].grid(alpha=0.25)
    axes[0, 0].set_ylabel("relative error (99 % of rays)")
    axes[1, 0].set_ylabel("cells read / March(2)")
    handles, labels = axes[1, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
    figure.savefig(PICTURE, dpi=110)
