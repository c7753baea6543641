"""Pictures over wavelength."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..table import Table
from .figure import label, new_figure

MOST = 6
"""Rays whose spectra are drawn."""
WIDE = 20.0
"""Ratio of wavelengths from which their axis is logarithmic."""
DIM, RANGE = 0.1, 1e-4
"""Greatest radiance over that of the blackbody below which the axis is logarithmic, and what it spans then."""


def spectrum(table: Table) -> Figure:
    """Return the spectral radiance in steps over the bands, that of a blackbody beside it, and the transmittance.

    table: spectral_radiance, blackbody, transmittance on (wavelength) or (ray, wavelength); lower, upper [um]
    """
    lower, upper = table["lower"].values, table["upper"].values
    figure = new_figure(7.0, 5.5)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1.0))
    main = table.main
    names = ("spectral_radiance", "blackbody", "transmittance")
    radiance, blackbody, transmittance = (np.atleast_2d(table[name].values) for name in names)
    for ray in range(min(len(radiance), MOST)):
        colour = f"C{ray}" if len(radiance) > 1 else "tab:red"
        name = f"ray {ray}" if len(radiance) > 1 else "spectral radiance"
        above.plot(*_steps(lower, upper, radiance[ray]), color=colour, label=name)
        above.plot(*_steps(lower, upper, blackbody[ray]), color=colour, ls="--", lw=1.0, alpha=0.6)
        below.plot(*_steps(lower, upper, transmittance[ray]), color=colour)
    hottest = float(np.nanmax(table["brightness_temperature"].values))
    above.plot(
        [],
        [],
        color="0.4",
        ls="--",
        lw=1.0,
        label=f"blackbody of {hottest:.5g} K, as bright as the brightest band",
    )
    above.set_ylabel(label(main.name, main.unit))
    below.set_ylabel("transmittance [1]")
    below.set_ylim(-0.02, 1.02)
    below.set_xlabel("wavelength [um]")
    first = float(lower[lower > 0.0].min(initial=np.inf))
    if lower.min() > 0.0 and upper.max() > WIDE * first:
        below.set_xscale("log")
    if 0.0 < np.nanmax(radiance) < DIM * blackbody.max():
        above.set_yscale("log")
        above.set_ylim(RANGE * np.nanmax(radiance), 2.0 * blackbody.max())
    above.legend(frameon=False, fontsize=9, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4)
    for axes in (above, below):
        axes.grid(alpha=0.3)
    figure.align_ylabels()
    return figure


def _steps(
    lower: NDArray[np.float64], upper: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A line that is level in each band, and broken where bands leave a gap."""
    gap = np.append(lower[1:] > upper[:-1] * (1.0 + 1e-9), False)
    x = np.stack([lower, upper, upper], axis=1)
    y = np.stack([values, values, np.where(gap, np.nan, values)], axis=1)
    return x.ravel(), y.ravel()
