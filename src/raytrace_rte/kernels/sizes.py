"""Sizes of the terms of the diffusion limit over neighbouring cells, and rough cells (docs/theory.md, eq. 22).

A strip of rows along z goes through all planes of cells across x. Each row is summed along z, then across it, and the
sums of some planes along x: so that a cell is read once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .blocks import lanes, peek, peek_some, poke, poke_some, root
from .intrinsics import bits, minimum, where
from .jit import driver, inlined, kernel
from .limit import ROOT
from .slopes import padded, zeros
from .vector import WIDTH

THICK_CELL = 1.5
"""Optical depth of a cell from which on the limit is considered: below, the sweep is about as good (its error over
that of the limit is 2 kappa h for a smooth field)."""
ROUGH = 0.5
"""(mean free path / scale)^2 above which a cell counts as rough."""
REACH = 2
"""Cells on either side over which sizes of terms are averaged: they pass through zero."""
NEIGHBOURS = 2 * REACH + 1
ROUGH_CELL = -1.0
"""In place of the least optical depth around it: a cell that is rough or thin."""
FIELDS = 4
"""Of which neighbours matter: squares of the divergence, of its correction and of its leading part; optical depth."""


class Sizes(NamedTuple):
    """Root mean square of the divergence over neighbours [W m-3]; (mean free path / L)^2 of a wave there; least
    optical depth of a cell there, ROUGH_CELL in a rough one (nx, ny, nz)."""

    size: np.ndarray
    scale: np.ndarray
    depth: np.ndarray


def work(shape: tuple[int, ...], rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the work arrays of `sizes` for a strip of so many rows: sums along z, then sums across it."""
    size = padded(shape[2]) + 2 * WIDTH
    beside = min(rows + 2 * REACH, shape[1])
    return zeros(FIELDS, beside + 1, size), zeros(FIELDS, NEIGHBOURS, min(rows, shape[1]), size)


@driver
def sizes(kappa, whole, leading, axes, first, last, lines, planes, out):
    """Find the sizes of a strip of rows along y; return how many vectors have a rough cell, and how many have others.

    whole, leading: divergences (`limit.Fluxes`); axes: tables of x, y, z
    """
    nx, ny, nz = kappa.shape
    rough, smooth = 0, 0
    for x in range(nx + REACH):
        if x < nx:
            for y in range(max(first - REACH, 0), min(last + REACH, ny)):
                _sum_along(kappa, whole, leading, axes, x, y, y - max(first - REACH, 0), lines)
            for y in range(first, last):
                _sum_across(ny, nz, y, max(first - REACH, 0), y - first, x % NEIGHBOURS, lines, planes)
        if x >= REACH:
            for y in range(first, last):
                more, less = _settle(kappa, axes, x - REACH, y, y - first, planes, out)
                rough, smooth = rough + more, smooth + less
    return rough, smooth


@kernel
def _sum_along(kappa, whole, leading, axes, x, y, row, lines):
    """Squares and optical depths of a row, summed over neighbours along z; the least of the last."""
    nz, size = kappa.shape[2], lines.shape[2]
    at, edge = (x * kappa.shape[1] + y) * nz, (lines.shape[1] - 1) * size + WIDTH
    own, block = row * size + WIDTH, lines.shape[1] * size
    across = axes[0][ROOT, WIDTH + x] * axes[1][ROOT, WIDTH + y]
    for p in range(0, nz, WIDTH):
        alive = lanes(nz - p)
        q, q0 = peek_some(whole, at + p, alive), peek_some(leading, at + p, alive)
        tau = peek_some(kappa, at + p, alive) * (peek(axes[2], ROOT * axes[2].shape[1] + WIDTH + p) * across)
        poke(lines, edge + p, q * q)
        poke(lines, block + edge + p, (q - q0) * (q - q0))
        poke(lines, 2 * block + edge + p, q0 * q0)
        poke(lines, 3 * block + edge + p, tau)
    for field in range(FIELDS):
        line = lines[field, lines.shape[1] - 1]
        for n in range(1, REACH + 1):
            line[WIDTH - n], line[WIDTH + nz - 1 + n] = line[WIDTH], line[WIDTH + nz - 1]
    for p in range(0, nz, WIDTH):
        for field in range(FIELDS - 1):
            c = field * block + edge + p
            near = peek(lines, c - 1) + peek(lines, c + 1)
            far = peek(lines, c - 2) + peek(lines, c + 2)
            poke(lines, field * block + own + p, peek(lines, c) + near + far)
        c = 3 * block + edge + p
        near = minimum(peek(lines, c - 1), peek(lines, c + 1))
        far = minimum(peek(lines, c - 2), peek(lines, c + 2))
        poke(lines, 3 * block + own + p, minimum(peek(lines, c), minimum(near, far)))


