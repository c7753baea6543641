"""Where the characteristics of a volume sweep run: directions, lattices of lines, surfaces and periods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...grid import Cartesian, FloatArray, across
from ..quadrature import Directions, lebedev, pairs, rotated

ROTATION = 1
"""Seed of the rotation that keeps directions off the grid's axes: always the same, so that answers differ by
their lattices only."""
DENSEST = 4.0
"""Lines a cell and axis at most on a stretched grid, where narrow cells would ask for more."""
SLAB = 1.0
"""[m], taken along an infinite axis: answers are per square metre of slab, or per metre of a plane case."""


class Domain(NamedTuple):
    """The box as the sweep sees it: faces of each axis (infinite ones one metre long), and their periods [m]:
    0 where the axis ends at walls, inf where it does not end."""

    faces: tuple[FloatArray, FloatArray, FloatArray]
    period: FloatArray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along each axis."""
        return tuple(f.size - 1 for f in self.faces)  # type: ignore[return-value]

    @property
    def length(self) -> FloatArray:
        """Extent along each axis (3,) [m]."""
        return np.array([f[-1] - f[0] for f in self.faces])

    @property
    def volume(self) -> FloatArray:
        """Volume of each cell [m3], its shape that of the grid."""
        return _product(np.diff(f) for f in self.faces)

    @property
    def size(self) -> FloatArray:
        """Geometric mean width of each cell over the axes that end [m]."""
        finite = int(np.isfinite(self.period).sum())
        return _product(np.diff(f) ** (1.0 / finite) for f in self.faces)

    @property
    def area(self) -> FloatArray:
        """Area of each wall cell [m2], all faces one after the other."""
        width = [np.diff(f) for f in self.faces]
        return np.concatenate([np.outer(*across(width, face)).ravel() for face in range(6)])

    @property
    def uniform(self) -> bool:
        """Whether all cells are equal."""
        return all(np.ptp(np.diff(f)) <= 1e-9 * (f[-1] - f[0]) for f in self.faces)


def _product(axes: Iterable[FloatArray]) -> FloatArray:
    """Products of three arrays, each along an axis of its own."""
    x, y, z = axes
    return np.asarray(x[:, None, None] * y[None, :, None] * z[None, None, :])


def domain(grid: Cartesian, periodic: tuple[bool, bool, bool]) -> Domain:
    """Return the domain of a grid; an infinite axis is one metre of a periodic one."""
    infinite = [bool(np.isinf(f[0])) for f in grid]
    faces = [np.array([0.0, SLAB]) if i else f for i, f in zip(infinite, grid, strict=True)]
    wraps = np.logical_or(infinite, periodic)
    if wraps.all():
        raise InputError("heat_source: every axis is periodic or mirrored, so no wall ends a ray; give one")
    period = [float(f[-1] - f[0]) if w else 0.0 for f, w in zip(grid, wraps, strict=True)]
    return Domain((faces[0], faces[1], faces[2]), np.array(period))


def directions_for(box: Domain, count: int) -> Directions:
    """Return one direction of each opposite pair: a rotated Lebedev set, or Gauss in mu for a slab.

    The slab's nodes are Gauss-Legendre in mu^(1/4): its fluxes go like exp(-tau/mu) and log(tau) at mu = 0.
    """
    ends = box.period == 0.0
    if ends.sum() == 1 and all(n == 1 for n, e in zip(box.shape, ends, strict=True) if not e):
        nodes, weights = np.polynomial.legendre.leggauss(max(2, count // 2))
        x, w = 0.5 * (nodes + 1.0), 0.5 * weights
        mu = x**4
        axis = int(np.argmax(ends))
        vector = np.zeros((mu.size, 3))
        vector[:, axis], vector[:, (axis + 1) % 3] = mu, np.sqrt(1.0 - mu * mu)
        return Directions(vector, 2.0 * np.pi * w * 4.0 * x**3, 0)
    return pairs(rotated(lebedev(count), ROTATION))


def spacing(box: Domain, axis: int) -> int:
    """Number of lines along an axis: one a cell, more on a stretched one."""
    widths = np.diff(box.faces[axis])
    return int(np.ceil(min(box.length[axis] / widths.min(), DENSEST * widths.size) - 1e-6))


def tracks(box: Domain, directions: Directions, seed: int, fine: int = 1) -> dict[str, NDArray[Any]]:
    """Return the fields of kernels.sweep.Tracks: for each direction a lattice shifted by seeded
    fractions, `fine` lines a cell and axis.

    The lattice spans the plane in which the dominant axis is entered: of the axes that end at walls, the one
    whose layers of cells the direction crosses fastest.
    """
    count = len(directions.weight)
    shift = np.random.default_rng(seed).random((count, 2))
    out: dict[str, NDArray[Any]] = {
        "direction": np.ascontiguousarray(directions.vector),
        "power": np.empty(count),
        "origin": np.empty((count, 3)),
        "steps": np.zeros((count, 2, 3)),
        "counts": np.empty((count, 2), dtype=np.int64),
    }
    cells = np.array(box.shape)
    for n, d in enumerate(directions.vector):
        rate = np.where(box.period > 0.0, 0.0, np.abs(d) * cells / box.length)
        axis = int(np.argmax(rate))
        face = box.faces[axis]
        out["origin"][n, axis] = face[0] if d[axis] > 0.0 else face[-1]
        area = 1.0
        for q, other in enumerate(a for a in range(3) if a != axis):
            lines = fine * spacing(box, other)
            step = box.length[other] / lines
            first, last = 0, lines
            if box.period[other] == 0.0:
                drift = d[other] / abs(d[axis]) * box.length[axis] / step
                first, last = int(np.floor(-max(drift, 0.0))) - 1, lines + int(np.ceil(-min(drift, 0.0))) + 1
            out["origin"][n, other] = box.faces[other][0] + (first + shift[n, q]) * step
            out["steps"][n, q, other] = step
            out["counts"][n, q] = last - first
            area *= step
        out["power"][n] = area * abs(d[axis]) * directions.weight[n]
    return out


def longest(box: Domain, directions: Directions) -> int:
    """Cells that a line can cross, at most."""
    ends = box.period == 0.0
    with np.errstate(divide="ignore"):
        reach = np.where(ends, box.length / np.abs(directions.vector), np.inf).min(axis=1)
    least = np.array([np.diff(f).min() for f in box.faces])
    across = np.ceil(reach[:, None] * np.abs(directions.vector) / least) + 2
    straight = ends | np.isinf(box.period)
    return int(np.where(straight, box.shape, across).sum(axis=1).max()) + 8


def surfaces(shape: tuple[int, int, int]) -> NDArray[np.int64]:
    """Return the number of the first wall cell of each face, and of the first solid cell (7,)."""
    nx, ny, nz = shape
    cells = [ny * nz, ny * nz, nx * nz, nx * nz, nx * ny, nx * ny]
    return np.concatenate(([0], np.cumsum(cells))).astype(np.int64)
