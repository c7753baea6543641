"""What names of arrays and axes mean, as programs write them."""

from __future__ import annotations

import re

AXES = ("x", "y", "z")
AXIS = re.compile(r"([xyz])_?(c|f|cent(?:er|re)s?|faces?|edges?|coords?|coordinates?|points?|nodes?)?")
"""The name of an axis, and what its positions are."""


def axis_of(name: str) -> str:
    """Return "x", "y" or "z" where the last part of a name says that, as in grid/xc; else ""."""
    match = AXIS.fullmatch(name.rpartition("/")[2].lower())
    return match[1] if match else ""
