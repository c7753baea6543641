"""Bricks of cells of a Cartesian grid as a ray meets them (pyramid.py): the verbs of grids.py."""

from __future__ import annotations

import numpy as np

from . import grids
from .cartesian import ENDLESS, Cells, Walk, cell_entered, exit_distance, search
from .grids import implements
from .jit import kernel
from .pyramid import BASE


@kernel
def _brick(faces, i, level):
    """First and last face, along one axis, of the brick of a level that holds index i."""
    s = BASE + level
    first = (i >> s) << s
    return first, min(first + (1 << s), faces.size - 1)


@kernel
def _exit_brick(faces, i, level, o, d, inverse):
    """Distance at which the ray leaves, along one axis, the brick that holds index i."""
    if d == 0.0:
        return np.inf
    first, last = _brick(faces, i, level)
    return min((faces[last if d > 0.0 else first] - o) * inverse, ENDLESS)


@implements(grids.brick_exit, Cells)
def brick_exit(cells, ray, walk, level):
    """Distance at which the ray leaves the brick of a level that holds its cell."""
    return min(
        _exit_brick(cells.x, walk.i, level, ray.x, ray.u, ray.iu),
        _exit_brick(cells.y, walk.j, level, ray.y, ray.v, ray.iv),
        _exit_brick(cells.z, walk.k, level, ray.z, ray.w, ray.iw),
    )


@kernel
def _index_after(faces, i, level, t, o, d, inverse):
    """Index along one axis after the ray has left the brick of a level at distance t."""
    first, last = _brick(faces, i, level)
    if _exit_brick(faces, i, level, o, d, inverse) <= t:
        return last if d > 0.0 else first - 1
    p = o + t * d
    return cell_entered(faces, first, search(faces, first, last, p), p, d)


@implements(grids.jump, Cells)
def jump(cells, ray, walk, level, t):
    """Return the walk just behind the brick of a level, which the ray leaves at distance t."""
    i = _index_after(cells.x, walk.i, level, t, ray.x, ray.u, ray.iu)
    j = _index_after(cells.y, walk.j, level, t, ray.y, ray.v, ray.iv)
    k = _index_after(cells.z, walk.k, level, t, ray.z, ray.w, ray.iw)
    return Walk(
        i,
        j,
        k,
        exit_distance(cells.x, i, ray.x, ray.u, ray.iu),
        exit_distance(cells.y, j, ray.y, ray.v, ray.iv),
        exit_distance(cells.z, k, ray.z, ray.w, ray.iw),
    )


@kernel
def _crossings(d, width, first, k):
    """Bound of the sum over faces of exp(-k s), width/|d| apart or more, the first at `first` (eq. 13)."""
    if d == 0.0 or not width < np.inf:
        return 0.0
    return (1.0 + abs(d) / (k * width)) / (1.0 + k * max(first, 0.0))


@kernel
def _per_metre(d, width):
    """Most faces of one axis crossed in a metre."""
    return abs(d) / width if width < np.inf else 0.0


@implements(grids.faces_per_metre, Cells)
def faces_per_metre(cells, pyramid, ray):
    """Most faces crossed in a metre."""
    return (
        _per_metre(ray.u, pyramid.width_min[0])
        + _per_metre(ray.v, pyramid.width_min[1])
        + _per_metre(ray.w, pyramid.width_min[2])
    )


@kernel
def _longest_path(d, width):
    """Longest way through a cell as one axis allows it."""
    return width / abs(d) if d != 0.0 else np.inf


@implements(grids.crossings, Cells)
def crossings(cells, pyramid, ray, walk, t, k):
    """Bound of the sum over all faces that the ray crosses from distance t on of exp(-k s) (eq. 13)."""
    return (
        _crossings(ray.u, pyramid.width_min[0], walk.tx - t, k)
        + _crossings(ray.v, pyramid.width_min[1], walk.ty - t, k)
        + _crossings(ray.w, pyramid.width_min[2], walk.tz - t, k)
    )


@implements(grids.longest_path, Cells)
def longest_path(cells, pyramid, ray):
    """Longest way of the ray through any cell [m]."""
    return min(
        _longest_path(ray.u, pyramid.width_max[0]),
        _longest_path(ray.v, pyramid.width_max[1]),
        _longest_path(ray.w, pyramid.width_max[2]),
    )


@implements(grids.node_of, Cells)
def node_of(cells, pyramid, level, walk):
    """Number of the node of a level that holds the current cell."""
    s = BASE + level
    ny, nz = pyramid.shape[level, 1], pyramid.shape[level, 2]
    return pyramid.first[level] + ((walk.i >> s) * ny + (walk.j >> s)) * nz + (walk.k >> s)
