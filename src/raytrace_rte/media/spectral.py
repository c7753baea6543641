"""Planck's function over wavelength: integrals with a weight, and smooth tables of such integrals.

Integrals are by Gauss's rule in pieces so short that it is right to rounding, which sums and series are not: a filter
of a nanometre is the difference of two numbers that are nearly equal there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..grid import FloatArray
from ..planck import SIGMA
from .fractions import C2
from .spectrum import COLDEST, HOTTEST, Spectrum

if TYPE_CHECKING:
    from scipy.interpolate import PPoly

POINTS = 8
"""Gauss points of a piece: where h c / (lambda k T) changes by STEP they leave 5e-14 of the integral."""
STEP, FARTHEST = 4.0, 700.0
"""Most that h c / (lambda k T) changes within a piece, where it is FARTHEST, beyond which nothing is emitted."""
ROWS = 1024
"""Temperatures of a table, from COLDEST to HOTTEST: quintic splines err by less than 1e-13 between them."""
TINY = 1e-280
"""Integrals below this have lost digits, and are not put into tables."""
CHUNK = 1 << 16
"""Numbers that are worked on in one go."""


def table_temperatures() -> FloatArray:
    """Return the temperatures [K] of tables, (ROWS,), geometric."""
    return np.asarray(np.geomspace(COLDEST, HOTTEST, ROWS))


def planck(wavelength: FloatArray, temperature: FloatArray) -> FloatArray:
    """Return the spectral radiance of a blackbody [W m-2 sr-1 m-1], shapes as they broadcast.

    With x = C2 / (lambda T) it is sigma T^4 / pi times 15 / pi^4 x^4 / (e^x - 1) / lambda, so that integrals agree
    with those of `band_fraction` to rounding.
    """
    x = np.minimum(C2 / (wavelength * temperature), FARTHEST)
    return np.asarray(x * x * (x * x) / np.expm1(x) * (15.0 / np.pi**5 * SIGMA * temperature**4) / wavelength)


def gauss(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return wavelengths and weights (both [m]) of a rule for Planck's function between points, piece by piece.

    points: ascending [m], (n,) above 0. A weight that is smooth between neighbours (linear, say) may multiply it.
    """
    ratio = points[1:] / points[:-1]
    parts = np.maximum(1, np.ceil(np.log(ratio) / np.log1p(STEP / FARTHEST))).astype(int)
    ends = [
        low * q ** (np.arange(n) / n)
        for low, q, n in zip(points[:-1].tolist(), ratio.tolist(), parts.tolist(), strict=True)
    ]
    edges = np.concatenate([*ends, points[-1:]])
    x, w = np.polynomial.legendre.leggauss(POINTS)
    half, middle = 0.5 * np.diff(edges)[:, None], 0.5 * (edges[1:] + edges[:-1])[:, None]
    return (middle + half * x).ravel(), (half * w).ravel()


def weighted(wavelength: FloatArray, weight: FloatArray, temperature: FloatArray) -> FloatArray:
    """Return the sums of weight times Planck's function over wavelengths (n,), for temperatures (m,): (m,)."""
    rows = max(1, CHUNK // max(1, wavelength.size))
    parts = [
        planck(wavelength, temperature[i : i + rows, None]) @ weight for i in range(0, len(temperature), rows)
    ]
    return np.concatenate(parts)


class Curve:
    """A smooth positive function of a positive number, between its nodes by quintic splines of logarithms.

    x: ascending, y: (n,), both above 0; from and to the ends of x it is nan outside, or held (`hold`)
    """

    def __init__(self, x: FloatArray, y: FloatArray, hold: bool = False) -> None:
        from scipy.interpolate import PPoly, make_interp_spline

        self.ends, self.hold = (float(x[0]), float(x[-1])), hold
        spline = make_interp_spline(np.log(x), np.log(y), k=5)
        self._pieces: PPoly = PPoly.from_spline(spline)  # a quarter of the spline's own time

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return the values at x, any shape; nan where x is not above 0."""
        low, high = self.ends
        inside = np.clip(x, low, high)
        y = np.exp(self._pieces(np.log(inside)))
        known = (x > 0) if self.hold else (x >= low) & (x <= high)
        return np.where(known, y, np.nan)


def band_temperatures(spectrum: Spectrum, radiance: FloatArray) -> FloatArray:
    """Return the temperature [K] at which a black wall is as bright in each band, of radiances (n, n_band).

    0 where nothing is seen; nan where there is none up to 1e5 K
    """
    T = table_temperatures()
    emitted, out = spectrum.wall_emission(T), np.empty(radiance.shape)
    for b in range(spectrum.n_band):
        told = emitted[:, b] > TINY
        out[:, b] = Curve(emitted[told, b], T[told])(radiance[:, b])
    return np.where(radiance == 0.0, 0.0, out)
