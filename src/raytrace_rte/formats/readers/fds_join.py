"""The meshes of a case of FDS as one grid, where they are one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...execution import memory
from ...grid import FloatArray
from ..source import Array, SeveralParts
from .fds_binary import Piece
from .fds_files import Output


def positions(output: Output, where: str) -> dict[str, FloatArray]:
    """Return the points (or faces of cells) of all meshes together along each axis that is no plane.

    Raises InputError where meshes differ in their cells, leave gaps, or overlap.
    """
    pieces = next(iter(output.quantities.values()))
    axes = {axis: np.unique(np.concatenate([p.axes[axis] for p in pieces])) for axis in pieces[0].axes}
    meshes = [f"{output.name}, mesh {piece.mesh}" for piece in pieces]
    for piece in pieces:
        for axis, numbers in axes.items():
            own = piece.axes[axis]
            if not np.array_equal(numbers[_span(numbers, own)], own):
                raise SeveralParts(
                    f"{where}: mesh {piece.mesh} has other cells along {axis} than its neighbours, so there is no "
                    "common grid; read one of them",
                    meshes,
                )
    whole = math.prod(numbers.size - 1 for numbers in axes.values())
    filled = sum(math.prod(numbers.size - 1 for numbers in piece.axes.values()) for piece in pieces)
    if whole != filled:
        raise SeveralParts(
            f"{where}: {len(pieces)} meshes with {filled} cells do not fill the box around them, of {whole} cells; "
            "read one of them",
            meshes,
        )
    return axes


def joined(
    output: Output, label: str, at: int, axes: Mapping[str, FloatArray], quantity: str, where: str
) -> Array:
    """Return one quantity at one moment over all meshes, an array that is read when it is asked for."""
    pieces = output.quantities[label]
    less = 1 if output.location == "cell" else 0
    shape = tuple(numbers.size - less for numbers in axes.values())

    def load(index: tuple[Any, ...]) -> NDArray[np.float32]:
        if len(pieces) == 1:
            return pieces[0].values(at)[index]
        memory.require(4 * math.prod(shape), f"{where}: {label}")
        out = np.empty(shape, np.float32)
        for piece in pieces:
            out[_place(piece, axes, less)] = piece.values(at)
        return out[index]

    return Array(
        label, shape, np.dtype(np.float32), load, output.units[label], tuple(axes), output.location, quantity
    )


def _span(numbers: FloatArray, own: FloatArray) -> slice:
    first, last = np.searchsorted(numbers, own[[0, -1]])
    return slice(int(first), int(last) + 1)


def _place(piece: Piece, axes: Mapping[str, FloatArray], less: int) -> tuple[slice, ...]:
    spans = (_span(numbers, piece.axes[axis]) for axis, numbers in axes.items())
    return tuple(slice(span.start, span.stop - less) for span in spans)
