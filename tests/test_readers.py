"""Readers: each format gives the same bits as the native file, and x, y and z are never swapped."""

from __future__ import annotations

import tracemalloc
from itertools import permutations

import h5py
import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import raytrace_rte as rte
from raytrace_rte.formats.cf import unpacked
from raytrace_rte.formats.inspect import inspect
from raytrace_rte.formats.order import contiguous
from raytrace_rte.formats.readers import READERS, opened, reader_of
from raytrace_rte.formats.source import Array
from written import ONE_ORDER, WRITERS, dataset, made, same

SHAPE = (3, 4, 5)
UNIFORM = [np.linspace(0.0, 3.0, 4), np.linspace(-1.0, 1.0, 5), np.linspace(0.0, 1.25, 6)]
STRETCHED = [
    np.array([0.0, 1.0, 3.0, 4.0]),
    np.linspace(-1.0, 1.0, 5) ** 3,
    np.array([0.0, 0.1, 0.3, 0.6, 1.0, 1.5]),
]
GRIDS = {"uniform": UNIFORM, "stretched": STRETCHED}
DIRECTIONS = {"along x": (1, 0, 0), "along y": (0, 1, 0), "along z": (0, 0, 1)}


def gas(dtype=np.float64):
    rng = np.random.default_rng(5)
    return {"T": rng.uniform(300, 2000, SHAPE).astype(dtype), "kappa": rng.uniform(0, 5, SHAPE).astype(dtype)}


def field(faces, arrays):
    return rte.Field(rte.Cartesian(*faces), arrays["T"], absorption_coefficient=arrays["kappa"])


def read(kind, path, **how):
    """Read with what formats without units of length are told."""
    return rte.read(path, units={"length": "m"} if kind == "xdmf" else None, **how)


CASES = [(kind, grid) for kind in WRITERS for grid in GRIDS if (kind, grid) != ("vtkhdf", "stretched")]
"""Formats and grids; stretched ones become hexahedra in VTKHDF."""


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("kind", "grid"), CASES)
def test_each_format_gives_the_field_of_the_native_file(kind, grid, dtype, tmp_path):
    arrays = gas(dtype)
    rte.write(field(GRIDS[grid], arrays), tmp_path / "native.h5")
    path = made(kind, tmp_path, GRIDS[grid], arrays)
    found, native = read(kind, path), rte.read(tmp_path / "native.h5")
    same(found, native, exact_grid=kind != "vtkhdf")
    assert len(found.source_sha256) == 64
    assert {"netcdf4": "netCDF-4"}.get(kind, reader_of(path).FORMAT) in found.provenance


@pytest.mark.parametrize("kind", WRITERS)
def test_what_is_converted_reads_as_the_file_itself(kind, tmp_path):
    path = made(kind, tmp_path, UNIFORM, gas())
    direct = read(kind, path)
    rte.write(direct, tmp_path / "native.h5")
    same(rte.read(tmp_path / "native.h5"), direct)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("kind", WRITERS)
def test_axes_of_a_cube_are_never_swapped(kind, direction, tmp_path):
    """As long along all axes, so that only names tell them; a gradient along one of them."""
    faces = [np.linspace(0.0, 1.0, 5)] * 3
    T = 500.0 + 100.0 * np.tensordot(DIRECTIONS[direction], np.indices((4, 4, 4)), 1)
    path = made(kind, tmp_path, faces, {"T": T})
    assert_array_equal(read(kind, path).temperature, T)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("down", ["", "x", "yz"])
@pytest.mark.parametrize("kind", ["netcdf3", "netcdf4", "hdf5", "zarr3"])
def test_any_order_of_axes_ascending_or_descending(kind, down, grid, tmp_path):
    arrays, orders = gas(), ["".join(p) for p in permutations("xyz")]
    for order in orders if kind != "zarr3" else orders[1:3]:
        (tmp_path / order).mkdir()
        path = made(kind, tmp_path / order, GRIDS[grid], arrays, order=order, down=down)
        same(rte.read(path), field(GRIDS[grid], arrays))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [">f4", ">f8", "<f2", "<f4", "<f8"])
