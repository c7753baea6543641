"""Times of this checkout over those of another version of the package, and whether their answers' bits agree.

usage: python -m benchmarks.versions OTHER_CHECKOUT [--pairs 15] [--only TEXT] [--quick]

Each checkout is asked through its own .venv. Both versions do each work in turn, the one that goes first
changing from pair to pair, so that noise hits both alike; of each pair the ratio of this version's time to the
other's is taken. Images, records and volumes are done by two processes that stay: the first time, which compiles
and reads kernels, does not count. First answers are those of fresh processes, with kernels to compile (a third
of the pairs, as it takes long) or kept from before; their time is that of the whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .tables import table
from .works import METHODS, works

HERE = Path(__file__).parent
Once = Callable[[], dict[str, Any]]
"""Does a work in one version: {"wall": s, "processor": s, "digest": of the answer}."""
FIRST = """
import hashlib
import raytrace_rte as rte
medium = rte.absorption.given(rte.sample("smooth-plume", 16))
camera = rte.camera((0.9, -1.8, 0.6), (0.0, 0.0, 0.5), (32, 32), 32.0)
print(hashlib.sha256(rte.solve(medium, camera, method=rte.{}).value.tobytes()).hexdigest())
"""


class Version:
    """A checkout of the package, with its environment in .venv."""

    def __init__(self, checkout: Path) -> None:
        self.checkout, self.python = checkout, str(checkout / ".venv/bin/python")

    def environment(self, cache: str | None = None) -> dict[str, str]:
        """Environment of its processes; cache: folder of compiled kernels, None is the usual one.

        Python keeps bytecode, as it usually does: else imports take longer where a checkout has none yet.
        """
        kept = {} if cache is None else {"NUMBA_CACHE_DIR": cache}
        usual = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**usual, "PYTHONPATH": str(self.checkout), **kept}

    @contextmanager
    def worker(self) -> Iterator[Callable[[str], dict[str, Any]]]:
        """A process that stays; yields a function that has it do the work of a name."""
        command = [self.python, str(HERE / "works.py")]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=self.checkout,
            env=self.environment(),
        ) as process:  # fmt: skip

            def answer() -> dict[str, Any]:
                assert process.stdout is not None
                line = process.stdout.readline()
                if not line:
                    sys.exit(f"the process of {self.checkout} ended; what it said is above")
                return dict(json.loads(line))

            def ask(name: str) -> dict[str, Any]:
                assert process.stdin is not None
                print(name, file=process.stdin, flush=True)
                return answer()

            found = Path(answer()["package"])
            if not found.is_relative_to(self.checkout):
                sys.exit(f"{self.python} imports {found}, not the package of {self.checkout}")
            yield ask

    def first_answer(self, method: str, cache: str) -> dict[str, Any]:
        """A small image by a fresh process, whose compiled kernels are kept in a folder."""
        command = [self.python, "-c", FIRST.format(method)]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, cwd=self.checkout,
            env=self.environment(cache),
        )  # fmt: skip
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"wall": wall, "processor": processor, "digest": done.stdout.strip()}

    def compiling(self, method: str) -> dict[str, Any]:
        """The first answer with all kernels to compile."""
        with tempfile.TemporaryDirectory() as empty:
            return self.first_answer(method, empty)


def measure(new: Version, old: Version, pairs: int, quick: bool, only: str) -> list[dict[str, Any]]:
    """Return a row for each work whose name contains a text."""
    rows = []
    with new.worker() as ask_new, old.worker() as ask_old:
        for name in works(quick):
            if only in name:
                rows.append(compared(name, pairs, partial(ask_new, name), partial(ask_old, name)))
    for method in METHODS:
        with ExitStack() as stack:
            folders = [stack.enter_context(tempfile.TemporaryDirectory()) for _ in range(2)]
            kept = [
                partial(version.first_answer, method, folder)
                for version, folder in zip((new, old), folders, strict=True)
            ]
            compiling = [partial(version.compiling, method) for version in (new, old)]
            name = f"first answer, kernels kept, {method}"
            if only in name:
                rows.append(compared(name, pairs, *kept))
            name = f"first answer, compiling, {method}"
            if only in name and not quick:
                rows.append(compared(name, -(-pairs // 3), *compiling))
    return rows


def compared(name: str, pairs: int, new: Once, old: Once) -> dict[str, Any]:
    """Do a work in pairs; return ratios new/old of both times, medians in seconds, and whether bits agree.

    What both do before, for the first time, does not count.
    """
    runs: list[dict[str, dict[str, Any]]] = []
    new(), old()
    for number in range(pairs):
        order = {"new": new, "old": old} if number % 2 else {"old": old, "new": new}
        runs.append({name: once() for name, once in order.items()})
    out: dict[str, Any] = {"work": name, "pairs": pairs}
    for clock in ("wall", "processor"):
        times = {name: np.array([run[name][clock] for run in runs]) for name in ("new", "old")}
        out[clock] = [float(q) for q in np.quantile(times["new"] / times["old"], (0.25, 0.5, 0.75))]
        out[f"{clock} seconds"] = {name: float(np.median(t)) for name, t in times.items()}
    out["same bits"] = len({run[name]["digest"] for run in runs for name in run}) == 1
    print("{}: {:.3f} ({:.3f} to {:.3f})".format(name, *np.take(out["wall"], (1, 0, 2))), file=sys.stderr)
    return out


def shown(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table."""
    lines = []
    for row in rows:
        ratios = [
            text
            for low, middle, high in (row["wall"], row["processor"])
            for text in (f"{middle:.3f}", f"{low:.3f} to {high:.3f}")
        ]
        seconds = row["wall seconds"]
        bits = "same" if row["same bits"] else "differ"
        lines.append(
            [row["work"], *ratios, f"{seconds['new']:.3g}", f"{seconds['old']:.3g}", str(row["pairs"]), bits]
        )
    head = [
        "work", "time, new/old", "quartiles", "processor time, new/old", "quartiles", "new [s]", "old [s]",
        "pairs", "bits",
    ]  # fmt: skip
    return table(head, lines)


def main() -> int:
    """Compare; the exit status is 1 when bits differ."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.versions", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("other", type=Path, metavar="OTHER_CHECKOUT")
    parser.add_argument("--pairs", type=int, default=15, help="how often both do each work (default: 15)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only works whose name contains it")
    parser.add_argument("--quick", action="store_true", help="tiny works, nothing compiled: a smoke test")
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error(f"--pairs is {options.pairs}; expected at least 1")
    both = [Version(checkout.resolve()) for checkout in (HERE.parent, options.other)]
    for version in both:
        if not Path(version.python).exists():
            parser.error(f"{version.python} is missing: make it, with the package of that checkout installed")
    rows = measure(both[0], both[1], options.pairs, options.quick, options.only)
    print(shown(rows))
    return int(not all(row["same bits"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
