"""A source and a map make a field: arrays in the order x, y, z, in SI, and the faces of their cells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..execution import memory
from ..media.field import Field
from ..units import known_unit, plain, to_si
from .axes import Along, falls, grid
from .digest import lasting
from .fieldmap import SCALARS, Map, Quantity
from .masks import Masks, both, truth
from .molar import mole_fractions
from .moments import Moment, moment, several
from .names import AXES
from .order import contiguous
from .source import UNREADABLE, Array, Source, find

Numbers = NDArray[np.floating]


def field_of(
    source: Source,
    plan: Map,
    named: str,
    time: Moment = None,
    allow_cold: bool = False,
    asked: Masks = Masks(),  # noqa: B008  a tuple
) -> Field:
    """Return the field that a map makes of a source.

    named: what messages call the map; time: which moment, where arrays hold several; asked: cells without data, and
    markers, beside those of the map
    Raises InputError that names file and dataset or the map's key, what was found and what was expected.
    """
    reader = _Reader(source, plan, named, time, asked)
    state = {
        name: reader.array(name, quantity, kind)
        for name, kind in SCALARS.items()
        if (quantity := getattr(plan, name)) is not None
    }
    moles = reader.arrays("mole_fraction", plan.mole_fraction)
    if plan.mass_fraction:
        masses = reader.arrays("mass_fraction", plan.mass_fraction)
        moles = mole_fractions(reader.without_gaps(masses), plan.balance, named)
    valid = plan.valid if asked.valid is None else Quantity(dataset=asked.valid)
    if valid is not None:
        reader.valid = both(reader.valid, truth(*reader.marked("valid", valid)))
    markers = plan.marker | {n: Quantity(dataset=n) for n in asked.markers if n not in plan.marker}
    cells: dict[str, Any] = {n: a if n == "pressure" else reader.everywhere(a) for n, a in state.items()}
    endless = [axis for axis in AXES if axis not in reader.order and reader.along.positions[axis] is None]
    notes = (
        [f"the arrays have no axis {' and '.join(endless)}, which was taken without end"] if endless else []
    )
    origin = plain(source.attributes.get("provenance"))
    return Field(
        grid(reader.along, reader.shape, reader.order, reader.location),
        **cells,
        mole_fraction={name: reader.everywhere(a) for name, a in moles.items()},
        provenance=f"{source.path.name}: {source.format}, read through {named}"
        + (f"; {origin}" if origin else ""),
        source_sha256=lasting(source.digest),
        allow_cold=allow_cold,
        time=None if reader.time is None or np.isnan(reader.time) else reader.time,
        valid=reader.valid,
        notes=(*source.notes, *notes),
        markers={n: reader.marked(f"marker.{n}", quantity)[0] for n, quantity in markers.items()},
    )


class _Reader:
    """Reads arrays of one source into the order x, y, z.

    shape: of all arrays, (nx, ny, nz), once one was read; order: their axes in space; time: [s], of the moment read
    valid: false in cells that have no data in some array, None where all have
    """

    def __init__(self, source: Source, plan: Map, named: str, time: Moment, asked: Masks) -> None:
        self.no_data = asked
        self.source, self.table, self.named = source, plan.grid, named
        self.asked, self.time = time, source.time
        self.shape: tuple[int, ...] = ()
        self.order: tuple[str, ...] = ()
        self.location = ""
        self.valid: NDArray[np.bool_] | None = None
        self.along = Along(source, plan.grid, named)

    def arrays(self, kind: str, quantities: Mapping[str, Quantity]) -> dict[str, Numbers]:
        return {
            name: self.array(f"{kind}.{name}", q, kind.replace("_", " ")) for name, q in quantities.items()
        }

    def array(self, name: str, quantity: Quantity, kind: str) -> Numbers:
        """One quantity in SI, axes (x, y, z); a single number stays one."""
        if quantity.dataset is None:
            return to_si(quantity.value, quantity.units, kind, f"{self.named}: [{name}]")  # type: ignore[arg-type]
        array = find(self.source, quantity.dataset)
        if array.dtype == UNREADABLE:
            array.load(())
        units = quantity.units if quantity.units is not None else array.units
        where = f"{self.source.path}: dataset '{quantity.dataset}' ([{name}] of the {self.named})"
        known_unit(units, kind, where)
        index, dims = self._index(array, quantity.select, where)
        single = not dims and name == "pressure"
        if not single:
            self._meant(array, dims, where)
        size = math.prod(_shape(array.shape, index)) * max(array.dtype.itemsize, 4)
        memory.require(size, f"{where} of shape {array.shape}")
        raw = array.load(index)
        known = self.no_data.known(raw) if name == "temperature" else None
        if known is not None:
            self.valid = both(self.valid, self._cells(known, array, where))
        data = to_si(raw, units, kind, where)
        return data if single else self._cells(data, array, where)

    def marked(self, name: str, quantity: Quantity) -> tuple[NDArray[Any], str]:
        """An array that marks cells, as the file has it, axes (x, y, z); and what messages call it."""
        array = replace(find(self.source, str(quantity.dataset)), gaps=False)
        where = f"{self.source.path}: dataset '{quantity.dataset}' ([{name}] of the {self.named})"
        index, dims = self._index(array, quantity.select, where)
        self._meant(array, dims, where)
        return self._cells(array.load(index), array, where), where

    def _index(self, array: Array, select: str | None, where: str) -> tuple[tuple[Any, ...], tuple[str, ...]]:
        """What to load of an array, and the names of the axes that remain."""
        dims = array.dims or ("",) * len(array.shape)
        if select is not None:
            if self.asked is not None and "time" in dims:
                raise InputError(
                    f"{where}: both select and time = {self.asked!r} choose a moment; drop one of them"
                )
            index = _selected(array.shape, select, where)
        else:
            index = tuple(self._moment() if dim == "time" else slice(None) for dim in dims)
            index = index if any(isinstance(i, int) for i in index) else ()
        return index, tuple(d for d, i in zip(dims, index or dims, strict=True) if not isinstance(i, int))

    def _moment(self) -> int:
        times = self.source.times
        if self.asked is None and len(times) > 1:
            raise InputError(f"{self.source.path}: leaves open {several(times)}")
        i = moment(times, self.asked, str(self.source.path))
        self.time = times[i]
        return i

    def _meant(self, array: Array, dims: tuple[str, ...], where: str) -> None:
        """Settle which axis of an array is which, and whether its values are at cells or points."""
        given, named = self.table.axis_order, all(dim in AXES for dim in dims) and len(dims) > 0
        order = dims if named else tuple(given or AXES)
        if len(dims) != len(order) or (given is not None and named and len(given) != len(order)):
            raise InputError(
                f"{where}: found {len(dims)} axes, shape {array.shape}; expected {len(given or order)}, in the order "
                f'{list(given or order)}; pick a component or time with select, e.g. select = "0{", :" * len(order)}"'
            )
        if given is not None and tuple(given) != order:
            raise InputError(
                f"{where}: axis_order is {given}, but the file names the axes {list(order)}; drop axis_order"
            )
        location, said = self.table.location or array.location, array.location
        if self.source.grid is not None and said and location != said:
            raise InputError(f"{where}: location is '{location}', but the file has these values at {said}s")
        self.location = self.location or location
        if location and location != self.location:
            raise InputError(
                f"{where}: its values are at {location}s, those of other quantities at {self.location}s; "
                "take arrays of one kind"
            )
        self.order = order

    def _cells(self, data: NDArray[Any], array: Array, where: str) -> NDArray[Any]:
        order = self.order
        if data.ndim != len(order):
            raise InputError(f"{where}: found shape {data.shape}; expected {len(order)} axes, {list(order)}")
        turned = [axis for axis in order if falls(self.along.positions[axis])]
        data = data[tuple(slice(None, None, -1 if axis in turned else 1) for axis in order)]
        present = np.transpose(data, [order.index(axis) for axis in AXES if axis in order])
        missing = tuple(i for i, axis in enumerate(AXES) if axis not in order)
        cells = contiguous(np.expand_dims(present, missing))
        self.shape = self.shape or cells.shape
        if cells.shape != self.shape:
            raise InputError(
                f"{where}: found shape {cells.shape} along x, y, z; expected {self.shape}, as of the first "
                "quantity; all need the same axis_order and location, so pick another dataset or convert it"
            )
        if array.gaps and np.isnan(np.min(cells)):
            known = ~np.isnan(cells)
            self.valid = both(self.valid, known)
        return cells

    def everywhere(self, data: Numbers) -> Numbers:
        """A single number as an array over all cells; arrays as they are."""
        return data if data.ndim else np.full(self.shape, data)

    def without_gaps(self, fractions: Mapping[str, Numbers]) -> Mapping[str, Numbers]:
        """Mass fractions with the composition of some cell with data in all cells without."""
        if self.valid is not None and self.valid.any():
            some = np.unravel_index(int(np.argmax(self.valid)), self.valid.shape)
            return {n: np.where(self.valid, y, y[some]) if y.ndim else y for n, y in fractions.items()}
        return fractions


def _shape(shape: tuple[int, ...], index: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape of the part of an array at an index of whole numbers and slices of all."""
    return tuple(n for i, n in enumerate(shape) if i >= len(index) or isinstance(index[i], slice))


def _selected(shape: tuple[int, ...], select: str, where: str) -> tuple[Any, ...]:
    parts = [part.strip() for part in select.split(",")]
    try:
        if len(parts) != len(shape):
            raise IndexError
        # range() turns negative numbers into the positive ones that h5py wants, and checks them
        return tuple(
            slice(None) if part == ":" else range(size)[int(part)]
            for part, size in zip(parts, shape, strict=True)
        )
    except (ValueError, IndexError):
        raise InputError(
            f"{where}: select is '{select}' for shape {shape}; expected a whole number within range "
            "or ':' for each axis, as in \"0, :, :, :\""
        ) from None