def test_types_of_numbers_and_orders_in_memory(dtype, order, tmp_path):
    """Of HDF5, Zarr and memory, which have them all; netCDF-3 is big-endian throughout."""
    arrays = {name: np.asarray(a, dtype=dtype, order=order) for name, a in gas().items()}
    kept = np.float64 if dtype.endswith("8") else np.float32
    wanted = field(STRETCHED, {name: a.astype(kept) for name, a in arrays.items()})
    for kind in ("hdf5", "zarr3"):
        same(rte.read(made(kind, tmp_path, STRETCHED, arrays)), wanted)
    same(rte.from_xarray(dataset(STRETCHED, arrays)), wanted)


@pytest.mark.parametrize("kind", ["netcdf3", "netcdf4", "zarr2"])
def test_case_12_packed_numbers_are_unpacked(kind, tmp_path):
    """Packed int16 were read raw, as 1..15001 K for 300..1800."""
    T = np.linspace(300.0, 1800.0, 60).reshape(SHAPE)
    path = tmp_path / "packed"
    ds = dataset(UNIFORM, {"T": T})
    packing = {"T": {"dtype": "i2", "scale_factor": 0.1, "add_offset": 300.0, "_FillValue": -1}}
    ways = {
        "netcdf3": lambda: ds.to_netcdf(path, engine="scipy", encoding=packing),
        "netcdf4": lambda: ds.to_netcdf(path, engine="netcdf4", encoding=packing),
        "zarr2": lambda: ds.to_zarr(path, zarr_format=2, encoding=packing),
    }
    ways[kind]()
    found = rte.read(path)
    np.testing.assert_allclose(found.temperature, T, atol=0.051)
    assert found.valid is None
    with xarray.open_dataset(path, engine={"netcdf3": "scipy", "zarr2": "zarr"}.get(kind, kind)) as back:
        np.testing.assert_allclose(found.temperature, back["T"].transpose("x", "y", "z"), rtol=1e-6)
        same(rte.from_xarray(back), rte.read(path)) if back["T"].dtype == found.temperature.dtype else None


@pytest.mark.parametrize(
    ("about", "lost"),
    [
        ({"_FillValue": 9.97e36}, [9.97e36]),
        ({"missing_value": -999.0}, [-999.0]),
        ({"valid_min": 250.0}, [3.0, -50.0]),
        ({"valid_range": [250.0, 5000.0]}, [1e4, 2.0]),
        ({"_FillValue": np.nan}, [np.nan]),
    ],
)
def test_cases_12_and_21_fill_values_become_cells_without_data(about, lost, tmp_path):
    """9.97e36 was taken for a temperature; such cells become empty gas, and that is said."""
    arrays = gas()
    T = arrays["T"].copy()
    T.ravel()[[7, 30][: len(lost)]] = lost
    path = made("hdf5", tmp_path, UNIFORM, arrays | {"T": T})
    with h5py.File(path, "r+") as file:
        file["T"].attrs.update(about)
    found = rte.read(path)
    assert found.cells_without_data == len(lost)
    assert_array_equal(found.temperature[found.valid], arrays["T"][found.valid])
    ray = rte.line_of_sight((-1.0, 0.1, 0.1), (1.0, 0.0, 0.0))
    assert (
        f"{len(lost)} cells without data were taken as empty gas"
        in rte.solve(rte.absorption.given(found), ray).summary()
    )


