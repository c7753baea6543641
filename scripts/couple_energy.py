"""A hot pocket of gas cools by radiation: a small explicit energy equation, its radiative source from rte.HeatSolver.

    rho c dT/dt = lambda lap T - div q        in a closed box with black walls that are kept at 300 K for radiation

usage: python scripts/couple_energy.py [CELLS] [STEPS]
prints temperature and energy every few steps: what the gas has lost is what radiation carried to the walls.
"""

from __future__ import annotations

import sys

import numpy as np

import raytrace_rte as rte

PRESSURE, CP, CONDUCTIVITY = 101_325.0, 1200.0, 0.08
"""[Pa], [J/(kg K)], [W/(m K)]; the density is that of an ideal gas of 0.028 kg/mol at the start."""


def laplacian(T: np.ndarray, h: float) -> np.ndarray:
    """Second differences of T [K] over h^2 [m2], no flux through the walls."""
    padded = np.pad(T, 1, mode="edge")
    return sum(np.roll(padded, s, axis)[1:-1, 1:-1, 1:-1] - T for axis in range(3) for s in (1, -1)) / h**2


def main(cells: int = 24, steps: int = 40, radiate_every: int = 4, dt: float = 2e-3) -> float:
    """March the gas; return the error of the energy balance over the energy that was lost."""
    grid = rte.uniform((0, 0, 0), (0.5, 0.5, 0.5), (cells,) * 3)
    x, y, z = np.meshgrid(*grid.centres, indexing="ij")
    T = 300.0 + 1500.0 * np.exp(-60.0 * ((x - 0.25) ** 2 + (y - 0.25) ** 2 + (z - 0.25) ** 2))
    heat_capacity = CP * PRESSURE * 0.028 / (8.314 * T)  # rho c, of the start
    kappa = np.full(grid.shape, 2.0)
    h = grid.widths[0][0]
    solver, source = rte.HeatSolver(grid, rte.black(300.0), directions=50), np.zeros(grid.shape)
    first = (heat_capacity * T).sum() * h**3
    lost = 0.0
    for step in range(steps):
        if step % radiate_every == 0:  # radiation is slow beside the flow: not in every step
            heat = solver(kappa, temperature=T, out=source)  # source is -div q: what the gas gains
            power = sum(f.sum() * h**2 for f in heat.wall_net_flux.values())
        T = T + dt / heat_capacity * (CONDUCTIVITY * laplacian(T, h) + source)
        lost += dt * power
        if step % 10 == 9:
            energy = (heat_capacity * T).sum() * h**3
            print(
                f"{(step + 1) * dt:6.3f} s: hottest {T.max():6.1f} K, gas lost {first - energy:9.3f} J, "
                f"walls got {lost:9.3f} J"
            )
    energy = (heat_capacity * T).sum() * h**3
    return abs(first - energy - lost) / lost


if __name__ == "__main__":
    print(f"balance: {main(*(int(n) for n in sys.argv[1:])):.1e} of the energy lost")
