"""What is known of a whole field once its records are built: greatest kappa of each plane of cells."""

from __future__ import annotations

import numpy as np

import fields
from raytrace_rte.kernels.reconstruct import KAPPA


def test_planes_hold_the_greatest_kappa_of_their_cells():
    medium = fields.medium(fields.grid(9, "stretched"), 3.0)
    r = medium.cells.record.reshape(*medium.grid.shape, 1, 8)
    half = np.stack(np.meshgrid(*[0.5 * w for w in medium.grid.widths], indexing="ij"), axis=-1)
    top = r[..., KAPPA] + (np.abs(r[..., KAPPA + 1 : KAPPA + 4]) * half[..., None, :]).sum(axis=-1)
    for axis, found in enumerate(medium.planes):
        others = tuple(a for a in range(3) if a != axis)
        np.testing.assert_allclose(found, top.max(axis=others), rtol=1e-15)
