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
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from ..errors import InputError, nearest
from ..formats.atomic import replacing
from ..results.radiance import Result
from ..sensors.images import Camera

QUANTITIES = {
    "radiance": ("radiance", "W m$^{-2}$ sr$^{-1}$", "inferno"),
    "brightness_temperature": ("brightness temperature", "K", "inferno"),
    "transmittance": ("transmittance", "1", "viridis"),
    "optical_depth": ("optical depth", "1", "viridis"),
    "regimes": ("regimes", "", ""),
}
REGIMES = {"exact": "#3b4cc0", "thin": "#a9d5f5", "thick": "#b40426", "thin and thick": "#f4a261"}
"""Colour of a ray by the shortcuts it took."""
DPI = 150


def draw(result: Result, quantity: str = "radiance") -> Figure:
    """Return the figure of an image, a line-of-sight profile, or values per ray."""
    if quantity not in QUANTITIES:
        raise InputError(
            f"plot: no quantity '{quantity}'{nearest(quantity, QUANTITIES)}; known: {', '.join(QUANTITIES)}"
        )
    if result.profile is not None:
        return _profile(result)
    if quantity == "regimes":
        return _regimes(result)
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


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of that size in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _image(values: np.ndarray, camera: Camera, quantity: str) -> Figure:
    width, height = _size(camera)
    figure = new_figure(width + 1.9, height + 0.7)
    _show(figure.add_subplot(), values, camera, quantity, 0.24 / width)
    return figure


def _regimes(result: Result) -> Figure:
    """The radiance, and beside it which shortcuts each ray took."""
    if not isinstance(result.sensor, Camera):
        raise InputError("plot: regimes are shown for images; Result.steps holds them for any sensor")
    camera = result.sensor
    width, height = _size(camera)
    figure = new_figure(2 * width + 2.6, height + 1.1)
    left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.0), gridspec_kw={"wspace": 0.3})
    values = result.value.sum(axis=-1) if result.value.ndim > 2 else result.value
    _show(left, values, camera, "radiance", 0.24 / width)
    _, thin, thick = np.moveaxis(result.steps, -1, 0)
    colours = ListedColormap(list(REGIMES.values()))
    kind = (thin > 0) + 2 * (thick > 0)
    right.imshow(kind, cmap=colours, extent=_extent(camera), vmin=-0.5, vmax=3.5, interpolation="nearest")
    _label(right, camera)
    right.set_ylabel("")
    patches = [Patch(color=colour, label=name) for name, colour in REGIMES.items()]
    right.legend(handles=patches, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2, frameon=False)
    return figure


def _size(camera: Camera) -> tuple[float, float]:
    """Width and height of an image in inches."""
    aspect = np.clip(camera.shape[0] / camera.shape[1], 0.25, 4.0)
    width = 5.2 / np.sqrt(aspect)
    return float(width), float(width * aspect)


def _extent(camera: Camera) -> tuple[float, float, float, float]:
    half, ratio = camera.half_width, camera.shape[0] / camera.shape[1]
    return -half, half, -half * ratio, half * ratio


def _show(axes: Axes, values: np.ndarray, camera: Camera, quantity: str, bar_width: float) -> None:
    """An image with its colour bar, as high as the image."""
    name, unit, colours = QUANTITIES[quantity]
    low = 0.0 if quantity != "brightness_temperature" else None
    finite = np.where(np.isfinite(values), values, np.nan)
    image = axes.imshow(finite, cmap=colours, extent=_extent(camera), vmin=low, interpolation="nearest")
    bar = axes.figure.colorbar(image, cax=axes.inset_axes((1.03, 0.0, bar_width, 1.0)))
    bar.set_label(f"{name} [{unit}]")
    bar.outline.set_visible(False)
    _label(axes, camera)


def _label(axes: Axes, camera: Camera) -> None:
    if camera.width is not None:
        axes.set_xlabel("across the image [m]")
        axes.set_ylabel("up the image [m]")
    else:
        _degrees(axes, _extent(camera))


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
    figure = new_figure(7.0, 7.5)
    panels = figure.subplots(4, 1, sharex=True)
    s, length = table["s"], table["length"]
    seen = np.divide(table["contribution"], length, out=np.zeros_like(s), where=length > 0)
    lines = (
        (table["temperature"], "temperature [K]", "tab:red"),
        (table["kappa"], "kappa [1/m]", "tab:blue"),
        (table["optical_depth"], "optical depth [1]", "tab:green"),
        (seen, "dI/ds seen\n[W m$^{-3}$ sr$^{-1}$]", "tab:orange"),
    )
    for axes, (values, label, colour) in zip(panels, lines, strict=True):
        axes.plot(s, values, color=colour, lw=1.5)
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    panels[3].fill_between(s, seen, color="tab:orange", alpha=0.3)
    panels[3].set_xlabel("distance from the observer [m]")
    figure.suptitle(f"line of sight: {float(result.value.sum()):.5g} W m$^{{-2}}$ sr$^{{-1}}$")
    figure.align_ylabels()
    return figure


def _rays(values: np.ndarray, quantity: str) -> Figure:
    name, unit, _ = QUANTITIES[quantity]
    figure = new_figure(7.0, 4.0)
    axes = figure.add_subplot()
    axes.plot(np.arange(values.size), values.ravel(), ".-", color="tab:red")
    axes.set_xlabel("ray")
    axes.set_ylabel(f"{name} [{unit}]")
    axes.grid(alpha=0.3)
    return figure
