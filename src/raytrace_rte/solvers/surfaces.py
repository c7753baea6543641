"""Rays among walls that reflect: they go on from mirrors and periodic faces, and see the light of grey ones.

What grey walls and solid cells send out comes from a volume solve. Every piece of a ray is marched exactly,
until what its transmittance lets through is below the tolerance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..boundaries.mesh import Mesh
from ..boundaries.solids import Objects, Solids, merged
from ..boundaries.walls import REFLECTING, Walls
from ..errors import InputError
from ..grid import FACES, Cartesian, FloatArray, across
from ..media.medium import Medium
from ..method import ATOL, Auto, March, Method
from ..sensors.images import HeatSource, Sensor
from ..sensors.points import fold, mesh_flux
from ..sensors.rays import Rays, trusted
from .rays import trace_all
from .volumes.volume import solve_volume

if TYPE_CHECKING:
    from ..kernels.trace import Answers

BOUNCES = 10_000
"""Pieces of a ray at most; what is left of it then is part of its error."""
OPAQUE = 1e30
"""[1/m], absorption coefficient of a solid cell: nothing shines through, and it stays finite in float32."""
BEHIND = 1e20
"""Optical depth that only a solid cell has."""
MESH_DIRECTIONS, MESH_ROUNDS, MESH_CHANGE = 100, 50, 1e-6
"""Radiosity of grey triangles: rays each, rounds at most, and the relative change at which they end."""


class Lit(NamedTuple):
    """The scene as rays see it: solids are opaque cells; what leaves each face and what lies beyond (seven
    arrays, (1 or cells of the face, n_band)); and the meshes with what leaves their triangles (m, n_band)."""

    medium: Medium
    walls: Walls
    seen: list[FloatArray]
    meshes: list[Mesh]
    shown: list[FloatArray]

    @property
    def greatest(self) -> FloatArray:
        """Greatest radiance that anything sends out (n_band,)."""
        return np.max([self.medium.source_range[1], *(s.max(axis=0) for s in self.seen + self.shown)], axis=0)


def trace_enclosed(
    medium: Medium, sensor: Sensor, walls: Walls, method: Method, objects: Objects, threads: int | None
) -> tuple[Answers, FloatArray, FloatArray]:
    """Return answers of all rays, their radiance and the bound of its error (n_ray, n_band).

    Raises InputError for methods that cannot follow a reflected ray (Thick, Thin, Threshold).
    """
    if not isinstance(method, Auto | March):
        raise InputError(f"method: {method!r} knows no reflecting walls or objects; use Auto or March")
    lit = _lit(medium, walls.checked(medium), objects, threads)
    rays = sensor.take(np.arange(int(np.prod(sensor.shape))))
    return _followed(lit, rays, method, threads)


def _followed(
    lit: Lit, rays: Rays, method: Auto | March, threads: int | None
) -> tuple[Answers, FloatArray, FloatArray]:
    """Follow rays over mirrors and periods until something ends them."""
    from ..kernels.cartesian import MISSED
    from ..kernels.trace import empty_answers

    medium, walls = lit.medium, lit.walls
    greatest, order = lit.greatest, method.order if isinstance(method, March) else 2
    stop = _stop(method, greatest)
    origin, direction = rays.origin.copy(), rays.direction.copy()
    total = empty_answers(len(origin), medium.n_band)
    total.transmittance[:], total.face[:] = 1.0, MISSED
    for array in (total.emission, total.optical_depth, total.neglected, total.visits, total.steps):
        array[:] = 0
    value = np.zeros_like(total.emission)
    on = np.arange(len(origin))
    dark = np.zeros((7, medium.n_band))
    turns = np.array([*(walls.face(f).kind in REFLECTING for f in FACES), False, False])
    for _ in range(BOUNCES):
        end, mesh, triangle = _struck(lit.meshes, origin[on], direction[on])
        piece = trace_all(
            medium, trusted(origin[on], direction[on]), March(order), dark, threads=threads, ends=end
        )
        T = total.transmittance[on]
        total.emission[on] += T * piece.emission
        total.transmittance[on] = T * piece.transmittance
        total.optical_depth[on] += piece.optical_depth
        total.visits[on] += piece.visits
        total.steps[on] += piece.steps
        total.face[on] = piece.face
        out = _leave(medium.grid, origin[on], direction[on], piece.face)
        value[on] = _sees(lit, piece.face, out, mesh, triangle)
        again = turns[piece.face] & (total.transmittance[on] * greatest > stop).any(axis=1)
        origin[on], direction[on] = _turned(medium.grid, walls, piece.face, out, direction[on])
        on = on[again]
        if not on.size:
            break
    total.neglected[:] = np.where(turns[total.face][:, None], total.transmittance * greatest, 0.0)
    total.face[:] = MISSED
    total.optical_depth[total.optical_depth > BEHIND] = np.inf  # it ended in a solid cell
    return total, total.emission + total.transmittance * value, total.neglected


def _struck(
    meshes: list[Mesh], origin: FloatArray, direction: FloatArray
) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.int64]]:
    """Return (distance, mesh, triangle) of the nearest mesh each ray meets; inf and -1 where none."""
    end = np.full(len(origin), np.inf)
    mesh, triangle = np.full(len(origin), -1), np.full(len(origin), -1)
    for n, thing in enumerate(meshes):
        t, tri = thing.hit(origin, direction)
        nearer = t < end
        end[nearer], mesh[nearer], triangle[nearer] = t[nearer], n, tri[nearer]
    return end, mesh, triangle


def _stop(method: Auto | March, greatest: FloatArray) -> FloatArray:
    """Radiance below which what is left of a ray is given up, for each band."""
    if isinstance(method, March):
        return np.full(greatest.size, 1e-12 if method.stop is None else method.stop) * (
            greatest if method.stop is None else 1.0
        )
    absolute = ATOL * float(greatest.sum()) if method.atol is None else method.atol
    return np.full(greatest.size, absolute / greatest.size)


def _lit(medium: Medium, walls: Walls, objects: Objects, threads: int | None) -> Lit:
    """Return the scene with the light of grey walls, solid cells and triangles worked out."""
    solids, meshes = merged(objects, medium), [m for m in objects if isinstance(m, Mesh)]
    seen = [walls.face(f).emitted(medium) for f in FACES] + [walls.emitted(medium)]
    grey = any(walls.face(f).kind == "grey" for f in FACES)
    if grey or solids is not None:
        heat = solve_volume(medium, HeatSource(), walls, Auto(), solids, threads)
        for n, face in enumerate(FACES):
            if walls.face(face).kind == "grey":
                seen[n] = np.asarray(heat.radiosity[face]).reshape(-1, medium.n_band)
        if solids is not None:
            medium = _opaque(medium, solids, heat.radiosity["solids"].reshape(-1, medium.n_band))
    lit = Lit(medium, walls, seen, meshes, [_emitted(medium, m) for m in meshes])
    return _with_grey_meshes(lit, threads)


def _opaque(medium: Medium, solids: Solids, shown: FloatArray) -> Medium:
    """Return the medium with solid cells opaque, sending out what they show (n_solid, n_band)."""
    shape = (*medium.grid.shape, medium.n_band)
    from ..kernels.reconstruct import KAPPA, SOURCE

    kappa, source = (a.reshape(shape).copy() for a in (medium.kappa, medium.source))
    kappa[solids.mask], source[solids.mask] = OPAQUE, shown
    shape = medium.kappa.shape
    opaque = Medium(
        medium.grid, kappa.reshape(shape), source.reshape(shape), medium.emission, medium.provenance
    )
    record = opaque.cells.record  # a solid cell shows one radiance: no slope towards its neighbours
    record[solids.mask.ravel(), :, KAPPA + 1 : SOURCE] = 0.0
    record[solids.mask.ravel(), :, SOURCE + 1 :] = 0.0
    return opaque


def _emitted(medium: Medium, mesh: Mesh) -> FloatArray:
    """What black triangles of a mesh's temperature emit (m, n_band)."""
    T = np.broadcast_to(np.asarray(mesh.temperature, dtype=np.float64), len(mesh.triangles))
    values, index = np.unique(T, return_inverse=True)
    return np.stack([np.broadcast_to(medium.emission(t) if t else 0.0, medium.n_band) for t in values])[index]


