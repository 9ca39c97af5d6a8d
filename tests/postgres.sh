#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A PostgreSQL of one's own in a folder, on a Unix socket in it, for tests and benches.
#
#   tests/postgres.sh start DIR [NAME=VALUE...]   makes it when it is not there; prints its URL
#   tests/postgres.sh stop DIR [fast|immediate]
#   tests/postgres.sh restart DIR [fast|immediate]
#   tests/postgres.sh copy DIR REPLICA [NAME=VALUE...]   a streaming replica of DIR; prints its URL
#
# Ends with 77 when PostgreSQL is not installed.  It refuses root, which becomes the user postgres.
set -eu
action=$1 dir=$2
shift 2

bin=$(pg_config --bindir 2>/dev/null || true)
for found in "$bin" /usr/lib/postgresql/*/bin /usr/bin; do
    [ -x "$found/initdb" ] && bin=$found
done
[ -x "$bin/initdb" ] || { echo "PostgreSQL is not installed" >&2; exit 77; }

as_server() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --clear-groups --no-new-privs "$@"
    else
        "$@"
    fi
}

make_folder() {
    mkdir -p "$1"
    chmod 700 "$1"
    [ "$(id -u)" != 0 ] || chown postgres "$1"
}

# run DIR [NAME=VALUE...]
run() {
    at=$1
    shift
    options="-c listen_addresses= -c unix_socket_directories=$at"
    for setting; do
        options="$options -c $setting"
    done
    as_server "$bin/pg_ctl" -D "$at/data" -l "$at/log" -w -t 60 -o "$options" start >/dev/null ||
        { cat "$at/log" >&2; exit 1; }
    echo "postgresql://tunesmith@/postgres?host=$at"
}

# Out of any folder that the other user may not enter.
cd /
case $action in
start)
    make_folder "$dir"
    [ -d "$dir/data" ] || as_server "$bin/initdb" -D "$dir/data" -U tunesmith --auth=trust \
        --no-sync -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1 ||
        { cat "$dir/initdb.log" >&2; exit 1; }
    run "$dir" "$@"
    ;;
stop)
    as_server "$bin/pg_ctl" -D "$dir/data" -m "${1:-immediate}" -w -t 60 stop >/dev/null
    ;;
restart) # with the options of the start
    as_server "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -m "${1:-immediate}" -w -t 60 restart \
        >/dev/null
    ;;
copy)
    replica=$1
    shift
    make_folder "$replica"
    as_server "$bin/pg_basebackup" -h "$dir" -U tunesmith -D "$replica/data" -R -X stream \
        -c fast --no-sync >/dev/null
    run "$replica" "$@"
    ;;
*)
    echo "postgres.sh: unknown action $action" >&2
    exit 2
    ;;
esac
