"""Inputs that once gave a wrong number, a crash or a hang, with the right answer; each test has its case's number."""

from __future__ import annotations

import re
import subprocess
import sys
import tracemalloc

import h5py
import numpy as np
import pytest
import xarray
from numpy.testing import assert_allclose, assert_array_equal

import raytrace_rte as rte

GRID = rte.uniform((0, 0, 0), (1, 1, 1), (12, 12, 12))
ONES = np.ones(GRID.shape)
B1000 = float(rte.blackbody(1000.0))
FRONT = rte.camera_orthographic((-1, 0.5, 0.5), (0, 0.5, 0.5), (4, 4), 0.9)
LINE = rte.line_of_sight((-1, 0.52, 0.52), (1, 0, 0))
COLD = rte.Medium(GRID, 0.7 * ONES, 0.0 * ONES)
HANGS = 900.0
"""[s] after which a process is taken to hang; nothing depends on how fast it is."""


def halves(T):
    """Two bands with half of the blackbody each."""
    return np.full(2, 0.5 * rte.blackbody(T))


class Stopped(Exception):
    """In place of Ctrl-C."""


def test_case_5_auto_says_which_transmittances_it_does_not_know():
    march = rte.solve(COLD, FRONT, method=rte.March())
    assert_allclose(march.transmittance, np.exp(-0.7))
    assert_allclose(march.optical_depth, 0.7)
    auto = rte.solve(COLD, FRONT)
    assert auto.stats["rays_missed"] == 0
    assert auto.hit.all()
    assert np.isnan(auto.transmittance).all()
    assert np.isnan(auto.optical_depth).all()
    assert "not known for 16 of 16 rays" in auto.summary()
    text = " ".join(t.get_text() for axes in auto.plot(quantity="transmittance").axes for t in axes.texts)
    title = auto.plot(quantity="transmittance").axes[0].get_title()
    assert "16 of 16" in text + title
    followed = rte.solve(COLD, FRONT, method=rte.Auto(transmittance=True))
    assert_array_equal(followed.transmittance, march.transmittance)
    assert_array_equal(followed.optical_depth, march.optical_depth)
    assert "not known" not in followed.summary()


def test_case_6_bands_have_the_temperature_of_their_total():
    source = np.full((*GRID.shape, 2), 0.5 * B1000)
    medium = rte.Medium(GRID, np.full(source.shape, 1e3), source, halves)
    image = rte.solve(medium, FRONT, rte.black(1000.0))
    assert "brightness up to 1000.0 K" in image.summary()
    assert_allclose(rte.solve(medium, LINE, rte.black(1000.0)).profile["temperature"], 1000.0, rtol=1e-8)


def test_case_6_narrow_bands_too():
    spectrum = rte.Spectrum.bands(np.linspace(2.0e-6, 2.8e-6, 9))
    source = np.broadcast_to(spectrum.wall_emission(1000.0), (*GRID.shape, 8))
    medium = rte.Medium(GRID, np.ones(source.shape), source, spectrum)
    line = rte.solve(medium, LINE, rte.black(1000.0))
    assert_allclose(line.profile["temperature"], 1000.0, rtol=1e-7)
    assert_allclose(line.brightness_temperature, 1000.0, rtol=1e-3)


def test_case_6_a_band_axis_needs_a_spectrum():
    with pytest.raises(rte.InputError, match="spectrum is None"):
        rte.solve(rte.Medium(GRID, ONES[..., None], ONES[..., None]), FRONT, rte.black(900.0))


@pytest.mark.parametrize("name", ["kappa", "source"])
def test_case_7_arrays_written_after_a_solve_are_noticed(name):
    arrays = {"kappa": ONES.copy(), "source": ONES.copy()}
    medium = rte.Medium(GRID, **arrays)
    before = rte.solve(medium, FRONT).value
    arrays[name] *= 5
    with pytest.raises(rte.InputError, match=f"medium: {name} was changed after its first use"):
        rte.solve(medium, FRONT)
    with pytest.raises(ValueError, match="read-only"):
        medium.kappa *= 5
    assert not np.allclose(rte.solve(rte.Medium(GRID, **arrays), FRONT).value, before)


