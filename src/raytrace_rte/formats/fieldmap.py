"""The field map: how any HDF5 file is read as a field (docs/formats.md has an example)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Key

from ..errors import InputError, nearest
from ..grid import INFINITE, Cartesian
from ..media.field import Field
from ..units import known_unit, plain, to_si
from .digest import hashing
from .hdf5 import attribute, get, opened, values
from .molar import mole_fractions

AXES = ("x", "y", "z")
SCALARS = {
    "temperature": "temperature",
    "pressure": "pressure",
    "soot_volume_fraction": "fraction",
    "absorption_coefficient": "absorption",
}
"""Table of the map -> kind of its unit."""


class Table(BaseModel):
    """One table of a map; its fields are the keys allowed there."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Coordinate(Table):
    """Positions along an axis."""

    dataset: str
    units: str | None = None


class GridTable(Table):
    """Meaning of the arrays' axes (slowest first), and where the cells or points are."""

    axis_order: Annotated[list[Literal["x", "y", "z"]], Key(min_length=1, max_length=3)] = ["x", "y", "z"]
    location: Literal["cell", "point"]
    x: Coordinate | None = None
    y: Coordinate | None = None
    z: Coordinate | None = None
    origin: list[float] | None = None
    spacing: list[float] | None = None
    units: str | None = None


class Quantity(Table):
    """One array: a dataset, or one value for all cells."""

    dataset: str | None = None
    value: float | None = None
    units: str | None = None
    select: str | None = None


class Map(Table):
    """The whole map."""

    grid: GridTable
    temperature: Quantity
    pressure: Quantity | None = None
    mole_fraction: dict[str, Quantity] = {}
    mass_fraction: dict[str, Quantity] = {}
    balance: str | None = None
    soot_volume_fraction: Quantity | None = None
    absorption_coefficient: Quantity | None = None


def read_mapped(path: Path, field_map: str | Path | Mapping[str, Any], allow_cold: bool = False) -> Field:
    """Read a field from any HDF5 file through a map (TOML file or the same tables in a dict).

    Raises InputError that names file and dataset or the map's key, what was found and what was expected.
    """
    plan, named = _load(field_map)
    _check_sense(plan, named)
    with hashing(path) as digest, opened(path) as file:
        reader = _Reader(file, plan.grid, named)
        state = {
            name: reader.array(name, quantity, kind)
            for name, kind in SCALARS.items()
            if (quantity := getattr(plan, name)) is not None
        }
        moles = reader.arrays("mole_fraction", plan.mole_fraction)
        masses = reader.arrays("mass_fraction", plan.mass_fraction)
        if masses:
            moles = mole_fractions(masses, plan.balance, named)
        grid = reader.grid(reader.shape)
        origin = plain(attribute(file, "provenance"))
        source = digest()
    cells: dict[str, Any] = {
        name: a if name == "pressure" else reader.everywhere(a) for name, a in state.items()
    }
    return Field(
        grid,
        **cells,
        mole_fraction={name: reader.everywhere(a) for name, a in moles.items()},
        provenance=f"{path.name} read through {named}" + (f"; {origin}" if origin else ""),
        source_sha256=source,
        allow_cold=allow_cold,
    )


def _check_sense(plan: Map, named: str) -> None:
    order = plan.grid.axis_order
    if len(set(order)) != len(order):
        raise InputError(f"{named}: [grid] axis_order is {order}; each axis may stand once")
    if plan.mole_fraction and plan.mass_fraction:
        raise InputError(f"{named}: found mole_fraction and mass_fraction; expected one of the two")
    if plan.balance is not None and not plan.mass_fraction:
        raise InputError(f"{named}: balance is the rest of mass fractions, and there are none; remove it")
    quantities = {name: getattr(plan, name) for name in SCALARS}
    for kind in ("mole_fraction", "mass_fraction"):
        quantities |= {f"{kind}.{name}": quantity for name, quantity in getattr(plan, kind).items()}
    for name, quantity in quantities.items():
        if quantity is not None and (quantity.dataset is None) == (quantity.value is None):
            raise InputError(f"{named}: [{name}] needs either a dataset or a value")
    if not any(q is not None and q.dataset is not None for q in quantities.values()):
        raise InputError(f"{named}: no quantity names a dataset; expected one at least, as [temperature]")


