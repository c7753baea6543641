"""Fluxes at points by rays that go where they count: a quadtree of directions, refined until a tolerance is met.

A square of equal areas maps to the directions of a point, each area to the same flux. A cell of the square is split
where radiances in it and its eight neighbours differ too much, and where it holds something small and bright, whether
a ray has met that or not. Value and error come from fresh rays alone, one in each cell and replicate: those that
decided where to split would bias them, as cells that look even by chance are not split.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..grid import FloatArray
from .lines import Lines, Traced
from .viewpoints import Looks, Tolerance, Viewpoints

BASE, DEEPEST = 4, 14
"""Levels of the square's first division, 2^BASE cells a side, and of the finest one."""
PROBES = 2
"""Rays a side that look at a new cell."""
REPLICATES, MOST = 12, 48
"""Fresh rays in each cell, at first and at most."""
AT_ONCE = 1 << 18
"""Rays that are followed in one go."""
BOLD = 3.0
"""How much larger differences may be at first: over nine cells they are larger than in one, and replicates tell."""
SMALL = 1.0
"""Size of a cell over that of a spot, from which on it is small enough for it."""
GRAZING = 0.05
"""Least cosine that is taken for how large a spot looks."""
Look = Callable[[Lines], Traced]


class Spots(NamedTuple):
    """What may be small and bright: centre (n, 3) [m], radius (n,) [m]."""

    centre: FloatArray
    radius: FloatArray


class Measured(NamedTuple):
    """Of a point: flux, bound of what the method left out, error of the directions, (n_band,) each; rays; whether
    they were too few for the tolerance."""

    flux: FloatArray
    bound: FloatArray
    estimate: FloatArray
    rays: int
    short: bool


class _Cells(NamedTuple):
    """Cells of the square in Z-order: level, and numbers along u and v at that level."""

    level: NDArray[np.int64]
    i: NDArray[np.int64]
    j: NDArray[np.int64]

    @property
    def size(self) -> FloatArray:
        return np.asarray(0.5**self.level)

    @property
    def start(self) -> NDArray[np.int64]:
        """Z-order of the cell's first corner at the deepest level."""
        shift = DEEPEST - self.level
        return _interleaved(self.i << shift, self.j << shift)

    def at(self, index: NDArray[np.bool_] | NDArray[np.int64]) -> _Cells:
        return _Cells(self.level[index], self.i[index], self.j[index])

    def quarters(self) -> _Cells:
        """The four quarters of each cell, in Z-order."""
        a, b = np.tile([0, 0, 1, 1], len(self.i)), np.tile([0, 1, 0, 1], len(self.i))
        return _Cells(
            *(np.repeat(v, 4) + add for v, add in ((self.level, 1), (2 * self.i, a), (2 * self.j, b)))
        )


def _interleaved(i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.int64]:
    """Z-order: the bits of i and j in turn, those of i first."""
    return (_spread(i) << 1) | _spread(j)


