"""Heat sources: how good ordinates and the thick limit are, and what both and their peers cost.

Times are ratios within one run; div q errors are relative L2 norms.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.interpolate import CubicSpline

import raytrace_rte as rte

from . import ordinates, volume_cost, volume_trust
from .tables import percent, table
from .timing import timed
from .volume_peers import (
    REFERENCE,
    best_sets,
    burns_christon,
    cheapest,
    coarser,
    l2,
    on_burns_christon,
    on_hot_spot,
    on_pool_fire,
    pool_fire,
    solved,
)

HERE = Path(__file__).parent
PICTURE = HERE.parent / "docs/images/pool_fire_G.png"


def measure(quick: bool = False) -> dict[str, Any]:
    """Return all figures of the suite, and draw the picture."""
    sizes = (
        {"smooth": (8,), "white noise": (8,)}
        if quick
        else {"smooth": (64, 128, 256), "white noise": (64, 128)}
    )
    costs = [(field, n) for field, ns in sizes.items() for n in ns]
    return {
        "burns christon": on_burns_christon(11 if quick else 41, quick),
        "hot spot": on_hot_spot(12 if quick else 48, quick),
        "thick": [
            _thick(n, kh) for n in ((12,) if quick else (41, 128)) for kh in (1.0, 3.0, 10.0, 30.0, 100.0)
        ],
        "pool fire": _pool_fire(quick),
        "pool fire peers": on_pool_fire(quick),
        "wall flux": _wall_flux(quick),
        "wall cells": [_wall_cells(8 if quick else 41, kh) for kh in (1.0, 3.0, 10.0)],
        "centreline": _centreline(11 if quick else 41, quick),
        "exponential cube": [_exponential(n, d) for n, d in REFINED[: 2 if quick else 4]],
        "ordinates speed": [volume_cost.costs(*case, 64 if quick else 256, 4) for case in costs],
        "estimates": volume_trust.estimates(8, (14,), 50) if quick else volume_trust.estimates(),
        "coupling": volume_trust.coupling(8 if quick else 64, 50, 2 if quick else 15),
        "bodies": [_bodies(16 if quick else 128, tau, quick) for tau in (0.05, 0.1, 0.5, 1.0, 2.0)],
    }


def _centreline(cells: int, quick: bool) -> dict[str, list[float]]:
    """div q at cell centres from the wall to the middle, beside the reference."""
    medium, line = burns_christon(cells)
    n = cells // 2
    result = rte.solve(medium, rte.heat_source(14 if quick else 400), method=rte.March())
    at = np.linspace(0, n, 6).round().astype(int)
    return {"x": (medium.grid.centres[0][at] + 0.5).tolist(), "reference": line[at].tolist(),
            "ordinates": result.div_q[at, n, n].tolist()}  # fmt: skip


def _exponential(cells: int, directions: int) -> dict[str, Any]:
    """Uintah's exponential cube: error of div q along x and y under refinement of cells and directions."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (cells,) * 3)
    x = np.broadcast_to(grid.centres[0][:, None, None], grid.shape)
    source = 5.670373e-8 * 1000.0**4 * (1 + 2 * x) / np.pi
    medium = rte.Medium(grid, 5 * np.exp(-2 * x - 0.1), source)
    div_q = solved(medium, directions)
    middle = slice((cells - 1) // 2, cells // 2 + 1)
    lines = {"x": div_q[:, middle, middle].mean(axis=(1, 2)), "y": div_q[middle, :, middle].mean(axis=(0, 2))}
    row: dict[str, Any] = {"cells": cells, "directions": directions}
    for name, line in lines.items():
        position, minus = np.loadtxt(REFERENCE.parent / f"kexp_divq_{name}.dat").T
        c = grid.centres[0]
        inside = (c >= position[0]) & (c <= position[-1])
        row[name] = l2(line[inside], -CubicSpline(position, minus)(c[inside]))
    return row


REFINED = (5, 64), (10, 128), (20, 256), (40, 512)
SPHERE = {0.05: 0.0642320, 0.1: 0.1238452, 0.5: 0.4715178, 1.0: 0.7030029, 2.0: 0.8864473}
CYLINDER = {0.05: 0.0938787, 0.1: 0.1770048, 0.5: 0.5959532, 1.0: 0.8142904, 2.0: 0.9457964}
"""Flux from isothermal bodies of optical radius tau over sigma T^4 (closed form; quadrature)."""


def _bodies(cells: int, tau: float, quick: bool) -> dict[str, float]:
    """Flux from an isothermal sphere and an infinite cylinder on voxels, each as full as it is inside."""
    half = 1.05
    faces = np.linspace(-half, half, cells + 1)
    fine = (faces[:-1, None] + (np.arange(8) + 0.5) / 8 * np.diff(faces)[0]) ** 2
    disk = fine[:, None, :, None] + fine[None, :, None, :]
    inside = np.stack([((disk + z) < 1.0).mean(axis=(2, 3)) for z in fine.ravel()], axis=-1)
    sphere = inside.reshape(cells, cells, cells, 8).mean(axis=3)
    flat = (disk < 1.0).mean(axis=(2, 3))[..., None]
    row = {"tau": tau}
    for name, grid, filled, area, known, count in (
        ("sphere", rte.Cartesian(faces, faces, faces), sphere, 4 * np.pi, SPHERE, 14 if quick else 110),
        ("cylinder", rte.Cartesian(faces, faces), flat, 2 * np.pi, CYLINDER, 50 if quick else 1202),
    ):
        medium = rte.Medium(grid, tau * filled, np.full(grid.shape, 1 / np.pi))
        power = rte.solve(medium, rte.heat_source(count), method=rte.March()).radiant_power
        row[name] = power / area / known[tau] - 1.0
    return row


def _thick(cells: int, depth: float) -> dict[str, Any]:
    """A smooth source in a medium of kappa h = depth: errors in the inner box, cost of Auto over ordinates."""
    medium = _wave(cells, depth)
    kappa, q, wave = depth * cells, 2 * np.pi * np.sqrt(3), 2 * (medium.source - 1)
    exact = 2 * np.pi * kappa * wave * (1 - kappa / q * np.arctan(q / kappa))
    inner = (slice(cells // 4, cells - cells // 4),) * 3
    repeats = 1 if cells > 100 else 3
    auto, result = timed(lambda: rte.solve(medium, rte.heat_source(200)), repeats)
    march, swept = timed(lambda: solved(medium, 200), repeats)
    ways = ordinates.directions("ours", 200)
    peer = ordinates.div_q(medium.kappa, medium.source, 1.0 / cells, ways, "diamond")
    return {"cells": cells, "kappa_h": depth, "auto": l2(result.div_q[inner], exact[inner]),
            "ordinates": l2(swept[inner], exact[inner]), "diamond": l2(peer[inner], exact[inner]),
            "limited": result.stats["cells_limit"] / cells**3,
            "estimate":
            float(np.sqrt(np.mean(result.error_estimate[inner] ** 2) / np.mean(exact[inner] ** 2))),
            "ratio": march / auto}  # fmt: skip


def _wave(cells: int, depth: float) -> rte.Medium:
    """S = 1 + sin sin sin / 2 in a medium of kappa h = depth."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (cells, cells, cells))
    wave = np.einsum("i,j,k->ijk", *(np.sin(2 * np.pi * c) for c in grid.centres))
    return rte.Medium(grid, np.full(grid.shape, depth * cells), 1 + 0.5 * wave)


def _wall_cells(cells: int, depth: float) -> dict[str, float]:
    """div q of the cells at cold walls, against ordinates on a grid four times as fine."""
    auto = rte.solve(_wave(cells, depth), rte.heat_source(200)).div_q
    swept, mean = solved(_wave(cells, depth), 200), coarser(solved(_wave(4 * cells, depth / 4), 200), 4)
    at = np.ones(mean.shape, bool)
    at[1:-1, 1:-1, 1:-1] = False
    return {"kappa_h": depth, "auto": l2(auto[at], mean[at]), "ordinates": l2(swept[at], mean[at]),
            "worst": float(np.abs(auto[at] / mean[at] - 1).max())}  # fmt: skip


def _wall_flux(quick: bool) -> list[dict[str, Any]]:
    """Flux that arrives at cells of a wall: ordinates against radiometers there, of very many directions."""
    box = rte.uniform((0, 0, 0), (1, 1, 1), (8 if quick else 40,) * 3)
    gas = rte.Medium(box, np.ones(box.shape), np.full(box.shape, 1 / np.pi))
    fire = rte.absorption.planck_mean(rte.sample("pool-fire"))
    rows = []
    for name, medium, walls, counts in (
        ("isothermal box", gas, rte.open_(), (100, 434, 1202)),
        ("pool fire", fire, rte.black(300.0), (194, 974, 2048, 5810)),
    ):
        y, z = (np.arange(1, n, max(1, n // 6)) for n in medium.grid.shape[1:])
        j, k = (a.ravel() for a in np.meshgrid(y, z, indexing="ij"))
        centres = medium.grid.centres
        points = np.stack([np.full(j.size, medium.grid.x[0]), centres[1][j], centres[2][k]], axis=1)
        sensor = rte.radiometer(points, [1, 0, 0], directions=100 if quick else 40_000)
        known = rte.solve(medium, sensor, walls, rte.March()).value
        for count in counts[:1] if quick else counts:
            result = rte.solve(medium, rte.heat_source(count), walls)
            flux, stated = (m["x_min"][j, k] for m in (result.wall_incident_flux, result.wall_error_estimate))
            rows.append({"case": name, "directions": result.stats["directions"], "error": l2(flux, known),
                         "worst": float(np.abs(flux / known - 1).max()),
                         "stated": float(np.sqrt(np.mean(stated**2) / np.mean((flux - known) ** 2)))})  # fmt: skip
    return rows


def _pool_fire(quick: bool) -> dict[str, Any]:
    """G along the axis of the 40^3 fire beside OpenFOAM's fvDOM, and what the fire radiates."""
    medium, T, foam = pool_fire()
    grid = medium.grid
    sensor = rte.heat_source(50 if quick else 1202)
    result = rte.solve(medium, sensor, rte.black(300.0))
    outlet = rte.black(
        T[:, -1, :].astype(float)
    )  # as OpenFOAM has it: black at the temperature of the outflow
    hot = rte.solve(medium, sensor, rte.black(300.0, y_max=outlet)).G[19:21, :, 19:21].mean(axis=(0, 2))
    x, y, z = np.meshgrid(grid.centres[0][19:21], grid.centres[1], grid.centres[2][19:21], indexing="ij")
    points = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)  # the four columns of cells at the axis
    rays = rte.solve(medium, rte.incident(points, directions=200 if quick else 4000), rte.black(300.0)).G
    exact = rays.reshape(2, 40, 2).mean(axis=(0, 2))
    axis = result.G[19:21, :, 19:21].mean(axis=(0, 2))
    foam_axis = foam[19:21, :, 19:21].mean(axis=(0, 2))
    if not quick:
        _draw(grid.centres[1], exact, axis, hot, foam_axis)
    at = slice(2, 40, 6)
    lines = {"rays": exact, "ordinates": axis, "hot": hot, "foam": foam_axis, "y": grid.centres[1]}
    return {name: line[at].tolist() for name, line in lines.items()} | {"power": result.radiant_power}


def _draw(y: np.ndarray, rays: np.ndarray, swept: np.ndarray, hot: np.ndarray, foam: np.ndarray) -> None:
    figure = Figure(figsize=(6.5, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(y, rays / 1e3, "k-", lw=2, label="rays, 4000 directions")
    axes.plot(y, swept / 1e3, "o", ms=4, color="tab:red", label="ordinates, 1212 directions")
    axes.plot(y, hot / 1e3, "^", ms=4, color="tab:orange", label="ordinates, hot black outlet")
    axes.plot(y, foam / 1e3, "--", color="tab:blue", label="OpenFOAM fvDOM, 256 rays")
    axes.set_xlabel("height above the pool [m]")
    axes.set_ylabel("incident radiation G [kW m$^{-2}$]")
    axes.set_ylim(0)
    axes.grid(alpha=0.3)
    axes.legend()
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=150)


def tables(data: dict[str, Any]) -> dict[str, str]:
    """Return the Markdown tables by name."""
    fire, cube = data["pool fire"], data["burns christon"]
    thick = [
        [
            f"{r['cells']}³", f"{r['kappa_h']:g}", f"{r['auto']:.1e}", f"{r['estimate']:.1e}",
            f"{r['ordinates']:.1e}", f"{r['diamond']:.1e}", f"{100 * r['limited']:.0f} %", f"{r['ratio']:.1f}",
        ]
        for r in data["thick"]
    ]  # fmt: skip
    lines = [
        ("rays", "rays"),
        ("ordinates", "ordinates"),
        ("ordinates, hot outlet", "hot"),
        ("OpenFOAM", "foam"),
    ]
    head = [
        "cells",
        "κh",
        "error: Auto",
        "its estimate",
        "error: ordinates",
        "error: diamond",
        "by the limit",
        "time: ordinates / Auto",
    ]
    return volume_trust.tables(data["estimates"], data["coupling"]) | {
        "burns christon": _against_first(
            [*best_sets(cube), *(cheapest(cube, goal) for goal in (1e-4, 5e-5))], {"error": "L2 error"}
        ),
        "pool fire div q": _against_first(
            best_sets(data["pool fire peers"], "constant"),
            {"error": "L2 error, source linear", "constant": "source constant"},
        ),
        "hot spot": _against_first(best_sets(data["hot spot"]), {"error": "L2 error of log G"}),
        "ordinates speed": volume_cost.shown(data["ordinates speed"]),
        "thick cells": table(head, thick),
        "wall flux": table(
            ["case", "directions", "L2 error", "worst cell", "stated / true error"],
            [
                [
                    r["case"],
                    str(r["directions"]),
                    percent(r["error"]),
                    percent(r["worst"]),
                    f"{r['stated']:.2g}",
                ]
                for r in data["wall flux"]
            ],
        ),
        "wall cells": table(
            ["κh", "Auto, L2", "ordinates, L2", "Auto, worst cell"],
            [
                [f"{r['kappa_h']:g}", percent(r["auto"]), percent(r["ordinates"]), percent(r["worst"])]
                for r in data["wall cells"]
            ],
        ),
        "centreline": table(
            ["distance from the wall", *(f"{x:.4f}" for x in data["centreline"]["x"])],
            [[name, *(f"{v:.4f}" for v in data["centreline"][name])] for name in ("reference", "ordinates")],
        ),
        "exponential cube": table(
            ["cells", "directions", "error along x", "error along y"],
            [
                [f"{r['cells']}³", str(r["directions"]), f"{r['x']:.1e}", f"{r['y']:.1e}"]
                for r in data["exponential cube"]
            ],
        ),
        "bodies": table(
            ["τ of the radius", "sphere", "infinite cylinder"],
            [
                [f"{r['tau']:g}", f"{100 * r['sphere']:+.2f} %", f"{100 * r['cylinder']:+.2f} %"]
                for r in data["bodies"]
            ],
        ),
        "pool fire G": table(
            ["height [m]", *(f"{y:.2f}" for y in fire["y"])],
            [[name, *(f"{g / 1e3:.1f}" for g in fire[key])] for name, key in lines],
        ),
    }


def _against_first(rows: list[dict[str, Any]], errors: dict[str, str]) -> str:
    """Errors by the words for them, and times."""
    return table(
        ["method", *errors.values(), "ms", "time (first row = 1)"],
        [
            [
                r["method"],
                *(f"{r[name]:.1e}" for name in errors),
                *(
                    (f"{1e3 * r['seconds']:.3g}", f"{r['seconds'] / rows[0]['seconds']:.3g}")
                    if "seconds" in r
                    else ("", "")
                ),
            ]
            for r in rows
        ],
    )
