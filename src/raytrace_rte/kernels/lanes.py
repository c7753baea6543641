"""Rays in lockstep: LANES of them cross one cell each at every step, a vector of them at a time.

The state of all lanes lies in one flat array, a row of LANES numbers for each quantity. `cross` walks each
lane to the end of its cell and looks up what the cell does to light; once all lanes have, `transfer` absorbs
and emits: many short chains of operations that do not wait for one another. A lane stands where TIME >= END.
Lanes do the arithmetic of the scalar kernels, but for where faces are: equally far apart on an even grid.
Nothing depends on what other lanes hold: same bits in any company.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .cartesian import ENDLESS
from .intrinsics import (
    COUNTED,
    RECORD,
    bits,
    fetch,
    fma,
    greatest,
    least,
    load,
    places,
    record_bytes,
    records,
    store,
    where,
)
from .jit import inlined, kernel
from .reconstruct import aligned, record_of
from .transfer import SERIES, THIN, absorb, absorb_thin
from .vector import WIDTH

LANES = 32
"""Rays in lockstep: enough to hide that a lane's numbers arrive one by one; more would not fit the cache."""
ROW = LANES + WIDTH
"""Numbers from row to row: a vector more than they hold, or neighbours would share a bank of the cache."""

# Rows of the walk, three of each for the axes. Steps taken: the face ahead lies at distance E + steps D.
# Direction; offset of the face ahead from the cell's centre; bytes from record to record. For whoever attends
# to a single ray: index of the first cell, steps to the last one, origin, reciprocal direction. Then the
# place of the record, in bytes plus COUNTED; distance, and where the lane stands; where it ends for good;
# cells crossed before the steps began to count; which ray it holds; the place of a record built for it.
(KX, KY, KZ, EX, EY, EZ, DX, DY, DZ, U, V, W, HX, HY, HZ, SX, SY, SZ, IX, IY, IZ, LX, LY, LZ, OX, OY, OZ,
 IU, IV, IW, CELL, TIME, END, EXIT, COUNT, RAY, OWN) = (ROW * row for row in range(37))  # fmt: skip
# Rows of the certified switch (lockstep_auto.py).
(BAND, CHECKED, STOPPABLE, ERROR, VAIN, IDLE, FAILED, READ, THIN_STEPS, THICK_STEPS, FROM, FAR, PLAIN) = (
    ROW * row for row in range(37, 50)
)
# Rows of the light of the first band, LIGHT apart from band to band: transmittance, emission, optical depth,
# cells crossed while it counted; of the last segment optical depth, source at its near end and how it rises.
T, E, TAU, SEEN, DEPTH, NEAR, RISE = (ROW * row for row in range(50, 57))
LIGHT = 7 * ROW
STATE = 50 * ROW


class Workspace(NamedTuple):
    """Where a driver keeps its lanes: state (STATE + n_band LIGHT,), records that are built as they are
    needed (LANES, n_band, 8), and the series of transfer.py as vectors."""

    state: np.ndarray
    records: np.ndarray
    series: np.ndarray


def workspace(bands: int, dtype: np.dtype) -> Workspace:
    """Return the arrays for so many bands, aligned: no vector lies in two cache lines."""
    return Workspace(
        aligned((STATE + bands * LIGHT,), np.dtype(np.float64)),
        aligned((LANES, bands, RECORD), dtype),
        spread_series(),
    )


def spread_series() -> np.ndarray:
    """Return the series of transfer.py, each number WIDTH times: code finds memory sooner than constants."""
    spread = aligned((len(SERIES) * WIDTH,), np.dtype(np.float64))
    spread[:] = np.repeat(SERIES, WIDTH)
    return spread


@inlined
def vectors(series):
    """The series as vectors."""
    w = WIDTH
    return (load(series, 0), load(series, w), load(series, 2 * w), load(series, 3 * w), load(series, 4 * w),
            load(series, 5 * w), load(series, 6 * w), load(series, 7 * w), load(series, 8 * w),
            load(series, 9 * w))  # fmt: skip


