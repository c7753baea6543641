"""Opening HDF5 files, with one clear message for each way in which that fails."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, nearest


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Yield the file, open for reading; raise InputError when it is missing, not HDF5 or cut short."""
    if not path.exists():
        raise InputError(f"{path}: no such file; check the path (in a config it is relative to the config)")
    if path.is_dir():
        raise InputError(f"{path}: is a directory; expected an HDF5 file")
    try:
        file = h5py.File(path, "r")
    except PermissionError:
        raise InputError(f"{path}: may not be read; check its permissions") from None
    except OSError as error:
        raise InputError(f"{path}: {_reason(path, error)}") from None
    with file:
        yield file


def _reason(path: Path, error: OSError) -> str:
    if "truncated" in str(error):
        return "the HDF5 file is truncated (an interrupted copy or run?); copy or write it again"
    with open(path, "rb") as file:
        start = file.read(8)
    if start != b"\x89HDF\r\n\x1a\n":
        return "is not an HDF5 file; convert the data to HDF5, or check the name"
    return f"is damaged: {error}; copy or write it again"


def get(file: h5py.File, name: str) -> h5py.Dataset:
    """Return a dataset by its path; raise InputError that lists what there is."""
    found = file.get(name)
    if isinstance(found, h5py.Dataset):
        return found
    names = datasets(file)
    what = "is a group" if found is not None else "is missing"
    listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    raise InputError(f"{file.filename}: dataset '{name}' {what}{nearest(name, names)}; there are {listed}")


def values(dataset: h5py.Dataset) -> NDArray[Any]:
    """Read a dataset whole; raise InputError when its data cannot be decoded."""
    try:
        return np.asarray(dataset[()])
    except OSError as error:
        raise InputError(
            f"{dataset.file.filename}: dataset '{dataset.name}' cannot be decoded ({error}); the file is "
            "damaged, or compressed with a filter that is not installed (h5repack rewrites it)"
        ) from None


def datasets(file: h5py.File) -> list[str]:
    """Return the paths of all datasets."""
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return names


def sha256(path: Path) -> str:
    """Return the hash of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
