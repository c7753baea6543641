"""A methane-air flame as Cantera saved it: its radiative loss with and without what the gas absorbs again.

usage: python examples/cantera_flame.py        writes cantera_flame.png
"""

from pathlib import Path

import h5py
import matplotlib.pyplot as plt
import numpy as np

import raytrace_rte as rte

FILE = Path(__file__).parent / "data" / "ch4_air_counterflow.h5"
with h5py.File(FILE) as file:
    cantera, x = file["flame/flame/radiative-heat-loss"][:], file["flame/flame/grid"][:] * 1e3
field = rte.read(FILE)

models = {
    "grey Planck mean": rte.absorption.planck_mean(field, species=["CO2", "H2O"]),  # as Cantera's own model
    "weighted sum": rte.absorption.wsgg(field, "kangwanpongpan2012"),
}
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharex=True)
for colour, (name, medium) in zip(("C0", "C3"), models.items(), strict=True):
    heat = rte.solve(medium, rte.heat_source())
    emitted, lost = (a.reshape(len(x), -1).sum(axis=1) for a in (heat.emission, heat.div_q))  # all bands
    off = np.abs(emitted - cantera).max() / cantera.max()
    share = 100 * heat.budget["absorbed"] / heat.budget["emitted"]
    print(f"{name}: emission is off Cantera's loss by {off:.1e} of its peak; absorbed again {share:.2f} %")
    left.plot(x, emitted / 1e6, colour, label=f"{name}: emitted")
    left.plot(x, lost / 1e6, colour + "--", label=f"{name}: lost")
    right.plot(x, (emitted - lost) / 1e3, colour, label=name)
left.set(xlabel="distance from the fuel inlet [mm]", ylabel="emitted, and lost [MW/m³]", xlim=(3, 15))
right.set(xlabel="distance from the fuel inlet [mm]", ylabel="absorbed again [kW/m³]")
left.legend(fontsize="small")
right.legend(fontsize="small")
figure.savefig("cantera_flame.png", dpi=100)
