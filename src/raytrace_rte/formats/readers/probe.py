"""What readers ask a file before they know what it is."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

from ...errors import InputError


def head(path: Path, size: int = 512) -> bytes:
    """Return the first bytes of a file; none of a folder, or where they cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(size)
    except (OSError, ValueError):  # ValueError: a null character in the name
        return b""


def package(name: str, extra: str, what: str) -> ModuleType:
    """Import a package that only some formats need; raise InputError with the pip line where it is missing.

    name: of the module; extra: of this package that brings it; what: that needs it, for the message
    """
    try:
        return import_module(name)
    except ImportError:
        top = name.partition(".")[0]
        raise InputError(f"{what} needs {top}: pip install 'raytrace-rte[{extra}]'") from None
