"""The script that makes band tables: its means, its table, and RADIS itself where that is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import raytrace_rte as rte

SCRIPT = Path(__file__).parent.parent / "scripts/make_band_table.py"
spec = importlib.util.spec_from_file_location("make_band_table", SCRIPT)
assert spec is not None
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)

EDGES = np.array([2e-6, 4e-6, 5e-6, 10e-6])
PAIRS = np.stack([EDGES[:-1], EDGES[1:]], axis=1)
WAVENUMBER = np.linspace(1.0 / EDGES[-1], 1.0 / EDGES[0], 20_001)


def test_means_have_the_weight_of_plancks_function():
    grey = script.band_means(WAVENUMBER, np.full(WAVENUMBER.size, 3.0), 1200.0, PAIRS)
    np.testing.assert_allclose(grey, 3.0, rtol=1e-6)
    soot = script.band_means(WAVENUMBER, WAVENUMBER, 1200.0, PAIRS)  # 1 / lambda
    from raytrace_rte.media.absorption.soot_bands import mean_inverse_wavelength

    np.testing.assert_allclose(soot, mean_inverse_wavelength(PAIRS, np.array([1200.0]))[0], rtol=1e-6)


def test_a_table_is_per_partial_pressure():
    def spectral(T, p, X):  # what RADIS would say of a grey gas of 2e-5 T / 1000 K 1/(m Pa)
        return WAVENUMBER, np.full(WAVENUMBER.size, 2e-8 * T * p * X)

    T, p = np.array([400.0, 1000.0]), np.array([0.5e5, 1e5])
    one = script.table({"CO": spectral}, EDGES, T, p, np.array([0.2]), "a stub")
    assert one.absorption["CO"].shape == (2, 2, 3)
    np.testing.assert_allclose(one.absorption["CO"][1], 2e-5, rtol=1e-6)
    rich = script.table({"CO": spectral}, EDGES, T, p, np.array([0.1, 0.2]), "a stub")
    assert rich.absorption["CO"].shape == (2, 2, 2, 3)
    np.testing.assert_array_equal(rich.mole_fraction["CO"], [0.1, 0.2])


def test_bad_edges_and_a_missing_radis_are_one_message(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "radis", None)
    words = ["--species", "CO", "co.par", "--temperature", "300", "-o", str(tmp_path / "t.h5")]
    assert script.main([*words, "--edges-um", "5", "4"]) == 2
    assert "--edges-um is [5.0, 4.0]; expected" in capsys.readouterr().err
    assert script.main([*words, "--edges-um", "4", "5"]) == 2
    assert "pip install 'raytrace-rte[radis]'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def hitran_line(wavenumber: float, intensity: float, energy: float, j: int) -> str:
    """One line of CO in the 160 characters of HITRAN 2004."""
    head = f"{5:2d}{1:1d}{wavenumber:12.6f}{intensity:10.3E}{20.0:10.3E}.0600.0700{energy:10.4f}0.700.000000"
    quanta = f"{'1':>15}{'0':>15}{'':15}{f'R{j:3d}':>9}{'':6}"
    return f"{head}{quanta}465532 5 2 2 1 7".ljust(146)[:146] + f"{2 * j + 3:7.1f}{2 * j + 1:7.1f}"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_radis_absorbs_as_much_as_the_lines_are_strong(tmp_path):
    """Needs RADIS: the integral over a band is the number of molecules times the sum of intensities."""
    pytest.importorskip("radis")
    lines = [hitran_line(2143.0 + 4.0 * j, 1e-19, 1.92 * j * (j + 1), j) for j in range(20)]
    (tmp_path / "co.par").write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = ["--species", "CO", str(tmp_path / "co.par"), "--temperature", "296", "--step", "0.01"]
    assert script.main([*words, "--edges-um", "4.4", "4.8", "-o", str(tmp_path / "co.h5")]) == 0
    made = rte.read_band_table(tmp_path / "co.h5")
    molecules = 101325.0 / (1.380649e-23 * 296.0)  # 1/m3
    width = 1 / 4.4e-6 - 1 / 4.8e-6  # 1/m
    total = made.absorption["CO"][0, 0, 0] * 101325.0 * width
    assert total == pytest.approx(
        molecules * 20 * 1e-19 * 1e-2, rel=0.1
    )  # Planck's weight varies over the band
