"""kappa and source linear in each cell: one record of eight numbers a cell and band.

A record is kappa, its gradient, S and its gradient at the cell's centre. The gradient along an axis
is that of the parabola through three centres (second order on stretched grids, one-sided at the boundary),
limited as monotonised central differences are, except that a face value may overshoot its neighbour by what
a smooth extremum needs (after Colella & Sekora 2008); then all three are scaled so that the cell's corners
stay >= 0.

Here a record is rebuilt where it is needed; slopes.py finds those of lines of cells, with the same bits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import grids
from .cartesian import Cells
from .grids import implements
from .intrinsics import RECORD
from .jit import kernel

KAPPA, KAPPA_X, KAPPA_Y, KAPPA_Z, SOURCE, SOURCE_X, SOURCE_Y, SOURCE_Z = np.arange(RECORD)
"""Columns of a record: kappa [1/m] and S [W m-2 sr-1] at the cell's centre, each before its gradient."""
GRADIENT = KAPPA_X - KAPPA
"""Columns from a quantity to its derivative along x; those along y and z follow."""
X, Y, Z = np.arange(3)
"""The axes. Like the columns of NumPy's type: a kernel would be compiled anew for each literal that it gets."""
CURVATURE_GROWTH = 1.25
"""Colella & Sekora's allowance: curvature shrinks by O(h) from a cell to its neighbours."""


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
def minmod(a, b):
    """The lesser in magnitude of two numbers of one sign, else 0 (minmod)."""
    return max(0.0, min(a, b)) + min(0.0, max(a, b))


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
        common = minmod(common, _curvature(f, c, b, stride, i, m - 1, axis))
    if m < n - 2:
        common = minmod(common, _curvature(f, c, b, stride, i, m + 1, axis))
    widest = max(axis.centre[m] - axis.centre[m - 1], axis.centre[m + 1] - axis.centre[m])
    half = 0.5 * axis.width[i]
    overshoot = CURVATURE_GROWTH * 0.5 * abs(common) * half * widest

    rise = g * half
    if i < n - 1:
        ahead = f[c + stride, b] - here
        rise = min(max(rise, min(ahead, 0.0) - overshoot), max(ahead, 0.0) + overshoot)
    if i > 0:
        behind = here - f[c - stride, b]
        rise = min(max(rise, min(behind, 0.0) - overshoot), max(behind, 0.0) + overshoot)
    return rise / half


@kernel
def _value_and_gradient(f, c, b, i, j, k, ax, ay, az):
    """Value and limited gradient of cell c = (i, j, k)."""
    nz = az.centre.size
    value = np.float64(f[c, b])
    gx = slope(f, c, b, ay.centre.size * nz, i, ax)
    gy = slope(f, c, b, nz, j, ay)
    gz = slope(f, c, b, np.int64(1), k, az)
    fall = 0.5 * (abs(gx) * ax.width[i] + abs(gy) * ay.width[j] + abs(gz) * az.width[k])
    scale = value / fall if fall > value else 1.0
    return value, gx * scale, gy * scale, gz * scale


@kernel
def _axis_of(cells, axis):
    """The axis, out of the table of all."""
    a, b = cells.start[axis], cells.start[axis + 1] - 1
    t = cells.axes
    return Axis(t[0, a:b], t[1, a:b], t[2, a:b], t[3, a:b])


@kernel
def _rebuilt(cells, c, b):
    """The record of a cell, built now, with the rounding that storing it would give."""
    nz, ny = cells.cz.size, cells.cy.size
    i, j, k = c // (ny * nz), c // nz % ny, c % nz
    ax, ay, az = _axis_of(cells, X), _axis_of(cells, Y), _axis_of(cells, Z)
    k0, k1, k2, k3 = _value_and_gradient(cells.kappa, c, b, i, j, k, ax, ay, az)
    s0, s1, s2, s3 = _value_and_gradient(cells.source, c, b, i, j, k, ax, ay, az)
    kind = cells.record.dtype.type
    return kind(k0), kind(k1), kind(k2), kind(k3), kind(s0), kind(s1), kind(s2), kind(s3)


@implements(grids.kappa_of, Cells)
def kappa_of(cells, c, b):
    """kappa of a cell, from its record where there is one: that is in the processor's cache by then."""
    return cells.record[c, b, KAPPA] if cells.record.shape[0] > 0 else cells.kappa[c, b]


@implements(grids.record_of, Cells)
def record_of(cells, c, b):
    """Return the eight numbers of a cell's record: those kept, or built now."""
    # Numbers are read one by one: a view of the record would count references, atomically, in every cell.
    r = cells.record
    if r.shape[0] == 0:
        return _rebuilt(cells, c, b)
    return (r[c, b, KAPPA], r[c, b, KAPPA_X], r[c, b, KAPPA_Y], r[c, b, KAPPA_Z],
            r[c, b, SOURCE], r[c, b, SOURCE_X], r[c, b, SOURCE_Y], r[c, b, SOURCE_Z])  # fmt: skip


def _axis(centre: np.ndarray, width: np.ndarray) -> np.ndarray:
    """The rows of an `Axis` (4, n + 1), padded."""
    out = np.zeros((4, centre.size + 1))
    out[0, :-1], out[1, :-1] = centre, np.where(np.isfinite(width), width, 0.0)
    out[2, : centre.size - 1] = 1.0 / np.diff(centre)
    if centre.size > 2:
        out[3, 1 : centre.size - 1] = 2.0 / (centre[2:] - centre[:-2])
    return out


def cells_of(
    grid, record: np.ndarray, kappa: np.ndarray | None = None, source: np.ndarray | None = None
) -> Cells:
    """Return what kernels read of a grid, its records (n_cell, n_band, 8) and fields (n_cell, n_band)."""
    none = np.empty((0, record.shape[1]))
    fields = none if kappa is None else kappa, none if source is None else source
    return Cells(*grid, *grid.centres, record, _pitch(grid), *_tables(grid, record.shape[1]), *fields)


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
    """Return (faces, start, stride, axes) of all axes in one."""
    _, ny, nz = grid.shape
    sizes = [faces.size for faces in grid]
    return (
        np.concatenate(grid),
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        bands * np.array([ny * nz, nz, 1], dtype=np.int64),
        np.concatenate([_axis(c, w) for c, w in zip(grid.centres, grid.widths, strict=True)], axis=1),
    )


def aligned(shape: tuple[int, ...], dtype: np.dtype, line: int = 64) -> np.ndarray:
    """An empty array that starts on a cache line."""
    size = int(np.prod(shape)) * dtype.itemsize
    raw = np.empty(size + line, dtype=np.uint8)
    start = -raw.ctypes.data % line
    return raw[start : start + size].view(dtype).reshape(shape)
