"""The sample fire on finer cells, as a native file: interpolated linearly, with seeded noise.

usage: python -m benchmarks.fire256 FILE.h5 [CELLS]       CELLS along an axis, 256 unless given

Noise of 1e-4 on temperature and mole fractions makes the file compress as a CFD result does, to 96 MB at
256^3 cells; the pressure, which varies by as much over the whole fire, has none.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import raytrace_rte as rte

NOISE = 1e-4
"""From the least to the greatest, relative to each value."""


def finer(coarse: NDArray[np.floating], cells: int) -> NDArray[np.float32]:
    """Return values of cells interpolated linearly onto so many along each axis, float32."""
    values = np.asarray(coarse, dtype=np.float32)
    for axis in range(3):
        n = values.shape[axis]
        at = np.clip((np.arange(cells) + 0.5) * n / cells - 0.5, 0, n - 1)
        low = np.minimum(at.astype(int), n - 2)
        share = (at - low).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(3)])
        values = values.take(low, axis) * (1 - share) + values.take(low + 1, axis) * share
    return values


def noisy(values: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the values with noise, in place."""
    for plane in values:
        plane *= 1 + np.float32(NOISE) * (rng.random(plane.shape, dtype=np.float32) - np.float32(0.5))
    return values


def fire(cells: int) -> rte.Field:
    """Return the sample fire on so many cells along each axis: T, p and mole fractions."""
    coarse, rng = rte.sample("pool-fire"), np.random.default_rng(0)
    assert coarse.pressure is not None
    return rte.Field(
        rte.Cartesian(*(np.linspace(faces[0], faces[-1], cells + 1) for faces in coarse.grid)),
        noisy(finer(coarse.temperature, cells), rng),
        pressure=finer(coarse.pressure, cells),
        mole_fraction={name: noisy(finer(x, cells), rng) for name, x in coarse.mole_fraction.items()},
        provenance=f"{coarse.provenance}; interpolated to {cells}^3 cells, noise {NOISE:g}",
    )


def main(arguments: list[str]) -> int:
    """Write the file."""
    if len(arguments) not in (1, 2):
        print(__doc__)
        return 2
    path, cells = Path(arguments[0]), int(arguments[1]) if len(arguments) == 2 else 256
    rte.write(fire(cells), path)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
