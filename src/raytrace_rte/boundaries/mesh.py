"""Triangle meshes: opaque objects that end rays."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import InputError
from ..grid import Cartesian, FloatArray
from ..vectors import unit

if TYPE_CHECKING:
    from ..media.medium import Medium
    from .bodies import Bodies

IntArray = NDArray[np.int64]
CHUNK = 65_536  # Rays traced at a time: some 30 MB of intermediate arrays.
SELF = 1e-9  # Hits nearer than this, in extents of the mesh, are the surface that the ray leaves.
MARGIN = 2e-6  # Rays are traced from this far behind their origins: well above the rounding of float32.
PASSES = 8  # Steps over the surface that a ray leaves before it is tested against all triangles.
TINY, HUGE = np.nextafter(0.0, 1.0), np.finfo(np.float64).max


@dataclass(frozen=True, eq=False)
class Mesh:
    """Closed surfaces of grey, opaque triangles; made by `mesh`.

    vertices (n, 3) [m], triangles (m, 3) of vertex numbers, counter-clockwise seen from outside.
    temperature [K] and emissivity are one number, or one per triangle, shape (m,).
    `degenerate` counts the triangles without area that were dropped.
    """

    path: str | None
    vertices: FloatArray
    triangles: IntArray
    temperature: float | FloatArray
    emissivity: float | FloatArray
    degenerate: int = 0

    @property
    def normals(self) -> FloatArray:
        """Unit vectors that point out of the object, shape (m, 3)."""
        return unit(_cross(self.vertices[self.triangles]))

    @property
    def areas(self) -> FloatArray:
        """Areas [m2], shape (m,)."""
        return 0.5 * np.linalg.norm(_cross(self.vertices[self.triangles]), axis=1)

    @property
    def centroids(self) -> FloatArray:
        """Centres of the triangles [m], shape (m, 3)."""
        return self.vertices[self.triangles].mean(axis=1)

    def join(self, bodies: Bodies) -> None:
        """Add the mesh to a scene."""
        bodies.meshes.append(self)

    @property
    def outside(self) -> tuple[FloatArray, FloatArray]:
        """A point a millionth of the mesh's extent above each triangle's centre, and its normal, (m, 3) each."""
        normals = self.normals
        lift = 1e-6 * float(np.ptp(self.vertices, axis=0).max())
        return self.centroids + lift * normals, normals

    def emitted(self, medium: Medium) -> FloatArray:
        """What black triangles of its temperature emit, (m, n_band) [W m-2 sr-1]."""
        T = np.broadcast_to(np.asarray(self.temperature, dtype=np.float64), len(self.triangles))
        return medium.wall_emission(
            T, None if medium.mole_ratio is None else medium.grid.containing(self.outside[0])
        )

    def inside(self, grid: Cartesian) -> NDArray[np.bool_]:
        """Return which cells have their centres inside the mesh (nx, ny, nz), for `solids`."""
        checks.instance("grid", grid, Cartesian, "a grid, from rte.Cartesian(x, y, z) or rte.uniform(...)")
        x, y, z = np.meshgrid(*grid.centres, indexing="ij")
        centres = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)
        # A direction along no axis: the first surface on the way is left, not entered, from inside.
        way = unit(np.array([[0.611, 0.523, 0.594]]))
        _, triangle = self.hit(centres, np.broadcast_to(way, centres.shape))
        leaving = (self.normals[triangle] @ way[0] > 0.0) & (triangle >= 0)
        return np.asarray(leaving.reshape(grid.shape))

    def settings(self) -> dict[str, object]:
        """What a Result records of this mesh; of values per triangle the least and the greatest."""
        values = {"temperature": np.asarray(self.temperature), "emissivity": np.asarray(self.emissivity)}
        data = b"".join(a.tobytes() for a in (self.vertices, self.triangles, *values.values()))
        out: dict[str, object] = {"kind": "mesh", "path": self.path and Path(self.path).name}
        out |= {"triangles": len(self.triangles), "degenerate_dropped": self.degenerate}
        out |= {k: [a.min().item(), a.max().item()] if a.ndim else a.item() for k, a in values.items()}
        return out | {"sha256": hashlib.sha256(data).hexdigest()}

    def hit(self, origin: ArrayLike, direction: ArrayLike) -> tuple[FloatArray, IntArray]:
        """Return distance [m] and triangle, shape (n,), of each ray's nearest hit: inf and -1 without one.

        Both arguments have shape (n, 3); directions may have any length but 0. Hits within 1e-9 of the mesh's
        extent (the diagonal of its bounding box) do not count, so that rays may start on the surface.
        Embree picks the triangle in float32, as for a ray displaced by some 1e-7 of the extent; the distance
        to the plane of that triangle is computed in float64.
        """
        o = checks.real("mesh: origin", origin, "positions (n, 3) [m]").astype(np.float64)
        d = checks.real("mesh: direction", direction, "vectors (n, 3)").astype(np.float64)
        if o.shape != d.shape or o.ndim != 2 or o.shape[1] != 3 or not np.isfinite([o, d]).all():
            raise InputError(f"mesh: rays of shapes {o.shape} and {d.shape}; expected finite numbers (n, 3)")
        distance, triangle = np.full(len(o), np.inf), np.full(len(o), -1, dtype=np.int64)
        for i in range(0, len(o), CHUNK):
            part = slice(i, i + CHUNK)
            self._nearest(o[part], unit(d[part]), distance[part], triangle[part])
        return distance, triangle

    @cached_property
    def _scene(self) -> tuple[Any, FloatArray, FloatArray, float]:
        """Embree's tree of the mesh, scaled to an extent of 1; the box's centre, half widths and diagonal."""
        _, scenes, construction = _libraries()
        scene, low, high = (
            scenes.EmbreeScene(robust=True),
            self.vertices.min(axis=0),
            self.vertices.max(axis=0),
        )
        centre, half = 0.5 * (low + high), 0.5 * (high - low)
        extent = 2.0 * float(np.linalg.norm(half))
        points = ((self.vertices - centre) / extent).astype(np.float32)
        construction.TriangleMesh(scene, points, self.triangles.astype(np.int32))
        return scene, centre, half, extent

    def __getstate__(self) -> dict[str, object]:
        """Leave the tree behind: it cannot be pickled, and is built again when needed."""
        return {name: value for name, value in self.__dict__.items() if name != "_scene"}

    def _nearest(self, o: FloatArray, d: FloatArray, distance: FloatArray, triangle: IntArray) -> None:
        """Fill in the nearest hits of one chunk of rays."""
        scene, centre, half, extent = self._scene
        start = np.maximum(np.einsum("ij,ij->i", centre - o, d) / extent - 0.51, 0.0) - MARGIN
        live, doubtful = np.arange(len(o)), []
        # Side: 1 for rays known to be outside the object, -1 inside, 0 unknown.
        side = np.array((np.abs(o - centre) > half).any(axis=1), dtype=np.float64)
        for step in 2.0 * MARGIN * 2.0 ** np.arange(PASSES):
            x = (o[live] - centre) / extent + start[live, None] * d[live]
            k = scene.run(x.astype(np.float32), d[live].astype(np.float32)).astype(np.int64)
            corners = self.vertices[self.triangles[k]]
            t, facing = _plane(o[live], d[live], corners)
            # Embree may hit just beside a triangle, where the plane of a grazed one may be far away.
            along = np.einsum("ikj,ij->ik", corners - o[live, None], d[live])
            t = np.clip(t, along.min(axis=1), along.max(axis=1))
            # Embree may miss a surface at an edge, or close by the one that a ray leaves. It did where a ray
            # from inside never comes out, or crosses a surface the wrong way. If unknown, look once more.
            miss, ahead = k < 0, t > SELF * extent
            odd = np.where(miss, side[live] < 0, (ahead & (facing * side[live] > 0)) | (facing == 0))
            found, again = ~odd & ~miss & ahead, ~odd & np.where(miss, side[live] == 0, ~ahead)
            distance[live[found]], triangle[live[found]] = t[found], k[found]
            doubtful.append(live[odd])
            side[live], live = np.where(miss, 1.0, facing), live[again]
            start[live] += step
        for i in np.concatenate([*doubtful, live]):
            distance[i], triangle[i] = _exact(o[i], d[i], self.vertices[self.triangles], SELF * extent)


def mesh(
    source: str | Path | tuple[ArrayLike, ArrayLike],
    temperature: ArrayLike,
    emissivity: ArrayLike = 1.0,
    scale: float = 1.0,
) -> Mesh:
    """Return the object in an STL, OBJ or PLY file, or of (vertices, triangles), as opaque grey walls.

    Lengths in the source times `scale` are metres. STL files carry no units: most CAD programs write
    millimetres, which need a scale of 1e-3. temperature [K] and emissivity are one number, or one per
    triangle in the order of the source. Vertices at the same place become one; triangles without area are
    dropped and counted; a mesh that faces inwards (negative volume) is flipped.

    Raises InputError when the source cannot be read or is not closed, or when a value is out of range.
    """
    if not isinstance(source, tuple):
        checks.path("mesh: source", source)
    elif len(source) != 2:
        raise checks.wrong("mesh: source", source, "a path, or (vertices, triangles)")
    trimesh, path = _libraries()[0], None if isinstance(source, tuple) else str(source)
    name = "mesh" if path is None else f"mesh {path}"
    corners = _corners(name, *(source if isinstance(source, tuple) else _read(trimesh, name, Path(source))))
    T = _values(f"{name}: temperature [K]", temperature, len(corners), 0.0, HUGE)
    e = _values(f"{name}: emissivity", emissivity, len(corners), TINY, 1.0)
    v, number = np.unique(corners.reshape(-1, 3) + 0.0, axis=0, return_inverse=True)  # + 0.0: -0.0 is 0.0
    f = number.reshape(-1, 3).astype(np.int64)
    _closed(name, f)
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    keep = np.linalg.norm(_cross(corners), axis=1) > 1e-12 * longest**2
    if not keep.any():
        raise InputError(
            f"{name}: found {len(f)} triangles without area; expected a surface; check its units"
        )
    local = corners[keep] - v.mean(axis=0)
    f = f[keep] if np.vdot(_cross(local), local[:, 0]) >= 0 else f[keep][:, ::-1].copy()
    T, e = (a[keep] if isinstance(a, np.ndarray) else a for a in (T, e))
    v = v * _values(f"{name}: scale", scale, -1, TINY, HUGE)
    return Mesh(path, v, f, T, e, int((~keep).sum()))


def _libraries() -> list[ModuleType]:
    """Import trimesh and the two halves of embreex."""
    try:
        return [import_module(m) for m in ("trimesh", "embreex.rtcore_scene", "embreex.mesh_construction")]
    except ImportError as error:
        raise InputError("mesh: needs trimesh and embreex: pip install 'raytrace-rte[walls]'") from error


def _read(trimesh: ModuleType, name: str, path: Path) -> tuple[ArrayLike, ArrayLike]:
    """Return vertices and triangles of a file."""
    if not path.is_file() or path.suffix.lower() not in (".stl", ".obj", ".ply"):
        found = f"a file '{path.suffix}'" if path.is_file() else "no such file"
        raise InputError(f"{name}: found {found}; expected a file .stl, .obj or .ply; check the path")
    try:
        surface = trimesh.load_mesh(
            io.BytesIO(_plain(path)), file_type=path.suffix[1:].lower(), process=False
        )
        return surface.vertices, surface.faces
    except Exception as error:
        raise InputError(f"{name}: found no triangles ({error}); expected a surface; export again") from error


def _plain(path: Path) -> bytes:
    """Return what a file holds; of OBJ the shape only: materials and textures split and reorder triangles."""
    data = path.read_bytes()
    if path.suffix.lower() != ".obj":
        return data
    lines = [line for line in data.splitlines() if line.split()[:1] in ([b"v"], [b"f"])]
    return re.sub(rb"/\S*", b"", b"\n".join(lines))


def _corners(name: str, vertices: ArrayLike, triangles: ArrayLike) -> FloatArray:
    """Return the checked corners of the triangles, shape (m, 3, 3)."""
    v = checks.real(f"{name}: vertices", vertices, "positions (n, 3)").astype(np.float64)
    f = checks.real(f"{name}: triangles", triangles, "vertex numbers (m, 3)")
    found, expected = f"found vertices {v.shape} and triangles {f.shape} {f.dtype}", "finite numbers (n, 3)"
    if v.ndim != 2 or v.shape[1] != 3 or f.size == 0 or f.shape[1:] != (3,) or f.dtype.kind not in "iu":
        raise InputError(
            f"{name}: {found}; expected {expected} and whole numbers (m, 3), m > 0; correct the mesh"
        )
    if f.min() < 0 or f.max() >= len(v) or not np.isfinite(v).all():
        found = f"{(~np.isfinite(v)).sum()} coordinates not finite and vertex numbers {f.min()} to {f.max()}"
        raise InputError(f"{name}: found {found}; expected 0 and 0 to {len(v) - 1}; correct the mesh")
    return v[f]


def _values(name: str, given: ArrayLike, count: int, low: float, high: float) -> Any:
    """Return one number, or one per triangle, from `low` to `high`."""
    a = checks.real(name, given, "one number, or one a triangle").astype(np.float64)
    if a.shape not in ((), (count,)):
        raise InputError(f"{name}: found shape {a.shape}; expected one number, or {count}, one a triangle")
    if not ((a >= low) & (a <= high)).all():
        range_ = ("> 0" if low else ">= 0") + (" and <= 1" if high == 1 else " and finite")
        raise InputError(f"{name}: found {a.min():g} to {a.max():g}; expected {range_}; correct the values")
    return a if a.ndim else float(a)


def _closed(name: str, f: IntArray) -> None:
    """Raise unless the triangles walk every edge as often forwards as backwards."""
    f = f[(f[:, 0] != f[:, 1]) & (f[:, 1] != f[:, 2]) & (f[:, 2] != f[:, 0])]
    edges = np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]])
    _, number = np.unique(np.sort(edges, axis=1), axis=0, return_inverse=True)
    odd = np.bincount(number.ravel()) % 2 == 1
    turned = (np.bincount(number.ravel(), np.sign(edges[:, 1] - edges[:, 0])) != 0) & ~odd
    if odd.any() or turned.any():
        raise InputError(
            f"{name}: not watertight, found {odd.sum()} open edges and {turned.sum()} between triangles that "
            "face opposite ways; expected none; fill the holes and let all triangles face outwards"
        )


def _cross(corners: FloatArray) -> FloatArray:
    """Return the triangles' normals, twice their areas long."""
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def _plane(o: FloatArray, d: FloatArray, corners: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return distances to the triangles' planes (nan if parallel), and d . n, negative for rays going in."""
    n = _cross(corners)
    facing = (d * n).sum(axis=1)
    return ((corners[:, 0] - o) * n).sum(axis=1) / np.where(facing == 0, np.nan, facing), facing


def _exact(o: FloatArray, d: FloatArray, corners: FloatArray, least: float) -> tuple[float, int]:
    """Return the nearest hit of one ray beyond `least`, of all triangles."""
    t, n = _plane(o, d, corners)[0], _cross(corners)
    beside = np.cross(np.roll(corners, -1, axis=1) - corners, (o + t[:, None] * d)[:, None] - corners)
    inside = np.einsum("ikj,ij->ik", beside, n).min(axis=1) >= -1e-9 * (n * n).sum(axis=1)
    t = np.where(inside & (t > least), t, np.inf)
    return (float(t.min()), int(t.argmin())) if t.min() < np.inf else (np.inf, -1)
