"""What a series of snapshots gives: the answers of all moments in one table, with an axis of time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..table import Table, Variable
from .result import Result
from .words import label, span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TIME = "time"
"""Name of the dimension of snapshots, the first one of a variable that has it."""
PLACES = ("1", "m", "degree")
"""Units of what says where and how an answer is, not what: kept once for all snapshots, where it is the same."""
COLUMNS = 64
"""Points up to which a table against time has a column for each."""


class SeriesResult(Result):
    """The answers of many snapshots: the axis `time` comes first.

    value: the main variable of the snapshots' answers, e.g. radiance (time, rows, columns)
    time: [s], or the number of the snapshot where fields do not say their time; increasing
    key figures: variables on (time,), e.g. radiance_mean, radiance_max, radiant_power
    snapshot: names of the snapshots, files for instance
    """

    @property
    def time(self) -> NDArray[np.float64]:
        """Times [s] of the snapshots, or their numbers where fields do not say their times."""
        return np.asarray(self[TIME], dtype=np.float64)

    def rows(self) -> Table:
        """A row for each snapshot: key figures, and what there is at each point where points are few."""
        return Table(tuple(self._columns()), {**self.table.attributes, "main": self._figures()[0].name})

    def _figures(self) -> list[Variable]:
        """Numbers on (time,)."""
        return [
            v for v in self.variables()
            if v.dims == (TIME,) and not v.is_coordinate and v.values.dtype.kind != "U"
        ]  # fmt: skip

    def _columns(self) -> Iterator[Variable]:
        """Variables on (time,) and, of an answer at few points, on (time, point)."""
        answer = self.table.main.without_bands()
        few = len(answer.dims) == 2 and answer.values.shape[1] <= COLUMNS
        for v in self.variables():
            if v.name.startswith("total_") and v.name.removeprefix("total_") in self:
                continue  # the same as that one over all bands
            v = v.without_bands() if TIME in v.dims else v
            if v.dims == (TIME,) or (few and v.dims == answer.dims):
                yield v

    def pictures(self, up: str = "z") -> dict[str, Callable[[], Figure]]:
        """The key figures against time, then every variable."""
        from ..plots import lines

        return {"summary": lambda: lines.against_time(self.rows())} | super().pictures(up)

    def files(self) -> dict[str, str]:
        """Everything, a row for each snapshot, and both against time."""
        return {"series.h5": "", "series.csv": "", "series.png": "summary"}

    def summary(self) -> str:
        """A few lines of text: how many snapshots, how their answers go, the work."""
        s, unit, attributes = self.stats, self.table[TIME].unit, self.table.attributes
        when = f"time {span(self.time)} s" if unit != "1" else "without times"
        lines = [f"series         {s['snapshots']} snapshots, {when}; of each a {attributes['of']}"]
        lines += [
            f"{label(v.name)}{span(v.values)}{'' if v.unit == '1' else f' {v.unit}'}" for v in self._figures()
        ]
        counted = f"{s['rays']} rays, " if "rays" in s else ""
        lines.append(f"work           {counted}{s['seconds']:.3g} s")
        return "\n".join(lines + [f"note           {note}" for note in self.notes()])

    def notes(self) -> list[str]:
        """What the user should know about the answers, each with how many snapshots it is said of."""
        return list(self.table.attributes.get("said", ()))

    def __repr__(self) -> str:
        return f"SeriesResult({self.stats['snapshots']} snapshots)\n{self.summary()}"


def moment(result: Result, name: str, time: float | None, first: Result | None) -> Result:
    """Return what a series keeps of the answer of one snapshot, arrays copied.

    name, time [s]: of the snapshot; first: what was kept of the first one
    Raises InputError when the answer does not lie on the points of the first one.
    """
    answer = (result.table.main.name, "error_bound", "error_estimate")
    kept, once = [], []
    for v in result.variables():
        place = v.is_coordinate or v.unit in PLACES or v.values.dtype.kind == "U"
        if place and v.name not in answer:
            once.append(v)
        else:
            kept.append(replace(v, values=v.values.copy()))
    differ = [] if first is None else [v.name for v in once if not _same(v, first)]
    if first is not None:
        _check_points(name, kept, differ, first)
    kept += result.key_figures()
    about = {
        "snapshot": name,
        "time": time,
        "notes": result.notes(),
        "over": [v.name for v in kept],
        "differ": differ,
    }
    places = once if first is None else []
    table = Table((*places, *kept), {**result.table.attributes, "moment": about})
    return Result(table, result._spectrum)


def _same(v: Variable, first: Result) -> bool:
    """Whether a variable is as in the first answer; what is not known is the same."""
    if v.name not in first:
        return False
    other = first.table[v.name]
    if v.dims != other.dims or v.values.shape != other.values.shape:
        return False
    return bool(np.array_equal(v.values, other.values, equal_nan=v.values.dtype.kind == "f"))


def _check_points(name: str, kept: Sequence[Variable], differ: Sequence[str], first: Result) -> None:
    """Raise InputError unless the variables have the dims, shapes and coordinates of the first answer's."""
    before = first.table.attributes["moment"]["snapshot"]
    for v in kept:
        moved = [dim for dim in v.dims if dim in differ]
        shape = first[v.name].shape if v.name in first else v.values.shape
        if moved or shape != v.values.shape:
            what = f"along {', '.join(moved)}" if moved else f"in shape {v.values.shape}, not {shape}"
            raise InputError(
                f"{name}: its answer lies on other points than that of {before} ({what}), so that the two have no "
                "common axes; give snapshots of one grid, or ask for an image or for fluxes at points, which "
                "do not depend on the grid"
            )


