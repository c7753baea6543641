"""What is promised of speed and memory, as figures that `python -m benchmarks check` measures."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import NamedTuple

from raytrace_rte.kernels.vector import WIDTH

AT_MOST, AT_LEAST = operator.le, operator.ge


class Target(NamedTuple):
    """name: of the figure, PIECE/FIGURE; what: it is; limit, and how the figure must compare with it."""

    name: str
    what: str
    limit: float
    compare: Callable[[float, float], bool] = AT_MOST

    def met(self, measured: float) -> bool:
        """Whether a figure is good enough; NaN is not."""
        return self.compare(measured, self.limit)

    def better(self, one: float, other: float) -> float:
        """The figure that lies further on the right side."""
        return max(one, other) if self.compare is AT_LEAST else min(one, other)

    def text(self) -> str:
        """The limit with its comparison."""
        return f"{'≥' if self.compare is AT_LEAST else '≤'} {self.limit:g}"


SMOOTH, NOISE = (1.6, 2.2) if WIDTH == 8 else (2.4, 3.2)
"""Nanoseconds a cell and ordinate with vectors of eight numbers, or of four."""
PER_ORDINATE = "volume: ns a cell and ordinate, processor / 2 threads"
TARGETS = (
    Target("job/256³", "raytrace-rte run, 256³ fire, wall time / bare", 2.4),
    Target("job/64³", "raytrace-rte run, 64³ fire, wall time less importing Numba / bare", 2.5),
    Target("memory 256³/full", "256³: growth of peak memory / arrays read", 6.0),
    Target("memory 256³/lean", "256³, lean: growth of peak memory / arrays read", 3.0),
    Target("memory 256³/time", "256³: time of lean / full, after imports", 2.0),
    Target("memory 512³/full", "512³: growth of peak memory / arrays read", 6.0),
    Target("memory 512³/lean", "512³, lean: growth of peak memory / arrays read", 3.0),
    Target("memory 512³/time", "512³: time of lean / full, after imports", 2.0),
    Target("cells/records", "records with bounds, uniform, float32: ns a cell, processor / 2 threads", 12.0),
    Target("cells/stretched", "records, stretched / uniform", 1.5),
    Target("cells/pyramid", "pyramid: ns a cell, processor / 2 threads", 4.0),
    Target("cells/planck", "Planck mean of four species: ns a cell, processor / 2 threads", 20.0),
    Target("volumes/cube, 128", "div q, Burns & Christon 41³, centreline, 128 directions: L2 error", 1.5e-4),
    Target("volumes/cube, 256", "the same, 256 directions", 5e-5),
    Target("volumes/fire, 512", "div q, pool fire 40³, 512 directions against 8000: L2 error", 6e-4),
    Target("volumes/64³", f"{PER_ORDINATE}, 64³", SMOOTH),
    Target("volumes/128³", f"{PER_ORDINATE}, 128³", SMOOTH),
    Target("volumes/64³, noise", f"{PER_ORDINATE}, 64³, white noise", NOISE),
    Target("volumes/128³, noise", f"{PER_ORDINATE}, 128³, white noise", NOISE),
    Target("first image/64³", "first image, Dr.Jit / March(2), 64³", 1.0, AT_LEAST),
    Target("first image/128³", "first image, Dr.Jit / March(2), 128³", 1.0, AT_LEAST),
    Target("first image/256³", "first image, Dr.Jit / March(2), 256³", 1.0, AT_LEAST),
    Target("first image/equal error", "first image at an error of 1e-3, Dr.Jit / March(2)", 3.0, AT_LEAST),
    Target("first image/equal error, means", "the same where cells hold means over them", 3.0, AT_LEAST),
    Target("switch/pool fire", "Auto / faster march, pool fire, worst of κ × 1e-2 to 1e5", 1.05),
    Target("switch/plume 128³", "Auto / faster march, plume 128³, worst", 1.05),
    Target("switch/plume 256³", "Auto / faster march, plume 256³, worst", 1.05),
    Target("switch/flame behind smoke", "Auto / faster march, flame behind smoke, worst", 1.05),
    Target("switch/slab", "Auto / faster march, slab, worst", 1.05),
    Target("switch/inside", "Auto / faster march, thick medium from inside, worst", 1.05),
    Target("switch/inside again", "the same at κh = 1, pyramid at hand", 1.0),
    Target("switch/boxed fire", "Auto / faster march, fire in a clear box", 1.05),
    Target("switch/boxed fire, trace", "Auto / March(2), fire in a clear box, next image", 0.5),
    Target("switch/outside its bound", "cases of these with a ray beyond its bound", 0.0),
    Target("series/camera", "50 snapshots of 64³ as a series / one by one, camera 256²", 1.1),
    Target("series/radiometers", "the same: 4 radiometers", 1.1),
    Target("series/volume", "the same: heat source, 100 directions", 1.1),
    *(
        Target(f"reading/{name}", f"reading 134 MB, {name}: until there is a field / library", 1.3)
        for name in (
            "native, gzip",
            "netCDF-4, z y x",
            "netCDF-4, gzip",
            "netCDF-3",
            ".vti, bytes",
            ".vti, zlib",
        )
    ),
    Target("compile/march", "camera, March(2): s of the processor to compile", 10.0),
    Target("compile/auto", "camera, Auto where the march is taken: the same", 10.0),
    Target("compile/switch", "camera, Auto with the switch: the same", 18.0),
    Target("compile/everything", "all kernels: the same", 50.0),
    Target("compile/warmup", "all kernels, two processes at once: s by the wall", 50.0),
    Target(
        "first answer/kept", "first answer, kernels kept, processor / imports of NumPy, Numba, SciPy", 2.0
    ),
    Target("bits/camera", "different answers of Serial, Threads(1), Threads(2): camera", 1.0),
    Target("bits/radiometer", "the same: radiometer", 1.0),
    Target("bits/volume", "the same: heat source", 1.0),
)
