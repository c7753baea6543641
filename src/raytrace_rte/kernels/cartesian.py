"""Cell-to-cell traversal of a Cartesian grid by exit planes (Amanatides & Woo 1987; Siddon 1985).

Each exit distance is computed from the face position itself, never accumulated, and a walk ends by cell
index, never by distance: rounding cannot carry it off the arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .jit import kernel

ENDLESS = 1e300
"""[m], stands for the end of an infinite axis: finite, so that 0 * ENDLESS = 0 in a clear slab."""


class Ray(NamedTuple):
    """Origin (x, y, z), unit direction (u, v, w) and its reciprocals (inf for a zero component)."""

    x: float
    y: float
    z: float
    u: float
    v: float
    w: float
    iu: float
    iv: float
    iw: float


class Walk(NamedTuple):
    """The current cell and the distances [m] at which the ray leaves it through each axis' faces."""

    i: int
    j: int
    k: int
    tx: float
    ty: float
    tz: float


@kernel
def ray_of(origin, direction, r):
    """Return ray number r of the arrays."""
    u, v, w = direction[r, 0], direction[r, 1], direction[r, 2]
    one = np.float64(1.0)
    return Ray(
        origin[r, 0],
        origin[r, 1],
        origin[r, 2],
        u,
        v,
        w,
        one / u if u != 0.0 else np.inf,
        one / v if v != 0.0 else np.inf,
        one / w if w != 0.0 else np.inf,
    )


@kernel
def _span(faces, o, d, inverse):
    """Distances between which a ray is inside one axis' extent."""
    first, last = faces[0], faces[faces.size - 1]
    if d == 0.0:
        if first <= o <= last:
            return -np.inf, np.inf
        return np.inf, -np.inf
    a, b = (first - o) * inverse, (last - o) * inverse
    return min(a, b), max(a, b)


@kernel
def enter(grid, ray):
    """Return the distances at which the ray enters and leaves the grid; a miss unless the first is less."""
    x0, x1 = _span(grid.x, ray.x, ray.u, ray.iu)
    y0, y1 = _span(grid.y, ray.y, ray.v, ray.iv)
    z0, z1 = _span(grid.z, ray.z, ray.w, ray.iw)
    return max(0.0, x0, y0, z0), min(x1, y1, z1)


@kernel
def search(faces, first, last, p):
    """Cell of a position between two faces; on a face, the upper one."""
    low, high = first, last
    while high - low > 1:
        middle = (low + high) // 2
        if faces[middle] <= p:
            low = middle
        else:
            high = middle
    return low


@kernel
def cell_entered(faces, first, i, p, d):
    """Cell i of a position, from the first one on, or the one below that the ray runs into from its face."""
    return i - 1 if d < 0.0 and i > first and faces[i] == p else i


@kernel
def _locate(faces, p, d):
    """Cell of a position; on a face, the cell that the ray runs into (the upper one when it runs along)."""
    n = faces.size - 1
    i = uniform_index(faces, p)
    if not (faces[i] <= p or i == 0) or not (p < faces[i + 1] or i == n - 1):
        i = search(faces, 0, n, p)
    return cell_entered(faces, 0, i, p, d)


@kernel
def uniform_index(faces, p):
    """Cell of a position if all were equal."""
    n = faces.size - 1
    if n == 1:
        return 0
    share = (p - faces[0]) / (faces[n] - faces[0])
    return int(min(max(share, 0.0), 1.0) * n) if share < 1.0 else n - 1


@kernel
def exit_distance(faces, i, o, d, inverse):
    """Distance at which a ray leaves cell i of one axis."""
    if i < 0 or i >= faces.size - 1 or d == 0.0:
        return np.inf
    return min((faces[i + (d > 0.0)] - o) * inverse, ENDLESS)


@kernel
def begin(grid, ray, t):
    """Return the walk at distance t inside the grid."""
    i = _locate(grid.x, ray.x + t * ray.u, ray.u)
    j = _locate(grid.y, ray.y + t * ray.v, ray.v)
    k = _locate(grid.z, ray.z + t * ray.w, ray.w)
    return Walk(
        i,
        j,
        k,
        exit_distance(grid.x, i, ray.x, ray.u, ray.iu),
        exit_distance(grid.y, j, ray.y, ray.v, ray.iv),
        exit_distance(grid.z, k, ray.z, ray.w, ray.iw),
    )


@kernel
def exit_at(walk):
    """Distance at which the ray leaves the current cell."""
    return min(walk.tx, walk.ty, walk.tz)


@kernel
def step(grid, ray, walk):
    """Return the walk in the next cell, which may lie outside the grid."""
    i, j, k, tx, ty, tz = walk
    if tx <= ty and tx <= tz:
        i += 1 if ray.u > 0.0 else -1
        tx = exit_distance(grid.x, i, ray.x, ray.u, ray.iu)
    elif ty <= tz:
        j += 1 if ray.v > 0.0 else -1
        ty = exit_distance(grid.y, j, ray.y, ray.v, ray.iv)
    else:
        k += 1 if ray.w > 0.0 else -1
        tz = exit_distance(grid.z, k, ray.z, ray.w, ray.iw)
    return Walk(i, j, k, tx, ty, tz)


@kernel
def inside(grid, walk):
    """Whether the walk is still in a cell of the grid."""
    return 0 <= walk.i < grid.x.size - 1 and 0 <= walk.j < grid.y.size - 1 and 0 <= walk.k < grid.z.size - 1


@kernel
def cell_of(grid, walk):
    """Flat number of the current cell, z fastest."""
    return (walk.i * (grid.y.size - 1) + walk.j) * (grid.z.size - 1) + walk.k


MISSED = 6
"""Face number of a ray that does not meet the grid; 0 to 5 are x_min, x_max, y_min, ... (grid.FACES)."""
STRUCK = 7
"""In place of a face: something opaque has ended the ray."""
STOPPED = 8
"""In place of a face: the ray was left before its end, in all bands."""
ENDS = 9
"""How many of these numbers there are."""


@kernel
def common_face(face, other):
    """The face where a ray leaves, of which two bands tell: one may have stopped; at an edge, the lower."""
    if face == STOPPED or other == STOPPED:
        return other if face == STOPPED else face
    return min(face, other)


@kernel
def face_left(grid, walk):
    """Number of the face through which a walk that is no longer inside has left the grid."""
    if walk.i < 0:
        return 0
    if walk.i >= grid.x.size - 1:
        return 1
    if walk.j < 0:
        return 2
    if walk.j >= grid.y.size - 1:
        return 3
    if walk.k < 0:
        return 4
    return 5
