"""What absorption models have in common: cells in blocks, and what a result has to say of a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import checks
from ...errors import InputError
from ...execution.executors import ordered, thread_count
from ..field import Field

BLOCK = 1 << 16
"""Cells that are worked on in one go: their work arrays stay in a processor's cache."""
TRANSPARENT = ("N2", "O2", "AR", "Ar", "He", "H2")
"""Species whose absorption is nothing beside that of the others, so that they may be left out silently."""


def line(values: NDArray[np.floating], count: int) -> NDArray[np.floating]:
    """Return an array, or one number, as a read-only view of so many numbers: one kind of array for a kernel."""
    flat = np.broadcast_to(values, count) if values.ndim == 0 else values.reshape(-1)
    flat.flags.writeable = False
    return flat


def counted(fill: Callable[[slice], Sequence[int]], cells: int) -> list[int]:
    """Call `fill` for all cells, a block at a time on all threads, and return the sums of what it counts."""

    def block(first: int) -> NDArray[np.int64]:
        return np.array(fill(slice(first, min(first + BLOCK, cells))), dtype=np.int64)

    total = np.sum(list(ordered(block, range(0, cells, BLOCK), thread_count(None))), axis=0)
    return [int(n) for n in np.atleast_1d(total)]


def pressure_of(field: Field, model: str) -> NDArray[np.floating]:
    """Return the pressure [Pa]; InputError when the field has none."""
    if field.pressure is None:
        raise InputError(
            f"absorption model '{model}': the field has no pressure; add one (a single number will do)"
        )
    return field.pressure


def fraction_of(field: Field, name: str, model: str) -> NDArray[np.floating]:
    """Return a mole fraction; InputError when the field does not have it."""
    if name not in field.mole_fraction:
        there = ", ".join(field.mole_fraction) or "none"
        raise InputError(
            f"absorption model '{model}' needs the mole fraction of {name}; the field has {there}; add it (zeros, "
            "where there is none), or use another model"
        )
    return field.mole_fraction[name]


def names_of(species: Sequence[str] | str) -> list[str]:
    """Return the names of species that a user gives, each once; InputError when they are no names."""
    expected = "a name, or a list of names"
    given = [species] if isinstance(species, str) else checks.sequence("species", species, expected)
    return list(dict.fromkeys(checks.text("species", name, expected) for name in given))


def provenance(
    field: Field, model: str, used: Sequence[str], notes: Sequence[str] = (), **more: Any
) -> dict[str, Any]:
    """Return what a Result records of a model: its name, what else is known, and what it leaves out.

    used: species, and soot_volume_fraction, that the model reads; notes: sentences for the summary
    """
    known = [
        *field.mole_fraction,
        *(["soot_volume_fraction"] if field.soot_volume_fraction is not None else []),
    ]
    ignored = [name for name in known if name not in (*used, *TRANSPARENT)]
    out: dict[str, Any] = {"model": model, **more, "field_sha256": field.source_sha256}
    optional: Mapping[str, Any] = {
        "ignored": ignored, "cells_without_data": field.cells_without_data, "notes": [*field.notes, *notes],
    }  # fmt: skip
    return out | {name: value for name, value in optional.items() if value}
