"""Estimated errors of the diffusion limit and of the sweep in each cell (docs/theory.md, eq. 22), and the share
of the limit, which follows from them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .blocks import lanes, peek, peek_some, poke_some, vector
from .intrinsics import bits, maximum, minimum, total, where
from .jit import driver, inlined, kernel
from .limit import APART, PER, ROOT, Fluxes
from .sizes import Sizes
from .transfer import absorb
from .vector import WIDTH

SWEPT, MARCHED = 0.055, 0.5
"""The relative error in thick cells over (kappa h)(h/L)^2 of the linear-discontinuous sweep (measured: 0.046 to 0.061
for kappa h from 1 to 100), and of the exact march of a slab (0.35 to 0.84)."""
WALL = 4e-3
"""The relative error of the sweep's flux into a wall over kappa h (measured: 4, 13, 43 % at 10, 30 and 100)."""
LEAK, FADE = 0.08, 0.2
"""Of the light that enters a thick cell, what the sweep lets through too much or too little (its exponential is the
quotient of two polynomials), and by what each further cell lessens that."""
TAIL = 0.2
"""Of what a wall's light would change, what is left when it is counted."""
BETTER, BEST = 2.0, 6.0
"""Error of the sweep over that of the limit from where on, and up to where, faces change over."""
SQUARES, COUNT, DARK = range(3)
"""What is noted of each plane: div q squared, summed over cells where the limit may be used; their number; cells that
would absorb less than nothing."""


class Given(NamedTuple):
    """What estimates read, of cells with those beyond mirrors and periodic faces, if not said otherwise.

    kappa [1/m], S; fluxes through all faces; sizes of terms; distance: cells to the nearest rough one, float32, or
    empty where there is none
    x, y, z: tables of the axes; corner: index of the first cell that is not beyond; first: number of the first cell
    of each face, of which `doubt` has the estimated error of the limit's flux at the wall over the cell's width, and
    `net` the net flux over it [W m-3]
    span: range of all sources and walls [W m-2 sr-1]; axes: along which there are several cells; slab: whether the
    sweep is the exact march
    """

    kappa: np.ndarray
    source: np.ndarray
    fluxes: Fluxes
    sizes: Sizes
    distance: np.ndarray
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    corner: tuple[int, int, int]
    first: np.ndarray
    doubt: np.ndarray
    net: np.ndarray
    span: float
    axes: int
    slab: bool


class Errors(NamedTuple):
    """Estimated error of div q by the limit, inf where it may not be used, and by the sweep; div q of the limit
    [W m-3] (nx, ny, nz), without the cells beyond."""

    limit: np.ndarray
    swept: np.ndarray
    div_q: np.ndarray


@driver
def errors(given, first, last, out, noted):
    """Find the errors of the cells of some planes; noted: (nx, 3), what is noted of each plane."""
    for x in range(first, last):
        noted[x] = 0.0
        for y in range(out.limit.shape[1]):
            _row(given, x, y, out, noted)


@inlined
def _e2(t):
    """The second exponential integral, or up to a fifth more: enough for an estimate, and quick."""
    _, passed, _ = absorb(t)
    return passed / (t + 1.0)


@kernel
def _row(given, x, y, out, noted):
    """Errors and div q of a row."""
    nz, most = out.limit.shape[2], float(max(given.kappa.shape))
    i, j, corner = x + given.corner[0], y + given.corner[1], given.corner[2]
    at, to = (i * given.kappa.shape[1] + j) * given.kappa.shape[2] + corner, (x * out.limit.shape[1] + y) * nz
    tz, columns = given.z, given.z.shape[1]
    across = given.x[ROOT, WIDTH + i] * given.y[ROOT, WIDTH + j]
    apart, light = min(given.x[APART, WIDTH + i], given.y[APART, WIDTH + j]), 2.0 * math.pi * given.span
    squares, count, dark = vector(0.0), vector(0.0), vector(0.0)
    for p in range(0, nz, WIDTH):
        alive, n = lanes(nz - p), WIDTH + corner + p
        kappa = peek_some(given.kappa, at + p, alive)
        tau = kappa * (peek(tz, ROOT * columns + n) * across)
        size, scale = peek_some(given.sizes.size, at + p, alive), peek_some(given.sizes.scale, at + p, alive)
        least = peek_some(given.sizes.depth, at + p, alive)
        cells = vector(most) if given.distance.size == 0 else peek_some(given.distance, at + p, alive)
        depth = maximum(least, 0.0)
        clear, wall = cells * depth, minimum(peek(tz, APART * columns + n), apart) * depth
        nearest = minimum(clear, wall)
        seen = kappa * light * (_e2(clear) + _e2(wall) * TAIL)
        error = size * scale * (scale * (3.0 / 7.0) + tau * tau * (1.0 / (12.0 * max(given.axes, 1)))) + seen
        error = where((least < 0.0) | (nearest <= 1.0), np.inf, error)
        swept = tau * tau * tau * scale * size * (MARCHED if given.slab else SWEPT)
        if not given.slab:
            layers = maximum(where(tau > 0.0, nearest / tau, 1.0), 1.0)
            _, faded, _ = absorb((layers - 1.0) * -math.log(FADE))
            thick = tau * 0.25
            swept = swept + kappa * light * LEAK * minimum(thick * thick * thick, 1.0) * faded
        poke_some(out.limit, to + p, error, alive)
        poke_some(out.swept, to + p, swept, alive)
        div_q = _divergence(given, i, j, p, at, alive)
        poke_some(out.div_q, to + p, div_q, alive)
        good = (error < np.inf) & alive
        squares, count = squares + where(good, div_q * div_q, 0.0), count + where(good, 1.0, 0.0)
        emission = kappa * peek_some(given.source, at + p, alive) * (4.0 * math.pi)
        dark = dark + where((div_q > emission) & alive, 1.0, 0.0)
    noted[x, SQUARES] += total(squares)
    noted[x, COUNT] += total(count)
    noted[x, DARK] += total(dark)
    _at_walls(given, i, j, x, y, out)


