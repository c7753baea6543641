"""Volume results as files: HDF5 with everything, VTKHDF with the cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..grid import FACES
from ..results.heat import HeatResult
from ..results.radiance import to_json
from .hdf5 import written
from .vtkhdf import write_vtkhdf

CELLS = {
    "G": ("W m-2", "incident radiation"),
    "emission": ("W m-3", "emitted power"),
    "absorption": ("W m-3", "absorbed power"),
    "div_q": ("W m-3", "divergence of the radiative flux: heat lost"),
    "error": ("W m-3", "estimated error of div_q"),
    "limited": ("1", "1 where the Rosseland limit was used"),
}
"""Cell arrays with unit and meaning."""
AXES = "xyz"


def attributes(result: HeatResult) -> dict[str, str]:
    """How the answer was made."""
    return {
        "title": "raytrace_rte heat source",
        "config": to_json(result.config),
        "stats": to_json(result.stats),
        "budget": to_json(result.budget),
    }


def write_hdf5(result: HeatResult, path: Path) -> None:
    """Write cells and walls with dimension scales, units and long names."""
    with written(path) as file:
        file.attrs.update(attributes(result))
        for axis, centre in zip(AXES, result.grid.centres, strict=True):
            _put(file, axis, centre, "m", f"cell centres along {axis}")
            file[axis].make_scale(axis)
        for name, (unit, text) in CELLS.items():
            values = getattr(result, name)
            _put(file, name, values.astype(np.uint8) if values.dtype == bool else values, unit, text)
            for place, axis in enumerate(AXES):
                file[name].dims[place].attach_scale(file[axis])
        for kind, unit, text in (
            ("wall_flux", "W m-2", "net flux into"), ("wall_incident", "W m-2", "flux that arrives at"),
        ):  # fmt: skip
            for face, values in getattr(result, kind).items():
                _put(file, f"{kind}_{face}", values, unit, f"{text} {face}")
                others = [a for a in range(3) if a != FACES.index(face) // 2]
                for place, a in enumerate(others):
                    file[f"{kind}_{face}"].dims[place].attach_scale(file[AXES[a]])
        if result.solid_heat.size:
            _put(file, "solid_heat", result.solid_heat, "W", "net power into each solid cell")


def _put(file: Any, name: str, values: Any, unit: str, text: str) -> None:
    big = values.size > 1024
    filters = {"compression": "gzip", "compression_opts": 1, "shuffle": True} if big else {}
    data = file.create_dataset(name, data=values, track_times=False, **filters)
    data.attrs.update({"units": unit, "long_name": text})


def write_paraview(result: HeatResult, path: Path) -> None:
    """Write the cell arrays for ParaView, one for each band, units in their names."""
    cells: dict[str, NDArray[Any]] = {}
    for name, (unit, _) in CELLS.items():
        values = getattr(result, name)
        values = values.astype(np.uint8) if values.dtype == bool else values
        if values.ndim == 4:
            cells |= {f"{name}_{b} [{unit}]": values[..., b] for b in range(values.shape[3])}
        else:
            cells[f"{name} [{unit}]"] = values
    write_vtkhdf(path, result.grid, cells, attributes(result))


WRITERS = {".h5": write_hdf5, ".vtkhdf": write_paraview}