def test_numbers_that_netcdf_never_wrote_are_no_data(tmp_path):
    import netCDF4

    ds = dataset(UNIFORM, gas())
    ds.to_netcdf(tmp_path / "a.nc", engine="scipy", encoding={"T": {"_FillValue": None}})
    from scipy.io import netcdf_file

    with netcdf_file(tmp_path / "a.nc", "a", mmap=False) as file:
        file.variables["T"][0, 0, 0] = netCDF4.default_fillvals["f8"]
    assert rte.read(tmp_path / "a.nc").cells_without_data == 1


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.lists(st.integers(-300, 300), min_size=3, max_size=3),
    st.sampled_from(["i2", "i4", "f4", "f8"]),
    st.one_of(st.none(), st.floats(0.01, 10.0)),
    st.one_of(st.none(), st.floats(-300.0, 300.0)),
    st.one_of(st.none(), st.integers(-300, 300)),
    st.sampled_from(["_FillValue", "missing_value"]),
    st.sampled_from([np.float32, np.float64]),
)
def test_attributes_mean_what_xarray_takes_them_for(stored, dtype, scale, offset, fill, key, kind):
    numbers = np.array(stored, dtype)
    about = {key: numbers.dtype.type(fill)} if fill is not None else {}
    about |= {"scale_factor": kind(scale)} if scale is not None else {}
    about |= {"add_offset": kind(offset)} if offset is not None else {}
    array = Array("T", (3,), numbers.dtype, lambda index: numbers[index], attributes=about)
    wanted = xarray.decode_cf(xarray.Dataset({"T": ("x", numbers, dict(about))}))["T"].values
    np.testing.assert_allclose(unpacked(array).load(()), wanted, rtol=2e-6, atol=2e-4)
    assert unpacked(array).gaps == (fill is not None)


def test_packed_unsigned_and_ranges_of_unpacked_numbers(tmp_path):
    """A valid range in floating numbers beside packed ones is meant for what these stand for (NUG)."""
    path = made("hdf5", tmp_path, UNIFORM, {"T": np.arange(60, dtype="u1").reshape(SHAPE)})
    with h5py.File(path, "r+") as file:
        file["T"].attrs.update({"scale_factor": np.float32(10.0), "add_offset": np.float32(300.0)})
        file["T"].attrs["valid_max"] = 885.0
    found = rte.read(path)
    assert found.temperature.dtype == np.float32
    assert found.cells_without_data == 1
    assert found.temperature[found.valid].max() == 880.0


# times


def moments(path, unit="s"):
    """Three moments of a gas that gets hotter, as netCDF-4."""
    T = np.stack([gas()["T"] + 100.0 * i for i in range(3)])
    ds = dataset(UNIFORM, gas()).drop_vars("T")
    ds["T"] = (("time", "z", "y", "x"), T.transpose(0, 3, 2, 1), {"units": "K"})
    ds["time"] = ("time", [0.0, 0.5, 2.0], {"units": unit})
    netcdf = ds.to_netcdf(path, engine="netcdf4")
    assert netcdf is None
    return ds


@pytest.mark.parametrize(
    ("time", "i", "seconds"),
    [
        ("first", 0, 0.0),
        (0.5, 1, 0.5),
        ("last", 2, 2.0),
        (2, 2, 2.0),
        ("index 1", 1, 0.5),
        ("index 0", 0, 0.0),
    ],
)
def test_a_moment_is_picked_by_time_or_end(time, i, seconds, tmp_path):
    ds = moments(tmp_path / "a.nc")
    for found in (rte.read(tmp_path / "a.nc", time=time), rte.from_xarray(ds, time=time)):
        assert_array_equal(found.temperature, gas()["T"] + 100.0 * i)
        assert found.time == seconds


def test_a_time_that_is_not_there_lists_those_that_are(tmp_path):
    moments(tmp_path / "a.nc")
    with pytest.raises(rte.InputError, match=r"time is 0.6 s; the file has 3 moments, at 0, 0.5, 2 s"):
        rte.read(tmp_path / "a.nc", time=0.6)
    with pytest.raises(
        rte.InputError, match=r"leaves open which of 3 moments, at 0, 0.5, 2 s is meant: time ="
    ):
        rte.read(tmp_path / "a.nc")
    for wrong in ("index -1", "#1", "Last"):
        with pytest.raises(rte.InputError, match=f"time is '{wrong}' .*expected a number"):
            rte.read(tmp_path / "a.nc", time=wrong)
    for wrong in ("index 3", "2"):
        with pytest.raises(
            rte.InputError,
            match=rf"""time is '{wrong}'; expected a number \[s\], "first", "last" or "index 0" to "index 2";"""
            " the file has 3 moments, at 0, 0.5, 2 s",
        ):
            rte.read(tmp_path / "a.nc", time=wrong)
    assert rte.read(tmp_path / "a.nc", time=0.5 * (1 + 1e-9)).time == 0.5
    with pytest.raises(rte.InputError, match="but the file has no times"):
        rte.read(made("netcdf4", tmp_path, UNIFORM, gas()), time=1.0)


