"""Datasets of gzip chunks, packed and unpacked on several threads: HDF5 itself does that on one, under a lock."""

from __future__ import annotations

import math
import os
import zlib
from itertools import product
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ..execution.executors import each, ordered, thread_count
from .inplace import as_stored

FILTERS = ([h5py.h5z.FILTER_DEFLATE], [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE])
"""What is known here: gzip, alone or after a shuffle of bytes."""
WORDS = {2: np.uint16, 4: np.uint32, 8: np.uint64}
"""Size of a number in bytes -> its bits as a whole number."""


def read(dataset: h5py.Dataset) -> NDArray[Any] | None:
    """Return a whole dataset in the byte order of the processor; None where HDF5 itself has to read it.

    Raises zlib.error or ValueError on damaged chunks, OSError where the file cannot be read.
    """
    if not (hasattr(os, "pread") and _suits(dataset)):
        return None
    chunks: list[Any] = []
    dataset.id.chunk_iter(chunks.append)
    shape, size = dataset.shape, dataset.chunks
    whole = math.prod(-(-n // m) for n, m in zip(shape, size, strict=True))
    if len(chunks) != whole or any(chunk.filter_mask for chunk in chunks):
        return None
    dtype, shuffled, count = dataset.dtype, dataset.shuffle, math.prod(size)
    out = np.empty(shape, dtype.newbyteorder("="))

    def decode(chunk: Any) -> None:
        raw = os.pread(file.fileno(), chunk.size, chunk.byte_offset)
        numbers = _numbers(zlib.decompress(raw, bufsize=count * dtype.itemsize), dtype, shuffled)
        start = chunk.chunk_offset
        place = out[tuple(slice(first, first + n) for first, n in zip(start, size, strict=True))]
        place[...] = numbers.reshape(size)[tuple(slice(n) for n in place.shape)]

    with open(dataset.file.filename, "rb") as file:
        each(thread_count(None))(decode, sorted(chunks, key=lambda chunk: chunk.byte_offset))
    return out


def write(group: h5py.Group, name: str, values: NDArray[Any]) -> h5py.Dataset:
    """Return a new dataset of these numbers, in chunks of gzip 1 after a shuffle, as HDF5 itself would write it."""
    dataset = group.create_dataset(
        name, values.shape, values.dtype, chunks=True, shuffle=True, compression="gzip", compression_opts=1,
        track_times=False,
    )  # fmt: skip
    size, dtype = dataset.chunks, values.dtype

    def encode(start: tuple[int, ...]) -> tuple[tuple[int, ...], bytes]:
        part = values[tuple(slice(first, first + n) for first, n in zip(start, size, strict=True))]
        block = np.zeros(size, dtype)  # chunks at the ends are whole, too
        block[tuple(slice(n) for n in part.shape)] = part
        planes = block.view(np.uint8).reshape(-1, dtype.itemsize).T
        return start, zlib.compress(np.ascontiguousarray(planes).data, 1)

    starts = product(*(range(0, n, m) for n, m in zip(values.shape, size, strict=True)))
    for start, raw in ordered(encode, starts, thread_count(None)):
        dataset.id.write_direct_chunk(start, raw)
    return dataset


def _suits(dataset: h5py.Dataset) -> bool:
    """Whether a dataset is large, of plain numbers, and in chunks that passed only filters known here."""
    if dataset.chunks is None or not as_stored(dataset):
        return False
    made = dataset.id.get_create_plist()
    return [made.get_filter(i)[0] for i in range(made.get_nfilters())] in FILTERS


def _numbers(data: bytes, dtype: np.dtype[Any], shuffled: bool) -> NDArray[Any]:
    """Return the numbers of a chunk in the byte order of the processor."""
    if not shuffled:
        return np.frombuffer(data, dtype)
    planes = np.frombuffer(data, np.uint8).reshape(dtype.itemsize, -1)
    highest, *lower = planes if dtype.str[0] == ">" else planes[::-1]
    words = highest.astype(WORDS[dtype.itemsize])
    for plane in lower:
        words <<= 8
        words |= plane
    return words.view(dtype.newbyteorder("="))
