"""Columns of numbers out of the three kinds of file that Cantera writes."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...units import plain
from ..hdf5 import SIGNATURE, attribute, values
from ..hdf5 import opened as opened_hdf5
from ..source import printable
from .probe import head, package

STATE = ("T", "D", "P")
"""Components after which species follow."""
FLOW = ("grid", "velocity", "spreadRate", "Lambda", "eField", "Uo", "radiative-heat-loss", *STATE)
"""Components of flames that are no species."""
HEADINGS = {"z": "grid", "flame_z": "grid", "rho": "D", "density": "D", "u": "velocity", "V": "spreadRate"}
"""Headings of CSV files of older versions -> component."""
SIGNATURE_OF_CSV = {"T", "D"}
"""Columns that, together with species as Y_CO2 or X_CO2, only Cantera writes so."""
SUMS_TO_ONE = 1e-3
NUMBERS = {".nan": "nan", ".NaN": "nan", ".inf": "inf", "-.inf": "-inf"}
"""Spelling of YAML -> of Python."""


@dataclass(frozen=True)
class Domain:
    """One part of a file, all columns of the same length.

    columns: component -> values; fractions: species -> values, by mass (basis "Y") or by mole ("X")
    units: component -> unit that the file states; si: whether the others are in SI, as all that Cantera writes
    """

    columns: Mapping[str, NDArray[np.float64]]
    fractions: Mapping[str, NDArray[np.float64]]
    basis: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    units: Mapping[str, str] = field(default_factory=dict)
    si: bool = True


def form_of(path: Path) -> Callable[[Path], dict[str, Domain]] | None:
    """Return what reads the domains of this kind of file by their names; None for files of others."""
    start = head(path, 4096)
    if start.startswith(SIGNATURE):
        return from_hdf5 if _made_by_cantera(path) else None
    if re.search(rb"^\s+generator: Cantera SolutionArray\s*$", start, re.MULTILINE):
        return from_yaml
    line = start.partition(b"\n")[0].decode("utf-8-sig", errors="replace")
    try:
        names = next(csv.reader([line]), [])
    except csv.Error:
        return None
    columns = {_heading(name)[0] for name in names}
    return from_csv if {"grid", "T"} <= columns or ("T" in columns and _prefixed(columns)) else None


# HDF5


def _made_by_cantera(path: Path) -> bool:
    try:
        with h5py.File(path, "r") as file:
            return any(plain(group.attrs.get("generator")).startswith("Cantera") for group in _groups(file))
    except (OSError, RuntimeError, KeyError, TypeError, ValueError):
        return False


def _groups(above: h5py.Group) -> Iterator[h5py.Group]:
    """Yield the groups in a group that lie in the file itself."""
    for name in above:
        if above.get(name, getclass=True, getlink=True) is h5py.HardLink:
            item = above[name]
            if isinstance(item, h5py.Group):
                yield item


def from_hdf5(path: Path) -> dict[str, Domain]:
    """Return the domains of a file of `save`; raise InputError when it cannot be read."""
    with opened_hdf5(path) as file:
        parts = [part for entry in _groups(file) for part in _groups(entry) if "components" in part.attrs]
        return {part.name.strip("/"): _group(part) for part in parts if "api-shape" not in part.attrs}


def _group(group: h5py.Group) -> Domain:
    where = f"{group.file.filename}: group '{group.name}'"
    listed = [plain(name) for name in np.ravel(attribute(group, "components"))]
    kept = [name for name in group if group.get(name, getlink=True, getclass=True) is h5py.HardLink]
    found = {name: group[name] for name in kept if isinstance(group[name], h5py.Dataset)}
    columns = {name: values(data) for name, data in found.items() if name in listed and data.ndim == 1}
    species = [name for name in listed if name not in found]
    basis = next((name for name in ("Y", "X") if name in found), "")
    table = values(found[basis]) if basis else np.empty((0, 0))
    if table.ndim != 2 or (basis and table.shape[1] != len(species)):
        raise InputError(
            f"{where}: {basis} has shape {table.shape}; expected (points, {len(species)}), a column for each name "
            "in the attribute 'components' that is no dataset; save the flame again"
        )
    fractions = {name: np.ascontiguousarray(table[:, i]) for i, name in enumerate(species)} if basis else {}
    columns |= {basis: table} if basis else {}  # as a field map may name it, with a column selected
    facts = {key: attribute(group, key) for key in ("type", "transport-model") if key in group.attrs}
    return _checked(Domain(columns, fractions, basis, facts), where)


def _checked(domain: Domain, where: str) -> Domain:
    """Return the domain; raise InputError where its columns are not numbers of one length."""
    sizes = {name: a.shape[:1] for name, a in (*domain.columns.items(), *domain.fractions.items())}
    if len(set(sizes.values())) > 1 or any(a.dtype.kind not in "fiu" for a in domain.columns.values()):
        raise InputError(f"{where}: components have shapes {sizes}; expected numbers, as many of each")
    return domain


# YAML


def from_yaml(path: Path) -> dict[str, Domain]:
    """Return the domains of a file of `save`; raise InputError when it cannot be read."""
    yaml = package("yaml", "cantera", f"{path}: reading YAML")
    # The loader that makes text of everything: to others the species NO means "false".
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        tree = yaml.load(path.read_bytes(), loader)
    except (OSError, yaml.YAMLError, RecursionError, ValueError) as error:
        text = printable(" ".join(str(error).split()))
        raise InputError(f"{path}: is not readable YAML: {text[:300]}; save the flame again") from None
    found = {}
    for entry, parts in tree.items() if isinstance(tree, dict) else ():
        for name, block in parts.items() if isinstance(parts, dict) else ():
            if isinstance(block, dict) and isinstance(block.get("components"), list):
                where = printable(f"{entry}/{name}")
                found[where] = _block(block, f"{path}: '{where}'")
    return found


def _block(block: Mapping[str, Any], where: str) -> Domain:
    components = [name for name in block["components"] if isinstance(name, str)]
    columns = {name: _numbers(block[name], f"{where}: {name}") for name in components if name in block}
    species = _species_among(components, columns)
    total = sum((columns[name] for name in species), np.zeros(1))
    if species and not np.abs(total - 1).max() < SUMS_TO_ONE:
        raise InputError(
            f"{where}: {species[0]} to {species[-1]} sum to {np.min(total):.4g}..{np.max(total):.4g}, so they are "
            "not just the species; save the flame as HDF5, which tells species from other components"
        )
    basis = {"mass": "Y", "mole": "X"}.get(block.get("basis", ""), "Y")
    fractions = {name: columns.pop(name) for name in species}
    return _checked(Domain(columns, fractions, basis if fractions else ""), where)


def _species_among(components: Sequence[str], columns: Mapping[str, NDArray[np.float64]]) -> list[str]:
    """Return the components that are species: the formulas that follow T, D and P."""
    last = max((components.index(name) for name in STATE if name in components), default=len(components))
    found = []
    for name in components[last + 1 :]:
        if name in FLOW or name not in columns:
            break
        found.append(name)
    return found


def _numbers(items: Any, where: str) -> NDArray[np.float64]:
    if not isinstance(items, list):
        items = [items]
    try:
        return np.array([float(NUMBERS.get(item, item)) for item in items])
    except (TypeError, ValueError):
        raise InputError(f"{where}: expected a list of numbers; save the flame again") from None


# CSV


def from_csv(path: Path) -> dict[str, Domain]:
    """Return the one domain of a CSV file, under the name ""; raise InputError when it cannot be read."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            names = next(csv.reader(file))
            rows = list(csv.reader(file))
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        reason = printable(" ".join(str(error).split()))[:200]
        raise InputError(
            f"{path}: expected a heading and rows of as many numbers, between commas ({reason})"
        ) from None
    headings = [_heading(name) for name in names]
    columns = {key: np.ascontiguousarray(a) for (key, _), a in zip(headings, table.T, strict=True)}
    if len(columns) < len(headings):
        twice = next(key for i, (key, _) in enumerate(headings) if key in dict(headings[:i]))
        raise InputError(f"{path}: has two columns '{printable(twice)}'; remove one")
    basis = _prefixed(columns)
    si = bool(basis) and columns.keys() >= SIGNATURE_OF_CSV
    notes = (
        [] if basis else ["Species have no prefix X_ or Y_, so whether they are by mole or mass is not said."]
    )
    if si:
        notes.append("A CSV file states no units: columns that are named as Cantera's are taken to be in SI.")
    names = [name for name in columns if basis and name.startswith(f"{basis}_")]
    fractions = {name[2:]: columns.pop(name) for name in names}
    return {
        "": Domain(columns, fractions, basis, {}, notes, {key: unit for key, unit in headings if unit}, si)
    }


def _heading(text: str) -> tuple[str, str]:
    """Return component and unit of a heading, as "T (K)" of older versions."""
    name, _, unit = text.strip().partition(" (")
    return HEADINGS.get(name, name), unit.rstrip(")").replace("kg/m^3", "kg/m3")


def _prefixed(columns: Any) -> str:
    """Return the prefix of species, "Y" before "X" where there are both, as Y has all of them; "" for none."""
    return next((basis for basis in "YX" if any(name.startswith(f"{basis}_") for name in columns)), "")
