"""The Rosseland limit in thick cells: flux and div q by finite volumes, with the first correction.

q = -(4 pi / 3 kappa) grad S is the angular integral of the thick series; the next term is smaller by
(mean free path / scale)^2 (docs/theory.md, eqs. 19 to 22; the half-range flux into a wall is eq. 21).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...grid import FloatArray
from .tracks import Domain

THICK_CELL = 0.5
"""Optical depth of a cell from which on the limit is considered."""
ROUGH = 0.5
"""(mean free path / scale)^2 above which a cell counts as rough."""
NEIGHBOURS = 5
"""Cells across over which sizes of terms are averaged: they pass through zero."""
SWEPT = 0.5
"""The sweep's relative error in thick cells over (kappa h)(h/L)^2; measured 0.35 to 0.84."""


class Limit(NamedTuple):
    """What the limit says: div q [W m-3] and its estimated error, the sweep's estimated error [W m-3], which
    cells may use it at all, and the flux that arrives at each of the six walls [W m-2]."""

    div_q: FloatArray
    error: FloatArray
    swept_error: FloatArray
    possible: NDArray[np.bool_]
    arriving: tuple[FloatArray, ...]


def rosseland(box: Domain, kappa: FloatArray, source: FloatArray, leaving: tuple[FloatArray, ...],
              solid: NDArray[np.bool_], span: float) -> Limit:  # fmt: skip
    """Return the limit for one band.

    kappa [1/m], source [W m-2 sr-1], solid: (nx, ny, nz); leaving: radiosity over pi of the walls of the six
    faces [W m-2 sr-1]; span: range of all sources and walls.
    """
    from scipy.ndimage import minimum_filter
    from scipy.special import expn

    k = np.where(kappa > 0.0, kappa, np.inf)
    tau = kappa * box.size
    second = _second_flux(box, k, source)
    lead, flux, arriving = [], [], []
    for axis in range(3):
        q0 = _leading(box, kappa, source, axis)
        q1 = _to_faces(second[axis], axis, box)
        near, far = _arriving(box, kappa, source, axis)
        ends = np.pi * leaving[2 * axis] - near, far - np.pi * leaving[2 * axis + 1]
        lead.append(_closed(q0, *ends, box, axis))
        flux.append(_closed(q0 + q1, *ends, box, axis))
        arriving += [near, far]
    leading, total = _divergence(box, lead), _divergence(box, flux)
    size = _rms(total)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = _rms(total - leading) / _rms(leading)
    scale = 5.0 / 3.0 * np.where(np.isfinite(ratio), ratio, 0.0)  # (mean free path / L)^2 of one wave
    rough = solid | (tau < THICK_CELL) | (scale > ROUGH)
    clear = _distance(box, rough, minimum_filter(tau, NEIGHBOURS, mode="nearest"))
    seen = 2.0 * np.pi * kappa * span * expn(2, clear)
    error = size * (3.0 / 7.0 * scale**2 + tau**2 * scale / 36.0) + seen
    return Limit(total, error, SWEPT * tau**3 * scale * size, ~rough & (clear > 1.0), tuple(arriving))


def _spread(values: FloatArray, axis: int) -> FloatArray:
    return np.expand_dims(values, [a for a in range(3) if a != axis])


def _slope(box: Domain, f: FloatArray, axis: int) -> FloatArray:
    """Derivative along one axis at cell centres: second order, one-sided at walls, across periods."""
    if f.shape[axis] == 1:
        return np.zeros_like(f)
    faces = box.faces[axis]
    centre = 0.5 * (faces[1:] + faces[:-1])
    if box.period[axis] == 0.0:
        return np.asarray(np.gradient(f, centre, axis=axis))
    period = box.period[axis]
    centre = np.concatenate((centre[-1:] - period, centre, centre[:1] + period))
    wrapped = np.concatenate((np.take(f, [-1], axis), f, np.take(f, [0], axis)), axis)
    return np.asarray(np.gradient(wrapped, centre, axis=axis).take(range(1, 1 + f.shape[axis]), axis))


def _second_flux(box: Domain, k: FloatArray, source: FloatArray) -> list[FloatArray]:
    """First correction of the flux at cell centres, for each axis (eq. 20)."""
    step = [_slope(box, source, j) / k for j in range(3)]
    cross = [[_slope(box, step[j], i) / k for j in range(3)] for i in range(3)]
    trace = cross[0][0] + cross[1][1] + cross[2][2]
    return [
        -(4.0 * np.pi / 15.0) / k
        * (_slope(box, trace, i) + sum(_slope(box, cross[i][j] + cross[j][i], j) for j in range(3)))
        for i in range(3)
    ]  # fmt: skip


