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


LONGEST = (
    "test_kernels_stay_within_their_arrays",
    "test_lanes_four_and_eight_wide_bring_the_same_bits",
    "test_kernels_are_compiled_once_and_for_users_only",
    "test_kernels_are_plain_python_too",
    "test_every_command_of_the_readme_runs",
    "test_a_tiny_check_measures_what_it_can",
    "test_benchmarks_run",
)
"""Tests that take ten seconds and more."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.name.partition("[")[0] not in LONGEST)
