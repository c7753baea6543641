"""The spectrum along rays: radiances of wavelength bands over the bands' widths."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from ..grid import FloatArray
from ..media.spectral import band_temperatures
from ..media.spectrum import Spectrum
from ..table import BAND, Variable
from .result import Result
from .words import label, largest, span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MICRON = 1e-6
UNIT = "W m-2 sr-1 um-1"
WAVELENGTH = "wavelength"


class SpectralResult(Result):
    """Spectral radiances [W m-2 sr-1 um-1] of a line of sight, (n_band,), or of rays, (n_ray, n_band).

    wavelength, lower, upper: centres and edges of the bands [um]
    transmittance: of the whole ray [1]; brightness_temperature: of each band [K]
    blackbody: spectral radiance of the blackbody at the greatest of these temperatures [W m-2 sr-1 um-1]
    error_bound, error_estimate: of the spectral radiance, as of the radiance
    """

    def pictures(self, up: str = "z") -> dict[str, Callable[[], Figure]]:
        """The spectrum beside that of the blackbody, with the transmittance; and every variable."""
        from ..plots import spectra

        out = super().pictures(up)
        return out | {"spectral_radiance": lambda: spectra.spectrum(self.table)}

    def summary(self) -> str:
        """A few lines of text."""
        lower, upper, bound = self["lower"], self["upper"], self.error_bound
        lines = [
            f"spectrum       {len(lower)} bands, {lower[0]:.6g} to {upper[-1]:.6g} um",
            f"{label('radiance')}{span(self.value)} {UNIT}",
            f"brightness     {span(self['brightness_temperature'])} K",
        ]
        if bound is not None and not np.isnan(bound).all():
            lines.append(f"trust          certified within {largest(bound):.3g} {UNIT}")
        return "\n".join(lines + [f"note           {note}" for note in self.notes()])

    def notes(self) -> list[str]:
        """What the user should know: bands that are left out first."""
        endless = self.table.attributes["endless"]
        lost = [f"left out {', '.join(endless)}: without an end, a band has no spectral radiance"]
        return [*(lost if endless else []), *super().notes()]


def spectral(result: Result) -> SpectralResult:
    """Return the spectrum of a result of rays in wavelength bands; bands without an end are left out, and named.

    Raises InputError for images, and where the spectrum has no wavelengths.
    """
    main, spectrum = result.table.main, result.spectrum
    if spectrum.edges is None:
        raise InputError(
            f"spectrum: the medium has no wavelength bands, it is {spectrum!r}; expected Spectrum.bands(edges)"
        )
    if main.dims != ("ray", BAND):
        raise InputError(
            f"spectrum: found an answer over ({', '.join(main.dims)}); expected rays or a line of sight"
        )
    kept = np.asarray(np.isfinite(spectrum.edges).all(axis=1))
    edges, single = spectrum.edges[kept], main.values.shape[0] == 1
    width = np.diff(edges, axis=1)[:, 0] / MICRON
    dims = (WAVELENGTH,) if single else ("ray", WAVELENGTH)
    banded = Spectrum.bands(edges)
    temperature = band_temperatures(banded, main.values[:, kept])
    hottest = np.nanmax(temperature, axis=1, initial=0.0)
    emitted = banded.wall_emission(hottest)

    def along(name: str, values: FloatArray, unit: str, text: str, trust: str = "") -> Variable:
        return Variable(name, dims, values[0] if single else values, unit, text, trust)

    places = [
        Variable(WAVELENGTH, (WAVELENGTH,), edges.mean(axis=1) / MICRON, "um", "centre of the band"),
        Variable("lower", (WAVELENGTH,), edges[:, 0] / MICRON, "um", "lower edge of the band"),
        Variable("upper", (WAVELENGTH,), edges[:, 1] / MICRON, "um", "upper edge of the band"),
    ]
    errors = {
        name: along(name, result[name][:, kept] / width, UNIT, "").values
        for name in ("error_bound", "error_estimate")
        if name in result
    }
    more = [
        along("transmittance", result["transmittance"][:, kept], "1", "transmittance of the whole ray"),
        along("brightness_temperature", temperature, "K", "brightness temperature of the band"),
        along("blackbody", emitted / width, UNIT, "blackbody at the greatest brightness temperature"),
    ]
    found = along("", main.values[:, kept] / width, UNIT, "").values
    out = SpectralResult.build(
        "spectral_radiance", found, UNIT, "spectral radiance, mean over the band", dims=dims, coordinates=places,
        more=more, stats=result.stats, config=result.config, spectrum=spectrum, **errors,
    )  # fmt: skip
    endless = [name for name, ends in zip(spectrum.names, kept.tolist(), strict=True) if not ends]
    return SpectralResult(out.table.with_attributes(endless=endless), spectrum)
