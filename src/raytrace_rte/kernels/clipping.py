"""Rays are followed only through the box of cells that matter: the rest of the grid is clear, or nearly so.

Outside the box kappa is at most kappa_out. Radiance B passes a path L there but for the integral of
kappa |S - B| (eq. 11), so what is left out is at most kappa_out L (high - low); where kappa_out is 0 nothing is.

A clipped ray finds its faces from the box on, which displaces them (rounding.py). Both are paid from the budget; a
ray that would need more, as one that creeps along a face, is not clipped. Nor is one that leaves the grid so near an
edge that rounding decides through which face.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .jit import inlined, kernel
from .rounding import DISPLACED, EPS, Rounding, displaced, reach_of, rounding_of

SHARE = 0.3
"""Of the tolerance of the darkest ray, for what clipping leaves out."""
WORTH = 0.8
"""Clip where the box has less of the grid's volume than this."""


class Clip(NamedTuple):
    """The box that matters, and what leaving out the rest costs.

    low, high: its corners (3,) [m]; outside: bound of what a metre outside leaves out [W m-2 sr-1 m-1]; rounding:
    of the worst band, as one; budget: [W m-2 sr-1] for each ray; clear: whether kappa is 0 outside; clips: whether
    rays are clipped at all
    """

    low: np.ndarray
    high: np.ndarray
    outside: float
    rounding: Rounding
    budget: float
    clear: bool
    clips: bool


def nothing() -> Clip:
    """Return the clip that leaves every ray as it is."""
    none = np.zeros(3)
    return Clip(none, none, 0.0, Rounding(np.zeros(1), 0.0, none), 0.0, True, False)


def clip_to(faces, planes, tolerance: np.ndarray, low: np.ndarray, high: np.ndarray) -> Clip:
    """Return the clip of a grid with these faces (three arrays).

    planes: greatest kappa of each plane of cells across the axes, (n, n_band) each; tolerance: of the darkest ray,
    low, high: range of sources and walls, (n_band,) each
    """
    finite = [bool(np.isfinite(f).all()) for f in faces]
    span, budget = high - low, SHARE * tolerance
    longest = float(np.sqrt(sum((f[-1] - f[0]) ** 2 for f, ok in zip(faces, finite, strict=True) if ok)))
    if not (all(finite) and (budget > 0.0).all()):
        return nothing()
    with np.errstate(divide="ignore"):
        faint = np.where(span > 0.0, 0.5 * budget / (span * longest), np.inf)
    corners, outside, share = np.empty((2, 3)), np.zeros(len(high)), 1.0
    for axis, (positions, kappa) in enumerate(zip(faces, planes, strict=True)):
        matter = np.flatnonzero((kappa > faint).any(axis=1))
        first, last = (matter[0], matter[-1] + 1) if matter.size else (0, 0)
        corners[:, axis] = positions[first], positions[last]
        share *= (positions[last] - positions[first]) / (positions[-1] - positions[0])
        left = np.concatenate((kappa[:first], kappa[last:]))
        outside = np.maximum(outside, left.max(axis=0, initial=0.0))
    if share > WORTH:
        return nothing()
    widest = np.max([k.max(axis=0) for k in planes], axis=0)
    rounding = rounding_of(faces, widest, high)
    worst = rounding._replace(rough=rounding.rough.max(keepdims=True))
    cost = float((outside * span).max())
    return Clip(*corners, cost, worst, float(budget.min()), bool((outside == 0.0).all()), True)


class Cut(NamedTuple):
    """Distances between which a ray is followed, the bound of what that leaves out, and the face where it leaves
    the grid; face -1: the ray is not clipped."""

    near: float
    far: float
    error: float
    face: int


@inlined
def _between(low, high, o, d, inverse):
    """Distances between which a ray is between two planes."""
    if d == 0.0:
        return (-np.inf, np.inf) if low <= o <= high else (np.inf, -np.inf)
    a, b = (low - o) * inverse, (high - o) * inverse
    return min(a, b), max(a, b)


@kernel
def _way_out(faces, o, d, inverse):
    """Distance at which a ray leaves the extent of one axis."""
    return ((faces[faces.size - 1] if d > 0.0 else faces[0]) - o) * inverse if d != 0.0 else np.inf


@kernel
def cut(clip, cells, ray, t, t_out):
    """Return where a ray that is in the grid from t to t_out is to be followed."""
    none = Cut(t, t_out, 0.0, -1)
    x0, x1 = _between(clip.low[0], clip.high[0], ray.x, ray.u, ray.iu)
    y0, y1 = _between(clip.low[1], clip.high[1], ray.y, ray.v, ray.iv)
    z0, z1 = _between(clip.low[2], clip.high[2], ray.z, ray.w, ray.iw)
    near, far = max(t, x0, y0, z0), min(t_out, x1, y1, z1)
    far = max(far, near)
    inside = far - near
    error = clip.outside * (t_out - t - inside)
    if inside > 0.0:
        error += displaced(clip.rounding, np.int64(0), ray, inside)
    if not error <= clip.budget:
        return none
    x, y = _way_out(cells.x, ray.x, ray.u, ray.iu), _way_out(cells.y, ray.y, ray.v, ray.iv)
    z = _way_out(cells.z, ray.z, ray.w, ray.iw)
    first, others = min(x, y, z), max(min(x, y), min(max(x, y), z))
    axis = 0 if x == first else (1 if y == first else 2)
    slowest = max(abs(ray.iu) if x <= others else 0.0, abs(ray.iv) if y <= others else 0.0,
                  abs(ray.iw) if z <= others else 0.0)  # fmt: skip
    if not others - first > 2.0 * DISPLACED * EPS * reach_of(clip.rounding, ray) * slowest:
        return none
    d = ray.u if axis == 0 else (ray.v if axis == 1 else ray.w)
    return Cut(near, far, error, 2 * axis + (d > 0.0))
