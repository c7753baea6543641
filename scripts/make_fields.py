"""Make src/raytrace_rte/data/pool_fire.h5 from the OpenFOAM result as it was exported (T, p, X_*).

usage: python scripts/make_fields.py EXPORTED.h5 [TARGET.h5]

The export is a run of the tutorial combustion/fireFoam/LES/smallPoolFire3D of OpenFOAM v1912 on 64^3
cells; its root attributes hold origin, dx and provenance, and its arrays are [ix, iy, iz] with y up.
"""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np

from raytrace_rte import Cartesian, Field, write

EMBEDDED = Path(__file__).parent.parent / "src/raytrace_rte/data/pool_fire.h5"
SPECIES = ("CO2", "H2O", "CH4")


def main(exported: Path, target: Path = EMBEDDED) -> None:
    """Convert the export into a native field."""
    with h5py.File(exported, "r") as file:
        dx, origin = float(file.attrs["dx"]), file.attrs["origin"]
        shape = file["T"].shape
        grid = Cartesian(*(o + dx * np.arange(n + 1) for o, n in zip(origin, shape, strict=True)))
        species = ", ".join(SPECIES)
        field = Field(
            grid,
            file["T"][:],
            pressure=file["p"][:],
            mole_fraction={name: file[f"X_{name}"][:] for name in SPECIES},
            provenance=f"{file.attrs['provenance']}; y is up; T, p and mole fractions of {species}",
        )
    write(field, target)
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB, {field}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
