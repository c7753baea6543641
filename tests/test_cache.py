"""Compiled kernels are kept between processes, and no folder, disk or file ends a run."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src/raytrace_rte"

DRIVER = """
import logging
import sys
import numpy as np
from raytrace_rte.kernels.planck import add_piece
logging.getLogger("raytrace_rte").setLevel(logging.ERROR)
kappa, ones = np.zeros(3), np.ones(3)
add_piece(ones, ones, False, 0.0, 2.0, np.array([2.0, 0.0, 0.0, 0.0, 0.0, 0.0]), kappa)
assert kappa.sum() == 6.0
hits = sum(add_piece.stats.cache_hits.values())
assert not (hits and "numba.np.arraymath" in sys.modules)
print(hits)
"""
"""A small driver, which is compiled in a moment; that it is compiled is not said, failures of the cache are.

What was kept runs without all that Numba compiles with, which takes a quarter of a second to load.
"""


@pytest.fixture
def package(tmp_path):
    """A folder with a copy of the package that has no compiled kernels."""
    shutil.copytree(PACKAGE, tmp_path / "raytrace_rte", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A copy of the package whose cache, in a folder of its own, has the driver."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copytree(PACKAGE, folder / "raytrace_rte", ignore=shutil.ignore_patterns("__pycache__"))
    assert run(folder, NUMBA_CACHE_DIR=str(folder / "cache")) == (0, "")
    return folder


@pytest.fixture
def kept(filled, tmp_path):
    """A copy of that cache."""
    return shutil.copytree(filled / "cache", tmp_path / "cache")


def start(folder, *options, limit=None, **environment):
    """Start the driver in a new process, where files may be so many bytes long."""
    env = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    env |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **environment}

    def limited():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, *options, "-c", DRIVER],
        env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limited,
    )  # fmt: skip


def finish(process):
    """Return (cache hits, what was said) of a process, which must end well."""
    out, said = process.communicate()
    assert process.returncode == 0, said
    return int(out), said


def run(folder, *options, **settings):
    """Start the driver in a new process, and return (cache hits, what was said)."""
    return finish(start(folder, *options, **settings))


def make_unwritable(package):
    """Take away the folder beside the source, from root too: a file stands in its place."""
    (package / "raytrace_rte/kernels/__pycache__").write_text("")


def test_beside_the_source_without_a_word(package):
    assert run(package, "-W", "error") == (0, "")
    assert run(package, "-W", "error") == (1, "")
    assert list((package / "raytrace_rte/kernels/__pycache__").glob("*planck.add_piece*.nbc"))


def test_in_the_users_folder_without_a_word(package):
    make_unwritable(package)
    settings = {"HOME": str(package), "XDG_CACHE_HOME": str(package / "cache")}
    assert run(package, "-W", "error", **settings) == (0, "")
    assert run(package, "-W", "error", **settings) == (1, "")


def test_in_a_temporary_folder_when_nothing_else_can_be_written(package):
    make_unwritable(package)
    (package / "tmp").mkdir()
    settings = {"HOME": os.devnull, "TMPDIR": str(package / "tmp")}
    hits, said = run(package, **settings)
    folder = package / f"tmp/raytrace-rte-{os.getuid()}"
    assert (hits, said.count("RuntimeWarning")) == (0, 1)
    assert str(folder) in said
    assert "NUMBA_CACHE_DIR" in said
    assert folder.stat().st_mode & 0o777 == 0o700
    assert run(package, **settings)[0] == 1


def test_not_at_all_when_others_could_write_there(package):
    make_unwritable(package)
    folder = package / f"tmp/raytrace-rte-{os.getuid()}"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    for _ in range(2):
        hits, said = run(package, HOME=os.devnull, TMPDIR=str(package / "tmp"))
        assert (hits, said.count("RuntimeWarning")) == (0, 1)
        assert "No folder can be written" in said
    assert not list(folder.iterdir())


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", ["truncated", "changed"])
def test_damaged_files_are_written_again(filled, kept, suffix, damage):
    settings = {"NUMBA_CACHE_DIR": str(kept)}
    (file,) = kept.glob(f"*/*planck.add_piece*.{suffix}")
    content = file.read_bytes()
    half = len(content) // 2
    changed = content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]
    file.write_bytes({"truncated": content[:half], "changed": changed}[damage])
    hits, said = run(filled, **settings)
    assert (hits, said.count("RuntimeWarning")) == (0, 1)
    assert str(file.parent) in said
    assert run(filled, **settings) == (1, "")


def test_a_full_disk_ends_no_run(package):
    settings = {"NUMBA_CACHE_DIR": str(package / "cache")}
    hits, said = run(package, limit=4096, **settings)
    assert (hits, said.count("RuntimeWarning")) == (0, 1)
    assert "cannot be kept" in said
    assert not list((package / "cache").glob("*/*.tmp.*"))
    assert run(package, **settings)[0] == 0
    assert run(package, **settings) == (1, "")


def test_an_entry_of_another_signature_is_not_run(filled, kept):
    """Of two processes that fill an index at the same time, one names a file that the other one writes."""
    settings = {"NUMBA_CACHE_DIR": str(kept)}
    (own,) = kept.glob("*/*planck.add_piece*.nbc")
    other = DRIVER.replace("np.ones(3)", "np.ones(3, np.float32)")
    env = {**os.environ, "PYTHONPATH": str(filled), **settings}
    subprocess.run([sys.executable, "-c", other], env=env, check=True, capture_output=True)
    files = sorted(kept.glob("*/*planck.add_piece*.nbc"))
    (single,) = [f for f in files if f != own]
    shutil.copy(single, own)
    assert run(filled, **settings) == (0, "")
    assert run(filled, **settings) == (1, "")


def test_two_processes_may_fill_the_cache_at_the_same_time(package):
    settings = {"NUMBA_CACHE_DIR": str(package / "cache")}
    for process in [start(package, **settings) for _ in range(2)]:
        finish(process)
    assert run(package, **settings) == (1, "")


def test_processors_that_share_a_folder_keep_their_own_kernels(package):
    """As machines with one home do; AVX-512 decides how wide the kernels' vectors are."""
    settings = {"NUMBA_CACHE_DIR": str(package / "cache")}
    features = [{}, {"NUMBA_CPU_FEATURES": "", "NUMBA_CPU_NAME": "generic"}]
    assert [run(package, **settings, **own)[0] for own in (*features, *features)] == [0, 0, 1, 1]
