#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kill `tunesmith serve` again and again while it is asked over HTTP, and compare with a ledger kept outside.

  chaos-http.py PROGRAM [--kills 200] [--seed 1] [--clients 4] [--database URL]

Clients order pieces of five seconds under idempotency keys; an order whose answer did not come is sent again
under its key, and every 202 goes into the ledger.  The server is killed with SIGKILL at random moments and
started again.  At the end, when the queue is empty: lost (an id that is unknown or has not ended), failed,
twice (two ids for one key), other (a second order under a key gave another id), broken (the sound of a
completed piece cannot be had).  Prints CSV; exit 1 unless all are 0.  A busy machine may take as long as it
wants for the queue, if only something gets done every five minutes.
"""
import argparse
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request


class Server:
    def __init__(self, program, folder, database):
        self.command = [program, "serve", "--port", "0", "--data", folder, "--limits", "off", "--access-log",
                        "off", "--max-attempts", "100", *(["--database", database] if database else [])]
        self.process = self.port = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            found = re.search(r"listening on http://[^:]+:(\d+)", line)
            if found:
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                self.port = int(found[1])
                return
        raise RuntimeError(f"the server did not start: {self.process.wait()}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def ask(server, path, body=None, key=None):
    fields = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}",
                                     json.dumps(body).encode() if body else None, fields)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


PATIENCE_S = 300


def ask_patiently(server, path, body=None, key=None):
    """Nobody is killed any more: who does not answer has too much to do."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ask(server, path, body, key)
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError) or time.monotonic() > until:
                raise
            time.sleep(1)


def order(server, number, ledger, stop, pause):
    """Orders of one client until @stop; each is repeated under its key until it was answered."""
    random_moments = random.Random(number)
    count = 0
    while not stop.is_set():
        count += 1
        key = f"client-{number}-order-{count}"
        body = {"prompt": "calm solo piano", "duration": 5, "seed": number * 100000 + count}
        while True:
            try:
                ledger.append((key, json.loads(ask(server, "/api/v1/generate", body, key))["task_id"]))
                break
            except (OSError, urllib.error.URLError, ValueError):
                time.sleep(0.05)
        time.sleep(random_moments.uniform(0, pause))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--pause", type=float, default=3.0, help="most seconds between a client's orders")
    parser.add_argument("--database")
    args = parser.parse_args()
    chance = random.Random(args.seed)
    folder = tempfile.mkdtemp(prefix="tune-chaos-http-")
    server = Server(args.program, folder, args.database)
    server.start()
    ledger, stop, began = [], threading.Event(), time.monotonic()
    clients = [threading.Thread(target=order, args=(server, n, ledger, stop, args.pause)) for n in range(args.clients)]
    for one in clients:
        one.start()
    for kill in range(args.kills):
        time.sleep(chance.uniform(0.1, 1.6))
        server.kill()
        server.start()
        if kill % 50 == 49:
            print(f"# {kill + 1} kills, {len(ledger)} accepted", flush=True)
    stop.set()
    for one in clients:
        one.join()
    ids = dict(ledger)
    lost = failed = broken = other = 0
    for key, task in ledger:
        status, until = "", time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            status = json.loads(ask_patiently(server, f"/api/v1/generate/{task}"))["status"]
            if status not in ("queued", "running"):
                break
            time.sleep(0.1)
        lost += status in ("queued", "running", "")
        failed += status in ("failed", "cancelled")
        if status == "completed":
            broken += len(ask_patiently(server, f"/api/v1/stream/{task}")) < 20000
    for key, task in random.Random(0).sample(ledger, min(50, len(ledger))):
        number, count = re.match(r"client-(\d+)-order-(\d+)", key).groups()
        again = json.loads(ask_patiently(server, "/api/v1/generate",
                               {"prompt": "calm solo piano", "duration": 5, "seed": int(number) * 100000 + int(count)},
                               key))
        other += again["task_id"] != task
    twice = len(ledger) - len(ids)
    server.kill()
    shutil.rmtree(folder, ignore_errors=True)
    print("kills,accepted,lost,failed,twice,other,broken,seconds")
    print(f"{args.kills},{len(ledger)},{lost},{failed},{twice},{other},{broken},{time.monotonic() - began:.0f}")
    sys.exit(1 if lost or failed or twice or other or broken else 0)


if __name__ == "__main__":
    main()
