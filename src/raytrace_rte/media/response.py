"""Response curves of detectors: which share of the light of each wavelength they count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..errors import InputError
from ..grid import FloatArray
from .fractions import NOT_METRES
from .spectral import TINY, Curve, gauss, table_temperatures, weighted


@dataclass(frozen=True, eq=False)
class Response:
    """A detector's response: linear between its points, 0 beyond them.

    wavelength: [m], (n,), at least two that ascend; value: share of the light that is counted [1], (n,), 0 to 1
    name: for summaries; None says the interval

    What a detector shows is detector radiance, the integral of response times spectral radiance over wavelength
    [W m-2 sr-1]. Raises InputError on anything else, and where no value is above 0.
    """

    wavelength: FloatArray
    value: FloatArray
    name: str

    def __init__(self, wavelength: ArrayLike, value: ArrayLike, name: str | None = None) -> None:
        at = checks.array("response: wavelength", wavelength, (None,), above=0.0, unit="m").copy()
        values = checks.array("response: value", value, (len(at),), low=0.0, high=1.0, unit="1").copy()
        if len(at) < 2:
            raise InputError(
                f"response: found {len(at)} point(s); expected at least two wavelengths [m] with their values"
            )
        falling = np.flatnonzero(np.diff(at) <= 0)
        if falling.size:
            i = int(falling[0])
            raise InputError(
                f"response: wavelength[{i + 1}] is {at[i + 1]:g} m after {at[i]:g} m; expected wavelengths that "
                "ascend: sort the points, and leave one of each wavelength"
            )
        if at[0] >= NOT_METRES:
            raise InputError(
                f"response: wavelengths are {at[0]:g} to {at[-1]:g} m; expected wavelengths [m], as 4e-6 for 4 um"
            )
        if not values.any():
            raise InputError("response: all values are 0; expected a value above 0 somewhere")
        object.__setattr__(self, "wavelength", at)
        object.__setattr__(self, "value", values)
        said = None if name is None else checks.text("response: name", name)
        object.__setattr__(self, "name", interval(*self.ends) if said is None else said)

    @classmethod
    def top_hat(cls, low: float, high: float, name: str | None = None) -> Self:
        """Return the response that is 1 from the wavelength `low` to `high` [m] and 0 elsewhere."""
        return cls([low, high], [1.0, 1.0], name)

    @property
    def ends(self) -> tuple[float, float]:
        """Wavelengths [m] between which something is counted: without zeros before and after."""
        positive = np.flatnonzero(self.value)
        first, last = max(int(positive[0]) - 1, 0), min(int(positive[-1]) + 1, len(self.value) - 1)
        return float(self.wavelength[first]), float(self.wavelength[last])

    @property
    def width(self) -> float:
        """Integral of the response over wavelength [m]."""
        return float(np.trapezoid(self.value, self.wavelength))

    def at(self, wavelength: FloatArray) -> FloatArray:
        """Return the response at wavelengths [m], any shape."""
        return np.asarray(np.interp(wavelength, self.wavelength, self.value, left=0.0, right=0.0))

    def between(self, low: float, high: float) -> FloatArray:
        """Return the points [m] of the curve from `low` to `high`, these included: it is linear between them."""
        inner = self.wavelength[(self.wavelength > low) & (self.wavelength < high)]
        return np.concatenate(([low], inner, [high]))

    def blackbody(self, temperature: ArrayLike) -> FloatArray:
        """Return the detector radiance [W m-2 sr-1] of blackbodies at temperatures [K], any shape.

        0 where it is too little for a number; nan above 1e5 K, and of nan.
        """
        T = checks.real("temperature", temperature, "real numbers [K]").astype(np.float64, copy=False)
        return np.where((T >= 0.0) & (self._curves[0].ends[0] > T), 0.0, self._curves[0](T))

    def brightness_temperature(self, radiance: ArrayLike) -> FloatArray:
        """Return the temperature [K] of the blackbody with this detector radiance [W m-2 sr-1], any shape.

        nan where there is none: of a negative radiance, or one beyond what 1e5 K shows. Good to 1e-10 of it.
        """
        I = checks.real("radiance", radiance, "real numbers [W m-2 sr-1]").astype(np.float64, copy=False)
        return np.where(I == 0.0, 0.0, self._curves[1](I))

    def shares(self, edges: FloatArray) -> FloatArray:
        """Return which part of the response's integral lies in each band, (n_band,); edges: (n_band, 2) [m]."""
        inside = np.clip(edges, *self.ends)
        points = [self.between(*ends) if ends[0] < ends[1] else np.array(ends) for ends in inside.tolist()]
        return np.array([np.trapezoid(self.at(at), at) for at in points]) / self.width

    def emission(self, temperature: FloatArray, falling: float = 0.0) -> FloatArray:
        """Return the integral of response, Planck's function and lambda^-falling for temperatures (n,) [K].

        [W m-2 sr-1 m^-falling]; straight by quadrature, for tables
        """
        at, weights = gauss(self.between(*self.ends))
        return weighted(at, weights * self.at(at) * at**-falling, temperature)

    @property
    def described(self) -> str:
        """Name and interval, for summaries."""
        where = interval(*self.ends)
        return where if self.name == where else f"{self.name}, {where}"

    def to_dict(self) -> dict[str, Any]:
        """Return the response as plain lists and text, from which `from_dict` makes it again."""
        return {"name": self.name, "wavelength": self.wavelength.tolist(), "value": self.value.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the response that `to_dict` wrote."""
        return cls(data["wavelength"], data["value"], data["name"])

    def __repr__(self) -> str:
        return f"Response({self.described}, {len(self.value)} points)"

    @cached_property
    def _curves(self) -> tuple[Curve, Curve]:
        """Detector radiance of a temperature, and the inverse."""
        T = table_temperatures()
        shown = self.emission(T)
        kept = shown > TINY
        return Curve(T[kept], shown[kept]), Curve(shown[kept], T[kept])


def interval(low: float, high: float) -> str:
    """Return an interval of wavelengths [m] in words: "3.8-4 um"."""
    return f"{1e6 * low:.6g}-{1e6 * high:.6g} um"
