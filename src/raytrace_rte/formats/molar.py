"""Mass fractions to mole fractions."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..media.field import ROUNDING, first_bad

ATOMIC_MASS = {
    "H": 1.008, "He": 4.002602, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998403, "Ne": 20.1797,
    "S": 32.06, "Cl": 35.45, "Ar": 39.95, "AR": 39.95, "Br": 79.904, "Kr": 83.798, "I": 126.904, "Xe": 131.29,
}  # fmt: skip
"""[kg/kmol], IUPAC standard atomic weights 2021; AR as combustion mechanisms spell it."""
SUM_TOLERANCE = 1e-2
"""Mass fractions of all species given sum to 1 within this; the rest of them is normalised away."""


def molar_mass(species: str) -> float:
    """Return the molar mass [kg/kmol] of a formula such as CH4, C2H5OH or CH2(S).

    Raises InputError when it holds anything but known elements and counts.
    """
    formula = re.sub(r"\([A-Z]?[a-z]?\)|[+\-*]", "", species)  # state labels and charges weigh nothing
    parts = re.findall(r"(AR|[A-Z][a-z]?)(\d*)", formula)
    known = all(element in ATOMIC_MASS for element, _ in parts)
    if not known or not parts or "".join(e + n for e, n in parts) != formula:
        raise InputError(
            f"species '{species}' is not a formula of known elements, so its molar mass is unknown; name it "
            "by its formula, or give mole fractions"
        )
    return sum(ATOMIC_MASS[element] * (int(count) if count else 1) for element, count in parts)


def mole_fractions(
    masses: Mapping[str, NDArray[np.floating]], balance: str | None, where: str
) -> dict[str, NDArray[np.floating]]:
    """Return X_i = (Y_i / W_i) / sum (Y_j / W_j).

    balance: the species that makes up the rest when not all are given.
    Raises InputError when one is not within 0..1, or they do not sum to 1 and no balance is named.
    """
    for name, y in masses.items():
        wrong = ~((y >= -ROUNDING) & (y <= 1 + SUM_TOLERANCE))
        first_bad(f"{where}: mass_fraction/{name}", y, wrong, "within 0..1", "check the unit (percent? ppm?)")
    full = {name: np.maximum(y, 0.0, dtype=np.float64) for name, y in masses.items()}
    total = np.asarray(sum(full.values()))
    if balance is not None:
        over = total > 1 + SUM_TOLERANCE
        first_bad(f"{where}: sum of mass fractions", total, over, "at most 1", "check the units")
        full[balance] = full.get(balance, 0.0) + np.maximum(1.0 - total, 0.0)
    elif np.abs(total - 1.0).max() > SUM_TOLERANCE:
        raise InputError(
            f"{where}: mass fractions of {', '.join(masses)} sum to {total.min():.4g}..{total.max():.4g}; "
            'mole fractions need all species: add the others, or say what is the rest: balance = "N2"'
        )
    moles = {name: y / molar_mass(name) for name, y in full.items()}
    all_moles = sum(moles.values())
    return {name: (moles[name] / all_moles).astype(y.dtype) for name, y in masses.items()}
