"""What a detector with a response curve shows of a result in bands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import checks
from ..grid import FloatArray
from ..media.passage import Passage
from ..media.response import Response
from ..table import BAND, Variable
from .result import Result
from .words import label, largest, method_text, span

WORDS = {"radiance": "radiance", "incident_flux": "flux", "G": "G"}
"""The answer in bands -> what a detector's quantities are called after."""
SHAPE = "shape_error_estimate"
BRIGHTNESS = "brightness_temperature"
NOTHING = 1e-6
"""Estimated relative error of the shape inside bands that is not worth a line: the estimate's own is about that."""


class DetectorResult(Result):
    """What a detector shows, in the sensor's shape; made by `through` of a result in bands.

    value: `detector_radiance`, the integral of response times spectral radiance over wavelength [W m-2 sr-1]; of
        fluxes `detector_flux` or `detector_G` [W m-2], and likewise below
    in_band_radiance: radiance between the ends of the response, unweighted
    mean_spectral_radiance: detector radiance over the integral of the response [W m-2 sr-1 um-1]
    brightness_temperature: of the blackbody that shows the same detector radiance [K]; of fluxes of a black enclosure
    error_bound, error_estimate: of `value`, as of the radiances in bands that it is made of
    shape_error_estimate: no bound: what the shape of the spectrum inside bands that the response cuts errs by
    """

    @property
    def response(self) -> Response:
        """The response curve."""
        return Response.from_dict(self.config["detector"]["response"])

    @property
    def brightness_temperature(self) -> FloatArray:
        """Temperature of the blackbody that shows the same [K]; nan where there is none."""
        return self[BRIGHTNESS]

    @property
    def shape_error_estimate(self) -> FloatArray:
        """Estimated error of the shape inside bands that the response cuts, no bound; nan where there is none."""
        return self[SHAPE]

    def files(self) -> dict[str, str]:
        """Everything, a picture, and of an image what it shows and its brightness temperature in float32."""
        return files(self, BRIGHTNESS)

    def summary(self) -> str:
        """A few lines of text."""
        main, response = self.table.main, self.response
        lines = [
            f"method         {method_text(self.config)}",
            f"detector       {response.described}",
            f"{label(main.name.removeprefix('detector_'))}{span(main.values)} {main.unit}, weighted by the response",
            f"brightness     {span(self.brightness_temperature)} K",
            f"work           {self.stats['rays']} rays, {self.stats['seconds_trace']:.3g} s",
            *trust_lines(self, self.shape_error_estimate),
        ]
        return "\n".join(lines + [f"note           {note}" for note in self.notes()])


def detected(result: Result, response: Response, view: float = 1.0) -> DetectorResult:
    """Return what a detector shows of a result in bands.

    view: the answer of unit radiance from everywhere [sr]; 1 for radiances

    Raises InputError when the result has no wavelength bands or the response reaches outside them.
    """
    checks.instance("response", response, Response, "a Response, as of rte.Response.top_hat(low, high)")
    table, spectrum = result.table, result.spectrum
    main, passage = table.main, Passage(spectrum, response)
    bands = _banded(main, main.values) / view
    counted = passage.radiance(bands)
    in_band = counted
    if (response.value != 1.0).any():
        in_band = Passage(spectrum, Response.top_hat(*response.ends)).radiance(bands)
    errors = {
        name: passage.bound(bands, _banded(main, table[name].values) / view) * view
        for name in ("error_bound", "error_estimate")
        if name in table
    }
    word, dims = WORDS[main.name], main.without_bands().dims
    name, unit, per_width = f"detector_{word}", main.unit, 1e-6 / response.width
    more = [
        Variable(f"in_band_{word}", dims, in_band * view, unit, f"{word} between the ends of the response"),
        Variable(f"mean_spectral_{word}", dims, counted * view * per_width, f"{unit} um-1", f"mean spectral {word}"),
        Variable(BRIGHTNESS, dims, response.brightness_temperature(counted), "K", "of the detector's response"),
        Variable(
            SHAPE, dims, passage.shape_error(bands) * view, unit,
            "estimated error of the spectrum's shape inside bands", "error_estimate",
        ),
    ]  # fmt: skip
    return DetectorResult.build(
        name, counted * view, unit, f"{word} that the detector counts",
        dims=dims, coordinates=places(result), more=more, stats=result.stats,
        config={**result.config, "detector": {"response": response.to_dict()}}, spectrum=spectrum, **errors,
    )  # fmt: skip


def places(result: Result) -> list[Variable]:
    """Return what says where the entries of a result are: coordinates, positions, directions."""
    dims = result.table.main.without_bands().dims
    return [v for v in result.variables() if v.dims and set(v.dims) <= {*dims, "axis"} and not v.trust]


def files(result: Result, beside: str) -> dict[str, str]:
    """Return the names of a detector's files; beside: quantity that an image's job writes in files of its own."""
    if len(result.table.main.dims) != 2:
        return {"result.h5": "", "detector.csv": "", "detector.png": ""}
    more = {f"{beside}{end}": beside for end in (".png", ".tif")}
    return {"result.h5": "", "image.png": "", "image.tif": ""} | more


def trust_lines(result: Result, shape: FloatArray) -> Sequence[str]:
    """Return how far a detector's answer can be trusted, in lines of a summary; shape: error of that choice."""
    out, unit = [], result.table.main.unit
    bound, estimate, beside = result.error_bound, result.error_estimate, largest(shape)
    if bound is not None and not np.isnan(bound).all():
        out.append(
            f"certified within {largest(bound):.3g} {unit} of march(order=2) through the same response"
        )
    if estimate is not None:
        out.append(f"good to about {largest(estimate):.3g} {unit}: an estimate")
    if np.isnan(beside) and shape.size:
        out.append(
            "not known: the response cuts the only band, and the spectrum's shape within is a blackbody's"
        )
    elif beside > NOTHING * largest(np.abs(result.value)):
        out.append(
            f"the response cuts bands, in which the spectrum is taken as a blackbody's: off by about {beside:.3g} "
            f"{unit}, an estimate that knows no lines"
        )
    return [f"trust          {line}" for line in out]


def _banded(main: Variable, values: FloatArray) -> FloatArray:
    """Return values with the band last, also of one band without an axis."""
    return values if BAND in main.dims else values[..., None]
