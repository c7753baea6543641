"""Radiative transfer without scattering through CFD fields, by ray tracing.

    import raytrace_rte as rte

    field = rte.read("flame.h5")
    medium = rte.absorption.planck_mean(field)
    camera = rte.camera(position=(0, -2, 0.5), look_at=(0, 0, 0.5), shape=(512, 512), field_of_view_deg=30)
    result = rte.solve(medium, camera, walls=rte.black(300.0))
    result.save("image.h5")
    result.plot("image.png")

Names load when first used, so that the command line answers before Numba is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from . import exact as exact
    from . import premixed as premixed
    from .boundaries.mesh import mesh as mesh
    from .boundaries.solids import solids as solids
    from .boundaries.walls import black as black
    from .boundaries.walls import grey as grey
    from .boundaries.walls import mirror as mirror
    from .boundaries.walls import open_ as open_
    from .boundaries.walls import periodic as periodic
    from .coupling import HeatSolver as HeatSolver
    from .equilibrium import Equilibrium as Equilibrium
    from .equilibrium import radiative_equilibrium as radiative_equilibrium
    from .errors import InputError as InputError
    from .execution.dask import Dask as Dask
    from .execution.executors import Executor as Executor
    from .execution.executors import Serial as Serial
    from .execution.executors import Threads as Threads
    from .execution.stores import Store as Store
    from .execution.task import Batch as Batch
    from .execution.task import Task as Task
    from .formats import read as read
    from .formats.bandtable import read_band_table as read_band_table
    from .formats.bandtable import write_band_table as write_band_table
    from .formats.native import write as write
    from .formats.responses import read_response as read_response
    from .formats.samples import sample as sample
    from .formats.xarray import from_xarray as from_xarray
    from .grid import Cartesian as Cartesian
    from .grid import uniform as uniform
    from .media import absorption as absorption
    from .media.field import Field as Field
    from .media.medium import Medium as Medium
    from .media.response import Response as Response
    from .media.revolve import revolve as revolve
    from .media.spectrum import Spectrum as Spectrum
    from .method import Auto as Auto
    from .method import March as March
    from .method import Thick as Thick
    from .method import Thin as Thin
    from .method import Threshold as Threshold
    from .planck import blackbody as blackbody
    from .planck import brightness_temperature as brightness_temperature
    from .results.comparison import Comparison as Comparison
    from .results.detector import DetectorResult as DetectorResult
    from .results.flux import FluxResult as FluxResult
    from .results.heat import HeatResult as HeatResult
    from .results.load import load as load
    from .results.radiance import RadianceResult as RadianceResult
    from .results.result import Result as Result
    from .results.series import SeriesResult as SeriesResult
    from .results.spectral import SpectralResult as SpectralResult
    from .results.two_colour import TwoColourResult as TwoColourResult
    from .results.two_colour import two_colour as two_colour
    from .run.compare import compare as compare
    from .run.series import solve_series as solve_series
    from .sensors.images import camera as camera
    from .sensors.images import camera_orthographic as camera_orthographic
    from .sensors.images import line_of_sight as line_of_sight
    from .sensors.points import incident as incident
    from .sensors.points import mesh_flux as mesh_flux
    from .sensors.points import radiometer as radiometer
    from .sensors.points import wall_flux as wall_flux
    from .sensors.rays import Rays as Rays
    from .sensors.volumes import heat_source as heat_source
    from .solvers.rays import RayTask as RayTask
    from .solvers.scene import Scene as Scene
    from .solvers.scene import Sensor as Sensor
    from .solving import solve as solve
    from .table import Table as Table
    from .table import Variable as Variable
    from .warming import warmup as warmup

_HOME = {
    "absorption": "media.absorption:",
    "exact": "exact:",
    "premixed": "premixed:",
    "InputError": "errors",
    "Field": "media.field",
    "read": "formats",
    "from_xarray": "formats.xarray",
    "write": "formats.native",
    "read_band_table": "formats.bandtable",
    "write_band_table": "formats.bandtable",
    "Cartesian": "grid",
    "uniform": "grid",
    "Medium": "media.medium",
    "Spectrum": "media.spectrum",
    "Response": "media.response",
    "read_response": "formats.responses",
    "revolve": "media.revolve",
    "Auto": "method",
    "March": "method",
    "Thick": "method",
    "Thin": "method",
    "Threshold": "method",
    "blackbody": "planck",
    "brightness_temperature": "planck",
    "Rays": "sensors.rays",
    "Result": "results.result",
    "RadianceResult": "results.radiance",
    "FluxResult": "results.flux",
    "DetectorResult": "results.detector",
    "SpectralResult": "results.spectral",
    "TwoColourResult": "results.two_colour",
    "two_colour": "results.two_colour",
    "HeatResult": "results.heat",
    "load": "results.load",
    "sample": "formats.samples",
    "camera": "sensors.images",
    "camera_orthographic": "sensors.images",
    "line_of_sight": "sensors.images",
    "solve": "solving",
    "solve_series": "run.series",
    "SeriesResult": "results.series",
    "black": "boundaries.walls",
    "open_": "boundaries.walls",
    "grey": "boundaries.walls",
    "mirror": "boundaries.walls",
    "periodic": "boundaries.walls",
    "heat_source": "sensors.volumes",
    "radiometer": "sensors.points",
    "wall_flux": "sensors.points",
    "incident": "sensors.points",
    "mesh_flux": "sensors.points",
    "solids": "boundaries.solids",
    "mesh": "boundaries.mesh",
    "Serial": "execution.executors",
    "Threads": "execution.executors",
    "Executor": "execution.executors",
    "Dask": "execution.dask",
    "Store": "execution.stores",
    "Task": "execution.task",
    "Batch": "execution.task",
    "Scene": "solvers.scene",
    "Sensor": "solvers.scene",
    "RayTask": "solvers.rays",
    "Variable": "table",
    "Table": "table",
    "warmup": "warming",
    "HeatSolver": "coupling",
    "Equilibrium": "equilibrium",
    "radiative_equilibrium": "equilibrium",
    "compare": "run.compare",
    "Comparison": "results.comparison",
}
"""Public name -> module that has it; a colon: it is the module itself."""
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOME[name]
    module = import_module(f"{__name__}.{home.removesuffix(':')}")
    value = module if home.endswith(":") else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
