"""The volume that tetrahedra have in each voxel of a grid, exact up to rounding.

A tetrahedron that lies in several voxels is cut by the middle one of the faces between them, which leaves tetrahedra
on both sides; these are cut in turn, until each lies in one row of voxels, over which its volume is a cubic spline.
"""

from __future__ import annotations

import numpy as np

from .jit import driver, kernel

STACK = 1024
"""Tetrahedra that wait: a cut adds at most 5 and halves a range of voxels, so 3 x 64 halvings fit."""
SLIVER = 1e-16
"""A piece with less than this of the whole is rounding."""
EDGES = (
    ((0, 1), (0, 2), (0, 3), (0, 3)),
    ((0, 2), (0, 3), (1, 2), (1, 3)),
    ((0, 3), (1, 3), (2, 3), (2, 3)),
)  # fmt: skip
"""With 1, 2 or 3 corners below a plane, corners sorted: the edges that it cuts, in points 4 to 7."""
PIECES = (
    ((0, 4, 5, 6), (4, 5, 6, 3), (4, 5, 2, 3), (4, 1, 2, 3), (0, 0, 0, 0), (0, 0, 0, 0)),
    ((0, 4, 5, 7), (0, 4, 6, 7), (0, 1, 6, 7), (2, 4, 6, 7), (2, 4, 5, 7), (2, 3, 5, 7)),
    ((4, 5, 6, 2), (4, 5, 1, 2), (4, 0, 1, 2), (3, 4, 5, 6), (0, 0, 0, 0), (0, 0, 0, 0)),
)  # fmt: skip
"""Corners of the pieces, those below first: a tetrahedron at a corner, and prisms as three each."""
BELOW = (1, 3, 3)
COUNT = (4, 6, 4)


