"""OpenFOAM cases: written here to the documented layout, and by OpenFOAM itself where it is installed."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import raytrace_rte as rte
from raytrace_rte.formats.readers import foam_file, opened, openfoam

FACES = tuple(0.1 * np.arange(n + 1) * (i + 1) for i, n in enumerate((3, 4, 5)))
DIMENSIONS = {"T": "0 0 0 1 0 0 0", "p": "1 -1 -2 0 0 0 0", "a": "0 -1 0 0 0 0 0", "U": "0 1 -1 0 0 0 0"}
SPECIES = ("CO2", "H2O", "N2")


def box(faces=FACES):
    """Points, faces (outwards of their owner), owner, neighbour and patches of a grid, cells with x fastest."""
    nx, ny, nz = shape = [f.size - 1 for f in faces]
    points = np.stack([a.ravel(order="F") for a in np.meshgrid(*faces, indexing="ij")], axis=1)
    at = lambda i, j, k: i + (nx + 1) * (j + (ny + 1) * k)  # noqa: E731
    cell = lambda i, j, k: i + nx * (j + ny * k)  # noqa: E731
    inner, outer = [], {(axis, side): [] for axis in range(3) for side in (0, 1)}
    for k, j, i in np.ndindex(nz, ny, nx):
        for axis in range(3):
            here = [i, j, k]
            for side in (0, 1):
                corner = list(here)
                corner[axis] += side
                u, v = (np.eye(3, dtype=int)[(axis + n) % 3] for n in (1, 2))
                loop = [at(*(np.array(corner) + d)) for d in (0 * u, u, u + v, v)][:: 1 if side else -1]
                there = list(here)
                there[axis] += 2 * side - 1
                if not 0 <= there[axis] < shape[axis]:
                    outer[axis, side].append((loop, cell(*here)))
                elif side:
                    inner.append((loop, cell(*here), cell(*there)))
    inner.sort(key=lambda face: face[1:])
    all_faces = [f for f, *_ in inner] + [f for patch in outer.values() for f, _ in patch]
    owner = [o for _, o, _ in inner] + [o for patch in outer.values() for _, o in patch]
    first, patches = len(inner), {}
    for name, patch in zip(("xmin", "xmax", "ymin", "ymax", "zmin", "zmax"), outer.values(), strict=True):
        patches[name] = (first, len(patch))
        first += len(patch)
    return points, all_faces, np.array(owner), np.array([n for *_, n in inner]), patches


class Writer:
    """Files of a case, as text or binary, with labels and scalars of some size and byte order."""

    def __init__(self, folder, binary=False, label=32, scalar=64, order="LSB", packed=False):
        self.folder, self.binary, self.packed = Path(folder), binary, packed
        self.arch = f"{order};label={label};scalar={scalar}"
        mark = "<" if order == "LSB" else ">"
        self.types = {"label": np.dtype(f"{mark}i{label // 8}"), "scalar": np.dtype(f"{mark}f{scalar // 8}")}

    def file(self, name, kind, body, dimensions=""):
        head = (
            "/*----*- C++ -*----*\\\n| a comment; with { braces } |\n\\*----*/\nFoamFile\n{\n    version 2.0;\n"
            f'    format {"binary" if self.binary else "ascii"};\n    arch "{self.arch}";\n    class {kind};\n'
            f"    object {name};\n}}\n// * * * * //\n\n"
        )
        units = f"dimensions      [{dimensions}];\n\n" if dimensions else ""
        path = self.folder / (f"{name}.gz" if self.packed else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = (head + units).encode() + body
        path.write_bytes(gzip.compress(content) if self.packed else content)
        return path

    def list(self, values, of="scalar"):
        a = np.asarray(values)
        if self.binary:
            return f"{len(a)}\n(".encode() + a.astype(self.types[of]).tobytes() + b")"
        rows = (
            ["(" + " ".join(map(repr, row)) + ")" for row in a.tolist()]
            if a.ndim == 2
            else map(repr, a.tolist())
        )
        return f"{len(a)}\n(\n{chr(10).join(rows)}\n)\n".encode()

    def mesh(self, points, faces, owner, neighbour, patches):
        at = "constant/polyMesh/"
        self.file(f"{at}points", "vectorField", self.list(points))
        if self.binary:
            start = np.concatenate(([0], np.cumsum([len(f) for f in faces])))
            body = self.list(start, "label") + b"\n" + self.list(np.concatenate(faces), "label")
            self.file(f"{at}faces", "faceCompactList", body)
        else:
            rows = "\n".join(f"{len(f)}({' '.join(map(str, f))})" for f in faces)
            self.file(f"{at}faces", "faceList", f"{len(faces)}\n(\n{rows}\n)\n".encode())
        self.file(f"{at}owner", "labelList", self.list(owner, "label"))
        self.file(f"{at}neighbour", "labelList", self.list(neighbour, "label"))
        text = "".join(
            f"    {name}\n    {{\n        type {kind};\n        nFaces {count};\n        startFace {first};\n    }}\n"
            for name, (first, count, kind) in patches.items()
        )
        binary, self.binary = self.binary, False
        self.file(f"{at}boundary", "polyBoundaryMesh", f"{len(patches)}\n(\n{text})\n".encode())
        self.binary = binary

    def field(self, time, name, values, dimensions="0 0 0 0 0 0 0"):
        a = np.asarray(values)
        kind = "Scalar" if a.ndim < 2 else "Vector"
        if a.ndim == 0:
            inside = f"uniform {a};\n".encode()
        else:
            inside = f"nonuniform List<{kind.lower()}> \n".encode() + self.list(a) + b";\n"
        body = b"internalField   " + inside + b'\nboundaryField\n{\n    "x.*" { type zeroGradient; }\n}\n'
        self.file(f"{time}/{name}", f"vol{kind}Field", body, dimensions)


def state(n):
    """Values of cells in OpenFOAM's order."""
    i = np.arange(n)
    Y = {"CO2": 0.001 * i, "H2O": 0.0005 * i}
    Y["N2"] = 1.0 - Y["CO2"] - Y["H2O"]
    return {"T": 500.0 + 10.0 * i, "p": 1e5 + i, **Y}


