"""Rays in lockstep: LANES of them cross one cell each at every step, a vector of them at a time.

The state of all lanes lies in one flat array, a row of LANES numbers for each quantity (rows.py). `cross`
takes each lane to the end of its cell and evaluates kappa and S there; once all lanes have come so far,
`transfer` absorbs and emits: many short chains of operations that do not wait for one another. A lane halts
where DISTANCE >= END. Lanes do the arithmetic of the scalar kernels, but for where faces are on a uniform
grid: equally far apart. Nothing depends on what other lanes hold: same bits in any company.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from . import rows
from .cartesian import ENDLESS, Cells
from .intrinsics import (
    addresses,
    bits,
    fma,
    load,
    maximum,
    minimum,
    prefetch,
    records,
    store,
    where,
)
from .jit import inlined
from .reconstruct import aligned
from .rows import LANES
from .stretches import Built, arrays_for, build_for_lanes
from .transfer import SERIES, UNREDUCED_DEPTH, absorb, absorb_unreduced
from .vector import ALL, WIDTH


class Workspace(NamedTuple):
    """The work arrays of a driver: state of its lanes (rows.STATE + n_band rows.BAND_ROWS,), what records are built
    with where none are kept, and the series of transfer.py as vectors."""

    state: np.ndarray
    built: Built
    series: np.ndarray


def workspace(cells: Cells, bands: int) -> Workspace:
    """Return the arrays for lanes that see so many bands of cells, aligned: no vector lies in two cache lines."""
    state = aligned((rows.STATE + bands * rows.BAND_ROWS,), np.dtype(np.float64))
    return Workspace(state, arrays_for(cells, bands), series_vectors())


@cache
def series_vectors() -> np.ndarray:
    """Return the series of transfer.py, each number WIDTH times: code finds memory sooner than constants."""
    repeated = aligned((len(SERIES) * WIDTH,), np.dtype(np.float64))
    repeated[:] = np.repeat(SERIES, WIDTH)
    return repeated


@inlined
def vectors(series):
    """The series as vectors."""
    w = WIDTH
    return (load(series, 0), load(series, w), load(series, 2 * w), load(series, 3 * w), load(series, 4 * w),
            load(series, 5 * w), load(series, 6 * w), load(series, 7 * w), load(series, 8 * w),
            load(series, 9 * w))  # fmt: skip


@inlined
def advance(s, n, cells, uniform):
    """Walk a vector of lanes to the ends of their cells, and step into the next ones.

    uniform: whether all cells are equal. Return half the length of the segments, and their middles from the
    cells' centres.
    """
    tx, ty, tz = _ahead(s, n)
    t, end = load(s, rows.DISTANCE + n), load(s, rows.END + n)
    late = minimum(ty, tz)
    out = minimum(minimum(tx, late), end)
    half = 0.5 * (out - t)
    middle = t + half
    x = fma(middle - tx, load(s, rows.U + n), load(s, rows.OFFSET_X + n))
    y = fma(middle - ty, load(s, rows.V + n), load(s, rows.OFFSET_Y + n))
    z = fma(middle - tz, load(s, rows.W + n), load(s, rows.OFFSET_Z + n))
    store(s, rows.DISTANCE + n, out)
    if uniform:
        _step(s, n, out < end, tx <= late, ty <= tz)
    else:
        for m in range(n, n + WIDTH):
            if s[rows.DISTANCE + m] < s[rows.END + m]:
                _step_by_table(s, m, cells)
    return half, x, y, z


@inlined
def _ahead(s, n):
    """Distances of the faces ahead of a vector of lanes."""
    return (
        fma(load(s, rows.STEPS_X + n), load(s, rows.GAP_X + n), load(s, rows.FACE_X + n)),
        fma(load(s, rows.STEPS_Y + n), load(s, rows.GAP_Y + n), load(s, rows.FACE_Y + n)),
        fma(load(s, rows.STEPS_Z + n), load(s, rows.GAP_Z + n), load(s, rows.FACE_Z + n)),
    )


@inlined
def _step(s, n, on, first, second):
    """Step the lanes that go on: along x where that is first, else along y where that is second, else z."""
    step = where(
        first,
        load(s, rows.STRIDE_X + n),
        where(second, load(s, rows.STRIDE_Y + n), load(s, rows.STRIDE_Z + n)),
    )
    one = where(on, 1.0, 0.0)
    x = where(first, one, 0.0)
    y = where(second, one - x, 0.0)
    store(s, rows.ADDRESS + n, load(s, rows.ADDRESS + n) + where(on, step, 0.0))
    store(s, rows.STEPS_X + n, load(s, rows.STEPS_X + n) + x)
    store(s, rows.STEPS_Y + n, load(s, rows.STEPS_Y + n) + y)
    store(s, rows.STEPS_Z + n, load(s, rows.STEPS_Z + n) + (one - x - y))


@inlined
def _step_by_table(s, n, cells):
    """Step one lane on a stretched grid: GAP is 0, and the face ahead is looked up."""
    tx, ty, tz = s[rows.FACE_X + n], s[rows.FACE_Y + n], s[rows.FACE_Z + n]
    axis = 0 if tx <= ty and tx <= tz else (1 if ty <= tz else 2)
    at = n + rows.ROW * axis
    s[rows.STEPS_X + at] += 1.0
    s[rows.ADDRESS + n] += s[rows.STRIDE_X + at]
    i = cells.start[axis] + index_of(s, at)
    low, high, ahead = cells.faces[i], cells.faces[i + 1], s[rows.STRIDE_X + at] > 0.0
    s[rows.FACE_X + at] = min(
        ((high if ahead else low) - s[rows.ORIGIN_X + at]) * s[rows.INVERSE_X + at], ENDLESS
    )
    s[rows.OFFSET_X + at] = offset_of(low, high, ahead) if s[rows.U + at] != 0.0 else 0.0


@inlined
def index_of(s, at):
    """Index of a lane's cell along one axis. at: number of the lane plus ROW times the axis."""
    first, taken = np.int64(s[rows.FIRST_X + at]), np.int64(s[rows.STEPS_X + at])
    return first + taken if s[rows.STRIDE_X + at] > 0.0 else first - taken


