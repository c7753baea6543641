"""The diffusion (Rosseland) limit in thick cells: fluxes through faces with their first correction, and estimates.

q = -(4 pi / 3 kappa) grad S is the angular integral of the thick series; the next term is smaller by
(mean free path / scale)^2 (docs/theory.md, eqs. 19 to 22; the half-range flux into a wall is eq. 21).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...execution.executors import ordered
from ...grid import FACES, FloatArray
from .box import Box, Three
from .padding import Padded, padded

THICK_CELL = 1.5
"""Optical depth of a cell from which on the limit is considered: below, the sweep is about as good (its error over
that of the limit is 2 kappa h for a smooth field)."""
ROUGH = 0.5
"""(mean free path / scale)^2 above which a cell counts as rough."""
NEIGHBOURS = 5
"""Cells across over which sizes of terms and differences between sets are averaged: they pass through zero."""
SWEPT, MARCHED = 0.055, 0.5
"""The relative error in thick cells over (kappa h)(h/L)^2 of the linear-discontinuous sweep (measured: 0.046 to 0.061
for kappa h from 1 to 100), and of the exact march of a slab (0.35 to 0.84)."""
WALL = 4e-3
"""The relative error of the sweep's flux into a wall over kappa h (measured: 4, 13, 43 % at 10, 30 and 100)."""
LEAK, FADE = 0.08, 0.2
"""Of the light that enters a thick cell, what the sweep lets through too much or too little (its exponential is the
quotient of two polynomials), and by what each further cell lessens that."""
FAR = 12.0
"""Mean free paths from a wall at which its light has died away."""
TAIL = 0.2
"""Of what a wall's light would change, what is left when it is counted."""
POINTS = 4
"""Cells from which S is extrapolated to a wall; with one less the difference estimates the error."""
BETTER, BEST = 2.0, 6.0
"""Error of the sweep over that of the limit from where on, and up to where, faces change over."""


