"""Executors and stores: the same bits whoever works, and after any interruption; a sensor of one's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import numpy as np
import pytest
import xarray

import fields
import raytrace_rte as rte
from raytrace_rte.execution import executors

CUBE = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float) * 0.3 + 0.35
SIDES = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
                  [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]])  # fmt: skip


def medium(bands: int = 0) -> rte.Medium:
    """A small smooth medium, with bands of wavelength if asked."""
    grid = fields.grid(12, "stretched")
    x = np.meshgrid(*grid.centres, indexing="ij")
    kappa, T = 3.0 * fields.kappa(*x), 900.0 + 400.0 * fields.source(*x)
    if not bands:
        return rte.Medium(grid, kappa, rte.blackbody(T))
    spectrum = rte.Spectrum.bands(np.geomspace(1e-6, 2e-5, bands + 1))
    shares = spectrum.wall_emission(T.ravel()).reshape(*T.shape, bands)
    return rte.Medium(grid, kappa[..., None] * np.arange(1, bands + 1), shares, spectrum)


def block() -> list[object]:
    mask = np.zeros((12, 12, 12), bool)
    mask[4:7, 3:6, 2:5] = True
    return [rte.solids(mask, 1200.0, 0.6)]


def inside(shape=(40, 60)):
    return rte.camera((0.21, 0.13, 0.17), (0.6, 0.7, 0.5), shape, 80.0)


JOBS = {
    "camera": lambda: (medium(), inside(), {"walls": rte.black(400.0)}),
    "rays of three bands": lambda: (
        medium(3), fields.random_rays(np.random.default_rng(1), 5000), {"walls": rte.black(400.0)}),
    "radiometers": lambda: (medium(), rte.radiometer(np.full((30, 3), 0.5), np.eye(3)[np.arange(30) % 3], 160.0, 200),
                            {"walls": rte.black(400.0)}),
    "wall flux among mirrors": lambda: (medium(), rte.wall_flux("z_max", 40),
                                        {"walls": rte.black(400.0, x_min=rte.mirror())}),
    "volume, grey": lambda: (medium(), rte.heat_source(38), {"walls": rte.grey(600.0, 0.5), "method": rte.March()}),
    "volume, three bands": lambda: (medium(3), rte.heat_source(26), {"walls": rte.grey(600.0, 0.8)}),
    "grey enclosure with solids": lambda: (medium(), inside((20, 30)),
                                           {"walls": rte.grey(600.0, 0.5), "objects": block()}),
    "grey mesh": lambda: (medium(), inside((20, 30)), {"objects": [rte.mesh((CUBE, SIDES), 1100.0, 0.7)]}),
}  # fmt: skip


def arrays(result) -> dict[str, np.ndarray]:
    return {v.name: v.values for v in result.variables()}


def assert_same(one, other):
    first, second = arrays(one), arrays(other)
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


@pytest.mark.parametrize("name", JOBS)
def test_the_bits_are_the_same_for_any_number_of_threads(name):
    place, sensor, keywords = JOBS[name]()
    serial = rte.solve(place, sensor, executor=rte.Serial(), **keywords)
    for engine in (rte.Threads(1), rte.Threads(2)):
        assert_same(rte.solve(place, sensor, executor=engine, **keywords), serial)


def test_more_threads_than_the_machine_has_are_not_used(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    assert (rte.Threads().workers, rte.Threads(2).workers, rte.Threads(8).workers) == (3, 2, 3)
    monkeypatch.delenv("NUMBA_NUM_THREADS")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 5, 6})
    assert (rte.Threads().workers, rte.Threads(9).workers) == (4, 4)
    for wrong in (0, -1, 1.5, "two", True):
        with pytest.raises(rte.InputError, match="threads: n is"):
            rte.Threads(wrong)
    with pytest.raises(rte.InputError, match="found threads and an executor"):
        rte.solve(medium(), inside(), threads=2, executor=rte.Serial())


def test_parts_are_added_in_order_and_few_wait():
    """Work that ends in another order than it began is added in the order of the batches."""
    running, most = set(), [0]

    def slow(n):
        running.add(n)
        most[0] = max(most[0], len(running))
        time.sleep(0.002 * (n % 3))
        return n

    seen = []
    for n in executors.ordered(slow, range(40), 4):
        seen.append(n)
        running.discard(n)
    assert seen == list(range(40))
    assert most[0] <= 4 + executors.AHEAD


class Backwards(rte.Executor):
    """An engine as somebody else might write it: runs the last batch of a round first."""

    workers = 1

    @contextmanager
    def mapping(self, task):
        task.prepare(1)

        def parts(batches):
            done = {batch.start: task.run(batch) for batch in reversed(batches)}
            return [done[batch.start] for batch in batches]

        yield parts


@pytest.mark.parametrize("name", ["camera", "radiometers", "volume, grey", "grey mesh"])
def test_an_engine_of_ones_own_gives_the_same_bits(name):
    place, sensor, keywords = JOBS[name]()
    expected = rte.solve(place, sensor, executor=rte.Serial(), **keywords)
    assert_same(rte.solve(place, sensor, executor=Backwards(), **keywords), expected)


class Pressed(Exception):
    """Stands for Ctrl-C."""


def interrupt(after: int):
    calls = [0]

    def progress(done, total):
        calls[0] += 1
        if calls[0] > after:
            raise Pressed

    return progress


@pytest.mark.parametrize("name", JOBS)
def test_interrupted_work_goes_on_to_the_same_bits(name, tmp_path):
    """Interrupted again and again, after some more batches each time."""
    place, sensor, keywords = JOBS[name]()
    expected = rte.solve(place, sensor, threads=2, **keywords)
    folder, stops, share = tmp_path / "kept", 0, []
    seen = []

    def progress(done, total):
        seen.append(done / total)

    while True:
        more = interrupt(after=1 + stops**2)

        def both(done, total, more=more):
            progress(done, total)
            more(done, total)

        try:
            result = rte.solve(place, sensor, threads=2, store=folder, progress=both, **keywords)
            break
        except Pressed:
            assert (folder / "state.npz").exists()
            share.append(seen[-1])
            stops += 1
    assert stops >= 2
    assert share == sorted(share)  # what was kept was not done again
    assert_same(result, expected)
    assert not folder.exists()
    assert seen[-1] == pytest.approx(1.0)


def test_kept_work_of_another_job_is_refused(tmp_path):
    place, sensor, _ = JOBS["camera"]()
    with pytest.raises(Pressed):
        rte.solve(place, sensor, store=tmp_path / "kept", progress=interrupt(2))
    with pytest.raises(rte.InputError, match="belongs to another job"):
        rte.solve(place, sensor, rte.black(500.0), store=tmp_path / "kept")
    anew = rte.Store(tmp_path / "kept", resume=False)
    rte.solve(place, sensor, rte.black(500.0), store=anew)
    other = rte.Medium(place.grid, 2.0 * place.kappa, place.source)
    with pytest.raises(Pressed):
        rte.solve(place, sensor, store=tmp_path / "other", progress=interrupt(2))
    with pytest.raises(rte.InputError, match="belongs to another job"):
        rte.solve(other, sensor, store=tmp_path / "other")


def test_a_damaged_store_says_so(tmp_path):
    place, sensor, _ = JOBS["camera"]()
    with pytest.raises(Pressed):
        rte.solve(place, sensor, store=tmp_path / "kept", progress=interrupt(2))
    state = tmp_path / "kept/state.npz"
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(rte.InputError, match="cannot be read"):
        rte.solve(place, sensor, store=tmp_path / "kept")


KILLED = """
import sys, time
sys.path.insert(0, {tests!r})
from test_execution import JOBS
import raytrace_rte as rte
from raytrace_rte.execution import stores
stores.LEAST, stores.SHARE = 0.0, 0.0
place, sensor, keywords = JOBS["volume, grey"]()
def slow(done, total):
    print(done, flush=True)
    time.sleep(0.02)
