"""The thick series along a ray: I = S + D S + D^2 S + ..., D = (1/kappa) d/ds, s from the observer inwards.

kappa and S along the ray are Taylor polynomials of the tensor product of Lagrange polynomials through up to
five cell centres an axis: fifth order where the field is smooth. Each application of D is a derivative and a
division of power series, so gradients of kappa enter from the second order on (docs/theory.md, equation 8).
"""

from __future__ import annotations

import numpy as np

from .cartesian import MISSED, STOPPED, begin, cell_of, enter, exit_at, face_left, inside, step
from .jit import kernel
from .march import Traced, cell_between, slope_along
from .reconstruct import record_of
from .transfer import absorb

ORDERS = 5
"""Taylor coefficients kept: the fourth derivative is the first term that four terms neglect."""
WORK = (6, ORDERS, ORDERS)
"""Shape of the work array: the bases of three axes, then (kappa, S) summed over a plane, a line, and all."""
SUM = 5


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


@kernel
def taylor(cells, b, walk, ray, t, work):
    """Write the Taylor coefficients in s of kappa and S along the ray, at distance t, into work[SUM].

    Where those are not kappa > 0 and S >= 0 the field is not smooth on this stencil; then the medium's own
    limited linear cell is taken.
    """
    ny, nz = cells.cy.size, cells.cz.size
    c = cell_of(cells, walk)
    x0, x1 = _window(cells, b, cells.cx, c, ny * nz, walk.i)
    y0, y1 = _window(cells, b, cells.cy, c, nz, walk.j)
    z0, z1 = _window(cells, b, cells.cz, c, 1, walk.k)
    _basis(cells.cx, x0, x1, ray.x, ray.u, t, work[0])
    _basis(cells.cy, y0, y1, ray.y, ray.v, t, work[1])
    _basis(cells.cz, z0, z1, ray.z, ray.w, t, work[2])
    plane, line, out = work[3], work[4], work[SUM]
    out[:] = 0.0
    for i in range(x0, x1 + 1):
        plane[:] = 0.0
        for j in range(y0, y1 + 1):
            line[:] = 0.0
            for k in range(z0, z1 + 1):
                c = (i * ny + j) * nz + k
                for n in range(ORDERS):
                    line[0, n] += cells.kappa[c, b] * work[2, k - z0, n]
                    line[1, n] += cells.source[c, b] * work[2, k - z0, n]
            _times(line[0], work[1, j - y0], plane[0])
            _times(line[1], work[1, j - y0], plane[1])
        _times(plane[0], work[0, i - x0], out[0])
        _times(plane[1], work[0, i - x0], out[1])
    if not (out[0, 0] > 0.0 and out[1, 0] >= 0.0):
        _linear(cells, b, walk, ray, t, out)


@kernel
def _linear(cells, b, walk, ray, t, out):
    """Taylor coefficients of the current cell's linear reconstruction."""
    k, kx, ky, kz, _, sx, sy, sz = record_of(cells, cell_of(cells, walk), b)
    kappa, source, _ = cell_between(cells, b, walk, ray, t, t, True)
    out[:] = 0.0
    out[1, 0] = source
    out[1, 1] = ray.u * sx + ray.v * sy + ray.w * sz
    if kappa > 0.0:
        out[0, 0] = kappa
        out[0, 1] = ray.u * kx + ray.v * ky + ray.w * kz
    else:
        out[0, 0] = k


@kernel
def sum_series(kappa, f, terms):
    """Return (sum of the first terms, the next term) of f + D f + D^2 f + ... at s = 0; overwrites f."""
    total = f[0]
    term = 0.0
    for order in range(1, terms + 1):
        valid = ORDERS - order
        for n in range(valid):
            q = (n + 1) * f[n + 1]
            for m in range(n):
                q -= f[m] * kappa[n - m]
            f[n] = q / kappa[0]
        term = f[0]
        if order < terms:
            total += term
    return total, term


@kernel
def thick(cells, b, ray, terms, work):
    """Thick limit: the series where the ray first meets an absorbing cell; opaque from there on."""
    t, t_out = enter(cells, ray)
    if not t < t_out:
        return Traced(1.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, MISSED)
    crossings = 0
    walk = begin(cells, ray, t)
    while inside(cells, walk):
        t_next = max(t, exit_at(walk))
        crossings += 1
        if cells.kappa[cell_of(cells, walk), b] > 0.0 and t_next > t:
            taylor(cells, b, walk, ray, t, work)
            total, neglected = sum_series(work[SUM, 0], work[SUM, 1], terms)
            return Traced(0.0, total, np.inf, neglected, crossings, 0, crossings - 1, 1, STOPPED)
        t, walk = t_next, step(cells, ray, walk)
    return Traced(1.0, 0.0, 0.0, 0.0, crossings, 0, crossings, 0, face_left(cells, walk))


@kernel
def threshold(cells, b, ray, delta, terms, work):
    """March exactly until the local optical thickness of the source's scale exceeds delta, then the series.

    That thickness is kappa / |d ln S / ds|. Knows nothing of what lies behind: no bound.
    """
    t, t_out = enter(cells, ray)
    if not t < t_out:
        return Traced(1.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, MISSED)
    T, E, tau, crossings = 1.0, 0.0, 0.0, 0
    walk = begin(cells, ray, t)
    while inside(cells, walk):
        t_next = max(t, exit_at(walk))
        kappa, near, far = cell_between(cells, b, walk, ray, t, t_next, True)
        d = kappa * (t_next - t)
        crossings += 1
        if kappa * near > delta * abs(slope_along(cells, b, walk, ray)):
            taylor(cells, b, walk, ray, t, work)
            total, neglected = sum_series(work[SUM, 0], work[SUM, 1], terms)
            E += T * total
            return Traced(0.0, E, np.inf, T * neglected, crossings, crossings - 1, 0, 1, STOPPED)
        a, e, w = absorb(d)
        E += T * (near * a + (far - near) * w)
        T *= e
        tau += d
        t, walk = t_next, step(cells, ray, walk)
    return Traced(T, E, tau, 0.0, crossings, crossings, 0, 0, face_left(cells, walk))
