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
    from . import absorption as absorption
    from . import exact as exact
    from .errors import InputError as InputError
    from .field import Field as Field
    from .flux_result import FluxResult as FluxResult
    from .formats import read as read
    from .formats.native import write as write
    from .grid import Cartesian as Cartesian
    from .grid import uniform as uniform
    from .heat_result import HeatResult as HeatResult
    from .medium import Medium as Medium
    from .meshes import mesh as mesh
    from .method import Auto as Auto
    from .method import March as March
    from .method import Thick as Thick
    from .method import Thin as Thin
    from .method import Threshold as Threshold
    from .opaque import solids as solids
    from .planck import blackbody as blackbody
    from .planck import brightness_temperature as brightness_temperature
    from .radiometers import incident as incident
    from .radiometers import mesh_flux as mesh_flux
    from .radiometers import radiometer as radiometer
    from .radiometers import wall_flux as wall_flux
    from .rays import Rays as Rays
    from .result import Result as Result
    from .samples import sample as sample
    from .sensors import camera as camera
    from .sensors import camera_orthographic as camera_orthographic
    from .sensors import heat_source as heat_source
    from .sensors import line_of_sight as line_of_sight
    from .solver import solve as solve
    from .walls import black as black
    from .walls import grey as grey
    from .walls import mirror as mirror
    from .walls import open_ as open_
    from .walls import periodic as periodic

_HOME = {
    "absorption": "",
    "exact": "",
    "InputError": "errors",
    "Field": "field",
    "read": "formats",
    "write": "formats.native",
    "Cartesian": "grid",
    "uniform": "grid",
    "Medium": "medium",
    "Auto": "method",
    "March": "method",
    "Thick": "method",
    "Thin": "method",
    "Threshold": "method",
    "blackbody": "planck",
    "brightness_temperature": "planck",
    "Rays": "rays",
    "Result": "result",
    "sample": "samples",
    "camera": "sensors",
    "camera_orthographic": "sensors",
    "line_of_sight": "sensors",
    "solve": "solver",
    "black": "walls",
    "open_": "walls",
    "grey": "walls",
    "mirror": "walls",
    "periodic": "walls",
    "heat_source": "sensors",
    "HeatResult": "heat_result",
    "radiometer": "radiometers",
    "wall_flux": "radiometers",
    "incident": "radiometers",
    "FluxResult": "flux_result",
    "solids": "opaque",
    "mesh": "meshes",
    "mesh_flux": "radiometers",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOME[name]
    if not home:
        return import_module(f"{__name__}.{name}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
