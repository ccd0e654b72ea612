#!/bin/sh
# Installs Postgres for the tests, which start servers of their own, unless it is there.
set -eu
[ -n "${PG_BIN:-}" ] && exit 0
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && exit 0
apt-get update --quiet
# No cluster is made, and no service starts.
mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
apt-get install --yes --no-install-recommends postgresql
