#!/bin/sh
# Render every style into gallery/ with pictures and a page of players.  Options go to bench/gallery.py.
set -eu
cd "$(dirname "$0")/.."
exec "$(scripts/python.sh matplotlib)" bench/gallery.py "$@"
