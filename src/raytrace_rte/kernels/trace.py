"""The drivers over rays, one for each method, and one way to call them all.

A driver follows all rays that it is given, one after the other or in lanes, on the thread that calls it; who
wants more threads gives each its own rays. Same bits, whichever rays go together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import bricks as bricks  # the verbs that the switch asks of a Cartesian grid
from .auto import Tolerance
from .clipping import nothing
from .grids import common_face, ray_of
from .jit import driver, inlined
from .lanes import workspace
from .lockstep import march_together
from .lockstep_auto import switch_together
from .march import thin
from .pyramid import K_MAX
from .rounding import EPS, rounding_of
from .series import thick, threshold
from .stencil import WORK
from .stopping import at, never, within

CONSTANT, LINEAR, STOPPING, THICK, THIN, THRESHOLD, AUTO = range(7)


class Plan(NamedTuple):
    """A method as kernels see it: its number, and its settings (those of other methods are not read)."""

    method: int
    terms: int = 0
    delta: float = 0.0
    stop: float = -1.0
    relative: float = 0.0
    absolute: float = 0.0


class Answers(NamedTuple):
    """Arrays of march.Traced: the first four (n_ray, n_band), visits and face (n_ray,), steps (n_ray, 4).

    optical_depth is nan where a ray was not followed to its end in that band; its transmittance is then only
    what closes the radiance with the wall. visits and steps (exact, thin, thick, and cells
    left out, an estimate) are sums over bands; face is
    where bands leave that are not stopped (cartesian.STOPPED: none).
    """

    transmittance: np.ndarray
    emission: np.ndarray
    optical_depth: np.ndarray
    neglected: np.ndarray
    visits: np.ndarray
    steps: np.ndarray
    face: np.ndarray


def trace(cells, pyramid, origin, direction, end, plan, walls, low, high, answers, clip=None):
    """Follow rays (n_ray, 3) and write their answers.

    end: distance at which something opaque ends each ray (n_ray,), inf where nothing does; seen by the march.
    walls: radiance (ENDS, n_band) at the end of a ray; low, high: range of all sources and walls (n_band,).
    clip: clipping.Clip, seen by the march that stops within a tolerance; None: rays are not clipped.
    """
    if plan.method == AUTO:
        tolerance = tolerance_of(plan, cells, pyramid, low, high)
        work = workspace(cells, 1)
        switch_rays(cells, pyramid, origin, direction, walls, tolerance, never(1), work, answers)
    elif plan.method in (CONSTANT, LINEAR, STOPPING):
        clip = nothing() if clip is None else clip
        linear, work = 0.0 if plan.method == CONSTANT else 1.0, workspace(cells, cells.record.shape[1])
        stop = stop_of(plan, cells, low, high, clip)
        march_rays(cells, (origin, direction, end), linear, stop, clip, work, answers)
    elif plan.method == THIN:
        thin_rays(cells, origin, direction, answers)
    elif plan.method == THICK:
        thick_rays(cells, origin, direction, plan.terms, np.empty(WORK), answers)
    else:
        threshold_rays(cells, origin, direction, plan.delta, plan.terms, np.empty(WORK), answers)


@driver
def switch_rays(cells, pyramid, origin, direction, walls, tolerance, no_stop, work, answers):
    """Follow rays in lockstep with the certified switch."""
    switch_together(cells, pyramid, origin, direction, walls, tolerance, no_stop, work, answers)


def tolerance_of(plan, cells, pyramid, low, high):
    """Return what the certified switch may leave out, and how rounding adds to it."""
    kappa = pyramid.node[-1, :, K_MAX]
    rounding = rounding_of((cells.x, cells.y, cells.z), kappa, high)
    summed = EPS * (cells.cx.size + cells.cy.size + cells.cz.size)
    return Tolerance(plan.relative, plan.absolute, low, high, never(len(high)), rounding, summed)


def stop_of(plan, cells, low, high, clip):
    """Return when the march of a plan leaves a ray."""
    if plan.method == STOPPING:
        most = cells.cx.size + cells.cy.size + cells.cz.size
        return within(plan.relative, plan.absolute - clip.budget, low, high, most)
    return never(len(high)) if plan.stop < 0.0 else at(plan.stop, high)


@driver
def march_rays(cells, rays, linear, stop, clip, work, answers):
    """March rays in lockstep."""
    march_together(cells, rays, linear, stop, clip, work, answers)


@driver
def thin_rays(cells, origin, direction, answers):
    """The thin limit of rays."""
    for r in range(origin.shape[0]):
        ray = ray_of(origin, direction, r)
        for b in range(answers.emission.shape[1]):
            write(answers, r, b, thin(cells, b, ray))


@driver
def thick_rays(cells, origin, direction, terms, work, answers):
    """The thick limit of rays."""
    for r in range(origin.shape[0]):
        ray = ray_of(origin, direction, r)
        for b in range(answers.emission.shape[1]):
            write(answers, r, b, thick(cells, b, ray, terms, work))


@driver
def threshold_rays(cells, origin, direction, delta, terms, work, answers):
    """The plain switch of the literature along rays."""
    for r in range(origin.shape[0]):
        ray = ray_of(origin, direction, r)
        for b in range(answers.emission.shape[1]):
            write(answers, r, b, threshold(cells, b, ray, delta, terms, work))


@inlined
def write(answers, r, b, one):
    """Write the answer of a ray in band b; bands come in turn."""
    T, E, tau, neglected, visits, steps, face = answers
    T[r, b], E[r, b] = one.transmittance, one.emission
    tau[r, b], neglected[r, b] = one.optical_depth, one.neglected
    if b == 0:
        visits[r], face[r] = 0, one.face
        steps[r, :] = 0
    visits[r] += one.visits
    steps[r, 0] += one.exact
    steps[r, 1] += one.thin
    steps[r, 2] += one.thick
    face[r] = common_face(face[r], one.face)


def empty_answers(rays: int, bands: int) -> Answers:
    """Return arrays for so many rays and bands."""
    counts = np.empty(5 * rays, dtype=np.int64)  # few large arrays: the system hands out large pages
    return Answers(
        *np.empty((4, rays, bands)),
        counts[:rays],
        counts[rays:].reshape(rays, 4),
        np.empty(rays, dtype=np.int8),
    )
