"""The sweep of parallel lines in lockstep: the same deposits as `sweep.sweep_singly`, several times as fast.

LANES neighbouring lines walk together from wall to wall and keep what their segments do to light; then light
is carried along all of them, there and back, and what it leaves goes into the cells. A lane at its end
stands, which keeps empty segments: they absorb, emit and deposit nothing.
"""

from __future__ import annotations

import numpy as np

from .cartesian import begin, inside
from .intrinsics import COUNTED, fetch, fma, greatest, load, places, record_bytes, records, store, where
from .jit import driver, inlined, kernel
from .lanes import (
    CELL,
    COUNT,
    END,
    LANES,
    RAY,
    ROW,
    STATE,
    TIME,
    U,
    V,
    W,
    absorb_all,
    crossed,
    meet,
    spread_series,
    standing,
    vectors,
)
from .lockstep_cover import cover_evenly
from .placing import clear, place, ray_in, walk_in
from .reconstruct import aligned
from .sweep import (
    ARRIVED,
    COVER,
    NET,
    PARTS,
    PATH,
    THIN,
    cover,
    ends,
    inside_box,
    line,
    sweep_singly,
    wrapped,
)
from .vector import ALL, WIDTH

# Rows kept of a step: cell, length, source at both ends, a, w and d (transfer.py), power lost, mean of I.
WHERE, LENGTH, NEAR, FAR, A_, W_, D_, LOST, MEAN = (ROW * row for row in range(9))
STEP = 9 * ROW
PATIENCE = 2
"""Steps between two looks whether all lines have come to their ends."""
INTO, OUT = 0, 1
TILE = 8
"""Lines along the side of the square tiles in which a lattice is swept: two fills of the lanes."""
LONGEST = 1 << 16
"""Cells of the longest line that goes in lockstep: each takes 2.6 kB of every thread's memory."""


@inlined
def _segment(s, kept, n, here, eight, segment):
    """Keep what a vector of segments does to light, in both senses; records as of sweep.py."""
    kappa, across, _, _, source, gx, gy, gz = eight
    half, x, y, z = segment
    middle = fma(across, fma(z, gz, fma(y, gy, x * gx)), source)
    rise = half * fma(load(s, W + n), gz, fma(load(s, V + n), gy, load(s, U + n) * gx))
    store(kept, WHERE + n, here)
    store(kept, LENGTH + n, half + half)
    store(kept, NEAR + n, greatest(middle - rise, 0.0))
    store(kept, FAR + n, greatest(middle + rise, 0.0))
    store(kept, D_ + n, (half + half) * kappa)


@inlined
def _weights(kept, n, series):
    """Keep how a vector of segments absorbs and emits."""
    a, _, w = absorb_all(load(kept, D_ + n), series)
    store(kept, A_ + n, a)
    store(kept, W_ + n, w)


@inlined
def _there(kept, n, light):
    """Carry the light of a vector of lanes along a segment."""
    start, end, now = load(kept, NEAR + n), load(kept, FAR + n), load(light, n)
    lost = fma(load(kept, A_ + n), now - end, (end - start) * load(kept, W_ + n))
    store(kept, LOST + n, lost)
    store(kept, MEAN + n, now - 0.5 * lost)
    store(light, n, now - lost)


@inlined
def _back(kept, n, light, power):
    """Carry the light of a vector of lanes back along a segment, and sum up what both leave."""
    start, end, d, now = load(kept, FAR + n), load(kept, NEAR + n), load(kept, D_ + n), load(light, n)
    lost = fma(load(kept, A_ + n), now - end, (end - start) * load(kept, W_ + n))
    both = load(kept, LOST + n) + lost
    mean = load(kept, MEAN + n) + (now - 0.5 * lost)
    mean = where(d > THIN, start + end + both / d, mean)
    store(kept, LOST + n, power * both)
    store(kept, MEAN + n, power * load(kept, LENGTH + n) * mean)
    store(light, n, now - lost)


@kernel
def _walk(box, cells, s, kept, light, series):
    """Walk all lanes to their ends with their light, and return how many steps that took."""
    series = vectors(series)
    wraps = box.period[0] > 0.0 or box.period[1] > 0.0 or box.period[2] > 0.0
    steps, moving = 0, True
    while moving:
        now = kept[steps]
        if cells.pitch[0] > 0.0:
            _segments(s, now, cells, True)
        else:
            _segments(s, now, cells, False)
        for n in range(0, LANES, WIDTH):
            _weights(now, n, series)
            _there(now, n, light)
        steps += 1
        if wraps:
            moving = _come_in_again(box, cells, s)
        elif steps % PATIENCE == 0:
            moving = False
            for n in range(0, LANES, WIDTH):
                moving |= standing(s, n) != ALL
    return steps


@inlined
def _segments(s, kept, cells, even):
    """Walk all lanes through their cells, and keep what those do to light."""
    for n in range(0, LANES, WIDTH):
        at, here = places(s, CELL + n), load(s, CELL + n)
        segment = meet(s, n, cells, even)
        _segment(s, kept, n, here, records(cells.record, at, 0), segment)
        fetch(cells.record, places(s, CELL + n))


