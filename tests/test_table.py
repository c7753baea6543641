"""One table for every answer: what results hold, the files they become, and their pictures."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

import built
import raytrace_rte as rte
from raytrace_rte.media.spectrum import Spectrum
from raytrace_rte.results.flux import FluxResult
from raytrace_rte.results.heat import HeatResult
from raytrace_rte.results.load import load
from raytrace_rte.results.radiance import RadianceResult
from raytrace_rte.results.result import Result
from raytrace_rte.table import Table, Variable

FROZEN = Path(__file__).parent / "reference/result_v1.h5"
RESULTS = {
    "image": built.image,
    "image with bands": lambda: built.image(built.BANDS),
    "perspective": built.perspective,
    "rays": built.rays,
    "rays with bands": lambda: built.rays(built.BANDS),
    "no rays": lambda: built.rays(count=0),
    "limit": lambda: built.rays(error_estimate=np.ones(3), error_bound=np.full(3, np.nan)),
    "line of sight": built.line_of_sight,
    "points": built.fluxes,
    "points with bands": lambda: built.fluxes(spectrum=built.BANDS),
    "one point": lambda: built.fluxes(count=1),
    "G": lambda: built.fluxes("G"),
    "face": built.face,
    "face with bands": lambda: built.face(built.BANDS),
    "heat": built.heat,
    "heat with bands": lambda: built.heat(built.BANDS),
    "0-D": lambda: built.generic(()),
    "1-D": lambda: built.generic((5,)),
    "2-D": lambda: built.generic((3, 4)),
    "3-D": lambda: built.generic((3, 4, 5)),
}


@pytest.fixture(params=RESULTS, ids=lambda name: name.replace(" ", "-"))
def result(request):
    return RESULTS[request.param]()


def variable(values, dims, name="a", **more):
    return Variable(name, dims, np.asarray(values), "1", "a thing", **more)


def same(one, two):
    """Whether two variables are the same, types of values included."""
    assert (one.name, one.dims, one.unit, one.long_name, one.trust) == (
        two.name, two.dims, two.unit, two.long_name, two.trust
    )  # fmt: skip
    assert one.values.dtype.kind == two.values.dtype.kind
    assert one.values.dtype.kind == "U" or one.values.dtype == two.values.dtype
    assert_array_equal(one.values, two.values)


@pytest.mark.parametrize(("make", "text"), [
    (lambda: variable([1.0], ()), r"dims is \(\), but values have shape \(1,\)"),
    (lambda: variable([[1.0]], ("x", "x")), "a name of its own"),
    (lambda: variable([1j], ("x",)), "type complex128"),
    (lambda: variable([1.0], "x"), "dims is 'x'"),
    (lambda: variable([1.0], ("x",), trust="sure"), "trust is 'sure'"),
    (lambda: Variable(3, (), np.float64(1.0), "1", "text"), "name is 3"),
    (lambda: Variable("a", ("x",), [[1], [2, 3]], "1", "text"), "unequal lengths"),
    (lambda: Table((variable([1.0], ("x",)),) * 2, {}), "two variables have the name 'a'"),
    (lambda: Table((variable([1.0], ("x",)), variable([1, 2], ("x",), "b")), {}), "length 2 in 'b' but 1 "),
    (lambda: Table((variable([1.0], ("x",)), variable(1.0, (), "x")), {}), "'x' is a dimension"),
    (lambda: Table((variable([1.0], ("x",)),), {})["b"], "no variable 'b'.*there are a"),
    (lambda: Table([1], {}), "variables is 1"),
    (lambda: Result("table"), "table is 'table'"),
])  # fmt: skip
def test_bad_tables(make, text):
    with pytest.raises(rte.InputError, match=text):
        make()


def test_coordinates_come_first_and_missing_ones_are_numbers():
    table = Table((variable([[1.0, 2.0]], ("y", "x")), variable([5.0], ("y",), "y")), {"main": "a"})
    assert [v.name for v in table.variables] == ["y", "a"]
    assert table.dims == {"y": 1, "x": 2}
    assert_array_equal(table.coordinate("x").values, [0, 1])
    assert [v.name for v in table.with_coordinates().variables] == ["x", "y", "a"]


def test_powers_add_up_over_bands_and_shares_are_averaged():
    values = np.array([[1.0, 3.0]])
    assert_array_equal(Variable("q", ("x", "band"), values, "W m-2", "").without_bands().values, [4.0])
    assert_array_equal(Variable("t", ("x", "band"), values, "1", "").without_bands().values, [2.0])


def test_saved_results_come_back_with_every_variable(result, tmp_path):
    back = load(result.save(tmp_path / "a.h5"))
    assert type(back) is type(result)
    kept = result.table.with_coordinates().variables
    assert [v.name for v in back.variables()] == [v.name for v in kept]
    for one, two in zip(kept, back.variables(), strict=True):
        same(one, two)
    assert back.summary() == result.summary()
    assert back.stats == json.loads(json.dumps(result.stats, default=int))
    assert back.spectrum.to_dict() == result.spectrum.to_dict()
    assert back.files() == result.files()
    again = load(back.save(tmp_path / "b.h5"))
    assert again.table.attributes == back.table.attributes  # also when it was made
    assert "created" in again.table.attributes


def test_xarray_opens_every_file_and_to_xarray_is_the_same(result, tmp_path):
    result.save(tmp_path / "a.h5")
    with xarray.open_dataset(tmp_path / "a.h5", engine="h5netcdf") as data:
        made = result.to_xarray()
        made.attrs["created"] = data.attrs["created"]
        xarray.testing.assert_identical(data.load(), made)
        assert not [dim for dim in data.dims if dim not in data.coords or "phony" in dim]
        main = result.table.main
        assert data[main.name].dims == main.dims
        assert data[main.name].attrs["units"] == main.unit
        assert data.attrs["schema_version"] == 1


def test_bands_faces_and_trust_are_named_in_files(tmp_path):
    built.heat(built.BANDS).save(tmp_path / "a.h5")
    with xarray.open_dataset(tmp_path / "a.h5", engine="h5netcdf") as data:
        assert data.div_q.dims == ("x", "y", "z", "band")
        assert data.div_q.attrs["trust"] == "error_estimate"
        assert data.wall_net_flux_y_max.dims == ("x", "z", "band")
        assert data.leaving_radiance_solids.dims == ("solid", "band")
        assert list(data.band_name.values) == ["short", "long"]
        assert_array_equal(data.band_edges, [[0.0, 3e-6], [3e-6, np.inf]])
        assert data.limited.dtype == bool
        assert_array_equal(data.x_face, [0, 1, 3, 7])


def test_result_files_hold_steps_hits_and_profiles(tmp_path):
    with h5py.File(built.line_of_sight().save(tmp_path / "a.h5")) as file:
        assert {"steps", "hit", "profile_contribution", "s", "origin"} <= set(file)


def test_long_configs_and_large_arrays_are_kept(tmp_path):
    config = built.CONFIG | {"walls": list(range(50_000))}
    value = np.arange(4e4).reshape(200, 200)
    made = built.generic((200, 200), config=config)
    made = Result.build(
        "a", value, "W", "large", dims=("y", "x"), stats={}, config=config, spectrum=built.GREY
    )
    path = made.save(tmp_path / "a.h5")
    back = load(path)
    assert back.config["walls"] == config["walls"]
    assert_array_equal(back.value, value)
    with h5py.File(path) as file:
        assert (file["a"].compression, file["a"].shuffle) == ("gzip", True)


def test_a_result_of_an_unknown_class_is_a_plain_result(tmp_path):
    path = built.image().save(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        file.attrs["kind"] = "PyrometerResult"
    back = load(path)
    assert type(back) is Result
    assert_array_equal(back["transmittance"], built.image().transmittance)
    assert "radiance" in back.summary()


def test_load_in_a_fresh_process(tmp_path):
    path = built.heat().save(tmp_path / "a.h5")
    code = (
        "import sys; from raytrace_rte.results.load import load; r = load(sys.argv[1]);"
        "heavy = {'numba', 'matplotlib', 'xarray'} & set(sys.modules);"
        "print(type(r).__name__, r.grid.shape, heavy or '', 'raytrace_rte.sensors' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["HeatResult", "(3,", "4,", "2)", "False"], done.stderr


def test_files_that_are_no_results_are_refused(tmp_path):
    path = built.generic((2,)).save(tmp_path / "a.h5")
    for name, value, text in (
        ("schema_version", 2, "schema_version 2.*update the package"),
        ("schema_version", "one", "expected a whole number"),
        ("schema", "raytrace_rte field", "HDF5 but not a result"),
    ):
        with h5py.File(path, "a") as file:
            file.attrs[name] = value
        with pytest.raises(rte.InputError, match=text):
            load(path)
    (tmp_path / "b.h5").write_text("text")
    for name, text in (("b.h5", "not an HDF5 file"), ("c.h5", "no such file")):
        with pytest.raises(rte.InputError, match=text):
            load(tmp_path / name)
    with pytest.raises(rte.InputError, match="path is 3"):
        load(3)


@pytest.mark.parametrize("spoil", [
    lambda file: file.attrs.pop("variables"),
    lambda file: file.attrs.__setitem__("stats", "{"),
    lambda file: file.pop("power"),
    lambda file: file["power"].dims[0].detach_scale(file["time"]),
], ids=["no list", "bad json", "no variable", "no scale"])  # fmt: skip
def test_damaged_results_are_one_message(spoil, tmp_path):
    path = built.generic((2,)).save(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        spoil(file)
    with pytest.raises(rte.InputError, match=r"a\.h5: is (damaged|not whole)"):
        load(path)


def test_the_frozen_file_of_version_1():
    frozen = load(FROZEN)
    assert isinstance(frozen, HeatResult)
    assert frozen.table.attributes["created"] == "2026-01-01T00:00:00+00:00"
    wanted = built.heat(built.BANDS)
    given = {one.name: one for one in wanted.table.with_coordinates().variables}
    newer = {
        name for name in given if name.removeprefix("total_").startswith(("G_error", "wall_error"))
    }  # version 1 knew of no such errors
    assert {two.name for two in frozen.variables()} == set(given) - newer
    for two in frozen.variables():
        one = given[two.name]  # whose words may be newer, and of G what stands behind it
        trust = two.trust if two.name.endswith("G") else one.trust
        same(replace(one, trust=trust, long_name=two.long_name), two)
    assert frozen.budget == wanted.budget
    assert frozen.spectrum.names == ("short", "long")


def test_a_spectrum_that_is_a_function_works_in_memory_only(tmp_path):
    function = Spectrum.from_callable(lambda T: [1e-9 * T**4], 1)
    made = built.image(function)
    assert_allclose(made.brightness_temperature, (made.value / 1e-9) ** 0.25, rtol=1e-7)
    with pytest.raises(rte.InputError, match="give Medium a Spectrum"):
        made.save(tmp_path / "a.h5")
    assert made.save(tmp_path / "a.csv").exists()


# CSV and TIFF


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        lines = file.read().splitlines()
    comments = [line for line in lines if line.startswith("#")]
    names, *rows = csv.reader(line for line in lines if not line.startswith("#"))
    return comments, names, rows


def test_every_result_is_a_csv_with_a_row_for_each_entry(result, tmp_path):
    comments, names, rows = rows_of(result.save(tmp_path / "a.csv"))
    assert comments[0] == f"# raytrace_rte {rte.__version__}"
    listed = result.rows()
    main = listed.main
    folded = main.without_bands()
    assert len(rows) == folded.values.size
    columns = [n for n, name in enumerate(names) if name.split(" [")[0].rstrip("_01") == main.name]
    read = np.array([[float(row[n]) for n in columns] for row in rows])
    assert_array_equal(read.ravel(), main.values.ravel())  # in full precision
    for dim in folded.dims:
        n = names.index(f"{dim} [{listed.coordinate(dim).unit}]")
        assert {row[n] for row in rows} == {str(v) for v in listed.coordinate(dim).values.tolist()}


def test_bands_and_axes_become_columns(tmp_path):
    _, names, _ = rows_of(built.rays(built.BANDS).save(tmp_path / "a.csv"))
    wanted = ["ray [1]", "origin_x [m]", "origin_z [m]", "radiance_0 [W m-2 sr-1]", "radiance_1 [W m-2 sr-1]"]
    assert [name for name in names if name in wanted] == wanted
    assert {"steps_exact [1]", "hit [1]"} <= set(names)
    _, names, rows = rows_of(built.fluxes().save(tmp_path / "b.csv"))
    assert names[1:5] == ["x [m]", "y [m]", "z [m]", "incident_flux [W m-2]"]
    assert len(rows) == 2


def test_a_line_of_sight_lists_its_profile(tmp_path):
    line = built.line_of_sight()
    comments, names, rows = rows_of(line.save(tmp_path / "a.csv"))
    assert comments[1].startswith("# radiance 200.0 W m-2 sr-1; weighted by emission: temperature")
    assert comments[1].endswith("; of the radiance, emitted along the way 120.0")
    assert names[:5] == ["s [m]", "length [m]", "optical_depth [1]", "temperature [K]", "kappa [1/m]"]
    assert_array_equal(np.array(rows, dtype=float)[:, -1], line.profile["contribution"])


def test_tiff_is_one_grey_image(tmp_path):
    image = built.image()
    with Image.open(image.save(tmp_path / "a.tif")) as read:
        assert_array_equal(np.asarray(read), image.value.astype(np.float32))
        assert json.loads(read.tag_v2[270])["units"] == "W m-2 sr-1"
    banded = built.image(built.BANDS)
    with Image.open(banded.save(tmp_path / "c.tif")) as read:
        assert_array_equal(np.asarray(read), banded.value.sum(axis=-1).astype(np.float32))
        assert json.loads(read.tag_v2[270])["bands"] == 2
    for other in (built.rays(), built.heat()):
        with pytest.raises(rte.InputError, match="TIFF holds one image"):
            other.save(tmp_path / "b.tiff")


def test_only_cells_go_to_paraview(tmp_path):
    with h5py.File(built.heat(built.BANDS).save(tmp_path / "a.vtkhdf")) as file:
        cells = file["VTKHDF/CellData"]
        assert {"div_q_0 [W m-3]", "div_q_1 [W m-3]", "solid_mask [1]"} <= set(cells)
        assert_array_equal(cells["G_1 [W m-2]"], built.heat(built.BANDS).G[..., 1].ravel())
        assert json.loads(file.attrs["budget"])["emitted"] == 100.0
    with pytest.raises(rte.InputError, match="VTKHDF holds cells, but this result has none"):
        built.image().save(tmp_path / "b.vtkhdf")


def test_bad_files_and_quantities(tmp_path):
    image = built.image()
    with pytest.raises(rte.InputError, match=r"suffix '.jpg'; expected .h5, .csv, .tif"):
        image.save(tmp_path / "a.jpg")
    with pytest.raises(rte.InputError, match="cannot be written"):
        image.save(tmp_path / "no" / "a.h5")
    with pytest.raises(rte.InputError, match="did you mean 'radiance'"):
        image.plot(quantity="radience")
    with pytest.raises(rte.InputError, match="quantity is 3"):
        image.plot(quantity=3)
    with pytest.raises(rte.InputError, match="path is 3"):
        image.save(3)
    assert list(tmp_path.iterdir()) == []


# Results


def test_build_says_what_does_not_fit():
    for changed, text in (
        ({"dims": ("time",)}, "dims is"),
        ({"error_bound": np.ones(3)}, "error_bound"),
        ({"error_bound": "small"}, "error_bound is"),
        ({"spectrum": None}, "spectrum is None"),
        ({"stats": 3}, "stats is 3"),
        ({"coordinates": [3]}, "coordinates is 3"),
    ):
        with pytest.raises(rte.InputError, match=text):
            built.generic((3, 4), **changed)
    with pytest.raises(rte.InputError, match="value is"):
        Result.build("a", "word", "W", "a", stats={}, config={}, spectrum=built.GREY)
    with pytest.raises(rte.InputError, match="dimension 'band' has length"):
        built.generic((3, 4), dims=("time", "band"), coordinates=[])


def test_bounds_and_estimates_are_told_apart():
    image, limit, heat = built.image(), RESULTS["limit"](), built.heat()
    assert image.table["radiance"].trust == image.table["error_bound"].trust == "error_bound"
    assert image.error_estimate is None
    assert limit.table["radiance"].trust == limit.table["error_estimate"].trust == "error_estimate"
    assert np.isnan(limit.error_bound).all()
    assert "without a bound" in limit.summary()
    assert heat.error_bound is None
    assert heat.table["emission"].trust == "exact"


@pytest.mark.parametrize(("make", "old", "new"), [
    (built.image, "error", "error_bound"),
    (RESULTS["limit"], "estimate", "error_estimate"),
    (built.fluxes, "error", "error_bound"),
    (built.fluxes, "angular_error", "error_estimate"),
    (built.heat, "error", "error_estimate"),
    (built.heat, "wall_flux", "wall_net_flux"),
    (built.heat, "wall_incident", "wall_incident_flux"),
    (built.heat, "radiosity", "leaving_radiance"),
])  # fmt: skip
def test_old_names_warn_and_give_the_same(make, old, new):
    made = make()
    with pytest.warns(DeprecationWarning, match=f"{old} is now .*{new}") as caught:
        value = getattr(made, old)
    assert caught[0].filename == __file__
    np.testing.assert_equal(value, getattr(made, new))


def test_old_quantities_warn_and_draw_the_same():
    with pytest.warns(DeprecationWarning, match="wall_net_flux") as caught:
        figure = built.heat().plot(quantity="wall_flux")
    assert caught[0].filename == __file__
    assert len([axes for axes in figure.axes if axes.get_title()]) == 6


def test_names_of_radiances():
    image = built.image(built.BANDS)
    assert image.steps.shape == (3, 4, 3)
    assert image.hit.dtype == bool
    assert image.profile is None
    assert image.brightness_temperature.shape == (3, 4)
    profile = built.line_of_sight().profile
    assert profile.dtype.names[0] == "s"
    assert_array_equal(profile["kappa"], 5.0 * np.arange(1.0, 6.0))


def test_two_bands_of_half_a_blackbody_have_its_brightness():
    """Each band alone would show 840.9 K."""
    half = Spectrum.from_callable(lambda T: [0.5 * rte.blackbody(T)] * 2, 2)
    value = np.full((3, 2), 0.5 * rte.blackbody(1000.0))
    places = [built.coordinate("ray", np.arange(3))]
    given = {"error_bound": 0.0 * value, "transmittance": value, "optical_depth": value, "value": value}
    made = built.radiances(("ray",), places, (3,), half, **given)
    assert_allclose(made.brightness_temperature, 1000.0, rtol=1e-8)
    assert "brightness up to 1000.0 K" in made.summary()


def test_net_flux_emits_what_the_spectrum_says():
    grey, banded = built.fluxes(), built.fluxes(spectrum=built.BANDS)
    assert_allclose(grey.net_flux(400.0, 0.8), 0.8 * (grey.value - rte.planck.SIGMA * 400.0**4))
    assert_allclose(grey.net_flux(0.0), grey.incident_flux)
    emitted = (banded.value - banded.net_flux(400.0)).sum(axis=-1)
    assert_allclose(emitted, rte.planck.SIGMA * 400.0**4, rtol=1e-9)
    assert_array_equal(grey.gauge_flux(), grey.net_flux(293.15))
    assert_array_equal(built.fluxes("G").G, built.fluxes("G").value)
    for call, text in (
        (lambda: grey.G, "radiometer sees one side only"),
        (lambda: built.fluxes("G").net_flux(300.0), "has no surface"),
        (lambda: grey.net_flux(-1.0), "T_wall is -1.0"),
        (lambda: grey.net_flux(300.0, 2.0), "emissivity is 2.0"),
        (lambda: grey.net_flux(np.ones(3)), "T_wall is an array"),
    ):
        with pytest.raises(rte.InputError, match=text):
            call()


def test_names_of_heat():
    heat = built.heat(built.BANDS)
    assert_array_equal(heat.absorption, heat.emission - heat.div_q)
    assert heat.grid.shape == (3, 4, 2)
    assert heat.wall_net_flux["x_min"].shape == (4, 2, 2)
    assert set(heat.leaving_radiance) == {*rte.grid.FACES, "solids"}
    assert heat.radiant_power == 60.0
    assert heat.value is heat.div_q
    bare = built.heat(solid_mask=None, solid_heat=np.empty(0), leaving_radiance={})
    assert bare.solid_heat.shape == (0,)
    assert "solid_mask" not in bare


BUDGET = {"absorbed": -3.0, "to_x_min": 2.0, "residual": 0.0, "residual_relative": 0.0}


@pytest.mark.parametrize(("emitted", "axes", "texts"), [
    (100.0, 3, ["emitted 100 W, of it -3 % absorbed again, 2 % to x_min", "residual 0 W,"]),
    (100.0, 2, ["emitted 100 W/m, of it"]),
    (100.0, 1, ["emitted 100 W/m2, of it", "residual 0 W/m2"]),
    (0.0, 3, ["nothing emitted; -3 W absorbed, 2 W to x_min"]),
])  # fmt: skip
def test_budgets_in_words(emitted, axes, texts):
    grid = rte.Cartesian(*[np.linspace(0, 1, 4)] * axes)
    summary = built.heat(grid=grid, budget={"emitted": emitted, **BUDGET}).summary()
    for text in texts:
        assert text in summary
    assert ("%" in summary) == (emitted > 0)


def test_summaries_speak_of_trust():
    image = built.image(error_bound=np.full((3, 4), 0.002))
    assert "certified within 0.002 W m-2 sr-1 of march(order=2)" in image.summary()
    assert "note           transmittance and optical depth are not known for 1 of 12 rays" in repr(
        built.image()
    )
    estimated = built.STATS | {"budget": {"mean": 0.1, "max": 0.5}, "light_estimate": True}
    summary = built.image(stats=estimated).summary()
    assert "certified" not in summary
    assert "an estimate" in summary
    assert "certified" not in built.fluxes(stats=estimated).summary()
    assert "rays certified within" in built.fluxes().summary()
    assert "good to about 0.1 W: an estimate" in built.generic((2,)).summary()
    assert "certified within 3 W" in built.generic((), error_bound=3.0).summary()
    assert "; ray median 0.7, ray max 3" in image.summary()
    medium = {"ignored": ["NO", "soot_volume_fraction"], "cells_without_data": 7}
    for make in (built.image, built.fluxes, built.heat):
        notes = make(config=make().config | {"medium": medium}).notes()
        assert notes[0].startswith("left out NO, soot_volume_fraction: in the field, and not used")
        assert notes[1] == "7 cells without data were taken as empty gas"
    assert "no values" in RESULTS["no rays"]().summary()


def test_a_job_is_added_to_the_config():
    made = built.image().with_config(job={"a": 1})
    assert next(iter(made.config)) == "job"
    assert made.config["method"]["kind"] == "auto"
    assert made.spectrum is built.GREY


def test_names_of_files():
    assert set(built.image().files()) == {"result.h5", "image.png", "image.tif", "regimes.png"}
    assert set(built.image(built.BANDS).files()) == set(built.image().files())
    assert set(built.rays().files()) == {"result.h5", "rays.png", "rays.csv"}
    assert set(built.line_of_sight().files()) == {"result.h5", "profile.png", "profile.csv"}
    assert built.fluxes("G").files()["incident.png"] == "G"
    assert built.heat().files()["wall_flux.png"] == "wall_net_flux"


def test_what_a_job_writes_can_be_written(result, tmp_path):
    for name, quantity in result.files().items():
        if quantity:
            result.plot(tmp_path / name, quantity)
        else:
            result.save(tmp_path / name)
    assert {p.name for p in tmp_path.iterdir()} == set(result.files())


# Pictures


def test_every_quantity_of_every_result_is_drawn(result, tmp_path):
    path = result.save(tmp_path / "a.png")
    assert np.asarray(Image.open(path)).std() > 0
    drawn = 0
    for name in result.pictures():
        if name == "regimes" and "regimes.png" not in result.files():
            with pytest.raises(rte.InputError, match="regimes are shown for images"):
                result.plot(quantity=name)
            continue
        assert result.plot(quantity=name).axes
        drawn += 1
    assert drawn >= 1
    assert "band_edges" not in result.pictures()
    assert "data:image/png;base64," in result._repr_html_()
    assert result.summary().splitlines()[0] in result._repr_html_()
    assert result._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(("quantity", "unit"), [
    ("radiance", "[W m⁻² sr⁻¹]"), ("brightness_temperature", "[K]"), ("transmittance", "[1]"),
    ("optical_depth", "[1]"),
])  # fmt: skip
def test_images(quantity, unit):
    (axes,) = built.image().plot(quantity=quantity).axes
    (bar,) = axes.child_axes
    assert bar.get_ylabel() == f"{quantity.replace('_', ' ')} {unit}"
    assert (axes.get_xlabel(), axes.get_ylabel()) == (
        "position to the right in the image [m]", "position up the image [m]"
    )  # fmt: skip
    (picture,) = axes.images
    assert_allclose(picture.get_extent(), [-0.4, 0.4, -0.3, 0.3])
    assert picture.get_array().shape == (3, 4)
    assert picture.origin == "upper"


def test_what_is_not_known_is_grey_and_counted():
    axes = built.image().plot(quantity="transmittance").axes[0]
    assert axes.get_title() == "1 of 12 not known (grey)"
    picture = axes.images[0]
    assert_allclose(picture.cmap(picture.norm(picture.get_array()))[0, 0], [0.75, 0.75, 0.75, 1.0])
    assert built.image().plot().axes[0].get_title() == ""


def test_perspective_images_are_labelled_in_degrees():
    axes = built.perspective().plot().axes[0]
    assert axes.get_xlabel() == "angle to the right [degree]"
    ticks = dict(zip([t.get_text() for t in axes.get_yticklabels()], axes.get_yticks(), strict=True))
    assert ticks["10"] == pytest.approx(np.tan(np.radians(10)))


def test_images_whose_rows_go_up_are_drawn_upwards():
    axes = built.generic((3, 4)).plot().axes[0]
    assert axes.images[0].origin == "lower"
    assert_allclose(axes.images[0].get_extent(), [-0.25, 1.75, -0.25, 1.25])


def test_regimes_beside_the_radiance():
    left, right = built.image().plot(quantity="regimes").axes[:2]
    assert_array_equal(right.images[0].get_array(), np.full((3, 4), 3))
    assert len(right.get_legend().get_texts()) == 4
    assert left.child_axes[0].get_ylabel().startswith("radiance")


def test_scales_start_where_values_do():
    """A room of 460 to 528 is not all one yellow."""
    for value, start in (([460.0, 528.0], 460.0), ([10.0, 528.0], 0.0)):
        rows = np.linspace(*value, 12).reshape(3, 4)
        assert built.generic((3, 4)).value.shape == rows.shape
        image = built.image(value=rows).plot().axes[0].images[0]
        assert_allclose(image.get_clim(), [start, 528.0])
    signs = built.heat().plot().axes[0].collections[0]
    low, high = signs.get_clim()
    shown = built.heat().div_q.sum(axis=-1) if built.heat().div_q.ndim == 4 else built.heat().div_q
    assert low < 0.0 < high
    assert_allclose(signs.cmap(signs.norm(0.0))[:3], 0.97, atol=0.03)  # white at 0
    blue, red = signs.cmap(signs.norm(low)), signs.cmap(signs.norm(high))
    assert blue[2] > blue[0]
    assert red[0] > red[2]
    assert (low, high) == (shown.min(), shown.max())  # no colour is kept for what there is not
    uniform = built.image(value=np.full((3, 4), 300.0)).plot().axes[0].images[0]
    assert uniform.get_clim() == (0.0, 300.0)


def test_one_value_is_text():
    (axes,) = built.fluxes(count=1).plot().axes
    assert not axes.axison
    value, unit = (text.get_text() for text in axes.texts)
    assert value == "2000 ± 20" or value.split(" ")[0] == f"{built.fluxes(count=1).value[0]:.5g}"
    assert unit == "incident flux [W m⁻²]"
    assert "±" in built.generic(()).plot().axes[0].texts[0].get_text()


def test_points_have_error_bars_and_lines_a_coordinate():
    points = built.fluxes()
    (axes,) = points.plot().axes
    assert axes.get_xlabel() == "point"
    bars = axes.containers[0]
    assert_array_equal(bars[0].get_ydata(), points.value)
    ends = np.array([segment[:, 1] for segment in bars[2][0].get_segments()])
    assert_allclose(
        ends, np.stack([points.value - points["error_estimate"], points.value + points["error_estimate"]], 1)
    )
    (axes,) = built.generic((5,)).plot().axes
    assert axes.get_xlabel() == "time [m]"
    assert_array_equal(axes.containers[0][0].get_xdata(), 0.5 * np.arange(5))


def test_the_profile_of_a_line_of_sight():
    line = built.line_of_sight()
    panels = line.plot().axes
    assert [axes.get_ylabel().split(" ")[0] for axes in panels] == [
        "temperature",
        "kappa",
        "optical",
        "dI/ds",
    ]
    assert_array_equal(panels[1].lines[0].get_ydata(), line.profile["kappa"])
    assert line.plot().get_suptitle().startswith("line of sight: 200 W")


def test_maps_of_a_face_and_of_all_walls():
    axes, bar = built.face().plot().axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("y [m]", "z [m]")
    assert bar.get_ylabel() == "incident flux [W m⁻²]"
    assert_array_equal(axes.collections[0].get_array(), built.face().value.T)
    *panels, bar = built.heat(built.BANDS).plot(quantity="wall_net_flux").axes
    assert [axes.get_title() for axes in panels] == list(rte.grid.FACES)
    assert_allclose(
        panels[2].collections[0].get_array(), built.heat(built.BANDS).wall_net_flux["y_min"].sum(-1).T
    )
    assert bar.get_ylabel() == "wall net flux [W m⁻²]"


def test_slices_through_cells():
    heat = built.heat(built.BANDS)
    *panels, bar = heat.plot(quantity="G").axes
    assert [axes.get_title() for axes in panels] == ["x = 2 m", "y = 2.5 m", "z = 2.5 m"]
    assert_allclose(panels[0].collections[0].get_array(), heat.G[1].sum(-1).T)
    assert panels[0].get_xlim() == (0.0, 5.0)
    assert bar.get_ylabel() == "G [W m⁻²]"


def test_a_slab_is_a_line():
    slab = built.heat(grid=rte.Cartesian(np.linspace(0, 1, 6)))
    (axes,) = slab.plot().axes
    assert axes.get_xlabel() == "x [m]"
    assert_array_equal(axes.containers[0][0].get_ydata(), slab.div_q.ravel())
    plane = built.heat(grid=rte.Cartesian(np.linspace(0, 1, 6), np.linspace(0, 1, 4)))
    assert len(plane.plot(quantity="G").axes) == 2  # a map and its colour bar


def test_what_is_endless_or_not_known_is_drawn_without_a_warning():
    for values in (np.array([1.0, np.inf, np.nan]), np.full(3, np.inf), np.full(3, np.nan)):
        assert built.rays(optical_depth=values).plot(quantity="optical_depth").axes
        square = np.repeat(values, 4).reshape(3, 4)
        built.image(optical_depth=square).plot(quantity="optical_depth").draw_without_rendering()


def test_more_than_three_dimensions_are_not_drawn():
    made = Result.build(
        "a",
        np.ones((2, 2, 2, 2)),
        "W",
        "a",
        dims=("a1", "b", "c", "d"),
        stats={},
        config={},
        spectrum=built.GREY,
    )
    with pytest.raises(rte.InputError, match="has 4 dimensions"):
        made.plot()


def test_classes_are_found_by_their_names():
    for kind in (RadianceResult, FluxResult, HeatResult):
        assert Result.kinds[kind.__name__] is kind
