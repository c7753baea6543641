"""Results as files: HDF5 that xarray opens, float32 TIFF, CSV with units."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..results.radiance import Result, to_json
from ..sensors.images import Camera
from .atomic import replacing

if TYPE_CHECKING:
    from xarray import Dataset

RADIANCE = "W m-2 sr-1"
PROFILE_UNITS = {
    "s": "m",
    "length": "m",
    "optical_depth": "1",
    "temperature": "K",
    "kappa": "1/m",
    "source": RADIANCE,
    "contribution": RADIANCE,
}


class Variable(NamedTuple):
    """A named array with its dimensions, unit and meaning; a coordinate is named as its dimension."""

    name: str
    dims: tuple[str, ...]
    values: NDArray[Any]
    units: str
    long_name: str


def variables(result: Result) -> list[Variable]:
    """Return all arrays of a result, coordinates first."""
    dims, coordinates = _dimensions(result)
    if result.value.ndim > len(dims):
        dims = (*dims, "band")
        coordinates.append(Variable("band", ("band",), np.arange(result.value.shape[-1]), "1", "band number"))
    out = [
        Variable("radiance", dims, result.value, RADIANCE, "radiance arriving at the sensor"),
        Variable("error", dims, result.error, RADIANCE, "bound of the error against March(order=2)"),
        Variable("transmittance", dims, result.transmittance, "1", "transmittance of the whole ray"),
        Variable("optical_depth", dims, result.optical_depth, "1", "optical depth of the whole ray"),
    ]
    if result.estimate is not None:
        out.append(Variable("estimate", dims, result.estimate, RADIANCE, "size of the first neglected term"))
    if result.profile is not None:
        s = result.profile["s"]
        coordinates.append(Variable("s", ("s",), s, "m", "distance from the observer, mid-segment"))
        for name in list(PROFILE_UNITS)[1:]:
            values = result.profile[name]
            out.append(
                Variable(f"profile_{name}", ("s",), values, PROFILE_UNITS[name], f"{name} along the ray")
            )
    return coordinates + out


def _dimensions(result: Result) -> tuple[tuple[str, ...], list[Variable]]:
    sensor = result.sensor
    if not isinstance(sensor, Camera):
        rays = sensor.take(np.arange(int(np.prod(sensor.shape))))
        axis = np.array([0, 1, 2])
        return ("ray",), [
            Variable("ray", ("ray",), np.arange(len(rays.origin)), "1", "ray number"),
            Variable("axis", ("axis",), axis, "1", "x, y, z"),
            Variable("origin", ("ray", "axis"), rays.origin, "m", "origin of the ray"),
            Variable("direction", ("ray", "axis"), rays.direction, "1", "unit direction into the medium"),
        ]
    y, x = sensor.rows, sensor.columns
    if sensor.width is not None:
        return ("y", "x"), [
            Variable("y", ("y",), y, "m", "position up the image"),
            Variable("x", ("x",), x, "m", "position to the right in the image"),
        ]
    return ("elevation", "azimuth"), [
        Variable("elevation", ("elevation",), np.degrees(np.arctan(y)), "degree", "angle up the image"),
        Variable("azimuth", ("azimuth",), np.degrees(np.arctan(x)), "degree", "angle to the right"),
    ]


def attributes(result: Result) -> dict[str, str]:
    """What is written beside the arrays: how the answer was made."""
    return {
        "title": "raytrace_rte result",
        "config": to_json(result.config),
        "stats": to_json(result.stats),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def write_hdf5(result: Result, path: Path) -> None:
    """Write everything as HDF5 with dimension scales, units and long names."""
    from .hdf5 import written

    with written(path) as file:
        file.attrs.update(attributes(result))
        for v in variables(result):
            data = file.create_dataset(v.name, data=v.values, track_times=False, **_filters(v.values))
            data.attrs.update({"units": v.units, "long_name": v.long_name})
            if v.dims == (v.name,):
                data.make_scale(v.name)
            else:
                for axis, dim in enumerate(v.dims):
                    data.dims[axis].attach_scale(file[dim])


def _filters(values: NDArray[Any]) -> dict[str, Any]:
    return {"compression": "gzip", "compression_opts": 1, "shuffle": True} if values.size > 1024 else {}


def to_xarray(result: Result) -> Dataset:
    """Return the same as an xarray Dataset."""
    try:
        import xarray
    except ImportError:
        raise InputError("to_xarray needs xarray: pip install 'raytrace-rte[xarray]'") from None
    data = {
        v.name: (v.dims, v.values, {"units": v.units, "long_name": v.long_name}) for v in variables(result)
    }
    coordinates = {name: data.pop(name) for name in list(data) if data[name][0] == (name,)}
    return xarray.Dataset(data, coords=coordinates, attrs=attributes(result))


def write_tiff(result: Result, path: Path) -> None:
    """Write the radiance as a one-channel float32 TIFF, units and configuration in its description."""
    from PIL import Image, TiffImagePlugin

    if not isinstance(result.sensor, Camera) or result.value.ndim != 2:
        raise InputError(f"{path.name}: TIFF holds one grey image; save this result as .h5")
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = to_json({"quantity": "radiance", "units": RADIANCE, "config": result.config})
    tags[305] = "raytrace_rte"
    with replacing(path) as temporary:
        image = Image.fromarray(result.value.astype(np.float32))
        image.save(temporary, format="TIFF", tiffinfo=tags)


def write_csv(result: Result, path: Path) -> None:
    """Write a line-of-sight profile, or one line per ray, with units in the header."""
    if isinstance(result.sensor, Camera) or result.value.ndim > 1:
        raise InputError(f"{path.name}: CSV holds profiles and rays of one band; save this result as .h5")
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        file.write(f"# raytrace_rte {result.config['versions']['raytrace-rte']}\n")
        table = csv.writer(file)
        if result.profile is not None:
            radiance = float(result.value[0])
            emitted = float(result.profile["contribution"].sum())
            file.write(f"# radiance {radiance!r} {RADIANCE}, of it emitted along the way {emitted!r}\n")
            table.writerow([f"{name} [{unit}]" for name, unit in PROFILE_UNITS.items()])
            table.writerows([[repr(float(v)) for v in row] for row in result.profile])
        else:
            table.writerow(["ray", f"radiance [{RADIANCE}]", "transmittance [1]", "optical_depth [1]"])
            columns = (result.value, result.transmittance, result.optical_depth)
            for n, row in enumerate(zip(*columns, strict=True)):
                table.writerow([n, *(repr(float(v)) for v in row)])


WRITERS = {".h5": write_hdf5, ".tif": write_tiff, ".tiff": write_tiff, ".csv": write_csv}
