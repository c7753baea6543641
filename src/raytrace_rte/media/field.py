"""The gas state on a grid, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..grid import Cartesian

COLDEST_PLAUSIBLE = 250.0
"""A whole field below this [K] is far more often degrees Celsius than a cryogenic gas."""
ROUNDING = 1e-6
"""Mole fractions between minus this and 0 are a flow solver's rounding, and taken as 0."""
SUM_TOLERANCE = 1e-3
"""Mole fractions of one cell may sum to at most 1 plus this (CFD output in single precision)."""


@dataclass(frozen=True, eq=False)
class Field:
    """Temperature, and what makes the gas absorb, cell by cell.

    Every array has the grid's shape ``(nx, ny, nz)``; float32 and float64 stay what they are.

    grid: Cartesian
    temperature: [K]
    pressure: [Pa], one number or an array; needed with mole fractions
    mole_fraction: species name -> [1], named as in ``"CO2"``; rounding down to -1e-6 is taken as 0
    soot_volume_fraction: [1]
    absorption_coefficient: [1/m], instead of or beside a composition
    provenance: free text about where the field comes from
    source_sha256: hash of the file it was read from, when there is one
    allow_cold: accept a field that is below 250 K everywhere, which otherwise is taken for degrees Celsius

    Raises InputError that names the quantity and the cell on wrong shapes, non-finite or negative values,
    mole fractions outside 0..1 or summing to more than 1, and fields colder than 250 K everywhere.
    """

    grid: Cartesian
    temperature: NDArray[np.floating]
    pressure: NDArray[np.floating] | None = None
    mole_fraction: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)
    soot_volume_fraction: NDArray[np.floating] | None = None
    absorption_coefficient: NDArray[np.floating] | None = None
    provenance: str = ""
    source_sha256: str = ""
    allow_cold: bool = False

    def __post_init__(self) -> None:
        for name in ("temperature", "soot_volume_fraction", "absorption_coefficient"):
            if getattr(self, name) is not None:
                self._set(name, checked(name, getattr(self, name), self.grid.shape))
        if self.pressure is not None:
            shape = () if np.ndim(self.pressure) == 0 else self.grid.shape
            self._set("pressure", checked("pressure", self.pressure, shape))
        species = {
            name: _without_rounding(checked(f"mole_fraction/{name}", x, self.grid.shape))
            for name, x in self.mole_fraction.items()
        }
        self._set("mole_fraction", species)
        _check_temperature(self.temperature, self.allow_cold)
        if self.pressure is not None:
            first_bad("pressure", self.pressure, self.pressure <= 0, "above 0 Pa", "check the unit")
        _check_fractions(species)
        for name in ("absorption_coefficient", "soot_volume_fraction"):
            if getattr(self, name) is not None:
                values = getattr(self, name)
                first_bad(name, values, values < 0, "at least 0", "clip or correct the input")
        if self.soot_volume_fraction is not None:
            f = self.soot_volume_fraction
            first_bad("soot_volume_fraction", f, f > 1, "at most 1", "check the unit (ppm is 1e-6)")

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        given = [f.name for f in fields(self) if isinstance(getattr(self, f.name), np.ndarray)]
        T = self.temperature
        return (
            f"Field({'x'.join(map(str, self.grid.shape))} cells, T {T.min():.4g}..{T.max():.4g} K, "
            f"{', '.join(given)}, species {', '.join(self.mole_fraction) or 'none'})"
        )


def checked(name: str, values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.floating]:
    """Return values as a contiguous float32 or float64 array; InputError on a wrong shape or value."""
    a = np.asarray(values)
    if a.dtype.kind not in "fiu":
        raise InputError(f"{name}: found data of type {a.dtype}; expected real numbers")
    dtype = np.float32 if a.dtype.kind == "f" and a.dtype.itemsize <= 4 else np.float64
    a = np.ascontiguousarray(a, dtype=dtype) if a.ndim else np.asarray(a, dtype=dtype)
    if a.shape != shape:
        hint = "; the axes look transposed" if sorted(a.shape) == sorted(shape) else ""
        raise InputError(f"{name}: found shape {a.shape}; expected {shape}, a value per cell (x, y, z){hint}")
    first_bad(name, a, ~np.isfinite(a), "finite", "fill or cut out the cells without data")
    return a


def first_bad(
    name: str, values: NDArray[np.floating], bad: NDArray[np.bool_], wanted: str, remedy: str
) -> None:
    count = int(np.count_nonzero(bad))
    if count:
        cell = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
        where = f"cell {cell} is {values[cell]:g}" if cell else f"value is {float(values):g}"
        raise InputError(
            f"{name}: {where} ({count} of {values.size} such values); expected {wanted}; {remedy}"
        )


def _without_rounding(x: NDArray[np.floating]) -> NDArray[np.floating]:
    tiny = (x < 0) & (x >= -ROUNDING)
    return np.where(tiny, x.dtype.type(0), x) if tiny.any() else x


def _check_temperature(T: NDArray[np.floating], allow_cold: bool) -> None:
    hottest = float(T.max())
    celsius = not allow_cold and hottest < COLDEST_PLAUSIBLE
    negative = T <= 0
    if negative.any() or celsius:
        hint = "; the values look like degrees Celsius: give the unit as degC" if T.min() > -100 else ""
        first_bad("temperature", T, negative, "above 0 K", f"check the unit{hint}")
        raise InputError(
            f"temperature: the hottest cell is at {hottest:g} K; expected some cell above "
            f"{COLDEST_PLAUSIBLE:g} K{hint}, or set allow_cold = true if the gas is really that cold"
        )


def _check_fractions(species: Mapping[str, NDArray[np.floating]]) -> None:
    total: NDArray[np.floating] | float = 0.0
    for name, x in species.items():
        bad = (x < 0) | (x > 1 + SUM_TOLERANCE)
        first_bad(f"mole_fraction/{name}", x, bad, "within 0..1", "check the unit (percent? ppm?)")
        total = total + x
    if species:
        total = np.asarray(total)
        first_bad(
            "sum of mole fractions",
            total,
            total > 1 + SUM_TOLERANCE,
            "at most 1",
            "check the units, or whether these are mass fractions",
        )