def _load(field_map: str | Path | Mapping[str, Any]) -> tuple[Map, str]:
    if isinstance(field_map, Mapping):
        table, named = field_map, "field map"
    else:
        named = f"field map {field_map}"
        try:
            table = tomllib.loads(Path(field_map).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(f"{named}: no such file; `raytrace-rte inspect FILE` writes one") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(f"{named}: not a readable TOML file: {error}") from None
    try:
        return Map.model_validate(dict(table)), named
    except ValidationError as error:
        raise InputError(f"{named}: {_sentence(error)}") from None


def _sentence(error: ValidationError) -> str:
    problem = min(error.errors(), key=lambda p: p["type"] != "extra_forbidden")
    *tables, key = (str(part) for part in problem["loc"])
    if key == "balance":
        return 'balance is the name of a species, at the top of the map, above all tables: balance = "N2"'
    where = f"[{'.'.join(tables)}]" if tables else "top level"
    if problem["type"] == "extra_forbidden":
        model: Any = Map
        if tables:
            model = {"grid": GridTable}.get(tables[0], Quantity)
            model = Coordinate if tables[0] == "grid" and len(tables) > 1 else model
        known = list(model.model_fields)
        return f"{where} has an unknown key '{key}'{nearest(key, known)}; keys there are {', '.join(known)}"
    if problem["type"] == "missing":
        return f"{where} lacks the key '{key}'; add it"
    if problem["type"] == "model_type":
        return f"{where} {key} is {problem['input']!r}; expected a table with dataset and units"
    return f"{where} {key} is {problem['input']!r}: {problem['msg'].lower()}"


class _Reader:
    """Reads arrays of one file into the order x, y, z."""

    def __init__(self, file: h5py.File, table: GridTable, named: str) -> None:
        self.file, self.table, self.named = file, table, named
        self.shape: tuple[int, ...] = ()
        self.flip: set[str] = {axis for axis in table.axis_order if self._descends(axis)}

    def arrays(self, kind: str, quantities: Mapping[str, Quantity]) -> dict[str, NDArray[np.floating]]:
        return {name: self.array(f"{kind}.{name}", q, "fraction") for name, q in quantities.items()}

    def array(self, name: str, quantity: Quantity, kind: str) -> NDArray[np.floating]:
        """One quantity in SI, axes (x, y, z); a single number stays one."""
        if quantity.dataset is None:
            assert quantity.value is not None
            return to_si(quantity.value, quantity.units, kind, f"{self.named}: [{name}]")
        dataset = get(self.file, quantity.dataset)
        units = quantity.units if quantity.units is not None else attribute(dataset, "units")
        where = f"{self.file.filename}: dataset '{quantity.dataset}' ([{name}] of the {self.named})"
        known_unit(units, kind, where)
        data = to_si(values(dataset, _index(dataset, quantity.select, where)), units, kind, where)
        order = self.table.axis_order
        if data.ndim == 0 and name == "pressure":
            return data
        if data.ndim != len(order):
            raise InputError(
                f"{where}: found {data.ndim} axes, shape {data.shape}; expected {len(order)}, in the order "
                f'{order}; pick a component or time with select, e.g. select = "0{", :" * len(order)}"'
            )
        data = data[tuple(slice(None, None, -1 if axis in self.flip else 1) for axis in order)]
        present = np.transpose(data, np.argsort(order))
        missing = tuple(i for i, axis in enumerate(AXES) if axis not in order)
        cells = np.ascontiguousarray(np.expand_dims(present, missing))
        self.shape = self.shape or cells.shape
        if cells.shape != self.shape:
            raise InputError(
                f"{where}: found shape {cells.shape} along x, y, z; expected {self.shape}, as of the first "
                "quantity; all need the same axis_order and location, so pick another dataset or convert it"
            )
        return cells

    def everywhere(self, data: NDArray[np.floating]) -> NDArray[np.floating]:
        """A single number as an array over all cells; arrays as they are."""
        return data if data.ndim else np.full(self.shape, data)

    def grid(self, shape: tuple[int, ...]) -> Cartesian:
        """The faces of the cells of arrays of this shape."""
        return Cartesian(*(self._faces(axis, n) for axis, n in zip(AXES, shape, strict=True)))

    def _faces(self, axis: str, n: int) -> Any:
        t = self.table
        if axis not in t.axis_order:
            return INFINITE
        positions = self._coordinate(axis)
        if positions is None:
            return self._uniform(axis, n)
        positions = positions[::-1] if axis in self.flip else positions
        where = (
            f"{self.file.filename}: dataset '{getattr(t, axis).dataset}' ([grid] {axis} of the {self.named})"
        )
        if t.location == "cell" and positions.size == n + 1:
            _check_increasing(positions, where)
            return positions
        if positions.size != n:
            wanted = f"{n} (centres) or {n + 1} (faces)" if t.location == "cell" else str(n)
            raise InputError(
                f"{where}: found {positions.size} positions; expected {wanted}; check axis_order"
            )
        if n == 1:
            raise InputError(f"{where}: one position does not say how wide its cell is; give the two faces")
        _check_increasing(positions, where)
        middle = 0.5 * (positions[1:] + positions[:-1])
        if t.location == "point":
            return np.concatenate((positions[:1], middle, positions[-1:]))
        first, last = 2 * positions[0] - middle[0], 2 * positions[-1] - middle[-1]
        return np.concatenate(([first], middle, [last]))

    def _uniform(self, axis: str, n: int) -> Any:
        t = self.table
        order: list[str] = [a for a in AXES if a in t.axis_order]
        for key in ("origin", "spacing"):
            found = getattr(t, key)
            if found is None or len(found) != len(order):
                raise InputError(
                    f"{self.named}: [grid] has no {axis} = {{ dataset, units }}, so it needs {key} with "
                    f"{len(order)} numbers for {', '.join(order)}; found {found}"
                )
        assert t.origin is not None
        assert t.spacing is not None
        i = order.index(axis)
        numbers = np.array([t.origin[i], t.spacing[i]])
        start, step = to_si(numbers, t.units, "length", f"{self.named}: [grid] origin and spacing")
        if not (step > 0 and np.isfinite(numbers).all()):
            raise InputError(
                f"{self.named}: [grid] origin is {t.origin} and spacing {t.spacing}; expected finite "
                "numbers, spacing above 0"
            )
        if t.location == "point" and n == 1:
            raise InputError(f"{self.named}: [grid] one point along {axis} has no extent; use location cell")
        if t.location == "cell":
            return start + step * np.arange(n + 1)
        ends = np.clip(np.arange(n + 1) - 0.5, 0, n - 1)
        return start + step * ends

    def _coordinate(self, axis: str) -> NDArray[np.float64] | None:
        table: Coordinate | None = getattr(self.table, axis)
        if table is None:
            return None
        dataset = get(self.file, table.dataset)
        units = table.units if table.units is not None else attribute(dataset, "units")
        where = f"{self.file.filename}: dataset '{table.dataset}' ([grid] {axis} of the {self.named})"
        known_unit(units, "length", where)
        positions = to_si(values(dataset), units, "length", where).astype(np.float64)
        if positions.ndim != 1:
            raise InputError(f"{where}: found shape {positions.shape}; expected one axis of positions")
        return positions

    def _descends(self, axis: str) -> bool:
        """Whether positions fall strictly; then axis and data are turned round."""
        positions = self._coordinate(axis)
        return positions is not None and positions.size > 1 and bool((np.diff(positions) < 0).all())


def _check_increasing(positions: NDArray[np.float64], where: str) -> None:
    wrong = np.flatnonzero(~(np.diff(positions) > 0) | ~np.isfinite(np.diff(positions)))
    if wrong.size:
        i = int(wrong[0])
        raise InputError(
            f"{where}: positions {i} and {i + 1} are {positions[i]:g} m and {positions[i + 1]:g} m; expected "
            "all finite and increasing (or all decreasing); sort the axis with the data, drop duplicates"
        )


def _index(dataset: h5py.Dataset, select: str | None, where: str) -> tuple[Any, ...]:
    if select is None:
        return ()
    parts = [part.strip() for part in select.split(",")]
    try:
        if len(parts) != dataset.ndim:
            raise IndexError
        # range() turns negative numbers into the positive ones that h5py wants, and checks them
        return tuple(
            slice(None) if part == ":" else range(size)[int(part)]
            for part, size in zip(parts, dataset.shape, strict=True)
        )
    except (ValueError, IndexError):
        raise InputError(
            f"{where}: select is '{select}' for shape {dataset.shape}; expected a whole number within range "
            "or ':' for each axis, as in \"0, :, :, :\""
        ) from None
