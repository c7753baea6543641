"""What a case of FDS consists of: Plot3D, and slices by their planes and boxes.

fdsreader reads the text file for Smokeview. It keeps a pickle beside the data, reads it if there is one, and
deletes it when told not to use it; so a case is made without the step that does any of this.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...grid import FloatArray
from ..source import printable
from .fds_binary import ObstructionPiece, Piece, Plot3DPiece, SlicePiece
from .probe import package

FILE_LINES = re.compile(r"^\s*(CSVF|SLC[FCDT]|BND[FCES]|PL3D|SMOK[GF]3D|T?ISOG|PRT5|EVA5)", re.MULTILINE)
"""Keywords that name files in one of the next two lines."""


OBSTRUCTION = "OBSTRUCTION"
"""Name of the array that is 1 in obstructions and 0 in gas."""


@dataclass(frozen=True)
class Output:
    """Plot3D, or slices of one plane or box: label -> pieces, one a mesh; location: "point" or "cell".

    times: [s], ascending
    """

    name: str
    location: str
    times: Sequence[float]
    quantities: Mapping[str, Sequence[Piece]]
    units: Mapping[str, str]

    def files(self, at: int) -> list[Path]:
        """Return the files that hold a moment."""
        return sorted({piece.file(at) for pieces in self.quantities.values() for piece in pieces})


@dataclass(frozen=True)
class Case:
    """All outputs by their names, and what the user should know."""

    outputs: Mapping[str, Output]
    notes: Sequence[str]


def case(path: Path) -> Case:
    """Return what a file for Smokeview lists; raise InputError when it, or fdsreader, cannot be had."""
    fdsreader = package("fdsreader", "fds", f"{path}: FDS")
    _check_inside(path)
    simulation = object.__new__(fdsreader.Simulation)
    try:
        with _quiet(fdsreader):
            fdsreader.Simulation.__init__(simulation, str(path))
            outputs = {
                output.name: output for output in (*_plot3d(path, simulation), *_slices(path, simulation))
            }
    except InputError:
        raise
    except Exception as error:  # fdsreader has no error of its own: a wrong line may raise anything
        text = printable(" ".join(f"{type(error).__name__} {error}".split()))
        raise InputError(f"{path}: fdsreader {fdsreader.__version__} cannot read it: {text[:200]}") from None
    notes = [
        f"fdsreader could not read '{what}' of the case: {printable(str(error))[:200]}"
        for what, error in simulation.load_errors
        if what in ("slcf", "obst", "mesh")
    ]
    if count := len(simulation.obstructions):
        notes.append(
            f"Obstructions ({count}) are taken for gas, with what FDS wrote there; the array OBSTRUCTION marks them."
        )
    return Case(outputs, notes)


@contextmanager
def _quiet(fdsreader: Any) -> Iterator[None]:
    """Let fdsreader work without its pickle, and without its log on the screen."""
    caching, disabled = fdsreader.settings.ENABLE_CACHING, logging.root.manager.disable
    fdsreader.settings.ENABLE_CACHING = False
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        fdsreader.settings.ENABLE_CACHING = caching
        logging.disable(disabled)


def _check_inside(path: Path) -> None:
    """Raise InputError where the case names a file outside its folder."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; check the path") from None
    for match in FILE_LINES.finditer(text):
        for line in text[match.start() : match.start() + 2000].splitlines()[1:3]:
            _inside(path, line.strip())


def _inside(path: Path, name: str) -> Path:
    file = path.parent / name
    try:
        inside = file.resolve().is_relative_to(path.parent.resolve())
    except (OSError, ValueError):
        inside = False
    if not inside:
        raise InputError(
            f"{path}: names the file {printable(name)[:200]!r}, outside its folder; it is not read"
        )
    return file


def _decimal(numbers: NDArray[np.float32]) -> FloatArray:
    """Return positions as they stand in the text, which fdsreader holds in single precision."""
    return np.array([float(str(x)) for x in numbers])