def test_a_moment_by_the_map_or_by_time_but_not_by_both(tmp_path):
    moments(tmp_path / "a.nc")
    axes = {axis: {"dataset": f"{axis}_bnds"} for axis in "xyz"}
    chart = {"grid": axes | {"location": "cell"}, "temperature": {"dataset": "T", "select": "1, :, :, :"}}
    assert_array_equal(rte.read(tmp_path / "a.nc", map=chart).temperature, gas()["T"] + 100.0)
    with pytest.raises(rte.InputError, match="both select and time = 'last' choose a moment"):
        rte.read(tmp_path / "a.nc", map=chart, time="last")
    del chart["temperature"]["select"]
    assert_array_equal(rte.read(tmp_path / "a.nc", map=chart, time=2.0).temperature, gas()["T"] + 200.0)


def test_times_in_other_units_and_without(tmp_path):
    moments(tmp_path / "h.nc", "hours since 2026-01-01 00:00")
    assert rte.read(tmp_path / "h.nc", time="last").time == 7200.0
    moments(tmp_path / "u.nc", "cycles")
    assert rte.read(tmp_path / "u.nc", time="last").time is None
    assert_array_equal(rte.read(tmp_path / "u.nc", time="index 1").temperature, gas()["T"] + 100.0)
    with pytest.raises(rte.InputError, match="3 moments without a known unit of time"):
        rte.read(tmp_path / "u.nc", time=0.5)


def test_decoded_times_of_xarray_count_from_the_first(tmp_path):
    moments(tmp_path / "h.nc", "hours since 2026-01-01 00:00")
    with xarray.open_dataset(tmp_path / "h.nc", engine="netcdf4") as ds:
        found = rte.from_xarray(ds, time=1800.0)
    assert found.time == 1800.0
    assert_array_equal(found.temperature, gas()["T"] + 100.0)


def test_times_of_vtkhdf_and_xdmf(tmp_path):
    for kind in ONE_ORDER:
        path = made(kind, tmp_path, UNIFORM, gas())
        if kind == "vtkhdf":
            with h5py.File(path, "r+") as file:
                data, root = file["VTKHDF/CellData"], file["VTKHDF"]
                T = data["T [K]"][()]
                del data["T [K]"], data["kappa [1"]
                data["T [K]"] = np.stack([T, T + 100.0])
                steps = root.create_group("Steps")
                steps.attrs["NSteps"], steps["Values"] = 2, [0.0, 1.5]
                steps["CellDataOffsets/T [K]"] = [0, 1]
        else:
            text = path.read_text()
            grid = text[text.index("<Grid") : text.index("</Domain>")]
            steps = [grid.replace("<Topology", f'<Time Value="{t}"/><Topology') for t in (0.0, 1.5)]
            series = f'<Grid GridType="Collection" CollectionType="Temporal">{"".join(steps)}</Grid>'
            path.write_text(text.replace(grid, series))
        assert read(kind, path, time=1.5).time == read(kind, path, time="index 1").time == 1.5
        assert read(kind, path, time="index 0").time == 0.0
        with pytest.raises(rte.InputError, match=r"2 moments, at 0, 1\.5 s"):
            read(kind, path)
        with opened(path) as source:
            assert source.time == 1.5


