"""Jobs with gases, soot and bands as a newcomer meets them: units at the border, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import raytrace_rte as rte
from raytrace_rte.cli import main
from raytrace_rte.config.config import load
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
