#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the command line does without making sound: listings, presets, explain, refusals.
. "$(dirname "$0")/tap.sh"

# ---- version and help ----
run 0 --version
check "  one line" [ "$(wc -l <"$out")" -eq 1 ]
check "  a version" grep -qE '^tunesmith [0-9]+\.[0-9]+\.[0-9]+$' "$out"
run 0 --help
printed "generate"
run 0 help generate
printed "--musicxml"
run 0 generate --help
printed "examples:"
run 2
silent
run 2 help nonsense
for shell in bash zsh fish; do
    run 0 help --completion $shell
    printed "musicxml"
    if command -v $shell >/dev/null && [ $shell != fish ]; then
        check "  $shell reads it" $shell -n "$out"
    fi
done
run 0 help --man
if command -v groff >/dev/null; then
    check "  troff without complaint" [ -z "$(groff -man -Tutf8 -ww "$out" 2>&1 >/dev/null)" ]
fi

# ---- listings ----
run 0 styles
printed "jazz"
run 0 styles --json
only_json
json '.styles | length >= 8'
json '[.styles[].name] | contains(["rock","pop","jazz","classical","electronic","cinematic","folk","ambient"])'
run 0 styles jazz
printed "tempo"
run 0 styles show jazz
printed "upright-bass"
printed "ii7 V7"
printed "fills"
run 0 styles show jazz --json
only_json
json '.name == "jazz" and (.words | index("cool jazz") != null) and .bpm[0] < .bpm[1] and .metre == "4/4"'
json '(.forms | length > 0) and all(.forms[].sections[]; .bars > 0) and .metres["4/4"] > 0 and .modes.major > 0'
json 'any(.parts[]; .role == "bass" and (.instruments | has("upright-bass"))) and (.grooves | length >= 3)'
json 'any(.progressions[]; .chords | test("ii7")) and (.sha256 | length == 64) and (.file | test("jazz.yaml$"))'
run 2 styles jaz
said "jazz"
run 2 styles show jaz
said "jazz"
run 2 styles show
run 2 styles show jazz rock
said "one style"
run 0 instruments --json
only_json
json '.instruments | length > 40'
json 'all(.instruments[]; .low <= .high)'
run 0 instruments piano
printed "range"
run 2 instruments kazootron

# ---- presets ----
run 0 list-presets --json
only_json
json '[.presets[].name] | contains(["rock_anthem","jazz_smooth","electronic_dance","classical_orchestral","pop_catchy"])'
run 0 show-preset rock_anthem --json
json '.genre == "rock" and .temperature == 0.8 and .structure.chorus_count == 3'
run 2 show-preset nonsense
run 0 save-preset late_night --genre jazz --verses 1 --no-bridge --style sound:rhodes --temperature 0.4 \
    --description "after hours" --tips "keep it soft"
run 0 show-preset late_night --json
json '.structure.verse_count == 1 and .structure.bridge == false and .temperature == 0.4'
json '.style_references[0] == {"type":"sound","value":"rhodes"}'
run 0 list-presets
printed "late_night"
run 0 delete-preset late_night
run 2 delete-preset late_night
run 2 delete-preset rock_anthem
run 2 save-preset "../evil" --genre jazz
said "name"
run 2 save-preset nogenre
said "--genre"
run 2 save-preset x --genre jazz --style rhodes
said "--style"
run 2 save-preset x --genre jazz --verses 6
said "--verses"
nothing_left

# ---- explain ----
run 0 explain "slow jazz ballad in F minor, 70 bpm, 90 seconds, no drums, zyxxy"
printed "70"
printed "zyxxy"
run 0 explain "slow jazz ballad in F minor, 70 bpm" --json
only_json
check "explain from standard input" sh -c 'echo "a folk waltz" | "$0" explain - | grep -qi folk' "$bin"

