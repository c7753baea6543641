"""Pictures of results. Figures are made without pyplot, so nothing global changes."""

from __future__ import annotations

import base64
import html as markup
import io
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from .errors import InputError, nearest
from .formats.atomic import replacing
from .result import Result
from .sensors import Camera

QUANTITIES = {
    "radiance": ("radiance", "W m$^{-2}$ sr$^{-1}$", "inferno"),
    "brightness_temperature": ("brightness temperature", "K", "inferno"),
    "transmittance": ("transmittance", "1", "viridis"),
    "optical_depth": ("optical depth", "1", "viridis"),
}
DPI = 150


def draw(result: Result, quantity: str = "radiance") -> Figure:
    """Return the figure of an image, a line-of-sight profile, or values per ray."""
    if quantity not in QUANTITIES:
        raise InputError(
            f"plot: no quantity '{quantity}'{nearest(quantity, QUANTITIES)}; known: {', '.join(QUANTITIES)}"
        )
    if result.profile is not None:
        return _profile(result)
    values = np.asarray(result.value if quantity == "radiance" else getattr(result, quantity))
    if values.ndim > len(result.sensor.shape):
        values = values.sum(axis=-1) if quantity == "radiance" else values.mean(axis=-1)
    if isinstance(result.sensor, Camera):
        return _image(values, result.sensor, quantity)
    return _rays(values, quantity)


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG, whole or not at all."""
    with replacing(Path(path)) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)


def html(result: Result) -> str:
    """The summary and the picture, for notebooks."""
    buffer = io.BytesIO()
    draw(result).savefig(buffer, format="png", dpi=90)
    picture = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<div><pre>{markup.escape(result.summary())}</pre><img src="data:image/png;base64,{picture}" '
        'style="max-width: 100%"/></div>'
    )


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _image(values: np.ndarray, camera: Camera, quantity: str) -> Figure:
    name, unit, colours = QUANTITIES[quantity]
    rows, columns = camera.shape
    aspect = np.clip(rows / columns, 0.25, 4.0)
    width = 5.2 / np.sqrt(aspect)
    figure = _figure(width + 1.9, width * aspect + 0.7)
    axes = figure.add_subplot()
    half = camera.half_width
    extent = (-half, half, -half * rows / columns, half * rows / columns)
    low = 0.0 if quantity != "brightness_temperature" else None
    finite = np.where(np.isfinite(values), values, np.nan)
    image = axes.imshow(finite, cmap=colours, extent=extent, vmin=low, interpolation="nearest")
    bar = figure.colorbar(image, cax=axes.inset_axes((1.03, 0.0, 0.24 / width, 1.0)))
    bar.set_label(f"{name} [{unit}]")
    bar.outline.set_visible(False)
    if camera.width is not None:
        axes.set_xlabel("across the image [m]")
        axes.set_ylabel("up the image [m]")
    else:
        _degrees(axes, extent)
    return figure


def _degrees(axes: Axes, extent: tuple[float, float, float, float]) -> None:
    """Label the axes of a perspective image, whose coordinates are tangents, in degrees."""
    text = FuncFormatter(lambda tangent, _: f"{np.degrees(np.arctan(tangent)):.3g}")
    for axis, (low, high), name in (
        (axes.xaxis, extent[:2], "angle to the right"),
        (axes.yaxis, extent[2:], "angle upwards"),
    ):
        angles = np.degrees(np.arctan([low, high]))
        ticks = MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]).tick_values(*angles)
        inside = [a for a in ticks if angles[0] <= a <= angles[1]]
        axis.set_major_locator(FixedLocator(list(np.tan(np.radians(inside)))))
        axis.set_major_formatter(text)
        axis.set_label_text(f"{name} [degree]")


def _profile(result: Result) -> Figure:
    table: Any = result.profile
    figure = _figure(7.0, 7.5)
    panels = figure.subplots(4, 1, sharex=True)
    s = table["s"]
    lines = (
        (table["temperature"], "temperature [K]", "tab:red"),
        (table["kappa"], "kappa [1/m]", "tab:blue"),
        (table["optical_depth"], "optical depth [1]", "tab:green"),
        (table["contribution"] / table["length"], "dI/ds seen\n[W m$^{-3}$ sr$^{-1}$]", "tab:orange"),
    )
    for axes, (values, label, colour) in zip(panels, lines, strict=True):
        axes.plot(s, values, color=colour, lw=1.5)
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    panels[3].fill_between(s, lines[3][0], color="tab:orange", alpha=0.3)
    panels[3].set_xlabel("distance from the observer [m]")
    figure.suptitle(f"line of sight: {float(result.value.sum()):.5g} W m$^{{-2}}$ sr$^{{-1}}$")
    figure.align_ylabels()
    return figure


def _rays(values: np.ndarray, quantity: str) -> Figure:
    name, unit, _ = QUANTITIES[quantity]
    figure = _figure(7.0, 4.0)
    axes = figure.add_subplot()
    axes.plot(np.arange(values.size), values.ravel(), ".-", color="tab:red")
    axes.set_xlabel("ray")
    axes.set_ylabel(f"{name} [{unit}]")
    axes.grid(alpha=0.3)
    return figure
