"""What no march can beat: the same lanes without arithmetic, reading alone, the exponential alone."""

from __future__ import annotations

import re

import numpy as np
from numba import njit, prange

from raytrace_rte.kernels import lockstep
from raytrace_rte.kernels.intrinsics import fetch, load, places, record_bytes, records, store
from raytrace_rte.kernels.jit import driver, kernel
from raytrace_rte.kernels.lanes import (
    CELL,
    LANES,
    RAY,
    E,
    absorb_all,
    crossed,
    meet,
    space,
    spread_series,
    standing,
    vectors,
)
from raytrace_rte.kernels.placing import clear
from raytrace_rte.kernels.reconstruct import aligned
from raytrace_rte.kernels.trace import empty_answers
from raytrace_rte.kernels.vector import WIDTH


@kernel
def _walk(cells, rays, worker, workers, s, answers):
    """`lockstep.march_together` with nothing between the faces but reading."""
    busy, r = 0, worker * lockstep.RUN
    for n in range(LANES):
        clear(s, n, record_bytes(cells.record))
        r = lockstep.refill(s, n, cells, rays, r, workers, 1, 1.0, answers)
        busy += s[RAY + n] >= 0.0
    while busy > 0:
        for _ in range(lockstep.PATIENCE):
            for n in range(0, LANES, WIDTH):
                at = places(s, CELL + n)
                half, x, y, z = meet(s, n, cells, True)
                a, b, c, d, e, f, g, h = records(cells.record, at, 0)
                used = ((half + x) + (y + z)) + (((a + b) + (c + d)) + ((e + f) + (g + h)))
                store(s, E + n, load(s, E + n) + used)
                fetch(cells.record, places(s, CELL + n))
        for first in range(0, LANES, WIDTH):
            over = standing(s, first)
            for n in range(first, first + WIDTH):
                if over >> (n - first) & 1 and s[RAY + n] >= 0.0:
                    answers[4][np.int64(s[RAY + n])] = np.int64(crossed(s, n))
                    answers[1][np.int64(s[RAY + n]), 0] = s[E + n]
                    r = lockstep.refill(s, n, cells, rays, r, workers, 1, 1.0, answers)
                    busy -= s[RAY + n] < 0.0


@driver
def walk_all(cells, origin, direction, end, workers, room, answers):
    """Follow all rays, and write what they have read."""
    T_, E_, tau, neglected, visits, steps, face = answers
    state = room.state
    for worker in prange(workers):
        out = T_, E_, tau, neglected, visits, steps, face
        _walk(cells, (origin, direction, end), np.int64(worker), workers, state[worker], out)


def walk(cells, origin, direction, end, workers, answers):
    """Follow all rays without any arithmetic on light."""
    room = space(workers, cells.record.shape[1], cells.record.dtype)
    walk_all(cells, origin, direction, end, workers, room, answers)


@driver
def read_all(data, workers, out):
    """Sum an array, one piece a thread."""
    piece = data.size // workers
    for w in prange(workers):
        total = np.zeros(LANES, data.dtype)
        for i in range(w * piece, (w + 1) * piece - LANES, LANES):
            for n in range(LANES):
                total[n] += data[i + n]
        out[w] = total.sum()


@driver
def exponentials(depth, rounds, workers, series, out):
    """Absorb along an array of optical depths, again and again: rounds x LANES numbers a thread."""
    for w in prange(workers):
        c = vectors(series)
        for _ in range(rounds):
            for n in range(0, LANES, WIDTH):
                before = load(out, LANES * w + n)
                a, e, weight = absorb_all(load(depth, LANES * w + n) + before * 1e-300, c)
                store(out, LANES * w + n, before + a + e + weight)


def absorb_many(crossings, workers, greatest):
    """Absorb along as many segments as there are crossings, of optical depths up to `greatest`."""
    depth, out = (aligned((workers * LANES,), np.dtype(np.float64)) for _ in range(2))
    depth[:], out[:] = greatest * np.random.default_rng(1).random(depth.shape), 0.0
    exponentials(depth, max(crossings // (workers * LANES), 1), workers, spread_series(), out)


def _march(cells, rays, room, out):
    """The march, as the compiler is asked for it."""
    lockstep.march_together(cells, rays, 0, 1, 1.0, -1.0, np.ones(1), room, out)


def machine_code(cells, rays):
    """Return the widest vector registers of the compiled march, and how many packed and scalar multiply-adds.

    The loops over lanes must be packed; what is left scalar attends to single rays.
    """
    room = space(1, 1, cells.record.dtype)
    out = tuple(empty_answers(len(rays[0]), 1))
    own = room.state[0], room.records[0], room.series, np.full(1, -1.0)
    march = njit(error_model="numpy")(_march)
    march(cells, rays, own, out)
    code = "\n".join(march.inspect_asm().values())
    return {
        "registers": next((r for r in ("zmm", "ymm", "xmm") if f"%{r}" in code), "none"),
        "packed": len(re.findall(r"vfn?m(?:add|sub)\d+pd\s.*%[yz]mm", code)),
        "scalar": len(re.findall(r"vfn?m(?:add|sub)\d+sd\s", code)),
        "divisions": len(re.findall(r"vdivpd\s.*%[yz]mm", code)),
    }
