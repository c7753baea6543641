"""What can be wrong with a file rather than with its content, and writing whole or not at all."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import raytrace_rte as rte
from raytrace_rte.formats.atomic import replacing
from raytrace_rte.formats.hdf5 import opened
from raytrace_rte.formats.inspect import inspect


@pytest.fixture
def native(tmp_path):
    """A native field of a few cells."""
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (5, 4, 3))
    rng = np.random.default_rng(0)
    T, X = rng.uniform(300, 2000, grid.shape), rng.uniform(0, 0.1, grid.shape)
    path = tmp_path / "native.h5"
    rte.write(rte.Field(grid, T, pressure=np.asarray(1e5), mole_fraction={"CO2": X}), path)
    return path


def message(path, **how) -> str:
    """What both ways of opening say, which must be one InputError of one line with the path."""
    texts = []
    for look in (lambda p: rte.read(p, **how), inspect):
        with pytest.raises(rte.InputError) as caught:
            look(path)
        texts.append(str(caught.value))
        assert "\n" not in texts[-1]
        assert str(path) in texts[-1]
    return texts[0]


def test_each_way_of_being_unreadable_has_its_message(native, tmp_path):
    assert "no such file" in message(tmp_path / "none.h5")
    assert "no such file" in message(tmp_path / "none" / "none.h5")
    assert "is a directory" in message(tmp_path)
    assert "cannot be read" in message(tmp_path / ("long" * 100))
    (tmp_path / "empty.h5").touch()
    assert "not an HDF5 file" in message(tmp_path / "empty.h5")
    for kept in (100, 3000, native.stat().st_size - 1):
        (tmp_path / "cut.h5").write_bytes(native.read_bytes()[:kept])
        assert "truncated" in message(tmp_path / "cut.h5")


@pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.h5")
    assert "is neither a file nor a folder, but a pipe or a device" in message(tmp_path / "pipe.h5")
    with pytest.raises(rte.InputError, match="a pipe or a device"):
        rte.load(tmp_path / "pipe.h5")


def test_a_name_with_a_newline_is_one_line(tmp_path):
    with pytest.raises(rte.InputError, match=r"a\\nb\.h5: no such file") as caught:
        rte.read(tmp_path / "a\nb.h5")
    assert "\n" not in str(caught.value)


def test_a_file_without_permission(native, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("h5py.File", refuse)
    assert "may not be read; check its permissions" in message(native)


def test_a_file_that_another_program_writes(native):
    code = (
        "import h5py, sys, time\n"
        f"file = h5py.File({str(native)!r}, 'r+')\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "open\n"
        text = message(native)
        writer.communicate("")
    assert "is in use" in text
    rte.read(native)


def test_a_filter_that_is_not_installed(native):
    with h5py.File(native, "r+") as file:
        data = file["temperature"][:]
        del file["temperature"]
        unknown = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        unknown.set_chunk(data.shape)
        unknown.set_filter(32000 + 767, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple(data.shape)
        made = h5py.h5d.create(file.id, b"temperature", h5py.h5t.NATIVE_DOUBLE, space, dcpl=unknown)
        made.write_direct_chunk((0, 0, 0), data.tobytes(), filter_mask=0)
        file["temperature"].attrs["units"] = "K"
    with pytest.raises(rte.InputError, match=r"dataset 'temperature' cannot be decoded .*filter") as caught:
        rte.read(native)
    assert "\n" not in str(caught.value)
    listing = str(inspect(native))
    assert "cannot be decoded" in listing
    assert "mole_fraction/CO2" in listing


def test_a_dataset_too_large_for_memory(native):
    with h5py.File(native, "r+") as file:
        del file["temperature"]
        file.create_dataset("temperature", (10**6, 10**6, 10**6), "f4", chunks=(10, 10, 10))
        file["temperature"].attrs["units"] = "K"
    with pytest.raises(rte.InputError, match="does not fit into memory"):
        rte.read(native)


def test_a_dataset_without_content(native):
    with h5py.File(native, "r+") as file:
        del file["temperature"]
        file["temperature"] = h5py.Empty("f8")
        file["temperature"].attrs["units"] = "K"
    with pytest.raises(rte.InputError, match="'temperature'"):
        rte.read(native)
    assert "temperature" in str(inspect(native))


@pytest.mark.parametrize("version", [0, 3, "1", np.array([1, 1]), 1.5, None])
def test_other_schema_versions(native, version):
    with h5py.File(native, "r+") as file:
        del file.attrs["schema_version"]
        if version is not None:
            file.attrs["schema_version"] = version
    remedy = "update the package" if np.array_equal(version, 3) else "schema_version = 2"
    with pytest.raises(rte.InputError, match=rf"schema_version is .*reads 1 to 2; .*{remedy}"):
        rte.read(native)


def test_a_group_in_place_of_a_dataset(native):
    with h5py.File(native, "r+") as file:
        del file["pressure"]
        file.create_group("pressure")
    with pytest.raises(rte.InputError, match="dataset 'pressure' is a group; there are grid/x"):
        rte.read(native)


def test_random_damage_never_gives_another_exception(native, tmp_path):
    """Bytes overwritten in the data half or cut off; damaged headers can hang HDF5 itself."""
    whole = native.read_bytes()
    with h5py.File(native) as file:
        chunk = file["temperature"].id.get_chunk_info(0)
    draw = random.Random(4)
    path, refused = tmp_path / "damaged.h5", []
    for n in range(60):
        bad = bytearray(whole)
        for _ in range(8):
            bad[chunk.byte_offset + draw.randrange(chunk.size)] = draw.randrange(256)
        path.write_bytes(bad if n % 2 else bad[: draw.randrange(len(bad))])
        for look in (rte.read, inspect):
            try:
                look(path)
            except rte.InputError as error:
                refused.append(str(error))
    assert len(refused) > 60
    assert all(str(path) in text for text in refused)


def test_the_hash_is_that_of_the_file(native):
    import hashlib

    assert rte.read(native).source_sha256 == hashlib.sha256(native.read_bytes()).hexdigest()


def test_writing_where_one_cannot(native, tmp_path):
    field = rte.read(native)
    with pytest.raises(rte.InputError, match="No such file or directory"):
        rte.write(field, tmp_path / "none" / "f.h5")
    (tmp_path / "folder").mkdir()
    with pytest.raises(rte.InputError, match="directory"):
        rte.write(field, tmp_path / "folder")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "native.h5"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process")
def test_a_full_disk_is_one_message_and_leaves_nothing(native, tmp_path):
    """In a process whose files may not grow: HDF5 by itself would crash it."""
    code = f"""
import resource, signal, sys
import numpy as np
import raytrace_rte as rte
grid = rte.uniform((0, 0, 0), (1, 1, 1), (40, 40, 40))
field = rte.Field(grid, np.random.default_rng(0).uniform(300, 400, grid.shape))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
try:
    rte.write(field, {str(native)!r})
except rte.InputError as error:
    print(error)
"""
    before = native.read_bytes()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{native}: cannot be written: File too large; nothing was kept\n"
    assert native.read_bytes() == before
    assert list(tmp_path.iterdir()) == [native]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_replacing_keeps_the_old_file_whatever_happens(tmp_path, failure):
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")

    def write():
        with replacing(path) as temporary:
            assert temporary.parent == tmp_path
            temporary.write_text("new", encoding="utf-8")
            raise failure

    with pytest.raises(failure):
        write()
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
    with replacing(path) as temporary:
        temporary.write_text("new", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "new"


def test_replacing_gives_ordinary_permissions(tmp_path):
    with replacing(tmp_path / "a") as temporary:
        temporary.write_text("", encoding="utf-8")
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_only_errors_of_the_file_are_called_damage(native):
    with pytest.raises(ZeroDivisionError), opened(Path(native)):
        raise ZeroDivisionError
