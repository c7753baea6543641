"""The files of a plotfile: Header, and Cell_H and Cell_D of each level."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..source import printable

FAB = re.compile(rb"FAB \(\(\d+, \([\d ]+\)\),\((\d), \(([\d ]+)\)\)\)\s*([-\d(), ]+?) (\d+)\n")
"""First line of the block of a box: bytes of a number, their order, the box, components."""
LONGEST_LINE = 1000
MOST_NAMES = 100_000
COORDINATES = {0: "Cartesian", 1: "(r, z)", 2: "spherical"}


@dataclass(frozen=True)
class Box:
    """A block of cells: low: index of its first cell; shape; file and offset [bytes] of its block."""

    low: tuple[int, ...]
    shape: tuple[int, ...]
    file: Path
    offset: int


@dataclass(frozen=True)
class Level:
    """One level: low and shape of the whole domain in its cells; boxes with cells; files that hold them."""

    low: tuple[int, ...]
    shape: tuple[int, ...]
    boxes: tuple[Box, ...]
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Plotfile:
    """What the Header and the Cell_H of all levels say; low, high: corners of the domain, in no stated unit."""

    path: Path
    names: tuple[str, ...]
    time: float
    low: tuple[float, ...]
    high: tuple[float, ...]
    levels: tuple[Level, ...]
    dtype: np.dtype[Any]


class _Words:
    """Words of a text, one after the other; brackets and commas only part them."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.words = path, iter(re.sub(r"[(),]", " ", text).split())

    def next(self) -> str:
        word = next(self.words, None)
        if word is None:
            raise InputError(f"{self.path}: ends early; copy the plotfile again")
        return word

    def numbers(self, count: int, what: str, kind: type = int) -> tuple[Any, ...]:
        words = [self.next() for _ in range(count)]
        try:
            return tuple(kind(word) for word in words)
        except ValueError:
            raise InputError(
                f"{self.path}: {what}: found {printable(' '.join(words))[:80]!r}; expected {count} number(s), as "
                "HyperCLaw-V1.1 has it; copy the plotfile again"
            ) from None


def plotfile(path: Path) -> Plotfile:
    """Read the headers of a plotfile; raise InputError when one is missing, cut, or not as documented."""
    lines = _text(path / "Header").split("\n")
    count = _Words(path / "Header", lines[1] if len(lines) > 1 else "").numbers(1, "components")[0]
    if not 0 < count <= MOST_NAMES or len(lines) < count + 2:
        raise InputError(
            f"{path / 'Header'}: names {count} components; expected as many lines with their names"
        )
    names = tuple(printable(line.strip()) for line in lines[2 : 2 + count])
    words = _Words(path / "Header", "\n".join(lines[2 + count :]))
    (dim,) = words.numbers(1, "dimensions")
    (time,) = words.numbers(1, "time", float)
    (finest,) = words.numbers(1, "finest level")
    if dim not in (1, 2, 3) or finest < 0:
        raise InputError(
            f"{path / 'Header'}: has {dim} dimensions and {finest} as finest level; copy it again"
        )
    low, high = (words.numbers(dim, f"{end} corner", float) for end in ("lower", "upper"))
    words.numbers(finest, "refinement ratios")
    domains = [words.numbers(3 * dim, "domain") for _ in range(finest + 1)]
    words.numbers(finest + 1, "steps")
    words.numbers((finest + 1) * dim, "cell sizes", float)
    system, _ = words.numbers(2, "coordinates")
    if system != 0:
        raise InputError(
            f"{path}: coordinates are {COORDINATES.get(system, system)}; expected Cartesian ones; for (r, z) write "
            "the arrays as VTK or HDF5 and read them as axisymmetric"
        )
    levels = tuple(_level(path, words, domain, len(names)) for domain in domains)
    _check_nested(path, levels)
    dtype = _number_type(levels[0].boxes[0], len(names))[0]
    return Plotfile(path, names, time, low, high, levels, dtype.newbyteorder("="))


def _level(path: Path, words: _Words, domain: tuple[int, ...], components: int) -> Level:
    dim = len(domain) // 3
    _, count = words.numbers(2, "boxes of a level")
    words.numbers(1, "time of a level", float)
    words.numbers(1, "step of a level")
    words.numbers(2 * dim * count, "corners of boxes", float)
    name = words.next()
    prefix = _inside(path, path / name)
    header = prefix.with_name(prefix.name + "_H")
    boxes = tuple(_boxes(path, header, dim, components))
    low, shape = _extent(domain, header)
    return Level(low, shape, boxes, (header, *sorted({box.file for box in boxes})))


