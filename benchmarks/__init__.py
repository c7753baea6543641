"""Measurements behind the tables in README and docs: `python -m benchmarks` regenerates all of them."""
