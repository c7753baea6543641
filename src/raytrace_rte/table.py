"""Named variables with dimensions, units and trust: what every result is made of.

A variable whose only dimension has its own name is the coordinate of that dimension. Entries of the dimension
"band" are spectral bands: powers add up over them, anything else (a transmittance, a share of cells, a power per
wavelength) is averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import checks
from .errors import InputError, nearest

BAND = "band"
"""Name of the dimension of spectral bands, always the last one of a variable that has it."""
TOTAL = "total_"
"""What the name of a variable begins with that holds all bands of another one together."""
PER_WAVELENGTH = ("um-1", "nm-1")
"""Ends of units of what does not add up over bands, though it is a power."""
TRUST = ("", "exact", "error_bound", "error_estimate")
"""What stands behind a variable's numbers: nothing claimed (coordinates, counts), exact up to rounding, a
certified bound of the error, or an estimate of it without certainty."""


@dataclass(frozen=True, eq=False)
class Variable:
    """A named array.

    dims: one name for each axis of values; () for one number
    values: real numbers, truth values or text
    unit: "1" where there is none; long_name: its meaning in words
    trust: one of TRUST; a variable that is itself a bound or an estimate carries that word

    Raises InputError when dims and values disagree, or values are of another type.
    """

    name: str
    dims: tuple[str, ...]
    values: NDArray[Any]
    unit: str
    long_name: str
    trust: str = ""

    def __post_init__(self) -> None:
        for part in ("name", "unit", "long_name"):
            checks.text(part, getattr(self, part))
        dims = tuple(checks.sequence("dims", self.dims, "a name for each axis, as a tuple"))
        values = _array(self.name, self.values)
        if values.dtype.kind not in "biufU":
            raise InputError(
                f"variable '{self.name}': found values of type {values.dtype}; expected real numbers, truth "
                "values or text"
            )
        if len(dims) != values.ndim or len(set(dims)) != len(dims):
            raise InputError(
                f"variable '{self.name}': dims is {dims}, but values have shape {values.shape}; give each "
                "axis a name of its own"
            )
        if self.trust not in TRUST:
            raise InputError(
                f"variable '{self.name}': trust is {self.trust!r}; expected one of "
                f"{', '.join(map(repr, TRUST))}"
            )
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "dims", dims)

    @property
    def is_coordinate(self) -> bool:
        """Whether it places the entries of the dimension of its own name."""
        return self.dims == (self.name,)

    @property
    def adds_up(self) -> bool:
        """Whether bands of it add up: it is a power (W in its unit), and not one per wavelength."""
        return "W" in self.unit and not self.unit.endswith(PER_WAVELENGTH)

    def without_bands(self) -> Variable:
        """The variable summed over bands where they add up, else averaged over them."""
        if BAND not in self.dims:
            return self
        axis = self.dims.index(BAND)
        fold = np.sum if self.adds_up else np.mean
        dims = self.dims[:axis] + self.dims[axis + 1 :]
        return replace(self, dims=dims, values=np.asarray(fold(self.values, axis=axis)))


@dataclass(frozen=True, eq=False)
class Table:
    """Variables that share dimensions, and what is known about them as a whole.

    variables: kept with coordinates first
    attributes: JSON-able; of a result at least kind, title, main (name of the main variable), stats, config
        and spectrum

    Raises InputError when two variables have one name, one dimension has two lengths, or the name of a
    dimension belongs to a variable that is not its coordinate.
    """

    variables: tuple[Variable, ...]
    attributes: Mapping[str, Any]

    def __post_init__(self) -> None:
        checks.instance("attributes", self.attributes, Mapping, "a mapping")
        for v in checks.sequence("variables", self.variables, "Variables, as a tuple"):
            checks.instance("variables", v, Variable, "Variables, as a tuple")
        lengths: dict[str, tuple[int, str]] = {}
        names: set[str] = set()
        for v in self.variables:
            if v.name in names:
                raise InputError(f"table: two variables have the name '{v.name}'; rename one")
            names.add(v.name)
            for dim, length in zip(v.dims, v.values.shape, strict=True):
                known, first = lengths.setdefault(dim, (length, v.name))
                if known != length:
                    raise InputError(
                        f"table: dimension '{dim}' has length {length} in '{v.name}' but {known} in '{first}'"
                    )
        for v in self.variables:
            if v.name in lengths and not v.is_coordinate:
                raise InputError(
                    f"table: '{v.name}' is a dimension, so that the variable of this name must have dims "
                    f"('{v.name}',); found {v.dims}"
                )
        ordered = sorted(self.variables, key=lambda v: not v.is_coordinate)  # stable
        object.__setattr__(self, "variables", tuple(ordered))

    def __contains__(self, name: str) -> bool:
        return any(v.name == name for v in self.variables)

    def __getitem__(self, name: str) -> Variable:
        for v in self.variables:
            if v.name == name:
                return v
        names = [v.name for v in self.variables]
        raise InputError(f"no variable '{name}'{nearest(str(name), names)}; there are {', '.join(names)}")

    @property
    def main(self) -> Variable:
        """The variable that answers the question."""
        return self[self.attributes["main"]]

    @property
    def dims(self) -> dict[str, int]:
        """Length of each dimension."""
        return {d: n for v in self.variables for d, n in zip(v.dims, v.values.shape, strict=True)}

    def coordinate(self, dim: str) -> Variable:
        """The coordinate of a dimension; entries are numbered from 0 where the table has none."""
        if dim in self:
            return self[dim]
        return Variable(dim, (dim,), np.arange(self.dims[dim]), "1", f"{dim} number")

    def with_coordinates(self) -> Table:
        """The same table with a coordinate for every dimension."""
        missing = [self.coordinate(dim) for dim in self.dims if dim not in self]
        return Table((*missing, *self.variables), self.attributes) if missing else self

    def with_variables(self, more: Sequence[Variable]) -> Table:
        """The same table with more variables."""
        return Table((*self.variables, *more), self.attributes)

    def with_totals(self) -> Table:
        """The same table with, beside each power in bands, what all of them have together, as `total_NAME`."""
        totals = [
            replace(v.without_bands(), name=TOTAL + v.name, long_name=f"{v.long_name}, all bands together")
            for v in self.variables
            if BAND in v.dims and v.adds_up and TOTAL + v.name not in self and not self._has_total_of(v)
        ]
        return self.with_variables(totals) if totals else self

    def _has_total_of(self, v: Variable) -> bool:
        """Whether the total of a variable is there under its own name, which has no "_band" at its end."""
        return v.name.endswith(f"_{BAND}") and v.name.removesuffix(f"_{BAND}") in self

    def with_attributes(self, **more: Any) -> Table:
        """The same table with more or other attributes."""
        return Table(self.variables, {**self.attributes, **more})

    def with_prefix(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Values of all variables whose names begin with the prefix, by the rest of their names."""
        return {v.name.removeprefix(prefix): v.values for v in self.variables if v.name.startswith(prefix)}


def _array(name: str, values: object) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError:
        raise InputError(
            f"variable '{name}': values are lists of unequal lengths; expected an array"
        ) from None
