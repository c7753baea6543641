"""A fire engineer's question: what do heat-flux gauges beside a pool fire read, and how much does a wall get?

usage: python examples/radiometer.py [POINTS ALONG AN EDGE OF THE WALL]        writes radiometer.png
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import raytrace_rte as rte


def look_at_the_fire(x, y, z, rtol):
    """Gauges at these positions [m], facing the axis of the fire along -x; no walls, surroundings at 300 K."""
    position = np.stack(np.broadcast_arrays(x, y, z), axis=-1).reshape(-1, 3)
    return rte.solve(medium, rte.radiometer(position, (-1, 0, 0), rtol=rtol), rte.open_(300.0))


medium = rte.absorption.wsgg(rte.sample("pool-fire"))  # y is up, the fire in the middle of a 1 m box
distance = np.array([0.6, 0.8, 1.0, 1.5, 2.0, 3.0])
gauges = look_at_the_fire(distance, 0.3, 0.0, rtol=1e-2)
read, off = (a.sum(axis=-1) for a in (gauges.net_flux(T_wall=300.0), gauges.error_estimate))  # over the gases
for d, flux, error in zip(distance, read, off, strict=True):
    print(f"{d:4.1f} m from the axis: {flux:7.1f} W/m2, good to about {error:.1f}")

n = int(sys.argv[1]) if sys.argv[1:] else 24
y, z = (np.arange(n) + 0.5) * 2 / n, (np.arange(n) + 0.5) * 2 / n - 1
wall = look_at_the_fire(1.0, y[:, None], z, rtol=2e-2).net_flux(T_wall=300.0).sum(axis=-1).reshape(n, n)
print(f"wall of 2 m x 2 m, 1 m from the axis: {wall.mean() * 4:.0f} W in all, at most {wall.max():.0f} W/m2")

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.errorbar(distance, read, off, fmt="o-", capsize=3)
left.set(xlabel="distance from the axis [m]", ylabel="gauge at 300 K reads [W/m²]", yscale="log")
left.grid(alpha=0.3, which="both")
figure.colorbar(right.pcolormesh(z, y, wall, cmap="inferno"), label="net flux into a wall at 300 K [W/m²]")
right.set(xlabel="z [m]", ylabel="height y [m]", aspect="equal")
figure.savefig("radiometer.png", dpi=100)