def _pairs(f: FloatArray, axis: int, box: Domain) -> tuple[FloatArray, FloatArray]:
    """Values below and above each inner face of an axis; of a periodic one also across its ends."""
    n = f.shape[axis]
    if box.period[axis] > 0.0:
        return np.take(f, range(-1, n - 1), axis), f
    return np.take(f, range(n - 1), axis), np.take(f, range(1, n), axis)


def _leading(box: Domain, kappa: FloatArray, source: FloatArray, axis: int) -> FloatArray:
    """-(4 pi / 3) dS / dtau on inner faces, tau from centre to centre."""
    half = 0.5 * _spread(np.diff(box.faces[axis]), axis) * kappa
    below, above = _pairs(source, axis, box)
    depth = np.add(*_pairs(half, axis, box))
    with np.errstate(divide="ignore", invalid="ignore"):
        q = -(4.0 * np.pi / 3.0) * (above - below) / depth
    return np.where(depth > 0.0, q, 0.0)


def _to_faces(q: FloatArray, axis: int, box: Domain) -> FloatArray:
    """Cell values on inner faces, linear between centres."""
    width = np.broadcast_to(_spread(np.diff(box.faces[axis]), axis), q.shape)
    (below, above), (w0, w1) = _pairs(q, axis, box), _pairs(width, axis, box)
    return (below * w1 + above * w0) / (w0 + w1)


def _arriving(box: Domain, kappa: FloatArray, source: FloatArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """Flux that arrives at the two walls of an axis, pi S + (2 pi / 3 kappa) dS/dn at the wall (eq. 21)."""
    out = []
    slope = _slope(box, source, axis)
    width = np.diff(box.faces[axis])
    for cell, inward in ((0, 1.0), (-1, -1.0)):
        s, g, k = (np.take(f, cell, axis) for f in (source, slope, kappa))
        at_wall = np.maximum(s - inward * 0.5 * width[cell] * g, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            out.append(np.pi * at_wall + np.where(k > 0.0, 2.0 * np.pi / 3.0 * inward * g / k, 0.0))
    return out[0], out[1]


def _closed(inner: FloatArray, low: FloatArray, high: FloatArray, box: Domain, axis: int) -> FloatArray:
    """Fluxes on all n + 1 faces of an axis, along the axis."""
    if box.period[axis] > 0.0:
        return np.concatenate((inner, np.take(inner, [0], axis)), axis)
    return np.concatenate((np.expand_dims(low, axis), inner, np.expand_dims(high, axis)), axis)


def _divergence(box: Domain, flux: list[FloatArray]) -> FloatArray:
    return sum(np.diff(q, axis=a) / _spread(np.diff(box.faces[a]), a) for a, q in enumerate(flux))  # type: ignore[return-value]


def _rms(f: FloatArray) -> FloatArray:
    from scipy.ndimage import uniform_filter

    return np.asarray(np.sqrt(np.maximum(uniform_filter(f * f, NEIGHBOURS, mode="nearest"), 0.0)))


def _distance(box: Domain, rough: NDArray[np.bool_], tau: FloatArray) -> FloatArray:
    """Mean free paths, at least, between a cell's faces and rough cells or what walls send.

    The wall's own face has a flux of its own (eq. 21), so only the cell's other faces count there.
    """
    from scipy.ndimage import distance_transform_cdt

    shape = rough.shape
    cells = np.full(shape, max(shape), dtype=np.float64)
    for axis in range(3):
        if box.period[axis] == 0.0:
            i = np.arange(shape[axis])
            cells = np.minimum(cells, _spread(np.maximum(np.minimum(i, i[::-1]), 1), axis))
    if rough.any():
        pad = [(2, 2) if p > 0.0 and np.isfinite(p) else (0, 0) for p in box.period]
        inside = tuple(slice(a, a + n) for (a, _), n in zip(pad, shape, strict=True))
        apart = distance_transform_cdt(np.pad(~rough, pad, mode="wrap"), "chessboard")[inside]
        cells = np.minimum(cells, np.maximum(apart - 1, 0))
    return cells * tau