@inlined
def meet(s, n, cells, even):
    """Walk a vector of lanes to the ends of their cells, and step into the next ones.

    even: whether all cells are equal. Return half the length of the segments, and their middles from the
    cells' centres.
    """
    tx, ty, tz = _ahead(s, n)
    t, end = load(s, TIME + n), load(s, END + n)
    late = least(ty, tz)
    out = least(least(tx, late), end)
    half = 0.5 * (out - t)
    middle = t + half
    x = fma(middle - tx, load(s, U + n), load(s, HX + n))
    y = fma(middle - ty, load(s, V + n), load(s, HY + n))
    z = fma(middle - tz, load(s, W + n), load(s, HZ + n))
    store(s, TIME + n, out)
    if even:
        _step(s, n, out < end, tx <= late, ty <= tz)
    else:
        for m in range(n, n + WIDTH):
            if s[TIME + m] < s[END + m]:
                _step_by_table(s, m, cells)
    return half, x, y, z


@inlined
def _ahead(s, n):
    """Distances of the faces ahead of a vector of lanes."""
    return (
        fma(load(s, KX + n), load(s, DX + n), load(s, EX + n)),
        fma(load(s, KY + n), load(s, DY + n), load(s, EY + n)),
        fma(load(s, KZ + n), load(s, DZ + n), load(s, EZ + n)),
    )


@inlined
def _step(s, n, on, first, second):
    """Step the lanes that go on: along x where that is first, else along y where that is second, else z."""
    step = where(first, load(s, SX + n), where(second, load(s, SY + n), load(s, SZ + n)))
    one = where(on, 1.0, 0.0)
    x = where(first, one, 0.0)
    y = where(second, one - x, 0.0)
    store(s, CELL + n, load(s, CELL + n) + where(on, step, 0.0))
    store(s, KX + n, load(s, KX + n) + x)
    store(s, KY + n, load(s, KY + n) + y)
    store(s, KZ + n, load(s, KZ + n) + (one - x - y))


@inlined
def _step_by_table(s, n, cells):
    """Step one lane, in any grid: D is 0, and E, the face ahead, is looked up."""
    tx, ty, tz = s[EX + n], s[EY + n], s[EZ + n]
    axis = 0 if tx <= ty and tx <= tz else (1 if ty <= tz else 2)
    row = n + ROW * axis
    s[KX + row] += 1.0
    s[CELL + n] += s[SX + row]
    i = cells.start[axis] + index_of(s, row)
    low, high, ahead = cells.faces[i], cells.faces[i + 1], s[SX + row] > 0.0
    s[EX + row] = min(((high if ahead else low) - s[OX + row]) * s[IU + row], ENDLESS)
    s[HX + row] = offset_of(low, high, ahead) if s[U + row] != 0.0 else 0.0


@inlined
def index_of(s, row):
    """Index of a lane's cell along one axis."""
    first, taken = np.int64(s[IX + row]), np.int64(s[KX + row])
    return first + taken if s[SX + row] > 0.0 else first - taken


@inlined
def offset_of(low, high, ahead):
    """Offset of the face ahead from a cell's centre; that of an endless cell does not matter."""
    half = 0.5 * (high - low)
    half = half if half < np.inf else 0.0
    return half if ahead else -half


@inlined
def _look(s, n, b, eight, segment):
    """Find the optical depth of a vector of segments, and the source along them, both >= 0."""
    k, kx, ky, kz, middle, gx, gy, gz = eight
    half, x, y, z = segment
    kappa = greatest(fma(z, kz, fma(y, ky, fma(x, kx, k))), 0.0)
    middle = fma(z, gz, fma(y, gy, fma(x, gx, middle)))
    rise = half * fma(load(s, W + n), gz, fma(load(s, V + n), gy, load(s, U + n) * gx))
    near, far = greatest(middle - rise, 0.0), greatest(middle + rise, 0.0)
    store(s, DEPTH + b * LIGHT + n, (half + half) * kappa)
    store(s, NEAR + b * LIGHT + n, near)
    store(s, RISE + b * LIGHT + n, far - near)


