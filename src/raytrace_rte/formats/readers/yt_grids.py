"""Grids with refinement that yt opens and no reader here does: Chombo, FLASH, Enzo, Athena++ and others.

The units of length that yt reports are not taken: many of these files do not state any, and yt then says
centimetres.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...execution import memory
from ..digest import hashing
from ..hdf5 import SIGNATURE, walk
from ..hdf5 import opened as opened_hdf5
from ..moments import Moment
from ..source import Array, Axes, Source, printable
from . import levels
from .probe import head, package

FORMAT = "Chombo, FLASH, Enzo or Athena++"
MEMBERS = ("Chombo_global", "unknown names", "gridded_data_format")
"""Objects at the top of files of Chombo, FLASH and the Grid Data Format."""
ATTRIBUTES = ("RootGridX1",)
"""Attributes of files of Athena++."""


def recognises(path: Path) -> bool:
    """Whether the file is of one of these codes."""
    start = head(path, 4096)
    if not start.startswith(SIGNATURE):
        return re.search(rb"^TopGridRank\s*=", start, re.MULTILINE) is not None  # Enzo's parameters
    try:
        with h5py.File(path, "r") as file:
            there = any(file.get(name, getclass=True, getlink=True) is not None for name in MEMBERS)
            return there or any(name in file.attrs for name in ATTRIBUTES)
    except (OSError, RuntimeError, KeyError, ValueError):
        return False


@contextmanager
def opened(path: Path, time: Moment = None, part: str = "") -> Iterator[Source]:
    """Yield the cells of a dataset on the grid of one level.

    time: these files hold one moment, so it must be None
    part: "level 0", "level 1", ...; the finest where it is not given

    Raises InputError when yt is missing or cannot open the file.
    """
    yt = package("yt", "yt", f"{path}: {FORMAT}")
    if time is not None:
        raise InputError(f"{path}: time is {time!r}, and the file holds one moment; leave time out")
    _check_inside(path)
    log = logging.getLogger("yt")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with hashing(*_files(path)) as digest:
            yield source_of(_loaded(yt, path), part, digest)
    finally:
        log.setLevel(before)


def _check_inside(path: Path) -> None:
    """Raise InputError where an HDF5 file has data in other files, which yt would follow."""
    if head(path, len(SIGNATURE)) != SIGNATURE:
        return
    with opened_hdf5(path) as file:
        for name, item in walk(file):
            if isinstance(item, str):
                raise InputError(f"{path}: '{printable(name)}' {item}")
            if isinstance(item, h5py.Dataset) and (item.is_virtual or item.external):
                raise InputError(
                    f"{path}: '{printable(name)}' has its data in another file, which is not read"
                )


def _files(path: Path) -> list[Path]:
    """Return the files of a dataset: Enzo's parameters have those with the numbers beside them."""
    if head(path, len(SIGNATURE)) == SIGNATURE:
        return [path]
    return sorted(
        other for other in path.parent.iterdir() if other.name.startswith(path.name) and other.is_file()
    )


def _loaded(yt: Any, path: Path) -> Any:
    try:
        dataset = yt.load(str(path))
        dataset.index  # noqa: B018  it reads the structure, which may be damaged
        return dataset
    except Exception as error:  # each of its readers has errors of its own
        text = printable(" ".join(f"{type(error).__name__} {error}".split()))
        raise InputError(f"{path}: yt {yt.__version__} cannot open it: {text[:300]}") from None


def source_of(dataset: Any, part: str = "", digest: Callable[[], str] = lambda: "") -> Source:
    """Return a dataset of yt, of any format, as a Source; `part` as of `opened`.

    Raises InputError where it is not Cartesian, or has no such level.
    """
    path = Path(str(dataset.filename))
    if str(dataset.geometry).rpartition(".")[2].lower() != "cartesian":
        raise InputError(f"{path}: coordinates are {dataset.geometry}; expected Cartesian ones")
    finest = int(dataset.index.max_level)
    level, dim = levels.chosen(path, part, finest), int(dataset.dimensionality)
    refined = np.where(np.arange(3) < dim, dataset.relative_refinement(0, level), 1)
    shape = tuple(int(n) for n in np.asarray(dataset.domain_dimensions) * refined)
    ends = zip(dataset.domain_left_edge.d, dataset.domain_right_edge.d, shape, strict=True)
    faces: list[Any] = [np.linspace(low, high, n + 1) for low, high, n in ends]
    faces[dim:] = [None] * (3 - dim)
    arrays = dict(_arrays(dataset, path, level, shape, dim))
    about: Mapping[str, Any] = {"code": str(dataset.dataset_type), "time": str(dataset.current_time)}
    notes = list(levels.notes(level, finest, shape[:dim], _own(dataset, level)))
    return Source(
        path, f"{dataset.dataset_type} through yt", arrays, about, Axes(*faces), notes=notes, digest=digest
    )


def _own(dataset: Any, level: int) -> int | None:
    """Return how many cells a level itself has; None where yt has no boxes to count."""
    grids = getattr(dataset.index, "grids", None)
    if grids is None:
        return None
    return sum(int(np.prod(grid.ActiveDimensions)) for grid in grids if int(grid.Level) == level)


def _arrays(
    dataset: Any, path: Path, level: int, shape: tuple[int, ...], dim: int
) -> Iterator[tuple[str, Array]]:
    for field in dataset.field_list:
        info = dataset.field_info[field]
        if info.sampling_type != "cell":
            continue

        def load(index: tuple[Any, ...], field: Any = field) -> NDArray[Any]:
            memory.require(8 * math.prod(shape), f"{path}: level {level}")
            box = dataset.covering_grid(level, dataset.domain_left_edge, shape)
            values = np.asarray(box[field]).reshape(shape[:dim])
            return values[index]

        units = "" if "code_" in str(info.units) or str(info.units) == "dimensionless" else str(info.units)
        name = printable(str(field[1]))
        yield name, Array(
            name, shape[:dim], np.dtype(np.float64), load, units, tuple("xyz"[:dim]), "cell"
        )  # fmt: skip
