"""VTK files, written by VTK itself, against the same field in memory; and files that lie."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import raytrace_rte as rte
from raytrace_rte.config.config import load
from raytrace_rte.formats.inspect import inspect
from raytrace_rte.formats.readers import opened
from raytrace_rte.formats.vtkhdf import write_vtkhdf
from raytrace_rte.run.job import prepare

pytest.importorskip("vtkmodules", reason="pip install 'raytrace-rte[vtk]'")
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkIdList, vtkPoints
from vtkmodules.vtkCommonDataModel import (
    vtkImageData,
    vtkPolyData,
    vtkRectilinearGrid,
    vtkStructuredGrid,
    vtkUnstructuredGrid,
)  # fmt: skip
from vtkmodules.vtkIOLegacy import vtkDataSetWriter
from vtkmodules.vtkIOParallelXML import vtkXMLPRectilinearGridWriter, vtkXMLPUnstructuredGridWriter
from vtkmodules.vtkIOXML import vtkXMLDataSetWriter

METRE = {"length": "m"}
FACES = tuple(np.linspace(0.0, 1.0 + i, n + 1) ** 1.25 for i, n in enumerate((3, 4, 5)))
EVEN = tuple(0.5 + 0.25 * np.arange(n + 1.0) for n in (3, 4, 5))


def state(shape, dtype=np.float64):
    """T with another gradient along each axis, and kappa, in cells; T at points."""
    i, j, k = np.indices(shape)
    T = (500.0 + 100.0 * i + 10.0 * j + k).astype(dtype)
    return {"T [K]": T, "kappa [1/m]": (0.001 * T).astype(dtype)}


def with_data(data, cells, points=()):
    for target, arrays in ((data.GetCellData(), cells), (data.GetPointData(), points)):
        for name, values in dict(arrays).items():
            array = numpy_to_vtk(np.ascontiguousarray(np.ravel(values, order="F")), deep=True)
            array.SetName(name)
            target.AddArray(array)
    return data


def image(faces=EVEN, cells=None, points=()):
    data = vtkImageData()
    data.SetDimensions(*(f.size for f in faces))
    data.SetOrigin(*(f[0] for f in faces))
    data.SetSpacing(*(f[1] - f[0] for f in faces))
    return with_data(data, state([f.size - 1 for f in faces]) if cells is None else cells, points)


def rectilinear(faces=FACES, cells=None, points=()):
    data = vtkRectilinearGrid()
    data.SetDimensions(*(f.size for f in faces))
    for axis, f in zip("XYZ", faces, strict=True):
        getattr(data, f"Set{axis}Coordinates")(numpy_to_vtk(f, deep=True))
    return with_data(data, state([f.size - 1 for f in faces]) if cells is None else cells, points)


def points_of(xyz):
    points = vtkPoints()
    points.SetDataTypeToDouble()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(xyz, dtype=np.float64), deep=True))
    return points


def corners_of(faces):
    """Corners of a grid, x fastest, (n, 3)."""
    return np.stack([a.ravel(order="F") for a in np.meshgrid(*faces, indexing="ij")], axis=1)


def structured(faces=FACES, move=lambda p: p):
    data = vtkStructuredGrid()
    data.SetDimensions(*(f.size for f in faces))
    data.SetPoints(points_of(move(corners_of(faces))))
    return with_data(data, state([f.size - 1 for f in faces]))


def unstructured(xyz, cells, values):
    """Cells as (VTK's type, points of each); of polyhedra, their faces."""
    data = vtkUnstructuredGrid()
    data.SetPoints(points_of(xyz))
    for kind, ids in cells:
        if kind == 42:
            flat = [len(ids), *(i for face in ids for i in (len(face), *face))]
            data.InsertNextCell(42, _ids(flat))
        else:
            data.InsertNextCell(kind, _ids(ids))
    return with_data(data, values)


def _ids(numbers):
    ids = vtkIdList()
    for n in numbers:
        ids.InsertNextId(int(n))
    return ids


def boxes(faces, order, voxels=False):
    """The cells of a Cartesian grid as an unstructured one, in some order."""
    shape = [f.size - 1 for f in faces]
    number = np.arange(np.prod([n + 1 for n in shape])).reshape([n + 1 for n in shape], order="F")
    around = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1))
    if not voxels:
        around = tuple(around[i] for i in (0, 1, 3, 2, 4, 5, 7, 6))
    where = [np.unravel_index(n, shape) for n in order]
    cells = [(11 if voxels else 12, [number[i + a, j + b, k + c] for a, b, c in around]) for i, j, k in where]
    values = {name: np.array([v[w] for w in where]) for name, v in state(shape).items()}
    return unstructured(corners_of(faces), cells, values)


