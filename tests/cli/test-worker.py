#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`tunesmith worker` as a process: a server that renders nothing and two workers on one PostgreSQL; what
SIGTERM and SIGHUP do to a worker.  TAP on standard output."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

BIN = os.environ["TUNESMITH_BIN"]
SERVER = os.environ.get("TUNE_TEST_POSTGRES")
PATIENCE = 600  # seconds; a test that hangs is stopped by its runner
checks = []


def check(name, good, said=""):
    checks.append(bool(good))
    print(f"{'ok' if good else 'not ok'} {len(checks)} {name}", flush=True)
    if not good and said:
        print("# " + str(said).replace("\n", "\n# "))


class Program:
    """A tunesmith that runs until it is told to end; what it says first."""

    def __init__(self, folder, *words):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [BIN, *words], stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env={**os.environ, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder})
        self.said = self.process.stdout.readline()

    def log(self):
        self.errors.seek(0)
        return self.errors.read().decode()

    def send(self, number):
        self.process.send_signal(number)

    def end(self):
        self.send(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Service:
    def __init__(self, folder, url):
        self.folder, self.url = folder, url
        self.options = ["--database", url, "--data", folder + "/data"]
        self.front = Program(folder, "serve", "--port", "0", "--json", "--access-log", "off", "--render-workers", "-1",
                             *self.options)
        self.address = json.loads(self.front.said)["listening"]

    def worker(self, *more):
        return Program(self.folder, "worker", "--render-workers", "1", *self.options, *more)

    def ask(self, path, body=None):
        request = urllib.request.Request(self.address + path, json.dumps(body).encode() if body else None,
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def order(self, n, seconds, seed):
        return [self.ask("/api/v1/generate", {"prompt": "calm solo piano", "duration": seconds, "seed": seed + i})["task_id"]
                for i in range(n)]

    def states(self, tasks):
        return [self.ask(f"/api/v1/generate/{task}")["status"] for task in tasks]

    def done(self, tasks):
        until(lambda: all(state in ("completed", "failed", "cancelled") for state in self.states(tasks)))
        return self.states(tasks) == ["completed"] * len(tasks)

    def sql(self, statement):
        return subprocess.run(["psql", "-XAqt", self.url, "-c", statement], capture_output=True, text=True,
                              check=True).stdout.split()


def test_flow(service, one, two):
    check("workers say what they may take", one.said.startswith("working: 1 at a time"), one.said)
    tasks = service.order(6, 5, 100)
    check("what the server takes the workers do", service.done(tasks), service.states(tasks))
    with urllib.request.urlopen(f"{service.address}/api/v1/stream/{tasks[0]}", timeout=60) as answer:
        check("the sound is there for the server", len(answer.read()) > 10000)
    check("both live", one.process.poll() is None and two.process.poll() is None, one.log() + two.log())


def test_end(service, one):
    """A worker that is told to end in the middle of a render hands it back; the other does it."""
    tasks = service.order(3, 120, 200)
    pid = str(one.process.pid)
    own = lambda: [w for w in service.sql("SELECT worker FROM jobs WHERE state = 'running'") if f"-{pid}-" in w]
    check("it works on one", until(own), service.states(tasks))
    check("SIGTERM ends a worker well", one.end() == 0, one.log())
    check("it says so", "ending" in one.log(), one.log())
    check("nothing is left under its name", not own())
    check("the other finishes all", service.done(tasks), service.states(tasks))
    check("nothing was given up or left over", service.sql("SELECT count(*) FROM jobs UNION ALL "
                                                           "SELECT count(*) FROM dead_jobs") == ["0", "0"])


def test_reload(service, two, settings):
    with open(settings, "w", encoding="utf-8") as file:
        file.write("log_level: debug\n")
    two.send(signal.SIGHUP)
    check("SIGHUP reads the settings again", until(lambda: "read again" in two.log()), two.log())
    with open(settings, "w", encoding="utf-8") as file:
        file.write("log_level: [\n")
    two.send(signal.SIGHUP)
    check("a broken file changes nothing", until(lambda: "stay as they were" in two.log()), two.log())
    check("it goes on working", service.done(service.order(1, 5, 300)), two.log())


def main():
    if not SERVER or not shutil.which("psql"):
        print("1..0 # SKIP no PostgreSQL")
        return 0
    name = f"worker_{os.getpid()}"
    subprocess.run(["psql", "-XAqt", SERVER, "-c", f"CREATE DATABASE {name}"], check=True)
    with tempfile.TemporaryDirectory(prefix="tune-worker-") as folder:
        settings = folder + "/settings.yaml"
        with open(settings, "w", encoding="utf-8") as file:
            file.write("log_level: info\n")
        refused = subprocess.run([BIN, "worker", "--data", folder], capture_output=True, text=True, timeout=60)
        check("a worker on SQLite is refused", refused.returncode == 2 and "PostgreSQL" in refused.stderr, refused.stderr)
        service = Service(folder, SERVER.replace("/postgres?", f"/{name}?"))
        one, two = service.worker(), service.worker("--config", settings)
        test_flow(service, one, two)
        test_end(service, one)
        test_reload(service, two, settings)
        check("the other worker ends well too", two.end() == 0, two.log())
        check("the server ends well", service.front.end() == 0, service.front.log())
    subprocess.run(["psql", "-XAqt", SERVER, "-c", f"DROP DATABASE {name} WITH (FORCE)"], check=True)
    print(f"1..{len(checks)}")
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