def test_case_8_soot_that_is_left_out_is_said():
    state = {"pressure": 1e5, "mole_fraction": {"H2O": 0.1 * ONES}}
    with_soot = rte.Field(GRID, 1500.0 * ONES, **state, soot_volume_fraction=1e-6 * ONES)
    results = [
        rte.solve(rte.absorption.planck_mean(with_soot, soot=soot), FRONT).summary() for soot in (False, True)
    ]
    assert "left out soot" in results[0]
    assert "left out" not in results[1]


def test_case_14_a_profile_ends_at_a_solid():
    medium = rte.Medium(GRID, 2.0 * ONES, B1000 * ONES)
    mask = np.zeros(GRID.shape, bool)
    mask[6:] = True  # from s = 1.5 on
    line = rte.solve(medium, LINE, rte.black(400.0), objects=[rte.solids(mask, 1500.0)])
    profile = line.profile
    assert_allclose(profile["s"], 1.0 + GRID.centres[0][:6], rtol=1e-12)
    behind = np.exp(-profile["kappa"] @ profile["length"]) * rte.blackbody(1500.0)
    assert_allclose(profile["contribution"].sum() + behind, line.value[0], rtol=1e-9)


def test_case_14_a_profile_goes_on_behind_a_mirror():
    medium = rte.Medium(GRID, 2.0 * ONES, B1000 * ONES)
    line = rte.solve(medium, LINE, rte.black(400.0, x_max=rte.mirror()))
    profile = line.profile
    assert_allclose(profile["s"], 1.0 + (np.arange(24) + 0.5) / 12, rtol=1e-12)
    wall = np.exp(-4.0) * rte.blackbody(400.0)
    assert_allclose(profile["contribution"].sum() + wall, line.value[0], rtol=1e-9)


def test_case_15_a_number_for_one_face_keeps_the_kind_of_the_whole():
    settings = rte.grey(400.0, 0.8, y_max=300.0).face("y_max").settings()
    assert settings == {"kind": "grey", "temperature": 300.0, "emissivity": 0.8}


