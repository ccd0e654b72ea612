#!/bin/sh
# Installs Postgres for the tests, which start servers of their own, unless it is there.
set -eu
[ -n "${PG_BIN:-}" ] && exit 0
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet
# First the package with the setting that no cluster is made, so that no service starts.
apt-get install --yes --no-install-recommends postgresql-common
echo 'create_main_cluster = false' >> /etc/postgresql-common/createcluster.conf
apt-get install --yes --no-install-recommends postgresql
