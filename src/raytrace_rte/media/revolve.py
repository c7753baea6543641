"""Axisymmetric fields, given in a plane (r, z), on a grid around their axis."""

from __future__ import annotations

import numpy as np

from .. import checks
from ..errors import InputError
from ..grid import Cartesian
from .field import Field
from .resample import in_a_row, resampled
from .rings import of_rings

AXES = ("x", "y", "z")


def revolve(field: Field, grid: Cartesian, radius: str = "x", outside: str = "empty") -> Field:
    """Return an axisymmetric field on a grid around its axis, which is z there.

    Each cell becomes a ring, whose volume is handed to the voxels that it meets: integrals are kept up to rounding,
    and absorption models are evaluated on the cells of `field`.

    field: two-dimensional: one of its axes is a single cell, and is dropped; grid: [m]; radius: "x", "y" or "z", the
        axis of `field` along the radius, with faces from 0 up. The one that is left is the axis of symmetry.
    outside: what voxels outside all rings are: "empty" gas, or an "error"

    Raises InputError on a field with three axes, radii below 0, or a grid without any of it.
    """
    checks.instance("field", field, Field, "a Field, as rte.read returns")
    checks.instance("grid", grid, Cartesian, "a grid, from rte.Cartesian(x, y, z) or rte.uniform(...)")
    along = AXES.index(checks.choice("radius", radius, AXES))
    flat = _single(field.grid, along)
    up = 3 - along - flat
    r, z = field.grid[along], field.grid[up]
    if not np.isfinite(np.concatenate((r, z))).all():
        raise InputError(
            f"field: {AXES[along]} and {AXES[up]} are radius and axis; expected finite faces along both"
        )
    cell = np.arange(field.temperature.size).reshape(field.grid.shape).squeeze(flat)
    cell = (cell if along < up else cell.T).ravel()
    points = np.stack(np.meshgrid(r, z, indexing="ij"), axis=-1).reshape(-1, 2)
    first = (np.arange(r.size - 1)[:, None] * z.size + np.arange(z.size - 1)).ravel()
    halves = (first, first + z.size, first + z.size + 1), (first, first + z.size + 1, first + 1)
    triangles = np.concatenate([np.stack(half, axis=1) for half in halves])
    shares = of_rings(points, triangles, np.tile(cell, 2), cell.size, grid, r)
    return resampled(in_a_row(field), shares, outside)


def _single(grid: Cartesian, along: int) -> int:
    """The axis that has a single cell; the endless one where both have."""
    single = [axis for axis in range(3) if axis != along and grid.shape[axis] == 1]
    if not single:
        raise InputError(
            f"field has {' x '.join(map(str, grid.shape))} cells; revolve takes a field in a plane, with a single "
            f"cell along an axis other than the radius {AXES[along]}"
        )
    return max(single, key=lambda axis: bool(np.isinf(grid[axis]).any()))
