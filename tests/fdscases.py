"""Writes cases of FDS in their documented layout (FDS User's Guide, "FDS file formats"): .smv, .q and .sf."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SHORT = {"TEMPERATURE": ("temp", "C"), "HRRPUV": ("hrrpuv", "kW/m3"), "PRESSURE": ("pres", "Pa")}
SHORT |= {"BACKGROUND PRESSURE": ("pbar", "Pa"), "ABSORPTION COEFFICIENT": ("kappa", "1/m")}
SHORT |= {"SOOT DENSITY": ("rho_Soot", "kg/m3"), "DENSITY": ("rho", "kg/m3"), "U-VELOCITY": ("U-VEL", "m/s")}
"""Label -> label of the colour bar, and unit; other labels are fractions."""


@dataclass
class Mesh:
    """Nodes along the axes [m], and obstructions as (low, high) of node numbers."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    z: Sequence[float]
    obstructions: Sequence[tuple[Sequence[int], Sequence[int]]] = ()


@dataclass
class Slice:
    """Index bounds (x, x, y, y, z, z) of nodes, and label -> values of one mesh, (time, nodes ...).

    number: of its first label in the case; parts of one slice in several meshes have the same
    """

    number: int
    mesh: int
    bounds: Sequence[int]
    arrays: Mapping[str, np.ndarray]
    cells: bool = False


@dataclass
class Case:
    """A case: meshes; plot3d: time -> for each mesh label -> values at its nodes; slices at times."""

    meshes: Sequence[Mesh]
    plot3d: Mapping[float, Sequence[Mapping[str, np.ndarray]]] = field(default_factory=dict)
    slices: Sequence[Slice] = ()
    times: Sequence[float] = ()


def write_case(folder: Path, case: Case, name: str = "case") -> Path:
    """Write a case into a folder, and return its .smv."""
    folder.mkdir(exist_ok=True)
    lines = ["TITLE", " a case", "", "FDSVERSION", " FDS-6.9.1", "", "CHID", f" {name}", "", "TOFFSET"]
    lines += [
        "  0.0 0.0 0.0",
        "",
        "SURFACE",
        " INERT",
        " 5000.00 0.90",
        " 0 1.0 1.0 1.0 0.8 0.4 1.0",
        " null",
        "",
    ]
    for mesh in case.meshes:
        lines += grid_lines(mesh)
    for time, meshes in case.plot3d.items():
        for number, arrays in enumerate(meshes, 1):
            file = f"{name}_{number}_{int(time)}p{round(100 * (time % 1)):02d}.q"
            lines += [f"PL3D {time:12.4f} {number:4d}", f" {file}"]
            for label in arrays:
                lines += labels(label)
            write_plot3d(folder / file, list(arrays.values()))
    for part in case.slices:
        for number, (label, values) in enumerate(part.arrays.items(), part.number):
            file = f"{name}_{part.mesh}_{number}.sf"
            bounds = "".join(f"{b:6d}" for b in part.bounds)
            lines += [
                f"SLC{'C' if part.cells else 'F'} {part.mesh:5d} # STRUCTURED &{bounds} ! {number:6d} 0 0"
            ]
            lines += [f" {file}", *labels(label, "(cell centered)" if part.cells else "")]
            write_slice(folder / file, part.bounds, case.times, values)
    (folder / f"{name}.smv").write_text("\n".join(lines) + "\n")
    return folder / f"{name}.smv"


def grid_lines(mesh: Mesh) -> list[str]:
    sizes = "".join(f"{len(a) - 1:5d}" for a in (mesh.x, mesh.y, mesh.z))
    ends = "".join(f"{e:14.5f}" for a in (mesh.x, mesh.y, mesh.z) for e in (a[0], a[-1]))
    lines = [f"GRID  {mesh.name}", f"{sizes}    0", "", "PDIM", f"{ends} 0.0 0.0 0.0"]
    for axis, nodes in (("X", mesh.x), ("Y", mesh.y), ("Z", mesh.z)):
        lines += ["", f"TRN{axis}", "    0", *(f"{i:5d}{x:14.5f}" for i, x in enumerate(nodes))]
    lines += ["", "OBST", f"  {len(mesh.obstructions)}"]
    axes = (mesh.x, mesh.y, mesh.z)
    for i, (low, high) in enumerate(mesh.obstructions, 1):
        lines += [
            " ".join(
                f"{a[n]:.5f}" for a, pair in zip(axes, zip(low, high, strict=True), strict=True) for n in pair
            )
            + f" {i} 0 0 0 0 0 0"
        ]
    for low, high in mesh.obstructions:
        lines += [" ".join(str(n) for pair in zip(low, high, strict=True) for n in pair) + " -1 -1"]
    floor = [(mesh.x[0], mesh.x[-1]), (mesh.y[0], mesh.y[-1]), (mesh.z[0], mesh.z[0])]
    counts = len(mesh.x) - 1, len(mesh.y) - 1
    lines += ["", "VENT", "    1    0"]
    lines += ["".join(f"{e:14.5f}" for pair in floor for e in pair) + "     1   0" + "    -999.00000" * 3]
    lines += [f"    0{counts[0]:5d}    0{counts[1]:5d}    0    0  -99   -2"]
    return [*lines, "", "CVENT", "    0", ""]


def labels(label: str, ending: str = "") -> list[str]:
    short, unit = SHORT.get(label, ("X", "mol/mol"))
    return [f" {label}{ending}", f" {short}", f" {unit}"]


def record(data: bytes) -> bytes:
    length = struct.pack("<i", len(data))
    return length + data + length


def write_plot3d(path: Path, arrays: Sequence[np.ndarray]) -> None:
    assert len(arrays) == 5
    block = b"".join(a.astype("<f4").tobytes(order="F") for a in arrays)
    path.write_bytes(
        record(struct.pack("<3i", *arrays[0].shape)) + record(struct.pack("<4f", 0, 0, 0, 0)) + record(block)
    )


def write_slice(path: Path, bounds: Sequence[int], times: Sequence[float], values: np.ndarray) -> None:
    data = b"".join(record(text.ljust(30)) for text in (b"label", b"short", b"unit"))
    data += record(struct.pack("<6i", *bounds))
    for time, moment in zip(times, values, strict=True):
        data += record(struct.pack("<f", time)) + record(moment.astype("<f4").tobytes(order="F"))
    path.write_bytes(data)
