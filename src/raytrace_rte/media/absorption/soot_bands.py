"""Soot in wavelength bands: kappa = 6 pi E(m) f_v / lambda, averaged with Planck's function of the cell's T.

Small particles absorb as their volume does (Rayleigh's limit; M. F. Modest, Radiative Heat Transfer, 3rd ed.,
ch. 12),

    E(m) = Im((m^2 - 1) / (m^2 + 2)) = 6 n k / ((n^2 - k^2 + 2)^2 + 4 n^2 k^2),  m = n - i k.

The mean of 1/lambda over a band is exact in emission: kappa times the band's blackbody radiance, summed over all
bands, is the Planck mean 6 pi E(m) f_v T 4 zeta(5) / (zeta(4) C2) times sigma T^4 / pi. A fit of n and k makes E(m) a
function of wavelength, which is averaged with the same weight.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ... import checks
from ...errors import InputError, nearest
from ...grid import FloatArray
from ..field import Field
from ..fractions import C2
from ..medium import Medium
from ..resample import on_cells
from ..spectrum import Spectrum
from .curves import Curves, beyond_bands, emission, ends
from .shared import provenance

TAIL = 60.0
"""Beyond this many C2 / (lambda T) above the least of a band is less than e^-60 of it."""
NEXT_TO_NOTHING = 1e-5
"""Share of the least of 1 and the greatest C2 / (lambda T) of a band below which lies less than 1e-14 of the band."""
FAR, TERMS = 1.5, 25
"""C2 / (lambda T) from which on so many exponentials leave less than 1e-16."""
POINTS, PANEL = 16, 0.2
"""Gauss points in a panel, and its greatest width in ln(lambda): errors below 1e-12."""


class Fit(NamedTuple):
    """n and k as polynomials in ln(lambda / um), for wavelengths [m] low to high; and where it stands."""

    n: tuple[float, ...]
    k: tuple[float, ...]
    low: float
    high: float
    source: str

    def __call__(self, wavelength: FloatArray) -> FloatArray:
        """Return E(m) at wavelengths [m]; beyond the ends of the fit that of the ends."""
        x = np.log(1e6 * np.clip(wavelength, self.low, self.high))
        n, k = (np.polynomial.polynomial.polyval(x, c) for c in (self.n, self.k))
        return np.asarray(6.0 * n * k / ((n**2 - k**2 + 2.0) ** 2 + (2.0 * n * k) ** 2))


FITS = {
    "chang_charalampopoulos": Fit(
        (1.811, 0.1263, 0.027, 0.0417), (0.5821, 0.1213, 0.2309, -0.01), 0.4e-6, 30e-6,
        "H. Chang, T. T. Charalampopoulos, Proc. R. Soc. Lond. A 430 (1990) 577-591, as in Modest, ch. 12",
    ),
}  # fmt: skip
"""Name -> fit of the complex refractive index of flame soot."""
USUAL = "chang_charalampopoulos"


@on_cells
def soot_bands(field: Field, edges: Any, E_m: float | str = USUAL) -> Medium:
    """Return the medium of the field's soot alone, in wavelength bands.

    edges: wavelengths [m] of the bands, as of `Spectrum.bands`, or such a spectrum
    E_m: E(m) [1] of all wavelengths, or the name of a fit: "chang_charalampopoulos" (0.4 to 30 um)

    Where bands reach beyond a fit E(m) is that at its end; provenance["extended"] lists such bands. What else the
    field has is in provenance["ignored"]; cells without data become empty gas.
    Raises InputError when the field has no soot, and on bad edges or E_m.
    """
    checks.instance("field", field, Field, "a Field, as rte.read returns")
    spectrum = edges if isinstance(edges, Spectrum) else Spectrum.bands(edges)
    if spectrum.edges is None:
        raise checks.wrong("edges", edges, "wavelengths [m], or Spectrum.bands(edges)")
    E_m = checked(E_m)
    if field.soot_volume_fraction is None:
        raise InputError(
            "absorption model 'soot_bands': the field has no soot_volume_fraction; add one (with its unit)"
        )
    T = field.filled_temperature()
    kappa = np.zeros((T.size, spectrum.n_band), T.dtype)
    sooty = add_soot(field, T, spectrum.edges, E_m, kappa)
    notes = [*beyond_bands(spectrum.edges, T), *sooty.notes]
    said = provenance(field, "soot_bands", ("soot_volume_fraction",), notes, **sooty.record)
    shape = (*T.shape, spectrum.n_band)
    return Medium(field.grid, kappa.reshape(shape), emission(spectrum, T), spectrum, said)


class Said(NamedTuple):
    """What the provenance says of soot in bands, and notes for the summary."""

    record: dict[str, Any]
    notes: list[str]


def add_soot(
    field: Field, T: NDArray[np.floating], edges: FloatArray, E_m: float | str, kappa: NDArray[np.floating]
) -> Said:
    """Add a field's soot to kappa [1/m] (n_cell, n_band).

    T: filled temperature [K]; edges: (n_band, 2) [m]; E_m: checked
    """
    amount = np.asarray(field.soot_volume_fraction).reshape(-1)
    if field.valid is not None:
        amount = np.where(field.valid.reshape(-1), amount, amount.dtype.type(0))
    Curves(lambda t: mean_absorption(edges, t, E_m), *ends(T)).add(T.reshape(-1), amount, kappa)
    if not isinstance(E_m, str):
        return Said({"soot": f"kappa = 6 pi E(m) f_v / lambda, E(m) = {E_m:g}"}, [])
    fit = FITS[E_m]
    record: dict[str, Any] = {"soot": f"kappa = 6 pi E(m) f_v / lambda, E(m) by {E_m}: {fit.source}"}
    beyond = (edges[:, 0] < fit.low) | (edges[:, 1] > fit.high)
    if not beyond.any():
        return Said(record, [])
    record["extended"] = [f"{1e6 * a:g}-{1e6 * b:g} um" for a, b in edges[beyond]]
    return Said(record, [f"E(m) of soot is held beyond its fit in the bands {', '.join(record['extended'])}"])


def checked(E_m: Any) -> float | str:
    """Return E(m), or the name of a fit; raise InputError on anything else."""
    if isinstance(E_m, str):
        if E_m not in FITS:
            raise InputError(
                f"E_m is '{E_m}'{nearest(E_m, FITS)}; expected a number, or one of {', '.join(FITS)}"
            )
        return E_m
    return checks.number("E_m", E_m, above=0.0)


def mean_absorption(edges: FloatArray, T: FloatArray, E_m: float | str) -> FloatArray:
    """Return kappa / f_v [1/m] of bands (n_band, 2) [m] at temperatures (n,) [K], (n, n_band)."""
    if isinstance(E_m, str):
        return 6.0 * np.pi * weighted_mean(lambda x: FITS[E_m](x) / x, edges, T)
    return 6.0 * np.pi * E_m * mean_inverse_wavelength(edges, T)


def mean_inverse_wavelength(edges: FloatArray, T: FloatArray) -> FloatArray:
    """Return the mean of 1/lambda [1/m] with the weight of Planck's function over each band, (n, n_band).

    With x = C2 / (lambda T) it is T / C2 times the ratio of the integrals of x^4 / (e^x - 1) and x^3 / (e^x - 1).
    Both are sums of exponentials times polynomials, scaled so that no band is too cold for them. Where that loses
    digits, in narrow bands and at great wavelengths, Gauss' rule takes over. Good to 1e-12.
    """
    with np.errstate(divide="ignore"):
        x = C2 / (edges * T[:, None, None])
    high, low = x[..., 0], x[..., 1]
    series = (high > low + 1.0) & (low > FAR)
    ratio = np.zeros_like(high)
    ratio[series] = _between(4, low[series], high[series]) / _between(3, low[series], high[series])
    means = ratio * (T / C2)[:, None]
    for band in np.flatnonzero(~series.all(axis=0)):
        rest = ~series[:, band]
        means[rest, band] = weighted_mean(lambda w: 1.0 / w, edges[band : band + 1], T[rest])[:, 0]
    return means


def _between(power: int, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return e^low times the integral of x^power / (e^x - 1) from low to high; low above FAR."""
    ended = high < np.inf
    beyond = np.where(ended, _beyond(power, np.where(ended, high, low), low), 0.0)
    return np.asarray(_beyond(power, low, low) - beyond)