def _with_grey_meshes(lit: Lit, threads: int | None) -> Lit:
    """Return the scene with the radiosity of grey triangles, emitted and reflected, by a fixed point."""
    emissivity = [np.broadcast_to(np.asarray(m.emissivity), len(m.triangles))[:, None] for m in lit.meshes]
    if all((e == 1.0).all() for e in emissivity):
        return lit
    black = lit.shown
    sensors = [mesh_flux(m, MESH_DIRECTIONS) for m in lit.meshes]
    for _ in range(MESH_ROUNDS):
        shown = []
        for sensor, e, own in zip(sensors, emissivity, black, strict=True):
            _, value, _ = _followed(lit, sensor.rays(0, len(own)), Auto(), threads)
            arriving, _ = fold(value.reshape(len(own), -1, own.shape[1]), sensor)
            shown.append(e * own + (1.0 - e) * arriving / np.pi)
        change = max(float(np.abs(a - b).max()) for a, b in zip(shown, lit.shown, strict=True))
        lit = lit._replace(shown=shown)
        if change <= MESH_CHANGE * float(lit.greatest.max()):
            return lit
    raise InputError(f"mesh: radiosity did not converge in {MESH_ROUNDS} rounds; raise the emissivities")


def _leave(grid: Cartesian, origin: FloatArray, direction: FloatArray, face: NDArray[np.int8]) -> FloatArray:
    """Where rays leave the grid, exactly on their face (n, 3); rays that miss it stay."""
    out = origin.copy()
    for n in range(6):
        rows = np.flatnonzero(face == n)
        axis, at = n // 2, grid[n // 2][0 if n % 2 == 0 else -1]
        t = (at - origin[rows, axis]) / direction[rows, axis]
        out[rows] = origin[rows] + t[:, None] * direction[rows]
        out[rows, axis] = at
    return out


