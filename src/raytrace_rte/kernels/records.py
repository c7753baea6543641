"""Records of all cells, a line of cells along z in vectors at a time, and what they tell of the whole field.

The formulas are those of `reconstruct`, which rebuilds single records. All bands of a line stand side by side,
so that the neighbour along z is as many numbers away as there are bands. In the same pass: the range of kappa
and S over bricks of 8 cells a side, and the greatest kappa of each plane of cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..grid import Cartesian
from .blocks import lanes, magnitude, peek, peek_some, poke, put_records, rounded, vector
from .cartesian import Cells
from .intrinsics import RECORD, bits, maximum, minimum, where
from .jit import driver, inlined, kernel
from .reconstruct import CURVATURE_GROWTH, KAPPA, SOURCE, aligned, cells_of
from .vector import WIDTH

BASE = 3
"""log2 of the side of the smallest bricks, in cells."""
SIDE = 1 << BASE
K_MIN, K_MAX, S_MIN, S_MAX = range(4)
"""Entries of the range over a brick."""
CELLS_A_CALL = 1 << 18
"""Records filled by one compiled call, some milliseconds: Ctrl-C waits for it."""

GAP_LOW, GAP_LEFT, GAP_RIGHT, GAP_HIGH, SPAN_LOW, SPAN, SPAN_HIGH, OFF, WIDEST, HALF = range(10)
"""Columns of an axis' table, a row for each cell i with m the middle of its parabola, a neighbour at an end.
Reciprocals of the distances between centres from m-2 to m-1, ... m+1 to m+2; those of the spans around m-1, m,
m+1; centre i from the middle between m-1 and m; the wider distance beside m; half the width of i, 0 if infinite."""
COLUMNS = 10
STEP, CHORD, CURVE, TOP, VALUE = np.arange(5)
"""Rows of the work array: along z the differences to the next cell, chords to the one before and second
derivatives; greatest kappa of each cell; then the numbers of the records."""
ROWS = int(VALUE) + RECORD


Each = Callable[[Callable[[Any], None], Iterable[Any]], None]
"""Calls a function with each of some items."""


class Tables(NamedTuple):
    """Those of the axes along x and y (n, COLUMNS), and along z (COLUMNS, numbers of a line of cells)."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray


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
def _limited(curve, low, high, chord, ahead, behind, off, half, widest):
    """`reconstruct.slope`, of its parabola's second derivative and those beside it, and three differences.

    At an end of the line ahead and behind are the same, as are the derivatives that there is one of.
    """
    least, most = minimum(minimum(low, high), curve), maximum(maximum(low, high), curve)
    common = maximum(maximum(least, -most), 0.0)
    overshoot = CURVATURE_GROWTH * 0.5 * common * half * widest
    highest = maximum(minimum(ahead, behind), 0.0) + overshoot
    lowest = minimum(maximum(ahead, behind), 0.0) - overshoot
    return minimum(maximum((chord + curve * off) * half, lowest), highest) / half


@inlined
def _across(f, at, alive, stride, i, t):
    """Limited derivative of f across lines, from number `at` on, in cell i of an axis with table t."""
    n = t.shape[0]
    if n == 1:
        return vector(0.0)
    if n == 2:
        ahead = peek_some(f, at + (1 - i) * stride, alive) - peek_some(f, at - i * stride, alive)
        return ahead * t[i, GAP_LEFT]
    m = min(max(i, 1), n - 2)
    at += (m - i) * stride
    middle = peek_some(f, at, alive)
    before, after = peek_some(f, at - stride, alive), peek_some(f, at + stride, alive)
    first = peek_some(f, at - 2 * stride if m > 1 else at, alive)
    last = peek_some(f, at + 2 * stride if m < n - 2 else at, alive)
    back, on = middle - before, after - middle
    left, right = rounded(f, back) * t[i, GAP_LEFT], rounded(f, on) * t[i, GAP_RIGHT]
    curve = (right - left) * t[i, SPAN]
    low = (left - rounded(f, before - first) * t[i, GAP_LOW]) * t[i, SPAN_LOW]
    high = (rounded(f, last - after) * t[i, GAP_HIGH] - right) * t[i, SPAN_HIGH]
    low, high = where(m > 1, low, curve), where(m < n - 2, high, curve)
    ahead, behind = where(i < m, back, on), where(i > m, on, back)
    off, half, widest = vector(t[i, OFF]), vector(t[i, HALF]), vector(t[i, WIDEST])
    return _limited(curve, low, high, back * t[i, GAP_LEFT], ahead, behind, off, half, widest)


