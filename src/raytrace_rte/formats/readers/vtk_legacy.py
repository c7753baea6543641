"""Legacy VTK files: VTK itself writes them as XML, in a process of its own, which a damaged file can end.

What a file states is held against its size before. Format: "VTK file formats", VTK documentation; keywords stand in
lines of text, also between binary data.
"""

from __future__ import annotations

import mmap
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from ...errors import InputError
from ...execution import memory
from ..source import printable
from . import probe

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
WRITE = """
import sys
from vtkmodules.vtkIOLegacy import vtkGenericDataObjectReader
from vtkmodules.vtkIOXML import vtkXMLDataSetWriter
reader = vtkGenericDataObjectReader()
reader.SetFileName(sys.argv[1])
for kind in ("Scalars", "Vectors", "Fields", "Tensors", "Normals", "TCoords"):
    getattr(reader, f"ReadAll{kind}On")()
reader.Update()
data = reader.GetOutput()
if data is None or reader.GetErrorCode() or not data.IsA("vtkDataSet"):
    sys.exit(1)
writer = vtkXMLDataSetWriter()
writer.SetFileName(sys.argv[2])
writer.SetInputData(data)
writer.SetDataModeToAppended()
writer.EncodeAppendedDataOff()
writer.SetCompressorTypeToNone()
writer.SetHeaderTypeToUInt64()
sys.exit(0 if writer.Write() else 1)
"""


def as_xml(path: Path, folder: Path) -> Path:
    """Return an XML file with what a legacy file holds, written into a folder.

    Raises InputError when the file states more than it has bytes for, VTK cannot read it, or the package is missing.
    """
    _check(path)
    if find_spec("vtkmodules") is None:
        probe.package("vtkmodules", "vtk", f"{path}: a legacy VTK file")
    target = folder / "legacy.vtk.xml"
    command = [sys.executable, "-c", WRITE, str(path.resolve()), str(target)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode or re.search(rb"\bERR\||\bERROR\b", done.stderr) or not target.is_file():
        said = re.findall(r"(?:ERR|WARN)\|\s*(?:\S+ \(0x\w+\): )?(.+)", done.stderr.decode(errors="replace"))
        reason = (
            printable(re.sub(r"\x1b\[\d*m", "", said[0]))[:200]
            if said
            else f"it ended with {done.returncode}"
        )
        raise InputError(f"{path}: VTK cannot read it: {reason}; write or copy it again")
    return target


def _check(path: Path) -> None:
    """Raise InputError on a file that states more numbers than it has bytes."""
    size = path.stat().st_size
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        for found in COUNTS.finditer(text):
            keyword = (found[1] or found[3]).decode(errors="replace")
            numbers = [int(n) for n in re.findall(rb"(?<![\w.+-])\d{1,18}(?![\w.])", found[2] or found[4])]
            product = keyword.upper() == "DIMENSIONS" or found[4] is not None
            stated = 1 if product else max(numbers, default=0)
            for n in numbers if product else ():
                stated *= n
            if keyword.upper() == "DIMENSIONS":
                memory.require(4.0 * stated, f"{path}: a grid of {stated:.3g} points")
            elif stated > size:
                raise InputError(
                    f"{path}: {printable(keyword)} states {stated:.3g} numbers, but the file has {size} bytes; it "
                    "was cut, or states a wrong size"
                )
