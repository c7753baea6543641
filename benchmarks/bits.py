"""Hashes of the answers of many kinds of jobs: does a change keep every bit?

usage: python -m benchmarks.bits record FILE.json      in one version of the package
       python -m benchmarks.bits compare FILE.json     in another, on the same machine

Answers depend on the processor (vector width, kernels of NumPy and SciPy), so recorded hashes belong to one
machine: record them before a change and compare after it. Only public names are used, old ones where new ones
are missing, so that this file runs beside older versions of the package too.
"""

from __future__ import annotations

import hashlib
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import raytrace_rte as rte

RADIANCE = (("value",), ("error_bound", "error"), ("transmittance",), ("optical_depth",), ("steps",))
FLUX = (("value",), ("error_bound", "error"), ("error_estimate", "angular_error"))
HEAT = (
    ("G",),
    ("emission",),
    ("div_q",),
    ("error_estimate", "error"),
    ("limited",),
    ("solid_heat",),
    ("wall_net_flux", "wall_flux"),
    ("wall_incident_flux", "wall_incident"),
    ("leaving_radiance", "radiosity"),
)
"""What is hashed of each kind of answer: a name, or the older name of the same."""
CUBE = (np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float) * 0.3) + 0.35
SIDES = np.array(
    [
        [0, 1, 3],
        [0, 3, 2],
        [4, 6, 7],
        [4, 7, 5],
        [0, 4, 5],
        [0, 5, 1],
        [2, 3, 7],
        [2, 7, 6],
        [0, 2, 6],
        [0, 6, 4],
        [1, 5, 7],
        [1, 7, 3],
    ]
)


def plume(cells: int = 24, factor: float = 1.0, dtype: type = np.float64) -> rte.Medium:
    """The smooth plume, its kappa times a factor."""
    given = rte.absorption.given(rte.sample("smooth-plume", cells))
    return rte.Medium(given.grid, (factor * given.kappa).astype(dtype), given.source.astype(dtype))


def fire() -> rte.Medium:
    """The sample fire."""
    return rte.absorption.planck_mean(rte.sample("pool-fire"))


def rough(stretched: bool = False, bands: int = 0, dtype: type = np.float64) -> rte.Medium:
    """A random medium in the unit cube."""
    rng = np.random.default_rng(7)
    axes = [np.linspace(0, 1, n) ** (1.7 if stretched else 1.0) for n in (12, 10, 9)]
    grid = rte.Cartesian(*axes)
    shape = grid.shape + ((bands,) if bands else ())
    kappa = rng.lognormal(0.0, 1.5, shape).astype(dtype)
    source = rte.blackbody(rng.uniform(400.0, 1800.0, grid.shape))
    if not bands:
        return rte.Medium(grid, kappa, source.astype(dtype))
    share = np.arange(1.0, bands + 1) / np.arange(1.0, bands + 1).sum()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return rte.Medium(
            grid,
            kappa,
            (source[..., None] * share).astype(dtype),
            emission=lambda T: share * float(rte.blackbody(T)),
        )


def slab() -> rte.Medium:
    """A slab whose cells grow."""
    grid = rte.Cartesian(np.linspace(0, 2, 41) ** 1.5)
    x = grid.centres[0].reshape(grid.shape)
    return rte.Medium(grid, 1.0 + x, rte.blackbody(900.0 + 300.0 * np.sin(3.0 * x)))


def camera(shape: tuple[int, int] = (75, 100)) -> Any:
    """A camera that sees the plume."""
    return rte.camera((0.3, -2.0, 0.6), (0.0, 0.0, 0.5), shape, 32.0)


def inside(shape: tuple[int, int] = (60, 60)) -> Any:
    """A camera in the unit cube."""
    return rte.camera((0.21, 0.13, 0.17), (0.6, 0.7, 0.5), shape, 80.0)


