"""[output] and [compare]: what is written, and what is laid side by side."""

from __future__ import annotations

from typing import Any, Literal

from .section import Section


class OutputSection(Section):
    """Where results go, which quantity the picture shows, which axis maps and slices draw upwards, and whether each
    snapshot of a series has files of its own."""

    directory: str = "out"
    up: Literal["x", "y", "z"] = "z"
    each: bool = False
    quantity: str | None = None


class CompareSection(Section):
    """What `raytrace-rte compare` lays side by side: names, or tables as [absorption] and [method] have them."""

    models: list[str | dict[str, Any]] | None = None
    methods: list[str | dict[str, Any]] | None = None
    reference: str | None = None
