"""The mesh of an OpenFOAM case: polyhedra given by faces, with the cell on each side.

Format: OpenFOAM user guide, "Mesh description": a face turns outwards of its owner; boundary faces come last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...grid import FloatArray
from ..meshes import Cells, Parts, of_cells
from ..polyhedra import Ints, by_size, fan, polyhedra
from ..source import Array, Axes, Mesh
from .foam_file import FoamFile, beside

FILES = ("points", "faces", "owner", "neighbour", "boundary")
PATCH = re.compile(rb"(\w[^\s{}()]*)\s*\{([^{}]*)\}")
STRAIGHT = 1e-3
"""Of a direction: an axis this far from x, y or z is none of them."""


def mesh_files(folders: Sequence[Path], where: str) -> dict[str, Path]:
    """Return the files of the mesh, each from the first folder with a polyMesh that has it."""
    found = {}
    for name in FILES:
        file = next((f for folder in folders if (f := beside(folder / "polyMesh", name))), None)
        if file is None:
            raise InputError(
                f"{where}: the mesh has no file 'polyMesh/{name}'; run blockMesh, or copy it again"
            )
        found[name] = file
    return found


class FoamMesh:
    """Points [m], faces (where each begins, and the points of all), and the owner and neighbour of each."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        points = FoamFile(files["points"])
        self.points: FloatArray = points.list_at(points.body(), 3)[0].astype(np.float64)
        self.start, self.ids = FoamFile(files["faces"]).faces()
        self.owner, self.neighbour = (FoamFile(files[name]).labels() for name in ("owner", "neighbour"))
        self.n_cell = int(self.owner.max(initial=-1)) + 1
        self.where = str(files["faces"].parent)
        self._check()
        self.patches = _patches(FoamFile(files["boundary"]), self.owner.size)

    def _check(self) -> None:
        sound = (
            self.owner.size == self.start.size - 1
            and self.neighbour.size <= self.owner.size
            and 0 < self.n_cell <= self.owner.size
            and min(
                int(a.min(initial=0)) for a in (self.owner, self.neighbour, self.ids, np.diff(self.start))
            )
            >= 0
            and self.neighbour.max(initial=0) < self.n_cell
            and self.ids.max(initial=0) < len(self.points)
            and self.start[-1] <= self.ids.size
        )
        if not sound:
            raise InputError(
                f"{self.where}: points, faces, owner and neighbour do not fit together; copy the mesh again"
            )

    def parts(self, arrays: Sequence[Array]) -> Parts:
        """Return what a Source holds of arrays of cells."""
        if wedge := [faces for kind, faces in self.patches if kind == "wedge" and len(faces)]:
            return self._plane(wedge, arrays)
        parts = of_cells(self._cells(), arrays, units="m")
        empty = [faces for kind, faces in self.patches if kind == "empty" and len(faces)]
        return _without_end(parts, self._across(np.concatenate(empty))) if empty and parts.grid else parts

    def _sides(self) -> tuple[Ints, Ints, Ints]:
        """Faces outwards of a cell, those between two cells twice: where they begin, their points, and the cells."""
        inner = self.neighbour.size
        size = np.diff(self.start)
        face = np.repeat(np.arange(inner), size[:inner])
        at = np.arange(self.start[inner])
        turned = self.ids[self.start[face] + self.start[face + 1] - 1 - at]
        start = np.concatenate((self.start, self.start[-1] + self.start[1 : inner + 1]))
        return (
            start,
            np.concatenate((self.ids[: self.start[-1]], turned)),
            np.append(self.owner, self.neighbour),
        )

    def _cells(self) -> Cells:
        start, ids, cell = self._sides()
        simplices, of = polyhedra(start, ids, cell, self.n_cell)
        six = np.bincount(cell, minlength=self.n_cell) == 6
        corners = None
        if six.all() and (np.diff(start) == 4).all():
            pairs = np.unique(np.repeat(cell, 4) * len(self.points) + ids)
            if (np.bincount(pairs // len(self.points), minlength=self.n_cell) == 8).all():
                corners = (pairs % len(self.points)).reshape(-1, 8)
        return Cells(
            self.points,
            self.n_cell,
            simplices,
            of,
            corners,
            None if corners is None else np.arange(self.n_cell),
        )

    def _normals(self, faces: Ints) -> FloatArray:
        """Vectors across faces, as long as their area."""
        total = np.zeros((len(faces), 3))
        for which, corners in self._corners(faces):
            a, b, c = (self.points[fan(corners)[:, :, i]] for i in range(3))
            total[which] = 0.5 * np.cross(b - a, c - a).sum(axis=1)
        return total

    def _corners(self, faces: Ints) -> list[tuple[Ints, Ints]]:
        size = np.diff(self.start)[faces]
        start = np.concatenate(([0], np.cumsum(size)))
        at = np.repeat(self.start[faces] - start[:-1], size) + np.arange(start[-1])
        return [(which, corners) for which, corners in by_size(start, self.ids[at]) if corners.shape[1] > 2]

    def _across(self, faces: Ints) -> int:
        """The axis that faces lie across."""
        return int(np.argmax(np.abs(self._normals(faces)).sum(axis=0)))

    def _plane(self, wedges: Sequence[Ints], arrays: Sequence[Array]) -> Parts:
        """One side of a wedge as a plane: r along x, and the axis of the wedge along z."""
        if len(wedges) != 2:
            raise InputError(f"{self.where}: has {len(wedges)} patches of the type wedge; expected two")
        line = np.cross(*(self._normals(faces).sum(axis=0) for faces in wedges))
        line /= np.linalg.norm(line)
        axis = int(np.argmax(np.abs(line)))
        if abs(line[axis]) < 1.0 - STRAIGHT:
            raise InputError(
                f"{self.where}: the axis of the wedge is along {line.round(4).tolist()}; expected x, y or z"
            )
        others = [i for i in range(3) if i != axis]
        r = np.hypot(*self.points[:, others].T)
        points = np.stack((r, np.zeros_like(r), self.points[:, axis]), axis=1)
        split = [(fan(corners), which) for which, corners in self._corners(wedges[0])]
        triangles = np.concatenate([t.reshape(-1, 3) for t, _ in split])
        cell = np.concatenate([np.repeat(self.owner[wedges[0][which]], t.shape[1]) for t, which in split])
        mesh = Mesh(points, triangles, cell, self.n_cell, "m")
        notes = ["the case is a wedge: its radius is along x and its axis along z"]
        return Parts({a.name: _of_cell(a) for a in arrays}, None, mesh, notes)


def _of_cell(array: Array) -> Array:
    return replace(array, dims=("cell", *("",) * (len(array.shape) - 1)))


def _patches(file: FoamFile, n_face: int) -> list[tuple[str, Ints]]:
    """The type and the faces of each patch."""
    found = []
    for _, body in PATCH.findall(file.bytes[file.body() :]):
        said = dict(re.findall(rb"(\w+)\s+([^;{}]*);", body))
        try:
            first, count = int(said[b"startFace"]), int(said[b"nFaces"])
        except (KeyError, ValueError):
            continue
        if not 0 <= first <= first + count <= n_face:
            raise file.fail(f"a patch has faces {first} to {first + count}, but there are {n_face}")
        found.append(
            (said.get(b"type", b"").decode(errors="replace").strip(), np.arange(first, first + count))
        )
    return found


def _without_end(parts: Parts, axis: int) -> Parts:
    """A grid of one cell between empty patches, as one without end along that axis."""
    assert parts.grid is not None
    name = "xyz"[axis]
    faces = getattr(parts.grid, name)
    if faces is None or faces.size != 2:
        return parts

    def flat(array: Array) -> Array:
        def load(index: tuple[Any, ...]) -> NDArray[Any]:
            return array.load(()).squeeze(axis)[index]

        drop = lambda items: tuple(item for i, item in enumerate(items) if i != axis)  # noqa: E731
        return replace(array, shape=drop(array.shape), dims=drop(array.dims), load=load)

    x, y, z = (
        None if i == axis else along for i, along in enumerate((parts.grid.x, parts.grid.y, parts.grid.z))
    )
    grid = Axes(x, y, z, parts.grid.units)
    notes = [
        *parts.notes,
        f"the patches across {name} are empty: the flow is taken as one without end along {name}",
    ]
    return Parts({n: flat(a) for n, a in parts.arrays.items()}, grid, None, notes)
