"""Orders of convergence, as slopes."""

from __future__ import annotations

import numpy as np


def slope(sizes: list[float] | np.ndarray, errors: list[float] | np.ndarray) -> float:
    """Return the least-squares slope of log(error) against log(size)."""
    return float(np.polyfit(np.log(sizes), np.log(errors), 1)[0])


def assert_order(sizes: list[float], errors: list[float], least: float, most: float = np.inf) -> float:
    """Return the slope; AssertionError with the table of errors unless least <= slope <= most."""
    found = slope(sizes, errors)
    table = ", ".join(f"{s:.4g}: {e:.3e}" for s, e in zip(sizes, errors, strict=True))
    assert least <= found <= most, f"order {found:.2f} is not within {least}..{most}; errors {table}"
    return found
