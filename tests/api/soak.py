#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drive `tunesmith serve` with a mixed load for an hour and see whether its memory stays flat.

  soak.py PROGRAM [--seconds 3600] [--acts 4] [--clients 4] [--sample 5] [--seed 1]
          [--slope 6] [--most 250] [--csv out/soak-service.csv] [--database URL]

The load (soak_load.py) orders pieces, listens, cancels, uploads, browses, logs in, and sends what is wrong, some
--acts a second in all: about a third of a core.  Every --sample seconds the memory, threads and descriptors of the
server go to the CSV.

Memory grows at first, until what is bounded is full: answers (cache-items, each of a few KB), pages of SQLite (8 MiB
of the writer, 2 MiB of each of eight readers), estimates (1,000), tokens (10,000), malloc's pools (one a core, each
as large as its largest render), encoders' and players' threads.  So the slope is taken of the last two thirds: of
each minute the median, of all pairs of minutes the median slope (Theil and Sen), so that a piece under way does not
tip it; its 90 % interval is that of Sen (1968).  What must be flat is the memory of the process' own ("anonymous").
The rest are pages of mapped files, which are shared and which the kernel takes back when it needs them: libraries,
and the samples of the SoundFont that were played, at most the size of that file.

Ends with 1 when the slope is above --slope MiB an hour *and* its interval lies above 0 (asked of half an hour or
more), when a sample is above --most MiB, when descriptors or threads are left over at the end, or when an answer
was not the expected one.
"""
import argparse
import csv
import json
import math
import os
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

from soak_load import Client, Ledger

COLUMNS = ("seconds", "rss_mib", "anonymous_mib", "file_mib", "threads", "descriptors", "cpu_seconds", "requests", "pieces")


class Server:
    """tunesmith serve in a folder of its own."""

    def __init__(self, program, database, flags):
        self.folder = tempfile.mkdtemp(prefix="tune-soak-")
        self.log = Path(self.folder) / "log"
        self.process = subprocess.Popen(
            [program, "serve", "--port", "0", "--json", "--data", self.folder + "/data", "--limits", "off", "--rate-login",
             "off", "--password-cost", "light", "--access-log", "off",
             *(["--database", database] if database else []), *flags],
            stdout=subprocess.PIPE, stderr=self.log.open("wb"), text=True,
            env={**os.environ, "XDG_DATA_HOME": self.folder + "/home", "XDG_CONFIG_HOME": self.folder + "/home"})
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the server did not start: " + self.log.read_text())
        self.port = int(re.search(r":(\d+)$", json.loads(line)["listening"])[1])

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return json.load(answer)

    def measure(self):
        """What the kernel says of the process."""
        pid = self.process.pid
        said = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        mib = lambda name: int(said[name].split()[0]) / 1024
        times = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return {"rss_mib": mib("VmRSS"), "anonymous_mib": mib("RssAnon"), "file_mib": mib("RssFile") + mib("RssShmem"),
                "threads": int(said["Threads"]), "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
                "cpu_seconds": (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")}

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=120)
        text = self.log.read_text(errors="replace")
        shutil.rmtree(self.folder, ignore_errors=True)
        return code, text


def medians(samples, name):
    """[(hours, MiB)] of each minute."""
    minutes = {}
    for sample in samples:
        minutes.setdefault(int(sample["seconds"] // 60), []).append(sample[name])
    return [((minute + 0.5) / 60, statistics.median(values)) for minute, values in sorted(minutes.items())]


def slope(points):
    """Median slope of all pairs, and its 90 % interval (P. K. Sen, J. Am. Stat. Assoc. 63, 1968)."""
    if len(points) < 2:
        return 0.0, 0.0, 0.0
    all_ = sorted((b - a) / (t - s) for i, (s, a) in enumerate(points) for t, b in points[i + 1:])
    n, pairs = len(points), len(all_)
    reach = 1.645 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low, high = int((pairs - reach) / 2), int((pairs + reach) / 2)
    return statistics.median(all_), all_[max(low, 0)], all_[min(high, pairs - 1)]


def drive(server, args, ledger):
    samples, stop, began = [], threading.Event(), time.monotonic()
    clients = [Client(n, server.port, args.clients / args.acts, args.seed, ledger, stop) for n in range(args.clients)]
    Path(args.csv).parent.mkdir(parents=True, exist_ok=True)
    with open(args.csv, "w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        for one in clients:
            one.start()
        while time.monotonic() - began < args.seconds and server.process.poll() is None:
            time.sleep(args.sample)
            sample = {"seconds": time.monotonic() - began, **server.measure(), "requests": ledger.requests,
                      "pieces": ledger.pieces}
            samples.append(sample)
            rows.writerow({name: round(value, 2) for name, value in sample.items()})
            file.flush()
            if len(samples) % max(int(300 / args.sample), 1) == 0:
                print(f"# {sample['seconds'] / 60:.0f} min: {sample['rss_mib']:.1f} MiB, {ledger.requests} requests, "
                      f"{ledger.pieces} pieces, {len(ledger.wrong)} wrong", flush=True)
    stop.set()
    for one in clients:
        one.join(180)
    return samples


def judge(samples, idle, rest, args, ledger):
    """Prints the figures; what is wrong, as sentences."""
    late = [s for s in samples if s["seconds"] >= samples[-1]["seconds"] / 3]
    peak = max(s["rss_mib"] for s in samples)
    last = samples[-1]
    bad = [f"not expected, {ledger.wrong.count(one)} times: {one}" for one in list(dict.fromkeys(ledger.wrong))[:20]]
    print("what,rss_mib,anonymous_mib,file_mib,threads,descriptors")
    for what, row in (("idle, before", idle), ("load, first sample", samples[0]),
                      ("load, at a third", late[0]), ("load, last sample", last), ("at rest, after", rest)):
        print(",".join([what, *(f"{row[name]:.1f}" for name in COLUMNS[1:4]), str(row["threads"]), str(row["descriptors"])]))
    print(f"# peak {peak:.1f} MiB; {last['requests']} requests, {last['pieces']} pieces, "
          f"{last['cpu_seconds'] / last['seconds'] * 100:.0f} % of a core over {last['seconds'] / 60:.1f} min")
    print("what,mib_an_hour,low_90,high_90,bytes_a_request")
    n_requests = max(last["requests"] - late[0]["requests"], 1)
    hours = max(last["seconds"] - late[0]["seconds"], 1) / 3600
    for name in ("rss_mib", "anonymous_mib"):
        rise, low, high = slope(medians(late, name))
        print(f"{name[:-4]} over the last two thirds,{rise:.2f},{low:.2f},{high:.2f},{rise * hours * 2**20 / n_requests:.0f}")
        if name == "anonymous_mib" and rise > args.slope and low > 0 and last["seconds"] >= 1790:
            bad.append(f"memory grows by {rise:.1f} MiB an hour")
    if peak > args.most:
        bad.append(f"{peak:.0f} MiB at the peak are more than {args.most}")
    if rest["descriptors"] > idle["descriptors"] + 16:
        bad.append(f"{rest['descriptors']} descriptors are open at rest, {idle['descriptors']} were")
    if rest["threads"] > idle["threads"] + 64:
        bad.append(f"{rest['threads']} threads at rest, {idle['threads']} before")
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--acts", type=float, default=4, help="a second, of all clients")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--sample", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slope", type=float, default=6, help="MiB an hour that still count as flat")
    parser.add_argument("--most", type=float, default=250, help="MiB")
    parser.add_argument("--csv", default="out/soak-service.csv")
    parser.add_argument("--database")
    parser.add_argument("--flag", action="append", default=[], help="further words for `serve`")
    args = parser.parse_args()
    server, ledger = Server(args.program, args.database, args.flag), Ledger()
    time.sleep(3)
    idle = server.measure()
    samples = drive(server, args, ledger)
    if server.process.poll() is None:
        time.sleep(10)
        rest, stats = server.measure(), server.get("/api/v1/performance/stats")
    code, log = server.end()
    if code != 0 or not samples:
        print(log[-3000:])
        sys.exit(f"the server ended with {code}")
    bad = judge(samples, idle, rest, args, ledger)
    print("# what is bounded, at the end: " + json.dumps({"cache": stats["cache"], "engines": stats["engines"],
                                                        "database": stats["database"]}))
    print("# acts: " + json.dumps(ledger.acts))
    for line in [line for line in log.splitlines() if "rror" in line or "SLOW" in line][:20]:
        print("# log: " + line)
    for one in bad:
        print("NOT GOOD: " + one)
    long_enough = samples[-1]["seconds"] >= 1790
    print("not good" if bad else "flat" if long_enough else "good, but too short to say whether it is flat")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
