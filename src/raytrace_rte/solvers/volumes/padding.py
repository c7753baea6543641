"""A box with some cells beyond its mirrors and periodic faces, so that differences there are as within."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...grid import FloatArray
from .box import Box, Three

BEYOND = 4
"""Cells beyond a mirror or periodic face that differences reach, and more."""


class Padded(NamedTuple):
    """A box with some cells beyond mirrors and periodic faces: its faces, how many cells were added and how, and
    which axes end."""

    faces: tuple[FloatArray, ...]
    added: tuple[tuple[int, int], ...]
    modes: tuple[str, ...]
    finite: Three

    def pad(self, f: FloatArray, skip: int = -1) -> FloatArray:
        """Cell values with those beyond; along one axis they may be left as they are."""
        for axis, (added, mode) in enumerate(zip(self.added, self.modes, strict=True)):
            if any(added) and axis != skip:
                f = np.pad(f, [added if a == axis else (0, 0) for a in range(3)], mode=mode)  # type: ignore[call-overload]
        return f

    def pad_face(self, f: FloatArray, axis: int) -> FloatArray:
        """A map of a face across an axis, with its cells beyond."""
        return np.take(self.pad(np.expand_dims(f, axis), skip=axis), 0, axis)

    def own_face(self, f: FloatArray, axis: int) -> FloatArray:
        """The given box's part of a map of a face across an axis."""
        others = [a for a in range(3) if a != axis]
        n = [len(self.faces[a]) - 1 for a in others]
        return f[tuple(slice(self.added[a][0], m - self.added[a][1]) for a, m in zip(others, n, strict=True))]

    def own(self, f: FloatArray, axis: int = -1) -> FloatArray:
        """The given box's part of cell values, or of values on the faces of an axis."""
        n = [len(f_) - 1 for f_ in self.faces]
        return f[tuple(slice(a, n[k] - b + (k == axis)) for k, (a, b) in enumerate(self.added))]


def padded(box: Box) -> Padded:
    """Return a box with its cells beyond."""
    faces, added, modes = [], [], []
    for axis, widths in enumerate(box.widths):
        ends, n = box.ends, min(BEYOND, len(widths))
        if ends.endless[axis]:
            sides, mode = (0, 0), "wrap"
        else:
            mode = "symmetric" if ends.mirrored[axis] else "wrap"
            sides = (0 if ends.wall[2 * axis] else n, 0 if ends.wall[2 * axis + 1] else n)
        w = np.pad(widths, sides, mode=mode)  # type: ignore[call-overload]
        faces.append(np.concatenate(([0.0], np.cumsum(w))))
        added.append(sides)
        modes.append(mode)
    return Padded(tuple(faces), tuple(added), tuple(modes), box.ends.finite)
