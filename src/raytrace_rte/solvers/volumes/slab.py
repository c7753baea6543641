"""The sweep of a slab: fields vary along one axis, and every direction cosine is marched exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...execution.task import Arrays
from ...grid import FloatArray
from .box import Box
from .sweeper import Special, Swept, kernel_sums, no_sums, sizes

LEAST = 128
"""Directions of a slab at least: they cost next to nothing."""


def cosines(count: int) -> tuple[FloatArray, FloatArray]:
    """Return at least count / 2 direction cosines in 0 to 1, and weights [sr].

    Gauss-Legendre in mu^(1/4): fluxes of slabs go like exp(-tau/mu) and log(tau) at mu = 0.
    """
    nodes, weights = np.polynomial.legendre.leggauss(max(2, -(-count // 2)))
    x, w = 0.5 * (nodes + 1.0), 0.5 * weights
    return x**4, 2.0 * np.pi * w * 4.0 * x**3


def slab_count(count: int) -> int:
    """Return how many directions are taken when so many are asked for, of both senses."""
    return 2 * len(cosines(max(count, LEAST))[0])


class SlabSweeper:
    """One slab in one band; `Sweeper` says what its methods do. All directions are one group."""

    groups = 1

    def __init__(self, box: Box, record: FloatArray, special: Special, count: int) -> None:
        from ...kernels.reconstruct import KAPPA, SOURCE, SOURCE_X

        self.box, self.axis = box, box.ends.finite.index(True)
        self.cells = len(record)
        fine = cosines(max(count, LEAST))
        coarse = cosines(len(fine[0]))
        self.mu = np.concatenate((fine[0], coarse[0]))
        self.weight = np.concatenate((fine[1], np.zeros(len(coarse[1]))))
        self.contrast = np.concatenate((fine[1], -coarse[1]))
        self.count = 2 * len(fine[0])
        cells = record.astype(np.float64)
        self.width = box.widths[self.axis]
        self.kappa, self.source = cells[:, KAPPA].copy(), cells[:, SOURCE].copy()
        self.rise = 0.5 * cells[:, SOURCE_X + self.axis] * self.width
        self.solid = special.opaque if special.opaque.size else np.full(self.cells, -1)
        self.special = special

    @property
    def crossings(self) -> int:
        """Cells crossed, by each ordinate."""
        return 2 * len(self.mu) * self.cells

    def blank(self) -> dict[str, NDArray[Any]]:
        """Return sums of no direction."""
        return no_sums(*sizes(self.box, self.special._replace(thick=True)))

    def give_back(self, sums: Arrays) -> None:
        """Slabs are small: nothing is kept."""

    def sweep(self, leaving: FloatArray, group: int, pause: Callable[[], None]) -> Arrays:
        """March all directions both ways."""
        from ...kernels import slab as kernels

        sums, first, low = self.blank(), self.box.first, 2 * self.axis
        wall, mirror = self.box.ends.wall[low : low + 2], self.box.ends.mirror[low]
        kind = {
            (True, True): kernels.WALLED,
            (False, False): kernels.MIRRORS if mirror else kernels.PERIODIC,
            (False, True): kernels.MIRROR_LOW,
            (True, False): kernels.MIRROR_HIGH,
        }[wall[0], wall[1]]
        area = float(np.prod([w[0] for a, w in enumerate(self.box.widths) if a != self.axis]))
        slab = kernels.Slab(
            self.kappa,
            self.source,
            self.rise,
            self.width,
            self.solid,
            leaving[first[6] :],
            area,
            self.special.kept,
            low,
            kind,
        )
        faces = first[low : low + 2]
        arrived, contrast = np.zeros(2), np.zeros(2)
        kept = kernel_sums(sums, int(first[6]), fresh=False)
        kernels.march(slab, self.mu, self.weight, self.contrast, leaving[faces], kept, arrived, contrast)
        sums["arrived"][faces], sums["arrived_contrast"][faces] = arrived, contrast
        return sums

    def swept(self, sums: Arrays) -> Swept:
        """Return the totals."""
        return Swept(**sums)
