"""Fluxes at points, and rays among reflecting walls, solids and meshes."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import xarray
from numpy.testing import assert_allclose
from PIL import Image

import raytrace_rte as rte
from raytrace_rte import exact

SIGMA = 5.670374419e-8
BOX = rte.uniform((0, 0, 0), (1, 1, 1), (20, 20, 20))
CLEAR = rte.Medium(BOX, np.zeros(BOX.shape), np.zeros(BOX.shape))
SLAB = rte.Medium(rte.Cartesian([0, 1]), [[[1.0]]], [[[1.0]]])
KILOWATT = (1000.0 / SIGMA) ** 0.25


def test_box_view_factors():
    # FDS verification case radiation_box: face x = 0 at 1 kW/m2, incident flux on the opposite face, y = z.
    known = [0.1457, 0.1603, 0.1748, 0.1888, 0.2018, 0.2135, 0.2233, 0.2311, 0.2364, 0.2391]
    y = 0.025 + 0.05 * np.arange(10)
    points = np.stack([np.ones(10), y, y], axis=1)
    sensor = rte.radiometer(points, [-1, 0, 0], directions=10_000)
    flux = rte.solve(CLEAR, sensor, rte.black(0.0, x_min=KILOWATT)).incident_flux / 1000
    assert_allclose(flux, known, rtol=5e-3)
    coarse = rte.solve(
        CLEAR, rte.radiometer(points, [-1, 0, 0], directions=400), rte.black(0.0, x_min=KILOWATT)
    )
    assert np.abs(coarse.value / 1000 / known - 1).max() > 5e-3  # canary
    assert coarse.error_estimate.max() > 5.0


@pytest.mark.parametrize("tau", [0.01, 0.1, 0.5, 1.0, 10.0, 1e4])
def test_plane_layer(tau):
    # FDS verification case radiation_plane_layer, sigma = 5.67e-8 there.
    grid = rte.Cartesian(np.linspace(0, 1, 11))
    source = 5.67e-8 * 1273.15**4 / np.pi
    medium = rte.Medium(grid, np.full(grid.shape, tau), np.full(grid.shape, source))
    known = np.pi * source * exact.slab_flux(tau)
    assert_allclose(rte.solve(medium, rte.heat_source(100)).wall_incident_flux["x_min"], known, rtol=1e-3)
    # A radiometer's directions are not made for the grazing rays that carry a thin slab's flux.
    flux = rte.solve(medium, rte.wall_flux("x_min", directions=2000)).value
    assert_allclose(flux, known, rtol=1e-3 if tau >= 0.1 else 1e-2)


def test_thermocouple_bead():
    # FDS verification case TC_view_factor: half of the walls at 20 C, half at 500 C.
    y = np.where(BOX.centres[1] < 0.5, 293.15, 773.15)
    half = rte.black(np.broadcast_to(y[:, None], (20, 20)))
    across = rte.black(np.broadcast_to(y[None, :], (20, 20)))
    walls = rte.black(293.15, y_max=773.15, x_min=half, x_max=half, z_min=across, z_max=across)
    result = rte.solve(CLEAR, rte.incident([[0.5, 0.5, 0.5]], directions=2000), walls)
    bead = (result.G[0] / (4 * SIGMA)) ** 0.25 - 273.15
    assert abs(bead - 380.3) <= 0.3


def test_isothermal_sphere_and_cylinder():
    # On voxels, each with the fraction of its volume that is inside.
    n, tau = 64, 1.0
    grid = rte.uniform((-1.1,) * 3, (1.1,) * 3, (n,) * 3)
    fine = np.add.outer(grid.x[:-1], (np.arange(6) + 0.5) / 6 * np.diff(grid.x)[0])
    parts = [fine[s] for s in np.array_split(np.arange(n), 16)]
    square = fine**2
    inside = np.concatenate([
        np.mean(
            (part**2)[:, :, None, None, None, None] + square[None, None, :, :, None, None]
            + square[None, None, None, None, :, :] < 1.0, axis=(1, 3, 5),
        ) for part in parts
    ])  # fmt: skip
    medium = rte.Medium(grid, tau * inside, np.full(grid.shape, 1 / np.pi))
    centre = rte.solve(medium, rte.incident([[0.0, 0.0, 0.0]], directions=600))
    assert_allclose(centre.G / 4, 1 - np.exp(-tau), rtol=2e-3)


def test_wall_flux_of_the_sweep_agrees():
    medium = rte.Medium(BOX, np.ones(BOX.shape), np.full(BOX.shape, 1 / np.pi))
    sweep = rte.solve(medium, rte.heat_source(974)).wall_incident_flux["y_max"]
    points = rte.solve(medium, rte.wall_flux("y_max", directions=900)).value
    assert np.sqrt(np.mean((sweep / points - 1) ** 2)) < 0.01


def test_fluxes_of_an_enclosure():
    medium = rte.Medium(BOX, np.ones(BOX.shape), np.full(BOX.shape, rte.blackbody(1000.0)))
    for sensor in (rte.radiometer([0.2, 0.3, 0.4], [1, 2, 3], 40.0), rte.wall_flux("z_min", directions=36)):
        result = rte.solve(medium, sensor, rte.black(1000.0))
        share = np.sin(np.radians(20.0)) ** 2 if sensor.settings()["kind"] == "radiometer" else 1.0
        assert_allclose(result.incident_flux, share * SIGMA * 1000.0**4, rtol=1e-9)
        assert_allclose(result.net_flux(1000.0, 0.7), 0.0, atol=1e-6)
        assert_allclose(result.net_flux(0.0, 0.5), 0.5 * result.value)
        assert_allclose(result.gauge_flux(300.0), share * SIGMA * (1000.0**4 - 300.0**4), rtol=1e-9)
    G = rte.solve(medium, rte.incident([[0.5, 0.5, 0.5]]), rte.black(1000.0))
    assert_allclose(G.G, 4 * SIGMA * 1000.0**4, rtol=1e-9)
    with pytest.raises(rte.InputError, match="no surface"):
        G.net_flux(300.0)


def test_a_radiometer_outside_sees_the_surroundings():
    result = rte.solve(CLEAR, rte.radiometer([5, 5, 5], [1, 0, 0]), rte.black(400.0))
    assert_allclose(result.value, SIGMA * 400.0**4, rtol=1e-9)


def test_mirrored_rays_see_the_other_half():
    rng = np.random.default_rng(1)
    half = rte.uniform((0, 0, 0), (1, 1, 1), (6, 6, 6))
    kappa, source = rng.uniform(0, 2, half.shape), rng.uniform(1, 3, half.shape)
    whole = rte.uniform((-1, 0, 0), (1, 1, 1), (12, 6, 6))
    both = [np.concatenate((a[::-1], a)) for a in (kappa, source)]
    origin = np.column_stack([np.full(50, 0.9), rng.uniform(0.1, 0.9, (50, 2))])
    direction = np.column_stack([np.full(50, -1.0), rng.normal(0, 0.3, (50, 2))])
    rays = rte.Rays(origin, direction)
    part = rte.solve(
        rte.Medium(half, kappa, source), rays, rte.black(500.0, x_min=rte.mirror()), rte.March(1)
    )
    full = rte.solve(rte.Medium(whole, *both), rays, rte.black(500.0), rte.March(1))
    assert_allclose(part.value, full.value, rtol=1e-10)


@pytest.mark.parametrize("rtol", [1e-2, 1e-4, 1e-6])
def test_auto_among_mirrors_is_the_march_through_the_unfolded_box(rtol):
    """The field is even about the mirror and constant beside it, so that both boxes have the same slopes."""
    rng = np.random.default_rng(2)
    n = 24
    half = rte.uniform((0, 0, 0), (1, 1, 1), (n, n, n))
    whole = rte.uniform((-1, 0, 0), (1, 1, 1), (2 * n, n, n))
    x, y, z = np.meshgrid(*half.centres, indexing="ij")
    inner = np.maximum(x - 2.6 / n, 0.0)
    kappa = 3.0 + 20.0 * inner * (1 + y * z)
    source = rte.blackbody(800.0 + 900.0 * np.sin(3 * inner + 2 * y) * np.cos(2 * z) * inner)
    both = [np.concatenate((a[::-1], a)) for a in (kappa, source)]
    origin = np.column_stack([rng.uniform(0.02, 0.4, 300), rng.uniform(0.2, 0.8, (300, 2))])
    direction = np.column_stack([np.full(300, -1.0), rng.normal(0, 0.4, (300, 2))])
    rays = rte.Rays(origin, direction)
    walls = {"x_max": 2000.0}
    auto = rte.solve(rte.Medium(half, kappa, source), rays, rte.black(500.0, **walls, x_min=rte.mirror()),
                     rte.Auto(rtol))  # fmt: skip
    unfolded = rte.solve(rte.Medium(whole, *both), rays, rte.black(500.0, **walls, x_min=2000.0), rte.March())
    off = np.abs(auto.value - unfolded.value)
    assert (off <= auto.error_bound + 1e-12 * unfolded.value.max()).all()
    assert (auto.error_bound <= rtol * auto.value + auto.stats["budget"]["absolute"]).all()
    if rtol > 1e-4:
        assert off.max() > 0  # canary: something was left out


def test_periodic_rays_cross_again():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4))
    medium = rte.Medium(grid, np.full(grid.shape, 0.3), np.full(grid.shape, 2.0))
    faces = {f: rte.periodic() for f in ("y_min", "y_max", "z_min", "z_max")}
    angle = np.radians([10.0, 40.0, 80.0])
    rays = rte.Rays([0, 0.5, 0.5], np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1))
    result = rte.solve(medium, rays, rte.open_(intensity=5.0, **faces), rte.March())
    assert_allclose(result.value, exact.isothermal_ray(0.3 / np.cos(angle), 2.0, 5.0), rtol=1e-10)


def test_grey_walls_reflect():
    # Clear gas, one face hot and black, the others grey and cold: what they show is what they reflect.
    walls = rte.grey(0.0, 0.25, x_min=rte.black(KILOWATT))
    result = rte.solve(CLEAR, rte.radiometer([0.999, 0.5, 0.5], [-1, 0, 0], directions=2000), walls)
    direct = rte.solve(CLEAR, rte.radiometer([0.999, 0.5, 0.5], [-1, 0, 0], directions=2000),
                       rte.black(0.0, x_min=KILOWATT))  # fmt: skip
    assert result.value > 1.3 * direct.value
    assert result.value < 1000.0


def cube(low, high):
    """Vertices and outward triangles of a cube."""
    corner = np.array([[x, y, z] for x in (low, high) for y in (low, high) for z in (low, high)], float)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return corner, np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])


class TestMesh:
    @pytest.fixture(autouse=True)
    def _extra(self):
        pytest.importorskip("trimesh", reason="meshes need the extra [walls]")
        pytest.importorskip("embreex", reason="meshes need the extra [walls]")

    def test_a_cube_ends_rays(self):
        medium = rte.Medium(BOX, np.full(BOX.shape, 0.8), np.full(BOX.shape, 2.0))
        thing = rte.mesh(cube(0.31, 0.69), 700.0)
        rays = rte.Rays([[-1, 0.5, 0.52], [-1, 0.1, 0.1], [0.1, 0.4, 0.6]], [[1, 0, 0], [1, 0, 0], [1, 0, 0]])
        result = rte.solve(medium, rays, rte.black(300.0), objects=[thing])
        length, behind = [0.31, 1.0, 0.21], rte.blackbody([700.0, 300.0, 700.0])
        expected = [exact.isothermal_ray(0.8 * s, 2.0, b) for s, b in zip(length, behind, strict=True)]
        assert_allclose(result.value, expected, rtol=1e-9)

    def test_flux_on_triangles_of_an_enclosure(self):
        medium = rte.Medium(BOX, np.ones(BOX.shape), np.full(BOX.shape, rte.blackbody(900.0)))
        thing = rte.mesh(cube(0.3, 0.7), 900.0, 0.4)
        result = rte.solve(medium, rte.mesh_flux(thing, 50), rte.black(900.0), objects=[thing])
        assert result.value.shape == (12,)
        assert_allclose(result.net_flux(900.0, 0.4), 0.0, atol=1e-4 * SIGMA * 900.0**4)

    def test_cells_inside(self):
        inside = rte.mesh(cube(0.3, 0.7), 900.0).inside(BOX)
        x = (BOX.centres[0] > 0.3) & (BOX.centres[0] < 0.7)
        assert (inside == (x[:, None, None] & x[None, :, None] & x[None, None, :])).all()

    def test_not_where_it_has_no_meaning(self):
        thing = rte.mesh(cube(0.3, 0.7), 900.0)
        with pytest.raises(rte.InputError, match="solid cells, not meshes"):
            rte.solve(CLEAR, rte.heat_source(), objects=[thing])
        with pytest.raises(rte.InputError, match="use Auto or March"):
            rte.solve(CLEAR, rte.Rays([0, 0, 0], [1, 1, 1]), method=rte.Thin(), objects=[thing])


def test_files_and_pictures(tmp_path):
    points = [[0.5, 0.5, 0.5], [0.2, 0.5, 0.5]]
    result = rte.solve(CLEAR, rte.radiometer(points, [0, 0, 1], directions=36), rte.black(500.0))
    with open(result.save(tmp_path / "a.csv")) as file:
        rows = list(csv.reader(line for line in file if not line.startswith("#")))
    columns = {name: [float(row[n]) for row in rows[1:]] for n, name in enumerate(rows[0])}
    assert_allclose([columns[f"{axis} [m]"] for axis in "xyz"], np.transpose(points))
    np.testing.assert_array_equal(columns["incident_flux [W m-2]"], result.value)
    with xarray.open_dataset(result.save(tmp_path / "a.h5"), engine="h5netcdf") as data:
        assert data.incident_flux.dims == data.error_bound.dims == data.error_estimate.dims == ("point",)
        assert_allclose(data.x, [0.5, 0.2])
        assert_allclose(data.normal_z, 1.0)
        np.testing.assert_array_equal(data.incident_flux, result.value)
        assert data.incident_flux.attrs["units"] == "W m-2"
    (axes,) = result.plot(tmp_path / "a.png").axes
    assert "incident flux" in axes.get_ylabel()
    assert_allclose(axes.lines[0].get_ydata(), result.value)
    assert np.asarray(Image.open(tmp_path / "a.png")).std() > 1
    face = rte.solve(CLEAR, rte.wall_flux("x_min", directions=18), rte.black(500.0, x_max=900.0))
    with xarray.open_dataset(face.save(tmp_path / "b.h5"), engine="h5netcdf") as data:
        assert data.incident_flux.dims == ("y", "z")
        np.testing.assert_array_equal(data.y, BOX.centres[1])
        np.testing.assert_array_equal(data.incident_flux, face.incident_flux)
    axes, _ = face.plot().axes
    assert_allclose(axes.collections[0].get_array(), face.value.T)
    assert "18 directions" in repr(face)
    spectrum = rte.Spectrum.bands([0.0, 3e-6, np.inf])
    bands = rte.Medium(BOX, *np.zeros((2, *BOX.shape, 2)), spectrum)
    flux = rte.solve(bands, rte.radiometer(points, [0, 0, 1], directions=18), rte.black(900.0))
    with xarray.open_dataset(flux.save(tmp_path / "c.h5"), engine="h5netcdf") as data:
        assert data.incident_flux.dims == ("point", "band")
        np.testing.assert_array_equal(data.band_edges, spectrum.edges)
        assert_allclose(data.incident_flux.sum("band"), SIGMA * 900.0**4, rtol=1e-9)


@pytest.mark.parametrize(("make", "text"), [
    (lambda: rte.radiometer([0, 0, 0], [0, 0, 1], 0.0), "view_angle_deg is 0.0; expected a number > 0 and <= 180"),
    (lambda: rte.radiometer([0, 0, 0], [0, 0, 1], 200.0), "<= 180"),
    (lambda: rte.radiometer([0, 0, 0], [0, 0, 0]), "zero length|normal is"),
    (lambda: rte.radiometer([0, 0], [0, 0, 1]), "expected finite numbers"),
    (lambda: rte.radiometer([[0, 0, 0]] * 3, [[0, 0, 1]] * 2), "3 positions but 2 normals"),
    (lambda: rte.wall_flux("x_mn"), "no face 'x_mn'"),
    (lambda: rte.incident([[0, 0, np.nan]]), "expected finite numbers"),
    (lambda: rte.incident([[0, 0, 0]], directions=3), "directions is 3; expected a whole number >= 18"),
    (lambda: rte.solve(CLEAR, rte.wall_flux("x_min"), method=rte.Thin()), "needs Auto or March"),
    (lambda: rte.solve(SLAB, rte.wall_flux("y_min")), "at infinity"),
    (lambda: rte.solve(CLEAR, rte.wall_flux("x_min", 18)).net_flux(300.0, 2.0), "emissivity is 2.0"),
    (lambda: rte.solve(CLEAR, rte.wall_flux("x_min", 18)).net_flux(-1.0), "T_wall is -1.0"),
])  # fmt: skip
def test_bad_input(make, text):
    with pytest.raises(rte.InputError, match=text):
        make()
