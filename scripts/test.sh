#!/usr/bin/env bash
# Sets up .venv with the test extra, then runs lint, type check and the default test suite.
# Arguments go to pytest: scripts/test.sh -k orders
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
prepare test
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/python -m pytest "$@"
