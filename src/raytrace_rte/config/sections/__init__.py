"""The tables of a config: which sections there are, and which keys each may have.

A section is a concept, and its keys are the arguments of the public function that its kind names.
Nothing here needs NumPy: a misspelt key is told at once.
"""

from __future__ import annotations

from .absorption import AbsorptionSection
from .field import FieldSection
from .kinds import CHOICE, KINDS, SECTIONS, checked, chosen
from .objects import MaskSection, ObjectSection
from .output import CompareSection, OutputSection
from .section import PUBLIC, Section
from .walls import FaceSection, FacesSection

__all__ = [
    "CHOICE",
    "KINDS",
    "PUBLIC",
    "SECTIONS",
    "AbsorptionSection",
    "CompareSection",
    "FaceSection",
    "FacesSection",
    "FieldSection",
    "MaskSection",
    "ObjectSection",
    "OutputSection",
    "Section",
    "checked",
    "chosen",
]
