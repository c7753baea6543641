"""Flames and states as Cantera saves them."""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import raytrace_rte as rte
from raytrace_rte.cli import main
from raytrace_rte.formats.inspect import inspect
from raytrace_rte.formats.molar import molar_mass
from raytrace_rte.formats.readers import cantera as reader
from raytrace_rte.planck import SIGMA

COUNTERFLOW = Path(__file__).parent.parent / "examples" / "data" / "ch4_air_counterflow.h5"
ALL = (slice(None),)


def test_the_loss_that_cantera_saved_follows_from_its_file_alone():
    field = rte.read(COUNTERFLOW)
    with h5py.File(COUNTERFLOW) as file:
        loss, points = file["flame/flame/radiative-heat-loss"][:], file["flame/flame/grid"][:]
    medium = rte.absorption.planck_mean(field, species=["H2O", "CO2"])
    emitted = 4 * SIGMA * medium.kappa[:, 0, 0] * field.temperature[:, 0, 0] ** 4
    assert np.abs(emitted - loss).max() < 1e-10 * loss.max()
    # pressure from D, T and Y by standard atomic weights, which are Cantera's too
    np.testing.assert_allclose(field.pressure, 101325.0, rtol=1e-12)
    # points on a line become cells around them, in a slab
    assert field.grid.shape == (94, 1, 1)
    np.testing.assert_array_equal(field.grid.x[1:-1], 0.5 * (points[1:] + points[:-1]))
    assert np.isinf(field.grid.y).all()
    assert np.isinf(field.grid.z).all()
    # the loss by radiation is an answer, and no heat that the flame gives off
    assert field.heat_release is None


def test_species_are_known_by_name_between_other_components(tmp_path):
    path = tmp_path / "flame.h5"
    path.write_bytes(COUNTERFLOW.read_bytes())
    with h5py.File(path, "r+") as file:
        flame = file["flame/flame"]
        names = list(flame.attrs["components"])
        flame.attrs["components"] = [*names[6:10], "grid", "T", "extra", "D", *names[10:], *names[1:4]]
        flame["extra"] = np.zeros(94)
    there, here = rte.read(path), rte.read(COUNTERFLOW)
    assert list(there.mole_fraction) == list(here.mole_fraction)
    for name, X in here.mole_fraction.items():
        np.testing.assert_array_equal(there.mole_fraction[name], X)


def test_a_column_that_no_name_belongs_to_is_an_error(tmp_path):
    path = tmp_path / "flame.h5"
    path.write_bytes(COUNTERFLOW.read_bytes())
    with h5py.File(path, "r+") as file:
        flame = file["flame/flame"]
        flame.attrs["components"] = flame.attrs["components"][:-3]
    with pytest.raises(rte.InputError, match=r"Y has shape \(94, 53\); expected \(points, "):
        rte.read(path)


def test_a_map_still_names_the_datasets_of_the_file():
    plan = {
        "grid": {
            "axis_order": ["x"],
            "location": "point",
            "x": {"dataset": "flame/flame/grid", "units": "cm"},
        },
        "temperature": {"dataset": "flame/flame/T", "units": "K"},
        "mole_fraction": {"H2": {"dataset": "flame/flame/Y", "select": ":, 0", "units": "1"}},
        "pressure": {"value": 1.0, "units": "atm"},
    }
    field = rte.read(COUNTERFLOW, map=plan)
    with h5py.File(COUNTERFLOW) as file:
        np.testing.assert_array_equal(
            field.mole_fraction["H2"][:, 0, 0], np.maximum(file["flame/flame/Y"][:, 0], 0)
        )
        assert field.grid.x[-1] == pytest.approx(0.01 * file["flame/flame/grid"][-1])


def test_the_notes_say_where_pressure_comes_from_and_what_is_not_read():
    with reader.opened(COUNTERFLOW) as source:
        text = " ".join(source.notes)
        assert source.arrays["flame/flame/radiative-heat-loss"].units == "W/m3"
        assert source.arrays["flame/flame/radiative-heat-loss"].quantity == ""
    assert "D R T / W of each point: 101325 to 101325 Pa" in text
    assert "flame/fuel_inlet, flame/oxidizer_inlet are not" in text


