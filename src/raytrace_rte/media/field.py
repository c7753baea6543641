"""The gas state on a grid, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import InputError
from ..grid import Cartesian
from .later import Later
from .spectrum import Spectrum
from .survey import NO_DATA, Cells, ends, first_bad, pieces, surveyed

if TYPE_CHECKING:
    from .resample import Resampled

COLDEST_PLAUSIBLE = 250.0
"""A whole field below this [K] is far more often degrees Celsius than a cryogenic gas."""
SUM_TOLERANCE = 1e-3
"""Mole fractions of one cell may sum to at most 1 plus this (CFD output in single precision)."""
CELLS = ("temperature", "soot_volume_fraction", "absorption_coefficient", "heat_release", "density")
"""Quantities of each cell, beside pressure and mole fractions."""


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
    source_sha256: hash of the file it was read from, when there is one; or a function that gives it, which is called
        when it is first asked for
    allow_cold: accept a field that is below 250 K everywhere, which otherwise is taken for degrees Celsius
    heat_release: of the flame [W/m3], to compare div q with
    time: [s], of the moment that the field shows
    valid: true in the cells with data; the others are not checked, and become empty gas. Cells that are masked in a
        masked array of NumPy are such, too
    density: [kg/m3]
    spectrum: `Spectrum.bands` of an absorption coefficient with a band axis
    notes: whole sentences on how the field was read, which every answer's summary repeats
    markers: name -> numbers that mark cells, as 1 in an obstacle, or the number of a material: for `solids`
    resampled: the cells of the mesh that the field was made from, where it was: absorption models take these. No
        argument, and not in what `dataclasses.replace` or a file makes of the field

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
    source_sha256: Later = Later()  # noqa: RUF009  a descriptor
    allow_cold: bool = False
    heat_release: NDArray[np.floating] | None = None
    time: float | None = None
    valid: NDArray[np.bool_] | None = None
    density: NDArray[np.floating] | None = None
    spectrum: Spectrum | None = None
    notes: tuple[str, ...] = ()
    markers: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    resampled: Resampled | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._check_plain()
        self._set("valid", _unmasked(self, _mask(self.valid, self.grid.shape)))
        self._set("markers", {name: _marker(name, a, self.grid.shape) for name, a in self.markers.items()})
        wanted = {name: getattr(self, name) for name in CELLS}
        cells = {
            name: self._cells(name, a) for name, a in wanted.items() if a is not None or name == "temperature"
        }
        if self.pressure is not None:
            cells["pressure"] = self._pressure(self.pressure)
        for name, quantity in cells.items():
            self._set(name, quantity.values)
        species = {
            name: self._cells(f"mole_fraction/{name}", x).without_rounding(1.0)
            for name, x in self.mole_fraction.items()
        }
        self._set("mole_fraction", {name: x.values for name, x in species.items()})
        _check_temperature(cells["temperature"], self.allow_cold)
        _check_fractions(species)
        if (kappa := cells.get("absorption_coefficient")) is not None:
            kappa = kappa.without_rounding(kappa.greatest())
            kappa.require(lambda x: x >= 0, "at least 0", "clip or correct the input")
            self._set("absorption_coefficient", kappa.values)
        if (f := cells.get("soot_volume_fraction")) is not None:
            f.require(lambda x: x >= 0, "at least 0", "clip or correct the input")
            f.require(lambda x: x <= 1, "at most 1", "check the unit (ppm is 1e-6)")
        if (density := cells.get("density")) is not None:
            density.require(lambda x: x > 0, "above 0 kg/m3", "check the unit")

    def _check_plain(self) -> None:
        """Check the arguments that are no arrays."""
        checks.instance(
            "grid", self.grid, Cartesian, "a grid, from rte.Cartesian(x, y, z) or rte.uniform(...)"
        )
        checks.instance("mole_fraction", self.mole_fraction, Mapping, "a dict: species name -> array")
        checks.instance("markers", self.markers, Mapping, "a dict: name -> array")
        checks.text("provenance", self.provenance)
        checks.instance("allow_cold", self.allow_cold, bool, "True or False")
        self._set(
            "notes", tuple(checks.text("notes", n) for n in checks.sequence("notes", self.notes, "texts"))
        )
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

    def _cells(self, name: str, values: ArrayLike) -> Cells:
        bands: tuple[int, ...] = ()
        if name == "absorption_coefficient":
            bands = (self.spectrum.n_band,) if self.spectrum is not None else ()
        return surveyed(name, values, self.grid.shape + bands, self.valid)

    def _pressure(self, values: ArrayLike) -> Cells:
        single = checks.real("pressure", values).ndim == 0
        found = surveyed(
            "pressure", values, () if single else self.grid.shape, None if single else self.valid
        )
        found.require(lambda x: x > 0, "above 0 Pa", "check the unit")
        return found

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def cells_without_data(self) -> int:
        """How many cells `valid` leaves out."""
        return 0 if self.valid is None else int(self.valid.size - np.count_nonzero(self.valid))

    @property
    def released_power(self) -> float | None:
        """Heat release of all cells with data [W] (per metre or m2 of infinite axes); None where it is not known."""
        if self.heat_release is None:
            return None
        known = True if self.valid is None else self.valid
        return self.grid.integral(np.where(known, self.heat_release, 0.0))

    def filled_temperature(self) -> NDArray[np.floating]:
        """Return the temperature [K]; cells without data have that of the nearest cell (by index) with."""
        if not self.cells_without_data:
            return self.temperature
        from scipy.ndimage import distance_transform_edt

        nearest = distance_transform_edt(~self.valid, return_distances=False, return_indices=True)  # type: ignore[operator]
        return np.ascontiguousarray(self.temperature[tuple(nearest)])

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "source_sha256": self.source_sha256}

    def __repr__(self) -> str:
        given = [f.name for f in fields(self) if isinstance(vars(self).get(f.name), np.ndarray)]
        T = self.temperature if self.valid is None else self.temperature[self.valid]
        return (
            f"Field({'x'.join(map(str, self.grid.shape))} cells, T {T.min():.4g}..{T.max():.4g} K, "
            f"{', '.join(given)}, species {', '.join(self.mole_fraction) or 'none'})"
        )

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>"


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


def _unmasked(field: Field, valid: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """The cells with data: those of valid that no masked array masks."""
    given = [getattr(field, name) for name in (*CELLS, "pressure")] + list(field.mole_fraction.values())
    for array in given:
        if not np.ma.is_masked(array):
            continue
        mask = np.ma.getmaskarray(array)
        if mask.shape[:3] == field.grid.shape:  # what else is wrong with it is told where it is checked
            known = np.asarray(~mask.reshape(*field.grid.shape, -1).any(axis=-1))
            valid = known if valid is None else np.logical_and(valid, known)
    return valid


def _marker(name: str, values: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    a = np.asarray(values)
    if a.dtype.kind not in "biuf" or a.shape != shape:
        raise checks.wrong(f"markers: {name}", values, f"numbers of shape {shape}")
    return a


def _check_temperature(T: Cells, allow_cold: bool) -> None:
    """Raise InputError on cells at or below 0 K, and on a field that looks like degrees Celsius."""
    known = T.values if T.valid is None else T.values[T.valid]
    coldest, hottest = (T.low, T.high) if T.valid is None else ends(known)
    if coldest > 0 and (allow_cold or hottest >= COLDEST_PLAUSIBLE):
        return
    celsius = coldest > -100 and (hottest < COLDEST_PLAUSIBLE or float(known.mean()) < COLDEST_PLAUSIBLE)
    hint = "; the values look like degrees Celsius: give the unit as degC" if celsius else ""
    if coldest <= 0:
        remedy = f"check the unit{hint}" if celsius or hottest < COLDEST_PLAUSIBLE else NO_DATA
        T.require(lambda x: x > 0, "above 0 K", remedy)
    raise InputError(
        f"temperature: the hottest cell is at {hottest:g} K; expected some cell above "
        f"{COLDEST_PLAUSIBLE:g} K{hint}, or set allow_cold = true if the gas is really that cold"
    )


def _check_fractions(species: Mapping[str, Cells]) -> None:
    """Raise InputError on mole fractions outside 0..1, and on cells where they sum to more."""
    most = 1 + SUM_TOLERANCE
    for x in species.values():
        x.require(lambda x: (x >= 0) & (x <= most), "within 0..1", "check the unit (percent? ppm?)")
    if sum(x.high for x in species.values()) <= most:
        return
    together = zip(*(pieces(x.values) for x in species.values()), strict=True)
    if all(np.max(sum(parts)) <= most for parts in together):
        return
    total = np.asarray(sum(x.values for x in species.values()))
    bad = (total > most) & next(iter(species.values())).counted
    remedy = "check the units, or whether these are mass fractions"
    first_bad("sum of mole fractions", total, bad, "at most 1", remedy)
