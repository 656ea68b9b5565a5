#!/usr/bin/env bash
# Compile every lock in this folder: third parties only, with hashes, for all supported Pythons and systems.
#
#   requirements/compile.sh [uv's options, e.g. --upgrade]   write the locks (make locks)
#   requirements/compile.sh --check                          say which committed lock is stale (make check)
#
# A committed lock seeds its own compilation, so that nothing moves unless a pyproject.toml asks for it or
# --upgrade is given. dev.txt holds everything and constrains the others: what is tested is what is shipped.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}

services=()
for folder in services/*/; do services+=("$(basename "$folder")"); done
ours=(--no-emit-package afterwork --no-emit-package afterwork-up)
for service in "${services[@]}"; do ours+=(--no-emit-package "afterwork-$service"); done

folder=requirements
if [[ ${1:-} == --check ]]; then
    shift
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    cp requirements/*.txt "$folder/"
fi
options=(--universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet "$@")

lock() { # lock NAME INPUT…: compile the inputs into NAME.txt
    local name=$1
    shift
    "$uv" pip compile "${options[@]}" "${ours[@]}" --output-file "$folder/$name.txt" "$@"
    if [[ $folder != requirements ]] && ! cmp --silent "$folder/$name.txt" "requirements/$name.txt"; then
        echo "requirements/$name.txt is stale: run make locks" >&2
        stale=1
    fi
}

stale=0
lock dev up/pyproject.toml --group dev
lock build --group build --constraint "$folder/dev.txt"
lock up up/pyproject.toml --constraint "$folder/dev.txt"
for service in "${services[@]}"; do
    lock "$service" "services/$service/pyproject.toml" --constraint "$folder/dev.txt"
done
exit "$stale"
