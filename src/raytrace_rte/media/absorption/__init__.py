"""Absorption models: name in the config -> function from Field to Medium."""

from __future__ import annotations

from collections.abc import Callable

from ..medium import Medium
from .given import given
from .planck_mean import planck_coefficient, planck_mean

MODELS: dict[str, Callable[..., Medium]] = {"given": given, "planck_mean": planck_mean}

__all__ = ["MODELS", "given", "planck_coefficient", "planck_mean"]
