"""[method]: how the path integral is evaluated."""

from __future__ import annotations

from typing import Literal

from .section import Section


class MarchSection(Section):
    """rte.March."""

    kind: Literal["march"]
    order: int = 2
    stop: float | None = None


class AutoSection(Section):
    """rte.Auto."""

    kind: Literal["auto"]
    rtol: float = 1e-3
    atol: float | None = None
    transmittance: bool = False


class ThresholdSection(Section):
    """rte.Threshold."""

    kind: Literal["threshold"]
    delta: float = 30.0
    terms: int = 2


class ThickSection(Section):
    """rte.Thick."""

    kind: Literal["thick"]
    terms: int = 2


class ThinSection(Section):
    """rte.Thin."""

    kind: Literal["thin"]
