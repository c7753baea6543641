"""Characteristics swept through the whole volume: parallel lines, each followed both ways.

The lines of one direction pierce the plane across their dominant axis on a lattice with the spacing of the
cells, so that on a uniform grid their lengths in every cell fill exactly its volume. A line carries the power
A I, A being its cross-section times the direction's weight; what it loses in a cell stays there, so that the
cells together keep what enters through the walls less what leaves (docs/theory.md, eqs. 15 to 18).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .cartesian import ENDLESS, Ray, Walk, begin, cell_of, exit_at, guess, inside, leave, search, step
from .jit import driver, kernel
from .transfer import absorb

PARTS = 4
"""A line's cross-section is divided into so many parts each way to find which wall cells it covers."""
SEGMENT = 6
"""Numbers kept of a segment: length, S at its start and end, a, w and d (transfer.py)."""
KAPPA, ACROSS, SOURCE, GRADIENT = 0, 1, 4, 5
"""Columns of a cell's record (n_cell, 1, 8): kappa, how much of grad S counts across lines, S, grad S (3)."""
NET, PATH = 0, 1
ARRIVED, COVER = 0, 1
THIN = 1e-4
"""Optical depth below which the mean of I along a segment is that of its ends: the next term is d/6 of it."""


class Box(NamedTuple):
    """Faces and centres of the axes, their periods [m] (0: walls; inf: endless), first surface of each face.

    Surfaces are numbered: the cells of the six faces, then solid cells. solid: the surface that a cell is, or
    -1 where there is gas (n_cell,); without any element when nothing is solid.
    """

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    cx: np.ndarray
    cy: np.ndarray
    cz: np.ndarray
    period: np.ndarray
    first: np.ndarray
    solid: np.ndarray


class Bundle(NamedTuple):
    """The lines of each direction: unit vector (n, 3), cross-section times weight [m2 sr] (n,), lattice
    origin (n, 3), its two steps (n, 2, 3) and how many of each (n, 2)."""

    direction: np.ndarray
    power: np.ndarray
    origin: np.ndarray
    steps: np.ndarray
    counts: np.ndarray


class Sums(NamedTuple):
    """Deposits of some directions: in cells (n_cell, 2) the net power [W], absorbed less emitted, and the sum
    of A s I [W m]; on surfaces (n_surface, 2) what arrives [W] and the sum of A [m2 sr]; crossings, of both
    senses at once (1,)."""

    cells: np.ndarray
    surfaces: np.ndarray
    crossings: np.ndarray


@kernel
def line(bundle, n, a, b):
    """Return the line at lattice point (a, b), not necessarily whole, of direction n."""
    u, v, w = bundle.direction[n, 0], bundle.direction[n, 1], bundle.direction[n, 2]
    one = np.float64(1.0)
    return Ray(
        bundle.origin[n, 0] + a * bundle.steps[n, 0, 0] + b * bundle.steps[n, 1, 0],
        bundle.origin[n, 1] + a * bundle.steps[n, 0, 1] + b * bundle.steps[n, 1, 1],
        bundle.origin[n, 2] + a * bundle.steps[n, 0, 2] + b * bundle.steps[n, 1, 2],
        u,
        v,
        w,
        one / u if u != 0.0 else np.inf,
        one / v if v != 0.0 else np.inf,
        one / w if w != 0.0 else np.inf,
    )


@kernel
def _span(faces, period, o, d, inverse):
    """Distances at which a line enters and leaves one axis' extent; a periodic axis has none."""
    if period > 0.0:
        return -np.inf, np.inf
    first, last = faces[0], faces[faces.size - 1]
    if d == 0.0:
        return (-np.inf, np.inf) if first <= o < last else (np.inf, -np.inf)
    a = min(max((first - o) * inverse, -ENDLESS), ENDLESS)
    b = min(max((last - o) * inverse, -ENDLESS), ENDLESS)
    return min(a, b), max(a, b)


@kernel
def ends(box, ray):
    """(distance, axis) at which a line enters the box, and those at which it leaves."""
    x0, x1 = _span(box.x, box.period[0], ray.x, ray.u, ray.iu)
    y0, y1 = _span(box.y, box.period[1], ray.y, ray.v, ray.iv)
    z0, z1 = _span(box.z, box.period[2], ray.z, ray.w, ray.iw)
    t_in, a_in = x0, 0
    if y0 > t_in:
        t_in, a_in = y0, 1
    if z0 > t_in:
        t_in, a_in = z0, 2
    t_out, a_out = x1, 0
    if y1 < t_out:
        t_out, a_out = y1, 1
    if z1 < t_out:
        t_out, a_out = z1, 2
    return t_in, a_in, t_out, a_out


