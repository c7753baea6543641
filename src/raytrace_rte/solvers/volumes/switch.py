"""Where cells are so thick that the diffusion limit takes over from the sweep, face by face.

Each face has ONE flux, a blend of the two that is smooth in their estimated errors: both neighbours use it, so
nothing leaks, and no jump is divided by a cell's width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...grid import FACES, FloatArray
from .box import Box, Three, mean_widths
from .diffusion import Limit, diffusion, of_planes
from .fields import Fields
from .sweeper import Special, Swept

if TYPE_CHECKING:
    from ...kernels.settle import Cells

DARKER = 3
"""Times that cells are given back to the sweep, since their neighbours change with them."""
BUFFER = 10.0
"""Mean free paths of thick core that are swept behind cells that need the sweep."""


class Switch:
    """The limit of one band, and the share that it has in the flux through each face.

    black, emissivity: black radiance [W m-2 sr-1] and emissivity of all surfaces; rtol: of the method, None where
    it takes no limit
    limited, mixed: cells whose faces follow the limit alone, and in part
    everywhere: whether all follow it alone, and nothing has to be swept
    beside: share of the limit in the flux at walls, by face
    """

    def __init__(
        self, box: Box, fields: Fields, black: FloatArray, emissivity: FloatArray, rtol: float | None
    ) -> None:
        from ...kernels.sizes import THICK_CELL

        self.box, self.fields = box, fields
        self.limit: Limit | None = None
        self.everywhere, self.kept = False, np.empty(0, np.int64)
        self.limited = self.mixed = np.zeros(box.grid.shape, bool)
        thickest = self.box.scene.medium.optical_depth["cell_max"]
        if rtol is None or thickest <= THICK_CELL or not self._thick(THICK_CELL).any():
            return
        low, high = fields.source_range
        span = float(max(high, black.max()) - min(low, black.min()))
        walls = box.by_face(black), box.by_face(emissivity)
        limit = diffusion(box, fields.kappa, fields.source, *walls, span)
        if limit is None:
            return
        self.limit, self.share = limit, box.new(box.grid.shape)
        alone = limit.shares(rtol * limit.typical, self.share, box.workers)
        self.everywhere = alone and not limit.dark
        if self.everywhere:
            self.limited = np.ones(box.grid.shape, bool)
        else:
            self._sort()
        sides = {name: FACES.index(name) for name in limit.arriving}
        self.beside = {name: np.take(self.share, -(n % 2), n // 2) for name, n in sides.items()}

    def _thick(self, least: float) -> NDArray[np.bool_]:
        """Cells of at least so much optical depth among such cells: in others the limit may not be used."""
        x, area = self._widths()
        thick = np.empty(self.box.grid.shape, bool)
        for k, w, out in zip(self.fields.kappa, x, thick, strict=True):
            np.greater_equal(
                k * area, least * (1.0 - 1e-12) / w, out=out
            )  # rounding is left to the estimates
        for axis in range(3):
            own = np.moveaxis(thick, axis, 0)
            around = own.copy()
            around[1:] &= own[:-1]
            around[:-1] &= own[1:]
            own[...] = around
        return thick

    def _widths(self) -> tuple[FloatArray, FloatArray]:
        """Two factors of the geometric mean width of cells over the axes that end: along x, and across it."""
        x, y, z = mean_widths(self.box.widths, self.box.ends.finite)
        return x, np.multiply.outer(y, z)

    def _sort(self) -> None:
        """Find the cells that follow the limit alone, and those that follow it in part.

        Where the limit would absorb less than nothing, the sweep stays.
        """
        from ...kernels import blend as kernels

        assert self.limit is not None
        box, fields, share, div_q = self.box, self.fields, self.share, self.limit.errors.div_q
        self.role = np.empty(share.shape, np.uint8)
        ended, periodic = np.array(box.ends.finite), np.array(box.ends.periodic)

        def planes(first: int, last: int) -> None:
            kernels.sort(fields.kappa, fields.source, share, div_q, ended, periodic, first, last, self.role)

        of_planes(planes, len(share), box.workers)
        for _ in range(DARKER):
            dark = self.role == kernels.DARK
            if not dark.any():
                break
            share[dark] = 0.0
            of_planes(planes, len(share), box.workers)
        self.limited, self.mixed = self.role >= kernels.LIMITED, self.role == kernels.MIXED
        if self.mixed.any():
            self.kept = np.full(self.mixed.size, -1)
            self.kept[self.mixed.ravel()] = np.arange(np.count_nonzero(self.mixed))

    def special(self) -> tuple[Special, FloatArray]:
        """Cells that the sweep takes as opaque, solid ones and the thick core, and those whose faces it keeps; what
        the core sends out.

        The core lies so deep among cells that follow the limit that no light from it reaches the others. What lies
        behind its outermost cells is not even looked at.
        """
        from ...kernels.ordinates import BURIED, GAS

        opaque, none = self.box.solid, np.empty(0)
        thick = not self.everywhere and bool(self.fields.kappa.max() > self.box.thin)
        if not self.everywhere and self.limited.any() and (core := self._core()).any():
            opaque = opaque.copy() if opaque.size else np.full(core.size, GAS)
            shown = core if self.box.ends.slab else core & ~_buried(core, self.box.ends.finite)
            opaque[core.ravel()] = BURIED
            opaque[shown.ravel()] = self.box.exposed.size + np.arange(np.count_nonzero(shown))
            return Special(opaque, self.kept, thick), self.fields.source[shown]
        return Special(opaque, self.kept, thick, self.everywhere), none

    def _core(self) -> NDArray[np.bool_]:
        """The thick core: behind BUFFER mean free paths of cells that follow the limit alone."""
        from ...kernels.distances import between
        from ...kernels.sizes import THICK_CELL

        n, periodic = self.limited.shape, self.box.ends.periodic
        added = [min(m, int(BUFFER / THICK_CELL) + 1) if p else 0 for m, p in zip(n, periodic, strict=True)]
        around = ~np.pad(self.limited, [(a, a) for a in added], mode="wrap")
        depth = np.empty(around.shape, np.float32)
        between(around, depth, depth[0, 0].copy())
        own = tuple(slice(a, a + m) for a, m in zip(added, n, strict=True))
        x, area = self._widths()
        kappa, inf = self.fields.kappa, np.inf
        least = min(
            w * np.min(k * area, where=at, initial=inf)
            for k, w, at in zip(kappa, x, self.limited, strict=True)
        )
        return np.asarray(depth[own] * least >= BUFFER)

    def at_walls(self, arrived: FloatArray) -> FloatArray:
        """Flux that arrives at wall cells [W m-2], from what the sweep says."""
        if self.limit is None:
            return arrived
        out = arrived.copy()
        for name, flux in self.limit.arriving.items():
            n, share = FACES.index(name), self.beside[name]
            face = slice(self.box.first[n], self.box.first[n + 1])
            out[face] = (share * flux).ravel() + (1.0 - share).ravel() * arrived[face]
        return out

    def wall_error(self, name: str, swept: FloatArray) -> FloatArray:
        """Estimated error of the flux that arrives at a wall [W m-2], from that of the sweep."""
        if self.limit is None:
            return swept
        share = self.beside[name]
        return share * self.limit.arriving_error[name] + (1.0 - share) * swept

    def alone(self, net: FloatArray, out: Cells) -> Cells:
        """Return what cells have where all follow the limit, in part in out; net: as of `blend`."""
        from ...kernels.blend import follow

        assert self.limit is not None
        box, limit, shape = self.box, self.limit, self.box.grid.shape
        error, swept, div_q = limit.errors
        for name, flux in box.by_face(net).items():  # grey walls may have changed since
            n = FACES.index(name)
            beside = np.moveaxis(div_q, n // 2, 0)[-(n % 2)]  # a view
            beside += (flux - limit.net[name]) / box.widths[n // 2][-(n % 2)]
        box.give_back(*limit.fluxes[:3], swept, self.share)
        found = out._replace(div_q=div_q, error=error)
        kappa, source = self.fields.kappa, self.fields.source
        of_planes(lambda a, b: follow(kappa, source, div_q, error, a, b, found), shape[0], box.workers)
        return found

    def blend(self, swept: Swept, cells: Cells, net: FloatArray) -> Cells:
        """Return what cells have, where the limit is taken by that.

        cells: as the sweep has them, which are written over; net: net flux into walls [W m-2], of all surfaces
        """
        from ...kernels import blend as kernels

        if self.limit is None:
            return cells
        box, limit = self.box, self.limit
        ends, (x0, y0, z0) = box.ends, (a for a, _ in limit.padded.added)
        ended, periodic, walls = (np.array(f) for f in (ends.finite, ends.periodic, ends.wall))
        given = kernels.Blend(
            self.fields.kappa, self.fields.source, self.share, self.role, limit.fluxes, (x0, y0, z0),
            *limit.tables, ended, periodic, self.kept, swept.faces, walls, box.first, net, *limit.errors,
        )  # fmt: skip
        flat = type(cells)(*(a.reshape(-1) for a in cells))
        of_planes(lambda a, b: kernels.blend(given, a, b, flat), len(self.share), box.workers)
        limit.release(box)
        box.give_back(self.share)
        return cells


def _buried(cells: NDArray[np.bool_], finite: Three) -> NDArray[np.bool_]:
    """Cells all of whose neighbours across faces are such cells too; none beside a wall."""
    out = cells.copy()
    for axis in range(3):
        if finite[axis]:
            to, of = np.moveaxis(out, axis, 0), np.moveaxis(cells, axis, 0)
            to[1:-1] &= of[:-2] & of[2:]
            to[0] = to[-1] = False
    return out
