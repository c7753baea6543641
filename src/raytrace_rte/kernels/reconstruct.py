"""kappa and source linear in each cell: one record of eight numbers a cell and band.

A record is [kappa, its gradient (3), S, its gradient (3)], at the cell's centre. The gradient along an axis
is that of the parabola through three centres (second order on stretched grids, one-sided at the boundary),
limited as monotonised central differences are, except that a face value may overshoot its neighbour by what
a smooth extremum needs (after Colella & Sekora 2008); then all three are scaled so that the cell's corners
stay >= 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange

from .jit import driver, kernel

KAPPA, SOURCE, RECORD = 0, 4, 8
EXTREMUM = 1.25
"""Colella & Sekora's allowance: curvature shrinks by O(h) from a cell to its neighbours."""

PIECE = 1 << 20
"""Records filled by one compiled call, some tenths of a second: Ctrl-C waits for it."""


class Cells(NamedTuple):
    """What ray kernels read: faces and centres of the grid's axes, and the records (n_cell, n_band, 8).

    pitch: widths of the cells along the axes (3,) [m] where all cells of the grid are equal, else zeros
    faces, centres: those of the three axes in turn, from start (4,) on; centres are padded to as many
    stride: how far apart the records of neighbours along each axis are (3,)
    """

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    cx: np.ndarray
    cy: np.ndarray
    cz: np.ndarray
    record: np.ndarray
    pitch: np.ndarray
    faces: np.ndarray
    centres: np.ndarray
    start: np.ndarray
    stride: np.ndarray


class Axis(NamedTuple):
    """Centres, widths (0 for an infinite cell), and reciprocals of the distances between centres."""

    centre: np.ndarray
    width: np.ndarray
    per_gap: np.ndarray
    per_span: np.ndarray


@kernel
def _curvature(f, c, b, stride, i, m, axis):
    """Second derivative of the parabola through cells m-1, m, m+1 of the line whose number i is cell c."""
    middle = f[c + (m - i) * stride, b]
    left = (middle - f[c + (m - 1 - i) * stride, b]) * axis.per_gap[m - 1]
    right = (f[c + (m + 1 - i) * stride, b] - middle) * axis.per_gap[m]
    return (right - left) * axis.per_span[m]


@kernel
def _least(a, b):
    """The lesser in magnitude of two numbers of one sign, else 0 (minmod)."""
    if a * b <= 0.0:
        return 0.0
    return a if abs(a) < abs(b) else b


@kernel
def slope(f, c, b, stride, i, axis):
    """Limited derivative along one axis of f (n_cell, n_band) in cell c, number i of its line."""
    n = axis.centre.size
    here = np.float64(f[c, b])
    if n == 1:
        return 0.0
    if n == 2:
        return (f[c + (1 - i) * stride, b] - np.float64(f[c - i * stride, b])) * axis.per_gap[0]
    m = min(max(i, 1), n - 2)
    curvature = _curvature(f, c, b, stride, i, m, axis)
    before = np.float64(f[c + (m - 1 - i) * stride, b])
    chord = (f[c + (m - i) * stride, b] - before) * axis.per_gap[m - 1]
    g = chord + curvature * (axis.centre[i] - 0.5 * (axis.centre[m - 1] + axis.centre[m]))

    common = curvature
    if m > 1:
        common = _least(common, _curvature(f, c, b, stride, i, m - 1, axis))
    if m < n - 2:
        common = _least(common, _curvature(f, c, b, stride, i, m + 1, axis))
    widest = max(axis.centre[m] - axis.centre[m - 1], axis.centre[m + 1] - axis.centre[m])
    room = EXTREMUM * 0.25 * abs(common) * axis.width[i] * widest

    rise = 0.5 * g * axis.width[i]
    if i < n - 1:
        ahead = f[c + stride, b] - here
        rise = min(max(rise, min(ahead, 0.0) - room), max(ahead, 0.0) + room)
    if i > 0:
        behind = here - f[c - stride, b]
        rise = min(max(rise, min(behind, 0.0) - room), max(behind, 0.0) + room)
    return rise / (0.5 * axis.width[i])