def written(data, path, mode="Appended", encode=False, compressed=True, big=False):
    writer = vtkXMLDataSetWriter()
    writer.SetInputData(data)
    writer.SetFileName(str(path))
    getattr(writer, f"SetDataModeTo{mode}")()
    writer.SetEncodeAppendedData(encode)
    if not compressed:
        writer.SetCompressorTypeToNone()
    if big:
        writer.SetByteOrderToBigEndian()
    writer.Write()
    return path


def is_state(field, faces, dtype=np.float64):
    right = state([f.size - 1 for f in faces], dtype)
    np.testing.assert_array_equal(field.temperature, right["T [K]"])
    np.testing.assert_array_equal(field.absorption_coefficient, right["kappa [1/m]"])
    assert field.temperature.dtype == dtype
    for found, face in zip(field.grid, faces, strict=True):
        np.testing.assert_array_equal(found, face)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    "how",
    [
        {"mode": "Ascii"}, {"mode": "Binary"}, {"mode": "Binary", "compressed": False}, {}, {"encode": True},
        {"compressed": False}, {"compressed": False, "encode": True},
    ],
)  # fmt: skip
def test_every_encoding_gives_the_same_bits(tmp_path, how, big, dtype):
    cells = state((3, 4, 5), dtype)
    is_state(rte.read(written(image(cells=cells), tmp_path / "a", big=big, **how), units=METRE), EVEN, dtype)
    is_state(
        rte.read(written(rectilinear(cells=cells), tmp_path / "b", big=big, **how), units=METRE), FACES, dtype
    )


@pytest.mark.parametrize("compressor", ["ZLib", "LZMA", "LZ4"])
def test_compressors_and_headers_of_eight_bytes(tmp_path, compressor):
    if compressor == "LZ4":
        pytest.importorskip("lz4")
    writer = vtkXMLDataSetWriter()
    writer.SetInputData(rectilinear())
    writer.SetFileName(str(tmp_path / "a.vtr"))
    getattr(writer, f"SetCompressorTypeTo{compressor}")()
    writer.SetHeaderTypeToUInt64()
    writer.SetBlockSize(128)
    for mode in ("Appended", "Binary"):
        getattr(writer, f"SetDataModeTo{mode}")()
        writer.Write()
        is_state(rte.read(tmp_path / "a.vtr", units=METRE), FACES)


def test_pieces_of_a_grid_are_put_together(tmp_path):
    writer = vtkXMLPRectilinearGridWriter()
    writer.SetInputData(rectilinear())
    writer.SetFileName(str(tmp_path / "all.pvtr"))
    writer.SetNumberOfPieces(3)
    writer.SetStartPiece(0)
    writer.SetEndPiece(2)
    writer.Write()
    assert len(list(tmp_path.glob("*.vtr"))) == 3
    is_state(rte.read(tmp_path / "all.pvtr", units=METRE), FACES)
    next(tmp_path.glob("*.vtr")).unlink()
    with pytest.raises(rte.InputError, match="expected one that is there"):
        rte.read(tmp_path / "all.pvtr", units=METRE)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_cube_with_a_gradient_along_one_axis(tmp_path, axis):
    T = 500.0 + 100.0 * np.indices((4, 4, 4))[axis]
    faces = (np.arange(5.0),) * 3
    for data in (image(faces, {"T [K]": T}), rectilinear(faces, {"T [K]": T})):
        np.testing.assert_array_equal(rte.read(written(data, tmp_path / "cube"), units=METRE).temperature, T)


