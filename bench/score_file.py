# SPDX-License-Identifier: LGPL-2.1-or-later
"""Read a tunesmith score (JSON) into plain objects for drawings and statistics."""
import bisect
import json
import re
from dataclasses import dataclass, field

PPQ = 960
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
MODES = {
    "major": [0, 2, 4, 5, 7, 9, 11], "minor": [0, 2, 3, 5, 7, 8, 10],
    "dorian": [0, 2, 3, 5, 7, 9, 10], "phrygian": [0, 1, 3, 5, 7, 8, 10],
    "lydian": [0, 2, 4, 6, 7, 9, 11], "mixolydian": [0, 2, 4, 5, 7, 9, 10],
    "locrian": [0, 1, 3, 5, 6, 8, 10], "harmonic minor": [0, 2, 3, 5, 7, 8, 11],
    "melodic minor": [0, 2, 3, 5, 7, 9, 11], "phrygian dominant": [0, 1, 4, 5, 7, 8, 10],
    "major pentatonic": [0, 2, 4, 7, 9], "minor pentatonic": [0, 3, 5, 7, 10],
    "blues": [0, 3, 5, 6, 7, 10], "double harmonic": [0, 1, 4, 5, 7, 8, 11],
    "hungarian minor": [0, 2, 3, 6, 7, 8, 11], "nikriz": [0, 2, 3, 6, 7, 9, 10], "shang": [0, 2, 5, 7, 10],
    "zhi": [0, 2, 5, 7, 9], "miyako-bushi": [0, 1, 5, 7, 8], "hirajoshi": [0, 2, 3, 7, 8],
    "insen": [0, 1, 5, 7, 10],
}
CHORDS = {
    "": [0, 4, 7], "m": [0, 3, 7], "dim": [0, 3, 6], "aug": [0, 4, 8], "5": [0, 7], "sus2": [0, 2, 7],
    "sus4": [0, 5, 7], "6": [0, 4, 7, 9], "m6": [0, 3, 7, 9], "7": [0, 4, 7, 10],
    "maj7": [0, 4, 7, 11], "m7": [0, 3, 7, 10], "mMaj7": [0, 3, 7, 11], "m7b5": [0, 3, 6, 10],
    "dim7": [0, 3, 6, 9], "7#5": [0, 4, 8, 10], "7sus4": [0, 5, 7, 10], "add9": [0, 4, 7, 2],
    "madd9": [0, 3, 7, 2], "6/9": [0, 4, 7, 9, 2], "9": [0, 4, 7, 10, 2], "maj9": [0, 4, 7, 11, 2],
    "m9": [0, 3, 7, 10, 2], "7b9": [0, 4, 7, 10, 1], "7#9": [0, 4, 7, 10, 3],
    "7alt": [0, 4, 10, 1, 3, 8], "11": [0, 4, 7, 10, 2, 5], "m11": [0, 3, 7, 10, 2, 5],
    "13": [0, 4, 7, 10, 2, 9], "maj13": [0, 4, 7, 11, 2, 9], "7#11": [0, 4, 7, 10, 2, 6],
    "maj7#11": [0, 4, 7, 11, 6],
}


def pitch_class(name):
    return (STEPS[name[0].upper()] + name.count("#") - name[1:].count("b")) % 12


def chord_classes(symbol):
    """Root and set of pitch classes of a chord symbol as the score writes it."""
    match = re.match(r"([A-G][#b]*)(.*?)(?:/([A-G][#b]*))?$", symbol)
    root, suffix, bass = match.groups()
    if suffix not in CHORDS and symbol.endswith("/9"):
        match = re.match(r"([A-G][#b]*)(6/9)$", symbol)
        root, suffix = match.groups()
        bass = None
    tones = {(pitch_class(root) + step) % 12 for step in CHORDS[suffix]}
    if bass:
        tones.add(pitch_class(bass))
    return pitch_class(root), tones


def key_classes(text):
    tonic, mode = text.split(" ", 1)
    return pitch_class(tonic), {(pitch_class(tonic) + step) % 12 for step in MODES[mode]}


@dataclass
class Note:
    onset: int
    duration: int
    pitch: int
    velocity: int
    onset_offset: int = 0
    duration_offset: int = 0
    articulation: int = 0

    @property
    def start(self):
        return max(0, self.onset + self.onset_offset)

    @property
    def end(self):
        return max(self.start + 1, self.onset + self.onset_offset + self.duration + self.duration_offset)


@dataclass
class Track:
    id: str
    name: str
    instrument: str
    role: str
    is_drums: bool
    notes: list = field(default_factory=list)
    controls: list = field(default_factory=list)


class Score:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        for key in ("title", "style", "ticks", "loop", "ending", "sections"):
            setattr(self, key, data[key])
        self.length = data["length_us"] / 1e6
        self.tempos = [tuple(row) for row in data["tempos"]]
        self.metres = [(tick, *map(int, text.split("/"))) for tick, text in data["metres"]]
        self.keys = [(tick, text) for tick, text in data["keys"]]
        self.chords = [(tick, ticks, symbol) for tick, ticks, symbol in data["chords"]]
        self.tracks = [self.read_track(track) for track in data["tracks"]]
        self.starts = [0.0]
        for (tick, bpm), (next_tick, _) in zip(self.tempos, self.tempos[1:]):
            self.starts.append(self.starts[-1] + (next_tick - tick) / PPQ * 60 / bpm)
        _, beats, unit = self.metres[0]
        self.bar = beats * PPQ * 4 // unit
        compound = unit >= 8 and beats % 3 == 0 and beats > 3
        self.beat = PPQ * 3 // 2 if compound else (PPQ if unit >= 8 else PPQ * 4 // unit)

    @staticmethod
    def read_track(data):
        track = Track(data["id"], data["name"], data["instrument"], data["role"], data["is_drums"])
        for row in data["notes"]:
            row = row + [0, 0, 1, 0, -1][len(row) - 5:]
            track.notes.append(Note(row[0], row[1], row[2], row[4], row[5], row[6], row[8]))
        track.controls = [tuple(row) for row in data["controls"]]
        return track

    def seconds(self, tick):
        index = bisect.bisect_right([row[0] for row in self.tempos], tick) - 1
        start, bpm = self.tempos[max(index, 0)]
        return self.starts[max(index, 0)] + (tick - start) / PPQ * 60 / bpm

    @property
    def duration(self):
        return self.length or self.seconds(self.ticks)

    @property
    def bars(self):
        return self.ticks // self.bar

    def bar_of(self, tick):
        """Counted from 1, as a musician does."""
        return tick // self.bar + 1

    def at(self, rows, tick):
        index = bisect.bisect_right([row[0] for row in rows], tick) - 1
        return rows[max(index, 0)] if rows else None

    def chord_at(self, tick):
        row = self.at(self.chords, tick)
        return row[2] if row else None

    def key_at(self, tick):
        return self.at(self.keys, tick)[1]

    @property
    def bpm(self):
        """Felt beats a minute at the start."""
        return self.tempos[0][1] * PPQ / self.beat

    def lead(self):
        leads = [t for t in self.tracks if t.role == "lead" and not t.is_drums and t.notes]
        return max(leads, key=lambda t: len(t.notes)) if leads else None
