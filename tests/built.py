"""Small made-up results of each kind, as the solvers build them."""

from __future__ import annotations

import numpy as np

import raytrace_rte as rte
from raytrace_rte.grid import FACES, across
from raytrace_rte.media.spectrum import Spectrum
from raytrace_rte.results.flux import FluxResult
from raytrace_rte.results.heat import HeatResult
from raytrace_rte.results.profiles import PROFILE
from raytrace_rte.results.radiance import RadianceResult
from raytrace_rte.results.result import Result
from raytrace_rte.table import Variable

GREY = Spectrum.grey()
BANDS = Spectrum.bands([0.0, 3e-6, np.inf], names=("short", "long"))
DEPTHS = {"cell_mean": 0.1, "cell_max": 0.5, "domain": 2.0, "ray_median": 0.7, "ray_max": 3.0}
STATS = {
    "rays": 12, "rays_missed": 1, "crossings": 340, "seconds_trace": 0.1, "threads": 2, "directions": 36,
    "optical_depth": DEPTHS, "steps": {"exact": 30, "thin": 10, "thick": np.int64(0)},
    "sweeps": 1, "cells_limit": 0, "cells": 24,
}  # fmt: skip
VERSIONS = {"raytrace-rte": rte.__version__}
CONFIG = {"method": {"kind": "auto", "rtol": 1e-3, "atol": None}, "versions": VERSIONS}


def coordinate(name, values, unit="1", text="where"):
    return Variable(name, (name,), np.asarray(values), unit, text)


def random(*shape):
    return np.random.default_rng(len(shape)).uniform(1.0, 2.0, shape)


def radiances(dims, coordinates, shape, spectrum=GREY, **changed):
    """A RadianceResult; the transmittance of its first ray is not known."""
    spectral = spectrum.n_band > 1
    full = (*shape, spectrum.n_band) if spectral else shape
    transmittance = random(*full) - 1.0
    transmittance.reshape(-1, spectrum.n_band)[:1] = np.nan
    given = {
        "value": random(*full), "error_bound": 1e-3 * random(*full), "error_estimate": None,
        "transmittance": transmittance, "optical_depth": -np.log(np.maximum(transmittance, 1e-9)),
        "steps": np.arange(3 * int(np.prod(shape))).reshape(*shape, 3),
        "left_out": np.arange(int(np.prod(shape))).reshape(shape),
        "hit": random(*shape) > 1.2,
        "stats": STATS | {"budget": {"mean": 0.1, "max": 0.5}, "rays_not_followed": 1},
        "config": CONFIG | {"sensor": {"kind": "camera"}}, "spectrum": spectrum, "spectral": spectral,
    }  # fmt: skip
    return RadianceResult.build(dims, coordinates, **given | changed)


def image(spectrum=GREY, **changed):
    """An orthographic image of 3 rows and 4 columns."""
    across = coordinate("x", [-0.3, -0.1, 0.1, 0.3], "m", "position to the right in the image")
    up = coordinate("y", [0.2, 0.0, -0.2], "m", "position up the image")
    return radiances(("y", "x"), [up, across], (3, 4), spectrum, **changed)


def perspective():
    """A perspective image: the tangents of its angles are equally spaced."""
    right = np.degrees(np.arctan(np.linspace(-0.5, 0.5, 11)))
    up = coordinate("elevation", right[::-2], "degree", "angle up the image")
    return radiances(
        ("elevation", "azimuth"), [up, coordinate("azimuth", right, "degree", "angle to the right")], (6, 11)
    )


def rays(spectrum=GREY, count=3, **changed):
    """Rays, with their origins."""
    places = [
        coordinate("ray", np.arange(count)), coordinate("axis", ["x", "y", "z"]),
        Variable("origin", ("ray", "axis"), random(count, 3), "m", "origin of the ray"),
    ]  # fmt: skip
    return radiances(("ray",), places, (count,), spectrum, **changed)


