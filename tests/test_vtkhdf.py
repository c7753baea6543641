"""VTKHDF files: structure with h5py, and read back with VTK where it is installed."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import raytrace_rte as rte
from raytrace_rte.formats.vtkhdf import write_vtkhdf

UNIFORM = rte.uniform((0, 1, 2), (3, 3, 4), (3, 4, 2))
STRETCHED = rte.Cartesian([0, 1, 3, 7], [0, 1, 2, 3, 5], [0, 2, 3])
NUMBERS = np.arange(24.0).reshape(3, 4, 2)


def test_image_data(tmp_path):
    write_vtkhdf(tmp_path / "a.vtkhdf", UNIFORM, {"n": NUMBERS}, {"title": "test"})
    with h5py.File(tmp_path / "a.vtkhdf") as file:
        root = file["VTKHDF"]
        assert root.attrs["Type"] == b"ImageData"
        assert_array_equal(root.attrs["WholeExtent"], [0, 3, 0, 4, 0, 2])
        assert_allclose(root.attrs["Spacing"], [1.0, 0.5, 1.0])
        assert_array_equal(root["CellData/n"][:], NUMBERS.transpose(2, 1, 0))
        assert file.attrs["title"] == "test"


def test_hexahedra(tmp_path):
    write_vtkhdf(tmp_path / "a.vtkhdf", STRETCHED, {"n": NUMBERS}, {})
    with h5py.File(tmp_path / "a.vtkhdf") as file:
        root = file["VTKHDF"]
        assert root.attrs["Type"] == b"UnstructuredGrid"
        points = root["Points"][:][root["Connectivity"][:].reshape(-1, 8)]
        lower, upper = points.min(axis=1), points.max(axis=1)
        assert_allclose(lower[-1], [3, 3, 2])
        assert_allclose(upper[-1], [7, 5, 3])
        volume = np.einsum("i,j,k->ijk", *STRETCHED.widths).ravel()
        assert_allclose(np.prod(upper - lower, axis=1), volume)
        assert_array_equal(root["CellData/n"][:], NUMBERS.ravel())


@pytest.mark.parametrize("grid", [UNIFORM, STRETCHED], ids=["image", "hexahedra"])
def test_vtk_reads_it_back(grid, tmp_path):
    vtk = pytest.importorskip("vtk", reason="reading back needs VTK: pip install 'raytrace-rte[vtk]'")
    vector = np.stack([NUMBERS, -NUMBERS, 2 * NUMBERS], axis=-1)
    write_vtkhdf(tmp_path / "a.vtkhdf", grid, {"n": NUMBERS, "v": vector}, {"title": "test"})
    reader = vtk.vtkHDFReader()
    reader.SetFileName(str(tmp_path / "a.vtkhdf"))
    reader.Update()
    data = reader.GetOutput()
    assert data.GetNumberOfCells() == 24
    box = np.stack([grid.lower, grid.upper], axis=1).ravel()
    assert_allclose(data.GetBounds(), box)
    values, vectors = data.GetCellData().GetArray("n"), data.GetCellData().GetArray("v")
    for i, j, k in np.ndindex(NUMBERS.shape):
        cell = data.FindCell([c[n] for c, n in zip(grid.centres, (i, j, k), strict=True)], None, 0, 1e-6,
                             vtk.reference(0), [0, 0, 0], [0] * 8)  # fmt: skip
        assert values.GetValue(cell) == NUMBERS[i, j, k]
        assert vectors.GetTuple(cell) == tuple(vector[i, j, k])


def test_walls_are_surfaces(tmp_path):
    medium = rte.Medium(STRETCHED, np.ones(STRETCHED.shape), np.full(STRETCHED.shape, 100.0))
    result = rte.solve(medium, rte.heat_source(50), rte.black(300.0, x_min=rte.mirror()))
    with h5py.File(result.save(tmp_path / "a.walls.vtkhdf")) as file:
        root = file["VTKHDF"]
        assert root.attrs["Type"] == b"UnstructuredGrid"
        points = root["Points"][:][root["Connectivity"][:].reshape(-1, 4)]
        area = np.linalg.norm(np.cross(points[:, 1] - points[:, 0], points[:, 3] - points[:, 0]), axis=1)
        flux = root["CellData/wall_net_flux [W m-2]"][:]
        assert len(flux) == len(area) == 4 * 2 + 2 * 3 * 2 + 2 * 3 * 4  # all but the mirror
        lost = sum(power for name, power in result.budget.items() if name.startswith("to_"))
        assert_allclose((flux * area).sum(), lost)
        assert_allclose(flux[:8], result.wall_net_flux["x_max"].ravel())
        assert_allclose(points[:8, :, 0], 7.0)
    image = rte.solve(medium, rte.camera((-3, 2, 2), (3, 2, 2), (4, 4), 40.0))
    with pytest.raises(rte.InputError, match="holds walls, but this result has none"):
        image.save(tmp_path / "b.walls.vtkhdf")


def test_vtk_reads_walls(tmp_path):
    vtk = pytest.importorskip("vtk", reason="reading back needs VTK: pip install 'raytrace-rte[vtk]'")
    medium = rte.Medium(STRETCHED, np.ones(STRETCHED.shape), np.full(STRETCHED.shape, 100.0))
    result = rte.solve(medium, rte.heat_source(50), rte.black(300.0))
    reader = vtk.vtkHDFReader()
    reader.SetFileName(str(result.save(tmp_path / "a.walls.vtkhdf")))
    reader.Update()
    assert reader.GetOutput().GetNumberOfCells() == 2 * (4 * 2 + 3 * 2 + 3 * 4)
