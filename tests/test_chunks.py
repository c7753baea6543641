"""Datasets of gzip chunks are read and written beside HDF5, and as HDF5 does it."""

from __future__ import annotations

import zlib

import h5py
import numpy as np
import pytest

import raytrace_rte as rte
from raytrace_rte.formats import chunks
from raytrace_rte.formats.digest import hashing
from raytrace_rte.formats.hdf5 import values

RNG = np.random.default_rng(3)
SHAPE = (11, 10, 9)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(chunks, "SMALL", 0)


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


def test_hashing_ends_with_its_block(tmp_path):
    path = tmp_path / "large"
    with open(path, "wb") as file:
        file.truncate(1 << 40)  # hours to hash, if it went on
    with pytest.raises(ZeroDivisionError), hashing(path):
        raise ZeroDivisionError