PROCESSES = """
import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import raytrace_rte as rte


def bits(number):
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (12, 12, 12))
    kappa = np.linspace(0.1, 3.0, 12**3).reshape(grid.shape)
    medium = rte.Medium(grid, kappa, kappa[::-1].copy())
    camera = rte.camera((-2, 0.5, 0.5), (0, 0.5, 0.5), (48, 48), 30)
    image = rte.solve(medium, camera, rte.black(300.0), threads=2).value.tobytes()
    return image + rte.solve(medium, rte.heat_source(26), rte.black(300.0), threads=2).div_q.tobytes()


if __name__ == "__main__":
    first = bits(0)
    for kind in ("fork", "spawn"):
        with multiprocessing.get_context(kind).Pool(2) as pool:
            print(kind, set(pool.map(bits, range(4))) == {first}, flush=True)
    barrier, found = threading.Barrier(4), []
    def at_once():
        barrier.wait()
        found.append(bits(0))
    threads = [threading.Thread(target=at_once) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("threads", len(found) == 4 and set(found) == {first}, flush=True)
    with ThreadPoolExecutor(2) as pool:
        print("pool", set(pool.map(bits, range(4))) == {first}, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_case_19_processes_and_threads_of_ones_own(tmp_path):
    """Children of a fork died in OpenMP, and the pool waited for ever: a hang ends at the timeout."""
    (tmp_path / "job.py").write_text(PROCESSES, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "job.py"], cwd=tmp_path, capture_output=True, text=True, timeout=HANGS, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["fork True", "spawn True", "threads True", "pool True", ""]


FIELD = rte.Field(GRID, 1500.0 * ONES, absorption_coefficient=ONES)
MASK = np.arange(GRID.shape[0])[:, None, None] > 8 * ONES
CASE_20 = {
    "walls: temperature is a map of shape (12, 12); expected a number": lambda: rte.solve(
        COLD, FRONT, walls=rte.black(np.full((12, 12), 300.0))
    ),
    "walls: temperature of x_min has shape (6, 6); expected a number, or (12, 12)": lambda: rte.solve(
        COLD, FRONT, walls=rte.black(300.0, x_min=np.full((6, 6), 300.0))
    ),
    "medium is Field(": lambda: rte.solve(FIELD, FRONT),
    "walls is 300.0; expected black(...)": lambda: rte.solve(COLD, FRONT, walls=300.0),
    "expected a list of rte.solids(...)": lambda: rte.solve(COLD, FRONT, objects=rte.solids(MASK, 300.0)),
    "sensor is 'camera' (str); expected a sensor": lambda: rte.solve(COLD, "camera"),
    "grid is (": lambda: rte.Medium(([0, 1], [0, 1], [0, 1]), ONES, ONES),
    "T_wall is an array of shape (3,)": lambda: rte.solve(COLD, rte.wall_flux("x_min", 18)).net_flux(
        np.full(3, 300.0)
    ),
}


@pytest.mark.parametrize("message", CASE_20)
def test_case_20_wrong_types_are_one_message(message):
    with pytest.raises(rte.InputError) as caught:
        CASE_20[message]()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_case_20_an_answer_without_rays_can_be_shown():
    nothing = rte.solve(COLD, rte.Rays(np.empty((0, 3)), np.empty((0, 3))))
    assert "0 rays" in repr(nothing)


def test_case_20_a_temperature_as_source_shows():
    """It cannot be refused: numbers have no unit."""
    assert "source as of 536.9..536.9 K" in repr(rte.Medium(GRID, ONES, 1500.0 * ONES))


def test_case_21_one_dead_cell_is_not_degrees_celsius():
    T = 1500.0 * ONES
    T[3, 4, 5] = 0.0
    with pytest.raises(
        rte.InputError, match=r"temperature: cell \(3, 4, 5\) is 0 .*valid.*no_data.*solids"
    ) as caught:
        rte.Field(GRID, T)
    assert "degC" not in str(caught.value)
    medium = rte.absorption.given(rte.Field(GRID, T, absorption_coefficient=ONES, valid=T > 0))
    assert medium.kappa[3, 4, 5] == 0.0
    assert "1 cells without data" in rte.solve(medium, FRONT).summary()


def test_case_22_rounding_of_kappa_is_forgiven():
    kappa = ONES.copy()
    kappa[0, 0, 0] = -6e-14
    medium = rte.Medium(GRID, kappa, B1000 * ONES)
    assert medium.kappa.min() == 0.0
    assert rte.Field(GRID, 900.0 * ONES, absorption_coefficient=kappa).absorption_coefficient.min() == 0.0
    kappa[0, 0, 0] = -6e-4
    with pytest.raises(rte.InputError, match=r"kappa: cell \(0, 0, 0\) is -0.0006"):
        rte.Medium(GRID, kappa, B1000 * ONES)


def peak_of(action):
    """The most bytes that Python and NumPy held at a time during a call."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_case_23_an_image_beyond_memory_is_refused_before_work():
    huge = rte.camera((-2, 0.5, 0.5), (0, 0.5, 0.5), shape=(1_000_000, 1_000_000))

    def refused():
        with pytest.raises(rte.InputError, match=r"1000000000000 entries.* needs [\d.e+]+ GiB"):
            rte.solve(COLD, huge)

    assert peak_of(refused) < 1e7


def test_case_23_a_field_beyond_memory_is_refused_before_work(tmp_path):
    n = 10_000
    with h5py.File(tmp_path / "huge.h5", "w") as file:
        file.attrs.update({"schema": "raytrace_rte field", "schema_version": 1, "provenance": "made up"})
        for axis in "xyz":
            file[f"grid/{axis}"] = np.linspace(0.0, 1.0, n + 1)
            file[f"grid/{axis}"].attrs["units"] = "m"
        for name, unit in (("temperature", "K"), ("absorption_coefficient", "1/m")):
            data = file.create_dataset(name, (n, n, n), np.float32, chunks=(100, 100, 100), fillvalue=900.0)
            data.attrs["units"] = unit

    def refused():
        with pytest.raises(rte.InputError, match=r"huge.h5.* needs [\d.e+]+ GiB"):
            rte.read(tmp_path / "huge.h5")

    assert peak_of(refused) < 1e7


def test_case_23_hits_are_counted_in_bounded_memory():
    """2000 x 2000 pixels took 800 MB, only to count hits; rays are made some at a time."""
    from raytrace_rte.solvers.scene import scene

    small = rte.uniform((0, 0, 0), (1, 1, 1), (8, 8, 8))
    medium = rte.Medium(small, np.ones(small.shape), np.ones(small.shape))
    camera = rte.camera_orthographic((-1, 0.5, 0.5), (0, 0.5, 0.5), (2000, 2000), 2.0)
    task = camera.task(scene(medium, lean=True))
    assert peak_of(lambda: task.describe()) < 4e7
    assert task.describe() == "4000000 rays, 1000000 meet the field"


