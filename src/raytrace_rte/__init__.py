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
    from .boundaries.mesh import mesh as mesh
    from .boundaries.solids import solids as solids
    from .boundaries.walls import black as black
    from .boundaries.walls import grey as grey
    from .boundaries.walls import mirror as mirror
    from .boundaries.walls import open_ as open_
    from .boundaries.walls import periodic as periodic
    from .errors import InputError as InputError
    from .formats import read as read
    from .formats.native import write as write
    from .formats.samples import sample as sample
    from .grid import Cartesian as Cartesian
    from .grid import uniform as uniform
    from .media import absorption as absorption
    from .media.field import Field as Field
    from .media.medium import Medium as Medium
    from .media.spectrum import Spectrum as Spectrum
    from .method import Auto as Auto
    from .method import March as March
    from .method import Thick as Thick
    from .method import Thin as Thin
    from .method import Threshold as Threshold
    from .planck import blackbody as blackbody
    from .planck import brightness_temperature as brightness_temperature
    from .results.flux import FluxResult as FluxResult
    from .results.heat import HeatResult as HeatResult
    from .results.radiance import Result as Result
    from .sensors.images import camera as camera
    from .sensors.images import camera_orthographic as camera_orthographic
    from .sensors.images import heat_source as heat_source
    from .sensors.images import line_of_sight as line_of_sight
    from .sensors.points import incident as incident
    from .sensors.points import mesh_flux as mesh_flux
    from .sensors.points import radiometer as radiometer
    from .sensors.points import wall_flux as wall_flux
    from .sensors.rays import Rays as Rays
    from .solving import solve as solve

_HOME = {
    "absorption": "media.absorption:",
    "exact": "exact:",
    "InputError": "errors",
    "Field": "media.field",
    "read": "formats",
    "write": "formats.native",
    "Cartesian": "grid",
    "uniform": "grid",
    "Medium": "media.medium",
    "Spectrum": "media.spectrum",
    "Auto": "method",
    "March": "method",
    "Thick": "method",
    "Thin": "method",
    "Threshold": "method",
    "blackbody": "planck",
    "brightness_temperature": "planck",
    "Rays": "sensors.rays",
    "Result": "results.radiance",
    "sample": "formats.samples",
    "camera": "sensors.images",
    "camera_orthographic": "sensors.images",
    "line_of_sight": "sensors.images",
    "solve": "solving",
    "black": "boundaries.walls",
    "open_": "boundaries.walls",
    "grey": "boundaries.walls",
    "mirror": "boundaries.walls",
    "periodic": "boundaries.walls",
    "heat_source": "sensors.images",
    "HeatResult": "results.heat",
    "radiometer": "sensors.points",
    "wall_flux": "sensors.points",
    "incident": "sensors.points",
    "FluxResult": "results.flux",
    "solids": "boundaries.solids",
    "mesh": "boundaries.mesh",
    "mesh_flux": "sensors.points",
}
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
