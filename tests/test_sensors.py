"""Cameras, rays, walls: geometry and bad input."""

from __future__ import annotations

import numpy as np
import pytest

import raytrace_rte as rte
from raytrace_rte.sensors.images import z_order


def all_rays(sensor):
    return sensor.take(np.arange(int(np.prod(sensor.shape))))


def test_perspective_camera():
    camera = rte.camera((0, -2, 0.5), (0, 0, 0.5), shape=(300, 400), field_of_view_deg=40)
    d = all_rays(camera).direction.reshape(300, 400, 3)
    forward = np.array([0.0, 1.0, 0.0])
    middle = d[149:151, 199:201].mean(axis=(0, 1))
    np.testing.assert_allclose(middle / np.linalg.norm(middle), forward, atol=1e-12)
    assert d[0, 200, 2] > 0 > d[-1, 200, 2]  # row 0 is the top
    assert d[150, -1, 0] > 0  # looking along +y with z up, the right is +x
    top = np.degrees(np.arctan2(d[0, 200, 2], d[0, 200, 1]))
    pitch = 2 * np.tan(np.radians(20)) / 300
    assert np.tan(np.radians(top)) == pytest.approx(np.tan(np.radians(20)) - 0.5 * pitch, rel=1e-9)
    np.testing.assert_allclose(np.linalg.norm(d, axis=2), 1.0, rtol=1e-15)


def test_orthographic_camera():
    camera = rte.camera_orthographic((0, 0, 5), (0, 0, 0), shape=(20, 40), width=2.0, up=(0, 1, 0))
    rays = all_rays(camera)
    o = rays.origin.reshape(20, 40, 3)
    np.testing.assert_array_equal(rays.direction, np.broadcast_to([0, 0, -1], (800, 3)))
    np.testing.assert_allclose(o[0, 0], [-0.975, 0.475, 5], rtol=1e-14)
    np.testing.assert_allclose(o[-1, -1], [0.975, -0.475, 5], rtol=1e-14)


@pytest.mark.parametrize("shape", [(1, 1), (45, 70), (64, 128), (3, 500)])
def test_each_pixel_is_visited_once(shape):
    camera = rte.camera((0, -2, 0), (0, 0, 0), shape=shape)
    assert (np.sort(camera.order()) == np.arange(shape[0] * shape[1])).all()


@pytest.mark.parametrize("side", [2, 8, 64])
def test_neighbours_are_visited_together(side):
    order = rte.camera((0, -2, 0), (0, 0, 0), shape=(100, 200)).order()
    rows, columns = np.divmod(order[: side * side], 200)
    assert (rows.max(), columns.max()) == (side - 1, side - 1)


def test_single_origin_or_direction_is_shared():
    rays = rte.Rays([0, 0, 0], [[1, 0, 0], [0, 2, 0]])
    assert rays.origin.shape == (2, 3)
    np.testing.assert_array_equal(rays.direction[1], [0, 1, 0])


def test_rays_keep_their_own_numbers():
    origin = np.zeros((4, 3))
    rays = rte.Rays(origin, np.eye(3)[0])
    before = rays.settings()
    origin[:] = 7.0
    assert (rays.origin == 0.0).all()
    assert rays.settings() == before == rte.Rays(np.zeros((4, 3)), [1, 0, 0]).settings()


def test_huge_and_tiny_directions_are_normalised():
    rays = rte.Rays([0, 0, 0], [[1e300, 1e300, 0], [1e-300, 0, 1e-300], [1, 1e-160, 0]])
    np.testing.assert_allclose(np.linalg.norm(rays.direction, axis=1), 1.0)
    assert rays.direction[2, 1] == 0.0


def test_no_rays_are_no_error():
    medium = rte.Medium(rte.uniform((0, 0, 0), (1, 1, 1), (2, 2, 2)), np.ones((2, 2, 2)), np.ones((2, 2, 2)))
    none = np.empty((0, 3))
    for rays in (rte.Rays(none, none), rte.Rays(none, [1, 0, 0]), rte.Rays([1, 0, 0], none)):
        for method in (rte.March(2), rte.Auto(1e-3)):
            assert rte.solve(medium, rays, method=method).value.shape == (0,)


def test_negligible_tilt_of_a_camera_is_none():
    tilted, straight = (
        rte.camera_orthographic((0, 0.5, -2), (x, 0.5, -1), (3, 3), 0.4, up=(0, 1, 0)) for x in (1e-310, 0)
    )
    np.testing.assert_array_equal(tilted.take(slice(None)).direction, straight.take(slice(None)).direction)


