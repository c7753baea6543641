"""Without records: the same bits of every method, less memory, and clear words where it cannot be."""

from __future__ import annotations

import numpy as np
import pytest

import fields
import raytrace_rte as rte

METHODS = [rte.Auto(1e-3), rte.March(1), rte.March(2), rte.Thick(2), rte.Thin(), rte.Threshold(10.0)]


def bands():
    one = fields.medium(fields.grid(11, "uniform"), 3.0)
    kappa = np.stack([one.kappa, 5 * one.kappa], axis=-1)
    return rte.Medium(one.grid, kappa, np.stack([one.source] * 2, axis=-1), lambda T: [T, T])


MEDIA = {
    "uniform": lambda: fields.medium(fields.grid(21, "uniform"), 30.0),
    "stretched": lambda: fields.medium(fields.grid(18, "stretched"), 3.0),
    "float32": lambda: rte.absorption.planck_mean(rte.sample("pool-fire")),
    "bands": bands,
    "two cells": lambda: fields.medium(rte.uniform((0, 0, 0), (1, 1, 1), (2, 1, 2)), 3.0),
}


def lines(cells, faces=None):
    """A field of noise whose lines along z have so many cells, or other faces."""
    z = np.linspace(0.0, 1.0, cells + 1) if faces is None else faces
    grid = rte.Cartesian(np.linspace(0, 1, 6), np.linspace(0, 1, 4) ** 1.5, z)
    noise = np.random.default_rng(cells).random((2, *grid.shape))
    return rte.Medium(grid, (3.0 * noise[0]).astype(np.float32), noise[1].astype(np.float32))


@pytest.mark.parametrize("cells", [1, 2, 3, 4, 7, 8, 9, 10, 15, 16, 17, 25])
def test_stretches_at_the_ends_of_lines(cells, rng):
    assert_lean_is_full(lambda: lines(cells), rng, rte.March(2))


def test_lines_that_never_end(rng):
    assert_lean_is_full(lambda: lines(1, [-np.inf, np.inf]), rng, rte.March(2))


def assert_lean_is_full(make, rng, method):
    """Assert that random rays bring the same bits with records and without."""
    box = make().grid
    rays = fields.random_rays(rng, 500)
    low, high = np.clip(box.lower, -1.0, 0.0), np.clip(box.upper, 0.0, 1.0)
    rays = rte.Rays(low + rays.origin * (high - low), rays.direction)
    medium = make()
    full, lean = rte.solve(make(), rays, method=method), rte.solve(medium, rays, method=method, lean=True)
    assert "cells" not in vars(medium)
    for what in ("value", "error_bound", "transmittance", "optical_depth", "steps"):
        np.testing.assert_array_equal(getattr(lean, what), getattr(full, what))


@pytest.mark.parametrize("method", METHODS, ids=str)
@pytest.mark.parametrize("name", MEDIA)
def test_the_bits_are_the_same(name, method, rng):
    assert_lean_is_full(MEDIA[name], rng, method)


@pytest.mark.parametrize("remembered", [1, 32, 1 << 12])
@pytest.mark.parametrize("name", ["uniform", "bands", "float32"])
def test_few_remembered_records_bring_the_same_bits(name, remembered, rng, monkeypatch):
    """Stretches of cells that share a slot, and two lanes of a step among them."""
    from raytrace_rte.kernels import stretches

    monkeypatch.setattr(stretches, "REMEMBERED", remembered)
    for method in (rte.March(2), rte.Auto(1e-3)):
        assert_lean_is_full(MEDIA[name], rng, method)


def test_a_line_of_sight_too():
    medium = MEDIA["stretched"]()
    line = rte.line_of_sight((-1, 0.4, 0.3), (1, 0.1, 0.2))
    lean = rte.solve(medium, line, lean=True)
    np.testing.assert_array_equal(lean.profile, rte.solve(medium, line).profile)


@pytest.mark.parametrize(
    ("sensor", "walls", "found"),
    [
        (rte.heat_source(14), rte.open_(), "lean: found the sensor heat_source"),
        (rte.Rays([-1, 0.5, 0.5], [1, 0, 0]), rte.grey(300.0, 0.5), "lean: found reflecting walls"),
    ],
)
def test_where_records_are_needed_it_says_so(sensor, walls, found):
    with pytest.raises(rte.InputError, match=found):
        rte.solve(MEDIA["uniform"](), sensor, walls, lean=True)


def test_points_are_rays_and_need_no_records_either():
    sensor = rte.radiometer((0.5, 0.5, 0.5), (1, 0, 0), directions=36)
    medium = MEDIA["stretched"]()
    lean = rte.solve(medium, sensor, lean=True)
    assert "cells" not in medium.__dict__
    np.testing.assert_array_equal(lean.value, rte.solve(medium, sensor).value)