def test_case_24_budgets_in_words():
    nothing = rte.solve(COLD, rte.heat_source(26), rte.black(0.0, x_min=1000.0)).summary()
    assert re.search(r"nothing emitted; \d+\.\d W absorbed, -\d+\.\d W to x_min", nothing)
    assert "e+30" not in nothing
    slab = rte.Cartesian(np.linspace(0, 1, 9))
    medium = rte.Medium(slab, np.ones(slab.shape), np.full(slab.shape, B1000))
    line = next(t for t in rte.solve(medium, rte.heat_source(20)).summary().split("\n") if "emitted" in t)
    assert " W/m2, of it" in line


def test_case_24_limits_that_mean_nothing_are_not_numbers(tmp_path):
    from raytrace_rte.config.config import load
    from raytrace_rte.run import job as jobs

    rte.write(rte.Field(GRID, 600.0 * ONES, absorption_coefficient=1e9 * ONES), tmp_path / "opaque.h5")
    (tmp_path / "job.toml").write_text(
        '[field]\nfile = "opaque.h5"\n[sensor]\nkind = "line_of_sight"\norigin = [-1, 0.52, 0.52]\n'
        'direction = [1, 0, 0]\n[walls]\nkind = "black"\ntemperature = 3000.0\n',
        encoding="utf-8",
    )
    prepared = jobs.prepare(load(tmp_path / "job.toml"))
    result = rte.Serial().run(prepared.task)
    said = jobs.limits(prepared, result, rte.Serial(), lambda done, total: None)
    assert "Thin() by more than a million times" in said
    assert "e+" not in said


def test_case_25_every_result_opens_in_xarray_and_holds_everything(tmp_path):
    source = np.full((*GRID.shape, 2), 0.5 * B1000)
    spectrum = rte.Spectrum.bands([0.0, 3e-6, np.inf])
    medium = rte.Medium(GRID, np.ones(source.shape), source, spectrum)
    walls = rte.grey(300.0, 0.9)
    heat = rte.solve(medium, rte.heat_source(14), walls)
    with xarray.open_dataset(heat.save(tmp_path / "heat.h5"), engine="h5netcdf") as data:
        assert data.div_q.dims == ("x", "y", "z", "band")
        assert data.leaving_radiance_x_min.dims == ("y", "z", "band")
        assert_array_equal(data.leaving_radiance_x_min, heat.leaving_radiance["x_min"])
        assert_array_equal(data.band_edges, spectrum.edges)
        assert_array_equal(data.z, GRID.centres[2])
    flux = rte.solve(medium, rte.radiometer([[0.5, 0.5, 0.5]], [1, 0, 0], directions=18))
    with xarray.open_dataset(flux.save(tmp_path / "flux.h5"), engine="h5netcdf") as data:
        assert data.incident_flux.dims == ("point", "band")
        assert not [dim for dim in data.sizes if dim.startswith("phony")]
    image = rte.solve(medium, FRONT)
    with xarray.open_dataset(image.save(tmp_path / "image.h5"), engine="h5netcdf") as data:
        assert data.steps.dims == ("y", "x", "regime")
        assert_array_equal(data.steps, image.steps)
    for result, name in ((heat, "heat"), (flux, "flux"), (image, "image")):
        again = rte.load(tmp_path / f"{name}.h5")
        assert [v.name for v in again.variables()] == [
            v.name for v in result.table.with_coordinates().variables
        ]


CASE_26 = {
    "grey walls": {"walls": rte.grey(600.0, 0.5)},
    "mirrors": {"walls": rte.black(600.0, x_max=rte.mirror())},
    "solids": {"walls": rte.black(600.0), "objects": [rte.solids(MASK, 1500.0, 0.5)]},
}