@kernel
def _fill(f, c, b, i, j, k, ax, ay, az, records, at):
    """Write value and limited gradient of cell c into records[c, b, at : at + 4]."""
    nz = az.centre.size
    value = np.float64(f[c, b])
    gx = slope(f, c, b, ay.centre.size * nz, i, ax)
    gy = slope(f, c, b, nz, j, ay)
    gz = slope(f, c, b, 1, k, az)
    fall = 0.5 * (abs(gx) * ax.width[i] + abs(gy) * ay.width[j] + abs(gz) * az.width[k])
    scale = value / fall if fall > value else 1.0
    records[c, b, at] = value
    records[c, b, at + 1] = gx * scale
    records[c, b, at + 2] = gy * scale
    records[c, b, at + 3] = gz * scale


@kernel
def _fill_line(ax, ay, az, i, j, kappa, source, records):
    """Fill the records of the line of cells (i, j, all k)."""
    first = (i * ay.centre.size + j) * az.centre.size
    for k in range(az.centre.size):
        for b in range(kappa.shape[1]):
            _fill(kappa, first + k, b, i, j, k, ax, ay, az, records, KAPPA)
            _fill(source, first + k, b, i, j, k, ax, ay, az, records, SOURCE)


@driver
def fill_records(ax, ay, az, first, last, kappa, source, records):
    """Fill the records (n_cell, n_band, 8) of lines first to last - 1 of cells from kappa and source."""
    ny = ay.centre.size
    for line in prange(first, last):
        _fill_line(ax, ay, az, line // ny, line % ny, kappa, source, records)


def _axis(centre: np.ndarray, width: np.ndarray) -> Axis:
    """Return the axis with its reciprocals."""
    gap = np.diff(centre)
    span = np.zeros(centre.size)
    if centre.size > 2:
        span[1:-1] = 2.0 / (centre[2:] - centre[:-2])
    return Axis(centre, np.where(np.isfinite(width), width, 0.0), 1.0 / gap, span)


def reconstruct(grid, kappa: np.ndarray, source: np.ndarray) -> Cells:
    """Return the cells of kappa and source (nx, ny, nz, n_band); records start on cache lines.

    float32 when both arrays are, so that a record is half a cache line; else float64, a whole one.
    """
    bands = kappa.shape[-1]
    count = kappa.size // bands
    record = aligned((count, bands, RECORD), np.result_type(kappa, source))
    axes = [_axis(c, w) for c, w in zip(grid.centres, grid.widths, strict=True)]
    flat = kappa.reshape(count, bands), source.reshape(count, bands)
    line = kappa.shape[2] * bands
    piece = max(1, PIECE // line)
    for first in range(0, count * bands // line, piece):
        fill_records(*axes, first, min(first + piece, count * bands // line), *flat, record)
    return cells_of(grid, record)


def cells_of(grid, record: np.ndarray) -> Cells:
    """Return what kernels read of a grid and its records (n_cell, n_band, 8)."""
    return Cells(*grid, *grid.centres, record, _pitch(grid), *_tables(grid, record.shape[1]))


def _pitch(grid) -> np.ndarray:
    """Widths of the cells if they are all equal but for rounding, else zeros."""
    widths = []
    for faces in grid:
        if not np.isfinite(faces).all():
            return np.zeros(3)
        width = (faces[-1] - faces[0]) / (faces.size - 1)
        off = np.abs(faces[0] + width * np.arange(faces.size) - faces)
        if off.max() > 4 * np.finfo(np.float64).eps * np.abs(faces).max():
            return np.zeros(3)
        widths.append(width)
    return np.array(widths)


def _tables(grid, bands) -> tuple[np.ndarray, ...]:
    """Return (faces, centres, start, stride) of all axes in one."""
    _, ny, nz = grid.shape
    sizes = [faces.size for faces in grid]
    return (
        np.concatenate(grid),
        np.concatenate([np.append(c, 0.0) for c in grid.centres]),
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        bands * np.array([ny * nz, nz, 1], dtype=np.int64),
    )


def aligned(shape: tuple[int, ...], dtype: np.dtype, line: int = 64) -> np.ndarray:
    """An empty array that starts on a cache line."""
    size = int(np.prod(shape)) * dtype.itemsize
    raw = np.empty(size + line, dtype=np.uint8)
    start = -raw.ctypes.data % line
    return raw[start : start + size].view(dtype).reshape(shape)
