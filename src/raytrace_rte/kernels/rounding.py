"""How far rounding can take a ray that skips cells from the march, which does not.

The march finds each face on from the one where the ray came in; a ray that comes in elsewhere, at a box or behind a
brick, finds it from there. The distance of a face on axis a then differs by less than DISPLACED eps reach / |u_a|,
with reach the greatest coordinate of the grid and of the ray's origin. A face that is displaced by D changes what
arrives by T kappa high D at most, twice for emission and absorption, twice for the cells' gradients. A ray crosses
|u_a| L / h_a + 1 faces of an axis on a path L:

    4 kappa_max high eps DISPLACED reach sum over axes of (L / h_a + 1 / |u_a|)                 (23)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .jit import inlined, kernel

DISPLACED = 16.0
"""Half ulps by which a face's distance is rounded, in both ways of finding it together."""
EPS = float(np.finfo(np.float64).eps)


class Rounding(NamedTuple):
    """What (23) needs of a field: 4 eps DISPLACED kappa_max high of each band (n_band,), the greatest coordinate
    of the grid [m], and the most faces that are crossed in a metre along each axis (3,)."""

    rough: np.ndarray
    reach: float
    per_metre: np.ndarray


def rounding_of(faces, kappa: np.ndarray, high: np.ndarray) -> Rounding:
    """Return that of a grid with these faces (three arrays); kappa, high: greatest of each band (n_band,)."""
    finite = [f for f in faces if np.isfinite(f).all()]
    reach = max((float(np.abs(f).max()) for f in finite), default=0.0)
    per_metre = [1.0 / np.diff(f).min() if np.isfinite(f).all() else 0.0 for f in faces]
    return Rounding(4.0 * DISPLACED * EPS * kappa * high, reach, np.array(per_metre))


@inlined
def _faces(per_metre, length, d):
    """Most faces of one axis that a ray crosses, over |d|; 0 of an infinite axis."""
    return length * per_metre + 1.0 / abs(d) if d != 0.0 and per_metre > 0.0 else 0.0


@kernel
def reach_of(rounding, ray):
    """Return the greatest coordinate of the grid and of a ray's origin [m]."""
    return max(rounding.reach, abs(ray.x), abs(ray.y), abs(ray.z))


@kernel
def displaced(rounding, b, ray, length):
    """Return (23) for a ray on a path of some length, in band b [W m-2 sr-1]."""
    faces = (
        _faces(rounding.per_metre[0], length, ray.u)
        + _faces(rounding.per_metre[1], length, ray.v)
        + _faces(rounding.per_metre[2], length, ray.w)
    )
    return rounding.rough[b] * reach_of(rounding, ray) * faces
