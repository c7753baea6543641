"""The field map that follows from a source, as TOML, and what the source leaves unclear.

What the source does not say is written as "?", which reading a field refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..units import KINDS
from .clues import SPACE, Clues, key, quoted
from .dims import TIME
from .extent import Extent
from .fieldmap import SCALARS
from .names import group
from .ranges import Range, range_of
from .source import Array, Source, listed, printable
from .species import Species, species_of

IN_PASSING = ("heat_release", "density")
"""Quantities that no answer needs."""


class Guess:
    """A map for a source.

    source: whose arrays it maps; ranges: array -> its range, for hints at units
    text: the map as TOML; mapped: arrays in it, with the kind of their unit
    unclear: what the source does not say, each with how to say it
    left_out: sentences on arrays that may be meant, and are not in the map
    """

    def __init__(self, source: Source, ranges: Callable[[Array], Range] = range_of) -> None:
        self.clues = Clues(source, ranges)
        self.extent = Extent(self.clues)
        self.mapped: list[tuple[Array, str]] = []
        self.left_out: list[str] = []
        self.text = "\n".join(self._lines()) + "\n"
        self.unclear = self.clues.unclear

    def _lines(self) -> Iterator[str]:
        source, note = self.clues.source, self.clues.note
        yield f'# Field map of {printable(source.path.name)}: a guess. Check every line; replace each "?".'
        yield "# Keys and units accepted: docs/formats.md."
        if note:
            yield f"# The file says of its units: {printable(' '.join(note.split()))}"
        yield from ("", *self.extent.lines())
        found = species_of(
            self.clues.arrays, self.clues.alike, self.clues.shape, self.clues.above, source.attributes
        )
        for quantity in SCALARS:
            yield from self._scalar(quantity, bool(found.arrays))
        yield from self._fractions(found)

    def _array(self, quantity: str) -> Array | None:
        """The array of a quantity; ask where there are several, say where there are only some of other cells."""
        if quantity == "temperature":
            return self.clues.temperature
        called = self.clues.called(quantity)
        found = [a for a in called if a.shape == () or self.clues.alike(a)]
        near = [a for a in found if group(a.name) == self.clues.above] or found
        if len(near) > 1 and quantity not in IN_PASSING:
            names = listed([printable(a.name) for a in near])
            self.clues.ask(f"which of {names} is the {quantity}: a map names it")
        if called and not found and quantity not in IN_PASSING:
            names = listed([f"'{printable(a.name)}' of shape {a.shape}" for a in called])
            self.left_out.append(
                f"left out {names}, which may be the {quantity}, but is not of the same cells"
            )
        return near[0] if near else None

    def _scalar(self, quantity: str, composed: bool) -> Iterator[str]:
        array = self._array(quantity)
        if array is not None and quantity in IN_PASSING and array.units not in KINDS[SCALARS[quantity]]:
            name = printable(array.name)
            yield from ("", f"# {name} may be the {quantity}: left out, as its unit is not known")
            its = f" '{printable(array.units)}'" if array.units else ""
            self.left_out.append(
                f"left out '{name}', which may be the {quantity}, as its unit{its} is not known"
            )
        elif array is not None:
            yield from ("", f"[{quantity}]", *self._quantity(array, SCALARS[quantity]))
        elif quantity == "temperature":
            yield from ("", "[temperature]", 'dataset = "?"', 'units = "?"')
        elif quantity == "pressure" and composed:
            yield from ("", "[pressure]   # not found in the file: one value for all cells")
            yield from ("value = 101325.0", 'units = "?"   # "Pa" if the value is right')
            self.clues.ask(
                "the pressure, which is not in the file: a map says it, as value = 101325.0 with units"
            )

    def _quantity(self, array: Array, kind: str, known: str = "") -> Iterator[str]:
        self.mapped.append((array, kind))
        yield f"dataset = {quoted(array.name)}"
        yield known or self.clues.units(array, kind)
        named = [i for i, dim in enumerate(array.dims) if dim in SPACE]
        kept = named or (self.extent.kept if array.shape else ())
        extra = [i for i in range(len(array.shape)) if i not in kept]
        if any(not array.dims or array.dims[i] != TIME for i in extra):
            select = ", ".join(":" if i in kept else "0" for i in range(len(array.shape)))
            yield f'select = "{select}"   # check: which time or component'
            if any(array.shape[i] > 1 for i in extra):
                self.clues.ask(
                    f"which entry of {array.shape} of '{printable(array.name)}' is meant: a map selects it"
                )

    def _fractions(self, found: Species) -> Iterator[str]:
        yield from (f"# {printable(remark)}" for remark in found.remarks)
        self.left_out += [f"left out {printable(name)}, which may be a species" for name in found.unknown]
        if not found.clear:
            yield from ("", "# The file does not say whether these are mass or mole fractions: check.")
            names = listed(list(found.arrays))
            self.clues.ask(
                f"whether {names} are mass or mole fractions: a map says mass_fraction or mole_fraction"
            )
        kind = found.kind.replace("_", " ")
        said = all(array.units in KINDS[kind] for array, _ in found.arrays.values())
        one = 'units = "1"   # as they sum to 1' if not said and found.whole else ""
        for name, (array, select) in found.arrays.items():
            yield from ("", f"[{found.kind}.{key(name)}]")
            if not select:
                yield from self._quantity(array, kind, one)
            else:
                yield from (f"dataset = {quoted(array.name)}", f'select = "{select}"')
                yield one or self.clues.units(array, kind)
