#!/usr/bin/env bash
# Sets up .venv with the test extra, then runs lint, type check and the default test suite. Kernels are compiled
# before several workers start, beside lint and type check, and kept in .kernels for the next time.
# Arguments go to pytest: scripts/test.sh -k orders
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
prepare test
export NUMBA_CACHE_DIR="${NUMBA_CACHE_DIR:-$PWD/.kernels}"
.venv/bin/raytrace-rte warmup &
trap 'kill "$!" 2> /dev/null || true' EXIT
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
wait "$!"
trap - EXIT
.venv/bin/python -m pytest "$@"
