"""Units at the border: a name becomes a factor to SI, and an unknown or missing name is an error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InputError, nearest

LENGTH = {
    "m": 1.0, "meter": 1.0, "metre": 1.0, "meters": 1.0, "metres": 1.0,
    "km": 1e3, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "micron": 1e-6, "nm": 1e-9, "ft": 0.3048, "in": 0.0254,
}  # fmt: skip
PRESSURE = {
    "Pa": 1.0, "N/m2": 1.0, "pascal": 1.0, "hPa": 1e2, "mbar": 1e2, "kPa": 1e3, "MPa": 1e6, "bar": 1e5,
    "atm": 101325.0, "dyn/cm2": 0.1, "barye": 0.1, "Torr": 101325.0 / 760.0, "mmHg": 133.322387415,
    "psi": 6894.757293168,
}  # fmt: skip
FRACTION = {"1": 1.0, "dimensionless": 1.0, "-": 1.0, "%": 1e-2, "percent": 1e-2, "ppm": 1e-6, "ppb": 1e-9}
PER_MOLE = {"mol/mol": 1.0, "mol mol-1": 1.0}
PER_MASS = {"kg/kg": 1.0, "kg kg-1": 1.0}
PER_VOLUME = {"m3/m3": 1.0, "m3 m-3": 1.0}
ABSORPTION = {
    spelling: factor
    for unit, factor in (("m", 1.0), ("cm", 1e2), ("mm", 1e3), ("ft", 1 / 0.3048))
    for spelling in (f"1/{unit}", f"{unit}-1", f"{unit}^-1", f"{unit}**-1")
}
ABSORPTION_PER_PRESSURE = {
    spelling: 1.0 / (length * PRESSURE[pressure])
    for length_unit, length in (("m", 1.0), ("cm", 1e-2))
    for pressure in ("Pa", "kPa", "bar", "atm")
    for spelling in (f"1/({length_unit} {pressure})", f"{length_unit}-1 {pressure}-1")
}
TEMPERATURE = {
    "K": (1.0, 0.0), "kelvin": (1.0, 0.0), "Kelvin": (1.0, 0.0),
    "degC": (1.0, 273.15), "°C": (1.0, 273.15), "C": (1.0, 273.15), "celsius": (1.0, 273.15),
    "Celsius": (1.0, 273.15), "degF": (5 / 9, 459.67 * 5 / 9), "°F": (5 / 9, 459.67 * 5 / 9),
}  # fmt: skip
POWER_DENSITY = {
    f"{prefix}W/{volume}": scale * factor
    for prefix, scale in (("", 1.0), ("k", 1e3), ("M", 1e6))
    for volume, factor in (("m3", 1.0), ("m^3", 1.0), ("cm3", 1e6), ("cm^3", 1e6))
} | {"W m-3": 1.0, "kW m-3": 1e3, "MW m-3": 1e6}
DENSITY = {"kg/m3": 1.0, "kg/m^3": 1.0, "kg m-3": 1.0, "g/cm3": 1e3, "g/cm^3": 1e3, "g cm-3": 1e3, "g/L": 1.0}
TIME = {
    "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0, "minutes": 60.0,
    "h": 3600.0, "hours": 3600.0, "days": 86400.0,
}  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {
    "length": LENGTH,
    "temperature": TEMPERATURE,
    "pressure": PRESSURE,
    "absorption": ABSORPTION,
    "absorption per pressure": ABSORPTION_PER_PRESSURE,
    "fraction": FRACTION,
    "mole fraction": FRACTION | PER_MOLE | PER_VOLUME,  # of ideal gases the same
    "mass fraction": FRACTION | PER_MASS,
    "volume fraction": FRACTION | PER_VOLUME,
    "heat release": POWER_DENSITY,
    "density": DENSITY,
    "time": TIME,
}


def to_si(values: ArrayLike, unit: object, kind: str, where: str) -> NDArray[np.floating]:
    """Return values in SI: [m], [K], [Pa], [1/m] [1], [W/m3], [kg/m3] or [s]; float32 stays float32.

    unit: what the file or map says; kind: a key of KINDS; where: file and dataset, for the message.
    Raises InputError when the unit is missing or not one of those known, or the values are not real numbers.
    """
    a = np.asarray(values)
    if a.dtype.kind not in "fiu":
        raise InputError(f"{where}: found data of type {a.dtype}; expected real numbers for {kind}")
    if a.dtype.kind != "f" or a.dtype.itemsize < 4:
        a = a.astype(np.float64 if a.dtype.kind != "f" else np.float32)
    factor = KINDS[kind][known_unit(unit, kind, where)]
    scale, offset = factor if isinstance(factor, tuple) else (factor, 0.0)
    if scale != 1.0:
        a = a * a.dtype.type(scale)
    return a if offset == 0.0 else a + a.dtype.type(offset)


def known_unit(unit: object, kind: str, where: str) -> str:
    """Return the unit if it is known for this kind; raise InputError otherwise."""
    known = KINDS[kind]
    listed = ", ".join(known)
    text = plain(unit)
    if text in ("", "?"):
        raise InputError(f"{where}: the unit of {kind} is missing; give units, one of {listed}")
    if text not in known:
        hint = nearest(text, known)
        raise InputError(f"{where}: unknown unit '{text}' of {kind}{hint}; expected one of {listed}")
    return text


def plain(text: object) -> str:
    """Return what an HDF5 attribute holds (text, bytes, or an array of one of them) as text; else ""."""
    if isinstance(text, np.ndarray) and text.size == 1:
        text = text.item()
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    return text.strip(" \t\n\0") if isinstance(text, str) else ""


def share(value: float) -> str:
    """Return a relative difference in words: per cent, times, or beyond measure; "-" where there is none."""
    if value != value:
        return "-"
    if value < 1.0:
        return f"{100.0 * value:.2g} %"
    if value < 10.0:
        return f"{100.0 * value:.0f} %"
    return f"{value:.0f} times" if value < 1e3 else "> 1000 times"
