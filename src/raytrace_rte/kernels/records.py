"""Records of all cells, a line of cells along z at a time (slopes.py), and what they tell of the whole field.

In the same pass: the range of kappa and S over bricks of 8 cells a side, and the greatest kappa of planes of cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ..grid import Cartesian
from .blocks import lanes, magnitude, peek, poke, put_records, rounded
from .cartesian import Cells
from .intrinsics import RECORD, maximum, minimum, where
from .jit import driver, inlined, kernel
from .reconstruct import KAPPA, SOURCE, aligned, cells_of
from .slopes import HALF, ROWS, TOP, VALUE, Part, fill_quantity, padded, row_of, tables_of, zeros
from .vector import WIDTH

BASE = 3
"""log2 of the side of the smallest bricks, in cells."""
SIDE = 1 << BASE
K_MIN, K_MAX, S_MIN, S_MAX = range(4)
"""Entries of the range over a brick."""
CELLS_A_CALL = 1 << 18
"""Records filled by one compiled call, some milliseconds: Ctrl-C waits for it."""

Each = Callable[[Callable[[Any], None], Iterable[Any]], None]
"""Calls a function with each of some items."""


class Seen(NamedTuple):
    """What is seen while records are built.

    line: greatest kappa of each line of cells along z (nx, ny, n_band)
    column: (K_MIN, K_MAX, S_MIN, S_MAX) over columns of SIDE x SIDE cells, the numbers of a line (bx, by, 4, n)
    """

    line: np.ndarray
    column: np.ndarray


class Planes(NamedTuple):
    """Greatest reconstructed kappa [1/m] in each plane of cells across x, y and z, (n, n_band) each."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray


