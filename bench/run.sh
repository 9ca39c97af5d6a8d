#!/bin/sh
# Every benchmark; CSV on standard output and in out/bench.csv.  docs/SPEED.md is the log.
set -eu
cd "$(dirname "$0")/.."
mkdir -p out
ninja -C build bench/bench-compose bench/bench-first-block >/dev/null
exec python3 bench/run.py "$@"
