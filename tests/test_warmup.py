"""What is compiled is said, and can be compiled beforehand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import raytrace_rte as rte
from raytrace_rte import warming
from raytrace_rte.kernels import cache

WORD = "compiling kernels, once"
TINY = """
import numpy as np
from raytrace_rte.kernels.fingerprint import fingerprint
from raytrace_rte.kernels.planck import add_piece
fingerprint(np.ones(8))
add_piece(np.ones(3), np.ones(3), True, 0.0, 300.0, np.ones(6), np.zeros(3))
"""
SIGNATURES = """
import sys
from numba.core.dispatcher import Dispatcher
for name, module in list(sys.modules.items()):
    for kernel in vars(module).values() if name.startswith("raytrace_rte.kernels.") else ():
        if isinstance(kernel, Dispatcher) and type(kernel._cache).__name__ == "KernelCache":
            function = kernel.py_func
            print(function.__name__, "has no signature" if not kernel.signatures else "")
            for signature in kernel.signatures:
                print(function.__name__, signature)
"""
USER = """
import numpy as np
import raytrace_rte as rte
TABLE = rte.absorption.BandTable(
    [1e-6, 2e-6, 3e-6], [300.0, 900.0], [1e5], {"CO2": np.ones((2, 1, 3, 2))}, {"CO2": [0.0, 0.5, 1.0]}
)
for kind in (np.float64, np.float32):
    for stretch in (1.0, 1.5):
        faces = np.linspace(0.0, 2.0, 11) ** stretch
        grid = rte.Cartesian(faces, faces, faces)
        T = np.random.default_rng(1).uniform(300.0, 2000.0, grid.shape).astype(kind)
        X = {"CO2": np.full(grid.shape, 0.1, kind), "H2O": np.full(grid.shape, 0.1, kind)}
        gas = rte.absorption.planck_mean(rte.Field(grid, T, 101325.0, X))
        rte.absorption.bands(rte.Field(grid, T, 101325.0, X, X["CO2"]), TABLE)
        ones = np.ones((*grid.shape, 2), kind)
        bands = rte.Medium(grid, ones, 30.0 * ones, rte.Spectrum.bands([0.0, 3e-6, np.inf]))
        mask = np.zeros(grid.shape, bool)
        mask[3:5, 3:5, 3:5] = True
        for medium in (gas, bands):
            camera = rte.camera((1.0, -3.0, 1.2), (1.0, 1.0, 1.0), (6, 5), 40.0)
            line = rte.line_of_sight((1.0, -3.0, 1.2), (0.0, 1.0, 0.1))
            for method in (rte.Auto(), rte.March(1), rte.March(2, stop=1e-3), rte.Thick(3), rte.Thin(),
                           rte.Threshold(), rte.Auto(transmittance=True)):
                rte.solve(medium, camera, rte.black(300.0), method)
            rte.solve(medium, camera, rte.black(300.0), lean=True)
            rte.solve(medium, line, rte.grey(300.0, 0.8))
            rte.solve(medium, rte.Rays([[1.0, -3.0, 1.2]], (0, 1, 0)), rte.mirror())
            rte.solve(medium, rte.radiometer((1.0, 1.0, 1.0), (1, 0, 0)))
            rte.solve(medium, rte.incident([(1.0, 1.0, 1.0)]), objects=[rte.solids(mask, 400.0)])
            rte.solve(medium, rte.heat_source(14), rte.grey(300.0, 0.8))
            rte.solve(medium, rte.heat_source(14), objects=[rte.solids(mask, 400.0, 0.5)])
"""


def python(code: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter, which must end well."""
    env = {**os.environ, **environment}
    command = [sys.executable, *options, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return done


def test_compiling_is_said_once_and_only_when_it_happens(tmp_path):
    kept = {"NUMBA_CACHE_DIR": str(tmp_path)}
    said = [python(TINY, "-W", "error", **kept).stderr for _ in range(2)]
    assert (said[0].count("\n"), said[0].count(WORD), said[1]) == (1, 1, "")
    assert "raytrace-rte warmup" in said[0]


def test_compiling_is_said_before_the_wait_and_by_logging(caplog, monkeypatch):
    monkeypatch.setattr(cache, "COMPILED", [])
    for name in ("first", "second"):
        cache.announce(name)
        assert [record.name for record in caplog.records] == ["raytrace_rte"]
    assert cache.COMPILED == ["first", "second"]


@pytest.mark.parametrize(("options", "said"), [([], 1), (["-q"], 0)])
def test_quiet_commands_do_not_say_it(options, said, tmp_path):
    """A job that ends before it traces, because its camera looks past the field, but after the absorption."""
    job = tmp_path / "job.toml"
    job.write_text('[sensor]\nkind = "camera"\nposition = [0, -2, 0.5]\nlook_at = [0, -9, 0.5]\n')
    command = [sys.executable, "-c", "from raytrace_rte.cli import main; main()", "run", str(job), *options]
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kernels")}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 2
    assert "no ray meets the field" in done.stderr
    assert (done.stderr.count(WORD), done.stderr.count("\n")) == (said, 1 + said)


def signatures(code: str) -> set[str]:
    """What drivers were compiled or loaded for by some code, a line each."""
    return set(python(code + SIGNATURES).stdout.splitlines())


def test_all_that_users_need_is_warmed():
    """Compared by signatures, so that it does not matter what the cache had before."""
    warmed = signatures("from raytrace_rte.warming import JOBS\nfor job in JOBS:\n    job()\n")
    assert [line for line in warmed if "no signature" in line] == []
    names = {path.split("def ")[1].split("(")[0] for path in drivers()}
    assert {line.split(" ")[0] for line in warmed} == names
    needed = {line for line in signatures(USER) if "no signature" not in line}
    assert needed - warmed == set()


def drivers() -> list[str]:
    """First lines of all drivers."""
    lines = []
    for path in (Path(rte.__file__).parent / "kernels").glob("*.py"):
        text = path.read_text(encoding="utf-8").split("\n@driver\n")[1:]
        lines += [part.split("\n")[0] for part in text]
    return lines


def test_the_second_time_there_is_nothing_to_do():
    warming.warmup()
    calls = []
    again = rte.warmup(progress=lambda *numbers: calls.append(numbers))
    total = len(warming.JOBS)
    assert calls == [(done, total) for done in range(1, total + 1)]
    assert again.compiled == 0
    assert again.folder is not None
    assert Path(again.folder).parent == Path(os.environ["NUMBA_CACHE_DIR"])


def test_the_command_says_how_long_and_where():
    done = python("import sys; sys.argv[1:] = ['warmup']; from raytrace_rte.cli import main; main()")
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("warmup"))
    assert f" s, kept in {os.environ['NUMBA_CACHE_DIR']}" in line
    assert done.stderr == ""


def test_a_failed_process_is_told(monkeypatch):
    monkeypatch.setattr(warming, "START", "raise SystemExit(3)  # {} {}")
    with pytest.raises(RuntimeError, match="code 3"):
        rte.warmup()


def test_progress_must_be_a_function():
    with pytest.raises(rte.InputError, match=r"progress is 3; expected a function"):
        rte.warmup(3)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_fresh_folder_is_filled_once(tmp_path):
    kept = {"NUMBA_CACHE_DIR": str(tmp_path)}
    python("import raytrace_rte as rte; print(rte.warmup())", **kept)
    count = "from raytrace_rte.kernels.cache import COMPILED\nprint(COMPILED)\n"
    assert python(USER + count, **kept).stdout == "[]\n"