def _beyond(power: int, x: FloatArray, scale: FloatArray) -> FloatArray:
    """Return e^scale times the integral of t^power / (e^t - 1) from x to infinity, x >= scale."""
    total = np.zeros_like(x)
    for n in range(TERMS, 0, -1):
        polynomial, factor = x**power, 1.0
        for k in range(power):  # t^p e^-nt integrates to the sum of p!/(p-k)! t^(p-k) / n^(k+1)
            factor *= (power - k) / n
            polynomial = polynomial + factor * x ** (power - k - 1)
        total += np.exp(np.maximum(scale - n * x, -745.0)) / n * polynomial
    return total


def weighted_mean(
    function: Callable[[FloatArray], FloatArray], edges: FloatArray, T: FloatArray
) -> FloatArray:
    """Return the mean of a function of wavelength [m] with the weight of Planck's function over each band.

    (n, n_band), by Gauss' rule in ln(lambda).
    """
    node, weight = np.polynomial.legendre.leggauss(POINTS)
    out = np.empty((T.size, len(edges)))
    for band, (low, high) in enumerate(edges):
        least = 0.0 if high == np.inf else C2 / (high * T)  # of x = C2 / (lambda T)
        shortest = np.log(np.maximum(low, C2 / (T * (least + TAIL))))
        greatest = np.minimum(1.0, C2 / (T * np.exp(shortest)))
        longest = np.log(np.minimum(high, C2 / (T * NEXT_TO_NOTHING * greatest)))
        panels = max(1, int(np.ceil((longest - shortest).max() / PANEL)))
        at = (np.arange(panels)[:, None] + 0.5 * (1.0 + node)).ravel() / panels
        wavelength = np.exp(shortest[:, None] + (longest - shortest)[:, None] * at)
        x = C2 / (wavelength * T[:, None])
        planck = (
            x**4 * np.exp(x.min(axis=1, keepdims=True) - x) / -np.expm1(-x)
        )  # lambda times Planck's function
        planck = planck * np.tile(weight, panels)
        out[:, band] = (planck * function(wavelength)).sum(axis=1) / planck.sum(axis=1)
    return out
