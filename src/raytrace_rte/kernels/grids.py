"""What the march, the certified switch and the thick series ask of a grid: a handful of verbs.

A grid is known by the type of its cells, a NamedTuple of arrays and numbers; where a ray is in it, by a walk,
whose type is the grid's own affair. Numba chooses the implementation by the type of the cells when it compiles
a kernel. Cartesian grids have theirs in cartesian.py, reconstruct.py, bricks.py and stencil.py; another grid
brings its own and needs no change elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from .jit import INNER, kernel

MISSED = 6
"""Face number of a ray that does not meet the grid; lower ones are the grid's own (grid.FACES)."""
STRUCK = 7
"""In place of a face: something opaque has ended the ray."""
STOPPED = 8
"""In place of a face: the ray was left before its end, in all bands."""
ENDS = 9
"""How many of these numbers there are."""


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
def common_face(face, other):
    """The face where a ray leaves, of which two bands tell: one may have stopped; at an edge, the lower."""
    if face == STOPPED or other == STOPPED:
        return other if face == STOPPED else face
    return min(face, other)


_IMPLEMENTATIONS: dict[str, dict[type, Callable[..., Any]]] = {}


def verb(declared: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function mean what the type of its first argument, the cells, implements."""
    implementations = _IMPLEMENTATIONS.setdefault(declared.__name__, {})

    @wraps(declared)
    def called(cells: Any, *args: Any) -> Any:
        return implementations[type(cells)](cells, *args)

    @overload(called, jit_options=INNER, strict=False)
    def chosen(cells: Any, *args: Any) -> Callable[..., Any] | None:
        found = implementations.get(cells.instance_class) if isinstance(cells, types.NamedTuple) else None
        return getattr(found, "py_func", found)

    return called


def implements(of: Callable[..., Any], cells: type) -> Callable[..., Any]:
    """Compile a kernel and let it implement a verb for a type of cells."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        compiled = kernel(function)
        _IMPLEMENTATIONS[of.__name__][cells] = compiled
        return compiled

    return register


# The walk.


@verb
def enter(cells, ray):
    """Return the distances at which the ray enters and leaves the grid; a miss unless the first is less."""


@verb
def begin(cells, ray, t):
    """Return the walk at distance t inside the grid."""


@verb
def exit_at(cells, walk):
    """Return the distance at which the ray leaves the current cell."""


@verb
def step(cells, ray, walk):
    """Return the walk in the next cell, which may lie outside the grid."""


@verb
def inside(cells, walk):
    """Return whether the walk is still in a cell of the grid."""


@verb
def cell_of(cells, walk):
    """Return the number of the current cell."""


@verb
def face_left(cells, walk):
    """Return the number, below MISSED, of the face through which a walk has left the grid."""


# The field, linear in each cell.


@verb
def record_of(cells, c, b):
    """Return kappa, its gradient (3), S and its gradient (3) at the centre of cell c, band b."""


@verb
def kappa_of(cells, c, b):
    """Return kappa at the centre of cell c, band b."""


@verb
def offset(cells, ray, walk, t):
    """Return where the ray is at distance t, from the centre of the current cell (3,) [m]."""


@verb
def smooth_taylor(cells, b, walk, ray, t, work):
    """Write the Taylor coefficients in s of kappa and S along the ray, at distance t, into work[stencil.SUM].

    kappa <= 0 or S < 0 there says that the field is not smooth; then the linear cell is taken.
    """


# Bricks of cells, whose bounds are the nodes of a pyramid.


@verb
def node_of(cells, pyramid, level, walk):
    """Return the number of the node of a level that holds the current cell."""


@verb
def brick_exit(cells, ray, walk, level):
    """Return the distance at which the ray leaves the brick of a level that holds the current cell."""


@verb
def jump(cells, ray, walk, level, t):
    """Return the walk just behind the brick of a level, which the ray leaves at distance t."""


@verb
def faces_per_metre(cells, pyramid, ray):
    """Return the most faces that the ray crosses in a metre."""


@verb
def crossings(cells, pyramid, ray, walk, t, k):
    """Return a bound of the sum of exp(-k s) over all faces crossed from distance t on (eq. 13)."""


@verb
def longest_path(cells, pyramid, ray):
    """Return the longest way of the ray through any cell [m]."""
