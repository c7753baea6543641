"""Fields to begin with: a real pool fire, and analytic ones of any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np

from .. import checks, premixed
from ..errors import InputError, nearest
from ..execution import memory
from ..grid import Cartesian, uniform
from ..media.field import Field
from ..planck import SIGMA, blackbody, brightness_temperature

SOOT = 1e-6
"""Factor of the soot volume fraction of the sooty pool fire [1]."""
BYTES = 40
"""Most that making an analytic field takes, a cell: arrays that stay, and work arrays."""
FLAME = "activation-flame"
SLABS = ("bender-orszag", FLAME)
PREHEAT, FLAME_ENDS, CROWDED = 1e-3, (-8.0, 4.0), 0.5
"""Of the flame: lambda/(m c_p) [m]; in units of it the ends of the slab, and the width where faces crowd."""
CONDUCTIVITY = 0.1
"""Of its gas [W m-1 K-1]; with the preheat length it makes about 0.08 kg m-2 s-1, a slow methane flame."""
PRODUCTS = {"H2O": 0.19, "CO2": 0.095}
"""Mole fractions behind it, of methane burnt in as much air as it needs."""

MOVING = "smooth-plume"
"""The sample that changes with time."""
PUFFS = 2.7
"""Puffs of the plume in a second: 1.5 / sqrt(D / m) for D = 0.3 m, after B. M. Cetegen, T. A. Ahmed, Combust. Flame
93 (1993) 157-184."""


def sample(
    name: str, cells: int | None = None, activation: float | None = None, time: float | None = None
) -> Field:
    """Return a sample field; see SAMPLES for the names.

    cells: along an axis, for all but the pool fire (default 64).
    activation: of activation-flame, its activation temperature over that of the burnt gas (default 10).
    time: [s], of the smooth plume, whose puffs rise.
    Raises InputError for an unknown name, cells below 1, activation below 5, or one of them given for a sample
    that has none.
    """
    if checks.text("name", name, "the name of a sample") not in SAMPLES:
        raise InputError(f"no sample '{name}'{nearest(name, SAMPLES)}; there are {', '.join(SAMPLES)}")
    if activation is not None and name != FLAME:
        raise InputError(f"sample {name} has no activation, which is for {FLAME}; drop it")
    if time is not None and name != MOVING:
        raise InputError(f"sample {name} stands still; drop time, or take {MOVING}")
    if name in _FIRES:
        if cells is not None:
            raise InputError(f"sample {name} is a CFD result on its own 64^3 cells; drop cells")
        return _FIRES[name]()
    count = 64 if cells is None else checks.whole(f"sample {name}: cells", cells, low=1)
    total = count if name in SLABS else count**3
    memory.require(BYTES * total, f"sample {name} of {cells} cells along an axis")
    if activation is not None:
        return _activation_flame(count, checks.number("activation", activation, low=premixed.LEAST_K))
    return _smooth_plume(count, time) if name == MOVING else _ANALYTIC[name](count)


def write_sample(
    name: str,
    path: str | Path,
    cells: int | None = None,
    activation: float | None = None,
    time: float | None = None,
) -> Field:
    """Write a sample as a native file (the pool fire byte for byte as shipped) and return it.

    Raises InputError as `sample` does, and when the file cannot be written.
    """
    from .atomic import replacing
    from .native import write

    field = sample(name, cells, activation, time)
    if name == "pool-fire":
        with replacing(path) as temporary:
            temporary.write_bytes((files("raytrace_rte") / "data" / "pool_fire.h5").read_bytes())
    else:
        write(field, path)
    return field


def _pool_fire() -> Field:
    from . import read

    with as_file(files("raytrace_rte") / "data" / "pool_fire.h5") as path:
        return read(path)


def _sooty_pool_fire() -> Field:
    """The pool fire with a soot field that is made up, as the flow was computed without soot."""
    fire = _pool_fire()
    T, fuel = fire.temperature, fire.mole_fraction["CH4"]
    soot = SOOT * fuel / (fuel + 0.05) * np.exp(-(((T - 1350.0) / 250.0) ** 2))
    made_up = f"soot made up: f_v = {SOOT:g} X_CH4 / (X_CH4 + 0.05) exp(-((T - 1350 K) / 250 K)^2)"
    provenance, note = f"{fire.provenance}; {made_up}", f"the field has {made_up}"
    return replace(fire, soot_volume_fraction=soot, provenance=provenance, source_sha256="", notes=(note,))


def _smooth_plume(n: int, time: float | None = None) -> Field:
    phase = 0.0 if time is None else 2.0 * np.pi * PUFFS * checks.number("sample: time", time, unit="s")
    grid = uniform((-0.5, -0.5, 0.0), (0.5, 0.5, 1.0), (n, n, n))
    x, y, z = _coordinates(grid)
    sway = 0.06 * np.sin(7.0 * z - phase) * z
    radius = 0.07 + 0.09 * z
    r2 = ((x - sway) ** 2 + (y - 0.5 * sway) ** 2) / radius**2
    flicker = 1.0 + 0.25 * np.sin(19.0 * z - 3.0 - phase) * np.cos(9.0 * x + 5.0 * y)
    shape = np.exp(-r2) * flicker * np.exp(-((z - 0.35) ** 2) / 0.18)
    return Field(
        grid,
        300.0 + 1300.0 * shape,
        absorption_coefficient=0.02 + 6.0 * np.exp(-0.7 * r2) * flicker,
        provenance="analytic: a smooth hot plume with z up, 1 m box",
        time=time,
    )


def _isothermal_box(n: int) -> Field:
    grid = uniform((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (n, n, n))
    return Field(
        grid,
        np.full(grid.shape, 1000.0),
        absorption_coefficient=np.ones(grid.shape),
        provenance="analytic: isothermal unit cube, 1000 K, kappa = 1 1/m",
    )


def _burns_christon(n: int) -> Field:
    grid = uniform((-0.5, -0.5, -0.5), (0.5, 0.5, 0.5), (n, n, n))
    x, y, z = _coordinates(grid)
    kappa = 0.9 * (1 - 2 * np.abs(x)) * (1 - 2 * np.abs(y)) * (1 - 2 * np.abs(z)) + 0.1
    return Field(
        grid,
        np.full(grid.shape, 1000.0),
        absorption_coefficient=kappa,
        provenance="analytic: cube of Burns & Christon (1997) at 1000 K; their sigma T^4 = 1 W/m2, so divide "
        f"fluxes and div q by sigma T^4 = {SIGMA * 1000.0**4:.9g} W/m2",
    )


def _bender_orszag(n: int) -> Field:
    # Faces crowd towards the observer at x = 0, where the thick series looks.
    grid = Cartesian(10.0 * np.linspace(0.0, 1.0, n + 1) ** 3)
    x = grid.centres[0]
    source = float(blackbody(1500.0)) / (1.0 + x)
    return Field(
        grid,
        brightness_temperature(source).reshape(grid.shape),
        absorption_coefficient=np.full(grid.shape, 100.0),
        provenance="analytic: slab of Bender & Orszag (ch. 6), I_b = I_b(1500 K)/(1 + x), kappa = 100 1/m, "
        "x in 0..10 m",
    )


def _activation_flame(n: int, k: float = 10.0) -> Field:
    # Faces crowd at the sheet, x = 0, where fuel burns within some tenths of a preheat length.
    cold, hot = np.arcsinh(np.array(FLAME_ENDS) / CROWDED)
    grid = Cartesian(PREHEAT * CROWDED * np.sinh(np.linspace(cold, hot, n + 1)))
    burnt = premixed.burnt_fraction(k, grid.centres[0] / PREHEAT).reshape(grid.shape)
    rise, eigenvalue = premixed.T_B - premixed.T_U, premixed.eigenvalue(k)
    return Field(
        grid,
        premixed.T_U + rise * burnt,
        pressure=np.array(101_325.0),
        mole_fraction={name: share * burnt for name, share in PRODUCTS.items()},
        heat_release=CONDUCTIVITY * rise / PREHEAT**2 * eigenvalue * premixed.rate(k, burnt),
        provenance=f"computed: plane premixed flame with rate Y exp(-T_a/T), T_a = {k:g} x {premixed.T_B:g} K, Lewis "
        f"number 1, burning rate eigenvalue {eigenvalue:.10g}; preheat length {PREHEAT:g} m, conductivity "
        f"{CONDUCTIVITY:g} W/(m K); products of methane in air",
    )


def _coordinates(grid: Cartesian) -> Any:
    return np.meshgrid(*grid.centres, indexing="ij", sparse=True)


_ANALYTIC: dict[str, Callable[[int], Field]] = {
    "isothermal-box": _isothermal_box,
    "burns-christon": _burns_christon,
    "bender-orszag": _bender_orszag,
    FLAME: _activation_flame,
}
_FIRES: dict[str, Callable[[], Field]] = {"pool-fire": _pool_fire, "pool-fire-soot": _sooty_pool_fire}
SAMPLES = {
    "pool-fire": "CFD result of a small pool fire on 64^3 cells (OpenFOAM), y up; the default field",
    "pool-fire-soot": "the same with a made-up soot volume fraction, in hot gas that has fuel",
    "smooth-plume": "a smooth hot plume with given kappa, z up, whose puffs rise with time",
    "isothermal-box": "unit cube at 1000 K, kappa = 1 1/m",
    "burns-christon": "the benchmark cube of Burns & Christon",
    "bender-orszag": "a slab with I_b ~ 1/(1 + x) and constant kappa, for the thick limit",
    FLAME: "a plane premixed flame of large activation energy, with heat release; burnt gas at large x",
}
