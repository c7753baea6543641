"""Datasets whose numbers lie in the file as they do in memory, read into the array on several threads.

HDF5 copies them on one, under a lock: on two threads 134 MB from the page cache take 0.6 times as long, on one the
same.
"""

from __future__ import annotations

import math
import os
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ..execution.executors import each, thread_count

SIZES = (2, 4, 8)
"""Bytes of the numbers that are known here."""
SMALL = 1 << 20
"""Bytes below which HDF5 is as fast."""
PIECE = 1 << 19
"""Bytes that are read in one go: they are still in the cache when the order of their bytes is turned."""


def read(dataset: h5py.Dataset, index: tuple[Any, ...] = ()) -> NDArray[Any] | None:
    """Return a dataset, or its part behind leading whole numbers, in the byte order of the processor.

    None where HDF5 itself has to read it. Raises OSError where the file cannot be read, or ends early.
    """
    lead = [i for i in index if not isinstance(i, slice)]
    whole = all(part == slice(None) for part in index[len(lead) :])
    if not (hasattr(os, "preadv") and whole and as_stored(dataset)):
        return None
    start = dataset.id.get_offset()
    shape, dtype = dataset.shape[len(lead) :], dataset.dtype
    count = math.prod(shape)
    if start is None or count * dtype.itemsize < SMALL:
        return None
    if lead:
        start += int(np.ravel_multi_index(lead, dataset.shape[: len(lead)])) * count * dtype.itemsize
    out = np.empty(shape, dtype.newbyteorder("="))
    flat, step = out.reshape(-1), PIECE // dtype.itemsize

    def fill(first: int) -> None:
        piece = flat[first : first + step]
        _fill(file.fileno(), piece, start + first * dtype.itemsize)
        if not dtype.isnative:
            piece.byteswap(inplace=True)

    with open(dataset.file.filename, "rb") as file:
        each(thread_count(None))(fill, range(0, count, step))
    return out


def _fill(file: int, piece: NDArray[Any], at: int) -> None:
    rest: Any = memoryview(piece.view(np.uint8))  # type: ignore[arg-type]  # it has a buffer
    while rest:
        n = os.preadv(file, [rest], at)
        if n == 0:
            raise OSError("the file ends early")
        rest, at = rest[n:], at + n


def as_stored(dataset: h5py.Dataset) -> bool:
    """Whether a dataset is large, of plain numbers of NumPy, in a file whose places count from its start."""
    dtype = dataset.dtype
    if dtype.kind not in "fiu" or dtype.itemsize not in SIZES or dataset.nbytes < SMALL:
        return False
    if dataset.file.userblock_size:  # libraries differ in whether it counts in the places
        return False
    return bool(dataset.id.get_type() == h5py.h5t.py_create(dtype))
