"""A Medium holds the caller's arrays, knows when they change, what its bands are, and can be written."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pytest

import raytrace_rte as rte

GRID = rte.Cartesian([0.0, 0.5, 2.0], np.linspace(-1, 1, 4))
SHAPE = GRID.shape
BANDS = rte.Spectrum.bands([0.0, 3e-6, np.inf])


def arrays(dtype=np.float64, bands=()):
    rng = np.random.default_rng(3)
    shape = SHAPE + bands
    return rng.uniform(0.1, 2.0, shape).astype(dtype), rng.uniform(1e3, 9e4, shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_are_seen_not_copied(dtype):
    kappa, source = arrays(dtype)
    medium = rte.Medium(GRID, kappa, source)
    for name, original in (("kappa", kappa), ("source", source)):
        view = getattr(medium, name)
        assert np.shares_memory(view, original)
        assert view.dtype == dtype
        assert original.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1.0


@pytest.mark.parametrize("name", ["kappa", "source"])
@pytest.mark.parametrize("change", ["scaled", "one bit", "two swapped", "tail"])
def test_a_change_after_the_first_use_is_noticed(name, change):
    """Case 7: the records of cells were kept, and `medium.kappa *= 5` changed nothing."""
    given = dict(zip(("kappa", "source"), arrays(np.float32), strict=True))
    medium = rte.Medium(GRID, **given)
    medium.verify()
    given[name] *= 2  # before the first use, this is as if it had been given so
    assert medium.cells is not None
    medium.verify()
    flat = given[name].reshape(-1)
    match change:
        case "scaled":
            flat *= 5
        case "one bit":
            flat.view(np.uint32)[2] ^= 1
        case "two swapped":
            flat[[0, 3]] = flat[[3, 0]]
        case "tail":
            flat[-1] = np.nextafter(flat[-1], np.float32(0))
    with pytest.raises(
        rte.InputError, match=f"medium: {name} was changed after its first use.*make a new Medium"
    ):
        medium.verify()


def test_a_private_copy_is_not_disturbed():
    kappa, source = (np.asfortranarray(a) for a in arrays())
    medium = rte.Medium(GRID, kappa, source)
    assert medium.lean_cells is not None
    kappa *= 2
    medium.verify()


def test_fingerprints_take_a_moment():
    """1e8 bytes in at most 0.1 s of processor time, several times what it takes."""
    from raytrace_rte.kernels.fingerprint import fingerprint

    a = np.zeros(12_500_000)
    fingerprint(a)
    best = min(_seconds(lambda: fingerprint(a)) for _ in range(5))
    assert best < 0.1


def _seconds(action):
    start = time.process_time()
    action()
    return time.process_time() - start


def test_fingerprints_of_equal_bytes_are_equal_and_others_differ(rng):
    from raytrace_rte.kernels.fingerprint import fingerprint

    a = rng.normal(size=(3, 5, 7)).astype(np.float32)
    assert fingerprint(a) == fingerprint(a.copy())
    seen = {fingerprint(a)}
    for i in range(a.size):
        for change in (2.0, -1.0, 1 + 1e-6):
            b = a.copy()
            b.flat[i] *= change
            seen.add(fingerprint(b))
    assert len(seen) == 1 + 3 * a.size


@pytest.mark.parametrize("name", ["kappa", "source"])
def test_rounding_below_zero_is_zero_and_counted(name):
    """Case 22."""
    given = dict(zip(("kappa", "source"), arrays(), strict=True))
    given[name][0, 0, 0] = -6e-14
    given[name][1, 2, 0] = -0.9e-6 * given[name].max()
    kept = given[name].copy()
    medium = rte.Medium(GRID, **given, provenance={"clipped": {"CO2": 3}})
    assert getattr(medium, name).min() == 0.0
    assert medium.provenance["clipped"] == {"CO2": 3, name: 2}
    np.testing.assert_array_equal(given[name], kept)
    given[name][1, 2, 0] = -2e-6 * given[name].max()
    with pytest.raises(rte.InputError, match=rf"{name}: cell \(1, 2, 0\) is -"):
        rte.Medium(GRID, **given)
    with pytest.raises(rte.InputError, match=name):
        rte.Medium(GRID, **(given | {name: np.full(SHAPE, -1e-9)}))


def test_bands_need_a_spectrum_that_fits():
    """Case 6: one band of shape (..., 1) silently had walls of sigma T^4."""
    for bands in ((1,), (2,)):
        with pytest.raises(rte.InputError, match="spectrum is None, but kappa has a band axis"):
            rte.Medium(GRID, *arrays(bands=bands))
    with pytest.raises(rte.InputError, match=r"spectrum has 2 band\(s\), kappa 3"):
        rte.Medium(GRID, *arrays(bands=(3,)), BANDS)
    with pytest.raises(rte.InputError, match="spectrum is 'grey'"):
        rte.Medium(GRID, *arrays(), "grey")
    medium = rte.Medium(GRID, *arrays(bands=(2,)), BANDS)
    assert medium.spectrum is BANDS
    np.testing.assert_array_equal(medium.wall_emission(900.0), BANDS.wall_emission(900.0))


def test_one_band_of_a_grey_array_emits_as_its_spectrum():
    window = rte.Spectrum.bands([3e-6, 5e-6])
    medium = rte.Medium(GRID, *arrays(), window)
    assert medium.n_band == 1
    assert rte.black(1000.0).light(medium)[0][0, 0] == window.wall_emission(1000.0)[0]


def test_a_function_is_a_spectrum_in_memory():
    medium = rte.Medium(GRID, *arrays(bands=(2,)), lambda T: [T, 2 * T])
    np.testing.assert_array_equal(medium.wall_emission([0.0, 300.0]), [[0, 0], [300, 600]])
    with pytest.raises(rte.InputError, match="cannot be saved or sent"):
        medium.digest()


def test_old_names_warn_and_answer():
    kappa, source = arrays(bands=(2,))
    with pytest.warns(DeprecationWarning, match=r"Medium\(..., emission=\) is an old name: use spectrum="):
        medium = rte.Medium(GRID, kappa, source, emission=lambda T: [T, T])
    with pytest.warns(DeprecationWarning, match=r"use Medium.wall_emission"):
        np.testing.assert_array_equal(medium.emission(300.0), [300.0, 300.0])
    grey = rte.Medium(GRID, *arrays())
    with pytest.warns(DeprecationWarning, match="old name"):
        assert grey.emission(300.0) == rte.blackbody(300.0)
    with (
        pytest.warns(DeprecationWarning, match="old name"),
        pytest.raises(rte.InputError, match="both were given"),
    ):
        rte.Medium(GRID, kappa, source, BANDS, emission=lambda T: [T, T])


def test_a_temperature_in_place_of_the_source_shows():
    """Case 20: nobody can know it, so that the representation says how bright the source is."""
    T = np.full(SHAPE, 1500.0)
    right, wrong = (rte.Medium(GRID, np.ones(SHAPE), s) for s in (rte.blackbody(T), T))
    assert "source as of 1500..1500 K" in repr(right)
    assert "source as of 536.9..536.9 K" in repr(wrong)
    assert "1500" in right._repr_html_()
    two = rte.Medium(GRID, *(np.repeat(a[..., None], 2, axis=-1) for a in (np.ones(SHAPE), T)), BANDS)
    assert "2 band(s)" in repr(two)


@pytest.mark.parametrize("bands", [(), (2,)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_written_and_opened_it_is_the_same(tmp_path, bands, dtype):
    spectrum = BANDS if bands else None
    medium = rte.Medium(GRID, *arrays(dtype, bands), spectrum, {"model": "made up", "n": np.int64(3)})
    medium.write(tmp_path / "deep" / "medium")
    medium.write(tmp_path / "deep" / "medium")
    again = rte.Medium.open(tmp_path / "deep" / "medium")
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["medium"]
    assert again.digest() == medium.digest()
    for name in ("kappa", "source"):
        np.testing.assert_array_equal(getattr(again, name), getattr(medium, name))
        assert getattr(again, name).dtype == dtype
        assert _mapped(getattr(again, name))
    for a, b in zip(again.grid, medium.grid, strict=True):
        np.testing.assert_array_equal(a, b)
    assert again.provenance == {"model": "made up", "n": 3}
    assert again.spectrum.to_dict() == medium.spectrum.to_dict()


def _mapped(array):
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


def test_digests_differ_with_everything_that_matters():
    kappa, source = arrays()
    other = rte.Cartesian([0.0, 0.5, 2.1], GRID.y)
    media = [
        rte.Medium(GRID, kappa, source),
        rte.Medium(GRID, 2 * kappa, source),
        rte.Medium(GRID, kappa, 2 * source),
        rte.Medium(other, kappa, source),
        rte.Medium(GRID, kappa.astype(np.float32), source),
        rte.Medium(GRID, kappa, source, rte.Spectrum.bands([1e-6, 2e-6])),
    ]
    assert len({m.digest() for m in media}) == len(media)


def test_what_cannot_be_written_or_opened(tmp_path):
    medium = rte.Medium(GRID, *arrays())
    with pytest.raises(rte.InputError, match="cannot be saved or sent"):
        rte.Medium(GRID, *arrays(), lambda T: T).write(tmp_path / "m")
    with pytest.raises(rte.InputError, match="provenance holds <object"):
        rte.Medium(GRID, *arrays(), provenance={"x": object()}).write(tmp_path / "m")
    assert not list(tmp_path.iterdir())
    medium.write(tmp_path / "m")
    with pytest.raises(rte.InputError, match="holds another medium"):
        rte.Medium(GRID, *arrays(np.float32)).write(tmp_path / "m")
    with pytest.raises(rte.InputError, match="holds no medium"):
        rte.Medium.open(tmp_path)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(rte.InputError, match="cannot be written"):
        medium.write(tmp_path / "file" / "m")
    (tmp_path / "m" / "kappa.npy").unlink()
    with pytest.raises(rte.InputError, match="is incomplete"):
        rte.Medium.open(tmp_path / "m")
    description = json.loads((tmp_path / "m" / "medium.json").read_text(encoding="utf-8"))
    assert description["spectrum"] == {"kind": "grey", "names": ["grey"]}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_is_asked_before_the_work(tmp_path, monkeypatch):
    """Case 23."""
    from raytrace_rte.execution import memory

    assert 1e8 < memory.available() < 1e14
    memory.require(1e6, "a little")
    with pytest.raises(
        rte.InputError, match=r"a picture needs 9.31e\+05 GiB and does not fit into memory, where"
    ):
        memory.require(1e15, "a picture")
    with pytest.raises(rte.InputError, match="sample smooth-plume of 1000000 cells along an axis needs"):
        rte.sample("smooth-plume", 1_000_000)

    (tmp_path / "self").mkdir()
    (tmp_path / "job" / "part").mkdir(parents=True)
    for name, text in {
        "meminfo": "MemTotal: 90 kB\nMemAvailable: 4000000 kB\n",
        "self/cgroup": "0::/job/part\n",
        "job/part/memory.max": "max\n",
        "job/part/memory.current": "7\n",
        "job/memory.max": "3000000\n",
        "job/memory.current": "1000000\n",
        "job/memory.stat": "anon 1\ninactive_file 200000\nactive_file 50000\n",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(memory, "PROC", tmp_path)
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.available() == 2_250_000
    (tmp_path / "self/cgroup").write_text("", encoding="utf-8")
    assert memory.available() == 4_096_000_000
    monkeypatch.setattr("resource.getrlimit", lambda _: (5_000, 5_000))
    assert memory.available() == 5_000
