#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measure the service's routes beside what bounds them, all in one run: see service.sh.

Each row is one claim: what was asked, how fast, and the ceiling measured just before or after it: a one-line
libmicrohttpd server for answers from memory, pgbench with the same statement for pages of the database, nginx
for ranges of a file.  CSV on standard output and in out/bench-service.csv.
"""
import argparse
import base64
import csv
import hashlib
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from http_bench import Hello, Nginx, cpu_seconds, resident_mib, run_wrk

ROOT = Path(__file__).resolve().parent.parent


class Service:
    """tunesmith serve in a folder of its own."""

    def __init__(self, *flags, engine="compose", folder=None):
        self.flags, self.engine, self.given = flags, engine, folder

    def start(self):
        self.folder = self.given or tempfile.mkdtemp(prefix="tune-service-")
        self.process = subprocess.Popen(
            [str(ROOT / "build/tunesmith"), "serve", "--port", "0", "--data", self.folder, "--limits",
             "off", "--access-log", "off", *self.flags],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "MUSIC_GEN_MODE": self.engine})
        for line in self.process.stdout:
            found = re.search(r"listening on http://[^:]+:(\d+)", line)
            if found:
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                self.port = int(found[1])
                return self.port
        raise RuntimeError("the server did not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        if not self.given:
            shutil.rmtree(self.folder, ignore_errors=True)


def url(port, path):
    return f"http://127.0.0.1:{port}{path}"


def ask(port, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url(port, path), data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())


class Rows:
    def __init__(self):
        (ROOT / "out").mkdir(exist_ok=True)
        self.file = (ROOT / "out/bench-service.csv").open("w", newline="")
        self.writers = [csv.writer(sys.stdout), csv.writer(self.file)]
        self.put("what", "per_second", "p50_ms", "p99_ms", "cpu_us", "rss_mib", "of", "ceiling", "share",
                 "errors")

    def put(self, *row):
        for writer in self.writers:
            writer.writerow(row)
        self.file.flush()
        sys.stdout.flush()

    def measured(self, what, row, of="", ceiling=0):
        share = f"{row['req_s'] / ceiling:.2f}" if ceiling else ""
        self.put(what, round(row["req_s"]), f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}",
                 f"{row['cpu_us']:.1f}", f"{row['rss_mib']:.1f}", of, round(ceiling) or "", share,
                 row["errors"])


def drive(server, path, args, *wrk):
    """Rounds of wrk on a running server; the medians."""
    rows = []
    run_wrk(url(server.port, path), args, 1, *wrk)
    for _ in range(args.rounds):
        before = cpu_seconds(server.process.pid)
        row = run_wrk(url(server.port, path), args, args.seconds, *wrk)
        row["cpu_us"] = (cpu_seconds(server.process.pid) - before) / max(row["requests"], 1) * 1e6
        row["rss_mib"] = resident_mib(server.process.pid)
        rows.append(row)
    middle = {key: statistics.median(row[key] for row in rows)
              for key in ("req_s", "p50_ms", "p99_ms", "cpu_us", "rss_mib")}
    return {**middle, "errors": "; ".join(row["errors"] for row in rows if row["errors"])}


def lua(folder, name, text):
    path = Path(folder) / f"{name}.lua"
    path.write_text(text)
    return ["-s", str(path)]


POST = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
"""
SIMULATE = json.dumps({"text_input": "a song of the sea", "genre": "folk", "structure": {}})
COUNTED = POST + """
local n = 0
local id = 0
function setup(thread) id = id + 1; thread:set("id", id) end
function request()
    n = n + 1
    return wrk.format(nil, nil, nil, string.format(BODY, id * 100000000 + n))
end
"""


def answers_from_memory(rows, args, folder):
    hello = Hello("microhttpd", args.loops)
    hello.port = hello.start()
    ceiling = drive(hello, "/", args)
    hello.stop()
    rows.measured("libmicrohttpd, one line", ceiling)
    server = Service("--loops", str(args.loops), engine="simulate")
    server.start()
    time.sleep(1)
    rows.put("idle RSS", "", "", "", "", f"{resident_mib(server.process.pid):.1f}", "", "", "", "")
    for what, path in (("GET /health", "/health"), ("GET /presets", "/presets"),
                       ("GET /api/v1/models", "/api/v1/models"),
                       ("GET /api/v1/tracks, empty, cached", "/api/v1/tracks")):
        rows.measured(what, drive(server, path, args), "libmicrohttpd", ceiling["req_s"])
    rows.measured("POST /tracks/generate, simulate, the same",
                  drive(server, "/tracks/generate", args,
                        *lua(folder, "same", POST + f"wrk.body = [[{SIMULATE}]]\n")),
                  "libmicrohttpd", ceiling["req_s"])
    body = SIMULATE.replace("the sea", "the sea %d").replace('"', '\\"')
    rows.measured("POST /tracks/generate, simulate, each another",
                  drive(server, "/tracks/generate", args,
                        *lua(folder, "other", COUNTED.replace("BODY", f'"{body}"'))),
                  "libmicrohttpd", ceiling["req_s"])
    server.stop()


