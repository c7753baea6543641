"""Sensors of radiances and fluxes whose answer is what a detector with a response shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import InputError
from ..media.passage import Passage
from ..media.ratio import Ratio
from ..media.response import Response
from ..media.spectrum import Spectrum
from ..results.result import Result
from ..results.two_colour import Seeing, two_colour
from ..solvers.rays import RayTask
from ..solvers.scene import Scene, Sensor


class Detector(Protocol):
    """What makes an answer of one in bands: checked against the bands before the work."""

    def check(self, spectrum: Spectrum) -> None: ...
    def answer(self, result: Seeing) -> Result: ...
    def settings(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class OneColour:
    """A detector with one response."""

    response: Response

    def check(self, spectrum: Spectrum) -> None:
        """Raise InputError when the response reaches outside the bands."""
        Passage(spectrum, self.response)

    def answer(self, result: Seeing) -> Result:
        """Return what the detector shows."""
        return result.through(self.response)

    def settings(self) -> dict[str, Any]:
        """What is recorded of it."""
        return {"response": self.response.to_dict()}


@dataclass(frozen=True)
class TwoColour:
    """A two-colour pyrometer; see `two_colour`."""

    response_a: Response
    response_b: Response
    assumption: str
    least: float

    def check(self, spectrum: Spectrum) -> None:
        """Raise InputError when a response reaches outside the bands, or the ratio tells no temperature."""
        Ratio(self.response_a, self.response_b, self.assumption)
        for response in (self.response_a, self.response_b):
            Passage(spectrum, response)

    def answer(self, result: Seeing) -> Result:
        """Return what the pyrometer shows."""
        return two_colour(result, self.response_a, self.response_b, self.assumption, self.least)

    def settings(self) -> dict[str, Any]:
        """What is recorded of it."""
        a, b = self.response_a.to_dict(), self.response_b.to_dict()
        return {"response_a": a, "response_b": b, "assumption": self.assumption, "least": self.least}


@dataclass(frozen=True)
class Detected:
    """A sensor behind whose optics there is a detector: the same rays, and the detector's answer."""

    sensor: Sensor[Any]
    detector: Detector

    def settings(self) -> dict[str, Any]:
        """What a Result records."""
        return {**self.sensor.settings(), "detector": self.detector.settings()}

    def task(self, scene: Scene) -> RayTask[Result]:
        """Follow the sensor's rays; InputError when the detector does not fit the bands, or there are no rays."""
        self.detector.check(scene.medium.spectrum)
        task = self.sensor.task(scene)
        if not isinstance(task, RayTask):
            raise InputError(
                "detector: found a sensor of all cells; a detector is for cameras, rays, a line of sight and points"
            )
        return task.then(self.detector.answer)
