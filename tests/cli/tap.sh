# SPDX-License-Identifier: LGPL-2.1-or-later
# What the command line's tests share: run a command, look at exit code, output and files; TAP at the end.
#
#   run 2 generate "x" -o y.wav      the exit code must be 2; output in $out, messages in $err
#   said "bpm"                       $err must hold the words
#   check NAME CONDITION...          a test(1)-like command must succeed
#
# Each test file is a script that sources this one and ends with `finish`.

set -u
bin=${TUNESMITH_BIN:?}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_DATA_HOME=$work/data XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache} XDG_CONFIG_HOME=$work/config
unset TUNESMITH_AUDIO_DRIVER MUSIC_GEN_MODE TUNESMITH_SOUNDFONT
cd "$work" || exit 1
mkdir files
cd files || exit 1
out=$work/out
err=$work/err
number=0
failed=0

check() {
    name=$1
    shift
    number=$((number + 1))
    if "$@"; then
        echo "ok $number - $name"
    else
        failed=$((failed + 1))
        echo "not ok $number - $name"
        echo "# failed: $*"
        sed 's/^/# stderr: /' "$err" | head -n 5
    fi
}

skip() {
    number=$((number + 1))
    echo "ok $number - $1 # SKIP $2"
}

# run CODE ARGUMENTS...
run() {
    wanted=$1
    shift
    "$bin" "$@" >"$out" 2>"$err" </dev/null
    code=$?
    check "$(printf 'exit %s: %.70s' "$wanted" "$*" | tr '\n#\377\376' '    ')" [ "$code" -eq "$wanted" ]
}

said() {
    check "  says \"$1\"" grep -qiF -e "$1" "$err"
}

printed() {
    check "  prints \"$1\"" grep -qF -e "$1" "$out"
}

silent() {
    check "  nothing on standard output" [ ! -s "$out" ]
}

# No file at all in the folder, temporary ones included.
nothing_left() {
    check "  no file left" [ -z "$(ls -A .)" ]
    rm -rf ./* ./.[!.]*
}

holds() { jq -e "$1" "$out" >/dev/null 2>&1; }
json() {
    if command -v jq >/dev/null; then
        check "  json: $1" holds "$1"
    else
        skip "  json: $1" "jq is not installed"
    fi
}

# One JSON object and nothing else.
only_json() {
    if command -v jq >/dev/null; then
        check "  one JSON object" [ "$(jq -s 'length' "$out" 2>/dev/null)" = 1 ]
    else
        skip "  one JSON object" "jq is not installed"
    fi
}

finish() {
    echo "1..$number"
    [ "$failed" -eq 0 ]
}
