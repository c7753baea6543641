"""What users wait for: which kernels a picture compiles, for each method."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from raytrace_rte.formats.atomic import replacing
from raytrace_rte.solvers.scene import job_key

PICTURE = """
import numpy as np
import raytrace_rte as rte
grid = rte.uniform((0, 0, 0), (1, 1, 1), (9, 9, 9))
medium = rte.Medium(grid, np.ones(grid.shape), np.ones(grid.shape))
camera = rte.camera((0.4, -2, 0.6), (0.5, 0.5, 0.5), (8, 8), 35)
rte.solve(medium, camera, rte.black(300.0), rte.METHOD)
"""
METHODS = {
    "Auto(1e-3)": "march_rays",
    "March(2)": "march_rays",
    "Thin()": "thin_rays",
    "Thick(2)": "thick_rays",
}
"""Methods, and the driver over rays that each needs."""
FOUND = """
import sys
from numba.core.dispatcher import Dispatcher
found = {
    id(kernel): kernel
    for name, module in list(sys.modules.items()) if name.startswith("raytrace_rte.kernels.")
    for kernel in vars(module).values() if isinstance(kernel, Dispatcher)
}
for kernel in found.values():
    kept = type(kernel._cache).__name__ == "KernelCache"
    function = kernel.py_func
    for _ in kernel.signatures:
        print("driver" if kept else "kernel", f"{function.__module__.split('.')[-1]}.{function.__name__}")
"""
EVERY = ["records.fill_records"]
"""Drivers that every method needs; those of Medium, which sees its arrays change, are in fingerprint."""


def run(code, **environment):
    """Names of (drivers that a new process compiles or has from the cache, kernels that it compiles)."""
    env = {**os.environ, **environment}
    command = [sys.executable, "-c", code + FOUND]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    return tuple(sorted(name for kind, name in lines if kind == of) for of in ("driver", "kernel"))


@pytest.mark.parametrize("method", METHODS)
def test_a_picture_compiles_what_its_method_needs(method):
    own, _ = run(PICTURE.replace("METHOD", method))
    expected = sorted([*EVERY, f"trace.{METHODS[method]}"])
    assert [name for name in own if not name.startswith("fingerprint.")] == expected


def compiled(code, tmp_path):
    """What some code compiles where nothing is kept: half a minute, unless the package is as it was the last time."""
    key = hashlib.sha256(f"{job_key({}, code + FOUND)} {numba.__version__}".encode()).hexdigest()[:16]
    noted = Path(os.environ["NUMBA_CACHE_DIR"]) / f"compiled-{key}.json"
    if not noted.exists():
        found = run(code, NUMBA_CACHE_DIR=str(tmp_path))
        with replacing(noted) as temporary:
            temporary.write_text(json.dumps(found), encoding="utf-8")
    return json.loads(noted.read_text(encoding="utf-8"))


def test_kernels_are_compiled_once_and_for_users_only(tmp_path):
    """A 0 that is written out has a type of its own: each such call would compile the kernel once more."""
    pictures = "".join(PICTURE.replace("METHOD", method) for method in METHODS)
    own, kernels = compiled(pictures, tmp_path)
    assert set(METHODS.values()) <= {name.removeprefix("trace.") for name in own}
    assert not {"march.march", "auto.auto"} & {*own, *kernels}, "compiled for users, and only tests need it"
    twice = {name for name in kernels if kernels.count(name) > 1}
    both_widths = {"transfer.absorb", "transfer._expm1"}  # of a number, and of a vector
    both_grids = {"lanes.advance", "lanes._advance_all"}  # uniform, and stretched
    strides = {"stencil._window"}  # of neighbours along z, 1, and along other axes
    assert twice <= both_widths | both_grids | strides


SHARED = """
import numpy as np
import raytrace_rte as rte

class Fan:
    '''A sensor of one's own whose rays all start in one place.'''

    shape = 40,

    def take(self, index):
        y = np.linspace(-0.5, 0.5, 40)[index]
        return rte.Rays([-1.0, 0.5, 0.5], np.stack((np.ones_like(y), y, 0.1 * y), axis=1))

    def settings(self):
        return {"kind": "fan"}

    def coordinates(self):
        return ("ray",), []

    def task(self, scene):
        from raytrace_rte.sensors.radiance import radiances
        return radiances(scene, self)

medium = rte.absorption.given(rte.sample("smooth-plume", 6))
ways = [1.0, 0.1, 0.0] + np.zeros((40, 1))
for sensor in (Fan(), rte.Rays([-1.0, 0.1, 0.3], ways), rte.Rays([-1.0, 0.1, 0.3] + 0.0 * ways, [1.0, 0.1, 0.0])):
    rte.solve(medium, sensor, method=rte.March(2), executor=rte.Serial())
"""


def test_rays_that_share_a_vector_are_followed_by_the_same_kernel():
    own, _ = run(SHARED)
    assert [name for name in own if name.startswith("trace.")] == ["trace.march_rays"]