def rays(count: int = 3000) -> rte.Rays:
    """Rays through the unit cube, some along axes and faces."""
    rng = np.random.default_rng(11)
    direction = rng.normal(size=(count, 3))
    direction[::7, 0] = 0.0
    direction[::11, 1:] = 0.0
    direction[::77] = (1.0, 0.0, 0.0)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return rte.Rays(
        rng.uniform(0.05, 0.95, (count, 3)) - 2.0 * direction * rng.integers(0, 2, (count, 1)), direction
    )


def block() -> Any:
    """Solid cells in the rough medium."""
    mask = np.zeros((11, 9, 8), bool)
    mask[4:7, 3:6, 2:5] = True
    return rte.solids(mask, 1200.0, 0.6)


def wall_map() -> Any:
    """Black walls, one with a map of temperatures."""
    return rte.black(400.0, x_min=rte.black(np.linspace(300.0, 1500.0, 72).reshape(9, 8)))


MIRRORS = {"x_min": rte.mirror(), "y_min": rte.periodic(), "y_max": rte.periodic()}
JOBS: dict[str, Callable[[], tuple[Any, Any, dict[str, Any]]]] = {
    "camera, March(2), fire": lambda: (
        fire(),
        rte.camera((1.25, 0.75, -1.9), (0, 0.5, 0), (90, 160), 27.0, (0, 1, 0)),
        {"method": rte.March(), "walls": rte.black(300.0)},
    ),
    "camera, Auto, fire": lambda: (
        fire(),
        rte.camera((1.25, 0.75, -1.9), (0, 0.5, 0), (90, 160), 27.0, (0, 1, 0)),
        {"walls": rte.black(300.0)},
    ),
    "camera, Auto, plume": lambda: (plume(), camera(), {"walls": rte.black(300.0)}),
    "camera, Auto, thick plume": lambda: (
        plume(40, 300.0),
        camera(),
        {"walls": rte.black(300.0, z_min=1800.0)},
    ),
    "camera, Auto, thick from inside": lambda: (
        plume(48, 2000.0),
        rte.camera((0.01, -0.1, 0.4), (0.4, 0.4, 0.5), (60, 60), 70.0),
        {},
    ),
    "camera, Auto, float32": lambda: (plume(40, 1.0, np.float32), camera(), {"walls": rte.black(300.0)}),
    "camera, March(1)": lambda: (plume(), camera(), {"method": rte.March(1)}),
    "camera, March(2, stop)": lambda: (plume(24, 30.0), camera(), {"method": rte.March(2, stop=50.0)}),
    "orthographic, March(2), float32": lambda: (
        plume(24, 1.0, np.float32),
        rte.camera_orthographic((0, -2, 0.5), (0, 0, 0.5), (80, 60), 0.9),
        {"method": rte.March()},
    ),
    "camera, Thick": lambda: (plume(24, 100.0), camera(), {"method": rte.Thick(3)}),
    "camera, Thin": lambda: (plume(24, 0.01), camera(), {"method": rte.Thin(), "walls": rte.black(300.0)}),
    "camera, Threshold": lambda: (plume(24, 100.0), camera(), {"method": rte.Threshold()}),
    "rays, March(2), rough": lambda: (
        rough(),
        rays(),
        {"method": rte.March(), "walls": wall_map().face("y_min")},
    ),
    "rays, Auto, rough stretched": lambda: (rough(True), rays(), {"walls": rte.black(700.0)}),
    "rays, March(2), stretched float32": lambda: (
        rough(True, 0, np.float32),
        rays(),
        {"method": rte.March()},
    ),
    "rays, lean": lambda: (rough(), rays(), {"lean": True}),
    "rays, three bands, March": lambda: (
        rough(False, 3),
        rays(),
        {"method": rte.March(), "walls": rte.black(600.0)},
    ),
    "rays, three bands, Auto": lambda: (rough(True, 3), rays(), {"walls": rte.black(600.0)}),
    "line of sight, slab": lambda: (
        slab(),
        rte.line_of_sight((-1, 0, 0), (0.8, 0.6, 0)),
        {"walls": rte.black(500.0)},
    ),
    "camera, mirrors and periods": lambda: (rough(), inside(), {"walls": rte.black(500.0, **MIRRORS)}),
    "camera, grey walls": lambda: (rough(), inside((20, 20)), {"walls": rte.grey(600.0, 0.5)}),
    "camera, solids": lambda: (rough(), inside(), {"walls": rte.black(500.0), "objects": [block()]}),
    "camera, grey mesh": lambda: (rough(), inside(), {"objects": [rte.mesh((CUBE, SIDES), 1100.0, 0.7)]}),
    "camera, map of a wall": lambda: (rough(), inside(), {"walls": wall_map()}),
    "radiometers": lambda: (
        fire(),
        rte.radiometer([(1.0, 0.5, 0.0), (0.6, 0.2, 1.0)], (-1, 0, 0), 150.0, 300),
        {"walls": rte.black(300.0)},
    ),
    "wall flux": lambda: (rough(), rte.wall_flux("x_min", 100), {"walls": rte.black(600.0)}),
    "wall flux, mirrors": lambda: (
        rough(),
        rte.wall_flux("z_max", 60),
        {"walls": rte.black(600.0, **MIRRORS)},
    ),
    "incident at points": lambda: (rough(True), rte.incident([[0.5, 0.5, 0.5], [0.1, 0.2, 0.9]], 500), {}),
    "volume, March": lambda: (
        plume(16),
        rte.heat_source(50),
        {"method": rte.March(), "walls": rte.black(400.0)},
    ),
    "volume, Auto, thick": lambda: (plume(24, 300.0), rte.heat_source(50), {"walls": rte.black(400.0)}),
    "volume, grey, mirrors, periods": lambda: (
        rough(True),
        rte.heat_source(38),
        {"walls": rte.grey(900.0, 0.3, **MIRRORS)},
    ),
    "volume, solids": lambda: (
        rough(),
        rte.heat_source(38),
        {"walls": rte.grey(500.0, 0.6), "objects": [block()]},
    ),
    "volume, slab": lambda: (slab(), rte.heat_source(40), {"walls": rte.black(500.0)}),
    "volume, three bands": lambda: (rough(False, 3), rte.heat_source(26), {"walls": rte.grey(600.0, 0.5)}),
}


