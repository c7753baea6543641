"""The command line as a user meets it: jobs, interrupts, bad input."""

from __future__ import annotations

import gc
import inspect
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import h5py
import numpy as np
import pytest
import xarray

import raytrace_rte as rte
from raytrace_rte.cli import main
from raytrace_rte.config import sections

ROOT = Path(__file__).parent.parent
TOOL = [sys.executable, "-c", "from raytrace_rte.cli import main; main()"]

CONFIG = """
[field]
sample = "smooth-plume"
cells = 24
[sensor]
kind = "camera"
position = [0.0, -2.0, 0.5]
look_at = [0.0, 0.0, 0.5]
shape = [60, 50]
field_of_view_deg = 32
[walls]
kind = "black"
temperature = 300.0
[output]
directory = "out"
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def process(*arguments, **kwargs):
    """The command as users start it."""
    return subprocess.run(
        [*TOOL, *map(str, arguments)], capture_output=True, text=True, check=False, **kwargs
    )


def call(*arguments):
    """The command within this process, where all is imported: its exit code, and what it said."""
    out, err, code, usual = io.StringIO(), io.StringIO(), 0, gc.get_threshold()
    argv = mock.patch.object(sys, "argv", ["raytrace-rte", *map(str, arguments)])
    try:
        with argv, redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as ended:
        code = ended.code
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def test_run_writes_result_picture_and_record(config):
    done = process("run", config)
    assert done.returncode == 0, done.stderr
    out = config.parent / "out"
    assert {p.name for p in out.iterdir()} == {"result.h5", "image.png", "image.tif", "regimes.png"}
    for name in ("result.h5", "image.png", "image.tif"):
        assert str(out / name) in done.stdout
    medium = rte.absorption.given(rte.sample("smooth-plume", 24))
    camera = rte.camera((0, -2, 0.5), (0, 0, 0.5), (60, 50), 32)
    expected = rte.solve(medium, camera, rte.black(300.0)).value
    with h5py.File(out / "result.h5") as file:
        np.testing.assert_array_equal(file["radiance"][:], expected)
        assert file["radiance"].attrs["units"] == "W m-2 sr-1"
        record = json.loads(file.attrs["config"])
    assert record["method"] == {"kind": "auto", "rtol": 1e-3, "atol": None, "transmittance": False}
    assert "alone would be off" not in done.stdout
    assert record["job"]["field"] == {"sample": "smooth-plume", "cells": 24, "allow_cold": False}
    assert record["versions"]["raytrace-rte"] == rte.__version__


def test_what_the_limits_alone_would_cost_is_said_when_asked(config):
    done = call("run", config, "--limits")
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("limits"))
    medium = rte.absorption.given(rte.sample("smooth-plume", 24))
    camera, walls = rte.camera((0, -2, 0.5), (0, 0, 0.5), (60, 50), 32), rte.black(300.0)
    value = rte.solve(medium, camera, walls).value
    thin = rte.solve(medium, camera, walls, rte.Thin()).value
    assert f"Thin() by up to {100 * np.max(np.abs(thin / value - 1)):.2g} %" in line


def override(*settings):
    return [part for setting in settings for part in ("--set", setting)]


def test_lean_runs_have_the_same_bits(config):
    values = []
    for option in ([], ["--lean"]):
        done = call("run", config, *option)
        assert done.returncode == 0, done.stderr
        with h5py.File(config.parent / "out/result.h5") as file:
            values.append(file["radiance"][:])
    np.testing.assert_array_equal(*values)


def test_lean_says_where_it_cannot_be(config):
    grey = [
        part
        for key in ("kind=grey", "temperature=300", "emissivity=0.5")
        for part in ("--set", f"walls.{key}")
    ]
    done = call("run", config, "--lean", *grey)
    assert done.returncode == 2
    assert "lean: found reflecting walls" in done.stderr
    assert not (config.parent / "out/result.h5").exists()


def test_overrides(config):
    quantity = "output.quantity=brightness_temperature"
    settings = override("method.kind=thick", "method.terms=3", "output.directory=other", quantity)
    done = call("run", config, *settings)
    assert done.returncode == 0, done.stderr
    assert "thick(terms=3)" in done.stdout
    assert (config.parent / "other" / "image.png").exists()


def test_overriding_the_kind_drops_the_old_kinds_keys(config):
    config.write_text(CONFIG + '[method]\nkind = "march"\norder = 1\n', encoding="utf-8")
    assert "thin()" in call("run", config, *override("method.kind=thin")).stdout


def test_check_does_everything_but_the_march(config):
    done = process("check", config)
    assert done.returncode == 0
    assert "3000 rays" in done.stdout
    assert not (config.parent / "out").exists()


LINE = """
[sensor]
kind = "line_of_sight"
origin = [0, -2, 0.3]
direction = [0, 1, 0]
"""
RAYS = """
[sensor]
kind = "rays"
origin = [[0, -2, 0.3], [0, -2, 0.4]]
direction = [[0, 1, 0]]
"""


def with_sensor(sensor):
    return CONFIG[: CONFIG.index("[sensor]")] + sensor + CONFIG[CONFIG.index("[walls]") :]


def test_line_of_sight(config):
    config.write_text(with_sensor(LINE), encoding="utf-8")
    done = call("run", config)
    assert done.returncode == 0, done.stderr
    lines = (config.parent / "out/profile.csv").read_text(encoding="utf-8").splitlines()
    assert lines[2].startswith("s [m],length [m],optical_depth [1],temperature [K],kappa [1/m]")
    table = np.genfromtxt(lines[3:], delimiter=",")
    radiance, emitted = float(lines[1].split()[2]), float(lines[1].split()[-1])
    assert table[:, -1].sum() == pytest.approx(emitted, rel=1e-12)
    assert emitted < radiance < 1.1 * emitted


def test_given_rays(config):
    config.write_text(with_sensor(RAYS), encoding="utf-8")
    done = call("run", config)
    assert done.returncode == 0, done.stderr
    assert len((config.parent / "out/rays.csv").read_text(encoding="utf-8").splitlines()) == 4


def test_sample_inspect_and_a_field_through_a_map(tmp_path):
    assert process("sample", "pool-fire", tmp_path / "flame.h5").returncode == 0
    shown = process("inspect", tmp_path / "flame.h5", cwd=tmp_path)
    assert "a native field" in shown.stdout
    assert "mole_fraction/CO2" in shown.stdout
    assert list(tmp_path.glob("*.toml")) == []
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["T"] = np.full((4, 4, 4), 900.0)
        file["kappa"] = np.ones((4, 4, 4))
    done = process("inspect", tmp_path / "other.h5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    field_map = tmp_path / "other.map.toml"
    assert process("inspect", tmp_path / "other.h5", cwd=tmp_path).returncode == 2  # keeps the user's edits
    text = field_map.read_text(encoding="utf-8").replace("[0.0, 0.0, 0.0]   # unk", "[0.25, 0.25, 0.25]   # ")
    text = text.replace('location = "?"', 'location = "cell"')
    for before, unit in (('"T"', "K"), ('"kappa"', "1/m"), ("101325.0", "Pa")):
        text = text.replace(f'{before}\nunits = "?"', f'{before}\nunits = "{unit}"')
    field_map.write_text(text.replace('units = "?"', 'units = "m"'), encoding="utf-8")
    job = tmp_path / "job.toml"
    job.write_text('[field]\nfile = "other.h5"\nmap = "other.map.toml"\n[sensor]\nkind = "line_of_sight"\n'
                   "origin = [-1, 0.5, 0.5]\ndirection = [1, 0, 0]\n", encoding="utf-8")  # fmt: skip
    done = call("run", job)
    assert done.returncode == 0, done.stderr
    with h5py.File(tmp_path / "out/result.h5") as file:
        assert file["radiance"][0] == pytest.approx(rte.blackbody(900.0) * (1 - np.exp(-1)), rel=1e-12)


CAMERA = '[sensor]\nkind = "camera"\nposition = [0, -2, 0.5]\nlook_at = [0, 0, 0.5]\n'
BAD = {
    "no such config file": None,
    "not valid TOML": "[sensor\n",
    "unknown key 'positon' (did you mean 'position'?)": '[sensor]\nkind = "camera"\npositon = [0, 1, 2]\n',
    "unknown section [sensors] (did you mean 'sensor'?)": '[sensors]\nkind = "camera"\n',
    "section [sensor] is missing": '[method]\nkind = "march"\n',
    "kind is 'camra'; expected one of camera": '[sensor]\nkind = "camra"\n',
    "'shape[0]' is 'big'; expected two whole numbers": CAMERA + 'shape = ["big", 3]\n',
    "key 'look_at' is missing": '[sensor]\nkind = "camera"\nposition = [0, 1, 2]\n',
    "'order' is 'two'; expected a whole number": CAMERA + '[method]\nkind = "march"\norder = "two"\n',
    "order is 3; expected 1": CAMERA + '[method]\nkind = "march"\norder = 3\n',
    "nowhere.h5: no such file": CAMERA + '[field]\nfile = "nowhere.h5"\n',
    "job.toml: is not an HDF5 file": CAMERA + '[field]\nfile = "job.toml"\n',
    "no ray meets the field": CAMERA.replace("look_at = [0, 0", "look_at = [0, -9"),
    "the field has no mole fraction of 'CO'": CAMERA
    + '[absorption]\nmodel = "planck_mean"\nspecies = ["CO"]\n',
    "map is given without a file": CAMERA + '[field]\nmap = "x.toml"\n',
    "times names a moment twice": CAMERA + '[field]\nsample = "smooth-plume"\ntimes = [0.1, 0.0, 0.1]\n',
    "found file and sample": CAMERA + '[field]\nfile = "x.h5"\nsample = "pool-fire"\n',
    "activation belongs to a sample": CAMERA + '[field]\nfile = "x.h5"\nactivation = 9.0\n',
    "activation is 2.0; expected": CAMERA + '[field]\nsample = "activation-flame"\nactivation = 2.0\n',
    "cannot be written (Not a directory)": CAMERA + '[output]\ndirectory = "job.toml/out"\n',
}  # fmt: skip


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_one_message_exit_2_and_nothing_written(message, tmp_path, monkeypatch, capsys):
    path = tmp_path / "job.toml"
    if BAD[message] is not None:
        path.write_text(BAD[message], encoding="utf-8")
    before = set(tmp_path.rglob("*"))
    for command in ("run", "check"):
        monkeypatch.setattr(sys, "argv", ["raytrace-rte", command, str(path)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr().err
        assert ended.value.code == 2
        assert message in said
        assert said.strip().count("\n") == 0
    assert set(tmp_path.rglob("*")) == before


def test_what_was_imported_is_not_looked_through_at_the_end(monkeypatch, capsys):
    usual = gc.get_threshold()
    monkeypatch.setattr(sys, "argv", ["raytrace-rte", "--version"])
    try:
        with pytest.raises(SystemExit):
            main()
        assert gc.get_freeze_count() > 1000
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)


def test_a_bad_override_names_itself(config):
    done = call("run", config, "--set", "method")
    assert (done.returncode, "--set method: expected section.key=value" in done.stderr) == (2, True)


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
def test_a_full_disk_is_one_message_and_leaves_nothing(config):
    """A limit on the size of files stands in for the disk."""

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

    process("run", config)  # warms the cache, which is subject to the limit too
    shutil.rmtree(config.parent / "out")
    done = process("run", config, preexec_fn=limited)
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    left = [p.name for p in (config.parent / "out").rglob("*") if p.is_file() and ".partial" not in p.parts]
    assert left == []


KEEPING = """
import os, select, signal
from raytrace_rte.execution import stores
from raytrace_rte.cli import main

