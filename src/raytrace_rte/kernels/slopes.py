"""Values and limited gradients of cells, a line of cells along z, or a part of one, at a time in vectors.

The formulas are those of `reconstruct`, which finds those of single cells. All bands of a line stand side by side,
so that the neighbour along z is as many numbers away as there are bands.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .blocks import lanes, magnitude, peek, peek_some, poke, rounded, vector
from .cartesian import Cells
from .intrinsics import RECORD, bits, maximum, minimum, where
from .jit import inlined, kernel
from .reconstruct import CURVATURE_GROWTH, aligned
from .vector import WIDTH

GAP_LOW, GAP_LEFT, GAP_RIGHT, GAP_HIGH, SPAN_LOW, SPAN, SPAN_HIGH, OFF, WIDEST, HALF = range(10)
"""Columns of an axis' table, a row for each cell i with m the middle of its parabola, a neighbour at an end.
Reciprocals of the distances between centres from m-2 to m-1, ... m+1 to m+2; those of the spans around m-1, m,
m+1; centre i from the middle between m-1 and m; the wider distance beside m; half the width of i, 0 if infinite."""
COLUMNS = 10
STEP, CHORD, CURVE, TOP, VALUE = np.arange(5)
"""Rows of the work array: along z the differences to the next cell, chords to the one before and second
derivatives; greatest kappa of each cell; then the numbers of the records."""
ROWS = int(VALUE) + RECORD


class Tables(NamedTuple):
    """Those of the axes along x and y (n, COLUMNS), and along z (COLUMNS, numbers of a line of cells)."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray


class Part(NamedTuple):
    """A part of a line of cells: `length` numbers are read, from number `first` of the line on; values and gradients
    are found from number `begin` to number `end` of these."""

    first: int
    length: int
    begin: int
    end: int


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
def row_of(work, row, bands):
    """Number of the work array at which a row's line begins; two cells before it and behind it are free."""
    return row * work.shape[1] + -(-2 * bands // WIDTH) * WIDTH


@kernel
def _patch(work, row, bands, cell, other):
    """Let a cell of a row of the work array have the numbers of another."""
    start = row_of(work, row, bands) - row * work.shape[1]
    for b in range(bands):
        work[row, start + cell * bands + b] = work[row, start + other * bands + b]


@kernel
def _along(f, at, part, bands, z, work):
    """Fill rows STEP, CHORD and CURVE of the part of a line that starts with number `at` of f."""
    length = part.length
    n = length // bands
    if n == 1:
        return
    step, chord, curve = row_of(work, STEP, bands), row_of(work, CHORD, bands), row_of(work, CURVE, bands)
    for p in range(0, length, WIDTH):
        alive = lanes(length - bands - p)
        poke(work, step + p, peek_some(f, at + p + bands, alive) - peek_some(f, at + p, alive))
    outside, first, second = np.int64(-1), np.int64(0), np.int64(1)
    _patch(work, STEP, bands, outside, first)
    _patch(work, STEP, bands, n - 1, n - 2)
    columns, start = z.shape[1], part.first
    for p in range(0, length, WIDTH):
        left, right = peek(work, step - bands + p), peek(work, step + p)
        gap = peek(z, GAP_LEFT * columns + start + p)
        poke(work, chord + p, left * gap)
        bend = rounded(f, right) * peek(z, GAP_RIGHT * columns + start + p) - rounded(f, left) * gap
        poke(work, curve + p, bend * peek(z, SPAN * columns + start + p))
    if n > 2:
        _patch(work, CHORD, bands, n - 1, n - 2)
        _patch(work, CURVE, bands, first, second)
        _patch(work, CURVE, bands, outside, min(2, n - 2))
        _patch(work, CURVE, bands, n - 1, n - 2)
        _patch(work, CURVE, bands, n, max(n - 3, 1))


@inlined
def _slope_along(work, p, part, bands, z):
    """Limited derivative along z at number p of the part of a line that `_along` has seen."""
    n = part.length // bands
    chord, columns, column = row_of(work, CHORD, bands) + p, z.shape[1], part.first + p
    if n == 1:
        return vector(0.0)
    if n == 2:
        return peek(work, chord)
    step, curve = row_of(work, STEP, bands) + p, row_of(work, CURVE, bands) + p
    return _limited(
        peek(work, curve), peek(work, curve - bands), peek(work, curve + bands), peek(work, chord),
        peek(work, step), peek(work, step - bands),
        peek(z, OFF * columns + column), peek(z, HALF * columns + column), peek(z, WIDEST * columns + column),
    )  # fmt: skip


@kernel
def fill_quantity(f, i, j, bands, tables, part, quantity, work):
    """Put value and limited gradient of one quantity in a part of line (i, j) into the work array."""
    tx, ty, tz = tables.x, tables.y, tables.z
    ny, columns, first = ty.shape[0], tz.shape[1], part.first
    line = f.shape[0] // (tx.shape[0] * ny) * bands
    at = (i * ny + j) * line + first
    _along(f, at, part, bands, tz, work)
    out = row_of(work, VALUE + quantity, bands)
    for p in range(part.begin, part.end, WIDTH):
        alive = lanes(part.end - p)
        value = peek_some(f, at + p, alive)
        gx = _across(f, at + p, alive, ny * line, i, tx)
        gy = _across(f, at + p, alive, line, j, ty)
        gz = _slope_along(work, p, part, bands, tz)
        hx, hy, hz = tx[i, HALF], ty[j, HALF], peek(tz, HALF * columns + first + p)
        fall = magnitude(gx) * hx + magnitude(gy) * hy + magnitude(gz) * hz
        low = fall > value
        if bits(low) != 0:
            scale = where(low, value / fall, 1.0)
            gx, gy, gz = gx * scale, gy * scale, gz * scale
        poke(work, out + p, value)
        poke(work, out + p + work.shape[1], gx)
        poke(work, out + p + 2 * work.shape[1], gy)
        poke(work, out + p + 3 * work.shape[1], gz)


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


def tables_of(cells: Cells, bands: int) -> Tables:
    """Return the tables of the axes, along z for so many bands."""
    axes = (cells.axes[:, a : b - 1] for a, b in pairwise(cells.start))
    x, y, z = (_table(centre, width) for centre, width, *_ in axes)
    along = zeros(COLUMNS, padded(len(z) * bands) + WIDTH)  # parts of lines read as far as that beyond
    along[HALF] = 1.0
    along[:, : len(z) * bands] = np.repeat(z.T, bands, axis=1)
    return Tables(x, y, along)
