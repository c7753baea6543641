"""Whether numbers look like what they are said to be, in plain sentences; nothing here decides how a file is read."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..units import KINDS
from .ranges import Range
from .source import Array, printable

ATMOSPHERE = 101325.0
NEAR = 1.25
"""Factor within which a pressure is taken for that of the atmosphere."""
PRESSURES = ("Pa", "atm", "dyn/cm2", "kPa", "hPa", "Torr", "psi")
COLDEST = 200.0
"""Temperatures [K] below this are rarer than degrees Celsius that are called kelvin."""


def likely_unit(kind: str, found: Range) -> str:
    """Return the unit, or units, that numbers look like; "" where nothing can be said."""
    if math.isnan(found.low):
        return ""
    if kind == "temperature":
        return "degC" if found.low < COLDEST else "K"
    if kind == "pressure":
        for unit in PRESSURES:
            if 1 / NEAR < found.high * KINDS[kind][unit] / ATMOSPHERE < NEAR:
                return "atm or bar" if unit == "atm" else unit
        return ""
    if kind.endswith("fraction"):
        return "1" if found.high <= 1.0 else "%" if found.high <= 100.0 else "ppm"
    return "1/m" if kind == "absorption" else ""


def doubts(array: Array, kind: str, found: Range) -> Iterator[str]:
    """Yield what is odd about the numbers of a quantity whose unit is known."""
    if math.isnan(found.low) or array.units not in KINDS[kind]:
        return
    name, unit, span = printable(array.name), array.units, f"{found.low:.6g} to {found.high:.6g}"
    looks = likely_unit(kind, found)
    if kind == "temperature" and unit in ("K", "kelvin", "Kelvin") and looks == "degC":
        yield f"'{name}' spans {span} {unit}, which looks like degrees Celsius"
    if kind == "pressure" and looks and unit not in looks.split(" or "):
        share = found.high * KINDS[kind][unit] / ATMOSPHERE
        if not 1 / NEAR < share < NEAR:
            yield f"'{name}' spans {span} {unit}, up to {share:.3g} atm; it looks like {looks}"
    if kind.endswith("fraction") and found.high * KINDS[kind][unit] > 1.001:
        yield f"'{name}' spans {span} {unit}, which is above 1; it looks like {looks}"
    if kind == "absorption" and found.low < 0:
        yield f"'{name}' spans {span} {unit}, but nothing absorbs less than nothing"