rte.solve(place, sensor, store={folder!r}, progress=slow, **keywords)
"""


def test_killed_work_goes_on_to_the_same_bits(tmp_path):
    """kill -9 at any moment leaves a whole state behind."""
    folder = tmp_path / "kept"
    code = KILLED.format(tests=os.path.dirname(__file__), folder=str(folder))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    for _ in range(25):
        assert process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    place, sensor, keywords = JOBS["volume, grey"]()
    first = []
    result = rte.solve(place, sensor, store=folder, progress=lambda d, t: first.append(d), **keywords)
    assert first[0] > 0
    assert_same(result, rte.solve(place, sensor, **keywords))


@dataclass(frozen=True)
class Disk:
    """The mean radiance that arrives on a disk, looking down."""

    centre: tuple[float, float, float]
    radius: float
    rays: int = 3000

    def settings(self):
        return {"kind": "disk", **asdict(self)}

    def take(self, index):
        n = np.arange(self.rays)[index]
        r, angle = self.radius * np.sqrt((n + 0.5) / self.rays), 2.4 * n
        return rte.Rays(
            np.add(self.centre, np.stack([r * np.cos(angle), r * np.sin(angle), 0 * n], 1)), [0, 0, -1]
        )

    def task(self, scene):
        def finish(task, gathered):
            rows, config = gathered.rows, scene.settings() | {"sensor": self.settings()}
            return rte.Result.build(
                "mean_radiance", rows["value"].mean(), "W m-2 sr-1", "mean radiance on a disk",
                error_bound=rows["error_bound"].mean(), stats=gathered.stats, config=config,
                spectrum=scene.medium.spectrum)  # fmt: skip

        return rte.RayTask(scene, self, self.rays, self.take, finish)


def test_a_sensor_of_ones_own_has_everything(tmp_path):
    place, disk = medium(), Disk((0.5, 0.5, 1.5), 0.3)
    result = rte.solve(place, disk, rte.black(400.0), threads=2)
    rays = rte.solve(place, disk.take(slice(None)), rte.black(400.0))
    assert float(result.value) == pytest.approx(rays.value.mean(), rel=1e-14)
    with pytest.raises(Pressed):
        rte.solve(place, disk, rte.black(400.0), store=tmp_path / "kept", progress=interrupt(2))
    assert_same(rte.solve(place, disk, rte.black(400.0), store=tmp_path / "kept"), result)
    result.save(tmp_path / "disk.h5")
    result.save(tmp_path / "disk.csv")
    loaded = rte.load(tmp_path / "disk.h5")
    assert_same(loaded, result)
    assert loaded.config["sensor"] == {"kind": "disk", "centre": [0.5, 0.5, 1.5], "radius": 0.3, "rays": 3000}
    with xarray.open_dataset(tmp_path / "disk.h5", engine="h5netcdf") as data:
        assert float(data.mean_radiance) == float(result.value)
        assert data.mean_radiance.attrs["units"] == "W m-2 sr-1"
    assert result.to_xarray().mean_radiance.dims == ()
    header, row = (tmp_path / "disk.csv").read_text().splitlines()[1:3]
    assert float(dict(zip(header.split(","), row.split(","), strict=True))["mean_radiance [W m-2 sr-1]"]) == (
        float(result.value)
    )
    texts = [t.get_text() for axes in result.plot(tmp_path / "disk.png").axes for t in axes.texts]
    assert any(f"{float(result.value):.5g}" in text for text in texts)
    assert "mean radiance" in result.summary().replace("_", " ")


CLUSTER = """
import json, sys
sys.path.insert(0, {tests!r})
from distributed import Client, LocalCluster
import raytrace_rte as rte
from test_execution import JOBS
from benchmarks.bits import digest
def bits(engine):
    out = {{}}
    for name in ("camera", "radiometers", "volume, grey", "grey enclosure with solids"):
        place, sensor, keywords = JOBS[name]()
        result = rte.solve(place, sensor, executor=engine, **keywords)
        out[name] = digest({{v.name: v.values for v in result.variables() if v.values.dtype.kind != "U"}})
    return out
