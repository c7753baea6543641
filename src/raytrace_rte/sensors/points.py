"""Sensors at points: many rays each, folded into a flux or into the incident radiation G."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..boundaries.mesh import Mesh
from ..errors import InputError, nearest
from ..grid import FACES, FloatArray
from ..media.medium import Medium
from ..solvers.quadrature import Directions, cone, lebedev, rotated
from .images import HeatSource, heat_source
from .rays import Rays, trusted, unit

GOLDEN = np.pi * (3.0 - np.sqrt(5.0))
"""[rad], turns the directions of each point against its neighbours', so that ray effects do not align."""


@dataclass(frozen=True, eq=False)
class PointSensor:
    """Points with directions around each. Made by `radiometer`, `wall_flux`, `mesh_flux` and `incident`.

    points (n, 3) [m]; normals (n, 3), or None for the whole sphere; half_angle_deg of the view around the
    normal; face: the face of the grid whose cells the points are; layout: shape of the answer

    Two sets of directions are used, of 5 and 4 ninths of the rays: their mean is the answer, half their
    difference the estimate of its angular error.
    """

    kind: str
    points: FloatArray
    normals: FloatArray | None
    half_angle_deg: float
    directions: int
    face: str | None = None
    layout: tuple[int, ...] = ()

    @property
    def sets(self) -> tuple[Directions, Directions]:
        """The two sets of directions, around the z axis."""
        first = self.directions * 5 // 9
        if self.normals is None:
            return rotated(lebedev(first), 1), rotated(lebedev(self.directions - first), 2)
        up = np.array([0.0, 0.0, 1.0])
        return cone(up, self.half_angle_deg, first), cone(up, self.half_angle_deg, self.directions - first)

    def rays(self, first: int, last: int) -> Rays:
        """Return the rays of points first to last - 1, all directions of a point in turn."""
        vector = np.concatenate([s.vector for s in self.sets])
        turn = GOLDEN * np.arange(first, last)
        c, s = np.cos(turn)[:, None], np.sin(turn)[:, None]
        x, y, z = vector.T
        local = np.stack([c * x - s * y, s * x + c * y, np.broadcast_to(z, (last - first, z.size))], axis=-1)
        if self.normals is not None:
            local = np.einsum("pnk,pkx->pnx", local, _frames(self.normals[first:last]))
        return trusted(np.repeat(self.points[first:last], z.size, axis=0), unit(local.reshape(-1, 3)))

    def weights(self) -> tuple[FloatArray, FloatArray]:
        """Weights of both sets (n_direction,) [sr], times the cosine if there is a normal."""
        first, second = self.sets
        if self.normals is None:
            return first.weight, second.weight
        return first.weight * first.vector[:, 2], second.weight * second.vector[:, 2]

    @property
    def view(self) -> float:
        """Flux of constant radiance 1 through the view, pi sin^2 of its half angle; 4 pi for the sphere."""
        if self.normals is None:
            return 4.0 * np.pi
        return float(np.pi * np.sin(np.radians(self.half_angle_deg)) ** 2)

    def on(self, medium: Medium) -> PointSensor:
        """Return the sensor with its points: those of a face come from the medium's grid."""
        if self.face is None:
            return self
        number = FACES.index(self.face)
        grid, axis = medium.grid, number // 2
        if np.isinf(grid[axis][0]):
            raise InputError(f"wall_flux: face {self.face} is at infinity; choose a face of a finite axis")
        at = grid[axis][[0 if number % 2 == 0 else -1]]
        x, y, z = np.meshgrid(*(at if a == axis else c for a, c in enumerate(grid.centres)), indexing="ij")
        points = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)
        normals = np.zeros_like(points)
        normals[:, axis] = 1.0 if number % 2 == 0 else -1.0
        layout = tuple(n for a, n in enumerate(grid.shape) if a != axis)
        return PointSensor(self.kind, points, normals, 90.0, self.directions, self.face, layout)

    def settings(self) -> dict[str, object]:
        """What a Result records."""
        out: dict[str, object] = {"kind": self.kind, "directions": self.directions}
        if self.face is not None:
            return out | {"face": self.face}
        digest = hashlib.sha256(self.points.tobytes())
        if self.normals is not None:
            digest.update(self.normals.tobytes())
            out["view_angle_deg"] = 2.0 * self.half_angle_deg
        return out | {"count": len(self.points), "sha256": digest.hexdigest()}


