#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# chaos.sh DRIVER [OPTIONS of chaos.py]: on SQLite, then on a PostgreSQL of its own where that is installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ "${1:-}" = --postgres ]; then
    shift
    [ -n "${TUNE_TEST_POSTGRES:-}" ] || { echo "# no PostgreSQL: that half is skipped" >&2; exit 0; }
    psql -XAqt "$TUNE_TEST_POSTGRES" -c "CREATE DATABASE chaos_$$" >/dev/null
    url=$(echo "$TUNE_TEST_POSTGRES" | sed "s#/postgres?#/chaos_$$?#")
    exec python3 "$here/chaos.py" "$@" --postgres "$url"
fi
python3 "$here/chaos.py" "$@"
exec "$here/../with-servers.sh" "$0" --postgres "$@"
