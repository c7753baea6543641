"""Bands: what they cost beside grey, and what their properties cost a cell.

Images and volumes of the plume in 5 and 50 bands, kappa of a band being grey's times a factor from 0.2 to 2; all of a
table in turn within one run, least of some rounds. Properties are nanoseconds of the processor a cell, band and
species (or soot, or emission).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import raytrace_rte as rte
from raytrace_rte.media.absorption.curves import Curves
from raytrace_rte.media.absorption.soot_bands import USUAL, mean_absorption

from .processes import THREADS
from .records import taken
from .tables import table
from .timing import in_turn

EDGES = np.concatenate(([0.0], np.geomspace(0.5e-6, 20e-6, 49), [np.inf]))


def measure(quick: bool = False) -> dict[str, Any]:
    """Return all figures."""
    n, pixels, directions = (8, 32, 6) if quick else (64, 512, 100)
    return {
        "images": _images(n, pixels, quick),
        "volumes": _volumes(n, directions, quick),
        "properties": _properties(n, 5 if quick else 50),
    }


def banded(field: rte.Field, count: int, clear: int = 0) -> rte.Medium:
    """The field's own kappa in so many bands with all of the radiation, the first few of them clear."""
    edges = EDGES[np.linspace(0, 50, count + 1).astype(int)]
    spectrum, T = rte.Spectrum.bands(edges), field.temperature
    factor = np.random.default_rng(0).uniform(0.2, 2.0, count)
    factor[:clear] = 0.0
    kappa = rte.absorption.given(field).kappa[..., None] * factor
    source = spectrum.wall_emission(T.ravel()).reshape(kappa.shape)
    return rte.Medium(field.grid, kappa.astype(T.dtype), source.astype(T.dtype), spectrum)


def _images(n: int, pixels: int, quick: bool) -> list[dict[str, Any]]:
    """Seconds of images, of grey and of bands."""
    field = rte.sample("smooth-plume", n)
    camera = rte.camera((0.9, -1.8, 0.6), look_at=(0, 0, 0.5), shape=(pixels, pixels))
    media = {1: rte.absorption.given(field), 5: banded(field, 5), 50: banded(field, 5 if quick else 50)}
    rows = []
    for name, method in (("March(2)", rte.March()), ("Auto(1e-3)", rte.Auto())):
        works = {count: _solved(medium, camera, method) for count, medium in media.items()}
        times = {count: seconds for count, (seconds, _) in in_turn(works, 5, 4.0).items()}
        rows.append({"method": name, "seconds": times})
    return rows


def _volumes(n: int, directions: int, quick: bool) -> list[dict[str, Any]]:
    """Seconds of volumes, each of a new medium: of grey, of 5 bands, and of 5 of which 2 are clear."""
    field, walls = rte.sample("smooth-plume", n), rte.black(300.0)
    media = {
        "grey": (1, rte.absorption.given(field)),
        "5 bands": (5, banded(field, 5)),
        "3 bands, 2 clear": (3, banded(field, 5, clear=2)),
    }
    works = {name: _anew(medium, rte.heat_source(directions), walls) for name, (_, medium) in media.items()}
    wall = {name: seconds for name, (seconds, _) in in_turn(works, 3 if quick else 8, 4.0).items()}
    used = {name: min(taken(work)[1] for _ in range(2 if quick else 6)) for name, work in works.items()}
    return [
        {"case": name, "absorbing": media[name][0], "wall": wall[name], "processor": used[name]}
        for name in media
    ]


def _solved(medium: rte.Medium, sensor: Any, method: Any, walls: Any = None) -> Callable[[], Any]:
    return lambda: rte.solve(medium, sensor, walls, method, threads=THREADS)


def _anew(medium: rte.Medium, sensor: Any, walls: Any) -> Callable[[], Any]:
    """A solve of a medium that nothing has been built from yet."""
    given = medium.grid, medium.kappa, medium.source, medium.spectrum
    return lambda: rte.solve(rte.Medium(*given), sensor, walls, rte.March(), threads=THREADS)


def _properties(n: int, count: int) -> list[dict[str, Any]]:
    """Nanoseconds a cell and band, of each kind of property."""
    rng, grid = np.random.default_rng(1), rte.uniform((0, 0, 0), (1, 1, 1), (n, n, n))
    T, X = rng.uniform(300.0, 2000.0, grid.shape), rng.uniform(0.0, 0.3, grid.shape)
    edges = EDGES[: count + 1]
    spectrum = rte.Spectrum.bands(edges)
    axes = np.linspace(300.0, 2500.0, 23), np.array([0.5e5, 1e5, 2e5])
    gas = rte.Field(grid, T, rng.uniform(0.5e5, 2e5, grid.shape), {"CO2": X})
    bands = rte.absorption.BandTable(edges, *axes, {"CO2": rng.random((23, 3, count))})
    from raytrace_rte.media.absorption.bands import _add_gases

    out, line = np.zeros((T.size, count)), T.reshape(-1)
    emitted = Curves(spectrum.wall_emission, 300.0, 2000.0)
    soot = Curves(lambda t: mean_absorption(spectrum.edges, t, USUAL), 300.0, 2000.0)
    works: dict[str, Callable[[], Any]] = {
        "a species of a table": lambda: _add_gases(gas, T, gas.pressure, bands, ["CO2"], out),
        "soot": lambda: soot.add(line, X.reshape(-1), out),
        "emission": lambda: emitted.add(line, X.reshape(-1), out),
    }
    rows = []
    for name, work in works.items():
        work()  # loads the kernel
        best = min(_processor(work) for _ in range(5))
        rows.append({"property": name, "bands": count, "ns": 1e9 * best / out.size})
    return rows


def _processor(work: Callable[[], Any]) -> float:
    """Seconds of the processor that a work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def tables(data: dict[str, Any]) -> dict[str, str]:
    """Return the Markdown tables by name."""
    images = []
    for row in data["images"]:
        times = {int(count): seconds for count, seconds in row["seconds"].items()}
        ratios = [f"{times[count] / times[1]:.1f}" for count in (5, 50)]
        images.append([row["method"], *(f"{times[c]:.3f}" for c in (1, 5, 50)), *ratios])
    grey = data["volumes"][0]
    volumes = [
        [
            row["case"],
            *(f"{row[kind]:.3f}" for kind in ("wall", "processor")),
            *(f"{row[kind] / grey[kind] / row['absorbing']:.2f}" for kind in ("wall", "processor")),
        ]
        for row in data["volumes"]
    ]
    properties = [[row["property"], str(row["bands"]), f"{row['ns']:.1f}"] for row in data["properties"]]
    return {
        "band images": table(
            ["method", "grey [s]", "5 bands [s]", "50 bands [s]", "5 / grey", "50 / grey"], images
        ),
        "band volumes": table(
            [
                "case",
                "wall [s]",
                "processor [s]",
                "wall / grey / absorbing band",
                "processor / grey / absorbing band",
            ],
            volumes,
        ),
        "band properties": table(["property", "bands", "ns a cell and band"], properties),
    }
