"""The command line's job stage by stage in a fresh process, each stage beside its floor.

usage: python -m benchmarks.stages SMALL.toml JOB.toml full|lean

The small job comes first: it loads the compiled kernels. Prints JSON: seconds of each stage and of its floor,
bytes of the arrays read, and by how much the peak of memory has grown over what was held after the small job.
"""

from __future__ import annotations

import time

START = time.perf_counter()

import h5py  # noqa: E402  these imports are timed
import matplotlib.backends.backend_agg  # noqa: E402
import matplotlib.figure  # noqa: E402
import numba  # noqa: E402, F401
import numpy as np  # noqa: E402
import pydantic  # noqa: E402, F401
import typer  # noqa: E402, F401

OTHERS = time.perf_counter() - START

import json  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, TypeVar  # noqa: E402

import raytrace_rte as rte  # noqa: E402
import raytrace_rte.cli  # noqa: E402
import raytrace_rte.plots.figure  # noqa: E402
from raytrace_rte.config.config import Job, load  # noqa: E402
from raytrace_rte.execution.executors import Threads, each  # noqa: E402
from raytrace_rte.run import job as jobs  # noqa: E402, F401
from raytrace_rte.solvers.scene import scene  # noqa: E402
from raytrace_rte.solving import task_of  # noqa: E402

IMPORTED = time.perf_counter() - START
Out = TypeVar("Out")


class Clock:
    """Seconds of works by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, name: str, work: Callable[[], Out]) -> Out:
        """Do a work, and note its seconds."""
        start = time.perf_counter()
        out = work()
        self.seconds[name] = time.perf_counter() - start
        return out


def memory(what: str) -> int:
    """Bytes of this process: VmRSS, what it holds, or VmHWM, the most that it has held."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(status.split(f"{what}:")[1].split()[0])


def done(job: Job, lean: bool, clock: Clock) -> tuple[rte.Field, rte.Medium, Any]:
    """Do a job as the command line does; return what it has read, made and found."""
    assert job.field.file is not None
    path, executor = job.resolve(job.field.file), Threads()
    field = clock("read", lambda: rte.read(path))
    medium = clock("absorption", lambda: rte.absorption.planck_mean(field))
    clock("records, bounds", lambda: medium.prepare(executor.workers, lean=lean))
    place = scene(medium, job.walls, job.method, (), lean)
    result: Any = clock("trace", lambda: executor.run(task_of(job.sensor, place)))
    job.directory.mkdir(exist_ok=True)
    files = result.files()
    others = [name for name in files if not name.endswith(".png")]
    clock("write", lambda: [result.save(job.directory / name) for name in others])
    pictures = [name for name in files if name.endswith(".png")]
    clock("plot", lambda: [result.plot(job.directory / name, files[name] or None) for name in pictures])
    return field, medium, result


def arrays(field: rte.Field) -> list[np.ndarray]:
    """The arrays of the field's size."""
    assert field.pressure is not None
    return [field.temperature, field.pressure, *field.mole_fraction.values()]


def floors(job: Job, field: rte.Field, medium: rte.Medium, result: Any) -> dict[str, float]:
    """Seconds that each stage takes at least.

    read: h5py alone; absorption, records, trace: what they must read and write once, at the speed at which
    memory is copied; write: the bytes of the files; plot: one plain picture of Matplotlib.
    """
    per_byte, clock = seconds_per_byte(), Clock()
    assert job.field.file is not None
    with h5py.File(job.resolve(job.field.file)) as file:
        clock("read", lambda: [_read(file[name]) for name in ("temperature", "pressure", "mole_fraction")])
    made = medium.kappa.nbytes + medium.source.nbytes
    records = 4 * made  # kappa, source, and three slopes of each
    read = sum(a.nbytes for a in arrays(field))
    written = sum((job.directory / name).stat().st_size for name in result.files() if name[-3:] != "png")
    with tempfile.TemporaryDirectory() as folder:
        plain = bytes(written)
        clock("write", lambda: (Path(folder) / "plain").write_bytes(plain))
        clock("plot", lambda: _picture(result.value, Path(folder) / "plain.png"))
    return clock.seconds | {
        "absorption": (read + made) * per_byte,
        "records, bounds": (made + records) * per_byte,
        "trace": records * per_byte,
    }


def _read(item: h5py.Dataset | h5py.Group) -> list[np.ndarray]:
    """All arrays of a dataset, or of a group."""
    return [part[...] for part in item.values()] if isinstance(item, h5py.Group) else [item[...]]


def _picture(values: np.ndarray, path: Path) -> None:
    figure = matplotlib.figure.Figure()
    matplotlib.backends.backend_agg.FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    figure.colorbar(axes.imshow(values))
    figure.savefig(path, dpi=150)


def seconds_per_byte() -> float:
    """Seconds for each byte that is read or written, when both threads copy what no cache can hold."""
    workers = Threads().workers
    given, taken = (np.ones((workers, 1 << 24)) for _ in range(2))
    best = np.inf
    for _ in range(4):
        start = time.perf_counter()
        each(workers)(lambda n: np.copyto(taken[n], given[n]), range(workers))
        best = min(best, time.perf_counter() - start)
    return float(best / (2 * given.nbytes))


def main(small: str, large: str, how: str) -> None:
    """Do both jobs, and print what was found."""
    lean, clock = how == "lean", Clock()
    clock("a small job, which loads kernels", lambda: done(load(Path(small), ()), lean, Clock()))
    before, job = memory("VmRSS"), load(Path(large), ())
    field, medium, result = done(job, lean, clock)
    growth = memory("VmHWM") - before
    found = {
        "seconds": {"import": IMPORTED, **clock.seconds},
        "floors": {"import": OTHERS, **floors(job, field, medium, result)},
        "read": sum(a.nbytes for a in arrays(field)),
        "growth": growth,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
