"""Weighted sum of grey gases (H. C. Hottel, A. F. Sarofim, Radiative Transfer, 1967; the sets: `WeightedSum`).

Each gas absorbs with k_i times what absorbs, everywhere, and emits the share a_i of sigma T^4 / pi. As it is in
use for media that are not uniform (M. F. Modest, J. Heat Transfer 113 (1991) 650), k_i and a_i are those of the
temperature and the mixture of each cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import checks
from ...errors import InputError
from ...grid import FloatArray
from ...planck import blackbody
from ..field import Field
from ..medium import Medium
from ..resample import on_cells
from ..spectrum import Spectrum
from ..weighted_sum import ATM, MIXTURE, WeightedSum, mole_ratio, weighted_sum
from .shared import counted, fraction_of, line, pressure_of, provenance
from .soot import SOOT_CONSTANT, GreySoot, soot_of

MODEL = "wsgg"
DEFAULT = "bordbar2014"
PRESSURES = (0.5 * ATM, 2.0 * ATM)
"""[Pa]. The sets were fitted at 1 atm, and lines widen with pressure: beyond these a set says nothing."""
PRESENT = 1e-3
"""Mole fraction of H2O + CO2 above which the ranges of a set matter to a cell."""
APART = 2.0
"""A set for one mole ratio is used at others; beyond this factor the summary says so."""


@on_cells
def wsgg(
    field: Field, coefficients: str = DEFAULT, soot: bool = True, soot_constant: float = SOOT_CONSTANT
) -> Medium:
    """Return the medium of a weighted sum of grey gases for H2O and CO2, a band for each gas, the clear one first.

    coefficients: bordbar2014, kangwanpongpan2012, johansson2011, dorigon2013_MR1 or _MR2, smith1982_MR1 or _MR2,
        or cassol2014, which superposes gases of H2O, of CO2 and of soot
    soot: whether the soot of the field counts: grey, C f_v T for each gas, with C = soot_constant [1/(m K)]; that of
        cassol2014 by the gases of the set

    Temperature and mole ratio are limited to the ranges of the set; bordbar2014 goes over to CO2 or H2O alone. The
    provenance counts cells outside, where H2O + CO2 are above 0.001, and says what the field has and the model
    leaves out. Cells without data are clear.

    Raises InputError when pressure, H2O or CO2 is missing, for another set, and where the pressure is below 0.5 or
    above 2 atm.
    """
    checks.instance("field", field, Field, "a Field, as rte.read returns")
    grey = soot_of(field, soot, soot_constant)
    gases = weighted_sum(coefficients)
    own_soot = grey is not None and "soot" in gases.absorbers
    if not own_soot:
        gases = gases.without("soot")
    filling = _Filling(field, gases, None if own_soot else grey)
    counts = counted(filling.fill, filling.T.size)
    spectrum = Spectrum.weighted(coefficients, filling.reference_ratio(), own_soot)
    used = ["H2O", "CO2", *(["soot_volume_fraction"] if grey is not None else [])]
    record: dict[str, Any] = {
        "coefficients": coefficients, "source": gases.source, "species": ["H2O", "CO2"],
        **dict(zip(("outside_temperature", "outside_mole_ratio", "clipped_weights"), counts, strict=True)),
    }  # fmt: skip
    if grey is not None:
        record |= {"soot": f"gases of {coefficients}"} if own_soot else grey.record
    notes = _notes(gases, filling, counts)
    return Medium(
        field.grid, filling.kappa, filling.source, spectrum, provenance(field, MODEL, used, notes, **record),
        mole_ratio=filling.ratio if gases.depends_on_mixture else None,
    )  # fmt: skip


class _Filling:
    """The cells of a field in a row, and the arrays of the medium that are filled in block by block."""

    def __init__(self, field: Field, gases: WeightedSum, grey: GreySoot | None) -> None:
        self.gases, self.grey, self.grid, self.valid = gases, grey, field.grid, field.valid
        self.T = field.filled_temperature()
        n, shape = self.T.size, (*self.T.shape, len(gases.names))
        self.pressure = line(pressure_of(field, MODEL), n)
        self._check_pressure()
        self.H2O, self.CO2 = (line(fraction_of(field, name, MODEL), n) for name in ("H2O", "CO2"))
        self.soot = None if field.soot_volume_fraction is None else field.soot_volume_fraction.reshape(-1)
        self.kappa, self.source = np.empty(shape, self.T.dtype), np.empty(shape, self.T.dtype)
        self.ratio = np.empty(self.T.shape, self.T.dtype)

    def _check_pressure(self) -> None:
        p = (
            self.pressure
            if self.valid is None or self.pressure.size == 1
            else self.pressure[self.valid.ravel()]
        )
        low, high = float(p.min()), float(p.max())
        if low < PRESSURES[0] or high > PRESSURES[1]:
            raise InputError(
                f"absorption model '{MODEL}': the pressure is {low:.4g} to {high:.4g} Pa; expected "
                f"{PRESSURES[0]:g} to {PRESSURES[1]:g} Pa, as sets of grey gases are fitted at 1 atm; use model "
                "'bands' with a table for this pressure, or 'planck_mean'"
            )

    def fill(self, block: slice) -> Sequence[int]:
        """Fill in a block of cells; count those outside the ranges of temperature and ratio, and weights below 0."""
        T, H2O, CO2 = (a.reshape(-1)[block].astype(np.float64) for a in (self.T, self.H2O, self.CO2))
        if self.valid is not None:
            there = self.valid.reshape(-1)[block]
            H2O, CO2 = np.where(there, H2O, 0.0), np.where(there, CO2, 0.0)
        ratio = mole_ratio(H2O, CO2)
        coefficients, weights, clipped = self.gases.evaluate(T, ratio)
        kappa = self._absorption(block, coefficients, H2O, CO2)
        if self.grey is not None:
            kappa += self.grey(block, T)[:, None]
        bands = kappa.shape[1]
        self.kappa.reshape(-1, bands)[block] = kappa
        weights *= blackbody(T)[:, None]
        self.source.reshape(-1, bands)[block] = weights
        self.ratio.reshape(-1)[block] = ratio
        present = H2O + CO2 > PRESENT
        low, high = self.gases.temperature
        outside = int(np.count_nonzero(present & ((low > T) | (high < T))))
        return outside, self._other_ratio(ratio, present), sum(clipped)

    def _absorption(
        self, block: slice, coefficients: list[FloatArray], H2O: FloatArray, CO2: FloatArray
    ) -> FloatArray:
        """Return kappa [1/m] of all bands of a block of cells: one gas of each component together."""
        p = self.pressure[block].astype(np.float64)
        amounts: dict[str, NDArray[Any]] = {MIXTURE: p * (H2O + CO2), "H2O": p * H2O, "CO2": p * CO2}
        if "soot" in self.gases.absorbers and self.soot is not None:
            f = self.soot[block].astype(np.float64)
            amounts["soot"] = f if self.valid is None else np.where(self.valid.reshape(-1)[block], f, 0.0)
        kappa = np.zeros((len(p), 1))
        for of, k in zip(self.gases.absorbers, coefficients, strict=True):
            k *= amounts[of][:, None]
            kappa = (kappa[:, :, None] + k[:, None, :]).reshape(len(p), -1)
        return kappa

    def _other_ratio(self, ratio: FloatArray, present: NDArray[np.bool_]) -> int:
        """Count cells whose mole ratio is not what the set was made for."""
        if self.gases.mole_ratio is None:
            return 0
        low, high = self.gases.mole_ratio
        apart = 1.0 if self.gases.depends_on_mixture else APART
        return int(np.count_nonzero(present & ((ratio < low / apart) | (ratio > high * apart))))

    def reference_ratio(self) -> float:
        """The mole ratio of all the gas together, for walls beyond the grid."""
        return float(mole_ratio(*(np.asarray(self._mean(x)) for x in (self.H2O, self.CO2))))

    def pressure_length(self) -> float:
        """The mean partial pressure of H2O and CO2 times the longest side of the box [atm m]."""
        extents = [float(w.sum()) for w in self.grid.widths if np.isfinite(w).all()]
        return self._mean(self.pressure * (self.H2O + self.CO2)) / ATM * max(extents, default=0.0)

    def _mean(self, values: NDArray[np.floating]) -> float:
        """The mean over the cells with data."""
        there = True if self.valid is None else self.valid.reshape(-1)
        return float(values.mean(dtype=np.float64, where=there))


def _notes(gases: WeightedSum, filling: _Filling, counts: Sequence[int]) -> list[str]:
    """What the summary says of the ranges of a set."""
    (coldest, hottest), ratios, name = gases.temperature, gases.mole_ratio, gases.name
    hot, other, clipped = counts
    cells, out = filling.T.size, []
    if hot:
        out.append(
            f"{hot} of {cells} cells with H2O or CO2 are outside {coldest:g} to {hottest:g} K, which {name} was made "
            "for: their weights are those of the nearer end"
        )
    if other and ratios is not None:
        made = f"{ratios[0]:g}" if ratios[0] == ratios[1] else f"{ratios[0]:g} to {ratios[1]:g}"
        how = (
            "those of H2O or CO2 alone are mixed in"
            if "dry" in gases.components[0]
            else "it is used as it is"
        )
        out.append(
            f"{other} of {cells} cells have another ratio of H2O to CO2 than {name} was made for ({made}): {how}"
        )
    if clipped:
        out.append(f"a weight of {name} is below 0 in {clipped} of {cells} cells, and taken as 0 there")
    path = filling.pressure_length()
    if path > gases.pressure_length[1]:
        out.append(
            f"H2O and CO2 times the length of the box are {path:.3g} atm m; {name} was made for up to "
            f"{gases.pressure_length[1]:g}"
        )
    return out
