"""The driver over rays: threads, tiles, and one method for all of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange

from .cartesian import aim
from .jit import driver
from .march import march, thin
from .series import WORK, thick

MARCH_CONSTANT, MARCH_LINEAR, THICK, THIN = range(4)
RUN = 64
"""Neighbouring rays that one thread follows in turn, so that their cells stay in its cache."""


class Answers(NamedTuple):
    """Arrays of march.Traced: the first four (n_ray, n_band), the others (n_ray,); face of the first band."""

    transmittance: np.ndarray
    emission: np.ndarray
    optical_depth: np.ndarray
    neglected: np.ndarray
    crossings: np.ndarray
    face: np.ndarray


@driver
def trace(cells, origin, direction, method, terms, workers, answers):
    """Follow rays (n_ray, 3) and write their answers; each ray writes only its own row.

    Runs of rays are dealt to workers in turn: even load, and the same bits for any number of them.
    """
    # Unpacked, because Numba drops writes to a NamedTuple's arrays inside prange without a word.
    T, E, tau, neglected, crossings, face = answers
    rays, bands = E.shape
    for worker in prange(workers):
        work = np.empty(WORK)
        for start in range(worker * RUN, rays, workers * RUN):
            for r in range(start, min(start + RUN, rays)):
                ray = aim(origin, direction, r)
                crossings[r] = 0
                for b in range(bands):
                    if method == THIN:
                        one = thin(cells, b, ray)
                    elif method == THICK:
                        one = thick(cells, b, ray, terms, work)
                    else:
                        one = march(cells, b, ray, method == MARCH_LINEAR)
                    T[r, b] = one.transmittance
                    E[r, b] = one.emission
                    tau[r, b] = one.optical_depth
                    neglected[r, b] = one.neglected
                    crossings[r] += one.crossings
                    face[r] = one.face


def empty_answers(rays: int, bands: int) -> Answers:
    """Return arrays for so many rays and bands."""
    return Answers(
        *(np.empty((rays, bands)) for _ in range(4)),
        np.empty(rays, dtype=np.int64),
        np.empty(rays, dtype=np.int8),
    )
