"""What README and docs say is run, and their tables are what was measured."""

from __future__ import annotations

import importlib
import json
import os
import pydoc
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import raytrace_rte as rte

ROOT = Path(__file__).parent.parent
SUITES = ("accuracy", "exact_versus_thick", "volume", "speed", "bands", "job", "models", "series", "reading")
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
TEXT = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
README = TEXT["README.md"]
CODE = {"bash", "python", "toml", ""}
sys.path.insert(0, str(ROOT))


def blocks(language, text=README):
    """Contents of the fenced blocks of a language."""
    return [
        code for found, code in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S) if found == language
    ]


COMMANDS = [
    line.partition("#")[0].strip()
    for block in blocks("bash")
    for line in block.splitlines()
    if line.startswith("raytrace-rte")
]


def test_every_command_of_the_readme_runs(tmp_path):
    """In order, in one folder, as a reader would."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    assert len(COMMANDS) >= 5
    for command in COMMANDS:
        tool = [sys.executable, "-c", "from raytrace_rte.cli import main; main()", *shlex.split(command)[1:]]
        if "pool_fire.toml" in command:
            tool += ["--set", "sensor.shape=[40, 24]"]
        done = subprocess.run(tool, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert (tmp_path / "flame.h5").exists()
    assert (tmp_path / "out/pool_fire/image.png").exists()
    assert (tmp_path / "out/line_of_sight/profile.csv").exists()


def run_python(code, folder):
    """Run code as a script of its own, in a folder."""
    (folder / "script.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"], capture_output=True, text=True, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr
    (folder / "script.py").unlink()


def test_the_python_of_the_readme_runs(tmp_path):
    run_python("\n".join(blocks("python")), tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"image.h5", "image.png", "heat.vtkhdf"}


OTHER_PYTHON = [
    pytest.param(code, id=f"{name}-{number}")
    for name, text in TEXT.items()
    if name != "README.md"
    for number, code in enumerate(blocks("python", text))
]


@pytest.mark.parametrize("code", OTHER_PYTHON)
def test_the_python_of_other_pages_runs(code, tmp_path):
    """Each block is a script; it may be one that starts processes."""
    run_python(code, tmp_path)


def test_a_sensor_is_shown_in_less_than_25_lines():
    (code,) = (code for code in blocks("python", TEXT["architecture.md"]) if "class Disk" in code)
    lines = code[code.index("@dataclass") : code.index("\n\n\nmedium")].splitlines()
    assert len([line for line in lines if line.strip()]) < 25


POINT = (0.5, 0.5, 0.5)
SENSORS = [
    rte.camera((-2.0, 0.5, 0.5), POINT, (2, 2)),
    rte.camera_orthographic((-2.0, 0.5, 0.5), POINT, (2, 2)),
    rte.Rays((-1.0, 0.5, 0.5), (1.0, 0.0, 0.0)),
    rte.line_of_sight((-1.0, 0.5, 0.5), (1.0, 0.0, 0.0)),
    rte.radiometer(POINT, (1.0, 0.0, 0.0), directions=18),
    rte.incident([POINT], directions=18),
    rte.wall_flux("x_min", directions=18),
    rte.heat_source(directions=6),
]


@pytest.mark.parametrize("sensor", SENSORS, ids=lambda sensor: sensor.settings()["kind"])
def test_variables_of_result_files_are_listed(sensor):
    page = TEXT["formats.md"][TEXT["formats.md"].index("## Result files") :]
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4))
    ones = np.ones((*grid.shape, 2))
    medium = rte.Medium(grid, ones, ones, rte.Spectrum.bands([0.0, 3e-6, np.inf]))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[0, 0, 0] = True
    result = rte.solve(medium, sensor, rte.black(300.0), rte.March(), objects=[rte.solids(mask, 400.0)])
    assert f"`{type(result).__name__}`" in page
    for variable in result.variables():
        name = re.sub(r"_[xyz]_(min|max)$", "_x_min", variable.name)
        assert f"`{name}`" in page, name
        assert variable.trust == "" or f"| `{variable.trust}` |" in page


def test_variables_of_detectors_are_listed():
    page = TEXT["formats.md"][TEXT["formats.md"].index("## Result files") :]
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (2, 2, 2))
    ones = np.ones((*grid.shape, 2))
    medium = rte.Medium(grid, ones, ones, rte.Spectrum.bands([1e-6, 2e-6, 3e-6]))
    result = rte.solve(medium, rte.line_of_sight((-1.0, 0.5, 0.5), (1.0, 0.0, 0.0)))
    a, b = rte.Response.top_hat(1e-6, 2e-6), rte.Response.top_hat(2e-6, 3e-6)
    for found in (result.through(a), rte.two_colour(result, a, b), result.spectral_radiance()):
        assert f"`{type(found).__name__}`" in page
        for variable in found.variables():
            assert f"`{re.sub('_b$', '_a', variable.name)}`" in page, variable.name


def test_all_code_is_of_a_language_that_is_checked():
    for name, text in TEXT.items():
        assert text.count("```") % 2 == 0, name
        assert set(re.findall(r"^```(\w+)$", text, re.M)) <= CODE, name
        for code in blocks("toml", text):
            tomllib.loads(code)
        for code in blocks("bash", text):
            assert subprocess.run(["bash", "-n"], input=code, text=True, check=False).returncode == 0, name


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 120


def test_the_setup_commands_exist():
    scripts = re.findall(r"bash (scripts/\w+\.sh)", README)
    assert scripts[:2] == ["scripts/demo.sh", "scripts/test.sh"]
    for script in scripts:
        assert subprocess.run(["bash", "-n", str(ROOT / script)], check=False).returncode == 0
    assert "bash scripts/test.sh" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_functions_named_in_the_theory_exist():
    table = TEXT["theory.md"][TEXT["theory.md"].index("## Equation to function") :]
    names = [name for row in re.findall(r"^\|.*\|$", table, re.M) for name in re.findall(r"`([\w.]+)`", row)]
    assert len(names) > 20
    for name in names:
        try:
            importlib.import_module(f"raytrace_rte.{name}")
        except ModuleNotFoundError:
            assert callable(pydoc.locate(f"raytrace_rte.{name}")), name


def headings(text):
    """Anchors that GitHub makes of the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", TEXT[page.name]):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in headings(found.read_text(encoding="utf-8")), target


