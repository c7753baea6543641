"""Shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parents[1] / ".kernels"))
"""All tests and the processes that they start share compiled kernels, as scripts/test.sh has it."""


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same in every run."""
    return np.random.default_rng(20261123)
