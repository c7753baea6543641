"""The head of a VTK XML file, looked at before VTK itself reads it.

VTK's parser expands entities, opens whatever files a file names, and takes the sizes that it states for memory. Here
the text of the file is parsed without its data, and what cannot be is refused.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from ...errors import InputError
from ...execution import memory
from ..source import printable

PIECE = 1 << 18
"""Bytes that are parsed in one go."""
DEEPEST, MOST = 24, 1_000_000
"""Levels and elements of a file; VTK writes 6 levels."""
DENSEST = 10_000
"""No compressor makes data so many times smaller."""
SIZES = {"Int8": 1, "UInt8": 1, "Int16": 2, "UInt16": 2, "Int32": 4, "UInt32": 4, "Float32": 4, "Int64": 8,
         "UInt64": 8, "Float64": 8}  # fmt: skip
TUPLES = {"CellData": "NumberOfCells", "PointData": "NumberOfPoints", "Points": "NumberOfPoints"}
SECTIONS = (*TUPLES, "Cells", "Coordinates", "FieldData")
DATA = re.compile(rb"<AppendedData[^<>]*>\s*_")


@dataclass
class Head:
    """What a VTK XML file says of itself.

    type: as "ImageData", "PUnstructuredGrid" or "Collection"; about: attributes of its root
    files: attributes of what names other files: DataSet of a collection, Piece of a parallel file
    """

    type: str = ""
    about: Mapping[str, str] = field(default_factory=dict)
    files: list[Mapping[str, str]] = field(default_factory=list)


def head(path: Path) -> Head:
    """Return what a VTK XML file says of itself.

    Raises InputError on a DOCTYPE or entity, broken XML, sizes that the file cannot hold or that do not fit into
    memory, and data that begin beyond the end of the file.
    """
    try:
        with open(path, "rb") as file:
            parser = _Parser(path)
            parser.feed(file)
            return parser.head
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}; check the path") from None


class _Parser:
    """Takes the elements of a file one by one, and checks each."""

    def __init__(self, path: Path) -> None:
        self.path, self.size, self.data = path, path.stat().st_size, 0
        self.head, self.depth, self.count, self.bytes = Head(), 0, 0, 0.0
        self.piece: Mapping[str, float] = {}
        self.within, self.raw = "", False
        self.expat = expat.ParserCreate()
        self.expat.StartElementHandler, self.expat.EndElementHandler = self._start, self._end
        self.expat.StartDoctypeDeclHandler = self._doctype
        self.offsets: list[tuple[str, int, float]] = []

    def feed(self, file: BinaryIO) -> None:
        """Parse the file as far as its appended data."""
        text = bytearray()
        try:
            while block := file.read(PIECE):
                text += block
                found = DATA.search(text)
                if found:
                    self.data, self.raw = file.tell() - len(text) + found.end(), b'"raw"' in found.group()
                    self.expat.Parse(bytes(text[: found.start()]))
                    break
                keep = text.rfind(b"<AppendedData", max(0, len(text) - 4096))
                cut = len(text) if keep < 0 else keep
                self.expat.Parse(bytes(text[:cut]))
                del text[:cut]
            else:
                self.expat.Parse(bytes(text), True)
        except expat.ExpatError as error:
            raise InputError(
                f"{self.path}: is not XML that VTK writes: {error}; write or copy it again"
            ) from None
        if not self.head.type:
            raise InputError(f"{self.path}: is XML, but not of VTK: no VTKFile with a type was found")
        memory.require(self.bytes, f"{self.path}")
        for name, offset, wanted in self.offsets:
            self._check_offset(file, name, offset, wanted)

    def _fail(self, what: str) -> InputError:
        return InputError(f"{self.path}: {what}")

    def _doctype(self, *_: object) -> None:
        raise self._fail(
            "has a DOCTYPE, which VTK never writes; refused, as it may expand or open other files"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth, self.count = self.depth + 1, self.count + 1
        if self.depth > DEEPEST or self.count > MOST:
            raise self._fail(
                f"is nested deeper than {DEEPEST} levels or has more than {MOST} elements; refused"
            )
        if tag == "VTKFile" and self.depth == 1:
            self.head.type, self.head.about = attributes.get("type", ""), attributes
        elif "WholeExtent" in attributes or "Extent" in attributes:
            self.piece = self._extent(attributes.get("Extent", attributes.get("WholeExtent", "")))
        elif tag == "Piece":
            self.piece = {k: self._number(k, v) for k, v in attributes.items() if k.startswith("NumberOf")}
        elif tag == "DataArray":
            self._array(attributes)
        if (tag == "Piece" and "Source" in attributes) or tag == "DataSet":
            self.head.files.append(attributes)
        if "TimeValues" in attributes:
            raise self._fail(
                "holds several times in one file; write one file for each, and a .pvd that names them"
            )
        if tag in SECTIONS:
            self.within = tag

    def _end(self, tag: str) -> None:
        self.depth -= 1

    def _number(self, name: str, text: str) -> float:
        try:
            n = int(text)
        except ValueError:
            n = -1
        if n < 0:
            raise self._fail(f"{name} is '{printable(text)[:40]}'; expected a whole number from 0 up")
        return float(n)

    def _extent(self, text: str) -> Mapping[str, float]:
        """Numbers of cells and points of six ends; InputError when they do not fit into memory."""
        parts = re.findall(r"[-+]?\d+", text)
        ends = [int(p) for p in parts] if len(parts) == 6 else [1, 0] * 3
        counts = [float(b - a) for a, b in zip(ends[::2], ends[1::2], strict=True)]
        if min(counts) < 0:
            raise self._fail(
                f"an extent is '{printable(text)[:60]}'; expected six whole numbers, first and last of each axis"
            )
        cells, points = math.prod(max(1.0, n) for n in counts), math.prod(n + 1.0 for n in counts)
        memory.require(4.0 * points, f"{self.path}: a grid of {cells:.3g} cells")
        return {"NumberOfCells": cells, "NumberOfPoints": points}

    def _array(self, about: Mapping[str, str]) -> None:
        name = printable(about.get("Name", "?"))
        components = self._number("NumberOfComponents", about.get("NumberOfComponents") or "1")
        count = self.piece.get(TUPLES.get(self.within, ""), 0.0)
        if "NumberOfTuples" in about:
            count = self._number("NumberOfTuples", about["NumberOfTuples"])
        wanted = count * components * SIZES.get(about.get("type", ""), 1)
        self.bytes += wanted
        compressed = "compressor" in self.head.about
        if wanted > self.size * (DENSEST if compressed else 4):  # 4: "0 " for eight bytes
            raise self._fail(
                f"array '{name}' should have {wanted:.3g} bytes, but the file has {self.size}; it was cut, or states "
                "a wrong size"
            )
        if about.get("format") == "appended":
            self.offsets.append((name, int(self._number("offset", about.get("offset", ""))), wanted))

    def _check_offset(self, file: BinaryIO, name: str, offset: int, wanted: float) -> None:
        """Whether an array's data begin and, where that can be told, end within the file."""
        long = self.head.about.get("header_type") == "UInt64"
        width, order = (8 if long else 4), (">" if self.head.about.get("byte_order") == "BigEndian" else "<")
        begin = self.data + offset
        file.seek(min(begin, self.size))
        number = file.read(width)
        if len(number) < width:
            raise self._fail(
                f"the data of array '{name}' begin at byte {begin}, but the file ends at {self.size}; it was cut or "
                "changed"
            )
        if self.raw and "compressor" not in self.head.about:
            (found,) = struct.unpack(order + ("Q" if long else "I"), number)
            if begin + width + found > self.size or found < wanted:
                raise self._fail(
                    f"array '{name}' has {found} bytes from byte {begin} on, expected {wanted:.0f}, of a file of "
                    f"{self.size} bytes; it was cut or changed"
                )
