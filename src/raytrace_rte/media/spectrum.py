"""What the bands of a medium are: their names and edges, what a wall emits in them, and what a total means."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..errors import InputError
from ..grid import FloatArray
from ..planck import blackbody, brightness_temperature
from .fractions import NOT_METRES, band_fraction
from .tabulated import interpolated
from .weighted_sum import WeightedSum, weighted_sum

COLDEST, HOTTEST, ROWS = 1.0, 1e5, 1024
"""Temperatures [K] between which totals are inverted, and rows of the table where the search begins."""
ACCURACY = 1e-12
"""Relative change of temperature at which the search ends; it converges faster than linearly."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The bands of a medium, as data that can be saved and sent.

    Made by `Spectrum.grey`, `.weighted`, `.bands`, `.tabulated` or `.from_callable`.

    kind: "grey" (one band with all of the radiation), "weighted" (grey gases, each with a share of it), "bands"
        (intervals of wavelength) or "given" (a table, or a function in memory, of what a wall emits)
    names: one a band
    edges: (n_band, 2) [m], of "bands" only
    temperature, radiance: of a table, (n,) [K] and (n, n_band) [W m-2 sr-1]
    function: temperature [K] -> (n_band,) [W m-2 sr-1]
    gases: the weighted sum, whose weights are the shares; mole_ratio: H2O/CO2 beside walls where no cell is, or of
        which none is told
    """

    kind: str
    names: tuple[str, ...]
    edges: FloatArray | None = None
    temperature: FloatArray | None = None
    radiance: FloatArray | None = None
    function: Callable[[float], ArrayLike] | None = None
    gases: WeightedSum | None = None
    mole_ratio: float = 1.0

    @classmethod
    def grey(cls) -> Self:
        """Return the one band with all of the radiation: walls emit sigma T^4 / pi."""
        return cls("grey", ("grey",))

    @classmethod
    def weighted(cls, coefficients: str, mole_ratio: float = 1.0, soot: bool = True) -> Self:
        """Return the grey gases of a set of coefficients, as "bordbar2014": shares of sigma T^4 / pi.

        mole_ratio: H2O/CO2 beside walls of which no cell is known; soot: with the soot that the set may have
        Raises InputError when there is no such set.
        """
        gases = weighted_sum(coefficients)
        if not checks.instance("soot", soot, bool, "True or False"):
            gases = gases.without("soot")
        ratio = checks.number("mole_ratio", mole_ratio, low=0.0)
        return cls("weighted", gases.names, gases=gases, mole_ratio=ratio)

    @classmethod
    def bands(cls, edges: ArrayLike, names: Sequence[str] | None = None) -> Self:
        """Return wavelength bands; a wall emits its blackbody radiation between the edges.

        edges: wavelengths [m], (n_band + 1,) of bands side by side, or (n_band, 2); ascending, 0 to inf
        names: one a band; None names them by their edges

        Raises InputError on edges that do not ascend or bands that overlap.
        """
        e = checks.real("edges", edges, "wavelengths [m] of shape (n_band + 1,) or (n_band, 2)")
        e = e.astype(np.float64)
        pairs = np.stack([e[:-1], e[1:]], axis=1) if e.ndim == 1 and e.size > 1 else e
        if pairs.ndim != 2 or pairs.shape[1] != 2 or not len(pairs):
            raise checks.wrong("edges", edges, "wavelengths [m] of shape (n_band + 1,) or (n_band, 2)")
        if not (pairs[:, 0] >= 0).all() or not (pairs[:, 0] < pairs[:, 1]).all():
            raise InputError(f"edges are {e.tolist()}; expected wavelengths >= 0 [m], ascending in each band")
        if (pairs[1:, 0] < pairs[:-1, 1]).any():
            raise InputError(
                f"edges are {e.tolist()}; bands overlap: sort them and let them end where one begins"
            )
        if NOT_METRES <= pairs[0, 1] < np.inf:
            raise InputError(f"edges are {e.tolist()}; expected wavelengths [m], as 4e-6 for 4 um")
        default = tuple(f"{1e6 * low:g}-{1e6 * high:g} um" for low, high in pairs)
        return cls("bands", _names(names, default), edges=np.ascontiguousarray(pairs))

    @classmethod
    def tabulated(
        cls, temperature: ArrayLike, radiance: ArrayLike, names: Sequence[str] | None = None
    ) -> Self:
        """Return bands whose walls emit what a table says, by power laws between its rows.

        temperature: (n,) [K], ascending, at least 2; radiance: (n, n_band) [W m-2 sr-1], at least 0

        A wall outside the table is an InputError, but one at 0 K emits nothing.
        """
        T = checks.array("temperature", temperature, (None,), above=0.0, unit="K")
        values = checks.array("radiance", radiance, (len(T), None), low=0.0, unit="W m-2 sr-1")
        if len(T) < 2 or (np.diff(T) <= 0).any():
            raise checks.wrong("temperature", temperature, "at least 2 temperatures [K] that ascend")
        default = tuple(f"band {b + 1}" for b in range(values.shape[1]))
        return cls("given", _names(names, default), temperature=T.copy(), radiance=values.copy())

    @classmethod
    def from_callable(cls, function: Callable[[float], ArrayLike], n_band: int) -> Self:
        """Return bands whose walls emit function(T) -> (n_band,) [W m-2 sr-1]; it cannot be saved or sent."""
        if not callable(function):
            raise checks.wrong("function", function, "a function: temperature [K] -> radiance of each band")
        count = checks.whole("n_band", n_band, low=1)
        return cls("given", tuple(f"band {b + 1}" for b in range(count)), function=function)

    @property
    def n_band(self) -> int:
        """Number of bands."""
        return len(self.names)

    def wall_emission(self, temperature: ArrayLike, mole_ratio: ArrayLike | None = None) -> FloatArray:
        """Return what a black wall emits [W m-2 sr-1]: (n_band,) of one temperature, (n, n_band) of n.

        temperature: [K], a number or shape (n,)
        mole_ratio: H2O/CO2 of the gas beside each wall, (n,), on which the shares of weighted sums depend; None is
            that of the spectrum

        Raises InputError on temperatures below 0 or outside a table, and when a function's answer has another
        shape.
        """
        T = checks.array("temperature", temperature, low=0.0, unit="K")
        emitted = self._emission(T.reshape(-1), mole_ratio)
        return emitted[0] if T.ndim == 0 else emitted

    @property
    def depends_on_mixture(self) -> bool:
        """Whether what a wall emits in each band depends on the gas beside it."""
        return self.gases is not None and self.gases.depends_on_mixture

    def total(self, values: ArrayLike) -> FloatArray:
        """Return the sum over the bands, the last axis."""
        return np.asarray(np.asarray(values, dtype=np.float64).sum(axis=-1))

    def brightness_temperature(self, total: ArrayLike) -> FloatArray:
        """Return the temperature [K] of the black wall whose bands sum to `total` [W m-2 sr-1], any shape.

        nan where there is none: of a negative total, or one beyond what walls of 1 to 1e5 K (of a table: of
        its temperatures) emit. Good to 1e-8 of the temperature.
        """
        I = np.asarray(total, dtype=np.float64)
        if self.kind in ("grey", "weighted"):
            return brightness_temperature(I)
        T, emitted = self._totals
        wanted = np.where(I > 0, I, np.nan).reshape(-1)
        found = np.full(wanted.size, np.nan)
        inside = (
            (wanted >= emitted[0]) & (wanted <= emitted[-1]) if len(T) > 1 else np.zeros(wanted.size, bool)
        )
        found[inside] = self._search(wanted[inside])
        found[I.reshape(-1) == 0] = 0.0
        return found.reshape(I.shape)

    def to_dict(self) -> dict[str, Any]:
        """Return the spectrum as plain lists and text, from which `from_dict` makes it again.

        Raises InputError when it is a function.
        """
        if self.function is not None:
            raise InputError(
                "spectrum: a function cannot be saved or sent: give Medium a Spectrum (Spectrum.bands(edges) "
                "or Spectrum.tabulated(T, radiance))"
            )
        data: dict[str, Any] = {"kind": self.kind, "names": list(self.names)}
        if self.gases is not None:
            with_soot = "soot" in self.gases.absorbers
            data |= {"coefficients": self.gases.name, "mole_ratio": self.mole_ratio, "soot": with_soot}
        arrays = {"edges": self.edges, "temperature": self.temperature, "radiance": self.radiance}
        return data | {name: a.tolist() for name, a in arrays.items() if a is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the spectrum that `to_dict` wrote; raises InputError on anything else."""
        checks.instance("data", data, Mapping, "the mapping that Spectrum.to_dict() returns")
        try:
            match data["kind"]:
                case "grey":
                    return cls.grey()
                case "weighted":
                    return cls.weighted(data["coefficients"], data["mole_ratio"], data["soot"])
                case "bands":
                    return cls.bands(data["edges"], data["names"])
                case "given":
                    return cls.tabulated(data["temperature"], data["radiance"], data["names"])
        except KeyError as error:
            raise InputError(
                f"data of a spectrum lacks {error}; expected what Spectrum.to_dict() returns"
            ) from None
        raise checks.wrong("data: kind of the spectrum", data["kind"], "one of grey, weighted, bands, given")

    def digest(self) -> str:
        """Return the hash of the spectrum; InputError when it is a function."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    def __repr__(self) -> str:
        how = "from a function" if self.function is not None else self.kind
        return f"Spectrum({how}: {', '.join(self.names)})"

    def _emission(self, T: FloatArray, mole_ratio: ArrayLike | None = None) -> FloatArray:
        """Return (n, n_band) of temperatures (n,)."""
        if self.gases is not None:
            ratio = np.full(T.shape, self.mole_ratio)
            if mole_ratio is not None:
                ratio = checks.array("mole_ratio", mole_ratio, (len(T),), low=0.0)
            return np.asarray(blackbody(T)[:, None] * self.gases.weights(T, ratio))
        if self.edges is not None:
            return np.asarray(blackbody(T)[:, None] * band_fraction(self.edges, T))
        if self.temperature is not None and self.radiance is not None:
            return interpolated(self.temperature, self.radiance, T)
        if self.function is not None:
            return np.stack([self._called(t) for t in T.tolist()]) if T.size else np.zeros((0, self.n_band))
        return np.asarray(blackbody(T), dtype=np.float64)[:, None]

    def _called(self, T: float) -> FloatArray:
        """Return the function's answer (n_band,); nothing at 0 K, where many formulas divide by T."""
        assert self.function is not None
        if T == 0.0:
            return np.zeros(self.n_band)
        name = f"spectrum: the function's answer for {T:g} K"
        answer = checks.array(name, self.function(T), low=0.0, unit="W m-2 sr-1")
        if answer.shape != (self.n_band,) and (answer.ndim or self.n_band > 1):
            raise checks.wrong(name, answer, f"{self.n_band} number(s), one a band")
        return answer.reshape(self.n_band)

    @cached_property
    def _totals(self) -> tuple[FloatArray, FloatArray]:
        """Temperatures and what walls emit in all bands, both increasing: where totals can be inverted."""
        T = np.geomspace(COLDEST, HOTTEST, ROWS) if self.temperature is None else self.temperature
        if self.function is None:
            emitted = self._emission(T).sum(axis=1)
        else:
            emitted = np.array([self._total_at(t) for t in T])
        best = np.maximum.accumulate(np.concatenate(([0.0], emitted[:-1])))
        rising = emitted > best
        return T[rising], emitted[rising]

    def _total_at(self, T: float) -> float:
        """Return the sum over the bands, -inf where a function has no answer."""
        try:
            return float(self._emission(np.array([T])).sum())
        except (ValueError, ArithmeticError):
            return -np.inf

    def _search(self, total: FloatArray) -> FloatArray:
        """Return the temperatures of totals within the table: regula falsi (Illinois) on logarithms."""
        table_T, table = (np.log(a) for a in self._totals)
        least, most = self._totals[0][[0, -1]]
        y = np.log(total)
        i = np.clip(np.searchsorted(table, y), 1, len(table) - 1)
        a, b, fa, fb = table_T[i - 1], table_T[i], table[i - 1] - y, table[i] - y
        x = a.copy()
        live = np.arange(len(y))
        while live.size:
            new = b[live] - fb[live] * (b[live] - a[live]) / (fb[live] - fa[live])
            moved, x[live] = np.abs(new - x[live]), new
            f = np.log(self._emission(np.clip(np.exp(new), least, most)).sum(axis=1)) - y[live]
            turned = f * fb[live] < 0
            a[live] = np.where(turned, b[live], a[live])
            fa[live] = np.where(turned, fb[live], 0.5 * fa[live])
            b[live], fb[live] = new, f
            live = live[(f != 0) & (moved > ACCURACY)]
        return np.clip(np.exp(x), least, most)


def _names(names: Sequence[str] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    if names is None:
        return default
    given = checks.sequence("names", names, f"{len(default)} names, one a band")
    if len(given) != len(default) or not all(isinstance(name, str) for name in given):
        raise checks.wrong("names", names, f"{len(default)} names, one a band")
    return tuple(given)
