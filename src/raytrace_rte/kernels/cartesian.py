"""Cell-to-cell traversal of a Cartesian grid by exit planes (Amanatides & Woo 1987; Siddon 1985).

Each exit distance is computed from the face position itself, never accumulated, and a walk ends by cell
index, never by distance: rounding cannot carry it off the arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import grids
from .grids import ENDS as ENDS
from .grids import MISSED as MISSED
from .grids import STOPPED as STOPPED
from .grids import STRUCK as STRUCK
from .grids import implements
from .intrinsics import fma
from .jit import kernel

ENDLESS = 1e300
"""[m], stands for the end of an infinite axis: finite, so that 0 * ENDLESS = 0 in a clear slab."""


class Cells(NamedTuple):
    """What ray kernels read: faces and centres of the grid's axes, and the records (n_cell, n_band, 8).

    pitch: widths of the cells along the axes (3,) [m] where all cells of the grid are equal, else zeros
    faces: those of the three axes in turn, from start (4,) on
    stride: how far apart the records of neighbours along each axis are (3,)
    axes: `Axis` of the three axes in turn, from start on (4, n)
    kappa, source: the fields themselves (n_cell, n_band). Where there are no records (0, n_band, 8), they are
    rebuilt from these, wherever a ray comes
    """

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    cx: np.ndarray
    cy: np.ndarray
    cz: np.ndarray
    record: np.ndarray
    pitch: np.ndarray
    faces: np.ndarray
    start: np.ndarray
    stride: np.ndarray
    axes: np.ndarray
    kappa: np.ndarray
    source: np.ndarray


class Walk(NamedTuple):
    """The current cell and the distances [m] at which the ray leaves it through each axis' faces."""

    i: int
    j: int
    k: int
    tx: float
    ty: float
    tz: float


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
def faces_crossed(cells, ray):
    """Return how many faces a ray crosses in a metre, in the mean over the grid [1/m]."""
    return _per_metre(cells.x, ray.u) + _per_metre(cells.y, ray.v) + _per_metre(cells.z, ray.w)


@kernel
def _per_metre(faces, d):
    """Faces of one axis that are crossed in a metre; none of an infinite axis."""
    return abs(d) * (faces.size - 1) / (faces[faces.size - 1] - faces[0])


@implements(grids.enter, Cells)
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
    first, n = np.int64(0), faces.size - 1
    i = uniform_index(faces, p)
    if not (faces[i] <= p or i == 0) or not (p < faces[i + 1] or i == n - 1):
        i = search(faces, first, n, p)
    return cell_entered(faces, first, i, p, d)


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


@implements(grids.begin, Cells)
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


@implements(grids.exit_at, Cells)
def exit_at(grid, walk):
    """Distance at which the ray leaves the current cell."""
    return min(walk.tx, walk.ty, walk.tz)


@implements(grids.step, Cells)
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


@implements(grids.inside, Cells)
def inside(grid, walk):
    """Whether the walk is still in a cell of the grid."""
    return 0 <= walk.i < grid.x.size - 1 and 0 <= walk.j < grid.y.size - 1 and 0 <= walk.k < grid.z.size - 1


@implements(grids.cell_of, Cells)
def cell_of(grid, walk):
    """Flat number of the current cell, z fastest."""
    return (walk.i * (grid.y.size - 1) + walk.j) * (grid.z.size - 1) + walk.k


@implements(grids.face_left, Cells)
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


@implements(grids.offset, Cells)
def offset(cells, ray, walk, t):
    """Where the ray is at distance t, from the centre of the current cell (3,) [m]."""
    return (
        fma(t, ray.u, ray.x - cells.cx[walk.i]),
        fma(t, ray.v, ray.y - cells.cy[walk.j]),
        fma(t, ray.w, ray.z - cells.cz[walk.k]),
    )
