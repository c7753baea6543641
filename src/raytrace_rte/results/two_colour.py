"""Two-colour pyrometry: a temperature from the ratio of what two detectors show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from .. import checks
from ..grid import FloatArray
from ..media.ratio import Ratio
from ..media.response import Response
from ..table import Variable
from .bias import remarks
from .detector import BRIGHTNESS, SHAPE, DetectorResult, files, places, trust_lines
from .result import Result
from .words import label, largest, method_text, span


class Seeing(Protocol):
    """A result that a detector's response can be applied to: of rays, images, lines of sight or points."""

    def through(self, response: Response) -> DetectorResult: ...


class TwoColourResult(Result):
    """What a two-colour pyrometer shows, in the sensor's shape; made by `two_colour`.

    value: `ratio_temperature` [K]; nan where the ratio is one that no temperature gives
    ratio: of the detector radiances, a over b [1]
    apparent_emissivity: that a body at the ratio temperature would need to be as bright in the colour of longer waves
    brightness_temperature_a, _b: of each colour [K]
    detector_radiance_a, _b: of each colour [W m-2 sr-1]; of fluxes detector_flux_a, ...
    error_bound, error_estimate, shape_error_estimate: of the ratio temperature, from those of both colours
    """

    @property
    def ratio_temperature(self) -> FloatArray:
        """Temperature from the ratio [K]; nan where no temperature gives it."""
        return self.value

    @property
    def apparent_emissivity(self) -> FloatArray:
        """Emissivity that a body at the ratio temperature would need, in the colour of longer waves [1]."""
        return self["apparent_emissivity"]

    def files(self) -> dict[str, str]:
        """Everything, a picture, and of an image temperature and apparent emissivity in float32."""
        return files(self, "apparent_emissivity")

    def summary(self) -> str:
        """A few lines of text."""
        detector = self.config["detector"]
        a, b = (detector[f"response_{colour}"]["name"] for colour in "ab")
        lines = [
            f"method         {method_text(self.config)}",
            f"detector       two colours, {a} over {b}; emissivity: {detector['assumption']}",
            f"{label('ratio')}{span(self['ratio'])}",
            f"temperature    {span(self.value)} K from the ratio; brightness {span(self[f'{BRIGHTNESS}_a'])} K and "
            f"{span(self[f'{BRIGHTNESS}_b'])} K",
            f"work           {self.stats['rays']} rays, {self.stats['seconds_trace']:.3g} s",
            *trust_lines(self, self[SHAPE]),
        ]
        return "\n".join(lines + [f"note           {note}" for note in self.notes()])

    def notes(self) -> list[str]:
        """What the user should know, how the assumption fails first."""
        least, size = self.config["detector"]["least"], self.value.size
        dark = int(np.isnan(self["ratio"]).sum())
        odd = int(np.isnan(self.value).sum()) - dark
        out = []
        if dark:
            out.append(
                f"{dark} of {size} entries show less than {least:g} of the greatest signal, or nothing: nan"
            )
        if odd:
            out.append(f"{odd} of {size} ratios are such as no temperature gives: nan")
        return [*out, *self.table.attributes["remarks"], *super().notes()]


def two_colour(
    result: Seeing, response_a: Response, response_b: Response, assumption: str = "grey", least: float = 1e-6
) -> TwoColourResult:
    """Return the temperature that a two-colour pyrometer shows for a result in bands.

    result: of rays, images, a line of sight, or fluxes at points
    assumption: "grey", the emissivity is the same in both colours; "soot", it is that of a thin layer of soot with
        constant E(m), in proportion to 1 / lambda
    least: part of a colour's greatest signal below which it shows nothing, and there is no temperature

    Ratio temperatures are wrong where the assumption is: in optically thick soot, behind colder soot, and where gas
    absorbs. The summary says which way, as far as brightness, transmittance or the profile let it know.
    Raises InputError when a response reaches outside the bands, and when the ratio cannot tell a temperature.
    """
    least = checks.number("two_colour: least", least, low=0.0, high=1.0)
    own = checks.instance(
        "result", result, Result, "a result of rays, images, a line of sight or points, in bands"
    )
    ratio_of = Ratio(response_a, response_b, assumption)
    responses = {"a": response_a, "b": response_b}
    seen = {colour: result.through(response) for colour, response in responses.items()}
    ratio = _ratio(seen, least)
    T, dims = ratio_of.temperature(ratio), seen["a"].table.main.dims

    def spread(name: str) -> FloatArray:
        """Greatest change of the temperature when both colours are off by so much."""
        (first, da), (second, db) = ((one.value, one[name]) for one in seen.values())
        least_ratio = _over(np.maximum(first - da, 0.0), second + db)
        most_ratio = _over(first + da, np.maximum(second - db, 0.0))
        changes = (np.abs(ratio_of.temperature(end) - T) for end in (least_ratio, most_ratio))
        return np.asarray(np.maximum(*changes))

    errors = {name: spread(name) for name in ("error_bound", "error_estimate") if name in seen["a"]}
    shape = Variable(
        SHAPE, dims, spread(SHAPE), "K", "estimated error of the shape inside bands", "error_estimate"
    )
    detector = {"assumption": assumption, "least": least}
    detector |= {f"response_{colour}": response.to_dict() for colour, response in responses.items()}
    out = TwoColourResult.build(
        "ratio_temperature", T, "K", "temperature from the ratio of two colours", dims=dims,
        coordinates=places(own), more=[*_more(seen, ratio, T), shape], stats=own.stats,
        config={**own.config, "detector": detector}, spectrum=own.spectrum, **errors,
    )  # fmt: skip
    return TwoColourResult(out.table.with_attributes(remarks=remarks(own, out, responses)), own.spectrum)


def _ratio(seen: Mapping[str, DetectorResult], least: float) -> FloatArray:
    """Return the ratio of both signals, nan where one of them is below that part of its greatest."""
    bright = [one.value >= least * largest(one.value) for one in seen.values()]
    return np.where(bright[0] & bright[1], _over(seen["a"].value, seen["b"].value), np.nan)


def _more(seen: Mapping[str, DetectorResult], ratio: FloatArray, T: FloatArray) -> list[Variable]:
    """Return what a result has beside the temperature T of its ratio."""
    longer = max(seen.values(), key=lambda one: sum(one.response.ends))
    dims, bright = longer.table.main.dims, longer.response.blackbody(longer.brightness_temperature)
    emissivity = _over(bright, longer.response.blackbody(T))
    out = [
        Variable("ratio", dims, ratio, "1", "detector radiance of colour a over that of b"),
        Variable(
            "apparent_emissivity", dims, emissivity, "1", "emissivity at that temperature, longer colour"
        ),
    ]
    for colour, one in seen.items():
        for v in (one.table.main, one.table[BRIGHTNESS]):
            text = f"{v.long_name}, colour {colour}"
            out.append(Variable(f"{v.name}_{colour}", dims, v.values, v.unit, text))
    return out


def _over(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return a / b, nan where b is not above 0."""
    return np.divide(a, b, out=np.full(np.shape(a), np.nan), where=b > 0.0)