@pytest.mark.parametrize("name", CASE_26)
def test_case_26_progress_and_store_also_among_surfaces(name, tmp_path):
    medium = rte.Medium(GRID, ONES, B1000 * ONES)
    camera = rte.camera((-2, 0.5, 0.5), (0, 0.5, 0.5), (64, 64), 30)
    told = []
    whole = rte.solve(
        medium, camera, **CASE_26[name], progress=lambda done, total: told.append((done, total))
    )
    assert len(told) > 2
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)

    def stop(done, total):
        if done >= 2:
            raise Stopped

    with pytest.raises(Stopped):
        rte.solve(medium, camera, **CASE_26[name], progress=stop, store=tmp_path / "kept")
    assert (tmp_path / "kept/state.npz").exists()
    rest = []
    resumed = rte.solve(
        medium, camera, **CASE_26[name], store=tmp_path / "kept", progress=lambda done, _: rest.append(done)
    )
    assert len(rest) < len(told)  # what was kept is not done again
    assert not (tmp_path / "kept").exists()
    assert_array_equal(resumed.value, whole.value)


def test_jobs_with_other_solids_or_stores_are_other_jobs(tmp_path):
    """Two solids of one size and temperature, and two sensors with one Store, do not share what is kept."""
    from raytrace_rte.solvers.scene import fingerprint, scene

    grid = rte.uniform((0, 0, 0), (1, 1, 1), (8, 8, 8))
    medium = rte.Medium(grid, np.ones(grid.shape), np.ones(grid.shape))
    masks = [np.zeros(grid.shape, bool) for _ in range(2)]
    masks[0][3], masks[1][6] = True, True
    one, other = (scene(medium, objects=[rte.solids(mask, 500.0)]) for mask in masks)
    ray = rte.Rays([-1, 0.4, 0.4], [1, 0, 0])
    assert fingerprint(one, ray) != fingerprint(other, ray)
    store = rte.Store(tmp_path / "kept")
    assert store.of("a").key != store.of("b").key
    assert store.key is None


def test_a_march_of_constant_cells_states_no_bound_against_linear_ones():
    rng = np.random.default_rng(0)
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (8, 8, 8))
    medium = rte.Medium(grid, rng.random(grid.shape), rng.random(grid.shape))
    rays = rte.Rays([-1, 0.4, 0.41], [1, 0.01, 0.02])
    assert np.isnan(rte.solve(medium, rays, method=rte.March(1)).error_bound).all()
    flux = rte.solve(medium, rte.radiometer((0.5, 0.5, 0.0), (0, 0, 1)), method=rte.March(1))
    assert "without a bound" in flux.summary()


def test_rays_given_up_between_mirrors_have_no_transmittance():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4))
    medium = rte.Medium(grid, np.ones(grid.shape), np.ones(grid.shape))
    walls = rte.black(0.0, x_min=rte.mirror(), x_max=rte.mirror())
    result = rte.solve(medium, rte.Rays([0.5, 0.5, 0.5], [1, 0, 0]), walls)
    assert result.value[0] == pytest.approx(1.0, rel=1e-6)
    assert np.isnan(result.transmittance).all()
    assert result.stats["rays_not_followed"] == 1


def test_clipping_and_stopping_share_one_tolerance():
    """The tolerance is relative only, and clipping has spent more of it than stopping could pay by itself."""
    n = 20
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (n, n, n))
    middle = np.zeros(grid.shape, bool)
    middle[8:12, 8:12, 8:12] = True
    for outer in np.geomspace(1e-4, 0.2, 12):
        medium = rte.Medium(grid, np.where(middle, 5.0, outer), np.full(grid.shape, 1.01998))
        for rtol in (1e-2, 1e-3):
            ray = rte.Rays([-0.001] * 3, [1, 1, 1])
            result = rte.solve(medium, ray, rte.open_(intensity=1.0), rte.Auto(rtol, 0.0))
            assert result.stats["budget"]["max"] <= 1 + 1e-12
            march = rte.solve(medium, ray, rte.open_(intensity=1.0), rte.March())
            assert abs(result.value - march.value)[0] <= result.error_bound[0]


def cube(half, times):
    """Vertices and triangles of a cube about the origin, each face's triangles quartered so many times."""
    corners = half * np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    triangles = [corners[[a, b, c]] for q in quads for a, b, c in (q[:3], (q[0], q[2], q[3]))]
    for _ in range(times):
        triangles = [
            part
            for a, b, c in triangles
            for part in (
                (a, (a + b) / 2, (c + a) / 2), ((a + b) / 2, b, (b + c) / 2), ((c + a) / 2, (b + c) / 2, c),
                ((a + b) / 2, (b + c) / 2, (c + a) / 2),
            )
        ]  # fmt: skip
    vertices, number = np.unique(np.round(np.concatenate(triangles), 9), axis=0, return_inverse=True)
    return vertices, number.reshape(-1, 3)


