"""What share of each ring about the z axis lies in each voxel of a Cartesian grid.

A share is a product: of the part of the ring in an annulus between two radii, within the heights of the voxel, and of
the part of that annulus in the square of the voxel. The first is the volume under a roof of height 2 pi r over the
section of the ring, so one of tetrahedra; the second follows from the area of a disc in a rectangle.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import Cartesian, FloatArray
from .shares import NOTHING, Shares, of_tetrahedra

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PER_VOXEL = 4
"""Annuli across the least width of a voxel, for cells that are no rectangles along r."""
MOST_ANNULI = 4096


def of_rings(
    points: FloatArray,
    triangles: NDArray[np.int64],
    cell: NDArray[np.int64],
    n_cell: int,
    grid: Cartesian,
    radii: FloatArray | None = None,
) -> Shares:
    """Return the shares of rings about the z axis, whose sections in the plane (r, z) triangles fill.

    points: (n_point, 2) r and z [m]; triangles: (n, 3) points of each; cell: (n,) the cell of each
    radii: between which rings are spread evenly; None takes some within a voxel. Exact where cells lie between them.

    Raises InputError on radii below 0, and as `of_tetrahedra`.
    """
    r, z = points.T
    if r.min(initial=0.0) < -NOTHING * r.max(initial=0.0):
        raise InputError(
            f"axisymmetric data: the least radius is {r.min():g} m; expected radii from 0 up; cut the data at "
            "the axis"
        )
    radii = _radii(r, grid) if radii is None else radii
    n = len(points)
    roofed = np.concatenate((np.stack((r, z, 0 * r), axis=1), np.stack((r, z, 2 * np.pi * r), axis=1)))
    a, b, c = triangles.T
    prism = np.array(((a, b, c, c + n), (a, b, c + n, b + n), (a, a + n, b + n, c + n)))
    tetrahedra = np.moveaxis(prism, 2, 0).reshape(-1, 4)
    over = Cartesian(radii, grid.z, [0.0, 2 * np.pi * max(float(r.max(initial=0.0)), radii[-1])])
    rings = of_tetrahedra(roofed, tetrahedra, np.repeat(cell, 3), n_cell, over)
    return Shares(grid, rings.volume, rings.inside, _annuli(radii, grid))


def _radii(r: FloatArray, grid: Cartesian) -> FloatArray:
    """Radii of annuli that are narrower than voxels."""
    width = min(float(np.diff(faces).min()) for faces in (grid.x, grid.y)) / PER_VOXEL
    outer = float(r.max(initial=0.0))
    return np.linspace(0.0, outer, min(MOST_ANNULI, max(1, int(np.ceil(outer / width)))) + 1)


def _annuli(radii: FloatArray, grid: Cartesian) -> csr_array:
    """The part of each annulus about the z axis in each square of the grid."""
    from scipy.sparse import csc_array, hstack

    columns, before = [], _discs(radii[0], grid)
    for inner, outer in pairwise(radii):
        after = _discs(outer, grid)
        part = (after - before).reshape(-1, 1) / (np.pi * (outer**2 - inner**2))
        columns.append(csc_array(np.where(part > NOTHING, part, 0.0)))
        before = after
    return hstack(columns).tocsr()


def _discs(radius: float, grid: Cartesian) -> FloatArray:
    """The area of a disc about the z axis in each square of the grid, (nx, ny)."""
    corner = _quarter(radius, np.abs(grid.x)[:, None], np.abs(grid.y)) * np.sign(np.outer(grid.x, grid.y))
    return np.diff(np.diff(corner, axis=0), axis=1)


def _quarter(radius: float, x: FloatArray, y: FloatArray) -> FloatArray:
    """The area of a disc between 0 and x, y >= 0: the integral of min(y, sqrt(R^2 - t^2)) over t from 0 to x."""
    x, y = np.minimum(x, radius), np.minimum(y, radius)
    flat = np.minimum(np.sqrt((radius - y) * (radius + y)), x)

    def under(t: FloatArray) -> FloatArray:
        height = np.sqrt((radius - t) * (radius + t))
        return 0.5 * (
            t * height + radius**2 * np.arctan2(t, height)
        )  # arcsin would not round as the height does

    return np.asarray(y * flat + under(np.broadcast_to(x, flat.shape)) - under(flat))
