"""What is in any HDF5 file: shapes, units, ranges and attributes, and a guess of the field map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..units import plain
from .guess import Row, map_text
from .hdf5 import attribute, datasets, opened, values
from .native import is_native

CHUNK = 1 << 22
"""Numbers read at a time when looking for a dataset's range: 32 MiB of doubles."""
LONGEST = 200
"""Attributes are cut to this many characters."""


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
        titles = ("dataset", "shape", "type", "units", "least", "greatest", "NaN", "")
        table = [titles, *(_cells(row) for row in self.rows)]
        width = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(line, width, strict=True)).rstrip() for line in table
        ]
        notes = [f"  {name} = {value}" for name, value in self.attributes.items()]
        return "\n".join([head, *lines, *(["attributes", *notes] if notes else [])])


def inspect(path: str | Path) -> Inspection:
    """List the datasets and attributes of an HDF5 file and guess how it would be read.

    A dataset or attribute that cannot be decoded is listed as such. Ranges are read piece by piece, so that
    files larger than memory can be inspected. Raises InputError when the file cannot be opened.
    """
    path = Path(path)
    with opened(path) as file:
        rows = [_row(name, file[name]) for name in datasets(file)]
        text = map_text(file, [r for r in rows if r.dtype.startswith(("float", "int", "uint"))], path.name)
        return Inspection(path, is_native(file), rows, dict(_attributes(file)), text)


def _cells(row: Row) -> tuple[str, ...]:
    shape = " x ".join(map(str, row.shape)) or "one number"
    numbers = f"{row.low:.6g}", f"{row.high:.6g}", str(row.nans)
    return row.path, shape, row.dtype, row.units, *numbers, row.problem


def _row(name: str, dataset: h5py.Dataset) -> Row:
    try:
        shape, dtype = dataset.shape or (), dataset.dtype
        units = plain(attribute(dataset, "units"))
    except (InputError, TypeError, ValueError) as error:
        return Row(name, (), "?", "", np.nan, np.nan, 0, str(error))
    low, high, nans, problem = np.nan, np.nan, 0, ""
    if dtype.kind in "fiu" and dataset.size:
        try:
            low, high, nans = _range(dataset)
        except InputError as error:
            problem = str(error).partition(f"'{name}' ")[2]
    return Row(name, shape, dtype.name, units, low, high, nans, problem)


def _range(dataset: h5py.Dataset) -> tuple[float, float, int]:
    low, high, nans = np.inf, -np.inf, 0
    for piece in _pieces(dataset):
        bad = np.isnan(piece)
        nans += int(bad.sum())
        if not bad.all():
            low, high = min(low, float(np.nanmin(piece))), max(high, float(np.nanmax(piece)))
    return (low, high, nans) if low <= high else (np.nan, np.nan, nans)


def _pieces(dataset: h5py.Dataset, lead: tuple[int, ...] = ()) -> Iterator[NDArray[Any]]:
    """Yield the dataset slab by slab, each whole in HDF5's chunks along the axis that is cut."""
    axis, rest = len(lead), dataset.shape[len(lead) :]
    if int(np.prod(rest)) <= CHUNK:
        yield values(dataset, lead)
        return
    inner = int(np.prod(rest[1:]))
    if inner > CHUNK:
        for i in range(rest[0]):
            yield from _pieces(dataset, (*lead, i))
        return
    thickness = dataset.chunks[axis] if dataset.chunks else 1
    step = -(-(CHUNK // inner) // thickness) * thickness
    for first in range(0, rest[0], step):
        yield values(dataset, (*lead, slice(first, first + step)))


def _attributes(file: h5py.File) -> Iterator[tuple[str, str]]:
    groups: list[tuple[str, Any]] = [("", file)]
    file.visititems(
        lambda name, item: groups.append((str(name), item)) if isinstance(item, h5py.Group) else None
    )
    for name, group in groups:
        for key in group.attrs:
            try:
                text = " ".join(str(attribute(group, key)).split())
            except InputError:
                text = "(cannot be decoded)"
            yield f"{name}/{key}", text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
