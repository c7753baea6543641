"""OpenFOAM cases: values of cells as the solver has them, with the dimensions that each file states.

Lengths are in m, as OpenFOAM has it. Species are mass fractions, as its thermophysical models have it. A case that is
one wedge of an axisymmetric flow is a plane of (r, z); one cell between empty patches is an axis without end.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..digest import hashing
from ..moments import Moment, moment
from ..names import SPECIES
from ..source import Array, Source, printable
from .foam_file import SIZES, FoamFile, content
from .foam_mesh import FoamMesh, mesh_files

FORMAT = "OpenFOAM"
MESH = Path("constant") / "polyMesh"
UNITS: dict[tuple[float, ...], str] = {
    (0, 0, 0, 0): "1", (0, 0, 0, 1): "K", (1, -1, -2, 0): "Pa", (1, -3, 0, 0): "kg/m3", (0, -1, 0, 0): "1/m",
    (1, -1, -3, 0): "W/m3", (1, 0, -3, 0): "W/m2", (0, 1, 0, 0): "m", (0, 1, -1, 0): "m/s", (0, 2, -2, 0): "m2/s2",
}  # fmt: skip
"""Exponents of kg, m, s and K -> unit."""
NAMES = ("kg", "m", "s", "K", "mol", "A", "cd")
QUANTITIES = {
    ("T", "K"): "temperature", ("p", "Pa"): "pressure", ("rho", "kg/m3"): "density",
    ("Qdot", "W/m3"): "heat_release", ("a", "1/m"): "absorption_coefficient",
}  # fmt: skip
"""Name and unit of a field -> what OpenFOAM means by it."""
CLASSES = re.compile(r"vol(Scalar|Vector|SymmTensor|Tensor|SphericalTensor)Field(?:::Internal)?")
LISTS = re.compile(rb"\bspecies\s*(?:\d+\s*)?\(([^()]*)\)")
INERT = re.compile(rb"\binertSpecie\s+(\w+)\s*;")
LARGEST = 1 << 22
"""Bytes of a dictionary that is looked at for names of species."""


def recognises(path: Path) -> bool:
    """Whether it is a folder with a mesh of OpenFOAM, whole or in parts, or a file .foam in one."""
    try:
        folder = _folder(path)
        return (folder / MESH).is_dir() or (folder / "processor0" / MESH).is_dir()
    except (OSError, ValueError):
        return False


def _folder(path: Path) -> Path:
    return path.parent if path.suffix.lower() in (".foam", ".openfoam") and path.is_file() else path


@contextmanager
def opened(path: Path, time: Moment = None) -> Iterator[Source]:
    """Yield the fields of one time, and the mesh or the Cartesian grid that it is.

    Raises InputError on a case in parts, a time that is not there, and files that are cut or do not fit together.
    """
    folder = _folder(path)
    if not (folder / MESH).is_dir():
        raise InputError(f"{path}: is a case in parts (processor0, ...); run `reconstructPar` first")
    times = _times(folder)
    if not times:
        raise InputError(f"{path}: has no folder of a time, as 0 or 0.5; run the solver, or reconstructPar")
    moments, folders = [t for t, _ in times], [place for _, place in times]
    names = [place.name for place in folders]
    i = moment(moments, time, str(path), names)
    fields, until = _fields(folders[i]), folders[i::-1]
    mesh_of = mesh_files([*until, folder / "constant"], str(path))
    with hashing(*mesh_of.values(), *(f.path for f in fields.values())) as digest:
        mesh = FoamMesh(mesh_of)
        arrays = _arrays(fields, mesh.n_cell, _species(folder))
        parts = mesh.parts(arrays)
        yield Source(
            path, FORMAT, parts.arrays, {"case": folder.name}, parts.grid, parts.mesh, moments, moments[i],
            parts.notes, digest, names,
        )  # fmt: skip


def _times(folder: Path) -> list[tuple[float, Path]]:
    """The moments of a case and their folders, in order."""
    found = []
    for entry in folder.iterdir():
        try:
            t = float(entry.name)
        except ValueError:
            continue
        if math.isfinite(t) and entry.is_dir():
            found.append((t, entry))
    return sorted(found)


def _fields(folder: Path) -> dict[str, FoamFile]:
    """The heads of all files of a time that are fields of cells."""
    found = {}
    for entry in sorted(folder.iterdir()):
        if entry.is_file():
            file = FoamFile(entry, whole=False)
            if CLASSES.fullmatch(file.type):
                found[entry.name.removesuffix(".gz")] = file
    return found


def _arrays(fields: Mapping[str, FoamFile], n_cell: int, species: set[str]) -> list[Array]:
    out = []
    for name, file in fields.items():
        kind = CLASSES.fullmatch(file.type)
        assert kind is not None
        columns = SIZES[kind[1][0].lower() + kind[1][1:]]
        shape = (n_cell,) if columns == 1 else (n_cell, columns)
        units = unit_of(file.dimensions)
        quantity = QUANTITIES.get((name, units), "")
        if name in species and units == "1" and columns == 1:
            quantity = f"mass_fraction/{name}"
        load = _loading(file.path, n_cell, columns)
        about = {"dimensions": printable(file.dimensions)}
        dtype = file.dtype(label=False) if file.binary else np.dtype(np.float64)
        out.append(
            Array(
                name,
                shape,
                dtype.newbyteorder("="),
                load,
                units,
                location="cell",
                quantity=quantity,
                attributes=about,
            )
        )
    return out


def _loading(path: Path, n_cell: int, columns: int) -> Any:
    def load(index: tuple[Any, ...]) -> NDArray[Any]:
        return FoamFile(path).internal(n_cell, columns)[index]

    return load


def unit_of(dimensions: str) -> str:
    """Return the unit that seven (or five) exponents of kg, m, s, K, mol, A and cd are; "" where they are none."""
    try:
        powers = [float(word) for word in dimensions.split()]
    except ValueError:
        return ""
    if len(powers) not in (5, 7):
        return ""
    short = powers[0], powers[1], powers[2], powers[3]
    if short in UNITS and not any(powers[4:]):
        return UNITS[short]
    return " ".join(name if p == 1 else f"{name}^{p:g}" for name, p in zip(NAMES, powers, strict=False) if p)


def _species(folder: Path) -> set[str]:
    """Names of species as dictionaries of the case list them; well-known formulas where none does."""
    found: set[str] = set()
    for file in sorted((folder / "constant").iterdir()):
        if file.is_file() and file.stat().st_size < LARGEST:
            text = content(file, LARGEST)
            for names in (*LISTS.findall(text), *INERT.findall(text)):
                found |= {word.decode(errors="replace") for word in names.split()}
    return found or set(SPECIES)
