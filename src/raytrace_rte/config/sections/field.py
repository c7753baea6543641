"""[field]: which field a job reads."""

from __future__ import annotations

from typing import Literal

from .section import Cells, Section, Vector


class FieldSection(Section):
    """Which field: a file or folder of any format, with what it does not say itself, or one of the samples; one or
    several moments of it."""

    file: str | None = None
    files: str | list[str] | None = None
    times: Literal["all"] | list[float | str] | None = None
    map: str | None = None
    time: float | str | None = None
    units: dict[str, str] | None = None
    location: Literal["cell", "point"] | None = None
    options: dict[str, str | float] | None = None
    no_data: float | list[float] | None = None
    valid: str | None = None
    lower: Vector | None = None
    upper: Vector | None = None
    shape: Cells | None = None
    outside: Literal["empty", "error"] | None = None
    radius: Literal["x", "y", "z"] | None = None
    allow_cold: bool = False
    sample: str | None = None
    cells: int | None = None
    activation: float | None = None
