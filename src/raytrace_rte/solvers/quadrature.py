"""Sets of directions with weights: integrals over the sphere, over half of it, over a cone.

Each set states which moments it integrates exactly. Rotations keep all of them; they only move the directions
off the axes of the grid, so that ray effects do not line up with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..grid import FloatArray


class Directions(NamedTuple):
    """Unit vectors (n, 3) and weights (n,) [sr].

    degree: polynomials in the three components up to this degree are integrated exactly over the sphere; 0
        means only the solid angle itself, or for a cone the flux of constant radiance through its base
    """

    vector: FloatArray
    weight: FloatArray
    degree: int


LEBEDEV = (3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 35, 41, 47, 53, 59, 65, 71, 77, 83, 89,
           95, 101, 107, 113, 119, 125, 131)  # fmt: skip
"""Degrees of the sets of Lebedev & Laikov (1999) that scipy has."""
POINTS = (6, 14, 26, 38, 50, 74, 86, 110, 146, 170, 194, 230, 266, 302, 350, 434, 590, 770, 974, 1202, 1454,
          1730, 2030, 2354, 2702, 3074, 3470, 3890, 4334, 4802, 5294, 5810)  # fmt: skip
"""How many directions each of them has."""


def lebedev(count: int) -> Directions:
    """Return the largest Lebedev set of at most `count` directions; for each direction its opposite too.

    Raises InputError when count is below 6, the smallest set.
    """
    from scipy.integrate import lebedev_rule

    _whole("lebedev", count, POINTS[0])
    degree = max(d for d, n in zip(LEBEDEV, POINTS, strict=True) if n <= count)
    vector, weight = lebedev_rule(degree)
    return Directions(np.ascontiguousarray(vector.T), weight, degree)


def gauss_product(polar: int, azimuthal: int) -> Directions:
    """Return Gauss-Legendre nodes in cos(theta) times equal angles; exact to min(2 polar, azimuthal) - 1."""
    _whole("gauss_product: polar", polar, 1)
    _whole("gauss_product: azimuthal", azimuthal, 1)
    mu, weight = np.polynomial.legendre.leggauss(polar)
    return Directions(*_product(mu, weight, azimuthal), min(2 * polar, azimuthal) - 1)


def fibonacci(count: int) -> Directions:
    """Return `count` directions of equal weight on a spiral: equal areas, exact for the solid angle only."""
    _whole("fibonacci", count, 1)
    i = np.arange(count) + 0.5
    mu = 1.0 - 2.0 * i / count
    phi = np.pi * (1.0 + math.sqrt(5.0)) * i
    return Directions(_vectors(mu, phi), np.full(count, 4.0 * np.pi / count), 0)


SETS: dict[str, Callable[[int], Directions]] = {
    "lebedev": lebedev,
    "fibonacci": fibonacci,
    "gauss": lambda count: gauss_product(max(1, math.isqrt(count // 2)), 2 * max(1, math.isqrt(count // 2))),
}
"""Sets over the whole sphere, by name, of about so many directions."""


def hemisphere(normal: ArrayLike, count: int) -> Directions:
    """Return `count` directions of the half space that the normal (3,) points into: `cone` of 90 degrees."""
    return cone(normal, 90.0, count)


def cone(normal: ArrayLike, half_angle_deg: float, count: int) -> Directions:
    """Return `count` directions within an angle of the normal (3,), for fluxes.

    They stand over a sunflower spiral on the disk onto which the cosine law projects the cone (Vogel 1979):
    each carries the same flux: weight times cosine is pi sin^2(half angle) / count. Such equal areas bear the
    sharp edges of flames and hot walls better than products of smooth rules do. Raises InputError when the
    angle is not above 0 and at most 90 degrees, or the normal is no direction.
    """
    angle = float(half_angle_deg)
    if not 0.0 < angle <= 90.0:
        raise InputError(f"cone: half angle is {half_angle_deg}; expected above 0 and at most 90 degrees")
    _whole("cone", count, 1)
    i = np.arange(count) + 0.5
    square = math.sin(math.radians(angle)) ** 2 * i / count
    mu = np.sqrt(1.0 - square)
    flux = math.pi * math.sin(math.radians(angle)) ** 2 / count
    return Directions(_vectors(mu, np.pi * (1.0 + math.sqrt(5.0)) * i) @ _frame(normal), flux / mu, 0)


def rotated(directions: Directions, seed: int) -> Directions:
    """Return the set under a random rotation (uniform over all of them) drawn from a seed."""
    from scipy.spatial.transform import Rotation

    turn = Rotation.random(random_state=np.random.default_rng(seed)).as_matrix()
    return directions._replace(vector=directions.vector @ turn.T)


def _product(
    mu: NDArray[np.floating], weight: NDArray[np.floating], azimuthal: int
) -> tuple[FloatArray, FloatArray]:
    """Directions of polar nodes times equal angles, each ring turned against its neighbour."""
    ring = np.arange(mu.size)[:, None]
    phi = 2.0 * np.pi * (np.arange(azimuthal) + 0.5 + 0.5 * (ring % 2)) / azimuthal
    vector = _vectors(np.repeat(mu, azimuthal), phi.ravel())
    return vector, np.repeat(weight, azimuthal) * 2.0 * np.pi / azimuthal


def _vectors(mu: NDArray[np.floating], phi: NDArray[np.floating]) -> FloatArray:
    r = np.sqrt(np.maximum(1.0 - mu * mu, 0.0))
    return np.stack([r * np.cos(phi), r * np.sin(phi), mu], axis=1)


def _frame(normal: ArrayLike) -> FloatArray:
    """Rows: two unit vectors across the normal, and the normal."""
    n = np.asarray(normal, dtype=np.float64)
    if n.shape != (3,) or not np.isfinite(n).all() or not n.any():
        raise InputError(f"normal is {normal!r}; expected three finite numbers, not all zero")
    n = n / np.linalg.norm(n)
    other = np.eye(3)[int(np.argmin(np.abs(n)))]
    across = np.cross(n, other)
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(n, across), n])


def _whole(name: str, value: int, least: int) -> None:
    if int(value) != value or value < least:
        raise InputError(f"{name}: found {value!r} directions; expected a whole number, at least {least}")
