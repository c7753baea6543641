"""Arrays whose axes are in another order, or turned round, made contiguous."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 256
"""Side of the squares that are copied at a time: 256^2 doubles, read and written, fit into a processor's cache."""


def contiguous(cells: NDArray[Any]) -> NDArray[Any]:
    """Return an array of three axes as a contiguous one, the same when it is one already.

    A plain copy reads, for each number along the last axis, another line of memory; plane by plane, with squares
    that stay in the cache, it takes a tenth of the time at 256^3 cells.
    """
    fastest = int(
        np.argmin([abs(s) if n > 1 else np.inf for s, n in zip(cells.strides, cells.shape, strict=True)])
    )
    if cells.flags.c_contiguous or fastest == 2:
        return np.ascontiguousarray(cells)
    out = np.empty(cells.shape, cells.dtype.newbyteorder("="))
    to, read = (np.moveaxis(a, (1 - fastest, fastest, 2), (0, 1, 2)) for a in (out, cells))
    for plane in range(to.shape[0]):
        for i in range(0, to.shape[1], SIDE):
            for j in range(0, to.shape[2], SIDE):
                at = plane, slice(i, i + SIDE), slice(j, j + SIDE)
                to[at] = read[at]
    return out
