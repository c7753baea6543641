"""What `solve` returns for radiometers, wall flux and incident radiation at points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from ..grid import FloatArray
from ..sensors.points import PointSensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".h5", ".csv", ".png")


@dataclass(frozen=True, eq=False)
class FluxResult:
    """The answer at points. Arrays have the sensor's shape, with the band last if the medium has bands.

    value: flux through the view [W m-2] (`incident_flux`), or for `incident` the incident radiation G [W m-2]
    error: bound of what the method left out, against March(order=2) along the same rays [W m-2]
    angular_error: estimate of the error of the directions, half the difference of two sets [W m-2]
    stats, config, sensor: how it was made
    """

    value: FloatArray
    error: FloatArray
    angular_error: FloatArray
    stats: Mapping[str, Any]
    config: Mapping[str, Any]
    sensor: PointSensor
    emission: Callable[[float], ArrayLike]

    @property
    def incident_flux(self) -> FloatArray:
        """Flux that arrives [W m-2]."""
        return self.value

    @property
    def G(self) -> FloatArray:
        """Incident radiation of `incident` [W m-2]; InputError for sensors with a normal."""
        if self.sensor.normals is not None:
            raise InputError(f"{self.sensor.kind} sees one side only; G is for incident(points)")
        return self.value

    def net_flux(self, T_wall: float, emissivity: float = 1.0) -> FloatArray:
        """Flux absorbed less flux emitted by a surface there [W m-2]: emissivity (incident - sigma T^4).

        For a narrower view, what the surface emits into that view. Raises InputError for `incident`, and on a
        temperature [K] or emissivity out of range.
        """
        if self.sensor.normals is None:
            raise InputError("incident(points) has no surface; use radiometer or wall_flux for a net flux")
        if not (np.isfinite(T_wall) and T_wall >= 0.0):
            raise InputError(f"net_flux: T_wall is {T_wall}; expected a temperature >= 0 [K]")
        if not 0.0 <= emissivity <= 1.0:
            raise InputError(f"net_flux: emissivity is {emissivity}; expected 0 to 1")
        emitted = self.sensor.view * np.asarray(self.emission(T_wall) if T_wall else 0.0)
        return np.asarray(emissivity * (self.value - emitted))

    def gauge_flux(self, T_gauge: float = 293.15, emissivity: float = 1.0) -> FloatArray:
        """What a cooled heat-flux gauge at T_gauge [K] reads [W m-2]; calibrated to a black gauge if 1."""
        return self.net_flux(T_gauge, emissivity)

    def save(self, path: str | Path) -> Path:
        """Write the result; the suffix decides: .h5 (everything), .csv (a line a point), .png (picture)."""
        from ..formats import flux_files

        path = Path(path)
        if path.suffix not in SUFFIXES:
            raise InputError(f"save: {path.name} has suffix '{path.suffix}'; expected {', '.join(SUFFIXES)}")
        if path.suffix == ".png":
            self.plot(path)
        else:
            flux_files.WRITERS[path.suffix](self, path)
        return path

    def plot(self, path: str | Path | None = None, quantity: str = "flux") -> Figure:
        """Return a map of a face, or the values of points in turn; write it to path (PNG) when given."""
        from ..plots import images as plot
        from ..plots import maps as plot_heat

        figure = plot_heat.flux(self)
        if path is not None:
            plot.save(figure, path)
        return figure

    def summary(self) -> str:
        """A few lines of text."""
        s = self.stats
        worst = float(np.max(self.angular_error))
        return "\n".join(
            [
                f"method         {self.config['method']['kind']}, {s['directions']} directions for each of "
                f"{len(self.sensor.points)} points",
                f"incident       {self.value.min():.6g} .. {self.value.max():.6g} W m-2",
                f"work           {s['rays']} rays, {s['crossings']:.4g} cell crossings, "
                f"{s['seconds_trace']:.3g} s",
                f"trust          rays certified within {np.max(self.error):.3g} W m-2; directions good to "
                f"about {worst:.3g} W m-2 (half the difference of two sets)",
            ]
        )

    def __repr__(self) -> str:
        return f"FluxResult({self.sensor.kind})\n{self.summary()}"
