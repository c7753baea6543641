"""Sensors at points: many rays each, folded into a flux or into the incident radiation G."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..boundaries.mesh import Mesh
from ..errors import InputError, nearest
from ..grid import FACES, FloatArray, across
from ..results.flux import FluxResult
from ..solvers.lines import Traced
from ..solvers.rays import Gathered, RayTask
from ..solvers.scene import Scene, Sensor
from ..solvers.viewpoints import Viewpoints
from ..table import Variable
from ..vectors import unit
from .volumes import HeatSource, heat_source


@dataclass(frozen=True, eq=False)
class PointSensor:
    """Points with directions around each. Made by `radiometer`, `mesh_flux` and `incident`.

    name: of the answer, "incident_flux" or "G"; view: the points, what they look at and along which directions
    """

    kind: str
    name: str
    view: Viewpoints

    def settings(self) -> dict[str, object]:
        """What a Result records."""
        digest = hashlib.sha256(self.view.points.tobytes())
        out: dict[str, object] = {"kind": self.kind, "directions": self.view.directions}
        if self.view.normals is not None:
            digest.update(self.view.normals.tobytes())
            out["view_angle_deg"] = 2.0 * self.view.half_angle_deg
        return out | {"count": len(self.view.points), "sha256": digest.hexdigest()}

    def task(self, scene: Scene) -> RayTask[FluxResult]:
        """Follow all directions of all points."""
        number = Variable("point", ("point",), np.arange(len(self.view.points)), "1", "number of the point")
        return fluxes(scene, self, self.name, self.view, ("point",), [number, *_places(self.view)])


@dataclass(frozen=True)
class WallFlux:
    """Radiometers at the centres of all cells of a face, looking inwards. Made by `wall_flux`."""

    face: str
    directions: int

    def settings(self) -> dict[str, object]:
        """What a Result records."""
        return {"kind": "wall_flux", **asdict(self)}

    def task(self, scene: Scene) -> RayTask[FluxResult]:
        """Follow all directions of all cells of the face; InputError where it is at infinity."""
        grid, number = scene.medium.grid, FACES.index(self.face)
        axis, axes = number // 2, across("xyz", number)
        if np.isinf(grid[axis][0]):
            raise InputError(f"wall_flux: face {self.face} is at infinity; choose a face of a finite axis")
        at = grid[axis][[0 if number % 2 == 0 else -1]]
        x, y, z = np.meshgrid(*(at if a == axis else c for a, c in enumerate(grid.centres)), indexing="ij")
        points = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)
        normals = np.zeros_like(points)
        normals[:, axis] = 1.0 if number % 2 == 0 else -1.0
        centres = [
            Variable(name, (name,), c, "m", f"cell centres along {name}")
            for name, c in zip(axes, across(grid.centres, number), strict=True)
        ]
        view = Viewpoints(points, normals, 90.0, self.directions)
        return fluxes(scene, self, "incident_flux", view, axes, centres)


def fluxes(
    scene: Scene,
    sensor: Sensor[FluxResult],
    name: str,
    view: Viewpoints,
    dims: tuple[str, ...],
    coordinates: list[Variable],
) -> RayTask[FluxResult]:
    """Return the task of a sensor that adds up the radiances about points; dims, coordinates: of the points."""
    scene.require_bound("a flux")
    spectral = scene.medium.kappa.ndim == 4
    lengths = {v.name: v.values.size for v in coordinates}
    shape = (*(lengths[d] for d in dims), *((scene.medium.n_band,) if spectral else ()))

    def fold(traced: Traced, points: int) -> dict[str, FloatArray]:
        flux, estimate = view.fold(traced.value, points)
        return {"flux": flux, "bound": view.fold(traced.error_bound, points)[0], "estimate": estimate}

    def finish(task: RayTask[FluxResult], gathered: Gathered) -> FluxResult:
        rows, stats = gathered
        return FluxResult.build(
            dims,
            coordinates,
            rows["flux"].reshape(shape),
            name=name,
            error_bound=rows["bound"].reshape(shape),
            error_estimate=rows["estimate"].reshape(shape),
            view=view.view,
            stats=stats | {"directions": view.each, "points": len(view.points)},
            config=scene.settings() | {"sensor": sensor.settings()},
            spectrum=scene.medium.spectrum,
            spectral=spectral,
        )

    return RayTask(scene, sensor, len(view.points), view.take, finish, fold=fold, each=view.each)


def _places(view: Viewpoints) -> list[Variable]:
    """Positions and normals of points as variables."""
    out = [
        Variable(a, ("point",), view.points[:, n], "m", f"position along {a}") for n, a in enumerate("xyz")
    ]
    if view.normals is not None:
        out += [
            Variable(f"normal_{a}", ("point",), view.normals[:, n], "1", f"component of the normal along {a}")
            for n, a in enumerate("xyz")
        ]
    return out


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
    angle = checks.number("radiometer: view_angle_deg", view_angle_deg, above=0.0, high=180.0, unit="degree")
    if not normals.any(axis=1).all():
        raise InputError("radiometer: a normal is [0, 0, 0]; give the direction that it looks to")
    points, normals = (np.broadcast_to(v, (count, 3)).copy() for v in (points, unit(normals)))
    view = Viewpoints(points, normals, 0.5 * angle, _count("radiometer", directions))
    return PointSensor("radiometer", "incident_flux", view)


def wall_flux(face: str, directions: int = 400) -> WallFlux:
    """Return radiometers at the centres of all cells of a face (x_min, x_max, y_min, ...), looking inwards.

    The answer has the shape of the face, e.g. (ny, nz) for x_min. Raises InputError on another name.
    """
    checks.text("wall_flux: face", face, f"one of {', '.join(FACES)}")
    if face not in FACES:
        raise InputError(f"wall_flux: no face '{face}'{nearest(face, FACES)}; faces are {', '.join(FACES)}")
    return WallFlux(face, _count("wall_flux", directions))


def mesh_flux(mesh: Mesh, directions: int = 400) -> PointSensor:
    """Return radiometers on all triangles of a mesh, looking outwards; the answer is one flux per triangle.

    They stand a millionth of the mesh's extent above the triangles' centres.
    """
    checks.instance("mesh_flux: mesh", mesh, Mesh, "a mesh, as of rte.mesh(...)")
    view = Viewpoints(*mesh.outside, 90.0, _count("mesh_flux", directions))
    return PointSensor("mesh_flux", "incident_flux", view)


@overload
def incident(points: None = None, directions: int = 400) -> HeatSource: ...
@overload
def incident(points: ArrayLike, directions: int = 400) -> PointSensor: ...
def incident(points: ArrayLike | None = None, directions: int = 400) -> PointSensor | HeatSource:
    """Return the sensor for the incident radiation G at points (n, 3) [m]; for every cell when None.

    For every cell, the result is that of `heat_source` with so many directions.
    Raises InputError on other shapes.
    """
    if points is None:
        return heat_source(directions)
    view = Viewpoints(_points("incident: points", points), None, 180.0, _count("incident", directions))
    return PointSensor("incident", "G", view)


def _points(name: str, values: ArrayLike) -> FloatArray:
    expected = "finite numbers of shape (3,) or (n, 3)"
    v = np.atleast_2d(checks.real(name, values, expected).astype(np.float64))
    if v.ndim != 2 or v.shape[1] != 3 or not np.isfinite(v).all():
        raise checks.wrong(name, values, expected)
    return v


def _count(sensor: str, directions: int) -> int:
    return checks.whole(f"{sensor}: directions", directions, low=18)
