"""[sensor]: what is asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .section import Section, Shape, Vector


class CameraSection(Section):
    """rte.camera."""

    kind: Literal["camera"]
    position: Vector
    look_at: Vector
    shape: Shape = Field(default=[512, 512])
    field_of_view_deg: float = 30.0
    up: Vector = Field(default=[0.0, 0.0, 1.0])


class OrthographicSection(Section):
    """rte.camera_orthographic."""

    kind: Literal["camera_orthographic"]
    position: Vector
    look_at: Vector
    shape: Shape = Field(default=[512, 512])
    width: float = 1.0
    up: Vector = Field(default=[0.0, 0.0, 1.0])


class LineOfSightSection(Section):
    """rte.line_of_sight."""

    kind: Literal["line_of_sight"]
    origin: Vector
    direction: Vector


class RaysSection(Section):
    """rte.Rays."""

    kind: Literal["rays"]
    origin: list[Vector]
    direction: list[Vector]


class RadiometerSection(Section):
    """rte.radiometer."""

    kind: Literal["radiometer"]
    position: Vector | list[Vector]
    normal: Vector | list[Vector]
    view_angle_deg: float = 180.0
    directions: int | None = None
    rtol: float | None = None
    max_rays: int = 500_000


class WallFluxSection(Section):
    """rte.wall_flux."""

    kind: Literal["wall_flux"]
    face: str
    directions: int | None = None
    rtol: float | None = None
    max_rays: int = 500_000


class IncidentSection(Section):
    """rte.incident."""

    kind: Literal["incident"]
    points: list[Vector] | None = None
    directions: int | None = None
    rtol: float | None = None
    max_rays: int = 500_000


class HeatSourceSection(Section):
    """rte.heat_source."""

    kind: Literal["heat_source"]
    directions: int = 100
    heat_release: float | None = None
