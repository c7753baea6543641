"""Objects that end rays, emit and reflect: solid cells of the grid; triangle meshes are in mesh.py."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import InputError
from ..grid import FloatArray

if TYPE_CHECKING:
    from ..media.medium import Medium
    from .bodies import Bodies


@dataclass(frozen=True, eq=False)
class Solids:
    """Opaque cells, made by `solids`: mask (nx, ny, nz), and temperature [K] and emissivity [1] of each
    masked cell in the mask's order (n_solid,)."""

    mask: NDArray[np.bool_]
    temperature: FloatArray
    emissivity: FloatArray

    def join(self, bodies: Bodies) -> None:
        """Add the cells to a scene; InputError when the mask does not fit, or shares a cell with others."""
        bodies.add_solids(self)

    def emitted(self, medium: Medium) -> FloatArray:
        """What black cells of their temperature emit, (n_solid, n_band) [W m-2 sr-1]."""
        return medium.wall_emission(
            self.temperature, None if medium.mole_ratio is None else self._nearest_gas()
        )

    def _nearest_gas(self) -> NDArray[np.int64]:
        """Indices of the cell of gas that is nearest to each solid cell, by index, (n_solid, 3)."""
        from scipy.ndimage import distance_transform_edt

        nearest = distance_transform_edt(self.mask, return_distances=False, return_indices=True)
        return np.asarray(nearest[:, self.mask].T)

    def settings(self) -> dict[str, Any]:
        """What a Result records of them."""
        T, e = self.temperature, self.emissivity
        digest = hashlib.sha256(np.packbits(self.mask).tobytes() + T.tobytes() + e.tobytes())
        return {
            "kind": "solids",
            "sha256": digest.hexdigest(),
            "cells": int(self.mask.sum()),
            "temperature": [float(T.min()), float(T.max())],
            "emissivity": [float(e.min()), float(e.max())],
        }


def solids(mask: ArrayLike, temperature: ArrayLike, emissivity: ArrayLike = 1.0) -> Solids:
    """Return solid cells for `solve(..., objects=[...])`.

    mask: true in solid cells, (nx, ny, nz); temperature [K], emissivity [1] above 0 and at most 1: numbers,
    or arrays of the mask's shape. Several of them must not share a cell. Raises InputError on an empty mask,
    other shapes or values out of range.
    """
    try:
        m = np.asarray(mask)
    except ValueError:  # lists of unequal lengths
        raise checks.wrong("solids: mask", mask, "true/false of the grid's shape") from None
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
        v = checks.real(f"solids: {name}", given, "a number, or one per cell").astype(np.float64)
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
