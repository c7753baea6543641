"""The exact march, and the thin limit, along one ray: from the observer, cell by cell, to the far end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .grids import (
    MISSED,
    STOPPED,
    STRUCK,
    begin,
    cell_of,
    enter,
    exit_at,
    face_left,
    inside,
    offset,
    ray_of,
    record_of,
    step,
)
from .intrinsics import fma
from .jit import driver, inlined, kernel
from .transfer import absorb


class Traced(NamedTuple):
    """The answer of a ray.

    transmittance T and emission E [W m-2 sr-1], closed by the wall as I = E + T I_wall; optical depth;
    what was neglected [W m-2 sr-1]: the first such term of a limit, the bound of a stop or of the switch;
    records read; steps of each regime: exact cells, thin, thick; the face where it left (MISSED: none).
    """

    transmittance: float
    emission: float
    optical_depth: float
    neglected: float
    visits: int
    exact: int
    thin: int
    thick: int
    face: int


@kernel
def cell_between(cells, b, walk, ray, t, t_next, linear):
    """Return (kappa at mid-segment, S at its near end, S at its far end) of the current cell, all >= 0."""
    k, kx, ky, kz, s, gx, gy, gz = record_of(cells, cell_of(cells, walk), b)
    if not linear:
        return np.float64(k), np.float64(s), np.float64(s)
    half = 0.5 * (t_next - t)
    x, y, z = offset(cells, ray, walk, t + half)
    kappa = fma(z, kz, fma(y, ky, fma(x, kx, k)))
    middle = fma(z, gz, fma(y, gy, fma(x, gx, s)))
    rise = half * fma(ray.w, gz, fma(ray.v, gy, ray.u * gx))
    return max(kappa, 0.0), max(middle - rise, 0.0), max(middle + rise, 0.0)


@kernel
def slope_along(cells, b, walk, ray):
    """Derivative of S along the ray in the current cell."""
    _, _, _, _, _, gx, gy, gz = record_of(cells, cell_of(cells, walk), b)
    return ray.u * gx + ray.v * gy + ray.w * gz


@inlined
def leave(stop, b, T, E):
    """Return the radiance of a ray that is left in band b, and the bound of what that neglects."""
    E = fma(T, stop.middle[b], E)
    return E, fma(stop.rounding, E, T * stop.unsure[b])


@kernel
def march(cells, b, ray, linear, stop, end):
    """Fold (T, E) over the cells with the exact exponential; constant or linear cells.

    stop: stopping.Stop, when the ray is left; it ends at distance `end` (inf: nothing opaque is in the way).
    """
    t, t_out = enter(cells, ray)
    if not t < min(t_out, end):
        struck = end < np.inf and not t_out < end
        return Traced(1.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, STRUCK if struck else MISSED)
    T, E, tau, crossings = 1.0, 0.0, 0.0, 0
    cutoff, slope = stop.cutoff[b], stop.slope[b]
    walk = begin(cells, ray, t)
    counts = True
    while counts and t < end and inside(cells, walk):
        counts = fma(slope, E, cutoff) < T
        t_next = min(max(t, exit_at(cells, walk)), end)
        kappa, near, far = cell_between(cells, b, walk, ray, t, t_next, linear)
        d = kappa * (t_next - t) if counts else 0.0
        a, e, w = absorb(d)
        E = fma(T, fma(far - near, w, near * a), E)
        T *= e
        tau += d
        crossings += 1
        t, walk = t_next, step(cells, ray, walk)
    if not fma(slope, E, cutoff) < T:
        E, left_out = leave(stop, b, T, E)
        return Traced(0.0, E, np.nan, left_out, crossings, crossings, 0, 0, STOPPED)
    face = STRUCK if t >= end else face_left(cells, walk)
    return Traced(T, E, tau, 0.0, crossings, crossings, 0, 0, face)


@kernel
def thin(cells, b, ray):
    """Thin limit: T = 1 - tau, E = integral of kappa S; neglects the integral of kappa S tau'."""
    t, t_out = enter(cells, ray)
    if not t < t_out:
        return Traced(1.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, MISSED)
    E, tau, neglected, crossings = 0.0, 0.0, 0.0, 0
    walk = begin(cells, ray, t)
    while inside(cells, walk):
        t_next = max(t, exit_at(cells, walk))
        kappa, near, far = cell_between(cells, b, walk, ray, t, t_next, True)
        d = kappa * (t_next - t)
        emitted = 0.5 * (near + far) * d
        neglected += emitted * tau + (near / 6.0 + far / 3.0) * d * d
        E += emitted
        tau += d
        crossings += 1
        t, walk = t_next, step(cells, ray, walk)
    return Traced(1.0 - tau, E, tau, neglected, crossings, 0, crossings, 0, face_left(cells, walk))


SEGMENT = ("s", "length", "kappa", "source_near", "source_far", "optical_depth", "emission")
"""Columns of `segments`: distance of the near end [m], length [m], kappa [1/m], S at both ends, the segment's
own optical depth, and its contribution T E to the ray's emission [W m-2 sr-1]."""
S, LENGTH, KAPPA, SOURCE_NEAR, SOURCE_FAR, OPTICAL_DEPTH, EMISSION = range(len(SEGMENT))


@driver
def segments(cells, b, origin, direction, end, linear, out):
    """Write the march of the first ray into out (n_crossing, 7), a row per segment; return their number.

    Ends at distance `end` (inf: nothing opaque is in the way). Counts only, when out has no rows.
    """
    ray = ray_of(origin, direction, 0)
    t, t_out = enter(cells, ray)
    if not t < min(t_out, end):
        return 0
    T, n = 1.0, 0
    walk = begin(cells, ray, t)
    while t < end and inside(cells, walk):
        t_next = min(max(t, exit_at(cells, walk)), end)
        if n < out.shape[0]:
            kappa, near, far = cell_between(cells, b, walk, ray, t, t_next, linear)
            d = kappa * (t_next - t)
            a, e, w = absorb(d)
            out[n, S] = t
            out[n, LENGTH] = t_next - t
            out[n, KAPPA] = kappa
            out[n, SOURCE_NEAR] = near
            out[n, SOURCE_FAR] = far
            out[n, OPTICAL_DEPTH] = d
            out[n, EMISSION] = T * fma(far - near, w, near * a)
            T *= e
        n += 1
        t, walk = t_next, step(cells, ray, walk)
    return n
