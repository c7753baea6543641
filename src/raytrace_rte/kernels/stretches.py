"""Records for rays where none are kept: built a stretch of a line of cells at a time, in vectors, and remembered.

Neighbouring rays cross the same cells, so most records of a stretch are wanted soon. What is remembered has a fixed
size: a stretch is written over that shares its place with another. Same bits as `records.build`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .cartesian import Cells
from .intrinsics import ADDRESS_BIAS, RECORD, record_bytes
from .jit import kernel
from .reconstruct import KAPPA, SOURCE, aligned
from .rows import ADDRESS, LANES
from .slopes import ROWS, VALUE, Part, Tables, fill_quantity, padded, row_of, tables_of

STRETCH = 8
"""Cells of a stretch along z."""
BEFORE, BEHIND = 4, 2
"""Cells before and behind a stretch whose values its records need, also at the ends of a line."""
REMEMBERED = 1 << 16
"""Records that a thread remembers, of all bands together: four times as many gain a tenth (benchmarks/NOTES.md)."""
SPREAD, DROPPED = 2_654_435_761, 16
"""Knuth's multiplier for words of 32 bits, and the bits below those that say where a stretch is remembered: an axis
often has a power of two of cells."""


class Built(NamedTuple):
    """What lanes need to build records: next to nothing where records are kept.

    records: those of the lanes (LANES, n_band, 8); remembered: those of stretches (n_slot, cell, all bands, 8);
    numbers: of these stretches (n_slot,), -1 for none; tables, work: as of slopes.py
    """

    records: np.ndarray
    remembered: np.ndarray
    numbers: np.ndarray
    tables: Tables
    work: np.ndarray


def arrays_for(cells: Cells, bands: int) -> Built:
    """Return the arrays for lanes that see so many bands of cells."""
    lean, every = cells.record.shape[0] == 0, cells.record.shape[1]
    kind = cells.record.dtype
    if not lean:
        nothing = np.empty((1, 1))
        few = aligned((1, 1, RECORD), kind), aligned((1, 1, 1, RECORD), kind)
        return Built(*few, np.full(1, -1), Tables(nothing, nothing, nothing), nothing)
    length = min(STRETCH, cells.cz.size)
    slots = REMEMBERED // (1 << (length * every - 1).bit_length())
    size = padded((BEFORE + STRETCH + BEHIND) * every) + 2 * padded(2 * every)
    return Built(
        aligned((LANES, bands, RECORD), kind),
        aligned((max(slots, 1), length, every, RECORD), kind),
        np.full(max(slots, 1), -1),
        tables_of(cells, every),
        np.empty((int(ROWS), size)),
    )


@kernel
def build_for_lanes(s, built, cells):
    """Build the records of all lanes, for as many bands as there is room for, or take those that are remembered."""
    bands, nz = cells.record.shape[1], cells.cz.size
    parts = (nz + STRETCH - 1) // STRETCH
    # Products with reciprocals, half way to the next number, are exact enough, and take less time than divisions.
    per_record, per_band, per_line = 1.0 / record_bytes(built.records), 1.0 / bands, 1.0 / nz
    for n in range(LANES):
        number = np.int64((s[ADDRESS + n] - ADDRESS_BIAS) * per_record + 0.5)
        cell = np.int64((number + 0.5) * per_band)
        line = np.int64((cell + 0.5) * per_line)
        k, band = cell - line * nz, number - cell * bands
        part = k // STRETCH
        stretch = line * parts + part
        slot = (stretch * SPREAD >> DROPPED) & (built.numbers.size - 1)
        if built.numbers[slot] != stretch:
            built.numbers[slot] = stretch
            _build_stretch(cells, built, line, part * STRETCH, slot)
        k -= part * STRETCH
        for b in range(built.records.shape[1]):
            for q in range(RECORD):
                built.records[n, b, q] = built.remembered[slot, k, band + b, q]


@kernel
def _build_stretch(cells, built, line, first, slot):
    """Build the records of a line's stretch from cell `first` on, and remember them in a slot."""
    bands, ny, nz = cells.record.shape[1], cells.cy.size, cells.cz.size
    i = line // ny
    low, high = max(first - BEFORE, 0), min(first + STRETCH + BEHIND, nz)
    begin, end = (first - low) * bands, (min(first + STRETCH, nz) - low) * bands
    part = Part(low * bands, (high - low) * bands, begin, end)
    fill_quantity(cells.kappa, i, line - i * ny, bands, built.tables, part, KAPPA, built.work)
    fill_quantity(cells.source, i, line - i * ny, bands, built.tables, part, SOURCE, built.work)
    at = row_of(built.work, VALUE, bands) - VALUE * built.work.shape[1] + begin
    for p in range(end - begin):
        for q in range(RECORD):
            built.remembered[slot, p // bands, p % bands, q] = built.work[VALUE + q, at + p]
