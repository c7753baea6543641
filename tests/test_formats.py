"""Native fields, field maps, inspect: round trips and bad input."""

from __future__ import annotations

import tomllib
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import raytrace_rte as rte
from raytrace_rte.formats.inspect import inspect
from raytrace_rte.formats.molar import molar_mass

SHAPE = (3, 4, 5)


def gas(dtype=np.float64, **changes) -> rte.Field:
    """A small field with everything in it."""
    rng = np.random.default_rng(5)
    values = {
        "grid": rte.Cartesian([0, 1, 3, 4], np.linspace(-1, 1, 5), np.linspace(0, 2, 6)),
        "temperature": rng.uniform(300, 2000, SHAPE).astype(dtype),
        "pressure": np.asarray(101325.0),
        "mole_fraction": {"H2O": rng.uniform(0, 0.2, SHAPE).astype(dtype), "CO2": np.full(SHAPE, 0.1, dtype)},
        "soot_volume_fraction": rng.uniform(0, 1e-6, SHAPE).astype(dtype),
        "absorption_coefficient": rng.uniform(0, 5, SHAPE).astype(dtype),
        "provenance": "made up",
        "heat_release": rng.normal(0, 1e6, SHAPE).astype(dtype),
        "density": rng.uniform(0.2, 1.2, SHAPE).astype(dtype),
        "valid": rng.random(SHAPE) > 0.2,
        "time": 0.125,
    }
    return rte.Field(**(values | changes))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.sampled_from([np.float32, np.float64]), st.booleans(), st.booleans())
def test_native_fields_come_back_bit_for_bit(dtype, compression, slab):
    import tempfile

    field = gas(dtype)
    if slab:
        field = rte.Field(rte.Cartesian([0, 1, 3]), np.array([[[500.0]], [[600.0]]], dtype=dtype),
                          absorption_coefficient=np.ones((2, 1, 1), dtype=dtype))  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "field.h5"
        rte.write(field, path, compression=compression)
        back = rte.read(path)
        with h5py.File(path) as file:
            file.visititems(lambda _, o: isinstance(o, h5py.Group) or o.attrs["units"])
    assert back.time == field.time
    for name in ("temperature", "pressure", "soot_volume_fraction", "absorption_coefficient", "heat_release",
                 "density", "valid"):  # fmt: skip
        a, b = getattr(field, name), getattr(back, name)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
    for a, b in zip(field.grid, back.grid, strict=True):
        np.testing.assert_array_equal(a, b)
    assert back.mole_fraction.keys() == field.mole_fraction.keys()
    assert back.provenance == field.provenance
    assert len(back.source_sha256) == 64


def test_bands_come_back(tmp_path):
    bands = rte.Spectrum.bands([[0.0, 2e-6], [4e-6, np.inf]], ["short", "long"])
    kappa = np.random.default_rng(1).uniform(0, 5, (*SHAPE, 2))
    rte.write(gas(absorption_coefficient=kappa, spectrum=bands), tmp_path / "f.h5")
    back = rte.read(tmp_path / "f.h5")
    np.testing.assert_array_equal(back.absorption_coefficient, kappa)
    assert back.spectrum.to_dict() == bands.to_dict()


def test_a_file_of_version_1_is_read_as_it_was_written():
    path = Path(__file__).parent / "reference" / "field_v1.h5"
    field = rte.read(path)
    rng = np.random.default_rng(5)
    np.testing.assert_array_equal(field.temperature, rng.uniform(300, 2000, SHAPE).astype(np.float32))
    np.testing.assert_array_equal(field.mole_fraction["H2O"], rng.uniform(0, 0.2, SHAPE).astype(np.float32))
    np.testing.assert_array_equal(field.soot_volume_fraction, rng.uniform(0, 1e-6, SHAPE))
    np.testing.assert_array_equal(field.absorption_coefficient, rng.uniform(0, 5, SHAPE))
    np.testing.assert_array_equal(field.grid.y, np.linspace(-1, 1, 5))
    assert (field.pressure, field.provenance) == (101325.0, "made up: a field of version 1")
    assert field.valid is field.time is field.spectrum is None


