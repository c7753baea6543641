"""Rays among surfaces that reflect: they go on from mirrors and periodic faces, and see the light of grey ones.

What leaves grey walls and solid cells comes from a volume solve, what leaves grey triangles from rays over their
hemispheres, by a fixed point. Every piece of a ray is then marched exactly, until what its transmittance lets
through is below the tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..boundaries.mesh import Mesh
from ..boundaries.solids import Solids
from ..errors import InputError
from ..execution.task import Arrays, Batch, below, named
from ..grid import FACES, Cartesian, FloatArray, across
from ..media.medium import Medium
from ..method import ATOL, Auto, March
from .lines import Lines, Traced
from .scene import Scene
from .viewpoints import Viewpoints
from .volumes.solve import VolumeTask

if TYPE_CHECKING:
    pass

BOUNCES = 10_000
"""Pieces of a ray at most; what is left of it then is part of its error."""
OPAQUE_KAPPA = 1e30
"""[1/m], absorption coefficient of a solid cell: no light passes, and it stays finite in float32."""
OPAQUE_DEPTH = 1e20
"""Optical depth that only a solid cell has."""
DIRECTIONS = 100
"""Of the volume solve that finds the light of grey faces and solid cells."""
MESH_DIRECTIONS, MESH_ROUNDS, MESH_CHANGE = 100, 50, 1e-6
"""Light of grey triangles: rays each, rounds at most, and the relative change at which they end."""
TRIANGLES = 32
"""Triangles in a batch."""
MESHES = -2
"""Stage of the rays of triangles; those of the volume solve are the numbers of the bands."""


class Piece(NamedTuple):
    """A stretch of one ray between two surfaces: origin and direction (1, 3), distance of what ends it inside."""

    origin: FloatArray
    direction: FloatArray
    end: float


class Surfaces:
    """What reflecting surfaces of a scene send out, and rays among them.

    `leaving` are arrays of radiance [W m-2 sr-1]: "x_min", ... "beyond" (1 or cells of the face, n_band),
    "solids" (n_solid, n_band) where there are any, "mesh 0", ... (n_triangle, n_band).
    Raises InputError for methods that cannot follow a reflected ray (Thick, Thin, Threshold).
    """

    def __init__(self, scene: Scene) -> None:
        if not isinstance(scene.method, Auto | March):
            raise InputError(
                f"method: {scene.method!r} knows no reflecting walls or objects; use Auto or March"
            )
        self.scene, self.method = scene, scene.method
        self.solids, self.meshes = scene.bodies.solids, scene.bodies.meshes
        walls = [scene.walls.face(f) for f in FACES]
        self.leaving: dict[str, NDArray[Any]] = {
            name: wall.emitted(scene.medium) for name, wall in zip(FACES, walls, strict=True)
        }
        self.leaving["beyond"] = scene.walls.emitted(scene.medium)
        self.leaving |= {f"mesh {n}": m.emitted(scene.medium) for n, m in enumerate(self.meshes)}
        self.reflecting = [f for f, wall in zip(FACES, walls, strict=True) if wall.reflects]
        self.returning = np.zeros(9, dtype=bool)
        self.returning[:6] = [wall.returns_rays for wall in walls]
        needed = bool(self.reflecting) or self.solids is not None
        self._volume = self._volume_task() if needed else None
        self._meshes = MeshRounds(self) if any(np.min(m.emissivity) < 1.0 for m in self.meshes) else None
        self.estimated = self._volume is not None or self._meshes is not None
        self._opaque: tuple[FloatArray, Medium] | None = None
        self._lock = Lock()

    # The light of surfaces, as rounds of a task

    @property
    def total(self) -> int:
        """Batches that finding the light takes, an estimate."""
        return sum(part.total for part in (self._volume, self._meshes) if part is not None)

    @property
    def done(self) -> int:
        """Batches of these that are added."""
        return sum(part.done for part in (self._volume, self._meshes) if part is not None)

    def batches(self) -> Sequence[Batch]:
        """The next round; empty when `leaving` is known."""
        if self._volume is not None:
            if rest := self._volume.batches():
                return rest
            self._take(self._volume.leaving())
        if self._meshes is not None:
            return self._meshes.batches()
        return []

    def run(self, batch: Batch) -> Arrays:
        """A part of the volume solve, or the light that arrives at some triangles."""
        if batch.stage == MESHES:
            assert self._meshes is not None
            return self._meshes.run(batch)
        assert self._volume is not None
        return self._volume.run(batch)

    def add(self, batch: Batch, part: Arrays) -> None:
        """Take a part."""
        if batch.stage == MESHES:
            assert self._meshes is not None
            self._meshes.add(batch, part)
        else:
            assert self._volume is not None
            self._volume.add(batch, part)

    def state(self) -> Arrays:
        """What is known of the light so far."""
        out = named("leaving/", self.leaving)
        if self._volume is not None:
            out |= named("volume/", self._volume.state())
        return out | ({} if self._meshes is None else named("meshes/", self._meshes.state()))

    def restore(self, state: Arrays) -> None:
        """Go on from a state."""
        self.leaving = below(state, "leaving/")
        if self._volume is not None:
            self._volume.restore(below(state, "volume/"))
        if self._meshes is not None:
            self._meshes.restore(below(state, "meshes/"))

    def _volume_task(self) -> VolumeTask[Any]:
        """The volume solve whose walls and solid cells this scene sees."""
        scene = self.scene
        objects = () if self.solids is None else (self.solids,)
        return VolumeTask(
            Scene(scene.medium, scene.walls, Auto(), objects), None, DIRECTIONS, lambda bands: None
        )

    def give_up_with(self, pause: Callable[[], None]) -> None:
        """Let long batches end early as those of the task do that this is a part of."""
        if self._volume is not None:
            self._volume.give_up = pause

    def _take(self, light: Arrays) -> None:
        """Take the light of grey faces and solid cells from a finished volume solve."""
        for name in set(self.reflecting) & set(light):
            self.leaving[name] = np.asarray(light[name]).reshape(-1, self.scene.medium.n_band)
        if self.solids is not None:
            self.leaving["solids"] = np.asarray(light["solids"]).reshape(-1, self.scene.medium.n_band)

    # Rays

    def medium(self, leaving: Arrays) -> Medium:
        """The medium with solid cells opaque, sending out what leaves them."""
        if self.solids is None:
            return self.scene.medium
        with self._lock:
            light = leaving["solids"]
            if self._opaque is None or not np.array_equal(self._opaque[0], light):
                self._opaque = light, _opaque(self.scene.medium, self.solids, light)
            return self._opaque[1]

    def follow(self, lines: Lines, leaving: Arrays, pieces: list[Piece] | None = None) -> Traced:
        """Follow rays over mirrors and periodic faces until something ends them.

        leaving: the light of all surfaces; pieces: takes the stretches of a single ray
        """
        from ..kernels.cartesian import MISSED
        from ..kernels.trace import empty_answers

        medium, grid = self.medium(leaving), self.scene.medium.grid
        brightest = np.max([medium.source_range[1], *(a.max(axis=0) for a in leaving.values())], axis=0)
        stop = self._stop(brightest)
        origin, direction = lines.origin.copy(), lines.direction.copy()
        total = empty_answers(len(origin), medium.n_band)
        total.transmittance[:], total.face[:] = 1.0, MISSED
        for array in (total.emission, total.optical_depth, total.neglected, total.visits, total.steps):
            array[:] = 0
        value, on, hit = np.zeros_like(total.emission), np.arange(len(origin)), None
        for _ in range(BOUNCES):
            end, mesh, triangle = _nearest(self.meshes, origin[on], direction[on])
            if pieces is not None:
                pieces.append(Piece(origin[on], direction[on], float(end[0])))
            piece = self._march(medium, origin[on], direction[on], end)
            hit = piece.face != MISSED if hit is None else hit
            T = total.transmittance[on]
            total.emission[on] += T * piece.emission
            total.transmittance[on] = T * piece.transmittance
            total.optical_depth[on] += piece.optical_depth
            total.visits[on] += piece.visits
            total.steps[on] += piece.steps
            total.face[on] = piece.face
            out = _leave(grid, origin[on], direction[on], piece.face)
            value[on] = _at_the_end(medium, leaving, piece.face, out, mesh, triangle)
            again = self.returning[piece.face] & (total.transmittance[on] * brightest > stop).any(axis=1)
            origin[on], direction[on] = self._turned(piece.face, out, direction[on])
            on = on[again]
            if not on.size:
                break
        left = np.where(self.returning[total.face][:, None], total.transmittance * brightest, 0.0)
        total.optical_depth[total.optical_depth > OPAQUE_DEPTH] = np.inf  # it ended in a solid cell
        value = total.emission + total.transmittance * value
        given_up = self.returning[total.face]  # between mirrors or periodic faces
        total.transmittance[given_up], total.optical_depth[given_up] = np.nan, np.nan
        if isinstance(self.method, March) and self.method.order == 1:
            left = np.full_like(left, np.nan)
        return Traced(
            value, left, None, total.transmittance, total.optical_depth, total.steps[:, :3],
            total.steps[:, 3], total.visits,
            np.zeros(0, bool) if hit is None else hit,
        )  # fmt: skip

    def _march(self, medium: Medium, origin: FloatArray, direction: FloatArray, end: FloatArray) -> Any:
        """March a piece of each ray to the end of the grid, or to what ends it inside."""
        from ..kernels import pyramid
        from ..kernels.cartesian import ENDS
        from ..kernels.trace import CONSTANT, LINEAR, Plan, empty_answers, trace

        order = self.method.order if isinstance(self.method, March) else 2
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


class MeshRounds:
    """The light of grey triangles, emitted and reflected, by a fixed point: rays over all their hemispheres."""

    def __init__(self, surfaces: Surfaces) -> None:
        self.surfaces = surfaces
        meshes, medium = surfaces.meshes, surfaces.scene.medium
        self.black = [m.emitted(medium) for m in meshes]
        self.emissivity = [
            np.broadcast_to(np.asarray(m.emissivity), len(m.triangles))[:, None] for m in meshes
        ]
        self.views = [Viewpoints(*m.outside, 90.0, MESH_DIRECTIONS) for m in meshes]
        self.parts = [
            Batch(MESHES, first, min(first + TRIANGLES, stop))
            for start, stop in self._spans for first in range(start, stop, TRIANGLES)
        ]  # fmt: skip
        self.arriving = np.zeros((self._spans[-1][1], medium.n_band))
        self.rounds, self.added, self.converged = 0, 0, False

    @property
    def total(self) -> int:
        """Batches in all; the number of rounds is a guess until they end."""
        return len(self.parts) * (self.rounds if self.converged else max(5, self.rounds + 1))

    @property
    def done(self) -> int:
        """Batches added."""
        return len(self.parts) * self.rounds + self.added

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        """First and last triangle of each mesh, all counted through."""
        ends = np.cumsum([0, *(len(b) for b in self.black)]).tolist()
        return list(pairwise(ends))

    def batches(self) -> Sequence[Batch]:
        """What is left of this round."""
        if self.converged:
            return []
        given = dict(self.surfaces.leaving)
        return [part._replace(given=given) for part in self.parts[self.added :]]

    def run(self, batch: Batch) -> Arrays:
        """The light that arrives at some triangles, its mean over the hemisphere times pi."""
        mesh = next(n for n, (a, b) in enumerate(self._spans) if a <= batch.start < b)
        first, view = self._spans[mesh][0], self.views[mesh]
        lines = view.take(np.arange(batch.start - first, batch.stop - first))
        traced = self.surfaces.follow(lines, batch.given)
        return {"arriving": view.fold(traced.value, batch.stop - batch.start)[0]}

    def add(self, batch: Batch, part: Arrays) -> None:
        """Take what arrives; at the end of a round, see whether the light still changes."""
        self.arriving[batch.start : batch.stop] = part["arriving"]
        self.added += 1
        if self.added == len(self.parts):
            self._close_round()

    def _close_round(self) -> None:
        leaving, change = self.surfaces.leaving, 0.0
        for n, (a, b) in enumerate(self._spans):
            e = self.emissivity[n]
            light = e * self.black[n] + (1.0 - e) * self.arriving[a:b] / np.pi
            change = max(change, float(np.abs(light - leaving[f"mesh {n}"]).max()))
            leaving[f"mesh {n}"] = light
        self.rounds, self.added = self.rounds + 1, 0
        sources = self.surfaces.medium(leaving).source_range[1]
        brightest = max(float(sources.max()), *(float(a.max()) for a in leaving.values()))
        self.converged = change <= MESH_CHANGE * brightest
        if not self.converged and self.rounds == MESH_ROUNDS:
            raise InputError(
                f"mesh: radiosity did not converge in {MESH_ROUNDS} rounds; raise the emissivities"
            )

    def state(self) -> Arrays:
        """Where in which round, and what has arrived in it."""
        place = np.array([self.rounds, self.added, int(self.converged)])
        return {"place": place, "arriving": self.arriving}

    def restore(self, state: Arrays) -> None:
        """Go on from a state."""
        self.rounds, self.added = int(state["place"][0]), int(state["place"][1])
        self.converged, self.arriving = bool(state["place"][2]), state["arriving"]


def _nearest(
    meshes: Sequence[Mesh], origin: FloatArray, direction: FloatArray
) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.int64]]:
    """Return (distance, mesh, triangle) of the nearest mesh each ray meets; inf and -1 where none."""
    end = np.full(len(origin), np.inf)
    mesh, triangle = np.full(len(origin), -1), np.full(len(origin), -1)
    for n, thing in enumerate(meshes):
        t, tri = thing.hit(origin, direction)
        nearer = t < end
        end[nearer], mesh[nearer], triangle[nearer] = t[nearer], n, tri[nearer]
    return end, mesh, triangle


def _opaque(medium: Medium, solids: Solids, leaving: FloatArray) -> Medium:
    """Return the medium with solid cells opaque, sending out `leaving` (n_solid, n_band)."""
    from ..kernels.reconstruct import KAPPA, SOURCE

    shape = (*medium.grid.shape, medium.n_band)
    kappa, source = (a.reshape(shape).copy() for a in (medium.kappa, medium.source))
    kappa[solids.mask], source[solids.mask] = OPAQUE_KAPPA, leaving
    shape = medium.kappa.shape
    opaque = Medium(
        medium.grid, kappa.reshape(shape), source.reshape(shape), medium.spectrum, medium.provenance
    )
    record = opaque.cells.record  # a solid cell sends out one radiance: no slope towards its neighbours
    record[solids.mask.ravel(), :, KAPPA + 1 : SOURCE] = 0.0
    record[solids.mask.ravel(), :, SOURCE + 1 :] = 0.0
    return opaque


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


def _at_the_end(
    medium: Medium,
    leaving: Arrays,
    face: NDArray[np.int8],
    out: FloatArray,
    mesh: NDArray[np.int64],
    triangle: NDArray[np.int64],
) -> FloatArray:
    """Radiance that leaves what rays end at, towards them (n, n_band)."""
    from ..kernels.cartesian import STRUCK

    grid = medium.grid
    values = np.empty((len(face), medium.n_band))
    for n, name in enumerate((*FACES, "beyond")):
        rows, light = np.flatnonzero(face == n), leaving[name]
        if len(light) == 1:
            values[rows] = light[0]
            continue
        first, second = across(range(3), n)
        i, j = (
            np.clip(np.searchsorted(grid[a], out[rows, a], side="right") - 1, 0, grid.shape[a] - 1)
            for a in (first, second)
        )
        values[rows] = light[i * grid.shape[second] + j]
    for n in np.unique(mesh[mesh >= 0]):
        rows = np.flatnonzero((face == STRUCK) & (mesh == n))
        values[rows] = leaving[f"mesh {n}"][triangle[rows]]
    return values
