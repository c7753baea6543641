"""Everything that rays end at, as numbered patches with what they emit and how they reflect, and where they lie."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..grid import FACES, FloatArray, across
from .scene import Scene

EXACT = 1 << 24
"""Whole numbers up to which float32 holds all."""
OPAQUE = 1e30
"""[1/m], absorption coefficient through which nothing is seen."""
LIFT = 1e-9
"""Distance of a ray's origin above a solid cell, over the cell's width."""


class Facets(NamedTuple):
    """Flat pieces of patches, from which rays start: a corner and two edges (n, 3) [m], whether it is a triangle,
    unit normal (n, 3), number of the patch, share of the patch's area (n,)."""

    corner: FloatArray
    first: FloatArray
    second: FloatArray
    triangle: NDArray[np.bool_]
    normal: FloatArray
    patch: NDArray[np.int64]
    share: FloatArray

    def points(self, number: NDArray[np.int64], u: FloatArray, v: FloatArray) -> FloatArray:
        """Points (n, 3) on facets at u and v from 0 to 1, evenly spread over their areas."""
        over = self.triangle[number] & (u + v > 1.0)
        u, v = np.where(over, 1.0 - u, u), np.where(over, 1.0 - v, v)
        return self.corner[number] + u[:, None] * self.first[number] + v[:, None] * self.second[number]


