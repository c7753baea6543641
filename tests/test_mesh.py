"""Triangle meshes: distances against closed forms, files, and what is said of bad input."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest

from raytrace_rte.errors import InputError

trimesh = pytest.importorskip("trimesh", reason="meshes need trimesh: pip install 'raytrace-rte[walls]'")
pytest.importorskip("embreex", reason="meshes need embreex: pip install 'raytrace-rte[walls]'")

from raytrace_rte.boundaries.mesh import CHUNK, mesh  # noqa: E402

LOW, HIGH = np.array([-0.5, 1.0, 2.0]), np.array([1.5, 1.7, 5.0])
CUBE = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float)
SIDES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
FACES = np.array([t for a, b, c, d in SIDES for t in ((a, b, c), (a, c, d))])


def box(low=LOW, high=HIGH, **options):
    return mesh((low + CUBE * (high - low), FACES), 1000.0, **options)


def directions(rng, n):
    d = rng.normal(size=(n, 3))
    return d / np.linalg.norm(d, axis=1, keepdims=True)


def slab(o, d, low=LOW, high=HIGH):
    """Where lines enter and leave a box; entry > exit for misses."""
    with np.errstate(divide="ignore"):
        a, b = (low - o) / d, (high - o) / d
    return np.minimum(a, b).max(axis=1), np.maximum(a, b).min(axis=1)


def brute(m, o, d):
    """Nearest hits by Möller & Trumbore, all rays with all triangles."""
    v0, v1, v2 = (m.vertices[m.triangles[:, i]] for i in range(3))
    p = np.cross(d[:, None], v2 - v0)
    det = (p * (v1 - v0)).sum(axis=2)
    s = o[:, None] - v0
    q = np.cross(s, v1 - v0)
    u, v = (s * p).sum(axis=2) / det, (d[:, None] * q).sum(axis=2) / det
    t = (q * (v2 - v0)).sum(axis=2) / det
    return np.where((u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0), t, np.inf).min(axis=1)


def test_box_geometry():
    m = box()
    outward = m.centroids - 0.5 * (LOW + HIGH)
    assert ((m.normals * outward).sum(axis=1) > 0).all()
    np.testing.assert_allclose(np.linalg.norm(m.normals, axis=1), 1.0, rtol=1e-15)
    a, b, c = HIGH - LOW
    assert m.areas.sum() == pytest.approx(2 * (a * b + b * c + c * a), rel=1e-14)
    assert m.path is None
    assert len(m.triangles) == 12


def test_box_from_inside():
    rng = np.random.default_rng(1)
    o, d = LOW + rng.random((20_000, 3)) * (HIGH - LOW), directions(rng, 20_000)
    m = box()
    t, k = m.hit(o, d)
    np.testing.assert_allclose(t, slab(o, d)[1], rtol=1e-9)
    assert ((m.normals[k] * d).sum(axis=1) > 0).all()


@pytest.mark.parametrize("far", [3.0, 1e4])
def test_box_from_outside(far):
    rng = np.random.default_rng(2)
    n = CHUNK + 1000
    d = directions(rng, n)
    o = LOW + (2 * rng.random((n, 3)) - 0.5) * (HIGH - LOW) - far * d
    near, end = slab(o, d)
    keep = (near > 0) & (np.abs(end - near) > 1e-5)
    t, k = box().hit(o[keep], 7.0 * d[keep])  # the length of a direction means nothing
    expected = np.where(near < end, near, np.inf)[keep]
    hit = np.isfinite(expected)
    assert 1000 < hit.sum() < len(hit) - 1000
    np.testing.assert_allclose(t, expected, rtol=1e-9)
    np.testing.assert_array_equal(k >= 0, hit)


def test_box_along_axes():
    m = box(np.zeros(3), np.ones(3))
    for axis in range(3):
        o, d = np.full((2, 3), 0.3), np.zeros((2, 3))
        o[:, axis], d[:, axis] = (-2.0, 3.0), (1.0, -1.0)
        np.testing.assert_array_equal(m.hit(o, d)[0], [2.0, 2.0])


def test_misses():
    m = box()
    o = np.array([[10.0, 0, 0], [10.0, 0, 0], [0, 0, 0], [0.0, 1.7 + 1e-4, 0.0]])
    d = np.array([[1.0, 0, 0], [0, 1.0, 0], [-1.0, -1.0, -1.0], [0, 0, 1.0]])
    t, k = m.hit(o, d)
    assert np.isinf(t).all()
    assert (k == -1).all()
    assert (t.dtype, k.dtype) == (np.float64, np.int64)
    assert m.hit(np.empty((0, 3)), np.empty((0, 3)))[0].shape == (0,)


def test_enclosure_has_no_leaks():
    """Rays from inside a box to its edges and corners, and near them, all end."""
    rng = np.random.default_rng(3)
    m = box()
    target = rng.integers(0, 2, (20_000, 3)).astype(float)
    target[:10_000, 0] = rng.random(10_000)
    target[::2] += rng.normal(scale=1e-8, size=(10_000, 3))
    o = LOW + (0.01 + 0.98 * rng.random((20_000, 3))) * (HIGH - LOW)
    d = LOW + target * (HIGH - LOW) - o
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    np.testing.assert_allclose(m.hit(o, d)[0], slab(o, d)[1], rtol=1e-5)  # 1e-7 aside of grazing rays
    ball = trimesh.creation.icosphere(subdivisions=3)
    o = rng.uniform(-0.5, 0.5, (len(ball.edges_unique), 3))
    for target in (ball.vertices[ball.edges_unique].mean(axis=1), ball.vertices[ball.edges_unique[:, 0]]):
        t, _ = mesh((ball.vertices, ball.faces), 300.0).hit(o, target - o)
        np.testing.assert_allclose(t, np.linalg.norm(target - o, axis=1), rtol=1e-6)


def test_sphere_against_planes():
    """From the centre of a regular polyhedron the distance is that of the face's plane over its cosine."""
    ball = trimesh.creation.icosphere(subdivisions=3, radius=2.0)
    m = mesh((ball.vertices, ball.faces), 500.0)
    d = directions(np.random.default_rng(4), 5000)
    o = np.zeros_like(d)
    t, k = m.hit(o, d)
    plane = (m.centroids[k] * m.normals[k]).sum(axis=1)
    np.testing.assert_allclose(t, plane / (d * m.normals[k]).sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(t, brute(m, o, d), rtol=1e-9)
    assert t.max() <= 2.0
    assert t.min() > 1.98


def test_sphere_from_outside():
    ball = trimesh.creation.icosphere(subdivisions=2)
    m = mesh((ball.vertices, ball.faces), 500.0)
    rng = np.random.default_rng(5)
    d = directions(rng, 5000)
    o = rng.normal(scale=0.6, size=d.shape) - 5.0 * d
    t, k = m.hit(o, d)
    np.testing.assert_allclose(t, brute(m, o, d), rtol=1e-9)
    middle = -(o * d).sum(axis=1)
    far = np.linalg.norm(o + middle[:, None] * d, axis=1) > 1.0  # misses the sphere, so the polyhedron too
    assert far.any()
    assert (k[far] == -1).all()


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4])
def test_rays_leave_the_surface_they_start_on(size):
    rng = np.random.default_rng(6)
    m = box(size * LOW, size * HIGH)
    k = rng.integers(0, 12, 20_000)
    w = rng.dirichlet([0.3, 0.3, 0.3], len(k))  # many near edges and corners
    o = np.einsum("ij,ijk->ik", w, m.vertices[m.triangles[k]])
    d = directions(rng, len(k))
    out = (d * m.normals[k]).sum(axis=1) > 0
    t, other = m.hit(o, d)
    assert np.isinf(t[out]).mean() > 0.999  # a start on an edge leaves by one face and enters the other
    d[out] *= -1
    t, other = m.hit(o, d)
    expected = slab(o, d, size * LOW, size * HIGH)[1]
    extent = size * np.linalg.norm(HIGH - LOW)
    clear = expected > 1e-8 * extent
    assert clear.mean() > 0.95
    np.testing.assert_allclose(t[clear], expected[clear], rtol=1e-9, atol=1e-14 * extent)
    assert (((m.normals[other] * d).sum(axis=1) > 0) | ~clear).all()


