"""Make src/raytrace_rte/data/pool_fire.h5 from the OpenFOAM result as it was exported (T, p, X_*).

usage: python scripts/make_fields.py EXPORTED.h5

The export is a run of the tutorial combustion/fireFoam/LES/smallPoolFire3D of OpenFOAM v1912 on 64^3
cells; its root attributes hold origin, dx and provenance, and its arrays are [ix, iy, iz] with y up.
"""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np

from raytrace_rte import Cartesian, Field, write

SPECIES = ("CO2", "H2O", "CH4")


def main(exported: Path) -> None:
    with h5py.File(exported, "r") as file:
        dx, origin = float(file.attrs["dx"]), file.attrs["origin"]
        shape = file["T"].shape
        grid = Cartesian(*(o + dx * np.arange(n + 1) for o, n in zip(origin, shape, strict=True)))
        field = Field(
            grid,
            file["T"][:],
            pressure=file["p"][:],
            mole_fraction={name: file[f"X_{name}"][:] for name in SPECIES},
            provenance=f"{file.attrs['provenance']}; y is up; T, p, X of {', '.join(SPECIES)}",
        )
    target = Path(__file__).parent.parent / "src/raytrace_rte/data/pool_fire.h5"
    write(field, target)
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB, {field}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