def test_case_1_grey_walls_see_a_mesh_as_they_see_solids():
    grid = rte.uniform((-1,) * 3, (1,) * 3, (20,) * 3)
    clear, walls = rte.Medium(grid, np.zeros(grid.shape), np.zeros(grid.shape)), rte.grey(500.0, 0.3)
    inside = (np.abs(np.stack(np.meshgrid(*grid.centres, indexing="ij"))) < 0.2).all(axis=0)
    mesh, solids = rte.mesh(cube(0.2, 2), 1000.0, 0.8), rte.solids(inside, 1000.0, 0.8)
    ray = rte.Rays([[0, 0, 0.9]], [[0, 1, 0.0]])
    seen = [rte.solve(clear, ray, walls, objects=[thing]) for thing in (mesh, solids)]
    for result in seen:
        assert abs(result.value[0] - 2303.0) < 3.0 * result.error_estimate[0] < 300.0
    assert_allclose(seen[0].value, seen[1].value, rtol=1e-3)
    # The two-surface network: 39.57 kW/m2.
    flux = rte.solve(clear, rte.mesh_flux(mesh, directions=400), walls, objects=[mesh])
    net = -(flux.net_flux(1000.0, 0.8) * mesh.areas).sum() / mesh.areas.sum()
    assert_allclose(net, 39_570.0, rtol=1e-2)
    volume = rte.solve(clear, rte.heat_source(400), walls, objects=[solids])
    assert_allclose(-volume.solid_heat.sum() / (6 * 0.16), 39_570.0, rtol=1e-2)


def test_a_mesh_throws_its_shadow_on_a_grey_wall():
    grid = rte.uniform((-1,) * 3, (1,) * 3, (20,) * 3)
    clear = rte.Medium(grid, np.zeros(grid.shape), np.zeros(grid.shape))
    hot = np.full((20, 20), 300.0)
    hot[9:11, 9:11] = 1500.0  # above the cube
    walls = rte.black(300.0, z_max=rte.black(hot), z_min=rte.grey(300.0, 0.5))
    down = rte.Rays([[0.9, 0.05, 0.0], [-0.95, 0.9, 0.0]], [[-0.55, 0, -0.6], [0, 0, -1.0]])
    cold = rte.mesh(cube(0.3, 0), 300.0)
    free, shaded = (rte.solve(clear, down, walls, objects=o).value for o in ([], [cold]))
    assert free[0] > 3.0 * rte.blackbody(300.0)
    assert_allclose(shaded[0], rte.blackbody(300.0), rtol=0.2)
    assert_allclose(shaded[1], free[1], rtol=0.2)  # beside the shadow


def test_case_2_reflected_light_has_a_stated_estimate_that_covers_the_truth():
    grid = rte.uniform((0,) * 3, (1,) * 3, (8,) * 3)
    medium = rte.Medium(grid, np.full(grid.shape, 0.05), np.zeros(grid.shape))
    walls, camera = (
        rte.grey(300.0, 0.3, x_min=rte.black(1500.0)),
        rte.camera((0.5,) * 3, (1, 0.5, 0.5), (24, 24), 60),
    )
    few, more = (rte.solve(medium, camera, walls, radiosity_directions=n) for n in (200, 4000))
    error = np.abs(few.value - more.value)
    assert (error > 3.0 * few.error_estimate + 1e-3 * few.value).mean() < 0.05
    assert 0.0 < few.error_estimate.mean() < 0.03 * few.value.mean()
    assert more.error_estimate.mean() < 0.5 * few.error_estimate.mean()
    assert np.isnan(few.error_bound).all()
    assert "an estimate, no bound" in few.summary()


