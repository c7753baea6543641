"""A table as named arrays, as a store keeps what is done: the same bits come back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..table import Table, Variable

ABOUT = "about a table"
"""What names, units and attributes are called among the arrays of a store."""


def packed(table: Table) -> dict[str, NDArray[Any]]:
    """Return a table as named arrays, for a store; the inverse of `unpacked`."""
    about = [[v.name, v.dims, v.unit, v.long_name, v.trust] for v in table.variables]
    text = json.dumps({"variables": about, "attributes": table.attributes}, default=_plain)
    return {ABOUT: np.array(text), **{f"values/{v.name}": v.values for v in table.variables}}


def unpacked(state: Mapping[str, NDArray[Any]]) -> Table | None:
    """Return what `packed` packed; None when the state is that of unfinished work."""
    if ABOUT not in state:
        return None
    about = json.loads(str(state[ABOUT]))
    variables = tuple(
        Variable(name, tuple(dims), state[f"values/{name}"], unit, long_name, trust)
        for name, dims, unit, long_name, trust in about["variables"]
    )
    return Table(variables, about["attributes"])


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as JSON can write them."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
