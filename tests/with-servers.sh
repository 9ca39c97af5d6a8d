#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# with-servers.sh COMMAND...: runs it with the servers that tests share, started once on Unix sockets in a
# temporary folder:
#
#   TUNE_TEST_POSTGRES  URL of a PostgreSQL; each test makes a database of its own in it
#   TUNE_TEST_REDIS     path of a Redis' socket; each test takes a key prefix of its own
#
# A variable is missing when the server is not installed: such tests are skipped, saying so.  Where one is
# set already, by a with-servers.sh further out, that server is used.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d /tmp/tune-servers-XXXXXX)
chmod 711 "$folder"
redis=

finish() {
    [ -z "$redis" ] || kill "$redis" 2>/dev/null || true
    [ ! -d "$folder/pg/data" ] || "$here/postgres.sh" stop "$folder/pg" >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

if [ -z "${TUNE_TEST_POSTGRES:-}" ] && url=$("$here/postgres.sh" start "$folder/pg" fsync=off \
    full_page_writes=off max_connections=200 shared_buffers=64MB); then
    export TUNE_TEST_POSTGRES="$url"
fi
if [ -z "${TUNE_TEST_REDIS:-}" ] && command -v redis-server >/dev/null; then
    redis-server --port 0 --unixsocket "$folder/redis.sock" --save '' --appendonly no \
        --dir "$folder" --notify-keyspace-events KEA --loglevel warning >"$folder/redis.log" 2>&1 &
    redis=$!
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ ! -S "$folder/redis.sock" ] || break
        sleep 0.1
    done
    [ ! -S "$folder/redis.sock" ] || export TUNE_TEST_REDIS="$folder/redis.sock"
fi
"$@"