def case(folder, kinds=None, faces=FACES, times=("0", "0.5"), **how):
    writer = Writer(folder, **how)
    points, all_faces, owner, neighbour, patches = box(faces)
    kinds = kinds or {}
    writer.mesh(
        points, all_faces, owner, neighbour, {n: (*p, kinds.get(n, "patch")) for n, p in patches.items()}
    )
    n = owner.max() + 1
    for i, time in enumerate(times):
        for name, values in state(n).items():
            writer.field(time, name, values + (i * (name == "T")), DIMENSIONS.get(name, "0 0 0 0 0 0 0"))
        writer.field(time, "U", np.zeros((n, 3)), DIMENSIONS["U"])
    (Path(folder) / "constant/thermophysicalProperties").write_text(
        "species ( CO2 H2O N2 );\ninertSpecie N2;\n"
    )
    return writer


def on_grid(values, faces=FACES):
    return np.asarray(values).reshape([f.size - 1 for f in faces], order="F")


HOW = [
    {}, {"packed": True}, {"binary": True}, {"binary": True, "packed": True}, {"binary": True, "label": 64},
    {"binary": True, "scalar": 32}, {"binary": True, "order": "MSB", "label": 64, "scalar": 32},
]  # fmt: skip


@pytest.mark.parametrize("how", HOW)
def test_a_block_is_read_as_the_grid_that_it_is(tmp_path, how):
    case(tmp_path, **how)
    field = rte.read(tmp_path, time="first")
    right = {name: on_grid(v) for name, v in state(60).items()}
    kind = np.float32 if how.get("scalar") == 32 else np.float64
    np.testing.assert_array_equal(field.temperature, right["T"].astype(kind))
    np.testing.assert_array_equal(field.pressure, right["p"].astype(kind))
    for found, faces in zip(field.grid, FACES, strict=True):
        np.testing.assert_array_equal(found, faces.astype(kind))
    W = {"CO2": 44.009, "H2O": 18.015, "N2": 28.014}
    moles = {name: right[name] / W[name] for name in SPECIES}
    for name in SPECIES:
        np.testing.assert_allclose(
            field.mole_fraction[name], moles[name] / sum(moles.values()), rtol=1e-6, atol=1e-8
        )
    assert rte.absorption.planck_mean(field).kappa.max() > 0.0


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_cube_with_a_gradient_along_one_axis(tmp_path, axis):
    faces = (np.arange(5.0),) * 3
    T = 500.0 + 10.0 * np.indices((4, 4, 4))[axis]
    writer = case(tmp_path, faces=faces, times=("0",))
    writer.field("0", "T", T.ravel(order="F"), DIMENSIONS["T"])
    np.testing.assert_array_equal(rte.read(tmp_path).temperature, T)


