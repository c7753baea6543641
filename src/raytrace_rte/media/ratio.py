"""Temperature from the ratio of what two detectors show."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..errors import InputError
from ..grid import FloatArray
from .response import Response
from .spectral import TINY, Curve, table_temperatures

ASSUMPTIONS = {"grey": 0.0, "soot": 1.0}
"""What is assumed of the emissivity -> the power of 1/lambda with which it falls.

grey: the same in both colours; soot: of a thin layer with kappa = 6 pi E(m) f_v / lambda and E(m) constant.
"""
LEAST = 1e-3
"""Relative change of the ratio over all temperatures below which it tells nothing."""


class Ratio:
    """The ratio of the signals of two responses, and the temperature that belongs to it.

    Raises InputError when the assumption is not known, or the ratio does not change one way with temperature.
    """

    def __init__(self, a: Response, b: Response, assumption: str) -> None:
        falling = ASSUMPTIONS[checks.choice("two_colour: assumption", assumption, ASSUMPTIONS)]
        for name, response in (("response_a", a), ("response_b", b)):
            checks.instance(
                f"two_colour: {name}", response, Response, "a Response, as of Response.top_hat(low, high)"
            )
        T = table_temperatures()
        signals = [response.emission(T, falling) for response in (a, b)]
        seen = (signals[0] > TINY) & (signals[1] > TINY)
        T, ratio = T[seen], signals[0][seen] / signals[1][seen]
        if ratio[-1] < ratio[0]:
            T, ratio = T[::-1], ratio[::-1]
        if not (np.diff(ratio) > 0.0).all() or ratio[-1] < (1.0 + LEAST) * ratio[0]:
            raise InputError(
                f"two_colour: the ratio of {a.name} to {b.name} does not rise or fall throughout with temperature, "
                "so that it tells none; choose responses that lie apart"
            )
        self._curve = Curve(ratio, T)

    def temperature(self, ratio: ArrayLike) -> FloatArray:
        """Return the temperature [K] of a ratio, any shape; nan where no temperature gives it."""
        r = np.asarray(ratio, dtype=np.float64)
        return self._curve(np.where(np.isfinite(r), r, np.nan))