class Limit(NamedTuple):
    """What the limit says of a band.

    flux: through the faces of each axis [W m-2], along the axis; arriving: flux that arrives at walls [W m-2], by
    face, and its estimated error; error, swept_error: estimated errors of div q by the limit, inf where it may not
    be used, and by the sweep [W m-3]
    """

    flux: tuple[FloatArray, ...]
    arriving: dict[str, FloatArray]
    arriving_error: dict[str, FloatArray]
    error: FloatArray
    swept_error: FloatArray

    def shares(self, wanted: float, periodic: Three) -> tuple[FloatArray, ...]:
        """Share of the limit in the flux through each face, 0 to 1, smooth in the estimates.

        wanted: error [W m-3] that is good enough for the limit to be taken, as it costs less; periodic: axes whose
        ends are neighbours
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.log(np.maximum(self.swept_error, wanted) / self.error)
        x = np.clip((ratio - np.log(BETTER)) / np.log(BEST / BETTER), 0.0, 1.0)
        cells = np.where(np.isfinite(self.error), x * x * (3.0 - 2.0 * x), 0.0)
        return tuple(np.minimum(*_both(cells, axis, periodic[axis])) for axis in range(3))


def _both(cells: FloatArray, axis: int, periodic: bool) -> tuple[FloatArray, FloatArray]:
    """The cells below and above each face; at an end, the one there is, twice, or that of the other end."""
    first, last = np.take(cells, [0], axis), np.take(cells, [-1], axis)
    if periodic:
        first, last = last, first
    return np.concatenate((first, cells), axis), np.concatenate((cells, last), axis)


def diffusion(
    box: Box,
    kappa: FloatArray,
    source: FloatArray,
    black: dict[str, FloatArray],
    emissivity: dict[str, FloatArray],
    solid: NDArray[np.bool_],
    span: float,
) -> Limit:
    """Return the limit for one band.

    kappa [1/m], source [W m-2 sr-1], solid: (nx, ny, nz); black, emissivity: black radiance of the
    walls [W m-2 sr-1] and their emissivity, by face; span: range of all sources and walls
    """
    from scipy.ndimage import minimum_filter

    p = padded(box)
    kappa, source, solid = p.pad(kappa), p.pad(source), p.pad(solid.astype(np.float64)) > 0.5
    k = np.where(kappa > 0.0, kappa, np.inf)
    tau = kappa * p.size
    second = _second_flux(p, k, source, box.workers)
    lead, within, flux, arriving, at_walls = [], [], [], {}, np.zeros(kappa.shape)
    doubts, wall_doubt = {}, np.zeros(kappa.shape)
    for axis in range(3):
        q0 = _leading(p, kappa, source, axis)
        q1 = _to_faces(second[axis], axis, p)
        ends: list[FloatArray] = []
        for face, at, sign in zip(FACES[2 * axis : 2 * axis + 2], (0, -1), (1.0, -1.0), strict=True):
            if face not in black:
                ends.append(np.zeros(np.delete(kappa.shape, axis)))
                continue
            wall, slope = _at_wall(p, source, axis, at, sign)
            mean = _over(slope, np.take(kappa, at, axis))
            coming = np.maximum(np.pi * wall + 2.0 * np.pi / 3.0 * mean, 0.0)
            share = p.pad_face(emissivity[face], axis)
            light = share * p.pad_face(black[face], axis) + (1.0 - share) * coming / np.pi
            arriving[face] = p.own_face(coming, axis)
            fewer, other = _at_wall(p, source, axis, at, sign, POINTS - 1)
            doubt = np.abs(np.pi * (wall - fewer)) + 2.0 * np.pi / 3.0 * np.abs(
                mean - _over(other, np.take(kappa, at, axis))
            )
            doubts[face] = p.own_face(doubt, axis)
            at_end = np.moveaxis(wall_doubt, axis, 0)[at]  # a view
            at_end += doubt / np.diff(p.faces[axis])[at]
            ends.append(sign * (np.pi * light - coming))
            beside = np.moveaxis(at_walls, axis, 0)[at]  # a view
            beside += np.abs(ends[-1]) / np.diff(p.faces[axis])[at]
            layer = np.moveaxis(q0, axis, 0)[:: int(sign)]  # faces inwards from the wall, a view
            layer += sign * _tail(p, kappa, axis, sign, len(layer), light - wall, mean)
        lead.append(q0)
        within.append(q0 + q1)
        flux.append(_closed(q0 + q1, ends[0], ends[1], axis))
    leading, total = _divergence(p, lead), _divergence(p, within)
    size, change, first = ordered(rms, (total, total - leading, leading), box.workers)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = change / first
    scale = 5.0 / 3.0 * np.where(np.isfinite(ratio), ratio, 0.0)  # (mean free path / L)^2 of one wave
    rough = solid | (tau < THICK_CELL) | (scale > ROUGH)
    wall, clear = _distances(box, p, rough, minimum_filter(tau, NEIGHBOURS, mode="nearest"))
    seen = 2.0 * np.pi * kappa * span * (_e2(clear) + TAIL * _e2(wall))
    axes = sum(n > 1 for n in kappa.shape)  # a wave along all of them alike
    error = size * (3.0 / 7.0 * scale**2 + tau**2 * scale / (12.0 * max(axes, 1))) + seen + wall_doubt
    error = np.where(rough | (np.minimum(clear, wall) <= 1.0), np.inf, error)
    swept = (MARCHED if box.ends.slab else SWEPT) * tau**3 * scale * size
    if not box.ends.slab:
        with np.errstate(divide="ignore", invalid="ignore"):
            layers = np.where(tau > 0.0, np.maximum(np.minimum(clear, wall) / tau, 1.0), 1.0)
        leak = LEAK * np.minimum((tau / 4.0) ** 3, 1.0) * FADE ** (layers - 1.0)
        swept += WALL * tau * at_walls + 2.0 * np.pi * kappa * span * leak
    own = tuple(p.own(f, axis) for axis, f in enumerate(flux))
    return Limit(own, arriving, doubts, p.own(error), p.own(swept))


def _e2(tau: FloatArray) -> FloatArray:
    """The second exponential integral, or up to a fifth more: enough for an estimate, and quick."""
    return np.asarray(np.exp(-tau) / (1.0 + tau))


def _spread(values: FloatArray, axis: int) -> FloatArray:
    return np.expand_dims(values, [a for a in range(3) if a != axis])


def _slope(p: Padded, f: FloatArray, axis: int) -> FloatArray:
    """Derivative along one axis at cell centres: second order, one-sided at walls."""
    if f.shape[axis] == 1:
        return np.zeros_like(f)
    centre = 0.5 * (p.faces[axis][1:] + p.faces[axis][:-1])
    step = np.diff(centre)
    if np.ptp(step) > 1e-9 * step[0]:
        return np.asarray(np.gradient(f, centre, axis=axis))
    out = np.empty_like(f)  # np.gradient takes three times as long
    to, of = np.moveaxis(out, axis, 0), np.moveaxis(f, axis, 0)
    np.subtract(of[2:], of[:-2], out=to[1:-1])
    to[1:-1] *= 0.5 / step[0]
    to[0], to[-1] = (of[1] - of[0]) / step[0], (of[-1] - of[-2]) / step[0]
    return out


def _second_flux(p: Padded, k: FloatArray, source: FloatArray, workers: int) -> list[FloatArray]:
    """First correction of the flux at cell centres, for each axis (eq. 20)."""
    per = 1.0 / k
    step = list(ordered(lambda j: _slope(p, source, j) * per, range(3), workers))
    cross = list(ordered(lambda n: _slope(p, step[n % 3], n // 3) * per, range(9), workers))
    trace = cross[0] + cross[4] + cross[8]

    def along(i: int) -> FloatArray:
        out = _slope(p, trace, i)
        for j in range(3):
            out += _slope(p, cross[3 * i + j] + cross[3 * j + i], j)
        out *= per
        out *= -4.0 * np.pi / 15.0
        return out

    return list(ordered(along, range(3), workers))


def _inner(f: FloatArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """Values below and above each inner face of an axis."""
    n = f.shape[axis]
    return np.take(f, range(n - 1), axis), np.take(f, range(1, n), axis)


def _leading(p: Padded, kappa: FloatArray, source: FloatArray, axis: int) -> FloatArray:
    """-(4 pi / 3) dS / dtau on inner faces, tau from centre to centre."""
    half = 0.5 * _spread(np.diff(p.faces[axis]), axis) * kappa
    below, above = _inner(source, axis)
    depth = np.add(*_inner(half, axis))
    with np.errstate(divide="ignore", invalid="ignore"):
        q = -(4.0 * np.pi / 3.0) * (above - below) / depth
    return np.where(depth > 0.0, q, 0.0)


def _to_faces(q: FloatArray, axis: int, p: Padded) -> FloatArray:
    """Cell values on inner faces, linear between centres."""
    width = np.broadcast_to(_spread(np.diff(p.faces[axis]), axis), q.shape)
    (below, above), (w0, w1) = _inner(q, axis), _inner(width, axis)
    return (below * w1 + above * w0) / (w0 + w1)


def _over(slope: FloatArray, kappa: FloatArray) -> FloatArray:
    """dS/dtau; 0 where nothing absorbs."""
    return np.divide(slope, kappa, out=np.zeros_like(slope), where=kappa > 0.0)


def _tail(
    p: Padded, kappa: FloatArray, axis: int, inward: float, faces: int, jump: FloatArray, slope: FloatArray
) -> FloatArray:
    """Flux inwards, through faces one after the other, of what a wall sends out beyond what the limit says there.

    The limit's light leaving the wall is S - mu dS/dtau (its value there and `slope`), the wall's is S + `jump`: the
    difference dies away as exp(-tau / mu), tau constant across the wall.
    """
    from scipy.special import exp1

    depth = np.moveaxis(kappa * _spread(np.diff(p.faces[axis]), axis), axis, 0)[:: int(inward)]
    out, tau = np.zeros((faces, *jump.shape)), np.zeros(jump.shape)
    for n in range(faces):
        tau += depth[n]
        if tau.min() > FAR:
            break
        passed = np.exp(-tau)  # E2, E3 and E4 follow from E1, which is quick
        e3 = 0.5 * (passed - tau * (passed - tau * exp1(np.maximum(tau, 1e-300))))
        out[n] = 2.0 * np.pi * (jump * e3 + slope * (passed - tau * e3) / 3.0)
    return out


def _at_wall(
    p: Padded, source: FloatArray, axis: int, cell: int, inward: float, points: int = POINTS
) -> tuple[FloatArray, FloatArray]:
    """S at a wall and its derivative along the inward normal: the polynomial through the means of some cells."""
    order = range(min(points, source.shape[axis]))
    widths = np.diff(p.faces[axis])[:: int(inward)][: len(order)]
    edges = np.concatenate(([0.0], np.cumsum(widths)))
    powers = np.arange(len(order)) + 1.0
    means = np.diff(edges[:, None] ** powers, axis=0) / (powers * widths[:, None])
    weights = np.linalg.inv(means)
    stack = np.stack([np.take(source, n if cell == 0 else -1 - n, axis) for n in order])
    value = np.tensordot(weights[0], stack, 1)
    slope = np.tensordot(weights[1], stack, 1) if len(order) > 1 else np.zeros_like(value)
    least, most = stack.min(axis=0), stack.max(axis=0)
    reach = most - least  # limited: no further beyond the cells than they differ
    return np.clip(value, np.maximum(least - reach, 0.0), most + reach), slope


def _closed(inner: FloatArray, low: FloatArray, high: FloatArray, axis: int) -> FloatArray:
    """Fluxes on all n + 1 faces of an axis, along the axis."""
    return np.concatenate((np.expand_dims(low, axis), inner, np.expand_dims(high, axis)), axis)


def _divergence(p: Padded, inner: list[FloatArray]) -> FloatArray:
    """Divergence of fluxes through inner faces; outer ones have that of their neighbours."""
    out = np.zeros([len(f) - 1 for f in p.faces])
    for axis, q in enumerate(inner):
        if q.shape[axis]:
            closed = _closed(q, np.take(q, 0, axis), np.take(q, -1, axis), axis)
            out += np.diff(closed, axis=axis) / _spread(np.diff(p.faces[axis]), axis)
    return out


def rms(f: FloatArray) -> FloatArray:
    """Root mean square over neighbours."""
    from scipy.ndimage import uniform_filter

    return np.asarray(np.sqrt(np.maximum(uniform_filter(f * f, NEIGHBOURS, mode="nearest"), 0.0)))


def _distances(
    box: Box, p: Padded, rough: NDArray[np.bool_], tau: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean free paths, at least, between a cell's faces and walls, and rough cells.

    The wall's own face has a flux of its own (eq. 21), so only the cell's other faces count there.
    """
    from scipy.ndimage import distance_transform_cdt

    shape = rough.shape
    walls = np.full(shape, max(shape), dtype=np.float64)
    for axis in range(3):
        i = np.arange(shape[axis])
        for wall, apart in zip(box.ends.wall[2 * axis : 2 * axis + 2], (i, i[::-1]), strict=True):
            if wall:
                walls = np.minimum(walls, _spread(np.maximum(apart, 1), axis))
    cells = np.full(shape, max(shape), dtype=np.float64)
    if rough.any():
        cells = np.minimum(cells, np.maximum(distance_transform_cdt(~rough, "chessboard") - 1, 0))
    return walls * tau, cells * tau
