"""Rays among walls that reflect: they go on from mirrors and periodic faces, and see the light of grey ones.

What grey walls and solid cells send out comes from a volume solve. Every piece of a ray is marched exactly,
until what its transmittance lets through is below the tolerance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .grid import FACES, Cartesian, FloatArray
from .medium import Medium
from .method import ATOL, Auto, March, Method
from .opaque import Solids
from .rays import trusted
from .sensors import HeatSource, Sensor
from .volume import solve_volume
from .walls import REFLECTING, Walls, open_

if TYPE_CHECKING:
    from .kernels.trace import Answers

BOUNCES = 10_000
"""Pieces of a ray at most; what is left of it then is part of its error."""
OPAQUE = 1e30
"""[1/m], absorption coefficient of a solid cell: nothing shines through, and it stays finite in float32."""


def trace_enclosed(
    medium: Medium, sensor: Sensor, walls: Walls, method: Method, solids: Solids | None, threads: int | None
) -> tuple[Answers, FloatArray, FloatArray]:
    """Return answers of all rays, their radiance and the bound of its error (n_ray, n_band).

    Raises InputError for methods that cannot follow a reflected ray (Thick, Thin, Threshold).
    """
    from .kernels.cartesian import MISSED
    from .kernels.trace import empty_answers
    from .solver import trace_all

    if not isinstance(method, Auto | March):
        raise InputError(f"method: {method!r} knows no reflecting walls or solids; use Auto or March")
    medium, seen = _lit(medium, walls.checked(medium), solids, threads)
    greatest = np.maximum(medium.source_range[1], np.max([s.max(axis=0) for s in seen], axis=0))
    stop = _stop(method, greatest)
    order = method.order if isinstance(method, March) else 2
    rays = sensor.take(np.arange(int(np.prod(sensor.shape))))
    origin, direction = rays.origin.copy(), rays.direction.copy()
    total = empty_answers(len(origin), medium.n_band)
    total.transmittance[:], total.face[:] = 1.0, MISSED
    for array in (total.emission, total.optical_depth, total.neglected, total.visits, total.steps):
        array[:] = 0
    value = np.zeros_like(total.emission)
    on = np.arange(len(origin))
    dark = open_().radiance(medium)
    for _ in range(BOUNCES):
        piece = trace_all(medium, trusted(origin[on], direction[on]), March(order), dark, threads=threads)
        T = total.transmittance[on]
        total.emission[on] += T * piece.emission
        total.transmittance[on] = T * piece.transmittance
        total.optical_depth[on] += piece.optical_depth
        total.visits[on] += piece.visits
        total.steps[on] += piece.steps
        total.face[on] = piece.face
        out = _leave(medium.grid, origin[on], direction[on], piece.face)
        value[on] = _sees(medium.grid, seen, piece.face, out)
        again = np.array([*(walls.face(f).kind in REFLECTING for f in FACES), False])[piece.face]
        again &= (total.transmittance[on] * greatest > stop).any(axis=1)
        origin[on], direction[on] = _turned(medium.grid, walls, piece.face, out, direction[on])
        on = on[again]
        if not on.size:
            break
    left = np.array([*(walls.face(f).kind in REFLECTING for f in FACES), False])[total.face]
    error = np.where(left[:, None], total.transmittance * greatest, 0.0)
    total.neglected[:] = error
    return total, total.emission + total.transmittance * value, error


def _stop(method: Auto | March, greatest: FloatArray) -> FloatArray:
    """Radiance below which what is left of a ray is given up, for each band."""
    if isinstance(method, March):
        return np.full(greatest.size, 1e-12 if method.stop is None else method.stop) * (
            greatest if method.stop is None else 1.0
        )
    absolute = ATOL * float(greatest.sum()) if method.atol is None else method.atol
    return np.full(greatest.size, absolute / greatest.size)


def _lit(
    medium: Medium, walls: Walls, solids: Solids | None, threads: int | None
) -> tuple[Medium, list[FloatArray]]:
    """Return the medium with solids as opaque cells, and the radiance that leaves each face and what lies
    beyond: seven arrays (1 or cells of the face, n_band)."""
    grey = any(walls.face(f).kind == "grey" for f in FACES)
    seen = [walls.face(f).emitted(medium) for f in FACES] + [walls.emitted(medium)]
    if not grey and solids is None:
        return medium, seen
    heat = solve_volume(medium, HeatSource(), walls, Auto(), solids, threads)
    for n, face in enumerate(FACES):
        if walls.face(face).kind == "grey":
            seen[n] = np.asarray(heat.radiosity[face]).reshape(-1, medium.n_band)
    if solids is None:
        return medium, seen
    shape = (*medium.grid.shape, medium.n_band)
    kappa, source = (a.reshape(shape).copy() for a in (medium.kappa, medium.source))
    kappa[solids.mask] = OPAQUE
    source[solids.mask] = heat.radiosity["solids"].reshape(-1, medium.n_band)
    if medium.kappa.ndim == 3:
        kappa, source = kappa[..., 0], source[..., 0]
    return Medium(medium.grid, kappa, source, medium.emission, medium.provenance), seen


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


def _sees(grid: Cartesian, seen: list[FloatArray], face: NDArray[np.int8], out: FloatArray) -> FloatArray:
    """What rays see at their end (n, n_band)."""
    values = np.empty((len(face), seen[0].shape[1]))
    for n in range(7):
        rows = np.flatnonzero(face == n)
        if len(seen[n]) == 1:
            values[rows] = seen[n][0]
            continue
        first, second = (a for a in range(3) if a != n // 2)
        i, j = (
            np.clip(np.searchsorted(grid[a], out[rows, a], side="right") - 1, 0, grid.shape[a] - 1)
            for a in (first, second)
        )
        values[rows] = seen[n][i * grid.shape[second] + j]
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
