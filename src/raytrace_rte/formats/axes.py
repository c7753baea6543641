"""Positions along x, y and z, as a map or the format gives them, and the faces of cells that follow."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError
from ..grid import INFINITE, Cartesian, FloatArray
from ..units import known_unit, to_si
from .fieldmap import Coordinate, GridTable
from .names import AXES
from .source import Source, find

TOUCHING = 1e-6
"""Part of a cell's width up to which its end and the next cell's beginning are the same."""


class Along:
    """Positions along each axis [m], None where neither map nor format gives them, and what messages call them.

    Raises InputError on a dataset that is missing, without a unit, or not one axis of positions.
    """

    def __init__(self, source: Source, table: GridTable, named: str) -> None:
        self.source, self.table, self.named = source, table, named
        self.positions = {axis: self._positions(axis) for axis in AXES}

    def where(self, axis: str) -> str:
        """What messages call the positions along an axis."""
        table: Coordinate | None = getattr(self.table, axis)
        if table is None:
            return f"{self.source.path}: the grid along {axis}"
        if table.dataset is None:
            return f"{self.named}: [grid] {axis}"
        return f"{self.source.path}: dataset '{table.dataset}' ([grid] {axis} of the {self.named})"

    def _positions(self, axis: str) -> FloatArray | None:
        table: Coordinate | None = getattr(self.table, axis)
        where = self.where(axis)
        if table is None:
            return self._of_the_format(axis, where)
        if table.faces is not None:
            units = table.units if table.units is not None else self.table.units
            return to_si(np.array(table.faces, dtype=np.float64), units, "length", where).astype(np.float64)
        array = find(self.source, str(table.dataset))
        units = table.units if table.units is not None else array.units
        known_unit(units, "length", where)
        found = to_si(array.load(()), units, "length", where).astype(np.float64)
        if array.quantity == axis and found.ndim == 2 and found.shape[1] == 2 and len(found):
            return _joined(found, where)
        if found.ndim != 1:
            raise InputError(f"{where}: found shape {found.shape}; expected one axis of positions")
        return found

    def _of_the_format(self, axis: str, where: str) -> FloatArray | None:
        cells = self.source.grid
        along = None if cells is None or self.table.origin is not None else getattr(cells, axis)
        if cells is None or along is None:
            return None
        units = self.table.units if self.table.units is not None else cells.units
        return to_si(along, units, "length", where).astype(np.float64, copy=False)


def grid(along: Along, shape: tuple[int, ...], order: tuple[str, ...], location: str) -> Cartesian:
    """Return the faces of the cells of arrays of this shape along x, y, z.

    order: the axes that the arrays have; location: "cell" or "point", "" where nobody said.
    Raises InputError where positions do not fit the arrays, do not increase, or may be of points or cells.
    """
    return Cartesian(*(_faces(along, axis, n, order, location) for axis, n in zip(AXES, shape, strict=True)))


def falls(positions: FloatArray | None) -> bool:
    """Whether positions fall strictly; then axis and data are turned round."""
    return positions is not None and positions.size > 1 and bool((np.diff(positions) < 0).all())


def _faces(along: Along, axis: str, n: int, order: tuple[str, ...], location: str) -> Any:
    positions, where = along.positions[axis], along.where(axis)
    if axis not in order:
        return INFINITE if positions is None else _one_cell(positions, where)
    if n == 1 and positions is None and along.source.grid is not None:
        return INFINITE  # the format says that it is flat
    if n == 1 and positions is not None and positions.size == 2:
        return positions[::-1] if falls(positions) else positions
    location = location or _located(n, positions, where, along.named)
    if positions is None:
        return _uniform(along, axis, n, [a for a in AXES if a in order], location)
    positions = positions[::-1] if falls(positions) else positions
    if location == "cell" and positions.size == n + 1:
        _check_increasing(positions, where)
        return positions
    if positions.size != n:
        wanted = f"{n} (centres) or {n + 1} (faces)" if location == "cell" else str(n)
        raise InputError(f"{where}: found {positions.size} positions; expected {wanted}; check axis_order")
    if n == 1:
        raise InputError(
            f"{where}: one position does not say how wide its cell is; give the two faces, "
            f"as {axis} = [0.0, 0.01], with units, under [grid] of a map"
        )
    _check_increasing(positions, where)
    middle = 0.5 * (positions[1:] + positions[:-1])
    if location == "point":
        return np.concatenate((positions[:1], middle, positions[-1:]))
    first, last = 2 * positions[0] - middle[0], 2 * positions[-1] - middle[-1]
    return np.concatenate(([first], middle, [last]))


def _located(n: int, positions: FloatArray | None, where: str, named: str) -> str:
    """Whether values are at cells or points, where nobody said: one more position than values is cells."""
    if positions is not None and positions.size == n + 1:
        return "cell"
    raise InputError(
        f"{where}: {n} values may lie at points or in cells, and the file does not say; {named} lacks the key "
        '\'location\': say location = "cell" or "point" under [grid]'
    )


def _one_cell(faces: FloatArray, where: str) -> FloatArray:
    if faces.size != 2:
        raise InputError(
            f"{where}: found {faces.size} positions along an axis that the arrays do not have; expected the two "
            "faces of its one cell"
        )
    return faces


def _uniform(along: Along, axis: str, n: int, order: list[str], location: str) -> Any:
    t, named = along.table, along.named
    for key in ("origin", "spacing"):
        found = getattr(t, key)
        if found is None or len(found) != len(order):
            raise InputError(
                f"{named}: [grid] has no {axis} = {{ dataset, units }}, so it needs {key} with "
                f"{len(order)} numbers for {', '.join(order)}; found {found}"
            )
    assert t.origin is not None
    assert t.spacing is not None
    i = order.index(axis)
    numbers = np.array([t.origin[i], t.spacing[i]])
    start, step = to_si(numbers, t.units, "length", f"{named}: [grid] origin and spacing")
    if not (step > 0 and np.isfinite(numbers).all()):
        raise InputError(
            f"{named}: [grid] origin is {t.origin} and spacing {t.spacing}; expected finite "
            "numbers, spacing above 0"
        )
    if location == "point" and n == 1:
        raise InputError(f"{named}: [grid] one point along {axis} has no extent; use location cell")
    if location == "cell":
        return start + step * np.arange(n + 1)
    ends = np.clip(np.arange(n + 1) - 0.5, 0, n - 1)
    return start + step * ends


def _joined(bounds: FloatArray, where: str) -> FloatArray:
    """Faces of cells that are given by (n, 2) bounds, in rising or falling order."""
    rows = bounds if bounds[0, 1] > bounds[0, 0] else bounds[:, ::-1]
    if len(rows) > 1 and rows[1, 0] < rows[0, 0]:
        rows = rows[:, ::-1]
    apart = np.flatnonzero(np.abs(rows[1:, 0] - rows[:-1, 1]) > TOUCHING * np.abs(rows[1:, 1] - rows[1:, 0]))
    if apart.size:
        i = int(apart[0])
        raise InputError(
            f"{where}: cell {i} ends at {rows[i, 1]:g} m and cell {i + 1} begins at {rows[i + 1, 0]:g} m; expected "
            "cells without gaps between them"
        )
    return np.concatenate((rows[:1, 0], rows[:, 1]))


def _check_increasing(positions: FloatArray, where: str) -> None:
    wrong = np.flatnonzero(~(np.diff(positions) > 0) | ~np.isfinite(np.diff(positions)))
    if wrong.size:
        i = int(wrong[0])
        raise InputError(
            f"{where}: positions {i} and {i + 1} are {positions[i]:g} m and {positions[i + 1]:g} m; expected "
            "all finite and increasing (or all decreasing); sort the axis with the data, drop duplicates"
        )