@inlined
def _row(work, row, bands):
    """Number of the work array at which a row's line begins; two cells before it and behind it are free."""
    return row * work.shape[1] + -(-2 * bands // WIDTH) * WIDTH


@kernel
def _patch(work, row, bands, cell, other):
    """Let a cell of a row of the work array have the numbers of another."""
    start = _row(work, row, bands) - row * work.shape[1]
    for b in range(bands):
        work[row, start + cell * bands + b] = work[row, start + other * bands + b]


@kernel
def _along(f, at, length, bands, z, work):
    """Fill rows STEP, CHORD and CURVE of the line that starts with number `at` of f."""
    n = length // bands
    if n == 1:
        return
    step, chord, curve = _row(work, STEP, bands), _row(work, CHORD, bands), _row(work, CURVE, bands)
    for p in range(0, length, WIDTH):
        alive = lanes(length - bands - p)
        poke(work, step + p, peek_some(f, at + p + bands, alive) - peek_some(f, at + p, alive))
    outside, first, second = np.int64(-1), np.int64(0), np.int64(1)
    _patch(work, STEP, bands, outside, first)
    _patch(work, STEP, bands, n - 1, n - 2)
    columns = z.shape[1]
    for p in range(0, length, WIDTH):
        left, right = peek(work, step - bands + p), peek(work, step + p)
        gap = peek(z, GAP_LEFT * columns + p)
        poke(work, chord + p, left * gap)
        bend = rounded(f, right) * peek(z, GAP_RIGHT * columns + p) - rounded(f, left) * gap
        poke(work, curve + p, bend * peek(z, SPAN * columns + p))
    if n > 2:
        _patch(work, CHORD, bands, n - 1, n - 2)
        _patch(work, CURVE, bands, first, second)
        _patch(work, CURVE, bands, outside, min(2, n - 2))
        _patch(work, CURVE, bands, n - 1, n - 2)
        _patch(work, CURVE, bands, n, max(n - 3, 1))


@inlined
def _slope_along(work, p, n, bands, z):
    """Limited derivative along z at number p of the line of n cells that `_along` has seen."""
    chord, columns = _row(work, CHORD, bands) + p, z.shape[1]
    if n == 1:
        return vector(0.0)
    if n == 2:
        return peek(work, chord)
    step, curve = _row(work, STEP, bands) + p, _row(work, CURVE, bands) + p
    return _limited(
        peek(work, curve), peek(work, curve - bands), peek(work, curve + bands), peek(work, chord),
        peek(work, step), peek(work, step - bands),
        peek(z, OFF * columns + p), peek(z, HALF * columns + p), peek(z, WIDEST * columns + p),
    )  # fmt: skip


@kernel
def _fill_quantity(f, i, j, bands, tables, length, quantity, work):
    """Put value and limited gradient of one quantity in line (i, j) into the work array."""
    tx, ty, tz = tables.x, tables.y, tables.z
    ny, n, columns = ty.shape[0], length // bands, tz.shape[1]
    at = (i * ny + j) * length
    _along(f, at, length, bands, tz, work)
    out = _row(work, VALUE + quantity, bands)
    for p in range(0, length, WIDTH):
        alive = lanes(length - p)
        value = peek_some(f, at + p, alive)
        gx = _across(f, at + p, alive, ny * length, i, tx)
        gy = _across(f, at + p, alive, length, j, ty)
        gz = _slope_along(work, p, n, bands, tz)
        hx, hy, hz = tx[i, HALF], ty[j, HALF], peek(tz, HALF * columns + p)
        fall = magnitude(gx) * hx + magnitude(gy) * hy + magnitude(gz) * hz
        low = fall > value
        if bits(low) != 0:
            scale = where(low, value / fall, 1.0)
            gx, gy, gz = gx * scale, gy * scale, gz * scale
        poke(work, out + p, value)
        poke(work, out + p + work.shape[1], gx)
        poke(work, out + p + 2 * work.shape[1], gy)
        poke(work, out + p + 3 * work.shape[1], gz)


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
    rows, top, v = work.shape[1], _row(work, TOP, bands), _row(work, VALUE, bands)
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
    top = _row(work, TOP, bands)
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
    for j0 in range(box[2], box[3], SIDE):
        for i in range(box[0], box[1]):
            for j in range(j0, min(j0 + SIDE, box[3])):
                _fill_quantity(kappa, i, j, bands, tables, length, KAPPA, work)
                _fill_quantity(source, i, j, bands, tables, length, SOURCE, work)
                first = (i * tables.y.shape[0] + j - start) * length
                _finish(i, j, bands, tables, length, work, first, out, seen)
                _note_line(work, bands, nz, i, j, seen)


def _table(centre: np.ndarray, width: np.ndarray) -> np.ndarray:
    """The table of one axis (n, COLUMNS)."""
    n = centre.size
    out = np.zeros((n, COLUMNS))
    out[:, HALF] = np.where(np.isfinite(width), 0.5 * width, 0.0)
    if n > 1:
        gap, i = 1.0 / np.diff(centre), np.arange(n)
        out[:, GAP_LEFT] = gap[0]
    if n > 2:
        m = np.clip(i, 1, n - 2)
        span = 2.0 / (centre[2:] - centre[:-2])
        for column, there in ((GAP_LOW, m - 2), (GAP_LEFT, m - 1), (GAP_RIGHT, m), (GAP_HIGH, m + 1)):
            out[:, column] = gap[np.clip(there, 0, n - 2)]
        for column, there in ((SPAN_LOW, m - 2), (SPAN, m - 1), (SPAN_HIGH, m)):
            out[:, column] = span[np.clip(there, 0, n - 3)]
        out[:, OFF] = centre - 0.5 * (centre[m - 1] + centre[m])
        out[:, WIDEST] = np.maximum(centre[m] - centre[m - 1], centre[m + 1] - centre[m])
    return out


def zeros(*shape: int) -> np.ndarray:
    """Zeros that start on a cache line, as do vectors in them then: one across two lines takes twice as long."""
    out = aligned(shape, np.dtype(np.float64))
    out[:] = 0.0
    return out


def padded(count: int) -> int:
    """So many numbers, in whole vectors."""
    return -(-count // WIDTH) * WIDTH


def _tables(cells: Cells, bands: int) -> Tables:
    axes = (cells.axes[:, a : b - 1] for a, b in pairwise(cells.start))
    x, y, z = (_table(centre, width) for centre, width, *_ in axes)
    along = zeros(COLUMNS, padded(len(z) * bands))
    along[HALF] = 1.0
    along[:, : len(z) * bands] = np.repeat(z.T, bands, axis=1)
    return Tables(x, y, along)


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
    tables = _tables(cells, bands)
    length = tables.z.shape[1]
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
