"""Rules of the house, as programs: imports, flags, caches, latency."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import raytrace_rte

SOURCE = Path(raytrace_rte.__file__).parent
TESTS = Path(__file__).parent


KERNELS = {"kernel", "inlined", "merged", "implements"}
"""Decorators of functions that run inside drivers."""
ALLOCATES = {"empty", "zeros", "ones", "full", "array", "arange", "empty_like", "zeros_like", "copy"}


def decorators(function: ast.FunctionDef) -> set[str]:
    """Names of a function's decorators, those with arguments too."""
    called = (d.func if isinstance(d, ast.Call) else d for d in function.decorator_list)
    return {d.id for d in called if isinstance(d, ast.Name)}


def test_kernels_are_compiled_in_one_way():
    """Flags in one place, serial, no fast arithmetic, and no memory of their own."""
    for path in (SOURCE / "kernels").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for word in ("fastmath=", "parallel=", "prange", "cache=True"):
            assert word not in text, f"{path.name}: {word}"
        assert ("njit" in text) == (path.name == "jit.py"), path.name
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and decorators(node) & KERNELS:
                calls = {n.func.attr for n in ast.walk(node)
                         if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}  # fmt: skip
                assert not calls & ALLOCATES, f"{path.name}: {node.name} allocates"


def python(code: str, **environment: str) -> str:
    """Run code in a new interpreter and return what it prints."""
    env = {**os.environ, "PYTHONPATH": str(TESTS), **environment}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_is_light():
    python(
        "import sys, raytrace_rte as rte\n"
        "rte.March, rte.camera, rte.black, rte.Cartesian, rte.Medium\n"
        "heavy = {'numba', 'matplotlib', 'h5py', 'scipy', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )


def test_all_public_names_exist():
    for name in raytrace_rte.__all__:
        assert getattr(raytrace_rte, name) is not None
    with pytest.raises(AttributeError):
        raytrace_rte.nothing  # noqa: B018


TRACE = """
import sys, time
import numpy as np
import raytrace_rte as rte
grid = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4))
medium = rte.Medium(grid, np.ones(grid.shape), np.ones(grid.shape))
value = rte.solve(medium, rte.Rays([-1, 0.4, 0.6], [1, 0, 0]), method=rte.March(2)).value[0]
seconds = time.process_time()
from raytrace_rte.kernels.trace import march_rays
hits = sum(march_rays.stats.cache_hits.values())
print(repr(float(value)), seconds, hits)
"""


def test_with_a_warm_cache_the_kernel_is_ready_in_a_moment():
    python(TRACE)
    runs = [python(TRACE).split() for _ in range(3)]
    assert all(hits == "1" for _, _, hits in runs)
    assert min(float(seconds) for _, seconds, _ in runs) < 1.5


PROBE = """
from raytrace_rte.kernels.jit import driver
from raytrace_rte.kernels.transfer import absorb


@driver
def absorbed(depth):
    return absorb(depth)[0]
"""
"""A driver that is compiled in a moment, and calls a function of another file."""


def test_an_edited_kernel_file_is_never_served_from_a_stale_cache(tmp_path):
    """The edited function lives in another file than the driver whose machine code is cached."""
    shutil.copytree(SOURCE, tmp_path / "raytrace_rte", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "probe.py").write_text(PROBE, encoding="utf-8")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from probe import absorbed\n"
        "print(absorbed(1.0), sum(absorbed.stats.cache_hits.values()))"
    )
    kept = {"NUMBA_CACHE_DIR": str(tmp_path / "kernels")}
    before, hits = python(code, **kept).split()
    assert hits == "0"
    again, hits = python(code, **kept).split()
    assert (again, hits) == (before, "1")
    file = tmp_path / "raytrace_rte/kernels/transfer.py"
    text = file.read_text(encoding="utf-8")
    edited = text.replace(
        "x = minimum(d, UNDERFLOW_DEPTH)\n", "d = 2.0 * d\n    x = minimum(d, UNDERFLOW_DEPTH)\n"
    )
    assert edited != text
    file.write_text(edited, encoding="utf-8")
    after, hits = python(code, **kept).split()
    assert hits == "0"
    assert float(before) == pytest.approx(1 - 2.718281828459045**-1, rel=1e-12)
    assert float(after) == pytest.approx(1 - 2.718281828459045**-2, rel=1e-12)


def pytest_run(*arguments: str, **environment: str) -> None:
    env = {**os.environ, **environment}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=TESTS.parent, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert " passed" in done.stdout


def test_kernels_stay_within_their_arrays():
    """The kernel tests with every index checked; such kernels are kept beside the others."""
    files = [
        str(TESTS / f"test_{name}.py") for name in ("traversal", "march", "series", "reconstruct", "auto")
    ]
    lean = "test_stretches_at_the_ends_of_lines", "test_few_remembered_records_bring_the_same_bits"
    files += [f"{TESTS / 'test_lean.py'}::{name}" for name in lean]
    checked = f"{os.environ['NUMBA_CACHE_DIR']}/checked"
    pytest_run(*files, NUMBA_BOUNDSCHECK="1", NUMBA_OPT="1", NUMBA_CACHE_DIR=checked)


def test_kernels_are_plain_python_too():
    """A fast subset without the compiler, so that the source is what runs."""
    pytest_run(
        str(TESTS / "test_transfer.py"),
        str(TESTS / "test_march.py"),
        str(TESTS / "test_traversal.py"),
        str(TESTS / "test_series.py"),
        str(TESTS / "test_resample.py"),
        "-k",
        "(oracle and seed0) or band or slab or fools or corners or starting or misses or starts or "
        "nothing or deepest or half_spaces",
        NUMBA_DISABLE_JIT="1",
    )


def test_time_to_help_and_to_a_config_error(tmp_path):
    config = tmp_path / "bad.toml"
    config.write_text('[sensor]\nkind = "camera"\npositon = [0, 1, 2]\n', encoding="utf-8")
    tool = [sys.executable, "-X", "importtime", "-c", "from raytrace_rte.cli import main; main()"]
    for arguments, code in ((["--help"], 0), (["run", str(config)], 2), (["--version"], 0)):
        subprocess.run([*tool, *arguments], capture_output=True, check=False)
        best = 9.0
        for _ in range(10):  # a busy machine slows some, a slow start slows all
            start = os.times()
            plain = [tool[0], *tool[3:], *arguments]
            done = subprocess.run(plain, capture_output=True, text=True, check=False)
            end = os.times()  # of the processor: other tests run beside this one
            best = min(best, end[2] + end[3] - start[2] - start[3])
            assert done.returncode == code
            if best < 0.5:
                break
        assert best < 0.5
        imports = subprocess.run([*tool, *arguments], capture_output=True, text=True, check=False).stderr
        assert "numba" not in imports
        assert "numpy" not in imports
