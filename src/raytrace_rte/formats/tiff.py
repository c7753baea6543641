"""One image as float32 TIFF, all bands together."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError
from ..table import BAND, Table
from .atomic import replacing
from .tables import to_json

DESCRIPTION, SOFTWARE = 270, 305
"""Numbers of those tags (TIFF 6.0)."""


def write_tiff(table: Table, path: Path) -> None:
    """Write the main variable, all bands together, as a float32 TIFF, units and config in its description.

    Raises InputError when it is not an image.
    """
    from PIL import Image, TiffImagePlugin

    main = table.main.without_bands()
    if len(main.dims) != 2:
        raise InputError(
            f"{path.name}: TIFF holds one image, but {main.name} has dims ({', '.join(table.main.dims)}); "
            "save this result as .h5"
        )
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    bands = table.dims.get(BAND, 1)
    about = {"quantity": main.name, "units": main.unit, "bands": bands, "config": table.attributes["config"]}
    tags[DESCRIPTION] = to_json(about)
    tags[SOFTWARE] = "raytrace_rte"
    with replacing(path) as temporary:
        Image.fromarray(main.values.astype(np.float32)).save(temporary, format="TIFF", tiffinfo=tags)
