"""One question answered with several absorption models and methods, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..grid import FloatArray
from ..media.spectrum import Spectrum
from ..table import Table, Variable
from ..units import share
from .answers import Answer, Column
from .result import Result
from .words import aligned, label, largest, mean

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAIR = ("model", "method")
"""Dimensions of everything that is compared."""


class Comparison(Result):
    """Answers to one sensor with several absorption models and methods.

    The answer itself (`radiance`, `incident_flux`, `div_q`, ...) has dims (model, method, those of the sensor), all
    bands together. On (model, method), of the entries of the answer:
    least, greatest, mean: in its unit; radiant_power of volumes and other single numbers as their results have them
    difference_l2, difference_max: from the reference model by the first method, relative in the L2 norm, and the
        greatest in the answer's unit
    method_difference_l2, method_difference_max: from the first method with the same model
    error_bound, error_estimate: the greatest ones, nan where there is none
    seconds, crossings, cost: of tracing, of cells, and seconds over those of the reference
    emission_power: what the medium emits in all
    """

    @classmethod
    def build(  # type: ignore[override]  # what is given is another thing for each kind of answer
        cls,
        columns: Mapping[str, Column],
        *,
        reference: str,
        left_out: Sequence[str],
        sensor: Mapping[str, Any],
    ) -> Comparison:
        """Return the comparison of columns by model, all with the same methods.

        reference: a model; left_out: what was not compared and why; sensor: its settings
        """
        models, grid = list(columns), [column.answers for column in columns.values()]
        scene = next(iter(columns.values())).settings
        config = {k: v for k, v in scene.items() if k not in ("method", "medium")}
        config |= {"sensor": sensor, "models": {k: c.settings["medium"] for k, c in columns.items()}}
        first = grid[0][0]
        whole = [
            Variable(
                v.name, (*PAIR, *v.dims), np.array([[a.compared[n].values for a in row] for row in grid]),
                v.unit, v.long_name,
            )
            for n, v in enumerate(first.compared)
        ]  # fmt: skip
        power = np.repeat([[column.emission_power] for column in columns.values()], len(grid[0]), axis=1)
        power_unit = next(iter(columns.values())).power_unit
        variables = [
            Variable("model", ("model",), np.array(models), "1", "absorption model"),
            Variable("method", ("method",), np.array([a.method for a in grid[0]]), "1", "method"),
            *first.places,
            *whole,
            *_numbers(whole[0], models.index(reference)),
            *_figures(grid),
            *_costs(grid, models.index(reference)),
            Variable("emission_power", PAIR, power, power_unit, "power that the medium emits", "exact"),
        ]
        remarks = [f"{model}: {note}" for model, c in columns.items() for note in c.answers[0].notes]
        remarks += [
            f"the time of {model} by {a.method} is not known: it was interrupted and went on"
            for model, c in columns.items()
            for a in c.answers
            if a.interrupted
        ]
        return cls.assemble(
            "several absorption models and methods", whole[0].name, variables,
            stats={}, config=config, spectrum=Spectrum.grey(), reference=reference,
            figures=[v.name for v in first.figures], left_out=list(left_out), remarks=remarks,
        )  # fmt: skip

    def rows(self) -> Table:
        """One row for each model and method."""
        kept = [v for v in self.variables() if v.dims == PAIR or v.name in PAIR]
        about = {"main": "mean", "comment": self._reference()}
        return Table(tuple(kept), {**self.table.attributes, **about})

    def pictures(self, up: str = "z") -> dict[str, Callable[[], Figure]]:
        """All answers, their differences and what they cost, in one picture."""
        from ..plots.comparison import draw

        return {"comparison": partial(draw, self.table, up)}

    def files(self) -> dict[str, str]:
        """Everything, the numbers, and the picture."""
        return {"compare.h5": "", "compare.csv": "", "compare.png": "comparison"}

    def summary(self) -> str:
        """The numbers as a table, what the media emit, and what was left out."""
        main, power = self.table.main, self.table["emission_power"]
        each = [f"{m} {p:.5g} {power.unit}" for m, p in zip(self["model"], power.values[:, 0], strict=True)]
        lines = [
            f"{label(main.name)}[{main.unit}], of {self.config['sensor']['kind']}",
            f"{label('difference')}{self._reference()}",
            *aligned(self._cells()),
            f"{label('emission')}{', '.join(each)}: what leaves if nothing is absorbed again (optically thin)",
        ]
        return "\n".join(lines + [f"note           {note}" for note in self.notes()])

    def _reference(self) -> str:
        first = self["method"][0]
        return (
            f"from {self.table.attributes['reference']} by {first}; of method: from {first} with the same model; "
            "relative in the L2 norm, and the greatest"
        )

    def _cells(self) -> list[list[str]]:
        """Rows of the printed table, the first one its head."""
        names = self.table.attributes["figures"]
        single = self.value[0, 0].size == 1
        answer = ("mean",) if single else ("least", "greatest", "mean")
        head = ["model", "method", *(("value",) if single else answer)]
        head += [f"{name.replace('_', ' ')} [{self.table[name].unit}]" for name in names]
        out = [
            [
                *head,
                "difference",
                "greatest",
                "of method",
                "greatest",
                "error",
                "seconds",
                "crossings",
                "cost",
            ]
        ]
        for i, model in enumerate(self["model"]):
            for j, method in enumerate(self["method"]):
                at = {v.name: v.values[i, j] for v in self.variables() if v.dims == PAIR}
                numbers = [_digits(at[name], 5) for name in (*answer, *names)]
                for name in ("difference", "method_difference"):
                    numbers += [share(at[f"{name}_l2"]), _digits(at[f"{name}_max"])]
                costs = [_digits(at[name]) for name in ("seconds", "crossings", "cost")]
                out.append([model, method, *numbers, self._error(i, j), *costs])
        return out

    def _error(self, i: int, j: int) -> str:
        """The certified bound, or else the estimated error."""
        bound, estimate = (float(self[name][i, j]) for name in ("error_bound", "error_estimate"))
        if np.isfinite(estimate):
            return f"about {estimate:.2g}"
        if bound == 0.0:
            return "0"
        return f"< {bound:.2g}" if np.isfinite(bound) else "unknown"

    def notes(self) -> list[str]:
        """What was left out, and what the answers with each model have to say."""
        return [*self.table.attributes["left_out"], *self.table.attributes["remarks"]]

    def __repr__(self) -> str:
        return f"Comparison({len(self['model'])} models, {len(self['method'])} methods)\n{self.summary()}"


def _digits(value: float, count: int = 3) -> str:
    """A number with so many digits, or that there is none."""
    return "-" if np.isnan(value) else f"{value:.{count}g}"


def _numbers(answer: Variable, reference: int) -> list[Variable]:
    """Range, mean and differences of all answers, of the entries that are known; reference: number of the model."""
    values = answer.values.reshape(*answer.values.shape[:2], -1)
    unit, words = answer.unit, answer.long_name
    out = [
        Variable("least", PAIR, -_each(largest, -values), unit, f"least {words}"),
        Variable("greatest", PAIR, _each(largest, values), unit, f"greatest {words}"),
        Variable("mean", PAIR, _each(mean, values), unit, f"mean over all entries of {words}"),
    ]
    from_ = {
        "difference": (values[reference, 0], "the reference model by the first method"),
        "method_difference": (values[:, :1], "the first method with the same model"),
    }
    for name, (base, what) in from_.items():
        off = values - base
        both = np.where(np.isnan(off), 0.0, base)  # entries that both know
        relative = _ratio(np.linalg.norm(np.nan_to_num(off), axis=2), np.linalg.norm(both, axis=2))
        relative[np.isnan(off).all(axis=2)] = np.nan
        most = _each(largest, np.abs(off))
        out += [
            Variable(f"{name}_l2", PAIR, relative, "1", f"difference from {what}, in the L2 norm"),
            Variable(f"{name}_max", PAIR, most, unit, f"greatest difference from {what}"),
        ]
    return out


def _each(function: Callable[[FloatArray], float], values: FloatArray) -> FloatArray:
    """A number of the entries of each answer, (model, method)."""
    return np.array([[function(entries) for entries in row] for row in values])


def _figures(grid: Sequence[Sequence[Answer]]) -> list[Variable]:
    """Single numbers of all answers."""
    return [
        Variable(
            v.name, PAIR, np.array([[float(a.figures[n].values) for a in row] for row in grid]), v.unit,
            v.long_name, v.trust,
        )
        for n, v in enumerate(grid[0][0].figures)
    ]  # fmt: skip


def _costs(grid: Sequence[Sequence[Answer]], reference: int) -> list[Variable]:
    """Errors and work of all answers."""

    def of(name: str) -> NDArray[Any]:
        return np.array([[getattr(answer, name) for answer in row] for row in grid])

    unit, seconds = grid[0][0].compared[0].unit, of("seconds")
    cost = _ratio(seconds, seconds[reference, 0])
    return [
        Variable("error_bound", PAIR, of("bound"), unit, "greatest certified error bound", "error_bound"),
        Variable("error_estimate", PAIR, of("estimate"), unit, "greatest estimated error", "error_estimate"),
        Variable("seconds", PAIR, seconds, "s", "time of tracing"),
        Variable("crossings", PAIR, of("crossings"), "1", "cells crossed"),
        Variable("cost", PAIR, cost, "1", "time of tracing over that of the reference"),
    ]


def _ratio(values: FloatArray, over: FloatArray) -> FloatArray:
    """Quotients; 0 over anything is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values == 0.0, 0.0, values / over)
