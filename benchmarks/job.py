"""From file to picture: the whole job, its stages and memory, first images, what Auto costs, compiling.

Ratios are between works that took turns in one run, on two threads.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from . import compile_times, first_image, records, switch_cost, whole_job

SIZES = (64, 128, 256, 512)


def measure(quick: bool = False) -> dict[str, Any]:
    """Return all figures of the suite; quick compiles nothing."""
    sizes, pixels, rounds = ((8,), 16, 1) if quick else (SIZES, 512, 6)
    with tempfile.TemporaryDirectory() as folder:
        whole = whole_job.measure(Path(folder), sizes, pixels, rounds)
    return {
        "whole": whole,
        **{
            name: first_image.measure(
                (8, 12) if quick else (64, 128, 256), 32 if quick else 512, rounds, rivals, means
            )
            for name, rivals, means in (
                ("first image", first_image.RIVALS, False),
                ("first image, means", first_image.RIVALS[:2], True),
            )
        },
        "switch": switch_cost.measure(quick, rounds),
        "cells": records.measure((8,) if quick else (64, 128, 256), rounds),
        "compile": {} if quick else compile_times.measure(),
    }


def tables(data: dict[str, Any]) -> dict[str, str]:
    """Return the Markdown tables by name."""
    return {
        **whole_job.tables(data["whole"]),
        **first_image.tables(data["first image"]),
        **first_image.tables(data["first image, means"], "first image, means"),
        **switch_cost.tables(data["switch"]),
        **records.tables(data["cells"]),
        **compile_times.tables(data["compile"]),
    }
