"""What users wait for: which kernels a picture compiles, for each method."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PICTURE = """
import sys
import numpy as np
import raytrace_rte as rte
grid = rte.uniform((0, 0, 0), (1, 1, 1), (9, 9, 9))
medium = rte.Medium(grid, np.ones(grid.shape), np.ones(grid.shape))
camera = rte.camera((0.4, -2, 0.6), (0.5, 0.5, 0.5), (8, 8), 35)
rte.solve(medium, camera, rte.black(300.0), rte.METHOD)
from numba.core.dispatcher import Dispatcher
found = {
    id(kernel): kernel
    for name, module in sys.modules.items() if name.startswith("raytrace_rte.kernels.")
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


def compiled(method, folder):
    """Names of (drivers, kernels) that a picture compiles in a new process without cached ones."""
    env = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    code = PICTURE.replace("METHOD", method)
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    return tuple(sorted(name for kind, name in lines if kind == of) for of in ("driver", "kernel"))


@pytest.mark.parametrize(
    ("method", "drivers"),
    [
        ("Auto(1e-3)", ["trace.march_rays"]),
        ("March(2)", ["trace.march_rays"]),
        ("Thin()", ["trace.thin_rays"]),
        ("Thick(2)", ["trace.thick_rays"]),
    ],
)
def test_a_picture_compiles_what_its_method_needs(method, drivers, tmp_path):
    own, kernels = compiled(method, tmp_path)
    assert [name for name in own if not name.startswith("fingerprint.")] == sorted(EVERY + drivers)
    assert not {"march.march", "auto.auto"} & {*own, *kernels}, "compiled for users, and only tests need it"


def test_no_kernel_is_compiled_for_a_literal(tmp_path):
    """A 0 that is written out has a type of its own: each such call would compile the kernel once more."""
    _, kernels = compiled("Auto(1e-3)", tmp_path)
    twice = {name for name in kernels if kernels.count(name) > 1}
    both_widths = {"transfer.absorb", "transfer._expm1"}  # of a number, and of a vector
    both_grids = {"lanes.advance", "lanes._advance_all"}  # uniform, and stretched
    assert twice <= both_widths | both_grids
