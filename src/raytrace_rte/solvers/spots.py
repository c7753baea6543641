"""What in a scene may look small and bright, or small and dark: adaptive directions look there, whatever they saw."""

from __future__ import annotations

import numpy as np

from ..grid import FACES, FloatArray, across
from .adaptive import Spots
from .scene import Scene

FAINT = 1e-2
"""Share of the greatest that a brick of gas could send, from which on it counts."""
MOST = 4096
"""Spots of a kind at most: the brightest."""


def spots_of(scene: Scene) -> Spots:
    """Bricks of gas that can be bright, cells of walls with maps that differ from the rest, solids, triangles."""
    found = [_gas(scene), *_walls(scene), *_solids(scene), *_meshes(scene)]
    return Spots(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _brightest(centre: FloatArray, radius: FloatArray, rank: FloatArray) -> Spots:
    order = np.argsort(-rank, kind="stable")[:MOST]
    return Spots(centre[order], np.broadcast_to(radius, len(rank))[order])


def _bricks(scene: Scene) -> tuple[FloatArray, FloatArray] | None:
    """Centres (bx, by, bz, 3) and half widths (bx, by, bz) of bricks of cells; None where an axis is infinite."""
    from ..kernels.records import SIDE

    grid = scene.medium.grid
    if not all(np.isfinite(faces).all() for faces in grid):
        return None
    edges = [np.append(faces[:-1:SIDE], faces[-1]) for faces in grid]
    centre = np.stack(np.meshgrid(*(0.5 * (e[1:] + e[:-1]) for e in edges), indexing="ij"), axis=-1)
    widths = np.meshgrid(*(np.diff(e) for e in edges), indexing="ij")
    return centre, 0.5 * np.cbrt(widths[0] * widths[1] * widths[2])


def _gas(scene: Scene) -> Spots:
    from ..kernels.records import K_MAX, S_MAX

    bricks = _bricks(scene)
    if bricks is None:
        return Spots(np.empty((0, 3)), np.empty(0))
    centre, radius = bricks
    ranges = scene.medium.bounds.brick.astype(np.float64)
    depth = 2.0 * radius[..., None] * ranges[..., K_MAX]
    sent = (ranges[..., S_MAX] * -np.expm1(-depth)).sum(axis=-1)
    bright = sent > FAINT * sent.max()
    return _brightest(centre[bright], radius[bright], (sent * radius**2)[bright])


def _walls(scene: Scene) -> list[Spots]:
    """Cells of faces with maps whose light differs from the least of the face."""
    grid, out = scene.medium.grid, []
    for n, name in enumerate(FACES):
        light = scene.walls.face(name).emitted(scene.medium, n).sum(axis=1)
        axis = n // 2
        if light.size == 1 or not all(np.isfinite(faces).all() for faces in across(tuple(grid), n)):
            continue
        other = light - light.min() > FAINT * (light.max() - light.min())
        at = [c if a != axis else grid[axis][[-(n % 2)]] for a, c in enumerate(grid.centres)]
        centre = np.stack(np.meshgrid(*at, indexing="ij"), axis=-1).reshape(-1, 3)
        area = np.outer(*across(grid.widths, n)).ravel()
        out.append(_brightest(centre[other], np.sqrt(area[other] / np.pi), (light * area)[other]))
    return out


def _solids(scene: Scene) -> list[Spots]:
    """Bricks that hold solid cells."""
    from ..kernels.records import SIDE

    solids, bricks = scene.bodies.solids, _bricks(scene)
    if solids is None or bricks is None:
        return []
    index = np.unique(np.argwhere(solids.mask) // SIDE, axis=0)
    centre, radius = (a[tuple(index.T)] for a in bricks)
    return [_brightest(centre, radius, radius)]


def _meshes(scene: Scene) -> list[Spots]:
    """Triangles, the largest."""
    return [_brightest(m.centroids, np.sqrt(m.areas / np.pi), m.areas) for m in scene.bodies.meshes]
