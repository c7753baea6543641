"""netCDF-3 (classic and 64-bit offset), through SciPy.

Format: "NetCDF Classic Format Specification" of Unidata. Numbers are big-endian, axes in the order of the dims.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...units import plain
from .. import dims
from ..cf import unpacked
from ..digest import hashing
from ..moments import Moment
from ..source import Array, Source
from .probe import head

FORMAT = "netCDF-3"
DAMAGE = (OSError, ValueError, TypeError, KeyError, IndexError, AssertionError, OverflowError, MemoryError)
"""What SciPy raises, somewhere, on a file whose bytes are wrong."""


def recognises(path: Path) -> bool:
    """Whether the file begins as netCDF-3, or its 64-bit data, do."""
    return head(path, 4) in (b"CDF\x01", b"CDF\x02", b"CDF\x05")


@contextmanager
def opened(path: Path, time: Moment = None) -> Iterator[Source]:
    """Yield all variables, with their CF attributes honoured."""
    if head(path, 4)[3:] == b"\x05":
        raise InputError(
            f"{path}: is netCDF-3 with 64-bit data, which is not read; convert it with `nccopy -k nc4`"
        )
    with hashing(path) as digest, _mapped(path) as file:
        arrays = dims.labelled(
            {name: unpacked(_array(file, name), unwritten=True) for name in file.variables}
        )
        about = _about(file._attributes)
        yield Source(path, FORMAT, arrays, about, times=dims.times(arrays), digest=digest)


def _mapped(path: Path) -> Any:
    """The file, its data mapped into memory."""
    from scipy.io import netcdf_file

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of arrays of a damaged file, which are still mapped
        try:
            return netcdf_file(path, "r", mmap=True)
        except DAMAGE as error:
            reason = " ".join(str(error).split())
    raise InputError(
        f"{path}: is damaged, or cut: {reason}; copy it again"
    )  # an error's context keeps files open


def _array(file: Any, name: str) -> Array:
    """A variable; the file alone keeps its data, which can be let go only when nobody else does."""

    def load(index: tuple[Any, ...]) -> NDArray[Any]:
        stored = file.variables[name].data[index]
        return np.array(stored, dtype=stored.dtype.newbyteorder("="), order="C")

    variable = file.variables[name]
    about = _about(variable._attributes)
    dtype = variable.data.dtype.newbyteorder("=")
    return Array(
        name,
        variable.data.shape,
        dtype,
        load,
        plain(about.get("units")),
        variable.dimensions,
        attributes=about,
    )


def _about(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes with text as text, and numbers in the byte order of the processor."""
    return {
        key: value.decode(errors="replace") if isinstance(value, bytes) else _native(value)
        for key, value in attributes.items()
    }


def _native(value: Any) -> Any:
    a = np.asarray(value)
    return a.astype(a.dtype.newbyteorder("="))
