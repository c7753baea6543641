"""Sets of directions: the moments they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import lebedev_rule

import raytrace_rte as rte
from raytrace_rte.solvers import quadrature as q


def moment(powers):
    """Integral of x^a y^b z^c over the sphere."""
    if any(p % 2 for p in powers):
        return 0.0
    half = [math.gamma((p + 1) / 2) for p in powers]
    return 2 * math.prod(half) / math.gamma(sum(p + 1 for p in powers) / 2)


SETS = {
    "lebedev": q.lebedev(110),
    "gauss": q.gauss_product(6, 12),
    "gauss odd": q.gauss_product(5, 9),
    "rotated": q.rotated(q.lebedev(86), 7),
    "fibonacci": q.fibonacci(1000),
}


@pytest.mark.parametrize("directions", SETS.values(), ids=SETS)
def test_moments(directions):
    assert_allclose(np.linalg.norm(directions.vector, axis=1), 1.0)
    for degree in range(directions.degree + 1):
        for a in range(degree + 1):
            for b in range(degree - a + 1):
                powers = (a, b, degree - a - b)
                value = (directions.weight * np.prod(directions.vector**powers, axis=1)).sum()
                assert_allclose(value, moment(powers), atol=1e-12)


def test_the_stated_degree_is_not_understated():
    # Canary: one degree more is not exact.
    d = q.gauss_product(4, 12)
    assert abs((d.weight * d.vector[:, 2] ** 8).sum() - moment((0, 0, 8))) > 1e-6


def test_lebedev_table():
    assert [lebedev_rule(d)[1].size for d in q.LEBEDEV] == list(q.POINTS)


@pytest.mark.parametrize("angle", [90.0, 60.0, 5.0])
def test_cone(angle):
    normal = np.array([1.0, 2.0, -2.0]) / 3
    d = q.cone(3 * normal, angle, 400)
    mu = d.vector @ normal
    assert (mu >= math.cos(math.radians(angle)) - 1e-12).all()
    assert_allclose((d.weight * mu).sum(), math.pi * math.sin(math.radians(angle)) ** 2)
    assert_allclose(d.weight.sum(), 2 * math.pi * (1 - math.cos(math.radians(angle))), rtol=0.03)


@pytest.mark.parametrize("make", [
    lambda: q.lebedev(5), lambda: q.lebedev(6.5), lambda: q.cone([0, 0, 1], 0, 9),
    lambda: q.cone([0, 0, 1], 91, 9),
    lambda: q.cone([0, 0, 0], 45.0, 9), lambda: q.gauss_product(0, 4), lambda: q.fibonacci(0),
])  # fmt: skip
def test_bad_input(make):
    with pytest.raises(rte.InputError, match="expected"):
        make()
