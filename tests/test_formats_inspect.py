"""What inspect lists and guesses of files as different programs write them."""

from __future__ import annotations

import tomllib

import h5py
import numpy as np
import pytest

import raytrace_rte as rte
from raytrace_rte.formats import ranges
from raytrace_rte.formats.inspect import inspect
from raytrace_rte.formats.readers import hdf5 as reader

SHAPE = (3, 4, 5)


def guessed(path, **units):
    """The guessed map as tables; `units` fills in, by table, what is unknown, and values lie in cells."""
    chart = tomllib.loads(inspect(path).map_text)
    if units.pop("location", True) and chart["grid"]["location"] == "?":
        chart["grid"]["location"] = "cell"
    for table, unit in units.items():
        for entry in chart[table].values() if "fraction" in table else [chart[table]]:
            if entry.get("units") == "?":
                entry["units"] = unit
    return chart


@pytest.fixture
def cfd(tmp_path):
    """As converted by hand from a CFD code: attributes origin and dx, units in one sentence, many arrays."""
    path = tmp_path / "cfd.h5"
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 1, (5, *SHAPE))
    with h5py.File(path, "w") as file:
        file.attrs.update(
            {"origin": [-0.5, 0.0, 1.0], "dx": 0.25, "units": "T K, p Pa, X mole fractions, dx and origin m"}
        )
        file["t"] = np.linspace(0, 9, 100)
        for name, x in zip(("CO2", "H2O", "CH4", "O2", "N2"), X / X.sum(axis=0), strict=True):
            file[f"X_{name}"] = x.astype(np.float32)
            file[name] = 0.9 * x.astype(np.float32)
        options = {"compression": "gzip", "shuffle": True}
        file.create_dataset("T", data=rng.uniform(300, 1500, SHAPE).astype(np.float32), **options)
        file.create_dataset("p", data=np.full(SHAPE, 1e5, np.float32), **options)
        file["G"] = np.zeros(SHAPE)
    return path


def test_all_of_a_cfd_file_is_known(cfd):
    chart = guessed(cfd)
    assert chart["grid"]["origin"] == [-0.5, 0.0, 1.0]
    assert chart["grid"]["spacing"] == [0.25] * 3
    assert list(chart["mole_fraction"]) == ["CH4", "CO2", "H2O", "N2", "O2"]
    field = rte.read(cfd, map=chart)
    assert field.grid.shape == SHAPE
    np.testing.assert_allclose(field.grid.upper, [0.25, 1.0, 2.25])
    with h5py.File(cfd) as file:
        np.testing.assert_array_equal(field.temperature, file["T"])
        np.testing.assert_array_equal(field.mole_fraction["CO2"], file["X_CO2"])


@pytest.mark.parametrize("key", ["grid", "temperature", "pressure", "mole_fraction"])
def test_without_a_word_on_units_none_is_guessed(cfd, key):
    with h5py.File(cfd, "r+") as file:
        del file.attrs["units"], file["X_O2"]
    known = {"grid": "m", "temperature": "K", "pressure": "Pa", "mole_fraction": "1"}
    rte.read(cfd, map=guessed(cfd, **known))
    with pytest.raises(rte.InputError, match=r"unit of [a-z ]+ is missing"):
        rte.read(cfd, map=guessed(cfd, **{k: v for k, v in known.items() if k != key}))


def test_bare_species_are_said_to_be_either(cfd):
    with h5py.File(cfd, "r+") as file:
        for name in ("CO2", "H2O", "CH4", "O2", "N2"):
            del file[f"X_{name}"]
    text = inspect(cfd).map_text
    assert "[mass_fraction.CO2]" in text
    assert "does not say whether these are mass or mole fractions" in text


@pytest.mark.parametrize("named", ["scales", "sizes"])
def test_a_netcdf_order_of_axes_is_found(tmp_path, named):
    """By dimension scales where cells are as many along all axes, by sizes otherwise."""
    path = tmp_path / "les.nc"
    n = {"z": 4, "y": 4, "x": 4} if named == "scales" else {"z": 5, "y": 4, "x": 3}
    T = np.random.default_rng(0).uniform(300, 900, (2, *n.values()))
    with h5py.File(path, "w") as file:
        file["T"] = T
        file["T"].attrs["units"] = "K"
        for dim, (axis, size) in enumerate(n.items(), 1):
            file[axis] = np.linspace(0, 1, size) ** 1.5
            file[axis].attrs["units"] = np.bytes_("m")
            if named == "scales":
                file[axis].make_scale(axis)
                file["T"].dims[dim].attach_scale(file[axis])
        file["p"] = 1e5
        file["p"].attrs["units"] = "Pa"
    chart = guessed(path)
    assert chart["grid"]["axis_order"] == ["z", "y", "x"]
    assert chart["temperature"]["select"] == "0, :, :, :"
    np.testing.assert_array_equal(rte.read(path, map=chart).temperature, T[0].transpose())