def digest(value: Any) -> str:
    """Hash of an array, or of the arrays of a mapping; numbers as float64 or int64."""
    parts = sorted(value.items()) if hasattr(value, "items") else [("", value)]
    text = hashlib.sha256()
    for name, array in parts:
        a = np.asarray(array)
        kind = np.float64 if a.dtype.kind == "f" else np.int64
        text.update(name.encode() + np.ascontiguousarray(a, kind).tobytes())
    return text.hexdigest()[:16]


def hashes(result: Any) -> dict[str, str]:
    """Hash of everything that a result answers, by its newest name."""
    names = HEAT if hasattr(result, "div_q") else RADIANCE if hasattr(result, "transmittance") else FLUX
    out = {}
    for spellings in names:
        name = next(n for n in spellings if n in dir(result))
        out[spellings[0]] = digest(getattr(result, name))
    if getattr(result, "profile", None) is not None:
        out["profile"] = digest({n: result.profile[n] for n in result.profile.dtype.names})
    return out


def measure() -> dict[str, dict[str, str]]:
    """Return the hashes of all jobs."""
    out = {}
    for name, make in JOBS.items():
        medium, sensor, keywords = make()
        out[name] = hashes(rte.solve(medium, sensor, **keywords))
    return out


def main(arguments: list[str]) -> int:
    """Record or compare."""
    if len(arguments) != 2 or arguments[0] not in ("record", "compare"):
        print(__doc__)
        return 2
    path, found = Path(arguments[1]), measure()
    if arguments[0] == "record":
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"recorded {len(found)} jobs in {path}")
        return 0
    known, differing = json.loads(path.read_text(encoding="utf-8")), 0
    for job, now in found.items():
        other = [name for name in now if now[name] != known[job].get(name)]
        differing += bool(other)
        print(f"{job:40s} {'same bits' if not other else 'differs in ' + ', '.join(other)}")
    print(f"{len(found) - differing} of {len(found)} jobs have the same bits")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
