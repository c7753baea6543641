"""Which file a result becomes: its suffix decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    from .result import Result

WALLS = ".walls.vtkhdf"
"""End of the names of files with the walls of a volume."""


def save(result: Result, path: Path) -> Path:
    """Write a result as what the suffix says, whole or not at all; see `Result.save`."""
    from ..formats import tables, tiff, vtkhdf

    writers: dict[str, Callable[[Path], object]] = {
        ".h5": lambda path: tables.write_hdf5(result.complete(), path),
        ".csv": lambda path: tables.write_csv(result.rows(), path),
        ".tif": lambda path: tiff.write_tiff(result.table, path),
        ".tiff": lambda path: tiff.write_tiff(result.table, path),
        ".vtkhdf": lambda path: vtkhdf.write_cells(result.table, path),
        ".png": result.plot,
    }
    if path.name.endswith(WALLS):
        vtkhdf.write_walls(result.table, path)
        return path
    if path.suffix not in writers:
        raise InputError(
            f"save: {path.name} has suffix '{path.suffix}'; expected {', '.join((*writers, WALLS))}"
        )
    writers[path.suffix](path)
    return path
