"""The picture of "Two asymptotics" (docs/theory.md): where an integral comes from, and how the limits err.

usage: python examples/flame_sheet.py [CELLS]        writes flame_sheet.png
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import raytrace_rte as rte

figure, (sheet, burning, light) = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
theta, k = np.linspace(0, 1, 400), np.geomspace(6, 600, 9)
for one in (10, 40, 160):
    weight = rte.premixed.rate(one, theta)
    sheet.plot(theta, weight / weight.max(), label=f"k = {one}")
exact = np.array([rte.premixed.eigenvalue(one) for one in k])
lines = [(f"Laplace, terms={n}", [rte.premixed.laplace(one, n) for one in k]) for n in (1, 2)]
for name, formula in lines:
    burning.loglog(k, np.abs(exact / formula - 1), "o-", label=name)

gas = rte.absorption.planck_mean(rte.sample("activation-flame", int(sys.argv[1]) if sys.argv[1:] else 20_000))
ray, methods = (
    rte.Rays((-1e-3, 0, 0), (1, 0, 0)),
    (rte.March(), rte.Thin(), *(rte.Thick(n) for n in (1, 2, 3))),
)
depth, seen = [], []
for factor in np.geomspace(0.1, 3e5, 20):
    medium = rte.Medium(gas.grid, factor * gas.kappa, gas.source)
    answers = [rte.solve(medium, ray, method=method) for method in methods]
    depth.append(answers[0].optical_depth.item())
    seen.append([answer.value.item() for answer in answers])
errors = np.abs(np.array(seen)[:, 1:] / np.array(seen)[:, :1] - 1)
for method, error, end in zip(methods[1:], errors.T, (slice(6), *[slice(-3, None)] * 3), strict=True):
    print(f"{method!r}: error ~ depth^{np.polyfit(np.log(depth[end]), np.log(error[end]), 1)[0]:.2f}")
    light.loglog(depth, error, label=repr(method))

sheet.set(
    xlabel="burnt fraction θ", ylabel="rate of burning, over its greatest", title="the hottest point counts"
)
burning.set(xlabel="activation energy k", ylabel="relative error", title="burning rate eigenvalue")
light.set(xlabel="optical depth of the flame", ylabel="relative error", title="its light", ylim=(1e-7, 10))
for axes in (sheet, burning, light):
    axes.legend()
    axes.grid(alpha=0.3)
figure.savefig("flame_sheet.png", dpi=100)
