"""Discrete ordinates: the scheme against a naive one, positivity and balance on media of all kinds, the sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import raytrace_rte as rte
from raytrace_rte.solvers.volumes.ordinates import octant, ordinates

THREE = (True, True, True)
NONE = (False, False, False)


def naive(grid, kappa, source, slopes, mu, walls):
    """One ordinate with positive components, cell by cell: the Galerkin system of each solved as it stands.

    In a cell I = a + b xi + c eta + d zeta. Tests with 1, xi, eta, zeta, upwind faces; returns a of all cells.
    """
    nx, ny, nz = grid.shape
    mean = np.empty(grid.shape)
    x_faces, y_faces, z_faces = {}, {}, {}
    for i, j, k in np.ndindex(nx, ny, nz):
        A, B, C = (m / w[n] for m, w, n in zip(mu, grid.widths, (i, j, k), strict=True))
        x0, x1, x2 = x_faces.get((j, k), (walls, 0.0, 0.0))
        y0, y1, y2 = y_faces.get((i, k), (walls, 0.0, 0.0))
        z0, z1, z2 = z_faces.get((i, j), (walls, 0.0, 0.0))
        s, S = kappa[i, j, k], source[i, j, k]
        s1, s2, s3 = (0.5 * w[n] * g for w, n, g in zip(grid.widths, (i, j, k), slopes[i, j, k], strict=True))
        t = A + B + C + s
        # Rows: moments with 1, xi, eta and zeta; xi-moments are divided by their 1/3.
        system = np.array([
            [t, A, B, C],
            [-3 * A, t + 2 * A, 0.0, 0.0],
            [-3 * B, 0.0, t + 2 * B, 0.0],
            [-3 * C, 0.0, 0.0, t + 2 * C],
        ])  # fmt: skip
        right = np.array([
            s * S + A * x0 + B * y0 + C * z0,
            s * s1 - 3 * A * x0 + B * y1 + C * z1,
            s * s2 + A * x1 - 3 * B * y0 + C * z2,
            s * s3 + A * x2 + B * y2 - 3 * C * z0,
        ])  # fmt: skip
        a, b, c, d = np.linalg.solve(system, right)
        mean[i, j, k] = a
        x_faces[j, k], y_faces[i, k], z_faces[i, j] = (a + b, c, d), (a + c, b, d), (a + d, b, c)
    return mean


@pytest.mark.parametrize("depth", [0.0, 0.3, 5.0, 1e4])
def test_the_kernel_solves_the_galerkin_system(depth):
    from raytrace_rte.kernels import ordinates as kernels
    from raytrace_rte.kernels.reconstruct import SOURCE, SOURCE_X, aligned

    grid = rte.Cartesian([0, 1, 2.5, 3], [0, 0.5, 2, 3, 4], [0, 2, 3, 3.5])
    rng, shape = np.random.default_rng(2), grid.shape
    kappa, source = depth * rng.uniform(0.5, 1.5, shape), rng.uniform(5.0, 6.0, shape)
    slopes = rng.uniform(-0.1, 0.1, (*shape, 3))
    record = np.zeros((kappa.size, 8))
    record[:, 0], record[:, SOURCE] = kappa.ravel(), source.ravel()
    record[:, SOURCE_X : SOURCE_X + 3] = slopes.reshape(-1, 3)
    mu = np.array([0.3, 0.5, np.sqrt(1 - 0.34)])
    rows = aligned((kernels.ROWS * kernels.LANES,), np.dtype(float))
    rows[:] = 0.0
    table = rows.reshape(kernels.ROWS, kernels.LANES)
    table[:3] = mu[:, None]
    table[3, 0], table[4, 1] = 1.0, 2.0
    none = np.empty(0, np.int64)
    domain = kernels.Domain(record, *(1 / w for w in grid.widths), *grid.widths, none, np.empty(0), none, 0.0)
    planes = []
    for axis in range(3):
        plane = aligned((kappa.size // shape[axis] * kernels.FACE,), np.dtype(float))
        kernels.enter(plane, 16, np.full(kappa.size // shape[axis], 5.5))
        planes.append(plane)
    rates = aligned((kernels.RATES,), np.dtype(float))
    sums = kernels.Sums(
        *(np.zeros(kappa.size) for _ in range(3)), np.empty(0), np.empty(0), np.empty((0, 6)), False
    )
    block = kernels.Block(rows, rates, 16, 1, 1, 1)
    kernels.sweep(domain, block, kernels.Planes(*planes), sums, 0, shape[1])
    expected = naive(grid, kappa, source, slopes, mu, 5.5).ravel()
    assert expected.min() > 0.0
    assert_allclose(sums.incident, expected, rtol=1e-12)
    assert_allclose(sums.contrast, 2.0 * expected, rtol=1e-12)
    balance = kappa.ravel() * (source.ravel() - expected)
    assert_allclose(sums.div_q, balance, atol=1e-11 * max(1.0, depth) ** 2)


def axes():
    return st.lists(st.floats(0.01, 3.0), min_size=1, max_size=6).map(
        lambda w: np.concatenate(([0.0], np.cumsum(w)))
    )


@st.composite
def media(draw):
    """Grids of any widths, absorption over many decades or none, one hot cell or noise, walls of any kind."""
    grid = rte.Cartesian(draw(axes()), draw(axes()), draw(axes()))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    decades, empty = draw(st.floats(0.0, 4.0)), draw(st.floats(0.0, 1.0))
    kappa = 10.0 ** rng.uniform(-decades, decades, grid.shape) * (rng.random(grid.shape) >= empty)
    source = rng.random(grid.shape) * 10.0 ** draw(st.integers(-3, 3))
    if draw(st.booleans()):
        source *= 0.0
        source.flat[rng.integers(source.size)] = 1e3
    light = draw(st.sampled_from([0.0, 300.0, 1500.0]))
    walls = draw(st.sampled_from(["black", "grey", "mirror", "open"]))
    made = {
        "black": lambda: rte.black(light),
        "grey": lambda: rte.grey(light, 0.4, y_max=900.0),
        "mirror": lambda: rte.black(light, x_min=rte.mirror(), z_max=rte.mirror()),
        "open": lambda: rte.open_(),
    }[walls]()
    solid = None
    if grid.shape[0] > 1 and draw(st.booleans()):
        mask = rng.random(grid.shape) < 0.3
        mask.flat[0], mask.flat[-1] = True, False
        solid = rte.solids(mask, 800.0, 0.6)
    return rte.Medium(grid, kappa, source), walls, made, solid


@settings(deadline=None, max_examples=60, derandomize=True)
@given(media(), st.booleans())
def test_nothing_is_negative_and_nothing_is_lost(case, limit):
    medium, _, walls, solid = case
    method = rte.Auto() if limit else rte.March()
    objects = [] if solid is None else [solid]
    result = rte.solve(medium, rte.heat_source(20), walls, method, objects=objects, executor=rte.Serial())
    assert result.G.min() >= 0.0
    assert all(flux.min() >= 0.0 for flux in result.wall_incident_flux.values())
    assert np.isfinite(result.div_q).all()
    incoming = 0.0
    for name in result.wall_net_flux:
        area = np.outer(*(w for n, w in enumerate(medium.grid.widths) if n != "xyz".index(name[0])))
        incoming += np.pi * (result.leaving_radiance[name] * area).sum()
    scale = result.budget["emitted"] + incoming + abs(result.budget.get("to_solids", 0.0))
    assert abs(result.budget["residual"]) <= 1e-11 * max(scale, 1e-300)


@pytest.mark.parametrize("mirrored", [NONE, (True, False, False), (False, True, True), THREE])
@pytest.mark.parametrize("count", [20, 64, 100, 434, 1000])
def test_sets_have_their_moments_fill_lanes_and_graze_nothing(count, mirrored):
    found = ordinates(count, THREE, mirrored)
    assert count <= found.count <= 1.25 * count + 64
    signs = np.array([[a, b, c] for a in (1, -1) for b in (1, -1) for c in (1, -1)])
    signs = signs[(np.where(mirrored, 1, signs) == 1).all(axis=1)] if any(mirrored) else np.ones((1, 3))
    vector = (signs[:, None] * found.vector).reshape(-1, 3)
    weight = np.tile(found.weight, len(signs))
    assert len(weight) == found.count
    assert_allclose(np.linalg.norm(vector, axis=1), 1.0)
    assert found.weight.min() > 0.0
    assert_allclose(weight.sum(), 4 * np.pi, rtol=1e-13)
    for axis in range(3):
        for sense in (1, -1):
            assert_allclose((weight * np.maximum(sense * vector[:, axis], 0)).sum(), np.pi, rtol=1e-13)
    assert_allclose(np.einsum("n,ni,nj->ij", weight, vector, vector), 4 * np.pi / 3 * np.eye(3), atol=1e-12)
    assert np.abs(vector).min() > 0.0
    lanes = sum(8 * -(-n // 8) for n in np.bincount(octant(vector, THREE), minlength=8))
    assert lanes <= found.count / 0.97 + 1e-9
    assert_allclose(found.contrast.sum(), 0.0, atol=1e-12)


def test_an_isothermal_box_is_dark_to_rounding():
    for faces in (np.linspace(0, 1, 9), np.linspace(0, 1, 9) ** 2):
        grid = rte.Cartesian(faces, faces, faces[:4])
        kappa = np.random.default_rng(0).uniform(0.0, 5.0, grid.shape)
        light = float(rte.blackbody(1200.0))
        medium = rte.Medium(grid, kappa, np.full(grid.shape, light))
        result = rte.solve(medium, rte.heat_source(50), rte.black(1200.0), rte.March())
        assert np.abs(result.div_q).max() <= 1e-13 * result.emission.max()
        assert max(np.abs(f).max() for f in result.wall_net_flux.values()) <= 1e-13 * np.pi * light
