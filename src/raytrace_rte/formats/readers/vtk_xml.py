"""The text of a VTK XML file: which pieces and arrays it has, and where their data are.

It is parsed as far as its appended data, without what XML may do beyond: a DOCTYPE is refused, and no other file is
opened. Format: "VTK file formats", VTK documentation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from ...errors import InputError
from ...execution import memory
from ..source import printable

BLOCK = 1 << 18
"""Bytes that are parsed in one go."""
DEEPEST, MOST = 24, 1_000_000
"""Levels and elements of a file; VTK writes 6 levels."""
SECTIONS = ("PointData", "CellData", "Points", "Coordinates", "Cells", "Polys", "FieldData")
DATA = re.compile(rb"<AppendedData[^<>]*>\s*_")


@dataclass
class Stored:
    """An array of a file: attributes of its DataArray, and its text where that holds the data."""

    section: str
    about: Mapping[str, str]
    text: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its name, "" where it has none."""
        return self.about.get("Name", "")


@dataclass
class Piece:
    """A part of a grid or mesh: its attributes, as Extent or NumberOfCells, and its arrays."""

    about: Mapping[str, str]
    arrays: list[Stored] = field(default_factory=list)


@dataclass
class Document:
    """What a VTK XML file says of itself.

    type: as "ImageData", "PUnstructuredGrid" or "Collection"; about: attributes of VTKFile
    grid: attributes of the element of that type, as WholeExtent; fields: arrays of the whole
    files: attributes of what names other files: DataSet of a collection, Piece of a parallel file
    data: byte where appended data begin, 0 where there are none; raw: whether they are bytes as they are
    named: what messages call the file, where that is not its path
    """

    path: Path
    type: str = ""
    about: Mapping[str, str] = field(default_factory=dict)
    grid: Mapping[str, str] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    fields: list[Stored] = field(default_factory=list)
    files: list[Mapping[str, str]] = field(default_factory=list)
    data: int = 0
    raw: bool = False
    named: Path | None = None

    @property
    def where(self) -> Path:
        """What messages call the file."""
        return self.path if self.named is None else self.named

    def fail(self, what: str) -> InputError:
        """Return the error of this file."""
        return InputError(f"{self.where}: {what}")

    def count(self, about: Mapping[str, str], key: str) -> int:
        """Return a number that an element states, 0 where it does not; InputError on another text."""
        text = about.get(key, "0")
        if not re.fullmatch(r"\s*\d{1,18}\s*", text):
            raise self.fail(f"{key} is '{printable(text)[:40]}'; expected a whole number from 0 up")
        return int(text)

    def extent(self, about: Mapping[str, str]) -> tuple[int, ...]:
        """Return the first and last point along x, y and z; InputError where it is none, or too large."""
        text = about.get("Extent", about.get("WholeExtent", ""))
        parts = re.fullmatch(r"\s*" + r"\s+".join([r"([-+]?\d{1,18})"] * 6) + r"\s*", text)
        ends = tuple(int(part) for part in parts.groups()) if parts else (1, 0) * 3
        counts = [b - a for a, b in zip(ends[::2], ends[1::2], strict=True)]
        if min(counts) < 0:
            raise self.fail(
                f"an extent is '{printable(text)[:60]}'; expected six whole numbers, first and last of each axis"
            )
        cells = math.prod(max(1, n) for n in counts)
        memory.require(4.0 * cells, f"{self.where}: a grid of {cells:.3g} cells")
        return ends


def document(path: Path) -> Document:
    """Return what a VTK XML file says of itself; InputError on a DOCTYPE, and on XML that is broken or not of VTK."""
    try:
        with open(path, "rb") as file:
            return _Parser(path).parsed(file)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}; check the path") from None


class _Parser:
    """Takes the elements of a file one by one."""

    def __init__(self, path: Path) -> None:
        self.found = Document(path)
        self.depth, self.count, self.section = 0, 0, ""
        self.open: tuple[int, Stored] | None = None
        self.expat = expat.ParserCreate()
        self.expat.StartElementHandler, self.expat.EndElementHandler = self._start, self._end
        self.expat.CharacterDataHandler, self.expat.StartDoctypeDeclHandler = self._text, self._doctype

    def parsed(self, file: BinaryIO) -> Document:
        """Parse the file as far as its appended data."""
        text = bytearray()
        try:
            while block := file.read(BLOCK):
                text += block
                found = DATA.search(text)
                if found:
                    self.found.data = file.tell() - len(text) + found.end()
                    self.found.raw = b'"raw"' in found.group()
                    self.expat.Parse(bytes(text[: found.start()]))
                    break
                keep = text.rfind(b"<AppendedData", max(0, len(text) - 4096))
                cut = max(0, len(text) - 16) if keep < 0 else keep
                self.expat.Parse(bytes(text[:cut]))
                del text[:cut]
            else:
                self.expat.Parse(bytes(text), True)
        except expat.ExpatError as error:
            raise self.found.fail(f"is not XML that VTK writes: {error}; write or copy it again") from None
        if not self.found.type:
            raise self.found.fail("is XML, but not of VTK: no VTKFile with a type was found")
        return self.found

    def _doctype(self, *_: object) -> None:
        raise self.found.fail(
            "has a DOCTYPE, which VTK never writes; refused, as it may expand or open other files"
        )

    def _start(self, tag: str, about: dict[str, str]) -> None:
        self.depth, self.count = self.depth + 1, self.count + 1
        if self.depth > DEEPEST or self.count > MOST:
            raise self.found.fail(
                f"is nested deeper than {DEEPEST} levels or has more than {MOST} elements; refused"
            )
        if "TimeValues" in about:
            raise self.found.fail(
                "holds several times in one file; write one file for each, and a .pvd that names them"
            )
        if tag == "VTKFile" and self.depth == 1:
            self.found.type, self.found.about = about.get("type", ""), about
        elif tag == self.found.type and self.depth == 2:
            self.found.grid = about
        elif tag == "DataSet" or (tag == "Piece" and "Source" in about):
            self.found.files.append(about)
        elif tag == "Piece":
            self.found.pieces.append(Piece(about))
        elif tag in SECTIONS:
            self.section = tag
        elif tag == "DataArray" and self.section:
            stored = Stored(self.section, about)
            whole = self.section == "FieldData" or not self.found.pieces
            (self.found.fields if whole else self.found.pieces[-1].arrays).append(stored)
            self.open = self.depth, stored

    def _end(self, tag: str) -> None:
        self.depth -= 1
        if tag == "DataArray":
            self.open = None
        elif tag == self.section:
            self.section = ""

    def _text(self, text: str) -> None:
        if self.open is not None and self.open[0] == self.depth:  # elements within hold remarks
            self.open[1].text.append(text)