def _boxes(path: Path, header: Path, dim: int, components: int) -> Iterator[Box]:
    """Yield the boxes of a Cell_H."""
    words = _Words(header, _text(header))
    version, _, stored = words.numbers(3, "version and components")
    if version != 1 or stored != components:
        raise InputError(
            f"{header}: is version {version} with {stored} components; expected version 1 with {components}, as "
            "AMReX writes plotfiles by default"
        )
    ghosts = words.next()  # one number, or one for each axis
    if ghosts != "0":
        raise InputError(
            f"{header}: has ghost cells ({printable(ghosts)}); expected 0; write it without them"
        )
    count, _ = words.numbers(2, "number of boxes")
    corners = [words.numbers(3 * dim, "box") for _ in range(count)]
    words.numbers(1, "blocks")
    for corner in corners:
        words.next()  # "FabOnDisk:"
        file = _inside(path, header.parent / words.next())
        (offset,) = words.numbers(1, "offset")
        yield Box(*_extent(corner, header), file, offset)
    for which in ("least", "greatest"):  # not needed, but a file that was cut lacks them
        words.numbers(2, f"number of {which} values")
        words.numbers(count * stored, f"{which} values", float)


def _extent(numbers: tuple[int, ...], header: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the first cell and the shape of a box from its lowest and highest cell and its centring."""
    dim = len(numbers) // 3
    low, high, centring = numbers[:dim], numbers[dim : 2 * dim], numbers[2 * dim :]
    if any(centring) or any(b < a for a, b in zip(low, high, strict=True)):
        raise InputError(f"{header}: found the box {numbers}; expected cells, from the lowest to the highest")
    return low, tuple(b - a + 1 for a, b in zip(low, high, strict=True))


def _check_nested(path: Path, levels: tuple[Level, ...]) -> None:
    """Check that boxes lie in the domain, level 0 fills it, and cells of a level are whole ones of the next."""
    base = levels[0]
    if sum(math.prod(box.shape) for box in base.boxes) != math.prod(base.shape):
        raise InputError(
            f"{path}: the boxes of level 0 do not fill the domain of {base.shape} cells; copy it again"
        )
    for number, level in enumerate(levels):
        if any(n % m for n, m in zip(level.shape, base.shape, strict=True)):
            raise InputError(f"{path}: level {number} has {level.shape} cells, no multiple of {base.shape}")
        for box in level.boxes:
            first = [i - j for i, j in zip(box.low, level.low, strict=True)]
            if any(i < 0 or i + n > m for i, n, m in zip(first, box.shape, level.shape, strict=True)):
                raise InputError(f"{path}: level {number} has a box at {box.low} that leaves the domain")


def values(plot: Plotfile, box: Box, component: int) -> NDArray[np.floating]:
    """Return a component in the cells of a box, indexed [x, y, z]; raise InputError when it is cut."""
    dtype, start = _number_type(box, len(plot.names))
    count = math.prod(box.shape)
    try:
        numbers = np.fromfile(box.file, dtype, count, offset=start + component * count * dtype.itemsize)
    except OSError as error:
        raise InputError(f"{box.file}: cannot be read: {error}") from None
    if numbers.size != count:
        raise InputError(f"{box.file}: ends within the box at {box.low}; copy the plotfile again")
    return numbers.reshape(box.shape, order="F")


def _number_type(box: Box, components: int) -> tuple[np.dtype[Any], int]:
    """Return the type of the numbers of a box, and where they start [bytes]."""
    try:
        with open(box.file, "rb") as file:
            file.seek(box.offset)
            line = file.readline(LONGEST_LINE)
    except OSError as error:
        raise InputError(f"{box.file}: cannot be read: {error.strerror}; copy the plotfile again") from None
    match = FAB.fullmatch(line)
    if match is None:
        raise InputError(f"{box.file}: no block of a box at byte {box.offset}; copy the plotfile again")
    size, order = int(match[1]), [int(word) for word in match[2].split()]
    found = tuple(int(word) for word in re.findall(rb"-?\d+", match[3]))
    if size not in (4, 8) or sorted(order) != list(range(1, size + 1)) or int(match[4]) != components:
        raise InputError(f"{box.file}: numbers of {size} bytes, {int(match[4])} components; expected 4 or 8, "
                         f"{components}")  # fmt: skip
    if _extent(found, box.file) != (box.low, box.shape):
        raise InputError(f"{box.file}: byte {box.offset} holds the box {found}, another than its Cell_H says")
    return np.dtype(f"{'<' if order[0] == size else '>'}f{size}"), box.offset + len(line)


def _inside(root: Path, path: Path) -> Path:
    """Return a path that the plotfile names; raise InputError where it leads out of its folder."""
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputError(
            f"{root}: names the file {printable(str(path))!r}, outside its folder; it is not read"
        )
    return path


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InputError(f"{path}: cannot be read: {reason}; copy the plotfile again") from None
