"""The orders that the methods claim, measured on a smooth medium with varying kappa and source."""

from __future__ import annotations

import numpy as np
import pytest

import fields
import raytrace_rte as rte
from orders import assert_order

SIZES = [16, 24, 32, 48]
NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)


def reference(rays: rte.Rays, scale: float) -> np.ndarray:
    """The continuous field's intensity, by composite Gauss quadrature with exact cumulative depth.

    Panels crowd at the observer's end, where a thick ray gets all its light.
    """
    out = np.empty(len(rays.origin))
    for r, (o, d) in enumerate(zip(rays.origin, rays.direction, strict=True)):
        with np.errstate(divide="ignore"):
            t = np.sort(np.stack([(0.0 - o) / d, (1.0 - o) / d]), axis=0)
        a, b = t[0].max(), t[1].min()
        edges = a + (b - a) * np.linspace(0, 1, 1501) ** 3
        width = np.diff(edges)
        s = edges[:-1, None] + 0.5 * width[:, None] * (1 + NODES)
        x = o[:, None, None] + d[:, None, None] * s
        k = scale * fields.kappa(*x)
        panel = 0.5 * width * (k @ WEIGHTS)
        before = np.concatenate(([0.0], np.cumsum(panel)[:-1]))
        # depth inside a panel at the nodes: integrate the interpolating polynomial of kappa
        inner = 0.5 * width[:, None] * (k @ INTEGRATE.T)
        out[r] = np.sum(
            0.5 * width[:, None] * WEIGHTS * fields.source(*x) * k * np.exp(-before[:, None] - inner)
        )
    return out


def _integration_matrix() -> np.ndarray:
    """Row i integrates nodal values from -1 to NODES[i]."""
    powers = np.vander(NODES, 8, increasing=True)
    moments = np.stack([(NODES ** (k + 1) - (-1.0) ** (k + 1)) / (k + 1) for k in range(8)], axis=1)
    return moments @ np.linalg.inv(powers)


INTEGRATE = _integration_matrix()


def errors(rng, kind: str, scale: float, order: int, sizes=SIZES) -> list[float]:
    """Mean absolute errors over many rays."""
    rays = fields.random_rays(rng, 300)
    exact = reference(rays, scale)
    return [
        float(np.mean(np.abs(rte.solve(fields.medium(fields.grid(n, kind), scale), rays,
                                       method=rte.March(order)).value - exact)))
        for n in sizes
    ]  # fmt: skip


def test_reference_is_far_below_the_errors_measured(rng):
    rays = fields.random_rays(rng, 5)
    for scale in (1.0, 1000.0):
        exact = reference(rays, scale)
        fine = rte.solve(fields.medium(fields.grid(160, "uniform"), scale), rays, method=rte.March(2)).value
        assert np.abs(fine - exact).max() < 2e-4


@pytest.mark.parametrize("kind", ["uniform", "stretched"])
@pytest.mark.parametrize("depth", [1.0, 10.0, 1000.0])
def test_linear_cells_are_second_order(rng, kind, depth):
    assert_order(SIZES, errors(rng, kind, depth, 2), -np.inf, -1.8)


@pytest.mark.parametrize("kind", ["uniform", "stretched"])
def test_constant_cells_are_first_order_once_cells_are_thick(rng, kind):
    assert_order(SIZES, errors(rng, kind, 1000.0, 1), -1.3, -0.7)


def test_canary_the_order_test_fails_for_a_method_of_lower_order(rng):
    measured = errors(rng, "uniform", 1000.0, 1)
    with pytest.raises(AssertionError, match="is not within"):
        assert_order(SIZES, measured, -np.inf, -1.8)
