"""Distances in cells from those that are marked."""

from __future__ import annotations

import numpy as np

from .jit import driver, kernel


@driver
def between(seeds, out, line):
    """Write how many cells lie between each cell and the nearest seed, 0 in seeds too; at most the greatest number of
    cells of an axis.

    seeds: bool, out: float32 (nx, ny, nz); line: work array, float32 (nz,)
    A step to any of the 26 neighbours counts 1, so that two passes will do, each with half of them. Values are one
    more than said, but for seeds, until all is done.
    """
    nx, ny, nz = seeds.shape
    most, one = np.float32(max(nx, ny, nz) + 1), np.float32(1.0)
    for x in range(nx):
        for y in range(ny):
            row, seed = out[x, y], seeds[x, y]
            for z in range(nz):
                row[z] = np.float32(0.0) if seed[z] else most
            _nearer(out, x, y, -1, line)
            for z in range(1, nz):
                row[z] = min(row[z], row[z - 1] + one)
    for x in range(nx - 1, -1, -1):
        for y in range(ny - 1, -1, -1):
            row = out[x, y]
            _nearer(out, x, y, 1, line)
            for z in range(nz - 2, -1, -1):
                row[z] = min(row[z], row[z + 1] + one)
    flat = out.reshape(-1)
    for n in range(flat.size):
        flat[n] = max(flat[n] - one, np.float32(0.0))


@kernel
def _nearer(out, x, y, step, line):
    """Lessen the distances of a row by those of four that are done: three of the next plane, one of its own."""
    nx, ny, nz = out.shape
    row, one, some = out[x, y], np.float32(1.0), False
    if 0 <= y + step < ny:
        some, next_ = True, out[x, y + step]
        for z in range(nz):
            line[z] = next_[z]
    if 0 <= x + step < nx:
        a, b, c = out[x + step, max(y - 1, 0)], out[x + step, y], out[x + step, min(y + 1, ny - 1)]
        for z in range(nz):
            least = min(a[z], min(b[z], c[z]))
            line[z] = min(least, line[z]) if some else least
        some = True
    if some:
        for z in range(nz):
            row[z] = min(row[z], line[z] + one)
        for z in range(1, nz):
            row[z] = min(row[z], line[z - 1] + one)
        for z in range(nz - 1):
            row[z] = min(row[z], line[z + 1] + one)
