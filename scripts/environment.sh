# Sourced by demo.sh and test.sh: goes to the repository root and makes .venv ready.
# usage: prepare EXTRA      ("" for the plain package); reinstalls only when pyproject.toml changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
unset PYTHONDONTWRITEBYTECODE  # else Python compiles what it imports anew in each of some hundred processes

prepare() {
    local extra="${1:-}" target="." stamp
    [ -n "$extra" ] && target=".[$extra]"
    if [ ! -x .venv/bin/python ]; then
        python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || {
            echo "raytrace-rte needs Python 3.11 to 3.13; python3 here is $(python3 --version)" >&2
            exit 2
        }
        echo "creating .venv ..."
        python3 -m venv .venv
    fi
    stamp=".venv/.installed-${extra:-core}"
    if [ ! -f "$stamp" ] || ! cmp -s pyproject.toml "$stamp"; then
        echo "installing raytrace-rte${extra:+[$extra]} ..."
        # Python compiles what is imported; pip would compile all that is there, most of which never is.
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --editable "$target"
        cp pyproject.toml "$stamp"
    fi
}
