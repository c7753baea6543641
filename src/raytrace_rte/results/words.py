"""How numbers are said in summaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def method_text(config: Mapping[str, Any]) -> str:
    """A method as it is written in Python: auto(rtol=0.001)."""
    settings = {k: v for k, v in config["method"].items() if v is not None and v is not False}
    return f"{settings.pop('kind')}({', '.join(f'{k}={v}' for k, v in settings.items())})"


def label(text: str) -> str:
    """The first column of a summary."""
    return f"{text.replace('_', ' '):<14} "


def span(values: NDArray[Any]) -> str:
    """Least and greatest of the values that are known, or that there is none."""
    known = values[~np.isnan(values)]
    if known.size == 0:
        return "no values"
    low, high = float(known.min()), float(known.max())
    return f"{low:.6g}" if values.ndim == 0 else f"{low:.6g} .. {high:.6g}"


def mean(values: NDArray[Any]) -> float:
    """The mean of the values that are known; nan where none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def largest(values: NDArray[Any]) -> float:
    """The greatest of the values that are known; nan where none is."""
    known = values[~np.isnan(values)]
    return float(known.max()) if known.size else float("nan")


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of a table as text, the first two columns to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            f"{cell:{'<' if n < 2 else '>'}{w}}" for n, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
