"""Pictures of one dimension: a value, a line, the profile along a ray."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..table import Table, Variable
from .figure import axis_label, label, new_figure, not_known

POWERS = ("W", "W/m", "W/m2", "W/m3")
"""Units of the parts of a budget."""
MOST_NAMED = 12
"""Curves of a panel that get a legend, at most."""


def value(table: Table, v: Variable) -> Figure:
    """Return one number as text, with its error where that is known; or say that there is none."""
    figure = new_figure(5.0, 1.8)
    axes = figure.add_subplot()
    axes.set_axis_off()
    error = _error(table, v)
    text = f"{float(v.values):.5g}" if v.values.size else "no values"
    if error is not None and np.isfinite(error).any():
        text += f" ± {float(error):.2g}"
    axes.text(0.5, 0.6, text, ha="center", va="center", fontsize=22, transform=axes.transAxes)
    axes.text(0.5, 0.1, label(v.name, v.unit), ha="center", va="center", transform=axes.transAxes)
    return figure


def line(table: Table, v: Variable) -> Figure:
    """Return values along a coordinate, or of points in turn, with error bars where errors are known."""
    coordinate = table.coordinate(v.dims[0])
    counts = coordinate.values.dtype.kind not in "f"
    where = np.arange(v.values.size) if coordinate.values.dtype.kind == "U" else coordinate.values
    figure = new_figure(7.0, 4.0)
    axes = figure.add_subplot()
    style: dict[str, Any] = {
        "color": "tab:red",
        "linestyle": "none" if counts else "-",
        "marker": "o" if counts else ".",
    }
    axes.errorbar(where, v.values, _error(table, v), capsize=3, **style)
    axes.set_xlabel(axis_label(coordinate))
    axes.set_ylabel(label(v.name, v.unit))
    axes.set_title(not_known(v.values).replace(" (grey)", ""))
    axes.grid(alpha=0.3)
    return figure


def against_time(table: Table) -> Figure:
    """Return numbers on (time,) and (time, point) as curves: powers in one panel, others in panels of their own.

    Errors of points are bands. Where there are points, their mean and greatest value are not drawn.
    """
    time = table.coordinate("time")
    panels = list(_panels(table))
    figure = new_figure(7.5, 0.8 + 2.2 * len(panels))
    rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, variables in zip(rows, panels, strict=True):
        for v in variables:
            _curves(axes, table, time, v)
        alone = len(variables) == 1
        axes.set_ylabel(axis_label(variables[0]) if alone else label("power", variables[0].unit))
        axes.grid(alpha=0.3)
        if 1 < len(axes.lines) <= MOST_NAMED:
            axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    rows[-1].set_xlabel(axis_label(time) if time.unit != "1" else "number of the snapshot")
    figure.align_ylabels()
    return figure


def _panels(table: Table) -> Iterator[list[Variable]]:
    """What is drawn in each panel."""
    shown = [
        v for v in table.variables
        if v.dims[0] == "time" and not v.is_coordinate and v.values.dtype.kind != "U"
        and "error" not in v.name and not v.name.startswith("residual")
    ]  # fmt: skip
    points = [v for v in shown if len(v.dims) == 2]
    powers = [v for v in shown if v.unit in POWERS]
    if powers:
        yield powers
    yield from ([v] for v in points or [v for v in shown if v.unit not in POWERS])


def _curves(axes: Axes, table: Table, time: Variable, v: Variable) -> None:
    """One curve, or one for each point, with its estimated error (or else its bound) as a band."""
    values = v.values.reshape(len(time.values), -1)
    known = [f"error_{kind}" for kind in ("estimate", "bound") if f"error_{kind}" in table]
    error = table[known[0]].values if known and len(v.dims) == 2 else None
    name = v.name.replace("_", " ")
    for n, curve in enumerate(values.T):
        text = name if values.shape[1] == 1 else f"{name} {n}"
        (drawn,) = axes.plot(time.values, curve, marker=".", lw=1.2, label=text)
        if error is not None and error.shape == values.shape:
            low, high = curve - error[:, n], curve + error[:, n]
            axes.fill_between(time.values, low, high, color=drawn.get_color(), alpha=0.25, lw=0)


def profile(columns: Sequence[Variable], total: float) -> Figure:
    """Return what a line of sight meets, and where its radiance comes from.

    columns: s, length, temperature, kappa, optical_depth and contribution of each segment; total: radiance
    """
    table = {v.name: v.values for v in columns}
    s, length = table["s"], table["length"]
    seen = np.divide(table["contribution"], length, out=np.zeros_like(s), where=length > 0)
    panels = (
        (table["temperature"], "temperature [K]", "tab:red"),
        (table["kappa"], "kappa [1/m]", "tab:blue"),
        (table["optical_depth"], "optical depth [1]", "tab:green"),
        (seen, "dI/ds seen\n[W m⁻³ sr⁻¹]", "tab:orange"),
    )
    figure = new_figure(7.0, 7.5)
    rows = figure.subplots(len(panels), 1, sharex=True)
    for axes, (values, text, colour) in zip(rows, panels, strict=True):
        axes.plot(s, values, color=colour, lw=1.5)
        axes.set_ylabel(text)
        axes.grid(alpha=0.3)
    rows[-1].fill_between(s, seen, color="tab:orange", alpha=0.3)
    rows[-1].set_xlabel("distance from the observer [m]")
    figure.suptitle(f"line of sight: {total:.5g} W m⁻² sr⁻¹")
    figure.align_ylabels()
    return figure


def _error(table: Table, v: Variable) -> NDArray[np.float64] | None:
    """The estimated error of the main variable, or else its bound; None for other variables."""
    known = [name for name in ("error_estimate", "error_bound") if name in table]
    if v.name != table.main.name or not known:
        return None
    return np.asarray(table[known[0]].without_bands().values.reshape(v.values.shape))
