"""Fluxes at points as files: CSV with units, HDF5."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from ..results.flux import FluxResult
from ..results.radiance import to_json
from .atomic import replacing


def columns(result: FluxResult) -> list[tuple[str, str, Any]]:
    """Return (name, unit, values per point) of everything."""
    sensor = result.sensor
    count = len(sensor.points)
    out = [(axis, "m", sensor.points[:, a]) for a, axis in enumerate("xyz")]
    if sensor.normals is not None:
        out += [(f"normal_{axis}", "1", sensor.normals[:, a]) for a, axis in enumerate("xyz")]
    name = "G" if sensor.normals is None else "incident_flux"
    bands = result.value.reshape(count, -1)
    for b in range(bands.shape[1]):
        out.append((name if bands.shape[1] == 1 else f"{name}_{b}", "W m-2", bands[:, b]))
    for name, values in (("error", result.error), ("angular_error", result.angular_error)):
        out.append((name, "W m-2", values.reshape(count, -1).sum(axis=1)))
    return out


def write_csv(result: FluxResult, path: Path) -> None:
    """Write a line per point, units in the header."""
    table = columns(result)
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        file.write(f"# raytrace_rte {result.config['versions']['raytrace-rte']}\n")
        rows = csv.writer(file)
        rows.writerow([f"{name} [{unit}]" for name, unit, _ in table])
        rows.writerows([repr(float(v)) for v in row] for row in zip(*(c for *_, c in table), strict=True))


def write_hdf5(result: FluxResult, path: Path) -> None:
    """Write everything as HDF5 with units, arrays in the sensor's shape."""
    from .hdf5 import written

    with written(path) as file:
        file.attrs.update({"title": "raytrace_rte result", "config": to_json(result.config),
                           "stats": to_json(result.stats)})  # fmt: skip
        for name, unit, values in columns(result):
            shaped = np.asarray(values).reshape(result.sensor.layout)
            file.create_dataset(name, data=shaped, track_times=False).attrs["units"] = unit


WRITERS = {".csv": write_csv, ".h5": write_hdf5}
