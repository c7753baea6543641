"""Absorption models and methods side by side: what is computed, said, written and drawn."""

from __future__ import annotations

import csv
import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

import raytrace_rte as rte
from raytrace_rte.cli import main
from raytrace_rte.config.config import load
from raytrace_rte.run import compare as comparing
from raytrace_rte.run import models
from raytrace_rte.sensors.detectors import Detected, TwoColour
from raytrace_rte.units import share

ROOT = Path(__file__).parent.parent
TOOL = [sys.executable, "-c", "from raytrace_rte.cli import main; main()"]
CAMERA = rte.camera((0.9, -1.8, 0.6), look_at=(0, 0, 0.5), shape=(12, 9))
WALLS = rte.black(300.0)


def gas(cells=8):
    """A plume of steam and carbon dioxide, of T and kappa, with soot."""
    plume = rte.sample("smooth-plume", cells)
    share = (plume.temperature - 290.0) / plume.temperature.max()
    return dataclasses.replace(
        plume, pressure=np.array(101325.0), mole_fraction={"H2O": 0.2 * share, "CO2": 0.1 * share},
        soot_volume_fraction=1e-7 * share,
    )  # fmt: skip


FIELD = gas()
MEDIA = {
    "grey": rte.absorption.planck_mean(FIELD, soot=False),
    "steam": rte.absorption.planck_mean(FIELD, species=["H2O"]),
    "given": rte.absorption.given(FIELD),
}


@pytest.fixture(scope="module")
def image():
    return rte.compare(FIELD, CAMERA, WALLS, MEDIA)


def test_every_answer_is_that_of_solve(image):
    methods = (rte.March(), rte.Auto(), rte.Thick(), rte.Thin())
    assert image["model"].tolist() == list(MEDIA)
    assert image["method"].tolist() == ["march(order=2)", "auto(rtol=0.001)", "thick(terms=2)", "thin()"]
    base = rte.solve(MEDIA["grey"], CAMERA, WALLS, methods[0]).value
    for i, medium in enumerate(MEDIA.values()):
        first = rte.solve(medium, CAMERA, WALLS, methods[0]).value
        for j, method in enumerate(methods):
            alone = rte.solve(medium, CAMERA, WALLS, method)
            assert_array_equal(image["radiance"][i, j], alone.value)
            at = {v.name: v.values[i, j] for v in image.variables() if v.dims == ("model", "method")}
            assert (at["least"], at["greatest"]) == (alone.value.min(), alone.value.max())
            assert at["mean"] == pytest.approx(alone.value.mean(), rel=1e-14)
            for name, other in (("difference", base), ("method_difference", first)):
                off = alone.value - other
                l2 = np.sqrt((off**2).sum() / (other**2).sum())
                assert at[f"{name}_l2"] == pytest.approx(l2, rel=1e-12, abs=0.0)
                assert at[f"{name}_max"] == np.abs(off).max()
            assert at["crossings"] == alone.stats["crossings"]
            assert at["emission_power"] == medium.emission_power
            bound = np.nan if method in methods[2:] else alone.error_bound.max()
            assert_array_equal(at["error_bound"], bound)
    assert_allclose(image["cost"], image["seconds"] / image["seconds"][0, 0], rtol=1e-14)


def test_another_model_is_the_reference():
    methods = [rte.Auto(rtol=1e-2), rte.March(1)]
    made = rte.compare(FIELD, CAMERA, WALLS, MEDIA, methods, reference="steam", threads=1)
    base = rte.solve(MEDIA["steam"], CAMERA, WALLS, methods[0]).value
    assert_allclose(made["difference_max"], np.abs(made["radiance"] - base).max(axis=(2, 3)), rtol=1e-14)
    assert made["difference_l2"][1, 0] == 0.0
    assert made["cost"][1, 0] == 1.0
    assert "from steam by auto(rtol=0.01)" in made.summary()


