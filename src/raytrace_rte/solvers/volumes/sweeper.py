"""The sweep of one box along tracks: what the kernel reads, and the sums of some directions at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...execution.executors import ordered
from ...execution.task import Arrays
from ...grid import Cartesian, FloatArray
from ..quadrature import Directions
from .tracks import longest, surfaces, tracks
from .unfolding import Unfolded

GROUPS, LARGE = 16, 4_000_000
"""Groups of directions with sums of their own, each added to the total in turn; in boxes of more cells than
LARGE each direction is a group, so that a group takes a second and not a minute."""
THICK_ACROSS = 0.1
"""Optical depth of a cell at which half of the source's gradient across a track counts. In thin cells sampling
it on one track is noise, in thick ones it is what divergence is made of."""


class Sweeps(NamedTuple):
    """How a volume is swept: directions at most, seed of the tracks' shifts, tracks of a direction in a cell."""

    directions: int = 100
    seed: int = 0
    lines: int = 1


class Swept(NamedTuple):
    """Totals of one sweep: absorbed less emitted [W] and integral of A I ds [W m] of cells; of surfaces, what
    arrives [W] and cover [m2 sr]; cell crossings (1,)."""

    net: FloatArray
    intensity_integral: FloatArray
    arrived: FloatArray
    cover: FloatArray
    crossings: NDArray[np.int64]


class Sweeper:
    """One box with its tracks, ready to be swept for any field and any light of its surfaces.

    solid: surface numbers of cells, -1 in gas (n_cell,), or empty; workers: threads that measure the tracks
    """

    def __init__(
        self,
        unfolded: Unfolded,
        directions: Directions,
        sweeps: Sweeps,
        solid: NDArray[np.int64],
        workers: int,
    ) -> None:
        from ...kernels.sweep import Box, Tracks

        box = unfolded.box
        self.domain, self.directions = box, directions
        self.first = surfaces(box.shape)
        self.grid = Cartesian(*(np.array([-np.inf, np.inf]) if np.isinf(p) else f
                           for f, p in zip(box.faces, box.period, strict=True)))  # fmt: skip
        self.box = Box(*self.grid, *self.grid.centres, box.period, self.first, solid)
        self.tracks = Tracks(**tracks(box, directions, sweeps.seed, sweeps.lines))
        self.longest = longest(box, directions)
        self.surfaces = int(self.first[6]) + (int(solid.max()) + 1 - int(self.first[6]) if solid.size else 0)
        self.cells = int(np.prod(box.shape))
        self.fill = self._fill(workers)

    @property
    def groups(self) -> int:
        """Groups of directions: their number depends on the box alone."""
        count = len(self.directions.weight)
        return count if self.cells > LARGE else min(GROUPS, count)

    def _fill(self, workers: int) -> FloatArray:
        """How far the tracks fill each cell's volume: 1 on a uniform grid."""
        from ...kernels.sweep import measure

        if self.domain.uniform:
            return np.ones(self.cells)

        def measured(group: int) -> FloatArray:
            filled = np.zeros(self.cells)
            for n in range(group, len(self.directions.weight), self.groups):
                measure(self.box, self.tracks, n, filled)
            return filled

        total = np.zeros(self.cells)
        for filled in ordered(measured, range(self.groups), workers):
            total += filled
        return np.asarray(total / (2.0 * np.pi * self.domain.volume.ravel()))

    def record(self, kappa: FloatArray, source: FloatArray, gradient: FloatArray) -> FloatArray:
        """Return what the kernel reads of cells: kappa and source (nx, ny, nz), gradient (nx, ny, nz, 3).

        Kappa is divided by how far tracks fill the cell, so that what it emits is exact.
        """
        from ...kernels.reconstruct import aligned
        from ...kernels.sweep import ACROSS, GRADIENT, KAPPA, SOURCE

        tau = (kappa * self.domain.size).ravel() / THICK_ACROSS
        out = aligned((kappa.size, 1, 8), np.dtype(np.float64))
        out[:, 0, KAPPA] = kappa.ravel() / np.where(self.fill > 0.0, self.fill, 1.0)
        out[:, 0, SOURCE] = source.ravel()
        out[:, 0, GRADIENT:] = gradient.reshape(-1, 3)
        out[:, 0, ACROSS] = tau * tau / (1.0 + tau * tau)
        return out

    def sweep(self, record: FloatArray, leaving: FloatArray, group: int) -> Arrays:
        """Return the sums over a group's directions, with the given radiance leaving surfaces (n_surface,)."""
        from ...kernels.lockstep_sweep import sweep
        from ...kernels.reconstruct import cells_of
        from ...kernels.sweep import Sums

        cells = cells_of(self.grid, record)
        sums = Sums(np.zeros((len(record), 2)), np.zeros((self.surfaces, 2)), np.zeros(1, np.int64))
        for n in range(group, len(self.directions.weight), self.groups):
            sweep(self.box, cells, self.tracks, leaving, n, self.longest, sums)
        return {"cells": sums.cells, "surfaces": sums.surfaces, "crossings": sums.crossings}

    def nothing(self) -> dict[str, NDArray[np.generic]]:
        """Return sums of no direction."""
        return {
            "cells": np.zeros((self.cells, 2)),
            "surfaces": np.zeros((self.surfaces, 2)),
            "crossings": np.zeros(1, np.int64),
        }

    def swept(self, sums: Arrays) -> Swept:
        """Return the totals of a sweep from the sums of all groups."""
        net, integral = sums["cells"].T
        arrived, cover = np.ascontiguousarray(sums["surfaces"].T)
        integral = integral / np.where(self.fill > 0.0, self.fill, 1.0)
        return Swept(net, integral, arrived, cover, sums["crossings"])
