"""Characteristics swept through the whole volume: parallel tracks, each followed both ways.

The tracks of one direction cross the plane across their dominant axis in rows and columns as far apart as the
cells are wide, so that on a uniform grid their lengths in every cell fill exactly its volume. A track carries
the power A I, A being its cross-section times the direction's weight; what it loses in a cell stays there, so
that the cells together keep what enters through the walls less what leaves (docs/theory.md, eqs. 15 to 18).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .cartesian import (
    ENDLESS,
    Walk,
    begin,
    cell_of,
    exit_at,
    exit_distance,
    inside,
    search,
    step,
    uniform_index,
)
from .grids import Ray
from .jit import driver, kernel
from .transfer import absorb

PARTS = 4
"""A track's cross-section is divided into so many parts each way to find which wall cells it covers."""
LENGTH, START, STOP, ABSORPTANCE, WEIGHT, DEPTH = range(6)
"""What is kept of a segment: length [m], S at both its ends, and a, w and d of transfer.absorb."""
SEGMENT = 6
"""Numbers kept of a segment."""
KAPPA, ACROSS, SOURCE, GRADIENT = 0, 1, 4, 5
"""Columns of a cell's record (n_cell, 1, 8): kappa, share of grad S that counts across tracks, S, grad S."""
NET, INTENSITY_INTEGRAL = 0, 1
"""Columns of what cells receive (`Sums.cells`)."""
INCIDENT, COVER = 0, 1
"""Columns of what surfaces receive (`Sums.surfaces`)."""
TRAPEZOID_DEPTH = 1e-4
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


class Tracks(NamedTuple):
    """The tracks of each direction, in rows and columns.

    direction: unit vector (n, 3)
    power: cross-section times weight [m2 sr] (n,)
    origin, steps: track (a, b) passes through origin + a steps[0] + b steps[1], (n, 3) and (n, 2, 3) [m]
    counts: how many rows and columns there are (n, 2)
    """

    direction: np.ndarray
    power: np.ndarray
    origin: np.ndarray
    steps: np.ndarray
    counts: np.ndarray


class Sums(NamedTuple):
    """What some directions deposit.

    cells: net power [W], absorbed less emitted, and intensity integral, the sum of A s I [W m] (n_cell, 2)
    surfaces: incident power [W], and the sum of A [m2 sr] (n_surface, 2)
    crossings: cells crossed, both senses counted at once (1,)
    """

    cells: np.ndarray
    surfaces: np.ndarray
    crossings: np.ndarray


@kernel
def track(tracks, n, a, b):
    """Return the track in row a and column b, not necessarily whole, of direction n."""
    u, v, w = tracks.direction[n, 0], tracks.direction[n, 1], tracks.direction[n, 2]
    one = np.float64(1.0)
    return Ray(
        tracks.origin[n, 0] + a * tracks.steps[n, 0, 0] + b * tracks.steps[n, 1, 0],
        tracks.origin[n, 1] + a * tracks.steps[n, 0, 1] + b * tracks.steps[n, 1, 1],
        tracks.origin[n, 2] + a * tracks.steps[n, 0, 2] + b * tracks.steps[n, 1, 2],
        u,
        v,
        w,
        one / u if u != 0.0 else np.inf,
        one / v if v != 0.0 else np.inf,
        one / w if w != 0.0 else np.inf,
    )


@kernel
def _span(faces, period, o, d, inverse):
    """Distances at which a track enters and leaves one axis' extent; a periodic axis has none."""
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
    """(distance, axis) at which a track enters the box, and those at which it leaves."""
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
def _whole_periods(faces, period, p):
    """Periods between a position and the domain; 0 where the axis ends at walls."""
    return math.floor((p - faces[0]) / period) * period if 0.0 < period < np.inf else 0.0


@kernel
def _cell_at(faces, period, p):
    """Cell of a position on one axis, the nearest one if it is outside."""
    p -= _whole_periods(faces, period, p)
    i = uniform_index(faces, p)
    if faces[i] <= p < faces[i + 1]:
        return i
    return search(faces, 0, faces.size - 1, p)


