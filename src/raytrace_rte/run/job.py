"""A config made ready, solved and written: what the command line does between its words."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..boundaries.mesh import Mesh, mesh
from ..boundaries.solids import Solids, cells_only, solids
from ..config.config import FieldSection, Job, MeshSection
from ..errors import InputError
from ..media.field import Field
from ..media.medium import Medium
from ..method import Thick, Thin
from ..results.flux import FluxResult
from ..results.heat import HeatResult
from ..results.radiance import Result
from ..sensors.images import Camera, HeatSource, LineOfSight
from ..sensors.points import PointSensor
from ..sensors.rays import hits
from ..solving import Progress, check_lean, solve
from .checkpoint import Checkpoint, job_key


@dataclass(frozen=True)
class Prepared:
    """A job with its field read and its medium made."""

    job: Job
    field: Field
    medium: Medium
    hits: int
    lean: bool = False

    @property
    def total(self) -> int:
        """Rays in all; directions, for a whole volume."""
        sensor = self.job.sensor
        if isinstance(sensor, HeatSource):
            return sensor.directions
        if isinstance(sensor, PointSensor):
            return len(sensor.on(self.medium).points) * sum(len(s.weight) for s in sensor.sets)
        return int(np.prod(sensor.shape))

    @property
    def resumable(self) -> bool:
        """Whether finished rays are kept for --resume: of cameras and rays that end at plain walls."""
        job = self.job
        return not isinstance(job.sensor, HeatSource | PointSensor) and job.walls.plain and not job.objects

    @property
    def unit(self) -> str:
        """What progress counts."""
        return "directions" if isinstance(self.job.sensor, HeatSource) else "rays"

    def settings(self) -> dict[str, Any]:
        """The resolved config."""
        return self.job.settings() | {
            "field_sha256": self.field.source_sha256,
            "field_provenance": self.field.provenance,
            "medium": dict(self.medium.provenance),
        }

    def describe(self) -> str:
        """What is about to be computed."""
        grid, tau = self.field.grid, self.medium.optical_depth
        box = " x ".join(
            f"[{a:.4g}, {b:.4g}]" for a, b in zip(grid.lower.tolist(), grid.upper.tolist(), strict=True)
        )
        T, kappa = self.field.temperature, self.medium.kappa
        source = self.job.field.file or f"sample {self.job.field.sample}"
        return "\n".join(
            [
                f"field          {source}: {' x '.join(map(str, grid.shape))} cells, {box} m",
                f"temperature    {T.min():.5g} .. {T.max():.5g} K",
                f"absorption     {self.medium.provenance.get('model', 'given')}: kappa {kappa.min():.4g} .. "
                f"{kappa.max():.4g} 1/m; optical depth of a cell up to {tau['cell_max']:.3g}, "
                f"of the domain {tau['domain']:.3g}",
                f"sensor         {self.job.sensor.settings()['kind']}: {self._work()}",
            ]
        )

    def _work(self) -> str:
        if isinstance(self.job.sensor, HeatSource):
            return f"all cells and walls, {self.total} directions at most"
        if isinstance(self.job.sensor, PointSensor):
            return f"{self.total} rays"
        return f"{self.total} rays, {self.hits} meet the field"

    def checkpoint(self, resume: bool) -> Checkpoint:
        """Open the folder of kept rays; InputError to resume what keeps none."""
        if resume and not self.resumable:
            raise InputError(
                "--resume: a volume solve, a flux, or rays among reflecting walls keep nothing; drop it"
            )
        sensor = self.job.sensor
        order = None if isinstance(sensor, HeatSource | PointSensor) else sensor.order()
        return Checkpoint(self.job.directory, job_key(self.settings(), order), resume)

    def solve(
        self, checkpoint: Checkpoint, threads: int | None, progress: Progress | None
    ) -> Result | FluxResult | HeatResult:
        """Trace the rays."""
        job = self.job
        result = solve(
            self.medium,
            job.sensor,
            job.walls,
            job.method,
            objects=_objects(job, self.medium),
            threads=threads,
            progress=progress,
            store=checkpoint,
            lean=self.lean,
        )
        return replace(result, config={"job": self.settings(), **result.config})


def prepare(job: Job, lean: bool = False) -> Prepared:
    """Read the field and check everything that can be checked before the march.

    Raises InputError, also when the output folder cannot be written or the camera looks past the field.
    """
    _check_writable(job.directory)
    field = _read(job, job.field)
    try:
        medium = _medium(job, field)
        job.walls.radiance(medium)
        job.walls.checked(medium)
        things = _objects(job, medium)
        if lean:
            check_lean(job.sensor, job.walls, things)
        if isinstance(job.sensor, HeatSource):
            cells_only(things, medium)
        count = 0
        if isinstance(job.sensor, PointSensor):
            job.sensor.on(medium)
        elif not isinstance(job.sensor, HeatSource):
            rays = job.sensor.take(np.arange(int(np.prod(job.sensor.shape))))
            count = int(hits(field.grid, rays).sum())
            if count == 0 and isinstance(job.sensor, Camera | LineOfSight):
                raise InputError(_missed(job, field))
    except InputError as error:
        raise InputError(f"{job.path}: {error}") from None
    return Prepared(job, field, medium, count, lean)


def write(prepared: Prepared, result: Result | FluxResult | HeatResult) -> list[Path]:
    """Write all files of a result into the output folder: all of them, or none. Return their paths."""
    job = prepared.job
    names = _names(result)
    staging = Path(tempfile.mkdtemp(prefix=".writing-", dir=job.directory))
    try:
        for name, quantity in names.items():
            if name.endswith(".png"):
                result.plot(staging / name, quantity or job.output.quantity)
            else:
                result.save(staging / name)
        for name in names:
            os.replace(staging / name, job.directory / name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return [job.directory / name for name in names]


def _names(result: Result | FluxResult | HeatResult) -> dict[str, str]:
    """Names of the files to write, and which quantity a picture shows ("": the one of the config)."""
    if isinstance(result, HeatResult):
        return {
            "result.h5": "",
            "result.vtkhdf": "",
            "div_q.png": "div_q",
            "G.png": "G",
            "wall_flux.png": "wall_flux",
        }
    if isinstance(result, FluxResult):
        stem = result.sensor.kind
        return {"result.h5": "", f"{stem}.csv": "", f"{stem}.png": "flux"}
    sensor = result.sensor
    stem = "image" if isinstance(sensor, Camera) else "profile" if isinstance(sensor, LineOfSight) else "rays"
    names = {"result.h5": "", f"{stem}.png": ""}
    if result.value.ndim <= len(sensor.shape):
        names["image.tif" if isinstance(sensor, Camera) else f"{stem}.csv"] = ""
    if isinstance(sensor, Camera) and "budget" in result.stats:
        names["regimes.png"] = "regimes"
    return names


SAMPLED = 2000
"""Rays on which the pure limits are tried."""


def has_limits(job: Job, result: Result) -> bool:
    """Whether the pure limits are worth a sentence: for Auto, and where nothing reflects."""
    return "budget" in result.stats and job.walls.plain and not job.objects


def limits(prepared: Prepared, result: Result) -> str:
    """Say what the pure limits would have cost in accuracy here, on a sample of the rays."""
    job, total = prepared.job, prepared.total
    assert not isinstance(job.sensor, HeatSource | PointSensor)
    index = np.unique(np.linspace(0, total - 1, min(total, SAMPLED)).astype(np.int64))
    rays = job.sensor.take(index)
    value = result.value.reshape(total, -1)[index]
    scale = np.maximum(value, 1e-9 * float(value.max()))
    worst = {}
    for method in (Thick(2), Thin()):
        pure = solve(prepared.medium, rays, job.walls, method, lean=prepared.lean).value.reshape(value.shape)
        worst[type(method).__name__] = float(np.max(np.abs(pure - value) / scale))
    thick, thin = (f"{100 * w:.2g} %" if w < 10 else f"{w:.1g} times" for w in worst.values())
    return f"Thick(2) alone would be off by up to {thick} here, Thin by {thin}"


def _read(job: Job, section: FieldSection) -> Field:
    if section.file is not None:
        from ..formats import read

        chart = None if section.map is None else job.resolve(section.map)
        return read(job.resolve(section.file), map=chart, allow_cold=section.allow_cold)
    from ..formats.samples import sample

    assert section.sample is not None
    return sample(section.sample, section.cells)


def _medium(job: Job, field: Field) -> Medium:
    from ..media import absorption

    if job.absorption is None:
        model = "planck_mean" if field.absorption_coefficient is None else "given"
        return absorption.MODELS[model](field)
    return absorption.MODELS[job.absorption.model](field, **job.absorption.arguments())


def _objects(job: Job, medium: Medium) -> list[Solids | Mesh]:
    """Make the objects of a config; InputError when a box holds no cell, or a mesh cannot be used."""
    out: list[Solids | Mesh] = []
    for section in job.objects:
        if isinstance(section, MeshSection):
            out.append(
                mesh(job.resolve(section.file), section.temperature, section.emissivity, section.scale)
            )
            continue
        inside = [
            (a <= c) & (c <= b)
            for a, b, c in zip(section.lower, section.upper, medium.grid.centres, strict=True)
        ]
        mask = inside[0][:, None, None] & inside[1][None, :, None] & inside[2][None, None, :]
        if not mask.any():
            raise InputError(
                f"[[objects]]: no cell centre lies in the box {section.lower} to {section.upper}; the grid "
                f"spans {medium.grid.lower.tolist()} to {medium.grid.upper.tolist()} m"
            )
        out.append(solids(mask, section.temperature, section.emissivity))
    return out


def _missed(job: Job, field: Field) -> str:
    lower, upper = field.grid.lower, field.grid.upper
    centre = [round(float(c), 6) for c in np.where(np.isfinite(lower), 0.5 * (lower + upper), 0.0)]
    key = "look_at" if isinstance(job.sensor, Camera) else "direction"
    return (
        f"[sensor]: no ray meets the field, which spans {lower.tolist()} to {upper.tolist()} m; "
        f"check origin or position and {key}; the centre of the field is {centre}"
    )


def _check_writable(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise InputError(
            f"output directory {directory} cannot be written ({error.strerror}); choose another with "
            "[output] directory, or --set output.directory=..."
        ) from None
