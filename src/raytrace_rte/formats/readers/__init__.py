"""The readers, one file a format. Each module has

FORMAT: what messages call the format;
recognises(path) -> bool: whether a file or folder is of this format, by its content, never by its name; cheap,
    without optional packages, and without an exception on anything that can be on a disk;
opened(path, time=None): a context that yields its Source, whose arrays can be loaded until it ends. `time` is
    the moment to show, as in `moments.moment`: the last where it is None. A reader whose arrays hold all moments,
    along a dim "time", leaves it to those who load them. Further arguments are options of the format, each with
    a default: `part`, text, says which of several parts of a file to read.

A new format is one such file and its name in READERS.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ... import checks
from ...errors import InputError, nearest
from ..hdf5 import refuse_devices
from ..moments import Moment
from ..source import Source

READERS = (
    "vtkhdf", "vtkhdf_mesh", "cantera", "yt_grids", "hdf5", "vtk", "openfoam", "netcdf3", "xdmf", "zarr", "amrex",
    "fds",
)  # fmt: skip
"""Modules here, in the order in which they are asked: what is special before what is general."""


def reader_of(path: Path) -> ModuleType | None:
    """Return the reader that recognises a file or folder; None where none does."""
    for name in READERS:
        module = import_module(f".{name}", __name__)
        if module.recognises(path):
            return module
    return None


@contextmanager
def opened(path: Path, time: Moment = None, options: Mapping[str, Any] | None = None) -> Iterator[Source]:
    """Yield what a file or folder of any known format holds.

    options: name -> value, of those that the format has, as {"part": "level 1"}

    Raises InputError when there is no such file, it is of no known format, it has no such option, or it cannot be
    read.
    """
    refuse_devices(path)
    reader = reader_of(path)
    if reader is None:
        raise InputError(_unknown(path))
    with reader.opened(path, time, **_known(path, reader, options)) as source:
        yield source


def _known(path: Path, reader: ModuleType, options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the options; raise InputError where the format does not have one."""
    if options is None:
        return {}
    checks.instance(f"{path}: options", options, Mapping, 'a dict, as {"part": "level 1"}')
    there = [*inspect.signature(reader.opened).parameters][2:]
    for name in options:
        if name not in there:
            raise InputError(
                f"{path}: options: {reader.FORMAT} has no option {name!r}{nearest(str(name), there)}; it has "
                f"{', '.join(there) or 'none'}"
            )
    return dict(options)


def _unknown(path: Path) -> str:
    try:
        if path.is_dir():
            return f"{path}: is a directory, and not one of {_formats()}"
        with open(path, "rb") as file:
            file.read(1)
    except FileNotFoundError:
        return f"{path}: no such file; check the path (in a config it is relative to the config)"
    except PermissionError:
        return f"{path}: may not be read; check its permissions"
    except OSError as error:
        return f"{path}: cannot be read: {error.strerror}; check the path"
    return f"{path}: is not an HDF5 file, nor one of {_formats()}; check the name, or convert the data"


def _formats() -> str:
    return ", ".join(import_module(f".{name}", __name__).FORMAT for name in READERS if name != "hdf5")
