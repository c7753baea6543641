"""Plotfiles of AMReX: one level, several, and what is wrong with them; other grids with levels through yt."""

from __future__ import annotations

import shutil
import stat

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import raytrace_rte as rte
from plotfiles import write_chombo, write_plotfile
from raytrace_rte.formats.readers import amrex
from written import assert_converts

SHAPE = (4, 6, 8)
UNITS = {"length": "m", "temp": "K", "pressure": "Pa", "density": "kg/m3"}
LOW, HIGH = (0.0, 0.5, -1.0), (1.0, 2.0, 3.0)


def cut(arrays, first, shape):
    part = tuple(slice(i, i + n) for i, n in zip(first, shape, strict=True))
    return first, {name: a[part] for name, a in arrays.items()}


def arrays_of(shape, seed):
    rng = np.random.default_rng(seed)
    return {
        "density": rng.uniform(0.2, 1.2, shape),
        "temp": rng.uniform(300, 2000, shape),
        "pressure": rng.uniform(1e5, 2e5, shape),
        "Y(CO2)": rng.uniform(0.0, 0.3, shape),
        "Y(N2)": np.zeros(shape),
    }


@pytest.fixture
def plotfile(tmp_path):
    """Three boxes that fill level 0, and one box of level 1."""
    base, fine = arrays_of(SHAPE, 1), arrays_of((4, 4, 4), 2)
    for arrays in (base, fine):
        arrays["Y(N2)"] = 1.0 - arrays["Y(CO2)"]
    boxes = [((0, 0, 0), (4, 6, 4)), ((0, 0, 4), (2, 6, 4)), ((2, 0, 4), (2, 6, 4))]
    path = tmp_path / "plt00010"
    write_plotfile(path, [[cut(base, *box) for box in boxes], [((2, 4, 6), fine)]], SHAPE, LOW, HIGH)
    return path, base, fine


def test_a_level_is_the_same_field_as_the_native_file(plotfile, tmp_path):
    path, base, _ = plotfile
    field = rte.read(path, units=UNITS, options={"part": "level 0"})
    grid = rte.Cartesian(*(np.linspace(a, b, n + 1) for a, b, n in zip(LOW, HIGH, SHAPE, strict=True)))
    want = rte.Field(grid, base["temp"], pressure=base["pressure"], density=base["density"])
    rte.write(want, tmp_path / "native.h5")
    native = rte.read(tmp_path / "native.h5")
    for axis in range(3):
        np.testing.assert_array_equal(field.grid[axis], native.grid[axis])
    for quantity in ("temperature", "pressure"):
        np.testing.assert_array_equal(getattr(field, quantity), getattr(native, quantity))
    amounts = base["Y(CO2)"] / 44.009, base["Y(N2)"] / 28.014
    np.testing.assert_allclose(field.mole_fraction["CO2"], amounts[0] / sum(amounts), rtol=1e-12)
    assert field.time == 0.25
    assert field.temperature.dtype == np.float64
    assert field.temperature.flags.c_contiguous
    assert_converts(field, tmp_path / "converted.h5")


def test_coarse_cells_are_repeated_under_the_finest_level_and_counted(plotfile):
    path, base, fine = plotfile
    field = rte.read(path, units=UNITS)
    want = base["temp"].repeat(2, 0).repeat(2, 1).repeat(2, 2)
    want[2:6, 4:8, 6:10] = fine["temp"]
    np.testing.assert_array_equal(field.temperature, want)
    assert field.grid.shape == (8, 12, 16)
    with amrex.opened(path) as source:
        assert "8 x 12 x 16 cells: 1472 of them (95.8 %) repeat cells of coarser levels" in source.notes[0]
    with amrex.opened(path, part="level 0") as source:
        assert "Finer levels, up to 1, are left out" in source.notes[1]
    assert rte.read(path, units=UNITS, options={"part": "level 0"}).source_sha256 != field.source_sha256


