"""Jobs with gases, soot and bands as a newcomer meets them: units at the border, and what is refused."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import xarray

import raytrace_rte as rte
from raytrace_rte.cli import main
from raytrace_rte.config.config import load
from raytrace_rte.formats.inspect import inspect
from raytrace_rte.run import job as jobs

SOOTY = """
[field]
sample = "pool-fire-soot"
[sensor]
kind = "line_of_sight"
origin = [-1.0, 0.4, 0.02]
direction = [1.0, 0.0, 0.0]
[absorption]
model = "soot_bands"
E_m = 0.26
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text(SOOTY, encoding="utf-8")
    return path


def refused(config, monkeypatch, capsys, *arguments, command="run"):
    """What a command says that refuses its input: one line, exit code 2, nothing written."""
    before = set(config.parent.rglob("*"))
    monkeypatch.setattr("sys.argv", ["raytrace-rte", command, *map(str, arguments or [config])])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.strip().count("\n") == 0
    assert set(config.parent.rglob("*")) == before
    return said


@pytest.mark.parametrize(("edges", "units"), [
    ("[0.0, 1.0, 2.5, inf]", "um"), ("[[0, 1000], [1000, 2500], [2500, inf]]", "nm"),
    ("[0.0, 1e-6, 2.5e-6, inf]", "m"),
])  # fmt: skip
def test_edges_of_a_config_are_in_its_units(edges, units, config):
    job = load(config, [f"absorption.edges={edges}", f"absorption.units={units}"])
    field = jobs.read_field(job, job.field)
    made, wanted = (
        jobs.medium_of(job, field),
        rte.absorption.soot_bands(field, [0, 1e-6, 2.5e-6, np.inf], 0.26),
    )
    np.testing.assert_allclose(made.spectrum.edges, wanted.spectrum.edges, rtol=1e-15)
    np.testing.assert_allclose(made.kappa, wanted.kappa, rtol=1e-6)


@pytest.mark.parametrize(("keys", "message"), [
    ("edges = [1e-6, 2e-6]", "[absorption]: key 'units' is missing; expected the unit of the wavelengths, as \"um\" "
     "(those without a unit were in metres: \"m\")"),
    ("edges = [1.0, 2.0]\nunits = \"mu\"", "[absorption]: edges: unknown unit 'mu' of length"),
    ("edges = [1.0, 2.0]\nunits = 3", "'units' is 3; expected the unit of the wavelengths"),
    ("edges = [1.0, 2.0]\nunits = \"m\"", "edges are [1.0, 2.0]; expected wavelengths [m]"),
    ("edges = [[1.0, 2.0], [3.0]]\nunits = \"um\"", "[absorption]: edges is [[1.0, 2.0], [3.0]] (list); expected"),
    ("edges = [2.0, 1.0]\nunits = \"um\"", "ascending in each band"),
    ("edges = [[1.0, 3.0], [2.0, 4.0]]\nunits = \"um\"", "bands overlap"),
])  # fmt: skip
def test_edges_that_are_refused(keys, message, config, monkeypatch, capsys):
    config.write_text(SOOTY + keys + "\n", encoding="utf-8")
    for command in ("run", "check", "compare"):
        assert message in refused(config, monkeypatch, capsys, command=command)


def test_edges_in_a_comparison_have_units_too(config):
    table = '{ model = "soot_bands", edges = [1.0, 2.0] }'
    with pytest.raises(rte.InputError, match=r"\[compare\]: models\[0\]: key 'units' is missing"):
        load(config, ["absorption.model=soot", f"compare.models=[{table}]"])


def test_soot_that_is_made_up_is_said_in_every_summary():
    line = rte.line_of_sight((-1.0, 0.4, 0.02), (1.0, 0.0, 0.0))
    for model in (rte.absorption.soot, rte.absorption.wsgg):
        assert (
            "soot made up: f_v = 1e-06 X_CH4"
            in rte.solve(model(rte.sample("pool-fire-soot")), line).summary()
        )


