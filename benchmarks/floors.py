"""What no march can beat: the same lanes without arithmetic, reading alone, the exponential alone.

The compiled calls are serial, and Python threads make them side by side, as in `solve`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from raytrace_rte.execution.executors import each
from raytrace_rte.kernels import lockstep, rows
from raytrace_rte.kernels.clipping import nothing
from raytrace_rte.kernels.intrinsics import addresses, load, prefetch, record_bytes, records, store
from raytrace_rte.kernels.jit import driver, kernel
from raytrace_rte.kernels.lanes import (
    Workspace,
    absorb_vector,
    advance,
    crossed,
    halted,
    series_vectors,
    vectors,
    workspace,
)
from raytrace_rte.kernels.placing import clear
from raytrace_rte.kernels.reconstruct import Cells, aligned
from raytrace_rte.kernels.rows import LANES
from raytrace_rte.kernels.stopping import never
from raytrace_rte.kernels.trace import Answers, empty_answers
from raytrace_rte.kernels.vector import WIDTH

RAYS_A_CALL = 4096
"""Rays that one compiled call follows: as many as the batches of large images have."""


@kernel
def _walk(cells, rays, clip, s, answers):
    """`lockstep.march_together` with nothing between the faces but reading."""
    busy, r = 0, 0
    for n in range(LANES):
        clear(s, n, record_bytes(cells.record))
        r = lockstep.refill(s, n, cells, rays, r, 1, 1.0, clip, answers)
        busy += s[rows.RAY + n] >= 0.0
    while busy > 0:
        for _ in range(lockstep.STEPS_BETWEEN_REFILLS):
            for n in range(0, LANES, WIDTH):
                at = addresses(s, rows.ADDRESS + n)
                half, x, y, z = advance(s, n, cells, True)
                a, b, c, d, e, f, g, h = records(cells.record, at, 0)
                used = ((half + x) + (y + z)) + (((a + b) + (c + d)) + ((e + f) + (g + h)))
                store(s, rows.E + n, load(s, rows.E + n) + used)
                prefetch(cells.record, addresses(s, rows.ADDRESS + n))
        for first in range(0, LANES, WIDTH):
            over = halted(s, first)
            for n in range(first, first + WIDTH):
                if over >> (n - first) & 1 and s[rows.RAY + n] >= 0.0:
                    answers[4][np.int64(s[rows.RAY + n])] = np.int64(crossed(s, n))
                    answers[1][np.int64(s[rows.RAY + n]), 0] = s[rows.E + n]
                    r = lockstep.refill(s, n, cells, rays, r, 1, 1.0, clip, answers)
                    busy -= s[rows.RAY + n] < 0.0


@driver
def walk_rays(cells, rays, clip, state, answers):
    """Follow rays, and write what they have read."""
    _walk(cells, rays, clip, state, answers)


def walk(
    cells: Cells,
    origin: NDArray[np.float64],
    direction: NDArray[np.float64],
    end: NDArray[np.float64],
    answers: Answers,
    threads: int,
) -> None:
    """Follow all rays without any arithmetic on light."""

    def follow(first: int) -> None:
        some = slice(first, first + RAYS_A_CALL)
        state = workspace(cells, cells.record.shape[1]).state
        rays, part = (origin[some], direction[some], end[some]), Answers(*(a[some] for a in answers))
        walk_rays(cells, rays, nothing(), state, part)

    each(threads)(follow, range(0, len(origin), RAYS_A_CALL))


@driver
def read_piece(data):
    """Return the sum of an array."""
    total = np.zeros(LANES, data.dtype)
    for i in range(0, data.size - LANES, LANES):
        for n in range(LANES):
            total[n] += data[i + n]
    return total.sum()


def read(data: NDArray[np.floating], threads: int) -> None:
    """Read an array once, one piece a thread."""
    each(threads)(read_piece, np.array_split(data, threads))


@driver
def exponentials(depth, rounds, series, out):
    """Absorb along LANES optical depths, again and again."""
    _exponentials(depth, rounds, series, out)


@kernel
def _exponentials(depth, rounds, series, out):
    """The loop over lanes."""
    c = vectors(series)
    for _ in range(rounds):
        for n in range(0, LANES, WIDTH):
            before = load(out, n)
            a, e, weight = absorb_vector(load(depth, n) + before * 1e-300, c)
            store(out, n, before + a + e + weight)


def absorb_many(crossings: int, greatest: float, threads: int) -> None:
    """Absorb along as many segments as there are crossings, of optical depths up to `greatest`."""
    rounds, series = max(crossings // (threads * LANES), 1), series_vectors()

    def absorb(seed: int) -> None:
        depth, out = (aligned((LANES,), np.dtype(np.float64)) for _ in range(2))
        depth[:], out[:] = greatest * np.random.default_rng(seed).random(LANES), 0.0
        exponentials(depth, rounds, series, out)

    each(threads)(absorb, range(threads))


def _march(cells, rays, stop, clip, work, out):  # type: ignore[no-untyped-def]  # Numba types it
    """The march, as the compiler is asked for it."""
    lockstep.march_together(cells, rays, 1.0, stop, clip, work, out)


def _absorb(depth, series, out):  # type: ignore[no-untyped-def]  # Numba types it
    """What a segment does to light, as the compiler is asked for it."""
    _exponentials(depth, 1, series, out)


def code_of_march(cells: Cells, rays: tuple[Any, ...]) -> dict[str, Any]:
    """Return `machine_code` of the march, which takes ten seconds to compile."""
    work: Workspace = workspace(cells, 1)
    return machine_code(_march, cells, rays, never(1), nothing(), work, empty_answers(len(rays[0]), 1))


def code_of_transfer() -> dict[str, Any]:
    """Return `machine_code` of the exponential alone."""
    depth, out = (aligned((LANES,), np.dtype(np.float64)) for _ in range(2))
    depth[:], out[:] = 0.1, 0.0
    return machine_code(_absorb, depth, series_vectors(), out)


def machine_code(function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    """Return the widest vector registers of a compiled function, and how many packed and scalar multiply-adds.

    The loops over lanes must be packed; what is left scalar attends to single rays.
    """
    compiled = njit(error_model="numpy")(function)
    compiled(*arguments)
    code = "\n".join(compiled.inspect_asm().values())
    return {
        "registers": next((r for r in ("zmm", "ymm", "xmm") if f"%{r}" in code), "none"),
        "packed": len(re.findall(r"vfn?m(?:add|sub)\d+pd\s.*%[yz]mm", code)),
        "scalar": len(re.findall(r"vfn?m(?:add|sub)\d+sd\s", code)),
        "divisions": len(re.findall(r"vdivpd\s.*%[yz]mm", code)),
    }
