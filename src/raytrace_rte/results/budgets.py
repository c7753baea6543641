"""Where emitted power goes: budgets in words, and those of bands as variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..table import BAND, Variable


def of_bands(budgets: Sequence[Mapping[str, float]], unit: str) -> list[Variable]:
    """Return the budgets of all bands as one variable (part, band), and the names of its parts."""
    parts = list(budgets[0])
    values = np.array([[band[name] for band in budgets] for name in parts])
    words = "power emitted, absorbed again, and to where"
    return [
        Variable("part", ("part",), np.array(parts), "1", "part of a budget"),
        Variable("band_budget", ("part", BAND), values, unit, words, "error_estimate"),
    ]


def lines(budget: Mapping[str, float], unit: str) -> list[str]:
    """Where the emitted power goes, in shares of it; in watts where nothing is emitted."""
    b = budget
    lost = {name.replace("_", " ", 1): power for name, power in b.items() if name.startswith("to_")}
    if b["emitted"] > 0.0:
        parts = {"absorbed again": b["absorbed"], **lost}
        shares = ", ".join(f"{100 * power / b['emitted']:.3g} % {name}" for name, power in parts.items())
        first = f"emitted {b['emitted']:.6g} {unit}, of it {shares}"
    else:
        parts = {"absorbed": b["absorbed"], **lost}
        first = "nothing emitted; " + ", ".join(f"{power:.6g} {unit} {name}" for name, power in parts.items())
    return [
        f"budget         {first}",
        f"               residual {b['residual']:.2g} {unit}, {b['residual_relative']:.1e} of the greatest part",
    ]
