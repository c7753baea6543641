"""Everything of a solve but the question: medium, walls, objects, method; checked once, nothing worked out twice."""

from __future__ import annotations

import hashlib
import json
import pickle
import platform
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..boundaries.bodies import Bodies, Object, gathered
from ..boundaries.walls import Walls, open_
from ..errors import InputError
from ..execution.task import Recipe, Task
from ..grid import FloatArray
from ..media.medium import Medium
from ..method import ATOL, Auto, March, Method, Thick, Thin, Threshold
from .shortcuts import bricks_to_cross

if TYPE_CHECKING:
    from ..kernels.clipping import Clip
    from ..kernels.reconstruct import Cells
    from ..kernels.trace import Plan

RADIOSITY_DIRECTIONS = 200
"""Rays from each reflecting surface element, unless said."""
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@runtime_checkable
class Sensor(Protocol[R_co]):
    """What `solve` needs to know of a question: how it becomes work, and what is recorded of it."""

    def task(self, scene: Scene) -> Task[R_co]: ...
    def settings(self) -> dict[str, Any]: ...


@dataclass(frozen=True, eq=False)
class Scene:
    """What rays go through, where they end, and how they are followed.

    lean: rebuild cells' records wherever a ray comes instead of keeping them
    record: what else a Result records of the job that this belongs to
    radiosity_directions: rays from each reflecting surface cell or triangle that find what it reflects
    """

    medium: Medium
    walls: Walls
    method: Method
    objects: tuple[Object, ...] = ()
    lean: bool = False
    record: Mapping[str, Any] = field(default_factory=dict)
    radiosity_directions: int = RADIOSITY_DIRECTIONS

    @cached_property
    def bodies(self) -> Bodies:
        """Solid cells and meshes among the objects."""
        return gathered(self.objects, self.medium.grid)

    @property
    def plain(self) -> bool:
        """Whether rays end where they first meet something, and what that sends out is known beforehand."""
        return self.walls.plain and not self.objects

    @cached_property
    def light(self) -> list[FloatArray]:
        """Radiance of the six faces and beyond, (1 or cells of the face, n_band) each [W m-2 sr-1]."""
        return self.walls.light(self.medium)

    @property
    def by_cell(self) -> bool:
        """Whether the cells of a face send out different light."""
        return any(len(light) > 1 for light in self.light)

    @cached_property
    def ends(self) -> FloatArray:
        """Radiance at the end of a ray, (cartesian.ENDS, n_band): six faces, beyond, and 0 for other ends.

        Of a face whose cells differ the greatest in each band.
        """
        from ..kernels.cartesian import ENDS

        out = np.zeros((ENDS, self.medium.n_band))
        out[:7] = [light.max(axis=0) for light in self.light]
        return out

    @cached_property
    def range(self) -> tuple[FloatArray, FloatArray]:
        """Least and greatest radiance (n_band,) that any source, as reconstructed, or wall can send."""
        low, high = self.medium.source_range
        least = np.min([light.min(axis=0) for light in self.light], axis=0)
        return np.minimum(low, least), np.maximum(high, self.ends.max(axis=0))

    @cached_property
    def plan(self) -> Plan:
        """The method as the kernels see it."""
        from ..kernels.trace import CONSTANT, LINEAR, STOPPING, THICK, THIN, THRESHOLD, Plan

        match self.method:
            case March(order=order, stop=stop):
                return Plan(CONSTANT if order == 1 else LINEAR, stop=-1.0 if stop is None else stop)
            case Thick(terms=terms):
                return Plan(THICK, terms=terms)
            case Thin():
                return Plan(THIN)
            case Threshold(delta=delta, terms=terms):
                return Plan(THRESHOLD, terms=terms, delta=delta)
            case Auto(rtol=rtol, atol=atol, transmittance=followed):
                if followed or (rtol, atol) == (0.0, 0.0):
                    return Plan(LINEAR)
                absolute = ATOL * float(self.range[1].sum()) if atol is None else atol
                return Plan(STOPPING, relative=rtol, absolute=absolute / self.medium.n_band)

    @cached_property
    def clip(self) -> Clip:
        """The box of cells that matter to a tolerance; for other methods, no box."""
        from ..kernels.clipping import clip_to, nothing
        from ..kernels.trace import STOPPING

        if self.plan.method != STOPPING:
            return nothing()
        low, high = self.range
        tolerance = self.plan.relative * low + self.plan.absolute
        return clip_to(tuple(self.medium.grid), self.medium.planes, tolerance, low, high)

    @property
    def switches(self) -> bool:
        """Whether the method may leave out what a tolerance allows."""
        from ..kernels.trace import STOPPING

        return self.plan.method == STOPPING

    @cached_property
    def shortcuts(self) -> Plan | None:
        """The plan that crosses bricks of cells in one step, where the field has bricks for it; else None.

        Bricks know one light of a face.
        """
        from ..kernels.trace import AUTO

        low, high = self.range
        tolerance = self.plan.relative * low + self.plan.absolute
        if self.by_cell or not (self.switches and bricks_to_cross(self.medium, tolerance, high - low)):
            return None
        return self.plan._replace(method=AUTO)

    @property
    def cells(self) -> Cells:
        """What the kernels read of the medium."""
        return self.medium.lean_cells if self.lean else self.medium.cells

    def prepare(self, workers: int, out: NDArray[np.floating] | None = None) -> None:
        """Build what the kernels read, with so many threads; out: as of `Medium.prepare`."""
        self.medium.prepare(
            workers, lean=self.lean, out=out
        )  # before the plan, which asks for the range of sources
        self.ends, self.range, self.plan, self.clip  # noqa: B018  before several threads ask for them

    def settings(self) -> dict[str, Any]:
        """What a Result records."""
        out: dict[str, Any] = {
            "method": {"kind": type(self.method).__name__.lower(), **asdict(self.method)},
            "walls": self.walls.settings(),
            "medium": dict(self.medium.provenance),
            "versions": dict(_versions()),
        }
        if self.objects:
            out["objects"] = [thing.settings() for thing in self.objects]
        if not self.plain:
            out["radiosity_directions"] = self.radiosity_directions
        return {**self.record, **out}

    def require_bound(self, what: str) -> None:
        """Raise InputError when the method is a limit, or the plain switch."""
        if not isinstance(self.method, Auto | March):
            raise InputError(f"method: {self.method!r} has no bound; {what} needs Auto or March")


