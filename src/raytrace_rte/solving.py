"""The one action: solve(medium, sensor, walls, method) -> Result."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from .boundaries.solids import Objects, cells_only
from .boundaries.walls import Walls, open_
from .errors import InputError
from .media.medium import Medium
from .method import Auto, March, Method, Thick, Thin, Threshold
from .results.radiance import Result, provenance
from .sensors.images import HeatSource, LineOfSight, Sensor
from .sensors.points import PointSensor, fold
from .solvers.rays import Progress, Store, needs_bricks, plan_of, trace_all, workers

if TYPE_CHECKING:
    from .kernels.trace import Answers, Plan
    from .results.flux import FluxResult
    from .results.heat import HeatResult


@overload
def solve(
    medium: Medium,
    sensor: HeatSource,
    walls: Walls | None = None,
    method: Method | None = None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    store: Store | None = None,
    objects: Objects = (),
    lean: bool = False,
) -> HeatResult: ...
@overload
def solve(
    medium: Medium,
    sensor: PointSensor,
    walls: Walls | None = None,
    method: Method | None = None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    store: Store | None = None,
    objects: Objects = (),
    lean: bool = False,
) -> FluxResult: ...
@overload
def solve(
    medium: Medium,
    sensor: Sensor,
    walls: Walls | None = None,
    method: Method | None = None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    store: Store | None = None,
    objects: Objects = (),
    lean: bool = False,
) -> Result: ...
def solve(
    medium: Medium,
    sensor: Sensor | HeatSource | PointSensor,
    walls: Walls | None = None,
    method: Method | None = None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    store: Store | None = None,
    objects: Objects = (),
    lean: bool = False,
) -> Result | HeatResult | FluxResult:
    """Answer what the sensor asks: a Result for rays and images, a FluxResult at points, a HeatResult for all
    cells.

    walls: what enters the rays' far ends; None is open, cold surroundings
    method: None is Auto(rtol=1e-3)
    threads: None is as many as Numba has; the answer's bits do not depend on it
    progress: called with (done, in all) after each compiled call of about 0.4 s
    store: keeps finished rays
    objects: what ends rays inside: solid cells (`solids`), triangle meshes (`mesh`)
    lean: rebuild cells' records wherever a ray comes instead of keeping them: a third of the memory,
        several times the time, the same bits; for rays and images (docs/speed.md)

    Raises InputError when walls and medium do not fit together or threads is not a positive number.
    """
    walls = open_() if walls is None else walls
    method = Auto() if method is None else method
    if lean:
        check_lean(sensor, walls, objects)
    if isinstance(sensor, HeatSource):
        from .solvers.volumes.volume import solve_volume

        return solve_volume(medium, sensor, walls, method, cells_only(objects, medium), threads, progress)
    if isinstance(sensor, PointSensor):
        return _solve_points(medium, sensor.on(medium), walls, method, objects, threads, progress)
    started = time.perf_counter()
    medium.lean_cells if lean else medium.cells  # noqa: B018  built here, so that its time is told apart
    prepared = time.perf_counter()
    if needs_bricks(method):
        medium.pyramid  # noqa: B018
    bounded = time.perf_counter()
    answers, value, error, estimate = _radiances(
        medium, sensor, walls, method, objects, threads=threads, progress=progress, store=store, lean=lean
    )
    finished = time.perf_counter()
    seconds = {
        "seconds_prepare": prepared - started,
        "seconds_pyramid": bounded - prepared,
        "seconds_trace": finished - bounded,
    }
    stats = _statistics(medium, answers) | seconds | {"threads": workers(threads)}
    config: dict[str, Any] = {
        "method": {"kind": type(method).__name__.lower(), **asdict(method)},
        "sensor": sensor.settings(),
        "walls": walls.settings(),
        "medium": dict(medium.provenance),
    }
    if objects:
        config["objects"] = [thing.settings() for thing in objects]
    if isinstance(method, Auto):
        behind = walls.radiance(medium)
        stats["budget"] = _budget(value, error, plan_of(method, medium, behind))
    bands = (medium.n_band,) if medium.kappa.ndim == 4 else ()
    shape = (*sensor.shape, *bands)
    return Result(
        value=value.reshape(shape),
        error=error.reshape(shape),
        estimate=None if estimate is None else estimate.reshape(shape),
        transmittance=answers.transmittance.reshape(shape),
        optical_depth=answers.optical_depth.reshape(shape),
        steps=answers.steps.reshape(*sensor.shape, 3),
        stats=stats,
        config=config | provenance(),
        sensor=sensor,
        profile=_profile(medium, sensor, method, lean) if isinstance(sensor, LineOfSight) else None,
    )


def check_lean(sensor: Sensor | HeatSource | PointSensor, walls: Walls, objects: Objects) -> None:
    """Raise InputError where records have to be kept."""
    if isinstance(sensor, HeatSource | PointSensor):
        found = f"the sensor {type(sensor).__name__}"
    elif objects or not walls.plain:
        found = "objects" if objects else "reflecting walls"
    else:
        return
    raise InputError(f"lean: found {found}; it is for rays and images that end at plain walls: leave it out")


def _radiances(
    medium: Medium, sensor: Sensor, walls: Walls, method: Method, objects: Objects, **how: Any
) -> tuple[Answers, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None]:
    """Return (answers, radiance, bound of its error, estimate of a limit's) of a sensor's rays."""
    if walls.plain and not objects:
        behind = walls.radiance(medium)
        answers = trace_all(medium, sensor, method, behind, **how)
        return answers, *_close(answers, behind, method)
    from .solvers.surfaces import trace_enclosed

    return *trace_enclosed(medium, sensor, walls, method, objects, how["threads"]), None


POINT_RAYS = 1 << 20
"""Rays of point sensors that are traced and folded at a time: memory stays bounded."""


def _solve_points(
    medium: Medium, sensor: PointSensor, walls: Walls, method: Method, objects: Objects,
    threads: int | None, progress: Progress | None,
) -> FluxResult:  # fmt: skip
    """Trace all directions of all points, some points at a time, and fold them into fluxes."""
    from .results.flux import FluxResult

    if not isinstance(method, Auto | March):
        raise InputError(f"method: {method!r} has no bound; a flux needs Auto or March")
    started = time.perf_counter()
    count, each = len(sensor.points), sum(len(s.weight) for s in sensor.sets)
    chunk = max(1, POINT_RAYS // each)
    parts, crossings = [], 0
    for first in range(0, count, chunk):
        last = min(first + chunk, count)
        rays = sensor.rays(first, last)
        answers, value, error, _ = _radiances(medium, rays, walls, method, objects, threads=threads)
        crossings += int(answers.visits.sum())
        shape = (last - first, each, medium.n_band)
        flux, angular = fold(value.reshape(shape), sensor)
        parts.append((flux, fold(error.reshape(shape), sensor)[0], angular))
        if progress:
            progress(last * each, count * each)
    shape = (*sensor.layout, *((medium.n_band,) if medium.kappa.ndim == 4 else ()))
    flux, error, angular = (np.concatenate(arrays).reshape(shape) for arrays in zip(*parts, strict=True))
    config = {
        "method": {"kind": type(method).__name__.lower(), **asdict(method)},
        "sensor": sensor.settings(),
        "walls": walls.settings(),
        "objects": [thing.settings() for thing in objects],
        "medium": dict(medium.provenance),
    }
    stats = {
        "rays": count * each,
        "directions": each,
        "crossings": crossings,
        "seconds_trace": time.perf_counter() - started,
        "threads": workers(threads),
        "optical_depth": medium.optical_depth,
    }
    return FluxResult(flux, error, angular, stats, config | provenance(), sensor, medium.emission)


def _close(
    answers: Answers, wall: NDArray[np.float64], method: Method
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None]:
    """(I = E + T I_wall, bound of its error, size of the first term that a limit neglects)."""
    value = wall[answers.face]
    value *= answers.transmittance  # in place: fresh memory costs more than the sum
    value += answers.emission
    match method:
        case Thick() | Threshold():
            estimate = answers.neglected
        case Thin():
            estimate = 0.5 * answers.optical_depth**2 * wall[answers.face] - answers.neglected
        case _:
            return value, answers.neglected, None
    return value, np.full_like(value, np.nan), np.abs(estimate)


def _budget(value: NDArray[np.float64], error: NDArray[np.float64], plan: Plan) -> dict[str, float]:
    """How much of the tolerance was spent, over rays."""
    allowed = plan.relative * value + plan.absolute
    spent = np.divide(error, allowed, out=np.zeros_like(error), where=allowed > 0)
    mean = float(spent.mean()) if spent.size else 0.0
    return {"absolute": plan.absolute, "mean": mean, "max": float(spent.max(initial=0.0))}


def _statistics(medium: Medium, answers: Answers) -> dict[str, Any]:
    from .kernels.cartesian import MISSED

    missed = (answers.face == MISSED) & (answers.visits == 0)
    tau = answers.optical_depth.T.max(axis=0)  # along whole rows: ten times as fast
    known = tau[np.isfinite(tau) & ~missed]
    ray = {}
    if known.size:
        median = np.partition(known, known.size // 2)[known.size // 2]
        ray = {"min": known.min(), "median": median, "max": known.max()}
    return {
        "rays": len(tau),
        "rays_missed": int(missed.sum()),
        "crossings": int(answers.visits.sum()),
        "steps": dict(zip(("exact", "thin", "thick"), (int(n.sum()) for n in answers.steps.T), strict=True)),
        "optical_depth": medium.optical_depth | {f"ray_{k}": float(v) for k, v in ray.items()},
    }


def _profile(medium: Medium, sensor: LineOfSight, method: Method, lean: bool) -> NDArray[np.void]:
    """The march of the one ray, segment by segment, seen from the observer (first band)."""
    from .kernels.march import segments
    from .planck import brightness_temperature

    rays = sensor.take(np.zeros(1, dtype=np.int64))
    linear = not (isinstance(method, March) and method.order == 1)
    cells = medium.lean_cells if lean else medium.cells
    count = segments(cells, 0, rays.origin, rays.direction, linear, np.empty((0, 7)))
    rows = np.empty((count, 7))
    segments(cells, 0, rays.origin, rays.direction, linear, rows)
    near, length, kappa, source_near, source_far, tau, emitted = rows.T
    source = 0.5 * (source_near + source_far)
    columns = {
        "s": near + 0.5 * length,
        "length": length,
        "optical_depth": np.cumsum(tau) - 0.5 * tau,
        "temperature": brightness_temperature(source),
        "kappa": kappa,
        "source": source,
        "contribution": emitted,
    }
    table = np.empty(count, dtype=[(name, np.float64) for name in columns])
    for name, column in columns.items():
        table[name] = column
    return table
