"""The sweep of one box by ordinates: families of blocks, what enters their planes, and the sums they leave.

A family is a block and its images in mirrored axes: one hands the other what leaves through a mirror. Where one end
of an axis is a mirror, it is swept towards that first. Periodic axes and pairs of mirrors are cyclic: what left goes
in again, round after round, until it changes no more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...execution.task import Arrays
from ...grid import FloatArray
from .box import Box
from .families import Family, Sense, families, ordinates_of
from .fields import Fields

if TYPE_CHECKING:
    from ...kernels.ordinates import Domain, Sums

GROUPS, LARGE = 8, 20_000_000
"""Groups of families with sums of their own, each added to the total in turn; in boxes of more cells than LARGE each
family is a group, so that a group takes a second and not a minute."""
IN_CACHE = 2048
"""Cells of a tile's face across x: what a block carries there stays in the cache."""
OF_CELLS = ("incident", "div_q", "contrast")
"""Sums of cells, which the first ordinates write and the others add to."""
ROUNDS = 1000
"""Rounds of a cyclic axis at most; what is left then is part of the error."""
SLOWEST = 0.999
"""Greatest ratio of changes from round to round that is believed."""
Key = tuple[int, int, int, int]


class Swept(NamedTuple):
    """Totals of a sweep.

    incident [W m-2], div_q [W m-3]: of cells; contrast: the difference of G between halves of the set
    arrived: flux at wall cells [W m-2] and, after them, power at solid cells [W]; arrived_contrast: its difference
    faces: net fluxes through the faces of kept cells (n_kept, 6) [W m-2]
    remainder: light that cyclic axes still lack, of the brightest (1,)
    """

    incident: FloatArray
    div_q: FloatArray
    contrast: FloatArray
    arrived: FloatArray
    arrived_contrast: FloatArray
    faces: FloatArray
    remainder: FloatArray


class Special(NamedTuple):
    """Cells that are swept in ways of their own.

    opaque: numbers of opaque cells, kernels.ordinates.GAS elsewhere, or BURIED (n_cell,), empty where there are none
    kept: numbers of cells whose faces' fluxes are kept, -1 elsewhere (n_cell,), empty where there are none
    thick: whether cells are so thick that div q is summed; nothing: whether nothing is swept
    """

    opaque: NDArray[np.int64]
    kept: NDArray[np.int64]
    thick: bool
    nothing: bool = False