@pytest.mark.parametrize("step", [1, 2])
def test_a_hyperslab_of_xdmf(step, tmp_path):
    """One of two moments of an array, every cell or every second one of it."""
    path = made("xdmf", tmp_path, UNIFORM, {"T": gas()["T"]})
    nz, ny, nx = gas()["T"].T.shape
    with h5py.File(tmp_path / "xdmf.h5", "r+") as file:
        T = np.full((2, nz, ny, step * nx), 300.0)
        T[1, :, :, ::step] = file["fields/T"][()]
        del file["fields/T"]
        file["fields/T"] = T
    text = path.read_text()
    plain = text[text.rindex("<DataItem") : text.rindex("</DataItem>") + len("</DataItem>")]
    cells, sizes = f"{nz} {ny} {nx}", " ".join(map(str, T.shape))
    slab = (
        f'<DataItem ItemType="HyperSlab" Dimensions="{cells}"><DataItem Dimensions="3 4" Format="XML">1 0 0 0  1 1 1 '
        f'{step}  1 {cells}</DataItem><DataItem Dimensions="{sizes}" Format="HDF">xdmf.h5:/fields/T</DataItem>'
        "</DataItem>"
    )
    path.write_text(text.replace(plain, slab))
    assert_array_equal(read("xdmf", path).temperature, gas()["T"])
    wrong = {
        "1 0 0 0": ("2 0 0 0", "-1 0 0 0"),
        "1 1 1 ": ("1 0 1 ", "1 1 nan "),
        f"1 {cells}<": (f"2 {cells}<", f"1e300 {cells}<"),
        '"3 4" Format="XML">1 0 0 0': ('"3 3" Format="XML">0',),
    }
    for old, new in [(old, new) for old, several in wrong.items() for new in several]:
        path.write_text(text.replace(plain, slab.replace(old, new)))
        with pytest.raises(rte.InputError, match="its HyperSlab says"):
            read("xdmf", path)


# what files leave open


@pytest.mark.parametrize("location", ["cell", "point"])
def test_case_11_cell_or_point_is_never_guessed(location, tmp_path):
    """A cell-centred netCDF shrank from [0, 1] to [.0208, .9792]; now it is asked."""
    n = 24
    faces = [np.linspace(0.0, 1.0, n + 1)] * 3
    ds = dataset(faces, {"T": np.full((n, n, n), 900.0)}, bounds=False)
    ds.to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    with pytest.raises(rte.InputError, match='lie in cells or at points: location = "cell" or "point"'):
        rte.read(tmp_path / "a.nc")
    assert 'location = "?"' in inspect(tmp_path / "a.nc").map_text
    found = rte.read(tmp_path / "a.nc", location=location)
    ends = {"cell": (0.0, 1.0), "point": (1 / 48, 47 / 48)}[location]
    np.testing.assert_allclose((found.grid.x[0], found.grid.x[-1]), ends, atol=1e-15)


def test_what_is_open_is_asked_for_at_once_and_answered(tmp_path):
    ds = dataset(UNIFORM, gas(), bounds=False)
    for name in ("T", "x", "y", "z"):
        del ds[name].attrs["units"]
    ds.to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    with pytest.raises(rte.InputError) as caught:
        rte.read(tmp_path / "a.nc")
    for part in (
        'the unit of length: units = { length = "..." }',
        """the unit of temperature 'T' (the file does not say; looks like K): units = { T = "..." }""",
        "location = ",
        "raytrace-rte inspect",
    ):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    found = rte.read(tmp_path / "a.nc", units={"length": "mm", "T": "degC"}, location="cell")
    assert_array_equal(found.temperature, gas()["T"] + 273.15)
    assert found.grid.y[-1] == pytest.approx(1e-3)
    with pytest.raises(rte.InputError, match=r"units: there is no array 'TT' \(did you mean 'T'\?\)"):
        rte.read(tmp_path / "a.nc", units={"TT": "K"})


def test_the_user_knows_units_better_than_the_file(tmp_path):
    path = made("netcdf4", tmp_path, UNIFORM, gas())
    assert rte.read(path, units={"length": "cm"}).grid.x[-1] == pytest.approx(0.03)
    assert rte.read(path, units={"kappa": "1/cm"}).absorption_coefficient.max() > 100