def test_hits_close_by():
    """Hits far below the resolution of float32 count, hits within 1e-9 of the extent do not."""
    m = box(np.zeros(3), np.ones(3))
    gap = np.array([1e-8, 1e-7, 1e-6, 1e-5])
    o = np.stack([-gap, 0.3 + 0 * gap, 0.2 + 0 * gap], axis=1)
    d = np.tile([1.0, 0.0, 0.0], (4, 1))
    np.testing.assert_allclose(m.hit(o, d)[0], gap, rtol=1e-9)
    o[:, 0] = 1e-10 * np.array([-5.0, -1.0, 0.0, 1.0])
    np.testing.assert_allclose(m.hit(o, d)[0], 1.0 - o[:, 0], rtol=1e-9)
    # From one face of the corner to the other, beneath embree's resolution.
    o = np.stack([0 * gap, gap, 0.4 + 0 * gap], axis=1)
    d = np.tile([1.0, -1.0, 0.0] / np.sqrt(2.0), (4, 1))
    np.testing.assert_allclose(m.hit(o, d)[0], gap * np.sqrt(2.0), rtol=1e-9)


def test_pickled_and_chunked():
    m = box()
    o, d = np.tile([0.0, 1.3, 3.0], (3 * CHUNK, 1)), directions(np.random.default_rng(7), 3 * CHUNK)
    t, _ = m.hit(o, d)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(m)).hit(o[::7], d[::7])[0], t[::7])


