#!/usr/bin/env bash
# Draws the pictures of docs/gallery.md and docs/theory.md anew: every script of examples/, into docs/images.
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
prepare
cd docs/images
for example in ../../examples/*.py; do
    echo "== $example"
    ../../.venv/bin/python "$example"
done
