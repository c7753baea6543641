"""Opening, reading and writing HDF5 files, with one clear message for each way in which that fails."""

from __future__ import annotations

import hashlib
import io
import math
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, nearest
from ..execution import memory
from . import chunks
from .atomic import replacing

SIGNATURE = b"\x89HDF\r\n\x1a\n"
PIECE = 1 << 20
"""Bytes that are hashed in one go."""
DAMAGE = (OSError, RuntimeError, KeyError, OverflowError, UnicodeDecodeError)
"""What h5py raises, somewhere, on a file whose bytes are wrong."""


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Yield the file, open for reading; raise InputError when it is missing, not HDF5, cut or damaged."""
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path}: {_reason(path, error)}") from None
    with file:
        try:
            yield file
        except DAMAGE as error:
            raise InputError(f"{path}: is damaged: {_one_line(error)}; copy or write it again") from error


def _reason(path: Path, error: OSError) -> str:
    text = _one_line(error)
    if isinstance(error, FileNotFoundError):
        return "no such file; check the path (in a config it is relative to the config)"
    if isinstance(error, PermissionError):
        return "may not be read; check its permissions"
    if os.path.isdir(path):  # Path.is_dir raises on a name too long
        return "is a directory; expected an HDF5 file"
    if "truncated" in text:
        return "the HDF5 file is truncated (an interrupted copy or run?); copy or write it again"
    if "lock" in text or "already open" in text:
        return (
            f"is in use, or was not closed by the program that wrote it ({text}); wait for that program, "
            "or repair the file with `h5clear -s`; where the file system has no locks, set "
            "HDF5_USE_FILE_LOCKING=FALSE"
        )
    try:
        with open(path, "rb") as file:
            signed = file.read(len(SIGNATURE)) == SIGNATURE
    except OSError as other:
        return f"cannot be read: {other.strerror}; check the path"
    if not signed:
        return "is not an HDF5 file; convert the data to HDF5, or check the name"
    return f"is damaged: {text}; copy or write it again"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def get(file: h5py.File, name: str) -> h5py.Dataset:
    """Return a dataset by its path; raise InputError that lists what there is."""
    found = file.get(name)
    if isinstance(found, h5py.Dataset):
        return found
    names = datasets(file)
    what = "is a group" if found is not None else "is missing"
    listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    raise InputError(
        f"{file.filename}: dataset '{name}' {what}{nearest(name, names)}; there are {listed or 'no datasets'}"
    )


def values(dataset: h5py.Dataset, index: Any = ()) -> NDArray[Any]:
    """Read a dataset, or the part of it at `index`.

    Raises InputError when its data cannot be decoded, and beforehand when they do not fit into memory.
    """
    where = f"{dataset.file.filename}: dataset '{dataset.name.lstrip('/')}'"
    shape = _shape(dataset, index)
    memory.require(math.prod(shape) * dataset.dtype.itemsize, f"{where} of shape {shape}")
    try:
        read = chunks.read(dataset) if shape == dataset.shape else None
        return np.asarray(dataset[index]) if read is None else read
    except (OSError, TypeError, ValueError, zlib.error) as error:
        raise InputError(
            f"{where} cannot be decoded ({_one_line(error)}); the file is damaged, or compressed with a "
            "filter that is not installed (import hdf5plugin may help, h5repack rewrites the file)"
        ) from None


def _shape(dataset: h5py.Dataset, index: Any) -> tuple[int, ...]:
    """Return the shape of the part of a dataset at an index of whole numbers and slices."""
    whole = () if dataset.shape is None else dataset.shape  # None where HDF5 says that there are no data
    parts = index if isinstance(index, tuple) else (index,)
    parts += (slice(None),) * (len(whole) - len(parts))
    pairs = zip(parts, whole, strict=True)
    return tuple(len(range(size)[part]) for part, size in pairs if isinstance(part, slice))


def attribute(item: h5py.HLObject, key: str) -> Any:
    """Return an attribute, None when there is none; raise InputError when it cannot be decoded."""
    try:
        return item.attrs.get(key)
    except (*DAMAGE, TypeError, ValueError) as error:
        raise InputError(
            f"{item.file.filename}: attribute '{key}' of '{item.name}' cannot be decoded "
            f"({_one_line(error)}); write it as text or numbers"
        ) from None


def datasets(file: h5py.File) -> list[str]:
    """Return the paths of all datasets."""
    names: list[str] = []
    file.visititems(lambda name, item: names.append(str(name)) if isinstance(item, h5py.Dataset) else None)
    return names


@contextmanager
def hashing(path: Path) -> Iterator[Callable[[], str]]:
    """Hash a file's bytes (SHA-256) on a thread of its own while the block reads it; yield what waits for it.

    A block that ends early ends the hashing.
    """
    ended = threading.Event()

    def digest() -> str:
        found, piece = hashlib.sha256(), memoryview(bytearray(PIECE))
        with open(path, "rb", buffering=0) as file:
            while not ended.is_set() and (n := file.readinto(piece)):
                found.update(piece[:n])
        return found.hexdigest()

    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(digest).result
        finally:
            ended.set()


@contextmanager
def written(path: str | Path) -> Iterator[h5py.File]:
    """Yield a new HDF5 file that takes the place of `path` when the block succeeds.

    It is built in memory: when HDF5 itself meets a full disk, it can crash the process as it closes the file.
    Raises InputError when the file cannot be written.
    """
    with replacing(path) as temporary:
        image = io.BytesIO()
        with h5py.File(image, "w") as file:
            yield file
        temporary.write_bytes(image.getbuffer())
