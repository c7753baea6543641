"""Blocks of ordinates with their images in mirrored axes: what one leaves at a mirror, another goes on with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...grid import FloatArray
from .box import Box, Ends
from .ordinates import PAD, Ordinates, octant, ordinates

Sense = tuple[int, int, int]


class Family(NamedTuple):
    """A block's rows and lanes in use; the senses of it and its images, in the order of the sweep."""

    rows: FloatArray
    lanes: int
    senses: tuple[Sense, ...]


def ordinates_of(box: Box, directions: int) -> Ordinates:
    """Return the set of at least so many directions for a box."""
    return ordinates(directions, box.ends.finite, box.ends.mirrored)


@lru_cache(maxsize=32)
def families(directions: int, ends: Ends) -> list[Family]:
    """Return the blocks of all octants, with their images, of a set of at least so many directions."""
    return list(_families(ordinates(directions, ends.finite, ends.mirrored), ends))


def _families(ordinates: Ordinates, ends: Ends) -> Iterator[Family]:
    from ...kernels.ordinates import LANES

    number = octant(ordinates.vector, ends.finite)
    for n in np.unique(number):
        members = np.flatnonzero(number == n)
        x, y, z = np.where(ordinates.vector[members[0]] < 0.0, -1, 1)
        senses = tuple(sorted(_images((int(x), int(y), int(z)), ends.mirrored), key=ends.facing))
        for start in range(0, members.size, LANES):
            yield Family(*_rows(ordinates, members[start : start + LANES]), senses)


def _images(sense: Sense, mirrored: tuple[bool, bool, bool]) -> Iterator[Sense]:
    """A sense and its images."""
    for flips in product(*((1, -1) if m else (1,) for m in mirrored)):
        yield sense[0] * flips[0], sense[1] * flips[1], sense[2] * flips[2]


def _rows(ordinates: Ordinates, members: NDArray[np.int64]) -> tuple[FloatArray, int]:
    """The rows of a block, and its lanes: those without an ordinate repeat others, without a weight."""
    from ...kernels.ordinates import LANES, ROWS
    from ...kernels.reconstruct import aligned

    lanes = PAD * -(-members.size // PAD)
    rows = aligned((ROWS * LANES,), np.dtype(np.float64))
    table = rows.reshape(ROWS, LANES)
    table[:] = 0.0
    table[:3, :lanes] = np.abs(ordinates.vector[np.resize(members, lanes)]).T
    table[3, : members.size], table[4, : members.size] = (
        ordinates.weight[members],
        ordinates.contrast[members],
    )
    return rows, lanes
