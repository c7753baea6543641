"""What `solve` returns: the answer, how far it can be trusted, and how it was made."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..planck import brightness_temperature
from ..sensors.images import Sensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from xarray import Dataset

SUFFIXES = (".h5", ".tif", ".tiff", ".png", ".csv")


@dataclass(frozen=True, eq=False)
class Result:
    """The answer of one `solve`. Arrays have the sensor's shape, with the band last if the medium has bands.

    value: radiance that arrives at the sensor [W m-2 sr-1]
    error: bound of |value - March(order=2)| [W m-2 sr-1]: certified for Auto, 0 for the march (its remainder,
        if it was stopped), nan for limits and Threshold, which have none
    estimate: size of the first term that a limit neglects [W m-2 sr-1]: no bound; None for the march
    transmittance: of the whole ray [1]; 1 - tau in the thin limit; 0 in the thick limit and where a ray was
        ended early, what it lets through being part of `error`
    optical_depth: of the way followed [1]: a lower bound where a ray was ended early; inf in the thick limit
    steps: steps of each regime along the ray: exact cells, thin and thick shortcuts; the last axis
    stats: rays, crossings (cells and nodes read), steps, seconds, threads, optical depths, Auto's budget
    config: method, sensor, walls, medium, versions
    sensor: what was asked
    profile: for a line of sight, one row per cell crossed: s, length [m], optical_depth [1], temperature [K],
        kappa [1/m], source and contribution [W m-2 sr-1] at mid-segment; the wall adds to their sum
    """

    value: NDArray[np.float64]
    error: NDArray[np.float64]
    estimate: NDArray[np.float64] | None
    transmittance: NDArray[np.float64]
    optical_depth: NDArray[np.float64]
    steps: NDArray[np.int64]
    stats: Mapping[str, Any]
    config: Mapping[str, Any]
    sensor: Sensor
    profile: NDArray[np.void] | None = None

    @property
    def brightness_temperature(self) -> NDArray[np.float64]:
        """Temperature of the blackbody of the same total radiance [K]."""
        return brightness_temperature(self.value)

    def save(self, path: str | Path) -> Path:
        """Write the result; the suffix decides: .h5 (everything; xarray opens it), .tif or .tiff (float32
        radiance), .png (the picture), .csv (a profile or single rays). Nothing half-written is left.

        Raises InputError on another suffix, or when the file cannot be written.
        """
        from ..formats import result_files

        path = Path(path)
        if path.suffix not in SUFFIXES:
            raise InputError(f"save: {path.name} has suffix '{path.suffix}'; expected {', '.join(SUFFIXES)}")
        if path.suffix == ".png":
            self.plot(path)
        else:
            result_files.WRITERS[path.suffix](self, path)
        return path

    def plot(self, path: str | Path | None = None, quantity: str = "radiance") -> Figure:
        """Return a figure of the image, profile or rays, and write it to path (PNG) when one is given.

        quantity: "radiance", "brightness_temperature", "transmittance", "optical_depth", or "regimes" (the
            radiance beside a map of which steps each ray took).
        Raises InputError on another quantity or when the file cannot be written.
        """
        from ..plots import images as plot

        figure = plot.draw(self, quantity)
        if path is not None:
            plot.save(figure, path)
        return figure

    def to_xarray(self) -> Dataset:
        """Return the result as an xarray Dataset with dimensions and units (needs the extra [xarray])."""
        from ..formats.result_files import to_xarray

        return to_xarray(self)

    def summary(self) -> str:
        """A few lines of text: method, range of the answer, optical depths, work and time."""
        tau, s = self.stats["optical_depth"], self.stats
        low, high = float(np.min(self.value)), float(np.max(self.value))
        hottest = float(np.nanmax(self.brightness_temperature))
        seconds = s["seconds_trace"]
        lines = [
            f"method         {self._method()}",
            f"radiance       {low:.6g} .. {high:.6g} W m-2 sr-1 (brightness up to {hottest:.1f} K)",
            f"optical depth  cell mean {tau['cell_mean']:.3g}, cell max {tau['cell_max']:.3g}, "
            f"domain {tau['domain']:.3g}",
        ]
        if "ray_max" in tau:
            lines[-1] += f"; ray median {tau['ray_median']:.3g}, ray max {tau['ray_max']:.3g}"
        lines.append(
            f"work           {s['rays']} rays ({s['rays_missed']} miss the field), "
            f"{s['crossings']:.4g} cell crossings, {seconds:.3g} s on {s['threads']} threads"
        )
        if self.estimate is not None:
            worst = float(np.max(self.estimate))
            lines.append(
                f"trust          a limit, without a bound; first neglected term up to {worst:.3g} W m-2 sr-1"
            )
        if "budget" in s:
            steps, spent = s["steps"], s["budget"]
            total = max(1, sum(steps.values()))
            shares = (f"{100 * steps[name] / total:.1f} % {name}" for name in ("exact", "thin", "thick"))
            lines += [
                f"regimes        {', '.join(shares)} steps",
                f"trust          certified within {np.max(self.error):.3g} W m-2 sr-1 of march(order=2); "
                f"tolerance spent {100 * spent['mean']:.2g} % on average, {100 * spent['max']:.2g} % at most",
            ]
        lines += [f"note           {note}" for note in self.notes()]
        return "\n".join(lines)

    def notes(self) -> list[str]:
        """What the user should know about the accuracy, each with its remedy."""
        thickest = self.stats["optical_depth"]["cell_max"]
        method = self.config["method"]
        if method["kind"] == "march" and method["order"] == 1 and thickest > 1:
            return [
                f"optical depth {thickest:.3g} per cell: the piecewise-constant march is first order here; "
                "use March(order=2)"
            ]
        return []

    def _method(self) -> str:
        settings = {k: v for k, v in self.config["method"].items() if v is not None}
        return f"{settings.pop('kind')}({', '.join(f'{k}={v}' for k, v in settings.items())})"

    def __repr__(self) -> str:
        return f"Result({'x'.join(map(str, self.value.shape))}, {self._method()})\n{self.summary()}"

    def _repr_html_(self) -> str:
        from ..plots import images as plot

        return plot.html(self)


def provenance() -> dict[str, Any]:
    """Versions of what computed the answer."""
    return {"versions": dict(_versions())}


@cache
def _versions() -> dict[str, str]:
    packages = ("raytrace-rte", "numpy", "numba", "h5py")
    return {name: version(name) for name in packages} | {"python": platform.python_version()}


def to_json(settings: Mapping[str, Any]) -> str:
    """Settings as JSON text, NumPy numbers included."""
    return json.dumps(settings, indent=2, default=lambda v: v.item() if hasattr(v, "item") else str(v))
