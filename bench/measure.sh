#!/bin/sh
# Tempo and key of forty pieces (or, with --captions, of a hundred captions) as outside programs hear them.
# With --more as the first argument, librosa and essentia are put into out/measure-venv from PyPI first.
set -eu
cd "$(dirname "$0")/.."
mkdir -p out
if [ "${1:-}" = --more ]; then
    shift
    if [ ! -x out/measure-venv/bin/python ]; then
        python3 -m venv out/measure-venv
        out/measure-venv/bin/pip install --quiet numpy matplotlib librosa
        out/measure-venv/bin/pip install --quiet essentia || echo "no essentia for this Python" >&2
    fi
    exec out/measure-venv/bin/python bench/measure.py "$@"
fi
exec "$(scripts/python.sh numpy matplotlib)" bench/measure.py "$@"
