"""A slab between its two ends, marched exactly along every direction cosine (docs/theory.md, eqs. 4 to 6)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .jit import driver, kernel
from .transfer import absorb

THIN = 1e-3
"""Optical depth below which means along a cell are power series."""
WALLED, PERIODIC, MIRROR_LOW, MIRROR_HIGH, MIRRORS = range(5)
"""How a slab ends: at walls, in itself, at a mirror on its low or high side, or between two."""


class Slab(NamedTuple):
    """What the march reads: kappa [1/m], S and half its difference across the cell [W m-2 sr-1], width [m], number of
    a solid cell or -1, of each cell; radiance that leaves solid cells; their area [m2]; number of a cell whose faces'
    fluxes are kept, or -1, or without any element; first of their columns; how it ends."""

    kappa: np.ndarray
    source: np.ndarray
    rise: np.ndarray
    width: np.ndarray
    solid: np.ndarray
    leaving: np.ndarray
    area: float
    kept: np.ndarray
    column: int
    ends: int


@driver
def march(slab, mu, weight, contrast, walls, sums, arrived, arrived_contrast):
    """March all directions both ways.

    mu, weight, contrast: cosines above 0, their weights [sr], and those of a difference between two sets (n,)
    walls: radiance that leaves the low and the high end; arrived, arrived_contrast: flux onto them [W m-2] (2,)
    """
    for n in range(mu.size):
        ray = mu[n], weight[n], contrast[n]
        up, down = _entering(slab, mu[n], walls)
        if slab.ends == MIRROR_HIGH or slab.ends == MIRRORS:
            up = _deposit(slab, ray, 1, up, sums)
            down = _deposit(slab, ray, -1, up, sums)
        elif slab.ends == MIRROR_LOW:
            down = _deposit(slab, ray, -1, down, sums)
            up = _deposit(slab, ray, 1, down, sums)
        else:
            up, down = _deposit(slab, ray, 1, up, sums), _deposit(slab, ray, -1, down, sums)
        if slab.ends == WALLED or slab.ends == MIRROR_HIGH:
            _arrive(ray, down, arrived, arrived_contrast, 0)
        if slab.ends == WALLED or slab.ends == MIRROR_LOW:
            _arrive(ray, up, arrived, arrived_contrast, 1)


@kernel
def _arrive(ray, light, arrived, arrived_contrast, side):
    arrived[side] += ray[1] * ray[0] * light
    arrived_contrast[side] += ray[2] * ray[0] * light


@kernel
def _entering(slab, mu, walls):
    """Light that enters at the low and at the high end; where nothing ends the slab, what comes round again."""
    if slab.ends == PERIODIC:
        return _round(slab, mu, 1, 1), _round(slab, mu, -1, -1)
    if slab.ends == MIRRORS:
        return _round(slab, mu, 1, -1), 0.0
    return walls[0], walls[1]


@kernel
def _round(slab, mu, first, second):
    """Light that is the same after going through the slab in one sense, and in a second one."""
    light, depth = _through(slab, mu, first, 0.0)
    if second != first:
        light, more = _through(slab, mu, second, light)
        depth += more
    return light / -math.expm1(-depth)


@kernel
def _through(slab, mu, sense, light):
    """Return what leaves of some light, and the optical depth."""
    depth, n = 0.0, slab.kappa.size
    for p in range(n):
        i = p if sense > 0 else n - 1 - p
        if slab.solid[i] >= 0:
            light, depth = slab.leaving[slab.solid[i]], np.inf
        else:
            light, _ = _cell(slab, i, mu, sense, light)
            depth += slab.kappa[i] * slab.width[i] / mu
    return light, depth


@kernel
def _cell(slab, i, mu, sense, light):
    """Return what leaves a cell, and the mean radiance in it."""
    d = slab.kappa[i] * slab.width[i] / mu
    a, e, w = absorb(d)
    rise = sense * slab.rise[i]
    up, down = slab.source[i] - rise, slab.source[i] + rise
    if d < THIN:
        even, linear = d * (0.5 - d * (1.0 / 6.0 - d / 24.0)), d * (1.0 / 6.0 - d * (1.0 / 24.0 - d / 120.0))
    else:
        even = 1.0 - a / d  # the mean of 1 - exp(-d x) over 0 < x < 1
        linear = 0.5 - even / d  # that of x - (1 - exp(-d x)) / d
    mean = light * (1.0 - even) + up * even + 2.0 * rise * linear
    return light * e + down * a - 2.0 * rise * w, mean


@kernel
def _deposit(slab, ray, sense, light, sums):
    """March through all cells and add what they keep; return the light that leaves."""
    mu, weight, contrast = ray
    n = slab.kappa.size
    for p in range(n):
        i = p if sense > 0 else n - 1 - p
        number = slab.solid[i]
        if number >= 0:
            behind = i - sense
            if not (0 <= behind < n and slab.solid[behind] >= 0):
                sums.solid[number] += weight * mu * slab.area * light
                sums.solid_contrast[number] += contrast * mu * slab.area * light
            light = slab.leaving[number]
            continue
        left, mean = _cell(slab, i, mu, sense, light)
        sums.incident[i] += weight * mean
        sums.contrast[i] += contrast * mean
        sums.div_q[i] += weight * mu / slab.width[i] * (left - light)
        if sums.faces.size > 0 and slab.kept[i] >= 0:
            sums.faces[slab.kept[i], slab.column + (0 if sense > 0 else 1)] += sense * weight * mu * light
            sums.faces[slab.kept[i], slab.column + (1 if sense > 0 else 0)] += sense * weight * mu * left
        light = left
    return light
