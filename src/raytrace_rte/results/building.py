"""Variables that results are built of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..grid import Cartesian
from ..media.spectrum import Spectrum
from ..table import BAND, Variable

BAND_EDGES = "band_edges"
POWER = ("W", "W/m", "W/m2", "W/m3")
"""Unit of a power of the whole, by the number of axes without end."""


def power_unit(grid: Cartesian) -> str:
    """Return the unit of powers of a whole grid: per metre of each infinite axis."""
    return POWER[sum(bool(np.isinf(faces[0])) for faces in grid)]


def figure(name: str, value: float, unit: str, long_name: str, trust: str = "") -> Variable:
    """A variable of one number."""
    return Variable(name, (), np.asarray(value, dtype=np.float64), unit, long_name, trust)


def variables_of(name: str, given: Sequence[Variable]) -> Sequence[Variable]:
    """Variables, or InputError."""
    for v in checks.sequence(name, given, "a list of Variables"):
        checks.instance(name, v, Variable, "a list of Variables")
    return given


def like(values: NDArray[Any], given: NDArray[Any]) -> NDArray[Any]:
    """An array as it is; one number for all entries of values."""
    return np.full(values.shape, given) if given.ndim == 0 else given


def bands_of(spectrum: Spectrum) -> list[Variable]:
    """Number, name and, where there are any, edges of the bands of a spectrum."""
    out = [
        Variable(BAND, (BAND,), np.arange(spectrum.n_band), "1", "band number"),
        Variable("band_name", (BAND,), np.array(spectrum.names, dtype=str), "1", "name of the band"),
    ]
    if spectrum.edges is not None:
        out += [
            Variable("edge", ("edge",), np.array(["lower", "upper"]), "1", "edge of a band"),
            Variable(BAND_EDGES, (BAND, "edge"), spectrum.edges, "m", "wavelengths of the band's edges"),
        ]
    return out
