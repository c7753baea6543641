"""Works that `benchmarks.versions` times, done beside any version of the package; only names that all have.

usage: python works.py              in the environment of a version, its checkout in PYTHONPATH

Reads the name of a work from each line of the standard input, does it once, and answers with a line of JSON:
seconds, seconds of the processor, and the hash of the answer. What a work reads is made before its clock starts.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

import raytrace_rte as rte

THREADS = 2
METHODS: dict[str, rte.March | rte.Auto] = {"March(2)": rte.March(2), "Auto(1e-3)": rte.Auto(1e-3)}
Work = Callable[[], Callable[[], Any]]
"""Makes what is read, and returns what is timed; that returns an array."""


@lru_cache(maxsize=1)
def view(cells: int, pixels: int) -> Any:
    """The plume and its rays; the last one is kept, with what was built from it."""
    from benchmarks.scene import scene

    return scene(cells, pixels)


def image(cells: int, pixels: int, method: str) -> Callable[[], Any]:
    """Rays through the plume."""
    scene = view(cells, pixels)
    rays = scene.rays
    return lambda: rte.solve(scene.medium, rays, method=METHODS[method], threads=THREADS).value


def first_ray(cells: int, method: str) -> Callable[[], Any]:
    """One ray through a medium of which nothing has been built: records, and bounds for Auto."""
    given = view(cells, 1).medium
    medium = rte.Medium(given.grid, given.kappa, given.source)
    ray = rte.Rays([-1.0, 0.1, 0.3], [1.0, 0.0, 0.0])

    def solve() -> Any:
        rte.solve(medium, ray, method=METHODS[method], threads=THREADS)
        return medium.cells.record

    return solve


@lru_cache(maxsize=1)
def cube(sample: str, cells: int) -> rte.Medium:
    """A sample with given kappa."""
    return rte.absorption.given(rte.sample(sample, cells))


def volume(cells: int, directions: int, emissivity: float) -> Callable[[], Any]:
    """div q of the cube of Burns & Christon."""
    medium, walls = cube("burns-christon", cells), rte.grey(600.0, emissivity)
    sensor = rte.heat_source(directions)
    return lambda: rte.solve(medium, sensor, walls, rte.March(2), threads=THREADS).div_q


def works(quick: bool) -> dict[str, Work]:
    """Return all works by name, those beside each other that read the same."""
    out: dict[str, Work] = {}
    pixels, directions = (32, 14) if quick else (512, 100)
    for cells in (16,) if quick else (64, 128, 256):
        for method in METHODS:
            out[f"image {cells}³, {method}"] = partial(image, cells, pixels, method)
    for method in METHODS:
        cells = 16 if quick else 128
        out[f"first ray {cells}³, {method}"] = partial(first_ray, cells, method)
    for cells, walls, emissivity in ((8, "grey", 0.5),) if quick else (
        (41, "grey", 0.5), (41, "black", 1.0), (64, "black", 1.0)
    ):  # fmt: skip
        name = f"heat_source({directions}) {cells}³, {walls} walls"
        out[name] = partial(volume, cells, directions, emissivity)
    return out


def digest(array: Any) -> str:
    """Hash of the bits of an array."""
    values = np.ascontiguousarray(array)
    return hashlib.sha256(f"{values.dtype.str}{values.shape}".encode() + values.tobytes()).hexdigest()


def once(work: Work) -> dict[str, Any]:
    """Do a work once."""
    do = work()
    processor, wall = time.process_time(), time.perf_counter()
    array = do()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return {"wall": wall, "processor": processor, "digest": digest(array)}


def main() -> None:
    """Say which package this is, then answer line by line."""
    known = works(quick=False) | works(quick=True)
    print(json.dumps({"package": rte.__file__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(once(known[line.strip()])), flush=True)


if __name__ == "__main__":
    main()
