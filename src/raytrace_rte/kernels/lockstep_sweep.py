"""The sweep of parallel tracks in lockstep: the same deposits as `sweep.sweep_singly`, several times as fast.

LANES neighbouring tracks walk together from wall to wall and keep how their segments absorb and emit; then
radiance is carried along all of them, there and back, and what it deposits goes into the cells. A lane at its
end halts and keeps empty segments: they absorb, emit and deposit nothing.
"""

from __future__ import annotations

import numpy as np

from . import rows
from .cartesian import begin, inside
from .intrinsics import (
    ADDRESS_BIAS,
    addresses,
    fma,
    load,
    maximum,
    prefetch,
    record_bytes,
    records,
    store,
    where,
)
from .jit import driver, inlined, kernel
from .lanes import absorb_vector, advance, crossed, halted, series_vectors, vectors
from .lockstep_cover import cover_evenly
from .placing import clear, lane_ray, lane_walk, place
from .reconstruct import aligned
from .rows import LANES, ROW
from .sweep import (
    COVER,
    INCIDENT,
    INTENSITY_INTEGRAL,
    NET,
    PARTS,
    TRAPEZOID_DEPTH,
    across_period,
    cover,
    ends,
    into_domain,
    sweep_singly,
    track,
)
from .vector import ALL, WIDTH

# Rows that are kept of each step of all lanes.
ADDRESS = 0  # of the cell's record, as in the rows of the state
LENGTH = ROW  # of the segment [m]
NEAR = 2 * ROW  # source at its near end [W m-2 sr-1]
FAR = 3 * ROW  # source at its far end [W m-2 sr-1]
DEPTH = 4 * ROW  # its optical depth d
ABSORPTANCE = 5 * ROW  # 1 - exp(-d)
WEIGHT = 6 * ROW  # of the source at the end that radiance comes from (transfer.absorb)
LOST = 7 * ROW  # radiance lost on the way there, then the power of both ways
MEAN = 8 * ROW  # mean of the radiance there, then the intensity integral of both ways
STEP = 9 * ROW
"""Numbers kept of a step."""
STEPS_BETWEEN_CHECKS = 2
"""Steps between two looks whether all tracks have come to their ends."""
FORWARD, BACKWARD = 0, 1
"""Rows of the radiance that is carried along the lanes, there and back."""
TILE = 8
"""Tracks along the side of the square tiles in which a direction is swept: two fills of the lanes."""
LONGEST = 1 << 16
"""Cells of the longest track that goes in lockstep: each takes 2.6 kB of every thread's memory."""


@inlined
def _segment(s, kept, n, address, record, segment):
    """Keep optical depths of a vector of segments, and the sources at their ends; records as of sweep.py."""
    kappa, across, _, _, source, gx, gy, gz = record
    half, x, y, z = segment
    middle = fma(across, fma(z, gz, fma(y, gy, x * gx)), source)
    rise = half * fma(load(s, rows.W + n), gz, fma(load(s, rows.V + n), gy, load(s, rows.U + n) * gx))
    store(kept, ADDRESS + n, address)
    store(kept, LENGTH + n, half + half)
    store(kept, NEAR + n, maximum(middle - rise, 0.0))
    store(kept, FAR + n, maximum(middle + rise, 0.0))
    store(kept, DEPTH + n, (half + half) * kappa)


@inlined
def _weights(kept, n, series):
    """Keep how a vector of segments absorbs and emits."""
    a, _, w = absorb_vector(load(kept, DEPTH + n), series)
    store(kept, ABSORPTANCE + n, a)
    store(kept, WEIGHT + n, w)


@inlined
def _carry_along(kept, n, radiance):
    """Carry the radiance of a vector of lanes along a segment."""
    start, end, now = load(kept, NEAR + n), load(kept, FAR + n), load(radiance, n)
    lost = fma(load(kept, ABSORPTANCE + n), now - end, (end - start) * load(kept, WEIGHT + n))
    store(kept, LOST + n, lost)
    store(kept, MEAN + n, now - 0.5 * lost)
    store(radiance, n, now - lost)


@inlined
def _return_along(kept, n, radiance, power):
    """Carry the radiance of a vector of lanes back along a segment, and sum what both ways deposit."""
    start, end, d, now = load(kept, FAR + n), load(kept, NEAR + n), load(kept, DEPTH + n), load(radiance, n)
    lost = fma(load(kept, ABSORPTANCE + n), now - end, (end - start) * load(kept, WEIGHT + n))
    both = load(kept, LOST + n) + lost
    mean = load(kept, MEAN + n) + (now - 0.5 * lost)
    mean = where(d > TRAPEZOID_DEPTH, start + end + both / d, mean)
    store(kept, LOST + n, power * both)
    store(kept, MEAN + n, power * load(kept, LENGTH + n) * mean)
    store(radiance, n, now - lost)


@kernel
def _carry_there(box, cells, s, kept, radiance, series):
    """Carry radiance forward along all lanes to their ends, and return how many steps that took."""
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
            _carry_along(now, n, radiance)
        steps += 1
        if wraps:
            moving = _reenter(box, cells, s)
        elif steps % STEPS_BETWEEN_CHECKS == 0:
            moving = False
            for n in range(0, LANES, WIDTH):
                moving |= halted(s, n) != ALL
    return steps


@inlined
def _segments(s, kept, cells, uniform):
    """Take all lanes through their cells, and keep how those absorb and emit."""
    for n in range(0, LANES, WIDTH):
        at, address = addresses(s, rows.ADDRESS + n), load(s, rows.ADDRESS + n)
        segment = advance(s, n, cells, uniform)
        _segment(s, kept, n, address, records(cells.record, at, 0), segment)
        prefetch(cells.record, addresses(s, rows.ADDRESS + n))


