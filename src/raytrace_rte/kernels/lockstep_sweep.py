"""The sweep of parallel lines in lockstep: the same deposits as `sweep.sweep_singly`, several times as fast.

LANES neighbouring lines walk together from wall to wall and keep what their segments do to light; then light
is carried along all of them, there and back, and what it leaves goes into the cells. A lane at its end
stands, which keeps empty segments: they absorb, emit and deposit nothing.
"""

from __future__ import annotations

import numpy as np
from numba import prange

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
    clear,
    crossed,
    meet,
    place,
    ray_in,
    spread_series,
    standing,
    vectors,
    walk_in,
)
from .reconstruct import aligned
from .sweep import (
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
from .vector import WIDTH

# Rows kept of a step: cell, length, source at both ends, a, w and d (transfer.py), power lost, mean of I.
WHERE, LENGTH, NEAR, FAR, A_, W_, D_, LOST, MEAN = (ROW * row for row in range(9))
STEP = 9 * ROW
PATIENCE = 8
"""Steps between two looks whether all lines have come to their ends."""
INTO, OUT = 0, 1
TILE = 8
"""Lines along the side of the square tiles in which a lattice is swept: two fills of the lanes."""
ALL = (1 << WIDTH) - 1
"""All lanes of a vector, as bits."""


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
            _come_in_again(box, cells, s)
        if wraps or steps % PATIENCE == 0:
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
    """Bring lines that have left through a periodic face back in at the opposite one."""
    for n in range(LANES):
        if s[TIME + n] >= s[END + n] and s[RAY + n] >= 0.0:
            ray, walk = wrapped(box, ray_in(s, n), walk_in(s, n))
            if inside(box, walk):
                s[COUNT + n] += crossed(s, n)
                place(s, n, cells, 0, ray, walk, s[TIME + n], np.inf, 1.0)
            else:
                s[RAY + n] = -1.0


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
def _sweep_lanes(box, cells, count, power, radiosity, room, deposit):
    """Sweep the lines in the first `count` lanes."""
    s, kept, light, near, far, series = room
    deposits, arrived, covered, crossings = deposit
    for n in range(LANES):
        there, back = 0.0, 0.0
        if n < count:
            for p in range(near.shape[1]):
                there += radiosity[near[n, p]]
                back += radiosity[far[n, p]]
        light[INTO, n], light[OUT, n] = there / near.shape[1], back / near.shape[1]
    steps = _walk(box, cells, s, kept, light[INTO], series)
    _carry_back(cells, kept, steps, light[OUT], power, deposits)
    part = power / near.shape[1]
    for n in range(count):
        crossings[0] += np.int64(s[COUNT + n] + crossed(s, n))
        for p in range(near.shape[1]):
            arrived[far[n, p]] += part * light[INTO, n]
            arrived[near[n, p]] += part * light[OUT, n]
            covered[far[n, p]] += part
            covered[near[n, p]] += part


@inlined
def _reach(faces, period, o, d):
    """Distances at which a line, across its faces, enters and leaves one axis; a periodic axis has none."""
    inverse = 1.0 / d
    a, b = (faces[0] - o) * inverse, (faces[faces.size - 1] - o) * inverse
    return (-np.inf, np.inf) if period > 0.0 else (min(a, b), max(a, b))


@inlined
def _index(faces, period, p):
    """Cell of a position on an axis of equal cells, the nearest one if it is outside."""
    share = (p - faces[0]) / (faces[faces.size - 1] - faces[0])
    share -= np.floor(share) if period > 0.0 else 0.0
    n = faces.size - 1.0
    return min(max(np.floor(share * n), 0.0), n - 1.0)


@inlined
def _wall_cell(box, x, y, z, axis, faces):
    """Number of the wall cell at a position on the face of an axis; faces: first cells of the three."""
    i, j, k = (
        _index(box.x, box.period[0], x),
        _index(box.y, box.period[1], y),
        _index(box.z, box.period[2], z),
    )
    ny, nz = box.y.size - 1.0, box.z.size - 1.0
    on_y, on_z = faces[1] + fma(i, nz, k), faces[2] + fma(i, ny, j)
    return np.int64(faces[0] + fma(j, nz, k) if axis == 0 else (on_y if axis == 1 else on_z))


@kernel
def _cover_evenly(box, bundle, n, a, b, centre, near, far):
    """`sweep.cover` in a grid of equal cells, of a line along no axis: all parts at once."""
    t_in, a_in, t_out, a_out = centre
    o, step = bundle.origin[n], bundle.steps[n]
    u, v, w = bundle.direction[n]
    entry = (box.first[0 if u > 0.0 else 1], box.first[2 if v > 0.0 else 3], box.first[4 if w > 0.0 else 5])
    leave = (box.first[1 if u > 0.0 else 0], box.first[3 if v > 0.0 else 2], box.first[5 if w > 0.0 else 4])
    for part in range(PARTS * PARTS):
        p = a + (part // PARTS + 0.5) / PARTS - 0.5
        q = b + (part % PARTS + 0.5) / PARTS - 0.5
        x = o[0] + p * step[0, 0] + q * step[1, 0]
        y = o[1] + p * step[0, 1] + q * step[1, 1]
        z = o[2] + p * step[0, 2] + q * step[1, 2]
        x_in, x_out = _reach(box.x, box.period[0], x, u)
        y_in, y_out = _reach(box.y, box.period[1], y, v)
        z_in, z_out = _reach(box.z, box.period[2], z, w)
        s_in, s_out = max(x_in, y_in, z_in), min(x_out, y_out, z_out)
        meets = s_in < s_out  # a part that passes the box by goes where its line goes
        b_in = 0 if x_in == s_in else (1 if y_in == s_in else 2)
        b_out = 0 if x_out == s_out else (1 if y_out == s_out else 2)
        s_in, b_in = s_in if meets else t_in, b_in if meets else a_in
        s_out, b_out = s_out if meets else t_out, b_out if meets else a_out
        near[part] = _wall_cell(box, x + s_in * u, y + s_in * v, z + s_in * w, b_in, entry)
        far[part] = _wall_cell(box, x + s_out * u, y + s_out * v, z + s_out * w, b_out, leave)


@kernel
def _sweep_direction(box, cells, bundle, n, radiosity, room, deposit):
    """Sweep all lines of direction n, LANES at a time, tile by tile: neighbours end after as many steps."""
    s, near, far = room[0], room[3], room[4]
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
            if oblique:
                _cover_evenly(box, bundle, n, a, b, way, near[count], far[count])
            else:
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
        _sweep_lanes(box, cells, count, power, radiosity, room, deposit)
        count = 0


@driver
def sweep_together(box, cells, bundle, radiosity, first, rooms, sums):
    """Sweep directions first, first + 1, ..., one for each group of sums, in both senses.

    radiosity (n_surface,) [W m-2 sr-1]; rooms: work arrays of each group.
    """
    deposits, arrived, covered, crossings = sums
    states, kept, lights, series = rooms
    for g in prange(deposits.shape[0]):
        n = first + g
        if n < bundle.power.size:
            near = np.empty((LANES, PARTS * PARTS), dtype=np.int64)
            room = states[g], kept[g], lights[g], near, np.empty_like(near), series
            deposit = deposits[g], arrived[g], covered[g], crossings[g : g + 1]
            _sweep_direction(box, cells, bundle, n, radiosity, room, deposit)


def sweep(box, cells, bundle, radiosity, first, longest, sums):
    """Sweep directions first, first + 1, ..., one for each group of sums, in both senses.

    cells: records as of `sweep.KAPPA` and so on; radiosity (n_surface,) [W m-2 sr-1]; longest: no line
    crosses more cells than that. Lines that solid cells cut go one by one.
    """
    if box.solid.size > 0:
        sweep_singly(box, bundle, cells.record, radiosity, first, longest, sums)
        return
    groups, number = len(sums.cells), np.dtype(np.float64)
    shapes = (STATE,), (longest + PATIENCE, STEP), (2, LANES)
    rooms = *(aligned((groups, *shape), number) for shape in shapes), spread_series()
    sweep_together(box, cells, bundle, radiosity, first, rooms, sums)
