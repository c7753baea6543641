"""Response curves of detectors from CSV."""

from __future__ import annotations

import re
from pathlib import Path

from .. import checks
from ..errors import InputError
from ..media.response import Response
from ..units import known_unit, to_si

HEADER = re.compile(r"^\s*(?P<name>[^\[\(]*?)\s*[\[\(](?P<unit>[^\]\)]*)[\]\)]\s*$")
"""A column's name with its unit in brackets."""
EXPECTED = "expected two columns under a header with units, as in: wavelength [um], response [1]"


def read_response(path: str | Path, name: str | None = None) -> Response:
    """Return the response in a CSV file: a header with units, then a row for each point; # begins a comment.

    The first column is the wavelength (in m, um, nm, ...), the second the response (in 1 or %).
    name: for summaries; None takes the file's name

    Raises InputError that names file and line when the file cannot be read, on a missing or unknown unit, on what is
    not a number, and on what is no response.
    """
    path = checks.path("path", path)
    lines = _lines(path)
    if not lines:
        raise InputError(f"{path}: is empty; {EXPECTED}")
    (number, header), rows = lines[0], lines[1:]
    units = _units(path, number, header)
    values = [[_number(path, n, cell) for cell in _two(path, n, row)] for n, row in rows]
    columns = list(zip(*values, strict=True)) or [(), ()]
    wavelength = to_si(columns[0], units[0], "length", f"{path}: wavelength")
    value = to_si(columns[1], units[1], "fraction", f"{path}: response")
    try:
        return Response(wavelength, value, path.stem if name is None else name)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Cells of the lines that hold something, with their numbers."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected the CSV of a response curve") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error}); {EXPECTED}") from None
    plain = ((n, line.partition("#")[0].strip()) for n, line in enumerate(text.splitlines(), 1))
    return [(n, re.split(r"\s*[,;\t]\s*", line)) for n, line in plain if line]


def _units(path: Path, number: int, header: list[str]) -> list[str]:
    """The units of both columns."""
    cells = _two(path, number, header)
    units = []
    for cell, what, kind in zip(cells, ("wavelength", "response"), ("length", "fraction"), strict=True):
        found = HEADER.match(cell)
        where = f"{path}, line {number}: {what} ('{cell}' in the header; write the unit in brackets)"
        units.append(known_unit(found["unit"] if found else "", kind, where))
    return units


def _two(path: Path, number: int, cells: list[str]) -> list[str]:
    if len(cells) != 2:
        raise InputError(f"{path}, line {number}: found {len(cells)} column(s); {EXPECTED}")
    return cells


def _number(path: Path, line: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{path}, line {line}: found '{text}'; expected a number") from None
