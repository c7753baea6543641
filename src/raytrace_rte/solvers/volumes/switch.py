"""Where cells are so thick that the diffusion limit takes over from the sweep, face by face.

Each face has ONE flux, a blend of the two that is smooth in their estimated errors: both neighbours use it, so
nothing leaks, and no jump is divided by a cell's width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...grid import FACES, FloatArray
from .box import Box, Fields
from .diffusion import THICK_CELL, Limit, diffusion
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
    limited, everywhere: cells whose faces follow the limit alone, and whether all do
    """

    def __init__(
        self, box: Box, fields: Fields, black: FloatArray, emissivity: FloatArray, rtol: float | None
    ) -> None:
        self.box, self.fields, shape = box, fields, box.grid.shape
        self.limit: Limit | None = None
        self.shares: tuple[FloatArray, ...] = ()
        self.limited = self.mixed = np.zeros(shape, bool)
        thickest = self.box.scene.medium.optical_depth["cell_max"]
        if rtol is None or thickest <= THICK_CELL or not (fields.kappa * self.box.size > THICK_CELL).any():
            return
        high, low = (v[fields.b] for v in reversed(box.scene.medium.source_range))
        span = float(max(high, black.max()) - min(low, black.min()))
        walls = box.by_face(black), box.by_face(emissivity)
        limit = diffusion(box, fields.kappa, fields.source, *walls, ~fields.gas, span)
        good = np.isfinite(limit.error)
        if not good.any():
            return
        flux_div = self._divergence(limit.flux)
        self.limit = limit
        self.shares = limit.shares(rtol * float(np.sqrt(np.mean(flux_div[good] ** 2))), box.ends.periodic)
        self._sort()
        for _ in range(DARKER):  # where the limit would absorb less than nothing, the sweep stays
            dark = self.limited & (flux_div > 4.0 * np.pi * fields.kappa * fields.source)
            if not dark.any():
                break
            for axis, share in enumerate(self.shares):
                for side in _sides(share, axis):
                    side[dark] = 0.0
                if box.ends.periodic[axis]:  # its first and last faces are one
                    ends = np.moveaxis(share, axis, 0)
                    ends[0] = ends[-1] = np.minimum(ends[0], ends[-1])
            self._sort()

    def _sort(self) -> None:
        """Find the cells that follow the limit alone, and those that follow it in part."""
        sides = [
            np.stack(_sides(share, axis))
            for axis, share in enumerate(self.shares)
            if self.box.ends.finite[axis]
        ]
        least, most = (f([f(s, axis=0) for s in sides], axis=0) for f in (np.min, np.max))
        self.limited, self.mixed = least == 1.0, (most > 0.0) & (least < 1.0)

    @property
    def everywhere(self) -> bool:
        """Whether nothing has to be swept."""
        return bool(self.limited.all())

    def special(self) -> tuple[Special, FloatArray]:
        """Cells that the sweep takes as opaque, solid ones and the thick core, and those whose faces it keeps; what
        the core sends out.

        The core lies so deep among cells that follow the limit that no light from it reaches the others.
        """
        from scipy.ndimage import distance_transform_cdt

        opaque, none = self.box.solid, np.empty(0)
        kappa = self.box.scene.medium.kappa
        thick = bool((kappa[..., self.fields.b] if kappa.ndim == 4 else kappa).max() > self.box.thin)
        if self.limit is None:
            return Special(opaque, np.empty(0, np.int64), thick), none
        kept = np.where(self.mixed, np.cumsum(self.mixed).reshape(self.mixed.shape) - 1, -1).ravel()
        kept = kept if self.mixed.any() else np.empty(0, np.int64)
        if not self.limited.any() or self.everywhere:
            return Special(opaque, kept, thick), none
        n, periodic = self.limited.shape, self.box.ends.periodic
        added = [min(m, int(BUFFER / THICK_CELL) + 1) if p else 0 for m, p in zip(n, periodic, strict=True)]
        around = np.pad(self.limited, [(a, a) for a in added], mode="wrap")
        own = tuple(slice(a, a + m) for a, m in zip(added, n, strict=True))
        depth = distance_transform_cdt(around, "chessboard")[own] - 1
        core = depth * float((self.fields.kappa * self.box.size)[self.limited].min()) >= BUFFER
        if not core.any():
            return Special(opaque, kept, thick), none
        opaque = opaque.copy() if opaque.size else np.full(core.size, -1, dtype=np.int64)
        opaque[core.ravel()] = self.box.exposed.size + np.arange(int(core.sum()))
        return Special(opaque, kept, thick), self.fields.source[core]

    def at_walls(self, arrived: FloatArray) -> FloatArray:
        """Flux that arrives at wall cells [W m-2], from what the sweep says."""
        if self.limit is None:
            return arrived
        out = arrived.copy()
        for name, flux in self.limit.arriving.items():
            n = FACES.index(name)
            share = np.take(self.shares[n // 2], -(n % 2), n // 2)
            face = slice(self.box.first[n], self.box.first[n + 1])
            out[face] = (share * flux).ravel() + (1.0 - share).ravel() * arrived[face]
        return out

    def wall_error(self, name: str, swept: FloatArray) -> FloatArray:
        """Estimated error of the flux that arrives at a wall [W m-2], from that of the sweep."""
        if self.limit is None:
            return swept
        n = FACES.index(name)
        share = np.take(self.shares[n // 2], -(n % 2), n // 2)
        return share * self.limit.arriving_error[name] + (1.0 - share) * swept

    def cells(self, swept: Swept, cells: Cells, net: FloatArray) -> Cells:
        """Return what cells have, where the limit is taken by that.

        cells: as the sweep has them; net: net flux into walls [W m-2], of all surfaces
        """
        if self.limit is None:
            return cells
        kappa, (G, G_error, emission, div_q, error) = self.fields.kappa, cells
        error = error + np.where(np.isfinite(self.limit.swept_error), self.limit.swept_error, 0.0)
        some = self.limited | self.mixed
        if some.any():
            div_q = np.where(some, self._divergence(self._fluxes(swept, net)), div_q)
            error = np.where(self.limited, self.limit.error, error)
            with np.errstate(divide="ignore", invalid="ignore"):
                limit = (emission - div_q) / kappa
            G = np.where(some & (limit >= 0.0), limit, G)
        with np.errstate(divide="ignore", invalid="ignore"):
            G_error = np.where(kappa > 0.0, error / kappa, G_error)
        return cells._replace(G=G, G_error=G_error, div_q=div_q, error=error)

    def _fluxes(self, swept: Swept, net: FloatArray) -> tuple[FloatArray, ...]:
        """Fluxes through all faces of cells that follow the limit, alone or in part."""
        assert self.limit is not None
        faces = self.box.by_face(net)
        out = []
        for axis, (share, limit) in enumerate(zip(self.shares, self.limit.flux, strict=True)):
            flux = np.moveaxis(np.zeros_like(limit), axis, 0)
            mixed = np.moveaxis(self.mixed, axis, 0)
            for side, part in ((0, flux[:-1]), (1, flux[1:])):
                own = np.zeros(self.mixed.shape)
                own[self.mixed] = swept.faces[:, 2 * axis + side]
                part[mixed] = np.moveaxis(own, axis, 0)[mixed]
            flux = np.moveaxis(flux, 0, axis)
            flux = share * limit + (1.0 - share) * flux
            for side, name in enumerate(FACES[2 * axis : 2 * axis + 2]):
                if name in faces:
                    np.moveaxis(flux, axis, 0)[-side] = (2 * side - 1) * faces[name]
            out.append(flux)
        return tuple(out)

    def _divergence(self, flux: tuple[FloatArray, ...]) -> FloatArray:
        """Divergence of fluxes through faces; endless axes have none."""
        out = np.zeros(self.fields.kappa.shape)
        for axis, q in enumerate(flux):
            if not self.box.ends.endless[axis]:
                width = np.expand_dims(self.box.widths[axis], [a for a in range(3) if a != axis])
                out += np.diff(q, axis=axis) / width
        return out


def _sides(faces: FloatArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """Values on the low and the high faces of cells, views."""
    along = np.moveaxis(faces, axis, 0)
    return np.moveaxis(along[:-1], 0, axis), np.moveaxis(along[1:], 0, axis)
