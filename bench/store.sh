#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# bench/store.sh [TRACKS] [SECONDS]: the store on PostgreSQL with 1,000,000 tracks, fsync on, beside pgbench
# with the very same statements in the same run; then accepted generations a second on both databases.  CSV.
#
# KEEP=DIR keeps the server's folder there, and uses the tracks that are in it already.
set -eu
tracks=${1:-1000000} seconds=${2:-10}
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../build
export TUNESMITH_DATA="$here/../data"
ninja -C "$build" bench/bench-store >/dev/null
folder=${KEEP:-$(mktemp -d /tmp/tune-bench-XXXXXX)}
mkdir -p "$folder"
chmod 711 "$folder"
finish() {
    "$here/../tests/postgres.sh" stop "$folder/pg" fast || true
    [ -n "${KEEP:-}" ] || rm -rf "$folder"
}
trap finish EXIT

url=$("$here/../tests/postgres.sh" start "$folder/pg" shared_buffers=1GB max_wal_size=4GB \
    random_page_cost=1.1 effective_cache_size=8GB)
if [ ! -e "$folder/filled" ]; then
    "$build/bench/bench-store" "$url" 1 0 migrate
    psql -q -v ON_ERROR_STOP=1 -v n="$tracks" -f "$here/store-tracks.sql" "$url" >/dev/null
    touch "$folder/filled"
fi

columns="t.id, t.title, t.description, t.genre, t.mood, t.musical_key, t.bpm, t.seconds, t.engine, \
t.tags, t.prompt, t.is_public, t.plays, t.likes, t.user_id, t.generation_id, t.identity, \
t.created_at, t.updated_at"
cat >"$folder/list.sql" <<SQL
SELECT $columns FROM tracks t WHERE t.is_public ORDER BY t.created_at DESC, t.id DESC LIMIT 11
SQL
cat >"$folder/page.sql" <<SQL
\set at 1700000000000000 + random(1, 1000000) * 60000000
SELECT $columns FROM tracks t WHERE t.is_public AND (t.created_at, t.id) < (:at, '0190ffff') ORDER BY t.created_at DESC, t.id DESC LIMIT 11
SQL
echo "what,threads,per_second,median_ms,p95_ms,p99_ms"
for clients in 1 16; do
    for what in list page; do
        rate=$(pgbench -n -M prepared -f "$folder/$what.sql" -c $clients -j $clients -T "$seconds" \
            "$url" 2>/dev/null | sed -n 's/^tps = \([0-9]*\).*/\1/p')
        echo "pgbench-$what,$clients,$rate,,,"
        "$build/bench/bench-store" "$url" $clients "$seconds" $what
    done
done
"$build/bench/bench-store" "$url" 4 "$seconds" genre filter search word
"$build/bench/bench-store" "$url" 64 "$seconds" accept
psql -q -c "TRUNCATE generations, jobs" "$url"
echo "# SQLite"
"$build/bench/bench-store" "$folder/bench.db" 1 "$seconds" accept
"$build/bench/bench-store" "$folder/bench.db" 64 "$seconds" accept
rm -f "$folder"/bench.db*
