"""The absorption coefficient that the field brings along."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import checks
from ...errors import InputError
from ...planck import blackbody
from ..field import Field
from ..medium import Medium


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
    provenance: dict[str, Any] = {"model": "given", "field_sha256": field.source_sha256}
    if field.cells_without_data:
        provenance["cells_without_data"] = field.cells_without_data
        kappa = kappa.copy()
        kappa[~field.valid] = 0.0  # type: ignore[operator]
    T = field.filled_temperature()
    if field.spectrum is None:
        return Medium(field.grid, kappa, blackbody(T), provenance=provenance)
    source = np.empty_like(kappa)
    for plane, temperatures in zip(source, T, strict=True):  # plane by plane: work arrays stay small
        plane[:] = field.spectrum.wall_emission(temperatures.ravel()).reshape(plane.shape)
    return Medium(field.grid, kappa, source, field.spectrum, provenance)
