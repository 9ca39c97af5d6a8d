#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Can a plain classifier tell the styles apart by their notes?

  bench/separate.py FOLDER [--folds 5] [--pairs 20]     scores of bench/compose-scores: STYLE-SEED.json

Each score becomes a row of symbolic features: tempo and metre, notes a second and share of the time of each
role, lengths, registers and loudness, swing, intervals of the melody, scale degrees, chord qualities, roots
and their pace, the sixteen places of a bar where drums and bass play, section roles; and, in one variant,
which instruments play.  Classifiers are scikit-learn's linear discriminant (shrinkage), nearest neighbours and
nearest centroid on standardised features, cross-validated with whole seeds left out (a fold never sees the
seeds that it is asked about).  Prints accuracies, accuracy of each style, and the pairs that are taken for
one another most; writes out/separate.csv.
"""
import argparse
import csv
import re
import statistics
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parent))
import score_file  # noqa: E402

ROLES = ("lead", "counter", "comp", "arp", "pad", "bass", "drums", "perc", "fx")
SECTIONS = ("intro", "verse", "chorus", "bridge", "solo", "breakdown", "build", "drop", "interlude", "theme",
            "contrast", "variation", "outro", "coda")
METRES = ("2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "9/8", "12/8")
# General MIDI drum keys by what they are.
DRUMS = {"kick": (35, 36), "snare": (38, 40), "side": (37, 39), "hat": (42, 44), "open": (46,),
         "ride": (51, 53, 59), "crash": (49, 52, 55, 57), "tom": (41, 43, 45, 47, 48, 50)}
QUALITIES = tuple(score_file.CHORDS)


def share(counts, names):
    total = sum(counts.values()) or 1
    return [counts[name] / total for name in names]


def mean(values):
    return statistics.mean(values) if values else 0.0


def spread(values):
    return statistics.pstdev(values) if values else 0.0


def basics(score):
    _, beats, unit = score.metres[0]
    row = {"log bpm": np.log2(score.bpm), "bars a section": score.bars / max(1, len(score.sections))}
    row.update({f"metre {m}": float(m == f"{beats}/{unit}") for m in METRES})
    roles = Counter(re.sub(r" \d+$", "", s["role"] if isinstance(s, dict) else str(s[2])) for s in score.sections)
    row.update(zip((f"section {s}" for s in SECTIONS), share(roles, SECTIONS)))
    row["modes minor"] = mean([3 in {(p - score_file.key_classes(k)[0]) % 12 for p in score_file.key_classes(k)[1]}
                               for _, k in score.keys])
    return row


def role_figures(score):
    row = {}
    for role in ROLES:
        tracks = [t for t in score.tracks if t.role == role and t.notes]
        notes = [n for t in tracks for n in t.notes]
        row[f"{role} parts"] = len(tracks)
        row[f"{role} notes/s"] = len(notes) / score.duration
        row[f"{role} bars"] = len({n.onset // score.bar for n in notes}) / max(1, score.bars)
        row[f"{role} length"] = mean([min(8, n.duration / score.beat) for n in notes])
        row[f"{role} sounding"] = mean([min(1.2, (n.end - n.start) / n.duration) for n in notes])
        row[f"{role} velocity"] = mean([n.velocity for n in notes])
        row[f"{role} spread"] = spread([n.velocity for n in notes])
        row[f"{role} late"] = mean([n.onset_offset / score_file.PPQ * 60 / score.tempos[0][1] for n in notes])
        row[f"{role} together"] = len(notes) / max(1, len({(id(t), n.onset) for t in tracks for n in t.notes}))
        if role not in ("drums", "perc", "fx"):
            row[f"{role} pitch"] = mean([n.pitch for n in notes])
            row[f"{role} range"] = spread([n.pitch for n in notes])
    return row


def places(score, name, notes):
    """Share of the bars in which something begins at each sixteenth of the bar."""
    slots = Counter(round((n.onset % score.bar) * 16 / score.bar) % 16
                    for n in {(n.onset // (score.bar // 16 or 1)): n for n in notes}.values())
    return {f"{name} at {i}": slots[i] / max(1, score.bars) for i in range(16)}


def swing(score):
    """Where the off-beat eighth falls in its beat, as played."""
    inside = [((n.onset + n.onset_offset) % score.beat) / score.beat for t in score.tracks for n in t.notes
              if t.role in ("drums", "comp", "lead", "bass")]
    middle = [x for x in inside if 0.42 < x < 0.75]
    thirds = [x for x in inside if abs(x - 1 / 3) < 0.04]
    return {"swing": mean(middle), "swing spread": spread(middle), "thirds": len(thirds) / max(1, len(inside))}


def melody(score):
    lead = score.lead()
    line = sorted(lead.notes, key=lambda n: n.onset) if lead else []
    steps = Counter(max(-12, min(12, b.pitch - a.pitch)) for a, b in zip(line, line[1:]) if b.onset > a.onset)
    row = dict(zip((f"melody {i:+d}" for i in range(-12, 13)), share(steps, range(-12, 13))))
    gaps = Counter(min(16, round((b.onset - a.onset) * 4 / score.beat)) for a, b in zip(line, line[1:])
                   if b.onset > a.onset)
    row.update(zip((f"melody gap {i}" for i in range(17)), share(gaps, range(17))))
    row["melody velocity range"] = spread([n.velocity for n in line])
    return row


def harmony(score):
    notes = [n for t in score.tracks if not t.is_drums for n in t.notes]
    degrees, roots, qualities = Counter(), Counter(), Counter()
    for n in notes:
        degrees[(n.pitch - score_file.key_classes(score.key_at(n.onset))[0]) % 12] += n.duration
    for tick, ticks, symbol in score.chords:
        root, _ = score_file.chord_classes(symbol)
        roots[(root - score_file.key_classes(score.key_at(tick))[0]) % 12] += ticks
        suffix = re.sub(r"/[A-G][#b]*$", "", re.sub(r"^[A-G][#b]*", "", symbol))
        qualities[suffix if suffix in QUALITIES else ""] += ticks
    row = dict(zip((f"degree {i}" for i in range(12)), share(degrees, range(12))))
    row.update(zip((f"root {i}" for i in range(12)), share(roots, range(12))))
    row.update(zip((f"chord {q}" for q in QUALITIES), share(qualities, QUALITIES)))
    row["chords a bar"] = len(score.chords) / max(1, score.bars)
    return row


def rhythm(score):
    row = {}
    drums = [n for t in score.tracks if t.is_drums for n in t.notes]
    for name, keys in DRUMS.items():
        row.update(places(score, name, [n for n in drums if n.pitch in keys]))
    known = {k for keys in DRUMS.values() for k in keys}
    row.update(places(score, "percussion", [n for n in drums if n.pitch not in known]))
    for role in ("bass", "comp", "arp"):
        row.update(places(score, role, [n for t in score.tracks if t.role == role for n in t.notes]))
    bass = sorted((n for t in score.tracks if t.role == "bass" for n in t.notes), key=lambda n: n.onset)
    steps = Counter(max(-12, min(12, b.pitch - a.pitch)) for a, b in zip(bass, bass[1:]))
    row.update(zip((f"bass {i:+d}" for i in range(-12, 13)), share(steps, range(-12, 13))))
    return row


def instruments(score, names):
    counts = Counter()
    for track in score.tracks:
        counts[track.instrument] += len(track.notes) > 0
    return {f"plays {name}": float(counts[name]) for name in names}


def read(folder):
    rows, styles, seeds = [], [], []
    scores = []
    for path in sorted(Path(folder).glob("*.json")):
        style, seed = path.stem.rsplit("-", 1)
        scores.append(score_file.Score(path))
        styles.append(style)
        seeds.append(int(seed))
    names = sorted({t.instrument for s in scores for t in s.tracks})
    for score in scores:
        row = {}
        for part in (basics, role_figures, swing, melody, harmony, rhythm):
            row.update(part(score))
        row.update(instruments(score, names))
        rows.append(row)
    columns = list(rows[0])
    return np.array([[row[c] for c in columns] for row in rows], float), np.array(styles), np.array(seeds), columns


def classifiers():
    return {"linear discriminant": make_pipeline(StandardScaler(),
                                                 LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")),
            "5 nearest neighbours": make_pipeline(StandardScaler(), KNeighborsClassifier(5)),
            "nearest centroid": make_pipeline(StandardScaler(), NearestCentroid())}


def predict(model, x, styles, seeds, folds):
    """Every piece named by a model that saw none of its fold's seeds."""
    order = {seed: i for i, seed in enumerate(sorted(set(seeds)))}
    fold = np.array([order[seed] % folds for seed in seeds])
    guess = np.empty_like(styles)
    for i in range(folds):
        model.fit(x[fold != i], styles[fold != i])
        guess[fold == i] = model.predict(x[fold == i])
    return guess


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=20)
    arguments = parser.parse_args()
    x, styles, seeds, columns = read(arguments.folder)
    keep = x.std(axis=0) > 1e-9
    x, columns = x[:, keep], [c for c, k in zip(columns, keep) if k]
    plain = np.array([not c.startswith("plays ") for c in columns])
    print(f"{len(set(styles))} styles, {len(styles)} pieces, {x.shape[1]} features, chance {1 / len(set(styles)):.3f}")
    shown = {}
    for variant, columns_used in (("all features", np.ones(len(columns), bool)), ("without instruments", plain)):
        for name, model in classifiers().items():
            guess = predict(model, x[:, columns_used], styles, seeds, arguments.folds)
            print(f"{variant:22}{name:24}{np.mean(guess == styles):.3f}")
            shown[variant, name] = guess
    Path("out").mkdir(exist_ok=True)
    with open("out/separate.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["style", "seed"] + [f"{v}; {n}" for v, n in shown])
        writer.writerows([style, seed] + [g[i] for g in shown.values()]
                         for i, (style, seed) in enumerate(zip(styles, seeds)))
    for variant in ("all features", "without instruments"):
        guess = shown[variant, "linear discriminant"]
        print(f"\n{variant}, linear discriminant: styles below 0.9")
        for style in sorted(set(styles)):
            right = np.mean(guess[styles == style] == style)
            if right < 0.9:
                taken = Counter(guess[(styles == style) & (guess != style)]).most_common(3)
                print(f"  {style:24}{right:.2f}  taken for " + ", ".join(f"{t} {n}" for t, n in taken))
        pairs = Counter(tuple(sorted((a, b))) for a, b in zip(styles, guess) if a != b)
        print("pairs: " + ", ".join(f"{a}/{b} {n}" for (a, b), n in pairs.most_common(arguments.pairs)))


if __name__ == "__main__":
    main()
