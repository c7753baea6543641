"""Numbers in the binary files of FDS: records of Fortran, each between two lengths of 4 bytes, little-endian.

Layout: FDS User's Guide, "FDS file formats". A file of Plot3D (.q) is one moment of one mesh: a record of three
sizes, one of four numbers, one of five quantities. A slice (.sf) has three records of text and one of six indices,
then for each moment a record of the time and one of the values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...grid import FloatArray

QUANTITIES_OF_PLOT3D = 5
HEADER_OF_PLOT3D, HEADER_OF_SLICE = 20 + 24, 3 * 38 + 32
"""Bytes before the first record of numbers."""


@dataclass(frozen=True)
class Piece:
    """One quantity in one mesh; axes: its points, or faces of its cells, along each axis that is no plane [m]."""

    mesh: str
    axes: Mapping[str, FloatArray]

    def file(self, at: int) -> Path:
        """Return the file that holds a moment."""
        raise NotImplementedError

    def values(self, at: int) -> NDArray[np.float32]:
        """Return the values at a moment, indexed as the axes; raise InputError when the file is cut."""
        raise NotImplementedError


@dataclass(frozen=True)
class Plot3DPiece(Piece):
    """paths: number of a moment -> file; number: which of the five quantities."""

    paths: Mapping[int, Path]
    number: int

    def file(self, at: int) -> Path:
        if at not in self.paths:
            raise InputError(
                f"{next(iter(self.paths.values()))}: mesh {self.mesh} has not written that moment"
            )
        return self.paths[at]

    def values(self, at: int) -> NDArray[np.float32]:
        shape = tuple(axis.size for axis in self.axes.values())
        count = math.prod(shape)
        skipped, length = 4 * count * self.number, 4 * count * QUANTITIES_OF_PLOT3D
        return _numbers(self.file(at), HEADER_OF_PLOT3D, length, skipped, count).reshape(shape, order="F")


@dataclass(frozen=True)
class SlicePiece(Piece):
    """path: of the file; nodes: numbers of nodes along x, y, z, 1 along that of a plane; cells: centred there."""

    path: Path
    nodes: tuple[int, ...]
    cells: bool

    def file(self, at: int) -> Path:
        return self.path

    def values(self, at: int) -> NDArray[np.float32]:
        count = math.prod(self.nodes)
        record = HEADER_OF_SLICE + at * self._step + 12
        full = _numbers(self.path, record, 4 * count, 0, count).reshape(self.nodes, order="F")
        if self.cells:  # FDS writes as many as there are nodes: the first along each axis belong to no cell
            full = full[tuple(slice(1 if n > 1 else 0, None) for n in self.nodes)]
        return full.reshape([axis.size - self.cells for axis in self.axes.values()])

    def times(self) -> list[float]:
        """Return the moments [s]; raise InputError when there is none."""
        try:
            size = self.path.stat().st_size - HEADER_OF_SLICE
            count = max(size // self._step, 0)
            steps = (
                np.memmap(self.path, np.uint8, "r", HEADER_OF_SLICE, (count, self._step)) if count else None
            )
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path}: cannot be read: {error}; copy the case again") from None
        if steps is None:
            raise InputError(f"{self.path}: holds no moment; run FDS again, or copy the case again")
        return [float(str(t)) for t in np.ascontiguousarray(steps[:, 4:8]).view("<f4")[:, 0]]

    @property
    def _step(self) -> int:
        """Bytes of one moment."""
        return 12 + 8 + 4 * math.prod(self.nodes)


@dataclass(frozen=True)
class ObstructionPiece(Piece):
    """1 in cells of obstructions, or at nodes that only such cells surround, and 0 in gas.

    path: of the case; grid: the mesh of fdsreader; region: ranges of its cells or nodes; times: [s]
    """

    path: Path
    grid: Any
    region: tuple[slice, ...]
    times: Sequence[float]
    cells: bool

    def file(self, at: int) -> Path:
        return self.path

    def values(self, at: int) -> NDArray[np.float32]:
        gas = self.grid.get_obstruction_mask([self.times[at]], self.cells, self.region, "placeholders")
        return (~gas[0]).astype(np.float32).reshape([axis.size - self.cells for axis in self.axes.values()])


def _numbers(path: Path, record: int, length: int, skipped: int, count: int) -> NDArray[np.float32]:
    """Return numbers from within a record; raise InputError when the file is cut or the record another.

    record: where it begins; length: of it; skipped: before the numbers [bytes]
    """
    try:
        found = np.fromfile(path, "<i4", 1, offset=record)
        numbers = np.fromfile(path, "<f4", count, offset=record + 4 + skipped)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}; copy the case again") from None
    marked = length >= 2**31 or found.tolist() == [length]  # of longer records Fortran marks parts
    if not marked or numbers.size != count:
        raise InputError(
            f"{path}: at byte {record} found a record of {found.tolist()} bytes and {numbers.size} numbers; expected "
            f"{length} bytes and {count}; the file is cut, or of another mesh: copy the case again"
        )
    return numbers
