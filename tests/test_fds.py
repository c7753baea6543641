"""Output of FDS: files written in its documented layout, and accepted by fdsreader."""

from __future__ import annotations

import itertools
import logging
import pickle
import sys

import numpy as np
import pytest

import raytrace_rte as rte
from fdscases import Case, Mesh, Slice, write_case
from raytrace_rte.formats.readers import fds, opened
from written import assert_converts

pytest.importorskip("fdsreader")
LABELS = ("TEMPERATURE", "CARBON DIOXIDE VOLUME FRACTION", "WATER VAPOR VOLUME FRACTION", "SOOT DENSITY")
LABELS += ("BACKGROUND PRESSURE",)
RANGES = ((20, 1200), (0, 0.1), (0, 0.15), (0, 2e-3), (1.0e5, 1.02e5))
X, Y, Z = np.array([0, 0.1, 0.25, 0.5, 1.0]), np.linspace(-0.3, 0.6, 4), np.linspace(0, 0.5, 3)


def state(shape, seed=0):
    rng = np.random.default_rng(seed)
    return {
        label: rng.uniform(*ends, shape).astype(np.float32)
        for label, ends in zip(LABELS, RANGES, strict=True)
    }


def dual(points):
    return np.concatenate((points[:1], 0.5 * (points[1:] + points[:-1]), points[-1:]))


def with_temperature(T):
    """What Plot3D holds beside a temperature, which is of no use here."""
    return (
        {"TEMPERATURE": T}
        | {f"{axis}-VELOCITY": np.zeros(T.shape) for axis in "UVW"}
        | {"HRRPUV": np.zeros(T.shape)}
    )


@pytest.fixture
def case(tmp_path):
    """One stretched mesh, Plot3D at two moments."""
    early, late = state((5, 4, 3), 1), state((5, 4, 3), 2)
    mesh = Mesh("MESH_1", X, Y, Z, [((1, 1, 0), (2, 2, 1))])
    write_case(tmp_path / "case", Case([mesh], {10.0: [early], 20.5: [late]}))
    return tmp_path / "case", early, late


def test_plot3d_is_the_same_field_as_the_native_file(case, tmp_path):
    folder, _, late = case
    field = rte.read(folder, time="last")
    want = rte.Field(
        rte.Cartesian(dual(X), dual(Y), dual(Z)),
        late["TEMPERATURE"] + np.float32(273.15),
        pressure=late["BACKGROUND PRESSURE"],
        mole_fraction={"CO2": late[LABELS[1]], "H2O": late[LABELS[2]]},
        soot_volume_fraction=late["SOOT DENSITY"] / np.float32(1800),
    )
    rte.write(want, tmp_path / "native.h5")
    native = rte.read(tmp_path / "native.h5")
    for axis in range(3):
        np.testing.assert_allclose(field.grid[axis], native.grid[axis], rtol=1e-15, atol=1e-16)
    for name in ("temperature", "pressure", "soot_volume_fraction"):
        np.testing.assert_array_equal(getattr(field, name), getattr(native, name))
        assert getattr(field, name).dtype == np.float32
    for species, values in native.mole_fraction.items():
        np.testing.assert_array_equal(field.mole_fraction[species], values)
    assert field.time == 20.5
    np.testing.assert_array_equal(rte.read(folder / "case.smv", time="last").temperature, field.temperature)
    assert_converts(field, tmp_path / "converted.h5")


def test_fdsreader_accepts_what_is_written_here_and_sees_the_same_numbers(case):
    import fdsreader

    folder, early, late = case
    simulation = fdsreader.Simulation(str(folder))
    assert simulation.load_errors == []
    assert simulation.data_3d[0].times == [10.0, 20.5]
    for plot, label in zip(simulation.data_3d, LABELS, strict=True):
        assert plot.quantity.name == label
        np.testing.assert_array_equal(plot.subplots[0].data, np.stack([early[label], late[label]]))


