"""What is in any file, what it would become, and what it leaves unclear."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..grid import Cartesian
from ..media.field import Field
from ..units import plain
from .guess import Guess
from .masks import Masks, masks
from .moments import Moment, said_of, ways
from .native import read_native
from .onto import Onto, field_onto, placed, words
from .plausible import doubts
from .ranges import Range, range_of
from .readers import opened
from .reading import check, check_moment, field_from
from .source import Array, SeveralParts, Source, printable
from .stated import restated

LONGEST = 200
"""Attributes are cut to this many characters."""
ROWS, ATTRIBUTES = 40, 12
"""Arrays and attributes that are listed where not all are asked for."""
SMALL = 1 << 26
"""Cells of a field that is made to see what it is."""
NATIVE = "a native field"


@dataclass(frozen=True)
class Row:
    """One array, and the range of its numbers."""

    array: Array
    range: Range


@dataclass(frozen=True)
class Inspection:
    """What was found.

    map_text: a field map to edit; unclear: what the file leaves open; becomes: the field that it would be, "" where
    things are open; doubts: what looks odd; times: moments [s]; last: whether it is the last of several that
    is shown, as none was chosen; parts: of a file that holds several, each by its name, and nothing else
    """

    path: Path
    format: str
    rows: list[Row]
    attributes: dict[str, str]
    map_text: str
    unclear: list[str]
    becomes: str = ""
    doubts: list[str] = field(default_factory=list)
    times: Sequence[float] = ()
    last: bool = False
    parts: Mapping[str, Inspection] = field(default_factory=dict)

    @property
    def native(self) -> bool:
        """Whether it is a native field, which needs no map."""
        return self.format == NATIVE

    def __str__(self) -> str:
        return self.text()

    def text(self, all_: bool = False) -> str:
        """Return all of it as one screen of text; all_: list every array and attribute, however many."""
        lines = [f"{self.path}: {self.format}{'' if self.native else ', not a native field'}"]
        for name, part in self.parts.items():
            lines += ["", f'part "{printable(name)}"', *part.text(all_).splitlines()[1:]]
        if self.parts:
            return "\n".join([*lines, "", *self.unclear])
        lines += [] if not self.rows else _table(self.rows, len(self.rows) if all_ else ROWS)
        notes = [f"  {name} = {value}" for name, value in self.attributes.items()]
        lines += ["attributes", *_cut(notes, len(notes) if all_ else ATTRIBUTES)] if notes else []
        chosen = f"; the last is shown: say time = {ways(self.times)}" if self.last else ""
        lines += [f"times          {said_of(self.times)}{chosen}"] if self.times else []
        lines += [f"becomes        {self.becomes}"] if self.becomes else []
        lines += [f"unclear        {question}" for question in self.unclear]
        return "\n".join([*lines, *(f"note           {doubt}" for doubt in self.doubts)])


def inspect(
    path: str | Path,
    time: Moment = None,
    options: Mapping[str, Any] | None = None,
    *,
    units: Mapping[str, str] | None = None,
    location: str | None = None,
    no_data: float | Sequence[float] | None = None,
    valid: str | None = None,
    grid: Cartesian | None = None,
    shape: Sequence[int] | None = None,
    outside: str | None = None,
    radius: str | None = None,
) -> Inspection:
    """List the arrays and attributes of a file and say how it would be read.

    time: which moment of several, as of `read`; the last where it is None.
    The other arguments are those of `read`.
    An array or attribute that cannot be decoded is listed as such. Ranges are read piece by piece, so that
    files larger than memory can be inspected. Of a file with several parts, each is listed. Raises InputError when
    the file cannot be opened.
    """
    path = Path(path)
    check(None, time, units, location, False)
    asked, onto = masks(no_data, valid, ()), Onto(grid, shape, outside, radius)

    def look(options: Mapping[str, Any] | None) -> Inspection:
        with opened(path, time, options) as source:
            check_moment(source, time)
            return _inspected(restated(source, units, location), time, asked, onto)

    def part(name: str) -> Inspection:
        try:
            return look({**(options or {}), "part": name})
        except InputError as error:
            return Inspection(path, "", [], {}, "", [str(error)])

    try:
        return look(options)
    except SeveralParts as error:
        parts = {name: part(name) for name in error.parts}
        return Inspection(path, f"{len(parts)} parts", [], {}, "", [str(error)], parts=parts)


def _inspected(source: Source, time: Moment, asked: Masks, onto: Onto) -> Inspection:
    """What is found in a source, with what the user states of it."""
    rows = [Row(a, range_of(a)) for a in source.arrays.values()]
    known = {row.array.name: row.range for row in rows}
    guess = Guess(source, lambda array: known[array.name])
    odd = [
        *source.notes,
        *guess.left_out,
        *(d for a, kind in guess.mapped for d in doubts(a, kind, known[a.name])),
    ]
    shown = "last" if time is None and source.times else time

    def read() -> Field:
        if source.format == NATIVE:
            return placed(read_native(source.path, asked=asked), onto)
        return field_onto(source, onto, lambda cells: field_from(cells, time=shown, asked=asked))

    closed = source.format == NATIVE or not guess.unclear
    return Inspection(
        source.path, source.format, rows, dict(_attributes(source)), guess.text, guess.unclear,
        _becomes(source, onto, read) if closed else "", odd, source.times, time is None and len(source.times) > 1,
    )  # fmt: skip


def _becomes(source: Source, onto: Onto, read: Callable[[], Field]) -> str:
    """The field that a source would be, and how thick it is; or why it would be refused. read: makes the field"""
    if max((math.prod(a.shape) for a in source.arrays.values()), default=0) > SMALL:
        return "a field, which is too large to be made here"
    if source.mesh is not None and not onto.given:
        return words(source.mesh)
    from ..media.absorption import MODELS

    try:
        made = read()
    except InputError as error:
        return f"nothing: {error}"
    model = "planck_mean" if made.absorption_coefficient is None else "given"
    try:
        depth = f"; optical depth of the domain {MODELS[model](made).optical_depth['domain']:.3g} ({model})"
    except InputError:
        depth = ""
    return f"{made!r}{_sum(made)}{depth}"


def _sum(made: Field) -> str:
    """What the mole fractions of a field sum to."""
    if not made.mole_fraction:
        return ""
    total = sum(np.asarray(x, dtype=np.float64) for x in made.mole_fraction.values())
    known = total if made.valid is None else total[made.valid]  # type: ignore[index]
    return f"; mole fractions sum to {np.min(known):.3g}..{np.max(known):.3g}"


def _table(rows: Sequence[Row], most: int) -> list[str]:
    titles = ("dataset", "shape", "type", "units", "least", "greatest", "NaN", "")
    table = [titles, *(_cells(row) for row in rows[:most])]
    width = [max(len(line[i]) for line in table) for i in range(len(titles))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(line, width, strict=True)).rstrip() for line in table]
    return [*lines, *([_more(len(rows) - most)] if len(rows) > most else [])]


def _cut(lines: list[str], most: int) -> list[str]:
    return lines if len(lines) <= most else [*lines[:most], _more(len(lines) - most)]


def _more(count: int) -> str:
    return f"  ... and {count} more: --all lists them"


def _cells(row: Row) -> tuple[str, ...]:
    array, found = row.array, row.range
    shape = " x ".join(map(str, array.shape)) or "one number"
    numbers = f"{found.low:.6g}", f"{found.high:.6g}", str(found.nans)
    texts = array.name, shape, array.dtype.name, array.units, *numbers, found.problem
    return tuple(map(printable, texts))


def _attributes(source: Source) -> Iterator[tuple[str, str]]:
    for name, value in source.attributes.items():
        with np.printoptions(threshold=20):
            text = printable(" ".join((plain(value) or str(value)).split()))
        shown = name if "/" in name else f"/{name}"
        yield printable(shown), text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