@kernel
def _volume(a, b, c, d):
    """Six times the signed volume of a tetrahedron."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    wx, wy, wz = d[0] - a[0], d[1] - a[1], d[2] - a[2]
    return ux * (vy * wz - vz * wy) + uy * (vz * wx - vx * wz) + uz * (vx * wy - vy * wx)


@kernel
def _cut(stack, ranges, top, p, span, axis, tables, least):
    """Cut the tetrahedron in rows 0 to 3 of p at the middle of its range of voxels along an axis.

    span: (6,) its ranges; least: volume above which a piece is put onto the stack. Returns the new top of the stack.
    """
    edges, pieces, below, count, faces = tables
    middle = (span[2 * axis] + span[2 * axis + 1] + 1) // 2
    at = faces[axis, middle]
    for i in range(1, 4):  # sorted along the axis
        for k in range(i, 0, -1):
            if p[k, axis] < p[k - 1, axis]:
                for j in range(3):
                    p[k, j], p[k - 1, j] = p[k - 1, j], p[k, j]
    case = 0 if p[1, axis] > at else (1 if p[2, axis] > at else 2)
    for i in range(4):
        a, b = edges[case, i, 0], edges[case, i, 1]
        s = (at - p[a, axis]) / (p[b, axis] - p[a, axis])
        for j in range(3):
            p[4 + i, j] = p[a, j] + s * (p[b, j] - p[a, j])
        p[4 + i, axis] = at
    for n in range(count[case]):
        rows = pieces[case, n]
        if abs(_volume(p[rows[0]], p[rows[1]], p[rows[2]], p[rows[3]])) <= least:
            continue
        for i in range(4):
            for j in range(3):
                stack[top, i, j] = p[rows[i], j]
        for j in range(6):
            ranges[top, j] = span[j]
        if n < below[case]:
            ranges[top, 2 * axis + 1] = middle - 1
        else:
            ranges[top, 2 * axis] = middle
        top += 1
    return top


@kernel
def _below(v0, v1, v2, v3, at):
    """The part of a tetrahedron below a plane across an axis; v0 <= ... <= v3 are its corners along the axis.

    Below the plane there is a tetrahedron at one corner, or a prism of three tetrahedra; no terms cancel.
    """
    if at <= v0:
        return 0.0
    if at >= v3:
        return 1.0
    if at <= v1:
        return (at - v0) / (v1 - v0) * ((at - v0) / (v2 - v0)) * ((at - v0) / (v3 - v0))
    if at >= v2:
        return 1.0 - (v3 - at) / (v3 - v0) * ((v3 - at) / (v3 - v1)) * ((v3 - at) / (v3 - v2))
    a, b, c, d = (at - v0) / (v2 - v0), (at - v0) / (v3 - v0), (at - v1) / (v2 - v1), (at - v1) / (v3 - v1)
    return a * b * (1.0 - d) + a * (1.0 - c) * d + c * d


@kernel
def _slice(p, span, axis, faces, volume, low, size, out):
    """Add a tetrahedron that lies in one row of voxels along an axis: its part between each two faces."""
    v0, v1, v2, v3 = p[0, axis], p[1, axis], p[2, axis], p[3, axis]
    v0, v1, v2, v3 = min(v0, v1), max(v0, v1), min(v2, v3), max(v2, v3)
    v0, v2 = min(v0, v2), max(v0, v2)
    v1, v3 = min(v1, v3), max(v1, v3)
    v1, v2 = min(v1, v2), max(v1, v2)
    stride = size[1] * size[2] if axis == 0 else (size[2] if axis == 1 else 1)
    where = ((span[0] - low[0]) * size[1] + span[2] - low[1]) * size[2] + span[4] - low[2]
    before = 0.0
    for i in range(span[2 * axis], span[2 * axis + 1] + 1):
        after = _below(v0, v1, v2, v3, faces[axis, i + 1])
        if low[axis] <= i < low[axis] + size[axis]:
            out[where + (i - span[2 * axis]) * stride] += (after - before) * volume
        before = after


@kernel
def _spread(stack, ranges, p, span, tables, beyond, low, size, out):
    """Add the volumes of the tetrahedron at the bottom of the stack to a box of voxels, size (3,) from low.

    It is cut across the axes along which it is shortest; along the last one no cuts are needed.
    """
    faces, top = tables[4], 1
    whole = _volume(stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3])
    sign = 1.0 if whole > 0.0 else -1.0
    while top:
        top -= 1
        for i in range(4):
            for j in range(3):
                p[i, j] = stack[top, i, j]
        longest, axis, most, least, inside = 0, 0, -1, np.int64(1) << 62, True
        for j in range(3):
            first, last = ranges[top, 2 * j], ranges[top, 2 * j + 1]
            near, far = min(p[0, j], p[1, j], p[2, j], p[3, j]), max(p[0, j], p[1, j], p[2, j], p[3, j])
            while first < last and faces[j, first + 1] <= near:
                first += 1
            while first < last and faces[j, last] >= far:
                last -= 1
            span[2 * j], span[2 * j + 1] = first, last
            inside = inside and last > 0 and first < beyond[j]
            if last - first > most:
                longest, most = j, last - first
        if not inside:
            continue
        for j in range(3):
            if j != longest and 0 < span[2 * j + 1] - span[2 * j] < least:
                axis, least = j, span[2 * j + 1] - span[2 * j]
        if least < np.int64(1) << 62:
            top = _cut(stack, ranges, top, p, span, axis, tables, SLIVER * abs(whole))
        else:
            _slice(p, span, longest, faces, sign * abs(_volume(p[0], p[1], p[2], p[3])) / 6.0, low, size, out)


@driver
def voxels(points, tetrahedra, faces, shape, low, high, start, out):
    """Write the signed volumes of tetrahedra in the voxels of a box around each.

    points: (n_point, 3); tetrahedra: (n, 4)
    faces: (3, any) of the grid, with -inf before and inf after them: along an axis, voxels 0 and shape + 1 are what
        is beyond the grid; low, high: (n, 3) first and last such voxel of each tetrahedron
    start: (n + 1,) where the box of each begins in out, which holds zeros; its voxels in the grid, z fastest
    """
    stack, p = np.empty((STACK, 4, 3)), np.empty((8, 3))
    ranges, span = np.empty((STACK, 6), np.int64), np.empty(6, np.int64)
    tables = (np.array(EDGES), np.array(PIECES), np.array(BELOW), np.array(COUNT), faces)
    first, size, beyond = np.empty(3, np.int64), np.empty(3, np.int64), np.empty(3, np.int64)
    for n in range(tetrahedra.shape[0]):
        if start[n] == start[n + 1]:
            continue
        for j in range(3):
            for i in range(4):
                stack[0, i, j] = points[tetrahedra[n, i], j]
            ranges[0, 2 * j], ranges[0, 2 * j + 1] = low[n, j], high[n, j]
            beyond[j] = shape[j] + 1
            first[j] = max(low[n, j], 1)
            size[j] = min(high[n, j], shape[j]) - first[j] + 1
        _spread(stack, ranges, p, span, tables, beyond, first, size, out[start[n] : start[n + 1]])
