"""Make a band table (docs/formats.md) from line files on this disk, with RADIS; nothing is downloaded.

usage: python scripts/make_band_table.py --species CO2 co2.par --species H2O h2o.par --edges-um 1 2.5 3.1 4.1 4.8 20
           --temperature 300 600 1000 1500 2000 --pressure-atm 1 --mole-fraction 0.1 -o table.h5

Line files are in the format of HITRAN or HITEMP, 160 characters a line. In each band the coefficient is averaged with
the weight of Planck's function at the temperature. Several mole fractions become an axis of the table: a species'
lines are broadened by its own molecules and by air. Needs `pip install raytrace-rte[radis]`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np

import raytrace_rte as rte
from raytrace_rte.errors import InputError
from raytrace_rte.media.fractions import C2

ATM = 101325.0
Spectral = Callable[[float, float, float], tuple[np.ndarray, np.ndarray]]
"""(temperature [K], pressure [Pa], mole fraction) -> wavenumbers [1/m], ascending, and absorption there [1/m]."""


def band_means(wavenumber: np.ndarray, kappa: np.ndarray, T: float, edges: np.ndarray) -> np.ndarray:
    """Return the mean of kappa in bands (n_band, 2) [m], with the weight of Planck's function.

    wavenumber: [1/m], ascending, > 0; beyond the first and the last of them nothing absorbs
    """
    x = C2 * wavenumber / T
    planck = kappa * x**3 * np.exp(-x) / -np.expm1(-x)
    cumulated = np.concatenate(([0.0], np.cumsum(0.5 * (planck[1:] + planck[:-1]) * np.diff(x))))
    with np.errstate(divide="ignore"):
        ends = C2 / (edges * T)  # of x: high, low
    absorbed = np.interp(ends[:, 0], x, cumulated) - np.interp(ends[:, 1], x, cumulated)
    black = rte.Spectrum.bands(edges).wall_emission(T) / rte.blackbody(T) * np.pi**4 / 15.0
    return absorbed / black


def table(
    species: dict[str, Spectral],
    edges: np.ndarray,
    temperature: np.ndarray,
    pressure: np.ndarray,
    fractions: np.ndarray,
    source: str,
) -> rte.absorption.BandTable:
    """Return the table of some species: edges [m] (n + 1,), temperature [K], pressure [Pa], own mole fractions."""
    pairs = np.stack([edges[:-1], edges[1:]], axis=1)
    absorption, rich = {}, {}
    for name, spectral in species.items():
        a = np.empty((temperature.size, pressure.size, fractions.size, len(pairs)))
        for i, j, k in np.ndindex(a.shape[:3]):
            T, p, X = float(temperature[i]), float(pressure[j]), float(fractions[k])
            wavenumber, kappa = spectral(T, p, X)
            a[i, j, k] = band_means(wavenumber, np.maximum(kappa, 0.0), T, pairs) / (p * X)
        if fractions.size > 1:
            rich[name] = fractions
        absorption[name] = a if fractions.size > 1 else a[:, :, 0]
    return rte.absorption.BandTable(edges, temperature, pressure, absorption, rich, source=source)


def radis_spectra(molecule: str, lines: str, edges: np.ndarray, step: float) -> Spectral:
    """Return what RADIS computes from a file of lines. edges: [m]; step: of wavenumbers [1/cm]."""
    try:
        from radis import SpectrumFactory
    except ImportError:
        raise InputError("RADIS is not installed: pip install 'raytrace-rte[radis]'") from None
    factory = SpectrumFactory(
        wavenum_min=0.01 / edges[-1], wavenum_max=0.01 / edges[0], molecule=molecule, isotope="all",
        wstep=step, path_length=1.0, verbose=False,
    )  # fmt: skip
    factory.warnings["MissingSelfBroadeningWarning"] = "ignore"
    factory.load_databank(path=lines, format="hitran", load_columns="equilibrium", db_use_cached=False)

    def spectral(T: float, p: float, X: float) -> tuple[np.ndarray, np.ndarray]:
        spectrum = factory.eq_spectrum(Tgas=T, pressure=p / 1e5, mole_fraction=X)
        wavenumber, kappa = spectrum.get("abscoeff", wunit="cm-1", Iunit="cm-1")
        return 100.0 * np.asarray(wavenumber), 100.0 * np.asarray(kappa)

    return spectral


def main(arguments: list[str] | None = None) -> int:
    """Make the table that the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--species", nargs=2, action="append", required=True, metavar=("NAME", "LINES"))
    parser.add_argument(
        "--edges-um", nargs="+", type=float, required=True, help="wavelengths, bands side by side"
    )
    parser.add_argument("--temperature", nargs="+", type=float, required=True, help="[K], ascending")
    parser.add_argument("--pressure-atm", nargs="+", type=float, default=[1.0])
    parser.add_argument("--mole-fraction", nargs="+", type=float, default=[0.1], help="of the species itself")
    parser.add_argument("--step", type=float, default=0.01, help="of wavenumbers [1/cm]")
    parser.add_argument("-o", "--output", required=True)
    given = parser.parse_args(arguments)
    edges = 1e-6 * np.array(given.edges_um)
    try:
        if (
            len(edges) < 2
            or not edges[0] > 0.0
            or not np.isfinite(edges[-1])
            or (np.diff(edges) <= 0.0).any()
        ):
            raise InputError(
                f"--edges-um is {given.edges_um}; expected finite wavelengths above 0 that ascend"
            )
        spectra = {name: radis_spectra(name, lines, edges, given.step) for name, lines in given.species}
        T, p, X = (np.array(a) for a in (given.temperature, given.pressure_atm, given.mole_fraction))
        source = f"RADIS, lines {', '.join(lines for _, lines in given.species)}, step {given.step:g} 1/cm"
        made = table(spectra, edges, T, p * ATM, X, source)
        rte.write_band_table(made, given.output)
    except InputError as error:
        print(f"make_band_table: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
