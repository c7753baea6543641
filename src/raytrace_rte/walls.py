"""How a ray closes: the radiance that enters its far end, I = E + T I_wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .errors import InputError, nearest
from .grid import FACES, FloatArray
from .medium import Medium


@dataclass(frozen=True)
class Walls:
    """Radiance at the six faces of the grid, and beyond for rays that miss it.

    Made by `black` and `open_`. temperature and faces in [K], intensity [W m-2 sr-1] per band.
    """

    kind: str
    temperature: float = 0.0
    faces: tuple[tuple[str, float], ...] = ()
    intensity: tuple[float, ...] | None = None

    def radiance(self, medium: Medium) -> FloatArray:
        """Return [W m-2 sr-1] for (x_min, x_max, y_min, y_max, z_min, z_max, missed), shape (7, n_band)."""
        out = np.empty((7, medium.n_band))
        if self.intensity is not None:
            if len(self.intensity) not in (1, medium.n_band):
                raise InputError(
                    f"walls: {len(self.intensity)} intensities for {medium.n_band} band(s); give one a band"
                )
            out[:] = self.intensity
        else:
            out[:] = medium.emission(self.temperature) if self.temperature else 0.0
        for face, temperature in self.faces:
            out[FACES.index(face)] = medium.emission(temperature) if temperature else 0.0
        return out

    def settings(self) -> dict[str, object]:
        """What a Result records of the walls."""
        out: dict[str, object] = {"kind": self.kind}
        if self.intensity is not None:
            out["intensity"] = list(self.intensity)
        else:
            out["temperature"] = self.temperature
        return out | dict(self.faces)


def black(temperature: float, **faces: float) -> Walls:
    """Black walls at a temperature [K]; single faces may differ: ``black(300.0, y_min=600.0)``.

    Faces are x_min, x_max, y_min, y_max, z_min, z_max. Rays that miss the grid see `temperature`.
    Raises InputError on other names and on temperatures that are negative or not finite.
    """
    for name in faces:
        if name not in FACES:
            raise InputError(f"walls: no face '{name}'{nearest(name, FACES)}; faces are {', '.join(FACES)}")
    checked = [(name, _temperature(name, T)) for name, T in faces.items()]
    return Walls("black", _temperature("temperature", temperature), tuple(checked))


def open_(temperature: float | None = None, intensity: ArrayLike | None = None) -> Walls:
    """Open boundaries with surroundings at a temperature [K] or of an intensity [W m-2 sr-1] per band.

    Cold and dark when neither is given. Raises InputError when both are, or when one is negative.
    """
    if intensity is None:
        return Walls("open", 0.0 if temperature is None else _temperature("temperature", temperature))
    if temperature is not None:
        raise InputError("walls: open takes a temperature or an intensity, found both; drop one")
    values = np.atleast_1d(np.asarray(intensity, dtype=np.float64))
    if values.ndim != 1 or not np.isfinite(values).all() or (values < 0).any():
        raise InputError(f"walls: intensity is {intensity}; expected numbers >= 0 [W m-2 sr-1], one a band")
    return Walls("open", intensity=tuple(values.tolist()))


def _temperature(name: str, value: float) -> float:
    T = float(value)
    if not np.isfinite(T) or T < 0:
        raise InputError(f"walls: {name} is {value}; expected a temperature >= 0 [K]")
    return T