def test_one_cell_along_an_axis_has_faces_by_the_map(tmp_path):
    """Inline faces, of an axis that arrays have and of one that they do not."""
    ds = xarray.Dataset(
        {"T": (("z", "y", "x"), np.full((1, 3, 2), 900.0), {"units": "K"})},
        {
            "x": ("x", [1.0, 2.0], {"units": "m"}),
            "y": ("y", [1.0, 2.0, 3.0], {"units": "m"}),
            "z": ("z", [0.0]),
        },
    )
    netcdf = tmp_path / "thin.nc"
    ds.to_netcdf(netcdf, engine="netcdf4")
    with pytest.raises(
        rte.InputError, match=r"how wide the one cell along z is: a map says z = \[0.0, 0.01\]"
    ):
        rte.read(netcdf, location="cell")
    chart = {
        "grid": {
            "location": "cell",
            "x": {"dataset": "x"},
            "y": {"dataset": "y"},
            "z": [0, 10],
            "units": "mm",
        },
        "temperature": {"dataset": "T"},
    }
    for source in (netcdf, ds, ds.isel(z=0, drop=True)):
        assert_array_equal(rte.read(source, map=chart).grid.z, [0.0, 0.01])
    chart["grid"]["z"] = {"faces": [0.0, 1.0], "units": "cm"}
    assert_array_equal(rte.read(netcdf, map=chart).grid.z, [0.0, 0.01])
    del chart["grid"]["z"]
    flat = rte.from_xarray(ds.isel(z=0, drop=True), map=chart)
    assert np.isinf(flat.grid.z).all()
    assert "no axis z, which was taken without end" in flat.notes[0]
    with pytest.raises(rte.InputError, match="give the two faces, as z"):
        rte.read(netcdf, map=chart | {"grid": chart["grid"] | {"z": {"dataset": "z", "units": "m"}}})
    with pytest.raises(rte.InputError, match=r"\[grid\] z needs either a dataset or faces"):
        rte.read(netcdf, map=chart | {"grid": chart["grid"] | {"z": {"units": "m"}}})


def test_case_9_a_map_that_contradicts_the_file_is_refused(tmp_path):
    """Case 9: image data are [z, y, x]; a map that had them as x, y, z read a cube without a word."""
    path = made("vtkhdf", tmp_path, [np.linspace(0, 1, 5)] * 3, {"T": np.full((4, 4, 4), 900.0)})
    chart = {
        "grid": {"axis_order": ["x", "y", "z"], "units": "m"},
        "temperature": {"dataset": "VTKHDF/CellData/T [K]"},
    }
    with pytest.raises(
        rte.InputError, match=r"axis_order is \['x', 'y', 'z'\], but the file names the axes \['z'"
    ):
        rte.read(path, map=chart)
    chart["grid"] |= {"axis_order": ["z", "y", "x"], "location": "point"}
    with pytest.raises(rte.InputError, match="location is 'point', but the file has these values at cells"):
        rte.read(path, map=chart)


def test_bounds_with_gaps_between_cells_are_refused(tmp_path):
    ds = dataset(UNIFORM, gas())
    ds["x_bnds"][1, 0] = 1.25
    ds.to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    with pytest.raises(rte.InputError, match=r"cell 0 ends at 1 m and cell 1 begins at 1\.25 m"):
        rte.read(tmp_path / "a.nc")


def test_what_cell_methods_and_axis_attributes_say(tmp_path):
    ds = dataset(UNIFORM, gas(), bounds=False, order="zyx").rename(x="east", y="north", z="up")
    for dim, axis in (("east", "X"), ("north", "Y"), ("up", "Z")):
        ds[dim].attrs["axis"] = axis
    ds["T"].attrs["cell_methods"] = "time: point area: mean"
    ds["kappa"].attrs["cell_methods"] = "area: mean"
    netcdf = tmp_path / "a.nc"
    ds.to_netcdf(netcdf, engine="netcdf4")
    same(rte.read(netcdf), field(UNIFORM, gas()), exact_grid=False)


def test_arrays_of_one_file_in_two_orders(tmp_path):
    ds = dataset(UNIFORM, gas())
    ds["kappa"] = ds["kappa"].transpose("x", "z", "y")
    ds.to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    same(rte.read(tmp_path / "a.nc"), field(UNIFORM, gas()))


