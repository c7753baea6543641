"""Sets of ordinates for volumes: evenly spread, with exact moments, and filling the lanes of the kernels.

Spirals of equal areas (Fibonacci) do best on smooth and on rough fields; their half fluxes are off by 2e-3 with 96
directions. The least change of weights makes the sum, the six half fluxes and all second moments exact: then an
isothermal box is dark to rounding, walls included, and the diffusion limit is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray

from ...grid import FloatArray
from ..quadrature import fibonacci
from .box import Three

PAD = 8
"""Lanes are filled in multiples of this, whatever the machine: answers have the same bits on machines of a kind."""
WASTE = 0.03
"""Share of lanes that may stay empty."""
TURNS, CANDIDATES = 400, 8
"""Turns of the spiral that are tried for a set that fills its lanes, before it gets more of them; and sets found of
which the one is taken whose weights differ least."""
GRAZING = 0.2
"""Least component of a direction, times the number of directions."""


@dataclass(frozen=True, eq=False)
class Ordinates:
    """Unit vectors (n, 3), weights (n,) [sr], and weights of the difference between two halves of the set.

    Where axes are mirrored, only the vectors with positive components along them are held: their images, of the same
    weight, complete the set.
    """

    vector: FloatArray
    weight: FloatArray
    contrast: FloatArray
    images: int

    @property
    def count(self) -> int:
        """Directions of the whole set."""
        return self.images * len(self.weight)


@lru_cache(maxsize=32)
def ordinates(count: int, finite: Three, mirrored: Three) -> Ordinates:
    """Return at least `count` ordinates whose octants fill lanes.

    finite: axes that end, along which senses matter; mirrored: those along which the set must be its own image
    """
    octants, images = 2 ** sum(finite), 2 ** sum(mirrored)
    lanes = PAD * octants * -(-count // (PAD * octants))
    while True:
        least = max(count, int(np.ceil((1.0 - WASTE) * lanes)))
        found = islice(_filling(lanes, least, finite, mirrored), CANDIDATES)
        sets = [_weighted(kept, mirrored, images) for kept in found]
        if sets:
            return min(sets, key=lambda one: float(np.ptp(one.weight)))
        lanes += PAD * octants


def _filling(lanes: int, least: int, finite: Three, mirrored: Three) -> Iterator[FloatArray]:
    """Yield directions of turned spirals that fill so many lanes, with positive components along mirrored axes."""
    octants, images = 2 ** sum(finite), 2 ** sum(mirrored)
    roll = 1 + mirrored.index(True) if any(mirrored) else 0  # a mirror across the spiral's axis cuts it least
    for turn in range(TURNS):
        for n in range(lanes, least - 1, -images):
            vector = np.roll(_turned(n, turn), roll, axis=1)
            kept = vector[(vector[:, np.array(mirrored)] > 0.0).all(axis=1)]
            if len(kept) * images >= least and _fills(kept, lanes // octants, finite, n):
                yield kept
                break


def _turned(n: int, turn: int) -> FloatArray:
    """A spiral turned about its axis, which does better on flames and smooth fields than one whose axis is turned."""
    angle = 2.0 * np.pi * (turn * np.sqrt(2.0) % 1.0)
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(fibonacci(n).vector @ np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]]))


def _fills(vector: FloatArray, lanes: int, finite: Three, n: int) -> bool:
    """Whether no octant holds more than its lanes, and no direction grazes a face."""
    along = vector[:, np.array(finite)]
    if np.abs(along).min() < GRAZING / n:
        return False
    return bool(np.bincount(octant(vector, finite)).max() <= lanes)


def octant(vector: FloatArray, finite: Three) -> NDArray[np.int64]:
    """Number of each direction's octant; along axes that do not end both senses count as one."""
    senses = (vector < 0.0) & np.array(finite)
    return np.asarray(senses @ np.array([4, 2, 1]), dtype=np.int64)


def _weighted(vector: FloatArray, mirrored: Three, images: int) -> Ordinates:
    """Give a set its weights, and each half of it weights of its own."""
    weight = _corrected(vector, mirrored)
    contrast = np.empty(len(vector))
    for start, sign in ((0, 1.0), (1, -1.0)):
        half = _corrected(vector[start::2], mirrored)
        even = np.full(half.shape, 4.0 * np.pi / (images * half.size))  # too few of them for all moments
        fits = half.min() > 0.0 and np.isclose(half.sum(), even.sum(), rtol=1e-12)
        contrast[start::2] = sign * (half if fits else even)
    return Ordinates(vector, weight, contrast, images)


def _corrected(vector: FloatArray, mirrored: Three) -> FloatArray:
    """Weights with exact moments that differ least from equal ones."""
    signs = np.array(list(product(*((1.0, -1.0) if m else (1.0,) for m in mirrored))))
    whole = (signs[:, None, :] * vector).reshape(-1, 3)
    moments, exact = _moments(whole)
    moments = moments.reshape(len(moments), len(signs), -1).sum(axis=1)
    weight = np.full(len(vector), 4.0 * np.pi / len(whole))
    for _ in range(3):  # the second and third pass for rounding
        weight = weight + np.linalg.lstsq(moments, exact - moments @ weight, rcond=None)[0]
    return weight


def _moments(vector: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rows of what is to be exact, and the values: 4 pi, half fluxes pi, second moments 4 pi / 3 and 0."""
    x, y, z = vector.T
    halves = [np.maximum(s * v, 0.0) for v in (x, y, z) for s in (1.0, -1.0)]
    second = [x * x, y * y, z * z, x * y, x * z, y * z]
    exact = [4.0 * np.pi] + 6 * [np.pi] + 3 * [4.0 * np.pi / 3.0] + 3 * [0.0]
    return np.stack([np.ones_like(x), *halves, *second]), np.array(exact)
