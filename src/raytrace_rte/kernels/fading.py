"""How the light of a wall, beyond what the diffusion limit says there, dies away in the cells behind it.

The limit's light that leaves the wall is S - mu dS/dtau, the wall's is S + `jump`. The difference dies away as
exp(-tau / mu), tau constant across the wall, so that 2 pi (jump E3 + slope E4) goes through the faces parallel to it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .blocks import lanes, peek, peek_some, poke, poke_some, vector
from .exponential import FAR, e3_e4
from .intrinsics import bits
from .jit import driver, inlined, kernel
from .limit import HALF, PER
from .slopes import padded, zeros
from .vector import WIDTH

DEPTH, BEFORE = 0, 1
"""Planes of the work array: optical depth from the wall, and what goes through the faces nearer to it."""


class Wall(NamedTuple):
    """A wall across an axis, 1.0 or -1.0 into the gas, and the axis' table; of its cells, flat: light less that of
    the limit, and the limit's dS/dtau inwards [W m-2 sr-1]."""

    axis: int
    inward: float
    table: np.ndarray
    jump: np.ndarray
    slope: np.ndarray


def work(shape: tuple[int, ...], rows: int) -> np.ndarray:
    """Return the work array for so many rows along z."""
    return zeros(2, max(rows, 1), padded(shape[2]) + 2 * WIDTH)


@driver
def fade(kappa, wall, first, last, work, flux, whole, leading):
    """Add what fades to the flux through the faces of the axis, and to both divergences (`limit.Fluxes`).

    first, last: of rows along y for a wall across x, else of planes across x
    """
    if wall.axis == 2:
        for x in range(first, last):
            for y in range(kappa.shape[1]):
                _along(kappa, wall, x, y, work, flux, whole, leading)
    else:
        _across(kappa, wall, first, last, work, flux, whole, leading)


@inlined
def _fading(t, jump, slope):
    """What goes through faces at depths t."""
    e3, e4 = e3_e4(t)
    return (jump * e3 + slope * e4) * (2.0 * math.pi)


@kernel
def _across(kappa, wall, first, last, work, flux, whole, leading):
    """The same for rows that lie parallel to the wall: layer after layer, until it is dark in all of them."""
    ny, nz = kappa.shape[1], kappa.shape[2]
    up = wall.inward > 0.0
    if wall.axis == 0:
        layer, row, row_of_faces = ny * nz, nz, nz
    else:
        layer, row, row_of_faces = nz, ny * nz, (ny + 1) * nz
    cells, size = kappa.shape[wall.axis], work.shape[2]
    work[:, : last - first] = 0.0
    for n in range(cells - 1):
        cell = n if up else cells - 1 - n
        width, per = 2.0 * wall.table[HALF, WIDTH + cell], wall.table[PER, WIDTH + cell]
        lit = np.int64(0)
        for r in range(first, last):
            at, of = cell * layer + r * row, (cell + up) * layer + r * row_of_faces
            depth = (r - first) * size + WIDTH
            before = depth + work.shape[1] * size
            for p in range(0, nz, WIDTH):
                alive = lanes(nz - p)
                t = peek(work, depth + p) + peek_some(kappa, at + p, alive) * width
                poke(work, depth + p, t)
                seen = bits((t <= FAR) & alive)
                old, new = peek(work, before + p), vector(0.0)
                if seen != 0:
                    jump = peek_some(wall.jump, r * nz + p, alive)
                    new = _fading(t, jump, peek_some(wall.slope, r * nz + p, alive))
                    poke_some(flux, of + p, peek_some(flux, of + p, alive) + new * wall.inward, alive)
                poke(work, before + p, new)
                if n > 0:
                    change = (new - old) * per
                    poke_some(whole, at + p, peek_some(whole, at + p, alive) + change, alive)
                    poke_some(leading, at + p, peek_some(leading, at + p, alive) + change, alive)
                lit |= seen
        if lit == 0:
            break


@kernel
def _along(kappa, wall, x, y, work, flux, whole, leading):
    """The same for a row that ends at the wall."""
    n, up = kappa.shape[2], wall.inward > 0.0
    column = x * kappa.shape[1] + y
    depth, after = work[DEPTH, 0], work[BEFORE, 0]
    t, reached = 0.0, 0
    while reached < n - 1 and t <= FAR:
        cell = reached if up else n - 1 - reached
        t += kappa[x, y, cell] * 2.0 * wall.table[HALF, WIDTH + cell]
        reached += 1
        depth[WIDTH + (reached if up else n - reached)] = t
    low, high = (1, reached) if up else (n - reached, n - 1)  # faces
    for p in range(low, high + 1, WIDTH):
        new = _fading(peek(depth, WIDTH + p), wall.jump[column], wall.slope[column])
        poke_some(after, WIDTH + p, new * wall.inward, lanes(high + 1 - p))
    after[WIDTH], after[WIDTH + n] = after[WIDTH + 1], after[WIDTH + n - 1]
    for k in range(low - 1, high + 1):
        if k >= low:
            flux[x, y, k] += after[WIDTH + k]
        change = (after[WIDTH + k + 1] - after[WIDTH + k]) * wall.table[PER, WIDTH + k]
        whole[x, y, k] += change
        leading[x, y, k] += change
    after[WIDTH + low - 1 : WIDTH + high + 2] = 0.0
