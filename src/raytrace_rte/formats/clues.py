"""What a source says, and the questions that it leaves: what is the temperature, and which units stand where."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable

from ..units import KINDS, plain
from .names import AXES, group, leaf, means
from .plausible import likely_unit
from .ranges import Range
from .source import Array, Source, listed, printable

SPACE = (*AXES, "cell")
"""Names of dims along which cells or points lie."""
LENGTH_UNIT = 'the unit of length: units = { length = "..." }'


class Clues:
    """What a map is made from.

    arrays: of numbers; temperature: the array that is, None where there is none; shape, above: of it, and its group
    unclear: what the source does not say, each with how to say it; note: its sentence on units
    """

    def __init__(self, source: Source, ranges: Callable[[Array], Range]) -> None:
        self.source, self.ranges = source, ranges
        self.unclear: list[str] = []
        self.arrays = [a for a in source.arrays.values() if a.dtype.kind in "fiu" and a.name.isprintable()]
        self.note = plain(source.attributes.get("units"))
        self.temperature = self._temperature()
        self.shape = self.temperature.shape if self.temperature else self._most_common_shape()
        self.above = group(self.temperature.name) if self.temperature else ""

    def ask(self, question: str) -> None:
        """Note that something is unclear."""
        if question not in self.unclear:
            self.unclear.append(question)

    def called(self, quantity: str) -> list[Array]:
        """Return arrays that the format says are a quantity, or else those that are called so."""
        stated = [a for a in self.arrays if a.quantity == quantity]
        return stated or [a for a in self.arrays if not a.quantity and means(a.name, quantity)]

    def alike(self, array: Array) -> bool:
        """Whether an array is of the same cells as the temperature, be its axes in another order."""
        mine, its = self.temperature.dims if self.temperature else (), array.dims
        known = [{d: n for d, n in zip(dims, shape, strict=False) if d in SPACE}
                 for dims, shape in ((mine, self.shape), (its, array.shape))]  # fmt: skip
        return known[0] == known[1] if all(known) else array.shape == self.shape

    def units(self, array: Array, kind: str) -> str:
        """Return the line of a map that says the unit of an array; ask for it where the source does not."""
        if array.units in KINDS[kind]:
            return f"units = {quoted(array.units)}"
        if not array.units and (noted := self.noted(leaf(array.name), kind)):
            return f"units = {quoted(noted)}   # from the file's note on units: check"
        seen = f"the file says {quoted(printable(array.units))}" if array.units else "the file does not say"
        if kind == "length":
            self.ask(LENGTH_UNIT)
            return f'units = "?"   # {seen}'
        looks = likely_unit(kind, self.ranges(array))
        likely = f"; looks like {looks}" if looks else ""
        name, alone = printable(array.name), [leaf(a.name) for a in self.arrays].count(leaf(array.name)) == 1
        short = key(leaf(array.name) if alone else array.name)
        say = f'units = {{ {short} = "..." }}'
        self.ask(f"the unit of {kind} '{name}' ({seen}{likely}): {say}")
        return f'units = "?"   # {seen}{likely}'

    def noted(self, name: str, kind: str) -> str | None:
        """Return the unit that the root attribute `units` gives a name, as in "T K, p Pa, dx and origin m"."""
        for part in re.split(r"[,;]", self.note):
            *names, unit = re.split(r"[\s:=\[\]()]+", part.strip(" \t[]()")) or [""]
            if name in names and unit in KINDS[kind]:
                return unit
        return None

    def _temperature(self) -> Array | None:
        found = self.called("temperature")
        most = max((math.prod(a.shape) for a in found), default=0)
        largest = [a for a in found if math.prod(a.shape) == most]
        if not found:
            names = listed([printable(a.name) for a in self.arrays]) or "none"
            self.ask(f"which array is the temperature (none is called so; there are {names}): a map names it")
        elif {"cell", "point"} <= {a.location for a in found}:
            self.ask(
                'which temperature is meant, that in cells or that at points: location = "cell" or "point"'
            )
        elif len(largest) > 1:
            self.ask(
                f"which of {listed([printable(a.name) for a in largest])} is the temperature: a map names it"
            )
        return largest[0] if largest else None

    def _most_common_shape(self) -> tuple[int, ...]:
        shapes = [a.shape for a in self.arrays if len(a.shape) > 1]
        return max(set(shapes), key=shapes.count) if shapes else ()


def key(name: str) -> str:
    """Return a name as a key of TOML."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name)


def quoted(text: str) -> str:
    """Return text as a string of TOML."""
    return json.dumps(text, ensure_ascii=False)
