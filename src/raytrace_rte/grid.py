"""Where the cells are: face positions along three axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks
from .errors import InputError

FloatArray = NDArray[np.float64]
Value = TypeVar("Value")
INFINITE = (-np.inf, np.inf)
FACES = ("x_min", "x_max", "y_min", "y_max", "z_min", "z_max")


def across(axes: Sequence[Value], face: int) -> tuple[Value, Value]:
    """Return what belongs to the two axes along a face, of what belongs to the three."""
    first, second = (value for axis, value in enumerate(axes) if axis != face // 2)
    return first, second


def beside(shape: Sequence[int], face: int) -> NDArray[np.int64]:
    """Return the indices (n, 3) of the cells at a face, in the order of a map over the face's cells."""
    at = [range(n) for n in shape]
    at[face // 2] = range(shape[face // 2] - 1, shape[face // 2]) if face % 2 else range(1)
    return np.stack(np.meshgrid(*at, indexing="ij"), axis=-1).reshape(-1, 3)


class _Faces(NamedTuple):
    x: FloatArray
    y: FloatArray
    z: FloatArray


class Cartesian(_Faces):
    """A uniform, stretched or slab grid, given by the positions of its cell faces.

    Arguments are 1-D, strictly increasing face positions [m], n + 1 of them for n cells. An axis
    ``[-inf, inf]`` (the default of y and z) is one cell without end: two of them make a slab.

    Raises InputError when an axis has fewer than two faces, is not finite or does not increase.
    """

    __slots__ = ()

    def __new__(cls, x: ArrayLike, y: ArrayLike = INFINITE, z: ArrayLike = INFINITE) -> Self:
        return super().__new__(cls, _faces("x", x), _faces("y", y), _faces("z", z))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of cells along x, y and z."""
        return self.x.size - 1, self.y.size - 1, self.z.size - 1

    @property
    def centres(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Cell centres along each axis [m]; 0 on an infinite axis."""
        return _centres(self.x), _centres(self.y), _centres(self.z)

    @property
    def widths(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Cell widths along each axis [m]; inf on an infinite axis."""
        return np.diff(self.x), np.diff(self.y), np.diff(self.z)

    def containing(self, points: FloatArray) -> NDArray[np.int64]:
        """Return the indices (n, 3) of the cells that hold points (n, 3) [m], the nearest of those outside."""
        found = [
            np.clip(np.searchsorted(faces, points[:, axis], side="right") - 1, 0, faces.size - 2)
            for axis, faces in enumerate(self)
        ]
        return np.stack(found, axis=1)

    def on_face(self, n: int, points: FloatArray) -> NDArray[np.int64]:
        """Return the numbers of the cells of face n, in the order of its maps, that hold points (n, 3) [m] on it."""
        i, j = across(list(self.containing(points).T), n)
        return np.asarray(i * across(self.shape, n)[1] + j)

    def integral(self, density: NDArray[np.floating]) -> float:
        """Return the integral of cell values (nx, ny, nz) over the grid; per unit of length along infinite axes."""
        x, y, z = (np.where(np.isinf(w), 1.0, w) for w in self.widths)
        return float(np.einsum("ijk,i,j,k->", density, x, y, z, dtype=np.float64))

    @property
    def lower(self) -> FloatArray:
        """The corner with the least coordinates, shape (3,), [m]."""
        return np.array([self.x[0], self.y[0], self.z[0]])

    @property
    def upper(self) -> FloatArray:
        """The corner with the greatest coordinates, shape (3,), [m]."""
        return np.array([self.x[-1], self.y[-1], self.z[-1]])


def uniform(lower: Sequence[float], upper: Sequence[float], shape: Sequence[int]) -> Cartesian:
    """Return a grid of equal cells between two corners [m]; `shape` counts cells along x, y and z."""
    low, high = checks.vector("uniform grid: lower", lower), checks.vector("uniform grid: upper", upper)
    counts = checks.sequence("uniform grid: shape", shape, "three whole numbers of cells")
    if len(counts) != 3:
        raise checks.wrong("uniform grid: shape", shape, "three whole numbers of cells")
    cells = [checks.whole(f"uniform grid: shape[{i}]", n, low=1) for i, n in enumerate(counts)]
    return Cartesian(*(np.linspace(a, b, n + 1) for a, b, n in zip(low, high, cells, strict=True)))


def _faces(name: str, positions: ArrayLike) -> FloatArray:
    if getattr(positions, "dims", None) and hasattr(positions, "coords"):
        raise InputError(
            f"grid axis {name}: found coordinates of xarray, be they centres or points; expected faces of cells: "
            "read the dataset with rte.from_xarray(ds, location=...), or give the faces as plain numbers"
        )
    given = checks.real(f"grid axis {name}", positions, "a 1-D list of face positions [m]")
    faces = np.ascontiguousarray(given, dtype=np.float64) if given.ndim else given
    if faces.ndim != 1 or faces.size < 2:
        raise InputError(
            f"grid axis {name}: expected a 1-D list of at least 2 face positions, found shape {faces.shape}"
        )
    if faces.size == 2 and faces[0] == -np.inf and faces[1] == np.inf:
        return faces
    bad = np.flatnonzero(~np.isfinite(faces))
    if bad.size:
        raise InputError(
            f"grid axis {name}: face {bad[0]} is {faces[bad[0]]}; positions must be finite, "
            "or the axis exactly [-inf, inf] for a slab"
        )
    down = np.flatnonzero(np.diff(faces) <= 0)
    if down.size:
        i = int(down[0])
        raise InputError(
            f"grid axis {name}: positions must increase, but face {i} is at {faces[i]:g} m and "
            f"face {i + 1} at {faces[i + 1]:g} m; sort the axis (and the data with it) or drop the duplicate"
        )
    return faces


def _centres(faces: FloatArray) -> FloatArray:
    return np.zeros(1) if np.isinf(faces[0]) else faces[:-1] + 0.5 * np.diff(faces)