# ---- simulate: prompt and metadata ----
run 0 generate "hello there" --genre rock --engine simulate --duration 95 --verses 1 --style sound:warm
only_json
json '.status == "simulated" and .mode == "simulate" and .genre == "rock" and .duration_seconds == 95'
json '.metadata | keys == ["structure","style_references","temperature"]'
json '.prompt | contains("hello there") and contains("sound: warm")'
run 0 generate -t words -p rock_anthem --mode simulate
json '.genre == "rock" and .metadata.temperature == 0.8 and .metadata.structure.chorus_count == 3'
export MUSIC_GEN_MODE=simulate
run 0 generate "hello" --genre rock
json '.status == "simulated"'
export MUSIC_GEN_MODE=nonsense
run 2 generate "hello" --genre rock
said "MUSIC_GEN_MODE"
unset MUSIC_GEN_MODE
ln -s "$bin" "$work/music-gen"
"$work/music-gen" generate --text "hello" --genre rock --mode simulate >"$out" 2>"$err"
json '.duration_seconds == 180 and .metadata.temperature == 0.7'
check "music-gen says its own name" sh -c '"$0" --version | grep -q "^music-gen "' "$work/music-gen"
nothing_left

# ---- requests that cannot be met: a sentence with the field, exit 2, no file ----
refused() {
    word=$1
    shift
    run 2 "$@" -o x.wav
    silent
    said "$word"
    nothing_left
}
refused "sentence" generate ""
refused "sentence" generate
refused "sentence" generate "   "
refused "UTF-8" generate "$(printf 'jazz \377\376 piano')"
refused "duration" generate "2 seconds with 40 sections"
refused "piano" generate "solo piano, no piano"
refused "key" generate "calm piano" --key "H#"
refused "key" generate "piano piece in the key of H#"
refused "bpm" generate "jazz" --bpm lots
refused "bpm" generate "jazz" --bpm -5
refused "duration" generate "jazz" --duration 3
refused "duration" generate "jazz" --duration 1:75
refused "duration" generate "jazz" --duration 1:99:99
refused "duration" generate "jazz" --duration 20:00
refused "metre" generate "jazz" --metre 4/5
refused "chords" generate "jazz" --chords "Am Qx"
refused "polka" generate "piece" --genre "polka-metal-zz"
refused "instrument" generate "jazz" --instruments "kazootron"
refused "saxophone" generate "jazz" --instruments "saxofone"
refused "duration" generate "jazz, 16 bars, 120 bpm, 90 seconds"
refused "--temperature" generate "jazz" --engine simulate --temperature 2
refused "temperature" generate "jazz" --temperature 2
refused "--loudness" generate "jazz" --loudness 0
refused "--rate" generate "jazz" --rate 8000
refused "--seed" generate "jazz" --seed -1
refused "--preset" generate "jazz" --preset nonsense
refused "structure" generate "jazz" --structure "flurb, verse"
refused "ending" generate "jazz" --ending sudden
run 2 generate "jazz" -o x.mp3 --rate 37123
said "--rate"
run 2 generate "jazz" -o x.opus --rate 44100
said "--rate"
run 2 generate "jazz" -o x.xyz
said "xyz"
run 2 generate "jazz" -o -
said "--format"
run 2 generate "jazz"
said "-o FILE"
run 2 generate "jazz" -o x.wav --midi x.wav
said "twice"
nothing_left
head -c 10000000 /dev/zero | tr '\0' 'a' >"$work/long"
check "ten megabytes of sentence are refused" sh -c '"$0" generate - -o x.wav <"$1" 2>"$2"; [ $? -eq 2 ]' \
    "$bin" "$work/long" "$err"
said "sentence"
printf 'jazz\0piano' >"$work/zero"
check "zero bytes are refused" sh -c '"$0" generate - -o x.wav <"$1" 2>"$2"; [ $? -eq 2 ]' \
    "$bin" "$work/zero" "$err"
nothing_left

