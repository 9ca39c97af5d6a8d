#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the command line does with sound: files and everything beside them, pipes, replay, cancelling,
# full disks, playing.
. "$(dirname "$0")/tap.sh"

# with TOOL NAME CONDITION...: a check that needs an outside program
with() {
    if command -v "$1" >/dev/null; then
        shift
        check "$@"
    else
        skip "$2" "$1 is not installed"
    fi
}
probe() { ffprobe -v error -show_entries "$2" -of csv=p=0 "$1" 2>/dev/null; }
same() { [ "$(sha256sum <"$1")" = "$(sha256sum <"$2")" ]; }

ask="slow jazz ballad in F minor, 70 bpm, upright bass and piano, 8 seconds"

# ---- one piece with everything beside it ----
run 0 generate "$ask" --seed 7 -o a.flac --midi a.mid --musicxml a.musicxml --abc a.abc \
    --score a.json --stems stems --report report.json
printed "a.flac"
printed "seed 7"
printed "F minor"
check "  no temporary file" [ -z "$(ls -A . stems | grep tunesmith)" ]
with ffprobe "  eight seconds to the sample" [ "$(probe a.flac stream=duration_ts)" = 352800 ]
with ffprobe "  title, tempo, key in the tags" \
    sh -c 'ffprobe -v error -show_format a.flac | grep -qi "tag:title=Slow Jazz Ballad" &&
           ffprobe -v error -show_format a.flac | grep -qiE "tag:(bpm|tbpm)=70" &&
           ffprobe -v error -show_format a.flac | grep -i "tag:TUNESMITH_RECIPE=" >/dev/null'
with midicsv "  MIDI reads: tempo and key" \
    sh -c 'midicsv a.mid | grep -q "Tempo, 857143" && midicsv a.mid | grep -q "Key_signature, -4, \"minor\""'
with xmllint "  MusicXML is well-formed" xmllint --noout --nonet a.musicxml
check "  ABC has its head" grep -q '^K:' a.abc
cp report.json "$out"
only_json
json '.complete and .summary.missed == 0 and .summary.met >= 6'
json '[.fields[] | select(.status == "missed")] == []'
json '(.measured.loudness_lufs + 14 | fabs) <= 0.5 and .measured.true_peak_dbtp <= -1'
json '.measured.length_seconds == 8'
json '.rights.ai_model == false and (.rights.sound_set | length > 0)'
cp a.json "$out"
only_json
tracks=$(jq '.tracks | length' report.json)
check "  a stem a track" [ "$(ls stems/*.wav | wc -l)" -eq "$tracks" ]
with ffprobe "  stems are float and as long" sh -c 'for f in stems/*.wav; do
    [ "$(ffprobe -v error -show_entries stream=codec_name,duration_ts -of csv=p=0 $f)" = pcm_f32le,352800 ] || exit 1; done'

# ---- the same recipe, the same sound ----
run 0 generate "$ask" --seed 7 -o b.flac --threads 1 --quiet
check "  quiet" [ ! -s "$out" ]
check "  quiet on standard error too" [ ! -s "$err" ]
check "  one thread or all: the same bytes" same a.flac b.flac
run 0 generate "$ask" --seed 8 -o c.flac -q
check "  another seed, another piece" sh -c '! cmp -s a.flac c.flac'
run 0 replay a.flac
printed "identical"
run 0 replay a.flac --json
only_json
json '.identical and .same_score'

head -c $(($(stat -c %s a.flac) * 2 / 3)) a.flac >cut.flac
run 3 replay cut.flac
said "cut.flac"
check "  before anything is rendered" [ "$(wc -l <"$err")" -eq 1 ]
rm cut.flac

# ---- inspect ----
run 0 inspect a.flac --json
only_json
json '.measured.length_seconds == 8 and .tags.title == "Slow Jazz Ballad in F Minor"'
json '.recipe.seed == 7 and .rights.recipe_sha256 != null and .tags.key == "Fm"'
run 0 inspect a.flac
printed "recipe"

# ---- formats ----
for format in wav wav24 wav32f flac flac24 mp3 ogg opus; do
    suffix=${format%24}
    suffix=${suffix%32f}
    run 0 generate "$ask" --seed 7 --format $format -o f-$format.$suffix --json
    only_json
    json ".format == \"$format\" and .status == \"completed\" and .seed == 7"
done
with ffprobe "codecs" [ "$(for f in f-*; do probe $f stream=codec_name; done | tr '\n' ' ')" = \
    "flac flac mp3 vorbis opus pcm_s16le pcm_s24le pcm_f32le " ]
for file in f-mp3.mp3 f-ogg.ogg f-opus.opus f-wav24.wav; do
    run 0 replay $file
    printed "identical"
done
run 2 generate "$ask" --lyrics a.flac -o no.wav
run 0 generate "$ask" --rate 48000 -o r.wav -q
with ffprobe "  at 48 kHz" [ "$(probe r.wav stream=sample_rate,duration_ts)" = "48000,384000" ]

# ---- pipes ----
check "a pipe into a pipe" sh -c 'echo "calm ambient pad, 6 seconds" |
    "$0" generate - -o - --format ogg --seed 1 2>/dev/null | head -c 4 | grep -q OggS' "$bin"
with ffmpeg "the pipe's samples are the file's" sh -c '"$0" generate "$1" --seed 7 -o - --format wav -q |
    ffmpeg -v error -i - -f md5 - >pipe.md5 && ffmpeg -v error -i f-wav.wav -f md5 - | cmp - pipe.md5' \
    "$bin" "$ask"