def test_bands_are_compared_by_their_totals():
    spectrum = rte.Spectrum.from_callable(lambda T: np.array([0.25, 0.75]) * rte.blackbody(T), 2)
    kappa, source = (
        np.repeat(a[..., None], 2, axis=-1) for a in (MEDIA["given"].kappa, MEDIA["given"].source)
    )
    two = rte.Medium(FIELD.grid, kappa, source * [0.25, 0.75], spectrum)
    made = rte.compare(FIELD, CAMERA, WALLS, {"grey": MEDIA["given"], "bands": two}, [rte.March()])
    assert made["difference_l2"][1, 0] < 1e-12  # two shares of one kappa are grey
    assert made["emission_power"][1, 0] == pytest.approx(made["emission_power"][0, 0], rel=1e-12)


def test_files_hold_everything_and_come_back(image, tmp_path):
    back = rte.load(image.save(tmp_path / "compare.h5"))
    assert type(back) is rte.Comparison
    assert back.summary() == image.summary()
    assert_array_equal(back["radiance"], image["radiance"])
    with xarray.open_dataset(tmp_path / "compare.h5", engine="h5netcdf") as data:
        assert data.radiance.dims == ("model", "method", "elevation", "azimuth")
        assert data.difference_l2.dims == ("model", "method")
        assert list(data.model.values) == list(MEDIA)
    with open(image.save(tmp_path / "compare.csv"), newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(line for line in file if not line.startswith("#"))
    assert len(rows) == 12
    assert [row[:2] for row in rows[:2]] == [["grey", "march(order=2)"], ["grey", "auto(rtol=0.001)"]]
    assert {"mean [W m-2 sr-1]", "difference_l2 [1]", "seconds [s]", "crossings [1]", "cost [1]"} <= set(
        names
    )
    at = names.index("mean [W m-2 sr-1]")
    assert [float(row[at]) for row in rows] == image["mean"].ravel().tolist()


def test_the_table_says_it_all(image):
    lines = repr(image).splitlines()
    table = [line for line in lines if line.startswith(("model ", *MEDIA))]
    assert len({len(line) for line in table}) == 1  # columns are aligned
    assert len(table) == 1 + 12
    assert f"{image['mean'][1, 0]:.5g}" in table[5]
    assert share(image["difference_l2"][1, 0]) in table[5]
    assert "unknown" not in table[1]
    (emission,) = (line for line in lines if line.startswith("emission"))
    assert f"steam {MEDIA['steam'].emission_power:.5g} W" in emission
    assert "note           grey: left out soot_volume_fraction" in "\n".join(lines)


def test_relative_differences_in_words():
    assert [share(x) for x in (0.0, 0.0123, 0.5, 3.21, 41.2, 2e9, np.nan)] == [
        "0 %", "1.2 %", "50 %", "321 %", "41 times", "> 1000 times", "-"
    ]  # fmt: skip


# Sensors

SENSORS = {
    "line of sight": (rte.line_of_sight((0.1, -2.0, 0.3), (0, 1, 0)), 4),
    "rays": (rte.Rays([[0.1, -2.0, 0.3], [0.0, -2.0, 0.5]], [[0, 1, 0]]), 4),
    "radiometer": (rte.radiometer((0.0, -1.0, 0.5), (0, 1, 0), directions=60), 2),
    "radiometers": (
        rte.radiometer([(0.0, -1.0, 0.5), (1, 0, 0.5)], [(0, 1, 0), (-1, 0, 0)], directions=60),
        2,
    ),
    "wall": (rte.wall_flux("x_max", directions=20), 2),
    "heat": (rte.heat_source(12), 2),
    "orthographic": (rte.camera_orthographic((0, -2, 0.5), (0, 0, 0.5), (6, 5), 1.0), 4),
}


@pytest.mark.parametrize(("sensor", "count"), SENSORS.values(), ids=SENSORS)
def test_all_sensors_are_compared_and_drawn(sensor, count, tmp_path):
    """Limits are left out, in a line each, where the sensor does not take them."""
    two = {name: MEDIA[name] for name in ("grey", "steam")}
    made = rte.compare(FIELD, sensor, WALLS, two)
    assert len(made["method"]) == count
    alone = rte.solve(MEDIA["steam"], sensor, WALLS)
    assert_array_equal(made.value[1, 1], alone.total)
    notes = [note for note in made.notes() if "is left out" in note]
    assert [note.split(" is")[0] for note in notes] == ["Thick(terms=2)", "Thin()"][: 4 - count]
    for v in alone.figures():
        assert made[v.name][1, 1] == float(v.values)
    made.plot(up="y").draw_without_rendering()
    assert rte.load(made.save(tmp_path / "a.h5")).summary() == made.summary()


def test_solid_cells_emit_nothing():
    mask = np.zeros(FIELD.grid.shape, dtype=bool)
    mask[2:5, 2:5, :3] = True
    given = {"models": ["given"], "methods": [rte.Auto()], "objects": [rte.solids(mask, 400.0)]}
    made = rte.compare(FIELD, rte.heat_source(6), WALLS, **given)
    alone = rte.solve(MEDIA["given"], rte.heat_source(6), WALLS, objects=given["objects"])
    assert made["emission_power"][0, 0] == pytest.approx(alone.emission_power, rel=1e-12)
    assert made["emission_power"][0, 0] < 0.9 * MEDIA["given"].emission_power


def test_of_a_line_of_sight_profiles_are_kept():
    made = rte.compare(FIELD, SENSORS["line of sight"][0], WALLS, MEDIA, [rte.March()])
    alone = rte.solve(MEDIA["steam"], SENSORS["line of sight"][0], WALLS, rte.March())
    assert_array_equal(made["profile_contribution"][1, 0], alone.profile["contribution"])
    assert_array_equal(made["s"], alone.profile["s"])


def test_slabs_are_lines_and_their_powers_per_area():
    grid = rte.Cartesian(np.linspace(0.0, 1.0, 9))
    field = rte.Field(grid, np.full(grid.shape, 1000.0), absorption_coefficient=np.ones(grid.shape))
    made = rte.compare(field, rte.heat_source(20), WALLS)
    assert made["model"].tolist() == ["given"]
    assert made.table["radiant_power"].unit == made.table["emission_power"].unit == "W/m2"
    panels = made.plot().axes
    assert panels[0].get_xlabel() == "x [m]"
    assert_array_equal(panels[0].lines[0].get_ydata(), made.value[0, 0].ravel())


def test_the_panels_of_images(image):
    axes = image.plot().axes
    pictures = [a for a in axes if a.images]
    assert len(pictures) == 5 * 3  # answers, model differences, three other methods
    assert_allclose(pictures[1].images[0].get_array(), image["radiance"][1, 0])
    assert_allclose(pictures[4].images[0].get_array(), image["radiance"][1, 0] - image["radiance"][0, 0])
    assert_allclose(pictures[-1].images[0].get_array(), image["radiance"][2, 3] - image["radiance"][2, 0])
    assert pictures[0].get_title() == f"grey\nmean {image['mean'][0, 0]:.4g}"
    assert pictures[3].get_title() == "the reference"
    bars = [a for a in axes if "seconds" in a.get_xlabel()]
    assert [bar.get_width() for bar in bars[-1].patches] == image["seconds"][:, 3].tolist()
    assert len({a.get_xlim() for a in bars}) == 1
    assert [a for a in axes if "emission power [W]" in a.get_xlabel()]


def test_entries_that_one_answer_does_not_know_are_left_out_of_its_numbers():
    """Two colours show nothing where rays meet no soot: what is known is compared, and what both know."""
    edges = np.array([[0.67, 0.68], [0.87, 0.88]]) * 1e-6
    sooty = dataclasses.replace(FIELD, soot_volume_fraction=1e-7 * (FIELD.temperature > 1000.0))
    medium = rte.absorption.soot_bands(sooty, edges, 0.26)
    halved = rte.Medium(FIELD.grid, 0.5 * medium.kappa, medium.source, medium.spectrum)
    detector = TwoColour(*(rte.Response.top_hat(*pair) for pair in edges), "soot", 1e-6)
    made = rte.compare(
        sooty, Detected(CAMERA, detector), models={"a": medium, "b": halved}, methods=[rte.March()]
    )
    T, unknown = made.value[:, 0], np.isnan(made.value[:, 0])
    assert unknown.any(axis=(1, 2)).all()
    assert not unknown.all()
    for name, function in (("least", np.nanmin), ("greatest", np.nanmax), ("mean", np.nanmean)):
        assert_allclose(made[name][:, 0], [function(t) for t in T], rtol=1e-14)
    both = ~unknown.any(axis=0)
    off, base = (T[1] - T[0])[both], T[0][both]
    assert made["difference_l2"][1, 0] == pytest.approx(np.linalg.norm(off) / np.linalg.norm(base), rel=1e-12)
    assert made["difference_max"][1, 0] == np.abs(off).max() > 0.0
    assert made["difference_l2"][0, 0] == 0.0
    made.plot().draw_without_rendering()


def test_long_labels_leave_room_for_pictures():
    model = f"soot_bands(edges={[float(n) for n in range(30)]}, um)"
    made = rte.compare(FIELD, CAMERA, WALLS, {model: MEDIA["given"]}, [rte.March()])
    figure = made.plot()
    figure.draw_without_rendering()
    (panel,) = (a for a in figure.axes if a.images)
    assert panel.get_position().width * figure.get_figwidth() > 1.0
    assert max(map(len, panel.get_title().splitlines())) <= 22


# Which models, which methods


def test_every_model_that_the_field_feeds_and_what_is_left_out():
    bare = dataclasses.replace(FIELD, absorption_coefficient=None)
    made = rte.compare(bare, CAMERA, WALLS, methods=[rte.March()])
    assert "planck_mean" in made["model"]
    assert "given" not in made["model"]
    (note,) = (n for n in made.notes() if n.startswith("given is left out"))
    assert "\n" not in note
    empty = rte.Field(FIELD.grid, FIELD.temperature)
    with pytest.raises(rte.InputError, match=r"feeds no absorption model: given is left out.*planck_mean"):
        rte.compare(empty, CAMERA)


def test_models_with_a_switch_for_soot_come_twice(monkeypatch):
    def sooty(field, soot=True):
        kappa = FIELD.absorption_coefficient + (soot * 2e7) * field.soot_volume_fraction
        return rte.Medium(FIELD.grid, kappa, rte.blackbody(FIELD.temperature))

    def table(field, file):
        raise AssertionError("needs a file")

    monkeypatch.setattr(models, "MODELS", {"sooty": sooty, "table": table})
    made = rte.compare(FIELD, CAMERA, WALLS, methods=[rte.March()])
    assert made["model"].tolist() == ["sooty", "sooty(soot=False)"]
    assert_array_equal(made["radiance"][1, 0], rte.solve(MEDIA["given"], CAMERA, WALLS, rte.March()).value)
    clean = dataclasses.replace(FIELD, soot_volume_fraction=None)
    assert models.offered(clean) == [{"model": "sooty"}]


BARE = dataclasses.replace(FIELD, absorption_coefficient=None)


@pytest.mark.parametrize(("changed", "text"), [
    ({"models": ["given"], "field": BARE}, "model given: absorption model 'given': the field has no"),
    ({"models": ["planck_mean"], "reference": "given"}, "reference is 'given'"),
    ({"reference": "given", "field": BARE, "models": None}, "model given: .*has no absorption_coefficient"),
    ({"models": ["planck_men"]}, "models is 'planck_men'.*did you mean 'planck_mean'"),
    ({"models": "planck_mean"}, "models is 'planck_mean'"),
    ({"models": []}, "models is empty"),
    ({"models": {"grey": FIELD}}, "model grey: models is .*expected a Medium"),
    ({"models": {3: MEDIA["grey"]}}, "models: label is 3"),
    ({"methods": []}, "methods is empty"),
    ({"methods": ["march"]}, "methods is 'march'"),
    ({"methods": [rte.Thin()], "sensor": rte.heat_source(6)}, "heat_source: method is Thin"),
    ({"field": "flame.h5"}, "field is 'flame.h5'"),
    ({"sensor": "camera"}, "sensor is 'camera'"),
    ({"walls": 300.0}, "walls is 300.0"),
    ({"progress": 3}, "progress is 3"),
    ({"sensor": rte.camera((9.0, 9.0, 9.0), (10.0, 10.0, 10.0))}, "no ray meets the field"),
])  # fmt: skip
def test_bad_questions_are_one_message_before_the_work(changed, text):
    def untouched(done, total):
        raise AssertionError("the work has begun")

    given = {"field": FIELD, "sensor": CAMERA, "models": MEDIA, "progress": untouched} | changed
    with pytest.raises(rte.InputError, match=text):
        rte.compare(**given)


def test_progress_is_over_all_answers():
    said = []
    rte.compare(FIELD, CAMERA, WALLS, MEDIA, progress=lambda done, total: said.append((done, total)))
    done = [d for d, _ in said]
    assert done == sorted(done)
    assert said[-1] == (100, 100)
    assert {total for _, total in said} == {100}
    assert len(set(done)) >= 12


# Jobs

JOB = """
[field]
file = "gas.h5"
[absorption]
model = "planck_mean"
species = ["H2O"]
[sensor]
kind = "camera"
position = [0.9, -1.8, 0.6]
look_at = [0.0, 0.0, 0.5]
shape = [6, 5]
[walls]
kind = "black"
temperature = 300.0
[method]
kind = "auto"
rtol = 1e-2
"""


@pytest.fixture
def job(tmp_path):
    rte.write(FIELD, tmp_path / "gas.h5")
    path = tmp_path / "job.toml"
    path.write_text(JOB, encoding="utf-8")
    return path


def compared(path, *overrides):
    prepared = comparing.prepare(load(path, overrides))
    return prepared.run(rte.Serial(), lambda done, total: None, resume=False)


def test_a_job_is_compared_with_its_own_model_first_and_its_own_method(job):
    made = compared(job)
    assert made["model"][0] == "planck_mean(H2O)"
    assert {"planck_mean", "given"} <= set(made["model"])
    assert made["method"].tolist() == ["march(order=2)", "auto(rtol=0.01)", "thick(terms=2)", "thin()"]
    expected = rte.solve(MEDIA["steam"], CAMERA, WALLS, rte.Auto(1e-2)).config["walls"]
    assert made.config["walls"] == expected
    assert made.config["job"]["absorption"]["species"] == ["H2O"]
    assert made.config["models"]["given"]["model"] == "given"


def test_a_job_says_what_is_compared(job):
    job.write_text(
        JOB + '[compare]\nmodels = ["given", "planck_mean", { model = "planck_mean", species = ["CO2"] }]\n'
        'methods = ["auto", { kind = "march", order = 1 }]\nreference = "planck_mean(CO2)"\n',
        encoding="utf-8",
    )
    made = compared(job)
    species = ["planck_mean(H2O)", "planck_mean(CO2)"]
    assert made["model"].tolist() == ["given", *species]  # a name alone is the job's own section
    assert made["method"].tolist() == ["auto(rtol=0.01)", "march(order=1)"]
    assert made["difference_l2"][2, 0] == 0.0
    sensor = rte.camera((0.9, -1.8, 0.6), (0.0, 0.0, 0.5), (6, 5))
    assert_array_equal(made["radiance"][0, 1], rte.solve(MEDIA["given"], sensor, WALLS, rte.March(1)).value)


@pytest.mark.parametrize(("said", "text"), [
    ('models=["planck_men"]', r"\[compare\]: models\[0\]: model is 'planck_men'.*did you mean"),
    ('models=["given", {model="planck_mean", specis=["H2O"]}]', r"\[compare\]: models\[1\]: unknown key 'specis'"),
    ('models="given"', r"\[compare\]: 'models' is 'given'; expected a list of names"),
    ("models=[]", "models is empty"),
    ('models=["given", "given"]', "models names given twice"),
    ('methods=["marsch"]', r"\[compare\]: methods\[0\]: kind is 'marsch'"),
    ('methods=[{kind="thick", terms=9}]', r"\[compare\]: .*terms is 9"),
    ('model=["given"]', "unknown key 'model'.*keys here are models, methods, reference"),
    ("reference=3", "'reference' is 3; expected text in quotes"),
    ('reference="wsg"', "reference is 'wsg'.*expected one of"),
])  # fmt: skip
def test_a_bad_table_is_one_message_and_nothing_is_written(said, text, job):
    with pytest.raises(rte.InputError, match=text):
        compared(job, f"compare.{said}")
    out = job.parent / "out"
    assert not out.exists() or not list(out.iterdir())


def test_the_heat_release_of_a_field_gives_radiant_fractions():
    release = np.full(FIELD.grid.shape, 1e5)
    field = dataclasses.replace(FIELD, heat_release=release)
    made = rte.compare(field, rte.heat_source(6), models=["given"], methods=[rte.March()])
    wanted = made["radiant_power"][0, 0] / field.released_power
    assert made["radiant_fraction"][0, 0] == pytest.approx(wanted, rel=1e-12)
    assert "radiant fraction [1]" in made.summary()


# Going on


class Pressed(Exception):
    """Stands for Ctrl-C."""


def assert_same(made, whole):
    """All but times has the same bits; times are known but of answers that were interrupted."""
    for v in whole.variables():
        if v.name not in ("seconds", "cost"):
            assert_array_equal(made[v.name], v.values, err_msg=v.name)
    said = [n for n in made.notes() if "it was interrupted and went on" in n]
    assert np.isnan(made["seconds"]).sum() == len(said) + np.isnan(whole["seconds"]).sum()
    assert [n for n in made.notes() if n not in said] == whole.notes()


@pytest.mark.parametrize("sensor", [CAMERA, rte.heat_source(12)], ids=["camera", "heat source"])
def test_an_interrupted_comparison_goes_on_to_the_same_answers(sensor, tmp_path, monkeypatch):
    """Interrupted after more and more work, also within an answer; what limits cannot answer is not known again."""
    monkeypatch.setattr(comparing, "QUICK", 0.0)  # once is enough
    asked = (FIELD, sensor, WALLS, ["planck_mean", "wsgg"])
    whole = rte.compare(*asked)
    first_said, tries = [], 0
    while True:
        said = []

        def progress(done, total, said=said, most=3 + tries):
            said.append(done)
            if len(said) > most:
                raise Pressed

        try:
            made = rte.compare(*asked, store=tmp_path / "kept", progress=progress, executor=rte.Serial())
            break
        except Pressed:
            first_said.append(said[0])
            tries += 1
    assert tries > 1
    assert first_said[-1] > first_said[0] == 0  # canary: it did go on
    assert_same(made, whole)
    assert not (tmp_path / "kept").exists()


def test_what_is_kept_of_another_comparison_is_refused(tmp_path):
    store = rte.Store(tmp_path / "kept")
    rte.compare(FIELD, CAMERA, WALLS, ["given"], [rte.March()], store=store)
    again, methods = [], [rte.March(), rte.Thin()]
    rte.compare(FIELD, CAMERA, WALLS, ["given"], methods, store=store, progress=lambda *n: again.append(n))
    assert again[0] == (50, 100)  # methods that are added are found, the rest is kept
    for other in ({"methods": [rte.March(1)]}, {"walls": rte.black(400.0)}, {"models": ["planck_mean"]}):
        asked = {"walls": WALLS, "models": ["given"], "methods": [rte.March()]} | other
        with pytest.raises(rte.InputError, match="belongs to another job"):
            rte.compare(FIELD, CAMERA, store=store, **asked)


def test_ctrl_c_keeps_answers_and_resume_goes_on(job, monkeypatch, capsys):
    of, found = comparing.Answer.of, []

    def pressed(result):
        found.append(result)
        if len(found) == 4:
            raise KeyboardInterrupt
        return of(result)

    def call(*more):
        monkeypatch.setattr(sys, "argv", ["raytrace-rte", "compare", str(job), "--set", models, *more])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr()

    methods, models = 'compare.methods=["march", "auto"]', 'compare.models=["given", "planck_mean"]'
    monkeypatch.setattr(comparing.Answer, "of", pressed)
    code, said = call("--set", methods)
    assert code == 130
    assert re.search(
        r"interrupted; [1-3] of 4 answers, and what is done of the next one, are kept in", said.err
    )
    assert f"compare {job} --set '{models}' --set '{methods}' --resume" in said.err
    assert {p.name for p in (job.parent / "out").iterdir()} == {comparing.KEPT}
    code, said = call("--set", methods, "--set", "walls.temperature=400", "--resume")
    assert (code, "belongs to another job" in said.err) == (2, True)
    monkeypatch.setattr(comparing.Answer, "of", of)
    assert call("--set", methods, "--resume")[0] == 0
    made = rte.load(job.parent / "out/compare.h5")
    assert {p.name for p in (job.parent / "out").iterdir()} == {"compare.h5", "compare.csv", "compare.png"}
    assert call("--set", methods)[0] == 0
    assert_same(made, rte.load(job.parent / "out/compare.h5"))


def test_the_pool_fire_in_one_command(tmp_path):
    command = [
        *TOOL, "compare", str(ROOT / "configs/pool_fire.toml"), "--threads", "2",
        "--set", f"output.directory={tmp_path}", "--set", "sensor.shape=[24, 16]",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"compare.h5", "compare.csv", "compare.png"}
    assert "planck_mean  march(order=2)" in done.stdout
    assert "given is left out" in done.stdout
    made = rte.load(tmp_path / "compare.h5")
    assert made["model"].tolist() == ["planck_mean", "wsgg"]
    grey, gases = (getattr(rte.absorption, name)(rte.sample("pool-fire")) for name in made["model"])
    assert_allclose(made["emission_power"][:, 0], [grey.emission_power, gases.emission_power], rtol=1e-12)
    camera = rte.camera((1.25, 0.75, -1.9), (0.02, 0.5, -0.02), (24, 16), 27.0, (0, 1, 0))
    assert_array_equal(made["radiance"][1, 0], rte.solve(gases, camera, WALLS, rte.March()).total)
    assert np.asarray(Image.open(tmp_path / "compare.png")).std() > 10


def test_a_model_that_cannot_be_fed_is_one_message_and_exit_code_2(job, monkeypatch, capsys):
    rte.write(BARE, job.parent / "gas.h5")
    for said in ('compare.models=["planck_mean", "given"]', "absorption.model=given"):
        monkeypatch.setattr(sys, "argv", ["raytrace-rte", "compare", str(job), "--set", said])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        assert "job.toml: model given: absorption model 'given'" in capsys.readouterr().err
        assert not (job.parent / "out").exists()


def test_limits_between_walls_whose_light_depends_on_the_gas_are_compared():
    """The default weighted sum between warm walls, by every method; its thin limit in closed form."""
    made = rte.compare(FIELD, CAMERA, WALLS, ["wsgg", "planck_mean"])
    assert made["method"].tolist() == ["march(order=2)", "auto(rtol=0.001)", "thick(terms=2)", "thin()"]
    assert np.isfinite(made["radiance"]).all()
    alone = rte.solve(rte.absorption.wsgg(FIELD), CAMERA, WALLS, rte.Thin())
    assert_array_equal(made["radiance"][0, 3], alone.total)


def test_models_that_a_detector_does_not_take_are_left_out(job):
    """Grey models have no wavelengths: one that is only offered is left out, one that is named is an error."""
    table = '{ model = "soot_bands", edges = [3.8, 4.0], units = "um", E_m = 0.26 }'
    detector = ['detector.kind="response"', "detector.top_hat=[3.8, 4.0]", 'detector.units="um"']
    for model in ("wsgg", "planck_mean"):
        with pytest.raises(
            rte.InputError, match=f"model {model}.*: response 3.8-4 um: the medium has no wavelength bands"
        ):
            compared(job, *detector, f"compare.models=[{table}, {model!r}]")
    soot = ["absorption.model=soot_bands", "absorption.edges=[3.8, 4.0]", "absorption.units=um"]
    made = compared(job, *detector, *soot, "absorption.E_m=0.26", 'compare.methods=["march"]')
    assert made["model"].tolist() == ["soot_bands(edges=[3.8, 4.0], um, E_m=0.26)"]
    assert any(note.startswith("planck_mean is left out: ") for note in made.notes())
