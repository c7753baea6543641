"""Which figure a variable gets: it follows from its dimensions."""

from __future__ import annotations

from dataclasses import replace

from matplotlib.figure import Figure

from ..errors import InputError
from ..table import Table
from . import images, lines, maps

SPACE = ("x", "y", "z")


def draw(table: Table, name: str, upright: str = "z") -> Figure:
    """Return the figure of a variable, all bands together: a value, a line, an image, a map or slices.

    Dimensions of length 1 do not count. Two axes of space in the order x, y, z make a map; any other two make
    an image of rows and columns. upright: the axis of space that is drawn upwards.
    Raises InputError on more than three dimensions.
    """
    v = table[name].without_bands()
    dims = tuple(dim for dim, n in zip(v.dims, v.values.shape, strict=True) if n != 1)
    v = replace(v, dims=dims, values=v.values.squeeze())
    if v.values.size <= 1:
        return lines.value(table, v)
    if len(dims) == 1:
        return lines.line(table, v)
    if len(dims) == 3:
        return maps.slices(table, v, upright)
    if len(dims) == 2:
        in_space = dims == tuple(axis for axis in SPACE if axis in dims)
        return maps.face(table, v, upright) if in_space else images.image(table, v)
    raise InputError(
        f"plot: {name} has {len(dims)} dimensions ({', '.join(dims)}); pictures show up to three"
    )
