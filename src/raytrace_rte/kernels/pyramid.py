"""Bounds of what a ray may skip: least and greatest values of the reconstructed field over bricks of cells.

Level 0 has bricks of 8 cells a side, each level above twice that, up to one brick. A node tells, for the
field as the march sees it (linear cells, jumps at faces included), the range of kappa and S over the brick
and how far both can depart from the tangent at any point in it. 64 bytes a node: some 0.15 bytes a cell.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .jit import driver, inlined, kernel
from .reconstruct import GRADIENT, KAPPA, SOURCE, X, Y, Z
from .records import BASE, K_MAX, K_MIN, S_MAX, S_MIN, in_turn, records

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
def _gradient(record, c, b, quantity, axis):
    """Derivative along an axis of one quantity, KAPPA or SOURCE, in cell c."""
    return record[c, b, quantity + GRADIENT + axis]


@inlined
def _range(record, c, b, quantity, hx, hy, hz):
    """Half the range of one quantity over a cell, and its gradient's length, squared."""
    gx, gy = _gradient(record, c, b, quantity, X), _gradient(record, c, b, quantity, Y)
    gz = _gradient(record, c, b, quantity, Z)
    return abs(gx) * hx + abs(gy) * hy + abs(gz) * hz, gx * gx + gy * gy + gz * gz


@inlined
def _face(record, c, n, b, quantity, axis, here, there, ha, hb):
    """(greatest jump, squared change of gradient) across the face between cell c and the next, n, on an axis.

    here, there: half widths of the two cells along the axis; ha, hb: half widths along the other two axes.
    """
    a1, a2 = (axis + 1) % 3, (axis + 2) % 3
    d = _gradient(record, n, b, quantity, axis) - _gradient(record, c, b, quantity, axis)
    d1 = _gradient(record, n, b, quantity, a1) - _gradient(record, c, b, quantity, a1)
    d2 = _gradient(record, n, b, quantity, a2) - _gradient(record, c, b, quantity, a2)
    above = record[n, b, quantity] - _gradient(record, n, b, quantity, axis) * there
    below = record[c, b, quantity] + _gradient(record, c, b, quantity, axis) * here
    return abs(above - below) + abs(d1) * ha + abs(d2) * hb, d * d + d1 * d1 + d2 * d2


@inlined
def _faces(record, c, b, quantity, i, j, k, hx, hy, hz):
    """Greatest (jump, change of gradient) across the three upper faces of cell c = (i, j, k)."""
    jump, bend = 0.0, 0.0
    if i + 1 < hx.size:
        jump, bend = _face(record, c, c + hy.size * hz.size, b, quantity, X, hx[i], hx[i + 1], hy[j], hz[k])
    if j + 1 < hy.size:
        a, g = _face(record, c, c + hz.size, b, quantity, Y, hy[j], hy[j + 1], hz[k], hx[i])
        jump, bend = max(jump, a), max(bend, g)
    if k + 1 < hz.size:
        a, g = _face(record, c, c + 1, b, quantity, Z, hz[k], hz[k + 1], hx[i], hy[j])
        jump, bend = max(jump, a), max(bend, g)
    return jump, bend


@kernel
def _brick(record, hx, hy, hz, by, bz, node, nodes):
    """Fill one node of level 0."""
    side = 1 << BASE
    nx, ny, nz = hx.size, hy.size, hz.size
    i0, j0, k0 = node // (by * bz) * side, node // bz % by * side, node % bz * side
    for b in range(record.shape[1]):
        k_min, k_max, s_min, s_max = np.inf, 0.0, np.inf, 0.0
        k_jump, k_slope, s_jump, s_bend = 0.0, 0.0, 0.0, 0.0
        for i in range(i0, min(i0 + side, nx)):
            for j in range(j0, min(j0 + side, ny)):
                for k in range(k0, min(k0 + side, nz)):
                    c = (i * ny + j) * nz + k
                    fall, steep = _range(record, c, b, KAPPA, hx[i], hy[j], hz[k])
                    value = np.float64(record[c, b, KAPPA])
                    k_min, k_max = min(k_min, value - fall), max(k_max, value + fall)
                    k_slope = max(k_slope, steep)
                    fall, _ = _range(record, c, b, SOURCE, hx[i], hy[j], hz[k])
                    value = np.float64(record[c, b, SOURCE])
                    s_min, s_max = min(s_min, value - fall), max(s_max, value + fall)
                    jump, _ = _faces(record, c, b, KAPPA, i, j, k, hx, hy, hz)
                    k_jump = max(k_jump, jump)
                    jump, bend = _faces(record, c, b, SOURCE, i, j, k, hx, hy, hz)
                    s_jump, s_bend = max(s_jump, jump), max(s_bend, bend)
        nodes[node, b, K_MIN], nodes[node, b, K_MAX] = max(k_min, 0.0), k_max
        nodes[node, b, S_MIN], nodes[node, b, S_MAX] = max(s_min, 0.0), s_max
        nodes[node, b, K_JUMP], nodes[node, b, K_SLOPE] = k_jump, np.sqrt(k_slope)
        nodes[node, b, S_JUMP], nodes[node, b, S_BEND] = s_jump, np.sqrt(s_bend)


@driver
def fill_bricks(record, hx, hy, hz, by, bz, nodes):
    """Fill a layer of nodes of level 0 (n_node, n_band, 8) from the records of its planes and the next."""
    for node in range(nodes.shape[0]):
        _brick(record, hx, hy, hz, by, bz, node, nodes)


def _half(widths: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """Half widths of cells, 0 for infinite ones."""
    return [np.where(np.isfinite(w), 0.5 * w, 0.0) for w in widths]


def build(cells, widths: tuple[np.ndarray, ...], each=in_turn) -> Pyramid:
    """Return the pyramid over the cells of a medium; widths are those of the grid's axes.

    each: as of `records.build`.
    """
    hx, hy, hz = _half(widths)
    side = 1 << BASE
    shape = np.array([-(-w.size // side) for w in widths])
    bands = cells.record.shape[1]
    base = np.empty((*shape, bands, 8))

    def fill(layer: int) -> None:
        first, last = layer * side, min((layer + 1) * side + 1, hx.size)
        slab = records(cells, first, last)
        fill_bricks(slab, hx[first:last], hy, hz, shape[1], shape[2], base[layer].reshape(-1, bands, 8))

    each(fill, range(shape[0]))
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