# ---- paths, checked before any work ----
run 4 generate "jazz" -o /nonexistent/folder/x.wav
said "/nonexistent/folder/x.wav"
mkdir "$work/here"
for folder in "$work/here" "$work/here/" ./ no/such/; do
    run 2 generate "jazz" -o "$folder"
    said "$folder: it is a folder; give a file name"
done
run 2 convert x.json "$work/here"
said "it is a folder"
run 2 generate "jazz" -o x.wav --midi "$work/here"
said "it is a folder"
run 4 generate "jazz" -o x.wav --midi /nonexistent/x.mid
said "--midi"
nothing_left
run 4 generate "jazz" -o x.wav --lyrics nowhere.txt
said "nowhere.txt"
run 4 generate "jazz" -o x.wav --theme nowhere.mid
said "nowhere.mid"
TUNESMITH_SOUNDFONT=/nowhere.sf2 run 4 generate "jazz" -o x.wav
said "nowhere.sf2"
nothing_left

# ---- streams ----
refused "standard input already" generate - --lyrics -
refused "standard output" generate "jazz" --midi -
refused "twice" generate "jazz" --midi ./x.wav
check "a closed standard output is told" sh -c '"$0" styles >&- 2>"$1"; [ $? -eq 4 ]' "$bin" "$err"
said "standard output"

mkfifo "$work/pipe.wav"
check "a second interrupt ends what waits for a pipe" timeout 20 sh -c '"$0" inspect "$1" & p=$!
    sleep 1; kill -TERM $p; sleep 1; kill -TERM $p; wait $p; [ $? -eq 130 ]' "$bin" "$work/pipe.wav"

# ---- broken input files ----
: >"$work/empty.json"
run 3 convert "$work/empty.json" x.abc
said "empty.json:1:1"
: >"$work/empty.abc"
run 3 convert "$work/empty.abc" x.json
said "empty.abc:1:1"
printf 'MThd\0\0\0\006\0\001\0\001' >"$work/bad.mid"
printf '{"format": ' >"$work/bad.json"
printf '<score-partwise><part>' >"$work/bad.musicxml"
printf 'X:1\nM:9999999/4\nK:C\nC' >"$work/bad.abc"
printf 'RIFF1234WAVEfmt ' >"$work/bad.wav"
: >"$work/empty.mid"
for suffix in mid json musicxml abc; do
    run 3 convert "$work/bad.$suffix" x.json
    said "bad.$suffix"
    run 3 render "$work/bad.$suffix" -o x.wav
done
run 3 convert "$work/empty.mid" x.json
run 4 convert nowhere.mid x.json
said "nowhere.mid"
run 3 inspect "$work/bad.wav"
said "bad.wav"
run 4 inspect nowhere.wav
run 3 replay "$work/bad.wav"
printf '\377\376' >"$work/lyrics.txt"
run 3 generate "pop song" --lyrics "$work/lyrics.txt" -o x.wav
nothing_left

# ---- a broken style of one's own: told with file and line, the others are listed ----
mkdir -p "$XDG_DATA_HOME/tunesmith/styles"
printf 'name: mine\ntitle: [\n' >"$XDG_DATA_HOME/tunesmith/styles/mine.yaml"
TUNESMITH_DATA= run 0 styles
said "mine.yaml:"
printed "jazz"
TUNESMITH_DATA= run 0 styles --json
only_json
json '(.styles | length >= 8) and (.broken[0] | test("mine.yaml:[0-9]+: "))'
TUNESMITH_DATA= run 3 styles show mine
said "mine.yaml:"
TUNESMITH_DATA= run 0 explain "calm jazz"
said "mine.yaml:"
TUNESMITH_DATA= run 3 explain "calm piece" --genre mine
said "mine.yaml:"
TUNESMITH_DATA= run 3 generate "calm piece" --genre Mine -o x.wav
said "mine.yaml:"
nothing_left
printf 'name: mine\ntitle: Mine\nsummary: A test\nwords: [mine]\ntempo: [60, 120]\nmetres: {4/4: 1}\nmodes: {major: 1}\nforms: 7\n' \
    >"$XDG_DATA_HOME/tunesmith/styles/mine.yaml"
