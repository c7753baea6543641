"""What cells of a medium sum up to: optical depths, and what they emit in all bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..grid import Cartesian, FloatArray


def optical_depth(grid: Cartesian, kappa: NDArray[np.floating]) -> dict[str, float]:
    """Return the mean and the greatest optical depth of cells, and that of the domain.

    kappa: (nx, ny, nz, n_band) [1/m]; of several bands the greatest counts
    """
    finite = [np.isfinite(w).all() for w in grid.widths]
    wx, wy, wz = (w if f else np.ones_like(w) for w, f in zip(grid.widths, finite, strict=True))
    extent = max((float(w.sum()) for w, f in zip(grid.widths, finite, strict=True) if f), default=0.0)
    edge = np.maximum.outer(wy if finite[1] else 0.0 * wy, wz if finite[2] else 0.0 * wz)
    area = np.outer(wy, wz)
    total = mean = greatest = 0.0
    for i, plane in enumerate(kappa):  # small work arrays
        most = plane.max(axis=2)
        tau = most * np.maximum(edge, wx[i] if finite[0] else 0.0)
        mean += float(tau.sum())
        greatest = max(greatest, float(tau.max()))
        total += float((most * area).sum() * wx[i])
    return {
        "cell_mean": mean / float(np.prod(grid.shape)),
        "cell_max": greatest,
        "domain": total / float(wx.sum() * area.sum()) * extent,
    }


def emission_density(kappa: NDArray[np.floating], source: NDArray[np.floating]) -> FloatArray:
    """Return 4 pi sum(kappa S) [W m-3] (nx, ny, nz)."""
    bands = "ijkb,ijkb->ijk" if kappa.ndim == 4 else "ijk,ijk->ijk"
    return np.asarray(4.0 * np.pi * np.einsum(bands, kappa, source, dtype=np.float64))


def planck_mean(kappa: NDArray[np.floating], source: NDArray[np.floating]) -> FloatArray:
    """Return the mean of kappa over the bands, weighted by their sources [1/m] (nx, ny, nz); 0 where they are 0."""
    if kappa.ndim == 3:
        return kappa.astype(np.float64)
    emitted = np.einsum("ijkb,ijkb->ijk", kappa, source, dtype=np.float64)
    whole = source.sum(axis=-1, dtype=np.float64)
    return np.divide(emitted, whole, out=np.zeros_like(emitted), where=whole > 0.0)
