"""What cells have where the diffusion limit has a share: one flux a face, a blend of its own and the sweep's."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .blocks import lanes, peek_some, poke_some
from .intrinsics import where
from .jit import driver, inlined
from .limit import PER, Fluxes
from .vector import WIDTH

SWEPT, MIXED, LIMITED, DARK = range(4)
"""Roles of cells: those that no limit has a share in, those that follow it in part, and alone, and those of them that
would absorb less than nothing."""


class Blend(NamedTuple):
    """What a blend reads, of cells (nx, ny, nz) if not said otherwise.

    kappa [1/m], S; share of the limit, roles of cells (uint8)
    fluxes of the limit, of cells with those beyond (px, py, pz); corner: index of the first cell not beyond; x, y, z:
    tables of the axes with cells beyond; ended, periodic: whether axes end, and whether their ends are neighbours
    kept: numbers of mixed cells, -1 elsewhere (n_cell,), or empty; swept: their fluxes by the sweep (n_kept, 6)
    walls: whether faces are; first: number of the first cell of each; net: flux into walls [W m-2]
    limit, by_sweep: estimated errors of div q; div_q: by the limit alone [W m-3]
    """

    kappa: np.ndarray
    source: np.ndarray
    share: np.ndarray
    role: np.ndarray
    fluxes: Fluxes
    corner: tuple[int, int, int]
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    ended: np.ndarray
    periodic: np.ndarray
    kept: np.ndarray
    swept: np.ndarray
    walls: np.ndarray
    first: np.ndarray
    net: np.ndarray
    limit: np.ndarray
    by_sweep: np.ndarray
    div_q: np.ndarray


@inlined
def _beside(share, cell, axis, step, periodic):
    """Share of the cell next to one; at an end its own, or that of the other end."""
    x, y, z = cell
    n = share.shape[axis]
    i = (x, y, z)[axis] + step
    if i < 0 or i >= n:
        if not periodic[axis]:
            return share[cell]
        i = (i + n) % n
    if axis == 0:
        return share[i, y, z]
    return share[x, i, z] if axis == 1 else share[x, y, i]


@driver
def sort(kappa, source, share, div_q, ended, periodic, first, last, role):
    """Find the roles of the cells of some planes; a face has the lesser share of its two cells.

    div_q: by the limit [W m-3]; ended, periodic: of each axis; role: (nx, ny, nz) uint8
    """
    for x in range(first, last):
        for y in range(share.shape[1]):
            for z in range(share.shape[2]):
                own = share[x, y, z]
                if own == 0.0:
                    role[x, y, z] = SWEPT
                    continue
                least, most = 1.0, 0.0
                for axis in range(3):
                    if ended[axis]:
                        for step in (-1, 1):
                            of_face = min(own, _beside(share, (x, y, z), axis, step, periodic))
                            least, most = min(least, of_face), max(most, of_face)
                if least == 1.0:
                    absorbs = div_q[x, y, z] <= 4.0 * math.pi * kappa[x, y, z] * source[x, y, z]
                    role[x, y, z] = LIMITED if absorbs else DARK
                else:
                    role[x, y, z] = MIXED if most > 0.0 else SWEPT


@driver
def follow(kappa, source, div_q, error, first, last, out):
    """Settle the cells of some planes where all follow the limit: G, emission and the error of G, from its div q and
    that one's error [W m-3]."""
    size = kappa.shape[1] * kappa.shape[2]
    for p in range(first * size, last * size, WIDTH):
        alive = lanes(last * size - p)
        k, q = peek_some(kappa, p, alive), peek_some(div_q, p, alive)
        emission = k * peek_some(source, p, alive) * (4.0 * math.pi)
        per = 1.0 / k
        G = (emission - q) * per
        poke_some(out.emission, p, emission, alive)
        poke_some(out.G, p, where(G >= 0.0, G, 0.0), alive)
        poke_some(out.G_error, p, peek_some(error, p, alive) * per, alive)