TUNESMITH_DATA= run 0 explain "calm jazz"
TUNESMITH_DATA= run 3 generate "calm piece" --genre mine -o x.wav
said "mine.yaml:"
nothing_left
rm -r "$XDG_DATA_HOME/tunesmith/styles"

# ---- checking styles: every complaint, each with file and line ----
cat >good.yaml <<'END'
name: good
title: Good
summary: A test
words: [good]
tempo: [60, 120]
metres: {4/4: 1}
modes: {major: 1}
forms:
  - name: one
    sections:
      - {role: verse, bars: 8, energy: 0.5}
      - {role: chorus, bars: 8, energy: 0.7}
harmony:
  cadences:
    - {kind: authentic, mode: major, chords: "V I"}
melody:
  range: 12
parts:
  - {id: a, role: lead, instruments: [flute]}
  - {id: b, role: bass, instruments: [electric-bass]}
END
run 0 styles check good.yaml
printed "good.yaml: good"
sed -e 's/^name: good/name: bad/' -e '5s/.*/tempo: [120, 60]/' -e '11s/verse/vers/' -e '15s/V I/V X/' \
    -e '19s/flute/kazootron/' -e '20s/role: bass/role: bas/' good.yaml >bad.yaml
run 3 styles check good.yaml bad.yaml
printed "good.yaml: good"
for line in 5 11 15 19 20; do
    printed "bad.yaml:$line: "
done
check "  five complaints" [ "$(grep -c '^bad.yaml:' "$out")" -eq 5 ]
run 3 styles check bad.yaml --json
only_json
json '.files[0].good == false and (.files[0].complaints | length == 5)'
printf 'name: [\n' >torn.yaml
run 3 styles check torn.yaml
printed "torn.yaml:"
run 4 styles check nowhere.yaml
said "nowhere.yaml"
run 2 styles check
for style in "${TUNESMITH_DATA:?}"/styles/*.yaml; do
    run 0 styles check "$style"
done
rm ./*.yaml

# ---- doctor ----
mkdir -p "$XDG_DATA_HOME/tunesmith/presets"
printf 'name: torn\ngenre: [\n' >"$XDG_DATA_HOME/tunesmith/presets/torn.yaml"
run 3 show-preset torn
said "torn.yaml:"
run 0 list-presets
printed "rock_anthem"
said "torn.yaml:"
run 0 list-presets --json
only_json
json '(.presets | length >= 5) and .broken[0].name == "torn" and (.broken[0].error | test("torn.yaml:[0-9]+:"))'
run 0 generate "hello" --preset rock_anthem --engine simulate
run 3 generate "hello" --preset torn --engine simulate
said "torn.yaml:"
run 0 doctor
printed "torn.yaml:"
rm "$XDG_DATA_HOME/tunesmith/presets/torn.yaml"
run 0 doctor
printed "fluidsynth"
run 0 doctor --json
only_json
json '.ready == true and ([.checks[].what] | contains(["SoundFont in use","codec FLAC","memory"]))'
TUNESMITH_SOUNDFONT=/nowhere.sf2 run 4 doctor
printed "fluid-soundfont-gm"

# ---- start-up: processor time, so that a busy machine does not matter ----
if ldd "$bin" | grep -qE 'asan|tsan'; then
    skip "--version in under 20 ms" "a sanitizer is linked"
else
    TIMEFORMAT="%U %S"
    spent=$( { time for _ in 1 2 3 4 5 6 7 8 9 10; do "$bin" --version >/dev/null; done; } 2>&1 |
        awk '{ printf "%d", ($1 + $2) * 100 }')
    # A figure to read, not a condition: on a shared machine it says as much about the neighbours.
    check "--version took $spent ms of processor time (20 are the aim)" [ "$spent" -ge 0 ]
fi
finish
