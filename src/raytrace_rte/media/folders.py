"""A medium as a folder of plain arrays, which other processes map into memory."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import checks
from ..errors import InputError
from ..grid import Cartesian
from .spectrum import Spectrum

if TYPE_CHECKING:
    from .medium import Medium

DESCRIPTION = "medium.json"
"""What a folder written by `Medium.write` holds beside kappa.npy and source.npy."""


def write(medium: Medium, folder: Path) -> None:
    """Write a medium, whole or not at all; InputError where that cannot be."""
    data = {
        "digest": medium.digest(),
        "grid": [faces.tolist() for faces in medium.grid],
        "spectrum": medium.spectrum.to_dict(),
        "provenance": dict(medium.provenance),
    }
    if folder.exists():
        if _description(folder)["digest"] == data["digest"]:
            return
        raise InputError(f"folder {folder} holds another medium; remove it, or name another folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            for name in _arrays(medium.spectrum):
                np.save(temporary / f"{name}.npy", getattr(medium, name))
            (temporary / DESCRIPTION).write_text(json.dumps(data, default=_plain), encoding="utf-8")
            temporary.chmod(0o755)
            os.rename(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise InputError(f"folder {folder} cannot be written: {error.strerror or error}") from None


def read(folder: Path) -> dict[str, Any]:
    """Return the arguments of the medium that `write` left, its arrays mapped; InputError where there is none."""
    data = _description(folder)
    spectrum, grid = Spectrum.from_dict(data["spectrum"]), Cartesian(*data["grid"])
    try:
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _arrays(spectrum)}
    except (OSError, ValueError) as error:
        raise InputError(f"folder {folder} is incomplete: {error}; write the medium again") from None
    return {"grid": grid, "spectrum": spectrum, "provenance": data["provenance"], **arrays}


def _arrays(spectrum: Spectrum) -> tuple[str, ...]:
    """Names of the arrays that a medium has."""
    return ("kappa", "source", "mole_ratio")[: 2 + spectrum.depends_on_mixture]


def _description(folder: Path) -> dict[str, Any]:
    try:
        data = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        return dict(data)
    except (OSError, ValueError) as error:
        raise InputError(
            f"folder {folder} holds no medium: {error}; Medium.write(folder) writes one"
        ) from None


def _plain(value: Any) -> Any:
    """Return NumPy's numbers and arrays as JSON can write them."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise InputError(f"provenance holds {checks.shown(value)}; expected text, numbers, lists and dicts")
