"""Which wall cells a track covers at its ends, in a grid of equal cells, a vector of its parts at once."""

from __future__ import annotations

import numpy as np

from .intrinsics import bits, floor, fma, load, maximum, minimum, store, where
from .jit import inlined, kernel
from .sweep import PARTS
from .vector import ALL, WIDTH


@inlined
def _entry_and_exit(faces, period, d):
    """Faces of one axis at which tracks of direction cosine d enter and leave; a periodic axis has none."""
    low, high = (-np.inf, np.inf) if period > 0.0 else (faces[0], faces[faces.size - 1])
    return (low, high) if d > 0.0 else (high, low)


@inlined
def _first_cells(box, u, v, w):
    """Numbers of the first wall cells of the three faces at which a direction enters the box."""
    return (
        np.float64(box.first[0 if u > 0.0 else 1]),
        np.float64(box.first[2 if v > 0.0 else 3]),
        np.float64(box.first[4 if w > 0.0 else 5]),
    )


@inlined
def _index(faces, period, p):
    """Cells of a vector of positions on an axis of equal cells, the nearest ones if they are outside."""
    n = faces.size - 1.0
    share = (p - faces[0]) * (1.0 / (faces[faces.size - 1] - faces[0]))
    if period > 0.0:
        share = share - floor(share)
    return minimum(maximum(floor(share * n), 0.0), n - 1.0)


@inlined
def _wall_cells(box, points, first, second, faces):
    """Numbers of the wall cells at a vector of points on walls across the first, second or last axis.

    faces: first wall cells of the three faces.
    """
    i = _index(box.x, box.period[0], points[0])
    j = _index(box.y, box.period[1], points[1])
    k = _index(box.z, box.period[2], points[2])
    ny, nz = box.y.size - 1.0, box.z.size - 1.0
    across_x, across_y, across_z = fma(j, nz, k), fma(i, nz, k), fma(i, ny, j)
    on_y_or_z = where(second, across_y + faces[1], across_z + faces[2])
    return where(first, across_x + faces[0], on_y_or_z)


@kernel
def cover_evenly(box, tracks, n, a, b, near, far, offsets):
    """`sweep.cover` in a grid of equal cells, of a track along no axis, a vector of parts at once.

    offsets (2, PARTS * PARTS): of the parts from their track. Return whether all parts meet the box; if not,
    near and far are not right.
    """
    o, step = tracks.origin[n], tracks.steps[n]
    u, v, w = tracks.direction[n]
    iu, iv, iw = 1.0 / u, 1.0 / v, 1.0 / w
    x_in, x_out = _entry_and_exit(box.x, box.period[0], u)
    y_in, y_out = _entry_and_exit(box.y, box.period[1], v)
    z_in, z_out = _entry_and_exit(box.z, box.period[2], w)
    entry, exits = _first_cells(box, u, v, w), _first_cells(box, -u, -v, -w)
    all_meet = True
    for part in range(0, PARTS * PARTS, WIDTH):
        p, q = load(offsets[0], part) + np.float64(a), load(offsets[1], part) + np.float64(b)
        x = fma(q, step[1, 0], fma(p, step[0, 0], o[0]))
        y = fma(q, step[1, 1], fma(p, step[0, 1], o[1]))
        z = fma(q, step[1, 2], fma(p, step[0, 2], o[2]))
        tx, ty, tz = (x_in - x) * iu, (y_in - y) * iv, (z_in - z) * iw
        late = maximum(ty, tz)
        t_in = maximum(tx, late)
        points = fma(t_in, u, x), fma(t_in, v, y), fma(t_in, w, z)
        store(near, part, _wall_cells(box, points, tx >= late, ty >= tz, entry))
        tx, ty, tz = (x_out - x) * iu, (y_out - y) * iv, (z_out - z) * iw
        soon = minimum(ty, tz)
        t_out = minimum(tx, soon)
        points = fma(t_out, u, x), fma(t_out, v, y), fma(t_out, w, z)
        store(far, part, _wall_cells(box, points, tx <= soon, ty <= tz, exits))
        all_meet &= bits(t_in < t_out) == ALL
    return all_meet