@kernel
def _turns(faces, period, p):
    """Periods between a position and the domain; 0 where the axis ends at walls."""
    return math.floor((p - faces[0]) / period) * period if 0.0 < period < np.inf else 0.0


@kernel
def _at(faces, period, p):
    """Cell of a position on one axis, the nearest one if it is outside."""
    p -= _turns(faces, period, p)
    i = guess(faces, p)
    if faces[i] <= p < faces[i + 1]:
        return i
    return search(faces, 0, faces.size - 1, p)


@kernel
def _wall_cell(box, ray, t, axis, upstream):
    """Number of the wall cell where a line crosses a face of the given axis at distance t."""
    ny, nz = box.y.size - 1, box.z.size - 1
    x, y, z = ray.x + t * ray.u, ray.y + t * ray.v, ray.z + t * ray.w
    if axis == 0:
        cell = _at(box.y, box.period[1], y) * nz + _at(box.z, box.period[2], z)
        return box.first[0 if (ray.u > 0.0) == upstream else 1] + cell
    i = _at(box.x, box.period[0], x)
    if axis == 1:
        return box.first[2 if (ray.v > 0.0) == upstream else 3] + i * nz + _at(box.z, box.period[2], z)
    return box.first[4 if (ray.w > 0.0) == upstream else 5] + i * ny + _at(box.y, box.period[1], y)


@kernel
def cover(box, bundle, n, a, b, centre, near, far):
    """Write the wall cells that each part of a line's cross-section covers at its near and far end."""
    t_in, a_in, t_out, a_out = centre
    for p in range(PARTS):
        for q in range(PARTS):
            part = line(bundle, n, a + (p + 0.5) / PARTS - 0.5, b + (q + 0.5) / PARTS - 0.5)
            s_in, b_in, s_out, b_out = ends(box, part)
            if not s_in < s_out:  # a part that passes the box by goes where its line goes
                s_in, b_in, s_out, b_out = t_in, a_in, t_out, a_out
            near[p * PARTS + q] = _wall_cell(box, part, s_in, b_in, True)
            far[p * PARTS + q] = _wall_cell(box, part, s_out, b_out, False)


@kernel
def wrapped(box, ray, walk):
    """Bring a line that has left through a periodic face back in at the opposite one."""
    nx, ny, nz = box.x.size - 1, box.y.size - 1, box.z.size - 1
    i, j, k, tx, ty, tz = walk
    x, y, z, u, v, w, iu, iv, iw = ray
    if box.period[0] > 0.0 and (i < 0 or i >= nx):
        x += box.period[0] if i < 0 else -box.period[0]
        i = nx - 1 if i < 0 else 0
        tx = leave(box.x, i, x, u, iu)
    if box.period[1] > 0.0 and (j < 0 or j >= ny):
        y += box.period[1] if j < 0 else -box.period[1]
        j = ny - 1 if j < 0 else 0
        ty = leave(box.y, j, y, v, iv)
    if box.period[2] > 0.0 and (k < 0 or k >= nz):
        z += box.period[2] if k < 0 else -box.period[2]
        k = nz - 1 if k < 0 else 0
        tz = leave(box.z, k, z, w, iw)
    return Ray(x, y, z, u, v, w, iu, iv, iw), Walk(i, j, k, tx, ty, tz)


@kernel
def _segment(box, record, c, walk, ray, t, t_next, kept, n):
    """Keep what a segment of the line does to light, in both senses."""
    half = 0.5 * (t_next - t)
    middle = t + half
    x = ray.x + middle * ray.u - box.cx[walk.i]
    y = ray.y + middle * ray.v - box.cy[walk.j]
    z = ray.z + middle * ray.w - box.cz[walk.k]
    gx, gy, gz = record[c, 0, GRADIENT], record[c, 0, GRADIENT + 1], record[c, 0, GRADIENT + 2]
    s = record[c, 0, SOURCE] + record[c, 0, ACROSS] * (x * gx + y * gy + z * gz)
    rise = half * (ray.u * gx + ray.v * gy + ray.w * gz)
    d = 2.0 * half * record[c, 0, KAPPA]
    a, _, w = absorb(d)
    kept[n, 0] = 2.0 * half
    kept[n, 1] = max(s - rise, 0.0)
    kept[n, 2] = max(s + rise, 0.0)
    kept[n, 3] = a
    kept[n, 4] = w
    kept[n, 5] = d


