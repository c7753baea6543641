"""Series of snapshots: the bits of single solves, an axis of time, and going on after any end."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import xarray
from hypothesis import given
from hypothesis import strategies as st

import raytrace_rte as rte
from raytrace_rte.cli import main
from raytrace_rte.results.packing import packed, unpacked
from raytrace_rte.results.series import moment
from raytrace_rte.run.snapshots import natural

TIMES = (0.0, 0.05, 0.12, 0.2)
WALLS = rte.grey(400.0, 0.7)
SENSORS = {
    "camera": rte.camera((0.0, -2.0, 0.5), (0.0, 0.0, 0.5), (12, 10), 32.0),
    "one radiometer": rte.radiometer((0.5, 0.0, 0.5), (-1.0, 0.0, 0.0), directions=50),
    "radiometers": rte.radiometer(
        [[0.5, 0.0, 0.5], [0.0, 0.5, 0.2], [0.0, -0.5, 0.9]],
        [[-1.0, 0, 0], [0, -1.0, 0], [0, 1.0, 0]],
        rtol=0.1,
    ),
    "wall flux": rte.wall_flux("x_min", directions=20),
    "heat source": rte.heat_source(26),
    "line of sight": rte.line_of_sight((-1.0, 0.01, 0.4), (1.0, 0.0, 0.0)),
}


def plume(time, cells=10):
    return rte.sample("smooth-plume", cells, time=time)


def assert_same(one, other):
    """All variables of two results have the same bits."""
    first, second = ({v.name: v.values for v in r.variables()} for r in (one, other))
    assert first.keys() == second.keys()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)


@pytest.mark.parametrize("name", SENSORS)
def test_each_snapshot_has_the_bits_of_a_solve(name):
    fields, sensor = [plume(t) for t in TIMES], SENSORS[name]
    walls = WALLS if name in ("heat source", "camera") else rte.black(300.0)
    series = rte.solve_series(fields, sensor, walls)
    np.testing.assert_array_equal(series.time, TIMES)
    assert series.table["time"].unit == "s"
    for k, field in enumerate(fields):
        one = rte.solve(rte.absorption.given(field), sensor, walls)
        assert not np.array_equal(one.value, series.value[k - 1])  # canary: snapshots differ
        for v in one.variables():
            kept = v.name in series and series.table[v.name].dims[:1] == ("time",)
            assert kept or v.is_coordinate or v.unit in ("1", "m", "degree"), v.name
            if kept:
                assert series.table[v.name].dims == ("time", *v.dims)
                assert (series.table[v.name].unit, series.table[v.name].trust) == (v.unit, v.trust)
                np.testing.assert_array_equal(series[v.name][k], v.values)
        for figure in one.key_figures():
            np.testing.assert_array_equal(series[figure.name][k], figure.values)


def test_key_figures_say_the_answer_in_short():
    field = plume(0.0)
    medium = rte.absorption.given(field)
    heat = rte.solve(medium, SENSORS["heat source"], WALLS)
    figures = {v.name: float(v.values) for v in heat.key_figures()}
    volume = np.prod(field.grid.upper - field.grid.lower) / heat.div_q.size
    assert figures["radiant_power"] == pytest.approx(heat.div_q.sum() * volume, rel=1e-9)
    assert figures["div_q_min"] == heat.div_q.min()
    assert sum(figures[f"to_{face}"] for face in ("x_min", "x_max", "y_min", "y_max", "z_min", "z_max")) == (
        pytest.approx(figures["radiant_power"], rel=1e-9)
    )
    image = rte.solve(medium, SENSORS["camera"], rte.black(300.0))
    figures = {v.name: float(v.values) for v in image.key_figures()}
    assert figures == {
        "radiance_mean": image.value.mean(), "radiance_max": image.value.max(),
        "error_bound_max": image.error_bound.max(),
    }  # fmt: skip


def test_bands_are_summed_in_key_figures_and_kept_in_the_table():
    spectrum = rte.Spectrum.bands([1e-6, 3e-6, 1e-5])

    def banded(field):
        source = spectrum.wall_emission(field.temperature.ravel()).reshape(*field.grid.shape, 2)
        return rte.Medium(field.grid, np.stack([field.absorption_coefficient] * 2, -1), source, spectrum)

    series = rte.solve_series([plume(t) for t in TIMES], SENSORS["radiometers"], absorption=banded)
    assert series.table.main.dims == ("time", "point", "band")
    np.testing.assert_allclose(series["incident_flux_mean"], series.value.sum(axis=2).mean(axis=1))
    names = [v.name for v in series.rows().variables if v.dims == ("time", "point")]
    assert names == ["incident_flux", "error_bound", "error_estimate"]
    assert series.spectrum.names == spectrum.names


def test_a_series_is_saved_loaded_and_opened_by_xarray(tmp_path):
    series = rte.solve_series((plume(t) for t in TIMES), SENSORS["radiometers"])
    for name in series.files():
        series.plot(tmp_path / name, series.files()[name]) if name.endswith(".png") else series.save(
            tmp_path / name
        )
    again = rte.load(tmp_path / "series.h5")
    assert type(again) is rte.SeriesResult
    assert_same(again, series)
    assert again.summary() == series.summary()
    with xarray.open_dataset(tmp_path / "series.h5", engine="h5netcdf") as data:
        picked = data["incident_flux"].sel(time=0.12).values
    np.testing.assert_array_equal(picked, series.value[2])
    with open(tmp_path / "series.csv", encoding="utf-8") as file:
        next(file)  # a comment
        rows = list(csv.DictReader(file))
    assert [float(row["time [s]"]) for row in rows] == list(TIMES)
    for n in range(3):
        flux, error = (
            [float(row[f"{name}_{n} [W m-2]"]) for row in rows]
            for name in ("incident_flux", "error_estimate")
        )
        np.testing.assert_array_equal(flux, series.value[:, n])
        np.testing.assert_array_equal(error, series["error_estimate"][:, n])
    assert series.plot(quantity="radiance_mean" if "radiance_mean" in series else "incident_flux_mean")


def test_the_order_is_that_of_time_and_what_is_odd_is_said():
    def times_of(times):
        fields = [replace(plume(0.1 * n), time=t) for n, t in enumerate(times)]
        return fields, rte.solve_series(fields, SENSORS["one radiometer"])

    _, sorted_ = times_of((0.0, 1.0, 2.0))
    assert sorted_.notes() == []
    fields, mixed = times_of((2.0, 0.5, 1.0))
    np.testing.assert_array_equal(mixed.time, (0.5, 1.0, 2.0))
    one = rte.solve(rte.absorption.given(fields[0]), SENSORS["one radiometer"])
    np.testing.assert_array_equal(mixed.value[2], one.value)
    assert list(mixed["snapshot"]) == ["field 1", "field 2", "field 0"]
    assert "another order" in mixed.summary()
    _, again = times_of((0.0, 1.0, 1.0))
    assert "1 of 3 snapshots have a time that another one has" in again.summary()
    fields, without = times_of((0.3, None, 0.1))
    np.testing.assert_array_equal(without.time, (0.0, 1.0, 2.0))
    assert without.table["time"].unit == "1"
    assert "1 of 3 snapshots do not say their time: they stand by number" in without.summary()


def test_what_snapshots_leave_out_is_said_of_the_whole():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (3, 3, 3))
    cells = np.ones(grid.shape)
    dry = rte.Field(grid, 1500.0 * cells, 1e5, {"H2O": 0.1 * cells})
    other = replace(dry, mole_fraction={"H2O": 0.1 * cells, "C2H4": 0.01 * cells})
    holed = replace(dry, valid=np.arange(27).reshape(3, 3, 3) > 2)
    notes = rte.solve_series([dry, other, holed, holed], SENSORS["one radiometer"]).notes()
    assert any(n.startswith("1 of 4 snapshots, field 1 first: left out C2H4") for n in notes)
    assert any(n.startswith("2 of 4 snapshots, field 2 first: 3 cells without data") for n in notes)
    image = rte.solve_series([dry, other], SENSORS["camera"], rte.black(300.0), rte.March())
    assert "left out of the series" not in image.summary()  # the two have the same transmittances
    wet = replace(dry, mole_fraction={"H2O": 0.2 * cells})
    image = rte.solve_series([dry, wet], SENSORS["camera"], rte.black(300.0), rte.March())
    assert "left out of the series: transmittance, optical_depth" in image.summary()


def test_grids_may_differ_where_the_answer_does_not_lie_on_them():
    fields = [plume(0.0, 10), plume(0.1, 12)]
    image = rte.solve_series(fields, SENSORS["camera"])
    assert image.value.shape == (2, 12, 10)
    for name in ("heat source", "wall flux", "line of sight"):
        with pytest.raises(
            rte.InputError, match=r"^snapshot 1: field 1: its answer lies on other points than that of"
        ):
            rte.solve_series(fields, SENSORS[name])


def test_objects_may_come_from_each_field():
    holed = replace(plume(0.1), valid=plume(0.1).temperature < 1000.0)
    fields = [plume(0.0), holed]

    def hot(field):
        return [] if field.valid is None else [rte.solids(~field.valid, 1500.0, 0.5)]

    series = rte.solve_series(fields, SENSORS["camera"], objects=hot)
    for k, field in enumerate(fields):
        one = rte.solve(rte.absorption.given(field), SENSORS["camera"], objects=hot(field))
        np.testing.assert_array_equal(series.value[k], one.value)
    # The light that solids reflect is an estimate, which only the second has, and which has no bound.
    assert np.isnan(series["error_estimate"][0]).all()
    assert not np.isnan(series["error_estimate"][1]).any()
    assert np.isnan(series["error_bound"][1]).all()


@pytest.mark.parametrize("name", ["camera", "heat source"])
def test_records_of_one_snapshot_are_written_over_by_the_next(name, monkeypatch):
    seen = []
    prepare = rte.Medium.prepare

    def watched(medium, workers, lean=False, bricks=False, out=None):
        prepare(medium, workers, lean, bricks, out)
        seen.append((medium.records.ctypes.data, None if out is None else out.ctypes.data))

    monkeypatch.setattr(rte.Medium, "prepare", watched)
    rte.solve_series((plume(t) for t in TIMES), SENSORS[name])
    assert seen[0][1] is None
    assert len(seen) >= len(TIMES)
    assert len({made for made, _ in seen}) == 1
    assert all(made == out for made, out in seen[1:] if out is not None)


class Share:
    """A sensor of one's own, whose answer has no unit: the transmittance of some rays."""

    def settings(self):
        return {"kind": "share"}

    def task(self, scene):
        rays = rte.Rays([[-1.0, 0.0, z] for z in (0.2, 0.4, 0.6)], (1.0, 0.0, 0.0))

        def finish(task, gathered):
            share, config = (
                gathered.rows["transmittance"][:, 0],
                scene.settings() | {"sensor": self.settings()},
            )
            return rte.Result.build(
                "share", share, "1", "share of light", dims=("ray",), error_bound=1e-12,
                stats=gathered.stats, config=config, spectrum=scene.medium.spectrum,
            )  # fmt: skip

        return rte.RayTask(scene, self, 3, rays.take, finish)


