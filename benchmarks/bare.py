"""What anybody's script does to a field: read it, and save one coloured plane of it.

usage: python bare.py FIELD.h5 PICTURE.png
"""

from __future__ import annotations

import sys

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

with h5py.File(sys.argv[1]) as file:
    state = {name: file[name][...] for name in ("temperature", "pressure")}
    state |= {name: part[...] for name, part in file["mole_fraction"].items()}
figure, axes = plt.subplots()
figure.colorbar(axes.imshow(state["temperature"][len(state["temperature"]) // 2]))
figure.savefig(sys.argv[2], dpi=150)
