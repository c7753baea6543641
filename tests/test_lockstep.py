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


def test_nothing_is_crossed_where_nothing_counts(rng):
    medium = MEDIA["uniform"]()
    fast, plain = both(medium, crowd(rng, medium), rte.March(2, stop=1e9))
    assert (fast.visits == 0).all()
    assert (plain.visits == 0).all()


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
@pytest.mark.parametrize("method", [rte.March(2), rte.Auto(1e-3)], ids=str)
def test_any_number_of_rays_in_any_company(count, method, rng):
    medium = MEDIA["bands"]()
    rays = crowd(rng, medium, max(count, 1))
    answers = both(medium, take(rays, count), method)[0]
    half = both(medium, take(rays, count // 2), method)[0]
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


BOXES = {
    "uniform": (fields.grid(9, "uniform"), {}),
    "stretched": (fields.grid(8, "stretched"), {}),
    "flat": (rte.uniform((0, 0, 0), (3, 1, 0.5), (40, 7, 3)), {}),
    "periodic": (fields.grid(7, "uniform"), {"y_min": rte.periodic(), "y_max": rte.periodic()}),
    "stretched, periodic": (
        fields.grid(7, "stretched"),
        {"x_min": rte.periodic(), "x_max": rte.periodic()},
    ),
    "slab": (rte.Cartesian(fields.stretched(30), *[(-np.inf, np.inf)] * 2), {}),
}


@pytest.mark.parametrize("name", BOXES)
def test_the_sweep_in_lockstep_is_the_sweep(name, monkeypatch):
    from raytrace_rte.kernels import lockstep_sweep, sweep

    grid, periods = BOXES[name]
    medium = fields.medium(grid, 4.0) if name != "slab" else slab(grid)
    walls = rte.black(400.0, **periods)
    fast = rte.solve(medium, rte.heat_source(50), walls)

    def one_by_one(box, cells, tracks, radiosity, n, longest, sums):
        sweep.sweep_singly(box, tracks, cells.record, radiosity, n, longest, sums)

    monkeypatch.setattr(lockstep_sweep, "sweep", one_by_one)
    plain = rte.solve(medium, rte.heat_source(50), walls)
    assert fast.stats["crossings"] == plain.stats["crossings"]
    for a, b in ((fast.G, plain.G), (fast.div_q, plain.div_q)):
        assert np.abs(a - b).max() <= SAME * np.abs(fast.G).max() * medium.kappa.max()
    for face, flux in plain.wall_net_flux.items():
        np.testing.assert_allclose(
            fast.wall_net_flux[face], flux, rtol=0, atol=SAME * np.abs(flux).max() + 1e-9
        )


def slab(grid):
    x = grid.centres[0].reshape(grid.shape)
    return rte.Medium(grid, 1.0 + x, 2.0 + np.sin(5 * x))


def test_a_line_through_a_periodic_edge_goes_on():
    """It has to come in twice, across one axis after the other, with nobody beside it that moves."""
    from raytrace_rte.kernels import lockstep_sweep, sweep
    from raytrace_rte.kernels.reconstruct import aligned, cells_of
    from raytrace_rte.solvers.volumes.tracks import surfaces

    grid = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4))
    record = aligned((64, 1, 8), np.dtype(np.float64))
    record[:] = 0.0
    record[:, 0, [sweep.KAPPA, sweep.SOURCE]] = 1.0
    first = surfaces(grid.shape)
    box = sweep.Box(*grid, *grid.centres, np.array([1.0, 1.0, 0.0]), first, np.empty(0, np.int64))
    direction = np.array([[1.0, 1.0, 0.25]]) / np.sqrt(2.0625)
    tracks = sweep.Tracks(
        direction, np.ones(1), np.array([[0.125, 0.125, 0.0]]), np.zeros((1, 2, 3)), np.array([[1, 1]])
    )
    both = [sweep.Sums(np.zeros((64, 2)), np.zeros((first[6], 2)), np.zeros(1, np.int64)) for _ in range(2)]
    radiosity = np.zeros(first[6])
    lockstep_sweep.sweep(box, cells_of(grid, record), tracks, radiosity, 0, 100, both[0])
    sweep.sweep_singly(box, tracks, record, radiosity, 0, 100, both[1])
    assert both[0].crossings == both[1].crossings == 36
    np.testing.assert_allclose(both[0].cells, both[1].cells, rtol=1e-13)


def test_very_long_lines_take_no_memory_for_lanes(monkeypatch):
    from raytrace_rte.kernels import lockstep_sweep

    grid, periods = BOXES["periodic"]
    medium, walls = fields.medium(grid, 4.0), rte.black(400.0, **periods)
    fast = rte.solve(medium, rte.heat_source(26), walls)
    monkeypatch.setattr(lockstep_sweep, "LONGEST", 0)
    monkeypatch.setattr(lockstep_sweep, "aligned", None)
    plain = rte.solve(medium, rte.heat_source(26), walls)
    np.testing.assert_allclose(fast.G, plain.G, rtol=1e-12)


WIDTHS = """
import hashlib
import numpy as np
import fields
import raytrace_rte as rte
from raytrace_rte.kernels import lockstep_sweep, pyramid, reconstruct, records, sweep, trace, vector

print(vector.WIDTH)
rng = np.random.default_rng(5)
rays = fields.random_rays(rng, 200)
origin, direction = rays.origin, rays.direction


def show(*arrays):
    print(hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest())


for kind in ("uniform", "stretched"):
    grid = fields.grid(12, kind)
    kappa, source = (4.0 + rng.random((*grid.shape, 2)) * (1, 50) for _ in range(2))
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
    record = np.ascontiguousarray(cells.record[:, :1])
    record[:, :, sweep.ACROSS] = 0.5
    faces = np.cumsum([0] + 6 * [144])
    box = sweep.Box(*grid, *grid.centres, np.zeros(3), faces, np.empty(0, np.int64))
    steps = np.array([[[0, 0.05, 0], [0, 0, 0.05]]])
    tracks = sweep.Tracks(direction[:1] * np.sign(direction[:1, :1]), np.ones(1), -np.array([[0, 0.5, 0.5]]), steps,
                          np.array([[40, 40]]))
    sums = sweep.Sums(np.zeros((1728, 2)), np.zeros((faces[6], 2)), np.zeros(1, np.int64))
    radiosity = rng.random(faces[6])
    lockstep_sweep.sweep(box, reconstruct.cells_of(grid, record), tracks, radiosity, 0, 100, sums)
    show(*sums)
"""


def test_lanes_four_and_eight_wide_bring_the_same_bits():
    """NUMBA_CPU_FEATURES decides how wide vectors are: no kernel depends on it, not by a bit."""
    host = binding.get_host_cpu_features()
    if not host.get("avx512f"):
        pytest.skip("this processor has no AVX-512, so that lanes cannot be tried eight wide")
    narrow = {name: has and not name.startswith(("avx512", "avx10", "evex512")) for name, has in host.items()}
    told = []
    for features in (host, narrow):
        listed = ",".join(("+" if has else "-") + name for name, has in features.items())
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "NUMBA_CPU_FEATURES": listed}
        done = subprocess.run(
            [sys.executable, "-c", WIDTHS], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        told.append(done.stdout.split())
    assert (told[0][0], told[1][0]) == ("8", "4")
    assert told[0][1:] == told[1][1:]
