"""Datasets that are read and written beside HDF5, as HDF5 does it; and hashes beside the reading."""

from __future__ import annotations

import copy
import hashlib
import os
import pickle
import zlib
from dataclasses import replace

import h5py
import numpy as np
import pytest

import raytrace_rte as rte
from raytrace_rte.formats import chunks, inplace
from raytrace_rte.formats.digest import Digest, forget, hashing, lasting
from raytrace_rte.formats.hdf5 import values

RNG = np.random.default_rng(3)
SHAPE = (11, 10, 9)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(inplace, "SMALL", 0)


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as opened:
        yield opened


def numbers(dtype):
    return (1000.0 * RNG.normal(size=SHAPE)).astype(dtype)


def put(file, data, **how):
    how = {"chunks": (4, 3, 5), "compression": "gzip", **how}
    file.create_dataset("a", data=data, **how)
    file.flush()
    return file["a"]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<f2", ">i4", "<u2", "<i8"])
def test_numbers_of_any_kind_come_back(file, dtype, shuffle):
    data = numbers(dtype)
    found = chunks.read(put(file, data, shuffle=shuffle))
    np.testing.assert_array_equal(found, data)
    assert found.astype(found.dtype).dtype.itemsize == data.dtype.itemsize


OTHERS = {
    "not in chunks": lambda f: put(f, numbers("f4"), chunks=None, compression=None),
    "chunks without a filter": lambda f: put(f, numbers("f4"), compression=None),
    "another filter": lambda f: put(f, numbers("f4"), compression="lzf"),
    "a check sum": lambda f: put(f, numbers("f4"), fletcher32=True),
    "bytes": lambda f: put(f, numbers("i1")),
    "truth": lambda f: put(f, numbers("f4") > 0),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_hdf5_itself_reads_all_others(file, kind):
    dataset = OTHERS[kind](file)
    assert chunks.read(dataset) is None
    np.testing.assert_array_equal(values(dataset), dataset[...])


def test_chunks_that_were_never_written_are_left_to_hdf5(file):
    dataset = file.create_dataset("a", SHAPE, "f4", chunks=(4, 3, 5), compression="gzip", fillvalue=7.0)
    dataset[:4, :3, :5] = 1.0
    assert chunks.read(dataset) is None
    assert values(dataset)[-1, -1, -1] == 7.0


def test_chunks_that_were_stored_as_they_are_are_left_to_hdf5(file):
    dataset = file.create_dataset("a", SHAPE, "<f4", chunks=SHAPE, compression="gzip")
    dataset.id.write_direct_chunk((0, 0, 0), numbers("<f4").tobytes(), filter_mask=1)
    assert chunks.read(dataset) is None


def test_a_file_with_a_user_block_is_left_to_hdf5(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=512) as file:
        dataset = put(file, numbers("f4"))
        assert chunks.read(dataset) is None


@pytest.mark.parametrize("raw", [b"nonsense", zlib.compress(b"too short")])
def test_a_damaged_chunk_is_one_message(file, raw):
    dataset = put(file, numbers("f4"))
    dataset.id.write_direct_chunk((4, 3, 5), raw)
    file.flush()
    with pytest.raises(rte.InputError, match="dataset 'a' cannot be decoded"):
        values(dataset)


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i8", "u1"])
def test_the_bytes_are_those_that_hdf5_writes(file, dtype):
    data = numbers("f8").astype(dtype)
    ours = chunks.write(file, "ours", data)
    theirs = file.create_dataset(
        "theirs", data=data, chunks=ours.chunks, compression="gzip", compression_opts=1, shuffle=True
    )
    np.testing.assert_array_equal(ours[...], data)
    assert ours.dtype == data.dtype
    stored = []
    theirs.id.chunk_iter(stored.append)
    for chunk in stored:
        at = chunk.chunk_offset
        assert ours.id.read_direct_chunk(at) == theirs.id.read_direct_chunk(at)


@pytest.mark.parametrize("dtype", ["<f4", ">f8", ">i2", "<u8"])
@pytest.mark.parametrize("index", [(), (2,), (slice(None),), (3, 1), (1, slice(None), slice(None))])
def test_contiguous_datasets_are_read_as_hdf5_reads_them(file, dtype, index, monkeypatch):
    monkeypatch.setattr(inplace, "PIECE", 64)
    file["other"] = np.arange(7)
    file["a"] = numbers("f8").astype(dtype)
    file.flush()
    found = inplace.read(file["a"], index)
    np.testing.assert_array_equal(found, file["a"][index])
    assert found.dtype == file["a"].dtype.newbyteorder("=")
    assert found.flags.c_contiguous


def test_what_does_not_lie_as_in_memory_is_left_to_hdf5(file, tmp_path):
    file.create_dataset("never", SHAPE, "f4")
    file.create_dataset("f2 as f4", data=numbers("f4"), chunks=SHAPE)
    file["bits"] = numbers("f4") > 0
    for name in ("never", "f2 as f4", "bits"):
        assert inplace.read(file[name]) is None, name
    file["a"] = numbers("f4")
    file.flush()
    assert inplace.read(file["a"], (slice(1, 3),)) is None
    with h5py.File(tmp_path / "block.h5", "w", userblock_size=512) as other:
        other["a"] = numbers("f4")
        assert inplace.read(other["a"]) is None


def test_a_file_that_ends_early_is_one_message(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = numbers("f8")
    with h5py.File(tmp_path / "a.h5", "r") as file:
        os.truncate(tmp_path / "a.h5", file["a"].id.get_offset() + 100)
        with pytest.raises(rte.InputError, match=r"dataset 'a' cannot be decoded \(the file ends early\)"):
            values(file["a"])


# hashes


def test_hashing_ends_with_its_block(tmp_path):
    path = tmp_path / "large"
    with open(path, "wb") as file:
        file.truncate(1 << 40)  # hours to hash, if it went on
    with pytest.raises(ZeroDivisionError), hashing(path, path):
        raise ZeroDivisionError
    with hashing(path) as digest:
        pass
    ended = digest._ended
    assert not ended.is_set()
    del digest
    assert ended.is_set()  # nobody can ask any more


def test_a_hash_outlives_its_file(tmp_path):
    """Of one file, which is open; several are hashed while they are read."""
    one, other = tmp_path / "one", tmp_path / "other"
    for paths in ((one,), (one, other)):
        one.write_bytes(b"1" * 1000)
        other.write_bytes(b"2" * 1000)
        with hashing(*paths) as digest:
            kept = lasting(digest)
        one.unlink()
        found = kept if isinstance(kept, str) else kept()
        assert found == hashlib.sha256(b"".join(c * 1000 for c in (b"1", b"2")[: len(paths)])).hexdigest()


@pytest.mark.parametrize("late", [False, True])
def test_a_file_that_changes_meanwhile_is_said(late, tmp_path, monkeypatch):
    path = tmp_path / "one"
    path.write_bytes(b"1" * 1000)
    monkeypatch.setattr(Digest, "start", lambda self: None)  # as if the thread was slow

    def read():
        with hashing(path) as digest:
            if not late:
                path.write_bytes(b"2" * 999)
        path.write_bytes(b"2" * 999)
        monkeypatch.undo()
        digest()

    with pytest.raises(rte.InputError, match="was changed while it was read; read it again"):
        read()


def test_a_field_knows_its_hash_when_it_is_asked(tmp_path):
    """Also in a pickle, in a copy, and in a process that was forked, whose threads stay behind."""
    path = tmp_path / "f.h5"
    rte.write(rte.sample("isothermal-box", 4), path)
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    for ask in (lambda f: f, lambda f: pickle.loads(pickle.dumps(f)), replace, copy.deepcopy):
        forget()
        assert ask(rte.read(path)).source_sha256 == right
    forget()
    field = rte.read(path)
    vars(field)["source_sha256"]._process = -1  # as in a child
    assert field.source_sha256 == right
    assert repr(rte.read(path)).startswith("Field(4x4x4")
    with pytest.raises(rte.InputError, match="source_sha256 is 3; expected text"):
        replace(field, source_sha256=3)
