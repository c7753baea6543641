"""The box of a volume solve: how its axes end, how its surfaces are numbered, what kernels read of its cells."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from copy import copy
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...boundaries.walls import Walls
from ...errors import InputError
from ...grid import FACES, Cartesian, FloatArray, across
from ..scene import Scene

SLAB = 1.0
"""[m], taken along an infinite axis: answers are per square metre of slab, or per metre of a plane case."""
Three = tuple[bool, bool, bool]
T = TypeVar("T")


class Ends(NamedTuple):
    """Which axes are endless (infinite, or one cell that comes again and again), and which of the six faces are walls
    or mirrors; the others are periodic."""

    endless: Three
    wall: tuple[bool, ...]
    mirror: tuple[bool, ...]

    @property
    def finite(self) -> Three:
        """Axes that end, along which senses matter."""
        x, y, z = (not endless for endless in self.endless)
        return x, y, z

    @property
    def mirrored(self) -> Three:
        """Axes with a mirror at either end."""
        x, y, z = (self.mirror[2 * axis] or self.mirror[2 * axis + 1] for axis in range(3))
        return x, y, z

    @property
    def returns(self) -> Three:
        """Axes that hand light back, to an image or to the other end."""
        x, y, z = (not (self.endless[a] or (self.wall[2 * a] and self.wall[2 * a + 1])) for a in range(3))
        return x, y, z

    @property
    def cyclic(self) -> tuple[int, ...]:
        """Axes that no wall ends."""
        return tuple(a for a in range(3) if not (self.endless[a] or self.wall[2 * a] or self.wall[2 * a + 1]))

    @property
    def periodic(self) -> Three:
        """Axes whose ends are neighbours."""
        x, y, z = (a in self.cyclic and not self.mirrored[a] for a in range(3))
        return x, y, z

    @property
    def slab(self) -> bool:
        """Whether fields vary along one axis only."""
        return sum(self.finite) == 1

    def facing(self, sense: tuple[int, int, int]) -> int:
        """How many mirrors a sense comes from: those that head for mirrors are swept first."""
        return sum(self.mirror[2 * axis + (s < 0)] for axis, s in enumerate(sense))


def ends_of(grid: Cartesian, walls: Walls) -> Ends:
    """Return how a grid ends at these walls. Raises InputError when it does not end at all."""
    given = [walls.face(name) for name in FACES]
    x, y, z = (
        bool(np.isinf(faces[0]))
        or (faces.size == 2 and not (given[2 * a].is_wall or given[2 * a + 1].is_wall))
        for a, faces in enumerate(grid)
    )
    endless = (x, y, z)
    if all(endless):
        raise InputError("heat_source: every axis is endless, so no wall ends a ray; give one")
    return Ends(
        endless,
        tuple(wall.is_wall and not endless[n // 2] for n, wall in enumerate(given)),
        tuple(wall.mirrors and not endless[n // 2] for n, wall in enumerate(given)),
    )


def surfaces(shape: tuple[int, int, int]) -> NDArray[np.int64]:
    """Return the number of the first wall cell of each face, and of the first solid cell (7,)."""
    nx, ny, nz = shape
    cells = [ny * nz, ny * nz, nx * nz, nx * nz, nx * ny, nx * ny]
    return np.concatenate(([0], np.cumsum(cells))).astype(np.int64)


class Spare:
    """Arrays that nobody needs any more, by what they are for: memory that is new costs most of a short solve."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, list[Any]] = {}

    def take(self, what: Hashable, make: Callable[[], T]) -> T:
        """Return what was put back, or what `make` makes."""
        try:
            taken: T = self._kept[what].pop()
        except (KeyError, IndexError):
            taken = make()
        return taken

    def put(self, what: Hashable, things: Any) -> None:
        """Take something back."""
        self._kept.setdefault(what, []).append(things)


