"""One file of an OpenFOAM case: its header, and its lists, as text or binary, compressed or not.

Format: OpenFOAM user guide, "Basic input/output file format". Directives (#include, #calc, $name) are not followed.
"""

from __future__ import annotations

import gzip
import re
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...execution import memory
from ..source import printable

GZIP = b"\x1f\x8b"
HEAD = 8192
"""Bytes within which header and dimensions stand."""
COMMENT = re.compile(rb"//[^\n]*|/\*.*?\*/", re.DOTALL)
TO_SPACES = bytes.maketrans(b"()", b"  ")
SIZES = {"scalar": 1, "vector": 3, "symmTensor": 6, "tensor": 9, "sphericalTensor": 1, "label": 1}


def beside(folder: Path, name: str) -> Path | None:
    """Return a file of a folder, compressed or not; None where there is none."""
    return next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)


def content(path: Path, size: int = -1) -> bytes:
    """Return a file, or its first bytes, decompressed; InputError when it cannot be read or is too large."""
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == GZIP
        most = int(min(memory.available() // 2, 1 << 50)) if size < 0 else size
        with gzip.open(path) if packed else open(path, "rb") as file:
            found = bytes(file.read(most))
            if size < 0 and file.read(1):
                memory.require(float("inf"), str(path))
            return found
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError(f"{path}: its compressed data are damaged; copy or write it again") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}; check it") from None


class FoamFile:
    """What a file holds, and what its header says.

    type: its class, as "volScalarField"; dimensions: what stands in its brackets, "" where there are none
    """

    def __init__(self, path: Path, whole: bool = True) -> None:
        self.path = path
        self.bytes = content(path, -1 if whole else HEAD)
        head = COMMENT.sub(b"", self.bytes[:HEAD])
        found = re.search(rb"FoamFile\s*\{(.*?)\}", head, re.DOTALL)
        said = dict(re.findall(rb"(\w+)\s+([^;]*);", found[1])) if found else {}
        self.header = {
            k.decode(errors="replace"): v.decode(errors="replace").strip(' "') for k, v in said.items()
        }
        self.type = self.header.get("class", "")
        units = re.search(rb"\n\s*dimensions\s*\[([^\]]*)\]", head)
        self.dimensions = " ".join(units[1].decode(errors="replace").split()) if units else ""
        self.binary = self.header.get("format") == "binary"
        # "LSB;label=32;scalar=64": the quotes hold semicolons
        arch = re.search(rb'arch\s+"([^"]*)"', found[1]) if found else None
        self.arch = arch[1].decode(errors="replace") if arch else "LSB;label=32;scalar=64"

    def dtype(self, label: bool) -> np.dtype[Any]:
        """The type of binary labels or scalars."""
        bits = re.search(rf"{'label' if label else 'scalar'}=(\d+)", self.arch)
        size = int(bits[1]) // 8 if bits else (4 if label else 8)
        if size not in (4, 8):
            raise self.fail(
                f"its arch is '{printable(self.arch)}'; expected labels and scalars of 32 or 64 bits"
            )
        return np.dtype(f"{'>' if 'MSB' in self.arch else '<'}{'i' if label else 'f'}{size}")

    def fail(self, what: str) -> InputError:
        """Return the error of this file."""
        return InputError(f"{self.path}: {what}")

    def body(self) -> int:
        """Where the data begin, behind the header and comments."""
        found = re.search(rb"FoamFile\s*\{.*?\}", self.bytes[:HEAD], re.DOTALL)
        at = found.end() if found else 0
        while gap := re.match(rb"\s+|//[^\n]*\n|/\*.*?\*/", self.bytes[at : at + HEAD], re.DOTALL):
            at += gap.end()
        return at

    def list_at(self, at: int, columns: int, label: bool = False) -> tuple[NDArray[Any], int]:
        """Return the list that begins at a byte, (n,) or (n, columns), and where it ends.

        Raises InputError when it is cut, or states a number of entries that it does not have.
        """
        opened = re.compile(rb"\s*(\d{1,18})\s*([({])").match(self.bytes, at)
        if opened is None:
            empty = re.compile(rb"\s*0\s*(?=[;\s]|$)").match(self.bytes, at)
            if empty:
                return self._shaped(np.empty(0, np.int64 if label else np.float64), columns), empty.end()
            near = printable(self.bytes[at : at + 40].decode(errors="replace"))
            raise self.fail(f"expected a list, as 3(1 2 3), and found '{near}'")
        count, begin = int(opened[1]), opened.end()
        least = (
            count * columns * (self.dtype(label).itemsize if self.binary else 2) if opened[2] == b"(" else 0
        )
        if least > len(self.bytes) - begin + 1:
            raise self.fail(
                f"a list states {count} entries, but the file has {len(self.bytes)} bytes; it was cut or changed"
            )
        if opened[2] == b"{" or (self.binary and count):
            return self._packed(begin, count, columns, label, opened[2] == b"{")
        end = self.bytes.find(b")", begin) if columns == 1 else self._end_of_rows(begin, count)
        return self._text(begin, end, count, columns, label), end + 1

    def _packed(
        self, begin: int, count: int, columns: int, label: bool, same: bool
    ) -> tuple[NDArray[Any], int]:
        """Binary entries, or one value for all of them in braces."""
        if same:
            end = self.bytes.find(b"}", begin)
            one = self._text(begin, end, 1, columns, label)
            memory.require(8.0 * count * columns, str(self.path))
            return np.repeat(one, count, axis=0), end + 1
        found = np.frombuffer(self.bytes, self.dtype(label), count * columns, begin)
        end = begin + found.nbytes
        if self.bytes[end : end + 1] != b")":
            raise self.fail(
                f"a binary list of {count} entries does not end where it should; its arch is '{self.arch}'"
            )
        return self._shaped(found.astype(found.dtype.newbyteorder("="), copy=False), columns), end + 1

    def _end_of_rows(self, begin: int, count: int) -> int:
        """Where a list of rows in parentheses is closed."""
        closed = re.compile(rb"\)\s*\)" if count else rb"\)").search(self.bytes, begin)
        return -1 if closed is None else closed.end() - 1

    def _text(self, begin: int, end: int, count: int, columns: int, label: bool) -> NDArray[Any]:
        found = self._numbers(begin, end, label)
        if end < 0 or found.size != count * columns:
            raise self.fail(
                f"a list holds {found.size} numbers; expected {count * columns}; it was cut or changed"
            )
        return self._shaped(found, columns)

    def _numbers(self, begin: int, end: int, label: bool) -> NDArray[Any]:
        """Numbers as text, whatever parentheses stand between them."""
        text = self.bytes[begin:end].translate(TO_SPACES) if end >= 0 else b""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # of text that is no number, before NumPy 2.3
                return np.fromstring(text, np.int64 if label else np.float64, sep=" ")
        except (DeprecationWarning, ValueError):
            raise self.fail("a list holds something else than numbers; it was cut or changed") from None

    @staticmethod
    def _shaped(values: NDArray[Any], columns: int) -> NDArray[Any]:
        return values if columns == 1 else values.reshape(-1, columns)

    def labels(self) -> NDArray[np.int64]:
        """Return the one list of labels that the file is."""
        return self.list_at(self.body(), 1, label=True)[0].astype(np.int64)

    def faces(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where each face begins (n + 1,), and the points of all faces one after the other."""
        at = self.body()
        if self.type == "faceCompactList":
            start, end = self.list_at(at, 1, label=True)
            return start.astype(np.int64), self.list_at(end, 1, label=True)[0].astype(np.int64)
        if self.binary:
            raise self.fail(f"is a binary {printable(self.type) or 'list'}; expected a faceCompactList")
        opened = re.compile(rb"\s*(\d{1,18})\s*\(").match(self.bytes, at)
        if opened is None:
            raise self.fail("expected a list of faces, as 2(3(0 1 2) 3(2 1 3))")
        end = self._end_of_rows(opened.end(), int(opened[1]))
        numbers = self._numbers(opened.end(), end, True)
        begins = _starts(numbers, int(opened[1]))
        if begins is None:
            raise self.fail(f"does not hold the {int(opened[1])} faces that it states; it was cut or changed")
        return begins - np.arange(begins.size), np.delete(numbers, begins[:-1])

    def internal(self, count: int, columns: int) -> NDArray[Any]:
        """Return the values of all cells of a field, (count,) or (count, columns)."""
        found = re.compile(rb"\n\s*(?:internalField|value)\s+(uniform|nonuniform)\s+(?:List<\w+>)?").search(
            self.bytes
        )
        if found is None:
            raise self.fail("has no internalField of numbers (directives as #include and $name are not followed); "
                            "take a time that OpenFOAM has written")  # fmt: skip
        if found[1] == b"uniform":
            end = self.bytes.find(b";", found.end())
            one: NDArray[Any] = self._text(found.end(), end, 1, columns, False)
            return np.repeat(one, count, axis=0)
        values = self.list_at(found.end(), columns)[0]
        if len(values) != count:
            raise self.fail(
                f"its internalField has {len(values)} values, but the mesh has {count} cells; it is of another mesh"
            )
        return values


def _starts(numbers: NDArray[np.int64], count: int) -> NDArray[np.int64] | None:
    """Where each of so many lists, a length before its entries, begins, and the end; None if they do not fit."""
    each = numbers.size // max(count, 1)
    if each and each * count == numbers.size and (numbers[::each] == each - 1).all():  # mostly all are alike
        return np.arange(0, numbers.size + 1, each)
    start, at, listed = [0], 0, numbers.tolist()
    for _ in range(count):
        if at >= len(listed) or listed[at] < 0:
            return None
        at += 1 + listed[at]
        start.append(at)
    return np.array(start) if at == len(listed) else None