def test_sensors_of_ones_own_have_series(tmp_path):
    fields = [plume(t) for t in TIMES]
    series = rte.solve_series(fields, Share(), method=rte.March(), store=tmp_path / "kept")
    for k, field in enumerate(fields):
        one = rte.solve(rte.absorption.given(field), Share(), method=rte.March())
        np.testing.assert_array_equal(series.value[k], one.value)
    assert series["error_bound"].shape == (4, 3)
    series.save(tmp_path / "series.csv")
    head = (tmp_path / "series.csv").read_text(encoding="utf-8").splitlines()[1]
    assert head.startswith("time [s],snapshot [1],share_0 [1],share_1 [1],share_2 [1],error_bound_0 [1]")
    series.plot(tmp_path / "series.png")


def test_progress_is_over_all_snapshots():
    said = []
    rte.solve_series([plume(t) for t in TIMES], SENSORS["camera"], progress=lambda *now: said.append(now))
    done, totals = np.array(said).T
    assert (np.diff(done) >= 0).all()
    assert set(totals) == {4 * 120}
    assert done[-1] == 480


def test_bad_arguments_are_one_message():
    field, sensor = plume(0.0), SENSORS["camera"]
    for fields, keywords, message in (
        (field, {}, "fields is .*expected a list"),
        ("plt.h5", {}, "fields is .*expected a list"),
        ([], {}, "found no snapshot"),
        ([3], {}, "snapshot 0: .*fields is 3; expected a path"),
        (["nowhere.h5"], {}, "snapshot 0: nowhere.h5: no such file"),
        ([field], {"absorption": "planck_mean"}, "absorption is .*expected a function"),
        ([field], {"progress": 3}, "progress is 3; expected a function"),
        ([field], {"absorption": rte.absorption.planck_mean}, "snapshot 0: .*field 0.* has no"),
    ):
        with pytest.raises(rte.InputError, match=message):
            rte.solve_series(fields, sensor, **keywords)