@kernel
def _wall_cell(box, ray, t, axis, upstream):
    """Number of the wall cell where a track crosses a face of the given axis at distance t."""
    ny, nz = box.y.size - 1, box.z.size - 1
    x, y, z = ray.x + t * ray.u, ray.y + t * ray.v, ray.z + t * ray.w
    if axis == 0:
        cell = _cell_at(box.y, box.period[1], y) * nz + _cell_at(box.z, box.period[2], z)
        return box.first[0 if (ray.u > 0.0) == upstream else 1] + cell
    i = _cell_at(box.x, box.period[0], x)
    if axis == 1:
        return box.first[2 if (ray.v > 0.0) == upstream else 3] + i * nz + _cell_at(box.z, box.period[2], z)
    return box.first[4 if (ray.w > 0.0) == upstream else 5] + i * ny + _cell_at(box.y, box.period[1], y)


@kernel
def cover(box, tracks, n, a, b, centre, near, far):
    """Write the wall cells that each part of a track's cross-section covers at its near and far end."""
    t_in, a_in, t_out, a_out = centre
    for p in range(PARTS):
        for q in range(PARTS):
            part = track(tracks, n, a + (p + 0.5) / PARTS - 0.5, b + (q + 0.5) / PARTS - 0.5)
            s_in, b_in, s_out, b_out = ends(box, part)
            if not s_in < s_out:  # a part that passes the box by goes where its track goes
                s_in, b_in, s_out, b_out = t_in, a_in, t_out, a_out
            near[p * PARTS + q] = _wall_cell(box, part, s_in, b_in, True)
            far[p * PARTS + q] = _wall_cell(box, part, s_out, b_out, False)


@kernel
def across_period(box, ray, walk):
    """Bring a track that has left through a periodic face back in at the opposite one."""
    nx, ny, nz = box.x.size - 1, box.y.size - 1, box.z.size - 1
    i, j, k, tx, ty, tz = walk
    x, y, z, u, v, w, iu, iv, iw = ray
    if box.period[0] > 0.0 and (i < 0 or i >= nx):
        x += box.period[0] if i < 0 else -box.period[0]
        i = nx - 1 if i < 0 else 0
        tx = exit_distance(box.x, i, x, u, iu)
    if box.period[1] > 0.0 and (j < 0 or j >= ny):
        y += box.period[1] if j < 0 else -box.period[1]
        j = ny - 1 if j < 0 else 0
        ty = exit_distance(box.y, j, y, v, iv)
    if box.period[2] > 0.0 and (k < 0 or k >= nz):
        z += box.period[2] if k < 0 else -box.period[2]
        k = nz - 1 if k < 0 else 0
        tz = exit_distance(box.z, k, z, w, iw)
    return Ray(x, y, z, u, v, w, iu, iv, iw), Walk(i, j, k, tx, ty, tz)


@kernel
def _segment(box, record, c, walk, ray, t, t_next, kept, n):
    """Keep how a segment of the track absorbs and emits, in both senses."""
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
    kept[n, LENGTH] = 2.0 * half
    kept[n, START] = max(s - rise, 0.0)
    kept[n, STOP] = max(s + rise, 0.0)
    kept[n, ABSORPTANCE] = a
    kept[n, WEIGHT] = w
    kept[n, DEPTH] = d


@kernel
def _carry(cells, kept, first, last, step_, power, radiance, deposits):
    """Carry radiance along kept segments first to last; return what comes out."""
    near, far = (START, STOP) if step_ > 0 else (STOP, START)
    n = first
    while n != last:
        length, start, end = kept[n, LENGTH], kept[n, near], kept[n, far]
        a, w, d = kept[n, ABSORPTANCE], kept[n, WEIGHT], kept[n, DEPTH]
        lost = a * (radiance - end) - (start - end) * w
        mean = 0.5 * (start + end) + lost / d if d > TRAPEZOID_DEPTH else radiance - 0.5 * lost
        deposits[cells[n], NET] += power * lost
        deposits[cells[n], INTENSITY_INTEGRAL] += power * length * mean
        radiance -= lost
        n += step_
    return radiance


