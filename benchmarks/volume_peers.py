"""What a div q costs: the sweep beside backward rays, random rays and discrete ordinates, on three media.

Times are ratios within one run; errors are relative L2 norms.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scipy.interpolate import CubicSpline

import raytrace_rte as rte

from .ordinates import div_q as ordinates
from .timing import timed

HERE = Path(__file__).parent
REFERENCE = HERE.parent / "tests/reference/burns_christon_centreline.csv"
FIRE = HERE / "data/pool_fire_openfoam_40.h5"


def l2(value: Any, reference: Any) -> float:
    """Relative L2 error."""
    return float(np.sqrt(np.sum((value - reference) ** 2) / np.sum(reference**2)))


def coarser(values: np.ndarray, times: int) -> np.ndarray:
    """Means over blocks of times x times x times cells."""
    nx, ny, nz = (n // times for n in values.shape)
    return values.reshape(nx, times, ny, times, nz, times).mean(axis=(1, 3, 5))


def burns_christon(cells: int) -> tuple[rte.Medium, np.ndarray]:
    """The cube with sigma T^4 = 1, and div q along its centreline (an odd number of cells)."""
    grid = rte.uniform((-0.5,) * 3, (0.5,) * 3, (cells,) * 3)
    kappa = 0.9 * np.einsum("i,j,k->ijk", *(1 - 2 * np.abs(c) for c in grid.centres)) + 0.1
    x, _, known = np.genfromtxt(REFERENCE, delimiter=",", skip_header=1).T
    line = CubicSpline(x[:21], known[:21])(0.5 - np.abs(grid.centres[0]))
    return rte.Medium(grid, kappa, np.full(grid.shape, 1 / np.pi)), line


def pool_fire() -> tuple[rte.Medium, np.ndarray, np.ndarray]:
    """The 40^3 fire of benchmarks/data, its temperature [K], and G as OpenFOAM has it [W m-2]."""
    with h5py.File(FIRE) as file:
        T, kappa, G = (file[name][:] for name in ("temperature", "absorption_coefficient", "G"))
    grid = rte.uniform((-0.5, 0, -0.5), (0.5, 1, 0.5), T.shape)
    return rte.Medium(grid, kappa, rte.blackbody(T)), T, G


def on_burns_christon(cells: int, quick: bool) -> list[dict[str, Any]]:
    """div q along the centreline of the cube, also by the step scheme on finer grids."""
    medium, line = burns_christon(cells)
    n = cells // 2
    swept = (14,) if quick else (100, 400, 26, 50)
    rows = _sweeps(medium, swept, lambda r: l2(r.div_q[:, n, n], line), 1 if quick else 8)
    goal = min(row["error"] for row in rows)
    rows += [_backward(medium, line, count) for count in ((36,) if quick else (100, 400))]
    rows.append(_random(medium, line, goal, 100 if quick else 2000))
    counts = (32,) if quick else (32, 128, 512, 2048)
    rows += _ordinates(medium, counts, lambda div_q: l2(div_q[:, n, n], line))
    for times in (2, 3, 4):
        rows += _on_finer_cube(times * cells + (times + 1) % 2, counts[:2])
    return rows


def _on_finer_cube(cells: int, counts: tuple[int, ...]) -> list[dict[str, Any]]:
    """The step scheme on a finer grid, as its error of first order in h demands; an odd number of cells."""
    medium, line = burns_christon(cells)
    n = cells // 2
    return _ordinates(medium, counts, lambda div_q: l2(div_q[:, n, n], line), ("step",))


def _sweeps(
    medium: rte.Medium, counts: tuple[int, ...], error: Callable[[rte.HeatResult], float], lattices: int = 1
) -> list[dict[str, Any]]:
    """Rows of the sweep between cold walls; error: the worst of some lattices."""

    def sweep(count: int, seed: int) -> rte.HeatResult:
        return rte.solve(medium, rte.heat_source(count, seed), method=rte.March())

    rows = []
    for count in counts:
        seconds, first = timed(lambda c=count: sweep(c, 0))
        worst = max(error(result) for result in (first, *(sweep(count, s) for s in range(1, lattices))))
        rows.append({"method": f"sweep, {count} directions", "error": worst, "seconds": seconds})
    return rows


def _ordinates(
    medium: rte.Medium,
    counts: tuple[int, ...],
    error: Callable[[np.ndarray], float],
    schemes: tuple[str, ...] = ("step", "diamond"),
) -> list[dict[str, Any]]:
    """Rows of discrete ordinates on a cubic grid between cold walls."""
    cells, h = medium.grid.shape[0], float(np.diff(medium.grid.x)[0])
    rows = []
    for scheme in schemes:
        for count in counts:
            seconds, div_q = timed(
                lambda c=count, s=scheme: ordinates(medium.kappa, medium.source, h, c, s == "diamond"), 2
            )
            name = f"discrete ordinates ({scheme}), {count}, {cells}³ cells"
            rows.append({"method": name, "error": error(div_q), "seconds": seconds})
    return rows


def _centres(medium: rte.Medium) -> np.ndarray:
    return np.stack([a.ravel() for a in np.meshgrid(*medium.grid.centres, indexing="ij")], axis=1)


def _backward(medium: rte.Medium, line: np.ndarray, count: int) -> dict[str, Any]:
    """Rays backward from every cell in the same fixed directions, timed on every sixteenth."""
    cells, n = medium.grid.shape[0], medium.grid.shape[0] // 2
    points = _centres(medium)
    some = points[::16]
    seconds, _ = timed(lambda: rte.solve(medium, rte.incident(some, directions=count), method=rte.March()), 1)
    on = points.reshape(cells, cells, cells, 3)[:, n, n]
    G = rte.solve(medium, rte.incident(on, directions=count), method=rte.March()).G
    value = medium.kappa[:, n, n] * (4 * np.pi * medium.source[:, n, n] - G)
    name = f"backward rays from every cell, {count} fixed directions"
    return {"method": name, "error": l2(value, line), "seconds": seconds * len(points) / len(some)}


def _random(medium: rte.Medium, line: np.ndarray, goal: float, count: int) -> dict[str, Any]:
    """Random directions, as reverse Monte Carlo takes: error as 1/sqrt(rays), extrapolated to the goal."""
    cells, n = medium.grid.shape[0], medium.grid.shape[0] // 2
    rng = np.random.default_rng(0)
    on = _centres(medium).reshape(cells, cells, cells, 3)[:, n, n]
    rays = rte.Rays(np.repeat(on, count, axis=0), rng.normal(size=(cells * count, 3)))
    seconds, result = timed(lambda: rte.solve(medium, rays, method=rte.March()), 1)
    G = 4 * np.pi * result.value.reshape(cells, count).mean(axis=1)
    error = l2(medium.kappa[:, n, n] * (4 * np.pi * medium.source[:, n, n] - G), line)
    needed = count * (error / goal) ** 2
    return {"method": f"backward rays, random: {needed:.2g} a cell (extrapolated)", "error": goal,
            "seconds": seconds / cells / count * needed * cells**3}  # fmt: skip


def on_hot_spot(cells: int, quick: bool) -> list[dict[str, Any]]:
    """A hot, dense spot in a thin cold gas: G along a line to a corner, against very many directions."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (cells,) * 3)
    r2 = sum(
        (c.reshape([-1 if a == b else 1 for b in range(3)]) - 0.3) ** 2 for a, c in enumerate(grid.centres)
    )
    spot = np.exp(-r2 / 0.005)
    medium = rte.Medium(grid, 0.1 + 5 * spot, spot)
    some = np.random.default_rng(0).integers(0, cells, (60, 3))
    points = np.stack([grid.centres[a][some[:, a]] for a in range(3)], axis=1)
    exact = rte.solve(medium, rte.incident(points, directions=200 if quick else 11_000), method=rte.March()).G
    at = tuple(some.T)
    swept = (14,) if quick else (100, 434)
    rows = _sweeps(medium, swept, lambda r: l2(np.log(r.G[at]), np.log(exact)))

    def error(div_q: np.ndarray) -> float:
        G = (4 * np.pi * medium.source - div_q / medium.kappa)[at]
        return l2(np.log(np.maximum(G, 1e-9)), np.log(exact))

    return rows + _ordinates(medium, (32,) if quick else (128, 512, 2048), error)


