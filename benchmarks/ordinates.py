"""The peer for volumes: discrete ordinates, step and diamond, as fast as they can be written with the same means.

Ordinates of one octant lie in the lanes of two vectors, which share what is read of a cell and one division. Rows of
cells run along z, whose faces stay in registers; those across x and y lie in planes, and tiles in y keep them in the
cache. Python threads take every other block, each with sums of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raytrace_rte.execution.executors import each
from raytrace_rte.grid import FloatArray
from raytrace_rte.kernels.blocks import vector
from raytrace_rte.kernels.intrinsics import fma, load, maximum, store, total
from raytrace_rte.kernels.jit import driver, inlined
from raytrace_rte.kernels.reconstruct import aligned
from raytrace_rte.kernels.vector import WIDTH
from raytrace_rte.solvers.quadrature import SETS, Directions, rotated
from raytrace_rte.solvers.volumes.ordinates import octant, ordinates

Floats = NDArray[np.floating[Any]]
SCHEMES = ("step", "diamond")
LANES = 2 * WIDTH
A, B, C, WEIGHT = (n * LANES for n in range(4))
"""Rows of a block: rates at which its ordinates cross a cell along each axis [1/m]; weights [sr]."""
ROWS = 4
IN_CACHE = 4096
"""Cells of a tile's face across x."""
FINITE, MIRRORED = (True, True, True), (False, False, False)


class Block(NamedTuple):
    """Ordinates of one octant: rows (ROWS LANES,), how many vectors hold some, senses of travel, 1 or -1."""

    rows: np.ndarray
    vectors: int
    x: int
    y: int
    z: int


@driver
def _sweep(kappa, emitted, block, planes, sums, diamond, first, last):
    """Take a block through the layers first to last (excluded) of cells across y, counted in its sense of travel."""
    nx, ny, _ = kappa.shape
    for p in range(nx):
        i = p if block.x > 0 else nx - 1 - p
        for q in range(first, last):
            j = q if block.y > 0 else ny - 1 - q
            if diamond:
                _row(kappa[i, j], emitted[i, j], block, planes, (j, i), sums[i, j], True)
            else:
                _row(kappa[i, j], emitted[i, j], block, planes, (j, i), sums[i, j], False)


@inlined
def _row(kappa, emitted, block, planes, at, sums, diamond):
    """Take a block along a row of cells; what enters is dark."""
    nz = kappa.size
    one, two, w1, w2 = _rates(block, 0), _rates(block, WIDTH), _weight(block, 0), _weight(block, WIDTH)
    s1, s2 = one[0] + one[1] + one[2], two[0] + two[1] + two[2]
    z1, z2 = vector(0.0), vector(0.0)
    for r in range(nz):
        k = r if block.z > 0 else nz - 1 - r
        x, y = (at[0] * nz + k) * LANES, (at[1] * nz + k) * LANES
        t1, t2 = s1 + kappa[k], s2 + kappa[k]
        if block.vectors == 2:
            inverse = 1.0 / (t1 * t2)
            v1, z1 = _cross(one, planes, x, y, z1, emitted[k], t2 * inverse, diamond)
            v2, z2 = _cross(two, planes, x + WIDTH, y + WIDTH, z2, emitted[k], t1 * inverse, diamond)
            sums[k] += total(fma(w1, v1, w2 * v2))
        else:
            v1, z1 = _cross(one, planes, x, y, z1, emitted[k], 1.0 / t1, diamond)
            sums[k] += total(w1 * v1)


@inlined
def _rates(block, n):
    return load(block.rows, A + n), load(block.rows, B + n), load(block.rows, C + n)


@inlined
def _weight(block, n):
    return load(block.rows, WEIGHT + n)


@inlined
def _cross(rates, planes, x, y, z, emitted, inverse, diamond):
    """Take a vector of ordinates through a cell: return their means there, and what leaves through z."""
    enters_x, enters_y = load(planes[0], x), load(planes[1], y)
    known = fma(rates[0], enters_x, fma(rates[1], enters_y, emitted)) * inverse
    mean = fma(rates[2] * inverse, z, known)  # z comes last, as the next cell waits for it
    if diamond:
        store(planes[0], x, maximum(fma(2.0, mean, -enters_x), 0.0))
        store(planes[1], y, maximum(fma(2.0, mean, -enters_y), 0.0))
        return mean, maximum(fma(2.0, mean, -z), 0.0)
    store(planes[0], x, mean)
    store(planes[1], y, mean)
    return mean, mean


def div_q(
    kappa: Floats, source: Floats, h: float, ways: Directions, scheme: str, threads: int = 2
) -> FloatArray:
    """Return div q [W m-3] of cubic cells of width h [m] between cold black walls; scheme: one of SCHEMES."""
    k, (nx, ny, nz) = kappa.astype(np.float64, copy=False), kappa.shape
    emitted, diamond = k * source, scheme == "diamond"
    shared = list(blocks(ways, (2.0 if diamond else 1.0) / h))
    sums, tile = np.zeros((threads, nx, ny, nz)), max(1, IN_CACHE // nz)

    def sweep(group: int) -> None:
        planes = tuple(aligned((n * nz * LANES,), np.dtype(np.float64)) for n in (ny, nx))
        for block in shared[group::threads]:
            for plane in planes:
                plane.fill(0.0)
            for first in range(0, ny, tile):
                last = min(first + tile, ny)
                _sweep(k, emitted, block, planes, sums[group], diamond, first, last)

    each(threads)(sweep, range(threads))
    return np.asarray(4.0 * np.pi * emitted - k * sums.sum(axis=0))


def blocks(ways: Directions, per: float) -> Iterator[Block]:
    """Yield the blocks of all octants; per: what multiplies a direction's components to give rates [1/m].

    Lanes without an ordinate repeat the last one, without a weight.
    """
    number = octant(ways.vector, FINITE)
    for n in np.unique(number):
        members = np.flatnonzero(number == n)
        x, y, z = np.where(ways.vector[members[0]] < 0.0, -1, 1)
        for start in range(0, members.size, LANES):
            some = members[start : start + LANES]
            rows = aligned((ROWS * LANES,), np.dtype(np.float64))
            table = rows.reshape(ROWS, LANES)
            table[:3] = per * np.abs(ways.vector[np.resize(some, LANES)]).T
            table[3] = 0.0
            table[3, : some.size] = ways.weight[some]
            yield Block(rows, -(-some.size // WIDTH), int(x), int(y), int(z))


def lanes(ways: Directions) -> int:
    """Return how many ordinates a sweep takes through each cell, lanes without one included."""
    return sum(block.vectors * WIDTH for block in blocks(ways, 1.0))


def directions(name: str, count: int) -> Directions:
    """Return a set of about so many directions: "ours", one of SETS, or one of these with ", rotated" behind it."""
    if name == "ours":
        ours = ordinates(count, FINITE, MIRRORED)
        return Directions(ours.vector, ours.weight, 2)
    kind, _, turned = name.partition(", ")
    ways = SETS[kind](count)
    return rotated(ways, 0) if turned else ways