def test_inward_faces_are_flipped():
    m = mesh((CUBE, FACES[:, ::-1]), 300.0)
    np.testing.assert_array_equal(m.normals, box(np.zeros(3), np.ones(3)).normals)


def test_degenerate_triangles_are_dropped():
    v = np.vstack([CUBE, [[0.5, 0.5, 0.0]]])  # on the diagonal of the side z = 0, whose other half lacks it
    halves = [(8 if c == 0 else c) for c in (0, 6, 4)], [(8 if c == 6 else c) for c in (0, 6, 4)]
    f = np.vstack([FACES[:9], *[[h] for h in halves], FACES[10:], [[0, 6, 8]], [[1, 1, 2]]])
    T = np.arange(len(f)) + 300.0
    m = mesh((v, f), T)
    assert m.settings()["degenerate_dropped"] == 2
    assert len(m.triangles) == len(f) - 2
    np.testing.assert_array_equal(m.temperature, T[:-2])
    assert m.areas.sum() == pytest.approx(6.0)


def test_settings():
    first, second = box(), box(emissivity=np.linspace(0.5, 0.9, 12))
    assert first.settings() | {"sha256": ""} == {
        "kind": "mesh",
        "path": None,
        "triangles": 12,
        "degenerate_dropped": 0,
        "temperature": 1000.0,
        "emissivity": 1.0,
        "sha256": "",
    }
    assert second.settings()["emissivity"] == [0.5, 0.9]
    assert first.settings()["sha256"] == box().settings()["sha256"] != second.settings()["sha256"]


@pytest.mark.parametrize("suffix", ["stl", "obj", "ply", "STL"])
def test_files(tmp_path, suffix):
    path = tmp_path / f"ball.{suffix}"
    ball = trimesh.creation.icosphere(subdivisions=2, radius=250.0)
    ball.export(path, file_type=suffix.lower())
    T = np.linspace(300.0, 400.0, len(ball.faces))
    m = mesh(path, T, emissivity=0.8, scale=1e-3)
    expected = 1e-3 * ball.triangles_center
    np.testing.assert_allclose(m.centroids, expected, atol=1e-7)
    assert len(m.vertices) == len(ball.vertices)
    assert m.areas.sum() == pytest.approx(1e-6 * ball.area, rel=1e-6)
    assert m.path == str(path)
    assert m.settings()["path"] == path.name
    assert mesh(str(path), 300.0).areas.sum() == pytest.approx(ball.area, rel=1e-6)
    t, k = m.hit(np.zeros((len(expected), 3)), expected)
    np.testing.assert_array_equal(k, np.arange(len(expected)))
    np.testing.assert_allclose(t, np.linalg.norm(m.centroids, axis=1), rtol=1e-6)


def test_ascii_stl_and_obj_with_groups(tmp_path):
    ball = trimesh.creation.icosphere(subdivisions=1)
    (tmp_path / "a.stl").write_text(trimesh.exchange.stl.export_stl_ascii(ball))
    assert len(mesh(tmp_path / "a.stl", 300.0).triangles) == len(ball.faces)
    lines = [f"v {x} {y} {z}" for x, y, z in CUBE] + ["vn 0 0 1", "vt 0 0", "vt 1 1"]
    for i, (a, b, c, d) in enumerate(np.array(SIDES) + 1):
        lines += [
            f"g side{i}",
            f"usemtl m{i % 2}",
            f"f {a}/1/1 {b}/2/1 {c}/1/1",
            f"f {a - 9}/-1 {c - 9}//-1 {d - 9}",
        ]
    (tmp_path / "b.obj").write_text("mtllib missing.mtl\n" + "\n".join(lines))
    m = mesh(tmp_path / "b.obj", np.arange(12.0))
    np.testing.assert_array_equal(m.centroids, box(np.zeros(3), np.ones(3)).centroids)
    assert m.areas.sum() == pytest.approx(6.0)


