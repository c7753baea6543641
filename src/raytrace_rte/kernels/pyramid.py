"""Bounds of what a ray may skip: least and greatest values of the reconstructed field over bricks of cells.

Level 0 has bricks of 8 cells a side, each level above twice that, up to one brick. A node tells, for the
field as the march sees it (linear cells, jumps at faces included), the range of kappa and S over the brick
and how far both can depart from the tangent at any point in it. 64 bytes a node: some 0.15 bytes a cell.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .blocks import get_records, lanes, magnitude, peek, poke, vector
from .intrinsics import RECORD, maximum, where
from .jit import driver, inlined, kernel
from .reconstruct import SOURCE, X, Y, Z
from .records import BASE, K_MIN, S_MIN, SIDE, in_turn, records
from .records import K_MAX as K_MAX
from .records import S_MAX as S_MAX
from .slopes import padded, zeros
from .vector import WIDTH

K_JUMP, K_SLOPE, S_JUMP, S_BEND = range(4, 8)
"""Entries of a node behind the ranges of kappa and S: greatest jump of kappa at a face and greatest |grad kappa|;
greatest jump of S at a face and change of grad S across a face. Faces are those above the brick's cells."""


class Pyramid(NamedTuple):
    """Nodes of all levels in turn (n_node, n_band, 8), and where each level starts and its shape.

    width_min, width_max: least and greatest cell width along each axis [m], inf on an infinite axis
    """

    node: np.ndarray
    first: np.ndarray
    shape: np.ndarray
    width_min: np.ndarray
    width_max: np.ndarray


@inlined
def _slot(plane, j):
    """Slot of the work array of line j of SIDE + 1 in one of two planes."""
    return plane % 2 * (SIDE + 1) + j


@kernel
def _unpack(record, line, length, work, slot):
    """Put the records of a line of cells into a slot of the work array, a row for each of their numbers."""
    size = work.shape[2]
    for number in range(0, length, WIDTH):
        k, kx, ky, kz, s, sx, sy, sz = get_records(record, line * length + number, length - number)
        p = slot * RECORD * size + number
        poke(work, p, k)
        poke(work, p + size, kx)
        poke(work, p + 2 * size, ky)
        poke(work, p + 3 * size, kz)
        poke(work, p + 4 * size, s)
        poke(work, p + 5 * size, sx)
        poke(work, p + 6 * size, sy)
        poke(work, p + 7 * size, sz)


@inlined
def _face(work, c, n, axis, here, there, ha, hb):
    """(greatest jump, squared change of gradient) across the faces between cells c and the next, n, on an axis.

    c, n: where the values of a quantity stand in the work array; here, there: half widths of the two cells along
    the axis; ha, hb: half widths along the other two axes.
    """
    size = work.shape[2]
    g, g1, g2 = (axis + 1) * size, ((axis + 1) % 3 + 1) * size, ((axis + 2) % 3 + 1) * size
    slope, beyond = peek(work, c + g), peek(work, n + g)
    d, d1, d2 = (
        beyond - slope,
        peek(work, n + g1) - peek(work, c + g1),
        peek(work, n + g2) - peek(work, c + g2),
    )
    above, below = peek(work, n) - beyond * there, peek(work, c) + slope * here
    return magnitude(above - below) + magnitude(d1) * ha + magnitude(d2) * hb, d * d + d1 * d1 + d2 * d2


@inlined
def _faces(work, c, across, beside, bands, more, hx, hx1, hy, hy1, hz, hz1):
    """Greatest (jump, squared change of gradient) across the three upper faces of cells of a line, from c on.

    across, beside: where the lines beyond the faces across x and y stand, c at the end of the grid; more: which
    cells have a next one along z
    """
    jump, bend = _face(work, c, c + bands, Z, hz, hz1, hx, hy)
    jump, bend = where(more, jump, 0.0), where(more, bend, 0.0)
    if across != c:
        a, g = _face(work, c, across, X, hx, hx1, hy, hz)
        jump, bend = maximum(jump, a), maximum(bend, g)
    if beside != c:
        a, g = _face(work, c, beside, Y, hy, hy1, hz, hx)
        jump, bend = maximum(jump, a), maximum(bend, g)
    return jump, bend


@inlined
def _raise(column, at, value):
    """Let numbers that stand in an array be at least those of a vector."""
    poke(column, at, maximum(value, peek(column, at)))


