"""What a cell does to light."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..grid import Cartesian
from ..planck import blackbody
from .field import checked, first_bad

if TYPE_CHECKING:
    from ..kernels.pyramid import Pyramid
    from ..kernels.reconstruct import Cells

Emission = Callable[[float], ArrayLike]


@dataclass(frozen=True, eq=False)
class Medium:
    """Absorption coefficient and source on a grid, linear in each cell.

    grid: Cartesian
    kappa: absorption coefficient [1/m], shape (nx, ny, nz) or (nx, ny, nz, n_band)
    source: blackbody intensity [W m-2 sr-1] per band, same shape
    emission: wall temperature [K] -> radiance per band [W m-2 sr-1]; grey sigma T^4 / pi when there is one
        band, to be given when there are several
    provenance: the absorption model and what it noticed

    float32 and float64 stay what they are. Raises InputError on wrong shapes, non-finite or negative values.
    """

    grid: Cartesian
    kappa: NDArray[np.floating]
    source: NDArray[np.floating]
    emission: Emission = blackbody
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __init__(
        self,
        grid: Cartesian,
        kappa: ArrayLike,
        source: ArrayLike,
        emission: Emission | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        shape = np.shape(kappa)
        bands = shape[3:] if len(shape) == 4 else ()
        arrays = {}
        for name, values in (("kappa", kappa), ("source", source)):
            arrays[name] = checked(name, values, grid.shape + bands)
            first_bad(name, arrays[name], arrays[name] < 0, "at least 0", "correct the input")
        self._set(grid=grid, **arrays, provenance=dict(provenance or {}))
        self._set(emission=emission or (blackbody if self.n_band == 1 else _no_emission))

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def n_band(self) -> int:
        """Number of bands; 1 for a grey medium."""
        return self.kappa.shape[3] if self.kappa.ndim == 4 else 1

    @cached_property
    def cells(self) -> Cells:
        """The records that ray kernels read, built on first use: 32 (float32) or 64 bytes a cell and band."""
        return self._cells(lean=False)

    @cached_property
    def lean_cells(self) -> Cells:
        """The same without records: kernels rebuild one wherever a ray comes."""
        return self._cells(lean=True)

    def _cells(self, lean: bool) -> Cells:
        from ..kernels.reconstruct import reconstruct

        shape = (*self.grid.shape, self.n_band)
        return reconstruct(self.grid, self.kappa.reshape(shape), self.source.reshape(shape), lean)

    @property
    def _any_cells(self) -> Cells:
        """The records if they have been built, else what rebuilds them."""
        return self.cells if "cells" in self.__dict__ else self.lean_cells

    @cached_property
    def pyramid(self) -> Pyramid:
        """What bounds the field over bricks of cells, for Auto; built on first use, 0.15 bytes a cell."""
        from ..kernels.pyramid import build

        return build(self._any_cells, self.grid.widths)

    @cached_property
    def source_range(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Least and greatest source of each band as reconstructed, (n_band,) each [W m-2 sr-1]."""
        from ..kernels.pyramid import source_range

        return source_range(self._any_cells, self.grid.widths)

    @cached_property
    def optical_depth(self) -> dict[str, float]:
        """Optical depth of cells (mean and greatest, along their longest finite edge) and of the domain.

        The domain's is the volume-averaged kappa times its longest finite extent.
        """
        finite = [np.isfinite(w).all() for w in self.grid.widths]
        wx, wy, wz = (w if f else np.ones_like(w) for w, f in zip(self.grid.widths, finite, strict=True))
        extent = max(
            (float(w.sum()) for w, f in zip(self.grid.widths, finite, strict=True) if f), default=0.0
        )
        edge = np.maximum.outer(wy if finite[1] else 0.0 * wy, wz if finite[2] else 0.0 * wz)
        area = np.outer(wy, wz)
        total = mean = greatest = 0.0
        for i, plane in enumerate(self.kappa.reshape(*self.grid.shape, self.n_band)):  # small work arrays
            kappa = plane.max(axis=2)
            tau = kappa * np.maximum(edge, wx[i] if finite[0] else 0.0)
            mean += float(tau.sum())
            greatest = max(greatest, float(tau.max()))
            total += float((kappa * area).sum() * wx[i])
        return {
            "cell_mean": mean / float(np.prod(self.grid.shape)),
            "cell_max": greatest,
            "domain": total / float(wx.sum() * area.sum()) * extent,
        }

    def __repr__(self) -> str:
        return (
            f"Medium({'x'.join(map(str, self.grid.shape))} cells, {self.n_band} band(s), "
            f"kappa {self.kappa.min():.4g}..{self.kappa.max():.4g} 1/m)"
        )


def _no_emission(temperature: float) -> ArrayLike:
    raise InputError(
        "this medium has several bands but no emission(T): build it as Medium(..., emission=function) "
        "before giving walls a temperature, or give them an intensity per band"
    )
