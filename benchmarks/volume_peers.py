"""What a div q costs: ours beside backward rays, random rays and other discrete ordinates, on three media.

Times are ratios within one run; errors are relative L2 norms. Of the peers' sets of directions the best one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from scipy.interpolate import CubicSpline

import raytrace_rte as rte
from raytrace_rte.grid import FloatArray
from raytrace_rte.solvers.quadrature import SETS as QUADRATURES

from .ordinates import SCHEMES, directions, div_q
from .timing import in_turn, timed
from .volume_cost import smooth

HERE = Path(__file__).parent
REFERENCE = HERE.parent / "tests/reference/burns_christon_centreline.csv"
FIRE = HERE / "data/pool_fire_openfoam_40.h5"
SETS = ("ours", *(name + turned for name, turned in product(QUADRATURES, ("", ", rotated"))))
"""Sets of directions that the peers take."""
Row = dict[str, Any]
Errors = Callable[[FloatArray], dict[str, float]]
"""Errors of a field of div q, by name; "error" is the first one."""


class Work(NamedTuple):
    """A way to a field of div q: what its row says, what finds it, and its errors."""

    row: Row
    solve: Callable[[], FloatArray]
    errors: Errors


def l2(value: Any, reference: Any) -> float:
    """Relative L2 error."""
    return float(np.sqrt(np.sum((value - reference) ** 2) / np.sum(reference**2)))


def coarser(values: FloatArray, times: int) -> FloatArray:
    """Means over blocks of times x times x times cells."""
    nx, ny, nz = (n // times for n in values.shape)
    return values.reshape(nx, times, ny, times, nz, times).mean(axis=(1, 3, 5))


def finer(medium: rte.Medium, times: int) -> rte.Medium:
    """A medium whose cells are cut in times x times x times, each with the values of the whole."""
    cut = np.ones((times,) * 3)
    faces = [np.linspace(f[0], f[-1], times * (f.size - 1) + 1) for f in medium.grid]
    return rte.Medium(rte.Cartesian(*faces), np.kron(medium.kappa, cut), np.kron(medium.source, cut))


def burns_christon(cells: int) -> tuple[rte.Medium, FloatArray]:
    """The cube with sigma T^4 = 1, and div q along its centreline (an odd number of cells)."""
    medium = smooth(cells)
    x, _, known = np.genfromtxt(REFERENCE, delimiter=",", skip_header=1).T
    return medium, CubicSpline(x[:21], known[:21])(0.5 - np.abs(medium.grid.centres[0]))


def pool_fire() -> tuple[rte.Medium, FloatArray, FloatArray]:
    """The 40^3 fire of benchmarks/data, its temperature [K], and G as OpenFOAM has it [W m-2]."""
    with h5py.File(FIRE) as file:
        T, kappa, G = (file[name][:] for name in ("temperature", "absorption_coefficient", "G"))
    grid = rte.uniform((-0.5, 0, -0.5), (0.5, 1, 0.5), T.shape)
    return rte.Medium(grid, kappa, rte.blackbody(T)), T, G


def solved(medium: rte.Medium, count: int) -> FloatArray:
    """Our div q between cold walls."""
    return rte.solve(medium, rte.heat_source(count), method=rte.March()).div_q


def on_burns_christon(cells: int, quick: bool) -> list[Row]:
    """div q along the centreline of the cube, by the peers also on finer grids (odd numbers of cells)."""
    own, asked = ((14,), (14,)) if quick else ((128, 50, 100, 256, 434), (128, 256, 512))
    works: list[Work] = []
    for times in (1, 2, 3):
        n = times * cells + (times + 1) % 2
        medium, line = burns_christon(n)
        errors = partial(on_line, line=line)
        works += _ours(medium, own, errors) if times == 1 else ()
        works += _peers(medium, asked, errors)
    rows = _measured(works)
    goal = min(row["error"] for row in rows if "scheme" not in row)
    medium, line = burns_christon(cells)
    rows += [_backward(medium, line, count) for count in ((36,) if quick else (100, 400))]
    rows.append(_random(medium, line, goal, 100 if quick else 2000))
    return rows


def on_line(div_q: FloatArray, line: FloatArray) -> dict[str, float]:
    """Error along the centreline."""
    n = line.size // 2
    return {"error": l2(div_q[:, n, n], line)}


def _ours(medium: rte.Medium, counts: tuple[int, ...], errors: Errors) -> Iterator[Work]:
    """Our ways, one for each number of directions that is taken."""
    for taken in dict.fromkeys(len(directions("ours", count).weight) for count in counts):
        yield Work({"method": f"ordinates, {taken} directions"}, partial(solved, medium, taken), errors)


def _peers(medium: rte.Medium, counts: tuple[int, ...], errors: Errors) -> Iterator[Work]:
    """The peers' ways on a cubic grid, with all sets."""
    cells, h = medium.grid.shape[0], float(np.diff(medium.grid.x)[0])
    for scheme, asked, name in product(SCHEMES, counts, SETS):
        ways = directions(name, asked)
        method = f"{scheme}, {cells}³ cells, {len(ways.weight)} directions ({name})"
        yield Work(
            {"method": method, "scheme": scheme, "cells": cells, "asked": asked},
            partial(div_q, medium.kappa, medium.source, h, ways, scheme),
            errors,
        )


