"""Pictures of images: rows and columns, in metres, degrees or whatever their coordinates are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from ..errors import InputError
from ..table import Table, Variable
from .figure import colours, label, new_figure, not_known, panel

REGIMES = {"exact": "#3b4cc0", "thin": "#a9d5f5", "thick": "#b40426", "thin and thick": "#f4a261"}
"""Colour of a ray by the shortcuts it took."""
EQUAL = 1e-6
"""Relative difference of steps up to which positions count as equally spaced."""
SIZE, SMALL = 5.2, 3.6
"""Width and height of a square image in inches, and of one of several side by side."""
GAP, BAR, MARGIN = 0.16, 0.24, 0.2
"""Inches between image and colour bar, of the bar, and of an edge without labels."""
LEFT, RIGHT, BELOW, ABOVE, LEGEND = 0.8, 1.4, 0.6, 0.3, 0.5
"""Inches for labels beside an image, with its colour bar on the right, and for a legend."""


class Side(NamedTuple):
    """Positions of the rows or columns of an image, equally spaced, and how they are labelled.

    tangents: they are tangents of angles, to be labelled in degrees
    """

    positions: NDArray[np.float64]
    text: str
    unit: str
    tangents: bool

    @property
    def ends(self) -> tuple[float, float]:
        """Outer edges of the first and the last pixel."""
        half = 0.5 * (self.positions[-1] - self.positions[0]) / (self.positions.size - 1)
        return float(self.positions[0] - half), float(self.positions[-1] + half)


def image(table: Table, v: Variable) -> Figure:
    """Return a 2-D variable as an image with its colour bar, as high as the image."""
    up, across = (_side(table.coordinate(dim)) for dim in v.dims)
    width, height = _size(v.values.shape)
    figure = new_figure(LEFT + width + RIGHT, BELOW + height + ABOVE, fixed=True)
    _show(figure, panel(figure, LEFT, BELOW, width, height), v, up, across)
    return figure


def pixels(axes: Axes, table: Table, v: Variable, colour: dict[str, Any]) -> AxesImage:
    """Draw a 2-D variable as an image, in a scale of colours that is given."""
    up, across = (_side(table.coordinate(dim)) for dim in v.dims)
    return _raster(axes, v.values.astype(np.float64), up, across, **colour)


def regimes(table: Table) -> Figure:
    """Return the main variable, and beside it which shortcuts each ray took and how many cells that saved.

    Raises InputError when it is not an image.
    """
    main = table.main.without_bands()
    if len(main.dims) != 2 or min(main.values.shape) < 2:
        raise InputError("plot: regimes are shown for images; result['steps'] holds them for any sensor")
    up, across = (_side(table.coordinate(dim)) for dim in main.dims)
    width, height = _size(main.values.shape, SMALL)
    between, below = RIGHT + LEFT, BELOW + LEGEND
    saved = "left_out" in table  # older files do not say
    whole = LEFT + width + between + width + (between - MARGIN if saved else 0.0) + MARGIN
    figure = new_figure(whole + (width if saved else 0.0), below + height + ABOVE, fixed=True)
    left = panel(figure, LEFT, below, width, height)
    right = panel(figure, LEFT + width + between, below, width, height)
    _show(figure, left, main, up, across)
    if saved:
        third = panel(figure, LEFT + 2.0 * width + between + LEFT + MARGIN, below, width, height)
        _show(figure, third, table["left_out"], up, across)
        third.set_ylabel("")
    _, thin, thick = np.moveaxis(table["steps"].values, -1, 0)
    kind = np.uint8(1) * (thin > 0) + np.uint8(2) * (thick > 0)
    _raster(right, kind, up, across, cmap=ListedColormap(list(REGIMES.values())), vmin=-0.5, vmax=3.5)
    right.set_ylabel("")
    patches = [Patch(color=colour, label=name) for name, colour in REGIMES.items()]
    right.legend(
        handles=patches, loc="upper center", bbox_to_anchor=(0.5, -BELOW / height), ncols=2, frameon=False
    )
    return figure


def _side(coordinate: Variable) -> Side:
    """Where rows or columns are drawn; entries are numbered where their coordinate is not equally spaced.

    Angles of a perspective image are not, but their tangents are.
    """
    given = coordinate.values
    if given.dtype.kind in "iuf":
        if coordinate.unit == "degree" and np.abs(given).max() < 90.0:
            tangents = np.tan(np.radians(given))
            if _equally_spaced(tangents):
                return Side(tangents, coordinate.long_name, coordinate.unit, True)
        if _equally_spaced(given):
            return Side(given.astype(np.float64), coordinate.long_name, coordinate.unit, False)
    return Side(np.arange(given.size, dtype=np.float64), f"{coordinate.name} number", "1", False)


def _equally_spaced(positions: NDArray[np.floating]) -> bool:
    steps = np.diff(positions)
    return bool(steps.any() and np.ptp(steps) <= EQUAL * np.abs(steps).max())


def _size(shape: tuple[int, ...], size: float = SIZE) -> tuple[float, float]:
    """Width and height of an image in inches, with the area of a square image of that size."""
    aspect = float(np.clip(shape[0] / shape[1], 0.25, 4.0))
    width = size / aspect**0.5
    return width, width * aspect


def _show(figure: Figure, axes: Axes, v: Variable, up: Side, across: Side) -> None:
    """An image with its colour bar, and how much of it is not known."""
    width = axes.get_position().width * figure.get_size_inches()[0]
    values = v.values.astype(np.float64)
    shown = np.where(np.isfinite(values), values, np.nan)
    picture = _raster(axes, shown, up, across, **colours(values, v.unit))
    bar = figure.colorbar(picture, cax=axes.inset_axes((1.0 + GAP / width, 0.0, BAR / width, 1.0)))
    bar.set_label(label(v.name, v.unit))
    bar.outline.set_visible(False)
    axes.set_title(not_known(values))


def _raster(axes: Axes, values: NDArray[Any], up: Side, across: Side, **options: Any) -> AxesImage:
    """Pixels with labelled axes; the first row is on top unless positions grow with the rows."""
    first, last = up.ends
    bottom, top = min(first, last), max(first, last)
    picture = axes.imshow(
        values,
        extent=(*across.ends, bottom, top),
        origin="upper" if first > last else "lower",
        aspect="equal" if up.unit == across.unit else "auto",
        interpolation="nearest",
        **options,
    )
    _label(axes.xaxis, across, across.ends)
    _label(axes.yaxis, up, (bottom, top))
    return picture


def _label(axis: Axis, side: Side, ends: tuple[float, float]) -> None:
    axis.set_label_text(side.text if side.unit == "1" else f"{side.text} [{side.unit}]")
    if not side.tangents:
        return
    low, high = np.degrees(np.arctan(ends))
    ticks = MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    inside = [angle for angle in ticks if low <= angle <= high]
    axis.set_major_locator(FixedLocator(list(np.tan(np.radians(inside)))))
    axis.set_major_formatter(FuncFormatter(lambda tangent, _: f"{np.degrees(np.arctan(tangent)):.3g}"))
