"""One band of a whole volume: where it is swept, where the Rosseland limit is taken, and the rounds that it needs.

Characteristics are swept through the box in every direction; where the medium is so thick that the limit is better
(and the method is Auto), the limit takes over. What leaves grey surfaces is found by a fixed point of sweeps, and
every deposit is conservative.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...grid import FACES, FloatArray, across
from ...method import Auto
from ..quadrature import Directions
from ..scene import Scene
from .rosseland import THICK_CELL, Limit, rosseland
from .sweeper import Sweeper, Sweeps, Swept
from .tracks import directions_for, surfaces
from .unfolding import Unfolded, unfold

TOLERANCE, ROUNDS, HISTORY = 1e-12, 200, 5
"""Fixed point of grey surfaces: change of their light, of the greatest, at which it ends; sweeps at most; how
many of them Anderson's acceleration remembers."""
BUFFER = 10.0
"""Mean free paths of thick core that are swept behind cells that need the sweep."""
ANGULAR = 5e-3
"""Error of the sweep in thin cells over what cells emit and absorb, times sqrt(directions); measured on Burns
& Christon's cube: 3.7e-4 with 86, 1.8e-4 with 350 directions."""
Rounds = Generator[FloatArray, Swept, Any]
"""Asks for a sweep with the radiance that it yields leaving all surfaces, and gets its totals."""


class Band(NamedTuple):
    """The answer for one band: cells (nx, ny, nz), walls by face, solid cells (n_solid,) [W]."""

    G: FloatArray
    emission: FloatArray
    div_q: FloatArray
    error: FloatArray
    limited: NDArray[np.bool_]
    wall_net: Mapping[str, FloatArray]
    wall_incident: Mapping[str, FloatArray]
    solid_heat: FloatArray
    leaving: Mapping[str, FloatArray]
    counts: Mapping[str, Any]


