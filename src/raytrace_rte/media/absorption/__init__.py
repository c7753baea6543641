"""Absorption models: name in the config -> function from Field to Medium."""

from __future__ import annotations

from collections.abc import Callable

from ..medium import Medium
from .bands import BandTable, bands
from .given import given
from .planck_mean import planck_coefficient, planck_mean
from .soot import soot
from .soot_bands import soot_bands
from .wsgg import wsgg

MODELS: dict[str, Callable[..., Medium]] = {
    "given": given,
    "planck_mean": planck_mean,
    "soot": soot,
    "wsgg": wsgg,
    "soot_bands": soot_bands,
    "bands": bands,
}

__all__ = [
    "MODELS",
    "BandTable",
    "bands",
    "given",
    "planck_coefficient",
    "planck_mean",
    "soot",
    "soot_bands",
    "wsgg",
]
