"""The weights of one segment, to rounding."""

from __future__ import annotations

from decimal import Decimal, getcontext

import numpy as np
import pytest

from raytrace_rte.kernels.transfer import HALF, SMALL, absorb, far_weight

getcontext().prec = 60
DEPTHS = [*np.geomspace(1e-300, 1e5, 400), *(SMALL * (1 + np.linspace(-1e-3, 1e-3, 21))), HALF, 1.0, 745.0]


@pytest.mark.parametrize("d", [0.0])
def test_nothing_happens_in_nothing(d):
    assert absorb(d) == (0.0, 1.0)
    assert far_weight(d, *absorb(d)) == 0.0


def test_weights_are_right_to_a_few_ulp():
    eps = np.finfo(float).eps
    for d in DEPTHS:
        exact_e = (-Decimal(float(d))).exp()
        absorbed, e = absorb(float(d))
        exact_w = (1 - exact_e) / Decimal(float(d)) - exact_e
        if d < 1e-20:  # beyond 60 digits: the series is its first term
            exact_w = Decimal(float(d)) / 2
        assert abs(Decimal(absorbed) / (1 - exact_e if d > 1e-20 else Decimal(float(d))) - 1) < 4 * eps
        assert abs(Decimal(e) - exact_e) <= Decimal(4 * eps) * exact_e + Decimal("5e-324")
        # the crossing of the two error curves: 2 eps / SMALL
        assert abs(Decimal(far_weight(float(d), absorbed, e)) / exact_w - 1) < 4 * eps / SMALL


def test_infinite_depth_is_a_blackbody():
    a, e = absorb(np.inf)
    assert (a, e, far_weight(np.inf, a, e)) == (1.0, 0.0, 0.0)
