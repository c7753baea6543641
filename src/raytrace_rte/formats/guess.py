"""A guess of the field map of an HDF5 file, as TOML for the user to edit.

What the file does not say is written as "?", which reading a field refuses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import h5py
import numpy as np

from ..units import KINDS, plain
from .hdf5 import attribute, values

NAMES = {
    "temperature": ("temperature", "T", "temp", "tgas", "temperature_k", "gastemperature"),
    "pressure": ("pressure", "p", "pres", "press"),
    "soot_volume_fraction": ("soot_volume_fraction", "fv", "fvsoot", "soot_fv"),
    "absorption_coefficient": ("absorption_coefficient", "kappa", "absorption", "k_abs"),
}
"""Names taken for a quantity, in any case; but "t" is time."""
KIND_OF = {
    "temperature": "temperature",
    "pressure": "pressure",
    "soot_volume_fraction": "fraction",
    "absorption_coefficient": "absorption",
}
SPECIES = ("H2O", "CO2", "CO", "CH4", "N2", "O2", "H2", "OH", "NO", "C2H4", "C2H6", "C3H8", "AR", "Ar", "He")
AXIS = re.compile(r"([xyz])_?(c|f|cent(?:er|re)s?|faces?|edges?|coords?|coordinates?|points?|nodes?)?")
ALONG_ONE_AXIS = ("grid", "position", "distance", "s")
SUMS_TO_ONE = 1e-3


@dataclass(frozen=True)
class Row:
    """One dataset: its range, the count of NaN, and what went wrong when reading it."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    units: str
    low: float
    high: float
    nans: int
    problem: str = ""

    @property
    def leaf(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def group(self) -> str:
        """The path without its last part."""
        return self.path.rpartition("/")[0]


def map_text(file: h5py.File, rows: Sequence[Row], name: str) -> str:
    """Return the text of a map for the numeric datasets `rows` of a file called `name`."""
    return "\n".join(_Guess(file, rows).lines(name)) + "\n"


class _Guess:
    def __init__(self, file: h5py.File, rows: Sequence[Row]) -> None:
        self.file, self.rows = file, rows
        self.note = plain(attribute(file, "units"))
        self.temperature = self._temperature()
        self.shape = self.temperature.shape if self.temperature else self._most_common_shape()
        self.group = self.temperature.group if self.temperature else ""
        self.kept, self.order = self._axes()

    def lines(self, name: str) -> Iterator[str]:
        yield f'# Field map of {name}: a guess. Check every line; replace each "?".'
        yield "# Keys and units accepted: docs/formats.md."
        if self.note:
            yield f"# The file says of its units: {' '.join(self.note.split())}"
        yield from ("", *self._grid())
        for quantity in KIND_OF:
            yield from self._scalar(quantity)
        yield from self._species()

    # quantities

    def _temperature(self) -> Row | None:
        found = [row for row in self.rows if _is_called(row, "temperature")]
        return max(found, key=lambda row: int(np.prod(row.shape)), default=None)

    def _named(self, quantity: str) -> Row | None:
        if quantity == "temperature":
            return self.temperature
        found = [r for r in self.rows if _is_called(r, quantity) and r.shape in (self.shape, ())]
        return min(found, key=lambda row: row.group != self.group, default=None)

    def _most_common_shape(self) -> tuple[int, ...]:
        shapes = [row.shape for row in self.rows if len(row.shape) > 1]
        return max(set(shapes), key=shapes.count) if shapes else ()

    def _scalar(self, quantity: str) -> Iterator[str]:
        row = self._named(quantity)
        if row is not None:
            yield from ("", f"[{quantity}]", *self._quantity(row, KIND_OF[quantity]))
        elif quantity == "temperature":
            yield from ("", "[temperature]", 'dataset = "?"', 'units = "?"')
        elif quantity == "pressure":
            yield from ("", "[pressure]   # not found in the file: one value for all cells")
            yield from ("value = 101325.0", 'units = "?"   # "Pa" if the value is right')

    def _quantity(self, row: Row, kind: str) -> Iterator[str]:
        yield f"dataset = {_quoted(row.path)}"
        yield self._units(row, kind, _likely(kind, row))
        if len(row.shape) > len(self.kept):
            select = ", ".join(":" if i in self.kept else "0" for i in range(len(row.shape)))
            yield f'select = "{select}"   # check: which time or component'

    def _units(self, row: Row, kind: str, likely: str = "") -> str:
        if row.units in KINDS[kind]:
            return f"units = {_quoted(row.units)}"
        if not row.units and (noted := self._noted(row.leaf, kind)):
            return f"units = {_quoted(noted)}   # from the file's note on units: check"
        seen = f"the file says {_quoted(row.units)}" if row.units else "the file does not say"
        return f'units = "?"   # {seen}{likely}'

    def _noted(self, name: str, kind: str) -> str | None:
        """The unit that the root attribute `units` gives a name, as in "T K, p Pa, dx and origin m"."""
        for part in re.split(r"[,;]", self.note):
            *names, unit = re.split(r"[\s:=\[\]()]+", part.strip(" \t[]()")) or [""]
            if name in names and unit in KINDS[kind]:
                return unit
        return None

    # the grid

    def _axes(self) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Which axes of the arrays lie in space, and which of x, y, z they are."""
        labels = self._labels()
        if labels:
            return tuple(labels), tuple(labels.values())
        kept = tuple(range(len(self.shape)))[-3:] or (0,)
        orders = list(permutations("xyz", len(kept)))
        orders.sort(key=lambda o: (o != tuple(sorted(o)), list(o) != sorted(o, reverse=True)))
        fits = (o for o in orders if all(self._coordinate(a, i, o) for a, i in zip(o, kept, strict=True)))
        return kept, next(fits, orders[0])

    def _labels(self) -> dict[int, str]:
        """Axis of the array -> x, y or z, where dimension scales (netCDF) or labels name them all apart."""
        found: dict[int, str] = {}
        if self.temperature is None:
            return found
        for i, dim in enumerate(self.file[self.temperature.path].dims):
            name = dim.label or (dim[0].name if len(dim) else "")
            match = AXIS.fullmatch(name.rpartition("/")[2].lower())
            if match:
                found[i] = match[1]
        return found if len(set(found.values())) == len(found) else {}

    def _coordinate(self, axis: str, dim: int, order: tuple[str, ...]) -> Row | None:
        n = self.shape[dim] if self.shape else -1

        def fits(row: Row) -> bool:
            match = AXIS.fullmatch(row.leaf.lower())
            named = match[1] == axis if match else len(order) == 1 and row.leaf.lower() in ALONG_ONE_AXIS
            return named and row.shape in ((n,), (n + 1,)) and row is not self.temperature

        found = [row for row in self.rows if fits(row)]
        return min(found, key=lambda row: (row.group != self.group, row.shape != (n + 1,)), default=None)

    def _grid(self) -> Iterator[str]:
        yield "[grid]"
        sure = "from the file's dimension scales" if self._labels() else "check"
        yield f"axis_order = {json.dumps(list(self.order))}   # of the arrays, slowest first: {sure}"
        found = {a: self._coordinate(a, i, self.order) for a, i in zip(self.order, self.kept, strict=True)}
        rows = {axis: row for axis, row in found.items() if row is not None}
        if len(rows) < len(self.order):
            yield from self._uniform()
            return
        yield self._location(rows)
        for axis in sorted(rows):
            row = rows[axis]
            units, _, comment = self._units(row, "length").partition("   # ")
            yield f"{axis} = {{ dataset = {_quoted(row.path)}, {units} }}" + f"   # {comment}" * bool(comment)

    def _location(self, rows: dict[str, Row]) -> str:
        dims = dict(zip(self.order, self.kept, strict=True))
        if any(row.shape[0] == self.shape[dims[axis]] + 1 for axis, row in rows.items()):
            return 'location = "cell"   # as there are cell faces'
        centres = all(AXIS.fullmatch(r.leaf.lower()) and re.search("c(ent|$)", r.leaf) for r in rows.values())
        return f'location = "{"cell" if centres else "point"}"   # cell or point: check'

    def _uniform(self) -> Iterator[str]:
        count = len(self.order)
        yield 'location = "cell"   # cell or point: check'
        spacing = self._numbers(("spacing", "dx", "delta"), count)
        if count > 1 and all(key in self._attributes() for key in ("dx", "dy", "dz")[:count]):
            spacing = [float(self._attributes()[key]) for key in ("dx", "dy", "dz")[:count]]
        for key, numbers in (
            ("origin", self._numbers(("origin", "lower", "corner"), count)),
            ("spacing", spacing),
        ):
            yield f"{key} = {numbers or [0.0] * count}" + ("" if numbers else "   # unknown: fill in")
        unit = next((u for k in ("origin", "dx", "spacing") if (u := self._noted(k, "length"))), "?")
        yield f'units = "{unit}"   # of origin and spacing: check'

    def _attributes(self) -> dict[str, Any]:
        """Attributes of the root, and of the temperature's group above them."""
        found: dict[str, Any] = {}
        for group in (self.file, self.file[self.group or "/"]):
            found |= {key: attribute(group, key) for key in group.attrs}
        return {k: v for k, v in found.items() if np.asarray(v).dtype.kind in "fiu"}

    def _numbers(self, keys: tuple[str, ...], count: int) -> list[float] | None:
        for key in keys:
            value = np.ravel(self._attributes().get(key, []))
            if value.size in (1, count):
                return [float(v) for v in np.broadcast_to(value, count)]
        return None

    # species

    def _species(self) -> Iterator[str]:
        arrays = list(self._columns())
        if arrays:
            yield from arrays
            return
        moles, masses = self._single("X", "mol"), self._single("Y", "mass")
        kind, chosen = ("mole_fraction", moles) if moles else ("mass_fraction", masses)
        if not chosen:
            kind, chosen = "mass_fraction", {r.leaf: r for r in self._alike() if r.leaf in SPECIES}
            if chosen:
                yield from ("", "# The file does not say whether these are mass or mole fractions: check.")
        known = self._sum_to_one(list(chosen.values()))
        for name, row in chosen.items():
            yield from ("", f"[{kind}.{_key(name)}]")
            for line in self._quantity(row, "fraction"):
                yield 'units = "1"   # as they sum to 1' if known and line.startswith('units = "?"') else line

    def _alike(self) -> Iterator[Row]:
        return (row for row in self.rows if row.shape == self.shape)

    def _single(self, letter: str, word: str) -> dict[str, Row]:
        """Species with a dataset each, called X_CO2 (Y_CO2) or in a group mole_fraction (mass_...)."""
        found: dict[str, Row] = {}
        for row in self._alike():
            match = re.fullmatch(rf"{letter}[_-]?(\w+)", row.leaf)
            if match and match[1] in SPECIES:
                found[match[1]] = row
            elif row.leaf in SPECIES and word in row.group.lower():
                found[row.leaf] = row
        return found

    def _sum_to_one(self, rows: list[Row]) -> bool:
        """Whether these (one array: its columns) sum to 1 in some planes, which tells the unit."""
        n = self.shape[0] if self.shape else 0
        if not rows or not n or any(row.problem for row in rows):
            return False
        for i in {0, n // 2, n - 1}:
            planes = [values(self.file[row.path], i) for row in rows]
            total = planes[0].sum(axis=-1) if len(rows[0].shape) > len(self.shape) else sum(planes)
            if not np.abs(total - 1.0).max() < SUMS_TO_ONE:
                return False
        return True

    def _columns(self) -> Iterator[str]:
        """All species in one array, as Cantera writes them, named by the group's attribute `components`."""
        for row in self.rows:
            if row.leaf not in ("X", "Y") or row.shape[:-1] != self.shape or row.group != self.group:
                continue
            names = self._column_names(row)
            if len(names) != row.shape[-1]:
                yield f"# {row.path} holds {row.shape[-1]} columns, but {len(names)} species names were found"
                continue
            known = self._sum_to_one([row])
            kind = "mole_fraction" if row.leaf == "X" else "mass_fraction"
            for column, species in enumerate(names):
                select = ", ".join([":"] * len(self.shape) + [str(column)])
                yield from ("", f"[{kind}.{_key(species)}]", f"dataset = {_quoted(row.path)}")
                yield f'select = "{select}"'
                yield 'units = "1"   # as they sum to 1' if known else self._units(row, "fraction")

    def _column_names(self, row: Row) -> list[str]:
        listed = attribute(self.file[row.group or "/"], "components")
        names = [plain(name) for name in np.ravel([] if listed is None else listed)]
        others = {r.leaf for r in self.rows if r.group == row.group}
        return [name for name in names if name not in others]


def _is_called(row: Row, quantity: str) -> bool:
    return row.leaf != "t" and row.leaf.lower() in (name.lower() for name in NAMES[quantity])


def _likely(kind: str, row: Row) -> str:
    if kind == "temperature":
        return f"; looks like {'degC' if row.low < 200 else 'K'}"
    if kind == "pressure":
        return f"; looks like {'Pa' if row.high > 5e3 else 'atm or bar'}"
    return f"; looks like {'1/m' if kind == 'absorption' else '1 or %'}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
