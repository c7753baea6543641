"""Cells of meshes, and rings of axisymmetric fields, onto Cartesian grids: what is kept, against closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.spatial import ConvexHull, Delaunay, HalfspaceIntersection

import raytrace_rte as rte
from raytrace_rte.media.resample import resampled
from raytrace_rte.media.rings import of_rings
from raytrace_rte.media.shares import of_tetrahedra

HOT = 1500.0
CUBE = np.array([(x, y, z) for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)])
FIVE = np.array([(0, 3, 5, 6), (1, 0, 3, 5), (2, 0, 6, 3), (4, 0, 5, 6), (7, 3, 6, 5)])
"""A cube in five tetrahedra."""


def ball(count, rng):
    """A tetrahedral mesh of a ball: points and tetrahedra. Its hull is the same in all octants."""
    shell = np.abs(rng.normal(size=(count, 3)))
    shell /= np.linalg.norm(shell, axis=1)[:, None]
    shell = np.concatenate((shell, np.eye(3)))
    signs = np.array([(a, b, c) for a in (1, -1) for b in (1, -1) for c in (1, -1)])
    hull = np.unique((shell[:, None] * signs).reshape(-1, 3), axis=0)
    inner = rng.normal(size=(4 * count, 3))
    inner *= 0.93 * rng.random((4 * count, 1)) ** (1 / 3) / np.linalg.norm(inner, axis=1)[:, None]
    points = np.concatenate((hull, inner))
    return points, Delaunay(points).simplices.astype(np.int64)


def volumes(points, tetrahedra):
    corners = points[tetrahedra]
    return np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])) / 6.0


def in_voxel(corners, low, high):
    """The volume of a tetrahedron in a box, from the hull of where their half-spaces meet."""
    hull = ConvexHull(corners).equations
    box = np.concatenate((np.c_[-np.eye(3), low], np.c_[np.eye(3), -high]))
    planes = np.concatenate((hull, box))
    from scipy.optimize import linprog

    norm = np.linalg.norm(planes[:, :3], axis=1)
    best = linprog((0, 0, 0, -1), np.c_[planes[:, :3], norm], -planes[:, 3], bounds=(None, None))
    if best.x[3] < 1e-9:
        return 0.0
    return ConvexHull(HalfspaceIntersection(planes, best.x[:3]).intersections).volume


def cells_of(temperature, **quantities):
    """A field of cells in a row."""
    n = len(temperature)
    row = {name: np.asarray(a).reshape(n, 1, 1) for name, a in quantities.items()}
    return rte.Field(rte.Cartesian(np.arange(n + 1.0)), np.reshape(temperature, (n, 1, 1)), **row)


def far_flux(radius, kappa, distance, intensity):
    """The flux onto a surface that faces an isothermal ball from outside, nothing else around [W/m2]."""
    chord = lambda a: 2.0 * np.sqrt(max(radius**2 - (distance * np.sin(a)) ** 2, 0.0))  # noqa: E731
    seen = lambda a: np.sin(a) * np.cos(a) * -np.expm1(-kappa * chord(a))  # noqa: E731
    return 2.0 * np.pi * intensity * quad(seen, 0.0, np.arcsin(radius / distance), epsabs=1e-13)[0]


def emission(medium):
    """kappa S times volume, of each voxel."""
    wx, wy, wz = medium.grid.widths
    return medium.kappa * medium.source * (wx[:, None, None] * wy[:, None] * wz)


def test_volumes_in_voxels_are_those_of_half_spaces(rng):
    grid = rte.Cartesian(*(np.cumsum(rng.uniform(0.2, 0.5, 4)) - 0.4 for _ in range(3)))
    points = CUBE[[0, 3, 5, 6]] * 1.2 + rng.uniform(-0.1, 0.1, (4, 3))
    shares = of_tetrahedra(points, np.arange(4)[None], np.zeros(1, np.int64), 1, grid)
    found = shares.integrals(np.ones(1))
    assert (found > 0.0).sum() > 8
    for i, j, k in np.ndindex(found.shape):
        low = np.array([grid.x[i], grid.y[j], grid.z[k]])
        high = np.array([grid.x[i + 1], grid.y[j + 1], grid.z[k + 1]])
        assert found[i, j, k] == pytest.approx(in_voxel(points, low, high), abs=1e-9)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 2), (16, 16, 16)])
def test_shares_of_a_cell_in_the_grid_sum_to_one(rng, shape):
    points = rng.uniform(0.05, 0.95, (40, 3)) * (1.0, 2.0, 3.0)
    tetrahedra = Delaunay(points).simplices.astype(np.int64)
    shares = of_tetrahedra(
        points,
        tetrahedra,
        np.arange(len(tetrahedra)),
        len(tetrahedra),
        rte.uniform((0, 0, 0), (1, 2, 3), shape),
    )
    np.testing.assert_allclose(shares.inside.sum(axis=0), volumes(points, tetrahedra), rtol=1e-12)


def test_cells_that_fill_the_grid_cover_each_voxel_once():
    shares = of_tetrahedra(
        CUBE, FIVE, np.arange(5), 5, rte.Cartesian(*(np.linspace(0.0, 1.0, n + 1) ** 1.5 for n in (3, 4, 5)))
    )
    np.testing.assert_allclose(shares.integrals(np.ones(5)), shares.voxel_volume, rtol=1e-13)


def test_the_parts_of_a_concave_cell_that_are_too_much_are_taken_off():
    """A prism over a dart: its tetrahedra from a point beside the dent are not all of one orientation."""
    plane = np.array([(0.0, 0.0), (1.0, 0.0), (0.25, 0.25), (0.0, 1.0)])  # concave at its third corner
    points = np.concatenate([np.c_[plane, np.full(4, z)] for z in (0.0, 1.0)])
    from raytrace_rte.formats.polyhedra import solids

    tetrahedra, cell = solids(12, np.array([[1, 2, 3, 0, 5, 6, 7, 4]]), np.array([0]))
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (8, 8, 1))
    found = of_tetrahedra(points, tetrahedra, cell, 1, grid).integrals(np.ones(1))
    assert found.sum() == pytest.approx(0.25, rel=1e-12)
    assert found[4, 4, 0] == 0.0  # beyond the dent, within the hull


def test_a_sphere_of_tetrahedra_emits_what_it_did_and_is_seen_as_one(rng):
    points, tetrahedra = ball(60, rng)
    n, kappa = len(tetrahedra), 0.8
    grid = rte.uniform((-1.1,) * 3, (1.1,) * 3, (64, 64, 64))
    shares = of_tetrahedra(points, tetrahedra, np.arange(n), n, grid)
    field = resampled(cells_of(np.full(n, HOT), absorption_coefficient=np.full(n, kappa)), shares)
    medium = rte.absorption.given(field)
    volume = volumes(points, tetrahedra).sum()
    whole = kappa * rte.blackbody(HOT) * volume
    found = emission(medium)
    assert found.sum() == pytest.approx(whole, rel=1e-6)
    octants = found.reshape(2, 32, 2, 32, 2, 32).sum(axis=(1, 3, 5))
    np.testing.assert_allclose(octants, whole / 8.0, rtol=1e-3)
    assert medium.kappa.max() == pytest.approx(kappa, rel=1e-9)
    radius = (0.75 * volume / np.pi) ** (1 / 3)
    right = far_flux(radius, kappa, 4.0, rte.blackbody(HOT))
    for place in ((4.0, 0.0, 0.0), (-2.4, 0.0, -3.2)):
        seen = rte.solve(medium, rte.radiometer(place, tuple(-x for x in place), rtol=2e-3)).value[0]
        assert seen == pytest.approx(right, rel=0.01)


def test_models_are_evaluated_on_the_cells_not_on_means(rng):
    points, tetrahedra = ball(20, rng)
    n = len(tetrahedra)
    T = rng.choice((500.0, 2500.0), n)
    cells = cells_of(T, pressure=np.full(n, 101325.0))
    cells = replace(
        cells, mole_fraction={"H2O": rng.uniform(0.0, 0.2, (n, 1, 1)), "CO2": np.full((n, 1, 1), 0.1)}
    )
    grid = rte.uniform((-1, -1, -1), (1, 1, 1), (2, 3, 2))
    field = resampled(cells, of_tetrahedra(points, tetrahedra, np.arange(n), n, grid))
    own, medium = rte.absorption.planck_mean(cells), rte.absorption.planck_mean(field)
    right = (own.kappa * own.source).ravel() @ volumes(points, tetrahedra)
    assert emission(medium).sum() == pytest.approx(right, rel=1e-12)
    assert any("evaluated on" in note for note in medium.provenance["notes"])
    of_means = rte.absorption.planck_mean(replace(field, temperature=field.temperature))
    assert abs(emission(of_means).sum() / right - 1.0) > 0.02  # the canary: means of T are not enough


@pytest.mark.parametrize("model", rte.absorption.MODELS)
def test_every_model_looks_at_the_cells(model):
    assert hasattr(rte.absorption.MODELS[model], "__wrapped__"), f"{model} lacks @on_cells"


def test_weighted_sums_of_grey_gases_on_cells(rng):
    """Emission of each gas is kept, walls have the ratio of the gas beside them, the box is as long as the grid."""
    T, x = np.linspace(800.0, 2000.0, 5), np.linspace(0.1, 0.3, 5).reshape(-1, 1, 1)
    cells = replace(cells_of(T, pressure=np.full(5, 1e5)), mole_fraction={"CO2": x, "H2O": 2.0 * x})
    grid = rte.uniform((0, 0, 0), (2, 1, 1), (4, 3, 3))
    field = resampled(cells, of_tetrahedra(CUBE, FIVE, np.arange(5), 5, grid))
    medium, own = rte.absorption.wsgg(field), rte.absorption.wsgg(field.resampled.cells)
    right = volumes(CUBE, FIVE) @ (own.kappa * own.source)[:, 0, 0]
    np.testing.assert_allclose(
        (medium.kappa * medium.source).sum(axis=(0, 1, 2)) * 2.0 / 36.0, right, rtol=1e-12
    )
    np.testing.assert_allclose(medium.mole_ratio, 2.0, rtol=1e-8)
    assert not any("times the length of the box" in note for note in medium.provenance["notes"])


def test_what_a_field_of_means_holds(rng):
    """Volume times T, soot and mole fractions are kept; outside the mesh there is nothing, and T is that nearby."""
    T, x = np.array([600.0, 800.0, 1000.0, 1200.0, 1400.0]), np.linspace(0.1, 0.3, 5)
    cells = cells_of(T, soot_volume_fraction=x * 1e-6, pressure=1e5 * (1.0 + x))
    cells = replace(cells, mole_fraction={"CO2": x.reshape(-1, 1, 1)}, heat_release=x.reshape(-1, 1, 1))
    grid = rte.uniform((0, 0, 0), (2, 1, 1), (3, 3, 3))
    field = resampled(cells, of_tetrahedra(CUBE, FIVE, np.arange(5), 5, grid))
    part, voxel = volumes(CUBE, FIVE), 2.0 / 27.0
    covered = field.resampled.covered
    assert (field.temperature * covered).sum() == pytest.approx(part @ T, rel=1e-12)
    assert (field.pressure * covered).sum() == pytest.approx(part @ (1e5 * (1.0 + x)), rel=1e-12)
    for amount, scale in (
        (field.mole_fraction["CO2"], 1.0),
        (field.soot_volume_fraction, 1e-6),
        (field.heat_release, 1.0),
    ):
        assert amount.sum() * voxel == pytest.approx(scale * (part @ x), rel=1e-12)
    assert not field.valid[2].any()
    assert field.valid[:2].all()
    assert field.mole_fraction["CO2"][1].max() < 0.16  # half of these voxels is outside
    np.testing.assert_array_equal(field.temperature[2], field.temperature[1])
    assert "5 cells of a mesh" in field.provenance


def test_what_lies_beyond_the_grid_is_said():
    cells = cells_of(np.full(5, HOT), absorption_coefficient=np.ones(5))
    grid = rte.uniform((0, 0, 0), (0.5, 1, 1), (2, 3, 4))
    medium = rte.absorption.given(resampled(cells, of_tetrahedra(CUBE, FIVE, np.arange(5), 5, grid)))
    assert "50 % of the volume of the mesh lies outside the grid" in medium.provenance["notes"]
    assert emission(medium).sum() == pytest.approx(0.5 * rte.blackbody(HOT), rel=1e-12)


def test_a_cell_without_CO2_does_not_decide_the_mole_ratio_of_a_voxel():
    """Its ratio is about 1e9: a mean of ratios would make the mixture of the other cells H2O alone."""
    H2O, CO2 = np.full(5, 0.1), np.array([0.1, 0.1, 0.0, 0.1, 0.1])
    fractions = {"H2O": H2O.reshape(-1, 1, 1), "CO2": CO2.reshape(-1, 1, 1)}
    cells = rte.Field(rte.Cartesian(np.arange(6.0)), np.full((5, 1, 1), HOT), np.asarray(101325.0), fractions)
    shares = of_tetrahedra(CUBE, FIVE, np.arange(5), 5, rte.uniform((0, 0, 0), (1, 1, 1), (1, 1, 1)))
    medium = rte.absorption.wsgg(resampled(cells, shares))
    part = 0.5 * (1.0 + volumes(CUBE, FIVE)[2])  # H2O of both
    assert medium.mole_ratio.item() == pytest.approx(part / (1.0 - part), rel=1e-8)


def test_cells_without_data_are_no_gas():
    cells = cells_of(
        np.array([HOT, np.nan, HOT, HOT, HOT][:5]), absorption_coefficient=np.ones(5), valid=np.arange(5) != 1
    )
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (2, 2, 2))
    medium = rte.absorption.given(resampled(cells, of_tetrahedra(CUBE, FIVE, np.arange(5), 5, grid)))
    assert emission(medium).sum() == pytest.approx(
        rte.blackbody(HOT) * (1.0 - volumes(CUBE, FIVE)[1]), rel=1e-12
    )


def test_bands_go_along():
    spectrum = rte.Spectrum.bands([1e-6, 3e-6, 5e-6])
    kappa = np.arange(1.0, 11.0).reshape(5, 1, 1, 2)
    cells = rte.Field(
        rte.Cartesian(np.arange(6.0)),
        np.full((5, 1, 1), HOT),
        absorption_coefficient=kappa,
        spectrum=spectrum,
    )
    grid = rte.uniform((0, 0, 0), (1, 1, 2), (2, 2, 2))
    medium = rte.absorption.given(resampled(cells, of_tetrahedra(CUBE, FIVE, np.arange(5), 5, grid)))
    right = volumes(CUBE, FIVE) @ kappa[:, 0, 0]
    np.testing.assert_allclose(medium.kappa.sum(axis=(0, 1, 2)) * 0.25, right, rtol=1e-12)
    assert not medium.kappa[:, :, 1].any()


def test_single_precision_stays():
    cells = cells_of(np.full(5, HOT, np.float32), absorption_coefficient=np.ones(5, np.float32))
    field = resampled(
        cells, of_tetrahedra(CUBE, FIVE, np.arange(5), 5, rte.uniform((0, 0, 0), (1, 1, 1), (3, 3, 3)))
    )
    medium = rte.absorption.given(field)
    assert field.temperature.dtype == medium.kappa.dtype == np.float32
    assert emission(medium).sum() == pytest.approx(rte.blackbody(HOT), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": CUBE * np.nan}, "finite positions"),
        ({"tetrahedra": FIVE + 1}, "there are 8 points"),
        ({"tetrahedra": np.concatenate((FIVE, FIVE)), "cell": np.arange(10), "n_cell": 10}, "cells overlap"),
        ({"grid": rte.Cartesian([0.0, 1.0])}, "finite along x, y and z"),
    ],
)
def test_meshes_that_cannot_be(change, said):
    sound = {
        "points": CUBE,
        "tetrahedra": FIVE,
        "cell": np.arange(5),
        "n_cell": 5,
        "grid": rte.uniform((0, 0, 0), (1, 1, 1), (2, 2, 2)),
    }
    with pytest.raises(rte.InputError, match=said):
        of_tetrahedra(**(sound | change))


def test_grids_that_miss_the_mesh_and_voxels_outside_it():
    cells = cells_of(np.full(5, HOT), absorption_coefficient=np.ones(5))

    def onto(low, high):
        return of_tetrahedra(CUBE, FIVE, np.arange(5), 5, rte.uniform(low, high, (2, 2, 2)))

    with pytest.raises(rte.InputError, match="no cell of the mesh lies between"):
        resampled(cells, onto((5, 5, 5), (6, 6, 6)))
    with pytest.raises(rte.InputError, match=r"4 of 8 voxels are outside the mesh, the first is \(1, 0, 0\)"):
        resampled(cells, onto((0, 0, 0), (2, 1, 1)), "error")
    assert resampled(cells, onto((0.1, 0, 0), (0.9, 1, 1)), "error").valid is None


# axisymmetric fields


def sphere_in_plane(n, kappa):
    """An isothermal sphere of radius 1 as (r, z), with the part of each ring that is in it."""
    r, z, fine = np.linspace(0.0, 1.1, n + 1), np.linspace(-1.1, 1.1, 2 * n + 1), 16
    mid = lambda a: ((np.arange(fine) + 0.5) / fine * np.diff(a)[:, None] + a[:-1, None]).ravel()  # noqa: E731
    inside = (mid(r)[:, None] ** 2 + mid(z) ** 2 < 1.0) * mid(r)[:, None]
    part = (
        inside.reshape(n, fine, 2 * n, fine).sum(axis=(1, 3))
        / (mid(r).reshape(n, fine).sum(axis=1) * fine)[:, None]
    )
    grid = rte.Cartesian(r, (-np.inf, np.inf), z)
    return rte.Field(grid, np.full((n, 1, 2 * n), HOT), absorption_coefficient=kappa * part[:, None])


def test_a_revolved_sphere_is_seen_as_one_the_better_the_finer():
    kappa, errors = 0.8, []
    right = far_flux(1.0, kappa, 4.0, rte.blackbody(HOT))
    for n in (8, 16, 32):
        field = rte.revolve(sphere_in_plane(n, kappa), rte.uniform((-1.1,) * 3, (1.1,) * 3, (2 * n,) * 3))
        seen = rte.solve(
            rte.absorption.given(field), rte.radiometer((4, 0, 0), (-1, 0, 0), directions=20_000)
        ).value[0]
        errors.append(abs(seen / right - 1.0))
    assert errors[0] < 0.02
    assert errors[2] < 0.002
    assert errors[0] > 2.0 * errors[1] > 4.0 * errors[2]


@pytest.mark.parametrize("radius", ["x", "y", "z"])
def test_integrals_are_kept_whichever_axis_is_the_radius(rng, radius):
    r, up = np.array([0.0, 0.2, 0.5, 0.6]), np.array([1.0, 1.5, 1.7])
    along = "xyz".index(radius)
    axis = (along + 1) % 3
    faces = [np.array([-np.inf, np.inf])] * 3
    faces[along], faces[axis] = r, up
    shape = tuple(f.size - 1 for f in faces)
    T, kappa = rng.uniform(500.0, 2000.0, shape), rng.uniform(0.1, 1.0, shape)
    field = rte.Field(rte.Cartesian(*faces), T, absorption_coefficient=kappa)
    medium = rte.absorption.given(
        rte.revolve(field, rte.uniform((-0.7, -0.7, 0.9), (0.7, 0.7, 1.8), (9, 8, 7)), radius)
    )
    rings = np.pi * np.diff(r**2)[:, None] * np.diff(up)
    table = np.moveaxis(kappa * rte.blackbody(T), (along, axis), (0, 1))[..., 0]
    assert emission(medium).sum() == pytest.approx((rings * table).sum(), rel=1e-12)
    upper = emission(medium)[:, :, medium.grid.centres[2] > 1.5].sum()  # no face lies at 1.5, but near it
    assert upper == pytest.approx((rings * table)[:, 1].sum(), rel=0.4)


def test_a_cylinder_fills_voxels_by_the_area_of_its_disc():
    field = rte.Field(
        rte.Cartesian([0.0, 1.0], z=[0.0, 2.0]),
        np.full((1, 1, 1), HOT),
        absorption_coefficient=np.ones((1, 1, 1)),
    )
    found = rte.absorption.given(
        rte.revolve(field, rte.Cartesian([0.0, 0.5, 1.5], [0.0, 0.5, 1.5], [0.0, 2.0]))
    ).kappa[:, :, 0]
    part = 0.5 * (0.5 * np.sqrt(0.75) + np.arcsin(0.5))  # of the quarter disc, with x below 0.5
    np.testing.assert_allclose(
        found, [[1.0, (part - 0.25) / 0.5], [(part - 0.25) / 0.5, np.pi / 4 - 2 * part + 0.25]], rtol=1e-12
    )


def test_thin_rings_of_one_gas_are_that_gas():
    r = np.linspace(0.0, 0.1, 41)
    flat = rte.Field(
        rte.Cartesian(r, z=[0.0, 1.0]), np.full((40, 1, 1), HOT), absorption_coefficient=np.ones((40, 1, 1))
    )
    kappa = rte.absorption.given(
        rte.revolve(flat, rte.uniform((-0.1, -0.1, 0), (0.1, 0.1, 1), (20, 20, 1)))
    ).kappa
    np.testing.assert_allclose(kappa[5:15, 5:15], 1.0, rtol=1e-11)
    assert kappa.max() < 1.0 + 1e-11


def test_triangles_and_rectangles_agree(rng):
    """A disc between two radii, as rings of rectangles and cut into triangles at random."""
    points = np.concatenate((rng.uniform((0.0, 0.0), (1.0, 1.0), (60, 2)), [(0, 0), (1, 0), (0, 1), (1, 1)]))
    triangles = Delaunay(points).simplices.astype(np.int64)
    grid = rte.uniform((-1.1, -1.1, -0.1), (1.1, 1.1, 1.2), (11, 12, 13))
    shares = of_rings(points, triangles, np.arange(len(triangles)), len(triangles), grid)
    assert shares.volume.sum() == pytest.approx(np.pi, rel=1e-12)
    square = of_rings(
        points[-4:], np.array([(0, 1, 2), (1, 3, 2)]), np.zeros(2, np.int64), 1, grid, np.array([0.0, 1.0])
    )
    many, one = (s.integrals(np.ones(len(s.volume))) / s.voxel_volume for s in (shares, square))
    assert many.sum() == pytest.approx(one.sum(), rel=1e-12)
    np.testing.assert_allclose(many, one, atol=2e-12)


@pytest.mark.parametrize(
    ("field", "radius", "said"),
    [
        (rte.sample("isothermal-box", 4), "x", "single cell along an axis other than the radius x"),
        (
            rte.Field(rte.Cartesian([-1.0, 1.0], z=[0.0, 1.0]), np.full((1, 1, 1), HOT)),
            "x",
            "radii from 0 up",
        ),
        (rte.Field(rte.Cartesian([0.0, 1.0]), np.full((1, 1, 1), HOT)), "x", "finite faces along both"),
        (rte.Field(rte.Cartesian([0.0, 1.0], z=[0.0, 1.0]), np.full((1, 1, 1), HOT)), "r", "one of x, y, z"),
    ],
)
def test_fields_that_cannot_be_revolved(field, radius, said):
    with pytest.raises(rte.InputError, match=said):
        rte.revolve(field, rte.uniform((-1, -1, 0), (1, 1, 1), (2, 2, 2)), radius)
