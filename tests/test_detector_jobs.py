"""[detector] of a config: jobs with a response or two colours, and what they refuse before the work."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import raytrace_rte as rte
from raytrace_rte.cli import app
from raytrace_rte.config.config import load
from raytrace_rte.run import job as jobs

EDGES = np.array([0.6, 0.7, 0.85, 0.95, 3.6, 4.2]) * 1e-6
CONFIG = """
[field]
file = "bands.h5"
[sensor]
kind = "camera"
position = [-2.0, 0.5, 0.5]
look_at = [0.5, 0.5, 0.5]
shape = [6, 5]
[detector]
kind = "response"
top_hat = [3.8, 4.0]
units = "um"
[output]
directory = "out"
"""
TWO = """[detector]
kind = "two_colour"
response_a = { file = "red.csv" }
response_b = { wavelength = [850, 900, 950], value = [0.2, 1.0, 0.2], units = "nm", name = "near" }
assumption = "soot"
[output]"""


@pytest.fixture
def config(tmp_path):
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4))
    kappa = np.broadcast_to(1e-6 / EDGES[1:], (*grid.shape, 5)).copy()
    spectrum = rte.Spectrum.bands(EDGES)
    field = rte.Field(grid, np.full(grid.shape, 1500.0), absorption_coefficient=kappa, spectrum=spectrum)
    rte.write(field, tmp_path / "bands.h5")
    (tmp_path / "red.csv").write_text("wavelength [nm], response [%]\n600, 100\n700, 100\n", encoding="utf-8")
    path = tmp_path / "job.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def two_colours(config):
    config.write_text(CONFIG[: CONFIG.index("[detector]")] + TWO + '\ndirectory = "out"\n', encoding="utf-8")
    return config


def run(*arguments):
    return CliRunner().invoke(app, ["run", *map(str, arguments)], catch_exceptions=True)


def test_a_camera_with_a_response_writes_radiance_and_brightness_temperature(config):
    done = run(config)
    assert done.exit_code == 0, done.output
    out = config.parent / "out"
    both = {f"{stem}.{end}" for stem in ("image", "brightness_temperature") for end in ("png", "tif")}
    assert {p.name for p in out.iterdir()} == both | {"result.h5"}
    medium = rte.absorption.given(rte.read(config.parent / "bands.h5"))
    camera = rte.camera((-2, 0.5, 0.5), (0.5, 0.5, 0.5), (6, 5))
    expected = rte.solve(medium, camera).through(rte.Response.top_hat(3.8e-6, 4.0e-6))
    with h5py.File(out / "result.h5") as file:
        np.testing.assert_allclose(file["detector_radiance"][:], expected.value, rtol=1e-13)
        record = json.loads(file.attrs["config"])
    assert record["detector"]["response"]["wavelength"] == pytest.approx([3.8e-6, 4.0e-6])
    assert "certified within" in done.output


def test_a_pyrometer_reads_its_responses_beside_the_config(config):
    done = run(two_colours(config))
    assert done.exit_code == 0, done.output
    assert "two colours, red over near; emissivity: soot" in done.output
    result = rte.load(config.parent / "out/result.h5")
    assert isinstance(result, rte.TwoColourResult)
    assert (config.parent / "out/apparent_emissivity.tif").exists()


def test_points_and_lines_of_sight_have_detectors_too(config):
    keys = ("position=[-1, 0.5, 0.5]", "normal=[1, 0, 0]", "directions=40")
    place = [word for key in keys for word in ("--set", f"sensor.{key}")]
    done = run(config, "--set", "sensor.kind=radiometer", *place)
    assert done.exit_code == 0, done.output
    text = (config.parent / "out/detector.csv").read_text(encoding="utf-8")
    assert "detector_flux [W m-2]" in text
    assert "mean_spectral_flux [W m-2 um-1]" in text


def test_a_line_of_sight_in_bands_writes_its_spectrum(config):
    config.write_text(
        CONFIG[: CONFIG.index("[detector]")] + '[output]\ndirectory = "out"\n', encoding="utf-8"
    )
    line = ["--set", "sensor.origin=[-1, 0.5, 0.5]", "--set", "sensor.direction=[1, 0, 0]"]
    done = run(config, "--set", "sensor.kind=line_of_sight", *line)
    assert done.exit_code == 0, done.output
    names = {p.name for p in (config.parent / "out").iterdir()}
    assert names == {"result.h5", "profile.csv", "profile.png", "spectrum.csv", "spectrum.png"}
    assert "spectral_radiance [W m-2 sr-1 um-1]" in (config.parent / "out/spectrum.csv").read_text(
        encoding="utf-8"
    )


def test_an_interrupted_job_goes_on_and_another_response_is_another_job(config):
    prepared = jobs.prepare(load(config))
    other = jobs.prepare(load(config, ["detector.top_hat=[3.7, 4.1]"]))
    assert prepared.store(True).key != other.store(True).key
    limits = run(config, "--limits")
    assert limits.exit_code == 0, limits.output
    assert "Thin() by up to" in limits.output


REFUSED = {
    "[detector]: top_hat: the unit of length is missing": ("units = \"um\"\n", ""),
    "[detector]: top_hat: unknown unit 'inch' of length": ('"um"', '"inch"'),
    "response 3.8-4.5 um reaches outside the bands of the medium, which cover 0.6-4.2 um": ("4.0]", "4.5]"),
    "[detector]: wavelength[1] is 3.8e-06 m after 4e-06 m": ("[3.8, 4.0]", "[4.0, 3.8]"),
    "[detector]: 'top_hat' is [3.8]; expected two wavelengths": (", 4.0", ""),
    "[detector]: unknown key 'tophat' (did you mean 'top_hat'?)": ("top_hat", "tophat"),
    "[detector]: kind is 'respons'; expected one of response, two_colour": ('"response"', '"respons"'),
    "[detector]: found file, top_hat, units; expected one of: file; top_hat; wavelength and value": (
        "units", 'file = "a.csv"\nunits'),
    "[detector]: found top_hat, value, units; expected": ("units", "value = [1.0, 1.0]\nunits"),
    "[detector]: units belongs to top_hat and wavelength": ("top_hat = [3.8, 4.0]", 'file = "red.csv"'),
    "none.csv: no such file; expected the CSV of a response": (
        'top_hat = [3.8, 4.0]\nunits = "um"', 'file = "none.csv"'),
    "[output]: 'quantity' is 'radiance'; expected one of detector_radiance": (
        "[output]", '[output]\nquantity = "radiance"'),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_bad_detectors_are_refused_before_the_work(message, config):
    old, new = REFUSED[message]
    assert old in CONFIG
    config.write_text(CONFIG.replace(old, new), encoding="utf-8")
    done = run(config)
    assert isinstance(done.exception, rte.InputError)
    assert message in str(done.exception)
    assert str(config) in str(done.exception)
    out = config.parent / "out"
    assert not out.exists() or not list(out.iterdir())


REFUSED_TWO = {
    "unknown key 'fil' in response_a; expected a table with file, top_hat": ('file = "red', 'fil = "red'),
    "key 'response_a' is missing; expected a table": ('response_a = { file = "red.csv" }\n', ""),
    "'assumption' is 'black'; expected grey or soot": ('"soot"', '"black"'),
    "response_b: value[1] is 2.0; expected numbers >= 0 and <= 1 [1]": ("1.0", "2.0"),
    "response_a: wavelength ('wavelength' in the header": (None, None),
}


@pytest.mark.parametrize("message", REFUSED_TWO)
def test_bad_pyrometers_are_refused(message, config):
    old, new = REFUSED_TWO[message]
    text = two_colours(config).read_text(encoding="utf-8")
    if old is None:
        (config.parent / "red.csv").write_text("wavelength, response [1]\n1, 1\n", encoding="utf-8")
        message = "the unit of length is missing"
    else:
        config.write_text(text.replace(old, new), encoding="utf-8")
    done = run(config)
    assert isinstance(done.exception, rte.InputError)
    assert message in str(done.exception)


def test_cells_have_no_detector(config):
    done = run(config, "--set", "sensor.kind=heat_source")
    assert "found a sensor of all cells" in str(done.exception)
