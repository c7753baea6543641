"""Every example runs, prints what it should, draws its picture, and is shown in the gallery."""

from __future__ import annotations

import ast
import json
import re
import runpy
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
GALLERY = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
THEORY = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")
NUMBER = r"(-?\d+\.?\d*(?:e[+-]\d+)?)"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run an example in a folder of its own, as a script with arguments; return what it prints."""
    import matplotlib.pyplot as plt

    plt.switch_backend("Agg")
    monkeypatch.chdir(tmp_path)

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        plt.close("all")
        return capsys.readouterr().out

    return run


def numbers(pattern, text):
    """All numbers that a pattern captures; NUMBER in it is any number."""
    found = re.findall(pattern.replace("NUMBER", NUMBER), text)
    assert found, text
    return [float(x) for x in found]


def drawn(name):
    """Whether the picture of that name was drawn here, and is one."""
    with Image.open(f"{name}.png") as picture:
        return min(picture.size) > 200


def test_two_asymptotics(run):
    """Errors of one term fall as 1/k; the thin limit errs by tau, the thick one with two terms by its square."""
    said = run("two_asymptotics")
    scaled = numbers(r"k +\d+ +NUMBER", said)
    assert scaled[-1] == pytest.approx(2.887, rel=0.01)
    thin, thick = numbers("thin +NUMBER", said), numbers("thick +NUMBER", said)
    assert [thin[2] / thin[1], thin[1] / thin[0]] == pytest.approx([10, 10], rel=0.2)
    assert thick[3] / thick[5] == pytest.approx(100, rel=0.2)


def test_the_ten_lines_are_ten_and_stand_in_the_theory():
    code = (EXAMPLES / "two_asymptotics.py").read_text(encoding="utf-8").split('"""\n\n', 1)[1]
    assert len([line for line in code.splitlines() if line.strip()]) == 10
    assert f"```python\n{code}```" in THEORY


def test_bender_orszag(run):
    orders = numbers("order NUMBER", run("bender_orszag", 64))
    assert orders == pytest.approx([1, 2, 3, 4], abs=0.1)
    assert drawn("bender_orszag")


def test_flame_sheet(run):
    assert numbers(r"depth\^NUMBER", run("flame_sheet", 3000))[:3] == pytest.approx([1, -1, -2], abs=0.1)
    assert drawn("flame_sheet")


def test_radiometer(run):
    """The nearer the more; far away as 1 over the distance squared; a wall gets what the gauge there reads."""
    said = run("radiometer", 3)
    flux = numbers(r"axis: +NUMBER W/m2, good", said)
    assert flux == sorted(flux, reverse=True)
    assert flux[4] / flux[5] == pytest.approx(9 / 4, rel=0.2)
    (most,) = numbers("at most NUMBER", said)
    assert 0.5 * flux[2] < most < 1.2 * flux[2]
    assert drawn("radiometer")


def test_infrared_camera(run):
    (hottest,) = numbers("hottest gas NUMBER", said := run("infrared_camera", 80))
    (brightest,) = numbers("brightest pixel NUMBER", said)
    assert 600 < brightest < 0.5 * hottest
    assert drawn("infrared_camera")


def test_cantera_flame(run):
    """Grey emission is Cantera's own loss; a thin flame takes little of it back, more where gases are not grey."""
    said = run("cantera_flame")
    grey, gases = numbers("by NUMBER of its peak", said)
    assert grey < 1e-9
    assert 0.05 < gases < 0.4
    assert numbers("again NUMBER %", said) == pytest.approx([1.48, 4.47], abs=0.1)
    assert drawn("cantera_flame")


def test_coupling(run):
    said = run("coupling", 30)
    assert numbers("balance: NUMBER", said)[0] < 1e-10
    assert numbers("hottest NUMBER", said)[0] < 1750
    assert drawn("coupling")


def test_time_series(run):
    """Gauges swing by some per cent with the puffs, the one near the floor, where the plume is hottest, the more."""
    said = run("time_series", 6)
    means, swings = numbers(": mean NUMBER", said), numbers("swing NUMBER", said)
    assert means == pytest.approx([1085, 1014, 18100], rel=0.01)
    assert 3 < swings[0] < 4.5
    assert 1.5 < swings[1] < 2.5
    assert drawn("time_series")


def test_two_colours(run):
    """The ratio comes near the hottest soot, one colour stays far below, a grey assumption goes beyond."""
    said = run("two_colours", 96)
    (hottest,), (ratio,), (single,) = (
        numbers(f"{of} up to NUMBER", said) for of in ("soot", "ratio", "one colour")
    )
    assert hottest - 60 < ratio < hottest
    assert single < hottest - 200
    assert 90 < numbers("grey: NUMBER", said)[0] < 130
    assert drawn("two_colours")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_scripts_are_short_and_in_the_gallery(path):
    text = path.read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(text), clean=False)
    code = text.split('"""', 2)[2]
    assert len([line for line in code.splitlines() if line.strip()]) < 40
    assert f"usage: python examples/{path.name}" in said
    assert f"python examples/{path.name}" in GALLERY
    assert f"def test_{path.stem}(" in Path(__file__).read_text(encoding="utf-8")
    for picture in re.findall(r"writes (\w+\.png)", said):
        assert picture == f"{path.stem}.png"
        assert f"(images/{picture})" in GALLERY
        assert (ROOT / "docs" / "images" / picture).stat().st_size < 150_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_are_kept_without_outputs_and_their_code_runs(path, run):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert f"(../examples/{path.name})" in GALLERY
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    together = "\n".join("".join(cell["source"]) for cell in code)
    exec(compile(together, path.name, "exec"), {"__name__": "__main__"})


@pytest.mark.slow  # a kernel of its own starts in some seconds
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_run_from_top_to_bottom(path, tmp_path):
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    made = [out for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]
    assert not [out for out in made if out.output_type == "error" or out.get("name") == "stderr"]
    assert sum("image/png" in out.get("data", {}) for out in made) >= 2