@kernel
def _sum_across(ny, nz, y, base, row, slot, lines, planes):
    """The same along y: of the rows beside one, an outermost one again for those beyond."""
    size, block = lines.shape[2], lines.shape[1] * lines.shape[2]
    a, b = (max(y - 2, 0) - base) * size + WIDTH, (max(y - 1, 0) - base) * size + WIDTH
    c, d = (y - base) * size + WIDTH, (min(y + 1, ny - 1) - base) * size + WIDTH
    e = (min(y + 2, ny - 1) - base) * size + WIDTH
    to, plane = (slot * planes.shape[2] + row) * size + WIDTH, planes.shape[1] * planes.shape[2] * size
    for p in range(0, nz, WIDTH):
        for field in range(FIELDS - 1):
            n = field * block + p
            near = peek(lines, n + b) + peek(lines, n + d)
            far = peek(lines, n + a) + peek(lines, n + e)
            poke(planes, field * plane + to + p, peek(lines, n + c) + near + far)
        n = 3 * block + p
        near, far = (
            minimum(peek(lines, n + b), peek(lines, n + d)),
            minimum(peek(lines, n + a), peek(lines, n + e)),
        )
        poke(planes, 3 * plane + to + p, minimum(peek(lines, n + c), minimum(near, far)))


@kernel
def _settle(kappa, axes, x, y, row, planes, out):
    """The same along x, and what follows for a row; return of its vectors what `sizes` does."""
    nx, ny, nz = kappa.shape
    layer = planes.shape[2] * planes.shape[3]
    block, own = planes.shape[1] * layer, row * planes.shape[3] + WIDTH
    a, b = max(x - 2, 0) % NEIGHBOURS * layer + own, max(x - 1, 0) % NEIGHBOURS * layer + own
    c, d = x % NEIGHBOURS * layer + own, min(x + 1, nx - 1) % NEIGHBOURS * layer + own
    e = min(x + 2, nx - 1) % NEIGHBOURS * layer + own
    at, rough, smooth = (x * ny + y) * nz, 0, 0
    across = axes[0][ROOT, WIDTH + x] * axes[1][ROOT, WIDTH + y]
    for p in range(0, nz, WIDTH):
        alive = lanes(nz - p)
        tau = peek_some(kappa, at + p, alive) * (peek(axes[2], ROOT * axes[2].shape[1] + WIDTH + p) * across)
        whole = _sum(planes, p, a, b, c, d, e)
        change, leading = _sum(planes, block + p, a, b, c, d, e), _sum(planes, 2 * block + p, a, b, c, d, e)
        n = 3 * block + p
        near, far = (
            minimum(peek(planes, n + b), peek(planes, n + d)),
            minimum(peek(planes, n + a), peek(planes, n + e)),
        )
        least = minimum(peek(planes, n + c), minimum(near, far))
        any_ = leading > 0.0
        scale = where(any_, root(change / where(any_, leading, 1.0)) * (5.0 / 3.0), 0.0)
        bad = (tau < THICK_CELL) | (scale > ROUGH)
        some = bits(bad & alive)
        rough, smooth = rough + (some != 0), smooth + (some != bits(alive))
        poke_some(out.size, at + p, root(whole * (1.0 / NEIGHBOURS**3)), alive)
        poke_some(out.scale, at + p, scale, alive)
        poke_some(out.depth, at + p, where(bad, ROUGH_CELL, least), alive)
    return rough, smooth


@inlined
def _sum(f, p, a, b, c, d, e):
    """Sum of five vectors of a work array."""
    return peek(f, p + c) + (peek(f, p + b) + peek(f, p + d)) + (peek(f, p + a) + peek(f, p + e))
