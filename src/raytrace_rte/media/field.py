"""The gas state on a grid, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import InputError
from ..grid import Cartesian
from .spectrum import Spectrum

COLDEST_PLAUSIBLE = 250.0
"""A whole field below this [K] is far more often degrees Celsius than a cryogenic gas."""
ROUNDING = 1e-6
"""Values between minus this (of the greatest there can be) and 0 are rounding, and taken as 0."""
SUM_TOLERANCE = 1e-3
"""Mole fractions of one cell may sum to at most 1 plus this (CFD output in single precision)."""
CELLS = ("temperature", "soot_volume_fraction", "absorption_coefficient", "heat_release", "density")
"""Quantities of each cell, beside pressure and mole fractions."""
NO_DATA = (
    "mark cells without data with valid, a mask that is false there, and they become empty gas (or cover "
    "them with rte.solids)"
)


@dataclass(frozen=True, eq=False)
class Field:
    """Temperature, and what makes the gas absorb, cell by cell.

    Every array has the grid's shape ``(nx, ny, nz)``; float32 and float64 stay what they are.

    grid: Cartesian
    temperature: [K]
    pressure: [Pa], one number or an array; needed with mole fractions
    mole_fraction: species name -> [1], named as in ``"CO2"``; rounding down to -1e-6 is taken as 0
    soot_volume_fraction: [1]
    absorption_coefficient: [1/m], instead of or beside a composition; (nx, ny, nz, n_band) with a spectrum;
        rounding down to -1e-6 of the greatest is taken as 0
    provenance: free text about where the field comes from
    source_sha256: hash of the file it was read from, when there is one
    allow_cold: accept a field that is below 250 K everywhere, which otherwise is taken for degrees Celsius
    heat_release: of the flame [W/m3], to compare div q with
    time: [s], of the moment that the field shows
    valid: true in the cells with data; the others are not checked, and become empty gas
    density: [kg/m3]
    spectrum: `Spectrum.bands` of an absorption coefficient with a band axis

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
    heat_release: NDArray[np.floating] | None = None
    time: float | None = None
    valid: NDArray[np.bool_] | None = None
    density: NDArray[np.floating] | None = None
    spectrum: Spectrum | None = None

    def __post_init__(self) -> None:
        self._check_plain()
        self._set("valid", _mask(self.valid, self.grid.shape))
        state = {name: getattr(self, name) for name in CELLS if getattr(self, name) is not None}
        state["temperature"] = self.temperature  # None is refused there
        for name, values in state.items():
            self._set(name, self._cells(name, values))
        if self.pressure is not None:
            shape = () if checks.real("pressure", self.pressure).ndim == 0 else self.grid.shape
            self._set("pressure", checked("pressure", self.pressure, shape, self.valid if shape else None))
            self._require("pressure", self.pressure > 0, "above 0 Pa", "check the unit")
        species = {
            name: _without_rounding(self._cells(f"mole_fraction/{name}", x), 1.0)
            for name, x in self.mole_fraction.items()
        }
        self._set("mole_fraction", species)
        _check_temperature(self.temperature, self.valid, self.allow_cold)
        self._check_fractions()
        if (kappa := self.absorption_coefficient) is not None:
            scale = (
                0.0 if kappa.min() >= 0 else float(np.max(kappa, initial=0.0, where=self._everywhere(kappa)))
            )
            self._set("absorption_coefficient", _without_rounding(kappa, scale))
        for name in ("absorption_coefficient", "soot_volume_fraction"):
            if (values := getattr(self, name)) is not None:
                self._require(name, values >= 0, "at least 0", "clip or correct the input")
        if (f := self.soot_volume_fraction) is not None:
            self._require("soot_volume_fraction", f <= 1, "at most 1", "check the unit (ppm is 1e-6)")
        if self.density is not None:
            self._require("density", self.density > 0, "above 0 kg/m3", "check the unit")

    def _check_plain(self) -> None:
        """Check the arguments that are no arrays."""
        checks.instance(
            "grid", self.grid, Cartesian, "a grid, from rte.Cartesian(x, y, z) or rte.uniform(...)"
        )
        checks.instance("mole_fraction", self.mole_fraction, Mapping, "a dict: species name -> array")
        for name in ("provenance", "source_sha256"):
            checks.text(name, getattr(self, name))
        checks.instance("allow_cold", self.allow_cold, bool, "True or False")
        if self.time is not None:
            self._set("time", checks.number("time", self.time, unit="s"))
        if self.spectrum is None:
            return
        checks.instance("spectrum", self.spectrum, Spectrum, "rte.Spectrum.bands(edges)")
        kappa = self.absorption_coefficient
        if self.spectrum.edges is None or kappa is None or np.ndim(kappa) != 4:
            raise InputError(
                f"spectrum is {self.spectrum!r}; expected rte.Spectrum.bands(edges), together with an "
                "absorption_coefficient of shape (nx, ny, nz, n_band)"
            )

    def _cells(self, name: str, values: ArrayLike) -> NDArray[np.floating]:
        bands: tuple[int, ...] = ()
        if name == "absorption_coefficient":
            bands = (self.spectrum.n_band,) if self.spectrum is not None else ()
        return checked(name, values, self.grid.shape + bands, self.valid)

    def _everywhere(self, values: NDArray[Any]) -> Any:
        """Return the mask of cells with data, as it broadcasts against values; True when all have."""
        if self.valid is None or values.ndim == 0:
            return True
        return self.valid.reshape(self.valid.shape + (1,) * (values.ndim - 3))

    def _require(self, name: str, good: NDArray[np.bool_], wanted: str, remedy: str) -> None:
        """Raise InputError where a condition does not hold in a cell with data."""
        if not good.all():
            first_bad(name, getattr(self, name), ~good & self._everywhere(good), wanted, remedy)

    def _check_fractions(self) -> None:
        total: Any = 0.0
        for name, x in self.mole_fraction.items():
            bad = ~((x >= 0) & (x <= 1 + SUM_TOLERANCE)) & self._everywhere(x)
            first_bad(f"mole_fraction/{name}", x, bad, "within 0..1", "check the unit (percent? ppm?)")
            total = total + x
        if self.mole_fraction:
            first_bad(
                "sum of mole fractions",
                total,
                (total > 1 + SUM_TOLERANCE) & self._everywhere(total),
                "at most 1",
                "check the units, or whether these are mass fractions",
            )

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def cells_without_data(self) -> int:
        """How many cells `valid` leaves out."""
        return 0 if self.valid is None else int(self.valid.size - np.count_nonzero(self.valid))

    def filled_temperature(self) -> NDArray[np.floating]:
        """Return the temperature [K]; cells without data have that of the nearest cell (by index) with."""
        if not self.cells_without_data:
            return self.temperature
        from scipy.ndimage import distance_transform_edt

        nearest = distance_transform_edt(~self.valid, return_distances=False, return_indices=True)  # type: ignore[operator]
        return np.ascontiguousarray(self.temperature[tuple(nearest)])

    def __repr__(self) -> str:
        given = [f.name for f in fields(self) if isinstance(getattr(self, f.name), np.ndarray)]
        T = self.temperature if self.valid is None else self.temperature[self.valid]
        return (
            f"Field({'x'.join(map(str, self.grid.shape))} cells, T {T.min():.4g}..{T.max():.4g} K, "
            f"{', '.join(given)}, species {', '.join(self.mole_fraction) or 'none'})"
        )

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>"


