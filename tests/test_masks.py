"""Cells without data and cells that an array marks: empty gas, or solids, from files, configs and Python."""

from __future__ import annotations

import sys

import h5py
import numpy as np
import pytest
import xarray
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import raytrace_rte as rte
from raytrace_rte.cli import main
from raytrace_rte.formats.masks import Masks

SHAPE = (6, 5, 4)
HOT, KAPPA, SOLID = 1500.0, 0.8, 900.0
HOLE = (3, 2, 1)
BLACK, WARM = float(rte.blackbody(HOT)), float(rte.blackbody(SOLID))
EMPTY = BLACK * (1 - np.exp(-KAPPA * 5.0))
"""Along x through the hole: five cells of 1 m are left."""
OPAQUE = BLACK * (1 - np.exp(-KAPPA * 3.0)) + np.exp(-KAPPA * 3.0) * WARM
"""Three cells of 1 m before a black solid in the hole."""
LINE = rte.line_of_sight((-1.0, 2.5, 1.5), (1.0, 0.0, 0.0))
MAP = {"grid": {"axis_order": ["z", "y", "x"], "location": "cell", "origin": [0, 0, 0], "spacing": [1, 1, 1],
                "units": "m"},
       "temperature": {"dataset": "T", "units": "K"},
       "absorption_coefficient": {"dataset": "kappa", "units": "1/m"}}  # fmt: skip


def temperature(missing=HOT, dtype=np.float64):
    """1500 K, and something else in the hole; axes x, y, z."""
    T = np.full(SHAPE, HOT, dtype)
    T[HOLE] = missing
    return T


def native(path, missing=HOT, dtype=np.float64, **more):
    """A native field whose temperature in the hole is that."""
    grid = rte.Cartesian(*(np.arange(n + 1.0) for n in SHAPE))
    rte.write(rte.Field(grid, np.full(SHAPE, HOT, dtype), absorption_coefficient=np.full(SHAPE, KAPPA)), path)
    with h5py.File(path, "r+") as file:
        file["temperature"][...] = temperature(missing, dtype)
        for name, values in more.items():
            file[name] = values
    return path


def foreign(path, missing=HOT, dtype=np.float64, **more):
    """The same as another program would write it, axes z, y, x."""
    with h5py.File(path, "w") as file:
        file["T"] = temperature(missing, dtype).T
        file["kappa"] = np.full(SHAPE[::-1], KAPPA)
        for name, values in more.items():
            file[name] = values.T
    return path


def in_memory(path, missing=HOT, dtype=np.float64, **more):
    """The same as a Dataset of xarray."""
    arrays = {"T": temperature(missing, dtype), "kappa": np.full(SHAPE, KAPPA), **more}
    return xarray.Dataset({name: (("z", "y", "x"), values.T) for name, values in arrays.items()})


def marked(number=1, dtype=np.int8):
    """Zero but in the hole."""
    mark = np.zeros(SHAPE, dtype)
    mark[HOLE] = number
    return mark


KINDS = {"native": (native, None), "foreign": (foreign, MAP), "xarray": (in_memory, MAP)}


@pytest.fixture(params=KINDS)
def write(request, tmp_path):
    """Writes a field; gives a function that reads it."""
    make, field_map = KINDS[request.param]

    def making(*args, **keywords):
        written = make(tmp_path / "field.h5", *args, **keywords)
        return lambda **asked: rte.read(written, map=field_map, **asked)

    return making


def seen(field, objects=()):
    """Radiance along the line through the hole."""
    return rte.solve(rte.absorption.given(field), LINE, objects=objects)


@pytest.mark.parametrize("missing", [0.0, np.nan, -9999.0, 1e35])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_case_21_a_temperature_that_stands_for_no_data(missing, dtype, write):
    """Refused as it stands; on request the cell is empty, or a solid, each with its right value."""
    read = write(missing, dtype)
    if missing != 1e35:
        with pytest.raises(rte.InputError) as error:
            read()
        assert "(3, 2, 1)" in str(error.value)
        assert "no_data" in str(error.value)
        assert "degC" not in str(error.value)
    field = read(no_data=missing)
    assert field.cells_without_data == 1
    assert not field.valid[HOLE]
    empty = seen(field)
    assert_allclose(empty.value[0], EMPTY, rtol=1e-9 if dtype == np.float64 else 1e-6)
    assert "1 cells without data were taken as empty gas" in empty.summary()
    assert "solid" not in empty.summary()
    solid = seen(field, [rte.solids(~field.valid, SOLID)])
    assert_allclose(solid.value[0], OPAQUE, rtol=1e-9 if dtype == np.float64 else 1e-6)
    assert "empty gas where no solid covers them" in solid.summary()


