"""The sensor of every cell: G, div q, fluxes of all walls."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .. import checks
from ..results.heat import HeatResult
from ..solvers.scene import Scene
from ..solvers.volumes.solve import VolumeTask
from ..solvers.volumes.sweeper import Sweeps


@dataclass(frozen=True)
class HeatSource:
    """Every cell of the grid. Made by `heat_source`, and by `incident` without points."""

    directions: int = 100
    seed: int = 0
    lines: int = 1

    def settings(self) -> dict[str, object]:
        """What a Result records."""
        return {"kind": "heat_source", **asdict(self)}

    def task(self, scene: Scene) -> VolumeTask[HeatResult]:
        """Sweep the whole volume."""

        def finish(task: VolumeTask[HeatResult]) -> HeatResult:
            solids = task.box.solids
            return HeatResult.build(
                scene.medium.grid,
                G=task.cells("G"),
                emission=task.cells("emission"),
                div_q=task.cells("div_q"),
                error_estimate=task.cells("error"),
                limited=task.cells("limited").astype(bool),
                wall_net_flux=task.walls("wall_net"),
                wall_incident_flux=task.walls("wall_incident"),
                leaving_radiance=task.leaving(),
                solid_mask=None if solids is None else solids.mask,
                solid_heat=task.cells("solid_heat"),
                budget=task.budget(),
                stats=task.stats(),
                config=scene.settings() | {"sensor": self.settings()},
                spectrum=scene.medium.spectrum,
                spectral=scene.medium.kappa.ndim == 4,
            )

        return VolumeTask(scene, self, Sweeps(self.directions, self.seed, self.lines), finish)


def heat_source(directions: int = 100, seed: int = 0, lines: int = 1) -> HeatSource:
    """Return the sensor for the radiative source term of every cell, and the flux at every wall cell.

    directions: at most so many, the largest Lebedev set below (for a slab, Gauss nodes in mu); seed: of
    the shifts of the tracks; lines: how many tracks of each direction cross a cell, along either axis: 2
    costs four times as much and halves the resolution length of wall fluxes.
    Raises InputError on fewer than 6 directions, or numbers that are not whole.
    """
    return HeatSource(
        checks.whole("heat_source: directions", directions, low=6),
        checks.whole("heat_source: seed", seed, low=0),
        checks.whole("heat_source: lines", lines, low=1),
    )