def test_files_named_in_the_pages_exist():
    """Paths in code marks, from the root or below the package, as `tests/oracle.py` and `kernels/march.py`."""
    for name, text in TEXT.items():
        for path in re.findall(r"`((?:[\w.-]+/)+[\w-]+\.(?:py|md|toml|sh|txt|h5))`", text):
            homes = (ROOT, ROOT / "src/raytrace_rte", ROOT / "docs")
            assert any((home / path).exists() for home in homes), f"{name}: {path}"


def test_version_is_said_once():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{rte.__version__}"' in text


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks/results").glob("*.json")), ids=lambda p: p.stem)
def test_tables_in_the_docs_are_the_measured_ones(path):
    from benchmarks.tables import replaced

    data = json.loads(path.read_text(encoding="utf-8"))
    tables = importlib.import_module(f"benchmarks.{path.stem}").tables(data)
    shown = set()
    for name, text in TEXT.items():
        shown |= {table for table in tables if f"<!-- table: {table} -->" in text}
        assert replaced(text, tables) == text, f"{name} is not what `python -m benchmarks` measured"
    assert shown == set(tables)


def test_benchmarks_run():
    """All suites, in one process."""
    command = [sys.executable, "-m", "benchmarks", "--quick"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env, check=False)
    assert done.returncode == 0, done.stderr
    suites = re.split(r"^== (\w+) on .*$", done.stdout, flags=re.M)
    assert tuple(suites[1::2]) == SUITES
    assert all("| --- |" in tables for tables in suites[2::2])