@inlined
def _reenter(box, cells, s):
    """Bring tracks that left through a periodic face in at the opposite one; return whether any goes on."""
    moving = False
    for n in range(LANES):
        if s[rows.DISTANCE + n] >= s[rows.END + n] and s[rows.RAY + n] >= 0.0:
            ray, walk = across_period(box, lane_ray(s, n), lane_walk(s, n))
            if inside(box, walk):
                s[rows.COUNT + n] += crossed(s, n)
                place(s, n, cells, np.int64(0), ray, walk, s[rows.DISTANCE + n], np.inf, 1.0)
            else:
                s[rows.RAY + n] = -1.0
        moving |= s[rows.RAY + n] >= 0.0
    return moving


@kernel
def _carry_back(cells, kept, steps, radiance, power, deposits):
    """Carry the radiance of all lanes back, and add what both ways deposit to the cells."""
    length = record_bytes(cells.record)
    for k in range(steps - 1, -1, -1):
        now = kept[k]
        for n in range(0, LANES, WIDTH):
            _return_along(now, n, radiance, power)
        for n in range(LANES):
            c = np.int64(now[ADDRESS + n] - ADDRESS_BIAS) // length
            deposits[c, NET] += now[LOST + n]
            deposits[c, INTENSITY_INTEGRAL] += now[MEAN + n]


@kernel
def _sweep_lanes(box, cells, count, power, radiosity, workspace, deposit):
    """Sweep the tracks in the first `count` lanes."""
    s, kept, radiance, near, far, series, _ = workspace
    deposits, reached, crossings = deposit
    for n in range(LANES):
        forward, backward = 0.0, 0.0
        if n < count:
            for p in range(near.shape[1]):
                forward += radiosity[np.int64(near[n, p])]
                backward += radiosity[np.int64(far[n, p])]
        radiance[FORWARD, n], radiance[BACKWARD, n] = forward / near.shape[1], backward / near.shape[1]
    steps = _carry_there(box, cells, s, kept, radiance[FORWARD], series)
    _carry_back(cells, kept, steps, radiance[BACKWARD], power, deposits)
    part = power / near.shape[1]
    for n in range(count):
        crossings[0] += np.int64(s[rows.COUNT + n] + crossed(s, n))
        for p in range(near.shape[1]):
            out, in_ = np.int64(far[n, p]), np.int64(near[n, p])
            reached[out, INCIDENT] += part * radiance[FORWARD, n]
            reached[out, COVER] += part
            reached[in_, INCIDENT] += part * radiance[BACKWARD, n]
            reached[in_, COVER] += part


@kernel
def _sweep_direction(box, cells, tracks, n, radiosity, workspace, deposit):
    """Sweep all tracks of direction n, LANES at a time, tile by tile: neighbours end after as many steps."""
    s, near, far, offsets = workspace[0], workspace[3], workspace[4], workspace[6]
    power, count = tracks.power[n], 0
    along_a, along_b = tracks.counts[n, 0], tracks.counts[n, 1]
    u, v, w = tracks.direction[n]
    oblique = cells.pitch[0] > 0.0 and u != 0.0 and v != 0.0 and w != 0.0
    wide, high = -(-along_b // TILE), -(-along_a // TILE)
    numbers = wide * high * TILE * TILE
    for number in range(numbers + 1):
        if number < numbers:
            tile, within = number // (TILE * TILE), number % (TILE * TILE)
            a, b = tile // wide * TILE + within // TILE, tile % wide * TILE + within % TILE
            if a >= along_a or b >= along_b:
                continue
            ray = track(tracks, n, a, b)
            limits = ends(box, ray)
            if not limits[0] < limits[2]:
                continue
            if not (oblique and cover_evenly(box, tracks, n, a, b, near[count], far[count], offsets)):
                cover(box, tracks, n, a, b, limits, near[count], far[count])
            ray = into_domain(box, ray, limits[0])
            place(s, count, cells, np.int64(0), ray, begin(box, ray, limits[0]), limits[0], np.inf, 1.0)
            s[rows.RAY + count], s[rows.COUNT + count] = number, 0.0
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
def sweep_together(box, cells, tracks, radiosity, n, workspace, sums):
    """Sweep direction n in both senses; radiosity (n_surface,) [W m-2 sr-1]."""
    _sweep_direction(box, cells, tracks, n, radiosity, workspace, sums)


def sweep(box, cells, tracks, radiosity, n, longest, sums):
    """Sweep direction n in both senses, adding to sums.

    cells: records as of `sweep.KAPPA` and so on; radiosity (n_surface,) [W m-2 sr-1]; longest: no track
    crosses more cells than that. Tracks that solid cells cut go one by one, and very long ones.
    """
    if box.solid.size > 0 or longest > LONGEST:
        sweep_singly(box, tracks, cells.record, radiosity, n, longest, sums)
    else:
        sweep_together(box, cells, tracks, radiosity, n, workspace_of(longest), sums)


def workspace_of(longest):
    """Return the work arrays of a sweep whose longest track crosses so many cells."""
    kind = np.dtype(np.float64)
    covers = LANES, PARTS * PARTS
    shapes = (rows.STATE,), (longest + STEPS_BETWEEN_CHECKS, STEP), (2, LANES), covers, covers
    offsets = aligned((2, PARTS * PARTS), kind)
    offsets[:] = (np.indices((PARTS, PARTS)).reshape(2, -1) + 0.5) / PARTS - 0.5
    return *(aligned(shape, kind) for shape in shapes), series_vectors(), offsets
