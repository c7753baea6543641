"""The least and the greatest number of an array, read piece by piece, so that it may be larger than memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .source import UNREADABLE, Array

CHUNK = 1 << 22
"""Numbers read at a time: 32 MiB of doubles."""
MOST = 1 << 34
"""Numbers above which an array is not looked at: 64 GiB of floats, minutes."""


@dataclass(frozen=True)
class Range:
    """Of an array: least and greatest number (nan where there is none), count of NaN, what went wrong."""

    low: float = math.nan
    high: float = math.nan
    nans: int = 0
    problem: str = ""


def range_of(array: Array) -> Range:
    """Return the range of an array; of text, and where it cannot be read, one without numbers."""
    count = math.prod(array.shape)
    if (array.dtype.kind not in "fiu" and array.dtype != UNREADABLE) or not count:
        return Range()
    if count > MOST:
        return Range(problem=f"{count:.3g} numbers are too many to look at")
    low, high, nans = math.inf, -math.inf, 0
    try:
        for piece in _pieces(array):
            bad = np.isnan(piece)
            nans += int(bad.sum())
            if not bad.all():
                low, high = min(low, float(np.nanmin(piece))), max(high, float(np.nanmax(piece)))
    except InputError as error:
        text = str(error)
        return Range(problem=text.partition(f"'{array.name}' ")[2] or text)
    return Range(low, high, nans) if low <= high else Range(nans=nans)


def _pieces(array: Array, lead: tuple[int, ...] = ()) -> Iterator[NDArray[Any]]:
    """Yield an array slab by slab, each of some thickness along the axis that is cut, as files keep chunks."""
    rest = array.shape[len(lead) :]
    if math.prod(rest) <= CHUNK:
        yield array.load(lead)
        return
    inner = math.prod(rest[1:])
    if inner > CHUNK:
        for i in range(rest[0]):
            yield from _pieces(array, (*lead, i))
        return
    thickness = array.chunks[len(lead)] if array.chunks else 1
    step = -(-(CHUNK // inner) // thickness) * thickness
    for first in range(0, rest[0], step):
        yield array.load((*lead, slice(first, first + step)))
