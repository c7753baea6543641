"""Units become factors to SI, and nothing is guessed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raytrace_rte.errors import InputError
from raytrace_rte.units import KINDS, plain, to_si

# quantity, unit, value in that unit, value in SI: the definitions, typed here independently of the tables
KNOWN = [
    ("length", "cm", 250.0, 2.5),
    ("length", "mm", 1.0, 1e-3),
    ("length", "um", 1.0, 1e-6),
    ("length", "km", 2.0, 2000.0),
    ("length", "ft", 1.0, 0.3048),
    ("length", "in", 1.0, 0.0254),
    ("temperature", "degC", 0.0, 273.15),
    ("temperature", "°C", 100.0, 373.15),
    ("temperature", "degF", 32.0, 273.15),
    ("temperature", "degF", 212.0, 373.15),
    ("pressure", "atm", 1.0, 101325.0),
    ("pressure", "bar", 1.0, 1e5),
    ("pressure", "mbar", 1013.25, 101325.0),
    ("pressure", "kPa", 1.0, 1e3),
    ("pressure", "MPa", 1.0, 1e6),
    ("pressure", "Torr", 760.0, 101325.0),
    ("pressure", "psi", 14.695948775, 101325.0),
    ("absorption", "1/cm", 1.0, 100.0),
    ("absorption", "m^-1", 3.0, 3.0),
    ("absorption", "mm-1", 1.0, 1000.0),
    ("fraction", "%", 21.0, 0.21),
    ("fraction", "ppm", 400.0, 4e-4),
    ("mole fraction", "mol/mol", 0.3, 0.3),
]


@pytest.mark.parametrize(("kind", "unit", "value", "si"), KNOWN)
def test_definitions(kind, unit, value, si):
    assert to_si(value, unit, kind, "here") == pytest.approx(si, rel=1e-9)


@settings(deadline=None, derandomize=True)
@given(st.data())
def test_precision_stays_and_the_si_unit_changes_nothing(data):
    kind, si = data.draw(st.sampled_from([("length", "m"), ("temperature", "K"), ("fraction", "1")]))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    values = np.array(data.draw(st.lists(st.floats(-1e6, 1e6, width=32), max_size=5)), dtype)
    same = to_si(values, si, kind, "here")
    np.testing.assert_array_equal(same, values)
    unit = data.draw(st.sampled_from(sorted(KINDS[kind])))
    assert to_si(values, unit, kind, "here").dtype == same.dtype == dtype


def test_other_types_become_floats_wide_enough():
    assert to_si(np.array([1, 2], np.int16), "cm", "length", "here").dtype == np.float64
    half = to_si(np.array([20.0], np.float16), "degC", "temperature", "here")
    assert half.dtype == np.float32
    assert half[0] == np.float32(293.15)


def test_infinite_faces_stay_infinite():
    np.testing.assert_array_equal(to_si([-np.inf, np.inf], "cm", "length", "grid/y"), [-np.inf, np.inf])


@pytest.mark.parametrize("missing", [None, "", "  ", "?", b"", np.array([]), 3])
def test_a_missing_unit_lists_the_known_ones(missing):
    with pytest.raises(InputError, match=r"a\.h5: the unit of length is missing; give units, one of m, .*mm"):
        to_si(1.0, missing, "length", "a.h5")


@pytest.mark.parametrize(("wrong", "hint"), [("Kelvn", "'Kelvin'"), ("degCC", "'degC'")])
def test_an_unknown_unit_names_the_nearest(wrong, hint):
    with pytest.raises(
        InputError, match=rf"a\.h5: unknown unit '{wrong}' .*did you mean {hint}.*expected one"
    ):
        to_si(1.0, wrong, "temperature", "a.h5")


def test_a_unit_of_another_quantity_is_unknown():
    with pytest.raises(InputError, match="unknown unit 'K' of length"):
        to_si(1.0, "K", "length", "a.h5")


@pytest.mark.parametrize("values", [np.array([b"hot"]), np.array(["hot"]), np.array([1j]), np.array([None])])
def test_what_is_no_number_is_refused(values):
    with pytest.raises(InputError, match="expected real numbers"):
        to_si(values, "K", "temperature", "a.h5")


@pytest.mark.parametrize(
    "stored", ["K", b"K", np.bytes_(b"K"), np.array([b"K"]), np.array(["K"], object), "K\0\0", " K "]
)
def test_text_as_different_programs_store_it(stored):
    assert plain(stored) == "K"


def test_importing_units_is_light():
    code = "import sys, raytrace_rte.units; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"h5py", "numba", "matplotlib", "pydantic"} & set(done.stdout.split())
