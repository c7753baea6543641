"""Grey absorption of soot: kappa = C f_v T."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import checks
from ...errors import InputError
from ...planck import blackbody
from ..field import Field
from ..medium import Medium
from ..resample import on_cells
from .shared import counted, provenance

SOOT_CONSTANT = 1817.0
"""C [1/(m K)] = 3.72 C_0 / C_2, with 3.72 between Planck's mean, 3.83, and Rosseland's, 3.60 (J. D. Felske, C. L.
Tien, J. Heat Transfer 99 (1977) 458), and C_0 = 36 pi n k / ((n^2 - k^2 + 2)^2 + 4 n^2 k^2) of a refractive index of
1.75 - 1.03 i."""


@on_cells
def soot(field: Field, soot_constant: float = SOOT_CONSTANT) -> Medium:
    """Return the grey medium of soot alone, kappa = C f_v T.

    soot_constant: C [1/(m K)]; in use elsewhere are 1863, 1809.9 and 1470
    Raises InputError when the field has no soot volume fraction.
    """
    checks.instance("field", field, Field, "a Field, as rte.read returns")
    add = soot_of(field, True, soot_constant)
    if add is None:
        raise InputError(
            "absorption model 'soot': the field has no soot_volume_fraction; add it, or use another model"
        )
    T = field.filled_temperature()
    kappa, source = np.empty_like(T), np.empty_like(T)

    def fill(block: slice) -> tuple[int]:
        t = T.reshape(-1)[block]
        kappa.reshape(-1)[block] = add(block, t)
        source.reshape(-1)[block] = blackbody(t)
        return (0,)

    counted(fill, T.size)
    return Medium(
        field.grid,
        kappa,
        source,
        provenance=provenance(field, "soot", ("soot_volume_fraction",), **add.record),
    )


class GreySoot:
    """The soot of a field, to be added to whatever absorbs beside it."""

    def __init__(self, volume_fraction: NDArray[np.floating], constant: float, valid: Any) -> None:
        self.volume_fraction, self.constant = volume_fraction.reshape(-1), constant
        self.valid = None if valid is None else valid.reshape(-1)
        self.record = {"soot": f"kappa = C f_v T, C = {constant:g} 1/(m K)"}

    def __call__(self, block: slice, T: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return kappa [1/m] of a block of cells, of which T [K] is the temperature."""
        kappa = self.constant * self.volume_fraction[block].astype(np.float64) * T
        return kappa if self.valid is None else np.where(self.valid[block], kappa, 0.0)


def soot_of(field: Field, wanted: bool, constant: float) -> GreySoot | None:
    """Return the soot of a field if it has any and it is wanted; InputError on arguments out of range."""
    checks.instance("soot", wanted, bool, "True (if the field has soot, it counts) or False (it is left out)")
    C = checks.number("soot_constant", constant, above=0.0, unit="1/(m K)")
    if field.soot_volume_fraction is None or not wanted:
        return None
    return GreySoot(field.soot_volume_fraction, C, field.valid)
