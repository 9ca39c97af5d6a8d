#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do outside ears hear the tempo and the key that were asked?

  bench/measure.py [--pieces 40] [--seconds 40]     aubio (tempo), chroma of the sound (key)
                   and, where they can be imported, librosa and essentia for both
  bench/measure.py --captions [--from 1 --to 100]   the hundred captions of tests/property/captions.jsonl

Each piece is asked for with a tempo and a key by number and name.  Tempo is right within 4 % (first
figure), or at half, double, a third or three times of it (second figure: as MIREX counts).  Key: exact,
and MIREX's weighted score (fifth 0.5, relative 0.3, parallel 0.2).  The ears know major and minor only: a
modal key counts as the one whose third it has, and is left out of the rows called "major, minor".  Captions
without a beat that could be tapped (a drone, a chorale) are left out of the rows called "with a beat".
Prints a table and writes out/measure.csv or out/measure-captions.csv.
"""
import argparse
import csv
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from piano_roll import read_wave  # noqa: E402

try:
    import librosa
except ImportError:
    librosa = None
try:
    import essentia
    import essentia.standard
    essentia.log.infoActive = False
    essentia.log.warningActive = False
except ImportError:
    essentia = None

TONICS = ["C", "G", "D", "A", "E", "B", "F#", "C#", "Ab", "Eb", "Bb", "F"]
CLASS = {"C": 0, "C#": 1, "Db": 1, "D": 2, "Eb": 3, "D#": 3, "E": 4, "F": 5, "F#": 6, "Gb": 6, "G": 7, "Ab": 8,
         "G#": 8, "A": 9, "Bb": 10, "A#": 10, "B": 11, "Cb": 11}
# Krumhansl and Kessler's probe-tone ratings (1982).
MAJOR = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]
MINOR = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def key_of_chroma(chroma):
    best = None
    for tonic in range(12):
        for mode, profile in (("major", MAJOR), ("minor", MINOR)):
            r = np.corrcoef(np.roll(profile, tonic), chroma)[0, 1]
            if best is None or r > best[0]:
                best = (r, tonic, mode)
    return best[1], best[2]


def plain_chroma(mono, rate):
    """Energy per pitch class between 60 Hz and 2 kHz: long windows, peaks only, square root against loud bass."""
    size = 16384
    window = np.hanning(size)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    low, high = np.searchsorted(frequencies, [60, 2000])
    pitch = np.round(69 + 12 * np.log2(frequencies[low:high] / 440)).astype(int) % 12
    chroma = np.zeros(12)
    for start in range(0, len(mono) - size, size // 2):
        spectrum = np.abs(np.fft.rfft(mono[start:start + size] * window))[low - 1:high + 1]
        middle = spectrum[1:-1]
        peaks = (middle > spectrum[:-2]) & (middle >= spectrum[2:])
        frame = np.bincount(pitch, weights=np.sqrt(middle) * peaks, minlength=12)
        chroma += frame / (frame.max() + 1e-9)
    return chroma


def hear(path, only=None):
    """What each program says: {name: (bpm or None, (tonic, mode) or None)}."""
    wanted = only.split(",") if only else ["aubio+chroma", "librosa", "essentia"]
    frames, rate = read_wave(path)
    mono = frames.mean(axis=1)
    text = run("aubio", "tempo", str(path)).split()
    heard = {"aubio+chroma": (float(text[0]) if text else None, key_of_chroma(plain_chroma(mono, rate)))}
    if librosa and "librosa" in wanted:
        tempo = float(np.atleast_1d(librosa.beat.beat_track(y=mono, sr=rate)[0])[0])
        heard["librosa"] = (tempo, key_of_chroma(librosa.feature.chroma_cqt(y=mono, sr=rate).mean(axis=1)))
    if essentia and "essentia" in wanted:
        tempo = float(essentia.standard.RhythmExtractor2013(method="multifeature")(mono)[0])
        tonic, mode, _ = essentia.standard.KeyExtractor(sampleRate=rate)(mono)
        heard["essentia"] = (tempo, (CLASS[tonic], mode))
    return heard


def tempo_right(asked, heard):
    close = [abs(heard / (asked * factor) - 1) <= 0.04 if heard else False for factor in (1, 0.5, 2, 1 / 3, 3)]
    return close[0], any(close)


def key_score(asked, heard):
    (tonic, mode), (heard_tonic, heard_mode) = asked, heard
    if asked == heard:
        return 1.0
    if mode == heard_mode and (heard_tonic - tonic) % 12 in (5, 7):
        return 0.5
    relative = (tonic + 9) % 12 if mode == "major" else (tonic + 3) % 12
    if mode != heard_mode and heard_tonic == relative:
        return 0.3
    return 0.2 if heard_tonic == tonic else 0.0


# Modes with a minor third; all others count as major.
MINOR_MODES = ("minor", "dorian", "phrygian", "locrian", "harmonic minor", "melodic minor", "minor pentatonic",
               "blues")


def captions(first, last):
    """The captions as they stand: the sentence is all that the program gets."""
    path = Path(__file__).parent.parent / "tests/property/captions.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    for index, line in enumerate(lines[first - 1:last], first):
        tonic, mode = line["key"].split(" ", 1)
        yield Piece(index, line["genre"], line["bpm"], tonic, mode, line["beat"], [line["caption"]])


@dataclass
class Piece:
    seed: int
    style: str
    bpm: float
    tonic: str
    mode: str
    beat: bool
    request: list  # arguments of generate

    @property
    def side(self):
        return "minor" if self.mode in MINOR_MODES else "major"


def pieces(program, count, seconds):
    """Styles in turn; tempo inside the style's own range, keys round the circle of fifths."""
    listing = json.loads(run(program, "styles", "--json"))
    styles = listing.get("styles", listing) if isinstance(listing, dict) else listing
    for index in range(count):
        style = styles[index % len(styles)]
        tempo = style.get("tempo") or style.get("bpm") or [90, 120]
        low, high = (tempo["low"], tempo["high"]) if isinstance(tempo, dict) else tempo
        share = (index * 0.381966) % 1
        bpm, tonic = round(low + share * (high - low)), TONICS[index * 5 % 12]
        mode = "major" if index // len(styles) % 2 == 0 else "minor"
        yield Piece(index + 1, style["name"], bpm, tonic, mode, True,
                    ["--genre", style["name"], "--bpm", str(bpm), "--key", f"{tonic} {mode}",
                     "--duration", str(seconds)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="build/tunesmith")
    parser.add_argument("--pieces", type=int, default=40)
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--captions", action="store_true", help="the hundred captions instead")
    parser.add_argument("--ears", help="only these, e.g. aubio+chroma,essentia")
    parser.add_argument("--from", type=int, default=1, dest="first")
    parser.add_argument("--to", type=int, default=1000, dest="last")
    arguments = parser.parse_args()
    Path("out").mkdir(exist_ok=True)
    rows = []
    asked = (captions(arguments.first, arguments.last) if arguments.captions
             else pieces(arguments.program, arguments.pieces, arguments.seconds))
    name = "out/measure-captions.csv" if arguments.captions else "out/measure.csv"
    with tempfile.TemporaryDirectory(prefix="tunesmith-measure-") as folder, \
            open(name, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for piece in asked:
            wave = Path(folder) / "piece.wav"
            run(arguments.program, "generate", *piece.request, "--seed", str(piece.seed), "--quiet", "-o", str(wave))
            for ear, (tempo, key) in hear(wave, arguments.ears).items():
                first, second = tempo_right(piece.bpm, tempo)
                rows.append(dict(zip(COLUMNS, [
                    ear, piece.seed, piece.style, int(piece.beat), piece.bpm, round(tempo or 0, 1), int(first),
                    int(second), f"{piece.tonic} {piece.mode}", f"{TONICS_BY_CLASS[key[0]]} {key[1]}",
                    key_score((CLASS[piece.tonic], piece.side), key)])))
                writer.writerow(rows[-1].values())
                print(",".join(map(str, rows[-1].values())), flush=True)
    summarise(rows)


COLUMNS = "ear,seed,style,beat,asked_bpm,heard_bpm,tempo,tempo_octave,asked_key,heard_key,key_score".split(",")
TONICS_BY_CLASS = {CLASS[name]: name for name in TONICS}


def summarise(rows):
    print(f"\n{'ear':14}{'style':18}{'pieces':>7}{'tempo':>8}{'octave':>8}{'key':>8}{'weighted':>10}")
    for ear in dict.fromkeys(row["ear"] for row in rows):
        mine = [row for row in rows if row["ear"] == ear]
        groups = [("all", mine), ("with a beat", [row for row in mine if row["beat"]]),
                  ("major, minor", [row for row in mine if row["asked_key"].endswith((" major", " minor"))])]
        groups += [(style, [row for row in mine if row["style"] == style])
                   for style in dict.fromkeys(row["style"] for row in mine)]
        for style, group in groups:
            mean = {name: sum(float(row[name]) for row in group) / max(len(group), 1)
                    for name in ("tempo", "tempo_octave", "key_score")}
            exact = sum(row["key_score"] == 1 for row in group) / max(len(group), 1)
            print(f"{ear:14}{style:18}{len(group):>7}{mean['tempo']:>8.2f}{mean['tempo_octave']:>8.2f}{exact:>8.2f}"
                  f"{mean['key_score']:>10.2f}")


if __name__ == "__main__":
    main()