def usual(walls: Walls | None, method: Method | None) -> tuple[Walls, Method]:
    """Return walls and method, open and cold and Auto(rtol=1e-3) where there are none; InputError on other types."""
    walls = open_() if walls is None else walls
    checks.instance("walls", walls, Walls, "black(...), grey(...), open_(...), mirror() or periodic()")
    method = Auto() if method is None else method
    kinds = (March, Auto, Thick, Thin, Threshold)
    checks.instance("method", method, kinds, "March, Auto, Thick, Thin or Threshold")
    return walls, method


def scene(
    medium: Medium,
    walls: Walls | None = None,
    method: Method | None = None,
    objects: Sequence[Object] = (),
    lean: bool = False,
    record: Mapping[str, Any] | None = None,
    workers: int = 1,
    radiosity_directions: int = RADIOSITY_DIRECTIONS,
) -> Scene:
    """Return the checked scene; None of walls is open and cold, None of method Auto(rtol=1e-3).

    workers: threads that look whether the medium's arrays were written
    Raises InputError that names the argument on anything of a wrong type, on walls, objects and medium that do
    not fit together, and when the medium's arrays were written after their first use.
    """
    checks.instance("medium", medium, Medium, "a Medium, as of rte.absorption.planck_mean(field)")
    walls, method = usual(walls, method)
    things = gathered(objects, medium.grid).objects
    lean = checks.instance("lean", lean, bool, "true or false")
    count = checks.whole("radiosity_directions", radiosity_directions, low=18)
    out = Scene(medium, walls.checked(medium), method, things, lean, dict(record or {}), count)
    medium.verify(workers)
    if lean and not out.plain:
        found = "objects" if out.objects else "reflecting walls"
        raise InputError(f"lean: found {found}; it is for rays that end at plain walls: leave it out")
    return out


@cache
def _versions() -> dict[str, str]:
    """Versions of what computes the answer."""
    packages = ("raytrace-rte", "numpy", "numba", "h5py")
    return {name: version(name) for name in packages} | {"python": platform.python_version()}


@dataclass(frozen=True)
class SceneRecipe(Recipe[R]):
    """A scene and a sensor in a folder: the medium as arrays, the rest pickled by the same user."""

    folder: str
    key: str

    def task(self) -> Task[R]:
        """Open the medium and make the task."""
        with open(Path(self.folder) / f"{self.key}.pickle", "rb") as file:
            sensor, *rest = pickle.load(file)
        task: Task[R] = sensor.task(Scene(Medium.open(Path(self.folder) / f"medium-{self.key}"), *rest))
        return task


@contextmanager
def recipe(scene: Scene, sensor: Sensor[R], folder: str | None) -> Iterator[SceneRecipe[R]]:
    """Write a scene for other processes; see Task.recipe."""
    key = fingerprint(scene, sensor)
    with tempfile.TemporaryDirectory() if folder is None else nullcontext(folder) as where:
        home = Path(where)
        home.mkdir(parents=True, exist_ok=True)
        if not (home / f"medium-{key}").exists():
            scene.medium.write(home / f"medium-{key}")
        rest = (
            sensor, scene.walls, scene.method, scene.objects, scene.lean, scene.record,
            scene.radiosity_directions,
        )  # fmt: skip
        temporary = home / f".{key}.tmp"
        temporary.write_bytes(pickle.dumps(rest))
        temporary.replace(home / f"{key}.pickle")
        yield SceneRecipe(str(home.resolve()), key)


def fingerprint(scene: Scene, sensor: Sensor[Any]) -> str:
    """Return a hash of everything that the answer's bits depend on, the package's code included."""
    settings = scene.settings() | {"sensor": sensor.settings(), "lean": scene.lean}
    return job_key(settings, scene.medium.digest())


def job_key(settings: Mapping[str, Any], digest: str) -> str:
    """Return the hash of a job's settings, of its medium's (or field's) digest and of the package's own text."""
    text = json.dumps(settings, sort_keys=True, default=str) + digest + _source()
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def _source() -> str:
    """Hash of all files of the package: what a task keeps belongs to the code that made it."""
    home = Path(__file__).parent.parent
    hashes = (hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(home.rglob("*.py")))
    return hashlib.sha256("".join(hashes).encode()).hexdigest()
