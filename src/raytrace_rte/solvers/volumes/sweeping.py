"""The sweep of one box: lines, memory, groups of directions, and one call for each round of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...grid import Cartesian, FloatArray
from ...sensors.images import HeatSource
from ..quadrature import Directions
from ..rays import Progress, workers
from .tracks import bundle, longest, surfaces
from .unfolding import Unfolded

GROUP_BYTES = 1 << 30
"""Memory for the private sums of groups of directions; between 2 and 16 groups, whatever the threads."""
THICK = 0.1
"""Optical depth of a cell at which half of the source's gradient across a line counts. In thin cells sampling
it on one line is noise, in thick ones it is what divergence is made of."""


class Swept(NamedTuple):
    """Totals of one sweep: absorbed less emitted [W] and sum of A s I [W m] of cells; of surfaces, what
    arrives [W] and cover [m2 sr]; cell crossings."""

    net: FloatArray
    path: FloatArray
    arrived: FloatArray
    cover: FloatArray
    crossings: int


class Sweeper:
    """One box with its lines, ready to be swept for any field and radiosity."""

    def __init__(
        self,
        unfolded: Unfolded,
        directions: Directions,
        sensor: HeatSource,
        solid: NDArray[np.int64],
        threads: int | None,
        progress: Progress | None,
    ) -> None:
        from ...kernels.sweep import Box, Bundle

        box = unfolded.box
        self.domain, self.directions, self.threads, self.progress = box, directions, threads, progress
        self.first = surfaces(box.shape)
        self.grid = Cartesian(*(np.array([-np.inf, np.inf]) if np.isinf(p) else f
                           for f, p in zip(box.faces, box.period, strict=True)))  # fmt: skip
        self.box = Box(*self.grid, *self.grid.centres, box.period, self.first, solid)
        self.bundle = Bundle(**bundle(box, directions, sensor.seed, sensor.lines))
        self.longest = longest(box, directions)
        self.surfaces = int(self.first[6]) + (int(solid.max()) + 1 - int(self.first[6]) if solid.size else 0)
        self.fill = self._fill()

    @property
    def groups(self) -> int:
        """Groups of directions with sums of their own: as many as memory allows, whatever the threads."""
        each = 16 * (int(np.prod(self.domain.shape)) + self.surfaces)
        return int(min(max(2, min(16, GROUP_BYTES // each)), len(self.directions.weight)))

    def _fill(self) -> FloatArray:
        """How far the lines fill each cell's volume: 1 on a uniform grid."""
        from ...kernels.sweep import measure

        cells = int(np.prod(self.domain.shape))
        if self.domain.uniform:
            return np.ones(cells)
        filled = np.zeros((self.groups, cells))
        with _threads(self.threads):
            for first in range(0, len(self.directions.weight), self.groups):
                measure(self.box, self.bundle, first, filled)
        return np.asarray(filled.sum(axis=0) / (2.0 * np.pi * self.domain.volume.ravel()))

    def record(self, kappa: FloatArray, source: FloatArray, gradient: FloatArray) -> FloatArray:
        """Return what the kernel reads of cells: kappa and source (nx, ny, nz), gradient (nx, ny, nz, 3).

        Kappa is divided by how far lines fill the cell, so that what it emits is exact.
        """
        tau = (kappa * self.domain.size).ravel() / THICK
        from ...kernels.reconstruct import aligned
        from ...kernels.sweep import ACROSS, GRADIENT, KAPPA, SOURCE

        out = aligned((kappa.size, 1, 8), np.dtype(np.float64))
        out[:, 0, KAPPA] = kappa.ravel() / np.where(self.fill > 0.0, self.fill, 1.0)
        out[:, 0, SOURCE] = source.ravel()
        out[:, 0, GRADIENT:] = gradient.reshape(-1, 3)
        out[:, 0, ACROSS] = tau * tau / (1.0 + tau * tau)
        return out

    def sweep(self, record: FloatArray, radiosity: FloatArray) -> Swept:
        """Sweep all directions with the given radiance leaving each surface (n_surface,)."""
        from ...kernels.lockstep_sweep import sweep
        from ...kernels.reconstruct import cells_of
        from ...kernels.sweep import Sums

        groups, count = self.groups, len(self.directions.weight)
        cells = cells_of(self.grid, record)
        sums = Sums(
            np.zeros((groups, len(record), 2)),
            np.zeros((groups, self.surfaces, 2)),
            np.zeros(groups, np.int64),
        )
        with _threads(self.threads):
            for first in range(0, count, groups):
                if self.progress:
                    self.progress(first, count)
                sweep(self.box, cells, self.bundle, radiosity, first, self.longest, sums)
        if self.progress:
            self.progress(count, count)
        net, path = sums.cells.sum(axis=0).T
        arrived, cover = np.ascontiguousarray(sums.surfaces.sum(axis=0).T)
        path = path / np.where(self.fill > 0.0, self.fill, 1.0)
        return Swept(net, path, arrived, cover, int(sums.crossings.sum()))


class _threads:
    """Numba's number of threads for a while; the answer does not depend on it."""

    def __init__(self, threads: int | None) -> None:
        self.wanted = workers(threads)

    def __enter__(self) -> None:
        from numba import get_num_threads, set_num_threads

        self.before = get_num_threads()
        set_num_threads(self.wanted)

    def __exit__(self, *_: object) -> None:
        from numba import set_num_threads

        set_num_threads(self.before)