def test_values_at_points_become_cells_around_them(tmp_path):
    T = 500.0 + np.arange(4 * 5 * 6.0).reshape(4, 5, 6)
    field = rte.read(written(rectilinear(cells={}, points={"T [K]": T}), tmp_path / "p.vtr"), units=METRE)
    np.testing.assert_array_equal(field.temperature, T)
    for found, p in zip(field.grid, FACES, strict=True):
        np.testing.assert_allclose(found, [p[0], *(0.5 * (p[1:] + p[:-1])), p[-1]], rtol=1e-15)


def test_cells_and_points_of_one_name_are_kept_apart(tmp_path):
    path = written(rectilinear(points={"T [K]": np.full((4, 5, 6), 700.0)}), tmp_path / "both.vtr")
    with pytest.raises(rte.InputError, match='location = "cell" or "point"'):
        rte.read(path, units=METRE)
    is_state(rte.read(path, units=METRE, location="cell"), FACES)
    assert rte.read(path, units=METRE, location="point").temperature.shape == (4, 5, 6)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("make", [image, rectilinear, structured])
def test_legacy_files(tmp_path, make, binary):
    writer = vtkDataSetWriter()
    writer.SetInputData(make())
    writer.SetFileName(str(tmp_path / "old.vtk"))
    writer.SetFileType(2 if binary else 1)
    writer.Write()
    field = rte.read(tmp_path / "old.vtk", units=METRE)
    right = state((3, 4, 5))
    np.testing.assert_allclose(field.temperature, right["T [K]"], rtol=1e-15)
    np.testing.assert_allclose(
        field.grid.z, (EVEN if make is image else FACES)[2], rtol=1e-5
    )  # six digits as text


@pytest.mark.parametrize("voxels", [False, True])
def test_boxes_in_any_order_are_the_grid_that_they_are(tmp_path, rng, voxels):
    data = boxes(FACES, rng.permutation(60), voxels)
    is_state(rte.read(written(data, tmp_path / "boxes.vtu"), units=METRE), FACES)
    is_state(rte.read(written(structured(), tmp_path / "boxes.vts"), units=METRE), FACES)


def test_boxes_that_are_missing_are_empty_gas(tmp_path, rng):
    some = rng.permutation(60)[:45]
    field = rte.read(written(boxes(FACES, some), tmp_path / "gaps.vtu"), units=METRE)
    right = np.zeros(60, dtype=bool)
    right[some] = True
    np.testing.assert_array_equal(field.valid, right.reshape(3, 4, 5))
    np.testing.assert_array_equal(field.temperature[field.valid], state((3, 4, 5))["T [K]"][field.valid])
    assert any("15 boxes of the grid hold no cell" in note for note in field.notes)


def test_cells_that_a_piece_has_twice_or_hides_are_left_out(tmp_path):
    ghosts = np.zeros((3, 4, 5), np.uint8)
    ghosts[0, 1, 2], ghosts[2, 2, 2] = 1, 32
    cells = state((3, 4, 5)) | {"vtkGhostType": ghosts}
    field = rte.read(written(rectilinear(cells=cells), tmp_path / "ghosts.vtr"), units=METRE)
    np.testing.assert_array_equal(field.valid, ghosts == 0)


SHAPES = {
    10: ([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], 1 / 6),
    11: ([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1)], 1.0),
    12: ([(0, 0, 0), (1, 0, 0), (1.2, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1.2, 1, 1), (0, 1, 1)], 1.1),
    13: ([(0, 0, 0), (0, 1, 0), (1, 0, 0), (0, 0, 1), (0, 1, 1), (1, 0, 1)], 0.5),
    14: ([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0.5, 0.5, 1)], 1 / 3),
}
"""VTK's type -> corners and volume."""
OCTAHEDRON = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
EIGHT = [(a, b, c) if (a + b + c) % 2 else (a, c, b) for a in (0, 1) for b in (2, 3) for c in (4, 5)]


