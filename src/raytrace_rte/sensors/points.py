"""Sensors at points: many rays each, folded into a flux or into the incident radiation G."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, partial
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..boundaries.mesh import Mesh
from ..errors import InputError, nearest
from ..grid import FACES, FloatArray, across
from ..results.flux import FluxResult
from ..solvers.adaptive import Look, Measured, Point
from ..solvers.lines import Traced
from ..solvers.rays import Gathered, RayTask
from ..solvers.scene import Scene, Sensor
from ..solvers.spots import spots_of
from ..solvers.viewpoints import Tolerance, Viewpoints
from ..table import Variable
from ..vectors import unit
from .volumes import HeatSource, heat_source

MAX_RAYS, LEAST, USUAL = 500_000, 10_000, 8_000
"""Rays of a point with a tolerance: at most unless said, the least that may be said, and usually."""


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
        out: dict[str, object] = {"kind": self.kind, **_fineness(self.view)}
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
    tolerance: Tolerance | None = None

    def settings(self) -> dict[str, object]:
        """What a Result records."""
        fineness = {"directions": self.directions} if self.tolerance is None else asdict(self.tolerance)
        return {"kind": "wall_flux", "face": self.face, **fineness}

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
        view = Viewpoints(points, normals, 90.0, self.directions, self.tolerance)
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
        if traced.error_estimate is not None:  # of the light that surfaces reflect
            estimate = estimate + view.fold(traced.error_estimate, points)[0]
        return {"flux": flux, "bound": view.fold(traced.error_bound, points)[0], "estimate": estimate}

    def measure(numbers: NDArray[np.int64], look: Look) -> dict[str, NDArray[Any]]:
        assert view.tolerance is not None
        found = [Point(view, int(n), spots(), view.tolerance, look).measure() for n in numbers]
        rows = {name: np.array([getattr(one, name) for one in found]) for name in Measured._fields}
        n_band = scene.medium.n_band
        return rows | {name: rows[name].reshape(-1, n_band) for name in ("flux", "bound", "estimate")}

    spots = cache(partial(spots_of, scene))

    def finish(task: RayTask[FluxResult], gathered: Gathered) -> FluxResult:
        rows, stats = gathered
        return FluxResult.build(
            dims,
            [*coordinates, *_mixture(scene, view, dims, shape[: len(dims)])],
            rows["flux"].reshape(shape),
            name=name,
            error_bound=rows["bound"].reshape(shape),
            error_estimate=rows["estimate"].reshape(shape),
            view=view.view,
            stats=stats | _directions(view, rows),
            config=scene.settings() | {"sensor": sensor.settings()},
            spectrum=scene.medium.spectrum,
            spectral=spectral,
        )

    adaptive = measure if view.tolerance is not None else None
    return RayTask(
        scene, sensor, len(view.points), view.take, finish, fold=fold, each=view.each, measure=adaptive
    )


def _mixture(scene: Scene, view: Viewpoints, dims: tuple[str, ...], shape: tuple[int, ...]) -> list[Variable]:
    """The mole ratio of the nearest gas, where a surface there would emit with the shares of that."""
    medium = scene.medium
    if medium.mole_ratio is None:
        return []
    found = medium.mole_ratio[tuple(medium.grid.containing(view.points).T)]
    return [Variable("mole_ratio", dims, found.reshape(shape), "1", "H2O/CO2 of the nearest gas")]


def _directions(view: Viewpoints, rows: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """What a result says of how many directions were taken."""
    out: dict[str, Any] = {"points": len(view.points)}
    if view.tolerance is None:
        return out | {"directions": view.each}
    rays, short = rows["rays"], rows["short"]
    return out | {"rays": int(rays.sum()), "rays_most": int(rays.max(initial=0)), "short": int(short.sum())}


def _fineness(view: Viewpoints) -> dict[str, Any]:
    """What is recorded of how directions are chosen."""
    return {"directions": view.directions} if view.tolerance is None else asdict(view.tolerance)


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
    position: ArrayLike,
    normal: ArrayLike,
    view_angle_deg: float = 180.0,
    directions: int | None = None,
    rtol: float | None = None,
    max_rays: int = MAX_RAYS,
) -> PointSensor:
    """Return one radiometer, or several, anywhere, also outside the grid.

    position [m] and normal (the side it looks to): (3,) or (n, 3); view_angle_deg: full angle of the cone
    that it sees, above 0 and at most 180 degrees
    rtol: error that is aimed at, over the flux, by rays that go where they count (None: 1e-2), at most max_rays of
    them for a point; directions: a fixed set of so many rays instead. Raises InputError on anything else.
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
    view = Viewpoints(points, normals, 0.5 * angle, *_chosen("radiometer", directions, rtol, max_rays))
    return PointSensor("radiometer", "incident_flux", view)


