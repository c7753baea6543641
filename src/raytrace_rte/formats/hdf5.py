"""Opening, reading and writing HDF5 files, with one clear message for each way in which that fails."""

from __future__ import annotations

import io
import math
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, nearest
from ..execution import memory
from . import chunks, inplace
from .atomic import replacing
from .source import listed, printable

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MOST, DEEPEST = 100_000, 100
"""Objects of a file, and groups within each other, that are looked at."""
DAMAGE = (OSError, RuntimeError, KeyError, OverflowError, UnicodeDecodeError)
"""What h5py raises, somewhere, on a file whose bytes are wrong."""


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Yield the file, open for reading; raise InputError when it is missing, not HDF5, cut or damaged."""
    refuse_devices(path)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path}: {_reason(path, error)}") from None
    with file:
        try:
            yield file
        except DAMAGE as error:
            raise InputError(f"{path}: is damaged: {_one_line(error)}; copy or write it again") from error


def refuse_devices(path: Path) -> None:
    """Raise InputError for what is neither a file nor a folder: a pipe would be waited for without end."""
    try:
        kind = os.stat(path).st_mode
    except (OSError, ValueError):  # whoever opens it says why
        return
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise InputError(
            f"{path}: is neither a file nor a folder, but a pipe or a device; write it to a file"
        )


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
    found = _within(file, name)
    if isinstance(found, h5py.Dataset):
        return found
    names = datasets(file)
    what = "is a group" if isinstance(found, h5py.Group) else found or "is missing"
    raise InputError(
        f"{file.filename}: dataset '{printable(name)}' {what}{nearest(name, names)}; "
        f"there are {listed(names) or 'no datasets'}"
    )


def _within(file: h5py.File, name: str, links: int = 8) -> h5py.Group | h5py.Dataset | str:
    """Return the object of a path, "" where there is none, and a word on links that lead into other files.

    links: how many soft links may still be followed
    """
    item: Any = file
    parts = [part for part in name.split("/") if part]
    for i, part in enumerate(parts):
        link = item.get(part, getlink=True) if isinstance(item, h5py.Group) else None
        if isinstance(link, h5py.ExternalLink):
            return f"is a link into another file ('{printable(link.filename)}'), which is not read; copy its data"
        if isinstance(link, h5py.SoftLink):
            base = "" if link.path.startswith("/") else "/".join(parts[:i])
            return _within(file, "/".join((base, link.path, *parts[i + 1 :])), links - 1) if links else ""
        if link is None:
            return ""
        item = item[part]
    return item


def values(dataset: h5py.Dataset, index: Any = ()) -> NDArray[Any]:
    """Read a dataset, or the part of it at `index`.

    Raises InputError when its data cannot be decoded, and beforehand when they do not fit into memory.
    """
    where = f"{dataset.file.filename}: dataset '{printable(dataset.name.lstrip('/'))}'"
    if elsewhere := _elsewhere(dataset):
        raise InputError(
            f"{where} has its data in another file ('{elsewhere}'), which is not read; copy them"
        )
    shape = _shape(dataset, index)
    memory.require(math.prod(shape) * dataset.dtype.itemsize, f"{where} of shape {shape}")
    try:
        read = inplace.read(dataset, index if isinstance(index, tuple) else (index,))
        if read is None and shape == dataset.shape:
            read = chunks.read(dataset)
        return np.asarray(dataset[index]) if read is None else read
    except (OSError, TypeError, ValueError, zlib.error) as error:
        raise InputError(
            f"{where} cannot be decoded ({_one_line(error)}); the file is damaged, or compressed with a "
            "filter that is not installed (import hdf5plugin may help, h5repack rewrites the file)"
        ) from None


def _elsewhere(dataset: h5py.Dataset) -> str:
    """Return the name of another file that holds data of a dataset, "" where none does."""
    names = [printable(part[0]) for part in dataset.external or ()]
    if dataset.is_virtual:
        names += [printable(part.file_name) for part in dataset.virtual_sources() if part.file_name != "."]
    return next(iter(names), "")


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
    """Return the paths of all datasets of this file, soft links to them included."""
    return [name for name, item in walk(file) if isinstance(item, h5py.Dataset)]


def walk(file: h5py.File) -> Iterator[tuple[str, h5py.Group | h5py.Dataset | str]]:
    """Yield path and object of all groups and datasets, and of links into other files a word on them.

    Raises InputError when there are too many, or groups lie too deep in each other.
    """
    waiting, seen, count = [""], set(), 0
    while waiting:
        name = waiting.pop()
        item = _within(file, name)
        if isinstance(item, h5py.Group):
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                continue
            seen.add(address)
            count += len(item)
            if count > MOST or name.count("/") > DEEPEST:
                raise InputError(
                    f"{file.filename}: holds more than {MOST} objects, or groups more than {DEEPEST} deep; "
                    "copy what is needed into a file of its own"
                )
            waiting += [f"{name}/{key}".lstrip("/") for key in reversed(list(item))]
        if name and item != "":
            yield name, item


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