def accepts(rows, args, folder, *flags, name):
    """Orders made durable; nobody renders them."""
    server = Service("--loops", str(args.loops), "--render-workers", "-1", "--max-queued", "10000000",
                     *flags)
    server.start()
    body = '{\\"prompt\\": \\"calm piano waltz in D minor\\", \\"duration\\": 20, \\"seed\\": %d}'
    rows.measured(f"POST /api/v1/generate, accepted and durable, {name}",
                  drive(server, "/api/v1/generate", args,
                        *lua(folder, "accept", COUNTED.replace("BODY", f'"{body}"'))))
    server.stop()


def finished_sound(server):
    task = ask(server.port, "/api/v1/generate",
               {"prompt": "calm piano, 60 seconds", "duration": 60, "seed": 1, "format": "mp3"})
    for _ in range(600):
        status = ask(server.port, task["status_url"])
        if status["status"] == "completed":
            return task
        if status["status"] == "failed":
            raise RuntimeError(status)
        time.sleep(0.1)
    raise RuntimeError("the piece was not done in a minute")


def ranges(rows, args, folder):
    server = Service("--loops", str(args.loops))
    server.start()
    task = finished_sound(server)
    with urllib.request.urlopen(url(server.port, task["stream_url"] + "?format=mp3")) as answer:
        sound = answer.read()
    script = lua(folder, "ranges", f"""
local size = {len(sound)}
function request()
    local from = math.random(0, size - 65536)
    wrk.headers["Range"] = string.format("bytes=%d-%d", from, from + 65535)
    return wrk.format("GET")
end
""")
    nginx = Nginx(args.loops)
    nginx.port = nginx.start()
    (nginx.folder / "sound.mp3").write_bytes(sound)
    ceiling = drive(nginx, "/sound.mp3", args, *script)
    nginx.stop()
    rows.measured("nginx, 64 KiB ranges", ceiling)
    rows.measured("GET /api/v1/stream, 64 KiB ranges of a finished piece",
                  drive(server, task["stream_url"] + "?format=mp3", args, *script), "nginx",
                  ceiling["req_s"])
    server.stop()


class Listener(threading.Thread):
    """Reads a live stream; notes when sound came and how far behind its own playing it fell."""

    def __init__(self, port, path, seconds):
        super().__init__(daemon=True)
        self.address, self.seconds = url(port, path), seconds
        self.first_ms = self.total = self.gap_s = 0

    def run(self):
        began = time.monotonic()
        marks = []
        with urllib.request.urlopen(self.address, timeout=120) as answer:
            while True:
                block = answer.read1(65536)
                if not block:
                    break
                now = time.monotonic()
                if not self.total:
                    self.first_ms, start = (now - began) * 1000, now
                self.total += len(block)
                marks.append((now - start, self.total))
        # Bytes played by then if playing began with the first byte; the sound must be there before.
        rate = self.total / self.seconds
        had = 0
        for at, total in marks:
            self.gap_s = max(self.gap_s, at - had / rate)
            had = total