@pytest.mark.parametrize(
    ("name", "size", "location"),
    [("x", 3, "?"), ("xc", 3, "cell"), ("x_centers", 3, "cell"), ("xf", 4, "cell"), ("x_nodes", 3, "point")],
)
def test_cells_or_points(tmp_path, name, size, location):
    path = tmp_path / "line.h5"
    with h5py.File(path, "w") as file:
        file["T"], file[name] = np.full(3, 900.0), np.arange(float(size))
    chart = guessed(path, temperature="K", location=False)
    assert chart["grid"]["location"] == location
    assert chart["grid"]["x"] == {"dataset": name, "units": "?"}


def test_the_map_of_a_native_field_reads_it(tmp_path):
    path = tmp_path / "native.h5"
    grid = rte.uniform((0, 0, 0), (1, 1, 1), SHAPE)
    T, X = np.full(SHAPE, 900.0), np.full(SHAPE, 0.1)
    rte.write(rte.Field(grid, T, np.asarray(1e5), {"CO2": X, "CH3OH": X}, 1e-7 * X, X), path)
    chart = guessed(path)
    assert list(chart["mole_fraction"]) == ["CO2"]  # only species of which one hears in radiation
    field = rte.read(path, map=chart)
    np.testing.assert_array_equal(field.grid.x, grid.x)
    np.testing.assert_array_equal(field.soot_volume_fraction, 1e-7 * X)


def test_columns_without_names_are_told(tmp_path):
    path = tmp_path / "flame.h5"
    with h5py.File(path, "w") as file:
        file["T"], file["Y"] = np.full(3, 900.0), np.ones((3, 2))
    assert "# Y holds 2 columns, but 0 species names were found" in inspect(path).map_text


@pytest.mark.parametrize("dtype", [">f4", "<f8", "i2"])
def test_ranges_are_those_of_the_data_read_in_pieces(tmp_path, monkeypatch, dtype):
    path = tmp_path / "big.h5"
    data = np.random.default_rng(0).uniform(-1000, 1000, (3, 40, 7, 5)).astype(dtype)
    if data.dtype.kind == "f":
        data[2, 30, 1, 2] = np.nan
    with h5py.File(path, "w") as file:
        file["whole"] = data
        file.create_dataset("chunked", data=data, chunks=(1, 16, 4, 5), compression="gzip")
    sizes = []
    monkeypatch.setattr(ranges, "CHUNK", 200)
    read = reader.values
    monkeypatch.setattr(reader, "values", lambda *a: sizes.append(read(*a)) or sizes[-1])
    for row in inspect(path).rows:
        assert (row.range.low, row.range.high) == (np.nanmin(data), np.nanmax(data))
        assert row.range.nans == np.isnan(data).sum()
    assert max(piece.size for piece in sizes) <= 16 * 35


def test_the_listing_shows_text_numbers_groups_and_oddities(tmp_path):
    path = tmp_path / "odd.h5"
    with h5py.File(path, "w") as file:
        file["names"] = np.array([b"a", b"b"])
        file["pairs"] = np.zeros(2, dtype=[("a", "f8"), ("b", "i4")])
        file["nothing"] = np.zeros((0, 3))
        file["null"] = h5py.Empty("f8")
        file["lost"] = np.full(3, np.nan)
        file["one"] = 2.5
        file["one"].attrs["units"] = b"bar"
        file.create_group("g").attrs["long"] = "word " * 100
        file["gone"] = h5py.SoftLink("/nowhere")
        file['quote"d'] = np.ones((3, 3))
    lines = {line.split()[0]: line for line in str(inspect(path)).splitlines()[2:]}
    assert "one number" in lines["one"]
    assert "2.5" in lines["one"]
    assert "bar" in lines["one"]
    assert lines["lost"].split()[-1] == "3"
    assert "0 x 3" in lines["nothing"]
    assert {"names", "pairs", "null"} <= set(lines)
    assert max(map(len, lines.values())) < 250
    with pytest.raises(rte.InputError, match=r"dataset '\?' is missing"):
        rte.read(path, map=guessed(path, temperature="K", grid="m"))
