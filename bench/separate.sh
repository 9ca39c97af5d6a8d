#!/bin/sh
# Twenty pieces of every style, and whether classifiers from PyPI (scikit-learn, put into out/separate-venv)
# tell them apart: bench/separate.py.  SEEDS and SECONDS_EACH change how many and how long.
set -eu
cd "$(dirname "$0")/.."
mkdir -p out
ninja -C build bench/compose-scores >out/separate-build.log 2>&1 || { cat out/separate-build.log >&2; exit 1; }
if [ ! -x out/separate-venv/bin/python ]; then
    python3 -m venv out/separate-venv
    out/separate-venv/bin/pip install --quiet numpy scikit-learn
fi
rm -rf out/separate
mkdir out/separate
build/bench/compose-scores out/separate "${SECONDS_EACH:-60}" 1 "${SEEDS:-20}"
exec out/separate-venv/bin/python bench/separate.py out/separate "$@"
