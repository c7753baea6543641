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
    heat_release: float | None = None

    def settings(self) -> dict[str, object]:
        """What a Result records."""
        return {"kind": "heat_source", **{k: v for k, v in asdict(self).items() if v is not None}}

    def task(self, scene: Scene) -> VolumeTask[HeatResult]:
        """Sweep the whole volume."""
        return VolumeTask(scene, self, self.directions, self.answer)

    def answer(self, task: VolumeTask[Any]) -> HeatResult:
        """Return the result of a task that is done; it shares the task's arrays."""
        scene, solids, answers = task.scene, task.box.solids, task.answers
        return HeatResult.build(
            scene.medium.grid,
            G=answers.cells("G"),
            emission=answers.cells("emission"),
            div_q=answers.cells("div_q"),
            error_estimate=answers.cells("error"),
            G_error_estimate=answers.cells("G_error"),
            limited=answers.cells("limited").astype(bool),
            wall_net_flux=answers.walls("wall_net"),
            wall_incident_flux=answers.walls("wall_incident"),
            wall_error_estimate=answers.walls("wall_error"),
            leaving_radiance=answers.walls("leaving"),
            solid_mask=None if solids is None else solids.mask,
            solid_heat=answers.cells("solid_heat"),
            budget=answers.budget(),
            band_budgets=answers.budgets(),
            stats=task.stats(),
            config=scene.settings() | {"sensor": self.settings()},
            spectrum=scene.medium.spectrum,
            spectral=scene.medium.kappa.ndim == 4,
        )


def heat_source(directions: int = 100, heat_release: float | None = None) -> HeatSource:
    """Return the sensor for the radiative source term of every cell, and the flux at every wall cell.

    directions: ordinates at least; a few more are taken so that they fill the lanes of the processor, and a result
    says how many
    heat_release: of the whole flame [W] (per metre or m2 of infinite axes), as `field.released_power`; the result has
    the radiant fraction then

    Raises InputError on fewer than 6 directions, a number that is not whole, or a heat release that is not above 0.
    """
    count = checks.whole("heat_source: directions", directions, low=6)
    if heat_release is not None:
        heat_release = checks.number("heat_source: heat_release", heat_release, above=0.0, unit="W")
    return HeatSource(count, heat_release)
