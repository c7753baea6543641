"""Which of the moments of a file is meant: by its time, as the first or last, by its index or by its name there.

A number is always a time, so an index is a text, "index 3", that cannot be taken for seconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from .source import listed, printable

Moment = float | str | None
"""Which moment of a file: its time [s], "first", "last", "index 3" (from 0), or its name where the format has names;
None where the user did not say."""
SAME_TIME = 1e-6
"""Relative difference up to which a time that the user wrote is one of the file."""
INDEX = re.compile(r"index ([0-9]{1,18})")
TEXT = re.compile(rf"first|last|{INDEX.pattern}|[-+.0-9eE]+")
"""Texts that can say a moment; names are those of OpenFOAM's folders, which are numbers."""
EXPECTED = 'a number [s], "first", "last", "index 3", or the name of a time\'s folder as text'


def moment(times: Sequence[float], time: Moment, where: str, names: Sequence[str] = ()) -> int:
    """Return the number of the moment that is asked for; the last one where the user did not say.

    times: [s], at least one; names: what the file calls each of them, where it does
    Raises InputError that lists the moments when none of them is the one asked for.
    """
    if time is None or time == "last":
        return len(times) - 1
    if time == "first":
        return 0
    if isinstance(time, str):
        return _by_text(times, time, where, names)
    off = np.abs(np.asarray(times, dtype=np.float64) - time)
    best = int(np.argmin(np.where(np.isnan(off), np.inf, off)))
    if not off[best] <= SAME_TIME * max(abs(time), abs(float(times[best]))):
        raise InputError(f"{where}: time is {time!r} s; the file has {said_of(times)}; say {ways(times)}")
    return best


def _by_text(times: Sequence[float], time: str, where: str, names: Sequence[str]) -> int:
    if time in names:
        return names.index(time)
    index = INDEX.fullmatch(time)
    if index is not None and int(index[1]) < len(times):
        return int(index[1])
    named = f", or a name: {listed([printable(name) for name in names])}" if names else ""
    raise InputError(
        f"{where}: time is '{printable(time)}'; expected {ways(times)}{named}; the file has {said_of(times)}"
    )


def ways(times: Sequence[float]) -> str:
    """Return how one of several moments is said."""
    number = "" if np.isnan(times).any() else "a number [s], "
    last = f' to "index {len(times) - 1}"' if len(times) > 1 else ""
    return f'{number}"first", "last" or "index 0"{last}'


def said_of(times: Sequence[float]) -> str:
    """Return the moments of a file as messages list them."""
    count = f"{len(times)} moment{'' if len(times) == 1 else 's'}"
    if np.isnan(times).any():
        return f"{count} without a known unit of time"
    return f"{count}, at {listed([f'{t:g}' for t in times])} s"


def several(times: Sequence[float]) -> str:
    """Return the sentence that asks which of several moments is meant."""
    return f"which of {said_of(times)} is meant: time = {ways(times)}"
