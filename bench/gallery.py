#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Render every style and show it: sound, piano roll, spectrogram, waveform, chord chart, statistics.

  bench/gallery.py [--out gallery] [--seeds 2] [--styles jazz,rock] [--seconds N] [--no-sound]

Makes OUT/index.html with players.  Needs tunesmith built, python3-matplotlib, sox and ffmpeg.
"""
import argparse
import html
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import piano_roll  # noqa: E402
import stats  # noqa: E402
from score_file import Score  # noqa: E402

NAMES = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
STYLE = """body{font:15px/1.45 sans-serif;margin:2em auto;max-width:1380px;padding:0 1em;color:#222}
h1{font-size:1.5em} h2{border-top:1px solid #ccc;padding-top:1em} img{max-width:100%;display:block;margin:.4em 0}
audio{width:100%;max-width:40em} pre{background:#f5f5f2;padding:.7em;overflow-x:auto;font-size:12px;max-height:26em}
nav a{margin-right:.8em} code{background:#f5f5f2;padding:.1em .3em}"""


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {result.returncode}\n{result.stderr}")
    return result.stdout


def style_names(program):
    listing = json.loads(run(program, "styles", "--json"))
    rows = listing.get("styles", listing) if isinstance(listing, dict) else listing
    return [row["name"] if isinstance(row, dict) else row for row in rows]


def chord_chart(score):
    """Four bars a line, a section at a time."""
    lines = []
    for section in score.sections:
        first, count = section["tick"] // score.bar, section["ticks"] // score.bar
        lines.append(f"{section['name']}  (bars {first + 1}-{first + count}, energy {section['energy']:.2f}, "
                     f"material {section['material']})")
        row = []
        for bar in range(first, first + count):
            inside = [c for c in score.chords if c[0] < (bar + 1) * score.bar and c[0] + c[1] > bar * score.bar]
            row.append(" ".join(c[2] for c in inside) or "-")
        for i in range(0, len(row), 4):
            lines.append("   | " + " | ".join(f"{cell:12}" for cell in row[i:i + 4]) + " |")
    return "\n".join(lines)


def melody_text(score):
    """The lead, a bar a cell: note names with octave, '.' for rests of a beat or more before them."""
    lead = score.lead()
    if lead is None:
        return "no lead"
    bars = {}
    until = 0
    for note in stats.top_line(lead):
        name = f"{NAMES[note.pitch % 12]}{note.pitch // 12 - 1}"
        rest = "." if note.onset - until >= score.beat else ""
        bars.setdefault(note.onset // score.bar, []).append(f"{rest}{name}:{note.duration * 4 / score.beat:g}")
        until = note.onset + note.duration
    lines = [f"{lead.name}; after the colon the length in quarters of a beat"]
    for bar in range(score.bars):
        lines.append(f"{bar + 1:4} {' '.join(bars.get(bar, ['-']))}")
    return "\n".join(lines)


def render(program, folder, style, seed, seconds, sound):
    base = folder / f"{style}-{seed}"
    paths = {"score": f"{base}.json", "midi": f"{base}.mid", "audio": f"{base}.opus", "report": f"{base}.report.json"}
    command = [program, "generate", "--genre", style, "--seed", str(seed), "--quiet", "--score", paths["score"],
               "--midi", paths["midi"]]
    if seconds:
        command += ["--duration", str(seconds)]
    wave = f"{base}.wav"
    run(*command, "-o", wave, "--report", paths["report"])
    if sound:
        run("ffmpeg", "-v", "error", "-y", "-i", wave, "-c:a", "libopus", "-b:a", "128k", paths["audio"])
        run("sox", wave, "-n", "remix", "-", "spectrogram", "-x", "1400", "-y", "257", "-z", "90", "-o",
            f"{base}.spectrum.png")
    return base


def draw(base, sound):
    score = Score(f"{base}.json")
    piano_roll.draw_roll(score, f"{base}.roll.png")
    if sound:
        piano_roll.draw_wave(f"{base}.wav", f"{base}.wave.png")
        Path(f"{base}.wav").unlink()
    chart = chord_chart(score)
    melody = melody_text(score)
    Path(f"{base}.txt").write_text(chart + "\n\n" + melody + "\n", encoding="utf-8")
    return chart, melody


def style_page(style):
    """What docs/styles/STYLE.md says a player expects, as paragraphs."""
    path = Path(__file__).parent.parent / "docs" / "styles" / f"{style}.md"
    if not path.is_file():
        return ""
    blocks = [block.strip() for block in path.read_text(encoding="utf-8").split("\n\n")]
    return "\n".join(f"<p>{html.escape(block)}</p>" for block in blocks if block and not block.startswith("#"))


def section_html(base, chart, melody, sound):
    name = html.escape(base.name)
    figures = stats.measure(f"{base}.json")
    table = "\n".join(f"{key:20} {stats.show(value):>8}   {stats.REFERENCE.get(key, '')}"
                      for key, value in figures.items())
    parts = [f'<h2 id="{name}">{name}</h2>']
    if sound:
        parts.append(f'<audio controls preload="none" src="{name}.opus"></audio>')
    parts.append(f'<img loading="lazy" src="{name}.roll.png" alt="piano roll of {name}">')
    if sound:
        parts.append(f'<img loading="lazy" src="{name}.spectrum.png" alt="spectrogram of {name}">'
                     f'<img loading="lazy" src="{name}.wave.png" alt="waveform and level of {name}">')
    parts.append(f'<p><a href="{name}.mid">MIDI</a> · <a href="{name}.json">score</a></p>'
                 f"<details><summary>chords</summary><pre>{html.escape(chart)}</pre></details>"
                 f"<details><summary>melody</summary><pre>{html.escape(melody)}</pre></details>"
                 f"<details><summary>measures (right: human-written MIDI)</summary><pre>{html.escape(table)}</pre>"
                 "</details>")
    return "\n".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="build/tunesmith")
    parser.add_argument("--out", default="gallery")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--styles", help="comma separated; all when left out")
    parser.add_argument("--seconds", type=float, default=0, help="0: what each form asks")
    parser.add_argument("--no-sound", dest="sound", action="store_false", help="pictures of scores only")
    arguments = parser.parse_args()
    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    styles = arguments.styles.split(",") if arguments.styles else style_names(arguments.program)
    jobs = [(style, seed) for style in styles for seed in range(1, arguments.seeds + 1)]
    body, links = [], []
    # The program renders on all cores by itself: one at a time, while the pictures of the last are drawn.
    with ThreadPoolExecutor(max_workers=1) as pool:
        bases = [pool.submit(render, arguments.program, folder, style, seed, arguments.seconds, arguments.sound)
                 for style, seed in jobs]
        for (style, seed), waiting in zip(jobs, bases):
            base = waiting.result()
            chart, melody = draw(base, arguments.sound)
            if seed == 1:
                body.append(style_page(style))
            body.append(section_html(base, chart, melody, arguments.sound))
            links.append(f'<a href="#{base.name}">{html.escape(base.name)}</a>')
            print(f"{base.name}: {folder}/{base.name}.roll.png", flush=True)
    page = (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>tunesmith gallery</title>'
            f"<style>{STYLE}</style><h1>tunesmith gallery</h1>"
            f"<p>Made by <code>make gallery</code>: nothing but <code>--genre</code> and <code>--seed</code> was "
            f"asked.</p><nav>{' '.join(links)}</nav>" + "\n".join(body) + "</html>\n")
    (folder / "index.html").write_text(page, encoding="utf-8")
    print(f"{folder}/index.html")


if __name__ == "__main__":
    main()
