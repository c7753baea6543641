"""Smooth test media, continuous and on grids."""

from __future__ import annotations

import numpy as np

import raytrace_rte as rte


def kappa(x, y, z):
    """Smooth, between 0.4 and 1.6."""
    return 1.0 + 0.6 * np.sin(2.1 * x + 0.3) * np.cos(1.7 * y - 0.4) * np.sin(1.3 * z + 0.9)


def source(x, y, z):
    """Smooth, with extrema inside the unit cube, between 0.4 and 1.6."""
    return 1.0 + 0.6 * np.sin(3.1 * x + 0.2) * np.cos(2.3 * y + 0.5 * z) * np.cos(2.9 * z - 1.1)


def stretched(n: int, ratio: float = 3.0) -> np.ndarray:
    """Faces on 0..1 whose cells grow smoothly, by `ratio` from end to end at any n."""
    s = np.linspace(0.0, 1.0, n + 1)
    return np.expm1(s * np.log(ratio)) / (ratio - 1.0)


def grid(n: int, kind: str) -> rte.Cartesian:
    """A uniform or stretched unit cube of n^3 cells."""
    if kind == "uniform":
        return rte.uniform((0, 0, 0), (1, 1, 1), (n, n, n))
    return rte.Cartesian(stretched(n), stretched(n, 0.4), stretched(n, 2.0))


def medium(cells: rte.Cartesian, scale: float) -> rte.Medium:
    """The smooth medium on a grid, kappa times scale."""
    x = np.meshgrid(*cells.centres, indexing="ij")
    return rte.Medium(cells, scale * kappa(*x), source(*x))


def read_only(values: np.ndarray) -> np.ndarray:
    """The values as a Medium holds them: of arrays that can be written kernels would be compiled anew."""
    values.flags.writeable = False
    return values


def random_rays(rng: np.random.Generator, count: int) -> rte.Rays:
    """Oblique rays from outside through a random point of the unit cube."""
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return rte.Rays(rng.uniform(0.1, 0.9, size=(count, 3)) - 3.0 * direction, direction)


def random_grid(rng: np.random.Generator) -> rte.Cartesian:
    """A random grid of a few uneven cells, sometimes with infinite axes."""
    axes = []
    for axis in range(3):
        n = int(rng.integers(1, 9))
        faces = np.cumsum(rng.uniform(0.05, 1.0, n + 1)) - rng.uniform(0, 2)
        axes.append((-np.inf, np.inf) if axis and rng.random() < 0.2 else faces)
    return rte.Cartesian(*axes)


def sooting_flame(n):
    """A flame in closed form on n^3 cells, after an idea of PeleRad's tests: T, soot, CO2, H2O and CO of one mixture.

    A hot sheet around a core of fuel, with soot inside it; smooth, so that refinement shows orders.
    """
    grid = rte.uniform((-0.1, -0.1, 0.0), (0.1, 0.1, 0.4), (n, n, n))
    x, y, z = np.meshgrid(*grid.centres, indexing="ij", sparse=True)
    width = 0.03 + 0.05 * z
    mixture = np.exp(-(x**2 + y**2) / width**2) * np.exp(-((z - 0.15) ** 2) / 0.03)
    sheet = np.exp(-(((mixture - 0.35) / 0.2) ** 2))
    return rte.Field(
        grid,
        300.0 + 1500.0 * sheet,
        np.asarray(101325.0),
        {"CO2": 0.11 * sheet, "H2O": 0.14 * sheet, "CO": 0.05 * mixture * sheet},
        soot_volume_fraction=4e-7 * mixture**2 * sheet,
    )
