#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""compare-outside.py SCORE-CONVERT [SEEDS]

Lets other programs read what we write and compares what they found, note for note: midicsv reads
our MIDI, abc2midi our ABC, MuseScore (if it is installed) our MusicXML.  Programs that are missing
are skipped, saying so; exit 77 when all are."""
import collections, csv, json, os, shutil, subprocess, sys, tempfile

convert, seeds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 6
musescore = next(filter(None, map(shutil.which, ["musescore3", "mscore3", "musescore", "mscore"])), None)
if not shutil.which("midicsv"):
    print("skipped: midicsv is not installed"); sys.exit(77)


def events(path):
    """[(onset, end, channel, pitch)] in quarters, from midicsv."""
    text = subprocess.run(["midicsv", path], check=True, capture_output=True).stdout.decode("utf-8", "replace")
    ppq, open_notes, notes = 960, {}, []
    for row in csv.reader(text.splitlines()):
        row = [field.strip() for field in row]
        if row[2] == "Header":
            ppq = int(row[5])
        elif row[2] in ("Note_on_c", "Note_off_c"):
            track, tick, channel, pitch, velocity = int(row[0]), int(row[1]), int(row[3]), int(row[4]), int(row[5])
            key = (track, channel, pitch)
            if row[2] == "Note_on_c" and velocity > 0:
                assert key not in open_notes, f"{path}: note on twice at {tick}"
                open_notes[key] = tick
            elif key in open_notes:
                notes.append((open_notes.pop(key) / ppq, tick / ppq, channel == 9, pitch))
    assert not open_notes, f"{path}: notes without end"
    return notes


def page(path):
    """The same from our JSON, as notated and as performed."""
    shown, heard = [], []
    for track in json.load(open(path))["tracks"]:
        drums = track["is_drums"]
        for note in track["notes"]:
            onset, duration, pitch = note[0], note[1], note[2]
            late, longer = (note[5], note[6]) if len(note) > 5 else (0, 0)
            shown.append((onset / 960, (onset + duration) / 960, drums, pitch))
            start = max(0, onset + late)
            heard.append((start / 960, max(start + 1, onset + late + duration + longer) / 960, drums, pitch))
    return shown, heard


def by_pitch(notes):
    groups = collections.defaultdict(list)
    for onset, end, drums, pitch in notes:
        groups[drums, pitch].append((onset, end))
    return {key: sorted(group) for key, group in groups.items()}


def agree(what, seed, ours, theirs, ends):
    """Same notes on each pitch, beginning (and, where asked, ending) within 0.12 of a quarter: abc2midi
    rolls its chords by ten ticks of 480 a note."""
    a, b = by_pitch(ours), by_pitch(theirs)
    for key in sorted(set(a) | set(b)):
        x, y = a.get(key, []), b.get(key, [])
        near = lambda p, q: abs(p[0] - q[0]) < 0.12 and (not ends or abs(p[1] - q[1]) < 0.001)
        if len(x) != len(y) or not all(map(near, x, y)):
            print(f"{what}, seed {seed}: (drums, pitch) {key}: {len(x)} notes, {len(y)} found; "
                  f"{next(((p, q) for p, q in zip(x, y) if not near(p, q)), '')}")
            return False
    return True


bad = gave_up = 0
with tempfile.TemporaryDirectory() as work:
    file = lambda name: os.path.join(work, name)
    for seed in range(1, seeds + 1):
        subprocess.run([convert, "random", str(seed)] + [file("a." + s) for s in ("json", "mid", "abc", "musicxml")], check=True)
        shown, heard = page(file("a.json"))
        bad += not agree("midicsv", seed, heard, events(file("a.mid")), True)
        if shutil.which("abc2midi"):
            said = subprocess.run(["abc2midi", file("a.abc"), "-NFER", "-o", file("abc.mid")], check=True,
                                  capture_output=True).stdout.decode("utf-8", "replace")
            # It gives each overlay a channel, and miscounts overlays that begin after a change of metre.
            if "channels used up" in said or "time units while" in said:
                gave_up += 1
            else:
                bad += not agree("abc2midi", seed, shown, events(file("abc.mid")), False)
        if musescore:
            subprocess.run([musescore, "-o", file("ms.mid"), file("a.musicxml")], check=True, capture_output=True,
                           env=dict(os.environ, QT_QPA_PLATFORM="offscreen"), timeout=120)
            if "<voice>9<" in open(file("a.musicxml")).read():  # it has four voices a staff
                gave_up += 1
            else:
                bad += not agree("MuseScore", seed, shown, events(file("ms.mid")), False)
print(f"{seeds} scores; midicsv, {'abc2midi' if shutil.which('abc2midi') else 'abc2midi missing'},"
      f" {'MuseScore' if musescore else 'MuseScore missing'}: {bad} disagreements"
      f" ({gave_up} beyond what abc2midi or MuseScore can hold)")
sys.exit(bad > 0)
