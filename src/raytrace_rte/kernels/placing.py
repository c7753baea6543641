"""Rays put into lanes, and read back: what happens to one lane at a time, between steps."""

from __future__ import annotations

import numpy as np

from .cartesian import ENDLESS, Ray, Walk, cell_of
from .intrinsics import COUNTED, fma, record_bytes
from .jit import inlined
from .lanes import (
    CELL,
    DX,
    DY,
    DZ,
    END,
    EX,
    EXIT,
    EY,
    EZ,
    HX,
    IU,
    IV,
    IW,
    IX,
    KX,
    KY,
    KZ,
    LX,
    OWN,
    OX,
    OY,
    OZ,
    RAY,
    ROW,
    SEEN,
    STATE,
    SX,
    TAU,
    TIME,
    E,
    T,
    U,
    V,
    W,
    index_of,
    offset_of,
)


@inlined
def clear(s, n, length):
    """Leave a lane empty: standing in cell 0; length of a cell's records in bytes."""
    for row in range(0, STATE, ROW):
        s[row + n] = 0.0
    s[CELL + n], s[OWN + n], s[RAY + n] = COUNTED, COUNTED + n * length, -1.0


@inlined
def place(s, n, cells, b, ray, walk, t, end, linear):
    """Put a ray into a lane: in the cell of a walk, at distance t, seeing band b, up to distance `end`.

    linear: 1, or 0 to see cells as their centres are.
    """
    s[U + n], s[V + n], s[W + n] = linear * ray.u, linear * ray.v, linear * ray.w
    s[OX + n], s[OY + n], s[OZ + n] = ray.x, ray.y, ray.z
    s[IU + n], s[IV + n], s[IW + n] = ray.iu, ray.iv, ray.iw
    put(s, n, cells, b, ray, walk, t, end, linear)


@inlined
def put(s, n, cells, b, ray, walk, t, end, linear):
    """Put a lane's ray into the cell of a walk, at distance t, and let it move up to distance `end`."""
    p, q, length = cells.pitch, cells.stride, record_bytes(cells.record)
    x = _face(s, n, cells.x, walk.i, max(walk.tx, t), ray.x, ray.u, ray.iu, p[0], length * q[0], linear)
    y = _face(s, n + ROW, cells.y, walk.j, max(walk.ty, t), ray.y, ray.v, ray.iv, p[1], length * q[1], linear)
    z = _face(s, n + 2 * ROW, cells.z, walk.k, max(walk.tz, t), ray.z, ray.w, ray.iw, p[2], length * q[2],
              linear)  # fmt: skip
    s[CELL + n] = COUNTED + length * (cell_of(cells, walk) * cells.record.shape[1] + b)
    s[TIME + n] = t
    s[EXIT + n] = s[END + n] = min(x, y, z, end)


@inlined
def _face(s, row, faces, i, ahead, o, d, inverse, pitch, stride, linear):
    """Note where a lane is on one axis and how the face ahead changes; return how far the last one is.

    ahead: distance of the face ahead, not behind the lane, not even by rounding.
    """
    low, high, last, onward = faces[i], faces[i + 1], faces.size - 2, d > 0.0
    s[KX + row], s[IX + row], s[LX + row] = 0.0, i, last - i if onward else i
    s[SX + row] = stride if onward else -stride
    if d == 0.0:  # the face ahead never comes, and the offset is that of the ray
        s[EX + row], s[DX + row] = ENDLESS, 0.0
        s[HX + row] = linear * (o - 0.5 * (low + high)) if high - low < np.inf else 0.0
        return ENDLESS
    s[EX + row], s[DX + row] = min(ahead, ENDLESS), pitch * abs(inverse)
    s[HX + row] = linear * offset_of(low, high, onward)
    if pitch > 0.0:
        return fma(s[LX + row], s[DX + row], s[EX + row])
    return min(max((faces[last + 1 if onward else 0] - o) * inverse, ahead), ENDLESS)


@inlined
def shine(s, n):
    """Give a lane the light of a new ray, in a band that n counts too."""
    s[T + n], s[E + n], s[TAU + n], s[SEEN + n] = 1.0, 0.0, 0.0, 0.0


@inlined
def _ahead_of(s, n):
    """Distances of the faces ahead of one lane."""
    return (
        fma(s[KX + n], s[DX + n], s[EX + n]),
        fma(s[KY + n], s[DY + n], s[EY + n]),
        fma(s[KZ + n], s[DZ + n], s[EZ + n]),
    )


@inlined
def walk_in(s, n):
    """The walk of a lane: where it is, or outside the domain, beyond the face through which it has left."""
    i, j, k = index_of(s, n), index_of(s, n + ROW), index_of(s, n + 2 * ROW)
    if s[TIME + n] >= s[EXIT + n]:
        axis = _axis_out(s, n)
        i = _beyond(s, n) if axis == 0 else i
        j = _beyond(s, n + ROW) if axis == 1 else j
        k = _beyond(s, n + 2 * ROW) if axis == 2 else k
    tx, ty, tz = _ahead_of(s, n)
    return Walk(i, j, k, tx, ty, tz)


@inlined
def face_through(s, n):
    """Number of the face through which a lane has left the grid."""
    axis = _axis_out(s, n)
    return 2 * axis + (s[SX + n + ROW * axis] > 0.0)


@inlined
def _axis_out(s, n):
    """Axis across whose last face a lane has left the grid."""
    return 0 if _leaves(s, n) else (1 if _leaves(s, n + ROW) else 2)


@inlined
def _leaves(s, row):
    """Whether a lane that has left the grid did so through the last face of one axis."""
    last = fma(s[LX + row], s[DX + row], s[EX + row])
    at_last = s[DX + row] > 0.0 or s[KX + row] == s[LX + row]  # E is the last face, or tells where it is
    return at_last and last == s[EXIT + row % ROW] and abs(s[IU + row]) < np.inf


@inlined
def _beyond(s, row):
    """Index behind the last cell of a lane along one axis."""
    return np.int64(s[IX + row] + _way(s, row) * (s[LX + row] + 1.0))


@inlined
def _way(s, row):
    """The sense of a lane along one axis."""
    return 1.0 if s[SX + row] > 0.0 else -1.0


@inlined
def ray_in(s, n):
    """The ray of a lane."""
    return Ray(
        s[OX + n], s[OY + n], s[OZ + n], s[U + n], s[V + n], s[W + n], s[IU + n], s[IV + n], s[IW + n]
    )  # fmt: skip
