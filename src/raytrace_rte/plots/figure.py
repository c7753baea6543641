"""Figures as files and for notebooks, and what all of them share; without pyplot: nothing is global."""

from __future__ import annotations

import base64
import html as markup
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..formats.atomic import replacing
from ..table import Variable

DPI, NOTEBOOK_DPI = 150, 90
PNG = {"compress_type": 3}
"""zlib's Z_RLE: two thirds of the time of what is usual, a tenth more bytes."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
UNKNOWN = "0.75"
"""Grey of what is not known."""
FAR_FROM_ZERO = 0.5
"""Least over greatest value above which a scale starts at the least value and not at 0."""


def new_figure(width: float, height: float, fixed: bool = False) -> Figure:
    """Return an empty figure of that size in inches.

    fixed: axes stay where they are put; else they move until all labels fit, a third of a picture's time
    """
    figure = Figure(figsize=(width, height), layout=None if fixed else "constrained")
    FigureCanvasAgg(figure)
    return figure


def panel(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Return axes at a place in a figure, in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG, whole or not at all."""
    with replacing(Path(path)) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, pil_kwargs=PNG)


def png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG, for notebooks."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=NOTEBOOK_DPI, pil_kwargs=PNG)
    return buffer.getvalue()


def html(summary: str, figure: Figure) -> str:
    """Return the summary and the picture, for notebooks."""
    picture = base64.b64encode(png(figure)).decode()
    return (
        f'<div><pre>{markup.escape(summary)}</pre><img src="data:image/png;base64,{picture}" '
        'style="max-width: 100%"/></div>'
    )


def label(name: str, unit: str) -> str:
    """Return the words of an axis or a colour bar: "div q [W m⁻³]"."""
    return f"{name.replace('_', ' ')} [{raised(unit)}]"


def raised(unit: str) -> str:
    """Return a unit with its exponents raised; plain text, as Matplotlib's formulas take a tenth of a second."""
    return re.sub(r"-[0-9]+", lambda exponent: exponent.group().translate(RAISED), unit)


def axis_label(coordinate: Variable) -> str:
    """Return the name of an axis, with its unit unless it only counts."""
    counts = coordinate.unit == "1"
    return coordinate.name.replace("_", " ") if counts else label(coordinate.name, coordinate.unit)


def not_known(values: NDArray[Any]) -> str:
    """Say how many values are nan, or "" when all are known."""
    count = int(np.isnan(values).sum())
    return f"{count} of {values.size} not known (grey)" if count else ""


def colours(values: NDArray[Any], unit: str) -> dict[str, Any]:
    """Return a colour map and its range for values in that unit.

    Blue to red with white at 0 where there are negative values; else dark to bright from 0, or from the least
    value where all are far from 0, or are temperatures. Values that are not finite are grey.
    """
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    if low < 0.0:
        high = max(high, 0.0)
        return {"cmap": _diverging(low, high), "vmin": low, "vmax": high}
    starts_at_0 = unit != "K" and low <= FAR_FROM_ZERO * high
    if starts_at_0 or low == high:
        low, high = 0.0, high if high > 0.0 else 1.0
    return {"cmap": _map("viridis" if unit == "1" else "inferno"), "vmin": low, "vmax": high}


def differences(most: float) -> dict[str, Any]:
    """Return a colour map and its range for differences up to `most`: blue to red, white at 0."""
    most = most if most > 0.0 and np.isfinite(most) else 1.0
    return {"cmap": _diverging(-most, most), "vmin": -most, "vmax": most}


def _diverging(low: float, high: float) -> Any:
    """The part of blue to red, white at 0, that a range uses: equal distances from 0 look equally strong."""
    most = max(-low, high)
    part = colormaps["RdBu_r"](np.linspace(0.5 + 0.5 * low / most, 0.5 + 0.5 * high / most, 256))
    return ListedColormap(part).with_extremes(bad=UNKNOWN)


def _map(name: str) -> Any:
    return colormaps[name].with_extremes(bad=UNKNOWN)
