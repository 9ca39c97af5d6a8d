#!/bin/sh
# MusicGen at full size, with random weights that are made here once (out/musicgen-SIZE, f32 on disk):
#   bench/musicgen.sh [SIZE] [TYPE...]       SIZE: small (2.4 GB), medium (8 GB), large (14 GB), stereo-...
# CSV on standard output and in out/musicgen-SIZE.csv.  Where Python has torch and transformers, the
# reference runs on the same folder afterwards.  docs/SPEED.md is the log.
set -eu
cd "$(dirname "$0")/.."
size=${1:-small}
[ $# -eq 0 ] || shift
model=${MODEL:-out/musicgen-$size}
mkdir -p out
ninja -C build bench/bench-musicgen bench/make-musicgen >/dev/null
if [ ! -f "$model/config.json" ]; then
    build/bench/make-musicgen "$size" "$model"
fi
threads=1
[ "$(nproc)" -lt 2 ] || threads=1,2
{
    echo "what,weights,threads,batch,value,unit,share_percent,note"
    # A process for each type, so that each one's peak of memory is its own.
    for type in ${*:-f32 f16 q8 q4}; do
        build/bench/bench-musicgen "$model" "$type" --threads "$threads"
    done
    python=${PYTHON:-python3}
    if "$python" -c 'import torch, transformers' 2>/dev/null; then
        for type in float32 bfloat16 int8; do
            "$python" bench/musicgen_peer.py "$model" "$type"
        done
    fi
} | tee "out/musicgen-$size.csv"
