#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The service's routes beside their ceilings, in one run: bench/service.py says what.
#
#   bench/service.sh [--seconds 4] [--rounds 3] [--only memory,accept,ranges,listeners]
#   KEEP=/var/tmp/tracks bench/store.sh 1000000 && bench/service.sh --only tracks --database /var/tmp/tracks
set -eu
cd "$(dirname "$0")/.."
ninja -C build >/dev/null
ninja -C build bench/http-hello >/dev/null
exec python3 bench/service.py "$@"
