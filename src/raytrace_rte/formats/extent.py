"""Where the values of a source lie: the order of its axes, positions along them, cells or points."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from ..units import KINDS
from .clues import LENGTH_UNIT, SPACE, Clues, quoted
from .names import ALONG_ONE_AXIS, AXES, axis_of, group, leaf, lies_at
from .source import Array


class Extent:
    """kept: axes of the temperature's array that lie in space; order: which of x, y, z each of them is."""

    def __init__(self, clues: Clues) -> None:
        self.clues = clues
        self.kept, self.order = self._in_space()

    def _in_space(self) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Which axes of the arrays lie in space, and which of x, y, z they are."""
        dims = self.clues.temperature.dims if self.clues.temperature else ()
        named = {i: dim for i, dim in enumerate(dims) if dim in SPACE}
        if named:
            return tuple(named), tuple(named.values())
        kept = tuple(range(len(self.clues.shape)))[-3:] or (0,)
        orders = list(permutations(AXES, len(kept)))
        orders.sort(key=lambda o: (o != tuple(sorted(o)), list(o) != sorted(o, reverse=True)))
        fits = [o for o in orders if all(self._coordinate(a, i, o) for a, i in zip(o, kept, strict=True))]
        if len(kept) > 1 and len(fits) != 1 and self.clues.temperature:
            self.clues.ask("which axes of the arrays are x, y and z: a map says axis_order")
        return kept, (fits or orders)[0]

    def _coordinate(self, axis: str, dim: int, order: Sequence[str]) -> Array | None:
        n = self.clues.shape[dim] if self.clues.shape else -1

        def fits(array: Array) -> bool:
            name = leaf(array.name).lower()
            named = array.quantity == axis if array.quantity else axis_of(name) == axis
            named |= len(order) == 1 and not array.quantity and name in ALONG_ONE_AXIS
            bounds = array.quantity == axis and array.shape == (n, 2)
            return (
                named and (array.shape in ((n,), (n + 1,)) or bounds) and array is not self.clues.temperature
            )

        found = [a for a in self.clues.arrays if fits(a)]
        return min(
            found,
            key=lambda a: (group(a.name) != self.clues.above, a.shape != (n, 2), a.shape != (n + 1,)),
            default=None,
        )

    def lines(self) -> Iterator[str]:
        """Yield the table [grid] of a map; ask for what it needs and the source does not say."""
        yield "[grid]"
        if self.clues.source.mesh is not None:
            yield from self._length(self.clues.source.mesh.units)
            return
        yield self._axis_order()
        if self.clues.source.grid is not None:
            yield from self._location([], [])
            yield from self._length(self.clues.source.grid.units)
            return
        found = {a: self._coordinate(a, i, self.order) for a, i in zip(self.order, self.kept, strict=True)}
        rows = {axis: row for axis, row in found.items() if row is not None}
        if len(rows) < len(self.order):
            yield from self._uniform([axis for axis in self.order if axis not in rows])
            return
        sizes = [self.clues.shape[i] for i in self.kept]
        yield from self._location([rows[axis] for axis in self.order], sizes)
        for axis in sorted(rows):
            if rows[axis].shape == (1,):
                self.clues.ask(
                    f"how wide the one cell along {axis} is: a map says {axis} = [0.0, 0.01], with units"
                )
            units, _, comment = self.clues.units(rows[axis], "length").partition("   # ")
            yield f"{axis} = {{ dataset = {quoted(rows[axis].name)}, {units} }}" + f"   # {comment}" * bool(
                comment
            )

    def _axis_order(self) -> str:
        dims = self.clues.temperature.dims if self.clues.temperature else ()
        orders = {tuple(d for d in a.dims if d in AXES) for a in self.clues.arrays if self.clues.alike(a)}
        if len(orders - {()}) > 1:
            return "# the axes of the arrays, which differ in their order, are as the file names them"
        how = "as the file names them" if any(dim in AXES for dim in dims) else "check"
        return f"axis_order = {json.dumps(list(self.order))}   # of the arrays, slowest first: {how}"

    def _length(self, units: str) -> Iterator[str]:
        """The unit of the cells that the format gives."""
        if units in KINDS["length"]:
            yield f"units = {quoted(units)}   # of the cells, as the file gives them"
        else:
            noted = self.clues.noted("length", "length")
            if noted is None:
                self.clues.ask(LENGTH_UNIT)
            yield f'units = "{noted or "?"}"   # of the cells, as the file gives them'

    def _location(self, rows: Sequence[Array], sizes: Sequence[int]) -> Iterator[str]:
        """Where values lie, of positions along the axes and the number of values along each."""
        known = [self.clues.temperature] if self.clues.temperature else self.clues.arrays
        places = {array.location for array in known}
        if len(places) == 1 and (place := places.pop()):
            yield f'location = "{place}"   # as the file says'
            return
        if any(a.shape != (n,) for a, n in zip(rows, sizes, strict=True)):
            yield 'location = "cell"   # as there are cell faces'
            return
        said = {a.location or lies_at(a.name) for a in rows}
        if len(said) == 1 and (where := said.pop()):
            yield f'location = "{where}"   # as the names of the positions say'
            return
        self.clues.ask('whether the values lie in cells or at points: location = "cell" or "point"')
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
            self.clues.ask(f"positions along {', '.join(missing)}: a map says origin and spacing, or faces")
        for key, numbers in (("origin", origin), ("spacing", spacing)):
            yield f"{key} = {numbers or [0.0] * count}" + ("" if numbers else "   # unknown: fill in")
        words = ("length", "origin", "dx", "spacing")
        unit = next((u for key in words if (u := self.clues.noted(key, "length"))), None)
        if unit is None:
            self.clues.ask(LENGTH_UNIT)
        yield f'units = "{unit or "?"}"   # of origin and spacing: check'

    def _attributes(self) -> dict[str, Any]:
        """Numbers among the attributes of the root, and of the temperature's group above them."""
        found = {key: value for key, value in self.clues.source.attributes.items() if "/" not in key}
        inside = f"{self.clues.above}/"
        if self.clues.above:
            found |= {
                k.removeprefix(inside): v
                for k, v in self.clues.source.attributes.items()
                if k.startswith(inside)
            }
        return {k: v for k, v in found.items() if np.asarray(v).dtype.kind in "fiu"}

    def _numbers(self, keys: tuple[str, ...], count: int) -> list[float] | None:
        for key in keys:
            value = np.ravel(self._attributes().get(key, []))
            if value.size in (1, count):
                return [float(v) for v in np.broadcast_to(value, count)]
        return None
