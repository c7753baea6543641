"""Whether something fits into memory, asked before the work begins."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

GIB = 2**30
LINE = 64
"""Arrays that lie together start at multiples of so many bytes, a line of the cache."""
LITTLE = 2**20
"""Bytes for which the system is not asked, which takes a third of a millisecond."""
PROC = Path("/proc")
CGROUP = Path("/sys/fs/cgroup")


def require(n_bytes: float, what: str) -> None:
    """Raise InputError when `what` needs more memory than can be had."""
    if n_bytes < LITTLE:
        return
    free = available()
    if n_bytes > free:
        raise InputError(
            f"{what} needs {n_bytes / GIB:.3g} GiB and does not fit into memory, where {free / GIB:.3g} GiB are "
            "free; make it smaller, cut it into parts, or use a machine with more memory"
        )


def together(entries: int, like: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return empty arrays with so many rows such as those of other arrays, all in one piece of memory.

    The system hands out large pages then: page by page, touching new memory costs more than filling it. Who keeps one
    of them keeps all.
    """
    sizes = {name: entries * math.prod(a.shape[1:]) * a.itemsize for name, a in like.items()}
    starts = np.cumsum([0, *(-(-size // LINE) * LINE for size in sizes.values())])
    raw = np.empty(starts[-1], np.uint8)
    return {
        name: raw[start : start + sizes[name]].view(a.dtype).reshape(entries, *a.shape[1:])
        for start, (name, a) in zip(starts, like.items(), strict=False)
    }


def available() -> float:
    """Return the bytes that this process can still get; inf where the system does not say.

    The least of what the machine has free, what the limits of the control groups leave (version 2, or 1), and
    what RLIMIT_AS leaves.
    """
    return min((limit for limit in (*_machine(), *_groups(), *_address_space())), default=float("inf"))


def _machine() -> Iterator[float]:
    for line in _text(PROC / "meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            yield float(line.split()[1]) * 1024


def _groups() -> Iterator[float]:
    """What the control groups of this process, and those above them, leave; cached files count as free."""
    for line in _text(PROC / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        root = CGROUP / controllers
        names = ("memory.max", "memory.current") if not controllers else (
            "memory.limit_in_bytes", "memory.usage_in_bytes"
        )  # fmt: skip
        group = root / path.lstrip("/")
        for folder in (group, *group.parents):
            limit, used = (_text(folder / name).strip() for name in names)
            if limit.isdigit() and used.isdigit():
                yield max(0.0, float(limit) - float(used) + _cached(folder))
            if folder == root:
                break


def _cached(folder: Path) -> float:
    """Return the bytes of files that a group holds in memory, which the system gives back when asked."""
    rows = (line.split() for line in _text(folder / "memory.stat").splitlines())
    counts = {row[0]: float(row[1]) for row in rows if len(row) == 2}
    return counts.get("inactive_file", 0.0) + counts.get("active_file", 0.0)


def _address_space() -> Iterator[float]:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    used = _text(PROC / "self" / "statm").split()
    if limit != resource.RLIM_INFINITY:
        yield max(0.0, limit - (float(used[0]) * resource.getpagesize() if used else 0.0))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
