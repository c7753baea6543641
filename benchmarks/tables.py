"""Markdown tables between markers, so that every number in the docs comes from a measurement."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numba

from raytrace_rte.execution.executors import thread_count


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def insert(path: Path, tables: Mapping[str, str]) -> None:
    """Replace what stands between `<!-- table: NAME -->` and `<!-- end -->` in a file."""
    text = path.read_text(encoding="utf-8")
    changed = replaced(text, tables)
    if changed != text:
        path.write_text(changed, encoding="utf-8")


def replaced(text: str, tables: Mapping[str, str]) -> str:
    """Return the text with its marked tables replaced."""
    for name, content in tables.items():
        pattern = rf"(<!-- table: {re.escape(name)} -->\n).*?(<!-- end -->)"
        text = re.sub(pattern, lambda m, c=content: f"{m[1]}{c}\n{m[2]}", text, flags=re.DOTALL)
    return text


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    packages = ("raytrace-rte", "numpy", "numba", "llvmlite")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "cpu": numba.core.config.CPU_NAME or _cpu(),
        "threads": thread_count(None),
        "versions": {name: version(name) for name in packages},
        "commit": commit.stdout.strip(),
    }


def _cpu() -> str:
    from llvmlite import binding

    return str(binding.get_host_cpu_name())


def percent(fraction: float) -> str:
    """A share as text; beyond a millionfold the digits say nothing."""
    return f"{100 * fraction:.2g} %" if fraction < 1e6 else "> 10⁸ %"
