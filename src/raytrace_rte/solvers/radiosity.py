"""The light of surfaces that reflect: rays from each are traced once, to what they meet; then a system is solved.

L = e L_b + (1 - e) (s + F L): e emissivity, s what arrives from gas and from surfaces that do not reflect, F the
share of rays that meet each surface that does, times their transmittance. Two sets of directions give two answers;
their mean is taken, and half their difference is its estimated error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..execution import memory
from ..execution.task import Arrays, Batch
from ..grid import FloatArray
from .patches import Facets, Patches
from .viewpoints import GOLDEN, Looks, Viewpoints

if TYPE_CHECKING:
    from .surfaces import Reached

RAYS = 1 << 11
"""Rays of a batch, roughly."""
ROUNDS, CHANGE = 300, 1e-9
"""Steps of the fixed point, after which GMRES takes over, and the relative change at which either ends."""
PLASTIC = (0.7548776662466927, 0.5698402909980532)
"""Steps of an even sequence in the square (Roberts 2018), for where on a facet rays start."""


class Radiosity:
    """The work of finding the light of reflecting patches.

    facets: those of the patches that reflect; stage: number of its batches; trace: follows rays to their ends
    Raises InputError when what rays meet does not fit into memory.
    """

    def __init__(
        self,
        patches: Patches,
        facets: Facets,
        directions: int,
        stage: int,
        trace: Callable[[Looks], Reached],
    ) -> None:
        self.patches, self.facets, self.stage, self._trace = patches, facets, stage, trace
        self.unknown = np.unique(self.facets.patch)
        self.column = np.full(len(patches.emissivity), -1)
        self.column[self.unknown] = np.arange(self.unknown.size)
        middle = self.facets.corner + (self.facets.first + self.facets.second) / 3.0
        self.view = Viewpoints(middle, self.facets.normal, 90.0, directions)
        bands = patches.black.shape[1]
        rays = self.view.each * len(self.facets.patch)
        memory.require(
            rays * (16 + 4 * bands), f"what {rays} rays of {self.unknown.size} reflecting surfaces meet"
        )
        self.size = max(1, RAYS // self.view.each)
        self.parts: list[Arrays] = []
        self.added = 0

    @property
    def total(self) -> int:
        """Batches in all."""
        return -(-len(self.facets.patch) // self.size)

    def batches(self) -> Sequence[Batch]:
        """What is left."""
        n, size = len(self.facets.patch), self.size
        return [Batch(self.stage, a * size, min((a + 1) * size, n)) for a in range(self.added, self.total)]

    def run(self, batch: Batch) -> Arrays:
        """Follow the rays of some facets."""
        facets = np.arange(batch.start, batch.stop)
        looks = self.view.take(facets)
        number, each = np.repeat(facets, self.view.each), np.tile(np.arange(self.view.each), facets.size)
        u, v = ((each * step + GOLDEN * (number + 1) * step) % 1.0 for step in PLASTIC)
        reached = self._trace(Looks(self.facets.points(number, u, v), looks.direction))
        weight = np.tile(np.concatenate(self.view.weights()) / np.pi, facets.size) * self.facets.share[number]
        first = np.tile(each[: self.view.each] >= self.view.weights()[0].size, facets.size)
        column = np.where(reached.patch >= 0, self.column[reached.patch], -1)
        known = (reached.patch >= 0) & (column < 0)
        light = np.where(known[:, None], self.patches.black[reached.patch], 0.0)
        source = weight[:, None] * (reached.emission + reached.transmittance * light)
        rows = self.column[self.facets.patch[number]]
        gathered = np.zeros((2, self.unknown.size, source.shape[1]))
        for s in (0, 1):
            np.add.at(gathered[s], rows[first == s], source[first == s])
        met = column >= 0
        touched = np.unique(rows)
        return {
            "touched": touched,
            "source": gathered[:, touched],
            "set": first[met],
            "row": rows[met].astype(np.int32),
            "column": column[met].astype(np.int32),
            "value": (weight[:, None] * reached.transmittance)[met].astype(np.float32),
        }

    def add(self, part: Arrays) -> None:
        """Take a part."""
        self.parts.append(part)
        self.added += 1

    def solved(self) -> tuple[FloatArray, FloatArray]:
        """Return the light that leaves all patches (n, n_band) [W m-2 sr-1], and its estimated error."""
        p = self.patches
        light, doubt = p.black.copy(), np.zeros_like(p.black)
        sets = np.stack([self._solve(s) for s in (0, 1)])
        light[self.unknown] = sets.mean(axis=0)
        doubt[self.unknown] = 0.5 * np.abs(sets[0] - sets[1])
        for (
            name,
            first,
        ) in p.first.items():  # sets agree in places by chance: half counts what they do on average
            of = slice(first, first + p.count[name])
            doubt[of] = np.sqrt(0.5 * (doubt[of] ** 2 + (doubt[of] ** 2).mean(axis=0)))
        return light, doubt

    def _solve(self, s: int) -> FloatArray:
        """Light of the reflecting patches by one set of directions."""
        from scipy.sparse import csr_array

        n, p = self.unknown.size, self.patches
        e = p.emissivity[self.unknown][:, None]
        source = np.zeros((n, p.black.shape[1]))
        for part in self.parts:
            source[part["touched"]] += part["source"][s]
        taken: list[NDArray[np.bool_]] = [part["set"] == s for part in self.parts]

        def of(name: str) -> NDArray[Any]:
            return np.concatenate([part[name][t] for part, t in zip(self.parts, taken, strict=True)])

        rows, columns, values = of("row"), of("column"), of("value")
        out = np.empty_like(source)
        for b in range(source.shape[1]):
            F = csr_array((values[:, b].astype(np.float64), (rows, columns)), shape=(n, n))
            fixed = (e * p.black[self.unknown])[:, b] + (1.0 - e[:, 0]) * source[:, b]
            out[:, b] = _fixed_point(F, fixed, 1.0 - e[:, 0])
        return out

    def state(self) -> Arrays:
        """What rays have met so far."""
        if not self.parts:
            return {"added": np.array(0)}
        joined = {
            k: np.concatenate([p[k] for p in self.parts], axis=1 if k == "source" else 0)
            for k in self.parts[0]
        }
        return {"added": np.array(self.added), **joined}

    def restore(self, state: Arrays) -> None:
        """Go on from a state."""
        self.added = int(state["added"])
        if self.added:
            part = {k: a for k, a in state.items() if k != "added"}
            n, (_, _, bands) = self.unknown.size, part["source"].shape
            whole = np.zeros((2, n, bands))
            for s in (0, 1):
                np.add.at(whole[s], part["touched"], part["source"][s])
            self.parts = [{**part, "touched": np.arange(n), "source": whole}]


def _fixed_point(F: Any, fixed: FloatArray, reflects: FloatArray) -> FloatArray:
    """The light L = fixed + reflects F L."""
    light = fixed.copy()
    for _ in range(ROUNDS):
        after = fixed + reflects * (F @ light)
        change = float(np.abs(after - light).max())
        light = after
        if change <= CHANGE * max(float(light.max()), 1e-300):
            return light
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import gmres

    system = eye_array(len(light)) - F.multiply(reflects[:, None])
    light, failed = gmres(system.tocsr(), fixed, x0=light, rtol=CHANGE, atol=0.0, restart=100, maxiter=100)
    if failed:
        raise InputError("walls: what leaves them did not converge; raise the emissivities")
    return np.asarray(np.maximum(light, 0.0))
