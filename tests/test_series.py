"""The thick limit against asymptotics."""

from __future__ import annotations

import numpy as np
import pytest

import raytrace_rte as rte
from orders import assert_order
from raytrace_rte import exact

DELTAS = [10.0, 100.0, 1000.0]
# docs/theory.md: relative errors of 1, 2, 3, 4 terms for S = 1/(1+t), path 10
FIGURES = {
    10.0: (9.2e-2, 1.7e-2, 4.8e-3, 1.8e-3),
    100.0: (9.9e-3, 2.0e-4, 5.8e-6, 2.3e-7),
    1000.0: (1.0e-3, 2.0e-6, 6.0e-9, 2.4e-11),
}


def slab(delta: float) -> rte.Medium:
    grid = rte.Cartesian(10 * np.linspace(0, 1, 201) ** 2.5)
    x = grid.centres[0].reshape(grid.shape)
    return rte.Medium(grid, np.full(grid.shape, delta), 1 / (1 + x))


def relative_error(delta: float, terms: int) -> float:
    value = rte.solve(slab(delta), rte.Rays([0, 0, 0], [1, 0, 0]), method=rte.Thick(terms)).value[0]
    return abs(value / exact.bender_orszag(delta) - 1)


@pytest.mark.parametrize("terms", [1, 2, 3])
def test_thick_error_falls_as_delta_to_the_minus_n(terms):
    deltas = DELTAS if terms == 1 else DELTAS[1:]  # at 10 the next term still shows
    assert_order(deltas, [relative_error(d, terms) for d in deltas], -terms - 0.15, -terms + 0.15)


@pytest.mark.parametrize("delta", DELTAS)
@pytest.mark.parametrize("terms", [1, 2, 3, 4])
def test_thick_has_the_known_errors(delta, terms):
    if FIGURES[delta][terms - 1] < 1e-10:
        assert relative_error(delta, terms) < 1e-10  # the grid's own error
    else:
        assert relative_error(delta, terms) == pytest.approx(FIGURES[delta][terms - 1], rel=0.06)


def test_partial_sums_of_the_closed_form_have_the_same_errors():
    for delta, figures in FIGURES.items():
        for terms, figure in enumerate(figures, start=1):
            error = abs(exact.bender_orszag_series(delta, terms) / exact.bender_orszag(delta) - 1)
            assert error == pytest.approx(figure, rel=0.06)


def along(terms: int, direction, n: int = 40, scale: float = 200.0):
    """Thick on a 3-D medium with varying kappa, and the sum of D^k S by exact differentiation."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (n, n, n))
    x, y, z = np.meshgrid(*grid.centres, indexing="ij")
    kappa = scale * np.exp(0.5 * x - 0.3 * y + 0.2 * z)
    source = np.exp(0.8 * x + 0.4 * y - 0.6 * z)
    direction = np.asarray(direction, float) / np.linalg.norm(direction)
    point = np.array([0.503, 0.417, 0.611])
    value = rte.solve(
        rte.Medium(grid, kappa, source), rte.Rays(point, direction), method=rte.Thick(terms)
    ).value[0]
    # S = S0 e^(a s), kappa = k0 e^(c s): D^k S = S0 e^((a - k c) s) prod_{j<k} (a - j c) / k0^k
    a, c = direction @ [0.8, 0.4, -0.6], direction @ [0.5, -0.3, 0.2]
    k0, S0 = scale * np.exp(point @ [0.5, -0.3, 0.2]), np.exp(point @ [0.8, 0.4, -0.6])
    total, product = 0.0, 1.0
    for k in range(terms):
        total += S0 * product / k0**k
        product *= a - k * c
    return value, total


@pytest.mark.parametrize("terms", [1, 2, 3, 4])
@pytest.mark.parametrize("direction", [(1, 2, -1), (-1, -2, 1), (1, 0, 0), (0, -1, 0), (0.3, 0.1, 1)])
def test_series_with_varying_kappa_along_oblique_rays(terms, direction):
    value, total = along(terms, direction, scale=5.0)
    assert value == pytest.approx(total, rel=3e-7)


def test_the_series_is_of_fifth_order_in_the_cells():
    errors = [abs(np.subtract(*along(1, (1, 2, -1), n))) for n in (10, 20, 40)]
    assert errors[0] / errors[2] > 200


def test_looking_the_other_way_changes_the_sign_of_the_first_term():
    ahead, _ = along(2, (1, 2, -1))
    back, _ = along(2, (-1, -2, 1))
    here, _ = along(1, (1, 2, -1))
    assert ahead - here == pytest.approx(-(back - here), rel=1e-9)
    assert abs(ahead - here) > 1e-4


def test_thick_starts_where_the_medium_starts():
    grid = rte.Cartesian(np.linspace(0, 1, 21))
    kappa = np.where(grid.centres[0] > 0.5, 1e4, 0.0).reshape(grid.shape)
    source = np.where(grid.centres[0] > 0.5, 2.0 + grid.centres[0], 77.0).reshape(grid.shape)
    medium = rte.Medium(grid, kappa, source)
    value = rte.solve(medium, rte.Rays([-1, 0, 0], [1, 0, 0]), method=rte.Thick(2)).value[0]
    assert value == pytest.approx(2.5 + 1e-4, rel=1e-9)  # nothing of the clear gas's source


def test_a_clear_ray_sees_the_wall_and_rough_data_stay_finite(rng):
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (6, 6, 6))
    clear = rte.Medium(grid, np.zeros(grid.shape), np.ones(grid.shape))
    ray = rte.Rays([0.5, 0.5, -1], [0, 0, 1])
    assert rte.solve(clear, ray, walls=rte.open_(intensity=3.0), method=rte.Thick(4)).value[0] == 3.0
    rough = rng.uniform(0, 1, grid.shape) * (rng.random(grid.shape) < 0.5)
    medium = rte.Medium(grid, 1e6 * rough, rng.uniform(0, 1, grid.shape))
    rays = rte.Rays(rng.uniform(0, 1, (500, 3)), rng.normal(size=(500, 3)))
    for terms in (1, 2, 3, 4):
        assert np.isfinite(rte.solve(medium, rays, method=rte.Thick(terms)).value).all()