@kernel
def _line(work, slot, across, beside, length, bands, hx, hx1, hy, hy1, hz, column, at):
    """Raise jumps and slopes in an array, from `at` on, to those of a line of cells in a slot."""
    size, columns = work.shape[2], column.shape[2]
    here, across, beside = slot * RECORD * size, across * RECORD * size, beside * RECORD * size
    source = SOURCE * size
    x0, x1, y0, y1 = vector(hx), vector(hx1), vector(hy), vector(hy1)
    for p in range(0, length, WIDTH):
        h, h1, more = peek(hz, p), peek(hz, p + bands), lanes(length - bands - p)
        c, x, y = here + p, across + p, beside + p
        jump, _ = _faces(work, c, x, y, bands, more, x0, x1, y0, y1, h, h1)
        _raise(column, at + p, jump)
        gx, gy, gz = peek(work, c + size), peek(work, c + 2 * size), peek(work, c + 3 * size)
        _raise(column, at + p + columns, gx * gx + gy * gy + gz * gz)
        c, x, y = c + source, x + source, y + source
        jump, bend = _faces(work, c, x, y, bands, more, x0, x1, y0, y1, h, h1)
        _raise(column, at + p + 2 * columns, jump)
        _raise(column, at + p + 3 * columns, bend)


@driver
def fill_bricks(record, hx, hy, hz, length, planes, work, column):
    """Raise jumps and slopes in columns of SIDE x SIDE cells (by, 4, numbers of a line) to those of some planes.

    hx, hy: half widths, those of the next plane too if there is one; hz: along the numbers of a line, `length`
    and more
    """
    nx, ny, bands = hx.size, hy.size, record.shape[1]
    for j0 in range(0, ny, SIDE):
        at = (j0 >> BASE) * column.shape[1] * column.shape[2]
        for i in range(planes):
            for plane in range(i + (i > 0), min(i + 2, nx)):
                for j in range(j0, min(j0 + SIDE + 1, ny)):
                    _unpack(record, plane * ny + j, length, work, _slot(plane, j - j0))
            for j in range(j0, min(j0 + SIDE, ny)):
                i1, j1 = min(i + 1, nx - 1), min(j + 1, ny - 1)
                here, across, beside = _slot(i, j - j0), _slot(i1, j - j0), _slot(i, j1 - j0)
                _line(work, here, across, beside, length, bands, hx[i], hx[i1], hy[j], hy[j1], hz, column, at)


def _half(widths: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """Half widths of cells, 0 for infinite ones."""
    return [np.where(np.isfinite(w), 0.5 * w, 0.0) for w in widths]


def build(cells, brick: np.ndarray, widths: tuple[np.ndarray, ...], each=in_turn) -> Pyramid:
    """Return the pyramid over the cells of a medium.

    brick: ranges over bricks, of `records.Bounds`; widths: those of the grid's axes; each: as of `records.build`
    """
    hx, hy, hz = _half(widths)
    bands = cells.record.shape[1]
    length = hz.size * bands
    size = padded(length) + padded(bands)
    half = zeros(size)
    half[:length] = np.repeat(hz, bands)
    base = np.empty((*brick.shape[:-1], 8))
    base[..., :K_JUMP] = brick

    def fill(layer: int) -> None:
        first, last = layer * SIDE, min((layer + 1) * SIDE, hx.size)
        slab = records(cells, first, min(last + 1, hx.size))
        work, column = zeros(2 * (SIDE + 1), RECORD, size), zeros(brick.shape[1], 4, size)
        fill_bricks(slab, hx[first : last + 1], hy, half, length, last - first, work, column)
        seen = column[..., :length].reshape(-1, 4, hz.size, bands)
        greatest = np.maximum.reduceat(seen, np.arange(0, hz.size, SIDE), axis=2).transpose(0, 2, 3, 1)
        greatest[..., 1::2] = np.sqrt(greatest[..., 1::2])
        base[layer, ..., K_JUMP:] = greatest

    each(fill, range(len(base)))
    shape = np.array(brick.shape[:3])
    levels, shapes = [base], [shape]
    while shapes[-1].max() > 1:
        levels.append(_merged(levels[-1]))
        shapes.append(np.array(levels[-1].shape[:3]))
    sizes = [int(s.prod()) for s in shapes]
    return Pyramid(
        np.concatenate([level.reshape(-1, bands, 8) for level in levels]),
        np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.int64),
        np.array(shapes, dtype=np.int64),
        np.array([w.min() for w in widths]),
        np.array([w.max() for w in widths]),
    )


def empty() -> Pyramid:
    """A pyramid of nothing, for methods that need none."""
    none = np.empty(0, np.int64)
    return Pyramid(np.empty((0, 1, 8)), none, np.empty((0, 3), np.int64), np.empty(3), np.empty(3))


def _merged(nodes: np.ndarray) -> np.ndarray:
    """The level above: eight nodes become one."""
    for axis in range(3):
        odd = nodes.shape[axis] % 2
        if odd and nodes.shape[axis] > 1:
            nodes = np.concatenate((nodes, np.take(nodes, [-1], axis)), axis)
        if nodes.shape[axis] > 1:
            uniform = np.take(nodes, range(0, nodes.shape[axis], 2), axis)
            other = np.take(nodes, range(1, nodes.shape[axis], 2), axis)
            merged = np.maximum(uniform, other)
            for column in (K_MIN, S_MIN):
                merged[..., column] = np.minimum(uniform[..., column], other[..., column])
            nodes = merged
    return nodes