def radiometer(
    position: ArrayLike, normal: ArrayLike, view_angle_deg: float = 180.0, directions: int = 400
) -> PointSensor:
    """Return one radiometer, or several, anywhere, also outside the grid.

    position [m] and normal (the side it looks to): (3,) or (n, 3); view_angle_deg: full angle of the cone
    that it sees, above 0 and at most 180 degrees; directions: rays each. Raises InputError on anything else.
    """
    points, normals = _points("radiometer: position", position), _points("radiometer: normal", normal)
    count = max(len(points), len(normals))
    if {len(points), len(normals)} - {1, count}:
        raise InputError(
            f"radiometer: {len(points)} positions but {len(normals)} normals; give as many, or one"
        )
    angle = float(view_angle_deg)
    if not 0.0 < angle <= 180.0:
        raise InputError(
            f"radiometer: view_angle_deg is {view_angle_deg}; expected above 0 and at most 180 degrees"
        )
    if not normals.any(axis=1).all():
        raise InputError("radiometer: a normal is [0, 0, 0]; give the direction that it looks to")
    points, normals = (np.broadcast_to(v, (count, 3)).copy() for v in (points, unit(normals)))
    return PointSensor("radiometer", points, normals, 0.5 * angle, _count(directions), layout=(count,))


def wall_flux(face: str, directions: int = 400) -> PointSensor:
    """Return radiometers at the centres of all cells of a face (x_min, x_max, y_min, ...), looking inwards.

    The answer has the shape of the face, e.g. (ny, nz) for x_min. Raises InputError on another name.
    """
    if face not in FACES:
        raise InputError(f"wall_flux: no face '{face}'{nearest(face, FACES)}; faces are {', '.join(FACES)}")
    none = np.empty((0, 3))
    return PointSensor("wall_flux", none, none, 90.0, _count(directions), face)


def mesh_flux(mesh: Mesh, directions: int = 400) -> PointSensor:
    """Return radiometers on all triangles of a mesh, looking outwards; the answer is one flux per triangle.

    They stand a millionth of the mesh's extent above the triangles' centres.
    """
    lift = 1e-6 * float(np.ptp(mesh.vertices, axis=0).max())
    points, normals = mesh.centroids + lift * mesh.normals, mesh.normals
    return PointSensor("mesh_flux", points, normals, 90.0, _count(directions), layout=(len(points),))


def incident(
    points: ArrayLike | None = None, directions: int = 400, seed: int = 0
) -> PointSensor | HeatSource:
    """Return the sensor for the incident radiation G at points (n, 3) [m]; for every cell when None.

    For every cell, the result is that of `heat_source` with so many directions and this seed.
    Raises InputError on other shapes.
    """
    if points is None:
        return heat_source(directions, seed)
    p = _points("incident: points", points)
    return PointSensor("incident", p, None, 180.0, _count(directions), layout=(len(p),))


def fold(values: NDArray[np.float64], sensor: PointSensor) -> tuple[FloatArray, FloatArray]:
    """Return (answer, angular estimate) (n_point, n_band) from radiances (n_point, n_direction, n_band)."""
    first, second = sensor.weights()
    a = np.einsum("n,pnb->pb", first, values[:, : first.size])
    b = np.einsum("n,pnb->pb", second, values[:, first.size :])
    return 0.5 * (a + b), 0.5 * np.abs(a - b)


def _points(name: str, values: ArrayLike) -> FloatArray:
    v = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if v.ndim != 2 or v.shape[1] != 3 or not np.isfinite(v).all():
        raise InputError(f"{name}: found {values!r}; expected finite numbers of shape (3,) or (n, 3)")
    return v


def _count(directions: int) -> int:
    if int(directions) != directions or directions < 18:
        raise InputError(f"directions is {directions!r}; expected a whole number, at least 18")
    return int(directions)


def _frames(normals: FloatArray) -> FloatArray:
    """For each normal the rows of a frame: two unit vectors across it, and the normal."""
    across = unit(np.cross(normals, np.eye(3)[np.abs(normals).argmin(axis=1)]))
    return np.stack([across, np.cross(normals, across), normals], axis=1)
