"""Absorption in wavelength bands from a table that the user brings: kappa = sum of p X_i a_i(T, p, X_i), by bands.

The table has the mean of each species' coefficient per partial pressure over each band, as its maker takes it (with
the weight of Planck's function, where bands are wide). Species add up, and each depends on the others only through
the pressure: how they broaden one another's lines is left to the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import checks
from ...errors import InputError
from ...grid import FloatArray
from ..field import Field
from ..medium import Medium
from ..resample import on_cells
from ..spectrum import Spectrum
from .curves import beyond_bands, emission, piece
from .shared import counted, line, names_of, pressure_of, provenance
from .soot_bands import USUAL, add_soot, checked

MODEL = "bands"
FAR = 1.1
"""Factor beyond the pressures of a table from which on they are refused; nearer ones are taken as its ends."""
NONE = np.zeros(1)
"""The only mole fraction of a species whose coefficient does not depend on it."""


@dataclass(frozen=True, eq=False)
class BandTable:
    """Absorption of species per partial pressure, in wavelength bands.

    edges: wavelengths [m], (n_band, 2), of which each band ends before the next one begins, or (n_band + 1,)
    temperature: [K] (n_T,), pressure: [Pa] (n_p,), both ascending
    absorption: species -> a [1/(m Pa)], (n_T, n_p, n_band), or (n_T, n_p, n_X, n_band) with mole fractions
    mole_fraction: species -> its own mole fractions (n_X,), ascending, on which its coefficient depends
    names: of the bands; source: where the numbers come from; source_sha256: of the file

    Raises InputError that names the axis or species on wrong shapes, axes that do not ascend, negative entries, and
    bands that overlap.
    """

    edges: FloatArray
    temperature: FloatArray
    pressure: FloatArray
    absorption: Mapping[str, FloatArray]
    mole_fraction: Mapping[str, FloatArray] = field(default_factory=dict)
    names: Sequence[str] | None = None
    source: str = ""
    source_sha256: str = ""

    def __post_init__(self) -> None:
        spectrum = Spectrum.bands(self.edges, self.names)
        axes = {
            "temperature": _axis("temperature", self.temperature, "K"),
            "pressure": _axis("pressure", self.pressure, "Pa"),
        }
        species = checks.instance("absorption", self.absorption, Mapping, "a dict: species name -> array")
        rich = checks.instance("mole_fraction", self.mole_fraction, Mapping, "a dict: species -> array")
        if not species:
            raise InputError("absorption is empty; expected a coefficient of one species at least")
        if lost := [name for name in rich if name not in species]:
            raise InputError(f"mole_fraction: '{lost[0]}' has no absorption; expected only species that have")
        fractions = {name: _axis(f"mole_fraction/{name}", x, "1", 0.0) for name, x in rich.items()}
        shape = axes["temperature"].size, axes["pressure"].size
        tables = {
            name: checks.array(
                f"absorption/{name}", a,
                (*shape, *([fractions[name].size] if name in rich else []), spectrum.n_band),
                low=0.0, unit="1/(m Pa)",
            )
            for name, a in species.items()
        }  # fmt: skip
        checked_parts = {"edges": spectrum.edges, "names": spectrum.names, **axes}
        for name, value in (checked_parts | {"absorption": tables, "mole_fraction": fractions}).items():
            object.__setattr__(self, name, value)
        for name in ("source", "source_sha256"):
            checks.text(name, getattr(self, name))


@on_cells
def bands(
    field: Field,
    table: BandTable,
    species: Sequence[str] | None = None,
    soot: bool = True,
    E_m: float | str = USUAL,
) -> Medium:
    """Return the medium of a field in the bands of a table, linear in T, ln p and mole fraction between its entries.

    table: as of rte.read_band_table; species: which of it, None for all; soot: whether the field's soot is added, by
    `soot_bands` with E_m

    Cells beyond the table's temperatures, its mole fractions, or up to a tenth beyond its pressures, have what is at
    its ends; provenance["outside_table"] counts them. It lists what the field has and the model leaves out.
    Raises InputError when pressure or a species of the table is missing, and on pressures further off.
    """
    checks.instance("field", field, Field, "a Field, as rte.read returns")
    checks.instance("table", table, BandTable, "a BandTable, as rte.read_band_table returns")
    checks.instance("soot", soot, bool, "True or False")
    E_m = checked(E_m)
    chosen = _chosen(field, table, species)
    pressure = _pressure(field, table)
    spectrum = Spectrum.bands(table.edges, table.names)
    T = field.filled_temperature()
    kappa = np.zeros((T.size, spectrum.n_band), T.dtype)
    outside = _add_gases(field, T, pressure, table, chosen, kappa)
    assert spectrum.edges is not None
    notes = beyond_bands(spectrum.edges, T) + [
        f"{n} values of {axis} lie beyond the band table, and were taken as its ends"
        for axis, n in outside.items()
        if n
    ]
    record: dict[str, Any] = {
        "table": table.source, "table_sha256": table.source_sha256, "species": chosen, "outside_table": outside,
    }  # fmt: skip
    used = list(chosen)
    if soot and field.soot_volume_fraction is not None:
        sooty = add_soot(field, T, spectrum.edges, E_m, kappa)
        used.append("soot_volume_fraction")
        record |= sooty.record
        notes += sooty.notes
    if field.valid is not None:
        kappa[~field.valid.reshape(-1)] = 0.0
    shape = (*T.shape, spectrum.n_band)
    said = provenance(field, MODEL, used, notes, **record)
    return Medium(field.grid, kappa.reshape(shape), emission(spectrum, T), spectrum, said)


def _add_gases(
    field: Field,
    temperature: NDArray[np.floating],
    pressure: NDArray[np.floating],
    table: BandTable,
    species: Sequence[str],
    kappa: NDArray[np.floating],
) -> dict[str, int]:
    """Add the gases to kappa [1/m] (n_cell, n_band); count the cells beyond each axis of the table."""
    from ...kernels.bands import add_species

    n, q = temperature.size, np.log(table.pressure)
    T, p = line(temperature, n), line(pressure, n)
    valid = None if field.valid is None else field.valid.reshape(-1)
    parts = []
    for name in species:
        a, x = table.absorption[name], table.mole_fraction.get(name)
        four = a if x is not None else a[:, :, None]
        X = line(field.mole_fraction[name], n)
        X = X if valid is None else np.where(valid, X, X.dtype.type(0))
        parts.append((X, (table.temperature, q, NONE if x is None else x), np.array(four)))

    def fill(block: slice) -> Sequence[int]:
        t, pressures, out = piece(T, block, T.dtype), piece(p, block, T.dtype), kappa[block]
        outside = np.array(
            [add_species(t, pressures, piece(X, block, T.dtype), axes, a, out) for X, axes, a in parts]
        )
        return int(outside[0, 0]), int(outside[0, 1]), int(outside[:, 2].sum())

    return dict(zip(("temperature", "pressure", "mole_fraction"), counted(fill, n), strict=True))


def _pressure(field: Field, table: BandTable) -> NDArray[np.floating]:
    """Return the field's pressure; InputError where it is missing, or far beyond the table."""
    pressure = pressure_of(field, MODEL)
    p = pressure if field.valid is None or pressure.ndim == 0 else pressure[field.valid]
    low, high = float(p.min()), float(p.max())
    least, most = float(table.pressure[0]), float(table.pressure[-1])
    if low < least / FAR or high > most * FAR:
        raise InputError(
            f"absorption model 'bands': pressure is {low:g} to {high:g} Pa; expected {least:g} to {most:g} Pa, as in "
            "the table (up to a tenth beyond is taken as its ends); make a table for these pressures"
        )
    return pressure


def _chosen(field: Field, table: BandTable, species: Sequence[str] | None) -> list[str]:
    """Return the species of the table that are used; InputError where the table or the field lacks one."""
    known, there = ", ".join(table.absorption), ", ".join(field.mole_fraction) or "none"
    if species is None:
        chosen = list(table.absorption)
    else:
        chosen = names_of(species)
    for name in chosen:
        if name not in table.absorption:
            raise InputError(f"absorption model 'bands': the table has no '{name}', it has {known}")
        if name not in field.mole_fraction:
            raise InputError(
                f"absorption model 'bands': the field has no mole fraction of '{name}', it has {there}; name "
                f"those that it has in species, of the table's {known}"
            )
    if not chosen:
        raise InputError("absorption model 'bands': species is empty; name some, or leave it out")
    return chosen


def _axis(name: str, values: Any, unit: str, low: float | None = None) -> FloatArray:
    """Return an axis of a table: numbers that ascend, above 0 (or at least `low`)."""
    above = 0.0 if low is None else None
    axis = checks.array(name, values, (None,), above=above, low=low, unit=unit)
    if not axis.size or (np.diff(axis) <= 0.0).any():
        raise checks.wrong(name, values, f"numbers [{unit}] that ascend, one at least")
    return axis.copy()
