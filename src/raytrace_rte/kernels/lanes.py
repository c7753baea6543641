"""Rays in lockstep: LANES of them cross one cell each at every step, so that one instruction serves many.

The state of all lanes lies in flat arrays, a row of LANES numbers for each quantity: loops over a row have no
branch and become vector instructions. `gather` brings the records of the cells, `cross` finds the next exits,
absorbs and emits, `advance` steps into the next cells. A lane whose ray has to be attended to stands still.
Every lane does the arithmetic of the scalar kernels, and nothing depends on what the others hold: same bits
in any company.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .cartesian import ENDLESS, Ray, Walk, cell_of
from .intrinsics import copy, fetch, fma
from .jit import inlined, kernel
from .reconstruct import RECORD, aligned, record_of
from .transfer import absorb

LANES = 32
"""Rays in lockstep: enough to hide that a lane's numbers arrive one by one; more would not fit the cache."""

# Rows of the walk, three of each for the axes: distances to the faces ahead, steps left to the edge, origin
# from the cell's centre, direction; in a grid of equal cells, how these change with the steps left: distance
# of the edge and between faces, origin from the last cell's centre and width along the direction; records
# between cells; origin and reciprocal direction. Then the number of the cell's record; distance, and where
# something opaque is; whether the lane moves; which ray it holds.
(TX, TY, TZ, QX, QY, QZ, RX, RY, RZ, U, V, W, EX, EY, EZ, DX, DY, DZ, AX, AY, AZ, HX, HY, HZ, SX, SY, SZ,
 OX, OY, OZ, IU, IV, IW, CELL, TIME, END, MOVES, RAY) = (LANES * row for row in range(38))  # fmt: skip
# Rows of the last segment: its middle from the cell's centre, half its length, optical depth, source at its
# near end and how it rises to the far end.
X, Y, Z, HALF, DEPTH, NEAR, RISE = (LANES * row for row in range(38, 45))
# Rows of the light: transmittance, emission, optical depth, crossings, whether it still counts.
T, E, TAU, COUNT, LIVE = (LANES * row for row in range(45, 50))
# Rows of the certified switch (lockstep_auto.py).
(BAND, CHECKED, STOPPABLE, ERROR, VAIN, IDLE, FAILED, READ, THIN, THICK, FROM, FAR, PLAIN) = (
    LANES * row for row in range(50, 63)
)
STATE = 63 * LANES
LIGHT = 5 * LANES


class Space(NamedTuple):
    """Where workers keep their lanes: state (n_worker, STATE), the light of each band
    (n_worker, n_band, LIGHT), the records at hand (n_worker, 8 LANES)."""

    state: np.ndarray
    lights: np.ndarray
    records: np.ndarray


def space(workers: int, bands: int, dtype: np.dtype) -> Space:
    """Return room for so many workers; rows start on cache lines, or vectors would take two."""
    return Space(
        aligned((workers, STATE), np.dtype(np.float64)),
        aligned((workers, bands, LIGHT), np.dtype(np.float64)),
        aligned((workers, RECORD * LANES), dtype),
    )


@inlined
def meet(s, n):
    """Find where a lane leaves its cell, and the middle of its segment."""
    tx, ty, tz, t, end, moves = s[TX + n], s[TY + n], s[TZ + n], s[TIME + n], s[END + n], s[MOVES + n]
    out = ty if ty <= tz else tz
    out = tx if tx <= out else out
    out = out if out > t else t
    out = out if out < end else end
    out = out if moves > 0.0 else t
    half = 0.5 * (out - t)
    middle = t + half
    s[X + n] = fma(middle, s[U + n], s[RX + n])
    s[Y + n] = fma(middle, s[V + n], s[RY + n])
    s[Z + n] = fma(middle, s[W + n], s[RZ + n])
    s[HALF + n] = half
    s[TIME + n] = out


@inlined
def _look(s, g, n, linear):
    """Find the optical depth of a lane's segment, and the source along it, both >= 0."""
    x, y, z, half = linear * s[X + n], linear * s[Y + n], linear * s[Z + n], s[HALF + n]
    m = RECORD * n
    gx, gy, gz = g[m + 5], g[m + 6], g[m + 7]
    kappa = fma(z, g[m + 3], fma(y, g[m + 2], fma(x, g[m + 1], g[m])))
    middle = fma(z, gz, fma(y, gy, fma(x, gx, g[m + 4])))
    rise = linear * half * fma(s[W + n], gz, fma(s[V + n], gy, s[U + n] * gx))
    near, far = middle - rise, middle + rise
    kappa = kappa if kappa > 0.0 else 0.0
    near = near if near > 0.0 else 0.0
    far = far if far > 0.0 else 0.0
    s[DEPTH + n] = 2.0 * half * kappa
    s[NEAR + n] = near
    s[RISE + n] = far - near


