"""Functions of temperature, one for each band, as curves that are evaluated in every cell.

A band's blackbody radiance, or its mean absorption, takes a series of some fifty exponentials. The curves have their
logarithms at NODES temperatures, equal steps of ln T, and cubic splines between: the relative error falls with the
fourth power of the step, and is below 1e-10 for a ratio of 20 between the temperatures of a field and bands that
hold more than 1e-30 of the radiation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...grid import FloatArray
from ..fractions import band_fraction
from ..spectrum import Spectrum
from .shared import counted

NODES = 1024
WHOLE = 0.999
"""Share of blackbody radiation from which on bands are taken as the whole spectrum."""
LEAST = 1e-300
"""What stands for 0, of which there is no logarithm."""


class Curves:
    """Positive functions of temperature, one a band.

    function: temperature [K] (n,) -> (n, n_band); low, high: between which temperatures [K]
    """

    def __init__(self, function: Callable[[FloatArray], FloatArray], low: float, high: float) -> None:
        from scipy.interpolate import CubicSpline

        x = np.linspace(np.log(low), np.log(max(high, low * (1.0 + 1e-6))), NODES)
        spline = CubicSpline(x, np.log(np.maximum(function(np.exp(x)), LEAST)))
        step = (x[-1] - x[0]) / (NODES - 1)
        self.first, self.per_step = float(x[0]), float(1.0 / step)
        powers = (
            step ** np.arange(3, -1, -1)[:, None, None]
        )  # of the part of a step instead of the difference
        self.pieces = np.ascontiguousarray((spline.c * powers)[::-1].transpose(1, 0, 2))

    def add(self, T: NDArray[np.floating], amount: NDArray[np.floating], out: NDArray[np.floating]) -> None:
        """Add amount times the functions of T; T [K] and amount (n,), out (n, n_band)."""
        from ...kernels.bands import add_curves

        def fill(block: slice) -> tuple[int]:
            t, a = piece(T, block, T.dtype), piece(amount, block, T.dtype)
            add_curves(t, a, self.first, self.per_step, self.pieces, out[block])
            return (0,)

        counted(fill, T.size)


def piece(values: NDArray[np.floating], block: slice, dtype: np.dtype[Any]) -> NDArray[np.floating]:
    """Return a block of numbers, contiguous, read-only and of one type: kernels are compiled for no other arrays."""
    out = np.ascontiguousarray(values[block], dtype=dtype).view()
    out.flags.writeable = False
    return out


def emission(spectrum: Spectrum, temperature: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the blackbody radiance of each band [W m-2 sr-1], (nx, ny, nz, n_band), of cells' temperatures [K]."""
    T = temperature.reshape(-1)
    out = np.zeros((T.size, spectrum.n_band), T.dtype)
    curves = Curves(spectrum.wall_emission, *ends(temperature))
    curves.add(T, np.broadcast_to(np.ones(1, T.dtype), T.shape), out)
    return out.reshape(*temperature.shape, -1)


def beyond_bands(edges: FloatArray, temperature: NDArray[np.floating]) -> list[str]:
    """Return a note where bands, (n_band, 2) [m], miss a part of the blackbody radiation of the hottest cell."""
    hottest = ends(temperature)[1]
    held = float(band_fraction(edges, np.array([hottest])).sum())
    if held > WHOLE:
        return []
    return [
        f"the bands hold {100.0 * held:.3g} % of the blackbody radiation of the hottest cell ({hottest:.4g} K): "
        "other wavelengths are left out"
    ]


def ends(temperature: NDArray[np.floating]) -> tuple[float, float]:
    """Return the least and the greatest temperature [K]."""
    return float(temperature.min()), float(temperature.max())