def test_the_moment_is_asked_for(case):
    folder, early, _ = case
    with pytest.raises(rte.InputError, match=r"10, 20\.5 s"):
        rte.read(folder)
    with pytest.raises(rte.InputError, match=r"time is 15\.0 s; .*10, 20\.5 s"):
        rte.read(folder, time=15.0)
    for time in ("first", 10.0, "index 0"):
        field = rte.read(folder, time=time)
        np.testing.assert_array_equal(field.temperature, early["TEMPERATURE"] + np.float32(273.15))


def test_the_density_of_soot_is_named_and_may_be_given(case):
    folder, _, late = case
    field = rte.read(folder, time="last", options={"soot_density": 1900})
    np.testing.assert_array_equal(field.soot_volume_fraction, late["SOOT DENSITY"] / np.float32(1900))
    with opened(folder, "last") as source:
        notes = " ".join(source.notes)
    assert "SOOT DENSITY over 1800 kg/m3" in notes
    assert "Obstructions (1) are taken for gas" in notes
    for wrong in (0, -1.0, "1800", None):
        with pytest.raises(rte.InputError, match="soot_density"):
            rte.read(folder, time="last", options={"soot_density": wrong})


def test_what_fds_calls_pressure_is_none(tmp_path):
    """It is the difference from the background, of a few pascals."""
    arrays = state((5, 4, 3))
    arrays["PRESSURE"] = arrays.pop("BACKGROUND PRESSURE") * 0 + 3
    write_case(tmp_path / "case", Case([Mesh("M", X, Y, Z)], {1.0: [arrays]}))
    with pytest.raises(rte.InputError, match="the pressure, which is not in the file"):
        rte.read(tmp_path / "case")
    with opened(tmp_path / "case") as source:
        assert "BACKGROUND PRESSURE" in " ".join(source.notes)


