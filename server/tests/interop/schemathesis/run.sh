#!/bin/sh
# Runs schemathesis against the server; installs it in target/ when it is missing. `cargo xtask interop` builds the server.
# Usage: run.sh FOLDER [EXAMPLES [SECONDS]], with the folder of the built examples
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
built=$(cd "${1:?run.sh FOLDER: the folder of the built examples is missing}" && pwd)
shift
venv="$root/target/schemathesis"
if ! [ -x "$venv/bin/st" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet 'schemathesis>=4.32,<5'
fi
cd "$root"
exec "$venv/bin/python" "$here/run.py" "$built/serve" "$@"
