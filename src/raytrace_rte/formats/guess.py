"""The field map that follows from a source, as TOML, and what the source leaves unclear.

What the source does not say is written as "?", which reading a field refuses.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from ..units import KINDS, plain
from .dims import TIME
from .fieldmap import SCALARS
from .names import ALONG_ONE_AXIS, AXES, axis_of, group, leaf, lies_at, means
from .plausible import likely_unit
from .ranges import Range, range_of
from .source import Array, Source, listed, printable
from .species import Species, species_of

SPACE = (*AXES, "cell")
"""Names of dims along which cells or points lie."""
IN_PASSING = ("heat_release", "density")
"""Quantities that no answer needs."""
LENGTH_UNIT = 'the unit of length: units = {"length": ...}'


class Guess:
    """A map for a source.

    source: whose arrays it maps; ranges: array -> its range, for hints at units
    text: the map as TOML; mapped: arrays in it, with the kind of their unit
    unclear: what the source does not say, each with how to say it
    """

    def __init__(self, source: Source, ranges: Callable[[Array], Range] = range_of) -> None:
        self.source, self.ranges = source, ranges
        self.unclear: list[str] = []
        self.mapped: list[tuple[Array, str]] = []
        self.arrays = [a for a in source.arrays.values() if a.dtype.kind in "fiu" and a.name.isprintable()]
        self.note = plain(source.attributes.get("units"))
        self.temperature = self._temperature()
        self.shape = self.temperature.shape if self.temperature else self._most_common_shape()
        self.above = group(self.temperature.name) if self.temperature else ""
        self.kept, self.order = self._axes()
        self.text = "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield f'# Field map of {printable(self.source.path.name)}: a guess. Check every line; replace each "?".'
        yield "# Keys and units accepted: docs/formats.md."
        if self.note:
            yield f"# The file says of its units: {printable(' '.join(self.note.split()))}"
        yield from ("", *self._grid())
        found = self._species()
        for quantity in SCALARS:
            yield from self._scalar(quantity, bool(found.arrays))
        yield from self._fractions(found)

    # quantities

    def _called(self, quantity: str) -> list[Array]:
        """Arrays that the format says are a quantity, or else those that are called so."""
        stated = [a for a in self.arrays if a.quantity == quantity]
        return stated or [a for a in self.arrays if not a.quantity and means(a.name, quantity)]

    def _temperature(self) -> Array | None:
        found = self._called("temperature")
        most = max((math.prod(a.shape) for a in found), default=0)
        largest = [a for a in found if math.prod(a.shape) == most]
        if not found:
            names = listed([printable(a.name) for a in self.arrays])
            self._ask(f"no array is called a temperature (there are {names or 'none'}): a map names it")
        elif len({a.location for a in found}) > 1:
            self._ask('the temperature is there in cells and at points: location = "cell" or "point"')
        elif len(largest) > 1:
            self._ask(
                f"the temperature may be {listed([printable(a.name) for a in largest])}: a map names it"
            )
        return largest[0] if largest else None

    def _most_common_shape(self) -> tuple[int, ...]:
        shapes = [a.shape for a in self.arrays if len(a.shape) > 1]
        return max(set(shapes), key=shapes.count) if shapes else ()

    def _named(self, quantity: str) -> Array | None:
        if quantity == "temperature":
            return self.temperature
        found = [a for a in self._called(quantity) if a.shape == () or self._alike(a)]
        return min(found, key=lambda a: group(a.name) != self.above, default=None)

    def _alike(self, array: Array) -> bool:
        """Whether an array is of the same cells as the temperature, be its axes in another order."""
        mine, its = ({d: n for d, n in zip(dims, shape, strict=False) if d in SPACE} for dims, shape in (
            (self.temperature.dims if self.temperature else (), self.shape), (array.dims, array.shape)))  # fmt: skip
        return mine == its if mine and its else array.shape == self.shape

    def _scalar(self, quantity: str, composed: bool) -> Iterator[str]:
        array = self._named(quantity)
        if array is not None and quantity in IN_PASSING and array.units not in KINDS[SCALARS[quantity]]:
            yield from (
                "",
                f"# {printable(array.name)} may be the {quantity}: left out, as its unit is not known",
            )
        elif array is not None:
            yield from ("", f"[{quantity}]", *self._quantity(array, SCALARS[quantity]))
        elif quantity == "temperature":
            yield from ("", "[temperature]", 'dataset = "?"', 'units = "?"')
        elif quantity == "pressure" and composed:
            yield from ("", "[pressure]   # not found in the file: one value for all cells")
            yield from ("value = 101325.0", 'units = "?"   # "Pa" if the value is right')
            self._ask("the pressure is not there: a map says it, as value = 101325.0 with units")

    def _quantity(self, array: Array, kind: str, known: str = "") -> Iterator[str]:
        self.mapped.append((array, kind))
        yield f"dataset = {_quoted(array.name)}"
        yield known or self._units(array, kind)
        named = [i for i, dim in enumerate(array.dims) if dim in SPACE]
        kept = named or (self.kept if array.shape else ())
        extra = [i for i in range(len(array.shape)) if i not in kept]
        if any(not array.dims or array.dims[i] != TIME for i in extra):
            select = ", ".join(":" if i in kept else "0" for i in range(len(array.shape)))
            yield f'select = "{select}"   # check: which time or component'
            if any(array.shape[i] > 1 for i in extra):
                self._ask(
                    f"which entry of {array.shape} of '{printable(array.name)}' is meant: a map selects it"
                )

    def _units(self, array: Array, kind: str) -> str:
        if array.units in KINDS[kind]:
            return f"units = {_quoted(array.units)}"
        if not array.units and (noted := self._noted(leaf(array.name), kind)):
            return f"units = {_quoted(noted)}   # from the file's note on units: check"
        seen = f"the file says {_quoted(printable(array.units))}" if array.units else "the file does not say"
        if kind == "length":
            self._ask(LENGTH_UNIT)
            return f'units = "?"   # {seen}'
        looks = likely_unit(kind, self.ranges(array))
        likely = f"; looks like {looks}" if looks else ""
        name, alone = printable(array.name), [leaf(a.name) for a in self.arrays].count(leaf(array.name)) == 1
        short = _quoted(leaf(array.name) if alone else array.name)
        self._ask(f"the unit of {kind} '{name}' ({seen}{likely}): units = {{{short}: ...}}")
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
        dims = self.temperature.dims if self.temperature else ()
        named = {i: dim for i, dim in enumerate(dims) if dim in SPACE}
        if named:
            return tuple(named), tuple(named.values())
        kept = tuple(range(len(self.shape)))[-3:] or (0,)
        orders = list(permutations(AXES, len(kept)))
        orders.sort(key=lambda o: (o != tuple(sorted(o)), list(o) != sorted(o, reverse=True)))
        fits = [o for o in orders if all(self._coordinate(a, i, o) for a, i in zip(o, kept, strict=True))]
        if len(kept) > 1 and len(fits) != 1 and self.temperature:
            self._ask("which axes of the arrays are x, y and z: a map says axis_order")
        return kept, (fits or orders)[0]

    def _coordinate(self, axis: str, dim: int, order: Sequence[str]) -> Array | None:
        n = self.shape[dim] if self.shape else -1

        def fits(array: Array) -> bool:
            name = leaf(array.name).lower()
            named = array.quantity == axis if array.quantity else axis_of(name) == axis
            named |= len(order) == 1 and not array.quantity and name in ALONG_ONE_AXIS
            bounds = array.quantity == axis and array.shape == (n, 2)
            return named and (array.shape in ((n,), (n + 1,)) or bounds) and array is not self.temperature

        found = [a for a in self.arrays if fits(a)]
        return min(
            found,
            key=lambda a: (group(a.name) != self.above, a.shape != (n, 2), a.shape != (n + 1,)),
            default=None,
        )

    def _grid(self) -> Iterator[str]:
        yield "[grid]"
        if self.source.mesh is not None:
            yield from self._length(self.source.mesh.units)
            return
        yield self._axis_order()
        if self.source.grid is not None:
            yield from self._location([], [])
            yield from self._length(self.source.grid.units)
            return
        found = {a: self._coordinate(a, i, self.order) for a, i in zip(self.order, self.kept, strict=True)}
        rows = {axis: row for axis, row in found.items() if row is not None}
        if len(rows) < len(self.order):
            yield from self._uniform([axis for axis in self.order if axis not in rows])
            return
        sizes = [self.shape[i] for i in self.kept]
        yield from self._location([rows[axis] for axis in self.order], sizes)
        for axis in sorted(rows):
            if rows[axis].shape == (1,):
                self._ask(
                    f"how wide the one cell along {axis} is: a map says {axis} = [0.0, 0.01], with units"
                )
            units, _, comment = self._units(rows[axis], "length").partition("   # ")
            yield f"{axis} = {{ dataset = {_quoted(rows[axis].name)}, {units} }}" + f"   # {comment}" * bool(
                comment
            )

    def _axis_order(self) -> str:
        dims = self.temperature.dims if self.temperature else ()
        orders = {tuple(d for d in a.dims if d in AXES) for a in self.arrays if self._alike(a)}
        if len(orders - {()}) > 1:
            return "# the axes of the arrays, which differ in their order, are as the file names them"
        how = "as the file names them" if any(dim in AXES for dim in dims) else "check"
        return f"axis_order = {json.dumps(list(self.order))}   # of the arrays, slowest first: {how}"

    def _length(self, units: str) -> Iterator[str]:
        """The unit of the cells that the format gives."""
        if units in KINDS["length"]:
            yield f"units = {_quoted(units)}   # of the cells, as the file gives them"
        else:
            noted = self._noted("length", "length")
            if noted is None:
                self._ask(LENGTH_UNIT)
            yield f'units = "{noted or "?"}"   # of the cells, as the file gives them'

    def _location(self, rows: Sequence[Array], sizes: Sequence[int]) -> Iterator[str]:
        """Where values lie, of positions along the axes and the number of values along each."""
        if self.temperature and self.temperature.location:
            yield f'location = "{self.temperature.location}"   # as the file says'
            return
        if any(a.shape != (n,) for a, n in zip(rows, sizes, strict=True)):
            yield 'location = "cell"   # as there are cell faces'
            return
        said = {a.location or lies_at(a.name) for a in rows}
        if len(said) == 1 and (where := said.pop()):
            yield f'location = "{where}"   # as the names of the positions say'
            return
        self._ask('whether the values lie in cells or at points: location = "cell" or "point"')
        yield 'location = "?"   # "cell" or "point"'

    def _uniform(self, missing: Sequence[str]) -> Iterator[str]:
        """Origin and spacing, as positions along some axes are missing."""
        count = len(self.order)
        yield from self._location([], [])
        spacing = self._numbers(("spacing", "dx", "delta"), count)
        if count > 1 and all(key in self._attributes() for key in ("dx", "dy", "dz")[:count]):
            spacing = [float(self._attributes()[key]) for key in ("dx", "dy", "dz")[:count]]
        origin = self._numbers(("origin", "lower", "corner"), count)
        if origin is None or spacing is None:
            self._ask(f"positions along {', '.join(missing)}: a map says origin and spacing, or faces")
        for key, numbers in (("origin", origin), ("spacing", spacing)):
            yield f"{key} = {numbers or [0.0] * count}" + ("" if numbers else "   # unknown: fill in")
        words = ("length", "origin", "dx", "spacing")
        unit = next((u for key in words if (u := self._noted(key, "length"))), None)
        if unit is None:
            self._ask(LENGTH_UNIT)
        yield f'units = "{unit or "?"}"   # of origin and spacing: check'

    def _attributes(self) -> dict[str, Any]:
        """Numbers among the attributes of the root, and of the temperature's group above them."""
        found = {key: value for key, value in self.source.attributes.items() if "/" not in key}
        inside = f"{self.above}/"
        if self.above:
            found |= {
                k.removeprefix(inside): v for k, v in self.source.attributes.items() if k.startswith(inside)
            }
        return {k: v for k, v in found.items() if np.asarray(v).dtype.kind in "fiu"}

    def _numbers(self, keys: tuple[str, ...], count: int) -> list[float] | None:
        for key in keys:
            value = np.ravel(self._attributes().get(key, []))
            if value.size in (1, count):
                return [float(v) for v in np.broadcast_to(value, count)]
        return None

    # species

    def _species(self) -> Species:
        return species_of(self.arrays, self._alike, self.shape, self.above, self.source.attributes)

    def _fractions(self, found: Species) -> Iterator[str]:
        yield from (f"# {printable(remark)}" for remark in found.remarks)
        if not found.clear:
            yield from ("", "# The file does not say whether these are mass or mole fractions: check.")
            names = listed(list(found.arrays))
            self._ask(
                f"whether {names} are mass or mole fractions: a map says mass_fraction or mole_fraction"
            )
        said = all(array.units in KINDS["fraction"] for array, _ in found.arrays.values())
        one = 'units = "1"   # as they sum to 1' if not said and found.whole else ""
        for name, (array, select) in found.arrays.items():
            yield from ("", f"[{found.kind}.{_key(name)}]")
            if not select:
                yield from self._quantity(array, "fraction", one)
            else:
                yield from (f"dataset = {_quoted(array.name)}", f'select = "{select}"')
                yield one or self._units(array, "fraction")

    def _ask(self, question: str) -> None:
        if question not in self.unclear:
            self.unclear.append(question)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
