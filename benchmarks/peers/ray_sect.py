"""Raysect: emission integrated along rays, without absorption (its volumes only emit), on 64^2 rays."""

from __future__ import annotations

import numpy as np
from raysect.core import Point3D, Vector3D, translate
from raysect.optical import Ray, World
from raysect.optical.material import InhomogeneousVolumeEmitter, NumericalIntegrator
from raysect.primitive import Box

from ..scene import DIRECTION, Scene


class _Emitter(InhomogeneousVolumeEmitter):
    def __init__(self, emission, h):
        super().__init__(integrator=NumericalIntegrator(step=h))
        self.emission, self.n = emission, emission.shape[0]

    def emission_function(self, point, direction, spectrum, world, ray, primitive, to_local, to_world):
        index = (min(int(max(c, 0.0) * self.n), self.n - 1) for c in (point.x, point.y, point.z))
        spectrum.samples[:] += self.emission[tuple(index)]
        return spectrum


def emission(scene: Scene, every: int = 8):
    """Return every eighth ray of every eighth row; the time is that of the whole image, scaled."""
    world = World()
    material = _Emitter((scene.medium.kappa * scene.medium.source).astype(np.float64), scene.h)
    Box(
        Point3D(0, 0, 0),
        Point3D(1, 1, 1),
        parent=world,
        material=material,
        transform=translate(-0.5, -0.5, 0.0),
    )
    origin = scene.origin[::every, ::every]

    def image():
        out = np.empty(origin.shape[:2])
        for at in np.ndindex(*out.shape):
            ray = Ray(
                Point3D(*origin[at]), Vector3D(*DIRECTION), min_wavelength=500.0, max_wavelength=501.0, bins=1
            )
            out[at] = ray.trace(world).samples[0]
        return np.repeat(np.repeat(out, every, 0), every, 1)

    image.share = 1.0 / every**2
    return image
