"""Wheel and sdist in clean environments, the lowest declared dependencies, and each Python version.

Run with `pytest -m packaging -n 0`: it takes some minutes and installs packages with pip.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.packaging
ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OLDEST = "3.11"
EXTRAS = ("xarray", "walls", "cluster")
"""Extras whose lowest versions are tested as well; vtk is needed by no code of the package."""
JOB = """
[field]
file = "box.h5"
[sensor]
kind = "camera_orthographic"
position = [-2.0, 0.5, 0.5]
look_at = [0.5, 0.5, 0.5]
shape = [8, 6]
[output]
directory = "out"
"""
WITH_EXTRAS = """
import raytrace_rte as rte
import trimesh
import xarray
from distributed import Client, LocalCluster


def main():
    medium = rte.absorption.given(rte.read("box.h5"))
    camera = rte.camera_orthographic((-2.0, 0.5, 0.5), (0.5, 0.5, 0.5), (8, 6))
    trimesh.creation.box((0.2, 0.2, 0.2)).export("part.stl")
    result = rte.solve(medium, camera, objects=[rte.mesh("part.stl", 900.0, 0.8)])
    result.save("mesh.h5")
    with xarray.open_dataset("mesh.h5", engine="h5netcdf") as opened:
        assert (opened.radiance.values == result.to_xarray().radiance.values).all()
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            sent = rte.solve(medium, camera, executor=rte.Dask(client))
    assert (sent.value == rte.solve(medium, camera).value).all()


if __name__ == "__main__":
    main()
"""


def run(command: list[str | Path], folder: Path) -> str:
    """Run a command in a folder without what this process adds to the environment; return what it prints."""
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    env["NUMBA_CACHE_DIR"] = str(folder / "kernels")
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, cwd=folder, env=env, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Environment(NamedTuple):
    """A new virtual environment and the folder in which its commands run."""

    python: Path
    folder: Path

    @classmethod
    def new(cls, folder: Path, interpreter: Path | str = sys.executable) -> Environment:
        run([interpreter, "-m", "venv", "venv"], folder)
        return cls(folder / "venv" / "bin" / "python", folder)

    def install(self, *what: str | Path) -> None:
        run([self.python, "-m", "pip", "install", "--quiet", *what], self.folder)

    def answers(self) -> None:
        """The installed command says its version, makes a field and does a job with it."""
        tool = self.python.with_name("raytrace-rte")
        assert run([tool, "--version"], self.folder) == f"raytrace-rte {PROJECT['version']}\n"
        assert "--executor" in run([tool, "run", "--help"], self.folder)
        run([tool, "sample", "isothermal-box", "box.h5", "--cells", "8"], self.folder)
        (self.folder / "job.toml").write_text(JOB, encoding="utf-8")
        assert "certified within" in run([tool, "run", "job.toml"], self.folder)
        names = {path.name for path in (self.folder / "out").iterdir()}
        assert names == {"result.h5", "image.png", "image.tif", "regimes.png"}


def interpreter(version: str) -> Path:
    """Return a Python of this version that runs; skip the test where there is none."""
    on_path = [Path(folder) / f"python{version}" for folder in os.get_exec_path()]
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    for path in (*on_path, *installed):
        if (
            path.exists()
            and not subprocess.run([path, "--version"], capture_output=True, check=False).returncode
        ):
            return path
    return pytest.skip(f"no python{version} that runs was found on this machine")


@pytest.fixture(scope="module")
def dist(tmp_path_factory) -> dict[str, Path]:
    """Wheel and sdist of the working tree."""
    folder = tmp_path_factory.mktemp("dist")
    builder = Environment.new(folder)
    builder.install(
        *tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    )
    run([builder.python, "-m", "hatchling", "build", "-d", folder], ROOT)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


def lowest(extras: tuple[str, ...]) -> str:
    """Return pip constraints that pin every dependency to the lowest version that pyproject.toml allows."""
    named = [*PROJECT["dependencies"], *(n for e in extras for n in PROJECT["optional-dependencies"][e])]
    bounds = [re.fullmatch(r"([\w.-]+)>=([\w.]+)", entry) for entry in named]
    return "\n".join(f"{bound[1]}=={bound[2]}" for bound in bounds if bound)


def test_wheel_and_sdist_hold_what_they_should(dist):
    with zipfile.ZipFile(dist["wheel"]) as wheel:
        names = wheel.namelist()
    assert {"raytrace_rte/py.typed", "raytrace_rte/data/pool_fire.h5"} <= set(names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"raytrace_rte"}
    with tarfile.open(dist["sdist"]) as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"README.md", "LICENSE", "src/raytrace_rte/py.typed", "tests/test_api.py"} <= inside
    assert not any(part in name.split("/") for name in inside for part in (".venv", "out", "__pycache__"))


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_installs_into_a_clean_environment(dist, kind, tmp_path):
    clean = Environment.new(tmp_path)
    clean.install(dist[kind])
    clean.answers()


def test_works_with_the_lowest_declared_dependencies(dist, tmp_path):
    old = Environment.new(tmp_path, interpreter(OLDEST))
    (tmp_path / "lowest.txt").write_text(lowest(EXTRAS), encoding="utf-8")
    old.install("-c", tmp_path / "lowest.txt", f"{dist['wheel']}[{','.join(EXTRAS)}]")
    old.answers()
    (tmp_path / "extras.py").write_text(WITH_EXTRAS, encoding="utf-8")
    run([old.python, "extras.py"], tmp_path)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_works_with_each_python(dist, version, tmp_path):
    python = interpreter(version)
    if sys.version.startswith(f"{version}."):
        pytest.skip("the version that runs these tests, in which wheel and sdist are tested")
    clean = Environment.new(tmp_path, python)
    clean.install(dist["wheel"])
    clean.answers()