@pytest.mark.parametrize(("distance", "flux"), [(2.0, 523.5), (5.0, 78.96), (10.0, 19.35)])
def test_case_3_a_radiometer_finds_a_small_hot_cube(distance, flux):
    grid = rte.uniform((-0.1,) * 3, (0.1,) * 3, (16,) * 3)
    medium = rte.Medium(grid, np.full(grid.shape, 1e4), np.full(grid.shape, 47_420.0))
    for rtol in (1e-2, 2e-3):
        result = rte.solve(medium, rte.radiometer((distance, 0, 0), (-1, 0, 0), rtol=rtol))
        error = abs(result.value[0] - flux)
        assert error < 3.0 * result.error_estimate[0] + 5e-4 * flux
        assert 0.0 < result.error_estimate[0] <= rtol * flux * 1.2
        assert result.stats["short"] == 0
    fixed = rte.solve(medium, rte.radiometer((distance, 0, 0), (-1, 0, 0), directions=400))
    assert abs(fixed.value[0] / flux - 1.0) > 0.1  # canary


def rectangle_factor(x, y, point, height):
    """View factor from a small plane at a point to a rectangle parallel to it, x and y its ends."""

    def corner(a, b):
        X, Y = np.abs(a) / height, np.abs(b) / height
        r, s = np.sqrt(1 + X * X), np.sqrt(1 + Y * Y)
        return np.sign(a) * np.sign(b) * (X / r * np.arctan(Y / r) + Y / s * np.arctan(X / s)) / (2 * np.pi)

    (x0, x1), (y0, y1) = np.subtract(x, point[0]), np.subtract(y, point[1])
    return corner(x1, y1) - corner(x0, y1) - corner(x1, y0) + corner(x0, y0)


@pytest.mark.parametrize("cells", [4, 1])
@pytest.mark.parametrize("rtol", [1e-2, 3e-3])
def test_case_4_what_is_stated_of_directions_is_true(cells, rtol):
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (20, 20, 20))
    clear = rte.Medium(grid, np.zeros(grid.shape), np.zeros(grid.shape))
    rng = np.random.default_rng(3)
    points = np.column_stack([rng.uniform(0.05, 0.95, (100, 2)), rng.uniform(0.05, 0.6, 100)])
    T = np.full((20, 20), 300.0)
    T[8 : 8 + cells, 8 : 8 + cells] = 1500.0
    side = (0.4, 0.4 + 0.05 * cells)
    factor = np.array([rectangle_factor(side, side, p, 1 - p[2]) for p in points])
    cold, hot = (np.pi * rte.blackbody(t) for t in (300.0, 1500.0))
    truth = cold + (hot - cold) * factor
    sensor = rte.radiometer(points, (0, 0, 1), rtol=rtol)
    result = rte.solve(clear, sensor, rte.black(300.0, z_max=rte.black(T)))
    error, stated = np.abs(result.value - truth), result.error_estimate
    assert (error > 3.0 * stated).mean() <= 0.05
    assert np.median(stated / error) <= 5.0
    assert (stated <= rtol * result.value * (1 + 1e-9)).all()
    assert result.stats["rays"] < 100 * (20_000 if rtol == 1e-2 else 60_000)
    fixed = rte.solve(
        clear, rte.radiometer(points, (0, 0, 1), directions=4000), rte.black(300.0, z_max=rte.black(T))
    )
    assert (
        np.abs(fixed.value - truth) > 3.0 * fixed.error_estimate
    ).mean() > 0.05  # canary: two sets do not know


def test_a_radiometer_says_when_its_rays_are_spent():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (20, 20, 20))
    clear = rte.Medium(grid, np.zeros(grid.shape), np.zeros(grid.shape))
    walls = rte.black(300.0, z_max=1500.0)
    result = rte.solve(clear, rte.radiometer((0.5, 0.5, 0.2), (1, 0, 0), rtol=1e-5, max_rays=20_000), walls)
    assert result.stats["short"] == 1
    assert result.stats["rays"] <= 20_000
    assert "1 of the points are not good to rtol 1e-05 with 20000 rays" in result.summary()


def test_case_13_nothing_is_lost_with_walls_at_0_kelvin():
    grid = rte.uniform((0, 0, 0), (2, 2, 1), (10, 10, 8))
    medium = rte.Medium(grid, np.full(grid.shape, 0.5), np.zeros(grid.shape))
    for cold in (0.0, 1.0):
        result = rte.solve(medium, rte.heat_source(100), rte.black(cold, z_max=1273.15))
        assert abs(result.budget["residual_relative"]) < 1e-12


