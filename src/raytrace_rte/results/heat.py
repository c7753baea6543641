"""What `solve` returns for a whole volume: heat in cells and at walls, and whether it balances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import Cartesian, FloatArray
from ..sensors.images import HeatSource

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".h5", ".vtkhdf", ".png")
OPAQUE_CELL = 1.0
"""Optical depth of a cell above which the sweep alone is wrong by more than some per cent."""


@dataclass(frozen=True, eq=False)
class HeatResult:
    """The answer of a volume solve. Cell arrays (nx, ny, nz), with the band last if the medium has bands.

    G: incident radiation, the integral of I over all directions [W m-2]
    emission, absorption, div_q: of each cell [W m-3]; div_q = emission - absorption is the heat it loses
    error: estimated error of div_q [W m-3]: no bound, as there is no discrete reference (docs/theory.md)
    limited: cells that follow the Rosseland limit
    wall_flux: net flux into the wall [W m-2] for each face that is a wall, e.g. (ny, nz) for x_min
    wall_incident: flux that arrives there [W m-2]
    radiosity: radiance that leaves each wall cell, and under "solids" each solid cell [W m-2 sr-1]
    solid_heat: net power into each solid cell [W], in the order of the mask's true cells
    budget: emitted, absorbed, to each wall and to solids [W] (per metre or m2 if axes are infinite), residual
    stats, config: counts, seconds, and how it was made
    """

    grid: Cartesian
    G: FloatArray
    emission: FloatArray
    absorption: FloatArray
    div_q: FloatArray
    error: FloatArray
    limited: NDArray[np.bool_]
    wall_flux: Mapping[str, FloatArray]
    wall_incident: Mapping[str, FloatArray]
    radiosity: Mapping[str, FloatArray]
    solid_heat: FloatArray
    budget: Mapping[str, float]
    stats: Mapping[str, Any]
    config: Mapping[str, Any]
    sensor: HeatSource

    @property
    def value(self) -> FloatArray:
        """div_q [W m-3]."""
        return self.div_q

    @property
    def radiant_power(self) -> float:
        """Heat that the medium loses in all [W]; over the heat release it is the radiant fraction."""
        return self.budget["emitted"] - self.budget["absorbed"]

    def save(self, path: str | Path) -> Path:
        """Write the result; the suffix decides: .h5 (everything), .vtkhdf (for ParaView), .png (slices).

        Raises InputError on another suffix, or when the file cannot be written.
        """
        from ..formats import heat_files

        path = Path(path)
        if path.suffix not in SUFFIXES:
            raise InputError(f"save: {path.name} has suffix '{path.suffix}'; expected {', '.join(SUFFIXES)}")
        if path.suffix == ".png":
            self.plot(path)
        else:
            heat_files.WRITERS[path.suffix](self, path)
        return path

    def plot(self, path: str | Path | None = None, quantity: str = "div_q") -> Figure:
        """Return a figure, and write it to path (PNG) when one is given.

        quantity: "div_q", "G", "emission", "absorption" or "error" in three slices through the middle, or
        "wall_flux" for all walls. Raises InputError on another quantity.
        """
        from ..plots import images as plot
        from ..plots import maps as plot_heat

        figure = plot_heat.draw(self, quantity)
        if path is not None:
            plot.save(figure, path)
        return figure

    def summary(self) -> str:
        """A few lines of text: method, ranges, energy budget, work and time."""
        s, b = self.stats, self.budget
        emitted, rms = max(b["emitted"], 1e-300), float(np.sqrt(np.mean(self.error**2)))
        shares = [f"{100 * b['absorbed'] / emitted:.3g} % absorbed again"]
        shares += [
            f"{100 * v / emitted:.3g} % {k.replace('_', ' ', 1)}" for k, v in b.items() if k.startswith("to_")
        ]
        lines = [
            f"method         {self.config['method']['kind']}, {s['directions']} directions",
            f"div q          {self.div_q.min():.6g} .. {self.div_q.max():.6g} W m-3",
            f"G              {self.G.min():.6g} .. {self.G.max():.6g} W m-2",
            f"budget         emitted {b['emitted']:.6g} W, of it {', '.join(shares)}",
            f"               residual {b['residual']:.2g} W, {b['residual_relative']:.1e} of it",
            f"work           {s['sweeps']} sweeps, {s['crossings']:.4g} cell crossings, "
            f"{s['cells_limit']} of {s['cells']} cells by the Rosseland limit, {s['seconds_trace']:.3g} s",
            f"trust          div q within about {rms:.3g} W m-3 (rms): an estimate, no bound",
        ]
        lines += [f"note           {note}" for note in self.notes()]
        return "\n".join(lines)

    def notes(self) -> list[str]:
        """What the user should know about the accuracy, each with its remedy."""
        thickest = self.stats["optical_depth"]["cell_max"]
        if self.config["method"]["kind"] == "march" and thickest > OPAQUE_CELL:
            return [
                f"optical depth {thickest:.3g} per cell: a sweep alone is off by about its third power times "
                "(mean free path / scale)^2; use method=Auto"
            ]
        return []

    def __repr__(self) -> str:
        return f"HeatResult({'x'.join(map(str, self.G.shape))})\n{self.summary()}"
