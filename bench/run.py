#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run the benchmarks and print CSV: measure,case,p50,p95,n,note (also written to out/bench.csv).

The comparison with FluidSynth's own command line alternates the two programs (A B A B ...) in the same
run, on the same MIDI, with the same SoundFont, so that a slow minute of the machine hits both.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TUNESMITH = "build/tunesmith"
# Pieces of seven and eight parts: a band whose parts weigh about the same, and an orchestra in which one
# part takes most of the time.
EIGHT_PARTS = {
    "band": "rock, 120 bpm, in A minor, with piano, organ, string section, trumpet, two electric guitars",
    "orchestra": "cinematic, 100 bpm, in D minor, only violin, viola, cello, flute, french-horn, harp, "
                 "contrabass, timpani",
    "pop": "pop, 100 bpm, in C major, with piano, acoustic guitar, strings, synth pad and violin",
}
SOUNDFONTS = ["/usr/share/sounds/sf2/FluidR3_GM.sf2", "/usr/share/sounds/sf2/default-GM.sf2"]


def run(command, check=True):
    """Seconds on the clock, the largest resident set in KiB and the processor seconds of a command."""
    start = time.perf_counter()
    with open(os.devnull, "wb") as null, tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=null, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if check and process.returncode != 0:
            log.seek(0)
            sys.exit(f"{' '.join(command)}: exit {process.returncode}\n{log.read().decode()}")
    return seconds, usage.ru_maxrss, usage.ru_utime + usage.ru_stime


class Table:
    def __init__(self, path):
        self.file = open(path, "a" if "--only" in sys.argv else "w", newline="", encoding="utf-8")
        self.writers = [csv.writer(sys.stdout), csv.writer(self.file)]
        self.row("measure", "case", "p50", "p95", "n", "note")

    def row(self, *cells):
        for writer in self.writers:
            writer.writerow(cells)
        sys.stdout.flush()
        self.file.flush()

    def times(self, measure, case, seconds, note):
        ordered = sorted(seconds)
        p95 = ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]
        self.row(measure, case, f"{statistics.median(ordered) * 1e3:.2f}", f"{p95 * 1e3:.2f}",
                 len(ordered), note)


def bench_programs(table):
    for command in (["build/bench/bench-compose"], ["build/bench/bench-first-block", "warm"]):
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for cells in csv.reader(output.splitlines()):
            if cells[0] != "measure":
                table.row(*cells)
    colds = []
    for _ in range(5):
        output = subprocess.run(["build/bench/bench-first-block", "cold"], check=True,
                                capture_output=True, text=True).stdout
        colds.append(float(next(csv.reader(output.splitlines()))[2]) / 1e3)
    table.times("first-block-cold", "jazz trio", colds, "ms; new process, files in the page cache")


def bench_startup(table):
    seconds = [run([TUNESMITH, "--version"])[0] for _ in range(40)]
    table.times("startup", "--version", seconds, "ms; new process")


def bench_generate(table, folder, soundfont, rounds):
    for name, sentence in EIGHT_PARTS.items():
        bench_piece(table, folder, soundfont, rounds, name, sentence)


def bench_piece(table, folder, soundfont, rounds, name, sentence):
    midi, score = folder / "piece.mid", folder / "piece.json"
    common = [TUNESMITH, "generate", sentence, "--duration", "180", "--seed", "7", "--quiet"]
    run(common + ["-o", str(folder / "ours.flac"), "--midi", str(midi), "--score", str(score)])
    tracks = json.loads(score.read_text(encoding="utf-8"))["tracks"]
    notes = sum(len(track["notes"]) for track in tracks)
    ours, theirs = [], []
    for _ in range(rounds):
        seconds, _, cpu = run(common + ["-o", str(folder / "ours.flac")])
        ours.append((seconds, cpu))
        first = run(["fluidsynth", "-ni", "-r", "44100", "-F", str(folder / "theirs.wav"), "-T", "wav",
                     soundfont, str(midi)])
        second = run(["flac", "-s", "-f", "-o", str(folder / "theirs.flac"), str(folder / "theirs.wav")])
        theirs.append((first[0] + second[0], first[2] + second[2]))
    note = f"ms; {name}: 180 s, {len(tracks)} parts, {notes} notes, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    table.times("generate-flac", "tunesmith", [t[0] for t in ours], note + "; composed, mixed, mastered")
    table.times("generate-flac", "fluidsynth -F + flac", [t[0] for t in theirs], note + "; its own reverb and chorus")
    table.times("generate-flac-cpu", "tunesmith", [t[1] for t in ours], "ms of processor time, all cores")
    table.times("generate-flac-cpu", "fluidsynth -F + flac", [t[1] for t in theirs], "ms of processor time")
    ratios = [b[0] / a[0] for a, b in zip(ours, theirs)]
    table.row("generate-flac", "times faster", f"{statistics.median(ratios):.3f}", f"{min(ratios):.3f}",
              len(ratios), f"{name}; median; p95 column holds the worst round; wanted 1.6 on two free cores")


def bench_memory(table, folder):
    peak = {}
    for seconds in (60, 600):
        peak[seconds] = run([TUNESMITH, "generate", "jazz quartet, 120 bpm", "--duration", str(seconds),
                             "--seed", "3", "--quiet", "-o", str(folder / "memory.flac")])[1]
        table.row("peak-rss", f"{seconds} s song", f"{peak[seconds] / 1024:.1f}", "", 1, "MiB")
    table.row("peak-rss", "600 s less 60 s", f"{(peak[600] - peak[60]) / 1024:.1f}", "", 1,
              "MiB; at most 40")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["programs", "startup", "generate", "memory"])
    arguments = parser.parse_args()
    table = Table("out/bench.csv")
    soundfont = os.environ.get("TUNESMITH_SOUNDFONT") or next(
        (path for path in SOUNDFONTS if os.path.exists(path)), SOUNDFONTS[0])
    with tempfile.TemporaryDirectory(prefix="tunesmith-bench-") as name:
        parts = {"startup": lambda: bench_startup(table), "programs": lambda: bench_programs(table),
                 "generate": lambda: bench_generate(table, Path(name), soundfont, arguments.rounds),
                 "memory": lambda: bench_memory(table, Path(name))}
        for part, start in parts.items():
            if arguments.only in (None, part):
                start()


if __name__ == "__main__":
    main()