def _spread(n: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lowest 16 bits, each followed by a 0."""
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        n = (n | (n << shift)) & mask
    return n


class Point:
    """One point of a view: its quadtree, and the rays that look through it."""

    def __init__(self, view: Viewpoints, number: int, spots: Spots, tolerance: Tolerance, look: Look) -> None:
        self.view, self.number, self.tolerance, self._look = view, number, tolerance, look
        self.rng = np.random.default_rng((tolerance.seed, number))
        self.rays, self.light_error, self.cut = 0, np.zeros(1), False
        n = np.arange(1 << BASE)
        i, j = (a.ravel() for a in np.meshgrid(n, n, indexing="ij"))
        cells = _Cells(np.full(i.size, BASE), i, j)
        cells = cells.at(np.argsort(cells.start))
        self.cells = self._resolved(cells, spots)
        self.low, self.high, self.mean = self._probed(self.cells)

    def measure(self) -> Measured:
        """Refine and look until the tolerance is met, or the rays are spent."""
        rtol, aim = self.tolerance.rtol, self.tolerance.rtol * self._seen
        self._refine(aim)
        values, bounds = self._replicates(REPLICATES)
        while (error := _error(values)) > (wanted := rtol * float(values.mean(axis=0).sum())):
            need = int(len(values) * (error / wanted) ** 2) + 1 if wanted > 0.0 else MOST + 1
            fresh = need > MOST
            if fresh:
                aim, need = 0.5 * aim, REPLICATES
                self._refine(aim)
            count = need if fresh else need - len(values)
            if self.rays + count * len(self.cells.i) > self.tolerance.max_rays:
                break
            more = self._replicates(count)
            values, bounds = (
                more if fresh else (np.concatenate(p) for p in zip((values, bounds), more, strict=True))
            )
        return Measured(
            values.mean(axis=0),
            bounds.mean(axis=0),
            values.std(axis=0, ddof=1) / np.sqrt(len(values)) + self.light_error,
            self.rays,
            self.cut or bool(_error(values) > rtol * values.mean(axis=0).sum()),
        )

    @property
    def _seen(self) -> float:
        """The flux as the probes see it."""
        return float((self.cells.size**2 * self.mean).sum()) * self.view.view

    def _refine(self, aim: float) -> None:
        """Split cells until each adds so little to the error that all together meet an aim."""
        while True:
            spread = self._spread() * self.cells.size**2 * self.view.view
            # Of n cells that differ by `spread` each, uniformly, replicates err by spread sqrt(n / 12 / replicates).
            limit = BOLD * aim * np.sqrt(12.0 * REPLICATES / len(spread))
            split = (spread > limit) & (self.cells.level < DEEPEST)
            ahead = PROBES**2 * 4 * split.sum() + REPLICATES * (len(split) + 3 * split.sum())
            if not split.any() or self.rays + ahead > self.tolerance.max_rays:
                return
            new = self.cells.at(split).quarters()
            seen = self._probed(new)
            kept = self.cells.at(~split)
            cells = _Cells(*(np.concatenate(pair) for pair in zip(kept, new, strict=True)))
            order = np.argsort(cells.start)
            self.cells = cells.at(order)
            self.low, self.high, self.mean = (
                np.concatenate((old[~split], now))[order]
                for old, now in zip((self.low, self.high, self.mean), seen, strict=True)
            )

    def _spread(self) -> FloatArray:
        """Range of radiances over each cell and its eight neighbours."""
        start, size = self.cells.start, 1 << (DEEPEST - self.cells.level)
        x, y = self.cells.i * size, self.cells.j * size
        whole = 1 << DEEPEST
        low, high = self.low.copy(), self.high.copy()
        for a in (-1, size // 2, size):
            for b in (-1, size // 2, size):
                i, j = self.view.beside(x + a, y + b, whole)
                there = np.searchsorted(start, _interleaved(i, j), side="right") - 1
                low, high = np.minimum(low, self.low[there]), np.maximum(high, self.high[there])
                np.minimum.at(low, there, self.low)  # a neighbour that is larger may not look back here
                np.maximum.at(high, there, self.high)
        return high - low

    def _resolved(self, cells: _Cells, spots: Spots) -> _Cells:
        """Cells split until those that hold the direction of a spot are small beside it."""
        u, v, area = self.view.seen(self.number, spots.centre, spots.radius, GRAZING)
        while u.size:
            n = (np.stack((u, v)) * (1 << DEEPEST)).astype(np.int64).clip(0, (1 << DEEPEST) - 1)
            there = np.searchsorted(cells.start, _interleaved(*n), side="right") - 1
            coarse = (cells.size[there] ** 2 > SMALL * area) & (cells.level[there] < DEEPEST)
            if not coarse.any():
                break
            if (PROBES**2 + REPLICATES) * (len(cells.i) + 3 * coarse.sum()) > self.tolerance.max_rays:
                self.cut = True
                break
            u, v, area = u[coarse], v[coarse], area[coarse]
            split = np.zeros(len(cells.i), bool)
            split[there[coarse]] = True
            pieces = (cells.at(~split), cells.at(split).quarters())
            cells = _Cells(*(np.concatenate(pair) for pair in zip(*pieces, strict=True)))
            cells = cells.at(np.argsort(cells.start))
        return cells

    def _probed(self, cells: _Cells) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Least, greatest and mean radiance, all bands together, of jittered rays in each cell."""
        a, b = (n.ravel() for n in np.meshgrid(range(PROBES), range(PROBES), indexing="ij"))
        jitter = self.rng.random((2, len(cells.i), a.size))
        at = (
            np.stack((np.broadcast_to(a, jitter[0].shape), np.broadcast_to(b, jitter[0].shape))) + jitter
        ) / PROBES
        values = self._traced(cells, at).value.sum(axis=1).reshape(len(cells.i), -1)
        return values.min(axis=1), values.max(axis=1), values.mean(axis=1)

    def _replicates(self, count: int) -> tuple[FloatArray, FloatArray]:
        """Fluxes and bounds (count, n_band) of so many sets of fresh rays, one in each cell."""
        most = max(1, AT_ONCE // len(self.cells.i))
        if count > most:
            parts = [self._replicates(min(most, count - n)) for n in range(0, count, most)]
            values, bounds = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
            return values, bounds
        traced = self._traced(self.cells, self.rng.random((2, len(self.cells.i), count)))
        weight = self.view.view * self.cells.size**2

        def summed(radiance: FloatArray) -> FloatArray:
            return np.asarray(np.einsum("c,crb->rb", weight, radiance.reshape(len(weight), count, -1)))

        if traced.error_estimate is not None:
            self.light_error = summed(traced.error_estimate).mean(axis=0)
        return summed(traced.value), summed(traced.error_bound)

    def _traced(self, cells: _Cells, at: FloatArray) -> Traced:
        """Follow rays at places within cells, (2, n_cell, n) from 0 to 1."""
        size = cells.size[:, None]
        u, v = (cells.i[:, None] + at[0]) * size, (cells.j[:, None] + at[1]) * size
        self.rays += u.size
        origin = np.broadcast_to(self.view.points[self.number], (u.size, 3)).copy()
        return self._look(Looks(origin, self.view.directions_at(self.number, u.ravel(), v.ravel())))


def _error(values: FloatArray) -> float:
    """Standard error of the mean of replicates, all bands together."""
    return float(values.sum(axis=1).std(ddof=1) / np.sqrt(len(values)))
