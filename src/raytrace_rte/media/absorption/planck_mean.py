"""Grey Planck-mean absorption of H2O, CO2, CO, CH4 and soot, the gases by the fits of the TNF workshop.

Source: R. S. Barlow, A. N. Karpetis, J. H. Frank, J.-Y. Chen, Combust. Flame 127 (2001) 2102-2118, after
W. L. Grosshandler's RADCAL; for 300 to 2500 K; the same numbers stand in Cantera.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ... import checks
from ...errors import InputError, nearest
from ...planck import blackbody
from ..field import Field
from ..medium import Medium
from ..resample import on_cells
from ..weighted_sum import ATM
from .shared import counted, line, names_of, pressure_of, provenance
from .soot import SOOT_CONSTANT, GreySoot, soot_of

MODEL = "planck_mean"
VALID = (300.0, 2500.0)
"""Temperatures [K] that the fits are made for."""


class Piece(NamedTuple):
    """A polynomial in 1000 K / T or in T [1/(m atm)], for above < T <= up_to [K]."""

    per_temperature: bool
    above: float
    up_to: float
    coefficients: NDArray[np.float64]


def _piece(per_temperature: bool, c: Sequence[float], above: float = -inf, up_to: float = inf) -> Piece:
    return Piece(per_temperature, above, up_to, np.array([*c, 0.0][:6]))


FITS = {
    "H2O": (_piece(True, (-0.23093, -1.12390, 9.41530, -2.99880, 0.51382, -1.86840e-5)),),
    "CO2": (_piece(True, (18.741, -121.310, 273.500, -194.050, 56.310, -5.8169)),),
    "CO": (
        _piece(False, (4.7869, -0.06953, 2.95775e-4, -4.25732e-7, 2.02894e-10), up_to=750.0),
        _piece(False, (10.09, -0.01183, 4.7753e-6, -5.87209e-10, -2.5334e-14), above=750.0),
    ),
    "CH4": (_piece(False, (6.6334, -0.0035686, 1.6682e-8, 2.5611e-10, -2.6558e-14)),),
}
"""Species -> its fit in pieces, from cold to hot."""
SPECIES = tuple(FITS)


def planck_coefficient(species: str, temperature: ArrayLike) -> NDArray[np.float64]:
    """Return the Planck-mean absorption coefficient per partial pressure [1/(m Pa)], as the fit has it.

    temperature: [K], any shape. Below about 300 K that of CO2 is negative; `planck_mean` clips it.
    Raises InputError for another species.
    """
    checks.text("species", species, f"one of {', '.join(SPECIES)}")
    T = checks.real("temperature", temperature, "real numbers [K]").astype(np.float64, copy=False)
    if species not in FITS:
        raise InputError(
            f"planck_mean: no fit for '{species}'{nearest(species, SPECIES)}; known: {', '.join(SPECIES)}"
        )
    per_atm = np.full(T.shape, np.nan)
    for per_temperature, above, _, c in FITS[species]:
        fitted = np.polynomial.polynomial.polyval(1000.0 / T if per_temperature else T, c)
        per_atm = np.where(above < T, fitted, per_atm)
    return np.asarray(per_atm / ATM)


@on_cells
def planck_mean(
    field: Field,
    species: Sequence[str] | None = None,
    soot: bool = True,
    soot_constant: float = SOOT_CONSTANT,
) -> Medium:
    """Return the grey medium with kappa = sum of p X_i a_i(T) + C f_v T, a_i clipped at 0.

    species: which of H2O, CO2, CO, CH4; None takes those that the field has. soot: whether the soot of the field
    counts, with C = soot_constant [1/(m K)]. The medium's provenance counts the cells where a coefficient was
    clipped, those outside the fits' 300 to 2500 K, and those without data, which become empty gas; it lists what the
    field has and the model leaves out.

    Raises InputError when pressure, a species asked for, or every species is missing.
    """
    checks.instance("field", field, Field, "a Field, as rte.read returns")
    chosen, sooty = _chosen(field, species), soot_of(field, soot, soot_constant)
    pressure, T = pressure_of(field, MODEL), field.filled_temperature()
    kappa, source = np.empty_like(T), np.empty_like(T)
    *clipped, outside = counted(_filling(field, pressure, chosen, sooty, T, kappa, source), T.size)
    below = dict(zip(chosen, clipped, strict=True))
    record: dict[str, Any] = {
        "fits": "TNF workshop (Barlow et al. 2001, after RADCAL)", "species": chosen, "clipped": below,
        "outside_fit": outside, **({} if sooty is None else sooty.record),
    }  # fmt: skip
    used = [*chosen, *([] if sooty is None else ["soot_volume_fraction"])]
    notes = [
        f"the fit of {name} is below 0 in {n} of {T.size} cells, and taken as 0 there"
        for name, n in below.items()
        if n
    ]
    if outside:
        notes.append(
            f"{outside} of {T.size} cells are outside {VALID[0]:g} to {VALID[1]:g} K, for which the fits were made"
        )
    return Medium(field.grid, kappa, source, provenance=provenance(field, MODEL, used, notes, **record))


def _filling(
    field: Field,
    pressure: NDArray[np.floating],
    species: Sequence[str],
    sooty: GreySoot | None,
    temperature: NDArray[np.floating],
    kappa: NDArray[np.floating],
    source: NDArray[np.floating],
) -> Callable[[slice], Sequence[int]]:
    """Return what fills kappa [1/m] and source [W m-2 sr-1] for a block of cells.

    It counts the cells where the fit of each species is below 0, and last those outside the fits' temperatures.
    """
    from ...kernels.planck import add_piece

    n = temperature.size
    T, p = line(temperature, n), line(pressure, n)
    fractions = [line(field.mole_fraction[name], n) for name in species]
    empty = None if field.valid is None else ~field.valid.reshape(-1)

    def fill(block: slice) -> Sequence[int]:
        t, total = T[block], np.zeros(T[block].size)  # float64, whatever the field is
        below = [
            sum(add_piece(t, X[block], *piece, total) for piece in FITS[name])
            for name, X in zip(species, fractions, strict=True)
        ]
        if empty is not None:
            total[empty[block]] = 0.0
        total *= p[block]
        total /= ATM
        kappa.reshape(-1)[block] = total if sooty is None else total + sooty(block, t)
        source.reshape(-1)[block] = blackbody(t)
        return *below, int(np.count_nonzero((t < VALID[0]) | (t > VALID[1])))

    return fill


def _chosen(field: Field, species: Sequence[str] | None) -> list[str]:
    there = ", ".join(field.mole_fraction) or "none"
    if species is None:
        chosen = [name for name in SPECIES if name in field.mole_fraction]
        if not chosen:
            raise InputError(
                f"absorption model 'planck_mean' needs mole fractions of {', '.join(SPECIES)}; the field has "
                f"{there}; name them so, or use model 'given' with an absorption_coefficient"
            )
        return chosen
    chosen = names_of(species)
    for name in chosen:
        planck_coefficient(name, 1000.0)  # refuses a species without a fit
        if name not in field.mole_fraction:
            raise InputError(
                f"absorption model 'planck_mean': the field has no mole fraction of '{name}', it has "
                f"{there}; leave it out of species"
            )
    if not chosen:
        raise InputError("absorption model 'planck_mean': species is empty; name some, or leave it out")
    return chosen
