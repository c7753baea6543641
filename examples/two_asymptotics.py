"""Two large parameters, one idea: only the neighbourhood of one point counts (docs/theory.md, "Two asymptotics").

usage: python examples/two_asymptotics.py
"""

import raytrace_rte as rte

for k in (10, 40, 160, 640):  # activation energy: the error of Laplace's formula falls as 1/k
    print(f"k {k:6d}  {k * (rte.premixed.eigenvalue(k) / rte.premixed.laplace(k) - 1):9.4f}")
gas = rte.absorption.planck_mean(rte.sample("activation-flame", 2000))
ray = rte.Rays((-1e-3, 0, 0), (1, 0, 0))  # from the fresh gas into the sheet
methods = rte.March(), rte.Thin(), rte.Thick(2)
for factor in (0.1, 1.0, 10.0, 1e4, 3e4, 1e5):  # the same flame, thicker and thicker
    medium = rte.Medium(gas.grid, factor * gas.kappa, gas.source)
    exact, thin, thick = (rte.solve(medium, ray, method=m).value.item() for m in methods)
    print(f"kappa x {factor:6.0e}:  thin {thin / exact - 1:8.1e}  thick {thick / exact - 1:8.1e}")