def _obstructions(
    path: Path, meshes: Sequence[Any], pieces: Sequence[Piece], times: Sequence[float], cells: bool
) -> dict[str, Sequence[Piece]]:
    """Return what marks obstructions in meshes, over the ranges of them that pieces cover; none without any."""
    if not any(mesh.obstructions for mesh, _ in meshes):
        return {}
    pairs = zip(pieces, meshes, strict=True)
    return {
        OBSTRUCTION: [
            ObstructionPiece(p.mesh, p.axes, path, mesh, region, times, cells) for p, (mesh, region) in pairs
        ]
    }


# Plot3D


def _plot3d(path: Path, simulation: Any) -> Iterator[Output]:
    plots = [plot for plot in simulation.data_3d if plot.quantity is not None]
    if not plots:
        return
    times = [float(t) for t in plots[0].times]

    def pieces(plot: Any, number: int) -> Iterator[Piece]:
        for sub in plot.subplots:
            axes = {axis: _decimal(sub.mesh.coordinates[axis]) for axis in "xyz"}
            where = [int(np.argmin(np.abs(np.subtract(times, t)))) for t in sub.times]
            yield Plot3DPiece(
                sub.mesh.id, axes, dict(zip(where, map(Path, sub.file_paths), strict=True)), number
            )

    quantities: dict[str, Sequence[Piece]] = {
        plot.quantity.name: list(pieces(plot, i)) for i, plot in enumerate(plots)
    }
    units = {plot.quantity.name: plot.quantity.unit for plot in plots}
    meshes = [(sub.mesh, (slice(None),) * 3) for sub in plots[0].subplots]
    quantities |= _obstructions(path, meshes, next(iter(quantities.values())), times, False)
    yield Output("plot3d", "point", times, quantities, units | {OBSTRUCTION: "1"})


# slices


def _slices(path: Path, simulation: Any) -> Iterator[Output]:
    groups: dict[Any, list[Any]] = {}
    for item in simulation.slices:
        key = (item.cell_centered, tuple((sub.mesh.id, sub.bound_indices) for sub in item.subslices))
        groups.setdefault(key, []).append(item)
    taken: dict[str, int] = {}
    for (cells, _), items in groups.items():
        name = _name(items[0])
        taken[name] = taken.get(name, 0) + 1
        name += f" ({taken[name]})" if taken[name] > 1 else ""
        labels = [item.quantity.name.removesuffix("(cell centered)").strip() for item in items]
        quantities = {
            label: [_piece(path, sub, cells) for sub in _apart(item, cells)]
            for label, item in zip(labels, items, strict=True)
        }
        units = {label: item.quantity.unit for label, item in zip(labels, items, strict=True)}
        first = next(iter(quantities.values()))
        times, parts = first[0].times(), _apart(items[0], cells)
        meshes = [(sub.mesh, tuple(sub.index_ranges().values())) for sub in parts]
        marked = _obstructions(path, meshes, first, times, cells)
        yield Output(
            name, "cell" if cells else "point", times, {**quantities, **marked}, units | {OBSTRUCTION: "1"}
        )


def _name(item: Any) -> str:
    if item.orientation == 0:
        return "slice 3-D"
    axis = "xyz"[item.orientation - 1]
    return f"slice {axis} = {float(str(np.float32(item.extent[axis][0]))):g}"


def _apart(item: Any, cells: bool) -> list[Any]:
    """Return the parts of a slice; of points that two meshes share all of, those of the first."""
    found: dict[Any, Any] = {}
    for sub in item.subslices:
        found.setdefault(
            sub.mesh.id if cells else (*sub.extent["x"], *sub.extent["y"], *sub.extent["z"]), sub
        )
    return list(found.values())


def _piece(path: Path, sub: Any, cells: bool) -> SlicePiece:
    bounds = np.reshape(sub.bound_indices, (3, 2))
    axes = {
        axis: _decimal(sub.mesh.coordinates[axis][low : high + 1])
        for axis, (low, high) in zip("xyz", bounds, strict=True)
        if high > low
    }
    nodes = tuple(int(high - low + 1) for low, high in bounds)
    return SlicePiece(sub.mesh.id, axes, _inside(path, sub.filename), nodes, cells)
