"""What is in any HDF5 file, and a guess of its field map."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ..units import KINDS
from .hdf5 import opened
from .native import is_native

CHUNK = 1 << 22
"""Numbers read at a time when looking for a dataset's range."""


@dataclass(frozen=True)
class Row:
    """One dataset."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    units: str
    low: float
    high: float
    nans: int


@dataclass(frozen=True)
class Inspection:
    """What was found; map_text is a field map to edit."""

    path: Path
    native: bool
    rows: list[Row]
    attributes: dict[str, str]
    map_text: str

    def __str__(self) -> str:
        head = f"{self.path}: {'a native field' if self.native else 'HDF5, not a native field'}"
        table = [("dataset", "shape", "type", "units", "least", "greatest", "NaN")]
        for r in self.rows:
            shape = " x ".join(map(str, r.shape)) or "one number"
            table.append((r.path, shape, r.dtype, r.units, f"{r.low:.6g}", f"{r.high:.6g}", str(r.nans)))
        width = [max(len(row[i]) for row in table) for i in range(7)]
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(row, width, strict=True)).rstrip() for row in table
        ]
        notes = [f"  {name} = {value}" for name, value in self.attributes.items()]
        return "\n".join([head, *lines, *(["attributes", *notes] if notes else [])])


def inspect(path: str | Path) -> Inspection:
    """List the datasets and attributes of an HDF5 file and guess how it would be read.

    Raises InputError when the file cannot be opened.
    """
    path = Path(path)
    with opened(path) as file:
        rows = [_row(name, dataset) for name, dataset in _datasets(file)]
        attributes = dict(_attributes(file))
        guess = _Guess(file, [r for r in rows if r.dtype.startswith(("f", "i", "u"))])
        return Inspection(path, is_native(file), rows, attributes, guess.text(path.name))


def _datasets(file: h5py.File) -> list[tuple[str, h5py.Dataset]]:
    found: list[tuple[str, h5py.Dataset]] = []
    file.visititems(lambda name, item: found.append((name, item)) if isinstance(item, h5py.Dataset) else None)
    return found


def _attributes(file: h5py.File) -> Iterator[tuple[str, str]]:
    groups: list[tuple[str, Any]] = [("/", file)]
    file.visititems(lambda name, item: groups.append((name, item)) if isinstance(item, h5py.Group) else None)
    for name, group in groups:
        for key, value in group.attrs.items():
            text = " ".join(str(value).split())
            yield f"{name.rstrip('/')}/{key}", text if len(text) <= 200 else text[:197] + "..."


def _row(name: str, dataset: h5py.Dataset) -> Row:
    low, high, nans = np.nan, np.nan, 0
    if dataset.dtype.kind in "fiu" and dataset.size:
        low, high = np.inf, -np.inf
        for piece in _pieces(dataset):
            bad = np.isnan(piece)
            nans += int(bad.sum())
            if not bad.all():
                low, high = min(low, float(np.nanmin(piece))), max(high, float(np.nanmax(piece)))
    return Row(
        name, dataset.shape, str(dataset.dtype), _text(dataset.attrs.get("units", "")), low, high, nans
    )


def _pieces(dataset: h5py.Dataset) -> Iterator[NDArray[Any]]:
    if dataset.ndim == 0:
        yield np.asarray(dataset[()])
        return
    step = max(1, CHUNK // max(1, int(np.prod(dataset.shape[1:]))))
    for first in range(0, dataset.shape[0], step):
        yield dataset[first : first + step]


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


NAMES = {
    "temperature": ("temperature", "temp", "t", "tgas", "temperature_k"),
    "pressure": ("pressure", "p", "pres", "press"),
    "soot_volume_fraction": ("soot_volume_fraction", "fv", "fvsoot", "soot_fv"),
    "absorption_coefficient": ("absorption_coefficient", "kappa", "absorption", "k_abs"),
}
KIND_OF = {
    "temperature": "temperature",
    "pressure": "pressure",
    "soot_volume_fraction": "fraction",
    "absorption_coefficient": "absorption",
}
SPECIES = ("H2O", "CO2", "CO", "CH4", "N2", "O2", "H2", "OH", "NO", "C2H4", "C2H6", "C3H8", "AR", "Ar", "He")


class _Guess:
    """Puts together the text of a map; what it cannot know it writes as "?", which reading refuses."""

    def __init__(self, file: h5py.File, rows: list[Row]) -> None:
        self.file, self.rows = file, rows
        self.temperature = self._named("temperature")
        self.shape = self.temperature.shape if self.temperature else self._most_common_shape()
        self.folder = self.temperature.path.rpartition("/")[0] if self.temperature else ""

    def text(self, name: str) -> str:
        lines = [f'# Field map of {name}: a guess. Check every line; replace each "?".']
        lines += ["# Units accepted: docs/formats.md.", "", *self._grid()]
        for quantity in KIND_OF:
            row = self._named(quantity)
            if row is not None:
                lines += ["", f"[{quantity}]", *self._quantity(row, KIND_OF[quantity])]
            elif quantity == "temperature":
                lines += ["", "[temperature]", 'dataset = "?"', 'units = "?"']
            elif quantity == "pressure":
                lines += [
                    "",
                    "[pressure]   # not found in the file: one value for all cells",
                    "value = 101325.0",
                ]
                lines += ['units = "?"   # "Pa" if the value is right']
        return "\n".join([*lines, *self._species()]) + "\n"

    def _named(self, quantity: str) -> Row | None:
        for alias in NAMES[quantity]:
            for row in self.rows:
                if row.path.rpartition("/")[2].lower() == alias and (
                    quantity == "temperature" or row.shape in (self.shape, ())
                ):
                    return row
        return None

    def _most_common_shape(self) -> tuple[int, ...]:
        shapes = [row.shape for row in self.rows if len(row.shape) > 1]
        return max(set(shapes), key=shapes.count) if shapes else ()

    def _quantity(self, row: Row, kind: str) -> list[str]:
        lines = [f'dataset = "{row.path}"', self._units(row.units, kind, row)]
        if len(row.shape) > 3:
            select = ", ".join(["0"] * (len(row.shape) - 3) + [":"] * 3)
            lines.append(f'select = "{select}"   # check: which time or component')
        return lines

    def _units(self, units: str, kind: str, row: Row | None = None) -> str:
        if units in KINDS[kind]:
            return f'units = "{units}"'
        seen = f"the file says '{units}'" if units else "the file does not say"
        likely = f"; looks like {self._likely(kind, row)}" if row is not None else ""
        return f'units = "?"   # {seen}{likely}'

    @staticmethod
    def _likely(kind: str, row: Row) -> str:
        if kind == "temperature":
            return "degC" if row.low < 200 else "K"
        if kind == "pressure":
            return "Pa" if row.high > 5e3 else "atm or bar"
        return "1/m" if kind == "absorption" else "1"

    def _grid(self) -> list[str]:
        order = list("xyz")[: min(len(self.shape), 3)] or ["x"]
        lines = ["[grid]", f"axis_order = {_toml(order)}   # of the arrays, slowest first: check"]
        sizes = dict(zip(order, self.shape[-len(order) :], strict=False))
        found = {axis: self._coordinate(axis, n) for axis, n in sizes.items()}
        if found and all(found.values()):
            points = all(row is not None and row.shape[0] == sizes[axis] for axis, row in found.items())
            lines.append(_location("point" if points else "cell"))
            for axis, row in found.items():
                assert row is not None
                units, _, comment = self._units(row.units, "length").partition("   # ")
                lines.append(
                    f'{axis} = {{ dataset = "{row.path}", {units} }}' + (f"   # {comment}" * bool(comment))
                )
            return lines
        origin, spacing = self._attribute("origin", len(order)), self._attribute("spacing", len(order))
        units = "m" if re.search(r"\b(dx|origin|x|length)\b[^,;]*\bm\b", self._root_units()) else "?"
        lines.append(_location("cell"))
        lines.append(
            f"origin = {_toml(origin or [0.0] * len(order))}" + ("" if origin else "   # unknown: fill in")
        )
        lines.append(
            f"spacing = {_toml(spacing or [0.0] * len(order))}" + ("" if spacing else "   # unknown: fill in")
        )
        lines.append(f'units = "{units}"   # of origin and spacing: check')
        return lines

    def _coordinate(self, axis: str, n: int) -> Row | None:
        aliases = (
            axis,
            f"{axis}_faces",
            f"{axis}f",
            f"{axis}c",
            f"{axis}_centers",
            f"{axis}_centres",
            "grid",
        )
        rows = [row for row in self.rows if row.shape in ((n,), (n + 1,))]
        for row in rows:
            if row.path.rpartition("/")[2].lower() in aliases:
                return row
        return None

    def _attribute(self, name: str, count: int) -> list[float] | None:
        for key in {"origin": ("origin", "lower", "corner"), "spacing": ("spacing", "dx", "delta")}[name]:
            if key in self.file.attrs:
                values = np.atleast_1d(np.asarray(self.file.attrs[key]))
                if values.dtype.kind in "fiu" and values.size in (1, count):
                    return [float(v) for v in np.broadcast_to(values, count)]
        return None

    def _root_units(self) -> str:
        return _text(self.file.attrs.get("units", ""))

    def _species(self) -> list[str]:
        moles, masses = dict(self._single("X")), dict(self._single("Y"))
        lines = list(self._columns())
        chosen, kind = (moles, "mole_fraction") if moles else (masses, "mass_fraction")
        for name, row in chosen.items():
            lines += [
                "",
                f"[{kind}.{name}]",
                f'dataset = "{row.path}"',
                self._units(row.units, "fraction", row),
            ]
        return lines

    def _single(self, letter: str) -> Iterator[tuple[str, Row]]:
        """Species with a dataset each: X_CO2, Y_CO2, or a bare CO2, which may be either."""
        for row in self.rows:
            leaf = row.path.rpartition("/")[2]
            match = re.fullmatch(rf"{letter}[_-]?(\w+)", leaf)
            if row.shape == self.shape and match and match[1] in SPECIES:
                yield match[1], row
            elif row.shape == self.shape and letter == "Y" and leaf in SPECIES:
                yield leaf, row

    def _columns(self) -> Iterable[str]:
        """All species in one array, as Cantera writes them, named by the group's attribute `components`."""
        for row in self.rows:
            group, _, leaf = row.path.rpartition("/")
            if leaf not in ("X", "Y") or row.shape[:-1] != self.shape or group != self.folder:
                continue
            names = [_text(n) for n in np.atleast_1d(self.file[group or "/"].attrs.get("components", []))]
            taken = {r.path.rpartition("/")[2] for r in self.rows if r.path.rpartition("/")[0] == group}
            names = [n for n in names if n not in taken]
            if len(names) != row.shape[-1]:
                yield f"# {row.path} holds {row.shape[-1]} columns, but {len(names)} species names were found"
                continue
            kind = "mole_fraction" if leaf == "X" else "mass_fraction"
            for column, species in enumerate(names):
                select = ", ".join([":"] * len(self.shape) + [str(column)])
                yield ""
                yield f"[{kind}.{_key(species)}]"
                yield f'dataset = "{row.path}"'
                yield f'select = "{select}"'
                yield self._units(row.units, "fraction", row)


def _location(guess: str) -> str:
    return f'location = "{guess}"   # cell or point: check'


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'


def _toml(values: list[Any]) -> str:
    return "[" + ", ".join(f'"{v}"' if isinstance(v, str) else repr(float(v)) for v in values) + "]"
