"""Which arrays of a source are species, and whether mole or mass fractions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import InputError
from ..units import plain
from .names import SPECIES, bare, group, leaf
from .source import Array

SUMS_TO_ONE = 1e-3


@dataclass(frozen=True)
class Species:
    """kind: mole_fraction or mass_fraction; arrays: species -> array and what to select of it ("" for all of it)

    clear: whether the file says that they are of this kind; remarks: on what could not be used
    unknown: names of arrays that may be species, too
    """

    kind: str = "mole_fraction"
    arrays: Mapping[str, tuple[Array, str]] = field(default_factory=dict)
    clear: bool = True
    remarks: Sequence[str] = ()
    unknown: Sequence[str] = ()

    @property
    def whole(self) -> bool:
        """Whether they sum to 1 in some planes, which tells their unit."""
        arrays = list({id(array): array for array, _ in self.arrays.values()}.values())
        n = arrays[0].shape[0] if arrays and arrays[0].shape else 0
        columns = len(arrays) == 1 and len(self.arrays) > 1
        for i in {0, n // 2, n - 1} if n else ():
            try:
                planes = [array.load((i,)) for array in arrays]
            except InputError:
                return False
            total = planes[0].sum(axis=-1) if columns else sum(planes)
            if not np.abs(total - 1.0).max() < SUMS_TO_ONE:
                return False
        return n > 0


def species_of(
    arrays: Sequence[Array],
    alike: Callable[[Array], bool],
    shape: tuple[int, ...],
    above: str,
    attributes: Mapping[str, Any],
) -> Species:
    """Return the species among arrays.

    alike: whether an array is one of all cells; shape, above: of the temperature, and its group; attributes: of
    the source
    """
    among = [a for a in arrays if alike(a)]
    stated = _stated(among)
    if stated is not None:
        return stated
    table = _columns(arrays, shape, above, attributes)
    if table.arrays:
        return table
    for kind, letter, word in (("mole_fraction", "X", "mol"), ("mass_fraction", "Y", "mass")):
        found, unknown = _single(among, letter, word)
        if found:
            return Species(kind, found, unknown=unknown)
    found = {bare(a.name): (a, "") for a in among if bare(a.name) in SPECIES}
    return Species("mass_fraction", found, not found, table.remarks)


def _stated(arrays: Iterable[Array]) -> Species | None:
    """What the format itself says."""
    for kind in ("mole_fraction", "mass_fraction"):
        found = {a.quantity.partition("/")[2]: (a, "") for a in arrays if a.quantity.startswith(f"{kind}/")}
        if found:
            return Species(kind, found)
    return None


def _single(
    arrays: Iterable[Array], letter: str, word: str
) -> tuple[dict[str, tuple[Array, str]], list[str]]:
    """Species with a dataset each, called X_CO2 (Y_CO2) or in a group mole_fraction (mass_...), and unknown ones.

    Only species of which one hears: Y_F and Y_O are often fuel and oxidiser.
    """
    found: dict[str, tuple[Array, str]] = {}
    unknown = []
    for array in arrays:
        name = bare(array.name)
        match = re.fullmatch(rf"{letter}[_-]?(\w+)", name)
        species = match[1] if match else name if word in group(array.name).lower() else ""
        if species in SPECIES:
            found[species] = array, ""
        elif species and (not match or "_" in name or "-" in name):
            unknown.append(array.name)
    return found, unknown


def _columns(
    arrays: Sequence[Array], shape: tuple[int, ...], above: str, attributes: Mapping[str, Any]
) -> Species:
    """All species in one array, as Cantera writes them, named by the group's attribute `components`."""
    remarks: list[str] = []
    for array in arrays:
        if leaf(array.name) not in ("X", "Y") or array.shape[:-1] != shape or group(array.name) != above:
            continue
        listed = attributes.get(f"{above}/components".lstrip("/"), ())
        others = {leaf(a.name) for a in arrays if group(a.name) == above}
        names = [name for name in map(plain, np.ravel(listed)) if name not in others]
        if len(names) != array.shape[-1]:
            remarks.append(
                f"{array.name} holds {array.shape[-1]} columns, but {len(names)} species names were found"
            )
            continue
        whole = ", ".join([":"] * len(shape))
        chosen = {name: (array, f"{whole}, {column}") for column, name in enumerate(names)}
        kind = "mole_fraction" if leaf(array.name) == "X" else "mass_fraction"
        return Species(kind, chosen)
    return Species(remarks=remarks)