@kernel
def _sweep_between_surfaces(cells, kept, count, power, near, far, radiosity, deposit):
    """Sweep one stretch of gas between two surfaces, there and back."""
    deposits, reached = deposit
    part = power / near.size
    there, back = 0.0, 0.0
    for p in range(near.size):
        there += radiosity[near[p]]
        back += radiosity[far[p]]
    there = _carry(cells, kept, 0, count, 1, power, there / near.size, deposits)
    back = _carry(cells, kept, count - 1, -1, -1, power, back / near.size, deposits)
    for p in range(near.size):
        reached[far[p], INCIDENT] += part * there
        reached[far[p], COVER] += part
        reached[near[p], INCIDENT] += part * back
        reached[near[p], COVER] += part


@kernel
def into_domain(box, ray, t):
    """Return the track, moved by whole periods so that it is inside the domain at distance t."""
    x, y, z, u, v, w, iu, iv, iw = ray
    x -= _whole_periods(box.x, box.period[0], x + t * u)
    y -= _whole_periods(box.y, box.period[1], y + t * v)
    z -= _whole_periods(box.z, box.period[2], z + t * w)
    return Ray(x, y, z, u, v, w, iu, iv, iw)


@kernel
def _sweep_track(box, tracks, record, radiosity, n, a, b, work, deposit):
    """Follow one track from wall to wall, there and back, and return how many cells it crosses.

    Solid cells cut it into stretches of gas, each between two surfaces.
    """
    cells, kept, near, far, last = work
    ray = track(tracks, n, a, b)
    limits = ends(box, ray)
    t = limits[0]
    if not t < limits[2]:
        return 0
    cover(box, tracks, n, a, b, limits, near, last)
    ray = into_domain(box, ray, t)
    walk = begin(box, ray, t)
    count, total, power = 0, 0, tracks.power[n]
    while True:
        if not inside(box, walk):
            ray, walk = across_period(box, ray, walk)
            if not inside(box, walk):
                break
        c = cell_of(box, walk)
        t_next = max(t, exit_at(box, walk))
        if box.solid.size > 0 and box.solid[c] >= 0:
            if count > 0:
                far[:] = box.solid[c]
                _sweep_between_surfaces(cells, kept, count, power, near, far, radiosity, deposit)
                count = 0
            near[:] = box.solid[c]
        else:
            cells[count] = c
            _segment(box, record, c, walk, ray, t, t_next, kept, count)
            count += 1
        total += 1
        t, walk = t_next, step(box, ray, walk)
    if count > 0:
        _sweep_between_surfaces(cells, kept, count, power, near, last, radiosity, deposit)
    return total


@driver
def sweep_singly(box, tracks, record, radiosity, n, longest, sums):
    """Sweep direction n in both senses, track by track.

    record (n_cell, 1, 8), radiosity (n_surface,) [W m-2 sr-1]; longest: no track crosses more cells.
    """
    deposits, reached, crossings = sums
    near = np.empty(PARTS * PARTS, dtype=np.int64)
    work = (
        np.empty(longest, dtype=np.int64), np.empty((longest, SEGMENT)), near,
        np.empty_like(near), np.empty_like(near),
    )  # fmt: skip
    deposit = deposits, reached
    for a in range(tracks.counts[n, 0]):
        for b in range(tracks.counts[n, 1]):
            crossings[0] += _sweep_track(box, tracks, record, radiosity, n, a, b, work, deposit)


@kernel
def _measure_track(box, tracks, n, a, b, filled):
    """Add power times length of one track to the cells that it crosses."""
    ray = track(tracks, n, a, b)
    limits = ends(box, ray)
    t = limits[0]
    if not t < limits[2]:
        return
    ray = into_domain(box, ray, t)
    walk = begin(box, ray, t)
    while True:
        if not inside(box, walk):
            ray, walk = across_period(box, ray, walk)
            if not inside(box, walk):
                break
        t_next = max(t, exit_at(box, walk))
        filled[cell_of(box, walk)] += tracks.power[n] * (t_next - t)
        t, walk = t_next, step(box, ray, walk)


@driver
def measure(box, tracks, n, filled):
    """Add the lengths of the tracks of direction n, times their power, to filled (n_cell,) [m3 sr], one sense
    only."""
    for a in range(tracks.counts[n, 0]):
        for b in range(tracks.counts[n, 1]):
            _measure_track(box, tracks, n, a, b, filled)
