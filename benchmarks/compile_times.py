"""Processor time of compiling: fresh processes whose kernels are not kept, less the same with kernels kept."""

from __future__ import annotations

import tempfile
from typing import Any

from .processes import python
from .tables import table

CAMERA = """
import numpy as np
import raytrace_rte as rte
grid = rte.uniform((0, 0, 0), (1, 1, 1), (64, 64, 64))
x, y, z = np.meshgrid(*(0.64 * c for c in grid.centres), indexing="ij", sparse=True)
source = 1 + 0.3 * np.sin(x + 0.3 * y) * np.cos(y - 0.2 * z) * np.cos(z + 0.3)
medium = rte.Medium(grid, {kappa} * np.exp(0.2 * np.sin(x - y + 0.5 * z)), source)
camera = rte.camera((0.43, 0.52, 0.47), (1, 0.6, 0.55), (128, 128), 60)
rte.solve(medium, camera, rte.open_(0.5), rte.{method})
"""
SWITCH = """
from raytrace_rte.kernels.trace import AUTO
from raytrace_rte.solvers.lines import follow
from raytrace_rte.solvers.scene import scene
place = scene(medium, rte.open_(0.5), rte.Auto(1e-3))
follow(place, camera.take(slice(None)), place.plan._replace(method=AUTO))
"""
"""The switch over bricks, which a solve takes only where it saves enough."""
WORKS = {
    "camera, March(2)": CAMERA.format(kappa=0.64, method="March(2)"),
    "camera, Auto where the march is taken": CAMERA.format(kappa=0.64, method="Auto(1e-3)"),
    "camera, Auto with the switch": CAMERA.format(kappa=64.0, method="Auto(1e-3)") + SWITCH,
    "everything": "import raytrace_rte as rte; rte.warmup()",
}
IMPORTS = "import numpy, numba, scipy.linalg"
"""What a first answer cannot do without: Numba loads SciPy's linear algebra at its first call."""


def measure(names: tuple[str, ...] = tuple(WORKS)) -> dict[str, dict[str, float]]:
    """Return processor seconds of each work: compiling, and all with kernels kept; compiling by the wall."""
    out = {}
    for name in names:
        with tempfile.TemporaryDirectory() as cache:
            fresh = python("-c", WORKS[name], cache=cache)
            kept = [python("-c", WORKS[name], cache=cache) for _ in range(2)]
        least, wall = min(run.processor for run in kept), min(run.wall for run in kept)
        out[name] = {"compiling": fresh.processor - least, "kept": least, "wall": fresh.wall - wall}
    return out


def first_answer(quick: bool) -> float:
    """Processor time of a small image in a fresh process with kernels kept, over that of its imports."""
    work = WORKS["camera, March(2)"]
    python("-c", work)
    rounds = 1 if quick else 6
    return min(python("-c", work).processor for _ in range(rounds)) / min(
        python("-c", IMPORTS).processor for _ in range(rounds)
    )


def tables(found: dict[str, Any]) -> dict[str, str]:
    """Return the Markdown table by name."""
    lines = [[name, f"{r['compiling']:.1f}", f"{r['kept']:.2f}"] for name, r in found.items()]
    return {"compile": table(["", "compiling [s]", "process with kernels kept [s]"], lines)}