@inlined
def _come_in_again(box, cells, s):
    """Bring lines that left through a periodic face in at the opposite one; return whether any goes on."""
    moving = False
    for n in range(LANES):
        if s[TIME + n] >= s[END + n] and s[RAY + n] >= 0.0:
            ray, walk = wrapped(box, ray_in(s, n), walk_in(s, n))
            if inside(box, walk):
                s[COUNT + n] += crossed(s, n)
                place(s, n, cells, 0, ray, walk, s[TIME + n], np.inf, 1.0)
            else:
                s[RAY + n] = -1.0
        moving |= s[RAY + n] >= 0.0
    return moving


@kernel
def _carry_back(cells, kept, steps, light, power, deposits):
    """Carry the light of all lanes back, and add what it leaves on both ways to the cells."""
    length = record_bytes(cells.record)
    for k in range(steps - 1, -1, -1):
        now = kept[k]
        for n in range(0, LANES, WIDTH):
            _back(now, n, light, power)
        for n in range(LANES):
            c = np.int64(now[WHERE + n] - COUNTED) // length
            deposits[c, NET] += now[LOST + n]
            deposits[c, PATH] += now[MEAN + n]


@kernel
def _sweep_lanes(box, cells, count, power, radiosity, workspace, deposit):
    """Sweep the lines in the first `count` lanes."""
    s, kept, light, near, far, series, _ = workspace
    deposits, reached, crossings = deposit
    for n in range(LANES):
        there, back = 0.0, 0.0
        if n < count:
            for p in range(near.shape[1]):
                there += radiosity[np.int64(near[n, p])]
                back += radiosity[np.int64(far[n, p])]
        light[INTO, n], light[OUT, n] = there / near.shape[1], back / near.shape[1]
    steps = _walk(box, cells, s, kept, light[INTO], series)
    _carry_back(cells, kept, steps, light[OUT], power, deposits)
    part = power / near.shape[1]
    for n in range(count):
        crossings[0] += np.int64(s[COUNT + n] + crossed(s, n))
        for p in range(near.shape[1]):
            out, in_ = np.int64(far[n, p]), np.int64(near[n, p])
            reached[out, ARRIVED] += part * light[INTO, n]
            reached[out, COVER] += part
            reached[in_, ARRIVED] += part * light[OUT, n]
            reached[in_, COVER] += part


@kernel
def _sweep_direction(box, cells, bundle, n, radiosity, workspace, deposit):
    """Sweep all lines of direction n, LANES at a time, tile by tile: neighbours end after as many steps."""
    s, near, far, offsets = workspace[0], workspace[3], workspace[4], workspace[6]
    power, count = bundle.power[n], 0
    rows, columns = bundle.counts[n, 0], bundle.counts[n, 1]
    u, v, w = bundle.direction[n]
    oblique = cells.pitch[0] > 0.0 and u != 0.0 and v != 0.0 and w != 0.0
    wide, high = -(-columns // TILE), -(-rows // TILE)
    points = wide * high * TILE * TILE
    for lattice in range(points + 1):
        if lattice < points:
            tile, point = lattice // (TILE * TILE), lattice % (TILE * TILE)
            a, b = tile // wide * TILE + point // TILE, tile % wide * TILE + point % TILE
            if a >= rows or b >= columns:
                continue
            ray = line(bundle, n, a, b)
            way = ends(box, ray)
            if not way[0] < way[2]:
                continue
            if not (oblique and cover_evenly(box, bundle, n, a, b, near[count], far[count], offsets)):
                cover(box, bundle, n, a, b, way, near[count], far[count])
            ray = inside_box(box, ray, way[0])
            place(s, count, cells, 0, ray, begin(box, ray, way[0]), way[0], np.inf, 1.0)
            s[RAY + count], s[COUNT + count] = lattice, 0.0
            count += 1
            if count < LANES:
                continue
        elif count == 0:
            break
        for empty in range(count, LANES):
            clear(s, empty, record_bytes(cells.record))
        _sweep_lanes(box, cells, count, power, radiosity, workspace, deposit)
        count = 0


@driver
def sweep_together(box, cells, bundle, radiosity, n, workspace, sums):
    """Sweep direction n in both senses; radiosity (n_surface,) [W m-2 sr-1]."""
    _sweep_direction(box, cells, bundle, n, radiosity, workspace, sums)


def sweep(box, cells, bundle, radiosity, n, longest, sums):
    """Sweep direction n in both senses, adding to sums.

    cells: records as of `sweep.KAPPA` and so on; radiosity (n_surface,) [W m-2 sr-1]; longest: no line
    crosses more cells than that. Lines that solid cells cut go one by one, and very long ones.
    """
    if box.solid.size > 0 or longest > LONGEST:
        sweep_singly(box, bundle, cells.record, radiosity, n, longest, sums)
    else:
        sweep_together(box, cells, bundle, radiosity, n, workspace_of(longest), sums)


def workspace_of(longest):
    """Return the work arrays of a sweep whose longest line crosses so many cells."""
    number = np.dtype(np.float64)
    shapes = (STATE,), (longest + PATIENCE, STEP), (2, LANES), (LANES, PARTS * PARTS), (LANES, PARTS * PARTS)
    offsets = aligned((2, PARTS * PARTS), number)
    offsets[:] = (np.indices((PARTS, PARTS)).reshape(2, -1) + 0.5) / PARTS - 0.5
    return *(aligned(shape, number) for shape in shapes), spread_series(), offsets