def test_several_numbers_may_stand_for_no_data(write):
    T = temperature(0.0)
    T[0, 0, 0], T[5, 4, 3] = np.nan, -1.0
    read = write(0.0)
    assert read(no_data=[np.nan, 0.0, -1.0]).cells_without_data == 1  # not all need be there
    with pytest.raises(rte.InputError, match="no_data is 'nan'"):
        read(no_data="nan")


def test_an_array_may_say_where_there_are_data(write):
    field = write(0.0, fluid=1 - marked())(valid="fluid")
    assert_array_equal(field.valid, marked() == 0)
    assert_allclose(seen(field).value[0], EMPTY, rtol=1e-9)
    with pytest.raises(
        rte.InputError, match=r"'fluid' .*holds 2; expected 1 in cells with data, 0 in others"
    ):
        write(0.0, fluid=marked(2))(valid="fluid")
    with pytest.raises(rte.InputError, match=r"dataset 'fluit' is missing \(did you mean 'fluid'\?\)"):
        write(0.0, fluid=1 - marked())(valid="fluit")


def test_masks_from_the_file_and_from_numbers_go_together(write):
    other = np.ones(SHAPE, np.int8)
    other[0] = 0
    field = write(0.0, fluid=other)(valid="fluid", no_data=0.0)
    assert_array_equal(field.valid, (marked() == 0) & (other == 1))


def test_markers_are_in_the_order_of_the_axes_and_keep_their_type(write):
    numbers = np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(np.int16)
    field = write(material=numbers)(markers=["material"])
    assert field.markers["material"].dtype == np.int16
    assert_array_equal(field.markers["material"], numbers)
    with pytest.raises(rte.InputError, match="dataset 'materials' is missing"):
        write(material=numbers)(markers=["materials"])


def test_a_field_map_may_name_masks_and_markers(tmp_path):
    path = foreign(
        tmp_path / "field.h5", 0.0, fluid=1 - marked(), steps=np.stack([0 * marked(), marked(7)], -1)
    )
    more = {"valid": {"dataset": "fluid"}, "marker": {"wall": {"dataset": "steps", "select": "1, :, :, :"}}}
    field = rte.read(path, map=MAP | more)
    assert_array_equal(field.valid, marked() == 0)
    assert_array_equal(field.markers["wall"], marked(7))
    for table, wrong in (("valid", {"value": 1.0}), ("valid", {"dataset": "fluid", "units": "1"})):
        with pytest.raises(rte.InputError, match=r"\[valid\] takes a dataset and select"):
            rte.read(path, map=MAP | {table: wrong})


def test_the_native_file_keeps_markers_and_masks(tmp_path):
    path = native(tmp_path / "a.h5", 0.0, material=marked(3))
    field = rte.read(path, no_data=0.0, markers=["material"])
    rte.write(field, tmp_path / "b.h5")
    again = rte.read(tmp_path / "b.h5")
    assert_array_equal(again.valid, field.valid)
    assert list(again.markers) == ["material"]
    assert_array_equal(again.markers["material"], marked(3))
    assert_array_equal(rte.read(tmp_path / "b.h5", markers=["material"]).markers["material"], marked(3))


def test_wrong_markers_are_refused():
    grid = rte.Cartesian(*(np.arange(n + 1.0) for n in SHAPE))
    for wrong in (np.ones(3), np.full(SHAPE, "a"), 3):
        with pytest.raises(rte.InputError, match=r"markers: a is .*expected numbers of shape \(6, 5, 4\)"):
            rte.Field(grid, temperature(), markers={"a": wrong})


@given(st.lists(st.sampled_from([0.0, -1.0, float("nan"), 300.0]), min_size=1, max_size=8),
       st.sets(st.sampled_from([0.0, -1.0, float("nan")])))  # fmt: skip
def test_only_numbers_that_stand_for_no_data_are_missing(values, numbers):
    known = Masks(tuple(numbers)).known(np.array(values, np.float32))
    expected = [not any(v == n or (v != v and n != n) for n in numbers) for v in values]
    assert list([True] * len(values) if known is None else known) == expected


# From a config

CONFIG = """
[field]
file = "field.h5"
{field}
[absorption]
model = "given"
[sensor]
kind = "line_of_sight"
origin = [-1.0, 2.5, 1.5]
direction = [1.0, 0.0, 0.0]
{objects}
"""


def run(monkeypatch, capsys, folder, field="", objects=""):
    """Run the command; return its exit code, the radiance if there is one, and what it said."""
    (folder / "job.toml").write_text(CONFIG.format(field=field, objects=objects), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["raytrace-rte", "run", str(folder / "job.toml")])
    try:
        main()
    except SystemExit as ended:
        if ended.code:
            return ended.code, None, capsys.readouterr().err
    return 0, float(rte.load(folder / "out/result.h5").value[0]), capsys.readouterr().out


