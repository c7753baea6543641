"""What README and docs say is run, and their tables are what was measured."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import raytrace_rte

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
sys.path.insert(0, str(ROOT))


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


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


def test_the_python_of_the_readme_runs(tmp_path):
    code = "\n".join(blocks("python"))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"image.h5", "image.png", "heat.vtkhdf"}


def test_the_setup_commands_exist():
    scripts = re.findall(r"bash (scripts/\w+\.sh)", README)
    assert scripts[:2] == ["scripts/demo.sh", "scripts/test.sh"]
    for script in scripts:
        assert subprocess.run(["bash", "-n", str(ROOT / script)], check=False).returncode == 0
    assert "bash scripts/test.sh" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_functions_named_in_the_theory_exist():
    theory = (ROOT / "docs/theory.md").read_text(encoding="utf-8")
    table = theory[theory.index("## Equation to function") :]
    names = re.findall(r"`([a-z_.]+)`", table)
    assert len(names) > 10
    for name in names:
        module, _, function = name.rpartition(".")
        try:
            importlib.import_module(f"raytrace_rte.{name}")
        except ModuleNotFoundError:
            assert callable(getattr(importlib.import_module(f"raytrace_rte.{module}"), function))


def test_links_lead_somewhere():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_version_is_said_once():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{raytrace_rte.__version__}"' in text


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks/results").glob("*.json")), ids=lambda p: p.stem)
def test_tables_in_the_docs_are_the_measured_ones(path):
    from benchmarks.tables import replaced

    data = json.loads(path.read_text(encoding="utf-8"))
    tables = importlib.import_module(f"benchmarks.{path.stem}").tables(data)
    shown = set()
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        shown |= {name for name in tables if f"<!-- table: {name} -->" in text}
        assert replaced(text, tables) == text, f"{page.name} is not what `python -m benchmarks` measured"
    assert shown == set(tables)


def test_benchmarks_run():
    command = [sys.executable, "-m", "benchmarks", "--quick"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert "| March(order=2) |" in done.stdout
