"""The profile of a line of sight as a table holds it, and averages along it."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

from ..table import Table, Variable

RADIANCE = "W m-2 sr-1"
PROFILE = {
    "s": ("m", "distance from the observer, mid-segment"),
    "length": ("m", "length of the segment"),
    "optical_depth": ("1", "optical depth from the observer to mid-segment, of the Planck mean kappa"),
    "temperature": ("K", "temperature at mid-segment"),
    "kappa": ("1/m", "absorption coefficient, of several bands their mean weighted by the source"),
    "source": (RADIANCE, "source at mid-segment"),
    "emission": ("W m-3 sr-1", "emission per length, kappa times source, of all bands"),
    "contribution": (RADIANCE, "what the segment adds to the radiance"),
}
"""Columns of a line of sight's profile."""
PREFIX = "profile_"
AVERAGED = ("temperature", "kappa", "s")


def stored(name: str) -> str:
    """Return the name under which a table has a column."""
    return "s" if name == "s" else PREFIX + name


def columns(table: Table) -> list[Variable]:
    """Return the columns, with their own names; a file of an older version may lack some."""
    found = [(table[stored(name)], name) for name in PROFILE if stored(name) in table]
    return [Variable(name, v.dims, v.values, v.unit, v.long_name) for v, name in found]


def averages(table: Table) -> dict[str, dict[str, float]]:
    """Return what `RadianceResult.averages` does."""
    p = {v.name: v.values for v in columns(table)}
    if "emission" not in p:
        return {}
    weights = {"emission": p["emission"] * p["length"], "contribution": p["contribution"]}
    whole = {kind: float(w.sum()) for kind, w in weights.items()}
    return {
        kind: {n: float(w @ p[n]) / whole[kind] if whole[kind] > 0.0 else float("nan") for n in AVERAGED}
        for kind, w in weights.items()
    }


def words(means: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Say averages, a line for each kind."""
    if any(isnan(of["s"]) for of in means.values()):
        return ["nothing is emitted along the line"]
    weight = {"emission": "weighted by emission", "contribution": "weighted by what of it arrives"}
    return [
        f"{weight[kind]}: temperature {of['temperature']:.6g} K, kappa {of['kappa']:.4g} 1/m, "
        f"distance {of['s']:.4g} m"
        for kind, of in means.items()
    ]
