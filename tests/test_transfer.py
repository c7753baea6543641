"""The weights of one segment, to rounding."""

from __future__ import annotations

from decimal import Decimal, getcontext

import numpy as np
import pytest

from raytrace_rte.kernels import transfer
from raytrace_rte.kernels.jit import driver
from raytrace_rte.kernels.transfer import UNDERFLOW_DEPTH, UNREDUCED_DEPTH

getcontext().prec = 60
EPS = Decimal(float(np.finfo(float).eps))
HALF = 0.5 * np.log(2.0)
DEPTHS = [
    *np.geomspace(1e-300, UNDERFLOW_DEPTH * (1 - 1e-12), 600),
    *np.linspace(0.0, 2.0, 400)[1:],
    *(HALF * k * (1 + np.linspace(-1e-3, 1e-3, 21)) for k in (1, 3, 5)),
]


@driver
def absorb(d):
    return transfer.absorb(d)


@driver
def absorb_unreduced(d):
    return transfer.absorb_unreduced(d)


def ulps(found: float, exact: Decimal) -> float:
    return float(abs(Decimal(found) / exact - 1) / EPS)


def test_nothing_happens_in_nothing():
    assert absorb(0.0) == (0.0, 1.0, 0.0)


def test_weights_are_right_to_a_few_ulp():
    worst = np.zeros(3)
    for d in np.hstack(DEPTHS):
        x = Decimal(float(d))
        e = (-x).exp()
        if d < 1e-15:  # beyond 60 digits: the first terms of the series
            exact = x * (1 - x / 2), e, x / 2 * (1 - 2 * x / 3)
        else:
            exact = 1 - e, e, (1 - e) / x - e
        worst = np.maximum(worst, [ulps(f, v) for f, v in zip(absorb(float(d)), exact, strict=True)])
    assert worst[0] <= 4
    assert worst[1] <= 4
    assert worst[2] <= 6


def test_the_short_way_has_the_same_bits():
    for d in (
        *np.geomspace(1e-300, UNREDUCED_DEPTH, 500),
        *np.linspace(0.0, UNREDUCED_DEPTH, 2000),
        UNREDUCED_DEPTH,
    ):
        assert absorb_unreduced(float(d)) == absorb(float(d))


@pytest.mark.parametrize("d", [UNDERFLOW_DEPTH * 1.0001, 1e5, 1e300, np.inf])
def test_the_deepest_is_a_blackbody(d):
    a, e, w = absorb(d)
    assert (a, e) == (1.0, 0.0)
    assert w == 1.0 / d
