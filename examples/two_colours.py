"""The temperature of soot from the ratio of two colours, and how far the pyrometer's assumption misleads it.

usage: python examples/two_colours.py [PIXELS]        writes two_colours.png
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import raytrace_rte as rte

height = int(sys.argv[1]) if sys.argv[1:] else 360
edges = [(0.67e-6, 0.68e-6), (0.87e-6, 0.88e-6)]  # [m]; the filters
fire = rte.sample("pool-fire-soot")
soot = rte.absorption.soot_bands(fire, edges, E_m=0.26)
camera = rte.camera(
    (1.25, 0.75, -1.9),
    look_at=(0.02, 0.5, -0.02),
    shape=(height, height // 3),
    field_of_view_deg=29,
    up=(0, 1, 0),
)
image = rte.solve(soot, camera, rte.black(300.0), rte.Auto(transmittance=True))
red, infrared = (rte.Response.top_hat(*edge) for edge in edges)
shown = rte.two_colour(image, red, infrared, "soot", least=1e-3)  # emissivity in proportion to 1 / wavelength
T, single = shown.value, shown["brightness_temperature_a"]
seen = np.isfinite(T)
hottest = fire.temperature[fire.soot_volume_fraction > 1e-9].max()
print(shown)
print(f"soot up to {hottest:.0f} K, ratio up to {T[seen].max():.0f} K, one colour up to {single.max():.0f} K")
as_grey = rte.two_colour(image, red, infrared, "grey", least=1e-3).value
print(f"taken as grey: {np.median(as_grey[seen] - T[seen]):.0f} K hotter (median)")

figure, axes = plt.subplots(1, 3, figsize=(9, 4.6), layout="constrained")
titles = ("ratio, as thin soot", "ratio, as grey", "one colour, 675 nm")
for axis, picture, title in zip(axes, (T, as_grey, np.where(seen, single, np.nan)), titles, strict=True):
    drawn = axis.imshow(picture, vmin=900, vmax=1700, cmap="inferno")
    axis.set(title=title, xticks=[], yticks=[], facecolor="0.8")
figure.colorbar(drawn, ax=axes, label="temperature [K]", shrink=0.8)
figure.savefig("two_colours.png", dpi=100)