def test_points_and_cells_of_one_file(tmp_path):
    """As VTK has both; location says which."""
    path = made("vtkhdf", tmp_path, UNIFORM, {"T": gas()["T"]})
    points = np.random.default_rng(0).uniform(300, 900, (4, 5, 6))
    with h5py.File(path, "r+") as file:
        file["VTKHDF/PointData/T [K]"] = points.transpose(2, 1, 0)
    with pytest.raises(rte.InputError, match="which temperature is meant, that in cells or that at points"):
        rte.read(path)
    assert_array_equal(rte.read(path, location="cell").temperature, gas()["T"])
    found = rte.read(path, location="point")
    assert_array_equal(found.temperature, points)
    assert_array_equal(found.grid.x, [0.0, 0.5, 1.5, 2.5, 3.0])


# memory


@pytest.mark.parametrize("unit", ["K", "degC"])
def test_case_27_arrays_in_order_are_passed_on_as_they_are(unit):
    arrays = gas()
    found = rte.from_xarray(dataset(UNIFORM, arrays, order="xyz"), units={"T": unit})
    assert np.shares_memory(found.temperature, arrays["T"]) == (unit == "K")
    assert_array_equal(arrays["T"], gas()["T"])


def test_reading_takes_the_memory_of_the_arrays(tmp_path):
    """One array more where their axes have to be put in order."""
    faces = [np.linspace(0.0, 1.0, 49)] * 3
    arrays = {name: np.full((48, 48, 48), 900.0) for name in ("T", "kappa")}
    for order, most in (("xyz", 1.1), ("zyx", 1.6)):
        path = made("hdf5", tmp_path, faces, arrays, order=order)
        rte.read(path)
        tracemalloc.start()
        rte.read(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < most * 2 * arrays["T"].nbytes + 2**21  # and a piece that is hashed


@pytest.mark.parametrize("axes", list(permutations(range(3))))
def test_contiguous_is_a_copy_in_order(axes):
    a = np.random.default_rng(0).random((300, 3, 5))[::-1, :, ::-1].transpose(axes)
    made = contiguous(a)
    assert made.flags.c_contiguous
    assert_array_equal(made, a)
    assert contiguous(made) is made


# recognising


def test_formats_are_known_by_content_alone(tmp_path):
    wanted = {"netcdf3": "netCDF-3", "zarr2": "Zarr", "zarr3": "Zarr", "vtkhdf": "VTKHDF", "xdmf": "XDMF"}
    for kind in WRITERS:
        path = made(kind, tmp_path, UNIFORM, gas())
        assert wanted.get(kind, "HDF5") == reader_of(path).FORMAT
    for junk in (b"", b"CDF", b"<?xml", b"\x89HDF", bytes(5000)):
        (tmp_path / "junk").write_bytes(junk)
        assert reader_of(tmp_path / "junk") is None
    assert reader_of(tmp_path) is None
    assert reader_of(tmp_path / "none\0here") is None
    with pytest.raises(rte.InputError, match="is a directory, and not one of VTKHDF"):
        rte.read(tmp_path)


def test_every_reader_says_what_it_reads():
    from importlib import import_module

    for name in READERS:
        module = import_module(f"raytrace_rte.formats.readers.{name}")
        assert module.FORMAT
        assert module.__doc__


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch):
    path = made("zarr2", tmp_path, UNIFORM, gas())
    monkeypatch.setitem(__import__("sys").modules, "zarr", None)
    with pytest.raises(rte.InputError, match=r"a Zarr store needs zarr: pip install 'raytrace-rte\[zarr\]'"):
        rte.read(path)


