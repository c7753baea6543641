"""What `solve` returns for a whole volume: heat in cells and at walls, and whether it balances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..grid import FACES, Cartesian, FloatArray, across
from ..media.spectrum import Spectrum
from ..table import BAND, Variable
from . import budgets
from .building import figure, power_unit
from .result import Result
from .words import label, largest, span

if TYPE_CHECKING:
    from matplotlib.figure import Figure


AXES = ("x", "y", "z")
WALL = {
    "wall_net_flux": ("W m-2", "net flux into"),
    "wall_incident_flux": ("W m-2", "flux that arrives at"),
    "wall_error_estimate": ("W m-2", "estimated error of the flux that arrives at"),
    "leaving_radiance": ("W m-2 sr-1", "radiance that leaves"),
}
"""Quantities of walls, each a variable for each face."""
WORDS = {
    "emitted": "emitted power",
    "absorbed": "absorbed power",
    "residual": "power that does not balance",
}
"""Powers of the budget in words; the others go to walls and solids."""
OPAQUE_CELL = 1.0
"""Optical depth of a cell above which the sweep alone is wrong by more than some per cent."""


class HeatResult(Result):
    """Heat of a volume. Cell arrays (nx, ny, nz), with the band last if the medium has bands.

    G: incident radiation, the integral of I over all directions [W m-2]
    emission, absorption, div_q: of each cell [W m-3]; div_q = emission - absorption is the heat it loses; emission is
        4 pi kappa S, over all bands 4 sigma kappa_P T^4 with the Planck mean, and div_q itself where a medium is
        optically thin between cold walls
    error_estimate, G_error_estimate: estimated errors of div_q [W m-3] and G [W m-2], about root mean squares over
        neighbouring cells: no bounds, as there is no discrete reference
    limited: cells that follow the Rosseland limit
    wall_net_flux: net flux into the wall [W m-2] for each face that is a wall, e.g. (ny, nz) for x_min
    wall_incident_flux: flux that arrives there [W m-2]; wall_error_estimate: its estimated error [W m-2]
    leaving_radiance: of each wall cell, and under "solids" of each solid cell [W m-2 sr-1]
    solid_heat: net power into each solid cell [W], in the order of the mask's true cells
    budget: emitted, absorbed, to each wall and to solids [W] (per metre or m2 if axes are infinite), residual;
        band_budget: the same of each band
    radiant_power: net power that leaves the medium [W]; emission_power: what would if nothing were absorbed again
    heat_release: of the flame [W], where the sensor or the field's file says it, for the radiant fraction

    With bands, each power stands beside its total over all of them, as total_div_q.
    """

    old_names: ClassVar[Mapping[str, str]] = {
        "error": "error_estimate",
        "wall_flux": "wall_net_flux",
        "wall_incident": "wall_incident_flux",
        "radiosity": "leaving_radiance",
    }

    @classmethod
    def build(  # type: ignore[override]  # what is given is another thing for each kind of answer
        cls,
        grid: Cartesian,
        *,
        G: FloatArray,
        emission: FloatArray,
        div_q: FloatArray,
        error_estimate: FloatArray,
        G_error_estimate: FloatArray,
        limited: NDArray[np.bool_],
        wall_net_flux: Mapping[str, FloatArray],
        wall_incident_flux: Mapping[str, FloatArray],
        wall_error_estimate: Mapping[str, FloatArray],
        leaving_radiance: Mapping[str, FloatArray],
        solid_mask: NDArray[np.bool_] | None,
        solid_heat: FloatArray,
        budget: Mapping[str, float],
        band_budgets: Sequence[Mapping[str, float]] = (),
        stats: Mapping[str, Any],
        config: Mapping[str, Any],
        spectrum: Spectrum,
        spectral: bool,
    ) -> HeatResult:
        """Return the result from cell arrays (nx, ny, nz) and maps by face, + (n_band,) if spectral.

        leaving_radiance: also "solids" (n_solid,); solid_mask (nx, ny, nz), None without solids
        band_budgets: emitted, absorbed and where it goes, of each band
        """
        bands = (BAND,) if spectral else ()
        cells = (*AXES, *bands)
        text = "divergence of the radiative flux: heat lost"
        variables = [
            *_grid(grid),
            Variable("div_q", cells, div_q, "W m-3", text, "error_estimate"),
            Variable("G", cells, G, "W m-2", "incident radiation", "error_estimate"),
            Variable("emission", cells, emission, "W m-3", "emitted power, 4 pi kappa S", "exact"),
            Variable("absorption", cells, emission - div_q, "W m-3", "absorbed power", "error_estimate"),
            Variable(
                "error_estimate", cells, error_estimate, "W m-3", "estimated error of div_q", "error_estimate"
            ),
            Variable(
                "G_error_estimate", cells, G_error_estimate, "W m-2", "estimated error of G", "error_estimate"
            ),
            Variable("limited", cells, limited, "1", "whether the Rosseland limit was used"),
        ]
        maps_of = wall_net_flux, wall_incident_flux, wall_error_estimate, leaving_radiance
        walls = zip(WALL.items(), maps_of, strict=True)
        for (name, (unit, words)), maps in walls:
            for face, values in maps.items():
                place = ("solid",) if face == "solids" else across(AXES, FACES.index(face))
                variables.append(
                    Variable(f"{name}_{face}", (*place, *bands), values, unit, f"{words} {face}")
                )
        if solid_mask is not None:
            words = "net power into each solid cell, in the order of the mask"
            variables += [
                Variable("solid_mask", AXES, solid_mask, "1", "whether the cell is solid"),
                Variable("solid_heat", ("solid", *bands), solid_heat, "W", words),
            ]
        if spectral and band_budgets:
            variables += budgets.of_bands(band_budgets, power_unit(grid))
        return cls.assemble(
            "heat of a volume", "div_q", variables,
            stats=stats, config=config, spectrum=spectrum, budget=dict(budget),
        )  # fmt: skip

    @property
    def grid(self) -> Cartesian:
        """The cells."""
        return Cartesian(*(self[f"{axis}_face"] for axis in AXES))

    @property
    def G(self) -> FloatArray:
        """Incident radiation [W m-2]."""
        return self["G"]

    @property
    def emission(self) -> FloatArray:
        """Emitted power [W m-3]."""
        return self["emission"]

    @property
    def absorption(self) -> FloatArray:
        """Absorbed power [W m-3]."""
        return self["absorption"]

    @property
    def div_q(self) -> FloatArray:
        """Heat that each cell loses [W m-3]."""
        return self["div_q"]

    @property
    def limited(self) -> NDArray[np.bool_]:
        """Cells that follow the Rosseland limit."""
        return self["limited"]

    @property
    def wall_net_flux(self) -> Mapping[str, FloatArray]:
        """Net flux into the wall [W m-2], by face."""
        return self.table.with_prefix("wall_net_flux_")

    @property
    def wall_incident_flux(self) -> Mapping[str, FloatArray]:
        """Flux that arrives at the wall [W m-2], by face."""
        return self.table.with_prefix("wall_incident_flux_")

    @property
    def wall_error_estimate(self) -> Mapping[str, FloatArray]:
        """Estimated error of the flux that arrives at the wall [W m-2], by face."""
        return self.table.with_prefix("wall_error_estimate_")

    @property
    def leaving_radiance(self) -> Mapping[str, FloatArray]:
        """Radiance that leaves walls, by face, and each solid cell, under "solids" [W m-2 sr-1]."""
        return self.table.with_prefix("leaving_radiance_")

    @property
    def solid_heat(self) -> FloatArray:
        """Net power into each solid cell [W]; empty without solids."""
        return self["solid_heat"] if "solid_heat" in self else np.empty((0, *self.G.shape[3:]))

    @property
    def budget(self) -> Mapping[str, float]:
        """Emitted, absorbed, to each wall and to solids, residual [W] (per metre or m2 of infinite axes)."""
        return dict(self.table.attributes["budget"])

    @property
    def power_unit(self) -> str:
        """Unit of powers of the whole: W, or W/m and W/m2 where axes are infinite."""
        return power_unit(self.grid)

    @property
    def radiant_power(self) -> float:
        """Net power that leaves the medium in all [W]: div_q over all cells."""
        return self.budget["emitted"] - self.budget["absorbed"]

    def key_figures(self) -> list[Variable]:
        """Powers of the budget, and the range of what cells lose and see."""
        powers, unit = dict(self.budget), self.power_unit
        relative = powers.pop("residual_relative")
        out = self.figures() + [
            figure(
                name, power, unit, WORDS.get(name, f"net power {name.replace('_', ' ')}"), "error_estimate"
            )
            for name, power in powers.items()
        ]
        div_q, G = (self.table[name].without_bands() for name in ("div_q", "G"))
        out += [
            figure("div_q_min", -largest(-div_q.values), div_q.unit, f"least {div_q.long_name}", div_q.trust),
            figure(
                "div_q_max", largest(div_q.values), div_q.unit, f"greatest {div_q.long_name}", div_q.trust
            ),
            figure("G_max", largest(G.values), G.unit, f"greatest {G.long_name}", G.trust),
            figure("residual_relative", relative, "1", "power that does not balance, of the greatest part"),
        ]
        for name in ("error_estimate", "G_error_estimate"):
            if name in self:
                v = self.table[name].without_bands()
                rms = float(np.sqrt(np.mean(v.values**2)))
                out.append(figure(f"{name}_rms", rms, v.unit, f"root mean square {v.long_name}", v.trust))
        return out

    @property
    def radiant_power_estimate(self) -> float:
        """Estimated error of radiant_power [W]: that of div_q in all cells, as if of one sign, and the residual."""
        return self.grid.integral(self.together("error_estimate")) + abs(self.budget["residual"])

    @property
    def emission_power(self) -> float:
        """Power that the medium emits [W]: what would leave it if nothing were absorbed again (optically thin)."""
        return self.budget["emitted"]

    @property
    def heat_release(self) -> float | None:
        """Heat release of the flame [W], as the sensor was told, or of a job's field; None if not known."""
        return self.config["sensor"].get("heat_release", self.config.get("heat_release"))

    @property
    def radiant_fraction(self) -> float | None:
        """radiant_power over heat_release; None where no heat release above 0 is known."""
        released = self.heat_release
        return self.radiant_power / released if released is not None and released > 0.0 else None

    def figures(self) -> list[Variable]:
        """Net power that leaves, and the radiant fraction where the heat release is known."""
        fraction, trust, unit = self.radiant_fraction, "error_estimate", self.power_unit
        words = "net power that leaves the medium", "net power that leaves the medium over the heat release"
        out = [Variable("radiant_power", (), np.array(self.radiant_power), unit, words[0], trust)]
        if fraction is not None:
            out.append(Variable("radiant_fraction", (), np.array(fraction), "1", words[1], trust))
        return out

    def pictures(self, up: str = "z") -> dict[str, Callable[[], Figure]]:
        """Every variable, and each quantity of walls as maps of all faces together."""
        from ..plots import maps

        out = super().pictures(up)
        for name in WALL:
            faces = [f"{name}_{face}" for face in FACES if f"{name}_{face}" in self]
            if faces:
                out[name] = partial(maps.faces, self.table, faces, name, up)
        return out

    def files(self) -> dict[str, str]:
        """Everything, the cells and the walls for ParaView, and pictures."""
        names = {"result.h5": "", "result.vtkhdf": "", "div_q.png": "div_q", "G.png": "G"}
        walls = {"result.walls.vtkhdf": "", "wall_flux.png": "wall_net_flux"}
        return names | (walls if self.wall_net_flux else {})

    def summary(self) -> str:
        """A few lines of text: method, ranges, energy budget, work and time."""
        s = self.stats
        rms = [
            f"{float(np.sqrt(np.mean(self.together(name) ** 2))):.3g}"
            for name in ("error_estimate", "G_error_estimate") if name in self
        ]  # fmt: skip
        lines = [
            f"method         {self.config['method']['kind']}, {s['directions']} directions",
            f"{label('div q')}{span(self.total)} W m-3{self._of_bands()}",
            f"{label('G')}{span(self.together('G'))} W m-2{self._of_bands()}",
            *budgets.lines(self.budget, self.power_unit),
            *self._leaving_lines(),
            f"work           {s['sweeps']} sweeps, {s['crossings']:.4g} cell crossings, "
            f"{s['cells_limit']} of {s['cells']} cells by the Rosseland limit, {s['seconds_trace']:.3g} s",
            f"trust          div q within about {rms[0]} W m-3"
            + (f" and G within {rms[1]} W m-2" if len(rms) > 1 else "")
            + " (rms): an estimate, no bound",
            *self._wall_lines(),
        ]
        return "\n".join(lines + [f"note           {note}" for note in self.notes()])

    def _leaving_lines(self) -> list[str]:
        """Net power that leaves, and of the heat release where it is known."""
        power, error, unit = self.radiant_power, self.radiant_power_estimate, self.power_unit
        out = [f"leaves         {power:.6g} ± {error:.2g} {unit} net, an estimate"]
        if self.radiant_fraction is not None and self.heat_release is not None:
            fraction, per = self.radiant_fraction, 1.0 / self.heat_release
            out.append(
                f"fraction       radiant {fraction:.4g} ± {error * per:.1g} of {self.heat_release:.6g} {unit} "
                f"released; optically thin {self.emission_power * per:.4g}"
            )
        return out

    def _wall_lines(self) -> list[str]:
        """Mean flux that arrives at each wall, and about how well that of a cell is known."""
        if not self.wall_error_estimate:
            return []
        parts = []
        for name in self.wall_error_estimate:
            flux, error = (
                self.together(f"{quantity}_{name}")
                for quantity in ("wall_incident_flux", "wall_error_estimate")
            )
            parts.append(f"{name} {flux.mean():.4g} ± {np.sqrt(np.mean(error**2)):.2g}")
        return [f"walls          incident flux, mean ± error of a cell (rms) [W m-2]: {', '.join(parts)}"]

    def notes(self) -> list[str]:
        """What the user should know about the answer, each with its remedy."""
        out = super().notes()
        released = self.heat_release
        if released is not None and released <= 0.0:
            out.append(
                f"the field's heat release is {released:.4g} {self.power_unit} in all: there is no radiant fraction"
            )
        if (self.radiant_fraction or 0.0) > 1.0:
            out.append(
                "more leaves than is released: compare the unit of the heat release, and what it is of"
            )
        thickest = self.stats["optical_depth"]["cell_max"]
        if self.config["method"]["kind"] == "march" and thickest > OPAQUE_CELL:
            out.append(
                f"optical depth {thickest:.3g} per cell: a sweep alone is off by about its third power times "
                "(mean free path / scale)^2; use method=Auto"
            )
        return out

    def __repr__(self) -> str:
        return f"HeatResult({'x'.join(map(str, self.G.shape))})\n{self.summary()}"


def _grid(grid: Cartesian) -> list[Variable]:
    """Centres and faces of the cells."""
    out = []
    for axis, centres, faces in zip(AXES, grid.centres, grid, strict=True):
        out += [
            Variable(axis, (axis,), centres, "m", f"cell centres along {axis}"),
            Variable(f"{axis}_face", (f"{axis}_face",), faces, "m", f"cell faces along {axis}"),
        ]
    return out
