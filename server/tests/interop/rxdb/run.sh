#!/bin/sh
# Runs RxDB against the server and a device of the Rust engine; installs RxDB when it is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
[ -d "$here/node_modules/rxdb" ] || npm ci --prefix "$here" --ignore-scripts --no-audit --no-fund --silent
cd "$root"
cargo build --quiet --package stronglog-server --examples
built="${CARGO_TARGET_DIR:-$root/target}/debug/examples"
exec node "$here/run.mjs" "$built/serve" "$built/device"
