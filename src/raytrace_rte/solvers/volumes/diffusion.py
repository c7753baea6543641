"""The diffusion (Rosseland) limit in thick cells: fluxes through faces with their first correction, and estimates.

q = -(4 pi / 3 kappa) grad S is the angular integral of the thick series; the next term is smaller by
(mean free path / scale)^2 (docs/theory.md, eqs. 19 to 22; the half-range flux into a wall is eq. 21).
What has cells is compiled (kernels.limit, fading, sizes, errors); maps of walls are NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...execution.executors import ordered
from ...grid import FACES, FloatArray
from .box import Box, surfaces
from .fields import read_only
from .padding import Padded, padded

if TYPE_CHECKING:
    from ...kernels.errors import Errors
    from ...kernels.limit import Fluxes
    from ...kernels.sizes import Sizes

POINTS = 4
"""Cells from which S is extrapolated to a wall; with one less the difference estimates the error."""
ROWS, PLANES = 16, 8
"""Rows of cells in a strip, and planes of cells in one call, of kernels that several threads run."""


Tables = tuple[FloatArray, FloatArray, FloatArray]
"""Of the axes, as kernels.limit has them."""


class Limit(NamedTuple):
    """What the limit says of a band.

    fluxes: through faces, of cells with those beyond mirrors and periodic faces (`padded`); tables: of their axes
    arriving: flux that arrives at walls [W m-2], by face, its estimated error, and the net flux into them
    errors: of div q, and div q itself [W m-3]; typical: root mean square of div q where the limit may be used;
    dark: whether a cell would absorb less than nothing
    """

    padded: Padded
    tables: Tables
    fluxes: Fluxes
    arriving: dict[str, FloatArray]
    arriving_error: dict[str, FloatArray]
    net: dict[str, FloatArray]
    errors: Errors
    typical: float
    dark: bool

    def shares(self, wanted: float, out: FloatArray, workers: int) -> bool:
        """Find the share of the limit in each cell, 0 to 1, smooth in the estimates; return whether it is 1 in all.

        wanted: error [W m-3] that is good enough for the limit to be taken, as it costs less
        """
        from ...kernels.errors import shares

        limit, swept, _ = self.errors
        counts = of_planes(lambda a, b: shares(limit, swept, wanted, a, b, out), len(out), workers)
        return sum(counts) == 0

    def release(self, box: Box) -> None:
        """Give back all arrays of cells."""
        box.give_back(*self.fluxes[:3], *self.errors)


def diffusion(
    box: Box,
    kappa: FloatArray,
    source: FloatArray,
    black: dict[str, FloatArray],
    emissivity: dict[str, FloatArray],
    span: float,
) -> Limit | None:
    """Return the limit for one band, None where it may be used in no cell.

    kappa [1/m], 0 in solid cells, source [W m-2 sr-1]: (nx, ny, nz); black, emissivity: black radiance of the
    walls [W m-2 sr-1] and their emissivity, by face; span: range of all sources and walls
    """
    from ...kernels import errors as kernels
    from ...kernels.limit import table

    p = padded(box)
    kappa, source = (read_only(p.pad(f)) for f in (kappa, source))
    apart = [_apart(box, axis, kappa.shape) for axis in range(3)]
    power = [1.0 / sum(p.finite) if ends else 0.0 for ends in p.finite]
    x, y, z = (table(*given) for given in zip(p.faces, power, apart, strict=True))
    tables = x, y, z
    fluxes = _fluxes(box, kappa, source, tables)
    first = surfaces(kappa.shape)
    doubt, net = np.zeros(first[-1]), np.zeros(first[-1])
    arriving, doubts, nets = {}, {}, {}
    for name in black:
        n = FACES.index(name)
        wall = _at_wall(p, kappa, source, n, black[name], emissivity[name])
        _fade(box, kappa, n, tables[n // 2], wall, fluxes)
        np.moveaxis(fluxes[n // 2], n // 2, 0)[-(n % 2)] = wall.net if n % 2 else -wall.net
        width = np.diff(p.faces[n // 2])[-(n % 2)]
        part = slice(first[n], first[n + 1])
        doubt[part], net[part] = wall.doubt.ravel() / width, np.abs(wall.net).ravel() / width
        arriving[name], doubts[name], nets[name] = (
            p.own_face(f, n // 2) for f in (wall.coming, wall.doubt, wall.net)
        )
    sizes, distance = _sizes(box, kappa, fluxes, tables)
    box.give_back(fluxes.whole, fluxes.leading)
    if distance is None:
        box.give_back(*fluxes[:3], *sizes)
        return None
    x0, y0, z0 = (a for a, _ in p.added)
    axes = sum(n > 1 for n in kappa.shape)  # a wave along all of them alike
    given = kernels.Given(
        kappa, source, fluxes, sizes, distance, *tables, (x0, y0, z0), first, doubt, net, span, axes, box.ends.slab
    )  # fmt: skip
    shape = box.grid.shape
    out = kernels.Errors(*(box.new(shape) for _ in kernels.Errors._fields))
    noted = np.zeros((shape[0], 3))
    of_planes(lambda a, b: kernels.errors(given, a, b, out, noted), shape[0], box.workers)
    box.give_back(*sizes)
    squares, count, dark = noted.sum(axis=0)
    typical = float(np.sqrt(squares / max(count, 1.0)))
    limit = Limit(p, tables, fluxes, arriving, doubts, nets, out, typical, dark > 0)
    if count == 0:
        limit.release(box)
    return limit if count else None


def of_planes(function: Callable[[int, int], Any], count: int, workers: int, step: int = PLANES) -> list[Any]:
    """Call a function with (first, last) of so many planes or rows at a time, on several threads; return what it
    returned, in order."""
    items: Iterable[int] = range(0, count, step)
    return list(ordered(lambda a: function(a, min(a + step, count)), items, workers))


def _apart(box: Box, axis: int, shape: tuple[int, ...]) -> FloatArray:
    """Cells between each cell and the nearest wall of an axis, at least 1.

    The wall's own face has a flux of its own (eq. 21), so only the cell's other faces count there.
    """
    i = np.arange(shape[axis])
    out = np.full(shape[axis], float(max(shape)))
    for wall, apart in zip(box.ends.wall[2 * axis : 2 * axis + 2], (i, i[::-1]), strict=True):
        if wall:
            out = np.minimum(out, np.maximum(apart, 1))
    return out


def _fluxes(box: Box, kappa: FloatArray, source: FloatArray, tables: Tables) -> Fluxes:
    """Fluxes through all faces, 0 through outer ones, and their divergences."""
    from ...kernels import limit as kernels

    shape = kappa.shape
    faces = [tuple(n + (a == axis) for a, n in enumerate(shape)) for axis in range(3)]
    x, y, z = (box.new(s) for s in faces)
    out = kernels.Fluxes(x, y, z, box.new(shape), box.new(shape))
    for axis in range(3):
        ends = np.moveaxis(out[axis], axis, 0)
        ends[0] = ends[-1] = 0.0

    def strip(first: int, last: int) -> None:
        planes, lines = kernels.work(shape, last - first)
        kernels.fluxes(kernels.Strip(kappa, source, *tables, first, last, planes, lines), out)

    of_planes(strip, shape[1], box.workers, ROWS)
    return out


class AtWall(NamedTuple):
    """Of the cells of a wall: flux that arrives and its estimated error, net flux into the wall [W m-2]; the wall's
    light less that of the limit, and dS/dtau into the gas [W m-2 sr-1]."""

    coming: FloatArray
    doubt: FloatArray
    net: FloatArray
    jump: FloatArray
    slope: FloatArray


def _at_wall(
    p: Padded, kappa: FloatArray, source: FloatArray, face: int, black: FloatArray, emissivity: FloatArray
) -> AtWall:
    """What happens at a wall by the half-range flux (eq. 21)."""
    axis, beside = face // 2, np.take(kappa, -(face % 2), face // 2)
    value, slope = (f for f in _extrapolated(p, source, face, POINTS))
    fewer, other = _extrapolated(p, source, face, POINTS - 1)
    slope, other = _over(slope, beside), _over(other, beside)
    coming = np.maximum(np.pi * value + 2.0 * np.pi / 3.0 * slope, 0.0)
    doubt = np.abs(np.pi * (value - fewer)) + 2.0 * np.pi / 3.0 * np.abs(slope - other)
    share = p.pad_face(emissivity, axis)
    light = share * p.pad_face(black, axis) + (1.0 - share) * coming / np.pi
    return AtWall(coming, doubt, coming - np.pi * light, light - value, slope)


def _extrapolated(p: Padded, source: FloatArray, face: int, points: int) -> tuple[FloatArray, FloatArray]:
    """S at a wall and its derivative along the inward normal: the polynomial through the means of some cells."""
    axis, inward = face // 2, -1 if face % 2 else 1
    order = range(min(points, source.shape[axis]))
    widths = np.diff(p.faces[axis])[::inward][: len(order)]
    edges = np.concatenate(([0.0], np.cumsum(widths)))
    powers = np.arange(len(order)) + 1.0
    means = np.diff(edges[:, None] ** powers, axis=0) / (powers * widths[:, None])
    weights = np.linalg.inv(means)
    stack = np.stack([np.take(source, -1 - n if face % 2 else n, axis) for n in order])
    value = np.tensordot(weights[0], stack, 1)
    slope = np.tensordot(weights[1], stack, 1) if len(order) > 1 else np.zeros_like(value)
    least, most = stack.min(axis=0), stack.max(axis=0)
    reach = most - least  # limited: no further beyond the cells than they differ
    return np.clip(value, np.maximum(least - reach, 0.0), most + reach), slope


def _over(slope: FloatArray, kappa: FloatArray) -> FloatArray:
    """dS/dtau; 0 where nothing absorbs."""
    return np.divide(slope, kappa, out=np.zeros_like(slope), where=kappa > 0.0)


def _fade(box: Box, kappa: FloatArray, face: int, table: FloatArray, wall: AtWall, fluxes: Fluxes) -> None:
    """Add what of a wall's light goes on into the gas."""
    from ...kernels import fading as kernels

    axis, inward = face // 2, -1.0 if face % 2 else 1.0
    given = kernels.Wall(axis, inward, table, wall.jump.ravel(), wall.slope.ravel())

    def strip(first: int, last: int) -> None:
        work = kernels.work(kappa.shape, last - first)
        kernels.fade(kappa, given, first, last, work, fluxes[axis], fluxes.whole, fluxes.leading)

    of_planes(strip, kappa.shape[1 if axis == 0 else 0], box.workers, ROWS)


def _sizes(
    box: Box, kappa: FloatArray, fluxes: Fluxes, tables: Tables
) -> tuple[Sizes, NDArray[np.float32] | None]:
    """Sizes of terms over neighbours; cells between each cell and the nearest rough one, empty if none is rough, None
    if all are."""
    from ...kernels import sizes as kernels
    from ...kernels.distances import between

    shape = kappa.shape
    out = kernels.Sizes(*(box.new(shape) for _ in kernels.Sizes._fields))

    def strip(first: int, last: int) -> tuple[int, int]:
        work = kernels.work(shape, last - first)
        found: tuple[int, int] = kernels.sizes(kappa, *fluxes[3:], tables, first, last, *work, out)
        return found

    rough, smooth = np.sum(of_planes(strip, shape[1], box.workers, ROWS), axis=0)
    if not smooth:
        return out, None
    distance = np.empty(shape if rough else (0, 0, 0), np.float32)
    if rough:
        between(out.depth == kernels.ROUGH_CELL, distance, distance[0, 0].copy())
    return out, distance
