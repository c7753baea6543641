"""Any HDF5 file, netCDF-4 among them: all its datasets, with the names of their axes and CF attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from ...errors import InputError
from ...units import plain
from .. import dims
from ..cf import unpacked
from ..digest import hashing
from ..hdf5 import SIGNATURE, attribute, values, walk
from ..hdf5 import opened as opened_file
from ..moments import Moment
from ..native import is_native
from ..source import UNREADABLE, Array, Source, printable
from .probe import head

FORMAT = "HDF5"


def recognises(path: Path) -> bool:
    """Whether the file has the signature of HDF5, at the start or behind a user block."""
    start = head(path, 4096 + len(SIGNATURE))
    return any(start[at : at + len(SIGNATURE)] == SIGNATURE for at in (0, 512, 1024, 2048, 4096))


@contextmanager
def opened(path: Path, time: Moment = None) -> Iterator[Source]:
    """Yield all datasets of the file itself; what lies in other files is left out."""
    with hashing(path) as digest, opened_file(path) as file:
        native = (
            "a native field" if is_native(file) else "netCDF-4" if "_NCProperties" in file.attrs else FORMAT
        )
        arrays, attributes = {}, dict(about(file))
        for name, item in walk(file):
            if isinstance(item, str):
                arrays[name] = _unreadable(name, f"{path}: dataset '{printable(name)}' {item}")
            elif isinstance(item, h5py.Group):
                attributes |= {f"{name}/{key}": value for key, value in about(item).items()}
            elif isinstance(item, h5py.Dataset) and not _only_a_length(item):
                arrays[name] = array_of(name, item)
        arrays = dims.labelled(arrays)
        yield Source(path, native, arrays, attributes, times=dims.times(arrays), digest=digest)


def array_of(name: str, dataset: h5py.Dataset) -> Array:
    """Return a dataset as an array; where it cannot be described, that is said when it is loaded."""
    try:
        empty = dataset.shape is None  # HDF5 says that there are no data
        shape, dtype, known = (0,) if empty else dataset.shape, dataset.dtype, about(dataset)
        names = tuple("" if empty else _dim(dataset, i) for i in range(len(shape)))
    except (InputError, TypeError, ValueError, RuntimeError) as error:
        return _unreadable(name, str(error))

    def load(index: tuple[Any, ...]) -> NDArray[Any]:
        return values(dataset, index)

    return unpacked(
        Array(
            name,
            shape,
            dtype,
            load,
            plain(known.get("units")),
            names,
            attributes=known,
            chunks=dataset.chunks or (),
        )
    )


def about(item: h5py.Group | h5py.Dataset) -> Mapping[str, Any]:
    """Return the attributes that can be decoded."""
    found = {}
    for key in item.attrs:
        try:
            found[str(key)] = attribute(item, key)
        except InputError:
            found[str(key)] = "(cannot be decoded)"
    return found


def _dim(dataset: h5py.Dataset, i: int) -> str:
    """The name of an axis by its label or dimension scale; a scale of one axis is its own."""
    if dataset.is_scale and len(dataset.shape) == 1:
        return str(dataset.name).rpartition("/")[2]
    dim = dataset.dims[i]
    name = dim.label or (dim[0].name if len(dim) else "")
    return str(name).rpartition("/")[2]


def _only_a_length(dataset: h5py.Dataset) -> bool:
    """Whether it is what netCDF-4 writes for a dim without positions."""
    return dataset.is_scale and plain(attribute(dataset, "NAME")).startswith(
        "This is a netCDF dimension but not"
    )


def _unreadable(name: str, text: str) -> Array:
    def load(index: tuple[Any, ...]) -> NDArray[Any]:
        raise InputError(text)

    return Array(name, (), UNREADABLE, load)
