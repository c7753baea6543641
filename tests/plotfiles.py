"""Writes plotfiles of AMReX in their documented layout (AMReX documentation, "Plotfile format")."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

ORDER = {"<": "8 7 6 5 4 3 2 1", ">": "1 2 3 4 5 6 7 8"}
"""How AMReX writes the order of bytes."""


def corners(low: Sequence[int], shape: Sequence[int]) -> str:
    def bracket(numbers):
        return "(" + ",".join(str(int(n)) for n in numbers) + ")"

    high = [a + n - 1 for a, n in zip(low, shape, strict=True)]
    return f"({bracket(low)} {bracket(high)} {bracket([0] * len(low))})"


def write_plotfile(
    path: Path,
    levels: Sequence[Sequence[tuple[Sequence[int], Mapping[str, np.ndarray]]]],
    shape: Sequence[int],
    low: Sequence[float],
    high: Sequence[float],
    *,
    time: float = 0.25,
    ratio: int = 2,
    order: str = "<",
    system: int = 0,
) -> None:
    """Write a plotfile; levels: for each its boxes, as (lowest cell, name -> values); shape: of level 0."""
    names, dim, finest = list(levels[0][0][1]), len(shape), len(levels) - 1
    domains = [[n * ratio**i for n in shape] for i in range(finest + 1)]
    path.mkdir()
    text = ["HyperCLaw-V1.1", str(len(names)), *names, str(dim), repr(time), str(finest)]
    text += [" ".join(map(repr, map(float, ends))) + " " for ends in (low, high)]
    text += ["".join(f"{ratio} " for _ in range(finest))]
    text += ["".join(corners([0] * dim, domain) + " " for domain in domains)]
    text += ["".join("7 " for _ in domains)]
    sizes = [[(b - a) / n for a, b, n in zip(low, high, d, strict=True)] for d in domains]
    text += [" ".join(map(repr, size)) + " " for size in sizes]
    text += [str(system), "0"]
    for number, (boxes, size) in enumerate(zip(levels, sizes, strict=True)):
        text += [f"{number} {len(boxes)} {time!r}", "7"]
        for first, arrays in boxes:
            for i, n in enumerate(next(iter(arrays.values())).shape):
                text += [f"{low[i] + first[i] * size[i]!r} {low[i] + (first[i] + n) * size[i]!r}"]
        text += [f"Level_{number}/Cell"]
        write_level(path / f"Level_{number}", boxes, names, order)
    (path / "Header").write_text("\n".join(text) + "\n")


def write_level(folder: Path, boxes, names, order: str) -> None:
    """Write Cell_H, and the blocks of the boxes into Cell_D_00000 and Cell_D_00001 in turn."""
    folder.mkdir()
    blocks, places = {0: b"", 1: b""}, []
    extents = [corners(first, next(iter(arrays.values())).shape) for first, arrays in boxes]
    for (_, arrays), extent, turn in zip(boxes, extents, itertools.cycle((0, 1))):
        places.append(f"FabOnDisk: Cell_D_0000{turn} {len(blocks[turn])}")
        line = f"FAB ((8, (64 11 52 0 1 12 0 1023)),(8, ({ORDER[order]}))){extent} {len(names)}\n"
        numbers = [arrays[name].astype(f"{order}f8").tobytes(order="F") for name in names]
        blocks[turn] += line.encode() + b"".join(numbers)
    header = ["1", "1", str(len(names)), "0", f"({len(boxes)} 0", *extents, ")", str(len(boxes)), *places, ""]
    for function in (np.min, np.max):
        header += [f"{len(boxes)},{len(names)}"]
        header += [",".join(repr(float(function(a[n]))) for n in names) + "," for _, a in boxes] + [""]
    (folder / "Cell_H").write_text("\n".join(header))
    for turn, block in blocks.items():
        if block:
            (folder / f"Cell_D_0000{turn}").write_bytes(block)


def write_chombo(path: Path, levels, shape: Sequence[int], dx: float) -> None:
    """Write an HDF5 file of Chombo; arguments as of write_plotfile, dx: size of the cells of level 0."""
    names = list(levels[0][0][1])
    extent = np.dtype([(f"{end}_{axis}", "<i4") for end in ("lo", "hi") for axis in "ijk"])
    vector = np.dtype([(f"intvect{axis}", "<i4") for axis in "ijk"])
    with h5py.File(path, "w") as file:
        counts = {
            "num_components": len(names),
            "num_levels": len(levels),
            "max_level": len(levels) - 1,
            "iteration": 3,
        }
        file.attrs.update({key: np.int32(n) for key, n in counts.items()} | {"time": 0.5})
        file.attrs.update({f"component_{i}": np.bytes_(name) for i, name in enumerate(names)})
        file.attrs["filetype"] = np.bytes_("VanillaAMRFileType")
        file.create_group("Chombo_global").attrs.update({"SpaceDim": np.int32(3), "testReal": 0.0})
        for number, boxes in enumerate(levels):
            ratio, group = 2**number, file.create_group(f"level_{number}")
            domain = np.array((0, 0, 0, *(n * ratio - 1 for n in shape)), dtype=extent)
            group.attrs.update(
                {"dx": dx / ratio, "dt": 0.1, "time": 0.5, "ref_ratio": np.int32(2), "prob_domain": domain}
            )
            sizes = [next(iter(arrays.values())).shape for _, arrays in boxes]
            ends = [(*low, *np.add(low, size) - 1) for (low, _), size in zip(boxes, sizes, strict=True)]
            group["boxes"] = np.array(ends, dtype=extent)
            group["Processors"] = np.zeros(len(boxes), "<i4")
            blocks = [np.concatenate([arrays[n].ravel(order="F") for n in names]) for _, arrays in boxes]
            group["data:datatype=0"] = np.concatenate(blocks)
            group["data:offsets=0"] = np.cumsum([0, *(block.size for block in blocks)])
            about = {"comps": np.int32(len(names)), "objectType": np.bytes_("FArrayBox")}
            group.create_group("data_attributes").attrs.update(
                about | {"ghost": np.array((0, 0, 0), dtype=vector)}
            )
