"""Cameras and lines of sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..errors import InputError
from ..grid import FloatArray
from ..results.radiance import RadianceResult
from ..solvers.profiles import profile
from ..solvers.rays import RayTask
from ..solvers.scene import Scene
from ..table import Variable
from ..vectors import NEGLIGIBLE, unit
from .radiance import radiances
from .rays import Rays, from_unit_vectors

Vector = Sequence[float]
TILE_BITS = 6
"""Pixels are visited in tiles of 64 x 64, along a Z-order curve in each: their rays meet the same cells."""


@dataclass(frozen=True)
class Camera:
    """A rectangle of pixels: perspective when it has a field of view, orthographic when it has a width.

    Made by `camera` and `camera_orthographic`. Row 0 is the top of the image, column 0 its left; a ray goes
    through the centre of each square pixel.
    """

    position: tuple[float, float, float]
    look_at: tuple[float, float, float]
    shape: tuple[int, int]
    up: tuple[float, float, float]
    field_of_view_deg: float | None = None
    width: float | None = None

    def settings(self) -> dict[str, object]:
        """What a Result records of the camera: the arguments it was made with."""
        kind = "camera" if self.width is None else "camera_orthographic"
        return {"kind": kind} | {k: v for k, v in asdict(self).items() if v is not None}

    @property
    def axes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Unit vectors to the right of the image, up, and into the scene."""
        forward = _unit(np.subtract(self.look_at, self.position))
        right = _unit(np.cross(forward, self.up))
        return right, _unit(np.cross(right, forward)), forward

    @property
    def half_width(self) -> float:
        """Half the image's width: [m] if orthographic, else the tangent of half the horizontal angle."""
        if self.width is not None:
            return 0.5 * self.width
        assert self.field_of_view_deg is not None
        return float(np.tan(np.radians(0.5 * self.field_of_view_deg))) * self.shape[1] / self.shape[0]

    @property
    def columns(self) -> FloatArray:
        """Position of the pixel columns, left to right: [m], or tangents of angles."""
        return self._pixels(self.shape[1])

    @property
    def rows(self) -> FloatArray:
        """Position of the pixel rows, top to bottom, upwards positive: [m], or tangents of angles."""
        return -self._pixels(self.shape[0])

    def _pixels(self, count: int) -> FloatArray:
        pitch = 2.0 * self.half_width / self.shape[1]
        return np.asarray((np.arange(count) + 0.5 - 0.5 * count) * pitch, dtype=np.float64)

    @cached_property
    def _seen_from(self) -> tuple[FloatArray, tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
        """The middle of the image; steps to the columns and rows of pixels (n, 3), and the squares of their lengths.

        Worked out once, not for each batch of rays.
        """
        right, up, forward = self.axes
        middle = forward if self.width is None else np.array(self.position)
        u, v = self.columns, self.rows
        return middle, (u[:, None] * right, u * u), (v[:, None] * up, v * v)

    def take(self, index: NDArray[np.int64] | slice) -> Rays:
        """Return the rays of the pixels with these flat indices (row * columns + column)."""
        index = np.arange(self.shape[0] * self.shape[1])[index] if isinstance(index, slice) else index
        middle, (across, u2), (upwards, v2) = self._seen_from
        row = index // self.shape[1]
        column = index - row * self.shape[1]
        plane = across.take(column, axis=0)
        plane += upwards.take(row, axis=0)
        plane += middle
        if self.width is not None:
            return from_unit_vectors(plane, np.broadcast_to(self.axes[2], plane.shape))
        plane /= np.sqrt(1.0 + (u2.take(column) + v2.take(row)))[:, None]  # the axes are at right angles
        plane[np.abs(plane) < NEGLIGIBLE] = 0.0
        return from_unit_vectors(np.broadcast_to(self.position, plane.shape), plane)

    def order(self) -> NDArray[np.int64]:
        """Return the flat indices of all pixels, neighbours close to each other."""
        return z_order(*self.shape)

    def coordinates(self) -> tuple[tuple[str, ...], list[Variable]]:
        """Return the dimensions of the image, and where rows and columns are."""
        y, x = self.rows, self.columns
        if self.width is not None:
            return ("y", "x"), [
                Variable("y", ("y",), y, "m", "position up the image"),
                Variable("x", ("x",), x, "m", "position to the right in the image"),
            ]
        return ("elevation", "azimuth"), [
            Variable("elevation", ("elevation",), np.degrees(np.arctan(y)), "degree", "angle up the image"),
            Variable("azimuth", ("azimuth",), np.degrees(np.arctan(x)), "degree", "angle to the right"),
        ]

    def task(self, scene: Scene) -> RayTask[RadianceResult]:
        """Follow a ray through each pixel."""
        return radiances(scene, self, order=self.order, aimed="position and look_at")


@dataclass(frozen=True)
class LineOfSight:
    """One ray whose march is kept cell by cell, in `Result.profile`. Made by `line_of_sight`."""

    origin: tuple[float, float, float]
    direction: tuple[float, float, float]

    @property
    def shape(self) -> tuple[int, ...]:
        """The answer is one radiance."""
        return (1,)

    def take(self, index: NDArray[np.int64] | slice) -> Rays:
        """Return the ray."""
        return Rays([self.origin], [self.direction])

    def coordinates(self) -> tuple[tuple[str, ...], list[Variable]]:
        """Return the dimension of the answer, and where the ray is."""
        return self.take(slice(None)).coordinates()

    def task(self, scene: Scene) -> RayTask[RadianceResult]:
        """Follow the ray, and keep what happens along it."""
        return radiances(scene, self, aimed="origin and direction", profile=profile)

    def settings(self) -> dict[str, object]:
        """What a Result records."""
        return {"kind": "line_of_sight", **asdict(self)}


def z_order(rows: int, columns: int) -> NDArray[np.int64]:
    """Return the flat indices of all pixels, tile after tile, in each along a Z-order curve (Morton 1966)."""
    side = 1 << TILE_BITS
    number = np.arange(side * side)
    bits = range(TILE_BITS)
    across, down = (sum(((number >> 2 * b + a & 1) << b for b in bits), 0 * number) for a in (0, 1))
    inside = (down < rows) & (across < columns)  # of a small image
    down, across = down[inside], across[inside]
    high, wide = -(-rows // side), -(-columns // side)
    tile = np.arange(high * wide)[:, None]
    row, column = tile // wide * side, tile % wide * side  # of its first pixel
    order = (row * columns + column) + (down * columns + across)
    return np.asarray(order[(down < rows - row) & (across < columns - column)])


def camera(
    position: Vector,
    look_at: Vector,
    shape: Sequence[int] = (512, 512),
    field_of_view_deg: float = 30.0,
    up: Vector = (0.0, 0.0, 1.0),
) -> Camera:
    """Return a perspective (pinhole) camera.

    position, look_at [m]; shape (rows, columns); field_of_view_deg the full vertical angle [degree]; up the
    direction that appears upright. Raises InputError on anything that does not define an image.
    """
    angle = checks.number(
        "camera: field_of_view_deg", field_of_view_deg, above=0.0, high=180.0, unit="degree"
    )
    if angle == 180.0:
        raise InputError("camera: field_of_view_deg is 180; expected less, as an image has an end")
    return _checked(Camera(*_frame("camera", position, look_at, shape, up), field_of_view_deg=angle))


def camera_orthographic(
    position: Vector,
    look_at: Vector,
    shape: Sequence[int] = (512, 512),
    width: float = 1.0,
    up: Vector = (0.0, 0.0, 1.0),
) -> Camera:
    """Return a camera of parallel rays that start in the plane through `position`.

    position, look_at [m]; shape (rows, columns); width of the image [m], its height follows from square
    pixels; up the direction that appears upright. Raises InputError on what does not define an image.
    """
    across = checks.number("camera_orthographic: width", width, above=0.0, unit="m")
    return _checked(Camera(*_frame("camera_orthographic", position, look_at, shape, up), width=across))


def line_of_sight(origin: Vector, direction: Vector) -> LineOfSight:
    """Return a sensor for one ray from origin [m] along direction, whose profile the Result keeps.

    Raises InputError when these are not three finite numbers each, or the direction is zero.
    """
    start, way = _triple("line_of_sight: origin", origin), _triple("line_of_sight: direction", direction)
    Rays(start, way)
    return LineOfSight(start, way)


def _frame(
    kind: str, position: Vector, look_at: Vector, shape: Sequence[int], up: Vector
) -> tuple[
    tuple[float, float, float], tuple[float, float, float], tuple[int, int], tuple[float, float, float]
]:
    size = checks.sequence(f"{kind}: shape", shape, "(rows, columns)")
    if len(size) != 2:
        raise checks.wrong(f"{kind}: shape", shape, "(rows, columns)")
    rows, columns = (
        checks.whole(f"{kind}: {n} in shape", v, low=1)
        for n, v in zip(("rows", "columns"), size, strict=True)
    )
    places = ("position", position), ("look_at", look_at), ("up", up)
    eye, target, upright = (_triple(f"{kind}: {name}", values) for name, values in places)
    return eye, target, (rows, columns), upright


def _checked(cam: Camera) -> Camera:
    forward = np.subtract(cam.look_at, cam.position)
    if not forward.any():
        raise InputError(f"camera: position and look_at are both {list(cam.position)}; they must differ")
    if np.linalg.norm(np.cross(_unit(forward), cam.up)) <= 1e-12 * np.linalg.norm(cam.up):
        raise InputError(
            f"camera: up {list(cam.up)} is zero or points along the line of sight; choose another, e.g. "
            f"up = {[1.0, 0.0, 0.0] if abs(_unit(forward)[0]) < 0.9 else [0.0, 1.0, 0.0]}"
        )
    return cam


def _triple(name: str, values: Vector) -> tuple[float, float, float]:
    v = checks.real(name, values, "three finite numbers").astype(np.float64)
    if v.shape != (3,) or not np.isfinite(v).all():
        raise checks.wrong(name, values, "three finite numbers")
    return float(v[0]), float(v[1]), float(v[2])


def _unit(v: NDArray[np.floating]) -> FloatArray:
    return unit(np.asarray(v, dtype=np.float64)[None])[0]