def test_units_are_converted(tmp_path):
    path = tmp_path / "f.h5"
    rte.write(gas(), path)
    with h5py.File(path, "r+") as file:
        for name, unit, scale, offset in (
            ("grid/x", "cm", 100, 0),
            ("temperature", "degC", 1, -273.15),
            ("pressure", "atm", 1 / 101325, 0),
            ("mole_fraction/H2O", "%", 100, 0),
            ("absorption_coefficient", "1/cm", 0.01, 0),
            ("heat_release", "kW/cm3", 1e-9, 0),
            ("density", "g/cm3", 1e-3, 0),
        ):
            file[name][...] = file[name][...] * scale + offset
            file[name].attrs["units"] = unit
    back, field = rte.read(path), gas()
    np.testing.assert_allclose(back.grid.x, field.grid.x, rtol=1e-14)
    np.testing.assert_allclose(back.temperature, field.temperature, rtol=1e-14)
    np.testing.assert_allclose(back.pressure, field.pressure, rtol=1e-14)
    np.testing.assert_allclose(back.mole_fraction["H2O"], field.mole_fraction["H2O"], rtol=1e-14)
    np.testing.assert_allclose(back.heat_release, field.heat_release, rtol=1e-14)
    np.testing.assert_allclose(back.density, field.density, rtol=1e-14)
    np.testing.assert_allclose(back.absorption_coefficient, field.absorption_coefficient, rtol=1e-14)


def edit(path, **datasets):
    """Write a native file and change datasets: an array, None to delete, or a unit as text."""
    rte.write(gas(valid=np.ones(SHAPE, bool)), path)
    with h5py.File(path, "r+") as file:
        for name, value in datasets.items():
            name = name.replace("__", "/")
            if isinstance(value, str):
                file[name].attrs["units"] = value
                continue
            units = file[name].attrs["units"]
            del file[name]
            if value is not None:
                file[name] = value
                file[name].attrs["units"] = units
    return path


def with_cell(value, base=500.0):
    a = np.full(SHAPE, base)
    a[1, 2, 3] = value
    return a


def truncated(path):
    rte.write(gas(), path)
    path.write_bytes(path.read_bytes()[:3000])
    return path


def text_file(path):
    path.write_text("no HDF5", encoding="utf-8")
    return path


def without_unit(path):
    rte.write(gas(), path)
    with h5py.File(path, "r+") as file:
        del file["temperature"].attrs["units"]
    return path


def newer(path):
    rte.write(gas(), path)
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = 99
    return path


def foreign(path):
    with h5py.File(path, "w") as file:
        file["T"] = np.ones(SHAPE)
    return path


BAD_FIELDS = {
    "no such file": lambda p: p,
    "is a directory": lambda p: p.parent,
    "is not an HDF5 file": text_file,
    "truncated": truncated,
    "is HDF5 but not a native field, and it leaves open": foreign,
    "or in the field map that `raytrace-rte inspect": foreign,
    "schema_version is 99": newer,
    "dataset 'temperature' is missing": lambda p: edit(p, temperature=None),
    "dataset 'temperature': the unit of temperature is missing": without_unit,
    "dataset 'temperature': unknown unit 'degK'": lambda p: edit(p, temperature="degK"),
    "(did you mean 'degC'?)": lambda p: edit(p, temperature="degCC"),
    "temperature: found shape (3, 4); expected (3, 4, 5)": lambda p: edit(p, temperature=np.ones((3, 4))),
    "the axes look transposed": lambda p: edit(p, temperature=np.ones((5, 4, 3))),
    "temperature: cell (1, 2, 3) is nan": lambda p: edit(p, temperature=with_cell(np.nan)),
    "temperature: cell (1, 2, 3) is -5 (1 of 60": lambda p: edit(p, temperature=with_cell(-5.0)),
    "degrees Celsius: give the unit as degC": lambda p: edit(p, temperature=with_cell(20.0, base=25.0)),
    "set allow_cold = true": lambda p: edit(p, temperature=with_cell(20.0, base=25.0)),
    "absorption_coefficient: cell (1, 2, 3) is -1": lambda p: edit(p, absorption_coefficient=with_cell(-1.0)),
    "mole_fraction/H2O: cell (1, 2, 3) is 12": lambda p: edit(
        p, mole_fraction__H2O=with_cell(12.0, base=0.1)
    ),
    "sum of mole fractions: cell (1, 2, 3)": lambda p: edit(p, mole_fraction__H2O=with_cell(0.95, base=0.1)),
    "positions must increase, but face 1": lambda p: edit(p, grid__x=np.array([0.0, 2.0, 1.0, 3.0])),
    "found data of type": lambda p: edit(p, temperature=np.full(SHAPE, b"hot")),
    "dataset 'time' has shape (2,)": lambda p: edit(p, time=np.ones(2)),
    "dataset 'valid' holds 2; expected 1 in cells": lambda p: edit(p, valid=np.full(SHAPE, 2)),
    "heat_release: found shape (3, 4)": lambda p: edit(p, heat_release=np.ones((3, 4))),
    "pressure: value is -1": lambda p: edit(p, pressure=-1.0),
}


