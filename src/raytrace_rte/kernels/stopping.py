"""When a ray is left before its end, what stands for the rest of it, and how far that can be off.

What is still to come, behind a transmittance T, is T B with B a weighted mean of sources and walls, so that
low <= B <= high. A ray of radiance E so far is left where T <= slope E + cutoff.

`March(stop)` leaves where T high <= stop, takes 0 for B, and is off by T high at most. `Auto` takes the middle of
the range, is off by T (high - low) / 2 at most, and leaves where that is within the tolerance:

    T (high - low) / 2 <= relative (E + T low) + absolute

The march would go on instead, and round in each cell that it crosses. A step rounds E once, and T, and the weights
of transfer.py (4 ulp) once each: less than ROUNDED half ulps of the light of that cell, and half an ulp of all
light so far. In so many cells as a ray can cross that is in all

    cells eps (ROUNDED T high + I),

which is part of the bound, and paid from the tolerance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .rounding import EPS

LIGHTEST = 1e-3
"""Least share of the bound that T is weighed with, where the absolute tolerance is spent before a ray begins."""
ROUNDED = 8.0
"""Half ulps by which the light of one cell is rounded at most: T, two weights, and their sums."""


class Stop(NamedTuple):
    """When rays are left, for each band (n_band,): where T <= slope E + cutoff; T middle then stands for the rest,
    off by T unsure + rounding I at most. That they are left shows in their next cell, which adds nothing."""

    cutoff: np.ndarray
    slope: np.ndarray
    middle: np.ndarray
    unsure: np.ndarray
    rounding: float


def never(bands: int) -> Stop:
    """Return the stop of a march to the end."""
    nothing = np.zeros(bands)
    return Stop(np.full(bands, -1.0), nothing, nothing, nothing, 0.0)


def at(stop: float, high: np.ndarray) -> Stop:
    """Return that of March(stop=stop) [W m-2 sr-1]; high: greatest source or wall (n_band,)."""
    nothing = np.zeros(len(high))
    with np.errstate(divide="ignore", invalid="ignore"):
        return Stop(stop / high, nothing, nothing, np.array(high), 0.0)


def within(relative: float, absolute: float, low: np.ndarray, high: np.ndarray, cells: int) -> Stop:
    """Return that of a tolerance, relative I + absolute; low, high: range of sources and walls (n_band,).

    cells: most cells that a ray can cross. A tolerance below the rounding of the march itself stops nothing.
    """
    rounding = cells * EPS
    unsure = 0.5 * (high - low) + ROUNDED * rounding * high
    left = relative - rounding
    if not (left > 0.0 or absolute > 0.0):
        return never(len(high))
    left = max(left, 0.0)
    spare = absolute - (0.0 if relative >= rounding else rounding * high)
    weight = unsure - left * low
    if not np.all(spare >= 0.0):  # only light that has arrived can pay: a greater weight leaves rays later
        weight = np.maximum(weight, LIGHTEST * unsure)
    with np.errstate(divide="ignore", invalid="ignore"):
        cutoff = np.where(weight > 0.0, spare / weight, np.inf)
        slope = np.where(weight > 0.0, left / weight, 0.0)
    return Stop(cutoff, slope, 0.5 * (low + high), unsure, rounding)