def _sees(
    lit: Lit,
    face: NDArray[np.int8],
    out: FloatArray,
    mesh: NDArray[np.int64],
    triangle: NDArray[np.int64],
) -> FloatArray:
    """What rays see at their end (n, n_band)."""
    from ..kernels.cartesian import STRUCK

    grid, seen = lit.medium.grid, lit.seen
    values = np.empty((len(face), lit.medium.n_band))
    for n in range(7):
        rows = np.flatnonzero(face == n)
        if len(seen[n]) == 1:
            values[rows] = seen[n][0]
            continue
        first, second = across(range(3), n)
        i, j = (
            np.clip(np.searchsorted(grid[a], out[rows, a], side="right") - 1, 0, grid.shape[a] - 1)
            for a in (first, second)
        )
        values[rows] = seen[n][i * grid.shape[second] + j]
    for n, shown in enumerate(lit.shown):
        rows = np.flatnonzero((face == STRUCK) & (mesh == n))
        values[rows] = shown[triangle[rows]]
    return values


def _turned(
    grid: Cartesian, walls: Walls, face: NDArray[np.int8], out: FloatArray, direction: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Origins and directions after mirrors and periodic faces."""
    origin, direction = np.clip(out, grid.lower, grid.upper), direction.copy()
    for n, name in enumerate(FACES):
        rows, axis = face == n, n // 2
        kind = walls.face(name).kind
        if kind == "mirror":
            direction[rows, axis] *= -1.0
        elif kind == "periodic":
            origin[rows, axis] = grid[axis][-1 if n % 2 == 0 else 0]
    return origin, direction
