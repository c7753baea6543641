"""Run suites, keep their numbers as JSON, and write their tables into README and docs.

usage: python -m benchmarks [SUITE ...] [--quick]      (default: all suites)
       python -m benchmarks check [--quick]            what has a target; exit status 1 if something falls short

--quick runs tiny versions and writes nothing: a smoke test.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sys
from pathlib import Path

from .tables import insert, machine

SUITES = ("accuracy", "exact_versus_thick", "volume", "speed", "bands", "job", "models", "series", "reading")
CHECK = "check"
ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run the suites named on the command line, or check the targets; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"from {', '.join(SUITES)}")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.suites == [CHECK]:
        return importlib.import_module("benchmarks.check").main(options.quick)
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"no suite {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    for name in options.suites or SUITES:
        suite = importlib.import_module(f"benchmarks.{name}")
        print(f"== {name} on {platform.machine()}, {machine()['threads']} threads")
        data = {"machine": machine(), **suite.measure(quick=options.quick)}
        tables = suite.tables(data)
        print("\n\n".join(tables.values()))
        if not options.quick:
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
            for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
                insert(path, tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