BAD = {
    "hole": ((CUBE, FACES[1:]), {}, "not watertight, found 3 open edges .* fill the holes"),
    "turned": ((CUBE, np.vstack([FACES[:1, ::-1], FACES[1:]])), {}, "0 open edges and 3 between triangles"),
    "flat": ((CUBE * [1, 0, 0], FACES), {}, "12 triangles without area"),
    "empty": ((CUBE, []), {}, r"triangles \(0,\) .* m > 0"),
    "floats": ((CUBE, FACES * 1.0), {}, "triangles .* float64; expected .* whole numbers"),
    "plane": ((CUBE[:, :2], FACES), {}, r"vertices \(8, 2\)"),
    "number": ((CUBE, FACES + 1), {}, "vertex numbers 1 to 8; expected 0 and 0 to 7"),
    "nan": ((CUBE * [1, 1, np.nan], FACES), {}, "8 coordinates not finite"),
    "black": ((CUBE, FACES), {"emissivity": 1.5}, "emissivity: found 1.5 to 1.5; expected > 0 and <= 1"),
    "mirror": ((CUBE, FACES), {"emissivity": 0.0}, "emissivity: found 0 to 0; expected > 0 and <= 1"),
    "cold": ((CUBE, FACES), {"temperature": -1.0}, r"temperature \[K\]: found -1 .* >= 0 and finite"),
    "hot": ((CUBE, FACES), {"temperature": np.inf}, "found inf to inf; expected >= 0 and finite"),
    "unknown": ((CUBE, FACES), {"temperature": np.nan}, "found nan to nan; expected >= 0"),
    "length": ((CUBE, FACES), {"temperature": np.ones(8)}, r"found shape \(8,\); expected .* or 12, one"),
    "shape": ((CUBE, FACES), {"emissivity": np.ones((12, 1))}, r"found shape \(12, 1\)"),
    "scale": ((CUBE, FACES), {"scale": 0.0}, "scale: found 0 to 0; expected > 0 and finite"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arrays(name):
    source, options, message = BAD[name]
    with pytest.raises(InputError, match=f"^mesh: .*{message}"):
        mesh(source, **({"temperature": 300.0} | options))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.stl", None, "found no such file; .* check the path"),
        ("mesh.vtk", b"# vtk", r"found a file '\.vtk'; expected a file \.stl, \.obj or \.ply"),
        ("empty.stl", b"", r"found (no triangles|vertices \(\d+, 3\) and triangles \(0, 3\)).*; expected"),
        (
            "text.stl",
            b"this is not a surface",
            r"found (no triangles|vertices \(\d+, 3\) and triangles \(0, 3\)).*; expected",
        ),
        (
            "cut.ply",
            b"ply\nformat binary_little_endian 1.0\n",
            r"found (no triangles|vertices \(\d+, 3\) and triangles \(0, 3\)).*; expected",
        ),
        (
            "points.obj",
            b"v 0 0 0\nv 1 0 0\nv 0 1 0\n",
            r"found (no triangles|vertices \(\d+, 3\) and triangles \(0, 3\)).*; expected",
        ),
        ("open.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "not watertight, found 3 open edges"),
    ],
)
def test_bad_files(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"^mesh .*{name}: .*({message})"):
        mesh(tmp_path / name, 300.0)


def test_bad_rays():
    for o, d in (
        ([0.0, 0, 0], [1.0, 0, 0]),
        (np.zeros((2, 3)), np.ones((3, 3))),
        ([[np.nan] * 3], np.ones((1, 3))),
    ):
        with pytest.raises(InputError, match=r"mesh: rays of shapes .*; expected finite numbers \(n, 3\)"):
            box().hit(o, d)
    with pytest.raises(InputError, match="direction 0 has zero length"):
        box().hit(np.zeros((1, 3)), np.zeros((1, 3)))


@pytest.mark.parametrize("missing", ["trimesh", "embreex.rtcore_scene"])
def test_libraries_missing(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match=r"needs trimesh and embreex: pip install 'raytrace-rte\[walls\]'"):
        box()
