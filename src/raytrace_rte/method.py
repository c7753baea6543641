"""How the path integral is evaluated: settings only, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass

from . import checks
from .errors import InputError


@dataclass(frozen=True)
class March:
    """Exact exponential in every cell.

    order 1 takes kappa and the source constant in each cell (the staircase field), order 2 linear. Both
    solve their reconstructed field without further error; order 2 is the discrete reference.

    stop [W m-2 sr-1]: leave a ray when its transmittance times the greatest source or wall is at most that;
    the Result's error is that product where a ray was left. None: follow every ray to its end.
    """

    order: int = 2
    stop: float | None = None

    def __post_init__(self) -> None:
        if checks.whole("March: order", self.order) not in (1, 2):
            raise InputError(f"March: order is {self.order!r}; expected 1 (constant cells) or 2 (linear)")
        if self.stop is not None:
            checks.number("March: stop", self.stop, low=0.0, unit="W m-2 sr-1")


@dataclass(frozen=True)
class Thick:
    """The thick limit: `terms` terms (1 to 4) of I = S + D S + D^2 S + ..., D = (1/kappa) d/ds.

    Evaluated where the ray first meets kappa > 0, s running from the observer into the medium. A limit,
    not a switch: wrong wherever the medium is not thick, without warning.
    """

    terms: int = 2

    def __post_init__(self) -> None:
        checks.whole("Thick: terms", self.terms, low=1, high=4)


@dataclass(frozen=True)
class Thin:
    """The thin limit: I = I_wall (1 - tau) + integral of kappa S ds, error O(tau^2)."""


@dataclass(frozen=True)
class Threshold:
    """The plain switch of the literature: exact until kappa / |d ln S / ds| exceeds delta, then the series.

    Uncertified: it knows nothing of what lies behind, and is wrong behind cold smoke. For comparison.
    """

    delta: float = 30.0
    terms: int = 2

    def __post_init__(self) -> None:
        checks.number("Threshold: delta", self.delta, above=0.0)
        checks.whole("Threshold: terms", self.terms, low=1, high=4)


ATOL = 1e-7
"""Default absolute tolerance of Auto, of the greatest source or wall: 0.03 W m-2 sr-1 for a 2000 K flame."""


@dataclass(frozen=True)
class Auto:
    """The certified switch: exact cells, and every thick or thin shortcut that the tolerance allows.

    For every ray and band |I - I_March(2)| <= Result.error_bound <= rtol * I + atol / n_band. atol
    [W m-2 sr-1]; None is 1e-7 of the greatest source or wall. rtol = atol = 0 is March(2), bit for bit.

    transmittance: follow every ray to its end, as March(2) does, so that transmittance and optical depth are
    known for all of them. Without it they are nan where a shortcut ended or shortened a ray.
    """

    rtol: float = 1e-3
    atol: float | None = None
    transmittance: bool = False

    def __post_init__(self) -> None:
        checks.number("Auto: rtol", self.rtol, low=0.0)
        if self.atol is not None:
            checks.number("Auto: atol", self.atol, low=0.0, unit="W m-2 sr-1")
        checks.instance("Auto: transmittance", self.transmittance, bool, "True or False")


Method = March | Thick | Thin | Threshold | Auto