@inlined
def absorb_all(d, series):
    """`absorb` of a vector, the short way where all of it is thin."""
    if bits(d > THIN) == 0:
        return absorb_thin(d, series)
    return absorb(d, series)


@inlined
def transfer(s, n, dark, series):
    """Absorb and emit along a vector of segments, where T is above `dark`."""
    T0 = load(s, T + n)
    d = where(dark < T0, load(s, DEPTH + n), 0.0)
    a, e, w = absorb_all(d, series)
    store(s, E + n, fma(T0, fma(load(s, RISE + n), w, load(s, NEAR + n) * a), load(s, E + n)))
    store(s, T + n, T0 * e)
    store(s, TAU + n, load(s, TAU + n) + d)


@inlined
def cross(s, g, cells, dark, series):
    """Cross one cell in each lane, step into the next, and have its record on its way.

    dark: transmittance of each band (n_band,) at which light stops counting.
    """
    source, row = bring(s, g, cells)
    if cells.pitch[0] > 0.0:
        _walk(s, source, row, cells, dark, True)
    else:
        _walk(s, source, row, cells, dark, False)
    for b in range(dark.size):
        limit = dark[b]
        for n in range(b * LIGHT, b * LIGHT + LANES, WIDTH):
            transfer(s, n, limit, series)


@inlined
def _walk(s, source, row, cells, dark, even):
    """Walk all lanes through their cells and look up what those do to light."""
    for n in range(0, LANES, WIDTH):
        at = places(s, row + n)
        segment = meet(s, n, cells, even)
        _look(s, n, 0, records(source, at, 0), segment)
        for b in range(1, dark.size):  # apart, so that one band needs no loop
            _look(s, n, b, records(source, at, b), segment)
        fetch(cells.record, places(s, CELL + n))


@inlined
def bring(s, g, cells):
    """The array that holds the records of all lanes, and the row of their numbers in it; built now in g
    (LANES, n_band, 8) where they are not kept."""
    if cells.record.shape[0] > 0:
        return cells.record, CELL
    _build(s, g, cells)
    return g, OWN


@kernel
def _build(s, g, cells):
    """Build the records of all lanes, of each as many bands as there are in g."""
    bands = cells.record.shape[1]
    for n in range(LANES):
        number = np.int64(s[CELL + n] - COUNTED) // record_bytes(g)
        for b in range(g.shape[1]):
            eight = record_of(cells, number // bands, number % bands + b)
            (g[n, b, 0], g[n, b, 1], g[n, b, 2], g[n, b, 3], g[n, b, 4], g[n, b, 5], g[n, b, 6],
             g[n, b, 7]) = eight  # fmt: skip


@inlined
def stand(s, n, on):
    """Let the lanes of a vector stand that shall not go on."""
    store(s, END + n, least(load(s, END + n), where(on, np.inf, load(s, TIME + n))))


@inlined
def standing(s, n):
    """The lanes of a vector that stand, as bits."""
    return bits(load(s, TIME + n) >= load(s, END + n))


@inlined
def crossed(s, n):
    """Cells that a lane has crossed since it was put where it is: its steps, and the cell where it ended."""
    return s[KX + n] + s[KY + n] + s[KZ + n] + (1.0 if s[TIME + n] >= s[EXIT + n] else 0.0)


@inlined
def crossed_all(s, n):
    """`crossed` of a vector of lanes."""
    ended = load(s, TIME + n) >= load(s, EXIT + n)
    return load(s, KX + n) + load(s, KY + n) + load(s, KZ + n) + where(ended, 1.0, 0.0)
