"""How the path integral is evaluated: settings only, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import InputError


@dataclass(frozen=True)
class March:
    """Exact exponential in every cell.

    order 1 takes kappa and the source constant in each cell (the staircase field), order 2 linear. Both
    solve their reconstructed field without further error; order 2 is the discrete reference.
    """

    order: int = 2

    def __post_init__(self) -> None:
        if self.order not in (1, 2):
            raise InputError(f"March: order is {self.order!r}; expected 1 (constant cells) or 2 (linear)")


@dataclass(frozen=True)
class Thick:
    """The thick limit: `terms` terms (1 to 4) of I = S + D S + D^2 S + ..., D = (1/kappa) d/ds.

    Evaluated where the ray first meets kappa > 0, s running from the observer into the medium. A limit,
    not a switch: wrong wherever the medium is not thick, without warning.
    """

    terms: int = 2

    def __post_init__(self) -> None:
        if self.terms not in (1, 2, 3, 4):
            raise InputError(f"Thick: terms is {self.terms!r}; expected 1, 2, 3 or 4")


@dataclass(frozen=True)
class Thin:
    """The thin limit: I = I_wall (1 - tau) + integral of kappa S ds, error O(tau^2)."""


Method = March | Thick | Thin
