"""The answer of a whole volume, as its bands are solved: cells side by side in memory, walls, and the budget."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...execution.task import Arrays, below, named
from ...grid import FloatArray
from .band import Band
from .box import Box

if TYPE_CHECKING:
    from ...kernels.settle import Cells


class Answers:
    """What has been found of the bands of a box.

    spectral: whether fields have the band as their last axis
    """

    def __init__(self, box: Box) -> None:
        self.box, self.n_band = box, box.scene.medium.n_band
        self.spectral = box.scene.medium.kappa.ndim == 4
        self._cells: Cells | None = None
        self._bands: dict[int, Band] = {}
        self._budgets: dict[int, dict[str, float]] = {}
        self._lock = Lock()

    def __contains__(self, b: int) -> bool:
        return b in self._bands

    @property
    def bands(self) -> list[Band]:
        """The answers of the bands that are solved, in order."""
        return [self._bands[b] for b in sorted(self._bands)]

    def place(self, b: int) -> Cells:
        """Where the cells of a band's answer go: band by band in memory, as they are summed and saved."""
        from ...kernels.settle import Cells

        with self._lock:
            if self._cells is None:
                shape = (self.n_band, *self.box.grid.shape)
                self._cells = Cells(*(self.box.new(shape) for _ in Cells._fields))
        return Cells(*(values[b] for values in self._cells))

    def take(self, b: int, band: Band) -> None:
        """Take the answer of a band; cells that are elsewhere go where they belong, unless there is one band only."""
        if self.n_band > 1:
            place = self.place(b)._asdict()
            for name, there in place.items():
                found = getattr(band, name)
                if not np.may_share_memory(found, there):
                    np.copyto(there, found)
                    self.box.give_back(found)
            band = band._replace(**place)
        self._bands[b] = band

    def cells(self, name: str) -> NDArray[Any]:
        """A field of all bands, bands last if the medium has any."""
        if not self.spectral:
            return getattr(self.bands[0], name)
        if self.n_band > 1 and hasattr(self._cells, name):
            return np.moveaxis(getattr(self._cells, name), 0, -1)
        return np.moveaxis(np.stack([getattr(band, name) for band in self.bands]), 0, -1)

    def walls(self, name: str) -> dict[str, FloatArray]:
        """Maps of all bands by face, bands last if the medium has any."""
        maps = [getattr(band, name) for band in self.bands]
        return {f: np.stack([m[f] for m in maps], axis=-1) if self.spectral else maps[0][f] for f in maps[0]}

    def release(self) -> None:
        """Let a later task with the same box write over the arrays of this one, which is done."""
        cells, self._cells = self._cells, None
        if cells is None:
            return
        for name, values in cells._asdict().items():
            self.box.give_back(values)
            found = getattr(self._bands[0], name) if self.n_band == 1 else values
            if not np.may_share_memory(found, values):
                self.box.give_back(found)

    def budget(self) -> dict[str, float]:
        """Emitted, absorbed again, lost to each wall, and what does not balance [W] (per m or m2 of a slab)."""
        bands = self.budgets()
        out = {name: sum(band[name] for band in bands) for name in bands[0]}
        lost = [power for name, power in out.items() if name.startswith("to_")]
        residual = out["emitted"] - out["absorbed"] - sum(lost)
        scale = max(out["emitted"], *map(abs, lost), 1e-300)
        return out | {"residual": residual, "residual_relative": residual / scale}

    def budgets(self) -> list[dict[str, float]]:
        """The parts of the budget of each band [W]: emitted, absorbed again, lost to each wall and to solids."""
        for b in self._bands.keys() - self._budgets.keys():
            self._budgets[b] = self._budget(self._bands[b])
        return [self._budgets[b] for b in sorted(self._bands)]

    def _budget(self, band: Band) -> dict[str, float]:
        areas = self.box.by_face(self.box.area)
        # a layer at a time, which stays in the cache
        emitted, gained = (
            sum(float((f * w).sum()) for f, w in zip(a, self.box.volume, strict=True))
            for a in (band.emission, band.div_q)
        )
        lost = {f"to_{name}": float((flux * areas[name]).sum()) for name, flux in band.wall_net.items()}
        if self.box.solids is not None:
            lost["to_solids"] = float(band.solid_heat.sum())
        return {"emitted": emitted, "absorbed": emitted - gained, **lost}

    def state(self) -> dict[str, NDArray[Any]]:
        """The bands that are solved, for a store."""
        out: dict[str, NDArray[Any]] = {}
        for b, band in self._bands.items():
            out |= named(f"band {b}/", _flat(band))
        return out

    def restore(self, state: Arrays) -> None:
        """Take the bands of a state."""
        for b in range(self.n_band):
            if flat := below(state, f"band {b}/"):
                self.take(b, _raised(flat))


def _flat(band: Band) -> dict[str, NDArray[Any]]:
    """A band as named arrays."""
    out: dict[str, NDArray[Any]] = {}
    for name, value in band._asdict().items():
        if isinstance(value, Mapping):
            out |= named(f"{name}/", value)
        else:
            out[name] = np.asarray(value)
    return out


def _raised(flat: Arrays) -> Band:
    """The band of named arrays."""
    parts: dict[str, Any] = {n: flat[n] if n in flat else below(flat, f"{n}/") for n in Band._fields}
    return Band(**parts)
