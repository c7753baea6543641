"""VTK on the CPU (fixed-point ray casting): colour from S, opacity from kappa, 8 bits a pixel."""

from __future__ import annotations

import numpy as np
import pyvista as pv
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from ..scene import DIRECTION, SIDE, Scene


def volume(scene: Scene):
    """Return the ray cast of point data at cell centres."""
    n, h = scene.n, scene.h
    scale = float(scene.medium.source.max()), float(scene.medium.kappa.max())
    pair = np.stack((scene.medium.source / scale[0], scene.medium.kappa / scale[1]), axis=-1)
    data = vtk.vtkImageData()
    data.SetDimensions(n, n, n)
    data.SetSpacing(h, h, h)
    data.SetOrigin(-0.5 + 0.5 * h, -0.5 + 0.5 * h, 0.5 * h)
    counted = np.ascontiguousarray(pair.transpose(2, 1, 0, 3).reshape(-1, 2) * 65535.0).astype(np.uint16)
    data.GetPointData().SetScalars(numpy_to_vtk(counted, deep=True))
    grey, opacity = vtk.vtkColorTransferFunction(), vtk.vtkPiecewiseFunction()
    grey.AddRGBPoint(0.0, 0.0, 0.0, 0.0)
    grey.AddRGBPoint(65535.0, 1.0, 1.0, 1.0)
    for share in np.linspace(0.0, 1.0, 256):
        opacity.AddPoint(65535.0 * share, 1.0 - np.exp(-share * scale[1] * h))
    look = vtk.vtkVolumeProperty()
    look.IndependentComponentsOff()
    look.SetColor(grey)
    look.SetScalarOpacity(opacity)
    look.SetScalarOpacityUnitDistance(h)
    look.SetInterpolationTypeToLinear()
    mapper = vtk.vtkFixedPointVolumeRayCastMapper()
    mapper.SetInputData(data)
    mapper.AutoAdjustSampleDistancesOff()
    mapper.SetSampleDistance(h)
    body = vtk.vtkVolume()
    body.SetMapper(mapper)
    body.SetProperty(look)
    pixels = len(scene.origin)
    plotter = pv.Plotter(off_screen=True, window_size=(pixels, pixels))
    plotter.renderer.AddVolume(body)
    plotter.set_background("black")
    plotter.camera.focal_point = (0.0, 0.0, 0.5)
    plotter.camera.position = tuple(np.array((0.0, 0.0, 0.5)) - 3.0 * DIRECTION)
    plotter.camera.up = (0.0, 0.0, 1.0)
    plotter.camera.parallel_projection = True
    plotter.camera.parallel_scale = 0.5 * SIDE
    plotter.camera.clipping_range = (0.1, 10.0)
    window = plotter.render_window
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()

    def image():
        mapper.Modified()
        window.Render()
        grab.Modified()
        grab.Update()
        shot = vtk_to_numpy(grab.GetOutput().GetPointData().GetScalars()).reshape(pixels, pixels, -1)
        return shot[::-1, :, 0] / 255.0 * scale[0]

    return image
