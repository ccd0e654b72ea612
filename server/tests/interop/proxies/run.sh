#!/bin/sh
# Runs the server behind nginx and behind HAProxy, each set up as docs/operations.md says; installs them when they are missing.
# Usage: run.sh STRONGLOG, the built command
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export PATH="$PATH:/usr/sbin"
missing=""
command -v nginx >/dev/null || missing="$missing nginx-light"
command -v haproxy >/dev/null || missing="$missing haproxy"
if [ -n "$missing" ]; then
    apt-get update --quiet
    # Their own services stay off, because the test starts what it needs.
    policy=/usr/sbin/policy-rc.d
    if ! [ -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' > "$policy"
        chmod +x "$policy"
    fi
    # shellcheck disable=SC2086
    apt-get install --yes --no-install-recommends $missing
fi
python3 "$here/run.py" "${1:?run.sh STRONGLOG: the built command is missing}"