class Bomb:
    """A pickle of this writes a file when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_no_pickle_is_read_written_or_removed(case, tmp_path):
    folder, *_ = case
    trap = tmp_path / "sprung"
    before = pickle.dumps(Bomb(trap))
    (folder / "case.pickle").write_bytes(before)
    names = sorted(path.name for path in folder.iterdir())
    rte.read(folder, time="last")
    assert not trap.exists()
    assert (folder / "case.pickle").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == names
    (folder / "case.pickle").unlink()
    rte.read(folder, time="last")
    assert not (folder / "case.pickle").exists()
    import fdsreader

    assert fdsreader.settings.ENABLE_CACHING  # others in this process keep their setting
    assert logging.root.manager.disable == 0


@pytest.mark.parametrize("cells", [False, True])
def test_obstructions_are_marked(tmp_path, cells):
    """Two meshes, and one block that reaches from one into the other."""
    x, y, z = np.linspace(0, 6, 7), np.linspace(0, 4, 5), np.linspace(0, 3, 4)
    meshes = [
        Mesh("A", x[:4], y, z, [((1, 1, 0), (3, 3, 2))]),
        Mesh("B", x[3:], y, z, [((0, 1, 0), (1, 3, 2))]),
    ]
    T = np.full((1, 7, 5, 4), 500, np.float32)
    slices = [
        Slice(number, mesh, [0, 3, *bounds], {"TEMPERATURE": T[(slice(None), part, *rest)]}, cells)
        for mesh, part in ((1, slice(0, 4)), (2, slice(3, 7)))
        for number, bounds, rest in (
            (1, [0, 4, 0, 3], (slice(None), slice(None))),
            (2, [2, 2, 0, 3], (slice(2, 3), slice(None))),
        )
    ]
    write_case(tmp_path / "case", Case(meshes, {}, slices, [0.0]))
    solid = np.zeros((6, 4, 3))
    solid[1:4, 1:3, 0:2] = 1
    # a node is one of the block where all cells around it are, and those beyond a mesh count as such
    nodes = np.ones((7, 5, 4))
    for part, mesh in ((slice(0, 4), solid[:3]), (slice(3, 7), solid[3:])):
        padded = np.pad(mesh, 1, constant_values=1)
        shifts = itertools.product((0, 1), repeat=3)
        nodes[part] = np.min([padded[i : i + 4, j : j + 5, k : k + 4] for i, j, k in shifts], axis=0)
    for name, want in (("slice 3-D", solid if cells else nodes), ("slice y = 2", None)):
        with opened(tmp_path / "case", None, {"part": name}) as source:
            found = source.arrays["OBSTRUCTION"].load(())
        np.testing.assert_array_equal(
            found, want if want is not None else (solid[:, 1] if cells else nodes[:, 2])
        )


# several meshes


def split(arrays, at, axis=0):
    """Two meshes that share the nodes at an index."""
    low, high = [slice(None)] * 3, [slice(None)] * 3
    low[axis], high[axis] = slice(None, at + 1), slice(at, None)
    return [{k: a[tuple(part)] for k, a in arrays.items()} for part in (low, high)]


@pytest.mark.parametrize("axis", range(3))
def test_meshes_that_tile_a_box_become_one_grid(tmp_path, axis):
    axes = [np.linspace(0, 1, 6), np.linspace(0, 2, 7), np.linspace(0, 3, 8)]
    whole = state(tuple(a.size for a in axes))
    parts, nodes = split(whole, 2, axis), [list(axes), list(axes)]
    nodes[0][axis], nodes[1][axis] = axes[axis][:3], axes[axis][2:]
    write_case(tmp_path / "one", Case([Mesh("M", *axes)], {1.0: [whole]}))
    write_case(tmp_path / "two", Case([Mesh("A", *nodes[0]), Mesh("B", *nodes[1])], {1.0: parts}))
    one, two = rte.read(tmp_path / "one"), rte.read(tmp_path / "two")
    for i in range(3):
        np.testing.assert_array_equal(one.grid[i], two.grid[i])
    np.testing.assert_array_equal(one.temperature, two.temperature)
    np.testing.assert_array_equal(one.soot_volume_fraction, two.soot_volume_fraction)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.linspace(1.5, 2, 3), "do not fill the box"),
        (np.linspace(0.5, 2, 3), "mesh . has other cells along x"),
        (np.linspace(1, 2, 3), "mesh .* has other cells along y"),
    ],
)
def test_meshes_without_a_common_grid_are_read_one_by_one(tmp_path, x, message):
    y = np.linspace(0, 1, 6 if "along y" in message else 4)
    a, b = state((5, 4, 3), 1), state((3, y.size, 3), 2)
    meshes = [Mesh("A", np.linspace(0, 1, 5), np.linspace(0, 1, 4), Z), Mesh("B", x, y, Z)]
    write_case(tmp_path / "case", Case(meshes, {1.0: [a, b]}))
    with pytest.raises(rte.InputError, match=message) as caught:
        rte.read(tmp_path / "case")
    assert (
        'options = { part = "plot3d, mesh A" } (--option part="plot3d, mesh A"), or "plot3d, mesh B"'
        in str(caught.value)
    )
    field = rte.read(tmp_path / "case", options={"part": "plot3d, mesh B"})
    np.testing.assert_array_equal(field.temperature, b["TEMPERATURE"] + np.float32(273.15))
    with pytest.raises(rte.InputError, match="has no mesh 'C'; there are A, B"):
        rte.read(tmp_path / "case", options={"part": "plot3d, mesh C"})


def test_a_moment_that_not_all_meshes_have_written(tmp_path):
    whole = state((5, 4, 3))
    parts = split(whole, 2)
    smv = write_case(
        tmp_path, Case([Mesh("A", X[:3], Y, Z), Mesh("B", X[2:], Y, Z)], {1.0: parts, 2.0: parts})
    )
    smv.write_text(smv.read_text().rpartition("PL3D")[0])
    with pytest.raises(rte.InputError, match="mesh B has not written that moment"):
        rte.read(tmp_path, time="last")
    field = rte.read(tmp_path, time="first")
    np.testing.assert_array_equal(field.temperature, whole["TEMPERATURE"] + np.float32(273.15))


# slices


def test_slices_of_a_plane_of_a_box_and_of_cells(tmp_path):
    rng = np.random.default_rng(5)
    plane, box = (rng.uniform(20, 900, (3, 5, n, 3)).astype(np.float32) for n in (1, 4))
    kappa = rng.uniform(0, 2, box.shape).astype(np.float32)
    slices = [
        Slice(1, 1, [0, 4, 2, 2, 0, 2], {"TEMPERATURE": plane, "ABSORPTION COEFFICIENT": plane / 1000}),
        Slice(3, 1, [0, 4, 0, 3, 0, 2], {"TEMPERATURE": box, "ABSORPTION COEFFICIENT": kappa}),
        Slice(5, 1, [0, 4, 0, 3, 0, 2], {"TEMPERATURE": box, "ABSORPTION COEFFICIENT": kappa}, cells=True),
    ]
    write_case(tmp_path / "case", Case([Mesh("M", X, Y, Z)], {}, slices, [0.0, 1.5, 3.0]))
    read = lambda part, **more: rte.read(tmp_path / "case", options={"part": part}, **more)  # noqa: E731
    with pytest.raises(rte.InputError, match=r'part="slice y = 0.3"\), or "slice 3-D", "slice 3-D \(2\)"'):
        rte.read(tmp_path / "case")
    field = read("slice y = 0.3", time=1.5)
    np.testing.assert_array_equal(field.temperature[:, 0, :], plane[1, :, 0] + np.float32(273.15))
    np.testing.assert_array_equal(field.absorption_coefficient[:, 0, :], plane[1, :, 0] / np.float32(1000))
    assert np.isinf(field.grid.y).all()
    np.testing.assert_allclose(field.grid.x, dual(X), atol=1e-16)
    field = read("slice 3-D", time="last")
    np.testing.assert_array_equal(field.absorption_coefficient, kappa[2])
    assert field.time == 3.0
    field = read("slice 3-D (2)", time="first")
    np.testing.assert_array_equal(field.absorption_coefficient, kappa[0, 1:, 1:, 1:])
    np.testing.assert_allclose(field.grid.x, X, atol=1e-16)
    with opened(tmp_path / "case", "last", {"part": "slice y = 0.3"}) as source:
        assert "does not change along y" in source.notes[0]


def test_slices_over_two_meshes(tmp_path):
    whole = np.random.default_rng(6).uniform(20, 900, (2, 7, 1, 3)).astype(np.float32)
    x = np.linspace(0, 1.5, 7)
    for cells in (False, True):
        parts = [whole[:, :5], whole[:, 4:]]
        slices = [
            Slice(1, i, [0, n, 1, 1, 0, 2], {"TEMPERATURE": a, "ABSORPTION COEFFICIENT": a}, cells)
            for i, n, a in ((1, 4, parts[0]), (2, 2, parts[1]))
        ]
        folder = tmp_path / f"case{cells}"
        write_case(folder, Case([Mesh("A", x[:5], Y, Z), Mesh("B", x[4:], Y, Z)], {}, slices, [0.0, 1.0]))
        field = rte.read(folder, time=1.0)
        want = np.concatenate([whole[1, 1:5, 0, 1:], whole[1, 5:, 0, 1:]]) if cells else whole[1, :, 0]
        np.testing.assert_array_equal(field.absorption_coefficient[:, 0, :], want)


@pytest.mark.parametrize(("axis", "kind"), [*itertools.product(range(3), ("plot3d", "points", "cells"))])
def test_axes_are_never_swapped(tmp_path, axis, kind):
    """A cube with a gradient along one axis."""
    T = np.moveaxis(np.broadcast_to(np.linspace(100, 900, 6), (6, 6, 6)), -1, axis).astype(np.float32)
    mesh = Mesh("M", *[np.linspace(0, 1, 6)] * 3)
    arrays = {"TEMPERATURE": T[None], "ABSORPTION COEFFICIENT": T[None]}
    slices = [Slice(1, 1, [0, 5, 0, 5, 0, 5], arrays, kind == "cells")]
    plot3d = {0.0: [with_temperature(T)]}
    made = Case([mesh], plot3d) if kind == "plot3d" else Case([mesh], {}, slices, [0.0])
    write_case(tmp_path / "case", made)
    want = T[1:, 1:, 1:] if kind == "cells" else T
    np.testing.assert_array_equal(rte.read(tmp_path / "case").temperature, want + np.float32(273.15))


# what is wrong or hostile


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (" case_1_20p50.q", " ../../secret.q", "outside its folder; it is not read"),
        (" case_1_20p50.q", " /etc/passwd", "outside its folder; it is not read"),
        ("    4    3    2    0", "    4    3", "fdsreader .* cannot read it"),
        ("    4    3    2    0", "99999999    3    2    0", "fdsreader .* cannot read it"),
        ("PDIM", "PDMI", "fdsreader .* cannot read it"),
        ("CHID", "CHDI", "fdsreader|not an HDF5 file|is a directory"),
        (" case_1_20p50.q", " case_1_30p50.q", "cannot be read"),
    ],
)
def test_a_case_that_cannot_be_read_is_one_error(case, old, new, message):
    folder, *_ = case
    smv = folder / "case.smv"
    text = smv.read_text()
    assert old in text
    smv.write_text(text.replace(old, new))
    with pytest.raises(rte.InputError, match=message) as caught:
        rte.read(folder, time="last")
    assert "\n" not in str(caught.value)


def test_binary_files_that_are_cut_or_of_another_mesh(case):
    folder, *_ = case
    file = folder / "case_1_20p50.q"
    whole = file.read_bytes()
    file.write_bytes(whole[:-400])
    with pytest.raises(rte.InputError, match="cut, or of another mesh"):
        rte.read(folder, time="last")
    file.write_bytes(whole.replace((1200).to_bytes(4, "little"), (1100).to_bytes(4, "little")))
    with pytest.raises(rte.InputError, match=r"found a record of \[1100\] bytes"):
        rte.read(folder, time="last")


def test_of_several_cases_in_a_folder_one_is_asked_for(case):
    folder, *_ = case
    write_case(folder, Case([Mesh("M", X, Y, Z)], {1.0: [state((5, 4, 3))]}), "other")
    with pytest.raises(rte.InputError, match=r"holds 2 cases of FDS \(case.smv, other.smv\); name one"):
        rte.read(folder)
    assert rte.read(folder / "other.smv").time == 1.0


def test_a_case_without_temperature(tmp_path):
    write_case(tmp_path / "case", Case([Mesh("M", X, Y, Z)]))
    with pytest.raises(rte.InputError, match="no Plot3D or slice holds TEMPERATURE"):
        rte.read(tmp_path / "case")


def test_without_fdsreader_the_message_says_how_to_get_it(case, monkeypatch):
    monkeypatch.setitem(sys.modules, "fdsreader", None)
    with pytest.raises(rte.InputError, match=r"needs fdsreader: pip install 'raytrace-rte\[fds\]'"):
        rte.read(case[0], time="last")


def test_names_of_fds_are_the_formulas():
    assert fds._quantity("CARBON MONOXIDE VOLUME FRACTION") == "mole_fraction/CO"
    assert fds._quantity("SOOT MASS FRACTION") == ""
    assert fds._quantity("SOOT AEROSOL VOLUME FRACTION") == "soot_volume_fraction"
    assert fds._quantity("MY FUEL MASS FRACTION") == "mass_fraction/MY FUEL"