def test_the_unit_of_length_is_asked_for(plotfile):
    path, *_ = plotfile
    with pytest.raises(rte.InputError, match="unit of length"):
        rte.read(path)
    field = rte.read(path, units=UNITS | {"length": "cm"})
    np.testing.assert_allclose(field.grid.x[[0, -1]], [0.0, 0.01])


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("axis", range(3))
def test_axes_are_never_swapped(tmp_path, axis, order):
    """A cube with a gradient along one axis, in two boxes."""
    T = np.moveaxis(np.broadcast_to(np.linspace(400, 1800, 6), (6, 6, 6)), -1, axis).copy()
    arrays = {"temp": T, "pressure": np.full(T.shape, 1e5), "density": np.ones(T.shape)}
    halves = [cut(arrays, (0, 0, 0), (2, 6, 6)), cut(arrays, (2, 0, 0), (4, 6, 6))]
    write_plotfile(tmp_path / "plt", [halves], (6, 6, 6), (0, 0, 0), (1, 1, 1), order=order)
    np.testing.assert_array_equal(rte.read(tmp_path / "plt", units=UNITS).temperature, T)


@st.composite
def partitions(draw):
    """A shape, boxes that fill it in any order, as cuts lead to, and the order of bytes."""
    shape = draw(st.tuples(*[st.integers(1, 7)] * 3))
    boxes = [((0, 0, 0), shape)]
    for _ in range(draw(st.integers(0, 5))):
        low, size = boxes.pop(draw(st.integers(0, len(boxes) - 1)))
        axis = draw(st.integers(0, 2))
        at = draw(st.integers(1, max(size[axis] - 1, 1)))
        if at == size[axis]:
            boxes.append((low, size))
            continue
        first, second, start = list(size), list(size), list(low)
        first[axis], second[axis], start[axis] = at, size[axis] - at, low[axis] + at
        boxes += [(low, tuple(first)), (tuple(start), tuple(second))]
    return shape, draw(st.permutations(boxes)), draw(st.sampled_from("<>"))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(partitions())
def test_any_partition_into_boxes_is_the_same_field(tmp_path_factory, partition):
    shape, boxes, order = partition
    arrays = {"temp": np.random.default_rng(6).uniform(300, 2000, shape)}
    path = tmp_path_factory.mktemp("boxes") / "plt"
    write_plotfile(path, [[cut(arrays, *box) for box in boxes]], shape, (0, 0, 0), (1, 1, 1), order=order)
    with amrex.opened(path) as source:
        np.testing.assert_array_equal(source.arrays["temp"].load(()), arrays["temp"])


def test_the_pressure_of_a_low_mach_code_is_not_its_difference(tmp_path):
    arrays = {"temp": np.full((2, 3, 4), 900.0), "avg_pressure": np.full((2, 3, 4), -3.0)}
    arrays |= {"RhoRT": np.full((2, 3, 4), 101300.0), "X(CO2)": np.full((2, 3, 4), 0.1)}
    write_plotfile(tmp_path / "plt", [[((0, 0, 0), arrays)]], (2, 3, 4), (0, 0, 0), (1, 1, 1))
    field = rte.read(tmp_path / "plt", units={"length": "m", "temp": "K", "RhoRT": "Pa"})
    assert (field.pressure == 101300.0).all()
    assert (field.mole_fraction["CO2"] == 0.1).all()


