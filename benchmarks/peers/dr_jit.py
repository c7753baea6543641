"""Dr.Jit (the engine of Mitsuba 3) on LLVM: trilinear float32 textures, a step for every cell width."""

from __future__ import annotations

import drjit as dr
import numpy as np
from drjit.llvm import Array3f, Float, Texture3f

from ..scene import DIRECTION, LOWER, UPPER, Scene


@dr.syntax
def _march(texture, t, t1, x, y, z, u, v, w, h):
    E, T = Float(0.0), Float(1.0)
    while t < t1:
        step = dr.select(t1 - t < h, t1 - t, h)
        s = t + 0.5 * step
        kappa, source = texture.eval(Array3f(z + s * w, y + s * v, x + s * u))
        e = dr.exp(-kappa * step)
        E += T * (1.0 - e) * source
        T *= e
        t += h
    return E


def trilinear(scene: Scene):
    """Return the march as one recorded loop over all rays."""
    # Textures count x fastest: the arrays' z.
    pair = np.stack((scene.medium.kappa, scene.medium.source), axis=-1).astype(np.float32)
    texture = Texture3f(pair, filter_mode=dr.FilterMode.Linear, wrap_mode=dr.WrapMode.Clamp)
    origin = scene.origin.reshape(-1, 3)
    a, b = (LOWER - origin) / DIRECTION, (UPPER - origin) / DIRECTION
    near, far = np.minimum(a, b).max(axis=1), np.maximum(a, b).min(axis=1)
    x, y, z = (Float(np.ascontiguousarray(c, np.float32)) for c in (origin - LOWER).T)
    t0, t1 = Float(near.astype(np.float32)), Float(far.astype(np.float32))

    def image():
        out = _march(texture, Float(t0), t1, x, y, z, *map(float, DIRECTION), float(scene.h))
        dr.eval(out)
        return np.array(out, dtype=np.float64).reshape(scene.origin.shape[:2])

    return image


def forget() -> None:
    """Give back the memory of textures that nobody holds any more: a first image finds none of it."""
    dr.flush_malloc_cache()
