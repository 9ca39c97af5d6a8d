#!/bin/sh
# test-embed.sh EMBED LIBRARY: the example makes a song, refuses the impossible with a sentence, and the
# library shows nothing but its own names.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" "calm folk waltz in D major, 6 seconds" "$work/a.wav" >"$work/said"
grep -q ': 6.000 seconds' "$work/said"
[ "$(head -c 4 "$work/a.wav")" = RIFF ]
if "$1" "solo piano, no piano" "$work/b.wav" 2>"$work/why"; then
    echo "an impossible sentence was taken" >&2
    exit 1
fi
grep -q piano "$work/why"
[ ! -e "$work/b.wav" ]
strange=$(nm -D --defined-only "$2" | awk '$2 == "T" && $3 !~ /^tunesmith_/ { print $3 }')
[ -z "$strange" ] || { echo "the library shows: $strange" >&2; exit 1; }
