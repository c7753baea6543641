"""VTK files: XML of any kind (.vti, .vtr, .vts, .vtu, their parallel .pvti, ..., and .pvd), and legacy (.vtk).

XML is read without VTK, whose readers trust what a file states and end the process on damaged ones. VTK knows no
units; those that stand in brackets at the end of a name, as in "T [K]", are read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from ... import checks
from ..digest import hashing
from ..moments import Moment, moment
from ..source import SeveralParts, Source, listed, printable
from . import probe, vtk_legacy
from .vtk_decode import Decoder, dtype_of
from .vtk_pieces import GRIDS, MESHES, Part, part_of, parts_of
from .vtk_xml import Document, document

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
def opened(path: Path, time: Moment = None, part: str = "") -> Iterator[Source]:
    """Yield arrays of cells and points with the grid or the mesh that they are on.

    part: which of the files with volumes of a collection (of one time), by the name that it has there

    Raises InputError on a file that is cut, damaged or not of cells, that names files elsewhere or states sizes that
    it does not hold; and, of a legacy file, when the package vtk is missing.
    """
    if probe.head(path).startswith(vtk_legacy.SIGNATURE):
        with hashing(path) as digest, tempfile.TemporaryDirectory(prefix="raytrace_rte-") as folder:
            whole = replace(document(vtk_legacy.as_xml(path, Path(folder))), named=path)
            yield _source(path, whole, [part_of(whole, piece) for piece in whole.pieces], [], None, digest)
        return
    times, shown, whole = _chosen(document(path), time, checks.text(f"{path}: option part", part))
    files, parts = _pieces(whole, 0)
    with hashing(*dict.fromkeys((path, whole.path, *files))) as digest:
        yield _source(path, whole, parts, times, shown, digest)


def _source(
    path: Path,
    whole: Document,
    parts: Sequence[Part],
    times: Sequence[float],
    time: float | None,
    digest: Callable[[], str],
) -> Source:
    kind = whole.type.removeprefix("P") if whole.type not in MESHES else whole.type
    if kind not in (*GRIDS, *MESHES):
        raise whole.fail(f"holds {printable(whole.type) or 'nothing'}; expected a grid or a mesh of cells")
    numbers = [a for a in whole.fields if a.section == "FieldData" and dtype_of(a) is not None]
    fields = {a.name: Decoder(whole).values(a, None) for a in numbers}
    if time is None and np.size(fields.get("TimeValue", ())):
        time = float(np.ravel(fields["TimeValue"])[0])
    made = parts_of(whole, parts)
    moments = times or [t for t in (time,) if t is not None]
    return Source(
        path, f"VTK {kind}", made.arrays, fields, made.grid, made.mesh, moments, time, made.notes, digest
    )


def _chosen(head: Document, time: Moment, part: str) -> tuple[list[float], float | None, Document]:
    """The times of a collection, the one that is shown, and what holds it; any other file is its own."""
    if head.type != "Collection" and not head.type.startswith("vtk"):
        if part:
            raise head.fail(f"is one part, so option part = '{printable(part)}' chooses nothing; drop it")
        return [], None, head
    if head.type != "Collection":  # vtkMultiBlockDataSet and the like
        return [], None, _volume(head, head.files, part)
    stamps = [_time(head, entry) for entry in head.files]
    times = sorted(set(stamps))
    if not times:
        raise head.fail("names no file; expected a DataSet for each time")
    shown = times[moment(times, time, str(head.path))]
    return (
        times,
        shown,
        _volume(head, [e for e, t in zip(head.files, stamps, strict=True) if t == shown], part),
    )


def _time(head: Document, entry: Mapping[str, str]) -> float:
    try:
        found = float(entry.get("timestep", "0"))
    except ValueError:
        found = np.nan
    if not np.isfinite(found):
        raise head.fail(f"timestep is '{printable(entry['timestep'])[:40]}'; expected a number")
    return found


def _volume(head: Document, entries: Sequence[Mapping[str, str]], part: str) -> Document:
    """The one of the files named that is no surface, or has the name `part`."""
    names = dict.fromkeys(entry.get("file", "") for entry in entries)
    found = {name: document(_beside(head, name)) for name in names}
    volumes = {name: d for name, d in found.items() if d.type not in SURFACES}
    if part:
        if part not in volumes:
            there = listed([printable(name) for name in volumes]) or "none"
            raise head.fail(f"option part is '{printable(part)}'; files with volumes are {there}")
        return volumes[part]
    if not volumes:
        raise head.fail("names no file with volumes; expected one (of a time)")
    if len(volumes) > 1:
        raise SeveralParts(f"{head.path}: names {len(volumes)} files with volumes; say which", list(volumes))
    return next(iter(volumes.values()))


def _beside(head: Document, name: str) -> Path:
    """A file that another one names, in the same folder or below; InputError elsewhere."""
    folder = head.path.parent.resolve()
    try:
        found = (folder / name).resolve()
        inside = bool(name) and found.is_relative_to(folder) and found.is_file()
    except (OSError, ValueError):
        inside = False
    if not inside:
        raise head.fail(
            f"names the file '{printable(name)[:80]}'; expected one that is there, in the same folder or below"
        )
    return found


def _pieces(head: Document, depth: int) -> tuple[list[Path], list[Part]]:
    """The files that hold the pieces of a document, and these."""
    if depth > DEEPEST:
        raise head.fail(f"is named by files that name files, {DEEPEST} deep; refused")
    files, parts = [head.path], [part_of(head, piece) for piece in head.pieces]
    for entry in head.files:
        more, inside = _pieces(document(_beside(head, entry.get("Source", ""))), depth + 1)
        files, parts = [*files, *more], [*parts, *inside]
    return files, parts
