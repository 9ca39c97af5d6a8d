#!/bin/sh
# Make one song from a sentence and say what it is.
set -eu
mkdir -p out
sentence=${SONG:-"an uplifting folk song in D major at 96 bpm with acoustic guitar, violin and flute, 60 seconds"}
echo "\"$sentence\""
exec build/tunesmith generate "$sentence" -o out/song.flac --midi out/song.mid --report out/song.json
