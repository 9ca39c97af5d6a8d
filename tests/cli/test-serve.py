#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`tunesmith serve` as a process: what it says, refuses and returns; signals; passed sockets; messages to
a supervisor; `tunesmith config`.  TAP on standard output."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

BIN = os.environ["TUNESMITH_BIN"]
FOLDER = tempfile.TemporaryDirectory(prefix="tune-serve-")
BASE = {k: v for k, v in os.environ.items()
        if not k.startswith(("MUSIC_GEN", "GOOGLE_CLOUD", "DATABASE", "REDIS", "PORT", "LISTEN", "NOTIFY"))}
BASE.update(XDG_DATA_HOME=FOLDER.name, XDG_CONFIG_HOME=FOLDER.name, TUNESMITH_ENGINE="simulate")
checks = []


def check(name, good, said=""):
    checks.append(good)
    print(f"{'ok' if good else 'not ok'} {len(checks)} {name}")
    if not good and said:
        print("# " + str(said).replace("\n", "\n# "))


class Server:
    def __init__(self, *options, env=None, **more):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [BIN, "serve", "--port", "0", "--json", "--access-log", "off", *options],
            env={**BASE, **(env or {})}, stdout=subprocess.PIPE, stderr=self.errors, text=True, **more)
        line = self.process.stdout.readline()
        self.said = json.loads(line) if line else {}
        self.url = self.said.get("listening")

    def get(self, path, **fields):
        request = urllib.request.Request(self.url + path, headers=fields)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(60)

    def log(self):
        self.errors.seek(0)
        return self.errors.read().decode()


def run(*words, env=None):
    done = subprocess.run([BIN, *words], env={**BASE, **(env or {})}, capture_output=True, text=True,
                          timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_life():
    data = FOLDER.name + "/life"
    server = Server("--data", data)
    check("listens where it says", server.url and server.get("/health/live")[0] == 200, server.said)
    check("says what it uses", "data in " + data in server.log(), server.log())
    code, _, said = run("serve", "--port", server.url.rsplit(":", 1)[1], "--data", FOLDER.name + "/other")
    check("a port in use is a missing resource", code == 4, said)
    code, _, said = run("serve", "--port", "0", "--data", data)
    check("a second server on one SQLite file is refused", code == 4, said)
    check("SIGTERM ends it well", server.end() == 0, server.log())
    check("says that it has ended", "ended" in server.log(), server.log())
    again = Server("--data", data)
    check("starts again on its records", again.url and again.get("/health")[0] == 200, again.log())
    check("SIGINT ends it too", again.end(signal.SIGINT) == 0)


def test_reload():
    path = FOLDER.name + "/settings.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write("api_key: first\nport: 1\n")
    server = Server("--config", path, "--data", FOLDER.name + "/reload")
    key = lambda k: server.get("/config", **{"X-API-Key": k})[0]
    check("the key of the file counts", (key("first"), key("second")) == (200, 401))
    with open(path, "w", encoding="utf-8") as file:
        file.write("api_key: second\n")
    server.process.send_signal(signal.SIGHUP)
    for _ in range(100):
        if key("second") == 200:
            break
    check("SIGHUP reads it again", (key("first"), key("second")) == (401, 200), server.log())
    with open(path, "w", encoding="utf-8") as file:
        file.write("api_key: [\n")
    server.process.send_signal(signal.SIGHUP)
    for _ in range(100):
        if "stay as they were" in server.log():
            break
        server.get("/health")
    check("a broken file changes nothing", key("second") == 200, server.log())
    server.end()


def test_refusals():
    code, _, said = run("serve", "--host", "0.0.0.0", "--port", "0")
    check("a public address without auth is refused", code == 2 and "--insecure" in said, said)
    code, _, said = run("serve", env={"TUNESMITH_ENGINE": "zork"})
    check("an unknown engine is refused", code == 2 and "zork" in said and "compose" in said, said)
    code, _, said = run("serve", "--port", "70000")
    check("a setting out of range is refused", code == 2 and "port (flag)" in said, said)
    code, _, said = run("serve", "--prot", "1")
    check("a misspelt setting is suggested", code == 2 and "--port" in said, said)
    code, _, said = run("serve", "--redis", "nonsense", "--port", "0", "--data", FOLDER.name + "/r")
    check("a URL that is none is usage", code == 2, said)
    code, _, said = run("generate", "x", "--port", "1")
    check("settings belong to the service", code == 2 and "does not belong" in said, said)
    code, _, said = run("serve", "--data", "/proc/nothing", "--port", "0")
    check("a folder that cannot be is a missing resource", code == 4, said)


def test_supervisor():
    notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path = FOLDER.name + "/notify"
    notes.bind(path)
    notes.settimeout(30)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    port = listener.getsockname()[1]
    # The descriptor must be 3, and LISTEN_PID the process that serves: a shell puts both right.
    process = subprocess.Popen(
        ["sh", "-c", f"exec 3<&{listener.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" serve "
         f"--json --access-log off --data {FOLDER.name}/passed", BIN],
        env={**BASE, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, pass_fds=[listener.fileno()])
    said = json.loads(process.stdout.readline())
    check("takes a passed socket", said["sockets"] == 1, said)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=20) as answer:
        check("answers on it", answer.status == 200)
    heard = [notes.recv(100).decode() for _ in range(3)]
    check("says when it is ready", heard[0] == "READY=1", heard)
    check("says that it lives", "WATCHDOG=1" in heard[1:], heard)
    process.terminate()
    while heard[-1] != "STOPPING=1":
        heard.append(notes.recv(100).decode())
    check("says that it ends", process.wait(60) == 0)


def test_config():
    code, out, said = run("config", "--json", "--port", "9000",
                          env={"MUSIC_GEN_API_KEY": "hush", "DATABASE_URL": "postgresql://u:pw@h/d"})
    listed = {s["name"]: s for s in json.loads(out)["settings"]}
    check("config tells flags", (listed["port"]["value"], listed["port"]["origin"]) == ("9000", "flag"))
    check("config tells variables", listed["database"]["origin"] == "environment DATABASE_URL")
    check("config keeps secrets", "hush" not in out and "pw" not in out and code == 0, out)
    code, out, said = run("config")
    check("config is a table", code == 0 and re.search(r"^host +127\.0\.0\.1 +default$", out, re.M), out)


for test in (test_life, test_reload, test_refusals, test_supervisor, test_config):
    test()
print(f"1..{len(checks)}")
FOLDER.cleanup()
sys.exit(0 if all(checks) else 1)