class Box:
    """Everything of a volume solve that does not depend on the band.

    solid: surface numbers of cells of the unfolded box, -1 in gas; empty where nothing is solid
    """

    def __init__(self, scene: Scene, sweeps: Sweeps) -> None:
        self.scene, self.sweeps = scene, sweeps
        self.medium, self.walls = scene.medium, scene.walls
        self.solids = scene.bodies.cells_only("heat_source")
        self.unfolded: Unfolded = unfold(scene.medium.grid, scene.walls)
        self.directions: Directions = directions_for(self.unfolded.box, sweeps.directions)
        self.solid: NDArray[np.int64] = self._solid()
        self.workers = 1

    def _solid(self) -> NDArray[np.int64]:
        if self.solids is None:
            return np.empty(0, dtype=np.int64)
        mask = self.solids.mask
        numbers = np.where(mask, np.cumsum(mask).reshape(mask.shape) - 1, -1)
        solid = self.unfolded.cells(numbers).ravel()
        return np.where(solid >= 0, solid + surfaces(self.unfolded.box.shape)[6], -1)

    def surfaces(self, b: int) -> tuple[FloatArray, FloatArray]:
        """Black radiance [W m-2 sr-1] and emissivity of all wall cells and solid cells of the unfolded box."""
        black, emissivity = [], []
        for number in range(6):
            wall = self.walls.face(self.unfolded.given_face(number))
            black.append(self._map(wall.emitted(self.medium)[:, b], number).ravel())
            emissivity.append(self._map(wall.emissivity, number).ravel())
        if self.solids is not None:
            black.append(self.solids.emitted(self.medium)[:, b])
            emissivity.append(self.solids.emissivity)
        return np.concatenate(black), np.concatenate(emissivity)

    def _map(self, values: float | FloatArray, number: int) -> FloatArray:
        """A number, or one for each cell of a face, as a map of the unfolded face."""
        shape = across(self.medium.grid.shape, number)
        given = np.asarray(values, dtype=np.float64)
        v = np.broadcast_to(given.reshape(shape) if given.size > 1 else given.ravel()[0], shape)
        return self.unfolded.cells(v, number // 2)


class BandSolve:
    """One band of a box: its fields, where the limit is taken, and the rounds of sweeps that it needs."""

    def __init__(self, box: Box, b: int) -> None:
        unfolded, scene = box.unfolded, box.scene
        cells = scene.medium.cells.record[:, b].astype(np.float64).reshape(*scene.medium.grid.shape, 8)
        kappa, self.source = unfolded.cells(cells[..., 0]), unfolded.cells(cells[..., 4])
        self.solid = box.solid.reshape(kappa.shape) >= 0 if box.solid.size else np.zeros(kappa.shape, bool)
        self.kappa = np.where(self.solid, 0.0, kappa)
        self.box, self.b = box, b
        self.black, self.emissivity = box.surfaces(b)
        low, high = scene.medium.source_range
        self.span = float(max(high[b], self.black.max()) - min(low[b], self.black.min()))
        self.limit, self.limited = self._limit()
        numbers, shown = _core(box, self.limited, self.kappa, self.source)
        self.light = np.concatenate((self.black, shown))
        self.absorbs = np.concatenate((self.emissivity, np.ones(shown.size)))
        self.sweeper = Sweeper(unfolded, box.directions, box.sweeps, numbers, box.workers)
        self.record = self.sweeper.record(self.kappa, self.source, unfolded.gradient(cells[..., 5:8]))

    def _limit(self) -> tuple[Limit | None, NDArray[np.bool_]]:
        """The Rosseland limit where some cell is thick, and the cells in which it is taken."""
        method, nowhere = self.box.scene.method, np.zeros(self.kappa.shape, bool)
        if not (self.kappa * self.box.unfolded.box.size).max() > THICK_CELL:
            return None, nowhere
        limit = self._rosseland(self.black)
        if not isinstance(method, Auto):
            return limit, nowhere
        wanted = (
            method.rtol * np.sqrt(np.mean(limit.div_q[limit.possible] ** 2)) if limit.possible.any() else 0.0
        )
        return limit, limit.possible & (limit.error < np.maximum(limit.swept_error, wanted))

    def _rosseland(self, leaving: FloatArray) -> Limit:
        walls = self.box.unfolded.by_face(leaving)
        return rosseland(self.box.unfolded.box, self.kappa, self.source, walls, self.solid, self.span)

    def solve(self) -> Generator[FloatArray, Swept, Band]:
        """Ask for sweeps until what leaves grey surfaces is that of what arrives; return the answer.

        What leaves is that of the last sweep, so that both together conserve energy.
        """
        needed = bool((~self.limited).any())
        known = np.full(self.light.size, np.nan)
        if self.limit is not None:
            beside = _beside(self.limited)
            arriving = np.concatenate([a.ravel() for a in self.limit.arriving]) / np.pi
            known[: beside.size] = np.where(beside, arriving, np.nan)
        last: list[Any] = [self.sweeper.swept(self.sweeper.nothing()), self.light, 0]

        def reflected(leaving: FloatArray) -> Generator[FloatArray, Swept, FloatArray]:
            swept = (yield leaving) if needed else last[0]
            last[:] = swept, leaving, last[2] + needed
            with np.errstate(invalid="ignore", divide="ignore"):
                arriving = np.where(swept.cover > 0.0, swept.arrived / swept.cover, leaving)
            arriving = np.where(np.isnan(known), arriving, known)
            return np.asarray(self.absorbs * self.light + (1.0 - self.absorbs) * arriving)

        if (self.absorbs == 1.0).all():
            yield from reflected(self.light)
        else:
            yield from _fixed_point(reflected, self.light)
        swept, leaving, sweeps = last
        if self.limit is not None and self.limited.any() and (self.emissivity < 1.0).any():
            self.limit = self._rosseland(leaving)
        return self._answer(swept, leaving, sweeps)

    def _answer(self, swept: Swept, leaving: FloatArray, sweeps: int) -> Band:
        """Put sweep and limit together so that cells and surfaces balance."""
        kappa, source, solid = self.kappa, self.source, self.solid
        limit, limited = self.limit, self.limited
        box, unfolded = self.box.unfolded.box, self.box.unfolded
        volume, area, shape = box.volume, box.area, kappa.shape
        emission = 4.0 * np.pi * kappa * source
        div_q = np.where(solid, 0.0, -swept.net.reshape(shape) / volume)
        walls, solids = area.size, 0 if self.box.solids is None else self.box.solids.temperature.size
        net = (swept.arrived - swept.cover * leaving)[: walls + solids]
        net[:walls], incident = _spread(unfolded, swept, leaving, net[:walls], area)
        error = ANGULAR / np.sqrt(2 * len(self.box.directions.weight)) * (emission + np.abs(emission - div_q))
        mismatch = 0.0
        if limit is not None:
            error = np.where(limited, limit.error, error + limit.swept_error)
        if limit is not None and limited.any():
            div_q = np.where(limited, limit.div_q, div_q)
            beside = _beside(limited)
            arriving = np.concatenate([a.ravel() for a in limit.arriving])
            incident = np.where(beside, arriving, incident)
            net[:walls] = np.where(beside, (arriving - np.pi * leaving[:walls]) * area, net[:walls])
            mismatch = float(net.sum() - (div_q * volume).sum())
            share = _interface(limited, solid) * volume
            if share.any():
                div_q = div_q + mismatch * share / (share.sum() * volume)
        G = (swept.intensity_integral / volume.ravel()).reshape(shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            G = np.where(limited, (emission - div_q) / kappa, G)
        fold = unfolded.folded
        faces = {name: n for n, name in enumerate(FACES) if self.box.walls.face(name).is_wall}
        net_maps, incident_maps, shown = (
            unfolded.by_face(v) for v in (net[:walls] / area, incident, leaving)
        )
        return Band(
            G=fold(G), emission=fold(emission), div_q=fold(div_q), error=fold(error),
            limited=fold(limited.astype(float)) > 0.5,
            wall_net={name: unfolded.folded_face(net_maps, n) for name, n in faces.items()},
            wall_incident={name: unfolded.folded_face(incident_maps, n) for name, n in faces.items()},
            solid_heat=net[walls:] / unfolded.images,
            leaving={name: unfolded.own(shown[n], n // 2) for name, n in faces.items()}
            | {"solids": leaving[walls : walls + solids]},
            counts={"crossings": int(swept.crossings[0]) * max(sweeps, 1), "sweeps": sweeps, "mismatch": mismatch},
        )  # fmt: skip


def _core(box: Box, limited: NDArray[np.bool_], kappa: FloatArray,
          source: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:  # fmt: skip
    """Return surface numbers of cells with the thick core as black solids, and what those cells send out.

    The core lies so deep among cells that follow the limit that no light from it reaches the others.
    """
    from scipy.ndimage import distance_transform_cdt

    if not limited.any():
        return box.solid, np.empty(0)
    depth = distance_transform_cdt(limited, "chessboard") - 1
    tau = float((kappa * box.unfolded.box.size)[limited].min())
    core = depth * tau >= BUFFER
    if not core.any():
        return box.solid, np.empty(0)
    numbers = box.solid.copy() if box.solid.size else np.full(kappa.size, -1, dtype=np.int64)
    taken = 0 if box.solids is None else box.solids.temperature.size
    numbers[core.ravel()] = surfaces(box.unfolded.box.shape)[6] + taken + np.arange(int(core.sum()))
    return numbers, source[core]


def _fixed_point(
    next_: Callable[[FloatArray], Generator[FloatArray, Swept, FloatArray]], start: FloatArray
) -> Rounds:
    """Iterate x = next_(x) with Anderson's acceleration (Walker & Ni 2011) until it changes no more."""
    x = start
    xs: list[FloatArray] = []
    residuals: list[FloatArray] = []
    for _ in range(ROUNDS):
        residual = (yield from next_(x)) - x
        if np.abs(residual).max() <= TOLERANCE * max(float(np.abs(x).max()), 1e-300):
            return
        xs, residuals = [*xs[-HISTORY:], x], [*residuals[-HISTORY:], residual]
        x = x + residual
        if len(xs) > 1:
            dx, dr = np.diff(xs, axis=0), np.diff(residuals, axis=0)
            weight = np.linalg.lstsq(dr.T, residual, rcond=None)[0]
            x = np.maximum(x - weight @ (dx + dr), 0.0)
    raise InputError(f"walls: what leaves them did not converge in {ROUNDS} sweeps; raise the emissivities")


def _beside(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which wall cells touch marked cells."""
    return np.concatenate([np.take(cells, 0 if f % 2 == 0 else -1, f // 2).ravel() for f in range(6)])


def _spread(unfolded: Unfolded, swept: Swept, leaving: FloatArray, net: FloatArray,
            area: FloatArray) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Return net power and arriving flux of wall cells, free of the noise of how many lines end there.

    A wall cell's arriving radiance is the mean over lines; the face as a whole keeps what all lines bring.
    """
    first = surfaces(unfolded.box.shape)
    net, incident = net.copy(), np.zeros(area.size)
    for f in range(6):
        cells = slice(int(first[f]), int(first[f + 1]))
        cover, sent = swept.cover[cells], np.pi * leaving[cells] * area[cells]
        if not cover.any():
            continue
        seen = np.where(cover > 0.0, swept.arrived[cells] / np.where(cover > 0.0, cover, 1.0), leaving[cells])
        flux = np.pi * seen * area[cells]
        factor = (net[cells].sum() + sent.sum()) / flux.sum() if flux.sum() > 0.0 else 1.0
        net[cells] = factor * flux - sent
        incident[cells] = factor * flux / area[cells]
    return net, incident


def _interface(limited: NDArray[np.bool_], solid: NDArray[np.bool_]) -> FloatArray:
    """1 in swept cells next to cells that follow the limit."""
    from scipy.ndimage import binary_dilation

    beside = binary_dilation(limited) & ~limited & ~solid
    return np.asarray(beside if beside.any() else ~limited & ~solid, dtype=np.float64)
