"""The absorption coefficient that the field brings along."""

from __future__ import annotations

from ...errors import InputError
from ...planck import blackbody
from ..field import Field
from ..medium import Medium


def given(field: Field) -> Medium:
    """Return the grey medium of the field's own absorption coefficient.

    Raises InputError when the field has none.
    """
    if field.absorption_coefficient is None:
        raise InputError(
            "absorption model 'given': the field has no absorption_coefficient; use model 'planck_mean', "
            "which computes one from pressure and mole fractions"
        )
    return Medium(
        field.grid,
        field.absorption_coefficient,
        blackbody(field.temperature),
        provenance={"model": "given", "field_sha256": field.source_sha256},
    )
