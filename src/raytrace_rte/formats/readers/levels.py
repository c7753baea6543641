"""Grids that are refined in places, put onto one grid: that of a chosen level."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ... import checks
from ...errors import InputError


def chosen(path: Path, part: str, finest: int) -> int:
    """Return the number of the level that `part` names, as "level 2"; the finest where it is "".

    Raises InputError when there is no such level.
    """
    checks.text(f"{path}: option part", part)
    match = re.fullmatch(r"level (\d{1,3})", part or f"level {finest}")
    if match is None or int(match[1]) > finest:
        raise InputError(f'{path}: option part is {part!r}; expected "level 0" to "level {finest}"')
    return int(match[1])


def notes(level: int, finest: int, shape: Sequence[int], own: int | None) -> Iterator[str]:
    """Yield what one grid costs and leaves out; own: cells of the level itself, None where that is not known."""
    if finest == 0:
        return
    count = math.prod(shape)
    text = f"Level {level} of 0 to {finest} on one grid of {' x '.join(map(str, shape))} cells"
    if level and own is not None:
        text += (
            f": {count - own} of them ({100 * (count - own) / count:.3g} %) repeat cells of coarser levels, which "
            "costs memory and time and adds no detail"
        )
    yield f"{text}."
    if level < finest:
        yield f"Finer levels, up to {finest}, are left out: there, cells hold what the code wrote for this level."
