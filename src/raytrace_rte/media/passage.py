"""What a detector counts of the radiance of bands.

Of a band only its radiance I_b is known. Where the response is constant over the band, that is all it takes.
Where it is not, the light within the band is taken to be distributed as that of a blackbody as bright as the band:
Planck's function at the temperature T_b at which a black wall sends out I_b there. The detector radiance of the
band is then an increasing function D_b(I_b), so that bounds of I_b carry over, and blackbodies are exact.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..grid import FloatArray
from .fractions import C2
from .response import Response, interval
from .spectral import FARTHEST, TINY, Curve, gauss, planck, table_temperatures, weighted
from .spectrum import Spectrum

SAME = 1e-12
"""Relative difference up to which two wavelengths are one: rounding of units."""
ROUNDING = 1e-13
"""Rounding of a detector radiance, over itself."""
FEW = 16
"""Every so manieth temperature of a table is enough for estimates."""
SHORTEST, LONGEST, FAR = 5e-8, 1e-3, 10.0
"""Wavelengths [m] that stand for 0 and infinity in estimates; a band that ends there spans this ratio at least."""


class Cut(NamedTuple):
    """A band over which the response is not constant.

    share: D_b / I_b of I_b [W m-2 sr-1]
    first, second: change of D_b / I_b when the brightness temperature changes by s per unit of ln(lambda) within
        the band while I_b stays: factors of s [1/K] and of s^2 [1/K2], at the temperatures of `estimating`
    low, high: least and greatest response within the band
    """

    band: int
    share: Curve
    first: FloatArray
    second: FloatArray
    low: float
    high: float

    def counted(self, radiance: FloatArray) -> FloatArray:
        """Return D_b of I_b, any shape."""
        return np.where(radiance > 0, radiance * self.share(radiance), 0.0 * radiance)


class Passage:
    """The light of the bands of a spectrum through a response.

    whole: weight of each band over which the response is constant (n_band,), 0 of others; cut: the others

    Raises InputError when the spectrum has no wavelengths, or the response reaches outside its bands.
    """

    def __init__(self, spectrum: Spectrum, response: Response) -> None:
        if spectrum.edges is None:
            raise InputError(
                f"response {response.described}: the medium has no wavelength bands, it is {spectrum!r}; a "
                "detector's response needs bands, of absorption model 'soot_bands' or 'bands', or of the field's own"
            )
        self.response, self.spectrum, self.edges = response, spectrum, spectrum.edges
        _covered(self.edges, response)
        self.whole = np.zeros(spectrum.n_band)
        self.cut: list[Cut] = []
        for b in range(spectrum.n_band):
            low, high = self.edges[b].tolist()
            first, last = max(low, response.ends[0]), min(high, response.ends[1])
            if last - first <= SAME * last:
                continue
            points = response.between(first, last)
            values = response.at(np.clip(points, *response.ends))
            if first - low > SAME * first or high - last > SAME * last:
                values = np.append(values, 0.0)
            if np.ptp(values) == 0.0:
                self.whole[b] = values[0]
            else:
                self.cut.append(self._cut(b, points, float(values.min()), float(values.max())))

    def radiance(self, bands: FloatArray) -> FloatArray:
        """Return the detector radiance [W m-2 sr-1] of radiances of bands (..., n_band)."""
        return np.asarray(sum((cut.counted(bands[..., cut.band]) for cut in self.cut), bands @ self.whole))

    def bound(self, bands: FloatArray, error: FloatArray) -> FloatArray:
        """Return what the detector radiance changes by when each band's radiance does by `error`, both (..., n_band).

        A bound if `error` is one, as D_b increases; nan where it is not known.
        """
        total = np.where(error > 0.0, error + ROUNDING * bands, error) @ self.whole
        for cut in self.cut:
            I, d = bands[..., cut.band], error[..., cut.band]
            here, above, below = cut.counted(I), cut.counted(I + d), cut.counted(np.maximum(I - d, 0.0))
            change = np.maximum(above - here, here - below) + ROUNDING * above
            total = total + np.where(d == 0.0, 0.0, change)
        return np.asarray(total)

    def shape_error(self, bands: FloatArray) -> FloatArray:
        """Return an estimate of what the shape inside bands that the response cuts errs by; bands (..., n_band).

        As if the brightness temperature changed within a band as it does towards that neighbour which differs more,
        in proportion to ln(lambda), to second order; never more than the response would let through at most. It
        knows nothing of lines. nan where a band has no neighbour.
        """
        total = np.zeros(bands.shape[:-1])
        if self.cut and self.spectrum.n_band == 1:
            return np.full(total.shape, np.nan)
        T = self.estimating
        for cut in self.cut:
            b, I = cut.band, bands[..., cut.band]
            at, centre, slope = self._brightness(b, I), self._centres[:, b], np.zeros(total.shape)
            for j in {max(b - 1, 0), min(b + 1, self.spectrum.n_band - 1)} - {b}:
                beside = self._brightness(j, bands[..., j])
                distance = np.interp(beside, T, self._centres[:, j]) - np.interp(at, T, centre)
                slope = np.maximum(slope, np.abs((beside - at) / distance))
            first, second = (np.interp(at, T, moment) for moment in (cut.first, cut.second))
            change = slope * (np.abs(first) + slope * np.abs(second)) * I
            D = cut.counted(I)
            total += np.minimum(change, np.maximum(cut.high * I - D, D - cut.low * I))
        return total

    @cached_property
    def estimating(self) -> FloatArray:
        """Temperatures [K] of the tables of estimates."""
        return table_temperatures()[::FEW]

    def _cut(self, b: int, points: FloatArray, low: float, high: float) -> Cut:
        """Return the tables of a band, with the response between these points."""
        at, weights = gauss(points)
        weights = weights * self.response.at(at)
        T, emitted = table_temperatures(), self._emitted[:, b]
        counted = weighted(at, weights, T)
        kept = (counted > TINY) & (emitted > TINY)
        share = Curve(emitted[kept], counted[kept] / emitted[kept], hold=True)
        return Cut(b, share, *self._moments(b, at, weights), low, high)

    def _moments(self, b: int, at: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return `first` and `second` of a band, with the response in the weights at wavelengths."""
        T, emitted, centre = self.estimating, self._emitted[::FEW, b], self._centres[:, b]
        rise, bend = _derivatives(at, T)
        off = np.log(at) - centre[:, None]
        all_, all_weights = gauss(_finite(*self.edges[b].tolist()))
        spread = ((np.log(all_) - centre[:, None]) ** 2 * _derivatives(all_, T)[1]) @ all_weights
        share = (planck(at, T[:, None]) @ weights) / np.maximum(emitted, TINY)
        first, second = (off * rise) @ weights, 0.5 * ((off**2 * bend) @ weights - share * spread)
        seen, over = emitted > TINY, np.maximum(emitted, TINY)
        return np.where(seen, first / over, 0.0), np.where(seen, second / over, 0.0)

    @cached_property
    def _emitted(self) -> FloatArray:
        """What black walls emit at the temperatures of tables, (n, n_band)."""
        return self.spectrum.wall_emission(table_temperatures())

    @cached_property
    def _centres(self) -> FloatArray:
        """Mean of ln(lambda) in each band, weighted by dB/dT, at the temperatures of estimates, (n, n_band)."""
        T, out = self.estimating, []
        for ends in (_finite(low, high) for low, high in self.edges.tolist()):
            at, weights = gauss(ends)
            rise = _derivatives(at, T)[0]
            all_, logs = rise @ weights, rise @ (weights * np.log(at))
            out.append(np.divide(logs, all_, out=np.full(len(T), np.log(ends[1])), where=all_ > TINY))
        return np.stack(out, axis=1)

    def _brightness(self, b: int, radiance: FloatArray) -> FloatArray:
        """Return the temperature [K] at which a black wall is as bright in a band, roughly; 0 where it is dark."""
        emitted = self._emitted[:, b]
        rising = emitted > TINY
        logs = np.log(np.maximum(radiance, TINY))
        return np.interp(logs, np.log(emitted[rising]), table_temperatures()[rising], left=0.0)