@driver
def blend(given, first, last, out):
    """Change what the sweep gave the cells of some planes, `out`, where the limit has a share, and their errors."""
    nx, ny, nz = given.share.shape
    for x in range(first, last):
        for y in range(ny):
            beside = x == 0 or x == nx - 1 or y == 0 or y == ny - 1
            for z in range(nz):
                number, kappa, role = (x * ny + y) * nz + z, given.kappa[x, y, z], given.role[x, y, z]
                by_sweep, error = given.by_sweep[x, y, z], given.limit[x, y, z]
                if role < LIMITED:
                    error = out.error[number] + (by_sweep if by_sweep < np.inf else 0.0)
                out.error[number] = error
                if kappa > 0.0:
                    out.G_error[number] = error / kappa
                if role == SWEPT:
                    continue
                div_q = given.div_q[x, y, z]
                if role == MIXED or beside or z == 0 or z == nz - 1:
                    div_q = _changed(given, (x, y, z), number, div_q if role >= LIMITED else 0.0)
                out.div_q[number] = div_q
                G = (out.emission[number] - div_q) / kappa
                if G >= 0.0:
                    out.G[number] = G


@inlined
def _changed(given, cell, number, div_q):
    """div q with what flows out of a cell in `_outflow`."""
    for axis in range(3):
        if given.ended[axis]:
            div_q += _outflow(given, cell, number, axis) * _per_width(given, cell, axis)
    return div_q


@inlined
def _per_width(given, cell, axis):
    """1 / width of a cell along an axis [1/m]."""
    if axis == 0:
        return given.x[PER, WIDTH + given.corner[0] + cell[0]]
    if axis == 1:
        return given.y[PER, WIDTH + given.corner[1] + cell[1]]
    return given.z[PER, WIDTH + given.corner[2] + cell[2]]


@inlined
def _outflow(given, cell, number, axis):
    """Flux out of a cell through both its faces across an axis [W m-2]; of a cell that follows the limit alone, what
    walls add to that of the limit."""
    x, y, z = cell
    _, ny, nz = given.share.shape
    map_ = (y * nz + z, x * nz + z, x * ny + y)[axis]
    limited, out = given.role[cell] >= LIMITED, 0.0
    for side in range(2):
        face = 2 * axis + side
        outermost = cell[axis] == (given.share.shape[axis] - 1 if side == 1 else 0)
        if outermost and given.walls[face]:
            out += given.net[given.first[face] + map_]
            out -= _by_limit(given, cell, axis, side) if limited else 0.0
        elif not limited:
            share = min(given.share[cell], _beside(given.share, cell, axis, 2 * side - 1, given.periodic))
            swept = (2.0 * side - 1.0) * _by_sweep(given, cell, number, axis, side)
            out += share * _by_limit(given, cell, axis, side) + (1.0 - share) * swept
    return out


@inlined
def _by_limit(given, cell, axis, side):
    """Flux of the limit out of a cell through its low (0) or high (1) face across an axis [W m-2]."""
    i, j, k = cell[0] + given.corner[0], cell[1] + given.corner[1], cell[2] + given.corner[2]
    if axis == 0:
        flux = given.fluxes.x[i + side, j, k]
    elif axis == 1:
        flux = given.fluxes.y[i, j + side, k]
    else:
        flux = given.fluxes.z[i, j, k + side]
    return flux if side == 1 else -flux


@inlined
def _by_sweep(given, cell, number, axis, side):
    """Flux of the sweep through a face of a cell, along the axis [W m-2], of the lower of the cells that kept it."""
    if given.kept.size == 0:
        return 0.0
    _, ny, nz = given.share.shape
    stride = (ny * nz, nz, 1)[axis]
    own, other = given.kept[number], np.int64(-1)
    inside = cell[axis] > 0 if side == 0 else cell[axis] < given.share.shape[axis] - 1
    if inside:
        other = given.kept[number + (2 * side - 1) * stride]
    if side == 0 and other >= 0:
        return given.swept[other, 2 * axis + 1]
    if own >= 0:
        return given.swept[own, 2 * axis + side]
    return given.swept[other, 2 * axis] if other >= 0 else 0.0
