#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# bench/cache.sh: the cache in memory and on a Redis of its own, which is frozen in the end; beside it what
# redis-benchmark gets from the same Redis with one connection.  CSV.
set -eu
build=$(cd "$(dirname "$0")" && pwd)/../build
ninja -C "$build" bench/bench-cache >/dev/null
folder=$(mktemp -d /tmp/tune-bench-XXXXXX)
redis-server --port 0 --unixsocket "$folder/s" --save '' --dir "$folder" >/dev/null &
redis=$!
trap 'kill -CONT $redis; kill $redis; rm -rf "$folder"' EXIT
while [ ! -S "$folder/s" ]; do sleep 0.1; done
redis-benchmark -s "$folder/s" -c 1 -n 20000 --csv MGET a b | tail -n 1 |
    sed 's/^"[^"]*",/redis-benchmark MGET of two,20000,/; s/"//g' | cut -d , -f 1-3
REDIS_PID=$redis "$build/bench/bench-cache" "$folder/s"