@given(st.lists(st.integers(0, 10**6), min_size=1, unique=True), st.text("ab._", max_size=3))
def test_names_are_sorted_by_their_numbers(numbers, stem):
    names = sorted((f"{stem}{n}.h5" for n in numbers), key=natural)
    assert [int(re.findall(r"[0-9]+", name)[0]) for name in names] == sorted(numbers)


@pytest.mark.parametrize("name", SENSORS)
def test_what_a_store_keeps_comes_back(name, tmp_path):
    result = rte.solve(rte.absorption.given(plume(0.0)), SENSORS[name])
    kept = moment(result, "a", 0.5, None)
    np.savez(tmp_path / "state.npz", **packed(kept.complete()))
    with np.load(tmp_path / "state.npz") as arrays:
        again = rte.Result(unpacked(dict(arrays)))
    assert_same(again, kept)
    for v, w in zip(again.variables(), kept.variables(), strict=True):
        assert (v.name, v.dims, v.unit, v.long_name, v.trust) == (
            w.name,
            w.dims,
            w.unit,
            w.long_name,
            w.trust,
        )
    assert again.table.attributes["moment"] == kept.table.attributes["moment"]
    assert unpacked({}) is None


class Pressed(Exception):
    """Stands for Ctrl-C."""


@pytest.mark.parametrize("name", ["camera", "heat source"])
def test_an_interrupted_series_goes_on_to_the_same_bits(name, tmp_path):
    """Interrupted after more and more work, also within a snapshot."""
    fields, sensor = [plume(t) for t in TIMES], SENSORS[name]
    walls = WALLS if name == "heat source" else rte.black(300.0)
    whole = rte.solve_series(fields, sensor, walls)
    stops, first_done = 0, []
    while True:
        calls = [0]

        def progress(done, total, calls=calls, most=2 + stops**2):
            if not calls[0]:
                first_done.append(done)
            calls[0] += 1
            if calls[0] > most:
                raise Pressed

        try:
            series = rte.solve_series(fields, sensor, walls, store=tmp_path / "kept", progress=progress)
            break
        except Pressed:
            stops += 1
    assert stops >= 2
    assert first_done == sorted(first_done)
    assert first_done[-1] > 0
    assert_same(series, whole)
    assert not (tmp_path / "kept").exists()