def test_cells_of_every_kind_have_their_volume(tmp_path):
    """One of each, side by side along x, and a surface that is no cell."""
    xyz, cells, right = [], [], []
    for n, (kind, (corners, volume)) in enumerate(SHAPES.items()):
        cells.append((kind, range(len(xyz), len(xyz) + len(corners))))
        xyz += [(x + 2.0 * n, y, z) for x, y, z in corners]
        right.append(volume)
    cells.append((42, [[len(xyz) + i for i in face] for face in EIGHT]))
    xyz += [(x + 12.0, y, z) for x, y, z in OCTAHEDRON]
    cells.append((5, (0, 1, 2)))
    values = {"T [K]": np.arange(500.0, 507.0), "kappa [1/m]": np.ones(7)}
    path = written(unstructured(np.array(xyz), cells, values), tmp_path / "kinds.vtu")
    field = rte.read(path, units=METRE, shape=(30, 4, 4))
    np.testing.assert_allclose(field.resampled.shares.volume, [*right, 4 / 3, 0.0], rtol=1e-12)
    assert any("1 cells of the mesh are surfaces" in note for note in field.notes)
    covered = field.resampled.covered
    assert (covered * field.temperature).sum() == pytest.approx(
        [*right, 4 / 3] @ np.arange(500.0, 506.0), rel=1e-12
    )


def test_a_curvilinear_grid_goes_onto_voxels(tmp_path):
    """A sheared box: its volume is that of the box, whichever way its cells are cut."""
    data = structured(move=lambda p: p + np.outer(p[:, 2], (0.3, 0.1, 0.0)))
    path = written(data, tmp_path / "sheared.vts")
    with pytest.raises(rte.InputError, match=r"needs a grid to be put onto: say shape = \(nx, ny, nz\)"):
        rte.read(path, units=METRE)
    beside = rte.uniform((70, 0, 0), (80, 1, 1), (500, 500, 500))
    with pytest.raises(rte.InputError, match=r"grid: lies from \[70.* beside the mesh, from \[0"):
        rte.read(path, units=METRE, grid=beside)
    field = rte.read(path, units=METRE, shape=(9, 8, 7))
    own = state((3, 4, 5))["T [K]"]
    part = np.diff(FACES[0])[:, None, None] * np.diff(FACES[1])[:, None] * np.diff(FACES[2])
    covered = field.resampled.covered
    assert covered.sum() == pytest.approx(part.sum(), rel=1e-12)
    assert (covered * field.temperature).sum() == pytest.approx((part * own).sum(), rel=1e-12)


def test_points_of_a_mesh_become_means_over_cells(tmp_path):
    xyz = np.array(SHAPES[10][0], dtype=float)
    data = with_data(
        unstructured(xyz, [(10, range(4))], {}), {}, {"T [K]": np.array([600.0, 700.0, 800.0, 1100.0])}
    )
    field = rte.read(written(data, tmp_path / "p.vtu"), units=METRE, shape=(2, 2, 2))
    np.testing.assert_allclose(field.temperature[field.valid], 800.0)
    assert "values at points were averaged over each cell" in field.notes


def test_polygons_in_a_plane_are_revolved(tmp_path):
    """A triangle, a rectangle and a pentagon between r = 0 and 1, with y as the radius: a cylinder along x."""
    xy = np.array([(0, 0), (1, 0), (2, 0), (2, 1), (1, 1), (0, 1), (0, 0.5)], dtype=float)
    data = vtkPolyData()
    data.SetPoints(points_of(np.c_[xy, np.full(7, 3.0)]))
    data.Allocate(3)
    for ids in ((0, 1, 4, 6), (1, 2, 3, 4), (6, 4, 5)):
        data.InsertNextCell(7, _ids(ids))
    with_data(data, {"T [K]": np.full(3, 900.0), "kappa [1/m]": np.ones(3)})
    path = written(data, tmp_path / "plane.vtp")
    with pytest.raises(rte.InputError, match="say radius = which coordinate is the radius"):
        rte.read(path, units=METRE, shape=(8, 8, 8))
    with pytest.raises(
        rte.InputError, match="its cells lie along x and y: expected a plane with the radius z"
    ):
        rte.read(path, units=METRE, shape=(8, 8, 8), radius="z")
    medium = rte.absorption.given(rte.read(path, units=METRE, shape=(8, 8, 8), radius="y"))
    assert medium.kappa.sum() * (2 * 2 * 2 / 8**3) == pytest.approx(2 * np.pi, rel=1e-12)
    assert medium.grid.lower.tolist() == [-1.0, -1.0, 0.0]
    assert medium.grid.upper.tolist() == [1.0, 1.0, 2.0]


