"""The readable kernels of one ray, run over many: what the lanes that users run are compared with."""

from __future__ import annotations

import numpy as np

from raytrace_rte.kernels.auto import auto
from raytrace_rte.kernels.clipping import nothing
from raytrace_rte.kernels.grids import ray_of
from raytrace_rte.kernels.jit import driver
from raytrace_rte.kernels.march import march
from raytrace_rte.kernels.trace import AUTO, CONSTANT, stop_of, tolerance_of, write


def trace_singly(cells, pyramid, origin, direction, end, plan, walls, low, high, answers):
    """`kernels.trace.trace` without lanes, for the march and the certified switch."""
    if plan.method == AUTO:
        tolerance = tolerance_of(plan, cells, pyramid, low, high)
        _auto_rays(cells, pyramid, origin, direction, walls, tolerance, answers)
    else:
        linear = np.bool_(plan.method != CONSTANT)
        _march_rays(
            cells, origin, direction, end, linear, stop_of(plan, cells, low, high, nothing()), answers
        )


@driver
def _march_rays(cells, origin, direction, end, linear, stop, answers):
    for r in range(origin.shape[0]):
        ray = ray_of(origin, direction, r)
        for b in range(answers.emission.shape[1]):
            write(answers, r, b, march(cells, b, ray, linear, stop, end[r]))


@driver
def _auto_rays(cells, pyramid, origin, direction, walls, tolerance, answers):
    for r in range(origin.shape[0]):
        ray = ray_of(origin, direction, r)
        for b in range(answers.emission.shape[1]):
            write(answers, r, b, auto(cells, pyramid, b, ray, walls, tolerance))
