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
    columns = [str(name) for name in file["flame/flame"].attrs["components"]]
    cantera = file["flame/flame/radiative-heat-loss"][:]
species = columns[columns.index("D") + 1 : -1]  # the columns of Y
grid = {"axis_order": ["x"], "location": "point", "x": {"dataset": "flame/flame/grid", "units": "m"}}
state = {
    "temperature": {"dataset": "flame/flame/T", "units": "K"},
    "pressure": {"value": 1.0, "units": "atm"},
}
Y = {name: {"dataset": "flame/flame/Y", "select": f":, {i}", "units": "1"} for i, name in enumerate(species)}
field = rte.read(FILE, map={"grid": grid, **state, "mass_fraction": Y})
medium = rte.absorption.planck_mean(field, species=["CO2", "H2O"])  # the two of Cantera's own model
heat = rte.solve(medium, rte.heat_source())
thin, whole = heat.emission.ravel(), heat.div_q.ravel()
print(
    f"emission differs from Cantera's loss by {np.abs(thin - cantera).max() / cantera.max():.1e} of its peak"
)
print(f"absorbed again: {100 * heat.budget['absorbed'] / heat.budget['emitted']:.2f} % of what is emitted")

x = field.grid.centres[0] * 1e3
plt.figure(figsize=(6, 4))
plt.plot(x, thin / 1e6, label="without re-absorption: 4κσT⁴")
plt.plot(x, whole / 1e6, "--", label="with it: div q")
plt.plot(x, (thin - whole) / 1e4, ":", label="absorbed again, times 100")
plt.gca().set(xlabel="distance from the fuel inlet [mm]", ylabel="heat lost by radiation [MW/m³]")
plt.legend()
plt.savefig("cantera_flame.png", dpi=110, bbox_inches="tight")
