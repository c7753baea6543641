"""What names of arrays and axes mean, as programs write them."""

from __future__ import annotations

import re

AXES = ("x", "y", "z")
AXIS = re.compile(r"([xyz])_?(c|f|cent(?:er|re)s?|faces?|edges?|coords?|coordinates?|points?|nodes?)?")
"""The name of an axis, and what its positions are."""
IN_BRACKETS = re.compile(r"\s*\[([^\]]*)\]$")
"""A unit at the end of a name."""
ALONG_ONE_AXIS = ("grid", "position", "distance", "s")
"""Names of positions where data have one axis."""
NAMES = {
    "temperature": ("temperature", "T", "temp", "tgas", "temperature_k", "gastemperature", "air_temperature"),
    "pressure": ("pressure", "p", "pres", "press", "air_pressure"),
    "soot_volume_fraction": ("soot_volume_fraction", "fv", "fvsoot", "soot_fv"),
    "absorption_coefficient": ("absorption_coefficient", "kappa", "absorption", "k_abs"),
    "heat_release": ("heat_release", "heat_release_rate", "hrr", "hrrpuv", "qdot"),
    "density": ("density", "rho"),
}
"""Names taken for a quantity, in any case; but "t" is time."""
SPECIES = ("H2O", "CO2", "CO", "CH4", "N2", "O2", "H2", "OH", "NO", "C2H4", "C2H6", "C3H8", "AR", "Ar", "He")


def leaf(name: str) -> str:
    """Return the last part of a path; a slash in the brackets of a unit divides none."""
    return name[len(group(name)) :].removeprefix("/")


def group(name: str) -> str:
    """Return a path without its last part."""
    return IN_BRACKETS.sub("", name).rpartition("/")[0]


def bare(name: str) -> str:
    """Return the last part of a path, without a unit in brackets behind it."""
    return IN_BRACKETS.sub("", leaf(name))


def unit_in(name: str) -> str:
    """Return the unit in brackets at the end of a name, as in "T [K]"; else ""."""
    match = IN_BRACKETS.search(name)
    return match[1].strip() if match else ""


def axis_of(name: str) -> str:
    """Return "x", "y" or "z" where the last part of a name says that, as in grid/xc; else ""."""
    match = AXIS.fullmatch(leaf(name).lower())
    return match[1] if match else ""


def lies_at(name: str) -> str:
    """Return what a name says that lies at positions: "cell" of centres, "point" of points, "" of others."""
    match = AXIS.fullmatch(leaf(name).lower())
    what = (match[2] or "") if match else ""
    if what == "c" or what.startswith("cent"):
        return "cell"
    return "point" if what.startswith(("point", "node")) else ""


def means(name: str, quantity: str) -> bool:
    """Whether a name is one of those that are taken for a quantity."""
    word = bare(name)
    return word != "t" and word.lower() in (known.lower() for known in NAMES[quantity])
