"""What the sums of a sweep say of cells: incident radiation, emission, div q and their estimated errors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .jit import driver, kernel
from .reconstruct import KAPPA, SOURCE

BRICK = 4
"""Cells across over which estimates are averaged: differences between halves of a set pass through zero."""


class Cells(NamedTuple):
    """Of all cells (n_cell,): incident radiation and its estimated error [W m-2]; emission, div q and its estimated
    error [W m-3]."""

    G: np.ndarray
    G_error: np.ndarray
    emission: np.ndarray
    div_q: np.ndarray
    error: np.ndarray


@driver
def settle(record, shape, solid, thin, sums, scale, missing, out, first, sizes):
    """Settle the layers of bricks that begin at index `first` along x.

    record, shape: of the cells, in one band; solid: numbers of solid cells, -1 elsewhere, or empty
    thin: kappa [1/m] above which div q was summed
    sums: incident radiation, div q, and the difference of G between halves of the set
    scale: of the error over that difference; missing: what G lacks besides [W m-2]; sizes: work array (nz,)
    """
    nx, ny, nz = shape
    last = min(first + BRICK, nx)
    for j in range(0, ny, BRICK):
        end = min(j + BRICK, ny)
        _sizes(sums[2], (first, last), (j, end), ny, nz, sizes)
        for x in range(first, last):
            for y in range(j, end):
                for z in range(nz):
                    error = scale * sizes[z // BRICK] + missing
                    _cell(record, solid, thin, sums, error, out, (x * ny + y) * nz + z)


@kernel
def _sizes(values, x, y, ny, nz, sizes):
    """Root mean squares over the bricks of a row."""
    bricks = -(-nz // BRICK)
    for n in range(bricks):
        sizes[n] = 0.0
    for i in range(x[0], x[1]):
        for j in range(y[0], y[1]):
            row = (i * ny + j) * nz
            for k in range(nz):
                sizes[k // BRICK] += values[row + k] * values[row + k]
    for n in range(bricks):
        count = (x[1] - x[0]) * (y[1] - y[0]) * (min(BRICK, nz - n * BRICK))
        sizes[n] = np.sqrt(sizes[n] / count)


@kernel
def _cell(record, solid, thin, sums, error, out, cell):
    """Settle a cell; a solid one has nothing."""
    if solid.size > 0 and solid[cell] >= 0:
        out.G[cell], out.G_error[cell], out.emission[cell] = 0.0, 0.0, 0.0
        out.div_q[cell], out.error[cell] = 0.0, 0.0
        return
    kappa = np.float64(record[cell, KAPPA])
    emission = 4.0 * np.pi * kappa * np.float64(record[cell, SOURCE])
    out.G[cell], out.G_error[cell], out.emission[cell] = sums[0][cell], error, emission
    out.div_q[cell] = sums[1][cell] if kappa > thin else emission - kappa * sums[0][cell]
    out.error[cell] = kappa * error
