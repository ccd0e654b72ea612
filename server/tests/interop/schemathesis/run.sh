#!/bin/sh
# Runs schemathesis against the server; installs it in target/ when it is missing. Usage: run.sh [EXAMPLES [SECONDS]]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
venv="$root/target/schemathesis"
if ! [ -x "$venv/bin/st" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet 'schemathesis>=4.32,<5'
fi
cd "$root"
cargo build --quiet --package stronglog-server --example serve
exec "$venv/bin/python" "$here/run.py" "${CARGO_TARGET_DIR:-$root/target}/debug/examples/serve" "$@"
