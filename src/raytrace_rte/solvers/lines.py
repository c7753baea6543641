"""Single rays through the compiled drivers, closed by what they end at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..grid import FACES, Cartesian, FloatArray
from ..method import March, Method, Thick, Thin, Threshold
from ..vectors import own
from .scene import Scene

if TYPE_CHECKING:
    from ..kernels.trace import Plan


class Lines(Protocol):
    """Half-lines: origin [m] and unit direction, (n_ray, 3) each."""

    @property
    def origin(self) -> FloatArray: ...
    @property
    def direction(self) -> FloatArray: ...


class Traced(NamedTuple):
    """What rays bring back: the first five (n_ray, n_band), steps (n_ray, 3), left_out, visits and hit (n_ray,).

    value: radiance [W m-2 sr-1]; error_bound: of it, nan for limits and March(1); error_estimate: size of the
    first term that a limit neglects, None for other methods; transmittance, optical_depth: nan where a ray was not
    followed to its end; steps: of each regime (exact, thin, thick); left_out: cells that shortcuts saved, an
    estimate; visits: records read; hit: whether the ray meets the grid
    """

    value: FloatArray
    error_bound: FloatArray
    error_estimate: FloatArray | None
    transmittance: FloatArray
    optical_depth: FloatArray
    steps: NDArray[np.int64]
    left_out: NDArray[np.int64]
    visits: NDArray[np.int64]
    hit: NDArray[np.bool_]


def follow(scene: Scene, lines: Lines, plan: Plan | None = None) -> Traced:
    """Follow rays to where they end for good, on the thread that calls; plan: None is that of the scene."""
    from ..kernels import pyramid
    from ..kernels.grids import MISSED
    from ..kernels.trace import empty_answers, trace

    count = len(lines.origin)
    answers = empty_answers(count, scene.medium.n_band)
    never = np.full(count, np.inf)
    plan = scene.plan if plan is None else plan
    bricks = pyramid.empty() if plan == scene.plan else scene.medium.pyramid
    trace(
        scene.cells, bricks, own(lines.origin), own(lines.direction), never, plan, scene.ends, *scene.range,
        answers, scene.clip,
    )  # fmt: skip
    wall = _seen(scene, lines, answers.face)
    value = wall * answers.transmittance
    value += answers.emission
    bound, estimate = _error(scene.method, answers.neglected, answers.optical_depth, wall)
    answers.transmittance[np.isnan(answers.optical_depth)] = np.nan
    hit = answers.face != MISSED
    return Traced(
        value, bound, estimate, answers.transmittance, answers.optical_depth, answers.steps[:, :3],
        answers.steps[:, 3], answers.visits, hit,
    )  # fmt: skip


def _seen(scene: Scene, lines: Lines, face: NDArray[np.int8]) -> FloatArray:
    """Return the light at the ends of rays (n_ray, n_band) that leave the grid through these faces."""
    out = scene.ends[face]
    if scene.by_cell:
        grid = scene.medium.grid
        at = leave(grid, lines.origin, lines.direction, face)
        for n, light in enumerate(scene.light[: len(FACES)]):
            rows = face == n
            if len(light) > 1:
                out[rows] = light[grid.on_face(n, at[rows])]
    return out


def leave(grid: Cartesian, origin: FloatArray, direction: FloatArray, face: NDArray[np.int8]) -> FloatArray:
    """Where rays leave the grid, exactly on their face (n, 3); rays that miss it stay."""
    out = origin.copy()
    for n in range(6):
        rows = np.flatnonzero(face == n)
        axis, at = n // 2, grid[n // 2][0 if n % 2 == 0 else -1]
        t = (at - origin[rows, axis]) / direction[rows, axis]
        out[rows] = origin[rows] + t[:, None] * direction[rows]
        out[rows, axis] = at
    return out


def _error(
    method: Method, neglected: FloatArray, optical_depth: FloatArray, wall: FloatArray
) -> tuple[FloatArray, FloatArray | None]:
    """(bound of the error, size of the first term that a limit neglects)."""
    match method:
        case Thick() | Threshold():
            estimate = np.abs(neglected)
        case Thin():
            estimate = np.abs(0.5 * optical_depth**2 * wall - neglected)
        case March(order=1):
            return np.full_like(neglected, np.nan), None
        case _:
            return neglected, None
    return np.full_like(neglected, np.nan), estimate
