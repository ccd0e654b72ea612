#!/bin/sh
# Runs RxDB against the server and a device of the Rust engine; installs RxDB when it is missing. `cargo xtask interop` builds both.
# Usage: run.sh FOLDER, the folder of the built examples
set -eu
here=$(cd "$(dirname "$0")" && pwd)
built=${1:?run.sh FOLDER: the folder of the built examples is missing}
[ -d "$here/node_modules/rxdb" ] || npm ci --prefix "$here" --ignore-scripts --no-audit --no-fund --silent
exec node "$here/run.mjs" "$built/serve" "$built/device"