class Sweeper:
    """One box in one band, ready to be swept for any light of its surfaces.

    fields: of its cells; directions: at least so many; tolerance: what cyclic axes may lack, of the brightest
    """

    def __init__(
        self,
        box: Box,
        fields: Fields,
        special: Special,
        directions: int,
        tolerance: float,
    ) -> None:
        self.box, self.fields, self.special, self.tolerance = box, fields, special, tolerance
        self.ends, self.first, self.cells = box.ends, box.first, box.volume.size
        self._sizes = sizes(box, special)
        self.surfaces = self._sizes.surfaces
        self.ordinates = ordinates_of(box, directions)
        self.families = families(directions, box.ends)

    @property
    def count(self) -> int:
        """Directions of the set."""
        return self.ordinates.count

    @property
    def crossings(self) -> int:
        """Cells crossed by each ordinate of a sweep, lanes without one included; of cyclic axes one round."""
        return self.cells * sum(family.lanes * len(family.senses) for family in self.families)

    @property
    def groups(self) -> int:
        """Groups of families: their number depends on box and ordinates alone."""
        count = len(self.families)
        return count if self.cells > LARGE else min(GROUPS, -(-count // 2))

    def blank(self) -> dict[str, NDArray[Any]]:
        """Return sums to which nothing has been added, in arrays that were given back if there are any; cells are not
        set."""
        out = self.box.spare.take(self._sizes, lambda: no_sums(*self._sizes))
        for name, array in out.items():
            if name not in OF_CELLS:
                array.fill(0.0)
        return out

    def give_back(self, sums: Arrays) -> None:
        """Take arrays that nobody needs any more, for the next sums."""
        self.box.spare.put(self._sizes, dict(sums))

    def sweep(self, leaving: FloatArray, group: int, pause: Callable[[], None]) -> Arrays:
        """Return the sums over a group's families, with the given radiance leaving surfaces (n_surface,).

        pause: called between tiles; may raise to give up
        """
        planes: dict[Key, FloatArray] = self.box.spare.take("planes", dict)
        trip = _Trip(self, leaving, self.blank(), planes, pause)
        for family in self.families[group :: self.groups]:
            trip.sweep(family)
        self.box.spare.put("planes", planes)
        return trip.sums

    def domain(self, leaving: FloatArray) -> Domain:
        """What the kernel reads of the box."""
        from ...kernels.ordinates import Domain

        x, y, z = self.box.widths
        ended = zip((x, y, z), self.ends.endless, strict=True)
        per_x, per_y, per_z = (np.zeros(1) if endless else 1.0 / w for w, endless in ended)
        leaving = leaving[self.first[6] :]
        opaque, kept, *_ = self.special
        return Domain(self.fields.record, per_x, per_y, per_z, x, y, z, opaque, leaving, kept, self.box.thin)

    def swept(self, sums: Arrays) -> Swept:
        """Return the totals of a sweep from the sums of all groups."""
        return Swept(**sums)


class _Trip:
    """Families swept one after the other, with planes of their own."""

    def __init__(
        self,
        sweeper: Sweeper,
        leaving: FloatArray,
        sums: dict[str, NDArray[Any]],
        planes: dict[Key, FloatArray],
        pause: Callable[[], None],
    ) -> None:
        from ...kernels.ordinates import RATES
        from ...kernels.reconstruct import aligned

        self.of, self.leaving, self.sums, self.planes, self.pause = sweeper, leaving, sums, planes, pause
        self.fresh = True
        self.domain = sweeper.domain(leaving)
        self.rates = aligned((RATES,), np.dtype(np.float64))
        self.brightest = max(sweeper.fields.source_range[1], float(leaving.max(initial=0.0)), 1e-300)

    def sweep(self, family: Family) -> None:
        """Sweep a block and its images, round after round where an axis is cyclic; add the last round to the sums."""
        cyclic = [self._plane(axis, sense) for sense in family.senses for axis in self.of.ends.cyclic]
        for plane in cyclic:
            plane.fill(0.0)
        change, ratio = (np.inf, SLOWEST) if cyclic else (0.0, 0.0)
        for turn in range(ROUNDS):
            lacks = change * ratio / (1.0 - ratio) / self.brightest  # of rounds that go on as they went
            last = lacks <= self.of.tolerance or turn == ROUNDS - 1
            before = [] if last else [plane.copy() for plane in cyclic]
            for sense in family.senses:
                self._cross(family, sense, last)
            if last:
                break
            now = max(float(np.abs(plane - old).max()) for plane, old in zip(cyclic, before, strict=True))
            ratio = min(now / change, SLOWEST) if 0.0 < change < np.inf else SLOWEST
            change = now
        self.sums["remainder"] = np.maximum(self.sums["remainder"], lacks)

    def _cross(self, family: Family, sense: Sense, last: bool) -> None:
        """Take a block through the box, tile after tile; what arrives counts in the last round only."""
        from ...kernels import ordinates as kernels

        block = kernels.Block(family.rows, self.rates, family.lanes, *sense)
        faces = [self._plane(axis, sense) for axis in range(3)]
        for axis, plane in enumerate(faces):
            side = 2 * axis + (sense[axis] < 0)
            if self.of.ends.wall[side]:
                kernels.enter(plane, family.lanes, self._of_face(self.leaving, side))
        planes = kernels.Planes(*faces)
        sums = no_kernel_sums()
        if last:
            sums, self.fresh = kernel_sums(self.sums, int(self.of.first[6]), self.fresh), False
        layers, tile = self.of.box.grid.shape[1], max(1, IN_CACHE // self.of.box.grid.shape[2])
        for start in range(0, layers, tile):
            self.pause()
            stop = min(start + tile, layers)
            kernels.sweep(self.domain, block, planes, sums, start, stop)
        for axis, plane in enumerate(faces):
            side = 2 * axis + (sense[axis] > 0)
            if last and self.of.ends.wall[side]:
                flux, contrast = (self._of_face(self.sums[n], side) for n in ("arrived", "arrived_contrast"))
                kernels.arrive(plane, block, axis, flux, contrast)

    def _of_face(self, values: FloatArray, side: int) -> FloatArray:
        return values[self.of.first[side] : self.of.first[side + 1]]

    def _plane(self, axis: int, sense: Sense) -> FloatArray:
        """The plane across an axis: that of the image too, in a mirrored axis."""
        from ...kernels.ordinates import FACE
        from ...kernels.reconstruct import aligned

        s = list(sense) if self.of.ends.returns[axis] else [0, 0, 0]
        if self.of.ends.mirrored[axis]:
            s[axis] = 0
        key = (axis, s[0], s[1], s[2])
        if key not in self.planes:
            size = self.of.cells // self.of.box.grid.shape[axis] * FACE
            self.planes[key] = aligned((size,), np.dtype(np.float64))
            self.planes[key].fill(0.0)
        return self.planes[key]


class Sizes(NamedTuple):
    """Of sums: cells, surfaces, cells whose faces are kept; whether div q is summed."""

    cells: int
    surfaces: int
    kept: int
    thick: bool


def sizes(box: Box, special: Special) -> Sizes:
    """Return the sizes of the sums of a box."""
    surfaces = int(box.first[6] + special.opaque.max(initial=-1) + 1)
    cells = 0 if special.nothing else box.volume.size
    return Sizes(cells, surfaces, int(special.kept.max(initial=-1)) + 1, special.thick)


def no_sums(cells: int, surfaces: int, kept: int, thick: bool) -> dict[str, NDArray[Any]]:
    """Return new sums, to which nothing has been added."""
    return {
        "incident": np.zeros(cells),
        "div_q": np.zeros(cells if thick else 0),
        "contrast": np.zeros(cells, np.float32),
        "arrived": np.zeros(surfaces),
        "arrived_contrast": np.zeros(surfaces),
        "faces": np.zeros((kept, 6)),
        "remainder": np.zeros(1),
    }


def kernel_sums(sums: Arrays, solid: int, fresh: bool) -> Sums:
    """Return what kernels add to; solid: number of the first solid cell among surfaces; fresh: whether what stands in
    cells is old."""
    from ...kernels.ordinates import Sums

    cells = sums["incident"], sums["div_q"], sums["contrast"]
    return Sums(*cells, sums["arrived"][solid:], sums["arrived_contrast"][solid:], sums["faces"], fresh)


def no_kernel_sums() -> Sums:
    """Return sums to which kernels add nothing."""
    from ...kernels.ordinates import Sums

    none = np.empty(0)
    return Sums(none, none, none, none, none, np.empty((0, 6)), False)