def test_times_by_value_and_by_name(tmp_path):
    case(tmp_path)
    (tmp_path / "0.orig").mkdir()
    with pytest.raises(rte.InputError, match="which of 2 moments"):
        rte.read(tmp_path)
    assert rte.read(tmp_path, time=0.5).temperature[0, 0, 0] == 501.0
    last = rte.read(tmp_path, time="last")
    assert (last.time, last.temperature[0, 0, 0]) == (0.5, 501.0)
    with pytest.raises(rte.InputError, match=r"time is 0\.7 s"):
        rte.read(tmp_path, time=0.7)
    assert [rte.read(tmp_path, time=t).time for t in ("index 0", "0", "index 1", "0.5")] == [
        0.0,
        0.0,
        0.5,
        0.5,
    ]
    with pytest.raises(
        rte.InputError, match=r"time is '0\.50'; expected .*, or a name: 0, 0\.5; the file has"
    ):
        rte.read(tmp_path, time="0.50")


def test_two_folders_of_one_time_are_told_apart_by_name_and_index(tmp_path):
    case(tmp_path, times=("0.5", "0.50"))
    found = [rte.read(tmp_path, time=t).temperature[0, 0, 0] for t in ("0.5", "index 0", "0.50", "index 1")]
    assert found == [500.0, 500.0, 501.0, 501.0]


def test_a_file_foam_stands_for_its_case(tmp_path):
    case(tmp_path, times=("0",))
    (tmp_path / "case.foam").touch()
    np.testing.assert_array_equal(
        rte.read(tmp_path / "case.foam").temperature, rte.read(tmp_path).temperature
    )
    (tmp_path / "constant").rename(tmp_path / "elsewhere")
    with pytest.raises(rte.InputError, match="nor one of"):
        rte.read(tmp_path / "case.foam")


def test_dimensions_become_units():
    assert openfoam.unit_of("0 0 0 1 0 0 0") == "K"
    assert openfoam.unit_of("1 -1 -3 0 0 0 0") == "W/m3"
    assert openfoam.unit_of("0 0 0 0 0") == "1"
    assert openfoam.unit_of("1 0.5 -2 0 1 0 0") == "kg m^0.5 s^-2 mol"
    assert openfoam.unit_of("kg m") == openfoam.unit_of("0 1") == ""


def test_what_is_uniform_what_radiates_and_what_is_kinematic(tmp_path):
    writer = case(tmp_path, times=("0",))
    writer.field("0", "T", np.array(900.0), DIMENSIONS["T"])
    writer.field("0", "a", np.array(0.25), DIMENSIONS["a"])
    writer.field("0", "fv", np.full(60, 1e-6))
    field = rte.read(tmp_path)
    assert (field.temperature == 900.0).all()
    assert (field.absorption_coefficient == 0.25).all()
    assert (field.soot_volume_fraction == 1e-6).all()
    writer.field("0", "p", np.full(60, 1.0), "0 2 -2 0 0 0 0")  # p over rho, of an incompressible solver
    with pytest.raises(rte.InputError, match="m2/s2"):
        rte.read(tmp_path)


def test_species_without_a_list_are_known_by_their_formulas(tmp_path):
    case(tmp_path, times=("0",))
    (tmp_path / "constant/thermophysicalProperties").unlink()
    assert set(rte.read(tmp_path).mole_fraction) == set(SPECIES)


def test_a_sheared_block_is_a_mesh(tmp_path):
    writer = case(tmp_path, times=("0",))
    points, faces, owner, neighbour, patches = box()
    points = points + np.outer(points[:, 2], (0.3, 0.1, 0.0))
    writer.mesh(points, faces, owner, neighbour, {n: (*p, "patch") for n, p in patches.items()})
    field = rte.read(tmp_path, shape=(6, 5, 4))
    covered, part = field.resampled.covered, 0.1 * 0.2 * 0.3
    assert covered.sum() == pytest.approx(60 * part, rel=1e-12)
    assert (covered * field.temperature).sum() == pytest.approx(part * state(60)["T"].sum(), rel=1e-12)


