#!/usr/bin/env bash
# The main job: sets up .venv when needed, renders the pool fire, says where picture and result lie.
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
prepare
.venv/bin/raytrace-rte run configs/pool_fire.toml
