"""Bender & Orszag's integral, delta * int_0^10 exp(-delta t)/(1 + t) dt, as the light along a ray with
I_b = 1/(1 + t) and kappa = delta: the thick series with N terms is wrong by O(delta^-N), and not better for ever.

usage: python examples/bender_orszag.py [CELLS]        writes bender_orszag.png
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import raytrace_rte as rte

slab = rte.sample("bender-orszag", int(sys.argv[1]) if sys.argv[1:] else 64)
source = 1.0 / (1.0 + slab.grid.centres[0].reshape(slab.grid.shape))
deltas = np.array([2.0, 5.0, 10.0, 30.0, 100.0, 300.0])
for terms in (1, 2, 3, 4):
    errors = []
    for delta in deltas:
        medium = rte.Medium(slab.grid, np.full(slab.grid.shape, delta), source)
        seen = rte.solve(medium, rte.Rays((0, 0, 0), (1, 0, 0)), method=rte.Thick(terms)).value[0]
        errors.append(abs(seen / rte.exact.bender_orszag(delta) - 1.0))
    order = -np.polyfit(np.log(deltas[3:]), np.log(errors[3:]), 1)[0]
    print(f"{terms} terms: order {order:.2f}")
    plt.loglog(deltas, errors, "o-", label=f"{terms} terms: $\\delta^{{-{order:.2f}}}$")

plt.xlabel(r"optical depth per unit length $\delta$")
plt.ylabel("relative error of the thick series")
plt.grid(alpha=0.3)
plt.legend()
plt.gcf().set_size_inches(6, 4)
plt.savefig("bender_orszag.png", dpi=110, bbox_inches="tight")
