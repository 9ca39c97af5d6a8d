#!/bin/sh
# scripts/build.sh DIR [meson options]: configure (once) and build; silent unless something fails.
set -eu
dir=$1
shift
mkdir -p out
log=out/$(basename "$dir").log
if [ ! -f "$dir/build.ninja" ]; then
    rm -rf "$dir"
    meson setup "$dir" "$@" >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
fi
ninja -C "$dir" >"$log" 2>&1 || {
    grep -E -A6 'error|FAILED' "$log" >&2 || tail -n 40 "$log" >&2
    exit 1
}