def checked(
    name: str, values: ArrayLike, shape: tuple[int, ...], valid: NDArray[np.bool_] | None = None
) -> NDArray[np.floating]:
    """Return values as a contiguous float32 or float64 array, the same when it is one already.

    valid: the cells that have to be finite, of the shape's first three axes; None is all.
    Raises InputError on a wrong type or shape, and on values that are not finite.
    """
    a = checks.real(name, values)
    dtype = np.float32 if a.dtype.kind == "f" and a.dtype.itemsize <= 4 else np.float64
    a = np.ascontiguousarray(a, dtype=dtype) if a.ndim else np.asarray(a, dtype=dtype)
    if a.shape != shape:
        hint = "; the axes look transposed" if sorted(a.shape) == sorted(shape) else ""
        if len(a.shape) == 4 and len(shape) == 3:
            hint = "; bands need a spectrum that says what they are, as spectrum=Spectrum.bands(edges)"
        per = ", a value per cell (x, y, z)" if len(shape) == 3 else ""
        raise InputError(f"{name}: found shape {a.shape}; expected {shape}{per}{hint}")
    if not np.isfinite(a.min()) or not np.isfinite(a.max()):  # nan comes through both
        bad = ~np.isfinite(a)
        if valid is not None:
            bad &= valid.reshape(valid.shape + (1,) * (a.ndim - 3))
        first_bad(name, a, bad, "finite", NO_DATA)
    return a


def first_bad(
    name: str, values: NDArray[np.floating], bad: NDArray[np.bool_], wanted: str, remedy: str
) -> None:
    """Raise InputError that shows the first cell where `bad` is true, and counts them; return if none is."""
    count = int(np.count_nonzero(bad))
    if count:
        cell = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
        where = f"cell {cell} is {values[cell]:g}" if cell else f"value is {float(values):g}"
        raise InputError(
            f"{name}: {where} ({count} of {values.size} such values); expected {wanted}; {remedy}"
        )


def _without_rounding(x: NDArray[np.floating], scale: float) -> NDArray[np.floating]:
    tiny = (x < 0) & (x >= -ROUNDING * scale)
    return np.where(tiny, x.dtype.type(0), x) if tiny.any() else x


def _mask(valid: Any, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    if valid is None:
        return None
    try:
        mask = np.asarray(valid)
    except ValueError:
        raise checks.wrong("valid", valid, f"a mask of true and false of shape {shape}") from None
    if mask.dtype != bool or mask.shape != shape:
        raise checks.wrong("valid", valid, f"a mask of true and false of shape {shape}")
    if not mask.any():
        raise InputError("valid is false everywhere; expected some cells with data")
    return mask


def _check_temperature(T: NDArray[np.floating], valid: NDArray[np.bool_] | None, allow_cold: bool) -> None:
    """Raise InputError on cells at or below 0 K, and on a field that looks like degrees Celsius."""
    known = T if valid is None else T[valid]
    hottest, coldest = float(known.max()), float(known.min())
    if coldest > 0 and (allow_cold or hottest >= COLDEST_PLAUSIBLE):
        return
    celsius = coldest > -100 and (hottest < COLDEST_PLAUSIBLE or float(known.mean()) < COLDEST_PLAUSIBLE)
    hint = "; the values look like degrees Celsius: give the unit as degC" if celsius else ""
    if coldest <= 0:
        bad = T <= 0 if valid is None else (T <= 0) & valid
        remedy = f"check the unit{hint}" if celsius or hottest < COLDEST_PLAUSIBLE else NO_DATA
        first_bad("temperature", T, bad, "above 0 K", remedy)
    raise InputError(
        f"temperature: the hottest cell is at {hottest:g} K; expected some cell above "
        f"{COLDEST_PLAUSIBLE:g} K{hint}, or set allow_cold = true if the gas is really that cold"
    )
