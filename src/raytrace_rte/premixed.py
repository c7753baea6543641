"""A plane premixed flame whose one reaction has a large activation energy, and what Laplace's method says of it.

With a rate B Y exp(-T_a/T) [kg m-3 s-1], Lewis number 1 and constant conductivity lambda and heat capacity c_p, the
burnt fraction theta = (T - T_U)/(T_B - T_U) leaves the fuel 1 - theta. Over x m c_p/lambda = xi, m [kg m-2 s-1] being
the burning rate, it obeys

    theta' = theta'' + Lambda W(theta),   W = (1 - theta) exp(k - k T_B/T),   theta(-inf) = 0,   theta(inf) = 1

with k = T_a/T_B. Only one Lambda = lambda B exp(-k)/(c_p m^2) has a solution: it is the eigenvalue, and gives m.

Laplace's method: the integral of W comes from the neighbourhood of the hottest point, theta = 1, as k grows. Sources:
Y. B. Zeldovich, D. A. Frank-Kamenetskii, Zh. Fiz. Khim. 12 (1938) 100-105; the second term W. B. Bush, F. E. Fendell,
Combust. Sci. Technol. 1 (1970) 421-428.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks

T_U, T_B = 300.0, 2200.0
"""Temperatures of the fresh and of the burnt gas [K]."""
ALPHA = 1.0 - T_U / T_B
LEAST_K = 5.0
"""Below it the fresh gas reacts by itself by more than 1e-13 of the hottest rate, and there is no steady flame."""
COLD, HOT = 1e-3, 1e-12
"""Burnt fraction below which the reaction adds less than 1e-9 to the slope, and fuel below which it is linear."""
BUSH_FENDELL = 1.3440456821153548
"""Integral of 1 - sqrt(1 - (1 + y) e^-y) over 0..inf."""


def zeldovich_number(k: float) -> float:
    """Return beta = k (T_B - T_U)/T_B, the activation energy as the reaction zone feels it."""
    return ALPHA * checks.number("k", k, low=LEAST_K)


def laplace(k: float, terms: int = 1) -> float:
    """Return the eigenvalue as k grows: beta^2/2, or with two terms beta^2/2 (1 + (6 alpha - 2.688)/beta).

    The first is 1/2 over Laplace's leading term of the integral of W over theta; n terms are wrong by O(k^-n).
    Raises InputError for k below 5 and for other numbers of terms.
    """
    beta = zeldovich_number(k)
    second = (6.0 * ALPHA - 2.0 * BUSH_FENDELL) / beta
    return beta**2 / 2.0 * (1.0 + second * (checks.whole("terms", terms, low=1, high=2) - 1))


def eigenvalue(k: float) -> float:
    """Return Lambda, right to about 1e-10. Raises InputError for k below 5."""
    return _eigenvalue(checks.number("k", k, low=LEAST_K))


@lru_cache(maxsize=256)  # a field and a plot of one flame ask several times
def _eigenvalue(k: float) -> float:
    from scipy.optimize import brentq

    guess = laplace(k, 2)

    def excess(trial: float) -> float:
        """Slope less theta where nothing reacts any more, where theta' = theta + constant; 0 for a flame."""
        (log_fuel, g) = _from_hot(k, trial).y[:, -1]
        return float(np.exp(log_fuel) * g + np.expm1(log_fuel))

    return float(brentq(excess, 0.5 * guess, 2.0 * guess, xtol=1e-13 * guess, rtol=1e-13))


def burnt_fraction(k: float, xi: ArrayLike) -> NDArray[np.float64]:
    """Return theta at xi, right to about 1e-9; the fresh gas has theta = exp(xi), which sets the origin.

    xi: distances from the flame sheet in units of lambda/(m c_p), any shape. Raises InputError for k below 5.
    """
    at = checks.array("xi", xi)
    way = _from_hot(k, eigenvalue(k))
    back = way.t[-1] + np.log(COLD) - at  # from the hot end, where way.t is 0
    inside = np.clip(back, 0.0, way.t[-1])
    log_fuel = way.sol(inside.ravel())[0].reshape(at.shape)
    beyond = np.minimum(back, 0.0) * way.y[1, 0]  # fuel decays exponentially towards the burnt gas
    return np.where(back > way.t[-1], np.exp(np.minimum(at, 0.0)), -np.expm1(log_fuel + beyond))


def rate(k: float, theta: ArrayLike) -> NDArray[np.float64]:
    """Return W, the rate over B exp(-k), at burnt fractions 0..1. Raises InputError for k below 5 and others."""
    k = checks.number("k", k, low=LEAST_K)
    fuel = 1.0 - checks.array("theta", theta, low=0.0, high=1.0)
    return fuel * _arrhenius(k, fuel)


def _arrhenius(k: float, fuel: Any) -> Any:
    """exp(k - k T_B/T) where a share `fuel` is left."""
    return np.exp(-k * ALPHA * fuel / (1.0 - ALPHA * fuel))


def _from_hot(k: float, trial: float) -> Any:
    """March from the burnt gas to the fresh one: (log fuel, g) with theta' = fuel g, over the distance.

    In these the burnt gas is a node that marching leaves in a stable way, g^2 + g = Lambda. It ends where nothing
    reacts any more, or where the slope falls below half of what the fresh gas needs, as Lambda is too small.
    """
    from scipy.integrate import solve_ivp

    def march(_: float, y: Any) -> tuple[float, float]:
        g = y[1]
        return g, trial * _arrhenius(k, np.exp(min(y[0], 0.0))) - g * g - g  # trial steps go beyond

    def fresh(_: float, y: Any) -> float:
        return float(y[0] - np.log1p(-COLD))

    def failing(_: float, y: Any) -> float:
        return float(np.exp(y[0]) * y[1] + 0.5 * np.expm1(y[0]))

    fresh.terminal = failing.terminal = True  # type: ignore[attr-defined]
    failing.direction = -1  # type: ignore[attr-defined]
    start = np.log(HOT), 2.0 * trial / (1.0 + np.sqrt(1.0 + 4.0 * trial))
    return solve_ivp(
        march,
        (0.0, 100.0),
        start,
        "DOP853",
        events=(fresh, failing),
        dense_output=True,
        rtol=1e-11,
        atol=1e-13,
    )
