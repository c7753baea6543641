"""Heat sources of one grid again and again, for programs that march a flow in time."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import checks
from .boundaries.bodies import Object, gathered
from .boundaries.walls import Walls
from .execution.executors import Executor
from .grid import Cartesian, FloatArray
from .media.medium import Medium
from .media.spectrum import Spectrum
from .method import Method
from .planck import blackbody
from .results.heat import HeatResult
from .sensors.volumes import HeatSource, heat_source
from .solvers.scene import scene, usual
from .solvers.volumes.box import Box
from .solvers.volumes.solve import VolumeTask
from .solving import executor_of


class Heat:
    """What a `HeatSolver` finds: views of its own arrays, which the next call writes over. Copy what you keep.

    Signs: div_q is the heat that the medium loses by radiation [W m-3], positive where it cools; energy_source is
    what an energy equation adds on its right-hand side, -div_q. Cells are (nx, ny, nz), with the band last if there
    are any.
    """

    def __init__(self, task: VolumeTask[Any], sensor: HeatSource) -> None:
        self._task, self._sensor = task, sensor

    @property
    def div_q(self) -> FloatArray:
        """Emitted less absorbed power [W m-3]."""
        return self._task.answers.cells("div_q")

    @property
    def energy_source(self) -> FloatArray:
        """Absorbed less emitted power, of all bands together [W m-3] (nx, ny, nz): -div_q."""
        q = self._task.answers.cells("div_q")
        return -(q.sum(axis=-1) if q.ndim == 4 else q)

    @property
    def G(self) -> FloatArray:
        """Incident radiation [W m-2]."""
        return self._task.answers.cells("G")

    @property
    def error_estimate(self) -> FloatArray:
        """Estimated error of div_q [W m-3]: no bound."""
        return self._task.answers.cells("error")

    @property
    def wall_net_flux(self) -> Mapping[str, FloatArray]:
        """Net flux into walls [W m-2], by face."""
        return self._task.answers.walls("wall_net")

    @property
    def solid_heat(self) -> FloatArray:
        """Net power into each solid cell [W], in the order of the mask's true cells."""
        return self._task.answers.cells("solid_heat")

    @property
    def budget(self) -> Mapping[str, float]:
        """Emitted, absorbed, to each wall and to solids [W] (per metre or m2 of infinite axes), residual."""
        return self._task.answers.budget()

    def result(self) -> HeatResult:
        """A HeatResult with arrays of its own, to keep, save or plot."""
        return copy.deepcopy(self._sensor.answer(self._task))


class HeatSolver:
    """The heat source of one grid, called again and again with new fields: what `solve(medium, heat_source(n))` does,
    without what can be kept.

    grid, walls, objects, spectrum: as of Medium and solve; method: None is Auto(rtol=1e-3)
    directions: ordinates at least
    executor, threads: who does the work, as of solve

    Sets of directions, numbers of surfaces and all large arrays are made once; with grey surfaces each call starts
    from the light of the last one. Not for several threads at once.
    Raises InputError when an argument is of a wrong type.
    """

    def __init__(
        self,
        grid: Cartesian,
        walls: Walls | None = None,
        directions: int = 100,
        *,
        method: Method | None = None,
        objects: Sequence[Object] = (),
        spectrum: Spectrum | None = None,
        executor: Executor | None = None,
        threads: int | None = None,
    ) -> None:
        expected = "a grid, from rte.Cartesian(x, y, z) or rte.uniform(...)"
        self.grid = checks.instance("grid", grid, Cartesian, expected)
        self.walls, self.method = usual(walls, method)
        bodies = gathered(objects, grid)
        bodies.cells_only("HeatSolver")
        self.objects = bodies.objects
        kinds = (Spectrum, type(None))
        self.spectrum = checks.instance("spectrum", spectrum, kinds, "a Spectrum, or None for grey")
        self.sensor, self.executor = heat_source(directions), executor_of(executor, threads)
        self._box: Box | None = None
        self._light: list[FloatArray] = []
        self._task: VolumeTask[Any] | None = None

    def __call__(
        self,
        kappa: ArrayLike,
        source: ArrayLike | None = None,
        *,
        temperature: ArrayLike | None = None,
        mole_ratio: ArrayLike | None = None,
        out: FloatArray | None = None,
    ) -> Heat:
        """Return the heat source of new fields.

        kappa: [1/m], source: blackbody intensity [W m-2 sr-1], both as of Medium; temperature [K] (nx, ny, nz):
        instead of the source, for a grey medium; mole_ratio: H2O/CO2 (nx, ny, nz), for the spectra of weighted sums
        that need it, as of Medium; out: takes energy_source [W m-3], float64 (nx, ny, nz)
        Raises InputError on wrong shapes or values, and unless one of source and temperature is given.
        """
        if (source is None) == (temperature is None):
            given = "neither" if source is None else "both"
            raise checks.wrong("source and temperature", given, "one of them")
        if temperature is not None:
            source = blackbody(checks.array("temperature", temperature, low=0.0, unit="K"))
        if out is not None and not _takes(out, self.grid.shape):
            raise checks.wrong("out", out, f"a float64 array of shape {self.grid.shape} that can be written")
        assert source is not None
        medium = Medium(self.grid, kappa, source, self.spectrum, mole_ratio=mole_ratio)
        place = scene(medium, self.walls, self.method, self.objects)
        task_before, self._task = self._task, None
        sensor, light = self.sensor, self._light
        task: VolumeTask[Any] = VolumeTask(place, sensor, sensor.directions, _nothing, self._box, light)
        if task_before is not None:
            task.take_over(task_before.leave())
        self.executor.run(task)
        self._task, self._box, self._light = task, task.box, task.left
        heat = Heat(task, self.sensor)
        if out is not None:
            np.copyto(out, heat.energy_source)
        return heat


def _nothing(task: VolumeTask[Any]) -> None:
    """A HeatSolver asks the task itself."""


def _takes(out: object, shape: tuple[int, int, int]) -> bool:
    return (
        isinstance(out, np.ndarray) and out.dtype == np.float64 and out.shape == shape and out.flags.writeable
    )
