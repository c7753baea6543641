"""Rays in lockstep are the rays of the readable kernels: every ray to 1e-13, whatever it meets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from llvmlite import binding

import fields
import raytrace_rte as rte
from raytrace_rte.kernels.grids import MISSED
from raytrace_rte.kernels.rows import LANES
from raytrace_rte.kernels.trace import AUTO, Answers, empty_answers, trace
from raytrace_rte.solvers.scene import Scene
from scalar import trace_singly

SAME = 1e-13
WALLS = rte.black(500.0, x_min=300.0, x_max=900.0, y_min=400.0, y_max=800.0, z_min=600.0, z_max=700.0)


def both(medium, rays, method, ends=None, bricks=True):
    """Answers in lockstep and one by one; bricks: Auto takes shortcuts over bricks of cells."""
    scene = Scene(medium, WALLS, method)
    plan = scene.plan._replace(method=AUTO) if scene.switches and bricks else scene.plan
    ends = np.full(rays.shape[0], np.inf) if ends is None else ends
    out = []
    for driver in (trace, trace_singly):
        answers = empty_answers(rays.shape[0], medium.n_band)
        for array in answers:
            array.view(np.uint8).fill(0x5A)  # what nobody writes shows
        driver(
            scene.cells, scene.medium.pyramid, rays.origin, rays.direction, ends, plan, scene.ends,
            *scene.range, answers,
        )  # fmt: skip
        out.append(answers)
    return out


def assert_same(medium, rays, method, **kwargs):
    fast, plain = both(medium, rays, method, **kwargs)
    greatest = Scene(medium, WALLS, method).range[1]
    for name in ("transmittance", "emission", "optical_depth", "neglected"):
        a, b = getattr(fast, name), getattr(plain, name)
        scale = {"transmittance": 1.0, "optical_depth": np.maximum(b, 1.0)}.get(name, greatest)
        known = np.isfinite(a)
        np.testing.assert_array_equal(known, np.isfinite(b))
        assert np.all((np.abs(a - b) <= SAME * scale)[known]), name
    np.testing.assert_array_equal(fast.face, plain.face)
    # A ray that runs along an edge between cells may count a cell of no width more or less.
    assert (np.abs(fast.visits - plain.visits) <= 3 * medium.n_band).all()
    assert (fast.visits != plain.visits).mean() <= 0.02


def crowd(rng, medium, count=4000):
    """Rays from inside, outside and on faces, along axes, almost so, on diagonals, and past the box."""
    low, high = medium.grid.lower, medium.grid.upper
    target = rng.uniform(low - 0.1 * (high - low), high + 0.1 * (high - low), (count, 3))
    direction = rng.normal(size=(count, 3))
    direction[::7] = np.eye(3)[rng.integers(0, 3, len(direction[::7]))] * rng.choice(
        (-1, 1), (len(direction[::7]), 1)
    )
    direction[2::14, 2] = 0.0
    on_face = rng.random((count, 3)) < 0.1
    faces = np.stack([rng.choice(f, count) for f in medium.grid], axis=1)
    target = np.where(on_face, faces, target)
    creeps = rng.random((count, 3)) < 0.05  # almost along a face, as rotations leave it
    direction = np.where(creeps, rng.choice((-1e-17, 1e-17, -1e-15), (count, 3)), direction)
    inside = rng.random((count, 1)) < 0.4
    return rte.Rays(np.where(inside, target, target - 3 * direction), direction)


MEDIA = {
    "uniform": lambda: fields.medium(fields.grid(24, "uniform"), 5.0),
    "stretched": lambda: fields.medium(fields.grid(24, "stretched"), 5.0),
    "thick": lambda: fields.medium(fields.grid(17, "uniform"), 4000.0),
    "float32": lambda: rte.absorption.planck_mean(rte.sample("pool-fire")),
    "one cell": lambda: rte.Medium(rte.uniform((0, 0, 0), (1, 1, 1), (1, 1, 1)), [[[2.0]]], [[[3.0]]]),
    "few cells": lambda: fields.medium(rte.uniform((0, 0, 0), (1, 2, 3), (2, 5, 3)), 1.0),
    "far from the origin": lambda: fields.medium(rte.uniform((9, -7, 5), (10, -6, 6), (20, 20, 20)), 3.0),
    "bands": lambda: banded(fields.grid(12, "uniform"), 3),
    "stretched bands": lambda: banded(fields.grid(12, "stretched"), 2),
}


def banded(grid, bands):
    one = fields.medium(grid, 1.0)
    kappa = np.stack([one.kappa * 10.0**b for b in range(bands)], axis=-1)
    source = np.stack([one.source * (b + 1) for b in range(bands)], axis=-1)
    return rte.Medium(grid, kappa, source, spectrum=lambda T: rte.blackbody(T) * np.arange(1, bands + 1))


@pytest.mark.parametrize("method", [rte.March(1), rte.March(2), rte.March(2, stop=30.0)], ids=str)
@pytest.mark.parametrize("name", MEDIA)
def test_the_march_in_lockstep_is_the_march(name, method, rng):
    medium = MEDIA[name]()
    assert_same(medium, crowd(rng, medium), method)


def test_opaque_things_end_rays_in_lockstep(rng):
    medium = MEDIA["uniform"]()
    rays = crowd(rng, medium)
    ends = rng.uniform(0.0, 4.0, rays.shape[0])
    for stop in (None, 30.0):
        assert_same(medium, rays, rte.March(2, stop=stop), ends=ends)


def test_one_cell_is_crossed_where_nothing_counts(rng):
    medium = MEDIA["uniform"]()
    fast, plain = both(medium, crowd(rng, medium), rte.March(2, stop=1e9))
    for answers in (fast, plain):
        np.testing.assert_array_equal(answers.visits, np.where(answers.face == MISSED, 0, medium.n_band))
    assert fast.emission.max() == plain.emission.max() == 0.0


@pytest.mark.parametrize("name", MEDIA)
def test_the_switch_in_lockstep_decides_alike(name, rng):
    """Decisions may fall differently in the last bit of a comparison; both are within their bounds."""
    medium = MEDIA[name]()
    rays = crowd(rng, medium)
    fast, plain = both(medium, rays, rte.Auto(1e-3))
    scene = Scene(medium, WALLS, rte.Auto(1e-3))
    closed = [a.emission + a.transmittance * scene.ends[a.face] for a in (fast, plain)]
    greatest = scene.range[1].max()
    bound = fast.neglected + plain.neglected + SAME * greatest
    assert (np.abs(closed[0] - closed[1]) <= bound).all()
    alike = np.abs(closed[0] - closed[1]) <= SAME * greatest
    assert alike.mean() > 0.99
    assert (fast.steps[:, :3] != plain.steps[:, :3]).any(axis=1).mean() <= 0.05


@pytest.mark.parametrize("name", MEDIA)
@pytest.mark.parametrize("rtol", [1e-1, 1e-3, 1e-9])
def test_a_march_within_a_tolerance_is_left_alike(name, rtol, rng):
    medium = MEDIA[name]()
    assert_same(medium, crowd(rng, medium), rte.Auto(rtol, 0.0), bricks=False)


@pytest.mark.parametrize("count", [0, 1, 2, LANES - 1, LANES, 10 * LANES + 1])
@pytest.mark.parametrize(
    ("method", "bricks"),
    [
        (rte.March(2), False),
        (rte.March(2, stop=30.0), False),
        (rte.Auto(0.1, 0.0), False),
        (rte.Auto(1e-3), True),
    ],
    ids=str,
)
def test_any_number_of_rays_in_any_company(count, method, bricks, rng):
    medium = MEDIA["bands"]()
    rays = crowd(rng, medium, max(count, 1))
    answers = both(medium, take(rays, count), method, bricks=bricks)[0]
    half = both(medium, take(rays, count // 2), method, bricks=bricks)[0]
    for a, b in zip(half, answers, strict=True):
        np.testing.assert_array_equal(a, b[: count // 2])


def take(rays, count):
    return rays.take(np.arange(count))


def test_auto_without_shortcuts_has_the_bits_of_the_march(rng):
    medium = MEDIA["stretched"]()
    rays = crowd(rng, medium)
    auto = both(medium, rays, rte.Auto(1e-13, 0.0))[0]
    march = both(medium, rays, rte.March(2))[0]
    plain = auto.steps[:, 1:3].sum(axis=1) == 0
    assert plain.sum() > 1000
    for name in Answers._fields[:3]:
        np.testing.assert_array_equal(getattr(auto, name)[plain], getattr(march, name)[plain])


WIDTHS = """
import hashlib
import numpy as np
import fields
import raytrace_rte as rte
from raytrace_rte.kernels import ordinates, pyramid, reconstruct, records, trace, vector
from raytrace_rte.boundaries.walls import black
from raytrace_rte.solvers.scene import scene
from raytrace_rte.solvers.volumes.box import Box
from raytrace_rte.solvers.volumes.fields import Fields
from raytrace_rte.solvers.volumes.sweeper import Special, Sweeper