@inlined
def _transfer(s, n, stop, greatest):
    """Absorb and emit along a lane's segment, unless its light has stopped counting."""
    T0 = s[T + n]
    counts = T0 * greatest > stop
    live = 1.0 if counts else 0.0
    d = s[DEPTH + n] if counts else 0.0
    a, e, w = absorb(d)
    s[E + n] = fma(T0, fma(s[RISE + n], w, s[NEAR + n] * a), s[E + n])
    s[T + n] = T0 * e
    s[TAU + n] += d
    s[COUNT + n] = fma(live, s[MOVES + n], s[COUNT + n])
    s[LIVE + n] = live


@inlined
def _advance(s, n):
    """Step a lane into its next cell, in a grid of equal cells; at the edge it stays there and stands."""
    tx, ty, tz, cell = s[TX + n], s[TY + n], s[TZ + n], s[CELL + n]
    qx, qy, qz = s[QX + n], s[QY + n], s[QZ + n]
    moves = s[MOVES + n] if s[TIME + n] < s[END + n] else 0.0
    late = ty if ty <= tz else tz
    mx = moves if tx <= late else 0.0
    my = moves - mx if ty <= tz else 0.0
    mz = moves - mx - my
    qx, qy, qz = qx - mx, qy - my, qz - mz
    left = min(qx, min(qy, qz))
    step = fma(s[SX + n], mx, fma(s[SY + n], my, s[SZ + n] * mz))
    s[CELL + n] = cell + (step if left >= 0.0 else 0.0)
    s[MOVES + n] = moves if left >= 0.0 else 0.0
    s[QX + n], s[QY + n], s[QZ + n] = qx, qy, qz
    s[TX + n] = fma(-qx, s[DX + n], s[EX + n])
    s[TY + n] = fma(-qy, s[DY + n], s[EY + n])
    s[TZ + n] = fma(-qz, s[DZ + n], s[EZ + n])
    s[RX + n] = fma(qx, s[HX + n], s[AX + n])
    s[RY + n] = fma(qy, s[HY + n], s[AY + n])
    s[RZ + n] = fma(qz, s[HZ + n], s[AZ + n])


@inlined
def _advance_by_table(s, cells):
    """Step each lane into its next cell, in any grid: faces and centres are looked up, lane by lane."""
    for n in range(LANES):
        if s[TIME + n] >= s[END + n]:
            s[MOVES + n] = 0.0
        if s[MOVES + n] > 0.0:
            tx, ty, tz = s[TX + n], s[TY + n], s[TZ + n]
            axis = 0 if tx <= ty and tx <= tz else (1 if ty <= tz else 2)
            row = n + LANES * axis
            s[QX + row] -= 1.0
            if s[QX + row] >= 0.0:
                s[CELL + n] += s[SX + row]
                size = cells.start[axis + 1] - cells.start[axis] - 1
                i = cells.start[axis] + _index(s, row, size)
                o = s[OX + row]
                s[TX + row] = min((cells.faces[i + (s[SX + row] > 0.0)] - o) * s[IU + row], ENDLESS)
                s[RX + row] = o - cells.centres[i]
            else:
                s[MOVES + n] = 0.0


@inlined
def _index(s, row, size):
    """Index of a lane's cell along one axis of so many cells; -1 or `size` outside."""
    left = np.int64(s[QX + row])
    return size - 1 - left if s[SX + row] > 0.0 else left


@inlined
def advance(s, cells):
    """Step each lane into its next cell; at the edge it stays there and stands."""
    if cells.pitch[0] > 0.0:
        for n in range(LANES):
            _advance(s, n)
    else:
        _advance_by_table(s, cells)


@inlined
def cross(s, g, cells, linear, stop, greatest):
    """Cross one cell in each lane, of one band, and step into the next."""
    for n in range(LANES):
        meet(s, n)
        _look(s, g, n, linear)
    for n in range(LANES):
        _transfer(s, n, stop, greatest)
    advance(s, cells)


@inlined
def cross_bands(s, g, cells, linear, stop, greatest, lights):
    """Cross one cell in each lane: one walk, and the light of each band in turn (n_band, LIGHT)."""
    for n in range(LANES):
        meet(s, n)
    for b in range(lights.shape[0]):
        gather(s, g, cells, b)
        restore(s, lights, b)
        for n in range(LANES):
            _look(s, g, n, linear)
        for n in range(LANES):
            _transfer(s, n, stop, greatest[b])
        keep(s, lights, b)
    advance(s, cells)


@inlined
def keep(s, lights, b):
    """Put the light of all lanes aside as that of band b."""
    for n in range(LIGHT):
        lights[b, n] = s[T + n]


