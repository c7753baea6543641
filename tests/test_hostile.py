"""Files made to do harm, or damaged: refused within a second, with one message, and nothing outside is read."""

from __future__ import annotations

import json
import pickle
import re
import time
from contextlib import suppress

import h5py
import numpy as np
import pytest
from scipy.io import netcdf_file

import raytrace_rte as rte
from raytrace_rte.formats.inspect import inspect
from raytrace_rte.formats.readers import READERS, opened
from written import made

SLOWEST = 5.0
"""[s] that a refusal may take here: one second, on a machine that does other things besides."""
FACES = [np.linspace(0.0, 1.0, 4)] * 3
T = np.full((3, 3, 3), 900.0)
LINE = {
    "grid": {"axis_order": ["x"], "location": "cell", "x": {"dataset": "x", "units": "m"}},
    "temperature": {"dataset": "T", "units": "K"},
}
"""A map of T along x."""


def refused(path, message, **how):
    """Assert that reading is refused with one line that names the path."""
    start = time.process_time()
    with pytest.raises(rte.InputError, match=message) as caught:
        rte.read(path, **how)
    assert time.process_time() - start < SLOWEST
    assert str(path) in str(caught.value)
    assert str(caught.value).isprintable()


XML = {
    "entities": '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Xdmf>&b;</Xdmf>',
    "a file": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Xdmf>&a;</Xdmf>',
    "a type alone": "<!DOCTYPE Xdmf><Xdmf/>",
    "in the usual type": '<!DOCTYPE Xdmf SYSTEM "Xdmf.dtd" [<!ENTITY a "aaaa">]><Xdmf>&a;</Xdmf>',
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("kind", XML)
def test_document_types_and_entities(kind, encoding, tmp_path):
    (tmp_path / "a.xdmf").write_bytes(XML[kind].encode(encoding))
    refused(tmp_path / "a.xdmf", r"declares (a document type|entities)")


XDMF_DAMAGE = {
    "not well-formed XML": lambda text: text[:-20],
    "deep in each other": lambda text: "<Xdmf>" + 100_000 * "<a>" + 100_000 * "</a>" + "</Xdmf>",
    "has 2 grids side by side": lambda text: text.replace("</Domain>", "<Grid/></Domain>"),
    "lies outside the folder": lambda text: text.replace("xdmf.h5:", "../secret.h5:"),
    "dataset '/fields/U' is missing": lambda text: text.replace("h5:/fields/T", "h5:/fields/U"),
    "has shape .3, 3, 3.; expected .3, 3, 9": lambda text: text.replace('="3 3 3"', '="3 3 9"'),
    "expected numbers in HDF5 or XML": lambda text: text.replace('Format="HDF"', 'Format="Binary"'),
    "topology is polyvertex": lambda text: text.replace("3DRectMesh", "Polyvertex"),
    "has 4 numbers; expected .40": lambda text: text.replace('Dimensions="4"', 'Dimensions="40"'),
    "a Grid lacks Topology": lambda text: re.sub("<Topology[^>]*>", "", text),
    "a collection of grids in space": lambda text: text.replace('"Uniform"', '"Collection"'),
}


@pytest.mark.parametrize("message", XDMF_DAMAGE)
def test_xdmf_that_is_damaged_or_leads_elsewhere(message, tmp_path):
    (tmp_path / "in").mkdir()
    path = made("xdmf", tmp_path / "in", FACES, {"T": T})
    (tmp_path / "secret.h5").write_bytes((tmp_path / "in/xdmf.h5").read_bytes())
    text = path.read_text()
    path.write_text(XDMF_DAMAGE[message](text))
    assert path.read_text() != text
    refused(path, message, units={"length": "m"})


@pytest.fixture
def secret(tmp_path):
    """A file that others point to."""
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["T"] = np.full(3, 900.0)
    return tmp_path / "secret.h5"


@pytest.mark.parametrize("kind", ["link", "soft link through it", "virtual", "external"])
def test_hdf5_that_points_into_other_files(kind, secret, tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(4.0)
        if kind == "virtual":
            layout = h5py.VirtualLayout((3,), "f8")
            layout[:] = h5py.VirtualSource(str(secret), "T", (3,))
            file.create_virtual_dataset("T", layout)
        elif kind == "external":
            file.create_dataset("T", (3,), "f8", external=[(str(secret), 0, 24)])
        elif kind == "link":
            file["T"] = h5py.ExternalLink(str(secret), "/T")
        else:
            file["there"] = h5py.ExternalLink(str(secret), "/")
            file["T"] = h5py.SoftLink("/there/T")
    refused(path, "which is not read; copy", map=LINE)
    assert "which is not read; copy" in str(inspect(path))
    assert "900" not in str(inspect(path))


def test_a_native_field_with_a_link_into_another_file(secret, tmp_path):
    path = tmp_path / "a.h5"
    rte.write(rte.Field(rte.Cartesian([0.0, 1.0, 2.0, 3.0]), np.full((3, 1, 1), 900.0)), path)
    with h5py.File(path, "r+") as file:
        del file["temperature"]
        file["temperature"] = h5py.ExternalLink(str(secret), "/T")
    refused(path, "dataset 'temperature' is a link into another file")


def test_links_in_circles_and_groups_without_end(tmp_path):
    with h5py.File(tmp_path / "loop.h5", "w") as file:
        group = file.create_group("a")
        group["b"], group["c"], group["d"] = file["/"], h5py.SoftLink("/a/c"), h5py.SoftLink("/T")
        file["T"], file["x"] = np.full(3, 900.0), np.arange(4.0)
    assert rte.read(tmp_path / "loop.h5", map=LINE).temperature.max() == 900.0
    soft = LINE | {"temperature": {"dataset": "/a/d", "units": "K"}}
    assert rte.read(tmp_path / "loop.h5", map=soft).temperature.max() == 900.0
    with h5py.File(tmp_path / "deep.h5", "w") as file:
        group = file
        for _ in range(1000):
            group = group.create_group("g")
    refused(tmp_path / "deep.h5", "or groups more than 100 deep")


def test_numbers_that_nobody_could_hold(tmp_path):
    n, cells = 10_000, (10_000,) * 3
    with h5py.File(tmp_path / "huge.h5", "w") as file:
        file.create_dataset("T", cells, "f4", chunks=(64, 64, 64)).attrs["units"] = "K"
        for i, axis in enumerate("xyz"):
            file[axis] = np.arange(n + 1.0)
            file[axis].attrs["units"] = "m"
            file["T"].dims[i].label = axis
    refused(tmp_path / "huge.h5", "needs 3.73e.03 GiB and does not fit into memory")
    assert "1e+12 numbers are too many to look at" in str(inspect(tmp_path / "huge.h5"))
    text = made("xdmf", tmp_path, FACES, {"T": T}).read_text()
    huge = re.sub("3DRectMesh", "3DCoRectMesh", text.replace('"4 4 4"', f'"{10**12} 4 4"'))
    item = '<DataItem Dimensions="3" Format="XML">0 0 0</DataItem>'
    (tmp_path / "huge.xdmf").write_text(re.sub('(?<=VXVYVZ">).*(?=</Geometry>)', 2 * item, huge))
    refused(tmp_path / "huge.xdmf", "its grid of .4, 4, 1000000000000. points")
    with netcdf_file(tmp_path / "huge.nc", "w") as file:
        file.createDimension("x", 3)
        file.createVariable("T", "f8", ("x",))[:] = 900.0
    data = bytearray((tmp_path / "huge.nc").read_bytes())
    at = data.index(b"x\0\0\0") + 4
    data[at : at + 4] = (2**31 - 1).to_bytes(4, "big")
    (tmp_path / "huge.nc").write_bytes(data)
    refused(tmp_path / "huge.nc", "is damaged, or cut")


class Harm:
    """What a pickle can do to those who open it."""

    def __reduce__(self):
        import os

        return os.mkdir, (str(Harm.where),)


@pytest.mark.parametrize("version", [2, 3])
def test_pickles_in_zarr_are_not_opened(version, tmp_path):
    import zarr

    Harm.where = tmp_path / "harm"
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=version)
    array = group.create_array("T", shape=(3,), dtype="f8", chunks=(3,))
    array[:] = 900.0
    meta = tmp_path / "a.zarr/T" / {2: ".zarray", 3: "zarr.json"}[version]
    said = json.loads(meta.read_text())
    if version == 2:
        said |= {"filters": [{"id": "pickle"}], "compressor": None}
    else:
        said["codecs"] = [{"name": "numcodecs.pickle", "configuration": {}}]
    meta.write_text(json.dumps(said))
    for chunk in [p for p in (tmp_path / "a.zarr/T").rglob("*") if p.is_file() and p != meta]:
        chunk.write_bytes(pickle.dumps(Harm()))
    refused(tmp_path / "a.zarr", "is damaged|holds Python objects|which array is the temperature", map=LINE)
    with pytest.raises(rte.InputError):
        inspect(tmp_path / "a.zarr")
    assert not Harm.where.exists()


def test_pickles_in_object_arrays_of_hdf5_stay_closed(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.arange(4.0)
        file["T"] = np.array([pickle.dumps(Harm())] * 3, dtype=h5py.opaque_dtype(np.dtype("V200")).str)
    refused(tmp_path / "a.h5", "expected real numbers|cannot be decoded", map=LINE)


def test_names_with_line_breaks_and_colours_are_written_out(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["T\nall is well\x1b[31m"] = np.full(3, 900.0)
        file["T"], file["x"] = np.full(3, 900.0), np.arange(4.0)
        file["T"].attrs["units"] = "K\nall is well"
        file.attrs["no\nte"] = "a\nb\x07"
    refused(tmp_path / "a.h5", "it leaves open")
    shown = str(inspect(tmp_path / "a.h5"))
    assert all(line.isprintable() for line in shown.split("\n"))
    assert not any(line.startswith("all is well") for line in shown.split("\n"))
    refused(tmp_path / "a.h5", "dataset 'none' is missing", map=LINE | {"temperature": {"dataset": "none"}})


@pytest.mark.parametrize("kind", ["netcdf3", "netcdf4", "vtkhdf", "xdmf", "zarr2"])
def test_random_damage_is_one_message_or_a_field(kind, tmp_path):
    """Bytes of the file (of Zarr: of a chunk and of metadata) at random."""
    rng = np.random.default_rng(3)
    path = made(kind, tmp_path, FACES, {"T": T + rng.random(T.shape)})
    files = [p for p in path.rglob("*") if p.is_file()] or [path]
    whole = {file: file.read_bytes() for file in files}
    said = []
    for _ in range(40):
        file = files[int(rng.integers(len(files)))]
        data = bytearray(whole[file])
        for at in rng.integers(0, len(data), 8):
            data[at] = int(rng.integers(256))
        file.write_bytes(data[: int(rng.integers(1, len(data) + 1))] if rng.random() < 0.3 else data)
        try:
            rte.read(path, units={"length": "m"})
        except rte.InputError as error:
            said.append(str(error))
        with suppress(rte.InputError):
            inspect(path)
        file.write_bytes(whole[file])
    assert len(said) > 5
    assert all("\n" not in text for text in said)


def test_each_reader_takes_any_bytes_as_a_question(tmp_path):
    from importlib import import_module

    rng = np.random.default_rng(0)
    for start in (b"", b"CDF\x01", b"CDF\x05", b"\x89HDF\r\n\x1a\n", b"<Xdmf", b"<VTKFile", b"\xff\xfe<\0"):
        path = tmp_path / "junk"
        path.write_bytes(start + rng.bytes(600))
        for name in READERS:
            import_module(f"raytrace_rte.formats.readers.{name}").recognises(path)
        with pytest.raises(rte.InputError), opened(path):
            pass