@pytest.mark.parametrize("message", BAD_FIELDS)
def test_bad_files_give_one_message_with_the_path(message, tmp_path):
    path = tmp_path / "field.h5"
    with pytest.raises(rte.InputError) as caught:
        rte.read(BAD_FIELDS[message](path))
    assert message in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_cold_gas_is_accepted_when_said_so(tmp_path):
    path = edit(tmp_path / "cold.h5", temperature=np.full(SHAPE, 77.0))
    assert rte.read(path, allow_cold=True).temperature.max() == 77.0


def test_rounding_below_zero_is_zero():
    assert gas(mole_fraction={"CO2": with_cell(-1e-9, base=0.1)}).mole_fraction["CO2"][1, 2, 3] == 0.0


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "f.h5"
    rte.write(gas(), path)
    before = path.read_bytes()
    monkeypatch.setattr(
        "os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(rte.InputError, match="No space left on device"):
        rte.write(gas(np.float32), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


CARTESIAN_MAP = """
[grid]
axis_order = ["z", "x", "y"]
location = "cell"
x = { dataset = "geo/xc", units = "mm" }
y = { dataset = "geo/yf", units = "m" }
z = { dataset = "geo/zf" }
[temperature]
dataset = "state/T"
units = "degC"
select = "1, :, :, :"
[pressure]
value = 1.0
units = "atm"
[mole_fraction.CO2]
dataset = "state/CO2"
units = "ppm"
"""


@pytest.fixture
def foreign_file(tmp_path):
    """Arrays ordered z, x, y with two times; x given by centres in mm and descending, y and z by faces."""
    path = tmp_path / "other.h5"
    rng = np.random.default_rng(1)
    T = rng.uniform(20, 1500, (2, 5, 3, 4))
    X = rng.uniform(0, 1e5, (5, 3, 4))
    with h5py.File(path, "w") as file:
        file["geo/xc"] = np.array([500.0, 300.0, 100.0])
        file["geo/yf"] = np.linspace(0, 1, 5)
        file["geo/zf"] = np.linspace(0, 2, 6)
        file["geo/zf"].attrs["units"] = "m"
        file["state/T"], file["state/CO2"] = T, X
    return path, T, X


def test_a_map_reads_any_order_unit_and_time(foreign_file, tmp_path):
    path, T, X = foreign_file
    chart = tmp_path / "map.toml"
    chart.write_text(CARTESIAN_MAP, encoding="utf-8")
    field = rte.read(path, map=chart)
    np.testing.assert_allclose(field.grid.x, [0, 0.2, 0.4, 0.6], atol=1e-15)
    np.testing.assert_allclose(field.temperature, T[1].transpose(1, 2, 0)[::-1] + 273.15)
    np.testing.assert_allclose(field.mole_fraction["CO2"], X.transpose(1, 2, 0)[::-1] * 1e-6)
    assert field.pressure == 101325.0
    assert rte.read(path, map=tomllib.loads(CARTESIAN_MAP)).grid.shape == (3, 4, 5)


BAD_MAPS = {
    "unknown key 'datset' (did you mean 'dataset'?)": ('dataset = "state/T"', 'datset = "state/T"'),
    "unknown key 'temprature'": ("[temperature]", "[temprature]"),
    "lacks the key 'location'": ('location = "cell"', ""),
    "the unit of temperature is missing": ('units = "degC"', 'units = "?"'),
    "dataset 'state/CO' is missing (did you mean 'state/CO2'?)": ('"state/CO2"', '"state/CO"'),
    "found 4 axes": ('select = "1, :, :, :"', ""),
    "select is '7, :, :, :'": ('"1, :, :, :"', '"7, :, :, :"'),
    "found 5 positions; expected 3 (centres) or 4 (faces)": ('"geo/xc"', '"geo/yf"'),
    "each axis may stand once": ('["z", "x", "y"]', '["z", "x", "x"]'),
    "needs either a dataset or a value": ('value = 1.0\nunits = "atm"', 'units = "atm"'),
    "not a readable TOML file": ("[grid]", "[grid"),
    "it needs origin with 3 numbers": ('x = { dataset = "geo/xc", units = "mm" }', ""),
}


@pytest.mark.parametrize("message", BAD_MAPS)
def test_bad_maps_give_one_message(message, foreign_file, tmp_path):
    old, new = BAD_MAPS[message]
    assert old in CARTESIAN_MAP
    chart = tmp_path / "map.toml"
    chart.write_text(CARTESIAN_MAP.replace(old, new), encoding="utf-8")
    with pytest.raises(rte.InputError) as caught:
        rte.read(foreign_file[0], map=chart)
    assert message in str(caught.value)


def flame_like(path):
    """As Cantera saves a 1-D flame: points, no units, Y with the species named in an attribute."""
    n = 20
    rng = np.random.default_rng(2)
    Y = rng.uniform(0, 1, (n, 4))
    Y /= Y.sum(axis=1, keepdims=True)
    Y[0] = [-1e-14, 0, 0, 1]
    with h5py.File(path, "w") as file:
        group = file.create_group("flame/flame")
        group.attrs["components"] = ["grid", "T", "velocity", "H2O", "CO2", "CH2(S)", "N2"]
        group["grid"] = np.linspace(0, 0.02, n) ** 1.2
        group["T"] = 300 + 1500 * np.exp(-(np.linspace(-2, 2, n) ** 2))
        group["velocity"] = np.zeros(n)
        group["Y"] = Y
    return Y


def test_inspect_guesses_the_map_of_a_flame_but_no_unit(tmp_path):
    path = tmp_path / "flame.h5"
    Y = flame_like(path)
    inspection = inspect(path)
    assert "flame/flame/T" in str(inspection)
    assert not inspection.native
    text = inspection.map_text
    with pytest.raises(rte.InputError, match=r"unit of .* is missing"):
        rte.read(path, map=tomllib.loads(text.replace('location = "?"', 'location = "point"')))
    for key, unit in (('flame/T"\n', "K"), ("101325.0\n", "Pa")):
        text = text.replace(f'{key}units = "?"', f'{key}units = "{unit}"')
    text = text.replace('grid", units = "?"', 'grid", units = "m"').replace('units = "?"', 'units = "1"')
    text = text.replace('location = "?"', 'location = "point"')
    field = rte.read(path, map=tomllib.loads(text))
    assert field.grid.shape == (20, 1, 1)
    masses = np.array([18.015, 44.009, 14.027, 28.014])
    X = Y / masses / (Y / masses).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(field.mole_fraction["CO2"][:, 0, 0], X[:, 1], rtol=1e-12)
    # point data: as many dual cells, faces at mid-points
    points = np.linspace(0, 0.02, 20) ** 1.2
    np.testing.assert_allclose(field.grid.x[1:-1], 0.5 * (points[1:] + points[:-1]), rtol=1e-14)
    assert (field.grid.x[0], field.grid.x[-1]) == (points[0], points[-1])


def test_inspect_guesses_origin_and_spacing(tmp_path):
    path = tmp_path / "cfd.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update({"origin": [-0.5, 0, 1], "dx": 0.25, "units": "T K, dx and origin m"})
        file["T"] = np.full(SHAPE, 900.0)
        file["T"].attrs["units"] = "K"
        file["X_CO2"] = np.full(SHAPE, 0.1)
        file["p"] = np.full(SHAPE, 1e5)
    text = inspect(path).map_text.replace('location = "?"', 'location = "cell"')
    text = text.replace('[pressure]\ndataset = "p"\nunits = "?"',
                                          '[pressure]\ndataset = "p"\nunits = "Pa"')  # fmt: skip
    field = rte.read(path, map=tomllib.loads(text.replace('units = "?"', 'units = "1"')))
    np.testing.assert_allclose(field.grid.lower, [-0.5, 0, 1])
    np.testing.assert_allclose(field.grid.upper, [0.25, 1, 2.25])
    assert (field.temperature == 900).all()


def test_inspect_says_when_a_file_is_native(tmp_path):
    path = tmp_path / "f.h5"
    rte.write(gas(), path)
    assert inspect(path).native
    assert "a native field" in str(inspect(path))


def test_mass_fractions_need_all_species(tmp_path):
    path = tmp_path / "y.h5"
    with h5py.File(path, "w") as file:
        file["T"], file["Y"] = np.full(4, 900.0), np.full(4, 0.2)
    chart = {
        "grid": {"axis_order": ["x"], "location": "cell", "origin": [0.0], "spacing": [0.1], "units": "m"},
        "temperature": {"dataset": "T", "units": "K"},
        "pressure": {"value": 1e5, "units": "Pa"},
        "mass_fraction": {"CO2": {"dataset": "Y", "units": "1"}},
    }
    with pytest.raises(rte.InputError, match='balance = "N2"'):
        rte.read(path, map=chart)
    X = rte.read(path, map=chart | {"balance": "N2"}).mole_fraction["CO2"]
    moles = 0.2 / 44.009, 0.8 / 28.014
    np.testing.assert_allclose(X, moles[0] / sum(moles), rtol=1e-12)


def test_molar_masses():
    assert molar_mass("CH4") == pytest.approx(16.043)
    assert molar_mass("C2H5OH") == pytest.approx(46.069)
    assert molar_mass("CH2(S)") == molar_mass("CH2")
    with pytest.raises(rte.InputError, match="not a formula of known elements"):
        molar_mass("soot")
