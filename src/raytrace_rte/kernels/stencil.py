"""The field around a cell of a Cartesian grid as a power series along a ray, for the thick series.

kappa and S are the tensor product of Lagrange polynomials through up to five cell centres an axis: fifth order
where the field is smooth.
"""

from __future__ import annotations

import numpy as np

from . import grids
from .cartesian import Cells
from .grids import cell_of, implements
from .jit import kernel

ORDERS = 5
"""Taylor coefficients kept: the fourth derivative is the first term that four terms neglect."""
BASIS_X, BASIS_Y, BASIS_Z, PLANE, LINE, SUM = range(6)
"""Parts of the work array: the bases of three axes, then (kappa, S) summed over a plane, a line, and all."""
WORK = (6, ORDERS, ORDERS)
"""Shape of the work array."""


@kernel
def _window(cells, b, centre, c, stride, i):
    """First and last index of the up to five absorbing cells around cell c, number i on its line."""
    first = last = i
    n = centre.size
    while last - first < ORDERS - 1:
        grown = False
        if first > 0 and cells.kappa[c + (first - 1 - i) * stride, b] > 0.0:
            first -= 1
            grown = True
        if last - first < ORDERS - 1 and last < n - 1 and cells.kappa[c + (last + 1 - i) * stride, b] > 0.0:
            last += 1
            grown = True
        if not grown:
            break
    return first, last


@kernel
def _times(p, q, out):
    """out += p * q, power series cut at ORDERS."""
    for m in range(ORDERS):
        for n in range(m + 1):
            out[m] += p[n] * q[m - n]


@kernel
def _basis(centre, first, last, o, d, t, out):
    """out[m]: Taylor coefficients in s of the Lagrange polynomial of node first + m, at o + d (t + s)."""
    x = o + d * t if last > first else 0.0
    for m in range(first, last + 1):
        p = out[m - first]
        p[:] = 0.0
        p[0] = 1.0
        for q in range(first, last + 1):
            if q != m:
                scale = 1.0 / (centre[m] - centre[q])
                a, slope = (x - centre[q]) * scale, d * scale
                for n in range(ORDERS - 1, 0, -1):
                    p[n] = p[n] * a + p[n - 1] * slope
                p[0] *= a


@implements(grids.smooth_taylor, Cells)
def smooth_taylor(cells, b, walk, ray, t, work):
    """Write the Taylor coefficients in s of kappa and S along the ray, at distance t, into work[SUM]."""
    ny, nz = cells.cy.size, cells.cz.size
    c = cell_of(cells, walk)
    x0, x1 = _window(cells, b, cells.cx, c, ny * nz, walk.i)
    y0, y1 = _window(cells, b, cells.cy, c, nz, walk.j)
    z0, z1 = _window(cells, b, cells.cz, c, np.int64(1), walk.k)
    _basis(cells.cx, x0, x1, ray.x, ray.u, t, work[BASIS_X])
    _basis(cells.cy, y0, y1, ray.y, ray.v, t, work[BASIS_Y])
    _basis(cells.cz, z0, z1, ray.z, ray.w, t, work[BASIS_Z])
    plane, line, out = work[PLANE], work[LINE], work[SUM]
    out[:] = 0.0
    for i in range(x0, x1 + 1):
        plane[:] = 0.0
        for j in range(y0, y1 + 1):
            line[:] = 0.0
            for k in range(z0, z1 + 1):
                c = (i * ny + j) * nz + k
                for n in range(ORDERS):
                    line[0, n] += cells.kappa[c, b] * work[BASIS_Z, k - z0, n]
                    line[1, n] += cells.source[c, b] * work[BASIS_Z, k - z0, n]
            _times(line[0], work[BASIS_Y, j - y0], plane[0])
            _times(line[1], work[BASIS_Y, j - y0], plane[1])
        _times(plane[0], work[BASIS_X, i - x0], out[0])
        _times(plane[1], work[BASIS_X, i - x0], out[1])
