"""Records by lines of cells have the bits of single ones, and what is seen on the way bounds the field."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fields
import raytrace_rte as rte
from raytrace_rte.kernels import pyramid
from raytrace_rte.kernels.intrinsics import RECORD
from raytrace_rte.kernels.jit import driver
from raytrace_rte.kernels.reconstruct import KAPPA, SOURCE, _rebuilt
from raytrace_rte.kernels.records import K_MAX, K_MIN, S_MAX, S_MIN, SIDE, build, lean


@driver
def rebuild(cells, out):
    """Build records one by one, as the lean mode does."""
    for c in range(out.shape[0]):
        for b in range(out.shape[1]):
            record = _rebuilt(cells, c, b)
            for q in range(RECORD):
                out[c, b, q] = record[q]


@st.composite
def rough_cells(draw):
    """A grid of uneven cells, or even ones, and the lean cells of a rough field on it, partly clear."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    counts = [draw(st.integers(1, most)) for most in (11, 11, 35)]
    even, endless = draw(st.booleans()), draw(st.sampled_from([None, 1, 2]))
    axes = [np.linspace(0, 1, n + 1) if even else np.cumsum(rng.lognormal(0, 1, n + 1)) for n in counts]
    if endless is not None:
        axes[endless] = np.array([-np.inf, np.inf])
    grid = rte.Cartesian(*axes)
    shape = (*grid.shape, draw(st.integers(1, 3)))
    values = [rng.lognormal(0, 2, shape) * (rng.random(shape) < share) for share in (0.8, 0.9)]
    kinds = [draw(st.sampled_from([np.float32, np.float64])) for _ in values]
    return grid, lean(
        grid, *(fields.read_only(v.astype(kind)) for v, kind in zip(values, kinds, strict=True))
    )


def extremes(grid, record):
    """Least and greatest of kappa and S in each cell, as the record has them, (4, nx, ny, nz, n_band)."""
    half = [np.where(np.isfinite(w), 0.5 * w, 0.0) for w in grid.widths]
    hx, hy, hz = half[0][:, None, None, None], half[1][:, None, None], half[2][:, None]
    r = record.reshape(*grid.shape, -1, 8).astype(np.float64)
    out = []
    for q in (KAPPA, SOURCE):
        fall = np.abs(r[..., q + 1]) * hx + np.abs(r[..., q + 2]) * hy + np.abs(r[..., q + 3]) * hz
        out += [np.maximum(r[..., q] - fall, 0.0), r[..., q] + fall]
    return np.array(out)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(rough_cells())
def test_lines_have_the_bits_of_single_records_and_bounds_hold_them(given):
    grid, cells = given
    built, bounds = build(cells)
    single = np.empty_like(built.record)
    rebuild(cells, single)
    np.testing.assert_array_equal(built.record, single)
    assert np.isfinite(single).all()

    seen = extremes(grid, single)
    for axis, found in enumerate(bounds.planes):
        others = tuple(a for a in range(3) if a != axis)
        np.testing.assert_array_equal(found, seen[K_MAX].max(axis=others))
    np.testing.assert_array_equal(bounds.source[0], seen[S_MIN].min(axis=(0, 1, 2)))
    np.testing.assert_array_equal(bounds.source[1], seen[S_MAX].max(axis=(0, 1, 2)))
    for entry, widest in ((K_MIN, np.min), (K_MAX, np.max), (S_MIN, np.min), (S_MAX, np.max)):
        for i, j, k in np.ndindex(bounds.brick.shape[:3]):
            cut = [slice(n * SIDE, (n + 1) * SIDE) for n in (i, j, k)]
            found = bounds.brick[i, j, k, :, entry]
            np.testing.assert_array_equal(found, widest(seen[entry][tuple(cut)], axis=(0, 1, 2)))


@pytest.mark.parametrize("workers", [1, 3])
def test_bounds_are_the_same_with_and_without_records(workers):
    full, without = (fields.medium(fields.grid(19, "stretched"), 3.0) for _ in range(2))
    full.prepare(workers)
    without.prepare(workers, lean=True)
    assert "cells" not in without.__dict__
    np.testing.assert_array_equal(full.bounds.brick, without.bounds.brick)
    for one, other in zip(full.planes, without.planes, strict=True):
        np.testing.assert_array_equal(one, other)


def greatest_jumps(grid, record):
    """Greatest jump of kappa and S at the faces above each cell, and change of grad S, (3, nx, ny, nz, n_band)."""
    half = [np.where(np.isfinite(w), 0.5 * w, 0.0) for w in grid.widths]
    half = [h.reshape([-1 if a == axis else 1 for a in range(4)]) for axis, h in enumerate(half)]
    r = record.reshape(*grid.shape, -1, 8).astype(np.float64)
    out = np.zeros((3, *r.shape[:4]))
    for axis in range(3):
        low, high = ([slice(None)] * 4 for _ in range(2))
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        low, high = tuple(low), tuple(high)
        h = np.broadcast_to(half[axis], r.shape[:4])
        for entry, q in enumerate((KAPPA, SOURCE)):
            d = r[high][..., q : q + 4] - r[low][..., q : q + 4]
            face = r[..., q + 1 + axis] * h
            jump = np.abs((r[..., q] - face)[high] - (r[..., q] + face)[low])
            for other in {0, 1, 2} - {axis}:
                jump += np.abs(d[..., 1 + other]) * np.broadcast_to(half[other], r.shape[:4])[low]
            out[entry][low] = np.maximum(out[entry][low], jump)
            if q == SOURCE:
                bend = np.sqrt((d[..., 1:] ** 2).sum(axis=-1))
                out[2][low] = np.maximum(out[2][low], bend)
    return out


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rough_cells())
def test_a_pyramid_holds_jumps_and_slopes(given):
    grid, cells = given
    built, bounds = build(cells)
    tree = pyramid.build(built, bounds.brick, grid.widths)
    np.testing.assert_array_equal(pyramid.build(cells, bounds.brick, grid.widths).node, tree.node)
    base = tree.node[: bounds.brick[..., 0, 0].size].reshape(*bounds.brick.shape[:-1], 8)
    np.testing.assert_array_equal(base[..., :4], bounds.brick)
    k_jump, s_jump, s_bend = greatest_jumps(grid, built.record)
    slopes = built.record.reshape(*grid.shape, -1, 8)[..., 1:4].astype(np.float64)
    wanted = {
        pyramid.K_JUMP: k_jump,
        pyramid.K_SLOPE: np.sqrt((slopes**2).sum(axis=-1)),
        pyramid.S_JUMP: s_jump,
        pyramid.S_BEND: s_bend,
    }
    for entry, cell in wanted.items():
        for i, j, k in np.ndindex(bounds.brick.shape[:3]):
            cut = tuple(slice(n * SIDE, (n + 1) * SIDE) for n in (i, j, k))
            np.testing.assert_allclose(base[i, j, k, :, entry], cell[cut].max(axis=(0, 1, 2)), rtol=1e-13)
