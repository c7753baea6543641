"""The fields of one band of a volume, as kernels read them."""

from __future__ import annotations

from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ...execution.executors import each
from ...grid import Cartesian, FloatArray
from .box import Box, none


class Fields:
    """The fields of one band of a box (nx, ny, nz), read-only as kernels expect them; what sweeps read of cells."""

    def __init__(self, box: Box, b: int) -> None:
        self._box, self.b = box, b
        self._spare: FloatArray | None = None
        self._range: tuple[FloatArray, FloatArray] | None = None
        self._record: FloatArray | None = None
        self._lock = Lock()

    @property
    def record(self) -> FloatArray:
        """What kernels read of cells (n_cell, 8), built by the first thread that asks for it; beside solid cells with
        differences that do not reach into them."""
        with self._lock:
            if self._record is None:
                built = self._alone() if self._box.scene.medium.n_band == 1 else self._of_one()
                solids = self._box.solids
                self._record = built if solids is None else _beside(built, self._box.grid, solids.mask)
            return self._record

    def _alone(self) -> FloatArray:
        """The records of the only band, which the medium keeps."""
        medium, box = self._box.scene.medium, self._box
        out = None if medium.records is not None else box.spare.take("records", none)
        medium.prepare(box.workers, out=out)
        return medium.cells.record[:, 0]

    def _of_one(self) -> FloatArray:
        """The records of one of several bands, built for it: rays have those of all bands side by side."""
        from ...kernels.records import build, lean

        one = lean(self._box.grid, *(f[..., None] for f in self._own))
        self._spare = self._box.spare.take(("record", one.record.dtype), none)
        cells, bounds = build(one, each(self._box.workers), self._spare)
        self._spare, self._range = cells.record, bounds.source
        return self._spare[:, 0]

    def release(self) -> None:
        """Let another band write over the records of this one, which come back when they are asked for again."""
        if self._spare is not None:
            self._box.spare.put(("record", self._spare.dtype), self._spare)
            self._spare = self._record = None

    @property
    def source_range(self) -> tuple[float, float]:
        """Least and greatest source as reconstructed [W m-2 sr-1]."""
        if self._range is not None:
            low, high = self._range
            return float(low[0]), float(high[0])
        low, high = self._box.scene.medium.source_range
        return float(low[self.b]), float(high[self.b])

    @cached_property
    def gas(self) -> NDArray[np.bool_]:
        """Where no cell is solid."""
        return ~self._box.solids.mask if self._box.solids is not None else np.ones(self._box.grid.shape, bool)

    @cached_property
    def kappa(self) -> FloatArray:
        """[1/m], 0 in solid cells."""
        kappa = read_only(self._own[0])
        return kappa if self._box.solids is None else read_only(np.where(self.gas, kappa, 0.0))

    @cached_property
    def source(self) -> FloatArray:
        """[W m-2 sr-1]."""
        return read_only(self._own[1])

    @cached_property
    def _own(self) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """kappa and source of the band, side by side, as exact as they are; read-only, as those of a medium."""
        medium = self._box.scene.medium
        kappa, source = (
            np.ascontiguousarray(v[..., self.b]) if v.ndim == 4 else v for v in (medium.kappa, medium.source)
        )
        kappa.flags.writeable = source.flags.writeable = False
        return kappa, source


def read_only(values: NDArray[np.floating]) -> FloatArray:
    """Return values as a contiguous array of float64 that cannot be written, the same if it is one."""
    out = np.ascontiguousarray(values, dtype=np.float64).view()
    out.flags.writeable = False
    return out


def _beside(record: FloatArray, grid: Cartesian, solid: NDArray[np.bool_]) -> FloatArray:
    """Records whose differences of S are one-sided where the other neighbour is solid, and 0 where both are."""
    from ...kernels.reconstruct import SOURCE, SOURCE_X

    out = record.copy().reshape(*grid.shape, -1)
    source = out[..., SOURCE].astype(np.float64)
    for axis in range(3):
        centre = np.moveaxis(grid.centres[axis][:, None, None], 0, axis)
        s, c, opaque = (
            np.moveaxis(v, axis, 0) for v in (source, np.broadcast_to(centre, source.shape), solid)
        )
        slope = np.moveaxis(out[..., SOURCE_X + axis], axis, 0)
        if len(s) == 1:
            continue
        step = np.diff(s, axis=0) / np.diff(c, axis=0)
        open_ = ~np.logical_or(opaque[1:], opaque[:-1])
        none = np.zeros_like(step[:1])
        shut = np.zeros_like(opaque[:1])
        low, high = (np.concatenate(p) for p in ((none, step), (step, none)))
        from_low, from_high = (np.concatenate(p) for p in ((shut, open_), (open_, shut)))
        beside = np.concatenate((shut, ~open_)) | np.concatenate((~open_, shut))
        one_sided = np.where(from_low, low, np.where(from_high, high, 0.0))
        slope[beside] = one_sided[beside]
    fall = 0.5 * np.sum(
        [np.abs(out[..., SOURCE_X + a]) * _spread(grid.widths[a], a) for a in range(3)], axis=0
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        out[..., SOURCE_X:] *= np.where(fall > source, source / fall, 1.0)[..., None]
    return out.reshape(record.shape)


def _spread(widths: FloatArray, axis: int) -> FloatArray:
    """Widths along one axis, beside cells (nx, ny, nz); 0 for infinite ones."""
    shape = [1, 1, 1]
    shape[axis] = -1
    return np.where(np.isfinite(widths), widths, 0.0).reshape(shape)
