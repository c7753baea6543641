"""What inspect says of files of many formats, convert, and jobs that read them without a map."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import xarray
from numpy.testing import assert_array_equal
from typer.testing import CliRunner

import raytrace_rte as rte
from raytrace_rte.cli import app, main
from raytrace_rte.formats.inspect import inspect
from raytrace_rte.formats.plausible import doubts, likely_unit
from raytrace_rte.formats.ranges import Range
from raytrace_rte.formats.source import Array
from written import WRITERS, dataset, made, same

FACES = [np.linspace(0.0, 1.0, 4), np.linspace(0.0, 1.0, 5), np.linspace(0.0, 1.0, 6)]
SHAPE = (3, 4, 5)
GAS = {"T": np.linspace(300.0, 1800.0, 60).reshape(SHAPE), "kappa": np.full(SHAPE, 0.5)}
CAMERA = '[sensor]\nkind = "line_of_sight"\norigin = [-1, 0.5, 0.5]\ndirection = [1, 0, 0]\n'


def call(*arguments):
    """Run the command in this process; (exit code, what it printed)."""
    done = CliRunner().invoke(app, [str(word) for word in arguments])
    error = f"{type(done.exception).__name__}: {done.exception}" if done.exception else ""
    return done.exit_code, done.output + error


def test_convert_writes_what_is_read(tmp_path):
    for kind in WRITERS:
        path, out = made(kind, tmp_path, FACES, GAS), tmp_path / f"{kind}.native"
        code, said = call("convert", path, out, "--unit", "length=m")
        assert code == 0, said
        assert "wrote          " in said
        same(rte.read(out), rte.read(path, units={"length": "m"}))


def test_convert_takes_a_moment_a_map_units_and_a_location(tmp_path):
    ds = dataset(FACES, GAS, bounds=False)
    ds = xarray.concat([ds, ds.assign(T=ds["T"] + 1.0)], dim=xarray.Variable("time", [0.0, 0.5], {"units": "s"}),
                       data_vars="all")  # fmt: skip
    ds["T"].attrs = {}
    ds["kappa"].attrs["units"] = "1/m"
    ds.to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    words = ["convert", tmp_path / "a.nc", tmp_path / "out.h5"]
    code, said = call(*words)
    assert code == 1
    assert "InputError" in said
    assert not (tmp_path / "out.h5").exists()
    code, said = call(*words, "--time", "0.5", "--unit", "T=K", "--location", "cell")
    assert code == 0, said
    found = rte.read(tmp_path / "out.h5")
    assert found.time == 0.5
    assert_array_equal(found.temperature, GAS["T"] + 1.0)
    (tmp_path / "m.toml").write_text(
        '[grid]\nlocation = "cell"\nx = {dataset = "x"}\ny = {dataset = "y"}\nz = {dataset = "z"}\n'
        '[temperature]\ndataset = "T"\nunits = "degC"\n'
    )
    assert call(*words, "--map", tmp_path / "m.toml", "--time", "first")[0] == 0
    assert_array_equal(rte.read(tmp_path / "out.h5").temperature, GAS["T"] + 273.15)
    for wrong in ("--unit=T", "--time=noon", "--location=face"):
        assert "InputError" in call(*words, wrong)[1]


def test_what_read_is_told_convert_and_inspect_are_told_too(tmp_path):
    gas = GAS | {"T": GAS["T"].copy(), "fluid": np.ones_like(GAS["T"])}
    gas["T"][0, 0, 0], gas["fluid"][1, 0, 0] = -9999.0, 0.0
    ds = dataset(FACES, {n: a for n, a in gas.items() if n != "fluid"}, bounds=False)
    ds["fluid"] = (ds["T"].dims, gas["fluid"].transpose(2, 1, 0))
    ds["T"].attrs = {}
    ds.to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    words = ["--unit", "T=K", "--location", "cell", "--no-data", "-9999", "--valid", "fluid"]
    code, said = call("inspect", tmp_path / "a.nc", *words)
    assert code == 0, said
    assert "unclear" not in said
    assert "becomes        Field(3x4x5 cells" in said
    assert call("convert", tmp_path / "a.nc", tmp_path / "out.h5", *words)[0] == 0
    found = rte.read(tmp_path / "out.h5")
    assert np.argwhere(~found.valid).tolist() == [[0, 0, 0], [1, 0, 0]]
    assert "becomes        Field(3x4x5 cells" in call("inspect", tmp_path / "out.h5")[1]


@pytest.mark.parametrize(
    ("unit", "said"), [("k", "did you mean 'K'"), ("Kelvins", "'Kelvin'"), (5, "is 5; expected")]
)
def test_a_unit_that_there_is_not_names_the_nearest(unit, said, tmp_path):
    path = made("netcdf4", tmp_path, FACES, GAS)
    with pytest.raises(rte.InputError, match=said):
        rte.read(path, units={"T": unit})


def test_wrong_input_to_convert_is_one_message_and_exit_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "sys.argv", ["raytrace-rte", "convert", str(tmp_path / "none"), str(tmp_path / "out.h5")]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_notes_of_a_field_are_kept_and_said(tmp_path):
    ds = dataset(FACES, GAS).isel(z=0, drop=True)
    ds.to_netcdf(tmp_path / "flat.nc", engine="netcdf4")
    code, said = call("convert", tmp_path / "flat.nc", tmp_path / "out.h5")
    assert code == 0
    assert "note           the arrays have no axis z, which was taken without end" in said
    medium = rte.absorption.given(rte.read(tmp_path / "out.h5"))
    answer = rte.solve(medium, rte.line_of_sight((-1, 0.5, 0), (1, 0, 0)))
    assert "no axis z, which was taken without end" in answer.summary()


@pytest.mark.parametrize("kind", ["netcdf3", "zarr2", "xdmf"])
def test_a_job_reads_any_format_without_a_map(kind, tmp_path):
    path = made(kind, tmp_path, FACES, GAS)
    job = tmp_path / "job.toml"
    job.write_text(f'[field]\nfile = "{path.name}"\nunits = {{ length = "m" }}\n{CAMERA}')
    code, said = call("run", job)
    assert code == 0, said
    wanted = rte.solve(
        rte.absorption.given(rte.Field(rte.Cartesian(*FACES), GAS["T"], absorption_coefficient=GAS["kappa"])),
        rte.line_of_sight((-1, 0.5, 0.5), (1, 0, 0)),
    )
    assert rte.load(tmp_path / "out/result.h5").value == wanted.value
    job.write_text(f"{CAMERA}[field]\nlocation = 'cell'\n")
    with pytest.raises(rte.InputError, match="location is given without a file"):
        call("check", job)[1] and main_error("check", job)


def main_error(*words):
    """Raise what the command raises."""
    CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


@pytest.mark.parametrize("kind", WRITERS)
def test_inspect_says_what_a_file_would_become(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = made(kind, tmp_path, FACES, GAS)
    code, said = call("inspect", path)
    assert code == 0, said
    assert "5 x 4 x 3" in said
    assert "300" in said
    assert "1800" in said
    if kind == "xdmf":
        assert 'unclear        the unit of length: units = { length = "..." }' in said
        assert (tmp_path / f"{kind}.map.toml").exists()
    else:
        assert "becomes        Field(3x4x5 cells, T 300..1800 K" in said
        assert "optical depth of the domain 0.5 (given)" in said
        assert not list(tmp_path.glob("*.toml"))
    assert "nan" not in said


def test_inspect_shows_times_and_one_screen(tmp_path):
    T = np.full((2, *SHAPE), 900.0)
    ds = xarray.Dataset({"T": (("time", "x", "y", "z"), T)}, {"time": ("time", [0.0, 3.0], {"units": "min"})})
    for i in range(60):
        ds[f"extra{i}"] = ("n", np.arange(3.0))
    ds.to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    shown = inspect(tmp_path / "a.nc")
    assert "times          2 moments, at 0, 180 s; the last is shown" in str(shown)
    assert "at 0, 180 s\n" in str(inspect(tmp_path / "a.nc", "first"))
    assert "... and 22 more: --all lists them" in str(shown)
    assert len(str(shown).splitlines()) < 60
    assert "extra59" in shown.text(all_=True)


@pytest.mark.parametrize(
    ("kind", "low", "high", "unit"),
    [
        ("temperature", 300, 1800, "K"),
        ("temperature", 20, 1500, "degC"),
        ("pressure", 101300, 101400, "Pa"),
        ("pressure", 1.0, 1.01, "atm or bar"),
        ("pressure", 1.013e6, 1.013e6, "dyn/cm2"),  # case 16: it was noted as "looks like Pa"
        ("pressure", 101.3, 101.4, "kPa"),
        ("pressure", 5e7, 5e7, ""),
        ("fraction", 0.0, 0.2, "1"),
        ("fraction", 0.0, 20.0, "%"),
        ("fraction", 0.0, 2e5, "ppm"),
    ],
)
def test_case_16_what_numbers_look_like(kind, low, high, unit):
    assert likely_unit(kind, Range(low, high)) == unit


def test_case_16_pressure_in_dyn_per_cm2(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["xf"], file["T"], file["p"] = np.arange(4.0), np.full(3, 900.0), np.full(3, 1.01325e6)
        file["X_CO2"] = np.full(3, 0.1)
    told = {"length": "cm", "T": "K", "X_CO2": "1"}
    with pytest.raises(rte.InputError, match=r"pressure 'p' \(the file does not say; looks like dyn/cm2\)"):
        rte.read(tmp_path / "a.h5", units=told)
    for unit in ("dyn/cm2", "barye"):
        assert rte.read(tmp_path / "a.h5", units=told | {"p": unit}).pressure[0, 0, 0] == pytest.approx(
            101325.0
        )
    assert rte.read(tmp_path / "a.h5", units=told | {"p": "dyn/cm2"}).grid.x[-1] == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("kind", "unit", "low", "high", "said"),
    [
        ("temperature", "K", 20.0, 1500.0, "looks like degrees Celsius"),
        ("temperature", "degC", 20.0, 1500.0, ""),
        ("pressure", "Pa", 1.01e6, 1.02e6, "up to 10.1 atm; it looks like dyn/cm2"),
        ("pressure", "Pa", 101325.0, 101325.0, ""),
        ("pressure", "bar", 1.0, 1.0, ""),
        ("fraction", "1", 0.0, 12.0, "above 1; it looks like %"),
        ("fraction", "%", 0.0, 12.0, ""),
        ("absorption", "1/m", -0.5, 1.0, "nothing absorbs less than nothing"),
        ("absorption", "?", -0.5, 1.0, ""),
    ],
)
def test_what_looks_odd_is_said(kind, unit, low, high, said):
    array = Array("a", (2,), np.dtype(float), lambda index: np.array([low, high])[index], unit)
    found = list(doubts(array, kind, Range(low, high)))
    assert bool(found) == bool(said)
    assert said in "".join(found)


def test_inspect_says_what_would_be_refused_and_what_looks_odd(tmp_path):
    path = made("netcdf4", tmp_path, FACES, {"T": GAS["T"] - 280.0})
    shown = str(inspect(path))
    assert "note           'T' spans 20 to 1520 K, which looks like degrees Celsius" in shown
    path = made("netcdf3", tmp_path, FACES, {"T": GAS["T"], "kappa": -GAS["kappa"]})
    assert "becomes        nothing: absorption_coefficient: cell (0, 0, 0) is -0.5" in str(inspect(path))


def test_quantities_that_no_answer_needs_are_left_out_where_their_unit_is_unknown(tmp_path):
    path = made("hdf5", tmp_path, FACES, GAS)
    with h5py.File(path, "r+") as file:
        file["rho"] = np.full(SHAPE[::-1], 0.3)
    found = rte.read(path)
    assert found.density is None
    (note,) = (n for n in found.notes if "left out 'rho', which may be the density" in n)
    assert note in inspect(path).doubts
    assert "rho may be the density: left out, as its unit is not known" in inspect(path).map_text
    found = rte.read(path, units={"rho": "kg/m3"})
    assert found.density.max() == 0.3


def test_what_may_be_meant_and_is_left_out_is_said(tmp_path):
    path = made("hdf5", tmp_path, FACES, GAS)
    with h5py.File(path, "r+") as file:
        for name in ("X_CO2", "X_NH3"):
            file[name] = np.full(SHAPE[::-1], 0.1)
            file[name].attrs["units"] = "1"
        file["fv"], file["p"] = np.full((2, 2), 1e-7), 101325.0
        file["p"].attrs["units"] = "Pa"
    found = rte.read(path)
    assert list(found.mole_fraction) == ["CO2"]
    assert "mole fractions sum to 0.1..0.1; optical depth" in str(inspect(path))
    assert "left out X_NH3, which may be a species" in found.notes
    assert (
        "left out 'fv' of shape (2, 2), which may be the soot_volume_fraction, but is not of the same cells"
        in (rte.solve(rte.absorption.given(found), rte.line_of_sight((-1, 0.5, 0.5), (1, 0, 0))).summary())
    )
    with h5py.File(path, "r+") as file:
        file["absorption"] = file["kappa"][()]
    with pytest.raises(
        rte.InputError, match="which of absorption, kappa is the absorption_coefficient: a map names it"
    ):
        rte.read(path)
