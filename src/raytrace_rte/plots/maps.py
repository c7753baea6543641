"""Pictures in space: maps of a face, of all walls, and slices through cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..table import Table, Variable
from .figure import axis_label, colours, label, new_figure, not_known


def face(table: Table, v: Variable, upright: str = "z") -> Figure:
    """Return the map of a 2-D variable, its second dimension up; its first one if that is `upright`."""
    figure = new_figure(6.2, 5.0)
    axes = figure.add_subplot()
    shown = _map(axes, table, v.dims, v.values, colours(v.values, v.unit), upright)
    axes.set_title(not_known(v.values))
    figure.colorbar(shown, ax=axes, label=label(v.name, v.unit))
    return figure


def faces(table: Table, names: Sequence[str], quantity: str, upright: str = "z") -> Figure:
    """Return maps of several 2-D variables of one quantity, side by side on one scale."""
    maps = [table[name].without_bands() for name in names]
    everything = np.concatenate([v.values.ravel() for v in maps])
    columns = min(3, len(maps))
    rows = -(-len(maps) // columns)
    figure = new_figure(4.3 * columns + 1.2, 3.7 * rows)
    panels = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    shown: Any = None
    for axes, v in zip(panels, maps, strict=False):
        shown = _map(axes, table, v.dims, v.values, colours(everything, v.unit), upright)
        axes.set_title(v.name.removeprefix(f"{quantity}_"))
    for axes in panels[len(maps) :]:
        axes.set_axis_off()
    figure.colorbar(shown, ax=list(panels), label=label(quantity, maps[0].unit), shrink=0.9)
    return figure


def slices(table: Table, v: Variable, upright: str = "z") -> Figure:
    """Return three slices through the middle of a 3-D variable."""
    values = v.values.astype(np.float64)
    figure = new_figure(13.0, 4.4)
    panels = figure.subplots(1, 3)
    shown: Any = None
    for normal, axes in enumerate(panels):
        middle = values.shape[normal] // 2
        dims = tuple(dim for dim in v.dims if dim != v.dims[normal])
        shown = _map(axes, table, dims, np.take(values, middle, normal), colours(values, v.unit), upright)
        axes.set_title(_place(table.coordinate(v.dims[normal]), middle))
    figure.colorbar(shown, ax=list(panels), label=label(v.name, v.unit), shrink=0.9)
    return figure


def middle(table: Table, v: Variable, upright: str = "z") -> tuple[Variable, str]:
    """Return the slice through the middle of a 3-D variable that shows the upright axis, and where it is."""
    normal = next(n for n in (1, 2, 0) if v.dims[n] != upright)
    at = v.values.shape[normal] // 2
    dims = tuple(dim for n, dim in enumerate(v.dims) if n != normal)
    cut = replace(v, dims=dims, values=np.take(v.values, at, normal))
    return cut, _place(table.coordinate(v.dims[normal]), at)


def cells(axes: Axes, table: Table, v: Variable, colour: dict[str, Any], upright: str = "z") -> Any:
    """Draw a 2-D variable as a map, in a scale of colours that is given."""
    return _map(axes, table, v.dims, v.values, colour, upright)


def _map(
    axes: Axes,
    table: Table,
    dims: tuple[str, ...],
    values: NDArray[Any],
    colour: dict[str, Any],
    upright: str,
) -> Any:
    """Cells of a plane with labelled axes, to scale where both are lengths."""
    if dims[0] == upright:
        dims, values = dims[::-1], values.T
    across, up = (table.coordinate(dim) for dim in dims)
    shown = axes.pcolormesh(_edges(table, across), _edges(table, up), values.T.astype(np.float64), **colour)
    axes.set_xlabel(axis_label(across))
    axes.set_ylabel(axis_label(up))
    axes.set_aspect("equal" if across.unit == up.unit else "auto")
    return shown


def _edges(table: Table, coordinate: Variable) -> NDArray[np.float64]:
    """Where cells begin and end: at their faces, 0 to 1 on an endless axis; else midway between entries."""
    stored = f"{coordinate.name}_face"
    if stored in table:
        positions: NDArray[Any] = table[stored].values
        return np.array([0.0, 1.0]) if np.isinf(positions[0]) else positions.astype(np.float64)
    at: NDArray[Any] = coordinate.values
    if at.dtype.kind == "U" or at.size < 2:
        return np.arange(-0.5, at.size, 1.0)
    inner = 0.5 * (at[1:] + at[:-1])
    edges = np.concatenate(([2.0 * at[0] - inner[0]], inner, [2.0 * at[-1] - inner[-1]]))
    return edges.astype(np.float64)


def _place(coordinate: Variable, index: int) -> str:
    at = coordinate.values[index]
    text = str(at) if coordinate.values.dtype.kind == "U" else f"{at:.3g}"
    return f"{coordinate.name} = {text}" + ("" if coordinate.unit == "1" else f" {coordinate.unit}")
