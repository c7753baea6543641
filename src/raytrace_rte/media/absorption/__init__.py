"""Absorption models: name in the config -> function from Field to Medium."""

from __future__ import annotations

from collections.abc import Callable

from ..medium import Medium
from .given import given
from .planck_mean import planck_coefficient, planck_mean
from .soot import soot
from .wsgg import wsgg

MODELS: dict[str, Callable[..., Medium]] = {
    "given": given,
    "planck_mean": planck_mean,
    "soot": soot,
    "wsgg": wsgg,
}

__all__ = ["MODELS", "given", "planck_coefficient", "planck_mean", "soot", "wsgg"]
