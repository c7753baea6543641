"""What is in any file: shapes, units, ranges and attributes, and a guess of the field map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .guess import Guess
from .ranges import Range, range_of
from .readers import opened
from .source import Array, Moment, Source, printable

LONGEST = 200
"""Attributes are cut to this many characters."""
NATIVE = "a native field"


@dataclass(frozen=True)
class Row:
    """One array, and the range of its numbers."""

    array: Array
    range: Range


@dataclass(frozen=True)
class Inspection:
    """What was found; map_text is a field map to edit."""

    path: Path
    format: str
    rows: list[Row]
    attributes: dict[str, str]
    map_text: str
    unclear: list[str]

    @property
    def native(self) -> bool:
        """Whether it is a native field, which needs no map."""
        return self.format == NATIVE

    def __str__(self) -> str:
        head = f"{self.path}: {self.format}{'' if self.native else ', not a native field'}"
        titles = ("dataset", "shape", "type", "units", "least", "greatest", "NaN", "")
        table = [titles, *(_cells(row) for row in self.rows)]
        width = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(line, width, strict=True)).rstrip() for line in table
        ]
        notes = [f"  {name} = {value}" for name, value in self.attributes.items()]
        return "\n".join([head, *lines, *(["attributes", *notes] if notes else [])])


def inspect(path: str | Path, time: Moment = None) -> Inspection:
    """List the arrays and attributes of a file and guess how it would be read.

    An array or attribute that cannot be decoded is listed as such. Ranges are read piece by piece, so that
    files larger than memory can be inspected. Raises InputError when the file cannot be opened.
    """
    path = Path(path)
    with opened(path, time) as source:
        rows = [Row(a, range_of(a)) for a in source.arrays.values()]
        known = {row.array.name: row.range for row in rows}
        guess = Guess(source, lambda array: known[array.name])
        return Inspection(path, source.format, rows, dict(_attributes(source)), guess.text, guess.unclear)


def _cells(row: Row) -> tuple[str, ...]:
    array, found = row.array, row.range
    shape = " x ".join(map(str, array.shape)) or "one number"
    numbers = f"{found.low:.6g}", f"{found.high:.6g}", str(found.nans)
    return (
        printable(array.name), shape, array.dtype.name, printable(array.units), *numbers, printable(found.problem),
    )  # fmt: skip


def _attributes(source: Source) -> Iterator[tuple[str, str]]:
    for name, value in source.attributes.items():
        with np.printoptions(threshold=20):
            text = printable(" ".join(str(value).split()))
        shown = name if "/" in name else f"/{name}"
        yield printable(shown), text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