@inlined
def offset_of(low, high, ahead):
    """Offset of the face ahead from a cell's centre; that of an infinite cell does not matter."""
    half = 0.5 * (high - low)
    half = half if half < np.inf else 0.0
    return half if ahead else -half


@inlined
def _evaluate(s, n, b, record, segment):
    """Find the optical depth of a vector of segments, and the source along them, both >= 0."""
    k, kx, ky, kz, middle, gx, gy, gz = record
    half, x, y, z = segment
    kappa = maximum(fma(z, kz, fma(y, ky, fma(x, kx, k))), 0.0)
    middle = fma(z, gz, fma(y, gy, fma(x, gx, middle)))
    rise = half * fma(load(s, rows.W + n), gz, fma(load(s, rows.V + n), gy, load(s, rows.U + n) * gx))
    near, far = maximum(middle - rise, 0.0), maximum(middle + rise, 0.0)
    store(s, rows.DEPTH + b * rows.BAND_ROWS + n, (half + half) * kappa)
    store(s, rows.NEAR + b * rows.BAND_ROWS + n, near)
    store(s, rows.RISE + b * rows.BAND_ROWS + n, far - near)


@inlined
def absorb_vector(d, series):
    """`absorb` of a vector, without the reduction of ranges where no number needs it."""
    if bits(d > UNREDUCED_DEPTH) == 0:
        return absorb_unreduced(d, series)
    return absorb(d, series)


