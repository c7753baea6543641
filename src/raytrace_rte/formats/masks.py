"""Which cells of a file have no data, and arrays that mark cells, as obstacles or materials."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..errors import InputError


class Masks(NamedTuple):
    """What is asked of a file beside its gas.

    no_data: temperatures, as the file has them, of cells without data; valid: name of an array that is 1 in cells
    with data and 0 in others; markers: names of arrays for `Field.markers`
    """

    no_data: tuple[float, ...] = ()
    valid: str | None = None
    markers: tuple[str, ...] = ()

    def known(self, temperature: NDArray[Any]) -> NDArray[np.bool_] | None:
        """Return where a temperature, as the file has it, is none that stands for no data; None: everywhere."""
        if not self.no_data:
            return None
        missing = np.zeros(temperature.shape, dtype=bool)
        for value in self.no_data:
            missing |= (
                np.isnan(temperature) if np.isnan(value) else temperature == temperature.dtype.type(value)
            )
        return ~missing if missing.any() else None


def masks(no_data: object, valid: object, markers: object) -> Masks:
    """Return the checked arguments of `read`; InputError on other types."""
    numbers = checks.real("no_data", () if no_data is None else no_data, "a number, or a list of them")
    name = None if valid is None else checks.text("valid", valid, "the name of an array")
    names = checks.sequence("markers", markers, "a list of names of arrays")
    for one in names:
        checks.text("markers", one, "a list of names of arrays")
    return Masks(tuple(np.ravel(numbers).tolist()), name, tuple(names))


def truth(values: NDArray[Any], where: str) -> NDArray[np.bool_]:
    """Return an array of 1 and 0 as truth values; InputError where there is something else."""
    if values.dtype.kind not in "biuf" or not np.isin(values, (0, 1)).all():
        shown = values[~np.isin(values, (0, 1))][:1]
        found = f"holds {shown[0]}" if shown.size else f"holds {values.dtype}"
        raise InputError(f"{where} {found}; expected 1 in cells with data, 0 in others")
    return values.astype(bool)


def both(one: NDArray[np.bool_] | None, other: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """Return where both masks are true; None is true everywhere."""
    return other if one is None else one if other is None else one & other
