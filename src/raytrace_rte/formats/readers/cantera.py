"""Flames and states on a line, as Cantera saves them: HDF5, YAML and CSV.

These files state no units: Cantera writes SI (m, K, Pa, kg/m3), always. HDF5 and YAML say that Cantera made them; a
CSV file does not, and only columns that nobody else would name so are taken for Cantera's. A flame saves no pressure,
which is constant; D, T and composition give it, as the gas is ideal: p = D R T / W.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import checks
from ...errors import InputError, nearest
from ..digest import hashing
from ..molar import GAS_CONSTANT, mean_molar_mass
from ..moments import Moment
from ..source import Array, SeveralParts, Source, listed
from . import cantera_files as files
from .cantera_files import Domain

FORMAT = "Cantera (HDF5, YAML, CSV)"
KNOWN = {
    "grid": ("x", "m"),
    "T": ("temperature", "K"),
    "D": ("density", "kg/m3"),
    "P": ("pressure", "Pa"),
    "heat_release_rate": ("heat_release", "W/m3"),
    "velocity": ("", "m/s"),
    "radiative-heat-loss": ("", "W/m3"),
}
"""Component -> (quantity, unit). The loss by radiation is Cantera's own answer, and no heat release."""
KINDS = {"Y": "mass_fraction", "X": "mole_fraction"}


def recognises(path: Path) -> bool:
    """Whether Cantera says in the file that it wrote it, or a CSV has Cantera's columns."""
    return files.form_of(path) is not None


@contextmanager
def opened(path: Path, time: Moment = None, part: str = "") -> Iterator[Source]:
    """Yield a flame, or an array of states with positions, as points on a line.

    time: there is none in these files, so it must be None
    part: which domain, where the file holds several with positions, as "burnt/flame"

    Raises InputError when the file cannot be read, holds no domain with positions, or several.
    """
    if time is not None:
        raise InputError(f"{path}: time is {time!r}, and a file of Cantera holds one moment; leave time out")
    form = files.form_of(path)
    if form is None:
        raise InputError(f"{path}: is no file of Cantera that has positions (a column or component 'grid')")
    with hashing(path) as digest:
        domains = form(path)
        name = _chosen(path, domains, part)
        yield _source(path, name, domains, digest)


def _chosen(path: Path, domains: Mapping[str, Domain], part: str) -> str:
    lines = [name for name, domain in domains.items() if domain.columns.get("grid", np.empty(0)).size > 1]
    if checks.text(f"{path}: option part", part):
        if part in lines:
            return part
        raise InputError(
            f"{path}: option part is '{part}'{nearest(part, lines)}; there are {listed(lines) or 'none'}"
        )
    if not lines:
        held = listed([name or "rows" for name in domains]) or "nothing"
        raise InputError(
            f"{path}: holds states without positions ({held}); a field needs them: save a flame, or a "
            "SolutionArray with extra={'grid': positions in m}"
        )
    if len(lines) > 1:
        raise SeveralParts(f"{path}: holds {len(lines)} lines of points; say which", sorted(lines))
    return lines[0]


def _source(path: Path, name: str, domains: Mapping[str, Domain], digest: Callable[[], str]) -> Source:
    domain = domains[name]
    above = f"{name}/" if name else ""
    arrays = {}
    for key, values in domain.columns.items():
        quantity, unit = KNOWN.get(key, ("", ""))
        arrays[above + key] = _array(above + key, values, quantity, _unit(domain, key, unit))
    notes = []
    if domain.fractions and "P" not in domain.columns:
        pressure, note = _pressure(domain)
        notes.append(note)
        if pressure is not None:
            label = f"{above}pressure"
            arrays[label] = _array(label, pressure, "pressure", "Pa", computed="D R T / W")
    for species, values in domain.fractions.items():
        label = f"{above}{domain.basis}_{species}"
        arrays[label] = _array(label, values, f"{KINDS[domain.basis]}/{species}", "1" if domain.si else "")
    if others := [other for other in domains if other != name]:
        notes.append(f"Of the parts of the file, {name} is read; {listed(others)} are not.")
    return Source(
        path, FORMAT, arrays, attributes=domain.attributes, notes=notes + domain.notes, digest=digest
    )


def _unit(domain: Domain, key: str, si: str) -> str:
    return domain.units.get(key, si if domain.si else "")


def _array(name: str, values: NDArray[Any], quantity: str, units: str, **attributes: str) -> Array:
    dims = ("x", "species")[: values.ndim]
    return Array(
        name, values.shape, values.dtype, lambda index: values[index], units, dims, "point", quantity, attributes
    )  # fmt: skip


def _pressure(domain: Domain) -> tuple[NDArray[np.float64] | None, str]:
    """Return D R T / W [Pa], None where it cannot be had, and the sentence that says so."""
    known = [key for key in ("T", "D") if _unit(domain, key, KNOWN[key][1]) == KNOWN[key][1]]
    missing = [key for key in ("T", "D") if key not in domain.columns or key not in known]
    if missing:
        return (
            None,
            f"There is no pressure, and without {' and '.join(missing)} in SI none can be worked out.",
        )
    try:
        W = mean_molar_mass(domain.fractions, by_mass=domain.basis == "Y")
    except InputError as error:
        return None, f"There is no pressure, and none can be worked out: {error}."
    p = domain.columns["D"] * GAS_CONSTANT * domain.columns["T"] / W
    return p, f"Pressure is D R T / W of each point: {p.min():.10g} to {p.max():.10g} Pa."
