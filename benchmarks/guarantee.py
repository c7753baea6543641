"""Rays through random media: is any of them beyond its bound?

usage: python -m benchmarks.guarantee [--rays 1e8] [--seed 1]

Media of 2 to 40 cells an axis, of equal or lognormal widths, kappa from 1e-4 to 1e9 [1/m], lognormal, Gaussian,
striped or mostly 0, with one hot cell; rays from inside, outside and on faces, with components of 0, 1e-8 and 1e-16.
Each ray is followed by the march and by Auto, as it decides itself and with shortcuts over bricks for all. Nothing is
allowed beyond the bound that Auto states, not even rounding. 10^8 rays take some ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np

import raytrace_rte as rte
from raytrace_rte.kernels.trace import AUTO
from raytrace_rte.solvers import lines, rays

EACH = 200_000
"""Rays of a medium."""


@contextmanager
def shortcuts() -> Iterator[None]:
    """Let every ray of Auto take shortcuts over bricks of cells, whether that pays or not."""

    def follow(scene, some, plan=None):  # type: ignore[no-untyped-def]
        return lines.follow(scene, some, scene.plan._replace(method=AUTO) if scene.switches else plan)

    with mock.patch.object(rays, "follow", follow):
        yield


def medium(rng: np.random.Generator) -> rte.Medium:
    """A random medium in the unit cube."""
    spread = rng.choice([0.0, 0.5, 3.0])
    while True:
        axes = [np.cumsum(np.r_[0.0, rng.lognormal(0.0, spread, rng.integers(2, 41))]) for _ in range(3)]
        axes = [a / a[-1] for a in axes]
        if all((np.diff(a) > 0).all() for a in axes):
            break
    grid = rte.Cartesian(*axes)
    x, y, z = np.meshgrid(*grid.centres, indexing="ij")
    fields = (
        lambda: rng.lognormal(0.0, 2.0, grid.shape),
        lambda: np.exp(-((x - 0.5) ** 2 + (y - 0.4) ** 2 + (z - 0.6) ** 2) / 0.02),
        lambda: (np.sin(20 * x + 3 * y) > 0) * 1.0,
        lambda: (rng.random(grid.shape) < 0.1) * 1.0,
    )
    kappa = fields[rng.integers(4)]() * 10.0 ** rng.uniform(-4, 9)
    T = 300.0 + rng.random(grid.shape) * rng.choice([0.0, 1500.0])
    T[tuple(rng.integers(0, n) for n in grid.shape)] = 2200.0
    kind = rng.choice([np.float32, np.float64])
    return rte.Medium(grid, kappa.astype(kind), rte.blackbody(T).astype(kind))


def crowd(rng: np.random.Generator, grid: rte.Cartesian) -> rte.Rays:
    """Rays of all kinds."""
    direction = rng.normal(size=(EACH, 3))
    for size, share in ((0.0, 0.1), (1e-8, 0.05), (1e-16, 0.05)):
        direction = np.where(rng.random((EACH, 3)) < share, size * np.sign(direction), direction)
    direction[~direction.any(axis=1)] = 1.0
    faces = np.stack([rng.choice(a, EACH) for a in grid], axis=1)
    origin = np.where(rng.random((EACH, 3)) < 0.1, faces, rng.random((EACH, 3)))
    far = 3.0 * direction / np.linalg.norm(direction, axis=1, keepdims=True)
    return rte.Rays(np.where(rng.random((EACH, 1)) < 0.4, origin - far, origin), direction)


def beyond(rng: np.random.Generator) -> tuple[int, int]:
    """Return how many rays of one medium were followed, and how many are beyond their bound or the tolerance."""
    place = medium(rng)
    sensor = crowd(rng, place.grid)
    walls = rte.black(300.0, x_max=1000.0) if rng.random() < 0.5 else rte.open_()
    march = rte.solve(place, sensor, walls, rte.March(2))
    wrong = 0
    for forced in (False, True):
        rtol = 10.0 ** rng.uniform(-6, -1)
        if forced:
            with shortcuts():
                auto = rte.solve(place, sensor, walls, rte.Auto(rtol))
        else:
            auto = rte.solve(place, sensor, walls, rte.Auto(rtol))
        allowed = rtol * auto.value + auto.stats["budget"]["absolute"]
        bound = auto["error_bound"]
        wrong += int(((np.abs(auto.value - march.value) > bound) | (bound > allowed * (1 + 1e-12))).sum())
    return 2 * EACH, wrong


def main() -> int:
    """Follow so many rays, and say how many are beyond their bound."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guarantee", description=__doc__)
    parser.add_argument("--rays", type=float, default=1e8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng, count, wrong, said = np.random.default_rng(options.seed), 0, 0, 0
    while count < options.rays:
        more, off = beyond(rng)
        count, wrong = count + more, wrong + off
        if count >= said + 1e7:
            said = count
            print(f"{count:.3g} rays, {wrong} beyond their bound", flush=True)
    print(f"{count:.4g} rays, {wrong} beyond their bound")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
