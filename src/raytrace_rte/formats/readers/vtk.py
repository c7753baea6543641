"""VTK files: XML of any kind (.vti, .vtr, .vts, .vtu, their parallel .pvti, ..., and .pvd), and legacy (.vtk).

VTK itself decodes them, after what it would trust in a file has been looked at. VTK knows no units; those that
stand in brackets at the end of a name, as in "T [K]", are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ...errors import InputError
from ..digest import hashing
from ..source import Moment, Source, listed, moment, printable
from . import probe, vtk_legacy, vtk_xml

FORMAT = "VTK"
SURFACES = ("PolyData", "PPolyData")
DEEPEST = 4
"""Files that name files that name files."""


def recognises(path: Path) -> bool:
    """Whether the file begins as VTK's legacy files do, or is XML with the element VTKFile."""
    start = probe.head(path)
    text = start.lstrip(b"\xef\xbb\xbf \r\n\t")
    return start.startswith(vtk_legacy.SIGNATURE) or (text[:1] == b"<" and b"<VTKFile" in start)


@contextmanager
def opened(path: Path, time: Moment = None) -> Iterator[Source]:
    """Yield arrays of cells and points with the grid or the mesh that they are on.

    Raises InputError on a file that VTK cannot read, that names files elsewhere or states sizes that it does not
    hold, and when the package vtk is missing.
    """
    files = {path: _head(path)}
    times, shown, chosen = _chosen(path, files[path], time)
    files |= _named(chosen, 0)
    with hashing(*files) as digest:
        probe.package("vtkmodules.vtkIOXML", "vtk", f"{path}: a VTK file")
        from . import vtk_data

        yield vtk_data.source(path, chosen, files[chosen].type, times, shown, digest)


def _head(path: Path) -> vtk_xml.Head:
    """What a file says of itself, once it has been checked."""
    if probe.head(path).startswith(vtk_legacy.SIGNATURE):
        vtk_legacy.check(path)
        return vtk_xml.Head("legacy")
    return vtk_xml.head(path)


def _chosen(path: Path, head: vtk_xml.Head, time: Moment) -> tuple[list[float], float | None, Path]:
    """The times of a collection, the one that is shown, and the file that holds it; any other file is its own."""
    if head.type != "Collection" and not head.type.startswith("vtk"):
        return [], None, path
    if head.type != "Collection":  # vtkMultiBlockDataSet and the like
        return [], None, _volume(path, head.files)
    stamps = [_time(path, entry) for entry in head.files]
    times = sorted(set(stamps))
    if not times:
        raise InputError(f"{path}: names no file; expected a DataSet for each time")
    shown = times[moment(times, time, str(path))]
    return times, shown, _volume(path, [e for e, t in zip(head.files, stamps, strict=True) if t == shown])


def _time(path: Path, entry: Mapping[str, str]) -> float:
    try:
        return float(entry.get("timestep", "0"))
    except ValueError:
        raise InputError(
            f"{path}: timestep is '{printable(entry['timestep'])[:40]}'; expected a number"
        ) from None


def _volume(path: Path, entries: Sequence[Mapping[str, str]]) -> Path:
    """The one of the files named that is no surface."""
    files = [_beside(path, entry.get("file", "")) for entry in entries]
    volumes = [file for file in files if _head(file).type not in SURFACES]
    if len(volumes) != 1:
        names = listed([printable(file.name) for file in volumes])
        raise InputError(
            f"{path}: names {len(volumes)} files with volumes ({names}); expected one (of a time): read that file "
            "itself, or write the parts as one parallel file (.pvtu)"
        )
    return volumes[0]


def _beside(path: Path, name: str) -> Path:
    """A file that another one names, in the same folder or below; InputError elsewhere."""
    folder = path.parent.resolve()
    try:
        found = (folder / name).resolve()
        inside = bool(name) and found.is_relative_to(folder) and found.is_file()
    except (OSError, ValueError):
        inside = False
    if not inside:
        raise InputError(
            f"{path}: names the file '{printable(name)[:80]}'; expected one that is there, in the same folder or "
            "below"
        )
    return found


def _named(path: Path, depth: int) -> dict[Path, vtk_xml.Head]:
    """A file and those that it names, as VTK will open them, all checked."""
    head = _head(path)
    if depth > DEEPEST:
        raise InputError(f"{path}: is named by files that name files, {DEEPEST} deep; refused")
    found = {path: head}
    for entry in head.files:
        found |= _named(_beside(path, entry.get("Source", entry.get("file", ""))), depth + 1)
    return found
