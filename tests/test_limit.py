"""The diffusion limit in compiled passes, against NumPy (limit.py) and closed forms; the blend; cells passed by."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.ndimage import distance_transform_cdt
from scipy.special import expn

import limit as oracle
import raytrace_rte as rte
from raytrace_rte.kernels.blocks import peek, poke
from raytrace_rte.kernels.distances import between
from raytrace_rte.kernels.exponential import FAR, e3_e4
from raytrace_rte.kernels.jit import driver
from raytrace_rte.kernels.vector import WIDTH
from raytrace_rte.solvers.scene import scene
from raytrace_rte.solvers.volumes import diffusion, switch
from raytrace_rte.solvers.volumes.box import Box
from raytrace_rte.solvers.volumes.fields import Fields

INF = np.array([-np.inf, np.inf])
M, P = rte.mirror(), rte.periodic()
BOXES = {
    "walls": ((9, 11, 17), {}),
    "grey": ((8, 6, 7), {"x_min": rte.grey(400.0, 0.5), "z_max": rte.grey(900.0, 0.7)}),
    "mirrors": ((7, 9, 10), {"x_min": M, "y_max": M, "z_min": M, "z_max": M}),
    "periodic": ((6, 8, 5), {"y_min": P, "y_max": P}),
    "small": ((2, 3, 2), {}),
    "plane": ((12, 0, 9), {}),
    "slab": ((30, 0, 0), {}),
    "rows": ((1, 40, 3), {}),
}
"""Cells along each axis, 0 of an infinite one, and walls other than black."""


def box_of(name, seed=1, stretched=True, thick=6.0):
    """A random box, kappa h about `thick`, with some cells of thin gas."""
    rng, (cells, walls) = np.random.default_rng(seed), BOXES[name]
    widths = [rng.uniform(0.7, 1.4, n) if stretched else np.ones(n) for n in cells]
    grid = rte.Cartesian(*(np.append(0.0, np.cumsum(w)) if w.size else INF for w in widths))
    kappa, source = thick * rng.uniform(0.8, 1.2, grid.shape), rng.uniform(0.95, 1.05, grid.shape)
    kappa[rng.random(grid.shape) < 0.003] *= 0.1
    if name == "walls":
        kappa[4, 5, 3] = 0.0
    medium = rte.Medium(grid, kappa, source)
    return Box(scene(medium, rte.black(80.0, **walls), rte.Auto()))


def given(box):
    """What `diffusion` is given."""
    fields, (black, emissivity) = Fields(box, 0), box.surfaces(0)
    return box, fields.kappa, fields.source, box.by_face(black), box.by_face(emissivity), 1.5


@pytest.mark.parametrize("stretched", [False, True])
@pytest.mark.parametrize("name", BOXES)
def test_fluxes_and_errors_are_those_of_numpy(name, stretched):
    box = box_of(name, stretched=stretched)
    found, (fluxes, error, swept, div_q) = diffusion.diffusion(*given(box)), oracle.limit(*given(box))
    if found is None:  # no cell may be used: the oracle must say so too
        assert not np.isfinite(error).any()
        return
    for axis in range(3):
        assert_allclose(found.fluxes[axis], fluxes[axis], rtol=1e-11, atol=1e-12 * np.abs(fluxes[axis]).max())
    for mine, theirs in zip(found.errors, (error, swept, div_q), strict=True):
        finite = np.isfinite(theirs)
        np.testing.assert_array_equal(np.isfinite(mine), finite)
        assert_allclose(
            mine[finite], theirs[finite], rtol=1e-10, atol=1e-12 * np.abs(theirs[finite]).max(initial=0.0)
        )
    good = np.isfinite(error)
    assert_allclose(found.typical, np.sqrt(np.mean(div_q[good] ** 2)), rtol=1e-12)


def test_another_medium_has_other_fluxes():
    """Canary: the comparison above sees a change of one cell by a thousandth."""
    box, kappa, *rest = given(box_of("walls"))
    found, other = diffusion.diffusion(box, kappa, *rest), kappa.copy()
    other[3, 4, 9] *= 1.001
    assert np.abs(found.fluxes.x - oracle.limit(box, other, *rest)[0][0]).max() > 1e-6


@pytest.mark.parametrize("name", ["walls", "mirrors"])
def test_neither_threads_nor_strips_change_a_bit(name, monkeypatch):
    box = box_of(name)
    one = diffusion.diffusion(*given(box))
    monkeypatch.setattr(diffusion, "ROWS", 3)
    monkeypatch.setattr(diffusion, "PLANES", 2)
    box.workers = 3
    other = diffusion.diffusion(*given(box))
    for a, b in zip((*one.fluxes[:3], *one.errors), (*other.fluxes[:3], *other.errors), strict=True):
        np.testing.assert_array_equal(a, b)


def test_correction_of_a_wave():
    """q1 = -(4 pi / 5) S''' / kappa^3, and each central difference of a wave is sin(kh)/h times the wave shifted."""
    n, kappa = 24, 5.0
    grid = rte.uniform((0, 0, 0), (n, 1, 1), (n, 1, 1))
    k, x = 2.0 * np.pi / n, grid.centres[0]
    medium = rte.Medium(grid, np.full(grid.shape, kappa), (1.0 + 0.5 * np.cos(k * x)).reshape(grid.shape))
    walls = rte.black(0.0, x_min=P, x_max=P, z_min=M, z_max=M)
    box = Box(scene(medium, walls, rte.Auto()))
    found = diffusion.diffusion(*given(box)).fluxes.x[4:-4, 0, -1].ravel()
    faces = np.arange(n + 1.0)
    lead = 4.0 * np.pi / 3.0 / kappa * 0.5 * 2.0 * np.sin(k / 2) * np.sin(k * faces)
    second = -4.0 * np.pi / 5.0 / kappa**3 * 0.5 * np.sin(k) ** 3 * np.cos(k / 2) * np.sin(k * faces)
    assert_allclose(found, lead + second, atol=1e-13)


@driver
def integrals(t, e3, e4):
    for p in range(0, t.size, WIDTH):
        a, b = e3_e4(peek(t, p))
        poke(e3, p, a)
        poke(e4, p, b)


def test_exponential_integrals():
    t = np.concatenate(
        (10.0 ** np.linspace(-20, 1, 400), np.linspace(0.0, FAR, 400), np.linspace(FAR + 1, 1e4, 32))
    )
    e3, e4 = np.empty_like(t), np.empty_like(t)
    integrals(t, e3, e4)
    for n, found in ((3, e3), (4, e4)):
        assert_allclose(found[:800], expn(n, t[:800]), rtol=4e-12)
        assert not found[800:].any()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 20), (7, 1, 5), (9, 10, 11)])
def test_distances(shape, rng):
    for share in (0.0, 0.01, 0.2, 1.0):
        seeds, out = rng.random(shape) < share, np.empty(shape, np.float32)
        between(seeds, out, np.empty(shape[2], np.float32))
        if seeds.any():
            expected = np.maximum(distance_transform_cdt(~seeds, "chessboard") - 1, 0)
        else:
            expected = np.full(shape, max(shape))
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("name", ["walls", "grey", "mirrors", "periodic", "plane", "slab"])
def test_any_shares_leave_the_balance(name, monkeypatch):
    """One flux a face: whatever the share of each cell, what goes out of one goes into another."""

    def anything(limit, wanted, out, workers):
        rng = np.random.default_rng(3)
        out[...] = np.where(rng.random(out.shape) < 0.9, 1.0, rng.random(out.shape))
        out[rng.random(out.shape) < 0.05] = 0.0
        return False

    monkeypatch.setattr(diffusion.Limit, "shares", anything)
    box = box_of(name)
    result = rte.solve(box.scene.medium, rte.heat_source(26), box.scene.walls)
    assert 0 < result.limited.sum() < result.limited.size
    assert abs(result.budget["residual_relative"]) < 1e-12
    assert (result.G >= 0.0).all()


def test_cells_inside_the_core_are_passed_by(monkeypatch):
    """To no bit of the answer: no light reaches them."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (26, 24, 25))
    x, y, z = np.meshgrid(*grid.centres, indexing="ij")
    source = 1.0 + 0.3 * np.sin(2.0 * np.pi * x) * np.sin(2.0 * np.pi * y)
    kappa = np.where(z > 0.15, 100.0, 10.0)
    medium = rte.Medium(grid, kappa, source)
    buried = []
    monkeypatch.setattr(switch, "_buried", lambda *a, of=switch._buried: buried.append(of(*a)) or buried[-1])
    short = rte.solve(medium, rte.heat_source(26), rte.black(0.0))
    assert buried[0].sum() > 100
    assert not short.limited.all()
    monkeypatch.setattr(switch, "_buried", lambda cells, finite: np.zeros_like(cells))
    whole = rte.solve(medium, rte.heat_source(26), rte.black(0.0))
    for name in ("div_q", "G", "error_estimate"):
        np.testing.assert_array_equal(short[name], whole[name])
    for face, flux in short.wall_net_flux.items():
        np.testing.assert_array_equal(flux, whole.wall_net_flux[face])


def test_thick_cells_one_by_one_are_left_to_the_sweep(monkeypatch):
    """The estimates would allow the limit in none of them, so none are made; nor would they change the answer."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (9, 8, 10))
    i = np.indices(grid.shape).sum(axis=0)
    medium = rte.Medium(grid, np.where(i % 3 == 0, 1.0, 200.0), 1.0 + 0.1 * i)
    assert diffusion.diffusion(*given(Box(scene(medium, rte.black(0.0), rte.Auto())))) is None
    monkeypatch.setattr(switch, "diffusion", None)
    auto, march = (
        rte.solve(medium, rte.heat_source(26), rte.black(0.0), m) for m in (rte.Auto(), rte.March())
    )
    np.testing.assert_array_equal(auto.div_q, march.div_q)