def test_a_mesh_that_moves_is_that_of_the_time(tmp_path):
    writer = case(tmp_path)
    points = box()[0] + (1.0, 0.0, 0.0)
    writer.file("0.5/polyMesh/points", "vectorField", writer.list(points))
    assert rte.read(tmp_path, time="first").grid.lower[0] == 0.0
    assert rte.read(tmp_path, time="last").grid.lower[0] == 1.0


def test_one_cell_between_empty_patches_is_without_end(tmp_path):
    faces = FACES[0], FACES[1], np.array([0.0, 0.05])
    case(tmp_path, {"zmin": "empty", "zmax": "empty"}, faces, times=("0",))
    field = rte.read(tmp_path)
    assert np.isinf(field.grid.z).all()
    np.testing.assert_array_equal(field.temperature, on_grid(state(12)["T"], faces))
    assert any("without end along z" in note for note in field.notes)


@pytest.mark.parametrize("axis", [0, 2])
def test_a_wedge_is_a_plane_of_radius_and_axis(tmp_path, axis):
    """A cylinder between r = 0.1 and 0.4 as a wedge of 5 degrees about x or z."""
    r, up = np.array([0.1, 0.2, 0.4]), np.array([0.0, 0.5, 0.7, 1.0])
    points, faces, owner, neighbour, patches = box((r, np.array([-1.0, 1.0]), up))
    half = np.radians(2.5)
    bent = np.stack(
        (points[:, 0] * np.cos(half), points[:, 0] * np.sin(half) * points[:, 1], points[:, 2]), axis=1
    )
    writer = case(tmp_path, times=("0",))
    kinds = {"ymin": "wedge", "ymax": "wedge"}
    turned = np.roll(bent, axis + 1, axis=1)
    writer.mesh(turned, faces, owner, neighbour, {n: (*p, kinds.get(n, "patch")) for n, p in patches.items()})
    T = 500.0 + 100.0 * np.arange(6.0)
    shutil.rmtree(tmp_path / "0")
    writer.field("0", "T", T, DIMENSIONS["T"])
    writer.field("0", "a", np.ones(6), DIMENSIONS["a"])
    with pytest.raises(rte.InputError, match="say radius ="):
        rte.read(tmp_path, shape=(4, 4, 4))
    medium = rte.absorption.given(rte.read(tmp_path, shape=(12, 12, 10), radius="x"))
    rings = np.pi * np.diff(r**2)[:, None] * np.diff(up)
    right = (rings.ravel(order="F") * rte.blackbody(T)).sum()
    voxel = 0.8 * 0.8 * 1.0 / medium.kappa.size
    assert (medium.kappa * medium.source).sum() * voxel == pytest.approx(right, rel=1e-12)
    assert any("the case is a wedge" in note for note in medium.provenance["notes"])


def changed(path, old, new):
    text = path.read_bytes()
    assert old in text
    path.write_bytes(text.replace(old, new, 1))


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("0/T", b"60\n(", b"1000000000000\n(", "states 1000000000000 entries"),
        ("0/T", b"60\n(", b"61\n(", "cut or changed|does not end where it should"),
        ("0/T", b"nonuniform", b"#calc \"rm -r\"", "directives"),
        ("0/T", b"nonuniform", b"$other", "directives"),
        ("constant/polyMesh/owner", b"labelList", b"labelList", None),
        ("constant/polyMesh/points", b"120\n(", b"9999999\n(", "entries, but the file has"),
        ("constant/polyMesh/boundary", b"startFace 133", b"startFace 99999", "a patch has faces"),
    ],
)  # fmt: skip
def test_files_that_lie(tmp_path, binary, file, old, new, said):
    case(tmp_path, times=("0",), binary=binary)
    changed(tmp_path / file, old, new)
    if said is None:
        rte.read(tmp_path)
        return
    with pytest.raises(rte.InputError, match=said) as error:
        rte.read(tmp_path)
    assert str(tmp_path / file) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_case_without_temperature_asks_for_that_only(tmp_path):
    case(tmp_path, times=("0",))
    (tmp_path / "0/T").unlink()
    with pytest.raises(rte.InputError, match="leaves open which array is the temperature") as error:
        rte.read(tmp_path)
    assert "whether the values lie" not in str(error.value)