def wall_flux(
    face: str, directions: int | None = None, rtol: float | None = None, max_rays: int = MAX_RAYS
) -> WallFlux:
    """Return radiometers at the centres of all cells of a face (x_min, x_max, y_min, ...), looking inwards.

    directions, rtol, max_rays: as of `radiometer`. The answer has the shape of the face, e.g. (ny, nz) for x_min.
    Raises InputError on another name.
    """
    checks.text("wall_flux: face", face, f"one of {', '.join(FACES)}")
    if face not in FACES:
        raise InputError(f"wall_flux: no face '{face}'{nearest(face, FACES)}; faces are {', '.join(FACES)}")
    return WallFlux(face, *_chosen("wall_flux", directions, rtol, max_rays))


def mesh_flux(
    mesh: Mesh, directions: int | None = None, rtol: float | None = None, max_rays: int = MAX_RAYS
) -> PointSensor:
    """Return radiometers on all triangles of a mesh, looking outwards; the answer is one flux per triangle.

    They stand a millionth of the mesh's extent above the triangles' centres. directions, rtol, max_rays: as of
    `radiometer`.
    """
    checks.instance("mesh_flux: mesh", mesh, Mesh, "a mesh, as of rte.mesh(...)")
    view = Viewpoints(*mesh.outside, 90.0, *_chosen("mesh_flux", directions, rtol, max_rays))
    return PointSensor("mesh_flux", "incident_flux", view)


@overload
def incident(points: None = None, directions: int = 400) -> HeatSource: ...
@overload
def incident(
    points: ArrayLike, directions: int | None = None, rtol: float | None = None, max_rays: int = MAX_RAYS
) -> PointSensor: ...
def incident(
    points: ArrayLike | None = None,
    directions: int | None = None,
    rtol: float | None = None,
    max_rays: int = MAX_RAYS,
) -> PointSensor | HeatSource:
    """Return the sensor for the incident radiation G at points (n, 3) [m]; for every cell when None.

    At points directions, rtol and max_rays are those of `radiometer`. For every cell, the result is that of
    `heat_source` with so many directions (None: 400), and rtol has no meaning.
    Raises InputError on other shapes.
    """
    if points is None:
        if rtol is not None:
            raise InputError("incident: rtol is for points; for every cell give directions")
        if max_rays != MAX_RAYS:
            raise InputError("incident: max_rays is for points; for every cell give directions")
        return heat_source(400 if directions is None else directions)
    chosen = _chosen("incident", directions, rtol, max_rays)
    return PointSensor("incident", "G", Viewpoints(_points("incident: points", points), None, 180.0, *chosen))


def _points(name: str, values: ArrayLike) -> FloatArray:
    expected = "finite numbers of shape (3,) or (n, 3)"
    v = np.atleast_2d(checks.real(name, values, expected).astype(np.float64))
    if v.ndim != 2 or v.shape[1] != 3 or not np.isfinite(v).all():
        raise checks.wrong(name, values, expected)
    return v


def _chosen(
    sensor: str, directions: int | None, rtol: float | None, max_rays: int
) -> tuple[int, Tolerance | None]:
    """Rays of a point, and the tolerance that decides how many, or None."""
    if directions is not None:
        if rtol is not None:
            raise InputError(f"{sensor}: found directions and rtol; a fixed set has no tolerance, drop one")
        return checks.whole(f"{sensor}: directions", directions, low=18), None
    aim = 1e-2 if rtol is None else checks.number(f"{sensor}: rtol", rtol, above=0.0, high=1.0)
    return USUAL, Tolerance(aim, checks.whole(f"{sensor}: max_rays", max_rays, low=LEAST))
