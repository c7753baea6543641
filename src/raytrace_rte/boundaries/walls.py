"""How a ray closes: what its far end sees, face by face."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..errors import InputError, nearest
from ..grid import FACES, FloatArray, across, beside
from ..media.medium import Medium


@dataclass(frozen=True, eq=False)
class Walls:
    """What is at the six faces of the grid, and beyond for rays that miss it.

    Made by `black`, `grey`, `open_`, `mirror` and `periodic`, which also take other walls for single faces.
    temperature [K], emissivity [1]: numbers, or maps over the cells of a face; intensity [W m-2 sr-1] a band.
    """

    kind: str
    temperature: float | FloatArray = 0.0
    emissivity: float | FloatArray = 1.0
    faces: tuple[tuple[str, Walls], ...] = ()
    intensity: tuple[float, ...] | None = None

    def face(self, name: str) -> Walls:
        """Return what is at one face (x_min, x_max, y_min, ...)."""
        return dict(self.faces).get(name, self)

    @property
    def mirrors(self) -> bool:
        """Whether a ray leaves a face at the angle at which it came."""
        return self.kind == "mirror"

    @property
    def wraps(self) -> bool:
        """Whether a ray comes in again at the opposite face."""
        return self.kind == "periodic"

    @property
    def returns_rays(self) -> bool:
        """Whether a ray goes on into the medium, as a mirror or a periodic face makes it."""
        return self.mirrors or self.wraps

    @property
    def is_wall(self) -> bool:
        """Whether a ray ends here: at a surface, or in what lies beyond an open face."""
        return not self.returns_rays

    @property
    def reflects(self) -> bool:
        """Whether a face scatters back some of what it receives: an emissivity is below 1."""
        return self.is_wall and bool(np.any(np.asarray(self.emissivity) < 1.0))

    @property
    def periodic(self) -> tuple[bool, bool, bool]:
        """Which axes are periodic."""
        x, y, z = (self.face(FACES[2 * axis]).wraps for axis in range(3))
        return x, y, z

    @property
    def plain(self) -> bool:
        """Whether every face ends rays and reflects nothing."""
        return all(w.is_wall and not w.reflects for w in (self, *(other for _, other in self.faces)))

    def light(self, medium: Medium) -> list[FloatArray]:
        """Return the emitted radiance [W m-2 sr-1] of x_min, x_max, y_min, y_max, z_min, z_max, and beyond.

        Each (1, n_band), or (cells of the face, n_band) where cells differ; 0 from mirrors and periodic faces.
        """
        faces = [self.face(name).emitted(medium, n) for n, name in enumerate(FACES)]
        return [*faces, self.emitted(medium)]

    def emitted(self, medium: Medium, number: int | None = None) -> FloatArray:
        """Return what a black wall of this temperature emits, (1 or cells of the face, n_band).

        number: of the face, which matters where bands depend on the gas beside it; None is beyond the grid
        """
        if self.intensity is not None:
            if len(self.intensity) not in (1, medium.n_band):
                raise InputError(
                    f"walls: {len(self.intensity)} intensities for {medium.n_band} band(s); give one a band"
                )
            return np.broadcast_to(np.array(self.intensity), (1, medium.n_band)).copy()
        if number is not None and medium.mole_ratio is not None and np.any(self.temperature):
            T = np.broadcast_to(self.temperature, across(medium.grid.shape, number)).ravel()
            return medium.wall_emission(T, beside(medium.grid.shape, number))
        return medium.wall_emission(np.ravel(self.temperature))

    def checked(self, medium: Medium) -> Walls:
        """Return self; InputError when maps do not fit the faces, or only one side of an axis is periodic.

        The whole takes numbers only; faces may have maps.
        """
        checks.instance("medium", medium, Medium, "a Medium")
        for number, name in enumerate(FACES):
            wall = self.face(name)
            cells = across(medium.grid.shape, number)
            for key in ("temperature", "emissivity"):
                found = np.shape(getattr(wall, key))
                if found not in ((), cells):
                    raise InputError(
                        f"walls: {key} of {name} has shape {found}; expected a number, or {cells}"
                    )
            partner = FACES[number ^ 1]
            if wall.wraps and not self.face(partner).wraps:
                raise InputError(
                    f"walls: {name} is periodic but {partner} is {self.face(partner).kind}; make both so"
                )
        for key in ("temperature", "emissivity"):
            if np.ndim(getattr(self, key)):
                raise InputError(
                    f"walls: {key} is a map of shape {np.shape(getattr(self, key))}; expected a number, which "
                    "rays that miss the grid see too: give maps to single faces, as in black(300.0, x_min=map)"
                )
        return self

    def settings(self) -> dict[str, Any]:
        """What a Result records of the walls."""
        out: dict[str, Any] = {"kind": self.kind}
        if self.intensity is not None:
            out["intensity"] = list(self.intensity)
        elif self.is_wall:
            out["temperature"] = _record(self.temperature)
        if self.kind == "grey":
            out["emissivity"] = _record(self.emissivity)
        return out | {name: wall.settings() for name, wall in self.faces}


def black(temperature: ArrayLike, **faces: float | Walls) -> Walls:
    """Black walls at a temperature [K]; single faces may differ: ``black(300.0, y_min=600.0)``.

    Faces are x_min, x_max, y_min, y_max, z_min, z_max; each takes a temperature, and is then black too, or
    other walls. Rays that miss the grid see `temperature`. For one face it may be a map over its cells, e.g.
    (ny, nz) for x_min. Raises InputError on other names and on temperatures that are negative or not finite.
    """
    return _with_faces(Walls("black", _temperature("temperature", temperature)), faces)


def grey(temperature: ArrayLike, emissivity: ArrayLike, **faces: float | Walls) -> Walls:
    """Grey diffuse walls: what they do not absorb they reflect evenly into the half space.

    temperature [K], emissivity [1] above 0 and at most 1: numbers, or maps over the cells of one face; faces
    as for `black`, of the same emissivity where only a temperature is given:
    ``grey(400.0, 0.8, y_max=300.0)``.
    Raises InputError on values out of range.
    """
    e = checks.real("walls: emissivity", emissivity, "a number, or a map over the cells of a face")
    e = e.astype(np.float64)
    bad = ~((e > 0.0) & (e <= 1.0))
    if bad.any():
        raise InputError(
            f"walls: emissivity is {e[bad].ravel()[0]:g}; expected above 0 and at most 1 "
            "(a wall that reflects everything is mirror())"
        )
    value = float(e) if e.ndim == 0 else e
    return _with_faces(Walls("grey", _temperature("temperature", temperature), value), faces)


def open_(
    temperature: float | None = None, intensity: ArrayLike | None = None, **faces: float | Walls
) -> Walls:
    """Open boundaries with surroundings at a temperature [K] or of an intensity [W m-2 sr-1] per band.

    Cold and dark when neither is given; faces as for `black`, open too where they are a temperature. Raises
    InputError when both are given, or when one is negative.
    """
    if intensity is None:
        T = 0.0 if temperature is None else _temperature("temperature", temperature)
        return _with_faces(Walls("open", T), faces)
    if temperature is not None:
        raise InputError("walls: open takes a temperature or an intensity, found both; drop one")
    values = np.atleast_1d(checks.real("walls: intensity", intensity, "numbers >= 0 [W m-2 sr-1]"))
    if values.ndim != 1 or not np.isfinite(values).all() or (values < 0).any():
        raise InputError(f"walls: intensity is {intensity}; expected numbers >= 0 [W m-2 sr-1], one a band")
    return _with_faces(Walls("open", intensity=tuple(values.astype(np.float64).tolist())), faces)


def mirror() -> Walls:
    """A face that reflects like a mirror, as a plane of symmetry does: ``black(300.0, x_min=mirror())``."""
    return Walls("mirror")


def periodic() -> Walls:
    """A face through which rays come in again at the opposite one, which must be periodic too."""
    return Walls("periodic")


def _with_faces(whole: Walls, faces: dict[str, float | Walls]) -> Walls:
    """Return walls of which single faces differ; a temperature alone makes a face of the same kind."""
    out = []
    for name, value in faces.items():
        if name not in FACES:
            raise InputError(f"walls: no face '{name}'{nearest(name, FACES)}; faces are {', '.join(FACES)}")
        if isinstance(value, Walls):
            wall = value
        else:
            wall = replace(whole, temperature=_temperature(name, value), intensity=None)
        if wall.faces:
            raise InputError(f"walls: {name} has faces of its own; give them at the top only")
        out.append((name, wall))
    return replace(whole, faces=tuple(out))


def _temperature(name: str, value: ArrayLike) -> float | FloatArray:
    T = checks.array(f"walls: {name}", value, low=0.0, unit="K")
    return float(T) if T.ndim == 0 else T


def _record(value: float | FloatArray) -> object:
    if np.ndim(value) == 0:
        return value
    v = np.asarray(value)
    digest = hashlib.sha256(v.tobytes()).hexdigest()
    return {"shape": list(v.shape), "min": float(v.min()), "max": float(v.max()), "sha256": digest}