@pytest.mark.parametrize("how", [{}, {"binary": True}, {"packed": True}, {"binary": True, "packed": True}])
@pytest.mark.parametrize(
    "file", ["0/T", "constant/polyMesh/faces", "constant/polyMesh/owner", "constant/polyMesh/points"]
)
def test_cut_files_are_refused(tmp_path, how, file):
    case(tmp_path, times=("0",), **how)
    path = foam_file.beside(tmp_path, file)
    text = path.read_bytes()
    path.write_bytes(text[: int(0.7 * len(text))])
    with pytest.raises(rte.InputError, match=re.escape(str(tmp_path))):
        rte.read(tmp_path)


def test_meshes_that_do_not_fit_and_cases_without_what_is_needed(tmp_path):
    case(tmp_path, times=("0",))
    writer = Writer(tmp_path)
    writer.file("constant/polyMesh/owner", "labelList", writer.list(np.arange(5), "label"))
    with pytest.raises(rte.InputError, match="do not fit together"):
        rte.read(tmp_path)
    (tmp_path / "constant/polyMesh/owner").unlink()
    with pytest.raises(rte.InputError, match="no file 'polyMesh/owner'"):
        rte.read(tmp_path)
    shutil.rmtree(tmp_path / "0")
    with pytest.raises(rte.InputError, match="no folder of a time"):
        rte.read(tmp_path)
    (tmp_path / "constant").rename(tmp_path / "was")
    (tmp_path / "processor0").mkdir()
    (tmp_path / "was").rename(tmp_path / "processor0/constant")
    with pytest.raises(rte.InputError, match="run `reconstructPar` first"):
        rte.read(tmp_path)


def test_a_field_of_another_mesh_is_refused(tmp_path):
    writer = case(tmp_path, times=("0",))
    writer.field("0", "T", np.full(59, 900.0), DIMENSIONS["T"])
    with pytest.raises(rte.InputError, match="59 values, but the mesh has 60 cells"):
        rte.read(tmp_path)


# OpenFOAM itself (Debian: apt-get install openfoam openfoam-examples)

TUTORIALS = Path("/usr/share/doc/openfoam-examples/examples")
POOL = TUTORIALS / "combustion/fireFoam/LES/smallPoolFire3D"


@pytest.mark.slow
@pytest.mark.parametrize("form", ["ascii", "binary"])
@pytest.mark.parametrize("dual", [False, True])
@pytest.mark.skipif(
    not (shutil.which("fireFoam") and POOL.is_dir()), reason="needs OpenFOAM and its examples"
)
def test_a_case_that_openfoam_itself_has_run(tmp_path, form, dual):
    """Ten steps of a pool fire on a coarse grid, and its dual mesh of polyhedra."""
    folder = tmp_path / "pool"
    shutil.copytree(POOL, folder)
    for file in folder.rglob("*.gz"):
        file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
    changed(folder / "system/blockMeshDict", b"(60 60 60)", b"(10 12 14)")
    changed(folder / "system/controlDict", b"endTime         4.0", b"endTime         0.03")
    changed(folder / "system/controlDict", b"writeInterval   0.1", b"writeInterval   0.015")
    changed(folder / "system/controlDict", b"binary", form.encode())

    def run(*command):
        home = {"WM_PROJECT_DIR": "/usr/share/openfoam"}
        subprocess.run(
            command, cwd=folder, env={**os.environ, **home}, check=True, capture_output=True, timeout=300
        )

    run("blockMesh")
    run("topoSet")
    run("createPatch", "-overwrite")
    shutil.copy(folder / "0/ph_rgh.orig", folder / "0/ph_rgh")
    if dual:
        run("polyDualMesh", "80", "-overwrite", "-concaveMultiCells")
        field = rte.read(folder, shape=(8, 8, 8), outside="error", time="first")
        np.testing.assert_allclose(field.resampled.covered, 1.0 / 8**3, rtol=1e-12)
        return
    run("fireFoam")
    field = rte.read(folder, time="last")
    assert field.grid.shape == (10, 12, 14)
    assert field.time == 0.03
    assert {"CH4", "CO2", "H2O", "N2", "O2"} == set(field.mole_fraction)
    np.testing.assert_allclose(
        field.temperature, field.temperature[::-1], rtol=1e-3
    )  # the fire is in the middle
    bottom = field.mole_fraction["CH4"].sum(axis=(0, 2))
    assert bottom[0] > 10.0 * bottom[-1]  # the burner is at y = 0
    with opened(folder) as source:
        assert source.arrays["Qdot"].units == "W/m3"
