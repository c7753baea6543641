"""The section [detector] of a config: what the light that a sensor gathers falls on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ..errors import InputError
from .sections import Section

Resolve = Callable[[str], Path]
PLAIN = ("radiance", "brightness_temperature", "transmittance", "optical_depth")
"""Quantities that a picture may show where there is no detector."""


class ResponseTable(Section):
    """A response curve: a CSV file, two edges of a top-hat, or wavelengths with values, and the unit of these."""

    file: str | None = None
    top_hat: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    wavelength: list[float] | None = None
    value: list[float] | None = None
    units: str | None = None
    name: str | None = None

    def response(self, resolve: Resolve) -> Any:
        """Return the rte.Response; a path is relative to the config. InputError unless it is one curve."""
        import raytrace_rte as rte

        from ..units import to_si

        ways = [key for key in ("file", "top_hat", "wavelength") if getattr(self, key) is not None]
        if len(ways) != 1 or (self.value is None) == (ways == ["wavelength"]):
            found = ", ".join(self.arguments()) or "no key"
            raise InputError(f"found {found}; expected one of: file; top_hat; wavelength and value")
        if self.file is not None:
            if self.units is not None:
                raise InputError("units belongs to top_hat and wavelength; a file has its own in its header")
            return rte.read_response(resolve(self.file), self.name)
        at = to_si(self.top_hat or self.wavelength or [], self.units, "length", ways[0])
        if self.top_hat is not None:
            return rte.Response.top_hat(float(at[0]), float(at[1]), self.name)
        return rte.Response(at, self.value or [], self.name)


class OneColourSection(ResponseTable):
    """rte.Response, and what an answer in bands is `through` it."""

    quantities: ClassVar = (
        "detector_radiance", "in_band_radiance", "mean_spectral_radiance", "brightness_temperature",
    )  # fmt: skip
    kind: Literal["response"]

    def detector(self, resolve: Resolve) -> Any:
        """Return the detector."""
        from ..sensors.detectors import OneColour

        return OneColour(self.response(resolve))


class TwoColourSection(Section):
    """rte.two_colour."""

    quantities: ClassVar = ("ratio_temperature", "ratio", "apparent_emissivity")
    kind: Literal["two_colour"]
    response_a: ResponseTable
    response_b: ResponseTable
    assumption: Literal["grey", "soot"] = "grey"
    least: float = 1e-6

    def detector(self, resolve: Resolve) -> Any:
        """Return the detector; InputError that names the response."""
        from ..sensors.detectors import TwoColour

        def response(name: str) -> Any:
            try:
                return getattr(self, name).response(resolve)
            except InputError as error:
                raise InputError(f"{name}: {str(error).removeprefix('response: ')}") from None

        return TwoColour(response("response_a"), response("response_b"), self.assumption, self.least)


KINDS: dict[str, type[Section]] = {"response": OneColourSection, "two_colour": TwoColourSection}


def built(section: OneColourSection | TwoColourSection, sensor: Any, resolve: Resolve) -> Any:
    """Return the sensor with the detector behind it; InputError on what is no response."""
    from ..sensors.detectors import Detected

    try:
        return Detected(sensor, section.detector(resolve))
    except InputError as error:
        raise InputError(f"[detector]: {str(error).removeprefix('response: ')}") from None


def check_quantity(quantity: str | None, section: OneColourSection | TwoColourSection | None) -> None:
    """Raise InputError when the picture shall show what the answer does not have."""
    known = PLAIN if section is None else section.quantities
    if quantity is not None and quantity not in known:
        raise InputError(f"[output]: 'quantity' is {quantity!r}; expected one of {', '.join(known)}")