def line_of_sight():
    """One ray with a profile of five segments."""
    profile = np.empty(5, dtype=[(name, np.float64) for name in PROFILE])
    for number, name in enumerate(PROFILE):
        profile[name] = np.arange(1.0, 6.0) * (number + 1)
    return rays(count=1, profile=profile, value=np.array([200.0]))


def fluxes(name="incident_flux", spectrum=GREY, count=2, **changed):
    """Fluxes at points, or G."""
    places = [Variable(axis, ("point",), random(count), "m", f"{axis} of the point") for axis in "xyz"]
    return flux(("point",), places, (count,), name, spectrum, **changed)


def face(spectrum=GREY):
    """The flux at a face of 3 by 4 cells."""
    places = [coordinate("y", [0.1, 0.3, 0.5], "m"), coordinate("z", [0.0, 0.1, 0.2, 0.4], "m")]
    return flux(("y", "z"), places, (3, 4), "incident_flux", spectrum)


def flux(dims, coordinates, shape, name, spectrum, **changed):
    full = (*shape, spectrum.n_band) if spectrum is BANDS else shape
    kind = "incident" if name == "G" else "radiometer"
    given = {
        "value": 1000.0 * random(*full), "name": name, "error_bound": random(*full),
        "error_estimate": 10.0 * random(*full), "view": 4.0 * np.pi if name == "G" else np.pi, "stats": STATS,
        "config": CONFIG | {"sensor": {"kind": kind}}, "spectrum": spectrum, "spectral": spectrum is BANDS,
    }  # fmt: skip
    return FluxResult.build(dims, coordinates, **given | changed)


def heat(spectrum=GREY, grid=None, mask=None, **changed):
    """The heat of a volume, two of its cells solid."""
    grid = rte.Cartesian([0, 1, 3, 7], [0, 1, 2, 3, 5], [0, 2, 3]) if grid is None else grid
    bands = (spectrum.n_band,) if spectrum is BANDS else ()
    walls = {name: random(*across(grid.shape, n), *bands) for n, name in enumerate(FACES)}
    if mask is None:
        mask = np.zeros(grid.shape, dtype=bool)
        mask.flat[:2] = True
    solid = random(int(mask.sum()), *bands)
    budget = {"emitted": 100.0, "absorbed": 40.0, "to_x_min": 50.0, "to_solids": 9.0, "residual": 1.0,
              "residual_relative": 0.01}  # fmt: skip
    given = {
        "G": random(*grid.shape, *bands), "emission": 2.0 * random(*grid.shape, *bands),
        "div_q": random(*grid.shape, *bands) - 1.5, "error_estimate": 0.1 * random(*grid.shape, *bands),
        "G_error_estimate": 0.1 * random(*grid.shape, *bands),
        "limited": random(*grid.shape, *bands) > 1.5, "wall_net_flux": walls,
        "wall_incident_flux": {name: 2.0 * values for name, values in walls.items()},
        "wall_error_estimate": {name: 0.1 * values for name, values in walls.items()},
        "leaving_radiance": {**walls, "solids": solid}, "solid_mask": mask, "solid_heat": -solid,
        "budget": budget, "stats": STATS, "config": CONFIG | {"sensor": {"kind": "heat_source"}},
        "spectrum": spectrum, "spectral": spectrum is BANDS,
    }  # fmt: skip
    return HeatResult.build(grid, **given | changed)


def generic(shape, **changed):
    """What a user's sensor returns, of any number of dimensions."""
    dims = ("time", "height", "width")[: len(shape)]
    places = [coordinate(dim, 0.5 * np.arange(n), "m") for dim, n in zip(dims, shape, strict=True)]
    given = {
        "dims": dims, "coordinates": places, "error_estimate": 0.1, "stats": {}, "config": {},
        "spectrum": GREY,
    }  # fmt: skip
    return Result.build("power", random(*shape), "W", "power on the disk", **given | changed)
