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
    """Spread the longest tests over all: each worker begins with a part of the list, and takes from others' ends."""
    long = [item for item in items if item.name in LONGEST]
    rest = [item for item in items if item.name not in LONGEST]
    step = len(rest) // max(len(long), 1)
    for number, item in reversed(list(enumerate(long))):
        rest.insert(number * step, item)
    items[:] = rest
