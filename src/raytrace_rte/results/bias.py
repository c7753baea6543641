"""Which way a two-colour temperature is wrong, as far as the solved scene lets one know."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..media.ratio import Ratio
from ..media.response import Response
from .result import Result

NOTHING = 1e-4
"""Relative difference of temperatures that is put down to rounding and interpolation."""
WORTH = 5e-3
"""Relative difference of temperatures from which one is told."""
FAINT = 1e-3
"""Emissivity of a ray below which nothing is concluded from it."""
DIM = 0.8
"""Part of what a ray of one temperature would show below which it is not of one temperature."""


def remarks(source: Result, found: Result, responses: Mapping[str, Response]) -> list[str]:
    """Return sentences about a two-colour temperature.

    source: the result in bands; found: the two-colour result; responses: of the colours a and b
    """
    told = _emissivities(source, found, responses), _profile(source, found, responses)
    return [*_too_dark(found), *told[0], *told[1]]


def _too_dark(found: Result) -> list[str]:
    """Where a colour is brighter than a blackbody at the ratio temperature: nothing that cold can be."""
    T, bound = found.value, found["error_bound"]
    brightest = np.fmax(found["brightness_temperature_a"], found["brightness_temperature_b"])
    below = brightest - T
    low = below > NOTHING * T + 2.0 * np.nan_to_num(
        bound
    )  # brightness errs by less than the ratio temperature
    if not low.any():
        return []
    certain = "" if np.isnan(bound[low]).any() else " for certain"
    return [
        f"too low{certain} at {_some(low)}, by {below[low].max():.3g} K or more: the ratio temperature is below a "
        "colour's brightness temperature, which no emissivity up to 1 allows; optically thick soot or colder soot in "
        "front does that"
    ]


def _emissivities(source: Result, found: Result, responses: Mapping[str, Response]) -> list[str]:
    """Compare the assumed emissivities with those of the rays, 1 - transmittance."""
    if "transmittance" not in source or source.spectrum.edges is None:
        return []
    T, edges, b = found.value, source.spectrum.edges, responses["b"]
    absorbed = 1.0 - source["transmittance"].reshape(*T.shape, len(edges))
    emissivity = {colour: absorbed @ response.shares(edges) for colour, response in responses.items()}
    known = np.isfinite(T) & np.all([e > FAINT for e in emissivity.values()], axis=0)
    single = Ratio(responses["a"], b, "grey").temperature(
        np.where(known, found["ratio"] * emissivity["b"] / np.where(known, emissivity["a"], 1.0), np.nan)
    )
    shown = b.blackbody(found["brightness_temperature_b"]) / (emissivity["b"] * b.blackbody(single))
    mixed = known & (shown < DIM)
    out = []
    for word, off in (("high", T - single), ("low", single - T)):
        wrong = known & ~mixed & (off > WORTH * T)
        if wrong.any():
            out.append(
                f"too {word} at {_some(wrong)} by {np.median(off[wrong]):.3g} K (median), where rays are about of "
                "one temperature: their emissivities (1 - transmittance) are not in the ratio that is assumed"
            )
    if mixed.any():
        out.append(
            f"rays are not of one temperature at {_some(mixed)}, which show much less than their transmittance "
            "would: where the colder part lies in front, it absorbs more of short waves, and the ratio temperature "
            "is too low"
        )
    lost = np.isfinite(T) & np.isnan(absorbed).any(axis=-1)
    if lost.any():
        out.append(
            f"transmittance is not known at {_some(lost)}, so that nothing is said of emissivities there; "
            "Auto(transmittance=True) gives it"
        )
    return out


def _profile(source: Result, found: Result, responses: Mapping[str, Response]) -> list[str]:
    """Compare with where the light of a line of sight comes from."""
    edges = source.spectrum.edges
    if "profile_contribution_band" not in source or edges is None or not np.isfinite(found.value).all():
        return []
    temperature, bands = source["profile_temperature"], source["profile_contribution_band"]
    T = found.value.item()
    seen = bands @ sum(response.shares(edges) for response in responses.values())
    if not seen.sum() > 0.0:
        return []
    mean = float((seen * temperature).sum() / seen.sum())
    if abs(T - mean) <= WORTH * mean:
        return []
    return [
        f"too {'low' if mean > T else 'high'} by {abs(T - mean):.3g} K against where the light of both colours comes "
        f"from: {mean:.5g} K, the mean along the line weighted by what each segment contributes"
    ]


def _some(which: NDArray[np.bool_]) -> str:
    return f"{int(which.sum())} of {which.size} entries" if which.size > 1 else "this entry"
