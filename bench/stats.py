#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measure scores as real music was measured, one column a score, beside the figures of human MIDI.

  bench/stats.py SCORE.json ...          a table
  bench/stats.py --csv SCORE.json ...    one row a score

The reference column holds means (spreads) of 63 human-written multi-track pieces, first minute each.
They describe; a style may well lie elsewhere.
"""
import argparse
import csv
import math
import statistics
import sys
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import score_file  # noqa: E402

REFERENCE = {
    "parts playing": "6 (2)", "notes at once": "3.2 (1.2)", "notes/s": "21 (9); classical 6-12",
    "pc entropy": "2.6 (.5)", "in best scale": ".92 (.07)", "chords in key": ".80 (.18)",
    "chord changes/bar": "1.5 (.3)", "chords in a minute": "12 (5)", "strong = chord tone": ".86; .63",
    "clashes": ".007", "repeats": ".29", "steps": ".28; .6", "leaps > 8ve": ".02; 0", "range": "15 (8)",
    "interval entropy": "2.7", "figures return": ".66; .39", "bars return": ".27 (.21); .18",
    "bars alike": ".61", "likeness 4,8": "+.12; +.06", "parts change": ".45", "density change": ".27",
    "velocity spread": "12", "velocity values": "26", "off grid ms": "4-10", "controls/s": "3",
}


def entropy(counts):
    total = sum(counts.values())
    return -sum(n / total * math.log2(n / total) for n in counts.values()) if total else 0.0


def best_scale_share(notes):
    counts = Counter(n.pitch % 12 for n in notes)
    total = sum(counts.values()) or 1
    scales = [score_file.MODES["major"], score_file.MODES["harmonic minor"]]
    return max(sum(counts[(tonic + step) % 12] for step in scale) for scale in scales
               for tonic in range(12)) / total


def sounding_share(score, notes):
    """Mean number of notes sounding while anything sounds."""
    events = sorted([(n.start, 1) for n in notes] + [(n.end, -1) for n in notes])
    now, last, area, busy = 0, 0, 0, 0
    for tick, change in events:
        area += now * (tick - last)
        busy += (tick - last) if now else 0
        now, last = now + change, tick
    return area / busy if busy else 0


def chord_figures(score):
    if not score.chords:
        return {}
    inside = total = 0
    for tick, ticks, symbol in score.chords:
        _, tones = score_file.chord_classes(symbol)
        _, scale = score_file.key_classes(score.key_at(tick))
        inside += ticks if tones <= scale else 0
        total += ticks
    changes = sum(a[2] != b[2] for a, b in zip(score.chords, score.chords[1:])) + 1
    minute = {s for t, _, s in score.chords if score.seconds(t) < 60}
    return {"chords in key": inside / total, "chord changes/bar": changes / max(score.bars, 1),
            "chords in a minute": len(minute)}


def clash_share(score, notes):
    """Pairs that sound together a semitone (or major seventh, minor ninth) apart, of all pairs."""
    pairs = clashes = 0
    active = []
    for note in sorted(notes, key=lambda n: n.onset):
        active = [n for n in active if n.onset + n.duration > note.onset + 60]
        for other in active:
            pairs += 1
            clashes += abs(other.pitch - note.pitch) in (1, 13)
        active.append(note)
    return clashes / pairs if pairs else 0


def top_line(track):
    """One note at a time: the highest of each onset."""
    by_onset = {}
    for note in track.notes:
        if note.onset not in by_onset or note.pitch > by_onset[note.onset].pitch:
            by_onset[note.onset] = note
    return [by_onset[t] for t in sorted(by_onset)]


def melody_figures(score, lead):
    line = top_line(lead)
    if len(line) < 8:
        return {}
    steps = [b.pitch - a.pitch for a, b in zip(line, line[1:])
             if b.onset - a.onset - a.duration < 2 * score.beat]
    n = len(steps) or 1
    strong = [note for note in line if note.onset % score.beat == 0 and score.chord_at(note.onset)]
    tones = sum(note.pitch % 12 in score_file.chord_classes(score.chord_at(note.onset))[1]
                for note in strong)
    figures = Counter()
    for i in range(len(line) - 3):
        four = line[i:i + 4]
        rhythm = tuple((b.onset - a.onset) * 4 // score.beat for a, b in zip(four, four[1:]))
        contour = tuple((b.pitch > a.pitch) - (b.pitch < a.pitch) for a, b in zip(four, four[1:]))
        if sum(rhythm) < 64:
            figures[rhythm + contour] += 1
    total = sum(figures.values()) or 1
    rests = [(a, b) for a, b in zip(line, line[1:]) if b.onset - a.onset - a.duration >= score.beat // 2]
    return {
        "strong = chord tone": tones / max(len(strong), 1),
        "repeats": sum(s == 0 for s in steps) / n, "steps": sum(1 <= abs(s) <= 2 for s in steps) / n,
        "leaps > 8ve": sum(abs(s) > 12 for s in steps) / n,
        "range": max(x.pitch for x in line) - min(x.pitch for x in line),
        "interval entropy": entropy(Counter(steps)),
        "figures return": sum(c for c in figures.values() if c > 1) / total,
        "lead notes/bar": len(line) / max(score.bars, 1), "lead rests/8 bars": len(rests) / max(score.bars, 1) * 8,
        "lead share of time": sum(x.duration for x in line) / score.ticks,
    }


def bar_sets(score, tracks):
    bars = defaultdict(set)
    for index, track in enumerate(tracks):
        for note in track.notes:
            bars[note.onset // score.bar].add((index, note.onset % score.bar * 4 // score.beat, note.pitch))
    return [frozenset(bars[i]) for i in range(score.bars)]


def likeness(a, b):
    return len(a & b) / len(a | b) if a | b else 1.0


def form_figures(score):
    bars = bar_sets(score, score.tracks)
    filled = [b for b in bars if b]
    counts = Counter(filled)
    alike = sum(any(i != k and likeness(a, b) >= 0.5 for k, b in enumerate(bars) if b)
                for i, a in enumerate(bars) if a)

    def at_distance(d):
        pairs = [likeness(a, b) for a, b in zip(bars, bars[d:]) if a and b]
        return statistics.mean(pairs) if pairs else 0

    return {"bars return": sum(c for c in counts.values() if c > 1) / max(len(filled), 1),
            "bars alike": alike / max(len(filled), 1),
            "likeness 4,8": statistics.mean(map(at_distance, (4, 8))) -
            statistics.mean(map(at_distance, (3, 5, 7)))}


def layer_figures(score):
    """Parts that enter or leave inside the piece, and how density moves over windows of eight bars."""
    changing = 0
    playing = Counter()
    for track in score.tracks:
        heard = {note.onset // score.bar // 4 for note in track.notes}
        blocks = max(1, math.ceil(score.bars / 4))
        changing += any(i not in heard for i in range(blocks)) and bool(heard)
        for bar in {note.onset // score.bar for note in track.notes}:
            playing[bar] += 1
    density = [0] * max(1, score.bars // 8)
    for track in score.tracks:
        for note in track.notes:
            window = note.onset // (8 * score.bar)
            if window < len(density):
                density[window] += 1
    return {"parts": len(score.tracks),
            "parts playing": statistics.mean(playing.values()) if playing else 0,
            "parts change": changing / max(len(score.tracks), 1),
            "density change": (max(density) - min(density)) / max(max(density), 1)}


def playing_figures(score):
    spreads, values, off = [], [], []
    for track in score.tracks:
        velocities = [n.velocity for n in track.notes]
        if len(velocities) >= 12:
            spreads.append(statistics.pstdev(velocities))
            values.append(len(set(velocities)))
        for note in track.notes:
            off.append(abs(note.onset_offset) / score_file.PPQ * 60 / score.tempos[0][1] * 1000)
    return {"velocity spread": statistics.mean(spreads) if spreads else 0,
            "least spread": min(spreads) if spreads else 0,
            "velocity values": statistics.mean(values) if values else 0,
            "off grid ms": statistics.mean(off) if off else 0,
            "off grid p95 ms": sorted(off)[len(off) * 95 // 100] if off else 0,
            "controls/s": sum(len(t.controls) for t in score.tracks) / score.duration}


def measure(path):
    score = score_file.Score(path)
    pitched = [n for t in score.tracks if not t.is_drums for n in t.notes]
    everything = sum(len(t.notes) for t in score.tracks)
    figures = {"seconds": score.duration, "bpm": score.bpm, "bars": score.bars}
    figures.update(layer_figures(score))
    figures.update({"notes at once": sounding_share(score, pitched),
                    "notes/s": everything / score.duration,
                    "pc entropy": entropy(Counter(n.pitch % 12 for n in pitched)),
                    "in best scale": best_scale_share(pitched)})
    figures.update(chord_figures(score))
    figures["clashes"] = clash_share(score, pitched)
    if score.lead():
        figures.update(melody_figures(score, score.lead()))
    figures.update(form_figures(score))
    figures.update(playing_figures(score))
    return figures


def show(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", action="store_true")
    parser.add_argument("scores", nargs="+")
    arguments = parser.parse_args()
    rows = {Path(path).stem: measure(path) for path in arguments.scores}
    names = list(dict.fromkeys(name for figures in rows.values() for name in figures))
    if arguments.csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(["score"] + names)
        for title, figures in rows.items():
            writer.writerow([title] + [round(figures[n], 4) if n in figures else "" for n in names])
        return
    print(f"{'':20}" + "".join(f"{title[:11]:>12}" for title in rows) + "   human; classical")
    for name in names:
        print(f"{name:20}" + "".join(f"{show(f.get(name)):>12}" for f in rows.values()) +
              "   " + REFERENCE.get(name, ""))


if __name__ == "__main__":
    main()
