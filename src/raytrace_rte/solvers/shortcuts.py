"""Whether shortcuts over bricks of cells pay: by counts alone, so that every machine decides alike.

Stopping, and clipping rays to the cells that matter, cost nothing. To cross bricks in one step takes a pyramid of
bounds, and decisions, each of which takes as long as some cells. So it is asked in three steps, each rarely:
of the field, whether there are bricks to cross; of a sample of rays, whether there is enough to save; of each
tile of rays, what is cheaper for its share of the sample.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..grid import FloatArray
from ..media.medium import Medium

SIDE = 8
"""Cells along a brick."""
EVENNESS = 1.3, 0.3
"""A thick step wants bricks in which kappa varies by this factor at most, and S by this share of its greatest."""
DEPTHS = 2.0, 2.0
"""Optical depth that such a brick has at least, and its cells at most: in thicker cells the march is left at once."""
MANY = 0.2, 0.6
"""Shares of bricks that are fit for thick steps, or transparent, from which on rays are asked."""
SAMPLED = 256
"""One entry of so many is sampled."""
RAY_COST, SWITCH_COST = 14.0, 30.0
"""What a ray costs beside its cells, in cells: in the march, and with shortcuts."""
CELL_COST, NODE_COST, STEP_COST = 1.25, 4.0, 12.0
"""With shortcuts, what an exact cell, a node of the pyramid and a shortcut cost, in cells of the march."""
BRICK_COST = 0.7
"""What the pyramid costs for a cell of the grid, in cells of the march."""
PROMISE = 0.25
"""Share of the march that shortcuts must be able to save at best, with one for each ray, before any is tried."""
GAIN = 0.9
"""A tile takes shortcuts where they cost less than this share of the march."""


def bricks_to_cross(medium: Medium, tolerance: FloatArray, span: FloatArray) -> bool:
    """Return whether enough bricks of a field are smooth and thick, or transparent within a tolerance.

    tolerance: of the darkest ray, span: range of sources and walls, (n_band,) each [W m-2 sr-1]
    """
    k_min, k_max, s_min, s_max = np.moveaxis(medium.bounds.brick, -1, 0)
    widths = [w for w in medium.grid.widths if np.isfinite(w).all()]
    if not widths or k_min.size == 0:
        return False
    h = float(np.exp(np.mean([np.log(w).mean() for w in widths])))
    even = (k_max <= EVENNESS[0] * k_min) & (s_max - s_min <= EVENNESS[1] * s_max)
    deep = (SIDE * h * k_min >= DEPTHS[0]) & (h * k_min <= DEPTHS[1])
    clear = SIDE * h * k_max * span <= 0.1 * tolerance
    matters = k_max > 0.0
    share = float((even & deep).mean()), float((clear & matters).mean())
    return share[0] >= MANY[0] or share[1] >= MANY[1]


def worth_bounding(marched: NDArray[np.int64], medium: Medium) -> bool:
    """Return whether shortcuts could save enough of the march of all rays, of which `marched` (cells of each) are a
    sample, to pay for the pyramid, and a fair share of the march besides."""
    march = SAMPLED * (marched + RAY_COST)
    shortest = SAMPLED * (SWITCH_COST + NODE_COST + STEP_COST)
    saved = float(np.maximum(GAIN * march - shortest, 0.0).sum())
    return saved > max(BRICK_COST * float(medium.kappa.size), PROMISE * float(march.sum()))


def cheaper(
    marched: NDArray[np.int64], switched: NDArray[np.int64], tile: NDArray[np.int64], tiles: int
) -> NDArray[np.bool_]:
    """Return which tiles take shortcuts.

    marched: cells of each ray of the sample (n,); switched: exact cells, nodes and shortcuts of the same (n, 3);
    tile: to which it belongs (n,)
    """
    exact, nodes, steps = switched.T
    cost = SWITCH_COST + CELL_COST * exact + NODE_COST * nodes + STEP_COST * steps
    saved = np.bincount(tile, GAIN * (marched + RAY_COST) - cost, minlength=tiles)
    return np.asarray(saved > 0.0)