print(vector.WIDTH)
rng = np.random.default_rng(5)
rays = fields.random_rays(rng, 200)
origin, direction = rays.origin, rays.direction


def show(*arrays):
    print(hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest())


for kind in ("uniform", "stretched"):
    grid = fields.grid(12, kind)
    kappa, source = (fields.read_only(4.0 + rng.random((*grid.shape, 2)) * (1, 50)) for _ in range(2))
    cells, bounds = records.build(records.lean(grid, kappa, source))
    tree = pyramid.build(cells, bounds.brick, grid.widths)
    low, high = bounds.source
    walls = np.zeros((9, 2))
    for plan in (trace.Plan(trace.LINEAR), trace.Plan(trace.LINEAR, stop=0.1),
                 trace.Plan(trace.AUTO, relative=1e-3, absolute=1e-6)):
        answers = trace.empty_answers(200, 2)
        end = np.full(200, np.inf)
        trace.trace(cells, tree, origin, direction, end, plan, walls, 0 * low, high, answers)
        show(*answers)
    mask = rng.random(grid.shape) < 0.1
    place = scene(rte.Medium(grid, kappa[..., 0], source[..., 0]), black(400.0), objects=[rte.solids(mask, 900.0)])
    box = Box(place)
    sweeper = Sweeper(box, Fields(box, 0), Special(box.solid, np.empty(0, np.int64), True), 100, 1e-6)
    sums = sweeper.sweep(rng.random(sweeper.surfaces), 1, lambda: None)
    show(*sums.values())
"""


def test_lanes_four_and_eight_wide_bring_the_same_bits():
    """NUMBA_CPU_FEATURES decides how wide vectors are: no kernel depends on it, not by a bit."""
    host = binding.get_host_cpu_features()
    if not host.get("avx512f"):
        pytest.skip("this processor has no AVX-512, so that lanes cannot be tried eight wide")
    narrow = {name: has and not name.startswith(("avx512", "avx10", "evex512")) for name, has in host.items()}
    told = []
    listed = ",".join(("+" if has else "-") + name for name, has in narrow.items())
    for features in ({}, {"NUMBA_CPU_FEATURES": listed}):  # as they are, the kernels are there
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), **features}
        done = subprocess.run(
            [sys.executable, "-c", WIDTHS], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        told.append(done.stdout.split())
    assert (told[0][0], told[1][0]) == ("8", "4")
    assert told[0][1:] == told[1][1:]
