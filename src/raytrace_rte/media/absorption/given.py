"""The absorption coefficient that the field brings along."""

from __future__ import annotations

import numpy as np

from ... import checks
from ...errors import InputError
from ...execution.executors import each, thread_count
from ...planck import blackbody
from ..field import Field
from ..medium import Medium
from ..resample import on_cells
from .shared import provenance


@on_cells
def given(field: Field) -> Medium:
    """Return the medium of the field's own absorption coefficient: grey, or in the bands of its spectrum.

    Cells without data become empty gas. Raises InputError when the field has no absorption coefficient.
    """
    checks.instance("field", field, Field, "a Field, as rte.read returns")
    kappa = field.absorption_coefficient
    if kappa is None:
        raise InputError(
            "absorption model 'given': the field has no absorption_coefficient; use model 'planck_mean', "
            "which computes one from pressure and mole fractions"
        )
    used = [*field.mole_fraction, "soot_volume_fraction"]  # whatever absorbs is in the coefficient
    if field.cells_without_data:
        kappa = kappa.copy()
        kappa[~field.valid] = 0.0  # type: ignore[operator]
    T, spectrum = field.filled_temperature(), field.spectrum
    source = np.empty_like(kappa)  # of one precision with it, as kernels are compiled beforehand

    def emit(plane: int) -> None:  # plane by plane: work arrays stay small
        if spectrum is None:
            source[plane] = blackbody(T[plane])
        else:
            source[plane] = spectrum.wall_emission(T[plane].ravel()).reshape(source[plane].shape)

    each(thread_count(None))(emit, range(len(T)))
    return Medium(field.grid, kappa, source, spectrum, provenance(field, "given", used))
