"""What walls emit by a table of temperatures and radiances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import FloatArray


def interpolated(temperature: FloatArray, radiance: FloatArray, T: FloatArray) -> FloatArray:
    """Return the table's rows at T (n,), a power law between rows, linear where one of them is 0."""
    coldest, hottest = temperature[0], temperature[-1]
    outside = (T != 0.0) & ((coldest > T) | (hottest < T))
    if outside.any():
        raise InputError(
            f"spectrum: a wall has {T[outside][0]:g} K; expected {coldest:g} to {hottest:g} K, as in the "
            "table: give Spectrum.tabulated more rows"
        )
    at = np.where(T == 0.0, coldest, T)
    i = np.clip(np.searchsorted(temperature, at, side="right") - 1, 0, len(temperature) - 2)
    low, high, T0, T1 = radiance[i], radiance[i + 1], temperature[i], temperature[i + 1]
    power = (np.log(at / T0) / np.log(T1 / T0))[:, None]
    line = ((at - T0) / (T1 - T0))[:, None]
    positive = (low > 0) & (high > 0)
    ratio = np.divide(high, low, out=np.ones_like(low), where=positive)
    values: NDArray[np.float64] = np.where(positive, low * ratio**power, low + (high - low) * line)
    return np.where(T[:, None] == 0.0, 0.0, values)
