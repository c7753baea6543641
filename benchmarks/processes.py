"""Whole processes, one after the other and in turn: their wall time, and that of the processor."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
THREADS = 2
"""Threads of all jobs that are timed."""


class Run(NamedTuple):
    """Seconds of a process, and what it has printed."""

    wall: float
    processor: float
    output: str


def environment(cache: str | None = None) -> dict[str, str]:
    """Environment of the processes; cache: folder of compiled kernels, None is the usual one.

    Python keeps bytecode, as it usually does: else imports take longer where there is none yet. It runs this tree,
    wherever the installed package is.
    """
    usual = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    kept = {} if cache is None else {"NUMBA_CACHE_DIR": cache}
    path = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    return {**usual, "PYTHONPATH": path, "NUMBA_NUM_THREADS": str(THREADS), **kept}


def python(*arguments: str, cache: str | None = None) -> Run:
    """Run this Python to its end; RuntimeError with what it says when it fails."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, env=environment(cache)
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"python {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, processor, done.stdout)


def in_turn(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[Run]]:
    """Run each command once for nothing, then all in turn, the first one changing from round to round.

    A single round is of tiny versions, whose figures mean nothing: it comes alone.
    """
    names = list(commands)
    for name in names if rounds > 1 else ():
        python(*commands[name])
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            runs[name].append(python(*commands[name]))
    return runs