stores.LEAST = stores.SHARE = 0.0
save, saved = stores.Store.save, []
signalled, wake = os.pipe()
os.set_blocking(wake, False)
signal.set_wakeup_fd(wake)

def save_and_wait(store, state):
    save(store, state)
    saved.append(True)
    if len(saved) == 3:
        select.select([signalled], [], [], 60.0)  # until a signal has come, even if its exception was lost

stores.Store.save = save_and_wait
main()
"""
"""The command, keeping its work after every batch; after the third it waits to be interrupted, so that neither a
fast nor a busy machine can end the job before that."""
LONG = {
    "camera": CONFIG.replace("[60, 50]", "[300, 300]"),
    "grey enclosure": CONFIG.replace(
        CONFIG[CONFIG.index('kind = "camera"') : CONFIG.index("[output]")],
        'kind = "heat_source"\n[walls]\nkind = "grey"\ntemperature = 300.0\nemissivity = 0.4\n',
    ),
}
HANGS = 600.0
"""[s] after which a test takes the command to hang; nothing depends on how fast it is."""


def interrupted(config, *options):
    """Start a long run, press Ctrl-C when something is kept; return its exit code and what it said."""
    command = [sys.executable, "-c", KEEPING, "run", str(config), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + HANGS
    while not (config.parent / "out/.partial/state.npz").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=HANGS)
    return process.returncode, errors


@pytest.mark.parametrize("name", LONG)
def test_ctrl_c_keeps_work_and_resume_gives_the_same_bits(name, config):
    config.write_text(LONG[name], encoding="utf-8")
    code, errors = interrupted(config, "--threads", "1", "--set", "method.kind=march")
    assert code == 130, errors
    assert "Traceback" not in errors
    done, total = map(int, re.search(r"interrupted; (\d+) of (\d+) \w+ are kept in", errors).groups())
    assert 0 < done < total
    assert f"run {config} --threads 1 --set method.kind=march --resume" in errors
    out = config.parent / "out"
    assert not (out / "result.h5").exists()
    same = ("run", config, "--set", "method.kind=march")
    other = call(*same, "--resume", "--set", "walls.temperature=400")
    assert other.returncode == 2
    assert "belongs to another job" in other.stderr
    assert {p.name for p in (out / ".partial").iterdir()} == {"job", "state.npz"}
    again = process(*same, "--resume")
    assert again.returncode == 0, again.stderr
    with xarray.open_dataset(out / "result.h5", engine="h5netcdf") as data:
        resumed = data.load()
    assert not (out / ".partial").exists()
    assert call(*same).returncode == 0
    with xarray.open_dataset(out / "result.h5", engine="h5netcdf") as data:
        xarray.testing.assert_identical(data.drop_attrs().load(), resumed.drop_attrs())


KINDS = [(k, model) for name in sections.KINDS for k, model in sections.KINDS[name].items()]
PUBLIC = {name: f"absorption.{name}" for name in sections.KINDS["absorption"]}
PUBLIC |= dict.fromkeys(("box", "no_data", "mask"), "solids")
"""The public function of a kind, where `sections.PUBLIC` does not say it."""
OTHERWISE = {
    **{name: {"field": "the section [field]"} for name in sections.KINDS["absorption"]},
    "soot_bands": {"field": "the section [field]", "edges": "edges in units"},
    "box": {"mask": "lower and upper"},
    "no_data": {"mask": "no key: the cells without data"},
    "mask": {"mask": "dataset and value", "temperature": "temperature, or the field's own"},
    "mesh": {"source": "file"},
}
"""Arguments that a config says in another way, and how."""
NOT_IN_A_CONFIG = {
    "solve": {
        "medium": "[field] and [absorption]", "sensor": "[sensor]", "walls": "[walls]", "method": "[method]",
        "objects": "[[objects]]", "threads": "--threads", "lean": "--lean", "executor": "--executor",
        "store": "--resume", "progress": "a bar, unless --quiet", "radiosity_directions": "[walls]",
    },
    "read": {
        "path": "file", "map": "map", "allow_cold": "allow_cold", "time": "time", "units": "units",
        "location": "location", "grid": "lower", "shape": "shape", "outside": "outside", "radius": "radius",
        "options": "options", "no_data": "no_data", "valid": "valid", "markers": "[[objects]]",
    },
    "sample": {"name": "sample", "cells": "cells", "activation": "activation", "time": "time"},
    "solve_series": {
        "fields": "[field]", "sensor": "[sensor]", "walls": "[walls]", "method": "[method]",
        "absorption": "[absorption]", "objects": "[[objects]]", "threads": "--threads", "lean": "--lean",
        "executor": "--executor", "store": "--resume", "progress": "a bar, unless --quiet",
        "radiosity_directions": "[walls]",
    },
}  # fmt: skip
"""Public functions that no kind names: their arguments, and how a job on the command line says them."""
NO_KIND = {"mesh_flux": "its argument is a mesh among the objects"}
"""Public sensors that a config cannot name, and why."""


def public(kind):
    """The public function that a kind names."""
    found = rte
    for part in PUBLIC.get(kind, sections.PUBLIC.get(kind, kind)).split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize(("kind", "section"), KINDS, ids=[kind for kind, _ in KINDS])
def test_keys_of_a_config_are_the_arguments_of_the_public_function(kind, section):
    parameters = dict(inspect.signature(public(kind)).parameters)
    keys = {key: field for key, field in section.model_fields.items() if key not in ("kind", "model")}
    if parameters.pop("faces", None) is not None:
        faces = set(sections.FacesSection.model_fields)
        assert faces <= set(keys)
        keys = {key: field for key, field in keys.items() if key not in faces}
    other = OTHERWISE.get(kind, {})
    instead = {word for text in other.values() for word in re.findall(r"\w+", text)}
    assert set(parameters) - set(other) == set(keys) - instead
    assert set(other) <= set(parameters)
    for key in (set(parameters) & set(keys)) - set(other):
        default, field = parameters[key].default, keys[key]
        assert field.is_required() == (default is inspect.Parameter.empty)
        if not field.is_required():
            assert field.default == (list(default) if isinstance(default, tuple) else default)


def test_every_argument_and_every_public_kind_can_be_said_in_a_job():
    options = process("run", "--help").stdout
    for name, arguments in NOT_IN_A_CONFIG.items():
        assert set(inspect.signature(getattr(rte, name)).parameters) == set(arguments)
        for said in arguments.values():
            for word in re.findall(r"--\w+", said):
                assert word in options
            for section in re.findall(r"\[(\w+)\]", said):
                assert section in sections.SECTIONS
    for name in ("read", "sample"):
        keys = {said for said in NOT_IN_A_CONFIG[name].values() if not said.startswith("[")}
        assert keys <= set(sections.FieldSection.model_fields)
    named = {public(kind).__name__ for kind, _ in KINDS}
    methods = {"Auto", "March", "Thick", "Thin", "Threshold"}
    sensors = {"Rays", *(n for n in rte.__all__ if public_sensor(n))}
    assert methods | sensors <= named | set(NO_KIND)
    assert not named & set(NO_KIND)
    faces = set(sections.FaceSection.model_fields["kind"].annotation.__args__)
    assert faces == {"black", "grey", "open", "mirror", "periodic"}
    assert set(sections.FaceSection.model_fields) == {"kind", "temperature", "emissivity"}


def public_sensor(name):
    """Whether a public name is a function of the sensors."""
    thing = getattr(rte, name)
    return inspect.isfunction(thing) and ".sensors." in thing.__module__


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.toml")), ids=lambda p: p.name)
def test_shipped_configs_run(path, tmp_path):
    small = {
        "camera": ["sensor.shape=[24, 16]"], "camera_orthographic": ["sensor.shape=[24, 16]"],
        "wall_flux": ["sensor.directions=20"], "heat_source": ["sensor.directions=14"],
    }.get(tomllib.loads(path.read_text())["sensor"]["kind"], [])  # fmt: skip
    if "burns-christon" in path.read_text():
        small.append("field.cells=12")
    done = call(
        "run", path, "--set", f"output.directory={tmp_path}", *(w for s in small for w in ("--set", s))
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "result.h5").exists() or (tmp_path / "series.h5").exists()


def test_how_well_reflected_light_is_found_can_be_said_in_a_job(tmp_path):
    config = ROOT / "configs/grey_enclosure.toml"
    sets = ["sensor.kind=camera", "sensor.position=[0.1, 0.1, 0.1]", "sensor.look_at=[0.5, 0.2, 0.0]",
            "sensor.shape=[8, 8]", "sensor.field_of_view_deg=60.0", "field.cells=8",
            f"output.directory={tmp_path}"]  # fmt: skip
    words = [word for said in sets for word in ("--set", said)]
    done = call("run", config, *words, "--set", "walls.radiosity_directions=40")
    assert done.returncode == 0, done.stderr
    assert rte.load(tmp_path / "result.h5").config["radiosity_directions"] == 40
    assert "an estimate, no bound" in done.stdout
    wrong = call("run", config, *words, "--set", "walls.radiosity_directions=2.5")
    assert wrong.returncode == 2
    assert "radiosity_directions is 2.5" in wrong.stderr


def test_the_summary_says_what_absorbs_and_a_refused_model_leaves_no_folder(config):
    config.write_text(CONFIG.replace('"smooth-plume"\ncells = 24', '"pool-fire"'), encoding="utf-8")
    done = call("run", config, "--set", "absorption.model=soot")
    assert done.returncode == 2
    assert not (config.parent / "out").exists()
    done = call("check", config, "--set", "absorption.model=wsgg")
    assert "absorption     wsgg, bordbar2014, of H2O, CO2: kappa" in done.stdout, done.stdout + done.stderr
