"""The picture of a comparison: answers, their differences, and beside them what they cost.

Columns are models. Pictures of two dimensions have a row for the answers by the first method, one for their
differences from the reference model, and one for each other method with its differences from the first.
"""

from __future__ import annotations

from dataclasses import replace
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..table import Table, Variable
from ..units import share
from . import images, maps
from .draw import SPACE
from .figure import axis_label, colours, differences, label, new_figure, raised

HEIGHT, BARS, ENTRY = 2.9, 3.2, 0.25
"""Inches of the height of a panel, of the width of the bars beside a row, and of a line of a legend."""
NARROW = 2.5
"""Inches of a panel below which the labels of an axis do not stand side by side."""
BEYOND = 1.25
"""How far an axis goes beyond the answers by the first method: a limit may be off by any factor."""
LABEL, LINES = 22, 3
"""Letters in a line of a model's arguments, and lines, in a picture."""
PALETTE = (
    "tab:blue",
    "tab:red",
    "tab:green",
    "tab:orange",
    "tab:purple",
    "tab:brown",
    "tab:pink",
    "tab:grey",
)


def draw(table: Table, upright: str = "z") -> Figure:
    """Return the picture of a comparison, whatever the number of dimensions of its answer."""
    main = _squeezed(table.main)
    rank = len(main.dims) - 2
    if rank >= 2:
        return _pictures(table, main, upright)
    profile = next((v for v in table.variables if v.name.startswith("profile_")), None)
    return _curves(table, main, profile)


def _squeezed(v: Variable) -> Variable:
    """The variable without dimensions of length 1, but for model and method."""
    sizes = list(zip(v.dims, v.values.shape, strict=True))
    kept = [(d, n) for k, (d, n) in enumerate(sizes) if k < 2 or n != 1]
    return replace(v, dims=tuple(d for d, _ in kept), values=v.values.reshape([n for _, n in kept]))


def _pictures(table: Table, main: Variable, upright: str) -> Figure:
    """Panels in rows and columns, each row on one scale, with bars of what it cost."""
    models, methods = table["model"].values, table["method"].values
    k = models.tolist().index(table.attributes["reference"])
    first, most = main.values[:, 0], _most(main.values[:, 0])
    rows: list[tuple[str, NDArray[Any], dict[str, Any], int | None]] = [
        (methods[0], first, colours(first, main.unit), 0)
    ]
    if len(models) > 1:
        off = first - first[k]
        rows.append((f"less {models[k]}", off, differences(_most(off)), None))
    for j in range(1, len(methods)):
        off = main.values[:, j] - first
        rows.append((f"{methods[j]}\nless {methods[0]}", off, differences(min(most, _most(off))), j))
    width = _width(main)
    figure = new_figure(width * len(models) + BARS + 1.9, HEIGHT * len(rows) + 0.4)
    ratios = [*[width] * len(models), BARS]
    panels = figure.subplots(len(rows), len(models) + 1, squeeze=False, width_ratios=ratios)
    for line, (title, values, colour, number) in zip(panels, rows, strict=True):
        last = title == rows[-1][0]
        shown: Any = None
        for i, axes in enumerate(line[:-1]):
            shown = _panel(axes, table, replace(main, dims=main.dims[2:], values=values[i]), colour, upright)
            axes.set_title(_caption(table, i, number, k), fontsize="small")
            axes.tick_params(labelsize="x-small", labelbottom=last, labelleft=i == 0)
            axes.tick_params(axis="x", labelrotation=90 if width < NARROW else 0)
            if i:
                axes.set_ylabel("")
            if not (last and i == (len(models) - 1) // 2):
                axes.set_xlabel("")
        line[0].set_ylabel(f"{title}\n\n{line[0].get_ylabel()}")
        extend = "both" if number and _most(values) > most else "neither"
        figure.colorbar(
            shown, ax=list(line[:-1]), label=label(main.name, main.unit), extend=extend, aspect=30
        )
        _bars(line[-1], table, number)
    return figure


def _width(main: Variable) -> float:
    """Inches of a panel: as wide as it is high, but for images."""
    rows, columns = main.values.shape[2:4]
    across = HEIGHT if len(main.dims) > 4 else HEIGHT * columns / rows
    return float(np.clip(across, 0.6 * HEIGHT, 1.6 * HEIGHT)) + 0.2


def _panel(axes: Axes, table: Table, v: Variable, colour: dict[str, Any], upright: str) -> Any:
    """An image, a map, or the slice through the middle."""
    if len(v.dims) > 2:
        v, place = maps.middle(table, v, upright)
        axes.annotate(place, (0.02, 0.02), xycoords="axes fraction", fontsize="x-small")
    if v.dims == tuple(axis for axis in SPACE if axis in v.dims):
        return maps.cells(axes, table, v, colour, upright)
    return images.pixels(axes, table, v, colour)


def _caption(table: Table, i: int, j: int | None, k: int) -> str:
    """What a panel shows: the model, and the size of the difference."""
    if j == 0:
        return f"{_wrapped(table['model'].values[i])}\nmean {table['mean'].values[i, 0]:.4g}"
    if j is None and i == k:
        return "the reference"
    name, at = ("difference", (i, 0)) if j is None else ("method_difference", (i, j))
    most = float(table[f"{name}_max"].values[at])
    return f"{share(table[f'{name}_l2'].values[at])}\nat most {most:.2g}" if most else "no difference"


def _wrapped(name: str) -> str:
    """A model's label, its arguments in lines of their own, as many as a panel has room for."""
    model, bracket, arguments = str(name).partition("(")
    lines = wrap(bracket + arguments, LABEL) if bracket else []
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], "..."]
    return "\n".join([model, *lines])