check "a closed pipe is exit 4" sh -c '("$0" generate "$1" --seed 7 -o - --format wav -q 2>/dev/null; echo $? >code) |
    head -c 1 >/dev/null; [ "$(cat code)" = 4 ]' "$bin" "$ask"

# ---- scores ----
run 0 convert a.mid d.json
run 0 convert a.json d.musicxml
run 0 convert a.json d.abc
check "convert to standard output" sh -c '"$0" convert a.json - --format midi | head -c 4 | grep -q MThd' "$bin"
run 0 convert a.json e.json
check "  JSON to JSON is the identity" same a.json e.json
for score in a.json a.mid a.musicxml a.abc; do
    run 0 render $score -o s.wav -q
    check "  sound from $score" [ -s s.wav ]
done
run 0 render a.json -o s.flac -q
run 3 replay s.flac
said "--score"
run 0 replay s.flac --score a.json
printed "identical"
run 3 replay s.flac --score d.json

# ---- a theme ----
printf 'X:1\nT:Mill Lane\nM:4/4\nL:1/4\nK:G\nG B d B|c A F2|G B d g|f e d2|e c e g|d B G2|A c B A|F A G2|]\n' >theme.abc
run 0 generate "folk waltz in D, 20 seconds" --theme theme.abc --seed 4 -o theme.flac -q
rm theme.abc
run 0 replay theme.flac
printed "identical"
run 3 generate "folk" --theme theme.flac -o no.wav

# ---- loop ----
run 0 generate "house, 124 bpm, A minor" --loop --duration 8 --seed 3 -o loop.wav --json
json '.report.fields[] | select(.field == "loop") | .status == "met"'

# ---- the old surface ----
ln -s "$bin" "$work/music-gen"
"$work/music-gen" generate --text "evening song" --genre folk --duration 60 --verses 1 --choruses 1 --no-bridge \
    --mode compose -o old.flac --json >"$out" 2>"$err"
json '.duration_seconds == 60 and .style == "folk"'
json '[.sections[] | sub(" [0-9]+$"; "")] == ["intro","verse","chorus","outro"]'

# ---- failures leave nothing, and what was there stays ----
mkdir "$work/clean"
cd "$work/clean" || exit 1
if [ -w /dev/full ]; then
    check "standard output full is exit 4" sh -c '"$0" generate "$1" --seed 7 -o - --format wav >/dev/full 2>"$2"; [ $? -eq 4 ]' \
        "$bin" "$ask" "$err"
    run 4 generate "$ask" --seed 7 -o /dev/full --format wav
    said "/dev/full"
    nothing_left
fi
mkdir "$work/small"
if mount -t tmpfs -o size=200k tmpfs "$work/small" 2>/dev/null; then
    echo before >"$work/small/x.wav"
    run 4 generate "$ask" --seed 7 -o "$work/small/x.wav"
    said "$work/small has 0.2 MiB free"
    check "  before anything is rendered" sh -c '! grep -q "master" "$0"' "$err"
    run 4 generate "$ask" --seed 7 -o "$work/small/x.flac"
    said "$work/small/x.flac"
    said "full"
    check "  the old file is untouched" [ "$(cat "$work/small/x.wav")" = before ]
    check "  no temporary file" [ "$(ls -A "$work/small")" = x.wav ]
    run 4 generate "$ask" --seed 7 -o y.wav --stems "$work/small/stems"
    check "  no stems folder" [ "$(ls -A "$work/small")" = x.wav ]
    nothing_left
    umount "$work/small"
else
    skip "a full disk" "mounting is refused here"
fi
check "a limit on files is an error, no sudden end" sh -c 'ulimit -f 100; "$0" generate "$1" --seed 7 -o z.flac -q 2>"$2"
    [ $? -eq 4 ]' "$bin" "$ask" "$err"
nothing_left
# No number of a closed stream may be lent to the file of the sound.
check "closed standard streams" sh -c '"$0" generate "$1" --seed 7 -o z.flac <&- >&- 2>&-; [ $? -eq 4 ]' "$bin" "$ask"
check "  the sound is whole" same z.flac ../files/a.flac
rm -f z.flac
"$bin" generate "epic orchestral piece, 5 minutes" -o long.flac --stems stems --midi long.mid >"$out" 2>"$err" &
victim=$!
sleep 1
start=$(date +%s%N)
kill -INT $victim
wait $victim
code=$?
took=$((($(date +%s%N) - start) / 1000000))
check "Ctrl-C is exit 130" [ $code -eq 130 ]
said "cancelled"
check "  at once ($took ms)" [ $took -lt 1000 ]
nothing_left

# ---- playing ----
run 0 play "$ask" --driver null
run 0 play "$work/files/a.flac" --driver null
run 0 play "$work/files/a.mid" --driver null
TUNESMITH_AUDIO_DRIVER=file:$work/played.wav run 0 play "$work/files/a.flac"
with ffprobe "  all of it was played" [ "$(probe "$work/played.wav" stream=duration_ts)" = 352800 ]
run 4 play "$ask" --driver nonsense
said "driver"
if [ ! -e /dev/snd ] && [ -z "${PULSE_SERVER:-}" ]; then
    run 4 play "$ask"
    said "sound card"
fi
run 4 play nope.flac --driver null
said "no such file"
run 2 play
nothing_left

# ---- the terminal ----
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
    script -qec "'$bin' generate '$ask' --seed 7 -o t.wav" /dev/null >"$out" 2>&1 </dev/null
    check "a bar with per cent on a terminal" grep -q '\[#.*%' "$out"
else
    skip "a bar with per cent on a terminal" "script has no pseudo-terminal here"
fi
finish
