#!/bin/sh
# scripts/fuzz.sh SECONDS [TARGET...]: run each libFuzzer target so long, two at a time.  Findings are
# left in out/fuzz/.  An input that takes more than 20 s (these machines are shared) or 512 MB is a finding too.
set -eu
seconds=$1
shift
# Only what the targets need is built.
mkdir -p out/fuzz
[ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz -Dfuzzing=true \
    -Dbuildtype=debugoptimized -Db_lundef=false -Db_sanitize=address,undefined >out/build-fuzz.log
ninja -C build-fuzz $(ninja -C build-fuzz -t targets all | sed -n 's/^\(fuzz\/fuzz-[a-z-]*\): .*/\1/p') \
    >out/build-fuzz.log || { tail -n 30 out/build-fuzz.log >&2; exit 1; }
targets=${*:-$(cd build-fuzz/fuzz && ls fuzz-* | grep -v '\.p$')}
status=0
one() {
    work=out/fuzz/$1.corpus
    mkdir -p "$work"
    corpus=fuzz/corpus/${1#fuzz-}
    [ -d "$corpus" ] || corpus=
    if "build-fuzz/fuzz/$1" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=512 \
        -max_len=65536 -artifact_prefix="out/fuzz/$1-" "$work" $corpus >"out/fuzz/$1.log" 2>&1
    then
        echo "$1: no finding, $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "out/fuzz/$1.log") runs"
    else
        echo "$1: FOUND something, see out/fuzz/$1.log"
        return 1
    fi
}
set -- $targets
while [ $# -gt 0 ]; do
    one "$1" &
    first=$!
    second=
    if [ $# -gt 1 ]; then
        one "$2" &
        second=$!
    fi
    wait $first || status=1
    [ -z "$second" ] || wait $second || status=1
    shift
    [ $# -eq 0 ] || shift
done
exit $status
