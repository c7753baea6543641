"""The diffusion limit on the faces of cells: leading flux and first correction (docs/theory.md, eqs. 19 and 20).

A strip of rows along z goes through all planes of cells across x. Of each plane first the gradient steps of S are
taken, in the plane before it theirs, then the correction at cell centres, last the fluxes through faces: the next
stage needs the planes on both sides, so it is one plane behind, and a few planes of each are all that is kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .blocks import lanes, peek, peek_some, poke, poke_some
from .intrinsics import fma, where
from .jit import driver, inlined, kernel
from .slopes import padded, zeros
from .vector import WIDTH

LOW, HIGH, BELOW, ABOVE, HALF, PER, ROOT, APART = range(8)
"""Rows of an axis' table, a column for each cell: weights of the differences to the cell before and to the next in
the slope; weights of the cell and the next one on the face between them; half the width; 1 / width; the width to the
power 1 / (number of axes that end), 1 along an endless one; cells between it and the nearest wall."""
HALO = 3
"""Rows beside a strip on which its fluxes depend."""
STEP, MIXED, TRACED, PER_KAPPA, SECOND, LEAD, WHOLE, PLANES = 0, 9, 18, 24, 27, 33, 35, 37
"""First planes of: gradient steps (of 3 axes, 3 planes of cells each); their derivatives that are needed on three
planes (3 by 3), and on two (3 by 2); 1 / kappa (3); the correction (3 by 2); leading, and whole flux along x (2)."""
RISE, LEAD_Y, WHOLE_Y, LEAD_Z, WHOLE_Z, LINES = 0, 1, 3, 5, 6, 7
"""Lines of the work array: differences along z; fluxes along y on two faces, and along z."""
LEADING, CORRECTION = 4.0 * math.pi / 3.0, 4.0 * math.pi / 15.0


class Strip(NamedTuple):
    """What the stages of a strip share: kappa [1/m] and S of all cells (nx, ny, nz), tables of the axes, rows first
    to last - 1, work arrays."""

    kappa: np.ndarray
    source: np.ndarray
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    first: int
    last: int
    planes: np.ndarray
    lines: np.ndarray


class Fluxes(NamedTuple):
    """Flux through the faces of each axis (n + 1 along it) [W m-2], along the axis; divergence of all of it, and of
    the leading part alone (nx, ny, nz) [W m-3], as if outer faces had the flux of the inner ones next to them."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    whole: np.ndarray
    leading: np.ndarray


def table(faces: np.ndarray, power: float, apart: np.ndarray) -> np.ndarray:
    """Return the table of an axis (8, n + 2 WIDTH and more), columns of cells from number WIDTH on.

    faces: positions [m]; power: of the width in ROOT, 0 if endless; apart: as APART has it
    """
    width, n = np.diff(faces), len(faces) - 1
    out = zeros(APART + 1, padded(n) + 2 * WIDTH)
    t = out[:, WIDTH : WIDTH + n]
    t[HALF], t[PER], t[ROOT], t[APART] = 0.5 * width, 1.0 / width, width**power, apart
    if n > 1:
        step = 0.5 * (width[1:] + width[:-1])
        t[BELOW, :-1], t[ABOVE, :-1] = width[1:] / (2.0 * step), width[:-1] / (2.0 * step)
        before, after = step[:-1], step[1:]
        t[LOW, 1:-1], t[HIGH, 1:-1] = after / (before * (before + after)), before / (after * (before + after))
        t[HIGH, 0], t[LOW, -1] = 1.0 / step[0], 1.0 / step[-1]
    return out


