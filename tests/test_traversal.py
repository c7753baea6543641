"""Awkward rays: along faces, edges and corners, grazing, from faces, with vanishing components."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import fields
import raytrace_rte as rte
from raytrace_rte.vectors import meets

N = 6
GRID = rte.Cartesian(np.linspace(0, 1, N + 1), fields.stretched(N), np.linspace(0, 1, N + 1))
SMOOTH = fields.medium(GRID, 5.0)
LINEAR = rte.Medium(  # continuous across faces, so either side of a face gives one answer
    GRID,
    *(
        a + b * GRID.centres[0][:, None, None] + c * GRID.centres[1][:, None] + d * GRID.centres[2]
        for a, b, c, d in ((1, 2, 3, 1), (2, -1, 1, 0.5))
    ),
)


def value(medium, origin, direction, order=2):
    return rte.solve(medium, rte.Rays(origin, direction), method=rte.March(order)).value


special = st.one_of(st.sampled_from([*GRID.x, *GRID.y, -1.0, 2.0, 0.5]), st.floats(-1.5, 2.5))
component = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 1e-17, -1e-17, 1e-300, -1e-300, 0.5]),
    st.floats(-1, 1, allow_subnormal=False),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.tuples(special, special, special), st.tuples(component, component, component))
def test_any_ray_is_finite_and_within_the_sources(origin, direction):
    if not any(direction):
        return
    for order in (1, 2):
        result = rte.solve(SMOOTH, rte.Rays(origin, direction), method=rte.March(order))
        assert 0.0 <= result.value[0] <= SMOOTH.source.max() * 1.2
        assert 0.0 <= result.transmittance[0] <= 1.0
        assert result.stats["crossings"] <= 3 * N + 3


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.tuples(special, special, special),
    st.tuples(component, component, component),
    st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3),
)
def test_a_displaced_ray_has_the_same_energy(origin, direction, side):
    """Where the field is continuous, for rays that do not graze the domain's rim.

    Nor creep across a face: there the displaced ray has one segment more, and rightly another quadrature.
    """
    assume(any(direction))
    assume(all(abs(d) < 1e-13 or abs(d) > 1e-2 for d in direction))
    rays = rte.Rays(origin, direction)
    o, d = rays.origin[0], rays.direction[0]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        t = np.stack([(0 - o) / d, (1 - o) / d])
    low, high = max(np.nanmax(np.minimum(*t)), 0.0), np.nanmin(np.maximum(*t))
    assume(np.isfinite(low) and np.isfinite(high))
    middle = o + 0.5 * (low + high) * d
    assume((np.minimum(np.abs(middle), np.abs(middle - 1)) > 1e-3).all())
    a = value(LINEAR, origin, direction)[0]
    b = value(LINEAR, o + 1e-12 * np.asarray(side), direction)[0]
    assert a == pytest.approx(b, rel=1e-9, abs=1e-9)


def test_a_ray_in_an_interior_face_has_the_energy_of_one_of_its_sides():
    rng = np.random.default_rng(3)
    medium = rte.Medium(GRID, rng.uniform(0, 5, GRID.shape), rng.uniform(0, 2, GRID.shape))
    for face in GRID.x[1:-1]:
        for direction in ((0, 1, 0), (0, 0, -1), (0, 0.6, 0.8)):
            for order in (1, 2):
                origin = np.array([face, 0.31, 0.47])
                sides = [
                    value(medium, origin + np.array([e, 0, 0]), direction, order)[0] for e in (-1e-12, 1e-12)
                ]
                here = value(medium, origin, direction, order)[0]
                assert min(abs(here - s) for s in sides) < 1e-9


@pytest.mark.parametrize("corner", [0.0, 1.0])
def test_rays_through_corners_and_along_edges(corner):
    diagonal = np.array([1.0, 1.0, 1.0]) * (1 if corner == 0 else -1)
    uniform = rte.uniform((0, 0, 0), (1, 1, 1), (8, 8, 8))
    medium = rte.Medium(uniform, np.ones(uniform.shape), np.ones(uniform.shape))
    through = value(medium, [corner] * 3 - diagonal, diagonal)[0]
    assert through == pytest.approx(1 - np.exp(-np.sqrt(3)), rel=1e-13)
    edge = value(medium, [corner, corner, -1.0], (0, 0, 1))[0]
    assert edge == pytest.approx(1 - np.exp(-1), rel=1e-13)  # the closed box holds its edges


def test_starting_on_a_face_from_either_side():
    grid = rte.Cartesian([0.0, 1.0, 2.0])
    medium = rte.Medium(grid, np.array([1.0, 3.0]).reshape(grid.shape), np.ones(grid.shape))
    result = rte.solve(medium, rte.Rays([[1, 0, 0], [1, 0, 0], [0, 0, 0], [2, 0, 0], [2, 0, 0]],
                                        [[1, 0, 0], [-1, 0, 0], [1, 0, 0], [-1, 0, 0], [1, 0, 0]]),
                       method=rte.March(1))  # fmt: skip
    np.testing.assert_allclose(result.optical_depth, [3, 1, 4, 4, 0], rtol=1e-15)


def test_far_origins_and_extreme_absorption():
    far = value(SMOOTH, [0.4 - 1e6, 0.5, 0.5], (1, 0, 0))[0]
    assert far == pytest.approx(value(SMOOTH, [-1, 0.5, 0.5], (1, 0, 0))[0], rel=1e-6)
    kappa = np.zeros(GRID.shape)
    kappa[3:] = 1e300
    medium = rte.Medium(GRID, kappa, np.full(GRID.shape, 2.0))
    for order in (1, 2):
        assert value(medium, [-1, 0.45, 0.5], (1, 0.1, 0), order)[0] == pytest.approx(2.0, rel=1e-14)
    kappa[3:] = 1e6
    medium = rte.Medium(GRID, kappa, np.full(GRID.shape, 2.0))
    assert value(medium, [-1, 0.45, 0.5], (1, 0.1, 0.05), 2)[0] == pytest.approx(2.0, rel=1e-12)


def test_a_ray_that_misses_sees_only_the_wall():
    result = rte.solve(SMOOTH, rte.Rays([2, 2, 2], [1, 0, 0]), walls=rte.black(500.0, x_max=900.0))
    assert result.value[0] == rte.blackbody(500.0)
    assert result.transmittance[0] == 1.0
    assert result.stats["rays_missed"] == 1


def test_which_rays_meet_the_box_ray_by_ray(rng):
    """Corners of a lattice and axis-parallel directions among them: the parts of a ray behind each face in turn."""

    def met(origin, direction):
        first, last = 0.0, np.inf
        for o, d, low, high in zip(origin, direction, GRID.lower, GRID.upper, strict=True):
            if d == 0.0:
                last = last if low <= o <= high else -np.inf
            else:
                first, last = (
                    max(first, min((low - o) / d, (high - o) / d)),
                    min(last, max((low - o) / d, (high - o) / d)),
                )
        return first < last

    origin, direction = rng.integers(-2, 5, (2000, 3)) / 2.0, rng.integers(-2, 3, (2000, 3)) / 2.0
    found = meets(GRID, origin, direction)
    assert found.tolist() == [met(o, d) for o, d in zip(origin, direction, strict=True)]
    assert 100 < found.sum() < 1900
