"""Mass fractions to mole fractions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..media.survey import ROUNDING, ends, first_bad, pieces

ATOMIC_MASS = {
    "H": 1.008, "He": 4.002602, "HE": 4.002602, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998403, "Ne": 20.1797,
    "S": 32.06, "Cl": 35.45, "Ar": 39.95, "AR": 39.95, "Br": 79.904, "Kr": 83.798, "I": 126.904, "Xe": 131.29,
}  # fmt: skip
"""[kg/kmol], IUPAC standard atomic weights 2021; AR and HE as combustion mechanisms spell them."""
GAS_CONSTANT = 8314.46261815324
"""[J/(kmol K)], exact in the SI of 2019."""
ELECTRON = 5.485799e-4
"""[kg/kmol], of the species E of mechanisms with ions."""
ISOMER = re.compile(r"[NISTP]-?(?=C([3-9]|[1-9]\d)H)")
"""The n-, iso-, sec-, tert- or primary of a hydrocarbon, as in NC7H16 and IC8H18: no element, without mass."""
PIECE = 1 << 15
"""Cells that are converted in one go: each species has work arrays of them."""
SUM_TOLERANCE = 1e-2
"""Mass fractions of all species given sum to 1 within this; the rest of them is normalised away."""


def molar_mass(species: str) -> float:
    """Return the molar mass [kg/kmol] of a formula such as CH4, C2H5OH, CH2(S), NC7H16 (n-heptane) or E (electron).

    Raises InputError when it holds anything but known elements and counts.
    """
    if species in ("E", "E-", "e-"):
        return ELECTRON
    formula = ISOMER.sub("", species, count=1) if ISOMER.match(species) else species
    formula = re.sub(r"\([A-Z]?[a-z]?\)|[+\-*]", "", formula)  # state labels and charges weigh nothing
    parts = re.findall(r"(AR|HE|[A-Z][a-z]?)(\d*)", formula)
    known = all(element in ATOMIC_MASS for element, _ in parts)
    if not known or not parts or "".join(e + n for e, n in parts) != formula:
        raise InputError(
            f"species '{species}' is not a formula of known elements, so its molar mass is unknown; name it "
            "by its formula, or give mole fractions"
        )
    return sum(ATOMIC_MASS[element] * (int(count) if count else 1) for element, count in parts)


def mean_molar_mass(fractions: Mapping[str, NDArray[np.floating]], by_mass: bool) -> NDArray[np.float64]:
    """Return the molar mass of a mixture [kg/kmol] from the mass (or mole) fractions of all its species.

    It is 1 / sum(Y_i / W_i), or sum(X_i W_i), without regard to what they sum to, as flow solvers take it.
    Raises InputError as `molar_mass` does.
    """
    if by_mass:
        return np.asarray(1.0 / sum(y / molar_mass(name) for name, y in fractions.items()))
    return np.asarray(sum(x * molar_mass(name) for name, x in fractions.items()))


def mole_fractions(
    masses: Mapping[str, NDArray[np.floating]], balance: str | None, where: str
) -> dict[str, NDArray[np.floating]]:
    """Return X_i = (Y_i / W_i) / sum (Y_j / W_j), each in the precision of its Y_i.

    masses: arrays of one shape, or single numbers; balance: the species that makes up the rest when not all
    are given. Raises InputError when one is not within 0..1, or they do not sum to 1 and no balance is named.
    """
    for name, y in masses.items():
        _check_range(f"{where}: mass_fraction/{name}", y)
    shape = np.broadcast_shapes(*(y.shape for y in masses.values()))
    masses = {name: np.ascontiguousarray(np.broadcast_to(y, shape)) for name, y in masses.items()}
    _check_sum(masses, balance, where)
    weights = {name: molar_mass(name) for name in (*masses, *(() if balance is None else (balance,)))}
    moles = {name: np.empty_like(y) for name, y in masses.items()}
    for given, made in zip(_blocks(masses), _blocks(moles), strict=True):
        _convert(given, made, balance, weights)
    return moles


def _check_range(name: str, y: NDArray[np.floating]) -> None:
    low, high = ends(y)
    if not (low >= -ROUNDING and high <= 1 + SUM_TOLERANCE):
        wrong = ~((y >= -ROUNDING) & (y <= 1 + SUM_TOLERANCE))
        first_bad(name, y, wrong, "within 0..1", "check the unit (percent? ppm?)")


def _check_sum(masses: Mapping[str, NDArray[np.floating]], balance: str | None, where: str) -> None:
    """Raise InputError where mass fractions sum to more than 1, or without a balance to less."""
    among = [ends(_total(parts)) for parts in _blocks(masses)]
    low, high = min(low for low, _ in among), max(high for _, high in among)
    if balance is not None and high > 1 + SUM_TOLERANCE:
        total = _total(masses)
        first_bad(
            f"{where}: sum of mass fractions",
            total,
            total > 1 + SUM_TOLERANCE,
            "at most 1",
            "check the units",
        )
    if balance is None and max(1 - low, high - 1) > SUM_TOLERANCE:
        raise InputError(
            f"{where}: mass fractions of {', '.join(masses)} sum to {low:.4g}..{high:.4g}; "
            'mole fractions need all species: add the others, or say what is the rest: balance = "N2"'
        )


def _blocks(arrays: Mapping[str, NDArray[np.floating]]) -> Iterator[dict[str, NDArray[np.floating]]]:
    """Yield arrays of one shape in pieces that stay in a processor's cache, as views."""
    for parts in zip(*(pieces(a, PIECE) for a in arrays.values()), strict=True):
        yield dict(zip(arrays, parts, strict=True))


def _total(masses: Mapping[str, NDArray[np.floating]]) -> NDArray[np.float64]:
    """Return the sum of mass fractions; values below 0 are rounding."""
    return np.asarray(sum(np.maximum(y, 0.0, dtype=np.float64) for y in masses.values()))


def _convert(
    masses: Mapping[str, NDArray[np.floating]],
    moles: Mapping[str, NDArray[np.floating]],
    balance: str | None,
    weights: Mapping[str, float],
) -> None:
    """Fill in the mole fractions of some cells, in float64 until they are known."""
    amounts = {name: np.maximum(y, 0.0, dtype=np.float64) for name, y in masses.items()}
    if balance is not None:
        amounts[balance] = amounts.get(balance, 0.0) + np.maximum(1.0 - sum(amounts.values()), 0.0)
    amounts = {name: amount / weights[name] for name, amount in amounts.items()}
    total = sum(amounts.values())
    for name, X in moles.items():
        X[...] = amounts[name] / total