def work(shape: Sequence[int], rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the work arrays of a strip of so many rows."""
    size = padded(shape[2]) + 2 * WIDTH
    return zeros(PLANES, min(rows + 2 * HALO, shape[1]), size), zeros(LINES, size)


@driver
def fluxes(strip, out):
    """Find the fluxes of a strip, but for those of outer faces."""
    n = strip.kappa.shape[0]
    for x in range(n + 3):
        if x < n:
            _steps(strip, x)
        if 0 < x <= n:
            _derivatives(strip, x - 1)
        if 1 < x <= n + 1:
            _corrections(strip, x - 2)
        if x > 2:
            _faces(strip, x - 3, out)


@inlined
def _place(strip, plane, row):
    """Number at which a row begins in a plane of the work array."""
    size = strip.planes.shape[2]
    return (plane * strip.planes.shape[1] + row - max(strip.first - HALO, 0)) * size + WIDTH


@inlined
def _line(strip, line):
    """Number at which a line of the work array begins."""
    return line * strip.lines.shape[1] + WIDTH


@inlined
def _column(table, row):
    """Number at which a row of a table begins."""
    return row * table.shape[1] + WIDTH


@inlined
def _slope(f, below, at, above, low, high):
    """Derivative at number `at` of a work array."""
    here = peek(f, at)
    return fma(peek(f, above) - here, high, (here - peek(f, below)) * low)


@kernel
def _steps(strip, x):
    """S differentiated along each axis, over kappa."""
    nx, ny, nz = strip.kappa.shape
    s, tx, ty, tz, f = strip.source, strip.x, strip.y, strip.z, strip.planes
    low_x, high_x = tx[LOW, WIDTH + x], tx[HIGH, WIDTH + x]
    rise, low_z, high_z = _line(strip, RISE), _column(tz, LOW), _column(tz, HIGH)
    for j in range(max(strip.first - HALO, 0), min(strip.last + HALO, ny)):
        at = (x * ny + j) * nz
        left, right = (max(x - 1, 0) * ny + j) * nz, (min(x + 1, nx - 1) * ny + j) * nz
        back, front = (x * ny + max(j - 1, 0)) * nz, (x * ny + min(j + 1, ny - 1)) * nz
        low_y, high_y = ty[LOW, WIDTH + j], ty[HIGH, WIDTH + j]
        for p in range(0, nz, WIDTH):
            alive = lanes(nz - 1 - p)
            poke(strip.lines, rise + p, peek_some(s, at + p + 1, alive) - peek_some(s, at + p, alive))
        to, step = _place(strip, PER_KAPPA + x % 3, j), _place(strip, STEP + x % 3, j)
        next_ = 3 * f.shape[1] * f.shape[2]
        for p in range(0, nz, WIDTH):
            alive = lanes(nz - p)
            here, kappa = peek_some(s, at + p, alive), peek_some(strip.kappa, at + p, alive)
            per = where(kappa > 0.0, 1.0 / kappa, 0.0)
            poke(f, to + p, per)
            before, after = here - peek_some(s, left + p, alive), peek_some(s, right + p, alive) - here
            poke(f, step + p, fma(after, high_x, before * low_x) * per)
            before, after = here - peek_some(s, back + p, alive), peek_some(s, front + p, alive) - here
            poke(f, step + next_ + p, fma(after, high_y, before * low_y) * per)
            before, after = peek(strip.lines, rise + p - 1), peek(strip.lines, rise + p)
            along = fma(after, peek(tz, high_z + p), before * peek(tz, low_z + p))
            poke(f, step + 2 * next_ + p, along * per)


@kernel
def _derivatives(strip, x):
    """The steps differentiated along each axis, over kappa: their trace, and sums of two."""
    nx, ny, nz = strip.kappa.shape
    tx, ty, tz, f = strip.x, strip.y, strip.z, strip.planes
    low_x, high_x = tx[LOW, WIDTH + x], tx[HIGH, WIDTH + x]
    low_z, high_z = _column(tz, LOW), _column(tz, HIGH)
    three, two = 3 * f.shape[1] * f.shape[2], 2 * f.shape[1] * f.shape[2]
    left, right = max(x - 1, 0) % 3, min(x + 1, nx - 1) % 3
    for j in range(max(strip.first - HALO + 1, 0), min(strip.last + HALO - 1, ny)):
        at, per = _place(strip, STEP + x % 3, j), _place(strip, PER_KAPPA + x % 3, j)
        a, b = _place(strip, STEP + left, j), _place(strip, STEP + right, j)
        c, d = _place(strip, STEP + x % 3, max(j - 1, 0)), _place(strip, STEP + x % 3, min(j + 1, ny - 1))
        mixed, traced = _place(strip, MIXED + x % 3, j), _place(strip, TRACED + x % 2, j)
        low_y, high_y = ty[LOW, WIDTH + j], ty[HIGH, WIDTH + j]
        for p in range(0, nz, WIDTH):
            u, v, w = at + p, at + three + p, at + 2 * three + p
            lz, hz, scale = peek(tz, low_z + p), peek(tz, high_z + p), peek(f, per + p)
            xx = _slope(f, a + p, u, b + p, low_x, high_x)
            yx = _slope(f, a + three + p, v, b + three + p, low_x, high_x)
            zx = _slope(f, a + 2 * three + p, w, b + 2 * three + p, low_x, high_x)
            xy = _slope(f, c + p, u, d + p, low_y, high_y)
            yy = _slope(f, c + three + p, v, d + three + p, low_y, high_y)
            zy = _slope(f, c + 2 * three + p, w, d + 2 * three + p, low_y, high_y)
            xz, yz = _slope(f, u - 1, u, u + 1, lz, hz), _slope(f, v - 1, v, v + 1, lz, hz)
            zz = _slope(f, w - 1, w, w + 1, lz, hz)
            trace = xx + yy + zz
            poke(f, mixed + p, fma(xx, 2.0, trace) * scale)
            poke(f, mixed + three + p, (xy + yx) * scale)
            poke(f, mixed + 2 * three + p, (xz + zx) * scale)
            poke(f, traced + p, fma(yy, 2.0, trace) * scale)
            poke(f, traced + two + p, (yz + zy) * scale)
            poke(f, traced + 2 * two + p, fma(zz, 2.0, trace) * scale)


@kernel
def _corrections(strip, x):
    """First correction of the flux at cell centres (eq. 20)."""
    nx, ny, nz = strip.kappa.shape
    tx, ty, tz, f = strip.x, strip.y, strip.z, strip.planes
    low_x, high_x = tx[LOW, WIDTH + x], tx[HIGH, WIDTH + x]
    low_z, high_z = _column(tz, LOW), _column(tz, HIGH)
    three, two = 3 * f.shape[1] * f.shape[2], 2 * f.shape[1] * f.shape[2]
    left, right = max(x - 1, 0) % 3, min(x + 1, nx - 1) % 3
    for j in range(max(strip.first - HALO + 2, 0), min(strip.last + HALO - 2, ny)):
        back, front = max(j - 1, 0), min(j + 1, ny - 1)
        at, per = _place(strip, MIXED + x % 3, j), _place(strip, PER_KAPPA + x % 3, j)
        a, b = _place(strip, MIXED + left, j), _place(strip, MIXED + right, j)
        c, d = _place(strip, MIXED + x % 3, back), _place(strip, MIXED + x % 3, front)
        traced, second = _place(strip, TRACED + x % 2, j), _place(strip, SECOND + x % 2, j)
        g, h = _place(strip, TRACED + x % 2, back), _place(strip, TRACED + x % 2, front)
        low_y, high_y = ty[LOW, WIDTH + j], ty[HIGH, WIDTH + j]
        for p in range(0, nz, WIDTH):
            u, v, w = at + p, at + three + p, at + 2 * three + p
            yy, yz, zz = traced + p, traced + two + p, traced + 2 * two + p
            lz, hz, scale = peek(tz, low_z + p), peek(tz, high_z + p), peek(f, per + p) * -CORRECTION
            along = _slope(f, a + p, u, b + p, low_x, high_x)
            along = along + _slope(f, c + three + p, v, d + three + p, low_y, high_y)
            along = along + _slope(f, w - 1, w, w + 1, lz, hz)
            poke(f, second + p, along * scale)
            along = _slope(f, a + three + p, v, b + three + p, low_x, high_x)
            along = along + _slope(f, g + p, yy, h + p, low_y, high_y)
            along = along + _slope(f, yz - 1, yz, yz + 1, lz, hz)
            poke(f, second + two + p, along * scale)
            along = _slope(f, a + 2 * three + p, w, b + 2 * three + p, low_x, high_x)
            along = along + _slope(f, g + two + p, yz, h + two + p, low_y, high_y)
            along = along + _slope(f, zz - 1, zz, zz + 1, lz, hz)
            poke(f, second + 2 * two + p, along * scale)


@inlined
def _between(strip, at, other, alive, half, half_other):
    """Leading flux between the cells at two numbers (eq. 19), tau from centre to centre."""
    k, s = strip.kappa, strip.source
    depth = fma(peek_some(k, at, alive), half, peek_some(k, other, alive) * half_other)
    fall = peek_some(s, at, alive) - peek_some(s, other, alive)
    return where(depth > 0.0, fall * LEADING / depth, 0.0)


@kernel
def _faces(strip, x, out):
    """Fluxes through the faces above each cell of a plane, and their divergences."""
    nx, ny, nz = strip.kappa.shape
    tx, ty, tz, f, g = strip.x, strip.y, strip.z, strip.planes, strip.lines
    here, there = WIDTH + x, WIDTH + min(x + 1, nx - 1)
    two, half_z = 2 * f.shape[1] * f.shape[2], _column(tz, HALF)
    below_z, above_z = _column(tz, BELOW), _column(tz, ABOVE)
    for j in range(max(strip.first - 1, 0), strip.last):
        at, row, i = (x * ny + j) * nz, WIDTH + j, _place(strip, SECOND + x % 2, j)
        if j < ny - 1:
            next_ = _place(strip, SECOND + x % 2, j + 1) + two
            lead, whole = _line(strip, LEAD_Y + (j + 1) % 2), _line(strip, WHOLE_Y + (j + 1) % 2)
            to = (x * (ny + 1) + j + 1) * nz
            for p in range(0, nz, WIDTH):
                alive = lanes(nz - p)
                q = _between(strip, at + p, at + nz + p, alive, ty[HALF, row], ty[HALF, row + 1])
                poke(g, lead + p, q)
                q = q + fma(peek(f, i + two + p), ty[BELOW, row], peek(f, next_ + p) * ty[ABOVE, row])
                poke(g, whole + p, q)
                poke_some(out.y, to + p, q, alive)
        if j < strip.first:
            continue
        if x < nx - 1:
            next_, side = _place(strip, SECOND + (x + 1) % 2, j), (x + 1) % 2
            lead, whole = _place(strip, LEAD + side, j), _place(strip, WHOLE + side, j)
            for p in range(0, nz, WIDTH):
                alive = lanes(nz - p)
                q = _between(strip, at + p, at + ny * nz + p, alive, tx[HALF, here], tx[HALF, there])
                poke(f, lead + p, q)
                q = q + fma(peek(f, i + p), tx[BELOW, here], peek(f, next_ + p) * tx[ABOVE, here])
                poke(f, whole + p, q)
                poke_some(out.x, at + ny * nz + p, q, alive)
        lead, whole, n, to = _line(strip, LEAD_Z), _line(strip, WHOLE_Z), i + 2 * two, (x * ny + j) * (nz + 1)
        for p in range(0, nz, WIDTH):
            alive = lanes(nz - 1 - p)
            half, other = peek(tz, half_z + p), peek(tz, half_z + p + 1)
            q = _between(strip, at + p, at + p + 1, alive, half, other)
            poke(g, lead + p + 1, q)
            q = q + fma(peek(f, n + p), peek(tz, below_z + p), peek(f, n + p + 1) * peek(tz, above_z + p))
            poke(g, whole + p + 1, q)
            poke_some(out.z, to + p + 1, q, alive)
        _diverge(strip, x, j, f, g, (LEAD, LEAD_Y, LEAD_Z), out.leading)
        _diverge(strip, x, j, f, g, (WHOLE, WHOLE_Y, WHOLE_Z), out.whole)


@kernel
def _diverge(strip, x, j, planes, lines, of, out):
    """Divergence of the fluxes around a row; an outer face has that of the next one."""
    nx, ny, nz = strip.kappa.shape
    low, high = max(x, min(1, nx - 1)) % 2, min(x + 1, max(nx - 1, 0)) % 2
    a, b = _place(strip, of[0] + low, j), _place(strip, of[0] + high, j)
    low, high = max(j, min(1, ny - 1)) % 2, min(j + 1, max(ny - 1, 0)) % 2
    c, d, e = _line(strip, of[1] + low), _line(strip, of[1] + high), _line(strip, of[2])
    if nz > 1:
        lines[of[2], WIDTH] = lines[of[2], WIDTH + 1]
        lines[of[2], WIDTH + nz] = lines[of[2], WIDTH + nz - 1]
    per_x, per_y, per_z = strip.x[PER, WIDTH + x], strip.y[PER, WIDTH + j], _column(strip.z, PER)
    to = (x * ny + j) * nz
    for p in range(0, nz, WIDTH):
        q = (peek(planes, b + p) - peek(planes, a + p)) * per_x
        q = q + (peek(lines, d + p) - peek(lines, c + p)) * per_y
        q = q + (peek(lines, e + p + 1) - peek(lines, e + p)) * peek(strip.z, per_z + p)
        poke_some(out, to + p, q, lanes(nz - p))