def test_fewer_axes_and_a_domain_that_begins_elsewhere(tmp_path):
    T = np.random.default_rng(3).uniform(300, 2000, (5, 4))
    arrays = {"temp": T, "pressure": np.full(T.shape, 1e5), "density": np.ones(T.shape)}
    write_plotfile(tmp_path / "plt", [[((0, 0), arrays)]], T.shape, (0, 0), (1, 1))
    header = tmp_path / "plt" / "Header"
    header.write_text(header.read_text().replace("((0,0) (4,3) (0,0))", "((-2,1) (2,4) (0,0))"))
    for name in ("Cell_H", "Cell_D_00000"):
        file = tmp_path / "plt" / "Level_0" / name
        file.write_bytes(file.read_bytes().replace(b"((0,0) (4,3) (0,0))", b"((-2,1) (2,4) (0,0))"))
    field = rte.read(tmp_path / "plt", units=UNITS)
    np.testing.assert_array_equal(field.temperature[:, :, 0], T)
    assert np.isinf(field.grid.z).all()


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("Header", b"Level_1/Cell", b"../other/Cell", "outside its folder; it is not read"),
        ("Level_0/Cell_H", b"Cell_D_00001 0", b"../../../secret 0", "outside its folder; it is not read"),
        ("Header", b"\n3\n0.25", b"\n4\n0.25", "has 4 dimensions"),
        ("Header", b"0.25\n1\n", b"0.25\n-1\n", "-1 as finest level"),
        ("Header", b"0.25\n1\n", b"0.25\n999999999999\n", "expected 999999999999 number|ends early"),
        ("Header", b"\n5\ndensity", b"\n999999999999\ndensity", "expected as many lines"),
        ("Header", b"\n0\n0\n0 3", b"\n1\n0\n0 3", r"coordinates are \(r, z\)"),
        ("Header", b"(3,5,7)", b"(999999,999999,999999)", "do not fill the domain"),
        ("Level_0/Cell_H", b"((0,0,0) (3,5,3)", b"((0,0,0) (3,5,2)", "do not fill the domain"),
        ("Level_0/Cell_H", b"((0,0,0) (3,5,3) (0,0,0))", b"((0,0,0) (3,5,3) (1,0,0))", "expected cells"),
        ("Level_1/Cell_H", b"((2,4,6) (5,7,9)", b"((6,4,6) (9,7,9)", "leaves the domain"),
        ("Level_0/Cell_H", b"1\n1\n5\n0", b"3\n1\n5\n0", "is version 3"),
        ("Level_0/Cell_H", b"FabOnDisk: Cell_D_00000 0", b"FabOnDisk: Cell_D_00000 7", "no block of a box"),
        ("Level_0/Cell_D_00000", b"(3,5,3) (0,0,0)) 5", b"(3,5,3) (0,0,0)) 4", "4 components"),
        ("Level_0/Cell_D_00000", b"((0,0,0) (3,5,3)", b"((0,0,1) (3,5,4)", "another than its Cell_H says"),
    ],
)
def test_a_plotfile_that_is_not_as_documented(plotfile, file, old, new, message):
    path, *_ = plotfile
    place = path / file
    assert old in place.read_bytes()
    place.write_bytes(place.read_bytes().replace(old, new, 1))
    with pytest.raises(rte.InputError, match=message):
        rte.read(path, units=UNITS)


def test_a_plotfile_that_is_cut_or_incomplete(plotfile):
    path, *_ = plotfile
    header = path / "Level_0" / "Cell_H"
    text = header.read_text()
    for lines in range(len(text.split("\n")) - 2):
        header.write_text("\n".join(text.split("\n")[:lines]))
        with pytest.raises(rte.InputError, match="Cell_H: ends early"):
            rte.read(path, units=UNITS)
    header.write_text(text)
    block = path / "Level_0" / "Cell_D_00000"
    whole = block.read_bytes()
    block.write_bytes(whole[:-80])
    with pytest.raises(rte.InputError, match="ends within the box"):
        rte.read(path, units=UNITS)
    block.unlink()
    with pytest.raises(rte.InputError, match="Cell_D_00000: cannot be read"):
        rte.read(path, units=UNITS)
    (path / "Level_1" / "Cell_H").unlink()
    with pytest.raises(rte.InputError, match="Cell_H: cannot be read"):
        rte.read(path, units=UNITS)


@pytest.mark.parametrize("part", ["level 2", "level -1", "finest", "level 0/../1", 3])
def test_a_level_that_there_is_not(plotfile, part):
    with pytest.raises(rte.InputError, match="option part"):
        rte.read(plotfile[0], units=UNITS, options={"part": part})


def test_an_option_that_the_format_does_not_have(plotfile):
    with pytest.raises(rte.InputError, match=r"AMReX plotfile has no option 'level'; it has part"):
        rte.read(plotfile[0], units=UNITS, options={"level": 1})


# what yt opens


