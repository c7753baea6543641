"""The sensor of every cell: G, div q, fluxes of all walls."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .. import checks
from ..results.heat import HeatResult
from ..solvers.scene import Scene
from ..solvers.volumes.solve import VolumeTask


@dataclass(frozen=True)
class HeatSource:
    """Every cell of the grid. Made by `heat_source`, and by `incident` without points."""

    directions: int = 100

    def settings(self) -> dict[str, object]:
        """What a Result records."""
        return {"kind": "heat_source", **asdict(self)}

    def task(self, scene: Scene) -> VolumeTask[HeatResult]:
        """Sweep the whole volume."""
        return VolumeTask(scene, self, self.directions, self.answer)

    def answer(self, task: VolumeTask[Any]) -> HeatResult:
        """Return the result of a task that is done; it shares the task's arrays."""
        scene, solids = task.scene, task.box.solids
        return HeatResult.build(
            scene.medium.grid,
            G=task.cells("G"),
            emission=task.cells("emission"),
            div_q=task.cells("div_q"),
            error_estimate=task.cells("error"),
            G_error_estimate=task.cells("G_error"),
            limited=task.cells("limited").astype(bool),
            wall_net_flux=task.walls("wall_net"),
            wall_incident_flux=task.walls("wall_incident"),
            wall_error_estimate=task.walls("wall_error"),
            leaving_radiance=task.leaving(),
            solid_mask=None if solids is None else solids.mask,
            solid_heat=task.cells("solid_heat"),
            budget=task.budget(),
            stats=task.stats(),
            config=scene.settings() | {"sensor": self.settings()},
            spectrum=scene.medium.spectrum,
            spectral=scene.medium.kappa.ndim == 4,
        )


def heat_source(directions: int = 100) -> HeatSource:
    """Return the sensor for the radiative source term of every cell, and the flux at every wall cell.

    directions: ordinates at least; a few more are taken so that they fill the lanes of the processor, and a result
    says how many. Raises InputError on fewer than 6, or on a number that is not whole.
    """
    return HeatSource(checks.whole("heat_source: directions", directions, low=6))
