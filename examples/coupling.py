"""A layer of hot gas between cold walls cools by radiation and conduction: an energy equation with rte.HeatSolver.

    rho c_p dT/dt = lambda d2T/dx2 - div q

usage: python examples/coupling.py [STEPS]        writes coupling.png
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import raytrace_rte as rte

steps, dt = int(sys.argv[1]) if sys.argv[1:] else 300, 1e-3  # [s]
grid = rte.Cartesian(np.linspace(0.0, 0.5, 101))  # a slab: y and z are without end
x, h = grid.centres[0], grid.widths[0][0]
T = 300.0 + 1500.0 * np.exp(-(((x - 0.25) / 0.08) ** 2))
kappa = np.full(grid.shape, 5.0)  # sooty gas [1/m]
heat_capacity = 101_325.0 * 0.028 / (8.314 * T) * 1200.0  # rho c_p of the start [J m-3 K-1]
solver = rte.HeatSolver(grid, rte.black(300.0))

start, lost = (heat_capacity * T).sum() * h, 0.0
for step in range(steps):
    if step % (steps // 3) == 0:
        plt.plot(x, T, label=f"{1e3 * step * dt:.0f} ms")
    heat = solver(kappa, temperature=T.reshape(grid.shape))
    conducted = 0.08 * np.diff(T, prepend=T[0], append=T[-1]) / h  # none through the walls [W m-2]
    T = T + dt / heat_capacity * (np.diff(conducted) / h + heat.energy_source.ravel())
    lost += dt * sum(flux.sum() for flux in heat.wall_net_flux.values())  # to the walls [J m-2]

gone = start - (heat_capacity * T).sum() * h
print(f"hottest {T.max():.1f} K; the gas lost {gone:.2f} J/m2, the walls got {lost:.2f} J/m2")
print(f"balance: {abs(gone - lost) / lost:.1e} of what was lost")
plt.plot(x, T, label=f"{1e3 * steps * dt:.0f} ms")
plt.xlabel("x [m]")
plt.ylabel("temperature [K]")
plt.legend()
plt.gcf().set_size_inches(6, 4)
plt.savefig("coupling.png", dpi=110, bbox_inches="tight")