def test_times_of_a_collection(tmp_path):
    for i in range(3):
        cells = {name: v + i for name, v in state((3, 4, 5)).items()}
        written(rectilinear(cells=cells), tmp_path / f"t{i}.vtr")
    sets = "".join(f'<DataSet timestep="{0.5 * i}" part="0" file="t{i}.vtr"/>' for i in (2, 0, 1))
    path = tmp_path / "all.pvd"
    path.write_text(
        f'<?xml version="1.0"?><VTKFile type="Collection" version="0.1"><Collection>{sets}</Collection></VTKFile>'
    )
    with pytest.raises(rte.InputError, match="which of 3 moments"):
        rte.read(path, units=METRE)
    field = rte.read(path, units=METRE, time=0.5)
    assert field.time == 0.5
    np.testing.assert_array_equal(field.temperature, state((3, 4, 5))["T [K]"] + 1)
    assert rte.read(path, units=METRE, time="last").time == 1.0
    assert [rte.read(path, units=METRE, time=f"index {i}").time for i in range(3)] == [0.0, 0.5, 1.0]
    with pytest.raises(rte.InputError, match=r"the file has 3 moments, at 0, 0\.5, 1 s"):
        rte.read(path, units=METRE, time=0.7)


def test_the_volume_among_blocks(tmp_path):
    """As foamToVTK writes it: the cells of the mesh in one file, and its boundary in others."""
    written(rectilinear(), tmp_path / "internal.vtr")
    wall = vtkPolyData()
    wall.SetPoints(points_of(np.eye(3)))
    written(wall, tmp_path / "wall.vtp")
    sets = '<DataSet index="0" file="internal.vtr"/><Block index="1"><DataSet index="0" file="wall.vtp"/></Block>'
    path = tmp_path / "case.vtm"
    path.write_text(
        f'<VTKFile type="vtkMultiBlockDataSet"><vtkMultiBlockDataSet>{sets}</vtkMultiBlockDataSet></VTKFile>'
    )
    is_state(rte.read(path, units=METRE), FACES)
    written(rectilinear(cells={"T [K]": np.full(60, 700.0)}), tmp_path / "other.vtr")
    path.write_text(path.read_text().replace("wall.vtp", "other.vtr"))
    with pytest.raises(
        rte.InputError, match=r'names 2 files with volumes; say which: options = { part = "internal\.vtr"'
    ):
        rte.read(path, units=METRE)
    assert set(rte.read(path, units=METRE, options={"part": "other.vtr"}).temperature.ravel()) == {700.0}
    is_state(rte.read(path, units=METRE, options={"part": "internal.vtr"}), FACES)
    with pytest.raises(
        rte.InputError, match=r"part is 'wall'; files with volumes are internal\.vtr, other\.vtr"
    ):
        rte.read(path, units=METRE, options={"part": "wall"})
    with pytest.raises(rte.InputError, match="is one part"):
        rte.read(tmp_path / "other.vtr", units=METRE, options={"part": "wall"})
    found = inspect(path, units=METRE)
    assert list(found.parts) == ["internal.vtr", "other.vtr"]
    assert 'part "other.vtr"' in str(found)
    assert "becomes        Field(3x4x5 cells, T 700..700 K" in str(found)
    assert (
        str(found)
        .splitlines()[-1]
        .endswith('"internal.vtr" } (--option part="internal.vtr"), or "other.vtr"')
    )


def test_time_in_the_field_data(tmp_path):
    data = rectilinear()
    stamp = numpy_to_vtk(np.array([0.125]), deep=True)
    stamp.SetName("TimeValue")
    data.GetFieldData().AddArray(stamp)
    path = written(data, tmp_path / "t.vtr")
    for time in (None, 0.125, "index 0"):
        assert rte.read(path, units=METRE, time=time).time == 0.125
    for wrong in (7.0, "index 1"):
        with pytest.raises(rte.InputError, match=r"1 moment, at 0\.125 s"):
            rte.read(path, units=METRE, time=wrong)


