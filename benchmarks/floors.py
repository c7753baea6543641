"""What no march can beat: the same lanes without arithmetic, reading alone, the exponential alone."""

from __future__ import annotations

import re

import numpy as np
from numba import prange

from raytrace_rte.kernels import lockstep
from raytrace_rte.kernels.jit import driver, inlined, kernel
from raytrace_rte.kernels.lanes import (
    COUNT,
    LANES,
    MOVES,
    RAY,
    E,
    T,
    advance,
    announce,
    clear,
    gather,
    meet,
    space,
)
from raytrace_rte.kernels.reconstruct import RECORD
from raytrace_rte.kernels.trace import empty_answers
from raytrace_rte.kernels.transfer import absorb


@inlined
def _read(s, g, n):
    """Use all numbers of a record, so that it has to be read."""
    m = RECORD * n
    s[E + n] += g[m] + g[m + 1] + g[m + 2] + g[m + 3] + g[m + 4] + g[m + 5] + g[m + 6] + g[m + 7]
    s[COUNT + n] += s[MOVES + n]


@kernel
def _walk(cells, rays, worker, workers, room, answers):
    """`lockstep.march_together` with nothing between the faces but reading."""
    s, lights, g = room
    r = worker * lockstep.RUN
    for n in range(LANES):
        clear(s, n)
    while True:
        busy = 0
        for n in range(LANES):
            if s[MOVES + n] == 0.0:
                if s[RAY + n] >= 0.0:
                    answers[4][np.int64(s[RAY + n])] = np.int64(s[COUNT + n])
                    answers[1][np.int64(s[RAY + n]), 0] = s[E + n]
                r = lockstep.refill(s, lights, n, cells, rays, r, workers, answers)
                s[COUNT + n], s[E + n], s[T + n] = 0.0, 0.0, 1.0
            busy += s[RAY + n] >= 0.0
        if busy == 0:
            return
        for _ in range(lockstep.PATIENCE):
            gather(s, g, cells, 0)
            for n in range(LANES):
                meet(s, n)
                _read(s, g, n)
            advance(s, cells)
            announce(s, cells)


@driver
def walk_all(cells, origin, direction, end, workers, room, answers):
    """Follow all rays, and write what they have read."""
    T_, E_, tau, neglected, visits, steps, face = answers
    state, lights, records = room
    for worker in prange(workers):
        own = state[worker], lights[worker], records[worker]
        out = T_, E_, tau, neglected, visits, steps, face
        _walk(cells, (origin, direction, end), worker, workers, own, out)


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
def absorb_all(depth, workers, out):
    """Apply `absorb` to an array, again and again: rounds x LANES numbers a thread."""
    for w in prange(workers):
        for _ in range(depth.shape[1]):
            for n in range(LANES):
                a, e, weight = absorb(depth[w, 0, n] + out[w, n] * 1e-300)
                out[w, n] += a + e + weight


def machine_code(cells, rays):
    """Return the widest vector registers of the compiled march, and how many packed and scalar multiply-adds.

    The loops over lanes must be packed; what is left scalar attends to single rays.
    """
    room = space(1, 1, cells.record.dtype)
    out = tuple(empty_answers(len(rays[0]), 1))
    own = room.state[0], room.lights[0], room.records[0]
    lockstep.march_together(cells, rays, 0, 1, True, -1.0, np.ones(1), own, out)
    code = "\n".join(lockstep.march_together.inspect_asm().values())
    return {
        "registers": next((r for r in ("zmm", "ymm", "xmm") if f"%{r}" in code), "none"),
        "packed": len(re.findall(r"vfn?m(?:add|sub)\d+pd\s.*%[yz]mm", code)),
        "scalar": len(re.findall(r"vfn?m(?:add|sub)\d+sd\s", code)),
        "divisions": len(re.findall(r"vdivpd\s.*%[yz]mm", code)),
    }