@pytest.fixture
def flow(tmp_path):
    """A file of hot gas with soot, whose unit comes later, and its map."""
    path, (at, shape) = tmp_path / "flow.h5", (np.linspace(0.0, 1.0, 5), (4, 4, 4))
    with h5py.File(path, "w") as file:
        for axis in "xyz":
            file[axis] = at
        for name, value in (("T", 1500.0), ("p", 101325.0), ("fv", 1e-7)):
            file[name] = np.full(shape, value)
    said = "".join(f'{axis} = {{ dataset = "{axis}", units = "m" }}\n' for axis in "xyz")
    said = f'[grid]\naxis_order = ["x", "y", "z"]\n{said}[temperature]\ndataset = "T"\nunits = "K"\n'
    (tmp_path / "flow.map.toml").write_text(
        f'{said}[soot_volume_fraction]\ndataset = "fv"\n', encoding="utf-8"
    )
    text = SOOTY.replace('sample = "pool-fire-soot"', 'file = "flow.h5"\nmap = "flow.map.toml"')
    (tmp_path / "job.toml").write_text(
        text.replace("E_m = 0.26", "").replace("soot_bands", "soot"), encoding="utf-8"
    )
    return path


@pytest.mark.parametrize("unit", [None, "kg/kg", "g/m3"])
def test_soot_without_a_unit_of_its_kind_is_one_message_on_every_route(unit, flow, monkeypatch, capsys):
    """Soot in kg/kg taken as a volume fraction would be two thousand times too much."""
    field_map, job = flow.parent / "flow.map.toml", flow.parent / "job.toml"
    with h5py.File(flow, "r+") as file:
        for name, its in (("T", "K"), ("p", "Pa"), ("fv", unit), *((axis, "m") for axis in "xyz")):
            if its is not None:
                file[name].attrs["units"] = its
    of_map = (
        "dataset 'fv' ([soot_volume_fraction] of the field map"
        if unit is None
        else f"unknown unit '{unit}' of volume"
    )
    monkeypatch.chdir(flow.parent)
    for command in ("run", "check", "compare"):
        assert of_map in refused(job, monkeypatch, capsys, job, command=command)
    out = flow.parent / "native.h5"
    assert of_map in refused(flow, monkeypatch, capsys, flow, out, "--map", field_map, command="convert")
    guessed = "the unit of volume fraction 'fv' (the file " + (f'says "{unit}"' if unit else "does not say")
    assert guessed in refused(flow, monkeypatch, capsys, flow, out, command="convert")
    assert any(guessed in line for line in inspect(flow).unclear)
    with pytest.raises(rte.InputError, match="of volume fraction"):
        rte.read(flow, field_map)
    axes = {a: (a, np.arange(4.0), {"units": "m"}) for a in "xyz"}
    about = {} if unit is None else {"units": unit}
    data = {"T": (("x", "y", "z"), np.full((4, 4, 4), 1500.0), {"units": "K"})}
    data["soot_volume_fraction"] = (("x", "y", "z"), np.full((4, 4, 4), 1e-7), about)
    with pytest.raises(rte.InputError, match="the unit of volume fraction 'soot_volume_fraction'"):
        rte.from_xarray(xarray.Dataset(data, axes), location="cell")
    told = rte.from_xarray(xarray.Dataset(data, axes), location="cell", units={"soot_volume_fraction": "ppm"})
    assert told.soot_volume_fraction.max() == pytest.approx(1e-13)
    if unit is not None:
        with pytest.raises(rte.InputError, match="is an array of xarray in"):
            rte.Field(rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4)), np.full((4, 4, 4), 1500.0),
                      soot_volume_fraction=xarray.Dataset(data).soot_volume_fraction)  # fmt: skip
    rte.write(rte.sample("pool-fire-soot"), out)
    with h5py.File(out, "r+") as file:
        file["soot_volume_fraction"].attrs["units"] = unit or ""
    with pytest.raises(rte.InputError, match=r"dataset .soot_volume_fraction.: .*of volume fraction"):
        rte.read(out)
