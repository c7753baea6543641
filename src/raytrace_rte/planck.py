"""Blackbody radiation integrated over the spectrum, and its inverse."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks

SIGMA = 5.670374419e-8
"""Stefan-Boltzmann constant [W m-2 K-4], exact in the SI of 2019 to the digits given (CODATA 2018)."""


def blackbody(temperature: ArrayLike) -> NDArray[np.floating]:
    """Return the blackbody intensity sigma T^4 / pi [W m-2 sr-1] of a temperature [K], any shape.

    float32 stays float32.
    """
    T = checks.real("temperature", temperature, "real numbers [K]")
    return T * T * (T * T) * T.dtype.type(SIGMA / np.pi) if T.dtype == np.float32 else SIGMA / np.pi * T**4.0


def brightness_temperature(intensity: ArrayLike) -> NDArray[np.float64]:
    """Return the temperature [K] of the blackbody with this intensity [W m-2 sr-1]; negative gives nan."""
    I = checks.real("intensity", intensity, "real numbers [W m-2 sr-1]").astype(np.float64, copy=False)
    with np.errstate(invalid="ignore"):
        return (np.pi / SIGMA * I) ** 0.25
