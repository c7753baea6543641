"""What `solve` returns for radiometers, wall flux and incident radiation at points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from .. import checks
from ..errors import InputError
from ..grid import FloatArray
from ..media.response import Response
from ..media.spectrum import Spectrum
from ..table import BAND, Variable
from .detector import DetectorResult, detected
from .result import Result
from .words import label, largest, method_text, span

FLUX = "W m-2"
LONG_NAMES = {"incident_flux": "flux that arrives within the view", "G": "incident radiation"}


class FluxResult(Result):
    """Fluxes at points [W m-2] in the sensor's shape, with the band last if the medium has bands.

    value: flux through the view (`incident_flux`), or for `incident` the incident radiation `G`
    error_bound: bound of what the method left out, against March(order=2) along the same rays
    error_estimate: estimated error of the directions, no bound: the standard error of fresh rays, or of a fixed set
        half the difference between two
    """

    old_names: ClassVar[Mapping[str, str]] = {"error": "error_bound", "angular_error": "error_estimate"}

    @classmethod
    def build(  # type: ignore[override]  # what is given is another thing for each kind of answer
        cls,
        dims: Sequence[str],
        coordinates: Sequence[Variable],
        value: FloatArray,
        *,
        name: str,
        error_bound: FloatArray,
        error_estimate: FloatArray,
        view: float,
        stats: Mapping[str, Any],
        config: Mapping[str, Any],
        spectrum: Spectrum,
        spectral: bool,
    ) -> FluxResult:
        """Return the result from arrays of the sensor's shape, + (n_band,) if spectral.

        dims, coordinates: of the sensor, without the band, positions and normals among them
        name: "incident_flux" or "G"; view: flux of constant radiance 1 through the view [sr]: pi sin^2 of its
            half angle, 4 pi for the sphere
        """
        all_ = (*dims, BAND) if spectral else tuple(dims)
        variables = [
            *coordinates,
            Variable(name, all_, value, FLUX, LONG_NAMES[name], "error_estimate"),
            Variable(
                "error_bound", all_, error_bound, FLUX, "bound of what the method left out", "error_bound"
            ),
            Variable(
                "error_estimate",
                all_,
                error_estimate,
                FLUX,
                "estimated error of the directions",
                "error_estimate",
            ),
        ]
        return cls.assemble(
            LONG_NAMES[name], name, variables, stats=stats, config=config, spectrum=spectrum, view=view
        )

    @property
    def incident_flux(self) -> FloatArray:
        """Flux that arrives [W m-2]."""
        return self.value

    @property
    def G(self) -> FloatArray:
        """Incident radiation of `incident` [W m-2]; InputError for sensors with a normal."""
        if self.table.main.name != "G":
            raise InputError(f"{self.kind} sees one side only; G is for incident(points)")
        return self.value

    @property
    def kind(self) -> str:
        """Name of the sensor: radiometer, wall_flux, incident, ..."""
        return str(self.config["sensor"]["kind"])

    def net_flux(self, T_wall: float, emissivity: float = 1.0) -> FloatArray:
        """Flux absorbed less flux emitted by a surface there [W m-2]: emissivity (incident - sigma T^4).

        For a narrower view, what the surface emits into that view. In bands of a weighted sum it emits with the
        shares of the nearest gas, on which the sum over the bands does not depend.
        Raises InputError for `incident`, and on a temperature [K] or emissivity out of range.
        """
        if self.table.main.name == "G":
            raise InputError("incident(points) has no surface; use radiometer or wall_flux for a net flux")
        T = checks.number("T_wall", T_wall, low=0.0, unit="K")
        share = checks.number("emissivity", emissivity, low=0.0, high=1.0)
        emitted = self.spectrum.wall_emission(T)
        if "mole_ratio" in self:
            ratio = self["mole_ratio"].ravel()
            emitted = self.spectrum.wall_emission(np.full(ratio.shape, T), ratio).reshape(self.value.shape)
        if BAND not in self.table.main.dims:
            emitted = emitted.sum()
        return np.asarray(share * (self.value - self.table.attributes["view"] * emitted))

    def gauge_flux(self, T_gauge: float = 293.15, emissivity: float = 1.0) -> FloatArray:
        """What a cooled heat-flux gauge at T_gauge [K] reads in all bands [W m-2]; calibrated to a black one if 1."""
        net = self.net_flux(checks.number("T_gauge", T_gauge, low=0.0, unit="K"), emissivity)
        return np.asarray(net.sum(axis=-1)) if BAND in self.table.main.dims else net

    def through(self, response: Response) -> DetectorResult:
        """Return what a detector with this response shows of the bands; InputError where it reaches outside them.

        Within bands that the response cuts, the light is distributed over wavelength as that of a black enclosure.
        """
        return detected(self, response, self.table.attributes["view"])

    def notes(self) -> list[str]:
        """What the user should know about the answer, each with its remedy."""
        short, out = self.stats.get("short", 0), super().notes()
        if short:
            rtol, rays = self.config["sensor"]["rtol"], self.config["sensor"]["max_rays"]
            out.append(
                f"{short} of the points are not good to rtol {rtol:g} with {rays} rays: raise one of them"
            )
        return out

    def files(self) -> dict[str, str]:
        """Everything, a row a point, and a picture of the flux."""
        return {"result.h5": "", f"{self.kind}.csv": "", f"{self.kind}.png": self.table.main.name}

    def summary(self) -> str:
        """A few lines of text."""
        s, main = self.stats, self.table.main
        points = main.without_bands().values.size
        bound = largest(self.together("error_bound"))
        rays = f"rays certified within {bound:.3g} {FLUX}" if np.isfinite(bound) else "rays without a bound"
        if "directions" in s:
            how, honest = (
                f"{s['directions']} directions for each of {points} points",
                "half the difference of two sets",
            )
        else:
            aim = self.config["sensor"]["rtol"]
            mean = s["rays"] / max(points, 1)
            how = f"{points} points to rtol {aim:g}, {mean:.4g} rays each, at most {s['rays_most']}"
            honest = "standard error of fresh rays"
        if s.get("light_estimate"):
            rays = "no bound, as the light that surfaces reflect is an estimate"
            honest += ", and the error of that light"
        lines = [
            f"method         {method_text(self.config)}, {how}",
            f"{label('incident')}{span(self.total)} {FLUX}{self._of_bands()}",
            f"work           {s['rays']} rays, {s['crossings']:.4g} cell crossings, "
            f"{s['seconds_trace']:.3g} s",
            f"trust          {rays}; directions good to about "
            f"{largest(self.together('error_estimate')):.3g} {FLUX} ({honest})",
        ]
        return "\n".join(lines + [f"note           {note}" for note in self.notes()])

    def __repr__(self) -> str:
        return f"FluxResult({self.kind})\n{self.summary()}"
