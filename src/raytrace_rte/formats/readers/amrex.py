"""Plotfiles of AMReX and BoxLib (PeleC, PeleLMeX, Castro, FLASH-X): a folder with Header, Level_0, Level_1, ...

Layout: AMReX documentation, "Plotfile format" (HyperCLaw-V1.1). Nothing in a plotfile states a unit of length:
some codes write cm, others m. So the unit has to be given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...execution import memory
from ..digest import hashing
from ..moments import Moment, moment
from ..source import Array, Axes, Source
from . import amrex_files as files
from . import levels
from .amrex_files import Level, Plotfile
from .probe import head

FORMAT = "AMReX plotfile"
SPECIES = re.compile(r"([XY])\((.+)\)")
"""Names of the Pele codes, as Y(CO2): fractions, which have no unit."""
KINDS = {"Y": "mass_fraction", "X": "mole_fraction"}
QUANTITIES = {"RhoRT": "pressure"}
"""Names of PeleLMeX; its avg_pressure is the difference that drives the flow, and is not taken."""


def recognises(path: Path) -> bool:
    """Whether a folder has the Header of a plotfile."""
    return re.match(rb"(HyperCLaw|NavierStokes|CartGrid)-V\d", head(path / "Header", 40)) is not None


@contextmanager
def opened(path: Path, time: Moment = None, part: str = "") -> Iterator[Source]:
    """Yield the cells of a plotfile on the grid of one level.

    time: of the one moment that a plotfile holds, or None
    part: "level 0", "level 1", ...; the finest where it is not given. Where that level has no cells, those of
        coarser levels are repeated; the notes count them.

    Raises InputError when a file is missing, cut, or not as documented.
    """
    plot = files.plotfile(path)
    finest = len(plot.levels) - 1
    chosen = levels.chosen(path, part, finest)
    moment([plot.time], time, str(path))
    used = plot.levels[: chosen + 1]
    shape, own = used[-1].shape, sum(math.prod(box.shape) for box in used[-1].boxes)
    with hashing(path / "Header", *(name for level in used for name in level.files)) as digest:
        yield Source(
            path,
            FORMAT,
            {name: _array(plot, chosen, i) for i, name in enumerate(plot.names)},
            grid=_axes(plot, used[-1]),
            times=(plot.time,),
            time=plot.time,
            notes=list(levels.notes(chosen, finest, shape, own)),
            digest=digest,
        )


def _axes(plot: Plotfile, level: Level) -> Axes:
    faces: list[Any] = [
        np.linspace(low, high, n + 1) for low, high, n in zip(plot.low, plot.high, level.shape, strict=True)
    ]
    return Axes(*faces, *[None] * (3 - len(faces)))


def _array(plot: Plotfile, level: int, component: int) -> Array:
    name = plot.names[component]
    match = SPECIES.fullmatch(name)
    return Array(
        name,
        plot.levels[level].shape,
        plot.dtype,
        partial(_covering, plot, level, component),
        "1" if match else "",
        tuple("xyz"[: len(plot.low)]),
        "cell",
        f"{KINDS[match[1]]}/{match[2]}" if match else QUANTITIES.get(name, ""),
    )


def _covering(plot: Plotfile, level: int, component: int, index: tuple[Any, ...]) -> NDArray[np.floating]:
    """Return a component on the grid of a level, cells of coarser levels repeated where there are none."""
    fine = plot.levels[level]
    memory.require(math.prod(fine.shape) * plot.dtype.itemsize, f"{plot.path}: level {level}")
    out = np.empty(fine.shape, plot.dtype)
    for coarse in plot.levels[: level + 1]:
        ratio = [n // m for n, m in zip(fine.shape, coarse.shape, strict=True)]
        for box in coarse.boxes:
            block = files.values(plot, box, component)
            for axis, times in enumerate(ratio):
                block = block if times == 1 else block.repeat(times, axis)
            corner = [(i - first) * r for i, first, r in zip(box.low, coarse.low, ratio, strict=True)]
            out[tuple(slice(i, i + n) for i, n in zip(corner, block.shape, strict=True))] = block
    return out[index]
