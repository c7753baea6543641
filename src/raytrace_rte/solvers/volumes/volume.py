"""Whole volumes: solve(medium, heat_source(...)) -> HeatResult.

Characteristics are swept through the box in every direction; where the medium is so thick that the Rosseland
limit is better (and method is Auto), the limit takes over. Mirrors unfold the box, grey surfaces are found by
a fixed point, and every deposit is conservative.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...boundaries.solids import Solids
from ...boundaries.walls import Walls
from ...errors import InputError
from ...grid import FACES, FloatArray, across
from ...media.medium import Medium
from ...method import Auto, March, Method
from ...results.heat import HeatResult
from ...results.radiance import provenance
from ...sensors.images import HeatSource
from ..quadrature import Directions
from ..rays import Progress
from .rosseland import THICK_CELL, Limit, rosseland
from .sweeping import Sweeper, Swept
from .tracks import SLAB, directions_for, surfaces
from .unfolding import Unfolded, unfold

TOLERANCE, ROUNDS, HISTORY = 1e-12, 200, 5
"""Fixed point of grey surfaces: change of the radiosity, of the greatest, at which it ends; sweeps at most;
how many of them Anderson's acceleration remembers."""
BUFFER = 10.0
"""Mean free paths of thick core that are swept behind cells that need the sweep."""
ANGULAR = 5e-3
"""Error of the sweep in thin cells over what cells emit and absorb, times sqrt(directions); measured on Burns
& Christon's cube: 3.7e-4 with 86, 1.8e-4 with 350 directions."""


class Scene(NamedTuple):
    """Everything of a job that does not depend on the band. solid: surface numbers of cells, -1 in gas."""

    medium: Medium
    walls: Walls
    solids: Solids | None
    sensor: HeatSource
    unfolded: Unfolded
    directions: Directions
    solid: NDArray[np.int64]
    threads: int | None
    progress: Progress | None


class Band(NamedTuple):
    """The answer for one band: cells (nx, ny, nz), walls by face, solid cells (n_solid,) [W]."""

    G: FloatArray
    emission: FloatArray
    div_q: FloatArray
    error: FloatArray
    limited: NDArray[np.bool_]
    wall_net: dict[str, FloatArray]
    wall_incident: dict[str, FloatArray]
    solid_heat: FloatArray
    radiosity: dict[str, FloatArray]
    counts: dict[str, float]


