"""yt: projection of the emission (no absorption), and its volume rendering with a grey transfer function."""

from __future__ import annotations

import numpy as np
import yt

from ..scene import DIRECTION, SIDE, Scene


def _dataset(scene: Scene):
    yt.set_log_level(50)
    emission = scene.medium.kappa.astype(np.float64) * scene.medium.source
    box = np.array([[-0.5, 0.5], [-0.5, 0.5], [0.0, 1.0]])
    data = {
        ("gas", "emission"): (emission, "W/m**3"),
        ("gas", "kappa"): (np.array(scene.medium.kappa, float), "1/m"),
    }
    return yt.load_uniform_grid(data, emission.shape, length_unit="m", bbox=box)


def projection(scene: Scene):
    """Off-axis projection: the integral of kappa S, as if nothing were absorbed."""
    ds = _dataset(scene)
    pixels = len(scene.origin)

    def image():
        out = yt.off_axis_projection(
            ds,
            [0.0, 0.0, 0.5],
            DIRECTION,
            [SIDE, SIDE, 4.0],
            pixels,
            ("gas", "emission"),
            north_vector=[0, 0, 1],
        )
        return np.asarray(out).T[::-1]

    return image


def rendering(scene: Scene):
    """Volume rendering, red channel: its transfer functions know no separate absorption."""
    ds = _dataset(scene)
    pixels = len(scene.origin)

    def image():
        sc = yt.create_scene(ds, ("gas", "emission"), lens_type="plane-parallel")
        source = sc[0]
        source.set_use_ghost_zones(False)
        camera = sc.camera
        camera.resolution = (pixels, pixels)
        camera.focus = ds.arr([0.0, 0.0, 0.5], "m")
        camera.width = ds.arr([SIDE, SIDE, 4.0], "m")
        camera.switch_orientation(normal_vector=DIRECTION, north_vector=[0, 0, 1])
        return np.asarray(sc.render())[..., 0].T[::-1]

    return image
