"""The linear reconstruction: exact, limited, positive, second order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import fields
import raytrace_rte as rte
from orders import assert_order
from raytrace_rte.kernels.reconstruct import KAPPA, SOURCE


def records(medium):
    return medium.cells.record.reshape(*medium.grid.shape, 8)


def test_linear_fields_are_kept_on_stretched_grids():
    grid = fields.grid(9, "stretched")
    x, y, z = np.meshgrid(*grid.centres, indexing="ij")
    medium = rte.Medium(grid, 5 + 2 * x - y + 3 * z, 4 - x + 0.5 * y - 2 * z)
    gradient = np.broadcast_to([2, -1, 3], (*grid.shape, 3))
    np.testing.assert_allclose(records(medium)[..., KAPPA + 1 : KAPPA + 4], gradient, rtol=1e-11)
    gradient = np.broadcast_to([-1, 0.5, -2], (*grid.shape, 3))
    np.testing.assert_allclose(records(medium)[..., SOURCE + 1 : SOURCE + 4], gradient, rtol=1e-11)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    arrays(np.float64, (5, 4, 3), elements=st.one_of(st.just(0.0), st.floats(0, 1e6, allow_subnormal=False)))
)
def test_corners_stay_positive(values):
    grid = rte.Cartesian(fields.stretched(5), fields.stretched(4), np.linspace(0, 1, 4))
    r = records(rte.Medium(grid, values, values))
    half = [0.5 * w.reshape([-1 if a == axis else 1 for a in range(3)]) for axis, w in enumerate(grid.widths)]
    fall = sum(np.abs(r[..., KAPPA + 1 + axis]) * half[axis] for axis in range(3))
    assert (r[..., KAPPA] - fall >= -1e-15 * values.max()).all()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(0, 10), st.floats(0, 1e6), st.integers(2, 7), st.booleans())
def test_a_step_stays_a_step(low, high, where, stretch):
    """No overshoot at a jump, on either side."""
    values = np.where(np.arange(9) < where, low, high)
    grid = rte.Cartesian(fields.stretched(9) if stretch else np.linspace(0, 1, 10))
    r = records(rte.Medium(grid, values.reshape(grid.shape), values.reshape(grid.shape)))
    assert (r[..., KAPPA + 1] == 0).all()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(arrays(np.float64, 12, elements=st.floats(0, 10)))
def test_rough_data_stay_between_their_neighbours(noise):
    """Data that alternate about a ramp: curvature changes sign everywhere, so nothing may overshoot."""
    values = 20.0 * np.arange(12) + np.where(np.arange(12) % 2, noise + 0.5, -noise - 0.5) + 30
    grid = rte.Cartesian(np.linspace(0, 1, 13))
    r = records(rte.Medium(grid, values.reshape(grid.shape), values.reshape(grid.shape)))[:, 0, 0]
    rise = 0.5 * r[:, KAPPA + 1] * grid.widths[0]
    low, high = np.minimum(values[:-2], values[2:])[1:-1], np.maximum(values[:-2], values[2:])[1:-1]
    low, high = np.minimum(low, values[2:-2]), np.maximum(high, values[2:-2])
    for side in (-1, 1):
        face = (values + side * rise)[2:-2]
        assert (face >= low - 1e-9).all()
        assert (face <= high + 1e-9).all()


def test_second_order_at_smooth_extrema_and_a_clipped_limiter_is_worse():
    sizes, errors, clipped = [20, 40, 80, 160], [], []
    for n in sizes:
        grid = rte.Cartesian(fields.stretched(n))
        x = grid.centres[0]
        f = 2 + np.cos(7 * x + 0.3)
        slope = records(rte.Medium(grid, f.reshape(grid.shape), f.reshape(grid.shape)))[:, 0, 0, KAPPA + 1]
        exact = -7 * np.sin(7 * x + 0.3)
        errors.append(np.abs(slope - exact)[1:-1].max())
        left, right = np.diff(f)[:-1] / np.diff(x)[:-1], np.diff(f)[1:] / np.diff(x)[1:]
        minmod = np.where(left * right > 0, np.where(np.abs(left) < np.abs(right), left, right), 0.0)
        clipped.append(np.abs(minmod - exact[1:-1]).max())
    assert_order(sizes, errors, -np.inf, -1.8)
    with pytest.raises(AssertionError, match="is not within"):
        assert_order(sizes, clipped, -np.inf, -1.8)


def test_float32_arrays_make_half_size_records_on_cache_lines():
    grid = fields.grid(7, "uniform")
    ones = np.ones(grid.shape, dtype=np.float32)
    single, double = (
        rte.Medium(grid, ones, ones).cells.record,
        rte.Medium(grid, ones, ones.astype(float)).cells.record,
    )
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    assert single.nbytes == 32 * ones.size
    assert single.ctypes.data % 64 == 0
    assert double.ctypes.data % 64 == 0


def test_large_media_are_filled_in_pieces(monkeypatch):
    from raytrace_rte.kernels import records

    whole = fields.medium(fields.grid(19, "stretched"), 1.0)
    whole.prepare(1)
    monkeypatch.setattr(records, "CELLS_A_CALL", 50)
    pieces = fields.medium(fields.grid(19, "stretched"), 1.0)
    pieces.prepare(3)
    np.testing.assert_array_equal(pieces.cells.record, whole.cells.record)
    for one, other in zip(
        (*pieces.planes, pieces.bounds.brick), (*whole.planes, whole.bounds.brick), strict=True
    ):
        np.testing.assert_array_equal(one, other)