def test_parts_of_a_parallel_file_are_one_mesh(tmp_path, rng):
    writer = vtkXMLPUnstructuredGridWriter()
    writer.SetInputData(boxes(FACES, rng.permutation(60)))
    writer.SetFileName(str(tmp_path / "all.pvtu"))
    writer.SetNumberOfPieces(1)
    writer.Write()
    field = rte.read(tmp_path / "all.pvtu", units=METRE)
    np.testing.assert_array_equal(field.temperature, state((3, 4, 5))["T [K]"])


def test_inspect_shows_what_there_is_and_asks_for_the_length(tmp_path):
    found = inspect(written(rectilinear(), tmp_path / "a.vtr"))
    assert "VTK RectilinearGrid" in str(found)
    assert re.search(r"CellData/T \[K\] +5 x 4 x 3 +float64 +K +500 +734", str(found))
    assert found.unclear == ['the unit of length: units = { length = "..." }']


# VTKHDF with h5py alone


def test_the_stretched_grids_that_this_package_writes_come_back(tmp_path):
    write_vtkhdf(tmp_path / "own.vtkhdf", rte.Cartesian(*FACES), state((3, 4, 5)), {})
    is_state(rte.read(tmp_path / "own.vtkhdf", units=METRE), FACES)


def test_vtkhdf_by_vtk_itself_in_parts_and_times(tmp_path):
    hdf = pytest.importorskip("vtkmodules.vtkIOHDF")
    corners, _ = SHAPES[12]
    data = unstructured(np.array(corners, dtype=float), [(12, range(8))], {"T [K]": np.array([900.0])})
    writer = hdf.vtkHDFWriter()
    writer.SetInputData(data)
    writer.SetFileName(str(tmp_path / "one.vtkhdf"))
    writer.Write()
    field = rte.read(tmp_path / "one.vtkhdf", units=METRE, shape=(4, 4, 4))
    assert field.resampled.shares.volume == pytest.approx([1.1], rel=1e-6)  # VTK may write float32
    with h5py.File(tmp_path / "one.vtkhdf", "a") as file:  # a second part, moved by 2 m, at a second time
        root = file["VTKHDF"]
        for name in (
            "NumberOfPoints",
            "NumberOfCells",
            "NumberOfConnectivityIds",
            "Types",
            "Connectivity",
            "Offsets",
        ):
            twice = np.concatenate((root[name][()], root[name][()]))
            del root[name]
            root[name] = twice
        points = root["Points"][()]
        del root["Points"]
        root["Points"] = np.concatenate((points, points + np.float32(2.0)))
        del root["CellData/T [K]"]
        root["CellData/T [K]"] = np.array([900.0, 950.0])
    two = rte.read(tmp_path / "one.vtkhdf", units=METRE, shape=(4, 4, 4))
    assert two.resampled.shares.volume == pytest.approx([1.1, 1.1], rel=1e-6)
    with h5py.File(tmp_path / "one.vtkhdf", "a") as file:
        steps = file["VTKHDF"].create_group("Steps")
        steps.attrs["NSteps"] = 2
        steps["Values"] = [0.0, 1.0]
        steps["NumberOfParts"], steps["PartOffsets"] = [1, 1], [0, 1]
        steps["PointOffsets"], steps["CellOffsets"], steps["ConnectivityIdOffsets"] = (
            [0, 8],
            [[0], [1]],
            [[0], [8]],
        )
        steps["CellDataOffsets/T [K]"] = [0, 1]
    last = rte.read(tmp_path / "one.vtkhdf", units=METRE, shape=(4, 4, 4), time="last")
    assert last.temperature.max() == pytest.approx(950.0)
    assert last.grid.lower.tolist() == [2.0, 2.0, 2.0]
    first = rte.read(tmp_path / "one.vtkhdf", units=METRE, shape=(4, 4, 4), time="index 0")
    assert first.temperature.max() == pytest.approx(900.0)


# files that lie


def changed(path: Path, old: bytes, new: bytes) -> Path:
    text = path.read_bytes()
    assert old in text
    path.write_bytes(text.replace(old, new, 1))
    return path


