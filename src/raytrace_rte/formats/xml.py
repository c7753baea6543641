"""XML that cannot do harm: no entities, no document types that nobody knows, and nothing nested without end."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from ..errors import InputError

LARGEST = 1 << 28
"""Bytes of a document that is read."""
DEEPEST = 64
"""Elements within each other."""


def parsed(data: bytes, where: str, known: str = "") -> ElementTree.Element:
    """Return the root of a document.

    known: the file of the one document type that it may declare, and that is not read, as "Xdmf.dtd"
    Raises InputError when it is no XML, declares another document type or entities, or is nested too deep.
    """
    scanner, depth = expat.ParserCreate(), 0

    def begin(name: str, attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise InputError(f"{where}: has elements more than {DEEPEST} deep in each other; write it anew")

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def document_type(name: str, file: str | None, public: str | None, inside: bool) -> None:
        if not known or file != known:
            raise InputError(f"{where}: declares a document type (DOCTYPE), which is not read; remove it")

    def entity(*declared: object) -> None:
        raise InputError(
            f"{where}: declares entities in its document type (DOCTYPE), which are not read; remove it"
        )

    scanner.StartDoctypeDeclHandler, scanner.EntityDeclHandler = document_type, entity
    scanner.StartElementHandler, scanner.EndElementHandler = begin, end
    try:
        scanner.Parse(data, True)
    except expat.ExpatError as error:
        raise InputError(f"{where}: is not well-formed XML: {error}; write it again") from None
    return ElementTree.fromstring(data)


def document(path: Path, known: str = "") -> ElementTree.Element:
    """Return the root of a document in a file; raises InputError also when it is too large or unreadable."""
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; check the path") from None
    if len(data) > LARGEST:
        raise InputError(f"{path}: is XML of more than {LARGEST >> 20} MiB; keep its numbers in HDF5")
    return parsed(data, str(path), known)
