"""What happens along a single ray, segment by segment, over mirrors and periodic faces to where it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..method import March
from .surfaces import Piece

if TYPE_CHECKING:
    from .rays import RayTask

COLUMNS = ("s", "length", "optical_depth", "temperature", "kappa", "source", "emission", "contribution")
"""Of a profile: s is the distance from the observer at mid-segment [m], optical depth that up to there,
temperature the brightness temperature of the source; emission what the segment emits per length, kappa S of all
bands; contribution what the observer sees of the segment."""


def profile(task: RayTask[Any]) -> NDArray[np.void]:
    """Return the march of the only ray of a task, a row for each segment, seen from the observer.

    With several bands source, emission and contribution are totals, kappa is emission over source, the Planck mean,
    and the optical depth is the integral of that. contribution_band has each band's own.
    """
    lines, surfaces = task.take(slice(None)), task.surfaces
    if surfaces is None:
        medium, cells = task.scene.medium, task.scene.cells
        pieces = [Piece(lines.origin, lines.direction, np.inf)]
    else:
        pieces, medium = [], task.scene.medium
        cells = medium.cells
        surfaces.follow(lines, surfaces.leaving, pieces)
    method = task.scene.method
    linear = not (isinstance(method, March) and method.order == 1)
    bands = [_march(cells, b, pieces, linear) for b in range(medium.n_band)]
    first = bands[0]
    sources = [0.5 * (rows["near"] + rows["far"]) for rows in bands]
    source = sum(sources)
    emission = sum(rows["kappa"] * s for rows, s in zip(bands, sources, strict=True))
    kappa, depth = first["kappa"], first["tau"]
    if len(bands) > 1:
        kappa = np.divide(emission, source, out=np.zeros_like(kappa), where=source > 0.0)
        depth = kappa * first["length"]
    columns = {
        "s": first["s"] + 0.5 * first["length"],
        "length": first["length"],
        "optical_depth": np.cumsum(depth) - 0.5 * depth,
        "temperature": medium.spectrum.brightness_temperature(source),
        "kappa": kappa,
        "source": source,
        "emission": emission,
        "contribution": sum(rows["emitted"] for rows in bands),
    }
    own = ("contribution_band", np.float64, (medium.n_band,))
    table = np.empty(len(first["s"]), dtype=[*((name, np.float64) for name in COLUMNS), own])
    table["contribution_band"] = np.stack([rows["emitted"] for rows in bands], axis=-1)
    for name, column in columns.items():
        table[name] = column
    return table


def _march(cells: Any, b: int, pieces: list[Piece], linear: bool) -> dict[str, NDArray[np.float64]]:
    """Columns of all segments of a ray in one band: s at the near end, length, kappa, source at both ends,
    optical depth, emitted light that arrives."""
    from ..kernels.march import segments

    names = ("s", "length", "kappa", "near", "far", "tau", "emitted")
    parts, start, passed = [], 0.0, 1.0
    for piece in pieces:
        count = segments(cells, b, piece.origin, piece.direction, piece.end, linear, np.empty((0, 7)))
        rows = np.empty((count, 7))
        segments(cells, b, piece.origin, piece.direction, piece.end, linear, rows)
        if len(rows):
            end = rows[-1, 0] + rows[-1, 1]
            rows[:, 0] += start
            rows[:, 6] *= passed
            start, passed = start + end, passed * float(np.exp(-rows[:, 5].sum()))
        parts.append(rows)
    return dict(zip(names, np.concatenate(parts).T, strict=True))