def _measured(works: list[Work]) -> list[Row]:
    """The rows of works that are done in turn."""
    found = in_turn({n: work.solve for n, work in enumerate(works)}, rounds=8)
    return [
        {**work.row, **work.errors(answer), "seconds": seconds}
        for work, (seconds, answer) in zip(works, found.values(), strict=True)
    ]


def best_sets(rows: list[Row], error: str = "error") -> list[Row]:
    """Of the peers' rows that differ in the set alone the one with the least error; of the first diamond all."""
    first = next(_kind(row) for row in rows if row.get("scheme") == "diamond")
    least: dict[Any, float] = {}
    for row in rows:
        least[_kind(row)] = min(row[error], least.get(_kind(row), np.inf))
    return [row for row in rows if row[error] == least[_kind(row)] or _kind(row) == first]


def _kind(row: Row) -> tuple[Any, ...]:
    """What rows share that differ in the set of directions alone."""
    return tuple(row[k] for k in ("scheme", "cells", "asked")) if "scheme" in row else (row["method"],)


def cheapest(rows: list[Row], goal: float) -> Row:
    """The row that reaches an error in the least time."""
    reach = [row for row in rows if row["error"] <= goal]
    best = min(reach, key=lambda row: float(row["seconds"])) if reach else {"method": "none", "error": np.nan}
    return {**best, "method": f"cheapest at {goal:.0e}: {best['method']}"}


def _centres(medium: rte.Medium) -> FloatArray:
    return np.stack([a.ravel() for a in np.meshgrid(*medium.grid.centres, indexing="ij")], axis=1)


def _backward(medium: rte.Medium, line: FloatArray, count: int) -> Row:
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


def _random(medium: rte.Medium, line: FloatArray, goal: float, count: int) -> Row:
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


def hot_spot(cells: int) -> rte.Medium:
    """A hot, dense spot in a thin cold gas."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (cells,) * 3)
    r2 = sum(
        (c.reshape([-1 if a == b else 1 for b in range(3)]) - 0.3) ** 2 for a, c in enumerate(grid.centres)
    )
    spot = np.exp(-r2 / 0.005)
    return rte.Medium(grid, 0.1 + 5 * spot, spot)


def on_hot_spot(cells: int, quick: bool) -> list[Row]:
    """A hot spot: log G at random cells, against very many directions."""
    medium = hot_spot(cells)
    grid = medium.grid
    some = np.random.default_rng(0).integers(0, cells, (60, 3))
    points = np.stack([grid.centres[a][some[:, a]] for a in range(3)], axis=1)
    exact = rte.solve(medium, rte.incident(points, directions=200 if quick else 11_000), method=rte.March()).G
    at = tuple(some.T)

    def errors(div_q: FloatArray) -> dict[str, float]:
        G = (4 * np.pi * medium.source - div_q / medium.kappa)[at]
        return {"error": l2(np.log(np.maximum(G, 1e-9)), np.log(exact))}

    counts = (14,) if quick else (128, 512, 2048)
    return _measured([*_ours(medium, counts, errors), *_peers(medium, counts, errors)])


def on_pool_fire(quick: bool) -> list[Row]:
    """div q of the 40^3 fire between cold walls, on the fire's grid and with its cells cut in eight.

    "error" is against ours of very many directions, "constant" against ours on cells cut in eight: there the source
    is constant in the fire's cells, as the peers have it, and not linear. Rays that know nothing of both, backward
    from some cells with kappa and source of the cell, say how good these are.
    """
    (medium, _, _), many = pool_fire(), (64, 64) if quick else (8000, 2048)
    cut = finer(medium, 2)
    linear, constant = solved(medium, many[0]), coarser(solved(cut, many[1]), 2)

    def errors(div_q: FloatArray) -> dict[str, float]:
        found = coarser(div_q, len(div_q) // len(linear))
        return {"error": l2(found, linear), "constant": l2(found, constant)}

    own, counts = ((14,), (14,)) if quick else ((128, 50, 256, 512), (128, 512, 2048))
    works = [*_ours(medium, own, errors), *_peers(medium, counts, errors), *_peers(cut, counts[:2], errors)]
    rows = _measured(works)
    some = np.random.default_rng(0).integers(0, linear.size, 600)
    sensor = rte.incident(_centres(medium)[some], directions=100 if quick else 4000)
    G = rte.solve(medium, sensor, rte.open_(), rte.March(order=1)).G
    kappa, source = (values.ravel()[some] for values in (medium.kappa, medium.source))
    rays = kappa * (4 * np.pi * source - G)
    both = {name: l2(rays, v.ravel()[some]) for name, v in (("error", linear), ("constant", constant))}
    return [*rows, {"method": "600 cells by backward rays, 4000 directions"} | both]