def stacked(moments: Sequence[Result], seconds: float) -> SeriesResult:
    """Return the series of what `moment` kept of each snapshot, in order of time.

    seconds: that the whole has taken. Raises InputError when two variables get one name.
    """
    about = [m.table.attributes["moment"] for m in moments]
    times = [a["time"] for a in about]
    known = all(t is not None for t in times)
    order = np.argsort(times, kind="stable").tolist() if known else list(range(len(times)))
    when = np.array([times[k] for k in order]) if known else np.arange(len(times), dtype=np.float64)
    text = "time of the snapshot" if known else "number of the snapshot, in order, from 0"
    first = moments[0].table
    names = np.array([about[k]["snapshot"] for k in order])
    variables = [
        Variable(TIME, (TIME,), when, "s" if known else "1", text),
        Variable("snapshot", (TIME,), names, "1", "where the field came from"),
    ]
    over = list(dict.fromkeys(name for a in about for name in a["over"]))
    variables += [_against_time(name, [moments[k] for k in order]) for name in over]
    differ = {name for a in about for name in a["differ"]}
    used = {dim for v in variables for dim in v.dims}
    places = [v for v in first.variables if v.name not in over and v.name not in differ]
    used |= {dim for v in places if not v.is_coordinate for dim in v.dims}
    variables += [v for v in places if not v.is_coordinate or v.name in used]
    attributes = {
        "kind": SeriesResult.__name__,
        "of": first.attributes["kind"],
        "title": f"{first.attributes['title']} against time",
        "main": first.attributes["main"],
        "stats": _stats(moments, seconds),
        "config": first.attributes["config"],
        "snapshots": [
            {"name": a["snapshot"], "time": a["time"], "medium": m.config.get("medium", {})}
            for a, m in zip(about, moments, strict=True)
        ],
        "said": [*_about_time(times, order, known), *_notes(about), *_left_out(first, differ)],
    }
    return SeriesResult(Table(tuple(variables), attributes), moments[0].spectrum)


def _against_time(name: str, moments: Sequence[Result]) -> Variable:
    """A variable of all snapshots; nan where one has none, as an estimate where nothing had to be estimated."""
    v = next(m.table[name] for m in moments if name in m)
    nothing = replace(v, values=np.full(v.values.shape, np.nan))
    values = np.stack([(m.table[name] if name in m else nothing).values for m in moments])
    return replace(v, dims=(TIME, *v.dims), values=values)


def _stats(moments: Sequence[Result], seconds: float) -> dict[str, Any]:
    """Counts of all snapshots together."""
    counts = {
        name: sum(m.stats[name] for m in moments)
        for name in ("rays", "crossings")
        if all(name in m.stats for m in moments)
    }
    return {"snapshots": len(moments), **counts, "seconds": seconds}


def _about_time(times: Sequence[float | None], order: Sequence[int], known: bool) -> list[str]:
    """What there is to say of the times of snapshots."""
    out = []
    missing = sum(t is None for t in times)
    if not known:
        out.append(
            f"{missing} of {len(times)} snapshots do not say their time: they stand by number; a native field has "
            "its time in the dataset time, in s"
        )
    elif list(order) != sorted(order):
        out.append(
            "the snapshots were given in another order than that of their times, in which they stand here"
        )
    again = len(times) - len(set(times))
    if known and again:
        out.append(f"{again} of {len(times)} snapshots have a time that another one has, too")
    return out


def _notes(about: Sequence[dict[str, Any]]) -> list[str]:
    """Notes of the snapshots: those that differ in numbers only are one, with the text of the first."""
    kinds: dict[str, list[tuple[str, str]]] = {}
    for a in about:
        for note in a["notes"]:
            kinds.setdefault(re.sub(r"[0-9.e+-]+", "#", note), []).append((a["snapshot"], note))
    return [
        f"{len(said)} of {len(about)} snapshots, {said[0][0]} first: {said[0][1]}" for said in kinds.values()
    ]


def _left_out(first: Table, differ: set[str]) -> list[str]:
    """What the answers have and the series has not."""
    names = [v.name for v in first.variables if v.name in differ]
    remedy = "the files of each snapshot have it: each = true under [output]"
    return [f"left out of the series: {', '.join(names)}; {remedy}"] if names else []