@inlined
def transfer(s, n, cutoff, slope, series):
    """Absorb and emit along a vector of segments, where the rest of a ray counts (stopping.py): return where."""
    T0, E0 = load(s, rows.T + n), load(s, rows.E + n)
    counts = fma(E0, slope, cutoff) < T0
    d = where(counts, load(s, rows.DEPTH + n), 0.0)
    a, e, w = absorb_vector(d, series)
    store(s, rows.E + n, fma(T0, fma(load(s, rows.RISE + n), w, load(s, rows.NEAR + n) * a), E0))
    store(s, rows.T + n, T0 * e)
    store(s, rows.TAU + n, load(s, rows.TAU + n) + d)
    return counts


@inlined
def cross(s, built, cells, stop, series):
    """Cross one cell in each lane, step into the next, and prefetch its record.

    stop: stopping.Stop, when the rest of a ray counts no more; it has as many bands as lanes see. Lanes of which no
    band counts halt behind the next cell, which changes nothing: whether one does is known there anyway.
    """
    source, row = locate(s, built, cells)
    if cells.pitch[0] > 0.0:
        _advance_all(s, source, row, cells, stop.cutoff.size, True)
    else:
        _advance_all(s, source, row, cells, stop.cutoff.size, False)
    for b in range(stop.cutoff.size):
        cutoff, slope = stop.cutoff[b], stop.slope[b]
        for n in range(0, LANES, WIDTH):
            counts = transfer(s, b * rows.BAND_ROWS + n, cutoff, slope, series)
            if bits(counts) != ALL:
                _note_stopped(s, n, b, counts, stop)


@inlined
def _note_stopped(s, n, b, counts, stop):
    """Note how many cells the lanes of a vector crossed until band b came to its end; halt those without a band."""
    at = rows.COUNTED + b * rows.BAND_ROWS + n
    noted = load(s, at)
    known = counts | (noted >= 0.0)
    if bits(known) == ALL:
        return
    store(s, at, where(known, noted, crossed_all(s, n)))
    going = load(s, rows.COUNTED + n) < 0.0
    for other in range(1, stop.cutoff.size):
        going = going | (load(s, rows.COUNTED + other * rows.BAND_ROWS + n) < 0.0)
    halt(s, n, going)


@inlined
def _advance_all(s, source, row, cells, bands, uniform):
    """Take all lanes through their cells, and evaluate kappa and S there."""
    for n in range(0, LANES, WIDTH):
        at = addresses(s, row + n)
        segment = advance(s, n, cells, uniform)
        _evaluate(s, n, np.int64(0), records(source, at, 0), segment)
        for b in range(1, bands):  # apart, so that one band needs no loop
            _evaluate(s, n, b, records(source, at, b), segment)
        if row == rows.ADDRESS:
            prefetch(source, addresses(s, row + n))


@inlined
def locate(s, built, cells):
    """Return the array that holds the records of all lanes, and the row of their addresses in it.

    Where records are not kept they are built now, or remembered.
    """
    if cells.record.shape[0] > 0:
        return cells.record, rows.ADDRESS
    build_for_lanes(s, built, cells)
    return built.records, rows.BUILT


@inlined
def halt(s, n, on):
    """Halt the lanes of a vector that are not to go on."""
    store(s, rows.END + n, minimum(load(s, rows.END + n), where(on, np.inf, load(s, rows.DISTANCE + n))))


@inlined
def halted(s, n):
    """The lanes of a vector that have halted, as bits."""
    return bits(load(s, rows.DISTANCE + n) >= load(s, rows.END + n))


@inlined
def crossed(s, n):
    """Cells that a lane has crossed since it was placed: its steps, and the cell where its ray ended."""
    return (
        s[rows.STEPS_X + n]
        + s[rows.STEPS_Y + n]
        + s[rows.STEPS_Z + n]
        + (1.0 if s[rows.DISTANCE + n] >= s[rows.EXIT + n] else 0.0)
    )


@inlined
def crossed_all(s, n):
    """`crossed` of a vector of lanes."""
    ended = load(s, rows.DISTANCE + n) >= load(s, rows.EXIT + n)
    return (
        load(s, rows.STEPS_X + n)
        + load(s, rows.STEPS_Y + n)
        + load(s, rows.STEPS_Z + n)
        + where(ended, 1.0, 0.0)
    )
