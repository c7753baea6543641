"""What a comparison keeps of each result that it lays beside others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ..table import Table, Variable
from .result import Result
from .words import largest, method_text

LISTS = ("compared", "places", "figures")
"""The variables of an answer."""


class Answer(NamedTuple):
    """What is kept of one result.

    compared: the answer, and what else is laid side by side, all bands together; places: where their entries are
    figures: single numbers that sum it up; bound, estimate: the greatest errors, nan where there are none
    interrupted: whether it was, and went on, so that nobody knows how long it took
    """

    method: str
    compared: list[Variable]
    places: list[Variable]
    figures: list[Variable]
    bound: float
    estimate: float
    seconds: float
    crossings: float
    notes: list[str]
    interrupted: bool = False

    @classmethod
    def of(cls, result: Result) -> Answer:
        """Keep of a result what is compared."""
        compared, table, stats = result.compared(), result.table, result.stats
        dims = dict.fromkeys(dim for v in compared for dim in v.dims)
        places = [table[name] for dim in dims for name in (dim, f"{dim}_face") if name in table]
        bound, estimate = (
            largest(result.together(name)) if name in result else float("nan")
            for name in ("error_bound", "error_estimate")
        )
        seconds, crossings = stats.get("seconds_trace", float("nan")), stats.get("crossings", 0)
        method, notes = method_text(result.config), result.notes()
        return cls(method, compared, places, result.figures(), bound, estimate, seconds, crossings, notes)

    def table(self) -> Table:
        """The answer as a table, for a store; the inverse of `from_table`."""
        lists = [replace(v, name=f"{part}/{v.name}") for part in LISTS for v in getattr(self, part)]
        return Table(tuple(lists), {k: v for k, v in self._asdict().items() if k not in LISTS})

    @classmethod
    def from_table(cls, table: Table) -> Answer:
        """Return the answer that was made a table."""
        parts: dict[str, Any] = {part: [] for part in LISTS}
        for v in table.variables:
            part, _, name = v.name.partition("/")
            parts[part].append(replace(v, name=name))
        return cls(**parts, **table.attributes)


class Column(NamedTuple):
    """What is found with one model: an answer for each method, what its medium emits, and its scene's settings."""

    answers: list[Answer]
    emission_power: float
    power_unit: str
    settings: Mapping[str, Any]