# files that Cantera makes now


@pytest.fixture(scope="module")
def flames(tmp_path_factory):
    """A burning H2 flame, saved in all the ways that there are."""
    ct = pytest.importorskip("cantera")
    folder = tmp_path_factory.mktemp("flames")
    gas = ct.Solution("h2o2.yaml")
    gas.TPX = 300, 2 * ct.one_atm, "H2:1.1, O2:1, AR:5"
    flame = ct.FreeFlame(gas, width=0.03)
    flame.set_refine_criteria(ratio=4, slope=0.4, curve=0.4)
    flame.radiation_enabled = True
    flame.solve(loglevel=0)
    for ending in ("h5", "yaml"):
        flame.save(folder / f"flame.{ending}", name="first")
        flame.to_array().save(folder / f"array.{ending}", name="first")
    flame.save(folder / "mass.csv", basis="mass")
    flame.save(folder / "mole.csv", basis="mole")
    states = ct.SolutionArray(gas, (4,), extra={"grid": [0.0, 0.1, 0.3, 0.4]})
    states.TPX = [400, 900, 1500, 1200], 3e5, "H2O:1, N2:2"
    for ending in ("h5", "yaml", "csv"):
        states.save(folder / f"states.{ending}", **({} if ending == "csv" else {"name": "states"}))
        loose = ct.SolutionArray(gas, (4,))
        loose.save(folder / f"loose.{ending}", **({} if ending == "csv" else {"name": "states"}))
    return folder


@pytest.mark.parametrize(
    ("name", "rtol"),
    [("array.h5", 0), ("flame.yaml", 1e-14), ("array.yaml", 1e-14), ("mass.csv", 1e-8), ("mole.csv", 1e-8)],
)
def test_all_that_cantera_saves_of_a_flame_is_the_same_field(flames, name, rtol):
    want, field = rte.read(flames / "flame.h5"), rte.read(flames / name)
    for axis in range(3):
        np.testing.assert_allclose(field.grid[axis], want.grid[axis], rtol=rtol)
    for quantity in ("temperature", "pressure", "density"):
        np.testing.assert_allclose(getattr(field, quantity), getattr(want, quantity), rtol=rtol)
    assert list(field.mole_fraction) == list(want.mole_fraction)
    for species, X in want.mole_fraction.items():
        np.testing.assert_allclose(field.mole_fraction[species], X, rtol=rtol, atol=1e-17)
    np.testing.assert_allclose(field.pressure, 202650.0, rtol=max(rtol, 1e-11))
    assert field.source_sha256
    assert field.source_sha256 != want.source_sha256


@pytest.mark.parametrize("ending", ["h5", "yaml", "csv"])
def test_states_with_positions_are_a_field_and_others_are_not(flames, ending):
    field = rte.read(flames / f"states.{ending}")
    np.testing.assert_allclose(field.grid.x, [0, 0.05, 0.2, 0.35, 0.4], rtol=1e-12)
    np.testing.assert_allclose(field.mole_fraction["H2O"], 1 / 3, rtol=1e-8)
    np.testing.assert_allclose(field.pressure, 3e5, rtol=1e-8)
    with pytest.raises(rte.InputError, match=r"holds states without positions .* extra="):
        rte.read(flames / f"loose.{ending}")


