#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draw a score as a piano roll, or its sound as waveform and loudness.

  bench/piano_roll.py SCORE.json OUT.png [--bars 1-16]
  bench/piano_roll.py --wave SOUND.wav OUT.png

Parts have their colours, velocity is opacity; sections and chords stand on top, drums in lanes below.
"""
import argparse
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.collections import PatchCollection  # noqa: E402
from matplotlib.patches import Rectangle  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from score_file import Score  # noqa: E402

COLOURS = {"lead": "#d62728", "counter": "#ff7f0e", "bass": "#1f77b4", "comp": "#2ca02c",
           "arp": "#17becf", "pad": "#9467bd", "perc": "#8c564b", "fx": "#7f7f7f"}
SPARE = ["#bcbd22", "#e377c2", "#393b79", "#637939", "#8c6d31", "#843c39", "#7b4173", "#3182bd"]
DRUMS = {35: "kick", 36: "kick", 37: "stick", 38: "snare", 39: "clap", 40: "snare", 41: "tom", 43: "tom",
         45: "tom", 47: "tom", 48: "tom", 50: "tom", 42: "closed hat", 44: "pedal hat", 46: "open hat",
         49: "crash", 57: "crash", 52: "crash", 55: "crash", 51: "ride", 53: "ride", 59: "ride"}
DRUM_ORDER = ["kick", "snare", "stick", "clap", "tom", "closed hat", "pedal hat", "open hat", "ride",
              "crash", "other"]


def part_colours(score):
    used, colours, spare = set(), {}, iter(SPARE * 3)
    for track in score.tracks:
        colour = COLOURS.get(track.role)
        if colour is None or colour in used:
            colour = next(spare)
        used.add(colour)
        colours[track.id] = colour
    return colours


def draw_notes(axis, score, colours, low_bar, high_bar):
    lowest, highest = 127, 0
    for track in score.tracks:
        if track.is_drums:
            continue
        boxes, rgba = [], []
        base = matplotlib.colors.to_rgb(colours[track.id])
        for note in track.notes:
            x = note.start / score.bar
            if not low_bar <= x < high_bar:
                continue
            boxes.append(Rectangle((x, note.pitch - 0.42), (note.end - note.start) / score.bar, 0.84))
            rgba.append((*base, 0.25 + 0.75 * note.velocity / 127))
            lowest, highest = min(lowest, note.pitch), max(highest, note.pitch)
        collection = PatchCollection(boxes, linewidths=0)
        collection.set_facecolor(rgba)
        axis.add_collection(collection)
    axis.set_ylim(min(lowest, 60) - 2, max(highest, 60) + 2)
    octaves = range(12 * (lowest // 12), highest + 12, 12)
    axis.set_yticks(list(octaves))
    axis.set_yticklabels([f"C{o // 12 - 1}" for o in octaves])
    axis.grid(axis="y", color="#dddddd", linewidth=0.6)


def draw_form(axis, score, low_bar, high_bar):
    many = high_bar - low_bar > 48
    above = axis.get_xaxis_transform()  # x in bars, y in heights of the picture
    for section in score.sections:
        x = section["tick"] / score.bar
        if low_bar <= x < high_bar:
            axis.axvline(x, color="black", linewidth=0.9)
            axis.text(x, 1.075, f" {section['name']} {section['energy']:.2f}", fontsize=8,
                      fontweight="bold", va="bottom", transform=above, clip_on=False)
    last = None
    for tick, _, symbol in score.chords:
        x = tick / score.bar
        if low_bar <= x < high_bar and symbol != last:
            axis.text(x, 1.005, symbol, fontsize=5 if many else 7, va="bottom", rotation=60,
                      transform=above, clip_on=False)
        last = symbol


def draw_drums(axis, score, low_bar, high_bar):
    xs, ys, alphas = [], [], []
    for track in score.tracks:
        for note in track.notes if track.is_drums else []:
            x = note.start / score.bar
            if low_bar <= x < high_bar:
                xs.append(x)
                ys.append(DRUM_ORDER.index(DRUMS.get(note.pitch, "other")))
                alphas.append(0.2 + 0.8 * note.velocity / 127)
    axis.scatter(xs, ys, s=5, marker="s", linewidths=0, c=[(0.1, 0.1, 0.1, a) for a in alphas])
    axis.set_yticks(range(len(DRUM_ORDER)))
    axis.set_yticklabels(DRUM_ORDER, fontsize=6)
    axis.set_ylim(-0.7, len(DRUM_ORDER) - 0.3)
    axis.set_xlabel("bar")


def draw_roll(score, out, bars=None):
    low_bar, high_bar = (bars[0] - 1, bars[1]) if bars else (0, score.bars)
    has_drums = any(t.is_drums for t in score.tracks)
    figure, axes = plt.subplots(2 if has_drums else 1, 1, figsize=(19, 9), sharex=True, squeeze=False,
                                gridspec_kw={"height_ratios": [4, 1] if has_drums else [1]})
    roll = axes[0][0]
    colours = part_colours(score)
    draw_notes(roll, score, colours, low_bar, high_bar)
    draw_form(roll, score, low_bar, high_bar)
    if has_drums:
        draw_drums(axes[1][0], score, low_bar, high_bar)
    step = 1 if high_bar - low_bar <= 40 else 4
    for axis in axes[:, 0]:
        axis.set_xlim(low_bar, high_bar)
        axis.set_xticks(range(low_bar, high_bar, step))
        axis.set_xticklabels([str(b + 1) for b in range(low_bar, high_bar, step)], fontsize=7)
        axis.grid(axis="x", color="#eeeeee", linewidth=0.6)
        axis.set_axisbelow(True)
    handles = [Rectangle((0, 0), 1, 1, color=colours[t.id]) for t in score.tracks if not t.is_drums]
    labels = [f"{t.name} ({t.role}, {len(t.notes)})" for t in score.tracks if not t.is_drums]
    figure.legend(handles, labels, loc="lower center", ncol=min(6, max(1, len(labels))), fontsize=8,
                  frameon=False)
    beats, unit = score.metres[0][1:]
    figure.suptitle(f"{score.title} · {score.style} · {score.keys[0][1]} · {beats}/{unit} · "
                    f"{score.bpm:.1f} bpm · {score.bars} bars · {score.duration:.1f} s · "
                    f"{score.ending}", fontsize=11, y=0.99)
    figure.subplots_adjust(left=0.05, right=0.99, top=0.88, bottom=0.10, hspace=0.04)
    figure.savefig(out, dpi=72)
    plt.close(figure)


def read_wave(path):
    """Float stereo frames and rate of a 16-bit WAV."""
    import wave
    with wave.open(str(path)) as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return raw.reshape(-1, file.getnchannels()).astype(np.float32) / 32768, file.getframerate()


def draw_wave(sound, out):
    frames, rate = read_wave(sound)
    mono = frames.mean(axis=1)
    columns = 1600
    edges = np.linspace(0, len(mono), columns + 1).astype(int)
    tops = np.array([mono[a:b].max(initial=0) for a, b in zip(edges, edges[1:])])
    bottoms = np.array([mono[a:b].min(initial=0) for a, b in zip(edges, edges[1:])])
    times = edges[:-1] / rate
    window, hop = int(0.4 * rate), int(0.1 * rate)
    starts = range(0, max(1, len(mono) - window), hop)
    level = [10 * np.log10((frames[s:s + window] ** 2).mean() + 1e-12) for s in starts]
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(16, 5), sharex=True)
    upper.fill_between(times, bottoms, tops, color="#3b6ea5", linewidth=0)
    upper.set_ylim(-1, 1)
    upper.set_ylabel("waveform")
    lower.plot([s / rate for s in starts], level, color="#b04a3a", linewidth=1)
    lower.set_ylim(-60, 0)
    lower.set_ylabel("level, dB (0.4 s)")
    lower.set_xlabel("seconds")
    lower.grid(color="#dddddd", linewidth=0.6)
    figure.subplots_adjust(left=0.05, right=0.99, top=0.97, bottom=0.10, hspace=0.06)
    figure.savefig(out, dpi=72)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wave", action="store_true")
    parser.add_argument("--bars", help="only bars A-B, counted from 1")
    parser.add_argument("source")
    parser.add_argument("out")
    arguments = parser.parse_args()
    if arguments.wave:
        draw_wave(arguments.source, arguments.out)
        return
    bars = tuple(map(int, arguments.bars.split("-"))) if arguments.bars else None
    draw_roll(Score(arguments.source), arguments.out, bars)


if __name__ == "__main__":
    main()