def listeners(rows, args):
    server = Service("--loops", str(args.loops))
    server.start()
    finished_sound(server)  # warm: sounds loaded
    task = ask(server.port, "/api/v1/generate", {"prompt": "rock band, 90 seconds", "duration": 90, "seed": 7})
    crowd = [Listener(server.port, task["stream_url"] + "?format=mp3", 90) for _ in range(args.listeners)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    gaps = sum(one.gap_s > 0.25 for one in crowd)
    first = sorted(one.first_ms for one in crowd)
    rows.put(f"{args.listeners} listeners of one live render, with a gap", gaps,
             f"{first[len(first) // 2]:.1f}", f"{first[int(len(first) * 0.99)]:.1f}", "",
             f"{resident_mib(server.process.pid):.1f}", "", "", "",
             "" if len({one.total for one in crowd}) == 1 else "not all got the same bytes")
    times = []
    for seed in range(20):
        began = time.monotonic()
        one = ask(server.port, "/api/v1/generate", {"prompt": "jazz trio", "duration": 20, "seed": 100 + seed})
        with urllib.request.urlopen(url(server.port, one["stream_url"])) as answer:
            answer.read1(1)
            times.append((time.monotonic() - began) * 1000)
            ask_cancel(server.port, one["task_id"])
    times.sort()
    rows.put("POST to the first byte of sound", "", f"{times[10]:.1f}", f"{times[-1]:.1f}", "", "", "", "",
             "", "")
    server.stop()


def ask_cancel(port, task):
    request = urllib.request.Request(url(port, f"/api/v1/generate/{task}"), method="DELETE")
    urllib.request.urlopen(request).read()


def tracks(rows, args, folder):
    """A database that bench/store.sh filled (KEEP=DIR); pgbench with the same statement beside it."""
    script = ROOT / "tests/postgres.sh"
    database = subprocess.run([script, "start", f"{args.database}/pg", "shared_buffers=1GB",
                               "random_page_cost=1.1"], capture_output=True, text=True, check=True).stdout.strip()
    try:
        server = Service("--loops", str(args.loops), "--database", database)
        server.start()
        rows.measured("GET /api/v1/tracks of 1,000,000, cached", drive(server, "/api/v1/tracks", args))
        # Every page another, at the random depths of pgbench's own script; 1 in 200 is still in the cache.
        pages = lua(folder, "pages", f"""
local cursors = {{{','.join(f'"{c}"' for c in random_cursors(20000))}}}
function request() return wrk.format("GET", "/api/v1/tracks?cursor=" .. cursors[math.random(#cursors)]) end
""")
        ceiling = statistics.median(
            pgbench(database, Path(args.database) / "page.sql", args) for _ in range(args.rounds))
        rows.put("pgbench, a page at a random depth", round(ceiling), "", "", "", "", "", "", "", "")
        rows.measured("GET /api/v1/tracks of 1,000,000, a page at a random depth, not cached",
                      drive(server, "/api/v1/tracks", args, *pages), "pgbench", ceiling)
        rows.measured("GET /api/v1/tracks/search, two words",
                      drive(server, "/api/v1/tracks/search", args, *lua(folder, "search", f"""
local words = {{{','.join(f'"{w}"' for w in vocabulary())}}}
function request() return wrk.format("GET", "/api/v1/tracks/search?q=" .. words[math.random(#words)] .. "+" ..
    words[math.random(#words)]) end
""")))
        server.stop()
        accepts(rows, args, folder, "--database", database, name="PostgreSQL")
    finally:
        # Nobody is to render those of a bench before.
        subprocess.run(["psql", "-q", "-c", "TRUNCATE generations, jobs", database], check=False)
        subprocess.run([script, "stop", f"{args.database}/pg"], check=False)


def pgbench(database, script, args):
    text = subprocess.run(["pgbench", "-n", "-M", "prepared", "-f", str(script), "-c", "16", "-j", "2", "-T",
                           str(args.seconds), database], capture_output=True, text=True, check=True).stdout
    return float(re.search(r"tps = ([\d.]+)", text)[1])


def vocabulary():
    """The 3,000 words of store-tracks.sql, each in 0.6 % of the tracks."""
    letters = str.maketrans("0123456789", "ghijklmnop")
    return [hashlib.md5(str(i).encode()).hexdigest()[:8].translate(letters) for i in range(3000)]


def random_cursors(n):
    """What next_cursor would say at the places where page.sql begins."""
    draw = random.Random(1)
    places = [1700000000000000 + draw.randint(1, 1000000) * 60000000 for _ in range(n)]
    return [base64.urlsafe_b64encode(f"{at}:0190ffff".encode()).decode().rstrip("=") for at in places]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--wrk-threads", type=int, default=1)
    parser.add_argument("--loops", type=int, default=1, help="of every server")
    parser.add_argument("--listeners", type=int, default=200)
    parser.add_argument("--database", help="folder of KEEP=DIR bench/store.sh")
    parser.add_argument("--only", default="memory,accept,ranges,listeners,tracks")
    args = parser.parse_args()
    rows = Rows()
    with tempfile.TemporaryDirectory() as folder:
        for part in args.only.split(","):
            if part == "memory":
                answers_from_memory(rows, args, folder)
            elif part == "accept":
                accepts(rows, args, folder, name="SQLite")
            elif part == "ranges":
                ranges(rows, args, folder)
            elif part == "listeners":
                listeners(rows, args)
            elif part == "tracks" and args.database:
                tracks(rows, args, folder)


if __name__ == "__main__":
    main()