@kernel
def _pass(cells, kept, first, last, step_, power, light, deposits):
    """Carry light along kept segments first to last; return what comes out."""
    near, far = (1, 2) if step_ > 0 else (2, 1)
    n = first
    while n != last:
        length, start, end = kept[n, 0], kept[n, near], kept[n, far]
        a, w, d = kept[n, 3], kept[n, 4], kept[n, 5]
        lost = a * (light - end) - (start - end) * w
        mean = 0.5 * (start + end) + lost / d if d > THIN else light - 0.5 * lost
        deposits[cells[n], NET] += power * lost
        deposits[cells[n], PATH] += power * length * mean
        light -= lost
        n += step_
    return light


@kernel
def _stretch(cells, kept, count, power, near, far, radiosity, deposit):
    """Sweep one stretch of gas between two surfaces, there and back."""
    deposits, reached = deposit
    part = power / near.size
    there, back = 0.0, 0.0
    for p in range(near.size):
        there += radiosity[near[p]]
        back += radiosity[far[p]]
    there = _pass(cells, kept, 0, count, 1, power, there / near.size, deposits)
    back = _pass(cells, kept, count - 1, -1, -1, power, back / near.size, deposits)
    for p in range(near.size):
        reached[far[p], ARRIVED] += part * there
        reached[far[p], COVER] += part
        reached[near[p], ARRIVED] += part * back
        reached[near[p], COVER] += part


@kernel
def inside_box(box, ray, t):
    """Return the line, moved by whole periods so that it is inside the domain at distance t."""
    x, y, z, u, v, w, iu, iv, iw = ray
    x -= _turns(box.x, box.period[0], x + t * u)
    y -= _turns(box.y, box.period[1], y + t * v)
    z -= _turns(box.z, box.period[2], z + t * w)
    return Ray(x, y, z, u, v, w, iu, iv, iw)


@kernel
def _sweep_line(box, bundle, record, radiosity, n, a, b, work, deposit):
    """Follow one line from wall to wall, there and back, and return how many cells it crosses.

    Solid cells cut it into stretches of gas, each between two surfaces.
    """
    cells, kept, near, far, last = work
    ray = line(bundle, n, a, b)
    way = ends(box, ray)
    t = way[0]
    if not t < way[2]:
        return 0
    cover(box, bundle, n, a, b, way, near, last)
    ray = inside_box(box, ray, t)
    walk = begin(box, ray, t)
    count, total, power = 0, 0, bundle.power[n]
    while True:
        if not inside(box, walk):
            ray, walk = wrapped(box, ray, walk)
            if not inside(box, walk):
                break
        c = cell_of(box, walk)
        t_next = max(t, exit_at(walk))
        if box.solid.size > 0 and box.solid[c] >= 0:
            if count > 0:
                far[:] = box.solid[c]
                _stretch(cells, kept, count, power, near, far, radiosity, deposit)
                count = 0
            near[:] = box.solid[c]
        else:
            cells[count] = c
            _segment(box, record, c, walk, ray, t, t_next, kept, count)
            count += 1
        total += 1
        t, walk = t_next, step(box, ray, walk)
    if count > 0:
        _stretch(cells, kept, count, power, near, last, radiosity, deposit)
    return total


@driver
def sweep_singly(box, bundle, record, radiosity, n, longest, sums):
    """Sweep direction n in both senses, line by line.

    record (n_cell, 1, 8), radiosity (n_surface,) [W m-2 sr-1]; longest: no line crosses more cells than that.
    """
    deposits, reached, crossings = sums
    near = np.empty(PARTS * PARTS, dtype=np.int64)
    work = (
        np.empty(longest, dtype=np.int64), np.empty((longest, SEGMENT)), near,
        np.empty_like(near), np.empty_like(near),
    )  # fmt: skip
    deposit = deposits, reached
    for a in range(bundle.counts[n, 0]):
        for b in range(bundle.counts[n, 1]):
            crossings[0] += _sweep_line(box, bundle, record, radiosity, n, a, b, work, deposit)


@kernel
def _measure_line(box, bundle, n, a, b, filled):
    """Add power times length of one line to the cells that it crosses."""
    ray = line(bundle, n, a, b)
    way = ends(box, ray)
    t = way[0]
    if not t < way[2]:
        return
    ray = inside_box(box, ray, t)
    walk = begin(box, ray, t)
    while True:
        if not inside(box, walk):
            ray, walk = wrapped(box, ray, walk)
            if not inside(box, walk):
                break
        t_next = max(t, exit_at(walk))
        filled[cell_of(box, walk)] += bundle.power[n] * (t_next - t)
        t, walk = t_next, step(box, ray, walk)


@driver
def measure(box, bundle, n, filled):
    """Add the lengths of the lines of direction n, times their power, to filled (n_cell,) [m3 sr], one sense
    only."""
    for a in range(bundle.counts[n, 0]):
        for b in range(bundle.counts[n, 1]):
            _measure_line(box, bundle, n, a, b, filled)
