"""Weighted sums of grey gases: sets of coefficients by name, and what they give at a temperature and mixture.

A set is one component for H2O and CO2 together, or components whose gases are superposed: one band for each
choice of a gas from each of them. All have a clear gas, whose weight is what the others leave of 1.
The coefficients stand in weighted_sums.json, with their sources.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import checks
from ..errors import InputError, nearest
from ..grid import FloatArray

if TYPE_CHECKING:
    from ..kernels.weighted import Polynomials

ATM = 101325.0
"""Standard atmosphere [Pa]: the coefficients are per atm of what absorbs."""
TRACE = 1e-10
"""Mole fraction that is added to that of CO2, so that a mole ratio is always finite."""
MIXTURE = "H2O+CO2"
"""What a component of both gases is called; others are H2O, CO2 and soot."""


@dataclass(frozen=True, eq=False)
class WeightedSum:
    """A set of coefficients, made by `weighted_sum(name)`.

    name, source: what it is called and where it was published
    temperature: [K], mole_ratio: H2O/CO2, None where it does not matter, pressure_length [atm m]: least and greatest
        that it was made for
    components: one a mixture, gas or soot, as in the file of coefficients
    """

    name: str
    source: str
    temperature: tuple[float, float]
    mole_ratio: tuple[float, float] | None
    pressure_length: tuple[float, float]
    components: Sequence[dict[str, Any]]

    @property
    def absorbers(self) -> tuple[str, ...]:
        """What the components are of: H2O+CO2, or H2O, CO2 and soot."""
        return tuple(component["of"] for component in self.components)

    @property
    def depends_on_mixture(self) -> bool:
        """Whether weights depend on the mole ratio, and not on temperature alone."""
        return any(np.shape(component["a"])[2] > 1 for component in self.components)

    def without(self, absorber: str) -> WeightedSum:
        """Return the set without the component of one absorber."""
        kept = [component for component in self.components if component["of"] != absorber]
        return WeightedSum(
            self.name, self.source, self.temperature, self.mole_ratio, self.pressure_length, kept
        )

    @cached_property
    def polynomials(self) -> tuple[Polynomials, ...]:
        """The components as the kernel reads them."""
        from ..kernels.weighted import Polynomials

        out = []
        for c in self.components:
            per = 1.0 if c["of"] == "soot" else 1.0 / ATM
            a = np.array(c["a"])
            alone = [c[name] for name in ("dry", "wet") if name in c]
            k_alone = np.array([pure["k"] for pure in alone]).reshape(-1, len(a))
            a_alone = np.array([pure["a"] for pure in alone]).reshape(len(alone), len(a), -1 if alone else 0)
            least, most = self.mole_ratio or (1.0, 1.0)
            out.append(
                Polynomials(
                    np.array(c["k"]) * per, a, k_alone * per, a_alone,
                    float(c["reference_temperature"]), *self.temperature, float(least), float(most),
                )
            )  # fmt: skip
        return tuple(out)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bands: the clear gas first."""
        parts = [
            [f"{of}: clear" if len(self.components) > 1 else "clear"]
            + [f"{of} {g + 1}" if len(self.components) > 1 else f"gas {g + 1}" for g in range(len(c["a"]))]
            for of, c in zip(self.absorbers, self.components, strict=True)
        ]
        return tuple(", ".join(choice) for choice in product(*parts))

    def evaluate(self, T: FloatArray, ratio: FloatArray) -> tuple[list[FloatArray], FloatArray, list[int]]:
        """Return of each component the coefficients (n, 1 + gases), of all the weights (n, n_band), and counts.

        T: [K]; ratio: H2O/CO2, both (n,). Coefficients are per partial pressure [1/(m Pa)], of soot per volume
        fraction [1/m]. The counts say for each component in how many cells a weight of the fit is below 0.
        """
        from ..kernels.weighted import evaluate

        coefficients, weights, counts = [], np.ones((len(T), 1)), []
        for gases in self.polynomials:
            k, a = np.empty((2, len(T), 1 + len(gases.a)))
            counts.append(int(evaluate(gases, T, ratio, k, a)))
            coefficients.append(k)
            weights = (weights[:, :, None] * a[:, None, :]).reshape(len(T), -1)
        return coefficients, weights, counts

    def weights(self, temperature: FloatArray, mole_ratio: FloatArray) -> FloatArray:
        """Return the weights of all bands (n, n_band), which sum to 1, at temperatures [K] and ratios (n,)."""
        return self.evaluate(temperature, mole_ratio)[1]


@cache
def _sets() -> dict[str, Any]:
    text = files(__package__).joinpath("weighted_sums.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def weighted_sum(name: str) -> WeightedSum:
    """Return the set of coefficients of this name; InputError that lists them when there is none."""
    sets = _sets()
    if checks.text("coefficients", name, f"one of {', '.join(sets)}") not in sets:
        raise InputError(
            f"coefficients: no set '{name}'{nearest(name, sets)}; expected one of {', '.join(sets)}"
        )
    return WeightedSum(name, **sets[name])


def mole_ratio(H2O: FloatArray, CO2: FloatArray) -> FloatArray:
    """Return H2O/CO2 of mole fractions; where both are 0 it is 0."""
    return np.asarray(H2O / (CO2 + H2O.dtype.type(TRACE)))
