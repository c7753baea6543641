"""One band of a whole volume: the rounds of sweeps that it needs, and the answer.

What leaves grey surfaces is found by a fixed point of sweeps. Every answer is that of one sweep, so cells and
surfaces balance to rounding, whatever that light still lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...execution.executors import each
from ...grid import FloatArray
from ...method import Auto
from ..anderson import Anderson
from .box import Box
from .fields import Fields
from .slab import SlabSweeper
from .sweeper import Sweeper, Swept
from .switch import Switch

if TYPE_CHECKING:
    from ...kernels.settle import Cells

ROUNDS = 200
"""Sweeps of the fixed point of grey surfaces at most."""
SHARE, CYCLIC, USUAL = 1e-2, 1e-3, 1e-3
"""What the light of grey surfaces, and that of cyclic axes, may lack: shares of the method's rtol, or of the usual
one."""
NEIGHBOURS = 5
"""Cells across over which differences between sets are averaged at walls."""
Rounds = Generator[FloatArray, Swept, Any]
"""Asks for a sweep with the radiance that it yields leaving all surfaces, and gets its totals."""


class Band(NamedTuple):
    """The answer for one band: cells (nx, ny, nz), walls by face, solid cells (n_solid,) [W]."""

    G: FloatArray
    G_error: FloatArray
    emission: FloatArray
    div_q: FloatArray
    error: FloatArray
    limited: NDArray[np.bool_]
    wall_net: Mapping[str, FloatArray]
    wall_incident: Mapping[str, FloatArray]
    wall_error: Mapping[str, FloatArray]
    solid_heat: FloatArray
    leaving: Mapping[str, FloatArray]
    counts: Mapping[str, Any]


class BandSolve:
    """One band of a box: its fields, where the limit is taken, and the rounds of sweeps that it needs.

    start: radiance that leaves surfaces, to begin with
    taken, left: totals of the last sweep, and the radiance that left surfaces in it
    even: what all directions hold where nothing absorbs between equally bright surfaces, else None
    """

    taken: Swept
    left: FloatArray

    def __init__(self, box: Box, b: int, directions: int, start: FloatArray | None = None) -> None:
        self.box, self.b, scene = box, b, box.scene
        self.black, self.emissivity = box.surfaces(b)
        self.fields = fields = Fields(box, b)
        rtol = scene.method.rtol if isinstance(scene.method, Auto) and scene.method.rtol > 0.0 else USUAL
        self.tolerance = SHARE * rtol
        clear = not (fields.kappa > 0.0).any()
        if not any(box.ends.wall) and box.solids is None and clear:
            raise InputError("heat_source: no wall ends a ray and nothing absorbs; give a wall")
        self.even = self._evenly_lit() if clear else None
        taken = scene.method.rtol if isinstance(scene.method, Auto) else None
        self.switch = Switch(box, fields, self.black, self.emissivity, taken)
        special, shown = self.switch.special()
        if self.even is not None:
            special = special._replace(nothing=True)
        self.light = np.concatenate((self.black, shown))
        self.start = self.light if start is None or start.shape != self.light.shape else start
        self.absorbs = np.concatenate((self.emissivity, np.ones(shown.size)))
        self.sweeper: Sweeper | SlabSweeper
        if box.ends.slab:
            self.sweeper = SlabSweeper(box, fields.record, special, directions)
        else:
            self.sweeper = Sweeper(box, fields, special, directions, CYCLIC * rtol)

    def solve(self, out: Cells) -> Generator[FloatArray, Swept, Band]:
        """Ask for sweeps until what leaves grey surfaces is that of what arrives; return the answer, its cells in out
        if nothing better is at hand."""
        if self.even is not None:
            self.taken, self.left = self._even(self.even), self.light
            return self._answer(self.taken, self.light, 0, 0.0, out)
        nothing = self.sweeper.swept(self.sweeper.blank()) if self.switch.everywhere else None
        sweeps = 0

        def reflected(leaving: FloatArray) -> Generator[FloatArray, Swept, FloatArray]:
            nonlocal sweeps
            swept = (yield leaving) if nothing is None else nothing
            self.taken, self.left, sweeps = swept, leaving, sweeps + (nothing is None)
            arriving = self._arriving(swept, leaving) / np.pi
            return np.asarray(self.absorbs * self.light + (1.0 - self.absorbs) * arriving)

        if (self.absorbs == 1.0).all():
            swept = nothing if nothing is not None else (yield self.light)
            self.taken, self.left, sweeps, lacks = swept, self.light, int(nothing is None), 0.0
        else:
            lacks = yield from _fixed_point(reflected, self.start, self.tolerance)
        return self._answer(self.taken, self.left, sweeps, lacks, out)

    def _evenly_lit(self) -> float | None:
        """The radiance of all surfaces if they are equally bright."""
        walls = np.repeat(self.box.ends.wall, np.diff(self.box.first))
        light = np.concatenate((self.black[: walls.size][walls], self.black[walls.size :]))
        return float(light[0]) if (light == light[0]).all() else None

    def _even(self, light: float) -> Swept:
        """What a sweep would say of surfaces in that light."""
        sums, first = self.sweeper.blank(), self.box.first[6]
        sums["arrived"][:first] = np.pi * light
        sums["arrived"][first:] = np.pi * light * self.box.exposed
        return self.sweeper.swept(sums)

    @property
    def _angular(self) -> float:
        """Error over the difference between halves of the set; the two sets of a slab are no images."""
        ends = self.box.ends
        return angular(self.sweeper.count, any(ends.mirrored) and not ends.slab)

    def _arriving(self, swept: Swept, leaving: FloatArray) -> FloatArray:
        """Flux that arrives at all surfaces, its mean over exposed faces of solid cells [W m-2]."""
        first, exposed = self.box.first[6], self.box.exposed
        solid = slice(first, first + exposed.size)
        out = np.pi * leaving
        out[:first] = self.switch.at_walls(swept.arrived[:first])
        seen = exposed > 0.0
        out[solid][seen] = (swept.arrived[solid] / np.where(seen, exposed, 1.0))[seen]
        return out

    def _answer(self, swept: Swept, leaving: FloatArray, sweeps: int, lacks: float, out: Cells) -> Band:
        """The answer of the last sweep; its estimates are the difference of two sets, and what light lacks."""
        box, walls = self.box, self.box.first[6]
        missing = lacks + float(swept.remainder[0])
        if missing > 0.0:
            missing *= max(self.fields.source_range[1], float(leaving.max(initial=0.0)))
        arriving, light = self._arriving(swept, leaving), np.pi * leaving
        if self.even is not None:
            cells = _filled(out, 4.0 * np.pi * self.even, self.fields.gas)
        elif self.switch.everywhere:
            cells = self.switch.alone(arriving - light, out)
        else:
            self._settle(swept, 4.0 * np.pi * missing, out)
            cells = self.switch.blend(swept, out, arriving - light)
        contrast, scale = box.by_face(swept.arrived_contrast), self._angular
        solid = slice(walls, walls + box.exposed.size)
        return Band(
            **cells._asdict(),
            limited=self.switch.limited,
            wall_net=box.by_face(arriving - light),
            wall_incident=box.by_face(arriving),
            wall_error={
                name: self.switch.wall_error(name, scale * rms(v)) + np.pi * missing
                for name, v in contrast.items()
            },
            solid_heat=(arriving - light)[solid] * box.exposed,
            leaving=box.by_face(leaving) | {"solids": leaving[solid]},
            counts={"sweeps": sweeps, "crossings": sweeps * self.sweeper.crossings, "lacks": missing},
        )

    def _settle(self, swept: Swept, missing: float, out: Cells) -> None:
        """Find what cells have (nx, ny, nz), from the sums of a sweep."""
        from ...kernels.settle import BRICK, settle

        box, shape = self.box, self.box.grid.shape
        sums = swept.incident, swept.div_q, swept.contrast
        flat = type(out)(*(a.reshape(-1) for a in out))
        thin, scale = box.thin, self._angular

        def layers(first: int) -> None:
            sizes = np.empty(shape[2])  # work array
            settle(self.fields.record, shape, box.solid, thin, sums, scale, missing, flat, first, sizes)

        each(box.workers)(layers, range(0, shape[0], BRICK))


def _filled(out: Cells, G: float, gas: NDArray[np.bool_]) -> Cells:
    """Cells where nothing absorbs, all in the same light."""
    for values in out:
        values.fill(0.0)
    out.G[gas] = G
    return out


def rms(f: FloatArray) -> FloatArray:
    """Root mean square over neighbours: differences between sets pass through zero."""
    from scipy.ndimage import uniform_filter

    return np.asarray(np.sqrt(np.maximum(uniform_filter(f * f, NEIGHBOURS, mode="nearest"), 0.0)))


def angular(count: int, mirrored: bool) -> float:
    """Error of a set of so many directions over the difference between its halves.

    Measured on smooth cubes, hot spots, fires and noise with 64 to 1024 directions (`benchmarks.volume_trust`): never
    more than 3 times too small, seldom more than 4 times too large. Every other point of a spiral makes a poorer set
    than a spiral of half as many; with mirrors both are sets of images, whose error falls as their difference does.
    What differences between cells cost is not in it.
    """
    return 0.22 if mirrored else 0.22 / (1.0 + min(count, 2000) / 500.0)


def _fixed_point(
    next_: Callable[[FloatArray], Generator[FloatArray, Swept, FloatArray]],
    start: FloatArray,
    tolerance: float,
) -> Generator[FloatArray, Swept, float]:
    """Iterate x = next_(x) until it changes by less than a tolerance of its greatest; return about how much it still
    lacks, of that."""
    x, anderson, before = start, Anderson(), np.inf
    for _ in range(ROUNDS):
        residual = (yield from next_(x)) - x
        change = float(np.abs(residual).max()) / max(float(np.abs(x).max()), 1e-300)
        ratio = min(change / before, 0.99) if before < np.inf else 0.99
        if change / (1.0 - ratio) <= tolerance:
            return change / (1.0 - ratio)
        before = change
        x = anderson.next(x, residual)
    raise InputError(f"walls: what leaves them did not converge in {ROUNDS} sweeps; raise the emissivities")
