"""Fields of cells that are no Cartesian grid: on one, with what the cells themselves say kept.

An absorption model is evaluated on the cells of the mesh, and each cell hands its own integrals of kappa and of the
emission kappa S to voxels. The emission of a voxel of mean temperature is another one: T^4 is not linear, and at the
rim of a mesh a voxel is filled in part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..errors import InputError
from ..grid import Cartesian, FloatArray
from .field import Field
from .medium import Medium
from .shares import Shares

COVERED = 1e-9
"""A voxel with less than this of its volume in the mesh is outside."""
AMOUNTS = ("soot_volume_fraction", "absorption_coefficient", "heat_release", "density")
"""What there is less of in a voxel that is partly outside the mesh."""
OUTSIDE = ("empty", "error")
Arguments = ParamSpec("Arguments")


@dataclass(frozen=True, eq=False)
class Resampled:
    """The cells that a field was made from.

    cells: their Field, on a grid of n x 1 x 1 numbered cells, which together are as long as the grid of the field
    shares: where they lie in the grid of the field
    """

    cells: Field
    shares: Shares

    @cached_property
    def present(self) -> FloatArray:
        """1 in cells with data, else 0, (n_cell,)."""
        n = len(self.shares.volume)
        return np.ones(n) if self.cells.valid is None else self.cells.valid.reshape(-1).astype(np.float64)

    @cached_property
    def covered(self) -> FloatArray:
        """Volume of cells with data in each voxel, (nx, ny, nz), [m3]."""
        return self.shares.integrals(self.present)

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Voxels that hold some of the mesh."""
        return self.covered > COVERED * self.shares.voxel_volume

    @property
    def left_out(self) -> float:
        """The part of the mesh's volume that lies beyond the grid."""
        whole = float(self.present @ self.shares.volume)
        out = 1.0 - float(self.covered.sum()) / whole
        return out if out > COVERED else 0.0

    def mean(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the mean over the part of a voxel in the mesh; outside that of the nearest voxel inside.

        values: (n_cell, 1, 1, ...)
        """
        held = values.reshape(len(values), *values.shape[3:])
        weight = self.present.reshape(-1, *[1] * (held.ndim - 1))
        total = self.shares.integrals(np.where(weight > 0.0, held, 0.0))
        return self._filled(total, self.covered).astype(values.dtype)

    def amount(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the mean over the whole of a voxel, with nothing outside the mesh. values: as in `mean`."""
        held = values.reshape(len(values), *values.shape[3:])
        weight = self.present.reshape(-1, *[1] * (held.ndim - 1))
        total = self.shares.integrals(np.where(weight > 0.0, held, 0.0))
        return (total / self._per(self.shares.voxel_volume, total)).astype(values.dtype)

    def medium(self, medium: Medium) -> Medium:
        """Return a medium of the cells on the grid: integrals of kappa and kappa S over voxels are those of cells."""
        shape = (len(self.shares.volume), *medium.kappa.shape[3:])
        kappa, source = (a.reshape(shape).astype(np.float64) for a in (medium.kappa, medium.source))
        absorbing, emitting = self.shares.integrals(kappa), self.shares.integrals(kappa * source)
        clear = self.mean(medium.source)  # where nothing absorbs, the source only has to be near
        S = np.divide(emitting, absorbing, out=clear.astype(np.float64), where=absorbing > 0.0)
        notes = [f"the absorption model was evaluated on the {shape[0]} cells of the mesh"]
        if self.left_out:
            notes.append(f"{100 * self.left_out:.3g} % of the volume of the mesh lies outside the grid")
        if not self.inside.all():
            notes.append(f"{np.count_nonzero(~self.inside)} voxels outside the mesh were taken as empty gas")
        record: dict[str, Any] = dict(medium.provenance)
        record |= {"mesh_cells": shape[0], "notes": [*record.get("notes", []), *notes]}
        per_volume = absorbing / self._per(self.shares.voxel_volume, absorbing)
        return Medium(
            self.shares.grid, per_volume.astype(medium.kappa.dtype), S.astype(medium.source.dtype),
            medium.spectrum, record, mole_ratio=None if medium.mole_ratio is None else self._mixed(medium.mole_ratio),
        )  # fmt: skip

    def _mixed(self, mole_ratio: NDArray[np.floating]) -> NDArray[np.floating]:
        """The mole ratio of H2O to CO2 of voxels: by the mean share of H2O in both, as ratios of cells without CO2
        are about 1e9 and would outweigh all others."""
        ratio = mole_ratio.astype(np.float64)
        share = self.mean(ratio / (1.0 + ratio))
        mixed = share / np.maximum(1.0 - share, 1e-12)
        return np.asarray(mixed.astype(mole_ratio.dtype))

    def _filled(self, total: FloatArray, covered: FloatArray) -> FloatArray:
        """Totals per volume of the mesh; outside those of the nearest voxel inside."""
        per = self._per(covered, total)
        means = np.divide(total, per, out=np.zeros_like(total), where=np.broadcast_to(per > 0.0, total.shape))
        if self.inside.all():
            return means
        from scipy.ndimage import distance_transform_edt

        nearest = distance_transform_edt(~self.inside, return_distances=False, return_indices=True)
        filled = means[tuple(nearest)]
        return np.where(self._per(self.inside, total), means, filled)

    @staticmethod
    def _per(cells: NDArray[Any], like: FloatArray) -> NDArray[Any]:
        """An array over the grid, with the axes that another one has beyond."""
        return cells.reshape(cells.shape + (1,) * (like.ndim - 3))


def resampled(cells: Field, shares: Shares, outside: str = "empty") -> Field:
    """Return the field on the grid of the shares. Absorption models are then evaluated on the cells.

    Temperature and pressure are means over the part of a voxel in the mesh; mole fractions, soot, an absorption
    coefficient, heat release and density are means over the whole of it, with nothing outside the mesh.

    cells: on a grid of n x 1 x 1 cells; outside: what voxels outside the mesh are: "empty" gas (`valid` is false
        there) or an "error"

    Raises InputError when no cell lies in the grid, and where a voxel is outside and that is an error.
    """
    checks.choice("outside", outside, OUTSIDE)
    longest = float((shares.grid.upper - shares.grid.lower).max())  # models note how long paths may be
    made = Resampled(
        replace(cells, grid=Cartesian(np.linspace(0.0, longest, len(shares.volume) + 1))), shares
    )
    if not made.inside.any():
        low, high = shares.grid.lower.tolist(), shares.grid.upper.tolist()
        raise InputError(
            f"grid: no cell of the mesh lies between {low} and {high} m; check the grid and the unit of length"
        )
    if outside == "error" and not made.inside.all():
        where = tuple(int(i) for i in np.argwhere(~made.inside)[0])
        raise InputError(
            f"grid: {np.count_nonzero(~made.inside)} of {made.inside.size} voxels are outside the mesh, the first is "
            f'{where}; take a smaller grid, or outside = "empty", which makes them empty gas'
        )
    pressure = cells.pressure
    amount = {name: None if (a := getattr(cells, name)) is None else made.amount(a) for name in AMOUNTS}
    field = Field(
        shares.grid,
        made.mean(cells.temperature),
        pressure if pressure is None or pressure.ndim == 0 else made.mean(pressure),
        {name: made.amount(x) for name, x in cells.mole_fraction.items()},
        soot_volume_fraction=amount["soot_volume_fraction"],
        absorption_coefficient=amount["absorption_coefficient"],
        heat_release=amount["heat_release"],
        density=amount["density"],
        notes=cells.notes,
        provenance=_provenance(cells, made), source_sha256=cells.source_sha256, allow_cold=cells.allow_cold,
        time=cells.time, valid=None if made.inside.all() else made.inside, spectrum=cells.spectrum,
    )  # fmt: skip
    object.__setattr__(field, "resampled", made)
    return field


def _provenance(cells: Field, made: Resampled) -> str:
    shape = " x ".join(map(str, made.shares.grid.shape))
    said = f"{len(made.shares.volume)} cells of a mesh resampled onto {shape} voxels: means by volume"
    if made.left_out:
        said += f", {100 * made.left_out:.3g} % of the volume of the mesh lies outside"
    return "; ".join(part for part in (cells.provenance, said) if part)


def on_cells(
    model: Callable[Concatenate[Field, Arguments], Medium],
) -> Callable[Concatenate[Field, Arguments], Medium]:
    """Let an absorption model of a field that was resampled be evaluated on the cells of its mesh."""

    @wraps(model)
    def evaluated(field: Field, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Medium:
        made = getattr(field, "resampled", None)  # the model itself refuses what is no Field
        return (
            model(field, *args, **kwargs) if made is None else made.medium(model(made.cells, *args, **kwargs))
        )

    return evaluated


def in_a_row(field: Field) -> Field:
    """Return the same cells on a grid of n x 1 x 1 numbered cells, x slowest."""
    n = field.temperature.size

    def row(a: NDArray[Any] | None) -> Any:
        return a if a is None or a.ndim == 0 else a.reshape(n, 1, 1, *a.shape[3:])

    arrays = ("temperature", "pressure", "soot_volume_fraction", "absorption_coefficient", "heat_release",
              "density", "valid")  # fmt: skip
    return replace(
        field,
        grid=Cartesian(np.arange(n + 1.0)),
        mole_fraction={name: row(x) for name, x in field.mole_fraction.items()},
        **{name: row(getattr(field, name)) for name in arrays},
    )