def test_of_several_flames_in_a_file_one_is_asked_for(flames, tmp_path):
    ct = pytest.importorskip("cantera")
    gas = ct.Solution("gri30.yaml", transport_model=None)
    states = ct.SolutionArray(gas, (3,), extra={"grid": [0.0, 0.1, 0.3]})
    for name, T in (("cold", 500.0), ("hot", 1500.0)):
        states.TPX = T, 1e5, "NO:1, N:1, N2:2"
        states.save(tmp_path / "two.yaml", name=name)
        states.save(tmp_path / "two.h5", name=name)
    for path in (tmp_path / "two.yaml", tmp_path / "two.h5"):
        with pytest.raises(
            rte.InputError,
            match=r'2 lines of points; say which: options = { part = "cold/data" } \(--option part=.*, or "hot/data"',
        ):
            rte.read(path)
        shown = inspect(path)
        assert 'part "hot/data"' in str(shown)
        assert shown.parts["hot/data"].becomes.startswith("Field(")
        field = rte.read(path, options={"part": "hot/data"})
        assert set(field.temperature.ravel()) == {1500.0}
        with reader.opened(path, part="hot/data") as source:
            assert set(source.arrays["hot/data/T"].load(ALL)) == {1500.0}
            # NO is a species, not the "no" of YAML
            NO = source.arrays["hot/data/Y_NO"]
            assert NO.quantity == "mass_fraction/NO"
            assert NO.load(ALL)[0] == pytest.approx(0.299, abs=0.01)
        with (
            pytest.raises(rte.InputError, match=r"option part is 'hot/dat' \(did you mean 'hot/data'\?\)"),
            reader.opened(path, part="hot/dat"),
        ):
            pass


# CSV of older versions, and of users' hands


def test_headings_of_older_versions_with_units(tmp_path):
    path = tmp_path / "flame.csv"
    path.write_text(
        "z (m),u (m/s),V (1/s),T (K),rho (kg/m3),X_H2O,X_N2\n0,1,0,300,1,0.1,0.9\n0.01,1,0,900,0.4,0.2,0.8\n"
    )
    with reader.opened(path) as source:
        found = {array.quantity: array.load(ALL) for array in source.arrays.values()}
    np.testing.assert_array_equal(found["x"], [0, 0.01])
    W = 0.1 * 18.015 + 0.9 * 28.014
    np.testing.assert_allclose(found["pressure"][0], 8314.46261815324 * 300 / W, rtol=1e-14)
    path.write_text("z (cm),T (degC),P (atm),X_H2O\n0,30,1,0.1\n1,900,1,0.2\n")
    field = rte.read(path, units={"X_H2O": "1"})
    np.testing.assert_allclose(field.grid.x[[0, -1]], [0, 0.01])
    np.testing.assert_allclose(field.temperature.ravel(), [303.15, 1173.15])
    np.testing.assert_allclose(field.pressure, 101325.0)


def test_a_csv_that_only_looks_like_cantera_is_asked_for_its_units(tmp_path):
    """Somebody's own table, in mm and degrees Celsius for all that is known."""
    path = tmp_path / "table.csv"
    path.write_text("grid,T,P,X_CO2\n0,30,1,0.1\n10,900,1,0.2\n")
    with pytest.raises(rte.InputError, match="the unit of length") as caught:
        rte.read(path)
    assert "the unit of temperature 'T'" in str(caught.value)
    assert "the unit of pressure 'P'" in str(caught.value)
    field = rte.read(path, units={"length": "mm", "T": "degC", "P": "bar", "X_CO2": "1"})
    np.testing.assert_allclose(field.pressure, 1e5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("grid,T,Y_N2\n0,300,1\n1,300\n", "expected a heading and rows of as many numbers"),
        ("grid,T,Y_N2\n0,300,1\n1,warm,1\n", "expected a heading and rows of as many numbers"),
        ("grid,T,T,Y_N2\n0,300,300,1\n1,300,300,1\n", "has two columns 'T'"),
        ("grid,T,D,H2O,N2\n0,300,1,0,1\n1,300,1,0,1\n", "the unit of length"),
    ],
)
def test_csv_that_cannot_be_read(tmp_path, text, message):
    path = tmp_path / "flame.csv"
    path.write_text(text)
    with pytest.raises(rte.InputError, match=message):
        rte.read(path)


# hostile files

YAML = "flame:\n  generator: Cantera SolutionArray\n  flame:\n    components: [grid, T, D, H2]\n    basis: mass\n"


