"""Output of FDS: Plot3D, and slices in a plane or in space. fdsreader reads what the case consists of.

Quantities, names and units: FDS User's Guide, "Output quantities", and Source/data.f90 of FDS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ... import checks
from ...errors import InputError, nearest
from ..digest import hashing
from ..moments import Moment, moment
from ..source import Array, SeveralParts, Source, listed
from . import fds_files as files
from .fds_binary import Piece
from .fds_files import Output
from .fds_join import joined, positions
from .probe import head

FORMAT = "FDS"
SOOT_DENSITY = 1800.0
"""[kg/m3], of the particles: what FDS itself takes by default."""
QUANTITIES = {
    "TEMPERATURE": "temperature",
    "BACKGROUND PRESSURE": "pressure",
    "ABSORPTION COEFFICIENT": "absorption_coefficient",
    "HRRPUV": "heat_release",
    "DENSITY": "density",
    "SOOT AEROSOL VOLUME FRACTION": "soot_volume_fraction",
}
SPECIES = {
    "CARBON DIOXIDE": "CO2", "WATER VAPOR": "H2O", "CARBON MONOXIDE": "CO", "OXYGEN": "O2", "NITROGEN": "N2",
    "METHANE": "CH4", "HYDROGEN": "H2", "PROPANE": "C3H8", "ETHYLENE": "C2H4", "ETHANE": "C2H6", "ARGON": "Ar",
    "HELIUM": "He", "SULFUR DIOXIDE": "SO2", "NITRIC OXIDE": "NO", "HYDROGEN CHLORIDE": "HCl",
}  # fmt: skip
"""Names of FDS -> formula; other names stay as they are."""
KINDS = {"VOLUME FRACTION": "mole_fraction", "MASS FRACTION": "mass_fraction"}
START = re.compile(rb"^\s*(TITLE|VERSION|FDSVERSION|CHID|FDS)\s*$", re.MULTILINE)


def recognises(path: Path) -> bool:
    """Whether a file is what FDS writes for Smokeview, or a folder holds one."""
    return bool(_cases(path))


def _cases(path: Path) -> list[Path]:
    try:
        found = sorted(path.glob("*.smv")) if path.is_dir() else [path]
    except OSError:
        return []
    return [name for name in found if START.search(head(name)) and b"CHID" in head(name, 1 << 16)]


@contextmanager
def opened(
    path: Path, time: Moment = None, part: str = "", soot_density: float = SOOT_DENSITY
) -> Iterator[Source]:
    """Yield one output of a case: Plot3D, or the slices of one plane or box.

    path: the .smv file, or the folder of a case
    part: which output, where there are several, as "plot3d" or "slice y = 0.5", and one of its meshes where they
        make no common grid, as "plot3d, mesh 2"
    soot_density: of soot itself [kg/m3], by which SOOT DENSITY becomes a volume fraction

    Raises InputError when files are missing or cut, several outputs fit, or the meshes make no common grid.
    """
    cases = _cases(path)
    if len(cases) != 1:
        names = listed([name.name for name in cases])
        raise InputError(f"{path}: holds {len(cases)} cases of FDS ({names}); name one .smv file")
    case = files.case(cases[0])
    checks.text(f"{path}: option part", part)
    checks.number(f"{path}: option soot_density", soot_density, above=0.0, unit="kg/m3")
    name, _, mesh = part.partition(", mesh ")
    output = _chosen(cases[0], case.outputs, name)
    if mesh:
        output = _of_mesh(cases[0], name, output, mesh)
    at = moment(output.times, time, str(path))
    with hashing(*sorted({cases[0], *output.files(at)})) as digest:
        arrays = dict(_arrays(output, at, soot_density, f"{cases[0]}: {name or output.name}"))
        notes = [*case.notes, *_notes(output, arrays, soot_density)]
        shown = output.times[at]
        yield Source(cases[0], FORMAT, arrays, times=output.times, time=shown, notes=notes, digest=digest)


def _chosen(path: Path, outputs: Mapping[str, Output], name: str) -> Output:
    fit = [key for key, output in outputs.items() if "TEMPERATURE" in output.quantities]
    if name:
        if name not in outputs:
            there = listed(list(outputs)) or "none"
            raise InputError(f"{path}: option part is '{name}'{nearest(name, outputs)}; there are {there}")
        return outputs[name]
    if not fit:
        raise InputError(
            f"{path}: no Plot3D or slice holds TEMPERATURE (there are {listed(list(outputs)) or 'none'}); "
            "add it to PLOT3D_QUANTITY or as SLCF and run FDS again"
        )
    if len(fit) > 1:
        raise SeveralParts(f"{path}: {len(fit)} outputs hold TEMPERATURE; say which", fit)
    return outputs[fit[0]]


def _of_mesh(path: Path, name: str, output: Output, mesh: str) -> Output:
    def only(pieces: Sequence[Piece]) -> list[Piece]:
        return [piece for piece in pieces if piece.mesh == mesh]

    first = next(iter(output.quantities.values()))
    if not only(first):
        raise InputError(
            f"{path}: '{name}' has no mesh '{mesh}'; there are {listed([p.mesh for p in first])}"
        )
    return replace(output, quantities={key: only(pieces) for key, pieces in output.quantities.items()})


def _arrays(output: Output, at: int, soot_density: float, where: str) -> Iterator[tuple[str, Array]]:
    axes = positions(output, where)
    for axis, numbers in axes.items():
        yield (
            axis,
            Array(
                axis, numbers.shape, numbers.dtype, numbers.__getitem__, "m", (axis,), output.location, axis
            ),
        )
    moles = any(_quantity(label).startswith("mole_fraction") for label in output.quantities)
    for label in output.quantities:
        quantity = _quantity(label)
        if moles and quantity.startswith("mass_fraction"):
            quantity = ""
        array = joined(output, label, at, axes, quantity, where)
        # What FDS calls pressure is the difference from that of the background.
        name = "PRESSURE (perturbation)" if label == "PRESSURE" else label
        yield (
            name,
            replace(array, name=name, units="1" if quantity == "soot_volume_fraction" else array.units),
        )
        if label == "SOOT DENSITY":
            name = f"SOOT DENSITY / ({soot_density:g} kg/m3)"
            yield name, _divided(replace(array, name=name), soot_density)


def _divided(array: Array, soot_density: float) -> Array:
    """Return a density of soot in the gas [kg/m3] as its volume fraction."""

    def load(index: tuple[Any, ...]) -> Any:
        values = array.load(index)
        return values / values.dtype.type(soot_density)

    return replace(array, load=load, units="1", quantity="soot_volume_fraction")


def _quantity(label: str) -> str:
    for ending, kind in KINDS.items():
        if label.endswith(f" {ending}") and label not in QUANTITIES and "AEROSOL" not in label:
            species = label.removesuffix(f" {ending}")
            return "" if species == "SOOT" else f"{kind}/{SPECIES.get(species, species)}"
    return QUANTITIES.get(label, "")


def _notes(output: Output, arrays: Mapping[str, Array], soot_density: float) -> Iterator[str]:
    missing = [axis for axis in "xyz" if axis not in arrays]
    if missing:
        yield f"{output.name} is a plane: the field does not change along {missing[0]}, without end."
    if "SOOT DENSITY" in output.quantities:
        yield f"The volume fraction of soot is SOOT DENSITY over {soot_density:g} kg/m3, the density of soot itself."
    if not any(array.quantity == "pressure" for array in arrays.values()):
        yield "There is no absolute pressure: FDS writes it as BACKGROUND PRESSURE, else it has to be given."
    if len(next(iter(output.quantities.values()))) > 1 and output.location == "point":
        yield "On faces between meshes, points have the values of the later mesh."
