"""What `solve` returns for cameras, rays and lines of sight: radiances, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..grid import FloatArray
from ..media.response import Response
from ..media.spectrum import Spectrum
from ..table import BAND, Table, Variable
from . import profiles
from .detector import DetectorResult, detected
from .profiles import RADIANCE
from .result import Result
from .spectral import SpectralResult, spectral
from .words import label, largest, method_text, span

if TYPE_CHECKING:
    from matplotlib.figure import Figure


SPECTRUM = "spectrum"
"""What a line of sight in wavelength bands shows beside its profile."""
REGIMES = ("exact", "thin", "thick")


class RadianceResult(Result):
    """Radiances [W m-2 sr-1] in the sensor's shape, with the band last if the medium has bands.

    value: radiance that arrives at the sensor
    error_bound: bound of |value - March(order=2)|: certified for Auto, 0 for the march (its remainder,
        if it was stopped), nan for limits and Threshold, which have none
    error_estimate: no bound: size of the first term that a limit neglects, or the error of the light that surfaces
        reflect; else None
    transmittance, optical_depth: of the whole ray [1], nan where Auto did not follow it to its end
    steps: steps of each regime along the ray: exact cells, thin and thick shortcuts; the last axis
    hit: whether the ray meets the grid
    profile: for a line of sight one row per cell crossed (columns of profiles.PROFILE); the wall adds to their sum
    """

    old_names: ClassVar[Mapping[str, str]] = {"error": "error_bound", "estimate": "error_estimate"}

    @classmethod
    def build(  # type: ignore[override]  # what is given is another thing for each kind of answer
        cls,
        dims: Sequence[str],
        coordinates: Sequence[Variable],
        value: FloatArray,
        *,
        error_bound: FloatArray,
        error_estimate: FloatArray | None,
        transmittance: FloatArray,
        optical_depth: FloatArray,
        steps: NDArray[np.int64],
        left_out: NDArray[np.int64],
        hit: NDArray[np.bool_],
        profile: NDArray[np.void] | None = None,
        stats: Mapping[str, Any],
        config: Mapping[str, Any],
        spectrum: Spectrum,
        spectral: bool,
    ) -> RadianceResult:
        """Return the result from arrays of the sensor's shape, + (n_band,) if spectral.

        dims, coordinates: of the sensor, without the band; hit: sensor's shape; steps: sensor's shape + (3,);
        error_estimate: None but for limits, whose error_bound is nan
        """
        shape, all_ = tuple(dims), (*dims, BAND) if spectral else tuple(dims)
        trust = "error_bound" if error_estimate is None else "error_estimate"
        variables = [
            *coordinates,
            Variable("radiance", all_, value, RADIANCE, "radiance arriving at the sensor", trust),
            Variable(
                "error_bound",
                all_,
                error_bound,
                RADIANCE,
                "bound of |radiance - March(order=2)|",
                "error_bound",
            ),
        ]
        if error_estimate is not None:
            light = stats.get("light_estimate", False)
            text = "estimated error of reflected light" if light else "size of the first neglected term"
            variables += [Variable("error_estimate", all_, error_estimate, RADIANCE, text, "error_estimate")]
        variables += [
            Variable("transmittance", all_, transmittance, "1", "transmittance of the whole ray"),
            Variable("optical_depth", all_, optical_depth, "1", "optical depth of the whole ray"),
            Variable("regime", ("regime",), np.array(REGIMES), "1", "kind of step along a ray"),
            Variable("steps", (*shape, "regime"), steps, "1", "steps of each regime along the ray"),
            Variable(
                "left_out",
                shape,
                left_out,
                "1",
                "cells that shortcuts left out, an estimate",
                "error_estimate",
            ),
            Variable("hit", shape, hit, "1", "whether the ray meets the grid"),
        ]
        if profile is not None:
            variables += [
                Variable(profiles.stored(name), ("s",), profile[name], unit, text)
                for name, (unit, text) in profiles.PROFILE.items()
            ]
        if profile is not None and spectral:
            text = "what the segment adds to the radiance of each band"
            own = profile["contribution_band"]
            variables.append(Variable(profiles.stored("contribution_band"), ("s", BAND), own, RADIANCE, text))
        return cls.assemble("radiance", "radiance", variables, stats=stats, config=config, spectrum=spectrum)

    @property
    def transmittance(self) -> FloatArray:
        """Transmittance of the whole ray [1]; nan where it was not followed to its end."""
        return self["transmittance"]

    @property
    def optical_depth(self) -> FloatArray:
        """Optical depth of the whole ray [1]; nan where it was not followed to its end."""
        return self["optical_depth"]

    @property
    def steps(self) -> NDArray[np.int64]:
        """Steps of each regime (exact, thin, thick) along the ray: the sensor's shape + (3,)."""
        return self["steps"]

    @property
    def hit(self) -> NDArray[np.bool_]:
        """Whether the ray meets the grid."""
        return self["hit"]

    @property
    def profile(self) -> NDArray[np.void] | None:
        """Of a line of sight, one row per cell crossed; None for other sensors."""
        if "s" not in self:
            return None
        columns = profiles.columns(self.table)
        out = np.empty(len(self["s"]), dtype=[(v.name, np.float64) for v in columns])
        for v in columns:
            out[v.name] = v.values
        return out

    @property
    def brightness_temperature(self) -> FloatArray:
        """Temperature of the black wall that shows the same radiance in all bands together [K]."""
        return np.asarray(self.spectrum.brightness_temperature(self.total))

    def through(self, response: Response) -> DetectorResult:
        """Return what a detector with this response shows of the bands; InputError where it reaches outside them."""
        return detected(self, response)

    def spectral_radiance(self) -> SpectralResult:
        """Return the spectrum of rays or a line of sight; InputError for images and without wavelength bands."""
        return spectral(self)

    def showing(self, quantity: str) -> Result:
        """Return the same with another main variable; the spectrum where that is meant."""
        return self.spectral_radiance() if quantity == SPECTRUM else super().showing(quantity)

    def rows(self) -> Table:
        """Of a line of sight its profile, else one row for each ray."""
        if "s" not in self:
            return self.table
        columns = profiles.columns(self.table)
        radiance, emitted = float(self.total.sum()), float(columns[-1].values.sum())
        parts = f"radiance {radiance!r} {RADIANCE}", *profiles.words(self.averages())
        comment = f"{'; '.join(parts)}; of the radiance, emitted along the way {emitted!r}"
        return Table(tuple(columns), {**self.table.attributes, "main": columns[-1].name, "comment": comment})

    def averages(self) -> dict[str, dict[str, float]]:
        """Of a line of sight, averages of temperature [K], kappa [1/m] and distance s [m] over its segments.

        "emission": weighted by what segments emit, kappa S times length: those of the gas itself
        "contribution": weighted by what of it arrives: those that the observer sees, behind what absorbs
        Empty for other sensors; nan where nothing is emitted.
        """
        return profiles.averages(self.table)

    def figures(self) -> list[Variable]:
        """Of a line of sight, temperature and kappa weighted by emission."""
        mean = self.averages().get("emission", {})
        return [
            Variable(f"emission_mean_{name}", (), np.array(mean[name]), unit, f"{name} weighted by emission")
            for name, unit in (("temperature", "K"), ("kappa", "1/m"))
            if name in mean
        ]

    def compared(self) -> list[Variable]:
        """The answer; of a line of sight also what its segments add to it."""
        more = [self.table[profiles.stored("contribution")]] if "s" in self else []
        return [*super().compared(), *more]

    def pictures(self, up: str = "z") -> dict[str, Callable[[], Figure]]:
        """Every variable, brightness_temperature, and for images the regimes; a line of sight's profile."""
        from ..plots import images, lines
        from ..plots.draw import draw

        def brightness() -> Figure:
            dims = self.table.main.without_bands().dims
            v = Variable("brightness_temperature", dims, self.brightness_temperature, "K", "of the total")
            return draw(self.table.with_variables([v]), v.name, up)

        out = super().pictures(up) | {"brightness_temperature": brightness}
        if "s" in self:
            out["radiance"] = lambda: lines.profile(profiles.columns(self.table), float(self.total.sum()))
        out["regimes"] = lambda: images.regimes(self.table)
        if self._has_spectrum:
            out[SPECTRUM] = lambda: self.spectral_radiance().plot()
        return out

    def files(self) -> dict[str, str]:
        """Everything, a picture, and what suits it: an image, a profile, or a list of rays."""
        main = self.table.main
        image = len(main.without_bands().dims) == 2
        stem = "image" if image else "profile" if "s" in self else "rays"
        names = {"result.h5": "", f"{stem}.png": ""}
        if not image:
            names[f"{stem}.csv"] = ""
        else:
            names["image.tif"] = ""
        if image and "budget" in self.stats:
            names["regimes.png"] = "regimes"
        if self._has_spectrum:
            names |= {"spectrum.csv": SPECTRUM, "spectrum.png": SPECTRUM}
        return names

    @property
    def _has_spectrum(self) -> bool:
        """Whether it is a line of sight in wavelength bands, one of which has an end at least."""
        edges = self.spectrum.edges
        return (
            "s" in self
            and BAND in self.table.main.dims
            and edges is not None
            and bool(np.isfinite(edges).all(1).any())
        )

    def summary(self) -> str:
        """A few lines of text: method, range of the answer, optical depths, work and time."""
        s = self.stats
        tau, hottest = s["optical_depth"], self.spectrum.brightness_temperature(largest(self.total))
        depth = (
            f"optical depth  cell mean {tau['cell_mean']:.3g}, cell max {tau['cell_max']:.3g}, "
            f"domain {tau['domain']:.3g}"
        )
        if "ray_max" in tau:
            depth += f"; ray median {tau['ray_median']:.3g}, ray max {tau['ray_max']:.3g}"
        lines = [
            f"method         {method_text(self.config)}",
            f"{label('radiance')}{span(self.total)} {RADIANCE}{self._of_bands()} "
            f"(brightness up to {float(hottest):.1f} K)",
            depth,
            f"work           {s['rays']} rays ({s['rays_missed']} miss the field), "
            f"{s['crossings']:.4g} cell crossings, {s['seconds_trace']:.3g} s on {s['threads']} threads",
            *self._trust(),
            *(f"averages       {words}" for words in profiles.words(self.averages())),
        ]
        return "\n".join(lines + [f"note           {note}" for note in self.notes()])

    def _trust(self) -> list[str]:
        s = self.stats
        if self.error_estimate is not None and s.get("light_estimate"):
            worst = largest(self.together("error_estimate"))
            return [
                f"trust          good to about {worst:.3g} {RADIANCE}: an estimate, no bound, as the light that "
                "surfaces reflect is one (half the difference of two sets of directions)"
            ]
        if self.error_estimate is not None:
            worst = largest(self.together("error_estimate"))
            return [
                f"trust          a limit, without a bound; first neglected term up to {worst:.3g} {RADIANCE}"
            ]
        if "budget" not in s or self.value.size == 0:
            return []
        steps, spent, worst = s["steps"], s["budget"], largest(self.together("error_bound"))
        total = max(1, sum(steps.values()))
        shares = ", ".join(f"{100 * steps[name] / total:.1f} % {name}" for name in REGIMES)
        saved = float(self["left_out"].sum()) if "left_out" in self else 0.0
        left_out = saved / max(saved + s["crossings"], 1.0)
        bound = f"certified within {worst:.3g} {RADIANCE} of march(order=2)"
        if s.get("light_estimate"):  # a result of an older version
            bound = (
                f"rays good to {worst:.3g} {RADIANCE} of march(order=2): an estimate, as the light that "
                "surfaces reflect is one"
            )
        return [
            f"regimes        {shares} steps; about {100 * left_out:.3g} % of all cells skipped",
            f"trust          {bound}; tolerance spent {100 * spent['mean']:.2g} % on average, "
            f"{100 * spent['max']:.2g} % at most",
        ]

    def notes(self) -> list[str]:
        """What the user should know about the answer, each with its remedy."""
        out = super().notes()
        thickest = self.stats["optical_depth"]["cell_max"]
        method = self.config["method"]
        if method["kind"] == "march" and method["order"] == 1 and thickest > 1:
            out.append(
                f"optical depth {thickest:.3g} per cell: the piecewise-constant march is first order here; "
                "use March(order=2)"
            )
        unknown = self.stats.get("rays_not_followed", 0)
        if unknown:
            stopped = method["kind"] == "march"
            remedy = "March without stop gives them" if stopped else "Auto(transmittance=True) gives them"
            out.append(
                f"transmittance and optical depth are not known for {unknown} of {self.stats['rays']} rays, "
                f"which were not followed to their end; {remedy}"
            )
        return out

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.value.shape))
        return f"RadianceResult({shape}, {method_text(self.config)})\n{self.summary()}"
