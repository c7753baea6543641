"""Gauges beside a puffing plume: what they read against time, and what the plume radiates.

usage: python examples/time_series.py [SNAPSHOTS]        writes time_series.png
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import raytrace_rte as rte

n = int(sys.argv[1]) if sys.argv[1:] else 24
times = np.linspace(0.0, 0.72, n)  # [s]; two puffs
plume = [rte.sample("smooth-plume", 32, time=t) for t in times]  # yours: the paths of files, as "plt00100.h5"
gauges = rte.radiometer([(1.5, 0, 0.25), (1.5, 0, 0.75)], (-1, 0, 0), view_angle_deg=120, rtol=2e-3)
read = rte.solve_series(plume, gauges, rte.open_(300.0))
print(read)
radiated = rte.solve_series(plume, rte.heat_source(directions=24), rte.open_(300.0))["radiant_power"]
for name, row in (("lower gauge", read.value[:, 0]), ("upper gauge", read.value[:, 1]), ("power", radiated)):
    print(f"{name}: mean {row.mean():.5g}, swing {100 * np.ptp(row) / row.mean():.2f} %")

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for values, off, name in zip(read.value.T, read["error_estimate"].T, ("0.25 m", "0.75 m"), strict=True):
    left.errorbar(read.time, values, off, fmt="o-", ms=3, capsize=2, label=f"{name} above the floor")
left.set(xlabel="time [s]", ylabel="flux that arrives at a gauge [W/m²]")
left.legend(loc=(0.44, 0.28))
right.plot(read.time, radiated / 1e3, "o-", ms=3, color="tab:red")
right.set(xlabel="time [s]", ylabel="radiant power of the plume [kW]")
figure.savefig("time_series.png", dpi=100)
