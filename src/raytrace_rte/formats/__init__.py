"""The border: fields come in here, from a native file, any other format, or data in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import checks
from ..errors import InputError
from ..grid import Cartesian
from ..media.field import Field
from .masks import masks
from .onto import Onto


def read(
    path: str | Path,
    map: str | Path | Mapping[str, Any] | None = None,
    allow_cold: bool = False,
    *,
    time: float | str | None = None,
    units: Mapping[str, str] | None = None,
    location: str | None = None,
    options: Mapping[str, Any] | None = None,
    no_data: float | Sequence[float] | None = None,
    valid: str | None = None,
    markers: Sequence[str] = (),
    grid: Cartesian | None = None,
    shape: Sequence[int] | None = None,
    outside: str | None = None,
    radius: str | None = None,
) -> Field:
    """Read a field from a file or folder of any format that docs/formats.md lists.

    path: file or folder, what it is follows from its content; or a Dataset of xarray, as in from_xarray;
        or a dataset that yt has loaded
    map: field map, as TOML file or as the same tables in a dict (docs/formats.md); `raytrace-rte inspect`
        writes one to edit. Not needed where the file itself says what its arrays are
    allow_cold: accept a field that is below 250 K everywhere
    time: which moment of several: its time [s], "first", "last", "index 3" (from 0), or the name of a folder of an
        OpenFOAM case, as "0.05". A number is always a time
    units: name of an array -> its unit, where the file does not say it or is wrong; "length" stands for all
        positions, as in {"length": "m", "T": "K"}
    location: whether values are those of a "cell" or at a "point", where the file does not say
    options: what only this format knows, as {"part": "level 1"}; docs/formats.md lists them
    no_data: temperatures, as the file has them, that stand for no data: nan, 0, -9999, a number or a list; such cells
        are not valid in the field, and become empty gas unless solids cover them
    valid: name of an array that is 1 in cells with data, 0 in others
    markers: names of arrays that mark cells, as obstacles or materials, for `Field.markers`
    grid, shape: for cells that are no Cartesian grid: the one that they are put onto, or the numbers of equal voxels
        along x, y and z over all of the mesh. Each cell hands over its own volume, and absorption models are
        evaluated on the cells; see docs/formats.md
    outside: what voxels outside the mesh are: "empty" gas (as where it is None), or an "error"
    radius: "x", "y" or "z", the coordinate that is the radius of axisymmetric data; their axis becomes z

    Raises InputError that names file and dataset and says what to do; where a file leaves things open, it lists
    all of them.
    """
    from .native import is_native_file, read_native
    from .onto import field_onto, placed
    from .readers import opened
    from .reading import check, field_from
    from .source import Source, printable

    if options is not None:
        checks.instance("options", options, Mapping, 'a dict, as {"part": "level 1"}')
    asked, onto = masks(no_data, valid, markers), Onto(grid, shape, outside, radius)
    if type(path).__module__.startswith("xarray."):
        from .xarray import from_xarray

        dataset: Any = path
        field = from_xarray(
            dataset, map, allow_cold,
            time=time, units=units, location=location, no_data=no_data, valid=valid, markers=markers,
        )  # fmt: skip
        return placed(field, onto)

    def made(source: Source) -> Field:
        return field_from(source, map, time, units, location, allow_cold, asked)

    if type(path).__module__.startswith("yt."):
        from .readers.yt_grids import source_of

        check(map, time, units, location, allow_cold)
        return field_onto(source_of(path, **(options or {})), onto, made)
    path = checks.path("path", path)
    try:
        check(map, time, units, location, allow_cold)
        if map is None and is_native_file(path):
            _refuse(path, {"time": time, "units": units, "location": location, "options": options})
            return placed(read_native(path, allow_cold, asked), onto)
        with opened(path, time, options) as source:
            return field_onto(source, onto, made)
    except InputError as error:
        text, name = printable(str(error)), printable(str(path))
        raise InputError(text if name in text else f"{name}: {text}") from None


def _refuse(path: Path, stated: Mapping[str, Any]) -> None:
    """Raise InputError for an argument that says what a native field says itself."""
    for name, given in stated.items():
        if given is not None:
            raise InputError(f"{path}: is a native field, which says all itself; drop {name}")
