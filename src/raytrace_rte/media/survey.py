"""Arrays over cells under check: their values, the ends of these, and one message on the first cell that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import InputError
from ..units import KINDS, plain

ROUNDING = 1e-6
"""Values between minus this (of the greatest there can be) and 0 are rounding, and taken as 0."""
UNITS = {
    "temperature": "temperature",
    "pressure": "pressure",
    "absorption_coefficient": "absorption",
    "heat_release": "heat release",
    "density": "density",
    "soot_volume_fraction": "volume fraction",
}
"""Quantity -> kind of its unit; others are mole fractions."""
PIECE = 1 << 17
"""Numbers of an array that are looked at in one go; with a quarter of them calls take half as long again."""
Condition = Callable[[NDArray[np.floating]], NDArray[np.bool_]]
NO_DATA = (
    "mark cells without data with valid, a mask that is false there (of a file: with no_data, the number that "
    "stands for it), and they become empty gas, or solids where objects cover them"
)


class Cells(NamedTuple):
    """A quantity under check: what messages call it, its values, and the least and greatest of them.

    valid: the cells that count, of the first three axes of values; None is all
    low, high: over all cells, so nan where one is
    """

    name: str
    values: NDArray[np.floating]
    valid: NDArray[np.bool_] | None
    low: float
    high: float

    def require(self, good: Condition, wanted: str, remedy: str) -> None:
        """Raise InputError where a condition does not hold in a cell that counts.

        good: holds between any two values at which it holds, so that one look at the ends mostly suffices.
        """
        if not good(np.array((self.low, self.high))).all():
            first_bad(self.name, self.values, ~good(self.values) & self.counted, wanted, remedy)

    @property
    def counted(self) -> Any:
        """The mask of the cells that count, as it broadcasts against the values; True when all do."""
        if self.valid is None:
            return True
        return self.valid.reshape(self.valid.shape + (1,) * (self.values.ndim - 3))

    def greatest(self) -> float:
        """Return the greatest value of the cells that count, at least 0."""
        if self.valid is None:
            return max(self.high, 0.0)
        return float(np.max(self.values, initial=0.0, where=self.counted))

    def without_rounding(self, scale: float) -> Cells:
        """Return the quantity with values between -1e-6 of scale and 0 as 0: a copy, if there are any."""
        if self.low >= 0:
            return self
        tiny = (self.values < 0) & (self.values >= -ROUNDING * scale)
        if not tiny.any():
            return self
        values = np.where(tiny, self.values.dtype.type(0), self.values)
        return Cells(self.name, values, self.valid, *ends(values))


def surveyed(
    name: str, values: ArrayLike, shape: tuple[int, ...], valid: NDArray[np.bool_] | None = None
) -> Cells:
    """Return values as a contiguous float32 or float64 array, the same when it is one already, and its ends.

    valid: the cells that have to be finite, of the shape's first three axes; None is all.
    Raises InputError on a wrong type or shape, and on values that are not finite.
    """
    _check_labels(name, values)
    a = checks.real(name, values)
    dtype = np.float32 if a.dtype.kind == "f" and a.dtype.itemsize <= 4 else np.float64
    a = np.ascontiguousarray(a, dtype=dtype) if a.ndim else np.asarray(a, dtype=dtype)
    if a.shape != shape:
        hint = "; the axes look transposed" if sorted(a.shape) == sorted(shape) else ""
        if len(a.shape) == 4 and len(shape) == 3:
            hint = "; bands need a spectrum that says what they are, as spectrum=Spectrum.bands(edges)"
        per = ", a value per cell (x, y, z)" if len(shape) == 3 else ""
        raise InputError(f"{name}: found shape {a.shape}; expected {shape}{per}{hint}")
    found = Cells(name, a, valid, *ends(a))
    found.require(np.isfinite, "finite", NO_DATA)
    return found


def ends(a: NDArray[np.floating]) -> tuple[float, float]:
    """Return the least and the greatest of a contiguous array in one pass over memory; nan where one is."""
    blocks = [(block.min(), block.max()) for block in pieces(a)]
    low, high = np.array(blocks).T
    return float(low.min()), float(high.max())


def pieces(a: NDArray[Any], count: int = PIECE) -> Iterator[NDArray[Any]]:
    """Yield a contiguous array as views of one axis, in pieces of so many numbers, which stay in the cache."""
    flat = a.reshape(-1)
    for start in range(0, flat.size, count):
        yield flat[start : start + count]


def first_bad(
    name: str, values: NDArray[np.floating], bad: NDArray[np.bool_], wanted: str, remedy: str
) -> None:
    """Raise InputError that shows the first cell where `bad` is true, and counts them; return if none is."""
    count = int(np.count_nonzero(bad))
    if count:
        cell = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
        where = f"cell {cell} is {values[cell]:g}" if cell else f"value is {float(values):g}"
        raise InputError(
            f"{name}: {where} ({count} of {values.size} such values); expected {wanted}; {remedy}"
        )


def _check_labels(name: str, values: Any) -> None:
    """Raise InputError where an array of xarray says that its axes or its unit are others than expected."""
    dims, about = getattr(values, "dims", ()), getattr(values, "attrs", {})
    if not (isinstance(dims, tuple) and dims):
        return
    if dims[:3] != ("x", "y", "z"):
        raise InputError(
            f"{name}: is an array of xarray with dims {dims}; expected ('x', 'y', 'z'): read the whole dataset with "
            "rte.from_xarray(ds), which takes dims by name, or transpose it"
        )
    known = KINDS[UNITS.get(name, "mole fraction")]
    if (unit := plain(about.get("units"))) and known.get(unit) not in (1.0, (1.0, 0.0)):
        raise InputError(
            f"{name}: is an array of xarray in '{unit}'; expected SI: read the dataset with rte.from_xarray(ds), "
            "which converts units"
        )


def without_rounding(cells: Cells) -> tuple[NDArray[np.floating], int]:
    """Return values with those between -1e-6 of the greatest and 0 as 0, and their count.

    Raises InputError on values further below 0.
    """
    values = cells.values
    if cells.low >= 0:
        return values, 0
    greatest = max(cells.high, 0.0)
    first_bad(cells.name, values, values < -ROUNDING * greatest, "at least 0", "correct the input")
    return cells.without_rounding(greatest).values, int((values < 0).sum())
