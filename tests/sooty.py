"""Soot in wavelength bands, and Planck's function, written down apart from the product."""

from __future__ import annotations

import numpy as np

import raytrace_rte as rte

H, C, K = 6.62607015e-34, 299792458.0, 1.380649e-23
E_M = 0.26
"""E(m) of the soot of tests."""


def planck(wavelength, temperature):
    """Spectral radiance of a blackbody [W m-2 sr-1 m-1]; 0 where the exponential is beyond numbers."""
    x = np.minimum(H * C / (wavelength * K * temperature), 700.0)
    return 2.0 * H * C**2 / wavelength**5 / np.expm1(x)


def integral(function, low, high, pieces=400):
    """Integral over wavelength by Gauss's rule in many pieces that grow geometrically."""
    x, w = np.polynomial.legendre.leggauss(12)
    edges = np.geomspace(low, high, pieces + 1)
    half, middle = 0.5 * np.diff(edges)[:, None], 0.5 * (edges[1:] + edges[:-1])[:, None]
    at = (middle + half * x).ravel()
    return np.asarray(function(at) @ (half * w).ravel())


def kappa(edges, temperature, fraction):
    """Absorption coefficients [1/m] of soot in bands, 6 pi E(m) f_v / lambda weighted by Planck's function."""
    T, factor = np.asarray(temperature, dtype=float), 6.0 * np.pi * E_M * np.asarray(fraction, dtype=float)
    hot, where = np.unique(T, return_inverse=True)
    means = []
    for low, high in np.asarray(edges):
        all_ = integral(lambda at: planck(at, hot[:, None]), low, high, 40)
        means.append(integral(lambda at: planck(at, hot[:, None]) / at, low, high, 40) / all_)
    return factor[..., None] * np.stack(means, axis=-1)[where.reshape(T.shape)]


def medium(grid, edges, temperature, coefficients):
    """The medium of temperatures [K] and absorption coefficients [1/m] in bands."""
    field = rte.Field(
        grid, temperature, absorption_coefficient=coefficients, spectrum=rte.Spectrum.bands(edges)
    )
    return rte.absorption.given(field)