class Box:
    """Everything of a volume solve that does not depend on the band.

    widths: of cells along each axis [m], SLAB along infinite ones; solid: number of each solid cell, -1 in gas
    (n_cell,), or empty; workers: threads that settle answers
    """

    def __init__(self, scene: Scene) -> None:
        self.scene, self.grid = scene, scene.medium.grid
        self.solids = scene.bodies.cells_only("heat_source")
        self.ends = ends_of(self.grid, scene.walls)
        self.widths = [np.where(np.isfinite(w), w, SLAB) for w in self.grid.widths]
        self.volume: FloatArray = np.einsum("i,j,k->ijk", *self.widths)
        self.area: FloatArray = np.concatenate(
            [np.outer(*across(self.widths, face)).ravel() for face in range(6)]
        )
        self.first, self.workers, self.spare = surfaces(self.grid.shape), 1, Spare()
        self.solid: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.exposed: FloatArray = np.empty(0)
        if self.solids is not None:
            mask = self.solids.mask
            self.solid = np.where(mask, np.cumsum(mask).reshape(mask.shape) - 1, -1).ravel()
            self.exposed = self._exposed(mask)[mask]

    @property
    def form(self) -> tuple[Any, ...]:
        """What the sizes of spare arrays follow from."""
        return self.grid.shape, self.ends

    def of(self, scene: Scene) -> Box:
        """The same box and its spare arrays for another medium of its grid."""
        out = copy(self)
        out.scene = scene
        vars(out).pop("_emitted", None)
        return out

    def new(self, shape: tuple[int, ...]) -> FloatArray:
        """Return an array that is not set, one that was given back if there is any of this size."""
        n = int(np.prod(shape))
        return self.spare.take(("cells", n), lambda: np.empty(n)).reshape(shape)

    def give_back(self, *arrays: FloatArray) -> None:
        """Take arrays that nobody needs any more."""
        for array in arrays:
            self.spare.put(("cells", array.size), array.reshape(-1))

    def _exposed(self, mask: NDArray[np.bool_]) -> FloatArray:
        """Area of each cell's faces behind which is no solid cell [m2]; faces of the box count."""
        out = np.zeros(mask.shape)
        for axis in range(3):
            if self.ends.endless[axis]:
                continue
            area = np.expand_dims(np.outer(*(w for a, w in enumerate(self.widths) if a != axis)), axis)
            covered = np.zeros(mask.shape)
            solid, count = np.moveaxis(mask, axis, 0), np.moveaxis(covered, axis, 0)
            count[1:] += solid[:-1]
            count[:-1] += solid[1:]
            out += (2.0 - covered) * area
        return out

    def surfaces(self, b: int) -> tuple[FloatArray, FloatArray]:
        """Black radiance [W m-2 sr-1] and emissivity of all wall cells and solid cells."""
        *walls, solids = self._emitted
        black = [self._map(emitted[:, b], number) for number, emitted in enumerate(walls)]
        emissivity = [self._map(self.scene.walls.face(name).emissivity, n) for n, name in enumerate(FACES)]
        if self.solids is not None:
            black.append(solids[:, b])
            emissivity.append(self.solids.emissivity)
        return np.concatenate(black), np.concatenate(emissivity)

    @cached_property
    def _emitted(self) -> list[FloatArray]:
        """What the cells of each face, or one for all of them, and solid cells send out if black, (n, n_band)."""
        medium, walls = self.scene.medium, self.scene.walls
        emitted = [walls.face(name).emitted(medium, number) for number, name in enumerate(FACES)]
        return [*emitted, np.empty((0, 0)) if self.solids is None else self.solids.emitted(medium)]

    def by_face(self, values: FloatArray) -> dict[str, FloatArray]:
        """Maps of the faces that are walls, from values of all surfaces."""
        return {
            name: values[self.first[n] : self.first[n + 1]].reshape(across(self.grid.shape, n))
            for n, name in enumerate(FACES)
            if self.ends.wall[n]
        }

    @cached_property
    def thin(self) -> float:
        """kappa [1/m] up to which no cell is thick: its optical depth is below 1 along every axis that ends."""
        return 1.0 / max(
            float(w.max()) for w, ends in zip(self.widths, self.ends.finite, strict=True) if ends
        )

    def _map(self, values: float | FloatArray, number: int) -> FloatArray:
        """A number, or one for each cell of a face, for all cells of the face in a row."""
        given = np.asarray(values, dtype=np.float64).ravel()
        return np.broadcast_to(given, int(np.prod(across(self.grid.shape, number)))).copy()


def mean_widths(widths: Sequence[FloatArray], finite: Three) -> list[FloatArray]:
    """Return the factors, one for each axis, of the geometric mean width of cells over the axes that end [m]."""
    ends = zip(widths, finite, strict=True)
    return [w ** (1.0 / sum(finite)) if f else np.ones(1) for w, f in ends]


def none() -> None:
    """No spare array."""