BOMB = b'<!DOCTYPE VTKFile [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>\n<VTKFile'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"<VTKFile", BOMB, "has a DOCTYPE"),
        (b"<VTKFile", b'<!DOCTYPE x SYSTEM "file:///etc/passwd">\n<VTKFile', "has a DOCTYPE"),
        (b"0 3 0 4 0 5", b"0 10000 0 10000 0 10000", "a grid of 1e\\+12 cells needs"),
        (b"0 3 0 4 0 5", b"0 3 0 4 0 -5", "expected six whole numbers"),
        (b'offset="0"', b'offset="99999999999"', "the file ends at"),
        (b"<CellData", b"<CellDat", "is not XML that VTK writes"),
        (b"RectilinearGrid", b"NoSuchGrid", "holds NoSuchGrid"),
        (b"<CellData", b"<A>" * 40 + b"<CellData", "nested deeper than"),
    ],
)
def test_xml_that_lies_is_refused_at_once(tmp_path, capfd, old, new, said):
    path = changed(written(rectilinear(), tmp_path / "a.vtr", compressed=False), old, new)
    with pytest.raises(rte.InputError, match=said) as error:
        rte.read(path, units=METRE)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("keep", [0.2, 0.6, 0.95])
@pytest.mark.parametrize("how", [{}, {"mode": "Binary"}, {"compressed": False}, {"mode": "Ascii"}])
def test_cut_files_are_refused(tmp_path, capfd, keep, how):
    path = written(rectilinear(), tmp_path / "cut.vtr", **how)
    text = path.read_bytes()
    path.write_bytes(text[: int(keep * len(text))])
    with pytest.raises(rte.InputError, match=str(path)):
        rte.read(path, units=METRE)
    assert capfd.readouterr().err == ""


def damaged(text: bytes, rng) -> bytes:
    """A file with bytes or digits changed, taken out or put in."""
    b, at = bytearray(text), int(rng.integers(len(text)))
    match rng.integers(4):
        case 0:
            b[at] = rng.integers(256)
        case 1:
            digits = [i for i in range(min(len(b), 4000)) if 48 <= b[i] < 58]
            i = digits[rng.integers(len(digits))]
            b[i : i + 1] = b"9" * int(rng.integers(1, 12))
        case 2:
            del b[at : at + int(rng.integers(1, 200))]
        case 3:
            b[at:at] = b[: int(rng.integers(1, 60))]
    return bytes(b)


@pytest.mark.parametrize("how", [{"mode": "Ascii"}, {"mode": "Binary"}, {}, {"compressed": False}])
def test_random_damage_is_one_message_or_a_field(tmp_path, rng, how):
    sheared = structured(move=lambda p: p + np.outer(p[:, 2], (0.3, 0.1, 0.0)))
    for n, data in enumerate((rectilinear(), sheared, boxes(FACES, range(60)))):
        text = written(data, tmp_path / f"{n}.xml", **how).read_bytes()
        for _ in range(40):
            (tmp_path / "damaged.xml").write_bytes(damaged(text, rng))
            said = ""
            try:
                rte.read(tmp_path / "damaged.xml", units=METRE)
            except rte.InputError as error:
                said = str(error)
            assert "\n" not in said


def test_more_cells_than_the_file_can_hold(tmp_path, rng):
    path = written(boxes(FACES, rng.permutation(60)), tmp_path / "a.vtu", compressed=False)
    changed(path, b'NumberOfCells="60"', b'NumberOfCells="600000000"')
    with pytest.raises(rte.InputError, match="has 60 numbers, expected 600000000"):
        rte.read(path, units=METRE)


def test_cells_with_points_that_are_not_there(tmp_path):
    data = boxes(FACES, range(60))
    path = written(data, tmp_path / "a.vtu", mode="Ascii")
    text = re.sub(r'(Name="connectivity"[^>]*>\s*)0 ', r"\g<1>999 ", path.read_text(), count=1)
    path.write_text(text)
    with pytest.raises(rte.InputError, match="cells name points that are not there"):
        rte.read(path, units=METRE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "DATASET STRUCTURED_POINTS\nDIMENSIONS 10001 10001 10001\nORIGIN 0 0 0\nSPACING 1 1 1\n",
            "a grid of 1e\\+12 points",
        ),
        ("DATASET UNSTRUCTURED_GRID\nPOINTS 1000000000000 float\n", "POINTS states 1e\\+12 numbers"),
        (
            "DATASET STRUCTURED_POINTS\nDIMENSIONS 2 2 2\nCELL_DATA 1000000000000\nSCALARS T float\n",
            "CELL_DATA states",
        ),
        ("FIELD f 1\nT 1000000 1000000 float\n", "T states 1e\\+12 numbers"),
        ("DATASET NONSENSE\n", "VTK cannot read it|holds no|expected a grid"),
        ("", "VTK cannot read it|holds"),
    ],
)
def test_legacy_files_that_lie(tmp_path, capfd, text, said):
    path = tmp_path / "a.vtk"
    path.write_text(f"# vtk DataFile Version 3.0\nlies\nASCII\n{text}")
    with pytest.raises(rte.InputError, match=said):
        rte.read(path, units=METRE)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["../outside.vtr", "/etc/passwd", "missing.vtr", "link.vtr", "", "a\nb"])
