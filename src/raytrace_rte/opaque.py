"""Opaque cells: solids inside the grid that end rays, emit and reflect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InputError
from .grid import FloatArray


@dataclass(frozen=True, eq=False)
class Solids:
    """Opaque cells, made by `solids`: mask (nx, ny, nz), and temperature [K] and emissivity [1] of each
    masked cell in the mask's order (n_solid,)."""

    mask: NDArray[np.bool_]
    temperature: FloatArray
    emissivity: FloatArray

    def settings(self) -> dict[str, Any]:
        """What a Result records of them."""
        T, e = self.temperature, self.emissivity
        return {
            "cells": int(self.mask.sum()),
            "temperature": [float(T.min()), float(T.max())],
            "emissivity": [float(e.min()), float(e.max())],
        }


def solids(mask: ArrayLike, temperature: ArrayLike, emissivity: ArrayLike = 1.0) -> Solids:
    """Return solid cells for `solve(..., solids=...)`.

    mask: true in solid cells, (nx, ny, nz); temperature [K], emissivity [1] above 0 and at most 1: numbers,
    or arrays of the mask's shape. Several bodies are one mask: where they overlap there is one solid, with
    the temperature given there. Raises InputError on an empty mask, other shapes or values out of range.
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
