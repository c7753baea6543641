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
from .media.spectrum import Spectrum
from .method import March
from .planck import blackbody, brightness_temperature
from .results.heat import HeatResult
from .solvers.anderson import Anderson
from .solvers.volumes.box import ends_of

STEPS, HISTORY = 500, 20
"""Sweeps at most; steps that Anderson's acceleration remembers: thick media forget slowly."""
HOT, COLD = 1000.0, 300.0
"""[K] at which emission is guessed where heat is released; the first guess is not below the second."""
FALL = 16.0
"""T falls to its half at most in one step: colder cells emit nothing that a step could be made of in some bands."""
STEP = 1e-6
"""Relative step of temperature that tells how emission grows with it."""
SPECTRUM = "a Spectrum, or None for grey"


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
    spectrum: Spectrum | None = None,
    mole_ratio: ArrayLike | None = None,
    rtol: float = 1e-6,
    threads: int | None = None,
) -> Equilibrium:
    """Return the temperatures at which div q, of all bands together, is the heat release.

    kappa: [1/m] (nx, ny, nz), or (nx, ny, nz, n_band) with a spectrum; kept as it is, whatever the temperature
    walls: None is open and cold
    heat_release: [W m-3], a number or (nx, ny, nz); 0 is radiative equilibrium in the narrow sense
    directions: ordinates at least; spectrum: of bands, or of the gases of a weighted sum; None is grey
    mole_ratio: H2O/CO2 (nx, ny, nz), for spectra that need it, as of Medium
    rtol: greatest residual over the greatest heat release, or where there is none over the greatest emission

    4 pi sum(kappa S) = sum(kappa G) + heat release is solved for T, by Anderson's acceleration of what the last G
    demands (Heaslet & Warming 1965 for the grey slab between plates); S is what a black wall emits in each band.
    Raises InputError on bad values, where heat is released and nothing absorbs, and when 500 sweeps do not do.
    """
    checks.instance("grid", grid, Cartesian, "a grid, from rte.Cartesian(x, y, z) or rte.uniform(...)")
    bands = () if spectrum is None else (checks.instance("spectrum", spectrum, Spectrum, SPECTRUM).n_band,)
    gas = _Gas(_spread("kappa", kappa, (*grid.shape, *bands), "1/m", 0.0), spectrum, mole_ratio)
    q = _spread("heat_release", heat_release, grid.shape, "W m-3")
    tolerance = checks.number("radiative_equilibrium: rtol", rtol, above=0.0)
    if (~gas.absorbs & (q != 0.0)).any() or not gas.absorbs.any():
        raise InputError(
            "radiative_equilibrium: kappa is 0 where heat is released, or everywhere; give it a value"
        )
    solver, anderson = (
        HeatSolver(grid, walls, directions, method=March(), spectrum=spectrum, threads=threads),
        Anderson(HISTORY),
    )
    if not any(ends_of(grid, solver.walls).wall):
        raise InputError("radiative_equilibrium: no wall lets heat in or out; give one")
    u = np.ones(grid.shape)
    first = solver(gas.kappa, gas.emitting(u)[0], mole_ratio=mole_ratio)
    u = gas.guessed(float(gas.total(first.G).mean()), q)
    for step in range(2, STEPS + 2):
        source, planck_mean = gas.emitting(u)
        heat = solver(gas.kappa, source, mole_ratio=mole_ratio)
        emitted = 4.0 * np.pi * (planck_mean * u)
        scale = float(np.abs(q).max()) or float(emitted.max())
        lacks = np.where(gas.absorbs, gas.total(heat.div_q) - q, 0.0)
        residual = float(np.abs(lacks).max()) / max(scale, 1e-300)
        if residual <= tolerance:
            T = np.where(gas.absorbs, brightness_temperature(u), np.nan)
            return Equilibrium(T, heat.result(), step, residual)
        change = gas.change(u, planck_mean, lacks)
        if (change > u).any():  # still far away, where steps are not linear in one another
            u, anderson = np.maximum(u + change, u / FALL), Anderson(HISTORY)
        else:
            u = np.maximum(anderson.next(u.ravel(), change.ravel()).reshape(grid.shape), u / FALL)
    raise InputError(
        f"radiative_equilibrium: the residual is {residual:.2g} after {STEPS} sweeps, expected {tolerance:g}: "
        "raise rtol; in thick media fewer cells help too"
    )


