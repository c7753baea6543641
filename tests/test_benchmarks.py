"""The check of targets: that it can measure them, and that it says what falls short."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
check = importlib.import_module("benchmarks.check")
targets = importlib.import_module("benchmarks.targets")
PIECES = [target.name.partition("/")[0] for target in targets.TARGETS]


def short(target):
    """A figure on the wrong side of the limit."""
    return 2 * target.limit + 1 if target.compare is targets.AT_MOST else target.limit / 2 - 1


def test_a_tiny_check_measures_what_it_can():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "check", "--quick"],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    measured = {line.split(" | ")[0][2:] for line in lines if "not measured" not in line}
    optional = {"first image", "compile", "memory 512³"}
    for target, piece in zip(targets.TARGETS, PIECES, strict=True):
        assert target.what in measured or piece in optional or target.name == "job/64³"


def test_each_target_belongs_to_a_piece_and_has_a_name_of_its_own(tmp_path):
    assert set(PIECES) == set(check.pieces(tmp_path, quick=False))
    assert len({target.name for target in targets.TARGETS}) == len(targets.TARGETS)
    assert len({target.what for target in targets.TARGETS}) == len(targets.TARGETS)


@pytest.mark.parametrize("target", targets.TARGETS, ids=lambda t: t.name)
def test_what_falls_short_is_said(target):
    found = {t.name: t.limit for t in targets.TARGETS}
    assert check.judged(found)[1]
    text, good = check.judged(found | {target.name: short(target)})
    assert not good
    assert next(line for line in text.splitlines() if "fell short" in line).startswith(f"| {target.what} |")
    assert text.count("fell short") == 1


def test_what_was_not_measured_is_not_judged():
    text, good = check.judged({})
    assert good
    assert text.count("not measured") == len(targets.TARGETS)


@pytest.mark.parametrize(("second", "kept"), [(2.0, 2.0), (9.0, 3.0)])
def test_what_falls_short_is_measured_once_more_and_the_better_figure_counts(second, kept, monkeypatch):
    answers = [3.0, second]
    calls = {"job": lambda: {"256³": answers.pop(0)}}
    monkeypatch.setattr(check, "pieces", lambda folder, quick: calls)
    assert check.measure(quick=False) == {"job/256³": kept}
    assert not answers


def test_the_exit_status_says_whether_all_is_well(monkeypatch, capsys):
    target = targets.TARGETS[0]
    for figure, status in ((target.limit, 0), (short(target), 1), (float("nan"), 1)):
        monkeypatch.setattr(check, "measure", lambda quick, f=figure: {target.name: f})
        assert check.main(quick=False) == status
    assert "fell short" in capsys.readouterr().out
