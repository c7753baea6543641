"""What an infrared camera sees of a pool fire: the temperature of the black wall that would look as bright.

usage: python examples/infrared_camera.py [PIXELS]        writes infrared_camera.png
"""

import sys

import raytrace_rte as rte

height = int(sys.argv[1]) if sys.argv[1:] else 360
fire = rte.sample("pool-fire")
camera = rte.camera(
    (1.25, 0.75, -1.9), look_at=(0, 0.5, 0), shape=(height, height // 2), field_of_view_deg=30, up=(0, 1, 0)
)
image = rte.solve(rte.absorption.wsgg(fire), camera, walls=rte.black(300.0), method=rte.Auto(rtol=1e-3))
print(image)
brightest = image.brightness_temperature.max()
print(f"hottest gas {fire.temperature.max():.0f} K, brightest pixel {brightest:.0f} K")
image.plot("infrared_camera.png", quantity="brightness_temperature")