def _most(values: NDArray[Any]) -> float:
    """The greatest size of those that are known: times may be unknown."""
    return float(np.nanmax(np.abs(values), initial=0.0))


def _bars(axes: Axes, table: Table, j: int | None) -> None:
    """Seconds of tracing of each model by a method; what the models emit where j is None."""
    v = table["emission_power"] if j is None else table["seconds"]
    values = v.values[:, 0 if j is None else j]
    place = np.arange(values.size)
    bars = axes.barh(
        place, np.nan_to_num(values), color=[PALETTE[n % len(PALETTE)] for n in place], height=0.6
    )
    axes.bar_label(bars, ["" if np.isnan(x) else f" {x:.3g}" for x in values], fontsize="small")
    axes.set_yticks(place, [_wrapped(name) for name in table["model"].values], fontsize="small")
    axes.invert_yaxis()
    most = _most(v.values if j is not None else values)
    axes.set_xlim(0.0, 1.3 * most if most > 0.0 else 1.0)
    axes.set_xlabel(label("emission power" if j is None else "seconds of tracing", v.unit))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _curves(table: Table, main: Variable, profile: Variable | None) -> Figure:
    """Answers as lines or bars, their differences from the first one, what they cost, and the profile of a ray."""
    panels = 3 if profile is None else 4
    figure = new_figure(5.2 * panels, 4.6)
    axes = figure.subplots(1, panels)
    k = table["model"].values.tolist().index(table.attributes["reference"])
    base = main.values[k, 0]
    drawn = _lines if len(main.dims) > 2 else _grouped
    drawn(axes[0], table, main, main.values)
    drawn(axes[1], table, main, main.values - base)
    axes[0].set_ylabel(label(main.name, main.unit))
    axes[1].set_ylabel(
        f"less {table.attributes['reference']} by {table['method'].values[0]} [{raised(main.unit)}]"
    )
    for n, panel in enumerate(axes[:2]):
        _limit(panel, main.values[:, 0] - (base if n else 0.0))
    seconds = table["seconds"]
    _grouped(axes[2], table, seconds, seconds.values)
    axes[2].set_ylabel(label("seconds of tracing", seconds.unit))
    if profile is not None:
        for i, model in enumerate(table["model"].values):
            axes[3].plot(
                table["s"].values, profile.values[i, 0], color=PALETTE[i % len(PALETTE)], label=str(model)
            )
        axes[3].set_xlabel(axis_label(table["s"]))
        axes[3].set_ylabel(label("added by each segment", profile.unit))
        axes[3].grid(alpha=0.3)
    handles, names = axes[0].get_legend_handles_labels()
    columns = min(len(names), 2 * panels - 2)
    figure.set_figheight(figure.get_figheight() + ENTRY * -(-len(names) // columns))
    figure.legend(handles, names, loc="outside upper center", ncols=columns, fontsize="small")
    return figure


def _lines(axes: Axes, table: Table, v: Variable, values: NDArray[Any]) -> None:
    """A line for each model and method along the only dimension; points where that only counts."""
    coordinate = table.coordinate(v.dims[2])
    where = coordinate.values if coordinate.values.dtype.kind in "iuf" else np.arange(values.shape[2])
    counts = coordinate.values.dtype.kind not in "f"
    styles = ("-", "--", ":", "-.")
    for i, model in enumerate(table["model"].values):
        for j, method in enumerate(table["method"].values):
            look: dict[str, Any] = {"linestyle": styles[j % 4]}
            if counts:
                look = {"linestyle": "none", "marker": "o^sx"[j % 4], "fillstyle": "none"}
            axes.plot(
                where, values[i, j], color=PALETTE[i % len(PALETTE)], label=f"{model}, {method}", **look
            )
    axes.set_xlabel(axis_label(coordinate))
    axes.grid(alpha=0.3)


def _grouped(axes: Axes, table: Table, v: Variable, values: NDArray[Any]) -> None:
    """Bars for each method, models side by side."""
    models, methods = table["model"].values, table["method"].values
    place, width = np.arange(len(methods)), 0.8 / len(models)
    for i, model in enumerate(models):
        at = place + (i - 0.5 * (len(models) - 1)) * width
        axes.bar(
            at, values[i].reshape(len(methods)), width, color=PALETTE[i % len(PALETTE)], label=str(model)
        )
    axes.set_xticks(place, [str(method) for method in methods], fontsize="small")
    axes.grid(alpha=0.3, axis="y")


def _limit(axes: Axes, values: NDArray[Any]) -> None:
    """Keep an axis near the answers by the first method, and say where others are beyond it."""
    low, high = (
        min(float(np.nanmin(values, initial=0.0)), 0.0),
        max(float(np.nanmax(values, initial=0.0)), 0.0),
    )
    margin = (BEYOND - 1.0) * max(high - low, 1e-300)
    below, above = axes.get_ylim()
    if above > high + 4.0 * margin + 1e-300 or below < low - 4.0 * margin:
        axes.set_ylim(low - margin if low < 0.0 or below < 0.0 else 0.0, high + margin)
        axes.set_title("some answers are beyond this axis", fontsize="small")