def solve_volume(
    medium: Medium,
    sensor: HeatSource,
    walls: Walls,
    method: Method,
    solids: Solids | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> HeatResult:
    """Return G, div q, wall flux and the energy budget of every cell; see `heat_source`."""
    if not (isinstance(method, Auto) or method == March()):
        raise InputError(f"heat_source: method is {method!r}; expected Auto(...) or March(order=2)")
    started = time.perf_counter()
    unfolded = unfold(medium.grid, walls.checked(medium))
    solid = np.empty(0, dtype=np.int64)
    if solids is not None:
        solids.checked(medium.grid.shape)
        numbers = np.where(solids.mask, np.cumsum(solids.mask).reshape(solids.mask.shape) - 1, -1)
        solid = unfolded.cells(numbers).ravel()
        solid = np.where(solid >= 0, solid + surfaces(unfolded.box.shape)[6], -1)
    directions = directions_for(unfolded.box, sensor.directions)
    scene = Scene(medium, walls, solids, sensor, unfolded, directions, solid, threads, progress)
    rtol = method.rtol if isinstance(method, Auto) else None
    bands = [_band(scene, b, rtol) for b in range(medium.n_band)]
    return _result(scene, method, bands, time.perf_counter() - started)


def _surfaces(scene: Scene, b: int) -> tuple[FloatArray, FloatArray]:
    """Black radiance [W m-2 sr-1] and emissivity of all wall cells and solid cells of the unfolded box."""
    black, emissivity = [], []
    for number in range(6):
        wall = scene.walls.face(scene.unfolded.given_face(number))
        black.append(_map(scene, wall.emitted(scene.medium)[:, b], number).ravel())
        emissivity.append(_map(scene, wall.emissivity, number).ravel())
    if scene.solids is not None:
        T = scene.solids.temperature
        values, index = np.unique(T, return_inverse=True)
        table = [np.broadcast_to(scene.medium.emission(t) if t else 0.0, scene.medium.n_band)[b]
                 for t in values.tolist()]  # fmt: skip
        black.append(np.array(table)[index])
        emissivity.append(scene.solids.emissivity)
    return np.concatenate(black), np.concatenate(emissivity)


def _map(scene: Scene, values: float | FloatArray, number: int) -> FloatArray:
    """A number, or one for each cell of a face, as a map of the unfolded face."""
    shape = across(scene.medium.grid.shape, number)
    given = np.asarray(values, dtype=np.float64)
    v = np.broadcast_to(given.reshape(shape) if given.size > 1 else given.ravel()[0], shape)
    return scene.unfolded.cells(v, number // 2)


def _core(scene: Scene, limited: NDArray[np.bool_], kappa: FloatArray,
          source: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:  # fmt: skip
    """Return surface numbers of cells with the thick core as black solids, and what those cells show.

    The core lies so deep among cells that follow the limit that no light from it reaches the others.
    """
    from scipy.ndimage import distance_transform_cdt

    if not limited.any():
        return scene.solid, np.empty(0)
    depth = distance_transform_cdt(limited, "chessboard") - 1
    tau = float((kappa * scene.unfolded.box.size)[limited].min())
    core = depth * tau >= BUFFER
    if not core.any():
        return scene.solid, np.empty(0)
    numbers = scene.solid.copy() if scene.solid.size else np.full(kappa.size, -1, dtype=np.int64)
    taken = 0 if scene.solids is None else scene.solids.temperature.size
    numbers[core.ravel()] = surfaces(scene.unfolded.box.shape)[6] + taken + np.arange(int(core.sum()))
    return numbers, source[core]


def _fixed_point(next_: Callable[[FloatArray], FloatArray], start: FloatArray) -> None:
    """Iterate x = next_(x) with Anderson's acceleration (Walker & Ni 2011) until it changes no more."""
    x = start
    xs: list[FloatArray] = []
    residuals: list[FloatArray] = []
    for _ in range(ROUNDS):
        residual = next_(x) - x
        if np.abs(residual).max() <= TOLERANCE * max(float(np.abs(x).max()), 1e-300):
            return
        xs, residuals = [*xs[-HISTORY:], x], [*residuals[-HISTORY:], residual]
        x = x + residual
        if len(xs) > 1:
            dx, dr = np.diff(xs, axis=0), np.diff(residuals, axis=0)
            weight = np.linalg.lstsq(dr.T, residual, rcond=None)[0]
            x = np.maximum(x - weight @ (dx + dr), 0.0)
    raise InputError(f"walls: their radiosity did not converge in {ROUNDS} sweeps; raise the emissivities")


def _solved(
    scene: Scene,
    fields: tuple[FloatArray, FloatArray, FloatArray],
    black: FloatArray,
    emissivity: FloatArray,
    limit: Limit | None,
    limited: NDArray[np.bool_],
) -> tuple[Swept, FloatArray, int]:
    """Sweep until the radiosity of grey surfaces is that of what arrives; return sweep, radiosity, sweeps.

    The radiosity returned is the one the sweep was made with, so that both together conserve energy.
    """
    kappa, source, gradient = fields
    numbers, shown = _core(scene, limited, kappa, source)
    black, emissivity = np.concatenate((black, shown)), np.concatenate((emissivity, np.ones(shown.size)))
    sweeper = Sweeper(scene.unfolded, scene.directions, scene.sensor, numbers, scene.threads, scene.progress)
    record = sweeper.record(kappa, source, gradient)
    needed = bool((~limited).any())
    known = np.full(black.size, np.nan)
    if limit is not None:
        beside = _beside(limited)
        known[: beside.size] = np.where(
            beside, np.concatenate([a.ravel() for a in limit.arriving]) / np.pi, np.nan
        )
    nothing = Swept(np.zeros(kappa.size), np.zeros(kappa.size), np.zeros(black.size), np.zeros(black.size), 0)
    last: list[Any] = [nothing, black, 0]

    def leaving(radiosity: FloatArray) -> FloatArray:
        swept = sweeper.sweep(record, radiosity) if needed else last[0]
        last[:] = swept, radiosity, last[2] + needed
        with np.errstate(invalid="ignore", divide="ignore"):
            arriving = np.where(swept.cover > 0.0, swept.arrived / swept.cover, radiosity)
        arriving = np.where(np.isnan(known), arriving, known)
        return np.asarray(emissivity * black + (1.0 - emissivity) * arriving)

    if (emissivity == 1.0).all():
        leaving(black)
    else:
        _fixed_point(leaving, black)
    return last[0], last[1], last[2]


def _beside(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which wall cells touch marked cells."""
    return np.concatenate([np.take(cells, 0 if f % 2 == 0 else -1, f // 2).ravel() for f in range(6)])


def _band(scene: Scene, b: int, rtol: float | None) -> Band:
    """Solve one band; the limit may be taken where it is better, or good to rtol (None: nowhere)."""
    unfolded, shape = scene.unfolded, scene.medium.grid.shape
    cells = scene.medium.cells.record[:, b].astype(np.float64).reshape(*shape, 8)
    kappa, source = unfolded.cells(cells[..., 0]), unfolded.cells(cells[..., 4])
    solid = scene.solid.reshape(kappa.shape) >= 0 if scene.solid.size else np.zeros(kappa.shape, bool)
    kappa = np.where(solid, 0.0, kappa)
    black, emissivity = _surfaces(scene, b)
    low, high = scene.medium.source_range
    span = float(max(high[b], black.max()) - min(low[b], black.min()))
    box, limit, limited = unfolded.box, None, np.zeros(kappa.shape, bool)
    if (kappa * box.size).max() > THICK_CELL:
        limit = rosseland(box, kappa, source, unfolded.by_face(black), solid, span)
        if rtol is not None:
            small = rtol * np.sqrt(np.mean(limit.div_q[limit.possible] ** 2)) if limit.possible.any() else 0.0
            limited = limit.possible & (limit.error < np.maximum(limit.swept_error, small))
    fields = kappa, source, unfolded.gradient(cells[..., 5:8])
    swept, radiosity, sweeps = _solved(scene, fields, black, emissivity, limit, limited)
    if limit is not None and limited.any() and (emissivity < 1.0).any():
        limit = rosseland(box, kappa, source, unfolded.by_face(radiosity), solid, span)
    return _assembled(scene, (kappa, source, solid), limit, limited, swept, radiosity, sweeps)


def _assembled(
    scene: Scene,
    fields: tuple[FloatArray, FloatArray, NDArray[np.bool_]],
    limit: Limit | None,
    limited: NDArray[np.bool_],
    swept: Swept,
    radiosity: FloatArray,
    sweeps: int,
) -> Band:
    """Put sweep and limit together so that cells and surfaces balance."""
    kappa, source, solid = fields
    box, unfolded = scene.unfolded.box, scene.unfolded
    volume, area, shape = box.volume, box.area, kappa.shape
    emission = 4.0 * np.pi * kappa * source
    div_q = np.where(solid, 0.0, -swept.net.reshape(shape) / volume)
    walls, solids = area.size, 0 if scene.solids is None else scene.solids.temperature.size
    net = (swept.arrived - swept.cover * radiosity)[: walls + solids]
    net[:walls], incident = _spread(scene, swept, radiosity, net[:walls], area)
    error = ANGULAR / np.sqrt(2 * len(scene.directions.weight)) * (emission + np.abs(emission - div_q))
    mismatch = 0.0
    if limit is not None:
        error = np.where(limited, limit.error, error + limit.swept_error)
    if limit is not None and limited.any():
        div_q = np.where(limited, limit.div_q, div_q)
        beside = _beside(limited)
        arriving = np.concatenate([a.ravel() for a in limit.arriving])
        incident = np.where(beside, arriving, incident)
        net[:walls] = np.where(beside, (arriving - np.pi * radiosity[:walls]) * area, net[:walls])
        mismatch = float(net.sum() - (div_q * volume).sum())
        share = _interface(limited, solid) * volume
        if share.any():
            div_q = div_q + mismatch * share / (share.sum() * volume)
    G = (swept.path / volume.ravel()).reshape(shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        G = np.where(limited, (emission - div_q) / kappa, G)
    fold = unfolded.folded
    faces = {
        name: n for n, name in enumerate(FACES) if scene.walls.face(name).kind not in ("mirror", "periodic")
    }
    net_maps, incident_maps, shown = (unfolded.by_face(v) for v in (net[:walls] / area, incident, radiosity))
    return Band(
        G=fold(G), emission=fold(emission), div_q=fold(div_q), error=fold(error),
        limited=fold(limited.astype(float)) > 0.5,
        wall_net={name: unfolded.folded_face(net_maps, n) for name, n in faces.items()},
        wall_incident={name: unfolded.folded_face(incident_maps, n) for name, n in faces.items()},
        solid_heat=net[walls:] / unfolded.images,
        radiosity={name: unfolded.own(shown[n], n // 2) for name, n in faces.items()}
        | {"solids": radiosity[walls : walls + solids]},
        counts={"crossings": swept.crossings * max(sweeps, 1), "sweeps": sweeps, "mismatch": mismatch},
    )  # fmt: skip


def _spread(scene: Scene, swept: Swept, radiosity: FloatArray, net: FloatArray,
            area: FloatArray) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Return net power and arriving flux of wall cells, free of the noise of how many lines end there.

    A wall cell's arriving radiance is the mean over lines; the face as a whole keeps what all lines bring.
    """
    first = surfaces(scene.unfolded.box.shape)
    net, incident = net.copy(), np.zeros(area.size)
    for f in range(6):
        cells = slice(int(first[f]), int(first[f + 1]))
        cover, sent = swept.cover[cells], np.pi * radiosity[cells] * area[cells]
        if not cover.any():
            continue
        seen = np.where(
            cover > 0.0, swept.arrived[cells] / np.where(cover > 0.0, cover, 1.0), radiosity[cells]
        )
        flux = np.pi * seen * area[cells]
        factor = (net[cells].sum() + sent.sum()) / flux.sum() if flux.sum() > 0.0 else 1.0
        net[cells] = factor * flux - sent
        incident[cells] = factor * flux / area[cells]
    return net, incident


def _interface(limited: NDArray[np.bool_], solid: NDArray[np.bool_]) -> FloatArray:
    """1 in swept cells next to cells that follow the limit."""
    from scipy.ndimage import binary_dilation

    beside = binary_dilation(limited) & ~limited & ~solid
    return np.asarray(beside if beside.any() else ~limited & ~solid, dtype=np.float64)


def _result(scene: Scene, method: Method, bands: list[Band], seconds: float) -> HeatResult:
    """Gather the bands."""
    spectral = scene.medium.kappa.ndim == 4

    def gather(name: str) -> FloatArray:
        arrays = [getattr(band, name) for band in bands]
        return np.stack(arrays, axis=-1) if spectral else arrays[0]

    def walls(name: str) -> dict[str, FloatArray]:
        maps = [getattr(band, name) for band in bands]
        return {f: np.stack([m[f] for m in maps], axis=-1) if spectral else maps[0][f] for f in maps[0]}

    emission, div_q = gather("emission"), gather("div_q")
    net = walls("wall_net")
    budget = _budget(scene, emission, div_q, net, bands)
    counts = {key: sum(band.counts[key] for band in bands) for key in bands[0].counts}
    config = {
        "method": {"kind": type(method).__name__.lower(), **asdict(method)},
        "sensor": scene.sensor.settings(),
        "walls": scene.walls.settings(),
        "solids": None if scene.solids is None else scene.solids.settings(),
        "medium": dict(scene.medium.provenance),
    }
    limited = gather("limited")
    stats = {
        "directions": 2 * len(scene.directions.weight),
        "seconds_trace": seconds,
        "optical_depth": scene.medium.optical_depth,
        "cells_limit": int(limited.sum()),
        "cells": int(limited.size),
        **counts,
    }
    return HeatResult(
        grid=scene.medium.grid, G=gather("G"), emission=emission, absorption=emission - div_q, div_q=div_q,
        error=gather("error"), limited=limited.astype(bool), wall_flux=net,
        wall_incident=walls("wall_incident"),
        radiosity=walls("radiosity"), solid_heat=gather("solid_heat"), budget=budget, stats=stats,
        config=config | provenance(), sensor=scene.sensor,
    )  # fmt: skip


def _budget(scene: Scene, emission: FloatArray, div_q: FloatArray, net: dict[str, FloatArray],
            bands: list[Band]) -> dict[str, float]:  # fmt: skip
    """Emitted, absorbed again, lost to each wall, and what does not balance [W] (per m or m2 of a slab)."""
    width = [np.diff(f) if np.isfinite(f[0]) else np.array([SLAB]) for f in scene.medium.grid]
    volume = np.einsum("i,j,k->ijk", *width)
    v = volume[..., None] if emission.ndim == 4 else volume
    lost = {}
    for name, flux in net.items():
        area = np.outer(*across(width, FACES.index(name)))
        lost[name] = float((flux * (area[..., None] if flux.ndim == 3 else area)).sum())
    emitted, gained = float((emission * v).sum()), float((div_q * v).sum())
    solid = float(sum(band.solid_heat.sum() for band in bands))
    out = {"emitted": emitted, "absorbed": emitted - gained, **{f"to_{k}": w for k, w in lost.items()}}
    if scene.solids is not None:
        out["to_solids"] = solid
    scale = max(emitted, *(abs(w) for w in lost.values()), 1e-300)
    residual = gained - sum(lost.values()) - solid
    return out | {"residual": residual, "residual_relative": residual / scale}
