"""Pictures of volume results and of fluxes."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from ..errors import InputError, nearest
from ..grid import FACES, Cartesian, FloatArray
from ..results.flux import FluxResult
from ..results.heat import HeatResult
from .images import new_figure

QUANTITIES = {
    "div_q": ("div q", "W m$^{-3}$"),
    "G": ("incident radiation G", "W m$^{-2}$"),
    "emission": ("emission", "W m$^{-3}$"),
    "absorption": ("absorption", "W m$^{-3}$"),
    "error": ("estimated error of div q", "W m$^{-3}$"),
    "wall_flux": ("net flux into the wall", "W m$^{-2}$"),
}
NAMES = "xyz"


def draw(result: HeatResult, quantity: str) -> Figure:
    """Return three slices through the middle of the cells, or maps of all walls."""
    if quantity not in QUANTITIES:
        raise InputError(
            f"plot: no quantity '{quantity}'{nearest(quantity, QUANTITIES)}; known: {', '.join(QUANTITIES)}"
        )
    return _walls(result) if quantity == "wall_flux" else _slices(result, quantity)


def flux(result: FluxResult) -> Figure:
    """Return the map of a face, or the values of the points in turn."""
    values = result.value.sum(axis=-1) if result.value.ndim > len(result.sensor.layout) else result.value
    face = result.sensor.face
    label = f"{'G' if result.sensor.normals is None else 'incident flux'} [W m$^{{-2}}$]"
    if face is None:
        figure = new_figure(7.0, 4.0)
        axes = figure.add_subplot()
        angular = result.angular_error.reshape(values.size, -1).sum(axis=1)
        axes.errorbar(np.arange(values.size), values.ravel(), angular, fmt="o", color="tab:red", capsize=3)
        axes.set_xlabel("point")
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
        return figure
    across = [a for a in range(3) if a != FACES.index(face) // 2]
    points = result.sensor.points.reshape(*result.sensor.layout, 3)
    figure = new_figure(6.2, 5.0)
    axes = figure.add_subplot()
    first, second = points[:, 0, across[0]], points[0, :, across[1]]
    shown = axes.pcolormesh(first, second, values.T, cmap="inferno", vmin=0.0, shading="nearest")
    _label(axes, across, face)
    figure.colorbar(shown, ax=axes, label=label)
    return figure


def _slices(result: HeatResult, quantity: str) -> Figure:
    values = getattr(result, quantity)
    values = values.sum(axis=-1) if values.ndim == 4 else values
    faces = [np.array([0.0, 1.0]) if np.isinf(f[0]) else f for f in result.grid]
    figure = new_figure(13.0, 4.4)
    panels = figure.subplots(1, 3)
    shown: Any = None
    for normal, axes in enumerate(panels):
        across = [a for a in range(3) if a != normal]
        middle = values.shape[normal] // 2
        plane = np.take(values, middle, normal)
        shown = axes.pcolormesh(faces[across[0]], faces[across[1]], plane.T, **_colours(values, quantity))
        centre = result.grid.centres[normal][middle]
        _label(axes, across, f"{NAMES[normal]} = {centre:.3g} m")
    name, unit = QUANTITIES[quantity]
    figure.colorbar(shown, ax=list(panels), label=f"{name} [{unit}]", shrink=0.9)
    return figure


def _walls(result: HeatResult) -> Figure:
    maps = {f: v.sum(axis=-1) if v.ndim == 3 else v for f, v in result.wall_flux.items()}
    columns = min(3, len(maps))
    rows = -(-len(maps) // columns)
    figure = new_figure(4.3 * columns + 1.2, 3.7 * rows)
    panels = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    everything = np.concatenate([m.ravel() for m in maps.values()])
    shown: Any = None
    for axes, (face, values) in zip(panels, maps.items(), strict=False):
        across = [a for a in range(3) if a != FACES.index(face) // 2]
        first, second = (_finite(result.grid, a) for a in across)
        shown = axes.pcolormesh(first, second, values.T, **_colours(everything, "wall_flux"))
        _label(axes, across, face)
    for axes in panels[len(maps) :]:
        axes.set_axis_off()
    name, unit = QUANTITIES["wall_flux"]
    figure.colorbar(shown, ax=list(panels), label=f"{name} [{unit}]", shrink=0.9)
    return figure


def _finite(grid: Cartesian, axis: int) -> FloatArray:
    return np.array([0.0, 1.0]) if np.isinf(grid[axis][0]) else grid[axis]


def _colours(values: FloatArray, quantity: str) -> dict[str, Any]:
    """Blue to red with white at 0 where both signs matter, else dark to bright from 0."""
    low, high = float(values.min()), float(values.max())
    if quantity in ("div_q", "wall_flux") and low < 0.0:
        greatest = max(-low, high, 1e-300)
        return {"cmap": "RdBu_r", "norm": TwoSlopeNorm(0.0, -greatest, greatest)}
    return {"cmap": "inferno", "vmin": 0.0, "vmax": high if high > 0.0 else 1.0}


def _label(axes: Axes, across: list[int], title: str) -> None:
    axes.set_aspect("equal")
    axes.set_xlabel(f"{NAMES[across[0]]} [m]")
    axes.set_ylabel(f"{NAMES[across[1]]} [m]")
    axes.set_title(title)
