"""Fixed points by Anderson's acceleration (Walker & Ni 2011)."""

from __future__ import annotations

import numpy as np

from ..grid import FloatArray


class Anderson:
    """Finds x = f(x) >= 0 from residuals f(x) - x, one after the other; history: steps that are remembered."""

    def __init__(self, history: int = 5) -> None:
        self._history = history
        self._xs: list[FloatArray] = []
        self._residuals: list[FloatArray] = []

    def next(self, x: FloatArray, residual: FloatArray) -> FloatArray:
        """Return the next x to try, from the last one and its residual (n,)."""
        self._xs = [*self._xs[-self._history :], x]
        self._residuals = [*self._residuals[-self._history :], residual]
        out = np.maximum(x + residual, 0.0)
        if len(self._xs) > 1:
            dx, dr = np.diff(self._xs, axis=0), np.diff(self._residuals, axis=0)
            weight = np.linalg.lstsq(dr.T, residual, rcond=None)[0]
            out = np.maximum(x + residual - weight @ (dx + dr), 0.0)
        return out