if __name__ == "__main__":
    found = {{"serial": bits(rte.Serial())}}
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            for workers in (1, 2, 4):
                cluster.scale(workers)
                client.wait_for_workers(workers)
                found[workers] = bits(rte.Dask(client))
    print(json.dumps(found))
"""


def test_the_bits_are_the_same_on_a_cluster_of_1_2_and_4_processes(tmp_path):
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER.format(tests=os.path.dirname(__file__)), encoding="utf-8")
    root = os.path.dirname(os.path.dirname(__file__))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found) == {"serial", "1", "2", "4"}
    for bits in found.values():
        assert bits == found["serial"]


def test_what_goes_to_a_cluster_is_small():
    """A Dask task carries a folder, a hash and batches; the field lies in the folder."""
    import pickle

    _, sensor, keywords = JOBS["volume, grey"]()
    big = rte.Medium(rte.uniform((0, 0, 0), (1, 1, 1), (40, 40, 40)), np.ones((40,) * 3), np.ones((40,) * 3))
    task = sensor.task(rte.Scene(big, keywords["walls"], keywords["method"]))
    with task.recipe(None) as recipe:
        sent = len(pickle.dumps((recipe, task.batches()[:1])))
        assert sent < 0.2 * big.kappa.nbytes
        assert len(pickle.dumps(recipe)) < 2000
        again = pickle.loads(pickle.dumps(recipe)).task()
        batch = task.batches()[0]
        for name, values in task.run(batch).items():
            np.testing.assert_array_equal(again.run(batch)[name], values)


def test_a_function_as_spectrum_is_refused_by_stores_and_clusters(tmp_path):
    grid = fields.grid(4, "uniform")
    ones = np.ones((*grid.shape, 2))
    place = rte.Medium(grid, ones, ones, lambda T: np.full(2, 0.5 * float(rte.blackbody(T))))
    assert rte.solve(place, inside((4, 4))).value.shape == (4, 4, 2)
    with pytest.raises(rte.InputError, match="cannot be saved or sent"):
        rte.solve(place, inside((4, 4)), store=tmp_path / "kept")