def on_pool_fire(quick: bool) -> list[dict[str, Any]]:
    """div q of the 40^3 fire between cold walls, on the fire's grid and with its cells cut in eight.

    The reference is the sweep of very many directions and lines; rays that know nothing of it, backward
    from some cells with kappa and source of the cell, say how good that is.
    """
    medium, _, _ = pool_fire()
    best = rte.solve(medium, rte.heat_source(50 if quick else 5810, lines=2), method=rte.March()).div_q
    rows = _sweeps(medium, (14,) if quick else (100, 26, 50, 434), lambda r: l2(r.div_q, best))
    counts = (32,) if quick else (32, 128, 512, 2048)
    rows += _ordinates(medium, counts, lambda div_q: l2(div_q, best))
    cut = rte.Medium(
        rte.uniform((-0.5, 0, -0.5), (0.5, 1, 0.5), (80, 80, 80)),
        *(np.kron(values, np.ones((2, 2, 2))) for values in (medium.kappa, medium.source)),
    )
    rows += _ordinates(cut, counts[:2], lambda div_q: l2(coarser(div_q, 2), best), ("step",))
    some = np.random.default_rng(0).integers(0, best.size, 600)
    sensor = rte.incident(_centres(medium)[some], directions=100 if quick else 4000)
    G = rte.solve(medium, sensor, rte.open_(), rte.March(order=1)).G
    kappa, source = (values.ravel()[some] for values in (medium.kappa, medium.source))
    error = l2(kappa * (4 * np.pi * source - G), best.ravel()[some])
    return [*rows, {"method": "600 cells by backward rays, 4000 directions", "error": error}]