def test_a_store_of_another_series_is_refused(tmp_path):
    fields, sensor = [plume(t) for t in TIMES], SENSORS["camera"]
    keep = rte.Store(tmp_path / "kept")
    rte.solve_series(fields, sensor, store=keep)
    changed = [*fields[:2], plume(0.13), fields[3]]
    with pytest.raises(rte.InputError, match=r"snapshot 2: .*belongs to another job"):
        rte.solve_series(changed, sensor, store=keep)
    with pytest.raises(rte.InputError, match=r"snapshot 0: .*belongs to another job"):
        rte.solve_series(fields, sensor, rte.black(500.0), store=keep)


# The command line

CONFIG = """
[field]
files = "plt*.h5"
[sensor]
kind = "camera"
position = [0.0, -2.0, 0.5]
look_at = [0.0, 0.0, 0.5]
shape = [24, 20]
[walls]
kind = "black"
temperature = 300.0
"""
NAMES = ("plt8.h5", "plt9.h5", "plt10.h5", "plt11.h5")


@pytest.fixture
def job(tmp_path):
    """A config beside four snapshots."""
    for name, time in zip(NAMES, TIMES, strict=True):
        rte.write(plume(time), tmp_path / name)
    (tmp_path / "job.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path / "job.toml"


def call(monkeypatch, capsys, *arguments):
    """Run the command in this process; return its exit code and what it said."""
    monkeypatch.setattr(sys, "argv", ["raytrace-rte", *map(str, arguments)])
    try:
        main()
        code = 0
    except SystemExit as ended:
        code = ended.code or 0
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_job_over_files(job, monkeypatch, capsys):
    code, out, _ = call(monkeypatch, capsys, "check", job)
    assert code == 0
    assert "series         4 snapshots, plt8.h5 to plt11.h5" in out
    code, out, err = call(monkeypatch, capsys, "run", job)
    assert code == 0, err
    files = {p.name for p in (job.parent / "out").iterdir()}
    assert files == {"series.h5", "series.csv", "series.png"}
    series = rte.load(job.parent / "out/series.h5")
    assert list(series["snapshot"]) == list(NAMES)
    paths = [job.parent / name for name in NAMES]
    camera = rte.camera((0.0, -2.0, 0.5), (0.0, 0.0, 0.5), (24, 20))
    assert_but_names(series, rte.solve_series(paths, camera, rte.black(300.0)))
    assert series.config["job"]["field"]["files"] == "plt*.h5"
    assert [s["medium"]["field_sha256"] for s in series.table.attributes["snapshots"]] == [
        rte.read(path).source_sha256 for path in paths
    ]


def assert_but_names(one, other):
    """Two series have the same bits, but for the names of their snapshots."""
    for v in one.variables():
        if v.name != "snapshot":
            np.testing.assert_array_equal(v.values, other[v.name], err_msg=v.name)


def test_each_snapshot_has_files_of_its_own_if_asked(job, monkeypatch, capsys):
    code, _, err = call(
        monkeypatch, capsys, "run", job, "--set", "output.each=true", "--set", "method.kind=march"
    )
    assert code == 0, err
    series = rte.load(job.parent / "out/series.h5")
    for k, name in enumerate(NAMES):
        folder = job.parent / f"out/{k:05d}-{name.removesuffix('.h5')}"
        assert {"result.h5", "image.png", "image.tif"} <= {p.name for p in folder.iterdir()}
        one = rte.load(folder / "result.h5")
        np.testing.assert_array_equal(one.value, series.value[k])
        assert np.isfinite(one.transmittance).all()


def test_times_of_a_sample(job, monkeypatch, capsys):
    text = CONFIG.replace(
        'files = "plt*.h5"', 'sample = "smooth-plume"\ncells = 10\ntimes = [0.0, 0.05, 0.12, 0.2]'
    )
    job.write_text(text, encoding="utf-8")
    code, out, err = call(monkeypatch, capsys, "run", job)
    assert code == 0, err
    assert "sample smooth-plume at 0 s to sample smooth-plume at 0.2 s" in out
    camera = rte.camera((0.0, -2.0, 0.5), (0.0, 0.0, 0.5), (24, 20))
    expected = rte.solve_series([plume(t) for t in TIMES], camera, rte.black(300.0))
    assert_but_names(rte.load(job.parent / "out/series.h5"), expected)


def test_a_snapshot_that_cannot_be_read_stops_and_the_others_are_kept(job, monkeypatch, capsys):
    bad = job.parent / NAMES[2]
    whole = bad.read_bytes()
    bad.write_bytes(whole[: len(whole) // 2])
    code, _, err = call(monkeypatch, capsys, "run", job)
    assert code == 2
    assert err.count("\n") == 1
    assert f"snapshot 2: {bad}: the HDF5 file is truncated" in err
    assert "the answers of the 2 before it are kept" in err
    assert not (job.parent / "out/series.h5").exists()
    bad.write_bytes(whole)
    tasks = []
    from raytrace_rte.run import job as jobs

    prepare = jobs.prepare
    monkeypatch.setattr(
        jobs, "prepare", lambda job, lean=False: tasks.append(job.field.file) or prepare(job, lean)
    )
    code, _, err = call(monkeypatch, capsys, "run", job, "--resume")
    assert code == 0, err
    assert tasks == [NAMES[0], *NAMES[2:]]  # the first is looked at, what was done is not read again
    resumed = rte.load(job.parent / "out/series.h5")
    assert not (job.parent / "out/.partial").exists()
    assert call(monkeypatch, capsys, "run", job)[0] == 0
    assert_same(resumed, rte.load(job.parent / "out/series.h5"))


def test_a_file_that_changed_is_not_gone_on_with(job, monkeypatch, capsys):
    (job.parent / NAMES[3]).write_bytes(b"nothing")
    assert call(monkeypatch, capsys, "run", job)[0] == 2
    rte.write(plume(0.07), job.parent / NAMES[1])
    code, _, err = call(monkeypatch, capsys, "run", job, "--resume")
    assert code == 2
    assert f"snapshot 1: {NAMES[1]}: " in err
    assert "belongs to another job" in err


KILLED = """
import sys
from raytrace_rte.execution import stores
from raytrace_rte.cli import main
from raytrace_rte.results import packing

save, saved = stores.Store.save, []

def save_and_wait(store, state):
    save(store, state)
    saved.append(packing.ABOUT in state)
    if sum(saved) == 2 and saved[-1]:
        print("kept", flush=True)
        sys.stdin.read()

stores.Store.save = save_and_wait
main()
"""
"""The command; when two snapshots are kept it says so, and waits for its end."""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
@pytest.mark.parametrize("ending", ["SIGKILL", "SIGINT"])
def test_a_killed_series_goes_on_to_the_same_bits(ending, job, monkeypatch, capsys):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, "run", str(job)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while "kept" not in process.stdout.readline():
        assert process.poll() is None, process.communicate()
    process.send_signal(getattr(signal, ending))
    _, err = process.communicate(timeout=600)
    if ending == "SIGINT":
        assert process.returncode == 130
        assert "interrupted; 1 of 4 snapshots, and what is done of the next one, are kept in" in err
        assert "--resume" in err
    kept = sorted(p.name for p in (job.parent / "out/.partial").iterdir())
    assert kept == ["00000", "00001"]
    code, _, err = call(monkeypatch, capsys, "run", job, "--resume")
    assert code == 0, err
    resumed = rte.load(job.parent / "out/series.h5")
    assert call(monkeypatch, capsys, "run", job)[0] == 0
    assert_same(resumed, rte.load(job.parent / "out/series.h5"))


BAD = {
    "found files and sample; expected one of the two": ['field.sample="smooth-plume"'],
    "found files and times": ["field.times=[0.0, 1.0]"],
    "'files' is 3; expected a pattern": ["field.files=3"],
    "'none*.h5' matches nothing in": ['field.files="none*.h5"'],
    "'plt8.h6' is not there in": ['field.files=["plt9.h5", "plt8.h6"]'],
    "files is an empty list": ["field.files=[]"],
    "cells belongs to a sample": ["field.cells=3"],
    "--limits: is for one snapshot": ["--limits"],
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_one_message(message, job, monkeypatch, capsys):
    words = [word for s in BAD[message] for word in ([s] if s.startswith("--") else ["--set", s])]
    code, _, err = call(monkeypatch, capsys, "run", job, *words)
    assert code == 2
    assert message in err
    assert err.strip().count("\n") == 0


def test_bad_times_of_a_sample_are_one_message(job, monkeypatch, capsys):
    for times, sample, message in (
        ('"all"', "smooth-plume", "a sample has no times of its own"),
        ("[]", "smooth-plume", "times is an empty list"),
        ("3", "smooth-plume", "'times' is 3; expected \"all\", or a list of times [s]"),
        ("[0.0, 1.0]", "isothermal-box", "sample isothermal-box stands still; drop time"),
    ):
        field = f'sample = "{sample}"\ntimes = {times}'
        job.write_text(CONFIG.replace('files = "plt*.h5"', field), encoding="utf-8")
        code, _, err = call(monkeypatch, capsys, "run", job)
        assert (code, message in err) == (2, True), err


@pytest.fixture
def moments(tmp_path):
    """A netCDF-4 file with three moments, a map of it, and its fields."""
    paths = [tmp_path / name for name in ("all.nc", "map.toml")]
    fields = [replace(plume(t), time=t) for t in TIMES[:3]]
    grid, stacked = fields[0].grid, {
        name: (("time", "z", "y", "x"), np.stack([getattr(f, key).T for f in fields]), {"units": unit})
        for name, key, unit in (("T", "temperature", "K"), ("kappa", "absorption_coefficient", "1/m"))
    }  # fmt: skip
    faces = {f"{axis}f": ((f"{axis}f",), at, {"units": "m"}) for axis, at in zip("xyz", grid, strict=True)}
    times = ("time", 1e3 * np.array(TIMES[:3]), {"units": "ms"})
    xarray.Dataset(stacked | faces, coords={"time": times}).to_netcdf(paths[0], engine="h5netcdf")
    axes = "".join(f'{axis} = {{ dataset = "{axis}f" }}\n' for axis in "xyz")
    text = f'[grid]\nlocation = "cell"\n{axes}[temperature]\ndataset = "T"\n'
    text += '[absorption_coefficient]\ndataset = "kappa"\n'
    paths[1].write_text(text, encoding="utf-8")
    return fields


def test_times_of_one_file(moments, job, monkeypatch, capsys):
    for asked, expected in (('"all"', moments), ("[0.12, 0.0]", [moments[2], moments[0]]),
                            ('["index 1", 0.0]', [moments[1], moments[0]])):  # fmt: skip
        text = CONFIG.replace('files = "plt*.h5"', f'file = "all.nc"\nmap = "map.toml"\ntimes = {asked}')
        job.write_text(text, encoding="utf-8")
        code, _, err = call(monkeypatch, capsys, "run", job)
        assert code == 0, err
        camera = rte.camera((0.0, -2.0, 0.5), (0.0, 0.0, 0.5), (24, 20))
        series = rte.load(job.parent / "out/series.h5")
        np.testing.assert_allclose(series.time, sorted(f.time for f in expected), rtol=1e-12)
        single = rte.solve_series(expected, camera, rte.black(300.0))
        np.testing.assert_array_equal(series.value, single.value)
    job.write_text(text.replace("0.0]", "0.05]"), encoding="utf-8")
    code, _, err = call(monkeypatch, capsys, "run", job)
    assert (code, "names a moment of" in err) == (2, True), err
    job.write_text(text.replace("0.0]", "0.07]"), encoding="utf-8")
    code, _, err = call(monkeypatch, capsys, "run", job)
    assert code == 2
    assert "time is 0.07 s; the file has 3 moments, at 0, 0.05, 0.12 s" in err
    job.write_text(text.replace('file = "all.nc"\nmap = "map.toml"', 'file = "plt8.h5"'), encoding="utf-8")
    code, _, err = call(monkeypatch, capsys, "run", job)
    assert (code, "plt8.h5 has no times" in err) == (2, True)


def test_a_file_of_many_moments_is_hashed_once(moments, job, monkeypatch):
    from raytrace_rte.formats import digest

    path = job.parent / "all.nc"
    os.utime(path, (1e9, 1e9))  # long ago
    monkeypatch.setattr(digest, "_last", [])
    first = rte.read(path, job.parent / "map.toml", time=0.0).source_sha256
    monkeypatch.setattr(digest.hashlib, "sha256", None)
    assert rte.read(path, job.parent / "map.toml", time=0.05).source_sha256 == first
    monkeypatch.undo()
    path.write_bytes(path.read_bytes())  # changed just now, so the next one might not be seen
    assert rte.read(path, job.parent / "map.toml", time=0.05).source_sha256 == first
    assert digest._last == [] or digest._last[0][0][0][2] != path.stat().st_mtime_ns
