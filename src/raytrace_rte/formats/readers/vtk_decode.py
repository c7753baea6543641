"""The numbers of an array in a VTK XML file: as text, in base 64 or as bytes, compressed or not.

Sizes that a file states are held against what it has before memory is taken for them, and decompressing ends where
it should. Format: "VTK file formats", VTK documentation.
"""

from __future__ import annotations

import base64
import binascii
import lzma
import mmap
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...execution import memory
from ...execution.executors import ordered, thread_count
from ..source import printable
from . import probe
from .vtk_xml import Document, Stored

TYPES = {
    "Int8": "i1", "UInt8": "u1", "Int16": "i2", "UInt16": "u2", "Int32": "i4", "UInt32": "u4", "Int64": "i8",
    "UInt64": "u8", "Float32": "f4", "Float64": "f8",
}  # fmt: skip
SPACE = b" \t\r\n"
DAMAGE = (binascii.Error, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError, IndexError)
"""What decoding raises, somewhere, on bytes that are wrong."""


def dtype_of(stored: Stored) -> np.dtype[Any] | None:
    """Return the type of an array's numbers; None where it holds text or bits."""
    kind = TYPES.get(stored.about.get("type", ""))
    return None if kind is None else np.dtype(kind)


class Decoder:
    """Reads arrays of one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        about = document.about
        self.order = ">" if about.get("byte_order") == "BigEndian" else "<"
        self.word = np.dtype(f"{self.order}u{8 if about.get('header_type') == 'UInt64' else 4}")
        self.compressor = about.get("compressor", "")

    def values(self, stored: Stored, tuples: int | None) -> NDArray[Any]:
        """Return an array, (n,) or (n, components) of the given number of tuples; None is as many as there are.

        Raises InputError when it has another number, is cut, or cannot be decoded.
        """
        dtype = dtype_of(stored)
        if dtype is None:
            raise self._fail(
                stored, f"is of type '{printable(stored.about.get('type', ''))}'; expected numbers"
            )
        columns = max(1, self.document.count(stored.about, "NumberOfComponents"))
        wanted = None if tuples is None else tuples * columns
        if wanted is not None:
            memory.require(
                float(wanted) * dtype.itemsize, f"{self.document.where}: array '{printable(stored.name)}'"
            )
        read = self._ascii if stored.about.get("format", "ascii") == "ascii" else self._binary
        try:
            found = read(stored, dtype)
        except InputError:
            raise
        except DAMAGE as error:
            said = printable(str(error))[:80]
            raise self._fail(stored, f"cannot be decoded: {said}; it was cut or changed") from None
        if found.size % columns or (wanted is not None and found.size != wanted):
            expected = f"rows of {columns}" if wanted is None else wanted
            raise self._fail(stored, f"has {found.size} numbers, expected {expected}; it was cut or changed")
        return found if columns == 1 else found.reshape(-1, columns)

    def _fail(self, stored: Stored, what: str) -> InputError:
        return self.document.fail(f"array '{printable(stored.name)[:80]}' {what}")

    def _ascii(self, stored: Stored, dtype: np.dtype[Any]) -> NDArray[Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy warns of what is no number
            try:
                whole = np.float64 if dtype.kind == "f" else np.int64
                return np.fromstring("".join(stored.text), whole, sep=" ").astype(dtype)
            except (DeprecationWarning, RuntimeWarning, OverflowError) as error:
                raise ValueError(str(error)) from None

    def _binary(self, stored: Stored, dtype: np.dtype[Any]) -> NDArray[Any]:
        if stored.about.get("format") != "appended":
            text = "".join(stored.text).encode("ascii", "replace").translate(None, SPACE)
            return self._numbers(stored, _Encoded(text, 0).read, dtype)
        offset = self.document.count(stored.about, "offset")
        begin = self.document.data + offset
        with (
            open(self.document.path, "rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as bytes_,
        ):
            if not self.document.data or begin >= len(bytes_):
                end = len(bytes_)
                raise self._fail(stored, f"begins at byte {begin}, but the file ends at {end}; it was cut")
            read = _Plain(bytes_, begin).read if self.document.raw else _Encoded(bytes_, begin).read
            return self._numbers(stored, read, dtype)

    def _numbers(
        self, stored: Stored, read: Callable[[int, bool], bytes], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """Numbers behind their header. read: the next so many bytes, and whether they are a part of a header."""
        first = int(self._words(read(self.word.itemsize, True))[0])
        if not self.compressor:
            data = read(first, False)
        elif first == 0:
            data = b""
        else:
            size, last = (int(n) for n in self._words(read(2 * self.word.itemsize, True)))
            packed = [int(n) for n in self._words(read(first * self.word.itemsize, True))]
            data = self._unpacked(stored, read(sum(packed), False), packed, size, last)
        if len(data) % dtype.itemsize:
            raise ValueError(f"{len(data)} bytes of numbers of {dtype.itemsize}")
        return np.frombuffer(data, np.dtype(f"{self.order}{dtype.str[1:]}")).astype(dtype, copy=False)

    def _words(self, data: bytes) -> NDArray[Any]:
        return np.frombuffer(data, self.word)

    def _unpacked(self, stored: Stored, data: bytes, packed: list[int], size: int, last: int) -> bytes:
        """Decompress blocks of `size` bytes, the last of `last` (0: of `size` too)."""
        sizes = [size] * (len(packed) - 1) + [last or size]
        memory.require(float(sum(sizes)), f"{self.document.where}: array '{printable(stored.name)}'")
        inflate, ends = _inflating(self.compressor, str(self.document.where)), np.cumsum([0, *packed])
        blocks = [(data[a:b], n) for a, b, n in zip(ends[:-1], ends[1:], sizes, strict=True)]
        found = b"".join(ordered(lambda block: inflate(*block), blocks, thread_count(None)))
        if len(found) != sum(sizes):
            raise ValueError(f"{len(found)} bytes, expected {sum(sizes)}")
        return found


class _Plain:
    """Bytes as they are, from a place on."""

    def __init__(self, data: mmap.mmap, at: int) -> None:
        self.data, self.at = data, at

    def read(self, count: int, header: bool) -> bytes:
        """Return the next bytes; ValueError when there are not so many."""
        if self.at + count > len(self.data):
            raise ValueError(f"{count} bytes from byte {self.at} on")
        self.at += count
        return self.data[self.at - count : self.at]


class _Encoded:
    """Bytes in base 64: the header as one text, the rest as another; some programs write both as one."""

    def __init__(self, data: bytes | mmap.mmap, at: int) -> None:
        self.data, self.at, self.header, self.taken = data, at, b"", 0

    def read(self, count: int, header: bool) -> bytes:
        """Return the next bytes; ValueError when there are not so many."""
        if header:
            self.taken += count
            self.header = self._decoded(self.at, self.taken)
            return self.header[self.taken - count : self.taken]
        end = self.at + 4 * -(-self.taken // 3)
        joint = self.taken % 3 > 0 and self.data[end - 1 : end] != b"="
        if joint:
            return self._decoded(self.at, self.taken + count)[self.taken :]
        return self._decoded(end, count)

    def _decoded(self, at: int, count: int) -> bytes:
        length = 4 * -(-count // 3)
        if at + length > len(self.data):
            raise ValueError(f"{count} bytes in base 64 from byte {at} on")
        return base64.b64decode(self.data[at : at + length], validate=True)[:count]


def _inflating(compressor: str, where: str) -> Callable[[bytes, int], bytes]:
    """Return what decompresses a block to at most so many bytes."""
    if compressor == "vtkZLibDataCompressor":
        return lambda data, most: zlib.decompressobj().decompress(data, most)
    if compressor == "vtkLZMADataCompressor":
        return lambda data, most: lzma.LZMADecompressor().decompress(data, most)
    if compressor == "vtkLZ4DataCompressor":
        lz4 = probe.package("lz4.block", "vtk", f"{where}: compression by LZ4")
        return lambda data, most: bytes(lz4.decompress(data, uncompressed_size=most))
    raise InputError(f"{where}: is compressed by '{printable(compressor)}'; expected zlib, LZMA or LZ4")