class Bounds(NamedTuple):
    """Of the reconstructed field, corners of cells included.

    brick: (K_MIN, K_MAX, S_MIN, S_MAX) over bricks of 8 cells a side (bx, by, bz, n_band, 4)
    """

    planes: Planes
    brick: np.ndarray

    @property
    def source(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest source of each band (n_band,)."""
        return self.brick[..., S_MIN].min(axis=(0, 1, 2)), self.brick[..., S_MAX].max(axis=(0, 1, 2))


@inlined
def _widen(column, at, low, high):
    """Widen the ranges that stand in an array."""
    poke(column, at, minimum(low, peek(column, at)))
    at += column.shape[3]
    poke(column, at, maximum(high, peek(column, at)))


@kernel
def _finish(i, j, bands, tables, length, work, first, out, seen):
    """Write the records of line (i, j) from number `first` of out on, if there are any, and widen what is seen."""
    tx, ty, tz = tables.x, tables.y, tables.z
    hx, hy, half = tx[i, HALF], ty[j, HALF], HALF * tz.shape[1]
    column, size = seen.column, seen.column.shape[3]
    at = ((i >> BASE) * column.shape[1] + (j >> BASE)) * 4 * size
    rows, top, v = work.shape[1], row_of(work, TOP, bands), row_of(work, VALUE, bands)
    for p in range(0, length, WIDTH):
        k, kx = rounded(out, peek(work, v + p)), rounded(out, peek(work, v + p + rows))
        ky, kz = rounded(out, peek(work, v + p + 2 * rows)), rounded(out, peek(work, v + p + 3 * rows))
        s, sx = rounded(out, peek(work, v + p + 4 * rows)), rounded(out, peek(work, v + p + 5 * rows))
        sy, sz = rounded(out, peek(work, v + p + 6 * rows)), rounded(out, peek(work, v + p + 7 * rows))
        if out.shape[0] > 0:
            put_records(out, first + p, length - p, (k, kx, ky, kz, s, sx, sy, sz))
        hz = peek(tz, half + p)
        fall = magnitude(kx) * hx + magnitude(ky) * hy + magnitude(kz) * hz
        most = k + fall
        poke(work, top + p, where(lanes(length - p), most, 0.0))
        _widen(column, at + p, k - fall, most)
        fall = magnitude(sx) * hx + magnitude(sy) * hy + magnitude(sz) * hz
        _widen(column, at + p + 2 * size, s - fall, s + fall)


@kernel
def _note_line(work, bands, n, i, j, seen):
    """Note the greatest kappa of line (i, j), of n cells: the upper half is laid on the lower until one is left.

    The lanes of the last vector may hold more cells of the same bands, which does no harm.
    """
    top = row_of(work, TOP, bands)
    while n > 1:
        half = (n + 1) // 2
        for p in range(top, top + (n - half) * bands, WIDTH):
            poke(work, p, maximum(peek(work, p), peek(work, p + half * bands)))
        n = half
    for b in range(bands):
        seen.line[i, j, b] = work[TOP, top - TOP * work.shape[1] + b]


@driver
def fill_records(kappa, source, tables, box, start, work, out, seen):
    """Build the records of lines (i, j), box[0] <= i < box[1], box[2] <= j < box[3], and widen what is seen.

    out: its first line is number `start`; without records it is left alone
    """
    bands = kappa.shape[1]
    nz = kappa.shape[0] // (tables.x.shape[0] * tables.y.shape[0])
    length = nz * bands
    whole = Part(0, length, 0, length)
    for j0 in range(box[2], box[3], SIDE):
        for i in range(box[0], box[1]):
            for j in range(j0, min(j0 + SIDE, box[3])):
                fill_quantity(kappa, i, j, bands, tables, whole, KAPPA, work)
                fill_quantity(source, i, j, bands, tables, whole, SOURCE, work)
                first = (i * tables.y.shape[0] + j - start) * length
                _finish(i, j, bands, tables, length, work, first, out, seen)
                _note_line(work, bands, nz, i, j, seen)


def in_turn(function: Callable[[Any], None], items: Iterable[Any]) -> None:
    """Call a function with each item, one after the other."""
    for item in items:
        function(item)


def _fill(cells: Cells, first: int, last: int, out: np.ndarray, each: Each) -> Seen:
    """Build the records of planes first to last - 1 of cells into out, if that is not empty; return what is seen.

    first: a multiple of SIDE
    """
    bands = cells.kappa.shape[1]
    nx, ny, nz = cells.cx.size, cells.cy.size, cells.cz.size
    tables = tables_of(cells, bands)
    length = padded(nz * bands)
    column = aligned((-(-nx // SIDE), -(-ny // SIDE), 4, length), np.dtype(np.float64))
    seen = Seen(np.empty((nx, ny, bands)), column)
    strip = max(1, CELLS_A_CALL // (SIDE * SIDE * nz * bands)) * SIDE

    def fill(corner: tuple[int, int]) -> None:
        i, j = corner
        box = np.array([i, min(i + SIDE, last), j, min(j + strip, ny)])
        own = column[i >> BASE, j >> BASE : -(-box[3] // SIDE)]
        own[:, [K_MIN, S_MIN]], own[:, [K_MAX, S_MAX]] = np.inf, 0.0
        work = zeros(ROWS, length + 2 * padded(2 * bands))
        fill_records(cells.kappa, cells.source, tables, box, first * ny, work, out, seen)

    each(fill, ((i, j) for i in range(first, last, SIDE) for j in range(0, ny, strip)))
    return seen


def _bounds(cells: Cells, seen: Seen) -> Bounds:
    """Return the bounds of a whole field, of what has been seen of it."""
    nz, bands = cells.cz.size, cells.kappa.shape[1]
    bx, by = seen.column.shape[:2]
    column = seen.column[..., : nz * bands].reshape(bx, by, 4, nz, bands)
    brick = np.empty((bx, by, -(-nz // SIDE), bands, 4))
    for entry in (K_MIN, K_MAX, S_MIN, S_MAX):
        widest = np.minimum if entry in (K_MIN, S_MIN) else np.maximum
        brick[..., entry] = widest.reduceat(column[:, :, entry], np.arange(0, nz, SIDE), axis=2)
    np.maximum(brick, 0.0, out=brick)
    planes = Planes(seen.line.max(axis=1), seen.line.max(axis=0), column[:, :, K_MAX].max(axis=(0, 1)))
    return Bounds(planes, brick)


def build(cells: Cells, each: Each = in_turn, out: np.ndarray | None = None) -> tuple[Cells, Bounds]:
    """Return cells without records (`lean`) with them, and the bounds of the field, in one pass.

    each: calls a function with each of some pieces, as `in_turn` does, or with several threads; out: where the
    records go, None is new memory
    """
    shape = (*cells.kappa.shape, RECORD)
    if out is None or (out.shape, out.dtype) != (shape, cells.record.dtype):
        out = aligned(shape, cells.record.dtype)
    seen = _fill(cells, 0, cells.cx.size, out, each)
    return cells._replace(record=out), _bounds(cells, seen)


def bounds(cells: Cells, each: Each = in_turn) -> Bounds:
    """Return the bounds of the field, without keeping a record; each: as of `build`."""
    none = np.empty((0, *cells.record.shape[1:]), cells.record.dtype)
    return _bounds(cells, _fill(cells, 0, cells.cx.size, none, each))


def records(cells: Cells, first: int, last: int) -> np.ndarray:
    """Return the records of planes first to last - 1 of cells, a view where they are kept, else built now.

    first: a multiple of SIDE
    """
    plane = cells.cy.size * cells.cz.size
    if len(cells.record):
        return cells.record[first * plane : last * plane]
    out = aligned(((last - first) * plane, *cells.record.shape[1:]), cells.record.dtype)
    _fill(cells, first, last, out, in_turn)
    return out


def lean(grid: Cartesian, kappa: np.ndarray, source: np.ndarray) -> Cells:
    """Return the cells of contiguous kappa and source (nx, ny, nz, n_band), without records.

    Records are float32 when both arrays are, half a cache line each; else float64, a whole one.
    """
    bands = kappa.shape[-1]
    none = np.empty((0, bands, RECORD), np.result_type(kappa, source))
    return cells_of(grid, none, kappa.reshape(-1, bands), source.reshape(-1, bands))
