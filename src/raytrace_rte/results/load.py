"""Results read back from files."""

from __future__ import annotations

from pathlib import Path

from .. import checks
from . import comparison, flux, heat, radiance, series, two_colour  # noqa: F401  each makes its class known to Result
from .result import Result


def load(path: str | Path) -> Result:
    """Return the result that `save("....h5")` wrote, of its own class, with all its variables.

    A result of a class that is not known here becomes a plain Result: its sensor is not needed.
    Raises InputError when the file is missing, damaged, not a result, or of a newer version.
    """
    from ..formats.tables import read_hdf5

    return Result.of(read_hdf5(checks.path("path", path)))
