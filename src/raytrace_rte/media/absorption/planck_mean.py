"""Grey Planck-mean absorption of H2O, CO2, CO and CH4 by the fits of the TNF workshop.

Source: R. S. Barlow, A. N. Karpetis, J. H. Frank, J.-Y. Chen, Combust. Flame 127 (2001) 2102-2118, after
W. L. Grosshandler's RADCAL; for 300 to 2500 K; the same numbers stand in Cantera.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ... import checks
from ...errors import InputError, nearest
from ...planck import blackbody
from ..field import Field
from ..medium import Medium

ATM = 101325.0
FIT = (300.0, 2500.0)
INVERSE = {
    "H2O": (-0.23093, -1.12390, 9.41530, -2.99880, 0.51382, -1.86840e-5),
    "CO2": (18.741, -121.310, 273.500, -194.050, 56.310, -5.8169),
}
"""Coefficients of (1000 K / T)^n [1/(m atm)]."""
CO_BREAK = 750.0
CO_COLD = (4.7869, -0.06953, 2.95775e-4, -4.25732e-7, 2.02894e-10)
CO_HOT = (10.09, -0.01183, 4.7753e-6, -5.87209e-10, -2.5334e-14)
CH4 = (6.6334, -0.0035686, 1.6682e-8, 2.5611e-10, -2.6558e-14)
"""Coefficients of T^n [1/(m atm)]."""
SPECIES = ("H2O", "CO2", "CO", "CH4")
TRANSPARENT = ("N2", "O2", "AR", "Ar", "He", "H2")
"""Species whose absorption is nothing beside that of the others, so that they may be left out silently."""


def planck_coefficient(species: str, temperature: ArrayLike) -> NDArray[np.float64]:
    """Return the Planck-mean absorption coefficient per partial pressure [1/(m Pa)], as the fit has it.

    temperature: [K], any shape. Below about 300 K that of CO2 is negative; `planck_mean` clips it.
    Raises InputError for another species.
    """
    checks.text("species", species, f"one of {', '.join(SPECIES)}")
    T = checks.real("temperature", temperature, "real numbers [K]").astype(np.float64, copy=False)
    match species:
        case "H2O" | "CO2":
            per_atm = np.polynomial.polynomial.polyval(1000.0 / T, INVERSE[species])
        case "CO":
            cold, hot = (np.polynomial.polynomial.polyval(T, c) for c in (CO_COLD, CO_HOT))
            per_atm = np.where(T <= CO_BREAK, cold, hot)
        case "CH4":
            per_atm = np.polynomial.polynomial.polyval(T, CH4)
        case _:
            raise InputError(
                f"planck_mean: no fit for '{species}'{nearest(species, SPECIES)}; known: {', '.join(SPECIES)}"
            )
    return np.asarray(per_atm / ATM)


def planck_mean(field: Field, species: Sequence[str] | None = None) -> Medium:
    """Return the grey medium with kappa = sum of p X_i a_i(T), a_i clipped at 0.

    species: which of H2O, CO2, CO, CH4; None takes those that the field has. The medium's provenance counts
    the cells where a coefficient was clipped, those outside the fits' 300 to 2500 K, and those without data,
    which become empty gas; it lists what the field has and the model leaves out.

    Raises InputError when pressure, a species asked for, or every species is missing.
    """
    checks.instance("field", field, Field, "a Field, as rte.read returns")
    chosen = _chosen(field, species)
    if field.pressure is None:
        raise InputError(
            "absorption model 'planck_mean': the field has no pressure; add one (a single number will do)"
        )
    T, valid = field.filled_temperature(), field.valid
    kappa = np.zeros(field.grid.shape, dtype=T.dtype)
    clipped: dict[str, int] = {}
    for plane in range(T.shape[0]):  # plane by plane: float64 work arrays stay small
        p = field.pressure if np.ndim(field.pressure) == 0 else field.pressure[plane]
        total = np.zeros(T.shape[1:])
        for name in chosen:
            a = planck_coefficient(name, T[plane])
            clipped[name] = clipped.get(name, 0) + int((a < 0).sum())
            X = field.mole_fraction[name][plane]
            X = X if valid is None else np.where(valid[plane], X, 0.0)
            total += p * X * np.maximum(a, 0.0)
        kappa[plane] = total
    provenance: dict[str, Any] = {
        "model": "planck_mean",
        "fits": "TNF workshop (Barlow et al. 2001, after RADCAL)",
        "species": chosen,
        "clipped": clipped,
        "outside_fit": int(((FIT[0] > T) | (FIT[1] < T)).sum()),
        "field_sha256": field.source_sha256,
    }
    ignored = [name for name in field.mole_fraction if name not in (*SPECIES, *TRANSPARENT)]
    if field.soot_volume_fraction is not None:
        ignored.append("soot_volume_fraction")
    if ignored:
        provenance["ignored"] = ignored
    if field.cells_without_data:
        provenance["cells_without_data"] = field.cells_without_data
    return Medium(field.grid, kappa, blackbody(T), provenance=provenance)


def _chosen(field: Field, species: Sequence[str] | None) -> list[str]:
    there = ", ".join(field.mole_fraction) or "none"
    if isinstance(species, str):
        species = [species]
    if species is not None:
        species = [
            checks.text("species", name, "a name, or a list of names")
            for name in checks.sequence("species", species, "a name, or a list of names")
        ]
    if species is None:
        chosen = [name for name in SPECIES if name in field.mole_fraction]
        if not chosen:
            raise InputError(
                f"absorption model 'planck_mean' needs mole fractions of {', '.join(SPECIES)}; the field has "
                f"{there}; name them so, or use model 'given' with an absorption_coefficient"
            )
        return chosen
    for name in species:
        planck_coefficient(name, 1000.0)
        if name not in field.mole_fraction:
            raise InputError(
                f"absorption model 'planck_mean': the field has no mole fraction of '{name}', it has "
                f"{there}; leave it out of species"
            )
    if not species:
        raise InputError("absorption model 'planck_mean': species is empty; name some, or leave it out")
    return list(dict.fromkeys(species))
