"""Sources whose cells are no Cartesian grid, and axisymmetric ones: onto a grid that the user asks for.

The cells are read as a field of their own, numbered along one axis, so that units, maps and checks are those of any
other field; where they lie is told by the mesh.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import checks
from ..errors import InputError
from ..grid import Cartesian, FloatArray, uniform
from ..media.field import Field
from ..media.resample import OUTSIDE, resampled
from ..media.revolve import revolve
from ..media.rings import of_rings
from ..media.shares import of_tetrahedra
from .names import AXES
from .source import Array, Axes, Mesh, Source

HOW = "shape = (nx, ny, nz), with lower and upper [m] for a part of it (in Python grid = rte.uniform(...))"
FLAT = 1e-6
"""Of the extent: a mesh that is thinner lies in a plane."""


@dataclass(frozen=True)
class Onto:
    """What the user says of the grid that a mesh goes onto.

    grid: Cartesian; shape: of equal voxels over all of the mesh instead; outside: "empty" or "error"
    radius: "x", "y" or "z", the coordinate that is the radius of axisymmetric data, whose axis is z on the grid

    Raises InputError on a wrong type, and when both grid and shape are given.
    """

    grid: Cartesian | None = None
    shape: Sequence[int] | None = None
    outside: str | None = None
    radius: str | None = None

    def __post_init__(self) -> None:
        if self.grid is not None:
            checks.instance(
                "grid", self.grid, Cartesian, "a grid, from rte.Cartesian(x, y, z) or rte.uniform(...)"
            )
        if self.grid is not None and self.shape is not None:
            raise InputError("grid and shape are both given; a grid has a shape of its own; drop one of them")
        if self.shape is not None:
            expected = "three whole numbers of voxels"
            if len(checks.sequence("shape", self.shape, expected)) != 3:
                raise checks.wrong("shape", self.shape, expected)
            for i, n in enumerate(self.shape):
                checks.whole(f"shape[{i}]", n, low=1)
        if self.outside is not None:
            checks.choice("outside", self.outside, OUTSIDE)
        if self.radius is not None:
            checks.choice("radius", self.radius, AXES)

    @property
    def given(self) -> str:
        """The first argument that the user gave, "" when there is none."""
        return next(
            (name for name in ("grid", "shape", "outside", "radius") if getattr(self, name) is not None), ""
        )

    def over(self, low: FloatArray, high: FloatArray) -> Cartesian:
        """Return the grid for a mesh between two corners [m]; InputError when the user named none."""
        if self.grid is not None:
            return self.grid
        if self.shape is None:
            size = " x ".join(f"{w:.4g}" for w in high - low)
            raise InputError(f"needs a grid to be put onto: say {HOW}; it is {size} m wide")
        return uniform(low.tolist(), high.tolist(), self.shape)


def between(
    lower: Sequence[float] | None, upper: Sequence[float] | None, shape: Sequence[int] | None
) -> dict[str, Any]:
    """Return the arguments grid and shape of `formats.read`: equal voxels between two corners, or over all of a mesh.

    Raises InputError where a corner or the shape is missing.
    """
    if lower is None and upper is None:
        return {"shape": shape}
    if lower is None or upper is None or shape is None:
        raise InputError("lower, upper and shape: a grid needs all three, or shape alone for all of the mesh")
    return {"grid": uniform(lower, upper, shape)}


def words(mesh: Mesh) -> str:
    """Return what a mesh becomes, for a listing."""
    used = mesh.points[np.unique(mesh.tetrahedra)]
    size = " x ".join(f"{w:.4g}" for w in np.ptp(used, axis=0))
    what = (
        "volumes"
        if mesh.tetrahedra.shape[1] == 4
        else "polygons in a plane, with radius = their coordinate along it"
    )
    return f"a field on the grid that is named: {HOW}; {mesh.n_cell} {what}, {size} {mesh.units} wide"


def field_onto(source: Source, onto: Onto, field_from: Callable[[Source], Field]) -> Field:
    """Return the field in a source, on the grid that the user asks for where its cells are no Cartesian grid.

    field_from: from a source with a Cartesian grid to its field

    Raises InputError when a mesh has no grid to go onto, or a Cartesian one is given one; and as what it calls does.
    """
    if source.mesh is not None:
        return _of_mesh(source, source.mesh, onto, field_from)
    return placed(field_from(source), onto)


def placed(field: Field, onto: Onto) -> Field:
    """Return a field on a Cartesian grid as it is, or around its axis; InputError where it should go onto another."""
    if onto.radius is not None:
        return _revolved(field, onto, onto.radius)
    if onto.given:
        raise InputError(
            f"is a Cartesian grid of {' x '.join(map(str, field.grid.shape))} cells; drop {onto.given}"
        )
    return field


def _of_mesh(source: Source, mesh: Mesh, onto: Onto, field_from: Callable[[Source], Field]) -> Field:
    cells = field_from(in_a_row(source, mesh))
    points = mesh.points * cells.grid.x[1]  # the second face of cells in a row is at 1, in the unit of length
    used = points[np.unique(mesh.tetrahedra)]
    low, high = used.min(axis=0), used.max(axis=0)
    planar = mesh.tetrahedra.shape[1] == 3
    if planar != (onto.radius is not None):
        raise InputError(
            "its cells lie in a plane: say radius = which coordinate is the radius, if they are axisymmetric"
            if planar
            else "its cells fill space, so no coordinate of them is a radius; drop radius"
        )
    if onto.radius is None:
        grid = _meeting(onto.over(low, high), low, high)
        shares = of_tetrahedra(points, mesh.tetrahedra, mesh.cell, mesh.n_cell, grid)
    else:
        r, z = _plane(low, high, AXES.index(onto.radius))
        low, high = np.array([-high[r], -high[r], low[z]]), np.array([high[r], high[r], high[z]])
        grid = _meeting(onto.over(low, high), low, high)
        shares = of_rings(points[:, [r, z]], mesh.tetrahedra, mesh.cell, mesh.n_cell, grid)
    return resampled(cells, shares, onto.outside or "empty")


def _meeting(grid: Cartesian, low: FloatArray, high: FloatArray) -> Cartesian:
    """Return a grid that a mesh between two corners [m] reaches; InputError where it lies beside it."""
    if (grid.lower >= high).any() or (grid.upper <= low).any():
        mesh, box = (
            f"from {a.tolist()} to {b.tolist()} m" for a, b in ((low, high), (grid.lower, grid.upper))
        )
        raise InputError(f"grid: lies {box}, beside the mesh, {mesh}; check the grid and the unit of length")
    return grid


def in_a_row(source: Source, mesh: Mesh) -> Source:
    """Return a mesh as a source whose cells lie along x, each as long as the unit of length."""

    def row(array: Array) -> Array:
        return replace(array, dims=tuple("x" if dim == "cell" else dim for dim in array.dims))

    one = np.array([0.0, 1.0])
    axes = Axes(np.arange(mesh.n_cell + 1.0), one, one, mesh.units)
    return replace(source, arrays={n: row(a) for n, a in source.arrays.items()}, grid=axes, mesh=None)


def _plane(low: FloatArray, high: FloatArray, r: int) -> tuple[int, int]:
    """Which coordinates of a mesh in a plane are radius and axis."""
    thin = high - low <= FLAT * (high - low).max()
    across = [axis for axis in range(3) if thin[axis]]
    if len(across) != 1 or across[0] == r:
        names = " and ".join(axis for axis, flat in zip(AXES, thin, strict=True) if not flat)
        raise InputError(
            f"its cells lie along {names}: expected a plane with the radius {AXES[r]} and its axis"
        )
    return r, 3 - r - across[0]


def _revolved(field: Field, onto: Onto, radius: str) -> Field:
    along = field.grid[AXES.index(radius)]
    others = [faces for axis, faces in zip(AXES, field.grid, strict=True) if axis != radius]
    up = max((faces for faces in others if np.isfinite(faces).all()), key=len, default=along)
    r = float(along[-1])
    grid = onto.over(np.array([-r, -r, up[0]]), np.array([r, r, up[-1]]))
    return revolve(field, grid, radius, onto.outside or "empty")