def test_collections_name_only_files_beside_them(tmp_path, name):
    written(rectilinear(), tmp_path / "outside.vtr")
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "link.vtr").symlink_to(tmp_path / "outside.vtr")
    path = folder / "all.pvd"
    path.write_text(
        f'<VTKFile type="Collection"><Collection><DataSet timestep="0" file="{name}"/></Collection></VTKFile>'
    )
    with pytest.raises(
        rte.InputError, match="expected one that is there, in the same folder or below"
    ) as error:
        rte.read(path, units=METRE)
    assert "\n" not in str(error.value)


def test_turned_images_and_files_without_cells(tmp_path):
    data = image()
    data.SetDirectionMatrix(0, 1, 0, -1, 0, 0, 0, 0, 1)
    with pytest.raises(rte.InputError, match="image data are turned"):
        rte.read(written(data, tmp_path / "turned.vti"), units=METRE)
    with pytest.raises(rte.InputError, match="holds no cells"):
        rte.read(written(unstructured(np.zeros((1, 3)), [], {}), tmp_path / "none.vtu"), units=METRE)


def test_a_legacy_file_without_vtk_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "a.vtk"
    path.write_text("# vtk DataFile Version 3.0\nx\nASCII\nDATASET STRUCTURED_POINTS\nDIMENSIONS 2 2 2\n")
    monkeypatch.setitem(sys.modules, "vtkmodules", None)
    with pytest.raises(rte.InputError, match=r"needs vtkmodules: pip install 'raytrace-rte\[vtk\]'"):
        rte.read(path)


def test_a_job_on_a_mesh(tmp_path):
    data = structured(move=lambda p: p + np.outer(p[:, 2], (0.3, 0.1, 0.0)))
    written(data, tmp_path / "sheared.vts")
    job = tmp_path / "job.toml"
    job.write_text(
        '[field]\nfile = "sheared.vts"\nunits = { length = "cm" }\nshape = [8, 7, 6]\n'
        'lower = [0.0, 0.0, 0.0]\nupper = [0.01, 0.02, 0.03]\n[sensor]\nkind = "line_of_sight"\n'
        "origin = [0.005, 0.01, -1.0]\ndirection = [0.0, 0.0, 1.0]\n"
    )
    prepared = prepare(load(job))
    assert prepared.field.grid.shape == (8, 7, 6)
    how = {"units": {"length": "cm"}, "radius": None}
    assert "becomes        a field on the grid that is named" in str(inspect(tmp_path / "sheared.vts", **how))
    seen = inspect(tmp_path / "sheared.vts", shape=(8, 7, 6), **how)
    assert seen.becomes.startswith("Field(8x7x6 cells")
    seen = inspect(tmp_path / "sheared.vts", shape=(8, 7, 6), outside="error", **how)
    assert "becomes        nothing: grid: " in str(seen)
    assert any(
        "of the volume of the mesh lies outside" in n for n in prepared.scene.medium.provenance["notes"]
    )
    with pytest.raises(rte.InputError, match="shape"):
        prepare(load(job, ["field.shape=[4, 4]"]))


def test_what_is_recognised_is_recognised_by_content(tmp_path):
    path = written(rectilinear(), tmp_path / "field.dat")
    with opened(path) as source:
        assert source.format == "VTK RectilinearGrid"
    (tmp_path / "other.vtr").write_text("<html><VTKFil></html>")
    with pytest.raises(rte.InputError, match="nor one of"):
        rte.read(tmp_path / "other.vtr")
