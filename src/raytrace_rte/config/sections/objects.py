"""[[objects]]: what ends rays inside the grid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...errors import InputError
from .section import Section, Vector

if TYPE_CHECKING:
    from ...media.field import Field as CellField


class BoxSection(Section):
    """rte.solids, for the cells whose centres are inside a box."""

    kind: Literal["box"]
    lower: Vector
    upper: Vector
    temperature: float
    emissivity: float = 1.0

    def object(self, resolve: Callable[[str], Path], field: CellField) -> Any:
        """Return the solid cells; InputError when the box holds no cell centre."""
        from ...boundaries.solids import solids

        grid = field.grid
        x, y, z = ((a <= c) & (c <= b) for a, b, c in zip(self.lower, self.upper, grid.centres, strict=True))
        mask = x[:, None, None] & y[None, :, None] & z[None, None, :]
        if not mask.any():
            raise InputError(
                f"[[objects]]: no cell centre lies in the box {self.lower} to {self.upper}; the grid "
                f"spans {grid.lower.tolist()} to {grid.upper.tolist()} m"
            )
        return solids(mask, self.temperature, self.emissivity)


class NoDataSection(Section):
    """rte.solids, for the cells of the field that have no data."""

    kind: Literal["no_data"]
    temperature: float
    emissivity: float = 1.0

    def object(self, resolve: Callable[[str], Path], field: CellField) -> Any:
        """Return the solid cells; InputError when all cells have data."""
        from ...boundaries.solids import solids

        if field.valid is None or field.valid.all():
            raise InputError(
                "[[objects]]: kind is 'no_data', but all cells of the field have data; drop the object, or say with "
                "no_data or valid under [field] which have none"
            )
        return solids(~field.valid, self.temperature, self.emissivity)


class MaskSection(Section):
    """rte.solids, for the cells that an array of the file marks: those where it is `value`, or else 1 and not 0."""

    kind: Literal["mask"]
    dataset: str
    value: float | None = None
    temperature: float | None = None
    emissivity: float = 1.0

    def object(self, resolve: Callable[[str], Path], field: CellField) -> Any:
        """Return the solid cells, at the field's own temperature where none is; InputError when none is marked."""
        import numpy as np

        from ...boundaries.solids import solids

        where = f"[[objects]]: dataset '{self.dataset}'"
        if self.dataset not in field.markers:
            raise InputError(f"{where} is one of a file, and a sample has none; take kind = 'box'")
        marker = field.markers[self.dataset]
        if self.value is None and not np.isin(marker, (0, 1)).all():
            raise InputError(
                f"{where} holds other numbers than 1 and 0; say which cells are meant with value"
            )
        mask = marker == (1 if self.value is None else self.value)
        if not mask.any():
            raise InputError(
                f"{where} is nowhere {1 if self.value is None else self.value:g}; drop the object"
            )
        if self.temperature is None and field.valid is not None and not field.valid[mask].all():
            raise InputError(f"{where} marks cells without data; give their temperature")
        return solids(
            mask, field.temperature if self.temperature is None else self.temperature, self.emissivity
        )


class MeshSection(Section):
    """rte.mesh."""

    kind: Literal["mesh"]
    file: str
    temperature: float
    emissivity: float = 1.0
    scale: float = 1.0

    def object(self, resolve: Callable[[str], Path], field: CellField) -> Any:
        """Return the mesh; its path is relative to the config."""
        from ...boundaries.mesh import mesh

        return mesh(resolve(self.file), self.temperature, self.emissivity, self.scale)


ObjectSection = BoxSection | NoDataSection | MaskSection | MeshSection
