#!/bin/sh
# Writes the pinned requirement files anew. Needs uv (pip install uv).
set -eu
for name in base dev node; do
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
        --no-annotate --no-emit-find-links "$@" "requirements/$name.in" -o "requirements/$name.txt"
done

# The pages' tools. npm notes where packages ask for money; those addresses have no place in a lock.
cd web
npm install --package-lock-only --silent --no-fund --no-audit
node -e '
const fs = require("fs"), file = "package-lock.json", lock = JSON.parse(fs.readFileSync(file));
for (const entry of Object.values(lock.packages)) delete entry.funding;
fs.writeFileSync(file, JSON.stringify(lock, null, 2) + "\n");'
