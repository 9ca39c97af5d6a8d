#!/bin/sh
# Requests a second, latency and processor time per request of our HTTP layer beside the smallest
# libmicrohttpd server and nginx with a static file, in turn on this machine.  CSV on standard output and in
# out/bench-http.csv; docs/SPEED.md is the log.
#
#   bench/http.sh [--seconds 4] [--rounds 3] [--clients 64] [--threads 1] [--only ours,nginx]
set -eu
cd "$(dirname "$0")/.."
mkdir -p out
# libmicrohttpd may have come after the build was set up.
grep -q microhttpd build/build.ninja || meson setup --reconfigure build >/dev/null
ninja -C build bench/http-hello >/dev/null
exec python3 bench/http_bench.py "$@"
