"""What cells of a medium sum up to: optical depths, and what they emit in all bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..grid import Cartesian, FloatArray

EVEN = 1e-9
"""Share by which widths of cells may differ that count as one width."""


def optical_depth(grid: Cartesian, kappa: NDArray[np.floating]) -> dict[str, float]:
    """Return the mean and the greatest optical depth of cells, and that of the domain.

    kappa: (nx, ny, nz, n_band) [1/m]; of several bands the greatest counts
    """
    finite = [np.isfinite(w).all() for w in grid.widths]
    wx, wy, wz = (w if f else np.ones_like(w) for w, f in zip(grid.widths, finite, strict=True))
    extent = max((float(w.sum()) for w, f in zip(grid.widths, finite, strict=True) if f), default=0.0)
    edge = np.maximum.outer(wy if finite[1] else 0.0 * wy, wz if finite[2] else 0.0 * wz)
    area = np.outer(wy, wz)
    even = all(np.ptp(w) <= EVEN * w.max() for w in (wx, wy, wz))
    tau, longest = np.empty((2, *area.shape))  # made once: new memory costs more than sums
    total, greatest, mean = np.empty((3, len(wx)))
    for i, plane in enumerate(kappa):
        most = plane[..., 0] if plane.shape[2] == 1 else plane.max(axis=2)
        width = wx[i] if finite[0] else 0.0
        if even:
            side, whole = max(edge[0, 0], width), float(most.sum())
            total[i], greatest[i], mean[i] = whole * area[0, 0], most.max() * side, whole * side
        else:
            np.copyto(tau, most)
            total[i] = np.vdot(tau, area)
            tau *= np.maximum(edge, width, out=longest)
            greatest[i], mean[i] = tau.max(), tau.sum()
    return {
        "cell_mean": float(mean.sum()) / float(np.prod(grid.shape)),
        "cell_max": float(greatest.max()),
        "domain": float(total @ wx) / float(wx.sum() * area.sum()) * extent,
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
