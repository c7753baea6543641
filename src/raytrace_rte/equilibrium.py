"""Radiative equilibrium: the temperatures at which a medium gives off by radiation what is released in it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import checks
from .boundaries.walls import Walls
from .coupling import HeatSolver
from .errors import InputError
from .grid import Cartesian, FloatArray
from .method import March
from .planck import brightness_temperature
from .results.heat import HeatResult
from .solvers.anderson import Anderson
from .solvers.volumes.box import ends_of

STEPS, HISTORY = 500, 20
"""Sweeps at most; steps that Anderson's acceleration remembers: thick media forget slowly."""


class Equilibrium(NamedTuple):
    """temperature [K] of cells, NaN where nothing absorbs; their heat; calls of the heat solver; the greatest
    difference between div q and the heat release, over the greatest heat release, or emission where there is none."""

    temperature: FloatArray
    heat: HeatResult
    steps: int
    residual: float


def radiative_equilibrium(
    grid: Cartesian,
    kappa: ArrayLike,
    walls: Walls | None = None,
    heat_release: ArrayLike = 0.0,
    directions: int = 100,
    *,
    rtol: float = 1e-6,
    threads: int | None = None,
) -> Equilibrium:
    """Return the temperatures at which div q of a grey medium is the heat release.

    kappa: [1/m] (nx, ny, nz), which does not depend on temperature; walls: None is open and cold
    heat_release: [W m-3], a number or (nx, ny, nz); 0 is radiative equilibrium in the narrow sense
    directions: ordinates at least; rtol: greatest residual over the greatest heat
    release, or where there is none over the greatest emission

    4 pi kappa S = kappa G + heat release is solved for S, by Anderson's acceleration of what G of the last S demands
    (Heaslet & Warming 1965 for the slab between black plates).
    Raises InputError on bad values, where heat is released and nothing absorbs, and when 500 sweeps do not do.
    """
    checks.instance("grid", grid, Cartesian, "a grid, from rte.Cartesian(x, y, z) or rte.uniform(...)")
    k = np.broadcast_to(checks.array("radiative_equilibrium: kappa", kappa, low=0.0, unit="1/m"), grid.shape)
    q = np.broadcast_to(
        checks.array("radiative_equilibrium: heat_release", heat_release, unit="W m-3"), grid.shape
    )
    tolerance = checks.number("radiative_equilibrium: rtol", rtol, above=0.0)
    absorbs = k > 0.0
    if (~absorbs & (q != 0.0)).any() or not absorbs.any():
        raise InputError(
            "radiative_equilibrium: kappa is 0 where heat is released, or everywhere; give it a value"
        )
    solver, anderson = HeatSolver(grid, walls, directions, method=March(), threads=threads), Anderson(HISTORY)
    if not any(ends_of(grid, solver.walls).wall):
        raise InputError("radiative_equilibrium: no wall lets heat in or out; give one")
    S = np.full(grid.shape, 1.0)
    demand = np.divide(q, 4.0 * np.pi * k, out=np.zeros(grid.shape), where=absorbs)
    S = np.maximum(S * float(solver(k, S).G.mean()) / (4.0 * np.pi), 1e-300) + np.maximum(demand, 0.0)
    for step in range(2, STEPS + 2):
        heat = solver(k, S)
        scale = float(np.abs(q).max()) or 4.0 * np.pi * float((k * S).max())
        lacks = np.where(absorbs, heat.div_q - q, 0.0)
        residual = float(np.abs(lacks).max()) / max(scale, 1e-300)
        if residual <= tolerance:
            T = np.where(absorbs, brightness_temperature(S), np.nan)
            return Equilibrium(T, heat.result(), step, residual)
        change = np.divide(-lacks, 4.0 * np.pi * k, out=np.zeros(grid.shape), where=absorbs)
        S = anderson.next(S.ravel(), change.ravel()).reshape(grid.shape)
    raise InputError(
        f"radiative_equilibrium: the residual is {residual:.2g} after {STEPS} sweeps, expected {tolerance:g}: "
        "raise rtol; in thick media fewer cells help too"
    )