NO_DATA = '[[objects]]\nkind = "no_data"\ntemperature = 900.0\n'
MASK = '[[objects]]\nkind = "mask"\ndataset = "solid"\n'
JOBS = {
    "no data, empty": ({"missing": 0.0}, "no_data = 0.0", "", EMPTY),
    "nan, empty": ({"missing": np.nan}, "no_data = [nan, -1.0]", "", EMPTY),
    "no data, solid": ({"missing": np.nan}, "no_data = nan", NO_DATA, OPAQUE),
    "a dataset, empty": ({"missing": 0.0, "fluid": 1 - marked()}, 'valid = "fluid"', "", EMPTY),
    "a dataset, solid": ({"missing": HOT, "solid": marked()}, "", MASK + "temperature = 900.0\n", OPAQUE),
    "a material": ({"missing": HOT, "solid": marked(7)}, "", MASK + "value = 7\ntemperature = 900\n", OPAQUE),
    "at the field's temperature": ({"missing": SOLID, "solid": marked()}, "", MASK, OPAQUE),
    "no data, and a dataset": (
        {"missing": 0.0, "solid": marked()}, "no_data = 0", MASK + "temperature = 900.0\n", OPAQUE),
}  # fmt: skip


@pytest.mark.parametrize("name", JOBS)
def test_masks_of_a_job(name, tmp_path, monkeypatch, capsys):
    file, field, objects, expected = JOBS[name]
    native(tmp_path / "field.h5", **file)
    code, radiance, said = run(monkeypatch, capsys, tmp_path, field, objects)
    assert code == 0, said
    # gas beside an opaque cell of another temperature sees it in its slope, but for the field's own temperature
    assert radiance == pytest.approx(expected, rel=1e-9 if name != "at the field's temperature" else 0.02)


WRONG = {
    "all cells of the field have data": ({}, "", NO_DATA),
    "dataset 'solid' is missing": ({}, "", MASK + "temperature = 900.0\n"),
    "holds other numbers than 1 and 0; say which": ({"solid": marked(7)}, "", MASK + "temperature = 900.0\n"),
    "is nowhere 5": ({"solid": marked(7)}, "", MASK + "value = 5\ntemperature = 900.0\n"),
    "marks cells without data; give their temperature": ({"missing": 0.0, "solid": marked()}, "no_data = 0", MASK),
    "'no_data' is 'nan'; expected a number, or a list of numbers": ({}, 'no_data = "nan"', ""),
    "valid is false everywhere": ({}, f"no_data = {HOT}", ""),
    "key 'temperature' is missing": ({}, "", NO_DATA.replace("temperature = 900.0\n", "")),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_wrong_masks_of_a_job_are_one_message(message, tmp_path, monkeypatch, capsys):
    file, field, objects = WRONG[message]
    native(tmp_path / "field.h5", **file)
    code, _, said = run(monkeypatch, capsys, tmp_path, field, objects)
    assert code == 2
    assert message in said
    assert said.strip().count("\n") == 0


@pytest.mark.parametrize("key", ["no_data = 0.0", 'valid = "fluid"'])
def test_a_sample_has_no_masks(key, tmp_path, monkeypatch, capsys):
    text = CONFIG.format(field=key, objects="").replace('file = "field.h5"', 'sample = "smooth-plume"')
    (tmp_path / "job.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["raytrace-rte", "run", str(tmp_path / "job.toml")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "belongs to a file; a sample has data in all cells" in capsys.readouterr().err


def test_all_sensors_see_solids_where_there_are_no_data(tmp_path):
    """The same answers as with solids in a field that has data there."""
    field = rte.read(native(tmp_path / "field.h5", np.nan), no_data=np.nan)
    whole = rte.read(native(tmp_path / "whole.h5"))
    mask = marked() == 1
    inside = rte.radiometer((0.5, 2.5, 1.5), (1.0, 0.0, 0.0), 20.0, directions=400)
    for sensor in (LINE, inside):
        got, want = (
            rte.solve(
                rte.absorption.given(f), sensor, rte.black(300.0), objects=[rte.solids(mask, SOLID, 0.7)]
            )
            for f in (field, whole)
        )
        assert_allclose(got.value, want.value, rtol=2e-3)
    heat = rte.solve(rte.absorption.given(field), rte.heat_source(50), objects=[rte.solids(mask, SOLID, 0.7)])
    assert np.isfinite(heat.div_q).all()
    assert heat.div_q[HOLE] == 0.0
    assert abs(heat.budget["residual_relative"]) < 1e-10