def _finite(low: float, high: float) -> FloatArray:
    """Return the edges of a band, wavelengths that are above 0 and finite."""
    first = low if low > 0.0 else min(SHORTEST, high / FAR)
    return np.array([first, high if high < np.inf else max(LONGEST, FAR * first)])


def _derivatives(wavelength: FloatArray, temperature: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return dB/dT and d2B/dT2 of Planck's function, (n_temperature, n_wavelength) each.

    With x = C2 / (lambda T) and g = 1 / (1 - e^-x), dB/dT is B x g / T.
    """
    T = temperature[:, None]
    B, x = planck(wavelength, T), np.minimum(C2 / (wavelength * T), FARTHEST)
    xg = x / -np.expm1(-x)
    return B * xg / T, B * (xg**2 * (1.0 + np.exp(-x)) - 2.0 * xg) / T**2


def _covered(edges: FloatArray, response: Response) -> None:
    """Raise InputError when the response reaches outside the bands or into a gap between them."""
    (first, last), joined = response.ends, _joined(edges)
    if not any(low <= first * (1.0 + SAME) and last <= high * (1.0 + SAME) for low, high in joined):
        raise InputError(
            f"response {response.described} reaches outside the bands of the medium, which cover "
            f"{', '.join(interval(*ends) for ends in joined)}; give the medium bands there, or shorten the response"
        )


def _joined(edges: FloatArray) -> list[tuple[float, float]]:
    """Return the intervals that bands cover, neighbours as one."""
    out: list[tuple[float, float]] = []
    for low, high in edges.tolist():
        if out and low <= out[-1][1] * (1.0 + SAME):
            out[-1] = (out[-1][0], high)
        else:
            out.append((low, high))
    return out
