"""Field maps: every way to say where cells are, what arrays mean, and what a mistake is told."""

from __future__ import annotations

import re
import tomllib
import tracemalloc
from itertools import permutations
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import raytrace_rte as rte
from raytrace_rte.formats.molar import mole_fractions

DOCS = (Path(__file__).parent.parent / "docs/formats.md").read_text(encoding="utf-8")
LENGTHS = {"x": 3, "y": 4, "z": 5}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A file with positions, T and kappa along x; stretched, descending and broken axes."""
    path = tmp_path_factory.mktemp("map") / "data.h5"
    with h5py.File(path, "w") as file:
        file["T"] = np.array([400.0, 500.0, 600.0], np.float32)
        file["kappa"] = np.array([1.0, 2.0, 3.0])
        file["x"] = np.array([1.0, 2.0, 4.0])
        file["down"] = np.array([4.0, 2.0, 1.0])
        file["faces"] = np.array([0.0, 1.0, 3.0, 6.0])
        file["faces_down"] = np.array([6.0, 3.0, 1.0, 0.0])
        file["twice"] = np.array([1.0, 1.0, 2.0])
        file["zigzag"] = np.array([0.0, 2.0, 1.0, 3.0])
        file["hole"] = np.array([0.0, np.nan, 2.0])
        file["square"] = np.ones((2, 2))
        file["four"] = np.full(4, 300.0)
        file["times"] = np.arange(12.0).reshape(4, 3) + 300
    return path


def along_x(location="cell", x="x", **tables):
    grid = {"axis_order": ["x"], "location": location, "x": {"dataset": x, "units": "m"}}
    state = {
        "temperature": {"dataset": "T", "units": "K"},
        "absorption_coefficient": {"dataset": "kappa", "units": "1/cm"},
    }
    return {"grid": grid} | state | tables


@pytest.mark.parametrize(
    ("location", "x", "faces", "turned"),
    [
        ("cell", "faces", [0, 1, 3, 6], False),
        ("cell", "faces_down", [0, 1, 3, 6], True),
        ("cell", "x", [0.5, 1.5, 3, 5], False),  # mid-points, the ends mirrored
        ("cell", "down", [0.5, 1.5, 3, 5], True),
        ("point", "x", [1, 1.5, 3, 4], False),
        ("point", "down", [1, 1.5, 3, 4], True),
    ],
)
def test_positions_become_faces(path, location, x, faces, turned):
    field = rte.read(path, map=along_x(location, x))
    np.testing.assert_array_equal(field.grid.x, faces)
    assert np.isinf(field.grid.y).all()
    T, kappa = [400, 500, 600], [100, 200, 300]
    np.testing.assert_array_equal(field.temperature.ravel(), T[::-1] if turned else T)
    np.testing.assert_array_equal(field.absorption_coefficient.ravel(), kappa[::-1] if turned else kappa)
    assert field.temperature.dtype == np.float32


@pytest.mark.parametrize(
    ("location", "faces"), [("cell", [1, 1.02, 1.04, 1.06]), ("point", [1, 1.01, 1.03, 1.04])]
)
def test_origin_and_spacing(path, location, faces):
    grid = {"axis_order": ["x"], "location": location, "origin": [100], "spacing": [2.0], "units": "cm"}
    np.testing.assert_allclose(rte.read(path, map=along_x() | {"grid": grid}).grid.x, faces, rtol=1e-15)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    st.integers(1, 3).flatmap(lambda n: st.sampled_from(list(permutations("xyz", n)))),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from([None, "gzip", "lzf"]),
)
def test_any_order_of_axes_any_dimension(tmp_path_factory, order, dtype, compression):
    path = tmp_path_factory.mktemp("order") / "data.h5"
    T = np.random.default_rng(1).uniform(300, 2000, [LENGTHS[axis] for axis in order]).astype(dtype)
    with h5py.File(path, "w") as file:
        file.create_dataset("T", data=T, compression=compression)
        for axis in order:
            file[axis] = np.arange(LENGTHS[axis] + 1.0) * 3
    grid = {a: {"dataset": a, "units": "mm"} for a in order} | {"axis_order": list(order), "location": "cell"}
    field = rte.read(path, map={"grid": grid, "temperature": {"dataset": "T", "units": "K"}})
    shape = tuple(LENGTHS[axis] if axis in order else 1 for axis in "xyz")
    assert field.grid.shape == shape
    assert field.temperature.dtype == dtype
    for cell in np.ndindex(shape):
        at = {axis: cell["xyz".index(axis)] for axis in order}
        assert field.temperature[cell] == T[tuple(at[axis] for axis in order)]


def test_single_numbers_fill_all_cells(path):
    chart = along_x(
        temperature={"value": 1000.0, "units": "degC"},
        pressure={"value": 1, "units": "atm"},
        soot_volume_fraction={"value": 2.0, "units": "ppm"},
        mole_fraction={"CO2": {"value": 10.0, "units": "%"}},
    )
    field = rte.read(path, map=chart)
    assert (field.temperature == 1273.15).all()
    assert field.temperature.shape == field.mole_fraction["CO2"].shape == field.grid.shape == (3, 1, 1)
    assert field.pressure == 101325.0
    assert (field.soot_volume_fraction == 2e-6).all()


@pytest.mark.parametrize(("select", "row"), [("2, :", 2), ("-1,:", 3), (" 0 , : ", 0)])
def test_select_picks_a_time(path, select, row):
    chart = along_x(temperature={"dataset": "times", "units": "K", "select": select})
    np.testing.assert_array_equal(
        rte.read(path, map=chart).temperature.ravel(), 300.0 + 3 * row + np.arange(3)
    )


def quantity(**keys):
    return {"dataset": "T", "units": "K"} | keys


BAD = {
    "dataset 'twice' ([grid] x of the field map): positions 0 and 1 are 1 m and 1 m": along_x(x="twice"),
    "positions 1 and 2 are 2 m and 1 m; expected all finite and increasing (or": along_x(x="zigzag"),
    "positions 0 and 1 are 0 m and nan m": along_x(x="hole"),
    "dataset 'square' ([grid] x of the field map): found shape (2, 2)": along_x(x="square"),
    "found 4 positions; expected 3;": along_x("point", "faces"),
    "dataset 'kapa' is missing (did you mean 'kappa'?)": along_x(
        absorption_coefficient=quantity(dataset="kapa", units="1/m")
    ),
    "unknown unit 'm' of absorption": along_x(absorption_coefficient=quantity(dataset="kappa", units="m")),
    "the unit of absorption is missing": along_x(absorption_coefficient={"dataset": "kappa"}),
    "the unit of length is missing": along_x()
    | {"grid": {"axis_order": ["x"], "location": "cell", "x": {"dataset": "x"}}},
    "dataset 'four' ([pressure] of the field map): found shape (4, 1, 1)": along_x(
        pressure=quantity(dataset="four", units="Pa")
    ),
    "found 2 axes, shape (4, 3); expected 1": along_x(temperature=quantity(dataset="times")),
    "select is ':, x'": along_x(temperature=quantity(dataset="times", select=":, x")),
    "select is '4, :' for shape (4, 3)": along_x(temperature=quantity(dataset="times", select="4, :")),
    "[temperature] needs either a dataset or a value": along_x(temperature=quantity(value=300.0)),
    "[temperature] has an unknown key 'unit' (did you mean 'units'?)": along_x(
        temperature=quantity(unit="K")
    ),
    "[temperature] dataset is 3": along_x(temperature=quantity(dataset=3)),
    "[mole_fraction] CO2 is 'T'; expected a table with dataset and units": along_x(
        mole_fraction={"CO2": "T"}
    ),
    "balance is the name of a species, at the top of the map": along_x(mass_fraction={"balance": "N2"}),
    "balance is the rest of mass fractions, and there are none": along_x(balance="N2"),
    "found mole_fraction and mass_fraction; expected one of the two": along_x(
        mole_fraction={"CO2": quantity(units="1")}, mass_fraction={"CO2": quantity(units="1")}
    ),
    "mass_fraction/CO2: cell (0, 0, 0) is 400 (3 of 3": along_x(
        mass_fraction={"CO2": quantity(units="1")}, balance="N2"
    ),
    "species 'soot' is not a formula": along_x(mass_fraction={"soot": {"value": 1.0, "units": "1"}}),
    "top level lacks the key 'temperature'": {"grid": along_x()["grid"]},
    "no quantity names a dataset": {"grid": along_x()["grid"], "temperature": {"value": 300.0, "units": "K"}},
    "[grid] location is 'node': input should be 'cell' or 'point'": along_x("node"),
    "spacing [0.0]; expected finite numbers, spacing above 0": along_x()
    | {"grid": {"axis_order": ["x"], "location": "cell", "origin": [0.0], "spacing": [0.0], "units": "m"}},
    "spacing [inf]; expected finite numbers": along_x()
    | {"grid": {"axis_order": ["x"], "location": "cell", "origin": [0.0], "spacing": [np.inf], "units": "m"}},
    "it needs spacing with 1 numbers for x; found [1.0, 1.0]": along_x()
    | {
        "grid": {
            "axis_order": ["x"],
            "location": "cell",
            "origin": [0.0],
            "spacing": [1.0, 1.0],
            "units": "m",
        }
    },
}


@pytest.mark.parametrize("message", BAD)
def test_each_mistake_has_its_message(message, path):
    with pytest.raises(rte.InputError) as caught:
        rte.read(path, map=BAD[message])
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_map_that_is_not_there_or_a_folder(path, tmp_path):
    with pytest.raises(rte.InputError, match=r"no such file; `raytrace-rte inspect FILE` writes one"):
        rte.read(path, map=tmp_path / "none.toml")
    with pytest.raises(rte.InputError, match="not a readable TOML file"):
        rte.read(path, map=tmp_path)


def test_one_position_says_no_width(tmp_path):
    path = tmp_path / "one.h5"
    with h5py.File(path, "w") as file:
        file["T"], file["x"] = [900.0], [0.5]
    chart = along_x()
    del chart["absorption_coefficient"]
    with pytest.raises(rte.InputError, match="give the two faces"):
        rte.read(path, map=chart)
    grid = {"axis_order": ["x"], "location": "point", "origin": [0.0], "spacing": [1.0], "units": "m"}
    with pytest.raises(rte.InputError, match="one point along x has no extent"):
        rte.read(path, map=chart | {"grid": grid})


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(0.01, 1), min_size=4, max_size=4))
def test_mass_fractions_and_back(weights):
    """X to Y by hand, and back by the program; a balance gives the same as naming all."""
    W = {"H2O": 18.015, "CO2": 44.009, "CH4": 16.043, "N2": 28.014}
    X = dict(zip(W, np.array(weights) / np.sum(weights), strict=True))
    mean = sum(X[s] * W[s] for s in W)
    Y = {s: np.array([X[s] * W[s] / mean]) for s in W}
    found = mole_fractions(Y, None, "here")
    for s in W:
        assert found[s] == pytest.approx(X[s], rel=1e-12)
    rest = Y.pop("N2")
    found = mole_fractions(Y, "N2", "here")
    assert "N2" not in found
    assert found["CO2"] == pytest.approx(X["CO2"], rel=1e-9)
    part = mole_fractions(Y | {"N2": 0.5 * rest}, "N2", "here")
    assert part["CO2"] == pytest.approx(X["CO2"], rel=1e-9)


def test_rounding_of_mass_fractions_below_zero():
    Y = {"H": np.array([-1e-7]), "N2": np.array([1.0])}
    assert mole_fractions(Y, None, "here")["H"][0] == 0.0


def test_mass_fractions_are_converted_in_pieces(tmp_path):
    n, names = 64, ("CO2", "H2O", "CH4")
    with h5py.File(tmp_path / "large.h5", "w") as file:
        file["T"] = np.full((n, n, n), 900.0, np.float32)
        for name in names:
            file[name] = np.full((n, n, n), 0.1, np.float32)
    chart = {
        "grid": {"location": "cell", "origin": [0.0] * 3, "spacing": [1.0] * 3, "units": "m"},
        "temperature": {"dataset": "T", "units": "K"},
        "mass_fraction": {name: {"dataset": name, "units": "1"} for name in names},
        "balance": "N2",
    }
    rte.read(tmp_path / "large.h5", map=chart)  # imports count before
    tracemalloc.start()
    field = rte.read(tmp_path / "large.h5", map=chart)
    peak = tracemalloc.get_traced_memory()[1] / n**3
    tracemalloc.stop()
    assert field.mole_fraction["CO2"].dtype == np.float32
    assert peak < 4 * (1 + 2 * len(names)) + 12  # bytes: T, what was read and what is made of it, and pieces


def test_the_example_of_the_docs_reads(tmp_path):
    path, shape = tmp_path / "flow.h5", (4, 3, 2)
    rng = np.random.default_rng(3)
    with h5py.File(path, "w") as file:
        for axis, n in zip("zyx", shape, strict=True):
            file[f"geometry/{axis}f"] = np.linspace(0, 100, n + 1)
        file["state/T"] = rng.uniform(20, 1500, (2, *shape))
        file["state/Y"] = rng.uniform(0, 0.2, (2, *shape, 5))
    (example,) = (b for b in re.findall(r"```toml\n(.*?)```", DOCS, flags=re.DOTALL) if "[grid]" in b)
    field = rte.read(path, map=tomllib.loads(example))
    assert field.grid.shape == (2, 3, 4)
    assert field.grid.x[-1] == pytest.approx(0.1)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(field.temperature, file["state/T"][-1].transpose() + 273.15)
    assert rte.absorption.planck_mean(field).kappa.max() > 0


def test_the_native_file_of_the_docs_reads(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = (
        c for c in re.findall(r"```python\n(.*?)```", DOCS, flags=re.DOTALL) if "raytrace_rte field" in c
    )
    exec(code, {})
    assert rte.read("hot.h5").grid.shape == (10, 10, 10)


def test_the_docs_list_every_unit():
    from raytrace_rte.units import KINDS

    table = DOCS[DOCS.index("## Units") : DOCS.index("## What is checked")]
    for known in KINDS.values():
        assert ", ".join(f"`{unit}`" for unit in known) in table
