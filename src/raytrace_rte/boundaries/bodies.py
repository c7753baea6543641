"""The objects of a scene, gathered by what kernels need: solid cells in one mask, and triangle meshes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from .. import checks
from ..errors import InputError
from ..grid import Cartesian
from .mesh import Mesh
from .solids import Solids


class Object(Protocol):
    """What `solve` takes as an object."""

    def join(self, bodies: Bodies) -> None:
        """Add yourself to the bodies of a scene; InputError when that cannot be."""

    def settings(self) -> dict[str, Any]:
        """What a Result records."""


@dataclass(eq=False)
class Bodies:
    """What ends rays inside a grid: all solid cells as one, all meshes, and the objects as given."""

    grid: Cartesian
    objects: tuple[Object, ...] = ()
    solids: Solids | None = None
    meshes: list[Mesh] = field(default_factory=list)

    def add_solids(self, more: Solids) -> None:
        """Add solid cells; InputError when their mask does not fit the grid, or shares a cell with others."""
        if more.mask.shape != self.grid.shape:
            raise InputError(
                f"solids: mask has shape {more.mask.shape}; expected that of the grid, {self.grid.shape}"
            )
        if self.solids is None:
            self.solids = more
            return
        both = np.argwhere(self.solids.mask & more.mask)
        if both.size:
            raise InputError(f"solids: two of them share cell {both[0].tolist()}; make the masks disjoint")
        mask = self.solids.mask | more.mask
        values = []
        for name in ("temperature", "emissivity"):
            everywhere = np.zeros(mask.shape)
            for body in (self.solids, more):
                everywhere[body.mask] = getattr(body, name)
            values.append(everywhere[mask])
        self.solids = Solids(mask, *values)

    def cells_only(self, sensor: str) -> Solids | None:
        """Return the solid cells; InputError when there are meshes, which the named sensor does not see."""
        if self.meshes:
            raise InputError(
                f"{sensor}: sees solid cells, not meshes; give solids(mesh.inside(grid), temperature)"
            )
        return self.solids


def gathered(objects: Sequence[Object], grid: Cartesian) -> Bodies:
    """Return the bodies of a scene.

    Raises InputError unless objects is a list of solids and meshes that fit the grid and share no cell.
    """
    expected = "a list of rte.solids(...) and rte.mesh(...), as objects=[rte.solids(mask, temperature)]"
    things = tuple(checks.sequence("objects", objects, expected))
    bodies = Bodies(grid, things)
    for number, thing in enumerate(things):
        if not callable(getattr(thing, "join", None)) or isinstance(thing, str):
            raise checks.wrong(f"objects[{number}]", thing, "rte.solids(...) or rte.mesh(...)")
        thing.join(bodies)
    return bodies
