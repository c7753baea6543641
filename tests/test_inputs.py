"""Every public door refuses wrong things with one InputError that names the argument."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest
import xarray

import built
import raytrace_rte as rte

GRID = rte.uniform((0, 0, 0), (1, 1, 1), (2, 3, 4))
ONES = np.ones(GRID.shape)
HOT = rte.Field(GRID, 900.0 * ONES, np.asarray(1e5), {"H2O": 0.1 * ONES}, absorption_coefficient=ONES)
GASES = rte.Field(GRID, 900.0 * ONES, np.asarray(1e5), {"H2O": 0.1 * ONES, "CO2": 0.1 * ONES})
SOOTY = rte.Field(GRID, 900.0 * ONES, soot_volume_fraction=1e-7 * ONES)
MEDIUM = rte.Medium(GRID, ONES, ONES)
LINE = {"units": "m"}
DATASET = xarray.Dataset({"T": ("x", [900.0, 950.0], {"units": "degC"})}, {"x": ("x", [0.0, 1.0], LINE)})
COLOURS = rte.Response.top_hat(1e-6, 2e-6), rte.Response.top_hat(2e-6, 3e-6)
SEEN = rte.solve(
    rte.absorption.soot_bands(SOOTY, [1e-6, 2e-6, 3e-6]), rte.Rays([-1, 0.4, 0.4], [1, 0, 0]), threads=1
)
TETRAHEDRON = ([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])

TABLE = rte.absorption.BandTable([1e-6, 2e-6], [300.0, 900.0], [1e5], {"H2O": np.ones((2, 1, 1))})

RESULTS = (
    "Result", "RadianceResult", "FluxResult", "HeatResult", "DetectorResult", "TwoColourResult", "SpectralResult",
    "Comparison", "SeriesResult",
)  # fmt: skip
FLAT = rte.Field(
    rte.Cartesian([0, 1, 2], z=[0, 1]), np.full((2, 1, 1), 900.0), absorption_coefficient=np.ones((2, 1, 1))
)
ROUND = rte.uniform((-2, -2, 0), (2, 2, 1), (2, 2, 1))
OBJECTS = {"image": built.image(), "fluxes": built.fluxes(), "medium": MEDIUM, "spectrum": built.BANDS}
"""What methods are called on."""

VALID = {
    "Cartesian": {"x": [0, 1, 2], "y": [0, 1], "z": [0, 1]},
    "uniform": {"lower": (0, 0, 0), "upper": (1, 1, 1), "shape": (2, 2, 2)},
    "Field": {
        "grid": GRID, "temperature": 900.0 * ONES, "pressure": 1e5, "mole_fraction": {"H2O": 0.1 * ONES},
        "soot_volume_fraction": 1e-6 * ONES, "absorption_coefficient": ONES, "provenance": "made up",
        "source_sha256": "", "allow_cold": False, "heat_release": ONES, "time": 1.0, "valid": ONES > 0,
        "density": ONES, "spectrum": None, "notes": ["read by hand"],
    },
    "Medium": {"grid": GRID, "kappa": ONES, "source": ONES, "spectrum": None, "provenance": None},
    "Medium.open": {"folder": "no folder"},
    "Spectrum.weighted": {"coefficients": "bordbar2014", "mole_ratio": 1.0, "soot": True},
    "Spectrum.bands": {"edges": [1e-6, 2e-6, 3e-6], "names": ["a", "b"]},
    "Spectrum.tabulated": {"temperature": [300.0, 900.0], "radiance": [[1.0], [2.0]], "names": ["a"]},
    "Spectrum.from_callable": {"function": lambda T: [T], "n_band": 1},
    "Spectrum.from_dict": {"data": {"kind": "grey"}},
    "Auto": {"rtol": 1e-3, "atol": 1e-3, "transmittance": False},
    "March": {"order": 2, "stop": 1.0},
    "Thick": {"terms": 2},
    "Thin": {},
    "Threshold": {"delta": 30.0, "terms": 2},
    "blackbody": {"temperature": 300.0},
    "brightness_temperature": {"intensity": 100.0},
    "black": {"temperature": 300.0, "y_min": 400.0},
    "grey": {"temperature": 300.0, "emissivity": 0.5, "y_min": 400.0},
    "open_": {"temperature": 300.0, "y_min": 400.0},
    "mirror": {},
    "periodic": {},
    "solids": {"mask": np.eye(3)[..., None] > 0, "temperature": 300.0, "emissivity": 0.5},
    "mesh": {"source": TETRAHEDRON, "temperature": 300.0, "emissivity": 0.5, "scale": 1.0},
    "read": {
        "path": "no file", "map": None, "allow_cold": False, "time": "last", "units": {"T": "K"},
        "location": "cell", "options": {"part": "level 1"}, "no_data": 0.0, "valid": "valid", "markers": ["wall"],
        "grid": None, "shape": (2, 2, 2), "outside": "empty", "radius": "x",
    },
    "revolve": {"field": FLAT, "grid": ROUND, "radius": "x", "outside": "empty"},
    "from_xarray": {
        "ds": DATASET, "map": None, "allow_cold": False, "time": None, "units": {"T": "K"}, "location": "cell"
    },
    "write": {"field": HOT, "path": "no folder/f.h5", "compression": True},
    "sample": {"name": "activation-flame", "cells": 2, "activation": 8.0},
    "absorption.given": {"field": HOT},
    "absorption.planck_mean": {"field": HOT, "species": ["H2O"], "soot": True, "soot_constant": 1817.0},
    "absorption.wsgg": {"field": GASES, "coefficients": "bordbar2014", "soot": True, "soot_constant": 1817.0},
    "absorption.soot": {"field": SOOTY, "soot_constant": 1817.0},
    "absorption.soot_bands": {"field": SOOTY, "edges": [1e-6, 2e-6], "E_m": 0.26},
    "absorption.bands": {"field": HOT, "table": TABLE, "species": ["H2O"], "soot": True, "E_m": 0.26},
    "absorption.BandTable": {
        "edges": [1e-6, 2e-6], "temperature": [300.0, 900.0], "pressure": [1e5],
        "absorption": {"H2O": np.ones((2, 1, 1))}, "mole_fraction": {}, "names": ["a"], "source": "",
        "source_sha256": "",
    },
    "read_band_table": {"path": "no file"},
    "write_band_table": {"table": TABLE, "path": "no folder/t.h5"},
    "absorption.planck_coefficient": {"species": "H2O", "temperature": 900.0},
    "exact.isothermal_ray": {"tau": 1.0, "source": 1.0, "behind": 0.0},
    "exact.linear_ray": {"tau": 1.0, "near": 1.0, "far": 2.0, "behind": 0.0},
    "exact.exponential_ray": {"kappa": 1.0, "length": 1.0, "source": 1.0, "rate": 0.5},
    "exact.sphere_chord": {"radius": 1.0, "impact": 0.5},
    "exact.slab_flux": {"tau": 1.0},
    "exact.bender_orszag": {"delta": 10.0, "length": 10.0},
    "exact.bender_orszag_series": {"delta": 10.0, "terms": 2},
    "premixed.zeldovich_number": {"k": 10.0},
    "premixed.laplace": {"k": 10.0, "terms": 2},
    "premixed.eigenvalue": {"k": 10.0},
    "premixed.burnt_fraction": {"k": 10.0, "xi": [-1.0, 1.0]},
    "premixed.rate": {"k": 10.0, "theta": [0.5, 1.0]},
    "Rays": {"origin": [0, 0, 0], "direction": [1, 0, 0]},
    "camera": {
        "position": (0, -2, 0), "look_at": (0, 0, 0), "shape": (2, 3), "field_of_view_deg": 30.0,
        "up": (0, 0, 1),
    },
    "camera_orthographic": {
        "position": (0, -2, 0), "look_at": (0, 0, 0), "shape": (2, 3), "width": 1.0, "up": (0, 0, 1),
    },
    "line_of_sight": {"origin": (0, 0, 0), "direction": (1, 0, 0)},
    "radiometer": {"position": (0, 0, 0), "normal": (1, 0, 0), "view_angle_deg": 90.0, "directions": 20},
    "wall_flux": {"face": "x_min", "directions": 20},
    "mesh_flux": {"mesh": rte.mesh(TETRAHEDRON, 300.0), "directions": 20},
    "incident": {"points": [[0, 0, 0]], "directions": 20},
    "heat_source": {"directions": 20},
    "HeatSolver": {
        "grid": MEDIUM.grid, "walls": rte.black(300.0), "directions": 20, "method": rte.March(), "objects": [],
        "spectrum": None, "executor": None, "threads": 1,
    },
    "radiative_equilibrium": {
        "grid": MEDIUM.grid, "kappa": np.ones(MEDIUM.grid.shape), "walls": rte.black(300.0), "heat_release": 0.0,
        "directions": 20, "spectrum": None, "mole_ratio": None, "rtol": 1e-3, "threads": 1,
    },
    "solve": {
        "medium": MEDIUM, "sensor": rte.Rays([-1, 0.4, 0.4], [1, 0, 0]), "walls": rte.black(300.0),
        "method": rte.March(), "threads": 1, "progress": None, "store": None, "objects": [], "lean": False,
        "radiosity_directions": 20,
    },
    "solve_series": {
        "fields": [GASES, GASES], "sensor": rte.Rays([-1, 0.4, 0.4], [1, 0, 0]), "walls": rte.black(300.0),
        "method": rte.March(), "absorption": rte.absorption.planck_mean, "threads": 1, "progress": None,
        "store": None, "objects": [], "lean": False, "radiosity_directions": 20,
    },
    "compare": {
        "field": GASES, "sensor": rte.Rays([-1, 0.4, 0.4], [1, 0, 0]), "walls": rte.black(300.0),
        "models": ["planck_mean"], "methods": [rte.March()], "reference": None, "objects": [], "threads": 1,
        "progress": None, "store": None, "radiosity_directions": 20,
    },
    "Response": {"wavelength": [1e-6, 2e-6], "value": [0.5, 1.0], "name": None},
    "read_response": {"path": "no file", "name": None},
    "two_colour": {
        "result": SEEN, "response_a": COLOURS[0], "response_b": COLOURS[1], "assumption": "grey", "least": 1e-6,
    },
    "load": {"path": "no file"},
    "Serial": {},
    "Threads": {"n": 2},
    "Dask": {"client": "refused", "folder": None},
    "Store": {"folder": "kept", "key": None, "resume": True},
    "Variable": {
        "name": "a", "dims": ("x",), "values": [1.0], "unit": "m", "long_name": "a thing", "trust": "",
    },
    "Table": {"variables": (), "attributes": {}},
    **{name: {"table": built.image().table, "spectrum": None} for name in RESULTS},
    "Result.build": {
        "name": "power", "value": [1.0], "unit": "W", "long_name": "power", "dims": ("x",),
        "coordinates": [], "error_bound": [0.1], "error_estimate": None, "more": [], "stats": {},
        "config": {}, "spectrum": built.GREY,
    },
    "image.save": {"path": "no folder/a.h5"},
    "image.plot": {"path": None, "quantity": None, "up": "z"},
    "fluxes.net_flux": {"T_wall": 300.0, "emissivity": 0.5},
    "fluxes.gauge_flux": {"T_gauge": 300.0, "emissivity": 0.5},
    "medium.write": {"folder": "kept"},
    "medium.wall_emission": {"temperature": 300.0},
    "spectrum.wall_emission": {"temperature": 300.0},
}  # fmt: skip
"""Public name, or method of an object above -> arguments that it takes."""

ALSO = [
    (name, {"intensity": [1.0], **faces}) for name, faces in (("open_", {}), ("open_", {"x_max": 5.0}))
] + [
    ("radiometer", {"position": (0, 0, 0), "normal": (1, 0, 0), "rtol": 0.1, "max_rays": 20_000}),
    ("wall_flux", {"face": "x_min", "rtol": 0.1, "max_rays": 20_000}),
    ("incident", {"points": [[0, 0, 0]], "rtol": 0.1, "max_rays": 20_000}),
    (
        "solve",
        {name: value for name, value in VALID["solve"].items() if name != "threads"}
        | {"executor": rte.Serial()},
    ),
]
"""Other ways to call."""

ALLOWED = {
    ("blackbody", "temperature", "nan"): "what is computed from nan is nan",
    ("brightness_temperature", "intensity", "nan"): "what is computed from nan is nan",
    ("absorption.planck_coefficient", "temperature", "nan"): "what is computed from nan is nan",
    ("Field", "provenance", "word"): "text",
    ("Field", "source_sha256", "word"): "text",
    ("Field", "mole_fraction", "dict"): "refused, by the name of the species",
    ("Medium", "provenance", "dict"): "any dict",
    ("Medium.open", "folder", "word"): "a path, of which there is nothing",
    ("read", "options", "dict"): "whether a format has them is known with the format",
    ("read", "no_data", "nan"): "nan may stand for no data",
    ("read", "valid", "word"): "the name of an array",
    ("write", "path", "word"): "a path",
    ("sample", "name", "word"): "no sample of that name",
    ("absorption.planck_mean", "species", "word"): "no fit for that species",
    ("absorption.planck_coefficient", "species", "word"): "no fit for that species",
    ("absorption.bands", "species", "word"): "not in the table",
    ("absorption.BandTable", "source", "word"): "text",
    ("absorption.BandTable", "source_sha256", "word"): "text",
    ("write_band_table", "path", "word"): "a path",
    ("mesh", "source", "word"): "a path, of which there is nothing",
    ("compare", "reference", "word"): "no model of that name",
    ("Response", "name", "word"): "text",
    ("read_response", "path", "word"): "a path, of which there is nothing",
    ("read_response", "name", "word"): "text",
    ("load", "path", "word"): "a path, of which there is nothing",
    ("solve", "store", "word"): "a path",
    ("solve_series", "store", "word"): "a path",
    ("compare", "store", "word"): "a path",
    ("solve_series", "fields", "dict"): "its keys are paths, of which there is nothing",
    ("Store", "folder", "word"): "a path",
    ("Store", "key", "word"): "text",
    ("Dask", "folder", "word"): "a path",
    ("medium.write", "folder", "word"): "a path",
    ("image.save", "path", "word"): "a path, of which the suffix is wrong",
    ("image.plot", "path", "word"): "a path",
    ("image.plot", "quantity", "word"): "no quantity of that name",
    ("Variable", "name", "word"): "text",
    ("Variable", "unit", "word"): "text",
    ("Variable", "long_name", "word"): "text",
    ("Variable", "values", "word"): "values may be text",
    ("Table", "attributes", "dict"): "any mapping",
    ("Result.build", "name", "word"): "text",
    ("Result.build", "unit", "word"): "text",
    ("Result.build", "long_name", "word"): "text",
    ("Result.build", "stats", "dict"): "any mapping",
    ("Result.build", "config", "dict"): "any mapping",
}
"""(name, argument, wrong thing) -> why nothing has to be raised that names the argument."""

NOT_CALLED = {
    "InputError": "an exception",
    "Spectrum": "made by its class methods",
    "Scene": "made by solve, which checks what goes in",
    "Batch": "made by tasks",
    "RayTask": "made by sensors, in a scene",
    "Executor": "abstract",
    "Equilibrium": "made by radiative_equilibrium",
    "warmup": "compiles; its only argument is in test_warmup.py",
    "Sensor": "a protocol",
    "Task": "abstract",
}

WRONG = {
    "object": object(),
    "word": "word",
    "dict": {"a": 1},
    "ragged": [[1, 2], [3]],
    "complex": 1j,
    "None": None,
    "nan": float("nan"),
}


def public(name):
    """The public function or class of a dotted name, or the method of an object."""
    first, *rest = name.split(".")
    found = OBJECTS[first] if first in OBJECTS else getattr(rte, first)
    for part in rest:
        found = getattr(found, part)
    return found


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def wrong_calls():
    for name, valid in [*VALID.items(), *ALSO]:
        parameters = inspect.signature(public(name)).parameters
        for argument in valid:
            for label, thing in WRONG.items():
                default = parameters[argument].default if argument in parameters else inspect.Parameter.empty
                if (name, argument, label) in ALLOWED or (label == "None" and default is None):
                    continue
                if label == "nan" and not is_number(valid[argument]):
                    continue
                yield pytest.param(name, valid | {argument: thing}, argument, id=f"{name}-{argument}-{label}")


@pytest.mark.parametrize(("name", "arguments", "wrong"), list(wrong_calls()))
def test_wrong_things_are_refused_by_the_name_of_the_argument(name, arguments, wrong, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(rte.InputError) as caught:
        public(name)(**arguments)
    assert re.search(rf"\b{re.escape(wrong)}\b", str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", VALID)
def test_right_things_are_taken(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if name in (
        "read",
        "read_band_table",
        "read_response",
        "write_band_table",
        "load",
        "Medium.open",
        "write",
        "image.save",
        "Dask",
    ):  # no such file, folder or client
        with pytest.raises(rte.InputError, match=r"no f|no such|No such|client is"):
            public(name)(**VALID[name])
    else:
        public(name)(**VALID[name])


def test_every_public_name_is_walked():
    names = {name for name in rte.__all__ if callable(getattr(rte, name))}
    assert names == ({name for name in VALID if "." not in name} | set(NOT_CALLED))
    for module in ("exact", "premixed", "absorption"):
        functions = {
            f"{module}.{name}" for name, f in inspect.getmembers(public(module), inspect.isfunction)
            if not name.startswith("_")
        }  # fmt: skip
        own = {name for name in functions if public(name).__module__.startswith("raytrace_rte")}
        assert own <= set(VALID)


def test_each_wrong_thing_that_is_allowed_has_a_reason():
    for name, argument, label in ALLOWED:
        assert argument in VALID[name]
        assert label in WRONG
