"""The sizes that a legacy VTK file states, looked at before VTK itself takes them for memory.

Format: "VTK file formats", VTK documentation. Keywords stand in lines of text, also between binary data.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from ...errors import InputError
from ...execution import memory

SIGNATURE = b"# vtk DataFile"
KEYWORDS = (
    rb"DIMENSIONS|POINTS|CELLS|POLYGONS|CELL_TYPES|CELL_DATA|POINT_DATA|[XYZ]_COORDINATES|FIELD|LOOKUP_TABLE"
)
TYPES = rb"bit|(?:unsigned_)?(?:char|short|int|long)|float|double|vtktypeu?int64|vtkidtype"
COUNTS = re.compile(
    rb"\n[ \t]*(" + KEYWORDS + rb")[ \t]([^\n]{0,200})"
    rb"|\n[ \t]*(\S{1,200}) (\d+ \d+) (?:" + TYPES + rb")[ \t\r]*\n",
    re.IGNORECASE,
)  # fmt: skip
"""A keyword and its numbers, or the line before an array of a FIELD: name, components, tuples, type."""


def check(path: Path) -> None:
    """Raise InputError on a file that states more numbers than it has bytes."""
    size = path.stat().st_size
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        for found in COUNTS.finditer(text):
            keyword = (found[1] or found[3]).decode(errors="replace")
            numbers = [int(n) for n in re.findall(rb"(?<![\w.+-])\d+(?![\w.])", found[2] or found[4])]
            product = keyword.upper() == "DIMENSIONS" or found[4] is not None
            stated = 1 if product else max(numbers, default=0)
            for n in numbers if product else ():
                stated *= n
            if keyword.upper() == "DIMENSIONS":
                memory.require(4.0 * stated, f"{path}: a grid of {stated:.3g} points")
            elif stated > size:
                raise InputError(
                    f"{path}: {keyword} states {stated:.3g} numbers, but the file has {size} bytes; it was cut, or "
                    "states a wrong size"
                )