class Patches:
    """Patches in order: the six faces (one each, or their cells), beyond, solid cells, triangles of the meshes.

    first: number of the first patch of each, by name; black (n, n_band) [W m-2 sr-1], emissivity (n,)
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        medium, bodies = scene.medium, scene.bodies
        black: list[FloatArray] = []
        emissivity: list[FloatArray] = []
        self.first: dict[str, int] = {}
        self.count: dict[str, int] = {}
        for n, name in enumerate(FACES):
            wall = scene.walls.face(name)
            cells = int(np.prod(across(medium.grid.shape, n))) if wall.reflects else 1
            light = wall.emitted(medium, n)
            self._append(name, light, np.asarray(wall.emissivity), max(cells, len(light)), black, emissivity)
        self._append("beyond", scene.walls.emitted(medium), np.ones(1), 1, black, emissivity)
        if bodies.solids is not None:
            light = bodies.solids.emitted(medium)
            self._append("solids", light, bodies.solids.emissivity, len(light), black, emissivity)
        for n, mesh in enumerate(bodies.meshes):
            light = mesh.emitted(medium)
            self._append(f"mesh {n}", light, np.asarray(mesh.emissivity), len(light), black, emissivity)
        self.black, self.emissivity = np.concatenate(black), np.concatenate(emissivity)

    def _append(
        self,
        name: str,
        light: FloatArray,
        e: FloatArray,
        count: int,
        black: list[FloatArray],
        out: list[FloatArray],
    ) -> None:
        self.first[name], self.count[name] = sum(map(len, black)), count
        black.append(np.broadcast_to(light, (count, light.shape[1])))
        out.append(np.broadcast_to(e.ravel().astype(np.float64), count))

    def on_face(self, n: int, at: FloatArray) -> NDArray[np.int64]:
        """Numbers of the patches of a face at points on it (n, 3)."""
        name, grid = FACES[n], self.scene.medium.grid
        if self.count[name] == 1:
            return np.full(len(at), self.first[name])
        return self.first[name] + grid.on_face(n, at)

    def facets(self) -> Facets:
        """The facets of all patches that reflect."""
        parts = [
            _nothing(),
            *(self._face(n) for n, name in enumerate(FACES) if self.scene.walls.face(name).reflects),
            *self._solids(),
            *self._triangles(),
        ]
        return Facets(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _face(self, n: int) -> Facets:
        grid, axis = self.scene.medium.grid, n // 2
        if not np.isfinite(grid[axis]).all():  # no ray gets there
            return _nothing()
        low = [np.where(np.isfinite(faces[:-1]), faces[:-1], -0.5) for faces in grid]
        width = [np.where(np.isfinite(w), w, 1.0) for w in grid.widths]
        low[axis], width[axis] = grid[axis][[-(n % 2)]], np.zeros(1)
        corner, size = (
            np.stack(np.meshgrid(*v, indexing="ij"), axis=-1).reshape(-1, 3) for v in (low, width)
        )
        a, b = across(range(3), n)
        normal = np.zeros_like(corner)
        normal[:, axis] = 1.0 if n % 2 == 0 else -1.0
        eye = np.eye(3)
        patch = self.first[FACES[n]] + np.arange(len(corner))
        out = _quads(corner, size * eye[a], size * eye[b], normal, patch)
        return _where(out, self.emissivity[patch] < 1.0)

    def _solids(self) -> list[Facets]:
        solids, grid = self.scene.bodies.solids, self.scene.medium.grid
        if solids is None:
            return []
        number = np.full(solids.mask.shape, -1)
        number[solids.mask] = np.arange(int(solids.mask.sum()))
        padded = np.pad(solids.mask, 1)  # a face at the rim of the box sees what is beyond
        out, eye = [], np.eye(3)
        for axis in range(3):
            for side in (-1, 1):
                beside = np.roll(padded, -side, axis)[1:-1, 1:-1, 1:-1]
                cells = np.argwhere(solids.mask & ~beside)
                low = np.stack([grid[k][cells[:, k]] for k in range(3)], axis=1)
                width = np.stack([grid.widths[k][cells[:, k]] for k in range(3)], axis=1)
                if side > 0:
                    low[:, axis] += width[:, axis]
                low[:, axis] += side * LIFT * width[:, axis]
                a, b = (k for k in range(3) if k != axis)
                normal = np.broadcast_to(side * eye[axis], low.shape)
                patch = self.first["solids"] + number[tuple(cells.T)]
                out.append(
                    _where(
                        _quads(low, width * eye[a], width * eye[b], normal, patch),
                        self.emissivity[patch] < 1.0,
                    )
                )
        merged = Facets(*(np.concatenate(arrays) for arrays in zip(*out, strict=True)))
        area = np.linalg.norm(np.cross(merged.first, merged.second), axis=1)
        total = np.bincount(merged.patch, area, len(self.emissivity))
        return [merged._replace(share=area / total[merged.patch])]

    def _triangles(self) -> list[Facets]:
        out = []
        for n, mesh in enumerate(self.scene.bodies.meshes):
            corners = mesh.vertices[mesh.triangles]
            lift = mesh.outside[0] - mesh.centroids
            patch = self.first[f"mesh {n}"] + np.arange(len(corners))
            first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
            facets = _quads(corners[:, 0] + lift, first, second, mesh.normals, patch)
            out.append(
                _where(facets._replace(triangle=np.ones(len(patch), bool)), self.emissivity[patch] < 1.0)
            )
        return out


def _quads(
    corner: FloatArray, first: FloatArray, second: FloatArray, normal: FloatArray, patch: NDArray[np.int64]
) -> Facets:
    n = len(corner)
    return Facets(corner, first, second, np.zeros(n, bool), np.array(normal, float), patch, np.ones(n))


def _nothing() -> Facets:
    none = np.empty((0, 3))
    return _quads(none, none, none, none, np.empty(0, np.int64))


def _where(facets: Facets, kept: NDArray[np.bool_]) -> Facets:
    return Facets(*(np.asarray(a)[kept] for a in facets))  # type: ignore[arg-type]  # each of its own type


class SolidCells:
    """Where rays first meet solid cells."""

    def __init__(self, scene: Scene) -> None:
        from ..kernels.reconstruct import SOURCE
        from ..media.medium import Medium

        solids, grid = scene.bodies.solids, scene.medium.grid
        assert solids is not None
        self.grid, self.cells = grid, np.argwhere(solids.mask)
        self.lower = np.stack([grid[k][self.cells[:, k]] for k in range(3)], axis=1)
        self.upper = np.stack([grid[k][self.cells[:, k] + 1] for k in range(3)], axis=1)
        kind = np.float32 if len(self.cells) < EXACT else np.float64
        number = np.zeros(grid.shape, kind)
        number[solids.mask] = 1 + np.arange(len(self.cells))
        # Their numbers, seen through a medium in which they alone are opaque.
        self._medium = Medium(grid, np.where(solids.mask, OPAQUE, 0.0).astype(kind), number)
        record = self._medium.cells.record
        record[:, :, 1:SOURCE], record[:, :, SOURCE + 1 :] = 0.0, 0.0

    def hit(self, origin: FloatArray, direction: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
        """Return the distance (n,) of the first solid cell along each ray, and its number; inf and -1 where none."""
        from ..kernels import pyramid
        from ..kernels.cartesian import ENDS
        from ..kernels.trace import CONSTANT, Plan, empty_answers, trace

        n = len(origin)
        answers, dark, never = empty_answers(n, 1), np.zeros((ENDS, 1)), np.full(n, np.inf)
        none, most = np.zeros(1), np.full(1, float(len(self.cells)))
        trace(
            self._medium.cells,
            pyramid.empty(),
            origin,
            direction,
            never,
            Plan(CONSTANT),
            dark,
            none,
            most,
            answers,
        )
        number = np.rint(answers.emission[:, 0]).astype(np.int64) - 1
        seen = number >= 0
        distance = np.full(n, np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            near, far = (
                (edge[number[seen]] - origin[seen]) / direction[seen] for edge in (self.lower, self.upper)
            )
        entry = np.nanmax(
            np.where(direction[seen] == 0.0, -np.inf, np.minimum(near, far)), axis=1, initial=-np.inf
        )
        distance[seen] = np.maximum(entry, 0.0)
        return distance, number