@pytest.mark.slow
def test_yt_sees_the_same_numbers_in_a_plotfile(plotfile):
    """yt is the independent reader of what these tests write, and of what this package reads."""
    yt = pytest.importorskip("yt")
    yt.set_log_level(50)
    path, *_ = plotfile
    dataset = yt.load(str(path))
    box = dataset.covering_grid(1, dataset.domain_left_edge, dataset.domain_dimensions * 2)
    field = rte.read(path, units=UNITS)
    np.testing.assert_array_equal(field.temperature, np.asarray(box["boxlib", "temp"]))
    assert str(dataset.length_unit) == "1.0 cm"  # whatever the code had: why the unit is asked for


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_chombo_through_yt(tmp_path):
    pytest.importorskip("yt")
    rng = np.random.default_rng(4)
    base, fine = (
        {"temperature": rng.uniform(300, 2000, shape), "kappa": rng.uniform(0, 2, shape)}
        for shape in (SHAPE, (4, 4, 4))
    )
    boxes = [cut(base, (0, 0, 0), (4, 6, 4)), cut(base, (0, 0, 4), (4, 6, 4))]
    (tmp_path / "case").mkdir()
    path = tmp_path / "case" / "plot.hdf5"
    write_chombo(path, [boxes, [((2, 4, 6), fine)]], SHAPE, 0.25)
    path.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    units = {"length": "mm", "temperature": "K", "kappa": "1/m"}
    field = rte.read(path, units=units)
    want = base["temperature"].repeat(2, 0).repeat(2, 1).repeat(2, 2)
    want[2:6, 4:8, 6:10] = fine["temperature"]
    np.testing.assert_array_equal(field.temperature, want)
    np.testing.assert_allclose(field.grid.z[[0, -1]], [0.0, 2e-3])
    coarse = rte.read(path, units=units, options={"part": "level 0"})
    np.testing.assert_array_equal(coarse.absorption_coefficient, base["kappa"])
    assert [file.name for file in path.parent.iterdir()] == ["plot.hdf5"]
    with pytest.raises(rte.InputError, match="unit of length"):
        rte.read(path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_what_yt_has_loaded_is_a_field():
    yt = pytest.importorskip("yt")
    yt.set_log_level(50)
    T, kappa = np.random.default_rng(5).uniform(300, 2000, (2, 3, 4, 5))
    data = {"temperature": (T, "K"), "kappa": (kappa, "1/m")}
    dataset = yt.load_uniform_grid(data, T.shape, bbox=np.array([[0, 1], [0, 2], [-1, 1]]))
    field = rte.read(dataset, units={"length": "m"})
    np.testing.assert_array_equal(field.temperature, T)
    np.testing.assert_array_equal(field.absorption_coefficient, kappa)
    np.testing.assert_allclose(field.grid.z, np.linspace(-1, 1, 6), atol=1e-15)
    with pytest.raises(rte.InputError, match="option part"):
        rte.read(dataset, units={"length": "m"}, options={"part": "level 1"})


@pytest.mark.slow
def test_yt_follows_no_link_into_another_file(tmp_path):
    pytest.importorskip("yt")
    boxes = [[((0, 0, 0), {"temperature": np.full((2, 2, 2), 1e3)})]]
    write_chombo(tmp_path / "secret.hdf5", boxes, (2, 2, 2), 0.5)
    write_chombo(tmp_path / "plot.hdf5", boxes, (2, 2, 2), 0.5)
    with h5py.File(tmp_path / "plot.hdf5", "r+") as file:
        del file["level_0/data:datatype=0"]
        file["level_0/data:datatype=0"] = h5py.ExternalLink("secret.hdf5", "level_0/data:datatype=0")
    with pytest.raises(rte.InputError, match="link into another file"):
        rte.read(tmp_path / "plot.hdf5")


def test_without_yt_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "yt", None)
    write_chombo(
        tmp_path / "plot.hdf5", [[((0, 0, 0), {"temperature": np.full((2, 2, 2), 1e3)})]], (2, 2, 2), 0.5
    )
    with pytest.raises(rte.InputError, match=r"needs yt: pip install 'raytrace-rte\[yt\]'"):
        rte.read(tmp_path / "plot.hdf5")
    shutil.rmtree(tmp_path)
