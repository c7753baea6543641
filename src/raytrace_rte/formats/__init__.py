"""The border: fields come in here, from a native file, any other format, or data in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import checks
from ..errors import InputError
from ..grid import Cartesian
from ..media.field import Field
from .onto import Onto


def read(
    path: str | Path,
    map: str | Path | Mapping[str, Any] | None = None,
    allow_cold: bool = False,
    *,
    time: float | str | None = None,
    units: Mapping[str, str] | None = None,
    location: str | None = None,
    grid: Cartesian | None = None,
    shape: Sequence[int] | None = None,
    outside: str | None = None,
    radius: str | None = None,
) -> Field:
    """Read a field from a file or folder of any format that docs/formats.md lists.

    path: file or folder, what it is follows from its content; or a Dataset of xarray, as in from_xarray
    map: field map, as TOML file or as the same tables in a dict (docs/formats.md); `raytrace-rte inspect`
        writes one to edit. Not needed where the file itself says what its arrays are
    allow_cold: accept a field that is below 250 K everywhere
    time: which moment of several: [s], "first" or "last"
    units: name of an array -> its unit, where the file does not say it or is wrong; "length" stands for all
        positions, as in {"length": "m", "T": "K"}
    location: whether values are those of a "cell" or at a "point", where the file does not say
    grid, shape: for cells that are no Cartesian grid: the one that they are put onto, or the numbers of equal voxels
        along x, y and z over all of the mesh. Each cell hands over its own volume, and absorption models are
        evaluated on the cells; see docs/formats.md
    outside: what voxels outside the mesh are: "empty" gas (as where it is None), or an "error"
    radius: "x", "y" or "z", the coordinate that is the radius of axisymmetric data; their axis becomes z

    Raises InputError that names file and dataset and says what to do; where a file leaves things open, it lists
    all of them.
    """
    if type(path).__module__.startswith("xarray."):
        from .onto import placed
        from .xarray import from_xarray

        dataset: Any = path
        field = from_xarray(dataset, map, allow_cold, time=time, units=units, location=location)
        return placed(field, Onto(grid, shape, outside, radius))
    from .reading import check
    from .source import printable

    path = checks.path("path", path)
    try:
        check(map, time, units, location, allow_cold)
        return _read(path, map, allow_cold, time, units, location, Onto(grid, shape, outside, radius))
    except InputError as error:
        text = printable(str(error))
        raise InputError(text if str(path) in text else f"{path}: {text}") from None


def _read(path: Path, map: Any, allow_cold: bool, time: Any, units: Any, location: Any, onto: Onto) -> Field:
    from .native import is_native_file, read_native
    from .onto import field_onto, placed
    from .readers import opened
    from .reading import field_from

    if map is None and is_native_file(path):
        for name, given in (("time", time), ("units", units), ("location", location)):
            if given is not None:
                raise InputError(f"{path}: is a native field, which says all itself; drop {name}")
        return placed(read_native(path, allow_cold), onto)
    with opened(path, time) as source:
        return field_onto(source, onto, lambda s: field_from(s, map, time, units, location, allow_cold))