def test_a_row_of_pixels_takes_no_memory_for_a_square():
    import tracemalloc

    tracemalloc.start()
    assert len(z_order(1, 100_000)) == 100_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_walls():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4))
    clear = rte.Medium(grid, np.zeros(grid.shape), np.zeros(grid.shape))
    out = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]
    rays = rte.Rays([0.4, 0.5, 0.6], out)
    walls = rte.black(300.0, x_max=400.0, x_min=500.0, y_max=600.0, y_min=700.0, z_max=800.0)
    expected = [rte.blackbody(T) for T in (400.0, 500.0, 600.0, 700.0, 800.0, 300.0)]
    np.testing.assert_array_equal(rte.solve(clear, rays, walls).value, expected)
    assert (rte.solve(clear, rays).value == 0).all()
    assert (rte.solve(clear, rays, rte.open_(temperature=350)).value == rte.blackbody(350.0)).all()
    assert (rte.solve(clear, rays, rte.open_(intensity=3.5)).value == 3.5).all()


def test_a_change_of_walls_changes_only_what_comes_through():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4))
    medium = rte.Medium(grid, np.ones(grid.shape), np.full(grid.shape, 2.0))
    rays = rte.Rays([0.5, 0.5, 0.5], np.eye(3))
    exact = rte.March(2)
    cold = rte.solve(medium, rays, method=exact)
    hot = rte.solve(medium, rays, rte.black(900.0), exact)
    np.testing.assert_array_equal(hot.value, cold.value + cold.transmittance * rte.blackbody(900.0))


GRID = rte.uniform((0, 0, 0), (1, 1, 1), (2, 2, 2))
ONES = np.ones((2, 2, 2))
RAY = rte.Rays([0, 0, 0], [1, 0, 0])
BAD = {
    "direction 0 has zero length": lambda: rte.Rays([0, 0, 0], [0, 0, 0]),
    "expected (n_ray, 3)": lambda: rte.Rays([0, 0], [1, 0, 0]),
    "origin 1 is [nan": lambda: rte.Rays([[0, 0, 0], [np.nan, 0, 0]], [1, 0, 0]),
    "3 origins but 2 directions": lambda: rte.Rays(np.zeros((3, 3)), np.ones((2, 3))),
    "field_of_view_deg is 190": lambda: rte.camera((0, 0, 0), (1, 0, 0), field_of_view_deg=190),
    "must differ": lambda: rte.camera((1, 2, 3), (1, 2, 3)),
    "points along the line of sight": lambda: rte.camera((0, 0, 0), (0, 0, 1)),
    "columns in shape is 0; expected a whole number >= 1": lambda: rte.camera(
        (0, 0, 0), (1, 0, 0), shape=(10, 0)
    ),
    "expected (rows, columns)": lambda: rte.camera((0, 0, 0), (1, 0, 0), shape=(10, 1, 2)),
    "width is -1": lambda: rte.camera_orthographic((0, 0, 0), (1, 0, 0), width=-1),
    "three finite numbers": lambda: rte.camera((0, 0), (1, 0, 0)),
    "(did you mean 'x_min'?)": lambda: rte.black(300.0, xmin=4),
    "temperature is -3": lambda: rte.black(-3),
    "found both": lambda: rte.open_(temperature=3, intensity=4),
    "expected numbers >= 0": lambda: rte.open_(intensity=-4),
    "3 intensities for 1 band": lambda: rte.open_(intensity=[1, 2, 3]).light(rte.Medium(GRID, ONES, ONES)),
    "positions must increase, but face 1": lambda: rte.Cartesian([0, 2, 1]),
    "at least 2 face positions": lambda: rte.Cartesian([0]),
    "[-inf, inf]": lambda: rte.Cartesian([0, np.inf]),
    "order is 3": lambda: rte.March(3),
    "terms is 5": lambda: rte.Thick(5),
    "kappa: cell (0, 1, 0) is -1 (1 of 8": lambda: rte.Medium(
        GRID, np.array([1, 1, -1, 1, 1, 1, 1, 1.0]).reshape(2, 2, 2), ONES
    ),
    "source: found shape (2, 2)": lambda: rte.Medium(GRID, ONES, ONES[0]),
    "kappa: cell (0, 0, 0) is nan (8 of 8": lambda: rte.Medium(GRID, np.nan * ONES, ONES),
    "threads: n is 0": lambda: rte.solve(rte.Medium(GRID, ONES, ONES), RAY, threads=0),
    "spectrum is None, but kappa has a band axis of 2": lambda: rte.solve(
        rte.Medium(GRID, np.ones((2, 2, 2, 2)), np.ones((2, 2, 2, 2))), RAY, rte.black(3)
    ),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_one_clear_message(message):
    with pytest.raises(rte.InputError) as caught:
        BAD[message]()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
