"""The gas state is checked once, and the message names quantity, cell, expectation and remedy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import raytrace_rte as rte

GRID = rte.uniform((0, 0, 0), (1, 1, 1), (2, 3, 4))
HOT = np.full(GRID.shape, 900.0)


def with_cell(base: float, value: float) -> np.ndarray:
    a = np.full(GRID.shape, float(base))
    a[1, 0, 2] = value
    return a


BAD = {
    "temperature: found shape (2, 3); expected (2, 3, 4)": {"temperature": np.full((2, 3), 900.0)},
    "the axes look transposed": {"temperature": np.full((4, 3, 2), 900.0)},
    "temperature: cell (1, 0, 2) is nan (1 of 24": {"temperature": with_cell(900, np.nan)},
    "temperature: cell (1, 0, 2) is inf": {"temperature": with_cell(900, np.inf)},
    "temperature: cell (1, 0, 2) is -3": {"temperature": with_cell(900, -3)},
    "expected above 0 K; check the unit; the values look like degrees Celsius": {
        "temperature": with_cell(20, -3)
    },
    "give the unit as degC": {"temperature": with_cell(20, 25)},
    "temperature: found data of type": {"temperature": np.full(GRID.shape, "hot")},
    "is 0 (1 of 24 such values); expected above 0 K; mark cells without data with valid": {
        "temperature": with_cell(1500, 0)
    },
    "expected finite; mark cells without data with valid": {"temperature": with_cell(1500, np.nan)},
    "pressure: value is 0": {"pressure": 0.0},
    "pressure: cell (1, 0, 2) is -1": {"pressure": with_cell(1e5, -1)},
    "pressure: found shape (2,)": {"pressure": np.array([1e5, 1e5])},
    "absorption_coefficient: cell (1, 0, 2) is -0.5": {"absorption_coefficient": with_cell(1, -0.5)},
    "soot_volume_fraction: cell (1, 0, 2) is -1e-06": {"soot_volume_fraction": with_cell(0, -1e-6)},
    "check the unit (ppm is 1e-6)": {"soot_volume_fraction": with_cell(0, 3.0)},
    "mole_fraction/CO2: cell (1, 0, 2) is -0.01": {"mole_fraction": {"CO2": with_cell(0.1, -0.01)}},
    "mole_fraction/CO2: cell (1, 0, 2) is 8 ": {"mole_fraction": {"CO2": with_cell(0.1, 8)}},
    "sum of mole fractions: cell (1, 0, 2) is 1.1": {
        "mole_fraction": {"CO2": with_cell(0.1, 0.6), "H2O": with_cell(0.1, 0.5)}
    },
}


@pytest.mark.parametrize("message", BAD)
def test_bad_states_are_named(message):
    with pytest.raises(rte.InputError) as caught:
        rte.Field(**({"grid": GRID, "temperature": HOT} | BAD[message]))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_cold_is_suspicious_only_when_every_cell_is():
    rte.Field(GRID, with_cell(77, 251))
    rte.Field(GRID, with_cell(77, 80), allow_cold=True)
    with pytest.raises(rte.InputError, match="above 0 K"):
        rte.Field(GRID, with_cell(77, -80), allow_cold=True)


@settings(deadline=None, derandomize=True)
@given(st.floats(-1e-6, 0), st.sampled_from([np.float32, np.float64]))
def test_rounding_below_zero_becomes_zero_in_its_precision(tiny, dtype):
    given_ = with_cell(0.1, float(dtype(tiny) / 2)).astype(dtype)
    x = rte.Field(GRID, HOT, mole_fraction={"CO2": given_}).mole_fraction["CO2"]
    assert x[1, 0, 2] == 0.0
    assert x.dtype == dtype
    assert not np.signbit(x[0, 0, 0])


def test_arrays_come_in_as_contiguous_floats():
    T = np.asfortranarray(HOT.astype(">f4"))
    field = rte.Field(GRID, T, pressure=101325, mole_fraction={"CO2": np.zeros(GRID.shape, int)})
    assert field.temperature.dtype == np.float32
    assert field.temperature.flags.c_contiguous
    assert field.mole_fraction["CO2"].dtype == np.float64
    assert "2x3x4 cells" in repr(field)
    assert "species CO2" in repr(field)


def test_one_dead_cell_in_a_hot_field_is_no_degree_celsius():
    """Case 21: following that advice shifted the whole field by 273 K."""
    with pytest.raises(rte.InputError) as caught:
        rte.Field(GRID, with_cell(1500, 0))
    assert "degC" not in str(caught.value)
    with pytest.raises(rte.InputError, match="degC"):
        rte.Field(GRID, with_cell(20, 1500) - 25.0)


def test_cells_without_data_are_not_checked():
    valid = with_cell(1, 0).astype(bool)
    field = rte.Field(
        GRID,
        with_cell(900, np.nan),
        pressure=with_cell(1e5, -1),
        mole_fraction={"CO2": with_cell(0.1, 9.97e36)},
        soot_volume_fraction=with_cell(0, np.inf),
        absorption_coefficient=with_cell(1, -5),
        density=with_cell(1, 0),
        heat_release=with_cell(-3, np.nan),
        valid=valid,
    )
    assert field.cells_without_data == 1
    assert field.filled_temperature()[1, 0, 2] == 900
    assert "T 900..900 K" in repr(field)
    assert "&" not in field._repr_html_()
    for name in ("temperature", "heat_release"):
        with pytest.raises(rte.InputError, match=rf"{name}: cell \(0, 0, 0\) is nan"):
            rte.Field(
                **({"grid": GRID, "temperature": HOT, "valid": valid} | {name: np.full(GRID.shape, np.nan)})
            )


def test_masks_are_true_and_false_of_the_grid():
    for bad in (np.ones(GRID.shape), np.ones((2, 2), bool), [[True], [True, False]], "all"):
        with pytest.raises(rte.InputError, match=r"^valid is .*a mask of true and false"):
            rte.Field(GRID, HOT, valid=bad)
    with pytest.raises(rte.InputError, match="valid is false everywhere"):
        rte.Field(GRID, HOT, valid=np.zeros(GRID.shape, bool))


def test_rounding_of_kappa_is_relative_to_its_greatest():
    assert (
        rte.Field(GRID, HOT, absorption_coefficient=with_cell(1e-9, -6e-16)).absorption_coefficient.min() == 0
    )
    with pytest.raises(rte.InputError, match="absorption_coefficient: cell"):
        rte.Field(GRID, HOT, absorption_coefficient=with_cell(1e-9, -6e-14))
