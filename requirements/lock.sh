#!/bin/sh
# Writes the pinned requirement files anew. Needs uv (pip install uv).
set -eu
for name in base dev node; do
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
        --no-annotate --no-emit-find-links "$@" "requirements/$name.in" -o "requirements/$name.txt"
done
