"""Objects that end rays, emit and reflect: solid cells of the grid; triangle meshes are in mesh.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..grid import FloatArray
from ..media.medium import Medium
from .mesh import Mesh


@dataclass(frozen=True, eq=False)
class Solids:
    """Opaque cells, made by `solids`: mask (nx, ny, nz), and temperature [K] and emissivity [1] of each
    masked cell in the mask's order (n_solid,)."""

    mask: NDArray[np.bool_]
    temperature: FloatArray
    emissivity: FloatArray

    def checked(self, shape: tuple[int, ...]) -> Solids:
        """Return self; InputError unless the mask has the grid's shape."""
        if self.mask.shape != shape:
            raise InputError(f"solids: mask has shape {self.mask.shape}; expected that of the grid, {shape}")
        return self

    def settings(self) -> dict[str, Any]:
        """What a Result records of them."""
        T, e = self.temperature, self.emissivity
        return {
            "cells": int(self.mask.sum()),
            "temperature": [float(T.min()), float(T.max())],
            "emissivity": [float(e.min()), float(e.max())],
        }


Objects = Sequence[Solids | Mesh]
"""What `solve` takes as objects."""


def cells_only(objects: Objects, medium: Medium) -> Solids | None:
    """Return all solid cells as one; InputError on meshes, or where two solids share a cell."""
    if any(isinstance(thing, Mesh) for thing in objects):
        raise InputError(
            "heat_source: sees solid cells, not meshes; give solids(mesh.inside(grid), temperature)"
        )
    return merged(objects, medium)


def merged(objects: Objects, medium: Medium) -> Solids | None:
    """Return the solid cells among objects as one; InputError where two of them share a cell."""
    bodies = [thing.checked(medium.grid.shape) for thing in objects if isinstance(thing, Solids)]
    if not bodies:
        return None
    mask = np.zeros(medium.grid.shape, dtype=bool)
    temperature, emissivity = np.zeros(mask.shape), np.zeros(mask.shape)
    for body in bodies:
        both = np.argwhere(mask & body.mask)
        if both.size:
            raise InputError(f"solids: two of them share cell {both[0].tolist()}; make the masks disjoint")
        mask |= body.mask
        temperature[body.mask], emissivity[body.mask] = body.temperature, body.emissivity
    return Solids(mask, temperature[mask], emissivity[mask])


def solids(mask: ArrayLike, temperature: ArrayLike, emissivity: ArrayLike = 1.0) -> Solids:
    """Return solid cells for `solve(..., objects=[...])`.

    mask: true in solid cells, (nx, ny, nz); temperature [K], emissivity [1] above 0 and at most 1: numbers,
    or arrays of the mask's shape. Several of them must not share a cell. Raises InputError on an empty mask,
    other shapes or values out of range.
    """
    m = np.asarray(mask)
    if m.dtype != bool or m.ndim != 3:
        raise InputError(
            f"solids: mask is {m.dtype} of shape {m.shape}; expected true/false of the grid's shape"
        )
    if not m.any():
        raise InputError("solids: the mask is false everywhere; drop the solids")
    if m.all():
        raise InputError("solids: the mask is true everywhere; no gas is left")
    values = []
    for name, given in (("temperature", temperature), ("emissivity", emissivity)):
        v = np.asarray(given, dtype=np.float64)
        if v.shape not in ((), m.shape):
            raise InputError(f"solids: {name} has shape {v.shape}; expected a number or the mask's {m.shape}")
        values.append(np.broadcast_to(v, m.shape)[m])
    T, e = values
    if not np.isfinite(T).all() or (T < 0.0).any():
        raise InputError("solids: a temperature is negative or not finite; expected >= 0 [K]")
    if not ((e > 0.0) & (e <= 1.0)).all():
        raise InputError(
            f"solids: emissivity spans {e.min():g} to {e.max():g}; expected above 0 and at most 1"
        )
    return Solids(m, T, e)