class _Gas:
    """Cells whose kappa is kept, (nx, ny, nz) or (nx, ny, nz, n_band) [1/m], by u = sigma T^4 / pi [W m-2 sr-1]."""

    def __init__(self, kappa: FloatArray, spectrum: Spectrum | None, mole_ratio: ArrayLike | None) -> None:
        self.kappa, self.spectrum = kappa, Spectrum.grey() if spectrum is None else spectrum
        self.banded = kappa.reshape(*kappa.shape[:3], self.spectrum.n_band)
        ratio = None if mole_ratio is None else _spread("mole_ratio", mole_ratio, kappa.shape[:3], "1", 0.0)
        self.ratio = None if ratio is None else ratio.ravel()
        self.absorbs = (self.banded > 0.0).any(axis=-1)

    def total(self, values: FloatArray) -> FloatArray:
        """Return the sum over the bands, if there are any."""
        return values if self.kappa.ndim == 3 else self.spectrum.total(values)

    def emitting(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the sources [W m-2 sr-1], of the shape of kappa, and the Planck mean of kappa [1/m]."""
        shares = self._shares(brightness_temperature(u))
        return (u[..., None] * shares).reshape(self.kappa.shape), (self.banded * shares).sum(axis=-1)

    def _shares(self, T: FloatArray) -> FloatArray:
        """Return which part of sigma T^4 / pi a black wall emits in each band: of a grey one exactly 1."""
        emitted = self.spectrum.wall_emission(T.ravel(), self.ratio)
        return (emitted / blackbody(T.ravel())[:, None]).reshape(self.banded.shape)

    def guessed(self, light: float, release: FloatArray) -> FloatArray:
        """Return u where the mean of G is `light` [W m-2], and hot cells give off what is released in them."""
        hot = (self.banded * self._shares(np.full(release.shape, HOT))).sum(axis=-1)
        demand = np.divide(release, 4.0 * np.pi * hot, out=np.zeros(release.shape), where=hot > 0.0)
        return np.maximum(light / (4.0 * np.pi) + np.maximum(demand, 0.0), blackbody(COLD))

    def change(self, u: FloatArray, planck_mean: FloatArray, lacks: FloatArray) -> FloatArray:
        """Return what u lacks for an emission that is less by `lacks` [W m-3]: Newton's step.

        Where shares depend on temperature it is taken in logarithms: emission is nearly a power of T, and one that
        falls off does not overshoot.
        """
        T = brightness_temperature(u)
        warmer = (self.banded * self._shares((1.0 + STEP) * T)).sum(axis=-1)
        emits = planck_mean > 0.0
        per_u = np.where(emits, 4.0 * np.pi * planck_mean, 1.0)
        grows = np.divide(warmer, planck_mean, out=np.ones(u.shape), where=emits)
        power = np.maximum(4.0 + np.log(grows) / np.log1p(STEP), 1.0)
        demanded = np.maximum(1.0 - lacks / (per_u * u), 0.0)
        step = np.where(power == 4.0, -lacks / per_u, u * (demanded ** (4.0 / power) - 1.0))
        return np.where(emits, step, 0.0)


def _spread(
    name: str, values: ArrayLike, shape: tuple[int, ...], unit: str, low: float | None = None
) -> FloatArray:
    """Return one number for all cells, or an array of this shape, as that."""
    a = checks.array(f"radiative_equilibrium: {name}", values, low=low, unit=unit)
    if a.ndim and a.shape != shape:
        raise checks.wrong(f"radiative_equilibrium: {name}", a, f"one number, or an array of shape {shape}")
    return np.broadcast_to(a, shape)
