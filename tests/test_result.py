"""Results: what they hold, and the files they become."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray
from PIL import Image

import raytrace_rte as rte


@pytest.fixture(scope="module")
def camera():
    return rte.camera_orthographic((0, -2, 0.5), (0, 0, 0.5), shape=(30, 20), width=0.6)


@pytest.fixture(scope="module")
def result(camera):
    medium = rte.absorption.given(rte.sample("smooth-plume", 16))
    return rte.solve(medium, camera, rte.black(300.0), rte.March(2))


def test_a_result_says_how_far_it_can_be_trusted(result):
    assert (result.error_bound == 0).all()
    assert result.error_estimate is None
    assert result.stats["rays"] == 600
    assert result.stats["crossings"] > 600
    assert {"cell_mean", "cell_max", "domain", "ray_min", "ray_median", "ray_max"} <= set(
        result.stats["optical_depth"]
    )
    assert result.config["walls"] == {"kind": "black", "temperature": 300.0}
    assert "march(order=2)" in repr(result)


def test_limits_have_no_bound_but_an_estimate():
    medium = rte.absorption.given(rte.sample("smooth-plume", 8))
    thin = rte.solve(medium, rte.Rays([0, -2, 0.4], [0, 1, 0]), method=rte.Thin())
    assert np.isnan(thin.error_bound).all()
    assert thin.error_estimate[0] > 0
    assert "without a bound" in thin.summary()


def test_thick_cells_and_constant_march_give_a_warning():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (2, 2, 2))
    medium = rte.Medium(grid, np.full(grid.shape, 100.0), np.ones(grid.shape))
    ray = rte.Rays([-1, 0.4, 0.4], [1, 0, 0])
    assert "use March(order=2)" in rte.solve(medium, ray, method=rte.March(1)).notes()[0]
    assert rte.solve(medium, ray, method=rte.March(2)).notes() == []


def test_hdf5_opens_in_xarray_with_units_and_dimensions(result, camera, tmp_path):
    result.save(tmp_path / "r.h5")
    with xarray.open_dataset(tmp_path / "r.h5", engine="h5netcdf") as data:
        assert data.radiance.dims == ("y", "x")
        assert data.radiance.attrs["units"] == "W m-2 sr-1"
        assert data.x.attrs["units"] == "m"
        np.testing.assert_array_equal(data.radiance, result.value)
        np.testing.assert_allclose(data.x, camera.columns)
        assert json.loads(data.attrs["config"])["method"]["kind"] == "march"
        xarray.testing.assert_identical(data.drop_attrs(), result.to_xarray().drop_attrs())
    back = rte.load(tmp_path / "r.h5")
    np.testing.assert_array_equal(back.value, result.value)
    assert back.summary() == result.summary()


def test_bands_and_profiles_open_in_xarray(tmp_path):
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4))
    ones = np.ones((4, 4, 4, 2))
    spectrum = rte.Spectrum.bands([0.0, 2e-6, np.inf])
    bands = rte.solve(rte.Medium(grid, ones, ones, spectrum), rte.Rays([0.5, 0.5, 0.5], np.eye(3)))
    bands.save(tmp_path / "bands.h5")
    with xarray.open_dataset(tmp_path / "bands.h5", engine="h5netcdf") as data:
        assert data.radiance.dims == ("ray", "band")
        assert data.origin.dims == ("ray", "axis")
        np.testing.assert_array_equal(data.band_edges, spectrum.edges)
    line = rte.solve(
        rte.Medium(grid, ones[..., 0], ones[..., 0]), rte.line_of_sight((-1, 0.4, 0.4), (1, 0, 0))
    )
    line.save(tmp_path / "line.h5")
    with xarray.open_dataset(tmp_path / "line.h5", engine="h5netcdf") as data:
        assert data.profile_kappa.dims == ("s",)
        np.testing.assert_allclose(data.profile_contribution.sum(), line.value[0], rtol=1e-14)


def test_profile_of_a_line_of_sight():
    grid = rte.Cartesian(np.linspace(0, 1, 11))
    T = 1000 + 500 * grid.centres[0].reshape(grid.shape)
    medium = rte.Medium(grid, np.full(grid.shape, 3.0), rte.blackbody(T))
    line = rte.solve(medium, rte.line_of_sight((-1, 0, 0), (1, 0, 0)), rte.black(400.0), rte.March(2))
    p = line.profile
    np.testing.assert_allclose(p["s"], 1 + grid.centres[0], rtol=1e-14)
    np.testing.assert_allclose(p["optical_depth"], 3 * grid.centres[0], rtol=1e-13)
    np.testing.assert_allclose(p["temperature"], T.ravel(), rtol=1e-3)
    wall = np.exp(-3.0) * rte.blackbody(400.0)
    assert p["contribution"].sum() + wall == pytest.approx(line.value[0], rel=1e-14)


def test_tiff_is_float32_with_units(result, tmp_path):
    result.save(tmp_path / "r.tif")
    image = Image.open(tmp_path / "r.tif")
    np.testing.assert_array_equal(np.asarray(image), result.value.astype(np.float32))
    assert json.loads(image.tag_v2[270])["units"] == "W m-2 sr-1"


@pytest.mark.parametrize("quantity", ["radiance", "brightness_temperature", "transmittance", "optical_depth"])
def test_pictures(result, tmp_path, quantity):
    path = tmp_path / "r.png"
    figure = result.plot(path, quantity)
    assert np.asarray(Image.open(path)).std() > 10
    (axes,) = figure.axes
    (bar,) = axes.child_axes
    assert quantity.replace("_", " ") in bar.get_ylabel()
    assert axes.get_ylabel() == "position up the image [m]"


def test_perspective_pictures_are_labelled_in_degrees():
    medium = rte.absorption.given(rte.sample("smooth-plume", 8))
    camera = rte.camera((0, -2, 0.5), (0, 0, 0.5), shape=(20, 30), field_of_view_deg=40)
    axes = rte.solve(medium, camera).plot().axes[0]
    assert axes.get_xlabel() == "angle to the right [degree]"
    ticks = dict(zip([t.get_text() for t in axes.get_yticklabels()], axes.get_yticks(), strict=True))
    assert ticks["10"] == pytest.approx(np.tan(np.radians(10)))


def test_notebooks_show_summary_and_picture(result):
    html = result._repr_html_()
    assert "cell crossings" in html
    assert "data:image/png;base64," in html


def test_bad_requests(result, tmp_path):
    with pytest.raises(rte.InputError, match=r"suffix '.jpg'; expected .h5"):
        result.save(tmp_path / "r.jpg")
    with pytest.raises(rte.InputError, match="did you mean 'radiance'"):
        result.plot(quantity="radience")
    with pytest.raises(rte.InputError, match="VTKHDF holds cells"):
        result.save(tmp_path / "r.vtkhdf")
    with pytest.raises(rte.InputError, match="cannot be written"):
        result.save(tmp_path / "no" / "r.h5")
    assert list(tmp_path.iterdir()) == []