@inlined
def _divergence(given, i, j, p, at, alive):
    """Divergence of the fluxes around a vector of cells."""
    _, ny, nz = given.kappa.shape
    q, corner = given.fluxes, given.corner[2]
    of_y, of_z = (i * (ny + 1) + j) * nz + corner + p, (i * ny + j) * (nz + 1) + corner + p
    out = (peek_some(q.x, at + ny * nz + p, alive) - peek_some(q.x, at + p, alive)) * given.x[PER, WIDTH + i]
    along = peek_some(q.y, of_y + nz, alive) - peek_some(q.y, of_y, alive)
    out = out + along * given.y[PER, WIDTH + j]
    along = peek_some(q.z, of_z + 1, alive) - peek_some(q.z, of_z, alive)
    return out + along * peek(given.z, PER * given.z.shape[1] + WIDTH + corner + p)


@kernel
def _at_walls(given, i, j, x, y, out):
    """Add what walls cause to the errors of a row."""
    nx, ny, nz = given.kappa.shape
    n, corner = out.limit.shape[2], given.corner[2]
    for k in range(n):
        if i == 0:
            _at_wall(given, i, j, k + corner, given.first[0] + j * nz + k + corner, (x, y, k), out)
        if i == nx - 1:
            _at_wall(given, i, j, k + corner, given.first[1] + j * nz + k + corner, (x, y, k), out)
        if j == 0:
            _at_wall(given, i, j, k + corner, given.first[2] + i * nz + k + corner, (x, y, k), out)
        if j == ny - 1:
            _at_wall(given, i, j, k + corner, given.first[3] + i * nz + k + corner, (x, y, k), out)
    if corner == 0:
        _at_wall(given, i, j, corner, given.first[4] + i * ny + j, (x, y, 0), out)
    if corner + n == nz:
        _at_wall(given, i, j, nz - 1, given.first[5] + i * ny + j, (x, y, n - 1), out)


@kernel
def _at_wall(given, i, j, k, number, cell, out):
    """Add what a wall's cell causes to the errors of the cell (i, j, k) beside it."""
    out.limit[cell] += given.doubt[number]
    if not given.slab:
        size = given.x[ROOT, WIDTH + i] * given.y[ROOT, WIDTH + j] * given.z[ROOT, WIDTH + k]
        out.swept[cell] += WALL * given.kappa[i, j, k] * size * given.net[number]


@driver
def shares(limit, swept, wanted, first, last, out):
    """Find the share of the limit in each cell of some planes, 0 to 1, smooth in the errors; return how many vectors
    of cells are not of it alone.

    wanted: error [W m-3] that is good enough for the limit to be taken, as it costs less; out: (nx, ny, nz)
    """
    size, other = limit.shape[1] * limit.shape[2], 0
    for p in range(first * size, last * size, WIDTH):
        alive = lanes(last * size - p)
        least, error = maximum(peek_some(swept, p, alive), wanted), peek_some(limit, p, alive)
        all_, some = least >= error * BEST, least > error * BETTER
        poke_some(out, p, where(all_, 1.0, 0.0), alive)
        if bits(all_ & alive) != bits(alive):
            other += 1
        if bits(some & alive) != bits(all_ & alive):
            for n in range(p, min(p + WIDTH, last * size)):
                _change_over(limit, swept, wanted, n, out)
    return other


@kernel
def _change_over(limit, swept, wanted, n, out):
    """Find the share in a cell, by its number."""
    nz, ny = limit.shape[2], limit.shape[1]
    x, y, z = n // (ny * nz), n // nz % ny, n % nz
    ratio = max(swept[x, y, z], wanted) / limit[x, y, z]
    if BETTER < ratio < BEST:
        t = np.log(ratio / BETTER) / np.log(BEST / BETTER)
        out[x, y, z] = t * t * (3.0 - 2.0 * t)
