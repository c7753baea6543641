"""Rays among surfaces: they go on from mirrors and periodic faces, and end at walls, solid cells and triangles.

What leaves grey surfaces is found once for a scene (radiosity.py). Every piece of a ray is marched exactly, until
what its transmittance lets through is below the tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..execution.task import Arrays, Batch, below, named
from ..grid import FACES, FloatArray
from ..method import ATOL, Auto, March
from .lines import Lines, Traced, leave
from .patches import Patches, SolidCells
from .radiosity import Radiosity
from .scene import Scene

BOUNCES = 10_000
"""Pieces of a ray at most; what is left of it then is part of its error."""
LIGHT = -2
"""Stage of the rays that find the light of reflecting surfaces."""


class Piece(NamedTuple):
    """A stretch of one ray between two surfaces: origin and direction (1, 3), distance of what ends it inside."""

    origin: FloatArray
    direction: FloatArray
    end: float


class Reached(NamedTuple):
    """How rays end: light emitted on the way, transmittance to the end, what may be left beyond the last piece
    [W m-2 sr-1] and optical depth (n, n_band); number of the patch at the end, -1 where there is none (n,); steps
    (n, 4), visits and whether the grid is met (n,)."""

    emission: FloatArray
    transmittance: FloatArray
    left: FloatArray
    optical_depth: FloatArray
    patch: NDArray[np.int64]
    steps: NDArray[np.int64]
    visits: NDArray[np.int64]
    hit: NDArray[np.bool_]


class Surfaces:
    """What surfaces of a scene send out, and rays among them.

    leaving: "light" that leaves all patches and its estimated error "doubt" (n_patch, n_band) [W m-2 sr-1]
    estimated: whether some of it is reflected, and so an estimate
    Raises InputError for methods that cannot follow a reflected ray (Thick, Thin, Threshold).
    """

    def __init__(self, scene: Scene) -> None:
        if not isinstance(scene.method, Auto | March):
            raise InputError(
                f"method: {scene.method!r} knows no reflecting walls or objects; use Auto or March"
            )
        self.scene, self.method, self.meshes = scene, scene.method, scene.bodies.meshes
        self.patches = Patches(scene)
        self.solid = None if scene.bodies.solids is None else SolidCells(scene)
        self.leaving: dict[str, NDArray[Any]] = {
            "light": self.patches.black, "doubt": np.zeros_like(self.patches.black)
        }  # fmt: skip
        walls = [scene.walls.face(name) for name in FACES]
        self.returning = np.zeros(9, dtype=bool)
        self.returning[:6] = [wall.returns_rays for wall in walls]
        facets = self.patches.facets()
        self.estimated = len(facets.patch) > 0
        self.radiosity = None
        if self.estimated:
            self.radiosity = Radiosity(self.patches, facets, scene.radiosity_directions, LIGHT, self.reach)
        self._known = not self.estimated

    # The light of surfaces, as a round of a task

    @property
    def total(self) -> int:
        """Batches that finding the light takes."""
        return 0 if self.radiosity is None else self.radiosity.total

    @property
    def done(self) -> int:
        """Batches of these that are added."""
        return 0 if self.radiosity is None else self.radiosity.added

    def batches(self) -> Sequence[Batch]:
        """The next round; empty when `leaving` is known."""
        if self._known or self.radiosity is None:
            return []
        if rest := self.radiosity.batches():
            return rest
        self.leaving["light"], self.leaving["doubt"] = self.radiosity.solved()
        self._known = True
        return []

    def run(self, batch: Batch) -> Arrays:
        """Find what rays from some surfaces meet."""
        assert self.radiosity is not None
        return self.radiosity.run(batch)

    def add(self, batch: Batch, part: Arrays) -> None:
        """Take a part."""
        assert self.radiosity is not None
        self.radiosity.add(part)

    def state(self) -> Arrays:
        """What is known of the light so far."""
        return {} if self.radiosity is None else named("radiosity/", self.radiosity.state())

    def restore(self, state: Arrays) -> None:
        """Go on from a state."""
        if self.radiosity is not None:
            self.radiosity.restore(below(state, "radiosity/"))

    # Rays

    def follow(self, lines: Lines, leaving: Arrays, pieces: list[Piece] | None = None) -> Traced:
        """Follow rays over mirrors and periodic faces until something ends them, and see the light of that.

        pieces: takes the stretches of a single ray
        """
        r = self.reach(lines, pieces)
        seen = (r.patch >= 0)[:, None]
        light, doubt = (np.where(seen, leaving[name][r.patch], 0.0) for name in ("light", "doubt"))
        value, error, estimate = r.emission + r.transmittance * light, r.left, None
        transmittance, depth = r.transmittance, r.optical_depth
        given_up = r.patch < 0  # between mirrors or periodic faces
        transmittance = np.where(given_up[:, None], np.nan, transmittance)
        depth = np.where(given_up[:, None], np.nan, depth)
        if self.estimated:
            estimate, error = r.left + r.transmittance * doubt, np.full_like(error, np.nan)
        if isinstance(self.method, March) and self.method.order == 1:
            error = np.full_like(error, np.nan)
        return Traced(
            value, error, estimate, transmittance, depth, r.steps[:, :3], r.steps[:, 3], r.visits, r.hit
        )

    def reach(self, lines: Lines, pieces: list[Piece] | None = None) -> Reached:
        """Follow rays to their ends, whatever leaves those."""
        from ..kernels.cartesian import MISSED, STRUCK

        medium, grid = self.scene.medium, self.scene.medium.grid
        brightest = np.maximum(medium.source_range[1], self.patches.black.max(axis=0))
        stop = self._stop(brightest)
        origin, direction = lines.origin.copy(), lines.direction.copy()
        n, bands = len(origin), medium.n_band
        emission, depth, T = np.zeros((n, bands)), np.zeros((n, bands)), np.ones((n, bands))
        steps, visits = np.zeros((n, 4), np.int64), np.zeros(n, np.int64)
        patch, on, hit = np.full(n, -1), np.arange(n), None
        loop, before = self._loops(direction), (emission, T, depth)
        for turn in range(BOUNCES):
            end, struck = self._nearest(origin[on], direction[on])
            if pieces is not None:
                pieces.append(Piece(origin[on], direction[on], float(end[0])))
            piece = self._march(origin[on], direction[on], end)
            hit = piece.face != MISSED if hit is None else hit
            emission[on] += T[on] * piece.emission
            T[on] *= piece.transmittance
            depth[on] += piece.optical_depth
            visits[on] += piece.visits
            steps[on] += piece.steps
            out = leave(grid, origin[on], direction[on], piece.face)
            patch[on] = np.where(piece.face == STRUCK, struck, self._ended(piece.face, out))
            again = self.returning[piece.face] & (T[on] * brightest > stop).any(axis=1)
            origin[on], direction[on] = self._turned(piece.face, out, direction[on])
            on = on[again]
            if turn == 0:
                before = emission.copy(), T.copy(), depth.copy()
            if (round_ := on[loop[on] == turn]).size and turn > 0:
                _close_loops(round_, before, (emission, T, depth))
                on = on[loop[on] != turn]
            if not on.size:
                break
        left = np.where((patch < 0)[:, None], T * brightest, 0.0)
        return Reached(
            emission, T, left, depth, patch, steps, visits, np.zeros(0, bool) if hit is None else hit
        )

    def _loops(self, direction: FloatArray) -> NDArray[np.int64]:
        """Pieces after which a ray goes along its own path again: 2 between facing mirrors, 1 along a periodic axis,
        if it is parallel to that; else 0."""
        walls = [self.scene.walls.face(name) for name in FACES]
        out = np.zeros(len(direction), np.int64)
        for axis in range(3):
            along = (np.delete(direction, axis, axis=1) == 0.0).all(axis=1)
            if walls[2 * axis].mirrors and walls[2 * axis + 1].mirrors:
                out[along] = 2
            elif walls[2 * axis].wraps:
                out[along] = 1
        return out

    def _nearest(self, origin: FloatArray, direction: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
        """Distance of the nearest solid cell or triangle on each ray, and its patch; inf and -1 if there is none."""
        end, patch = np.full(len(origin), np.inf), np.full(len(origin), -1)
        if self.solid is not None:
            end, number = self.solid.hit(origin, direction)
            patch = np.where(number >= 0, self.patches.first["solids"] + number, -1)
        for n, mesh in enumerate(self.meshes):
            t, triangle = mesh.hit(origin, direction)
            nearer = t < end
            end[nearer], patch[nearer] = t[nearer], self.patches.first[f"mesh {n}"] + triangle[nearer]
        return end, patch

    def _ended(self, face: NDArray[np.int8], out: FloatArray) -> NDArray[np.int64]:
        """Patches at which rays leave the grid for good; -1 where they come in again."""
        patch = np.full(len(face), -1)
        for n in range(6):
            rows = np.flatnonzero(face == n)
            if rows.size and not self.returning[n]:
                patch[rows] = self.patches.on_face(n, out[rows])
        patch[face == len(FACES)] = self.patches.first["beyond"]
        return patch

    def _march(self, origin: FloatArray, direction: FloatArray, end: FloatArray) -> Any:
        """March a piece of each ray to the end of the grid, or to what ends it inside."""
        from ..kernels import pyramid
        from ..kernels.cartesian import ENDS
        from ..kernels.trace import CONSTANT, LINEAR, Plan, empty_answers, trace

        medium, order = self.scene.medium, self.method.order if isinstance(self.method, March) else 2
        plan, dark = Plan(CONSTANT if order == 1 else LINEAR), np.zeros((ENDS, medium.n_band))
        answers = empty_answers(len(origin), medium.n_band)
        trace(
            medium.cells,
            pyramid.empty(),
            origin,
            direction,
            end,
            plan,
            dark,
            *medium.source_range,
            answers,
        )
        return answers

    def _stop(self, brightest: FloatArray) -> FloatArray:
        """Radiance below which what is left of a ray is given up, for each band."""
        if isinstance(self.method, March):
            stop = self.method.stop
            return np.full(brightest.size, 1e-12 if stop is None else stop) * (
                brightest if stop is None else 1.0
            )
        absolute = ATOL * float(brightest.sum()) if self.method.atol is None else self.method.atol
        return np.full(brightest.size, absolute / brightest.size)

    def _turned(
        self, face: NDArray[np.int8], out: FloatArray, direction: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Origins and directions after mirrors and periodic faces."""
        grid = self.scene.medium.grid
        origin, direction = np.clip(out, grid.lower, grid.upper), direction.copy()
        for n, name in enumerate(FACES):
            rows, axis, wall = face == n, n // 2, self.scene.walls.face(name)
            if wall.mirrors:
                direction[rows, axis] *= -1.0
            elif wall.wraps:
                origin[rows, axis] = grid[axis][-1 if n % 2 == 0 else 0]
        return origin, direction


def _close_loops(
    rays: NDArray[np.int64], before: tuple[FloatArray, ...], now: tuple[FloatArray, ...]
) -> None:
    """Let rays go round for ever; before, now: emission, transmittance and optical depth at both ends of one loop."""
    e0, d0 = before[0][rays], before[2][rays]
    e, t, d = (a[rays] for a in now)
    absorbed = -np.expm1(d0 - d)
    ends = absorbed > 0.0  # where nothing absorbs the rest stays unknown
    now[0][rays] = np.where(ends, e0 + (e - e0) / np.where(ends, absorbed, 1.0), e)
    now[1][rays], now[2][rays] = np.where(ends, 0.0, t), np.where(ends, np.inf, d)
