"""What a cell does to light."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import InputError
from ..execution.executors import Each, each, ordered
from ..grid import Cartesian, FloatArray
from . import folders, sums
from .spectrum import Spectrum
from .survey import surveyed, without_rounding

if TYPE_CHECKING:
    from ..kernels.cartesian import Cells
    from ..kernels.pyramid import Pyramid
    from ..kernels.records import Bounds, Planes

Emission = Callable[[float], ArrayLike]


@dataclass(frozen=True, eq=False)
class Medium:
    """Absorption coefficient and source on a grid, linear in each cell.

    grid: Cartesian
    kappa: absorption coefficient [1/m], shape (nx, ny, nz) or (nx, ny, nz, n_band)
    source: blackbody intensity [W m-2 sr-1] per band, same shape
    spectrum: what the bands are: a Spectrum, or (in memory only) a function, wall temperature [K] -> radiance
        per band [W m-2 sr-1]; None is grey, for arrays without a band axis
    provenance: the absorption model and what it noticed
    mole_ratio: H2O/CO2 of each cell, (nx, ny, nz), for a spectrum whose walls emit with the weights of the gas beside
        them; such a spectrum needs it, others do not take it

    float32 and float64 stay what they are. Arrays that need no conversion are not copied: kappa and source
    are read-only views of them, and a later change of the originals is an error at the next use (`verify`).
    Values between -1e-6 of the greatest and 0 are rounding: taken as 0 and counted in provenance["clipped"].

    Raises InputError on wrong shapes, non-finite or negative values, and bands without a spectrum.
    """

    grid: Cartesian
    kappa: NDArray[np.floating]
    source: NDArray[np.floating]
    spectrum: Spectrum = field(default_factory=Spectrum.grey)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    mole_ratio: NDArray[np.floating] | None = None

    def __init__(
        self,
        grid: Cartesian,
        kappa: ArrayLike,
        source: ArrayLike,
        spectrum: Spectrum | Emission | None = None,
        provenance: Mapping[str, Any] | None = None,
        *,
        emission: Emission | None = None,
        mole_ratio: ArrayLike | None = None,
    ) -> None:
        checks.instance("grid", grid, Cartesian, "a grid, from rte.Cartesian(x, y, z) or rte.uniform(...)")
        notes = {} if provenance is None else dict(_mapping("provenance", provenance))
        if emission is not None:
            _deprecated("Medium(..., emission=)", "spectrum=")
            if spectrum is not None:
                raise InputError("emission is the old name of spectrum, and both were given; drop emission")
            spectrum = emission
        kappa = checks.real("kappa", kappa, "an array of real numbers [1/m]")
        bands = kappa.shape[3:] if kappa.ndim == 4 else ()
        arrays = {}
        for name, values in (("kappa", kappa), ("source", source)):
            arrays[name], clipped = without_rounding(surveyed(name, values, grid.shape + bands))
            if clipped:
                notes["clipped"] = {**notes.get("clipped", {}), name: clipped}
        self._set(grid=grid, provenance=notes, spectrum=_spectrum(spectrum, bands))
        self._set(**{name: _read_only(a) for name, a in arrays.items()})
        self._set(mole_ratio=self._mixture(mole_ratio))

    def _mixture(self, mole_ratio: ArrayLike | None) -> NDArray[np.floating] | None:
        """Return the checked mole ratio of a spectrum that depends on it."""
        if (mole_ratio is not None) != self.spectrum.depends_on_mixture:
            needs = "needs" if self.spectrum.depends_on_mixture else "does not take"
            raise InputError(f"mole_ratio is {checks.shown(mole_ratio)}; {self.spectrum!r} {needs} one")
        if mole_ratio is None:
            return None
        return _read_only(without_rounding(surveyed("mole_ratio", mole_ratio, self.grid.shape))[0])

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def n_band(self) -> int:
        """Number of bands; 1 for a grey medium."""
        return self.kappa.shape[3] if self.kappa.ndim == 4 else 1

    def wall_emission(self, temperature: ArrayLike, cell: ArrayLike | None = None) -> FloatArray:
        """Return what black walls emit in each band [W m-2 sr-1], (n_band,) or (n, n_band).

        temperature: [K], a number or shape (n,); cell: (n, 3), the cells beside them, on whose gas it may depend;
            None is the mole ratio that the spectrum has for walls beyond the grid
        """
        if cell is None or self.mole_ratio is None:
            given = checks.array("temperature", temperature, low=0.0, unit="K")
            values, index = np.unique(given, return_inverse=True)  # walls have few temperatures
            return self.spectrum.wall_emission(values)[index.reshape(given.shape)]
        beside = tuple(np.asarray(cell).reshape(-1, 3).T)
        T = np.broadcast_to(np.asarray(temperature, dtype=np.float64), len(beside[0]))
        return self.spectrum.wall_emission(T, self.mole_ratio[beside])

    def emission(self, temperature: float) -> FloatArray:
        """Return `wall_emission(temperature)`; the old name."""
        _deprecated("Medium.emission", "Medium.wall_emission")
        emitted = self.wall_emission(temperature)
        return emitted if self.kappa.ndim == 4 else emitted[0]

    def prepare(
        self, workers: int, lean: bool = False, bricks: bool = False, out: NDArray[np.floating] | None = None
    ) -> None:
        """Build what kernels read, as far as it is not there, with so many threads.

        lean: without records of cells; bricks: the pyramid as well; out: where the records go, if they fit, so that
        media of one grid, one after the other, need no new memory
        """
        built, spread = vars(self), each(workers)
        if not lean and "cells" not in built:
            self._build(spread, out)
        if "bounds" not in built:
            built["bounds"] = self._bounds(spread)
        if bricks and "pyramid" not in built:
            built["pyramid"] = self._pyramid(spread)

    @cached_property
    def cells(self) -> Cells:
        """The records that ray kernels read, built on first use: 32 (float32) or 64 bytes a cell and band."""
        return self._build(each(1))

    @cached_property
    def lean_cells(self) -> Cells:
        """The same without records: kernels build some wherever rays come."""
        from ..kernels.records import lean

        self._fingerprints  # noqa: B018  taken before anything is built from the arrays
        shape = (*self.grid.shape, self.n_band)
        return lean(self.grid, self.kappa.reshape(shape), self.source.reshape(shape))

    @cached_property
    def bounds(self) -> Bounds:
        """What bounds the reconstructed field, over planes and bricks of cells: comes with the records."""
        return self._bounds(each(1))

    @cached_property
    def source_range(self) -> tuple[FloatArray, FloatArray]:
        """Least and greatest source of each band as reconstructed, (n_band,) each [W m-2 sr-1]."""
        return self.bounds.source

    @property
    def planes(self) -> Planes:
        """Greatest kappa [1/m] as reconstructed in each plane of cells across x, y and z, (n, n_band) each."""
        return self.bounds.planes

    @cached_property
    def pyramid(self) -> Pyramid:
        """What bounds the field over bricks of cells, for Auto; built on first use, 0.15 bytes a cell."""
        return self._pyramid(each(1))

    def _build(self, spread: Each, out: NDArray[np.floating] | None = None) -> Cells:
        from ..kernels.records import build

        cells, bounds = build(self.lean_cells, spread, out)
        self._set(cells=cells, bounds=bounds)
        return cells

    def _bounds(self, spread: Each) -> Bounds:
        from ..kernels.records import bounds

        return bounds(self.lean_cells, spread)

    def _pyramid(self, spread: Each) -> Pyramid:
        from ..kernels.pyramid import build

        return build(self._any_cells, self.bounds.brick, self.grid.widths, spread)

    @property
    def records(self) -> NDArray[np.floating] | None:
        """The array of the cells' records if it has been built: `out` of a later medium's `prepare`."""
        return self.cells.record if "cells" in self.__dict__ else None

    @property
    def _any_cells(self) -> Cells:
        """The records if they have been built, else what rebuilds them."""
        return self.cells if "cells" in self.__dict__ else self.lean_cells

    @cached_property
    def optical_depth(self) -> dict[str, float]:
        """Optical depth of cells (mean and greatest, along their longest finite edge) and of the domain.

        The domain's is the volume-averaged kappa times its longest finite extent.
        """
        return sums.optical_depth(self.grid, self.kappa.reshape(*self.grid.shape, self.n_band))

    def emission_density(self) -> FloatArray:
        """Return the power that cells emit in all bands, 4 pi sum(kappa S) [W m-3] (nx, ny, nz).

        It is the heat that an optically thin medium loses to cold surroundings, and 4 sigma kappa_P T^4 by the
        definition of the Planck mean kappa_P (Modest, Radiative Heat Transfer, 3rd ed., ch. 11).
        """
        return sums.emission_density(self.kappa, self.source)

    @cached_property
    def emission_power(self) -> float:
        """Power that all cells emit [W] (per metre or m2 of infinite axes): what escapes if nothing is absorbed."""
        return self.grid.integral(self.emission_density())

    def planck_mean_kappa(self) -> FloatArray:
        """Return the mean of kappa over the bands, weighted by their sources [1/m] (nx, ny, nz).

        It is the Planck mean where the bands together hold the whole spectrum. 0 where nothing is emitted.
        """
        return sums.planck_mean(self.kappa, self.source)

    @cached_property
    def brightness_range(self) -> tuple[float, float]:
        """Least and greatest temperature [K] of black walls as bright as the source of a cell."""
        planes = self.source.reshape(len(self.source), -1, self.n_band)
        ends = [(total.min(), total.max()) for total in (plane.sum(axis=-1) for plane in planes)]
        low, high = self.spectrum.brightness_temperature([min(a for a, _ in ends), max(b for _, b in ends)])
        return float(low), float(high)

    def verify(self, workers: int = 1) -> None:
        """Raise InputError if kappa or source changed after the records of cells were built from them.

        workers: threads that read the arrays, one each.
        """
        from ..kernels.fingerprint import fingerprint

        taken = self.__dict__.get("_fingerprints", {})
        found = ordered(fingerprint, [getattr(self, name) for name in taken], workers)
        for (name, before), now in zip(taken.items(), found, strict=True):
            if now != before:
                raise InputError(
                    f"medium: {name} was changed after its first use, and what was built from it is of the "
                    "old values: make a new Medium (of a copy, where the array will change again)"
                )

    @cached_property
    def _fingerprints(self) -> dict[str, tuple[int, bytes]]:
        from ..kernels.fingerprint import fingerprint

        return {name: fingerprint(getattr(self, name)) for name in ("kappa", "source")}

    def digest(self) -> str:
        """Return the hash of arrays, grid and spectrum; InputError when the spectrum is a function."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        self._fingerprints  # noqa: B018  from here on a change is an error
        hashed = hashlib.sha256(self.spectrum.digest().encode())
        mixture = () if self.mole_ratio is None else (self.mole_ratio,)
        for a in (*self.grid, self.kappa, self.source, *mixture):
            hashed.update(f"{a.dtype.str}{a.shape}".encode())
            hashed.update(a.data)
        return hashed.hexdigest()

    def write(self, folder: str | Path) -> None:
        """Write the medium as a folder of arrays that `open` maps into memory; whole or not at all.

        A folder that already holds this medium is left as it is. Raises InputError when the spectrum is a
        function, when something else is there, or when the folder cannot be written.
        """
        folders.write(self, checks.path("folder", folder))

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Return the medium that `write` left in a folder, its arrays mapped into memory as they are read.

        Raises InputError when the folder holds none.
        """
        return cls(**folders.read(checks.path("folder", folder)))

    def __repr__(self) -> str:
        low, high = self.brightness_range
        return (
            f"Medium({'x'.join(map(str, self.grid.shape))} cells, {self.n_band} band(s), "
            f"kappa {self.kappa.min():.4g}..{self.kappa.max():.4g} 1/m, source as of {low:.4g}..{high:.4g} K)"
        )

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>"


def _spectrum(given: Spectrum | Emission | None, bands: tuple[int, ...]) -> Spectrum:
    """Return the spectrum of arrays whose shape ends with `bands`, () without a band axis."""
    count = bands[0] if bands else 1
    if given is None:
        if bands:
            raise InputError(
                f"spectrum is None, but kappa has a band axis of {count}: say what the bands are, with "
                "spectrum=Spectrum.bands(edges), Spectrum.tabulated(T, radiance), or a function of T; a grey "
                "kappa has the shape of the grid"
            )
        return Spectrum.grey()
    if not isinstance(given, Spectrum):
        if not callable(given):
            raise checks.wrong("spectrum", given, "a Spectrum, or a function: T [K] -> radiance per band")
        return Spectrum.from_callable(given, count)
    if given.n_band != count:
        raise InputError(
            f"spectrum has {given.n_band} band(s), kappa {count}; give kappa and source one entry a band"
        )
    return given


def _read_only(values: NDArray[np.floating]) -> NDArray[np.floating]:
    view = values.view()
    view.flags.writeable = False
    return view


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    return checks.instance(name, value, Mapping, "a dict of what is worth noting")


def _deprecated(old: str, new: str) -> None:
    warnings.warn(f"{old} is an old name: use {new}", DeprecationWarning, stacklevel=3)