@inlined
def restore(s, lights, b):
    """Take the light of band b up again."""
    for n in range(LIGHT):
        s[T + n] = lights[b, n]


@kernel
def _build(s, g, cells, b):
    """Build the records of band b, counted from each lane's own."""
    bands = cells.record.shape[1]
    for n in range(LANES):
        number, m = np.int64(s[CELL + n]), RECORD * n
        eight = record_of(cells, number // bands, number % bands + b)
        (g[m], g[m + 1], g[m + 2], g[m + 3], g[m + 4], g[m + 5], g[m + 6], g[m + 7]) = eight


@inlined
def gather(s, g, cells, b):
    """Bring the records of band b, counted from each lane's own, or build them."""
    if cells.record.shape[0] == 0:
        _build(s, g, cells, b)
        return
    for n in range(LANES):
        copy(g, RECORD * n, cells.record, RECORD * (np.int64(s[CELL + n]) + b))


@inlined
def announce(s, cells):
    """Have the records of the next step on their way."""
    for n in range(LANES):
        fetch(cells.record, RECORD * np.int64(s[CELL + n]))


@inlined
def clear(s, n):
    """Leave a lane empty: standing in cell 0."""
    for row in range(0, STATE, LANES):
        s[row + n] = 0.0
    s[RAY + n] = -1.0


@inlined
def place(s, n, cells, b, ray, walk, t, end):
    """Put a ray into a lane: in the cell of a walk, at distance t, seeing band b."""
    s[U + n], s[V + n], s[W + n] = ray.u, ray.v, ray.w
    s[OX + n], s[OY + n], s[OZ + n] = ray.x, ray.y, ray.z
    s[IU + n], s[IV + n], s[IW + n] = ray.iu, ray.iv, ray.iw
    _range(s, n, cells.x, cells.cx, ray.x, ray.u, ray.iu, cells.pitch[0], cells.stride[0])
    _range(s, n + LANES, cells.y, cells.cy, ray.y, ray.v, ray.iv, cells.pitch[1], cells.stride[1])
    _range(s, n + 2 * LANES, cells.z, cells.cz, ray.z, ray.w, ray.iw, cells.pitch[2], cells.stride[2])
    s[END + n] = end
    put(s, n, cells, b, ray, walk, t)


@inlined
def _range(s, row, faces, centres, o, d, inverse, pitch, stride):
    """Note how a lane's numbers change with the steps left to the edge of one axis."""
    last = faces.size - 2
    ahead = d > 0.0
    s[SX + row] = stride if ahead else -stride
    s[EX + row] = (faces[last + 1 if ahead else 0] - o) * inverse if d != 0.0 else np.inf
    s[DX + row] = pitch * abs(inverse) if d != 0.0 else 0.0
    s[AX + row] = o - centres[last if ahead else 0]
    s[HX + row] = pitch if ahead else -pitch


@inlined
def put(s, n, cells, b, ray, walk, t):
    """Put a lane's ray into the cell of a walk, at distance t, and let it move."""
    s[TX + n], s[TY + n], s[TZ + n] = walk.tx, walk.ty, walk.tz
    s[RX + n] = ray.x - cells.cx[walk.i]
    s[RY + n] = ray.y - cells.cy[walk.j]
    s[RZ + n] = ray.z - cells.cz[walk.k]
    s[QX + n] = cells.cx.size - 1 - walk.i if ray.u > 0.0 else walk.i
    s[QY + n] = cells.cy.size - 1 - walk.j if ray.v > 0.0 else walk.j
    s[QZ + n] = cells.cz.size - 1 - walk.k if ray.w > 0.0 else walk.k
    s[CELL + n] = cell_of(cells, walk) * cells.record.shape[1] + b
    s[TIME + n], s[MOVES + n] = t, 1.0


@inlined
def shine(s, n):
    """Give a lane the light of a new ray."""
    s[T + n], s[E + n], s[TAU + n], s[COUNT + n], s[LIVE + n] = 1.0, 0.0, 0.0, 0.0, 1.0


@inlined
def walk_in(s, n, cells):
    """The walk of a lane: where it is, or would be outside the domain."""
    i = _index(s, n, cells.cx.size)
    j = _index(s, n + LANES, cells.cy.size)
    k = _index(s, n + 2 * LANES, cells.cz.size)
    return Walk(i, j, k, s[TX + n], s[TY + n], s[TZ + n])


@inlined
def ray_in(s, n):
    """The ray of a lane."""
    return Ray(
        s[OX + n], s[OY + n], s[OZ + n], s[U + n], s[V + n], s[W + n], s[IU + n], s[IV + n], s[IW + n]
    )  # fmt: skip
