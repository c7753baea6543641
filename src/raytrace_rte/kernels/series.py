"""The thick series along a ray: I = S + D S + D^2 S + ..., D = (1/kappa) d/ds, s from the observer inwards.

kappa and S along the ray are Taylor polynomials of the field around the cell (stencil.py on a Cartesian grid).
Each application of D is a derivative and a division of power series, so gradients of kappa enter from the
second order on (docs/theory.md, equation 8).
"""

from __future__ import annotations

import numpy as np

from .grids import (
    MISSED,
    STOPPED,
    begin,
    cell_of,
    enter,
    exit_at,
    face_left,
    inside,
    kappa_of,
    record_of,
    smooth_taylor,
    step,
)
from .jit import kernel
from .march import Traced, cell_between, slope_along
from .stencil import ORDERS, SUM
from .transfer import absorb


@kernel
def taylor(cells, b, walk, ray, t, work):
    """Write the Taylor coefficients in s of kappa and S along the ray, at distance t, into work[SUM].

    Where those are not kappa > 0 and S >= 0 the field is not smooth on this stencil; then the medium's own
    limited linear cell is taken.
    """
    out = work[SUM]
    smooth_taylor(cells, b, walk, ray, t, work)
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
        t_next = max(t, exit_at(cells, walk))
        crossings += 1
        if kappa_of(cells, cell_of(cells, walk), b) > 0.0 and t_next > t:
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
        t_next = max(t, exit_at(cells, walk))
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
