"""The diffusion limit by NumPy and SciPy, array after array: what the compiled passes are held to."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_cdt, minimum_filter, uniform_filter
from scipy.special import exp1

from raytrace_rte.grid import FACES
from raytrace_rte.kernels.errors import FADE, LEAK, MARCHED, SWEPT, TAIL, WALL
from raytrace_rte.kernels.exponential import FAR
from raytrace_rte.kernels.sizes import NEIGHBOURS, ROUGH, THICK_CELL
from raytrace_rte.solvers.volumes.diffusion import POINTS, _extrapolated, _over
from raytrace_rte.solvers.volumes.padding import padded


def spread(values, axis):
    return np.expand_dims(values, [a for a in range(3) if a != axis])


def slope(p, f, axis):
    """Derivative along one axis at cell centres."""
    centre = 0.5 * (p.faces[axis][1:] + p.faces[axis][:-1])
    return np.gradient(f, centre, axis=axis) if len(centre) > 1 else np.zeros_like(f)


def inner(f, axis):
    """Values below and above each inner face."""
    return np.take(f, range(f.shape[axis] - 1), axis), np.take(f, range(1, f.shape[axis]), axis)


def corrections(p, kappa, source):
    """Equation (20) at cell centres, for each axis."""
    with np.errstate(divide="ignore"):
        per = np.where(kappa > 0.0, 1.0 / kappa, 0.0)
    step = [slope(p, source, j) * per for j in range(3)]
    cross = [[slope(p, step[j], i) * per for j in range(3)] for i in range(3)]
    trace = cross[0][0] + cross[1][1] + cross[2][2]
    return [
        -4.0 * np.pi / 15.0 * per
        * (slope(p, trace, i) + sum(slope(p, cross[i][j] + cross[j][i], j) for j in range(3)))
        for i in range(3)
    ]  # fmt: skip


def tail(p, kappa, axis, inward, jump, slope_):
    """What fades behind a wall, through inner faces from the wall on."""
    depth = np.moveaxis(kappa * spread(np.diff(p.faces[axis]), axis), axis, 0)[::inward]
    tau = np.cumsum(depth, axis=0)[:-1]
    passed = np.exp(-tau)
    e3 = 0.5 * (passed - tau * (passed - tau * exp1(np.maximum(tau, 1e-300))))
    out = 2.0 * np.pi * (jump * e3 + slope_ * (passed - tau * e3) / 3.0)
    return np.where(tau <= FAR, out, 0.0)


def divergence(p, faces):
    """Of fluxes through all faces."""
    return sum(np.diff(q, axis=axis) / spread(np.diff(p.faces[axis]), axis) for axis, q in enumerate(faces))


def closed(q, axis, low, high):
    """Fluxes through all faces, from those through inner ones and at both ends."""
    return np.concatenate((np.expand_dims(low, axis), q, np.expand_dims(high, axis)), axis)


def as_within(q, axis, shape):
    """The same with the flux of the next face at the ends."""
    if q.shape[axis]:
        return closed(q, axis, np.take(q, 0, axis), np.take(q, -1, axis))
    return np.zeros([n + (a == axis) for a, n in enumerate(shape)])


def rms(f):
    return np.sqrt(np.maximum(uniform_filter(f * f, NEIGHBOURS, mode="nearest"), 0.0))


def e2(tau):
    return np.exp(-tau) / (1.0 + tau)


def limit(box, kappa, source, black, emissivity, span):
    """Fluxes through all faces, with cells beyond; estimated errors of the limit and of the sweep; div q."""
    p = padded(box)
    kappa, source = p.pad(kappa), p.pad(source)
    shape, second = kappa.shape, corrections(p, kappa, source)
    lead, whole, fluxes = [], [], []
    at_walls, doubts = np.zeros(shape), np.zeros(shape)
    for axis in range(3):
        width = np.diff(p.faces[axis])
        (s0, s1), (k0, k1) = inner(source, axis), inner(kappa * spread(width, axis), axis)
        depth = 0.5 * (k0 + k1)
        q0 = np.where(depth > 0.0, 4.0 * np.pi / 3.0 * (s0 - s1) / np.where(depth > 0.0, depth, 1.0), 0.0)
        w0, w1 = inner(np.broadcast_to(spread(width, axis), shape), axis)
        below, above = inner(second[axis], axis)
        q1 = (below * w1 + above * w0) / (w0 + w1)
        ends = [np.zeros(np.delete(shape, axis))] * 2
        for side, name in enumerate(FACES[2 * axis : 2 * axis + 2]):
            if name not in black:
                continue
            n, beside = 2 * axis + side, np.take(kappa, -side, axis)
            (value, slope_), (fewer, other) = (_extrapolated(p, source, n, m) for m in (POINTS, POINTS - 1))
            slope_, other = _over(slope_, beside), _over(other, beside)
            coming = np.maximum(np.pi * value + 2.0 * np.pi / 3.0 * slope_, 0.0)
            doubt = np.abs(np.pi * (value - fewer)) + 2.0 * np.pi / 3.0 * np.abs(slope_ - other)
            share = p.pad_face(emissivity[name], axis)
            light = share * p.pad_face(black[name], axis) + (1.0 - share) * coming / np.pi
            sign = 1 - 2 * side
            ends[side] = sign * (np.pi * light - coming)
            np.moveaxis(doubts, axis, 0)[-side] += doubt / width[-side]
            np.moveaxis(at_walls, axis, 0)[-side] += np.abs(ends[side]) / width[-side]
            np.moveaxis(q0, axis, 0)[::sign] += sign * tail(p, kappa, axis, sign, light - value, slope_)
        lead.append(as_within(q0, axis, shape))
        whole.append(as_within(q0 + q1, axis, shape))
        fluxes.append(closed(q0 + q1, axis, *ends))
    leading, total = divergence(p, lead), divergence(p, whole)
    size, change, first = rms(total), rms(total - leading), rms(leading)
    scale = np.where(first > 0.0, 5.0 / 3.0 * change / np.where(first > 0.0, first, 1.0), 0.0)
    roots = [
        np.diff(f) ** (1.0 / sum(p.finite)) if e else [1.0] for f, e in zip(p.faces, p.finite, strict=True)
    ]
    tau = kappa * np.einsum("i,j,k->ijk", *roots)
    rough = (tau < THICK_CELL) | (scale > ROUGH)
    least = minimum_filter(tau, NEIGHBOURS, mode="nearest")
    wall, clear = walls_apart(box, shape) * least, rough_apart(rough) * least
    seen = 2.0 * np.pi * kappa * span * (e2(clear) + TAIL * e2(wall))
    axes = max(sum(n > 1 for n in shape), 1)
    error = size * (3.0 / 7.0 * scale**2 + tau**2 * scale / (12.0 * axes)) + seen + doubts
    error = np.where(rough | (np.minimum(clear, wall) <= 1.0), np.inf, error)
    swept = (MARCHED if box.ends.slab else SWEPT) * tau**3 * scale * size
    if not box.ends.slab:
        layers = np.maximum(np.minimum(clear, wall) / np.where(tau > 0.0, tau, np.inf), 1.0)
        leak = LEAK * np.minimum((tau / 4.0) ** 3, 1.0) * FADE ** (layers - 1.0)
        swept += WALL * tau * at_walls + 2.0 * np.pi * kappa * span * leak
    return fluxes, p.own(error), p.own(swept), p.own(divergence(p, fluxes))


def walls_apart(box, shape):
    """Cells to the nearest wall, at least 1."""
    out = np.full(shape, float(max(shape)))
    for axis in range(3):
        i = np.arange(shape[axis])
        for wall, apart in zip(box.ends.wall[2 * axis : 2 * axis + 2], (i, i[::-1]), strict=True):
            if wall:
                out = np.minimum(out, spread(np.maximum(apart, 1), axis))
    return out


def rough_apart(rough):
    """Cells between each cell and the nearest rough one."""
    if not rough.any():
        return np.full(rough.shape, float(max(rough.shape)))
    return np.maximum(distance_transform_cdt(~rough, "chessboard") - 1, 0)
