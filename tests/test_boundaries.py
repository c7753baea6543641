"""Walls say what they do to rays and what they emit; objects join the bodies of a scene."""

from __future__ import annotations

import numpy as np
import pytest

import raytrace_rte as rte
from raytrace_rte.boundaries.bodies import gathered
from raytrace_rte.grid import FACES

GRID = rte.uniform((0, 0, 0), (1, 1, 1), (3, 4, 5))
GAS = rte.Medium(GRID, np.ones(GRID.shape), np.ones(GRID.shape))


def box(*cells):
    mask = np.zeros(GRID.shape, bool)
    mask[cells] = True
    return mask


def test_a_temperature_for_one_face_keeps_the_kind_of_the_whole():
    """Case 15: grey(400, .8, y_max=300) made y_max black."""
    grey = rte.grey(400.0, 0.8, y_max=300.0, z_min=rte.black(500.0))
    assert grey.face("y_max").settings() == {"kind": "grey", "temperature": 300.0, "emissivity": 0.8}
    assert grey.face("z_min").settings() == {"kind": "black", "temperature": 500.0}
    assert grey.face("x_min").settings()["temperature"] == 400.0
    for beyond in (rte.open_(400.0, y_max=300.0), rte.open_(intensity=[7.0], y_max=300.0)):
        assert beyond.face("y_max").settings() == {"kind": "open", "temperature": 300.0}
        assert beyond.face("y_max").emitted(GAS)[0, 0] == rte.blackbody(300.0)
    assert rte.black(400.0, y_max=300.0).face("y_max").settings() == {"kind": "black", "temperature": 300.0}


MEANING = {
    # walls: (mirrors, wraps, returns_rays, reflects, is_wall)
    "black": (rte.black(300.0), (False, False, False, False, True)),
    "open": (rte.open_(300.0), (False, False, False, False, True)),
    "grey": (rte.grey(300.0, 0.5), (False, False, False, True, True)),
    "grey, all black": (rte.grey(300.0, 1.0), (False, False, False, False, True)),
    "a map": (rte.grey(300.0, np.array([[1.0, 0.9]])), (False, False, False, True, True)),
    "mirror": (rte.mirror(), (True, False, True, False, False)),
    "periodic": (rte.periodic(), (False, True, True, False, False)),
}


@pytest.mark.parametrize("name", MEANING)
def test_walls_are_asked_for_what_they_do(name):
    walls, expected = MEANING[name]
    assert (walls.mirrors, walls.wraps, walls.returns_rays, walls.reflects, walls.is_wall) == expected
    assert walls.plain == (name in ("black", "open", "grey, all black"))


def test_whole_walls_are_plain_where_every_face_is():
    assert rte.black(300.0, x_min=rte.open_(0.0), y_min=77.0).plain
    assert not rte.black(300.0, x_min=rte.mirror()).plain
    assert rte.black(300.0, x_min=np.full((4, 5), 300.0)).plain
    assert rte.black(300.0, y_min=rte.periodic(), y_max=rte.periodic()).periodic == (False, True, False)


def test_walls_emit_what_the_spectrum_says():
    bands = rte.Spectrum.bands([0.0, 3e-6, np.inf])
    medium = rte.Medium(GRID, np.ones((*GRID.shape, 2)), np.ones((*GRID.shape, 2)), bands)
    T = np.linspace(0.0, 900.0, 20).reshape(4, 5)
    walls = rte.black(1000.0, x_min=T, x_max=rte.mirror(), y_min=0.0)
    light = walls.light(medium)
    np.testing.assert_array_equal(light[0], bands.wall_emission(T.ravel()))
    np.testing.assert_array_equal(np.stack(light[1:3]), 0.0)
    np.testing.assert_array_equal(np.concatenate(light[3:]), [bands.wall_emission(1000.0)] * 4)
    with pytest.raises(rte.InputError, match="3 intensities for 2 band"):
        rte.open_(intensity=[1.0, 2.0, 3.0]).emitted(medium)


def test_what_does_not_fit_is_named():
    """Case 20: maps for the whole were a raw ValueError."""
    with pytest.raises(rte.InputError, match=r"walls: temperature of x_min has shape \(6, 6\); expected"):
        rte.black(np.full((6, 6), 300.0)).checked(GAS)
    with pytest.raises(rte.InputError, match="x_min is periodic but x_max is black; make both so"):
        rte.black(300.0, x_min=rte.periodic()).checked(GAS)
    with pytest.raises(rte.InputError, match=r"no face 'xmin' \(did you mean 'x_min'\?\)"):
        rte.black(300.0, xmin=300.0)
    with pytest.raises(rte.InputError, match="y_min has faces of its own"):
        rte.black(300.0, y_min=rte.black(1.0, x_min=2.0))
    assert rte.black(300.0, **dict.fromkeys(FACES, 400.0)).checked(GAS).plain


def test_solids_and_meshes_are_gathered():
    first, second = rte.solids(box(0), 300.0), rte.solids(box(1), np.arange(60.0).reshape(3, 4, 5), 0.5)
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], float)
    tetrahedron = rte.mesh((points, [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]), 400.0)
    bodies = gathered([first, tetrahedron, second], GRID)
    np.testing.assert_array_equal(bodies.solids.mask, box(0) | box(1))
    np.testing.assert_array_equal(bodies.solids.temperature, [*[300.0] * 20, *range(20, 40)])
    np.testing.assert_array_equal(bodies.solids.emissivity, [1.0] * 20 + [0.5] * 20)
    assert bodies.meshes == [tetrahedron]
    assert bodies.objects == (first, tetrahedron, second)
    with pytest.raises(rte.InputError, match="heat_source: sees solid cells, not meshes"):
        bodies.cells_only("heat_source")
    nothing = gathered([], GRID)
    assert nothing.solids is None
    assert nothing.cells_only("heat_source") is None


def test_objects_that_cannot_be_gathered():
    one = rte.solids(box(0), 300.0)
    for bad, message in {
        "no list": (one, "objects is Solids.*expected a list of rte.solids"),
        "text": ("solids", "objects is 'solids'"),
        "a number in the list": ([one, 3], r"objects\[1\] is 3; expected rte.solids"),
        "twice": ([one, one], r"two of them share cell \[0, 0, 0\]"),
        "another grid": ([rte.solids(np.eye(3)[..., None] > 0, 1.0)], r"mask has shape \(3, 3, 1\)"),
    }.values():
        with pytest.raises(rte.InputError, match=message):
            gathered(bad, GRID)