@pytest.mark.parametrize(
    "text",
    [
        YAML + "    grid: " + "[" * 100_000,
        YAML + "    grid: " + "- " * 100_000,
        YAML + "    grid: &a [0, 1]\n    T: &b [*a, *a]\n    D: &c [*b, *b]\n    H2: [*c, *c]\n",
        YAML + "    grid: !!python/object/apply:os.system ['touch pwned']\n",
        YAML + "    grid: [0, 1]\n    T: [300, warm]\n",
        YAML + "    grid: [0, 1]\n    T: [300, 400, 500]\n",
        "flame:\n  generator: Cantera SolutionArray\n",
        "flame:\n  generator: Cantera SolutionArray\n  flame: {components: [1, [2]], T: 3}\n",
    ],
)
def test_hostile_yaml_is_one_error(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "flame.yaml"
    path.write_text(text)
    with pytest.raises(rte.InputError) as caught:
        rte.read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]


def test_without_pyyaml_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    path = tmp_path / "flame.yaml"
    path.write_text(YAML)
    with pytest.raises(rte.InputError, match=r"needs yaml: pip install 'raytrace-rte\[cantera\]'"):
        rte.read(path)


def test_data_in_another_file_are_not_read(tmp_path):
    path = tmp_path / "flame.h5"
    path.write_bytes(COUNTERFLOW.read_bytes())
    with h5py.File(path, "r+") as file:
        del file["flame/flame/T"]
        file["flame/flame/T"] = h5py.ExternalLink(str(COUNTERFLOW), "flame/flame/T")
    with pytest.raises(rte.InputError):
        rte.read(path)


def test_molar_masses_of_names_in_mechanisms():
    assert molar_mass("NC7H16") == molar_mass("C7H16")
    assert molar_mass("IC8H18") == molar_mass("C8H18")
    assert molar_mass("HE") == molar_mass("He")
    assert molar_mass("NCO") == pytest.approx(42.017)  # nitrogen here
    assert molar_mass("E") < 1e-3
    with pytest.raises(rte.InputError):
        molar_mass("A1CH2")


def test_a_time_is_refused():
    with (
        pytest.raises(rte.InputError, match="one moment; leave time out"),
        reader.opened(COUNTERFLOW, time=0.1),
    ):
        pass


@pytest.fixture
def tool(monkeypatch):
    """Call the command line in this process; return its exit code."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["raytrace-rte", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0

    return call


def test_a_job_says_where_the_pressure_comes_from(tmp_path, tool, capsys):
    """From Cantera's file to div q in one command, without a map."""
    job = tmp_path / "job.toml"
    job.write_text(f"""
        [field]
        file = "{COUNTERFLOW}"
        options = {{ part = "flame/flame" }}
        [absorption]
        model = "planck_mean"
        species = ["H2O", "CO2"]
        [sensor]
        kind = "heat_source"
        [output]
        directory = "{tmp_path / "out"}"
    """)
    assert tool("run", job) == 0
    assert "Pressure is D R T / W of each point" in capsys.readouterr().out
    result = rte.load(tmp_path / "out" / "result.h5")
    with h5py.File(COUNTERFLOW) as file:
        loss = file["flame/flame/radiative-heat-loss"][:]
    emitted = result["emission"].reshape(-1)
    assert np.abs(emitted - loss).max() < 1e-10 * loss.max()


def test_the_command_line_takes_options(tmp_path, tool, capsys):
    assert tool("convert", COUNTERFLOW, tmp_path / "flame.h5", "--option", "part=flame/flame") == 0
    there, here = rte.read(tmp_path / "flame.h5"), rte.read(COUNTERFLOW)
    np.testing.assert_array_equal(there.temperature, here.temperature)
    np.testing.assert_array_equal(there.mole_fraction["CO2"], here.mole_fraction["CO2"])
    assert tool("inspect", COUNTERFLOW, "--option", "part=flame/flame") == 0
    assert "flame/fuel_inlet" in capsys.readouterr().out
    for text, message in (("part", "expected name=value"), ("domain=x", "no option 'domain'; it has part")):
        assert tool("inspect", COUNTERFLOW, "--option", text) == 2
        assert message in capsys.readouterr().err
