"""Rays put into lanes, and read back: what happens to one lane at a time, between steps."""

from __future__ import annotations

import numpy as np

from . import rows
from .cartesian import ENDLESS, Walk
from .grids import Ray, cell_of
from .intrinsics import ADDRESS_BIAS, fma, record_bytes
from .jit import inlined
from .lanes import index_of, offset_of


@inlined
def clear(s, n, length):
    """Leave a lane empty: halted in cell 0. length: of a record of all bands that are seen, in bytes."""
    for first in range(0, rows.STATE, rows.ROW):
        s[first + n] = 0.0
    s[rows.ADDRESS + n], s[rows.BUILT + n], s[rows.RAY + n] = ADDRESS_BIAS, ADDRESS_BIAS + n * length, -1.0


@inlined
def place(s, n, cells, b, ray, walk, t, end, linear):
    """Put a ray into a lane: in the cell of a walk, at distance t, to see band b, up to distance `end`.

    linear: 1, or 0 to see kappa and S of each cell as they are at its centre.
    """
    s[rows.U + n], s[rows.V + n], s[rows.W + n] = linear * ray.u, linear * ray.v, linear * ray.w
    s[rows.ORIGIN_X + n], s[rows.ORIGIN_Y + n], s[rows.ORIGIN_Z + n] = ray.x, ray.y, ray.z
    s[rows.INVERSE_X + n], s[rows.INVERSE_Y + n], s[rows.INVERSE_Z + n] = ray.iu, ray.iv, ray.iw
    relocate(s, n, cells, b, ray, walk, t, end, linear)


@inlined
def relocate(s, n, cells, b, ray, walk, t, end, linear):
    """Move a lane's ray to the cell of a walk, at distance t, and let it go on up to distance `end`."""
    p, q, length = cells.pitch, cells.stride, record_bytes(cells.record)
    x = _face(s, n, cells.x, walk.i, max(walk.tx, t), ray.x, ray.u, ray.iu, p[0], length * q[0], linear)
    y = _face(s, n + rows.ROW, cells.y, walk.j, max(walk.ty, t), ray.y, ray.v, ray.iv, p[1], length * q[1],
              linear)  # fmt: skip
    z = _face(s, n + 2 * rows.ROW, cells.z, walk.k, max(walk.tz, t), ray.z, ray.w, ray.iw, p[2],
              length * q[2], linear)  # fmt: skip
    s[rows.ADDRESS + n] = ADDRESS_BIAS + length * (cell_of(cells, walk) * cells.record.shape[1] + b)
    s[rows.DISTANCE + n] = t
    s[rows.EXIT + n] = s[rows.END + n] = min(x, y, z, end)


@inlined
def _face(s, at, faces, i, ahead, o, d, inverse, pitch, stride, linear):
    """Note where a lane is on one axis and how the face ahead changes; return how far the last one is.

    at: as of `lanes.index_of`. ahead: distance of the face ahead, not behind the lane, not even by rounding.
    """
    low, high, last, onward = faces[i], faces[i + 1], faces.size - 2, d > 0.0
    s[rows.STEPS_X + at], s[rows.FIRST_X + at], s[rows.LAST_X + at] = 0.0, i, last - i if onward else i
    s[rows.STRIDE_X + at] = stride if onward else -stride
    if d == 0.0:  # no face is ahead, and the offset is that of the ray
        s[rows.FACE_X + at], s[rows.GAP_X + at] = ENDLESS, 0.0
        s[rows.OFFSET_X + at] = linear * (o - 0.5 * (low + high)) if high - low < np.inf else 0.0
        return ENDLESS
    s[rows.FACE_X + at], s[rows.GAP_X + at] = min(ahead, ENDLESS), pitch * abs(inverse)
    s[rows.OFFSET_X + at] = linear * offset_of(low, high, onward)
    if pitch > 0.0:
        return fma(s[rows.LAST_X + at], s[rows.GAP_X + at], s[rows.FACE_X + at])
    return min(max((faces[last + 1 if onward else 0] - o) * inverse, ahead), ENDLESS)


@inlined
def reset(s, n):
    """Let a lane begin anew with T = 1 and E = 0. n: number of the lane plus BAND_ROWS times the band."""
    s[rows.T + n], s[rows.E + n], s[rows.TAU + n], s[rows.COUNTED + n] = 1.0, 0.0, 0.0, -1.0


@inlined
def _ahead_of(s, n):
    """Distances of the faces ahead of one lane."""
    return (
        fma(s[rows.STEPS_X + n], s[rows.GAP_X + n], s[rows.FACE_X + n]),
        fma(s[rows.STEPS_Y + n], s[rows.GAP_Y + n], s[rows.FACE_Y + n]),
        fma(s[rows.STEPS_Z + n], s[rows.GAP_Z + n], s[rows.FACE_Z + n]),
    )


@inlined
def lane_walk(s, n):
    """The walk of a lane: where it is, or outside the grid, beyond the face through which it has left."""
    i, j, k = index_of(s, n), index_of(s, n + rows.ROW), index_of(s, n + 2 * rows.ROW)
    if s[rows.DISTANCE + n] >= s[rows.EXIT + n]:
        axis = _axis_out(s, n)
        i = _beyond(s, n) if axis == 0 else i
        j = _beyond(s, n + rows.ROW) if axis == 1 else j
        k = _beyond(s, n + 2 * rows.ROW) if axis == 2 else k
    tx, ty, tz = _ahead_of(s, n)
    return Walk(i, j, k, tx, ty, tz)


@inlined
def exit_face(s, n):
    """Number of the face through which a lane has left the grid."""
    axis = _axis_out(s, n)
    return 2 * axis + (s[rows.STRIDE_X + n + rows.ROW * axis] > 0.0)


@inlined
def _axis_out(s, n):
    """Axis across whose last face a lane has left the grid."""
    return 0 if _leaves(s, n) else (1 if _leaves(s, n + rows.ROW) else 2)


@inlined
def _leaves(s, at):
    """Whether a lane that has left the grid did so through the last face of one axis."""
    last = fma(s[rows.LAST_X + at], s[rows.GAP_X + at], s[rows.FACE_X + at])
    at_last = (
        s[rows.GAP_X + at] > 0.0 or s[rows.STEPS_X + at] == s[rows.LAST_X + at]
    )  # FACE is the last face, or tells where it is
    return at_last and last == s[rows.EXIT + at % rows.ROW] and abs(s[rows.INVERSE_X + at]) < np.inf


@inlined
def _beyond(s, at):
    """Index behind the last cell of a lane along one axis."""
    return np.int64(s[rows.FIRST_X + at] + _sense(s, at) * (s[rows.LAST_X + at] + 1.0))


@inlined
def _sense(s, at):
    """1 or -1: whether a lane goes up or down along one axis."""
    return 1.0 if s[rows.STRIDE_X + at] > 0.0 else -1.0


@inlined
def lane_ray(s, n):
    """The ray of a lane."""
    return Ray(
        s[rows.ORIGIN_X + n], s[rows.ORIGIN_Y + n], s[rows.ORIGIN_Z + n],
        s[rows.U + n], s[rows.V + n], s[rows.W + n],
        s[rows.INVERSE_X + n], s[rows.INVERSE_Y + n], s[rows.INVERSE_Z + n],
    )  # fmt: skip
