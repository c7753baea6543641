"""Samples are what their names and provenance say."""

from __future__ import annotations

from importlib.resources import files

import h5py
import numpy as np
import pytest

import raytrace_rte as rte
from raytrace_rte.formats.samples import SAMPLES
from raytrace_rte.planck import SIGMA


@pytest.mark.parametrize("name", SAMPLES)
def test_each_says_where_it_comes_from(name):
    field = rte.sample(name) if name.startswith("pool-fire") else rte.sample(name, 8)
    assert len(field.provenance) > 20
    assert field.temperature.min() > 0


def test_the_pool_fire_is_native_single_precision_and_compressed():
    with (files("raytrace_rte") / "data" / "pool_fire.h5").open("rb") as raw, h5py.File(raw) as file:
        for name in (
            "temperature",
            "pressure",
            "mole_fraction/CO2",
            "mole_fraction/H2O",
            "mole_fraction/CH4",
        ):
            data = file[name]
            assert (data.dtype, data.compression, data.shuffle) == (np.float32, "gzip", True)
            assert data.attrs["units"]
    fire = rte.sample("pool-fire")
    np.testing.assert_allclose(fire.grid.lower, [-0.5, 0.0, -0.5])
    np.testing.assert_allclose(fire.grid.upper, [0.5, 1.0, 0.5])
    # y is up: hot gas lies over the burner and not at the four sides
    hot = fire.temperature > 800
    assert hot.any(axis=1).sum() < 0.5 * 64**2
    assert hot[:, -1].any() or hot[:, 40].any()
    assert not hot[[0, -1]].any()
    assert not hot[:, :, [0, -1]].any()


def test_the_plume_is_smooth_on_the_scale_of_cells():
    """Halving the cells divides second differences by four, away from no kink."""
    worst = {}
    for n in (32, 64, 128):
        T = rte.sample("smooth-plume", n).temperature
        worst[n] = max(np.abs(np.diff(T, 2, axis=axis)).max() for axis in range(3))
    assert worst[32] / worst[64] == pytest.approx(4, rel=0.25)
    assert worst[64] / worst[128] == pytest.approx(4, rel=0.1)
    assert T.min() >= 300
    assert 1500 < T.max() < 2000


def test_the_slab_has_the_source_of_bender_and_orszag():
    slab = rte.sample("bender-orszag", 50)
    assert (slab.grid.x[0], slab.grid.x[-1]) == (0, 10)
    assert np.isinf(slab.grid.y).all()
    x = slab.grid.centres[0]
    source = rte.absorption.given(slab).source.ravel()
    np.testing.assert_allclose(source, SIGMA / np.pi * 1500.0**4 / (1 + x), rtol=1e-13)
    assert (slab.absorption_coefficient == 100).all()


def test_the_box_is_isothermal():
    box = rte.sample("isothermal-box", 5)
    assert (box.temperature == 1000).all()
    assert (box.absorption_coefficient == 1).all()


def test_the_scale_of_burns_and_christon_is_stated():
    text = rte.sample("burns-christon", 3).provenance
    assert f"{SIGMA * 1000.0**4:.9g}" in text