@pytest.mark.parametrize("grid", GRIDS)
def test_what_vtk_itself_writes(grid, tmp_path):
    """Image data and rectilinear grids, as VTKHDF and as XDMF with its usual document type."""
    vtk = pytest.importorskip("vtk", exc_type=ImportError)
    from vtk.util.numpy_support import numpy_to_vtk

    faces = GRIDS[grid]
    made = vtk.vtkImageData() if grid == "uniform" else vtk.vtkRectilinearGrid()
    made.SetDimensions(*(f.size for f in faces))
    if grid == "uniform":
        made.SetOrigin(*(f[0] for f in faces))
        made.SetSpacing(*(f[1] - f[0] for f in faces))
    else:
        for axis, f in zip("XYZ", faces, strict=True):
            getattr(made, f"Set{axis}Coordinates")(numpy_to_vtk(f, deep=True))
    T = numpy_to_vtk(gas()["T"].ravel(order="F"), deep=True)
    T.SetName("T")
    made.GetCellData().AddArray(T)
    for kind, writer in (("vtkhdf", vtk.vtkHDFWriter()), ("xdmf", vtk.vtkXdmfWriter())):
        path = tmp_path / kind
        writer.SetFileName(str(path))
        if kind == "xdmf":
            writer.SetHeavyDataFileName(f"{path}.h5")
            writer.SetLightDataLimit(1)
        writer.SetInputData(made)
        assert writer.Write()
        found = rte.read(path, units={"length": "m", "T": "K"})
        assert_array_equal(found.temperature, gas()["T"])
        for mine, its in zip(found.grid, faces, strict=True):
            np.testing.assert_allclose(mine, its, rtol=1e-6, atol=1e-6)  # XDMF by VTK: six digits


def test_case_10_arrays_of_xarray_are_not_taken_by_position():
    n = 4
    ds = dataset([np.linspace(0.0, 1.0, n + 1)] * 3, {"T": 900.0 + np.arange(64.0).reshape(n, n, n)})
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (n, n, n))
    with pytest.raises(
        rte.InputError, match=r"temperature: is an array of xarray with dims \('z', 'y', 'x'\)"
    ):
        rte.Field(grid, ds["T"])
    with pytest.raises(rte.InputError, match="grid axis x: found coordinates of xarray"):
        rte.Cartesian(ds.x, ds.y, ds.z)
    kelvin = ds["T"].transpose("x", "y", "z")
    assert_array_equal(rte.Field(grid, kelvin).temperature, ds["T"].transpose("x", "y", "z"))
    with pytest.raises(rte.InputError, match="is an array of xarray in 'degC'"):
        rte.Field(grid, kelvin.assign_attrs(units="degC"))
    assert_array_equal(rte.from_xarray(ds).temperature, kelvin)
    assert_array_equal(rte.read(ds["T"], location="cell").temperature, kelvin)


def test_datasets_that_are_not_in_memory_yet(tmp_path):
    netcdf = made("netcdf4", tmp_path, STRETCHED, gas())
    with xarray.open_dataset(netcdf, engine="netcdf4") as lazy:
        same(rte.from_xarray(lazy), field(STRETCHED, gas()))
        same(rte.from_xarray(lazy.chunk({"x": 2})), field(STRETCHED, gas()))


def test_case_12_masked_arrays_keep_their_mask():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), SHAPE)
    T = np.ma.masked_invalid(np.where(gas()["T"] > 1000.0, np.nan, gas()["T"]))
    found = rte.Field(grid, T, absorption_coefficient=np.ma.masked_less(gas()["kappa"], 1.0))
    assert_array_equal(found.valid, (gas()["T"] <= 1000.0) & (gas()["kappa"] >= 1.0))


def test_masked_bands_and_a_netcdf4_variable():
    """What netCDF4 returns are masked arrays; here of an absorption coefficient in bands."""
    kappa = np.ma.masked_greater(np.random.default_rng(0).random((*SHAPE, 2)), 0.9)
    found = rte.Field(
        rte.uniform((0, 0, 0), (1, 1, 1), SHAPE), gas()["T"], absorption_coefficient=kappa,
        spectrum=rte.Spectrum.bands([1e-6, 2e-6, 3e-6]),
    )  # fmt: skip
    assert found.cells_without_data == np.count_nonzero(np.ma.getmaskarray(kappa).any(axis=-1))