@pytest.mark.parametrize("kappa", [1e-5, 1e-2, 3.0])
def test_case_17_a_ray_between_mirrors_keeps_the_tolerance(kappa):
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (10, 4, 4))
    x = grid.centres[0][:, None, None] + np.zeros(grid.shape)
    medium = rte.Medium(grid, np.full(grid.shape, kappa), 3.0 + 2.0 * x)
    ray = rte.Rays([[0.3, 0.4, 0.6]], [[1.0, 0.0, 0.0]])
    faces = {"x_min": rte.mirror(), "x_max": rte.mirror()}
    result = rte.solve(medium, ray, rte.black(300.0, **faces))
    if kappa == 1e-5:
        assert_allclose(result.value, 4.0, rtol=1e-4)
    again = rte.solve(medium, rte.Rays([[0.3, 0.4, 0.6]], [[1.0, 1e-9, 0.0]]), rte.black(300.0, **faces))
    assert result.error_bound[0] <= 1e-3 * result.value[0]
    assert np.isnan(result.transmittance).all()
    assert abs(again.value[0] - result.value[0]) <= again.error_bound[0] + 1e-9
    wrapped = rte.solve(medium, ray, rte.black(300.0, x_min=rte.periodic(), x_max=rte.periodic()))
    if kappa == 1e-5:
        assert_allclose(wrapped.value, 4.0, rtol=1e-4)


def test_mirrors_round_a_medium_that_does_not_absorb_leave_the_rest_unknown():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (4, 4, 4))
    medium = rte.Medium(grid, np.zeros(grid.shape), np.ones(grid.shape))
    ray = rte.Rays([[0.3, 0.4, 0.6]], [[1.0, 0.0, 0.0]])
    result = rte.solve(medium, ray, rte.black(1000.0, x_min=rte.mirror(), x_max=rte.mirror()))
    assert result.error_bound[0] >= rte.blackbody(1000.0)


def test_surfaces_that_no_ray_reaches_and_solids_at_the_rim():
    slab = rte.Cartesian(np.linspace(0, 1, 5))
    medium = rte.Medium(slab, np.ones(slab.shape), np.ones(slab.shape))
    walls = rte.grey(300.0, 0.5, x_min=rte.black(300.0), x_max=rte.black(300.0))  # grey where it has no end
    plain = rte.solve(medium, rte.Rays([[-1, 0, 0]], [[1, 0, 0]]), rte.black(300.0))
    seen = rte.solve(medium, rte.Rays([[-1, 0, 0]], [[1, 0, 0]]), walls)
    assert_allclose(seen.value, plain.value, rtol=1e-12)
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (6, 4, 4))
    clear = rte.Medium(grid, np.zeros(grid.shape), np.zeros(grid.shape))
    for layers in (1, 2):
        mask = np.zeros(grid.shape, bool)
        mask[:layers] = True
        block = rte.solids(mask, 1000.0, 0.5)
        result = rte.solve(clear, rte.Rays([[-1, 0.5, 0.5]], [[1, 0, 0]]), rte.open_(), objects=[block])
        assert_allclose(result.value, 0.5 * rte.blackbody(1000.0), rtol=1e-6)


@pytest.mark.parametrize("emissivity", [1e-3, 1e-4])
def test_nearly_mirror_walls_fill_a_box_with_their_own_light(emissivity):
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (3, 3, 3))
    clear = rte.Medium(grid, np.zeros(grid.shape), np.zeros(grid.shape))
    ray = rte.Rays([[0.5, 0.5, 0.5]], [[1, 0.1, 0]])
    result = rte.solve(clear, ray, rte.grey(1000.0, emissivity))
    assert_allclose(result.value, rte.blackbody(1000.0), rtol=1e-6 / emissivity)


def test_a_radiometer_among_many_spots_keeps_to_its_rays():
    grid = rte.uniform((0, 0, 0), (1, 1, 1), (4, 64, 64))
    clear = rte.Medium(grid, np.zeros(grid.shape), np.zeros(grid.shape))
    T = np.random.default_rng(0).uniform(300.0, 1500.0, (64, 64))
    sensor = rte.radiometer((0.1, 0.5, 0.5), (1, 0, 0), max_rays=10_000)
    result = rte.solve(clear, sensor, rte.black(300.0, x_max=rte.black(T)))
    assert result.stats["rays"] <= 10_000
    assert result.stats["short"] == 1
